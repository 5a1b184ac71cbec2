"""What must hold when the world has come to rest: one function an invariant (facts/reliability-security-emv.md §A4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass

from terminal.domain.card import mask_pan
from terminal.domain.money import CURRENCIES, format_amount
from terminal.domain.transactions import SERVICE_KINDS, TRANSACTIONS, Total
from tools.host.accounts import DEMO_ACCOUNTS
from tools.host.values import DOMESTIC
from tools.simulation.books import Books, Row, Settled, Sums, host_kind
from tools.simulation.host import SimulatedHost
from tools.simulation.slip_reader import ReadSlip
from tools.simulation.wire_watch import WireWatch

__all__ = ["AT_REST", "MEANINGS", "Rest"]

MEANINGS = {
    "I1": "what the host holds is what the terminal counts, by sale id and amount",
    "I2": "no sale id has more than one live charge, at any moment",
    "I3": "a message leaves, and a result is shown, only after its row is on the platter",
    "I4": "what has no accepted answer has an acknowledged reversal with the original's data",
    "I5": "what stands approved has never been reversed",
    "I6": "terminal totals, host totals and the sum of rows agree, for domestic and for foreign cards",
    "I7": "every approval has its slips, each original once; the paper says what the row says",
    "I8": "numbers are unique and never go back",
    "I9": "no card number, track, PIN or key in any file, screen, slip or error",
    "I10": "an answer that is forged, of another message or another terminal changes nothing",
    "I11": "in a healthy world the terminal comes to rest within 15 minutes, and sells",
    "I12": "a start may be cut off as often as it likes",
    "I14": "what was agreed offline reaches the host exactly once; its limits are never exceeded",
    "I15": "no task is left, no exception goes unhandled, no life ends by a fault of its own",
    "I16": "the same seed gives the same trace",
    "I17": "the answer screen comes within its deadline",
}
"""I13 (DUKPT counters) is for PIN pads that derive their own keys; this terminal's protocol does not."""


_FOREIGN = frozenset(mask_pan(each.pan) for each in DEMO_ACCOUNTS if each.organisation != DOMESTIC)


@dataclass(frozen=True, slots=True)
class Rest:
    """The world at rest."""

    books: Books
    host: SimulatedHost
    wire: WireWatch
    slips: tuple[ReadSlip, ...]
    currency: str


def charges(rest: Rest) -> Iterator[str]:
    """I1: both ledgers as multisets of (kind, amount)."""
    counted = Counter(
        (host_kind(row.kind), row.amount_minor)
        for row in rest.books.rows
        if row.state == "approved" and row.kind not in SERVICE_KINDS and host_kind(row.kind)
    )
    live = Counter({key: n for key, n in rest.host.ledger.live.items() if n and key[0] != "balance"})
    for (kind, amount), count in (live - counted).items():
        yield f"the host holds {kind} of {amount} {count} times more than the terminal"
    for (kind, amount), count in (counted - live).items():
        yield f"the terminal counts {kind} of {amount} {count} times more than the host"


def ends(rest: Rest) -> Iterator[str]:
    """I4: everything that was asked has a row, and the row has an end that was acknowledged."""
    by_number = {(row.batch, row.stan): row for row in rest.books.rows}
    for key, (mti, _, amount) in rest.wire.asked.items():
        row = by_number.get(key)
        if row is None or row.amount_minor != amount:
            yield f"{mti} {key[1]:06d} of {amount} was sent and has no row"
    for row in rest.books.rows:
        if row.state in ("sent", "reversing", "advising"):
            yield f"voucher {row.stan:06d} ({row.kind} of {row.amount_minor}) is still {row.state}"
        if row.state == "reversed" and ("0400", row.batch, row.stan) not in {ask[:3] for ask in rest.host.asked}:
            yield f"voucher {row.stan:06d} is called reversed, and no reversal has reached the host"


