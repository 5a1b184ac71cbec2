"""Planted bugs of what comes after the answer: reversals, advices, settlement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from iso8583 import Message
from terminal.acquirer import advice as advice_room
from terminal.acquirer import reversal as reversal_room
from terminal.acquirer import settlement as settlement_room
from terminal.acquirer.advice import Advices
from terminal.acquirer.exchange import Exchange
from terminal.acquirer.request import reversal
from terminal.acquirer.reversal import Reversals
from terminal.acquirer.settlement import totals_text
from terminal.domain.record import HostAnswer, State, UndoCause
from terminal.domain.transactions import TRANSACTIONS, Total, Undo
from terminal.journal import BeginRefused, Journal, Limits, SideTotals
from terminal.journal import settlements as settlements_room
from terminal.journal import totals as totals_room
from terminal.journal.settlements import Settlements
from tools.simulation.planted import Patch, bug

__all__: list[str] = []


@bug("reversal-three-tries", "a reversal is given up after three tries", stormy=True)
def _three_tries(patch: Patch) -> None:
    whole = vars(Reversals)["_try"]

    async def attempt(self: Any, record: Any) -> Any:
        if record.reversal_tries >= 3:
            return await self._acquirer.journal.reversed(record.id, "25", ())
        return await whole(self, record)

    patch.over(Reversals, "_try", attempt)


@bug("reversal-never-sent", "reversals stay in the journal and are not sent")
def _never_sent(patch: Patch) -> None:
    async def drain(self: Any) -> list[Any]:
        return []

    patch.over(Reversals, "drain", drain)


@bug("reversal-not-by-itself", "a reversal is only sent before the next sale")
def _not_by_itself(patch: Patch) -> None:
    async def run(self: Any) -> None:
        return None

    patch.over(Reversals, "run", run)


@bug("reversal-fire-and-forget", "a reversal is done when it has been sent")
def _fire_and_forget(patch: Patch) -> None:
    whole = vars(Reversals)["_try"]

    async def attempt(self: Any, record: Any) -> Any:
        found = await whole(self, record)
        if found is not None or not self._acquirer.link.up:
            return found
        return await self._acquirer.journal.reversed(record.id, "00", ())

    patch.over(Reversals, "_try", attempt)


def _reversal_says(patch: Patch, element: int, value: Any) -> None:
    whole = vars(reversal_room)["reversal"]

    def changed(record: Any, identity: Any, profile: Any) -> Message:
        message = whole(record, identity, profile)
        return Message(message.mti, {**message.elements, element: value(record)})

    patch.over(reversal_room, "reversal", changed)


@bug("reversal-other-amount", "the reversal carries the amount of the next sale")
def _other_amount(patch: Patch) -> None:
    _reversal_says(patch, 4, lambda record: f"{record.amount_minor + 1:012d}")


@bug("reversal-other-stan", "the reversal carries a STAN of its own where the original's belongs")
def _other_stan(patch: Patch) -> None:
    _reversal_says(patch, 11, lambda record: f"{(record.stan + 500) % 999_999 + 1:06d}")


@bug("reversal-any-code", "any answer ends a reversal")
def _any_code(patch: Patch) -> None:
    patch.over(reversal_room, "reversal_closed", lambda *told: True)


@bug("reversal-any-mac", "an answer to a reversal is believed without its MAC")
def _any_mac(patch: Patch) -> None:
    from terminal.acquirer.judge import Mac

    whole = vars(reversal_room)["reversal_closed"]
    patch.over(
        reversal_room, "reversal_closed", lambda asked, reply, mac, profile: whole(asked, reply, Mac.VALID, profile)
    )


@bug("reverses-the-approved", "an approval that took more than half of its time is reversed and counted all the same")
def _reverses_approved(patch: Patch) -> None:
    whole = vars(Exchange)["_ask"]

    async def ask(self: Any, channel: Any, *arguments: Any) -> Any:
        record, cause = await whole(self, channel, *arguments)
        if record.state is State.APPROVED and record.stan % 3 == 0 and record.reversal_reason == "":
            acquirer = self._acquirer
            message = reversal(replace(record, reversal_reason="98"), acquirer.identity, acquirer.profile)
            async with acquirer.link.open() as again:
                await again.send(acquirer.wire.seal(message, mac=True))
        return record, cause

    patch.over(Exchange, "_ask", ask)


@bug("advice-dropped-before-answer", "an offline sale is taken off the list when it has been sent")
def _dropped_early(patch: Patch) -> None:
    whole = vars(Advices)["_tell"]

    async def tell(self: Any, record: Any) -> bool:
        if await whole(self, record):
            return True
        if self._acquirer.link.up:
            await self._acquirer.journal.approve(record.id, HostAnswer(), ())
            return True
        return False

    patch.over(Advices, "_tell", tell)


@bug("advice-new-identity", "an offline sale that was not answered is queued again as a new one")
def _new_identity(patch: Patch) -> None:
    whole = vars(advice_room)["financial"]
    numbers: dict[int, int] = {}

    def again(record: Any, *rest: Any) -> Any:
        numbers[record.id] = numbers.get(record.id, -1) + 1
        return whole(replace(record, stan=(record.stan + 1000 * numbers[record.id]) % 999_999 + 1), *rest)

    patch.over(advice_room, "financial", again)


@bug("advice-decline-is-yes", "a declined offline sale counts all the same")
def _decline_is_yes(patch: Patch) -> None:
    whole = vars(Journal)["decline"]

    async def decline(self: Any, id: int, answer: Any, slips: Any = ()) -> Any:
        if (await self.record(id)).state is State.ADVISING:
            return await self.approve(id, answer, ())
        return await whole(self, id, answer, slips)

    patch.over(Journal, "decline", decline)


@bug("advice-any-decline", "an offline sale is ended by an unsealed decline", decline_without_mac='"reverse"')
def _any_decline(patch: Patch) -> None:
    whole = vars(advice_room)["judge"]

    def believed(*arguments: Any, **more: Any) -> Any:
        verdict = whole(*arguments, **more)
        return replace(verdict, declined=True, undo=None) if verdict.undo is UndoCause.UNPROVEN_DECLINE else verdict

    patch.over(advice_room, "judge", believed)


@bug("refund-forgotten", "a refund without an answer is taken for refused")
def _refund_forgotten(patch: Patch) -> None:
    async def advise(self: Any, id: int, cause: Any) -> Any:
        return await self.decline(id, HostAnswer())

    patch.over(Journal, "advise", advise)


@bug("offline-limit-forgotten", "how much waits for the host is never added up", stormy=True, offline_count_max="3")
def _limit_forgotten(patch: Patch) -> None:
    patch.over(Limits, "_check_waiting", lambda self, database, intent, now: None)


@bug("settlement-clears-first", "the batch is emptied when its totals are sent")
def _clears_first(patch: Patch) -> None:
    whole = vars(Settlements)["begin"]

    async def begin(self: Any) -> Any:
        begun = await whole(self)

        def work() -> None:
            self._store.database.execute("DELETE FROM event WHERE txn IS NOT NULL")
            self._store.database.execute("DELETE FROM print_job WHERE txn IS NOT NULL")
            self._store.database.execute(
                "DELETE FROM txn WHERE batch = ? AND original IS NULL AND state = 'approved' "
                "AND id NOT IN (SELECT original FROM txn WHERE original IS NOT NULL)",
                (begun.batch,),
            )

        await self._store.commit(work)
        return begun

    patch.over(Settlements, "begin", begin)


@bug("settlement-no-upload", "a batch that did not balance is closed without its records")
def _no_upload(patch: Patch) -> None:
    async def upload(acquirer: Any, settlement: Any) -> Any:
        return await acquirer.journal.settlements.delivered(settlement.batch)

    patch.over(settlement_room, "_upload", upload)


@bug("settlement-first-eight", "only the first record of each group is uploaded", unbalanced=True)
def _first_eight(patch: Patch) -> None:
    whole = vars(settlement_room)["_upload_group"]

    async def group(acquirer: Any, batch: int, rows: Any) -> str:
        return str(await whole(acquirer, batch, rows[:1]))

    patch.over(settlement_room, "_upload_group", group)


@bug("settlement-result-ignored", "whatever the host finds, the totals are called balanced", unbalanced=True)
def _result_ignored(patch: Patch) -> None:
    whole = vars(Settlements)["compared"]

    async def compared(self: Any, batch: int, domestic: str, foreign: str) -> Any:
        return await whole(self, batch, "1", "1")

    patch.over(Settlements, "compared", compared)


@bug("batch-number-kept", "after a settlement the next sale stands in the same batch again")
def _batch_kept(patch: Patch) -> None:
    whole = vars(Settlements)["finished"]

    async def finished(self: Any, batch: int, slips: Any) -> Any:
        done = await whole(self, batch, slips)
        await self._store.commit(lambda: self._store.put("batch", str(batch)))
        return done

    patch.over(Settlements, "finished", finished)


@bug("batch-number-early", "the batch number goes up when the totals are sent, and again when the batch is closed")
def _batch_early(patch: Patch) -> None:
    whole = vars(Settlements)["compared"]

    async def compared(self: Any, batch: int, domestic: str, foreign: str) -> Any:
        await self._store.commit(lambda: self._store.put("batch", str(batch + 1)))
        self._store.database.execute("UPDATE settlement SET state = state").fetchone()
        return await whole(self, batch, domestic, foreign)

    patch.over(Settlements, "compared", compared)
    patch.over(settlements_room, "refuse_while_open", lambda store: None)
    from terminal.journal import journal as journal_room

    patch.over(journal_room, "refuse_while_open", lambda store: None)


@bug("settlement-while-open", "a settlement begins while a payment is still open", stormy=True)
def _while_open(patch: Patch) -> None:
    async def settle(acquirer: Any, reversals: Any, advices: Any) -> Any:
        return await whole(acquirer, _Nothing(), _Nothing())

    whole = vars(settlement_room)["settle"]
    from terminal import desk as desk_room

    patch.over(desk_room, "settle", settle)
    patch.over(settlements_room, "_OPEN", "state = 'sent'")


class _Nothing:
    async def drain(self, at_most: Any = None) -> list[Any]:
        return []


@bug("sale-while-settling", "sales go on while a settlement is under way")
def _sale_while_settling(patch: Patch) -> None:
    from terminal.journal import journal as journal_room

    patch.over(journal_room, "refuse_while_open", lambda store: None)


@bug("void-counts-as-sale", "a void counts on the wrong side of the totals")
def _void_counts(patch: Patch) -> None:
    patch.item(TRANSACTIONS, "sale-void", replace(TRANSACTIONS["sale-void"], total=Total.DEBIT))


@bug("void-not-reversed", "a void without an answer is left as it is")
def _void_not_reversed(patch: Patch) -> None:
    patch.item(TRANSACTIONS, "sale-void", replace(TRANSACTIONS["sale-void"], undo=Undo.NONE))


@bug("totals-text-swapped", "debit and credit change places in element 48")
def _swapped(patch: Patch) -> None:
    def swapped(settlement: Any) -> str:
        return totals_text(
            replace(
                settlement,
                domestic_totals=_across(settlement.domestic_totals),
                foreign_totals=_across(settlement.foreign_totals),
            )
        )

    patch.over(settlement_room, "totals_text", swapped)


def _across(side: SideTotals) -> SideTotals:
    return SideTotals(side.credit_count, side.credit_minor, side.debit_count, side.debit_minor)


@bug("foreign-as-domestic", "the sale of a foreign card counts on the domestic side")
def _foreign_as_domestic(patch: Patch) -> None:
    whole = vars(totals_room)["totals_of"]

    def totals_of(batch: int, rows: Any, domestic: Any) -> Any:
        told = [(kind, "" if kind == "sale" else organisation, *sums) for kind, organisation, *sums in rows]
        return whole(batch, told, domestic)

    patch.over(totals_room, "totals_of", totals_of)


@bug("batch-full-raises", "a full batch is an error instead of a reason")
def _batch_full_raises(patch: Patch) -> None:
    whole = vars(Limits)["check"]

    def check(self: Any, *arguments: Any) -> None:
        try:
            whole(self, *arguments)
        except BeginRefused as refusal:
            raise RuntimeError("the batch is full") from refusal

    patch.over(Limits, "check", check)
