"""The guard over the keys: known answers every 24 hours, and the lines that the audit log is still owed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from keys import KeyRoom, KeysError, run_self_tests
from keys.self_test import INTERVAL_S
from terminal.journal import Writer

__all__ = ["guard_keys"]

_LOG = logging.getLogger("countertop")
ROUND_S = 60.0
"""How long a refused use of a key may wait for its line in the log."""


async def guard_keys(room: KeyRoom, writer: Writer, self_test: Callable[[], None] = run_self_tests) -> None:
    """Run until cancelled. Raises SelfTestFailed, after which no key of this process is used any more."""
    next_at = room.monotonic() + INTERVAL_S
    while True:
        await asyncio.sleep(ROUND_S)
        if room.audit.waiting:
            await writer.run(lambda: _write_owed(room))
        if room.monotonic() >= next_at:
            next_at = room.monotonic() + INTERVAL_S
            await writer.run(lambda: _test(room, self_test))


def _write_owed(room: KeyRoom) -> None:
    try:
        room.audit.flush()
    except KeysError as fault:  # a disk that is full just now: the lines are kept, and payments go on
        _LOG.warning("%s %s", fault, fault.remedy)


def _test(room: KeyRoom, self_test: Callable[[], None]) -> None:
    try:
        self_test()
    except KeysError as fault:
        room.audit.note("self-test-failed", detail=str(fault))
        room.vault.stop(str(fault))
        raise
    room.audit.note("self-test-passed")