def kept(rest: Rest) -> Iterator[str]:
    """I5."""
    for row in rest.books.rows:
        if row.state == "approved" and (row.batch, row.stan) in rest.wire.reversals:
            yield f"voucher {row.stan:06d} stands approved and was reversed"


def totals(rest: Rest) -> Iterator[str]:
    """I6: the settlement as told, the sum of its rows, and the host's own sum."""
    for settled in rest.books.settled:
        if settled.state != "done":
            yield f"the settlement of batch {settled.batch} is still {settled.state}"
            continue
        rows = [row for row in rest.books.rows if row.batch == settled.batch and row.state == "approved"]
        told = settled.domestic, settled.foreign
        if told != _sides(rows):
            yield f"batch {settled.batch} was told as {told}, its rows come to {_sides(rows)}"
        yield from _verdict(rest, settled)
        yield from _uploads(rest, settled.batch, rows, balanced=settled.balanced)
    for batch in {row.batch for row in rest.books.rows}:
        rows = [row for row in rest.books.rows if row.batch == batch and row.state == "approved"]
        held = rest.host.book.totals(rest.host.terminal, batch)
        theirs = astuple(held)
        if (theirs[:4], theirs[4:]) != _sides(rows):
            yield f"batch {batch}: the host's totals are {theirs}, the rows come to {_sides(rows)}"


def _sides(rows: list[Row]) -> tuple[Sums, Sums]:
    """Domestic and foreign: the oracle knows a foreign card by its number, not by what anybody says of it."""
    foreign = [row for row in rows if row.account in _FOREIGN]
    return _sums([row for row in rows if row.account not in _FOREIGN]), _sums(foreign)


def _sums(rows: list[Row]) -> Sums:
    sides: dict[Total, list[int]] = {Total.DEBIT: [0, 0], Total.CREDIT: [0, 0]}
    for row in rows:
        side = sides.get(TRANSACTIONS[row.kind].total)
        if side is not None:
            side[0] += 1
            side[1] += row.amount_minor
    return (*sides[Total.DEBIT], *sides[Total.CREDIT])  # type: ignore[return-value]  # two and two


def _verdict(rest: Rest, settled: Settled) -> Iterator[str]:
    """The host could read the totals and found its own in them; what the terminal believes of it was said to it."""
    held = rest.host.book.rows("SELECT result FROM settlement WHERE batch = ?", (settled.batch,))
    if [row["result"] for row in held] != ["11"]:
        yield f"batch {settled.batch}: the host does not find its totals in what it was told: {held}"
    if settled.verdict not in rest.host.verdicts[settled.batch]:
        yield f"batch {settled.batch}: the host never said {settled.verdict!r} of its totals"


def _uploads(rest: Rest, batch: int, rows: list[Row], *, balanced: bool) -> Iterator[str]:
    """What was uploaded is what had to be: advices always, everything when the totals differed."""
    found = {
        (int(str(row["trace"])), int(str(row["amount_minor"])))
        for row in rest.host.book.rows("SELECT trace, amount_minor FROM upload WHERE batch = ?", (batch,))
    }
    moving = [row for row in rows if TRANSACTIONS[row.kind].total is not Total.NONE]
    wanted = {(row.stan, row.amount_minor) for row in moving if not balanced or TRANSACTIONS[row.kind].mti == "0220"}
    if found != wanted:
        yield f"batch {batch} uploaded {len(found)} records, {len(wanted)} were due; differing: {found ^ wanted}"


