"""The host's book in SQLite: accounts, charges by the host's own numbers, and every message that came.

One method is one step within a transaction that the caller opens; nothing here decides. The file is
written without waiting for the disk: this is the laboratory's bank, and the machine under test is
the terminal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from tools.host.accounts import DemoAccount, DemoCode
from tools.host.values import DOMESTIC, Account, Effect, PaymentCode, SettlementTotals, Terminal, Txn

__all__ = ["Account", "Book", "Effect", "PaymentCode", "SettlementTotals", "Terminal", "Txn"]

OPEN, APPROVED, DECLINED, REVERSED = "open", "approved", "declined", "reversed"
_TXN_COLUMNS = (
    "id, terminal, batch, stan, kind, total, amount_minor, account, payment_code, state, code, rrn, auth_code, "
    "original, code_voucher, asked"
)
BATCH_MAX = 999_999


class Book:
    """The only writer of the host's file."""

    def __init__(self, database: sqlite3.Connection, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    @classmethod
    def open(
        cls, path: Path, now: Callable[[], datetime], accounts: Iterable[DemoAccount], codes: Iterable[DemoCode]
    ) -> Book:
        """Open the book; a new one begins with the given customers."""
        fresh = not path.exists()
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=OFF")
        database.execute("PRAGMA foreign_keys=ON")
        book = cls(database, now)
        if not fresh:
            book._add_columns()
        else:
            path.chmod(0o600)
            database.executescript(files("tools.host").joinpath("schema.sql").read_text("utf-8"))
            with book.transaction():
                book._fill(accounts, codes)
        return book

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the steps within, or none."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    # --- terminals -------------------------------------------------------------------------

    def enrol(self, id: str, merchant: str) -> None:
        """Make a terminal known; an old one keeps its batch."""
        self._database.execute(
            "INSERT INTO terminal VALUES (?, ?, 1, 0) ON CONFLICT (id) DO UPDATE SET merchant = excluded.merchant",
            (id, merchant),
        )

    def terminal(self, id: str) -> Terminal | None:
        """A terminal by its number (element 41)."""
        row = self._database.execute("SELECT * FROM terminal WHERE id = ?", (id,)).fetchone()
        return None if row is None else Terminal(row[0], row[1], row[2], bool(row[3]))

    def signed_on(self, id: str, signed_on: bool) -> None:
        """Note a sign-on or sign-off."""
        self._database.execute("UPDATE terminal SET signed_on = ? WHERE id = ?", (signed_on, id))

    def next_batch(self, id: str, after: int) -> None:
        """A batch has been closed: the next sign-on gives the one after it."""
        self._database.execute("UPDATE terminal SET batch = ? WHERE id = ?", (after % BATCH_MAX + 1, id))

    # --- accounts --------------------------------------------------------------------------

    def account_by_pan(self, pan: str) -> Account | None:
        """The account of a card."""
        return self._account("pan = ?", pan)

    def account(self, id: int) -> Account:
        """An account that is known to be there."""
        found = self._account("account.id = ?", id)
        assert found is not None
        return found

    def accounts(self) -> list[Account]:
        """All accounts as they stand."""
        rows = self._database.execute("SELECT id FROM account ORDER BY id").fetchall()
        return [self.account(row[0]) for row in rows]

    def payment_code(self, code: str) -> PaymentCode | None:
        """What stands behind a payment code."""
        row = self._database.execute(
            "SELECT account, single_use, confirmed_after FROM payment_code WHERE code = ?", (code,)
        ).fetchone()
        return None if row is None else PaymentCode(self.account(row[0]), bool(row[1]), row[2])

    def code_charged(self, code: str) -> bool:
        """Whether something stands charged with a payment code."""
        query = "SELECT 1 FROM txn WHERE payment_code = ? AND state IN ('open', 'approved')"
        return self._database.execute(query, (code,)).fetchone() is not None

    def wrong_pins(self, account: int, count: int) -> None:
        """Keep how often in a row a PIN was wrong."""
        self._database.execute("UPDATE account SET wrong_pins = ? WHERE id = ?", (count, account))

    def _account(self, where: str, value: str | int) -> Account | None:
        row = self._database.execute(
            "SELECT account.id, name, pan, expiry, pin, refusal, pin_required != 0, limit_minor, wrong_pins, "
            "opening_minor + coalesce(sum(amount_minor), 0), coalesce(sum(held_minor), 0), organisation "
            f"FROM account LEFT JOIN entry ON entry.account = account.id WHERE {where} GROUP BY account.id",
            (value,),
        ).fetchone()
        return None if row is None else Account(*row)

    # --- transactions ----------------------------------------------------------------------

    def record(self, txn: Txn, effects: Sequence[Effect]) -> Txn:
        """Take a message into the book with its movements; the number is the host's own."""
        id = self._database.execute(
            "INSERT INTO txn (at, terminal, batch, stan, kind, total, amount_minor, account, payment_code, state, "
            "code, rrn, auth_code, original, code_voucher) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._at(), txn.terminal, txn.batch, txn.stan, txn.kind, txn.total, txn.amount_minor, txn.account,
                txn.payment_code, txn.state, txn.code, txn.rrn, txn.auth_code, txn.original,
                txn.code_voucher,
            ),
        ).lastrowid  # fmt: skip
        assert id is not None
        self._move(id, effects, txn.kind)
        return self.txn(id)

    def next_number(self) -> int:
        """A number for the reference of the next message: one more than any before, also over restarts."""
        row = self._database.execute("SELECT coalesce(max(id), 0) + 1 FROM arrival").fetchone()
        return int(row[0])

    def arrived(
        self, mti: str, terminal: str, batch: int, stan: int, amount_minor: int, code: str, note: str, txn: int | None
    ) -> None:
        """Note a message and what became of it."""
        self._database.execute(
            "INSERT INTO arrival (at, mti, terminal, batch, stan, amount_minor, code, note, txn) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._at(), mti, terminal, batch, stan, amount_minor, code, note, txn),
        )

    def txn(self, id: int) -> Txn:
        """A message by the host's number."""
        found = self._txns("id = ?", (id,))
        return found[0]

    def find(self, terminal: str, batch: int, stan: int) -> Txn | None:
        """The message with the terminal's own numbers, the latest when it used them twice."""
        found = self._txns("terminal = ? AND batch = ? AND stan = ? ORDER BY id DESC LIMIT 1", (terminal, batch, stan))
        return found[0] if found else None

    def find_rrn(self, rrn: str, merchant: str) -> Txn | None:
        """An approved message of a merchant by the host's reference (element 37)."""
        found = self._txns(
            "rrn = ? AND state = 'approved' AND terminal IN (SELECT id FROM terminal WHERE merchant = ?)",
            (rrn, merchant),
        )
        return found[0] if found else None

    def find_auth_code(self, auth_code: str, merchant: str, account: int | None, kind: str) -> Txn | None:
        """An approved message of a merchant by its authorisation code (element 38)."""
        found = self._txns(
            "auth_code = ? AND kind = ? AND state = 'approved' AND (? IS NULL OR account = ?) "
            "AND terminal IN (SELECT id FROM terminal WHERE merchant = ?) ORDER BY id DESC LIMIT 1",
            (auth_code, kind, account, account, merchant),
        )
        return found[0] if found else None

    def followers(self, id: int) -> list[Txn]:
        """Approved messages that refer to another: its voids, refunds, completions."""
        return self._txns("original = ? AND state = 'approved'", (id,))

    def ask(self, txn: Txn) -> Txn:
        """Count one question about an open payment."""
        self._database.execute("UPDATE txn SET asked = asked + 1 WHERE id = ?", (txn.id,))
        return self.txn(txn.id)

    def conclude(self, txn: Txn, code: str, account: int, auth_code: str, effects: Sequence[Effect]) -> Txn:
        """An open payment is confirmed (with its movements) or refused."""
        assert txn.state == OPEN
        self._database.execute(
            "UPDATE txn SET state = ?, code = ?, account = ?, auth_code = ? WHERE id = ?",
            (APPROVED if auth_code else DECLINED, code, account, auth_code, txn.id),
        )
        self._move(txn.id, effects, txn.kind)
        return self.txn(txn.id)

    def open_order(self, rrn: str) -> Txn | None:
        """An order that waits for its customer, by the reference that the code on the screen carries."""
        found = self._txns("rrn = ? AND state = 'open'", (rrn,))
        return found[0] if found else None

    def undo(self, txn: Txn) -> None:
        """Reverse an open or approved message: each of its movements back. A message is undone once."""
        assert txn.state in (OPEN, APPROVED)
        rows = self._database.execute("SELECT account, amount_minor, held_minor FROM entry WHERE txn = ?", (txn.id,))
        self._move(txn.id, [Effect(row[0], -row[1], -row[2]) for row in rows.fetchall()], "reversal")
        self._database.execute("UPDATE txn SET state = 'reversed' WHERE id = ?", (txn.id,))

    def remember_reversal(self, terminal: str, batch: int, stan: int) -> None:
        """A reversal came before its original: when the original comes, it must be refused."""
        self._database.execute(
            "INSERT INTO early_reversal VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (terminal, batch, stan, self._at())
        )

    def reversed_before(self, terminal: str, batch: int, stan: int) -> bool:
        """Whether a message was reversed before it came."""
        query = "SELECT 1 FROM early_reversal WHERE terminal = ? AND batch = ? AND stan = ?"
        return self._database.execute(query, (terminal, batch, stan)).fetchone() is not None

    def _move(self, txn: int, effects: Iterable[Effect], why: str) -> None:
        self._database.executemany(
            "INSERT INTO entry (at, txn, account, amount_minor, held_minor, why) VALUES (?, ?, ?, ?, ?, ?)",
            [(self._at(), txn, effect.account, effect.amount_minor, effect.held_minor, why) for effect in effects],
        )

    def _txns(self, where: str, values: tuple[str | int | None, ...]) -> list[Txn]:
        return [Txn(*row) for row in self._database.execute(f"SELECT {_TXN_COLUMNS} FROM txn WHERE {where}", values)]

    # --- settlement ------------------------------------------------------------------------

    def totals(self, terminal: str, batch: int) -> SettlementTotals:
        """Sums of what stands approved in a batch, domestic and foreign cards apart: the account says which."""
        rows = self._database.execute(
            "SELECT coalesce(organisation, :domestic) != :domestic, total, count(*), sum(amount_minor) "
            "FROM txn LEFT JOIN account ON account.id = txn.account "
            "WHERE terminal = :terminal AND batch = :batch AND state = 'approved' AND total != 'none' GROUP BY 1, 2",
            {"terminal": terminal, "batch": batch, "domestic": DOMESTIC},
        )
        sums = {("foreign_" if foreign else "") + total: (count, minor) for foreign, total, count, minor in rows}
        return SettlementTotals(**{
            f"{side}_{what}": value
            for side, both in sums.items()
            for what, value in zip(("count", "minor"), both, strict=True)
        })  # fmt: skip

    def settled(self, terminal: str, batch: int, told: str, result: str) -> None:
        """Note what a terminal told at settlement and whether it agreed."""
        self._database.execute(
            "INSERT INTO settlement VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (terminal, batch) DO UPDATE "
            "SET at = excluded.at, told = excluded.told, result = excluded.result",
            (terminal, batch, self._at(), told, result),
        )

    def close_batch(self, terminal: str, batch: int) -> None:
        """The upload is at its end; nothing of this batch may be voided any more."""
        self._database.execute("UPDATE settlement SET closed = 1 WHERE terminal = ? AND batch = ?", (terminal, batch))

    def batch_closed(self, terminal: str, batch: int) -> bool:
        """Whether a batch has been settled to its end."""
        query = "SELECT 1 FROM settlement WHERE terminal = ? AND batch = ? AND closed = 1"
        return self._database.execute(query, (terminal, batch)).fetchone() is not None

    def uploaded(self, terminal: str, batch: int, trace: int, account: str, amount_minor: int) -> None:
        """Keep one uploaded record; a repeat changes nothing."""
        self._database.execute(
            "INSERT INTO upload VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (terminal, batch, trace, account, amount_minor, self._at()),
        )

    def upload_count(self, terminal: str, batch: int) -> int:
        """How many records of a batch have been uploaded."""
        query = "SELECT count(*) FROM upload WHERE terminal = ? AND batch = ?"
        return int(self._database.execute(query, (terminal, batch)).fetchone()[0])

    # --- within ----------------------------------------------------------------------------

    def _add_columns(self) -> None:
        """What an older version's book does not have yet."""
        known = {name for (name,) in self._database.execute("SELECT name FROM pragma_table_info('account')")}
        if "organisation" not in known:
            self._database.execute("ALTER TABLE account ADD COLUMN organisation TEXT NOT NULL DEFAULT 'CUP'")

    def rows(self, query: str, values: tuple[str | int, ...] = ()) -> list[dict[str, str | int | None]]:
        """Rows as dictionaries, for reports."""
        cursor = self._database.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def _at(self) -> str:
        return self._now().isoformat(timespec="milliseconds")

    def _fill(self, accounts: Iterable[DemoAccount], codes: Iterable[DemoCode]) -> None:
        ids: dict[str, int] = {}
        for account in accounts:
            id = self._database.execute(
                "INSERT INTO account (name, pan, expiry, pin, refusal, pin_required, limit_minor, opening_minor, "
                "wrong_pins, organisation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
                (
                    account.name, account.pan, account.expiry, account.pin, account.refusal, account.pin_required,
                    account.limit_minor, account.balance_minor, account.organisation,
                ),
            ).lastrowid  # fmt: skip
            assert id is not None
            ids[account.name] = id
        for code in codes:
            self._database.execute(
                "INSERT INTO payment_code VALUES (?, ?, ?, ?)",
                (code.code, ids[code.account], code.single_use, code.confirmed_after),
            )
