"""One recorded life through the unmodified terminal, in a folder of its own."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from msgspec import structs

from config import Settings
from drivers.hotplug import Hotplug
from iso8583 import derived_dialect
from terminal.assembly import live
from terminal.journal import InlineWriter
from terminal.journal.database import JOURNAL_NAME, LOCAL_STORAGE
from terminal.outside import Outside
from terminal.recording.host_bytes import HostBytes
from terminal.recording.journal_copy import changes_of, digest_of, restore
from terminal.recording.life import RecordedFace, name_of
from terminal.recording.outside import Kept, behind
from terminal.recording.parameters import RecordedParameters
from terminal.recording.tokens import Tokens
from terminal.screens.face import Face
from terminal.screens.screen import Screen
from terminal.service.monitor import Monitor
from terminal.service.parameters import Parameters
from tools.replay.loop import ReplayLoop
from tools.replay.recording import LifeRecord
from tools.replay.seam import Difference, Over, ReplaySeam

__all__ = ["Played", "play"]

ENDS_MAX = 20
"""Rounds in which tasks are told to end; their clean-up may wait for something again."""


@dataclass(slots=True)
class Played:
    """What a replay came to."""

    life: LifeRecord
    turns: int = 0
    screens: list[Screen] = field(default_factory=list)
    began_with: bytes = b""
    """Digest of the journal that the recording brought."""
    journal: bytes = b""
    """Digest of the journal that the replay came to."""
    difference: Difference | None = None
    fault: str = ""
    """Name of the fault that ended the life; empty when the recording did."""
    under_way: bool = False
    """Whether the life ended in the middle of a write that the recording does not know the end of."""


def play(
    life: LifeRecord,
    folder: Path,
    *,
    until_us: int | None = None,
    told: Callable[[int, str, Any], None] = lambda at_us, what, value: None,
    shows: Callable[[int, Screen], None] = lambda at_us, screen: None,
) -> Played:
    """Live it again in ``folder``, which is empty; what came of it. Its journal stays in the folder."""
    played, seam = Played(life), ReplaySeam(life, until_us, told)
    restore(life.copy, folder / JOURNAL_NAME)
    played.began_with = _digest(folder / JOURNAL_NAME) if life.copy else b""
    databases: list[sqlite3.Connection] = []

    def connected(database: sqlite3.Connection) -> None:
        databases.append(database)
        seam.changes = lambda: changes_of(database)

    kept = Kept(Tokens(b""), connected=connected)
    settings = _here(life.settings, folder)
    profile = settings.acquirer_profile
    dialect = derived_dialect("acquirer", profile.dialect, profile.dialect_changes)
    http = settings.host.transport == "http"
    nothing_outside = Outside(writer=InlineWriter, storage=LOCAL_STORAGE, hotplug=_NoHotplug)
    outside = behind(
        seam,
        nothing_outside,
        kept,
        lambda: HostBytes(dialect, profile.element_59_length_digits, lambda: kept.tokens, http=http),
    )

    def show(screen: Screen) -> None:
        if not seam.over:
            played.screens.append(screen)
            shows(seam.now_us, screen)

    loop = ReplayLoop(seam, life.now_us)
    loop.set_exception_handler(lambda loop, context: None)  # tasks that the end of the recording broke off
    asyncio.set_event_loop(loop)
    with _quiet():
        try:
            task = loop.create_task(_lived(seam, settings, RecordedFace(Face([show]), seam, kept), outside))
            played.fault = _run(loop, task)
            if not seam.stopped and databases:
                with suppress(sqlite3.ProgrammingError):  # closed: the life ended by itself
                    played.journal = digest_of(databases[-1])
            _end(loop, seam)
        finally:
            for database in databases:
                database.close()
            loop.close()
            asyncio.set_event_loop(None)
    played.turns, played.difference, played.under_way = seam.turns, seam.difference, seam.under_way
    played.journal = played.journal or _digest(folder / JOURNAL_NAME)
    return played


def _run(loop: ReplayLoop, task: asyncio.Task[None]) -> str:
    """Run to the end; the name of the fault that the life ended by, or nothing."""
    try:
        loop.run_until_complete(task)
    except (Over, asyncio.CancelledError):
        return ""
    except Exception as error:  # noqa: BLE001 - as it may have ended then
        return name_of(error)
    return ""


def _end(loop: ReplayLoop, seam: ReplaySeam) -> None:
    """Whatever still waits for the recording is told that nothing more comes."""
    seam.over = True
    for _ in range(ENDS_MAX):
        tasks = asyncio.all_tasks(loop)
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        with suppress(Over, asyncio.CancelledError):
            loop.run_until_complete(asyncio.wait(tasks))


async def _lived(seam: ReplaySeam, settings: Settings, face: Face, outside: Outside) -> None:
    task = asyncio.current_task()
    assert task is not None

    def stop(_: None) -> None:
        seam.stopped = seam.over = True
        task.cancel()

    seam.source("stop", stop)
    parameters = cast(Parameters, RecordedParameters(seam, None))
    await live(settings, face, Monitor(), outside, parameters)


def _here(settings: Settings, folder: Path) -> Settings:
    """The recorded configuration on this machine: same rules, nothing of that machine's."""
    connected = settings.connected
    if (
        connected.printer is not None
        and connected.printer.logo is not None
        and not Path(connected.printer.logo).is_file()
    ):
        connected = structs.replace(connected, printer=structs.replace(connected.printer, logo=None))
    return structs.replace(
        settings,
        terminal=structs.replace(settings.terminal, state_dir=str(folder)),
        host=structs.replace(settings.host, tls=None),  # what came through it is in the recording
        keys=structs.replace(settings.keys, path=str(folder / "keys.vault")),
        connected=connected,
        monitor=None,
        recorder=None,
    )


def _digest(path: Path) -> bytes:
    """Digest of a journal that nobody has open; empty when there is none that can be read."""
    if not path.exists():
        return b""
    database = sqlite3.connect(path)
    try:
        return digest_of(database)
    except sqlite3.Error:
        return b""
    finally:
        database.close()


class _NoHotplug(Hotplug):
    """Nothing is plugged into a replay."""

    def start(self) -> None:
        """What was plugged in then comes from the recording."""


@contextmanager
def _quiet() -> Iterator[None]:
    """The terminal's warnings were told when they were true."""
    log = logging.getLogger("countertop")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