def paper(rest: Rest) -> Iterator[str]:
    """I7."""
    by_number = {(row.batch, row.stan): row for row in rest.books.rows}
    originals: dict[tuple[int, int, str, bool], int] = defaultdict(int)
    copies: dict[tuple[int, int, str], int] = defaultdict(int)
    for slip in rest.slips:
        if not slip.copy:
            continue
        if not (slip.batch.isdecimal() and slip.voucher.isdecimal()):
            yield f"a slip without its numbers: {slip.text!r}"
            continue
        key = (int(slip.batch), int(slip.voucher))
        row = by_number.get(key)
        if row is None:
            yield f"a slip for voucher {slip.voucher} that the journal does not have"
            continue
        copies[(*key, slip.copy)] += 1
        originals[(*key, slip.copy, slip.good)] += not slip.duplicate
        yield from _differs(slip, row, rest.currency)
    for (batch, stan, copy, good), count in originals.items():
        # The slip of an advice that is refused before it was printed says so, and so does the one for the refusal.
        allowed = 1 if good or not TRANSACTIONS[by_number[batch, stan].kind].stands else 2
        if count > allowed:
            yield f"the {copy} slip of voucher {stan:06d} came out {count} times without DUPLICATE"
    owed = {(job.txn, job.what) for job in rest.books.jobs if job.state != "done"}
    for row in rest.books.rows:
        if row.state == "approved" and row.kind not in SERVICE_KINDS:
            for copy in ("merchant", "customer"):
                if not copies[row.batch, row.stan, copy] and (row.id, copy) not in owed:
                    yield f"voucher {row.stan:06d} is approved and has no {copy} slip"


def _differs(slip: ReadSlip, row: Row, currency: str) -> Iterator[str]:
    stands = row.state == "approved" or TRANSACTIONS[row.kind].stands
    if slip.good and not stands:
        yield f"the slip of voucher {slip.voucher} says approved, its row says {row.state}"
    if slip.amount != format_amount(row.amount_minor, CURRENCIES[currency]):
        yield f"the slip of voucher {slip.voucher} says {slip.amount}, its row {row.amount_minor}"
    if slip.account != row.account:
        yield f"the slip of voucher {slip.voucher} names another account than its row"
    if slip.good and slip.auth_code != row.auth_code and not TRANSACTIONS[row.kind].stands:
        yield f"the slip of voucher {slip.voucher} says {slip.auth_code}, its row {row.auth_code}"


def numbers(rest: Rest) -> Iterator[str]:
    """I8, in the journal; the wire is watched as it speaks."""
    seen: set[tuple[int, int]] = set()
    for row in rest.books.rows:
        if (row.batch, row.stan) in seen:
            yield f"voucher {row.stan:06d} of batch {row.batch} stands twice in the journal"
        seen.add((row.batch, row.stan))
    batches = [row.batch for row in rest.books.rows]
    if batches != sorted(batches):
        yield "a batch number goes back"
    if rest.books.rows and int(rest.books.settings.get("stan", "0")) < max(row.stan for row in rest.books.rows):
        yield "the counter of STANs is behind its rows"
    references = Counter(row.rrn for row in rest.books.rows if row.rrn and row.state == "approved")
    for rrn, count in references.items():
        if count > 1:
            yield f"reference {rrn} stands at {count} approved rows"


def genuine(rest: Rest) -> Iterator[str]:
    """I10: an approval in the journal is one that the host has given, whole and sealed."""
    for row in rest.books.rows:
        known = (host_kind(row.kind), row.amount_minor)
        online = known[0] and not TRANSACTIONS[row.kind].stands and row.kind not in SERVICE_KINDS
        if online and row.state == "approved" and not rest.host.genuine[known]:
            yield f"voucher {row.stan:06d} is approved by an answer that the host never gave"


def offline(rest: Rest) -> Iterator[str]:
    """I14: exactly once, by sale id."""
    for row in rest.books.rows:
        if TRANSACTIONS[row.kind].stands and row.state == "approved":
            live = rest.host.ledger.live[host_kind(row.kind), row.amount_minor]
            if live != 1:
                yield f"{row.kind} of {row.amount_minor} is held {live} times by the host"


AT_REST: dict[str, Callable[[Rest], Iterator[str]]] = {
    "I1": charges,
    "I4": ends,
    "I5": kept,
    "I6": totals,
    "I7": paper,
    "I8": numbers,
    "I10": genuine,
    "I14": offline,
}
