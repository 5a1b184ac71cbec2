"""What tills have asked for: each request once, with what was begun for it.

Rules that keep this file whole:
- a request is durable before its flow begins, and the transaction's row and its link to the request are one write;
- the same names with the same content are the same request; it is never carried out again, whatever became of it;
- a request ends once; what it came to is read from its transaction's row, so a reversal of later shows in it too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from terminal.domain.record import TransactionRecord
from terminal.journal.store import Store

__all__ = ["INTERRUPTED", "Asked", "RequestState", "TillRequest", "TillRequests"]

INTERRUPTED = "till.interrupted"
"""Catalogue key of the reason of a request whose life ended before it did."""
_COLUMNS = "id, sale_id, service_id, digest, category, kind, amount_minor, reference, asked_at, state, reason"


class RequestState(StrEnum):
    """Whether somebody is still at it."""

    ASKED = "asked"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a till asks for."""

    sale_id: str
    service_id: str
    digest: bytes
    """Of the content: it tells a repetition from another request under the same name."""
    category: str
    kind: str
    """A name of ``TRANSACTIONS``."""
    amount_minor: int
    reference: str


@dataclass(frozen=True, slots=True)
class TillRequest:
    """A request as the journal has it."""

    id: int
    asked: Asked
    at: datetime
    state: RequestState
    reason: str
    """Why it ended without a transaction; empty otherwise."""
    record: TransactionRecord | None
    """The newest transaction that was begun for it."""


class TillRequests:
    """The table of requests."""

    def __init__(self, store: Store, record: Callable[[int], TransactionRecord]) -> None:
        self._store = store
        self._record = record

    async def ask(self, asked: Asked) -> tuple[TillRequest, bool]:
        """Write a request down; the request, and whether it is a new one. Compare the digest of one that is not.

        Raises BeginRefused when the disk has no room for the payment that would follow.
        """

        def work() -> tuple[TillRequest, bool]:
            found = self._find("sale_id = ? AND service_id = ?", (asked.sale_id, asked.service_id))
            if found is not None:
                return found, False
            self._store.require_space()
            values = (
                asked.sale_id, asked.service_id, asked.digest, asked.category, asked.kind, asked.amount_minor,
                asked.reference, self._store.now(), RequestState.ASKED, "",
            )  # fmt: skip
            names = _COLUMNS.removeprefix("id, ")
            id = self._store.database.execute(
                f"INSERT INTO till_request ({names}) VALUES ({', '.join('?' * len(values))})", values
            ).lastrowid
            self._store.note("till", None, f"{asked.sale_id} asks for {asked.kind}")
            made = self._find("id = ?", (id,))
            assert made is not None
            return made, True

        return await self._store.commit(work)

    async def end(self, id: int, reason: str) -> TillRequest:
        """Nothing more is begun for a request; ``reason`` says why when nothing was."""

        def work() -> TillRequest:
            self._end("id = ?", (id,), reason)
            return self._of(id)

        return await self._store.commit(work)

    async def of(self, id: int) -> TillRequest:
        """A request by its number; KeyError when there is none."""
        return await self._store.run(lambda: self._of(id))

    async def find(self, sale_id: str, service_id: str) -> TillRequest | None:
        """A request by its names."""
        names = (sale_id, service_id)
        return await self._store.run(lambda: self._find("sale_id = ? AND service_id = ?", names))

    async def last(self, sale_id: str) -> TillRequest | None:
        """The newest request of a till."""
        return await self._store.run(lambda: self._find("sale_id = ? ORDER BY id DESC LIMIT 1", (sale_id,)))

    async def behind(self, txn: int) -> TillRequest | None:
        """The request that a transaction was begun for."""
        query = "id = (SELECT request FROM till_payment WHERE txn = ?)"
        return await self._store.run(lambda: self._find(query, (txn,)))

    # --- within the writer -----------------------------------------------------------------

    def end_interrupted(self) -> None:
        """At a start: nobody carries on with what was asked before it."""
        self._end("1", (), INTERRUPTED)

    def link(self, txn: int, request: int) -> None:
        """A transaction has been begun for a request: in the transaction that writes its row."""
        self._store.database.execute("INSERT INTO till_payment (txn, request) VALUES (?, ?)", (txn, request))

    def _end(self, where: str, values: tuple[Any, ...], reason: str) -> None:
        none_begun = "NOT EXISTS (SELECT 1 FROM till_payment WHERE request = till_request.id)"
        self._store.database.execute(
            f"UPDATE till_request SET state = 'ended', reason = CASE WHEN {none_begun} THEN ? ELSE '' END "
            f"WHERE state = 'asked' AND {where}",
            (reason, *values),
        )

    def _of(self, id: int) -> TillRequest:
        found = self._find("id = ?", (id,))
        if found is None:
            raise KeyError(id)
        return found

    def _find(self, where: str, values: tuple[Any, ...]) -> TillRequest | None:
        row = self._store.database.execute(f"SELECT {_COLUMNS} FROM till_request WHERE {where}", values).fetchone()
        if row is None:
            return None
        id, *names, at, state, reason = row
        newest = "SELECT max(txn) FROM till_payment WHERE request = ?"
        (txn,) = self._store.database.execute(newest, (id,)).fetchone()
        record = self._record(txn) if txn is not None else None
        return TillRequest(id, Asked(*names), datetime.fromisoformat(at), RequestState(state), reason, record)
