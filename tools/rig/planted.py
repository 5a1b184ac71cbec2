"""Faults to put into the real terminal, so that a campaign can show that it would find them.

``python -m tools.rig.planted NAME run --config FILE`` is ``countertop run`` with one of them. The product
has no switch for this: the fault is put over its classes here, in the process that is to be wrong.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from terminal.acquirer.reversal import Reversals
from terminal.domain.record import State, TransactionRecord
from terminal.journal import Asked, Journal
from terminal.journal.till_requests import TillRequests

__all__ = ["PLANTED", "main"]


def no_recovery() -> None:
    """What was sent before a restart is forgotten instead of undone."""

    async def recover(self: Journal) -> list[TransactionRecord]:
        return []

    _replace(Journal, "recover", recover)


def stan_from_one() -> None:
    """STANs are counted in memory and begin again at every start."""
    numbers = itertools.count(1)
    _replace(Journal, "_take_stan", lambda self: next(numbers))


def recovery_declines() -> None:
    """What was sent before a restart is called declined, as if silence were an answer."""
    whole: Callable[[Journal], Any] = Journal.recover

    async def recover(self: Journal) -> list[TransactionRecord]:
        def work() -> None:
            for record in self._records("WHERE state = ?", (State.SENT,)):
                self._update(record.id, {"state": State.DECLINED})

        await self._store.commit(work)
        found: list[TransactionRecord] = await whole(self)
        return found

    _replace(Journal, "recover", recover)


def reversal_forgotten() -> None:
    """Reversals are never sent again once the process that began them is gone."""

    async def drain(self: Reversals) -> list[TransactionRecord]:
        return []

    _replace(Reversals, "drain", drain)


def till_forgotten() -> None:
    """What a till has asked for is known only as long as the process lives that was asked."""
    started = time.time_ns()
    asked_once: Callable[[TillRequests, Asked], Any] = TillRequests.ask
    found_once: Callable[[TillRequests, str, str], Any] = TillRequests.find

    async def ask(self: TillRequests, asked: Asked) -> Any:
        return await asked_once(self, replace(asked, service_id=f"{asked.service_id}.{started}"))

    async def find(self: TillRequests, sale_id: str, service_id: str) -> Any:
        return await found_once(self, sale_id, f"{service_id}.{started}")

    _replace(TillRequests, "ask", ask)
    _replace(TillRequests, "find", find)


def _replace(owner: type, name: str, fault: Callable[..., Any]) -> None:
    assert hasattr(owner, name), f"{owner.__name__}.{name} is no longer there: plant this fault elsewhere"
    setattr(owner, name, fault)


PLANTED: dict[str, Callable[[], None]] = {
    "no-recovery": no_recovery,
    "recovery-declines": recovery_declines,
    "reversal-forgotten": reversal_forgotten,
    "stan-from-one": stan_from_one,
    "till-forgotten": till_forgotten,
}


def main(argv: list[str]) -> int:
    """Plant a fault and be the command."""
    from tools.cli import main as countertop

    PLANTED[argv[0]]()
    return countertop(argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
