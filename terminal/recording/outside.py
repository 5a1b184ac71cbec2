"""The machine behind the seam: the same ``Outside`` for a life that is recorded and for one that is replayed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from config import Settings
from config.ecr import Ecr
from drivers.device import Device, Emit
from drivers.events import DeviceChanged, DeviceState, DriverEvent
from drivers.health import Health, HealthLevel, Verdict
from drivers.hotplug import Hotplug
from drivers.printer import Printer
from keys import KeyRoom
from terminal.journal import Writer
from terminal.journal.database import Storage
from terminal.network.state import Networking
from terminal.outside import Outside
from terminal.recording.events import event_codec
from terminal.recording.host_bytes import HostBytes
from terminal.recording.key_room import RecordedKeyRoom
from terminal.recording.lines import recorded_dial, recorded_opener
from terminal.recording.seam import NOTHING, Codec, Post, Seam
from terminal.recording.tokens import Tokens

if TYPE_CHECKING:
    from terminal.ecr.servers import TillLines

__all__ = ["Kept", "behind"]

T = TypeVar("T")
_EPOCH = datetime(2000, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_WALL: Codec[datetime] = Codec(lambda now: (now - _EPOCH) // _MICROSECOND, lambda count: _EPOCH + count * _MICROSECOND)
_HEALTH: Codec[Health] = Codec(
    lambda health: [str(health.level), str(health.verdict), health.text, health.remedy],
    lambda plain: Health(HealthLevel(plain[0]), Verdict(plain[1]), plain[2], plain[3]),
)
_PRINTER = "escpos-printer"


@dataclass(slots=True)
class Kept:
    """What a life that is recorded keeps beside its records."""

    tokens: Tokens
    secret: bool = False
    """Whether what is typed now must not be known."""
    touched_s: float = 0.0
    """When a person last touched anything, by the loop's clock."""
    room: Callable[[KeyRoom], None] = lambda room: None
    """Told of the key room, where the vault is written."""
    connected: Callable[[sqlite3.Connection], None] = lambda database: None
    """Told of the journal's connection, where the journal is written."""

    def touch(self) -> None:
        """A person, or a till, is there now."""
        self.touched_s = asyncio.get_running_loop().time()


def behind(seam: Seam, outside: Outside, kept: Kept, new_host_bytes: Callable[[], HostBytes]) -> Outside:
    """``outside`` behind the seam. Randomness stays outside: only the vault asks for it."""
    wall = outside.wall

    def device(name: str, settings: Mapping[str, Any]) -> Device:
        if settings["driver"] == _PRINTER:
            return Printer(name, settings["address"], settings["model"], recorded_opener(seam))
        return cast(Device, _Device(seam, name, lambda: outside.device(name, settings), kept))

    def key_room(settings: Settings, used: Outside) -> KeyRoom:
        opened: list[KeyRoom] = []

        def open_room() -> None:
            # The vault's own clock and disk stand outside, as its keys do.
            opened.append(outside.key_room(settings, outside))
            kept.room(opened[0])

        seam.reading("open keys", open_room, NOTHING)
        return cast(KeyRoom, RecordedKeyRoom(seam, opened[0] if opened else None, lambda: kept.tokens))

    def till(ecr: Ecr) -> TillLines:
        from terminal.recording.till import recorded_till  # not in the memory of those who have no till

        return recorded_till(seam, outside.till, kept.touch, lambda: kept.tokens)(ecr)

    def network(settings: Settings) -> Networking:
        from terminal.recording.network import RecordedNetworking  # only with its section

        return RecordedNetworking(seam, lambda: outside.network(settings))

    async def aside(function: Callable[..., bytes], *arguments: Any, **options: Any) -> bytes:
        return await seam.work("draw", outside.aside, lambda: function(*arguments, **options))

    return replace(
        outside,
        wall=lambda: seam.reading("wall", wall, _WALL),
        writer=lambda: _Writer(seam, outside.writer()),
        storage=_storage(seam, outside.storage, kept),
        self_test=lambda: seam.reading("self-test", outside.self_test, NOTHING),
        matches=lambda *given: seam.reading("password", lambda: outside.matches(*given)),
        dial=recorded_dial(seam, outside.dial, new_host_bytes),
        device=device,
        typed_number=lambda number: seam.reading(
            "typed number",
            lambda: outside.typed_number(number),
            Codec(lambda typed: kept.tokens.number(bytes(typed)), bytearray),
        ),
        hotplug=lambda tell: cast(Hotplug, _Hotplug(seam, outside.hotplug, tell)),
        till=till,
        network=network,
        aside=aside,
        probe=lambda look: seam.operation("probe", lambda: outside.probe(look)),
        key_room=key_room,
    )


class _Writer:
    """The journal's thread; what it is given is done again in a replay."""

    def __init__(self, seam: Seam, writer: Writer) -> None:
        self._seam = seam
        self._writer = writer

    async def run(self, work: Callable[[], T]) -> T:
        return await self._seam.work("journal", self._writer.run, work, counts=True)

    def close(self) -> None:
        self._writer.close()


def _storage(seam: Seam, storage: Storage, kept: Kept) -> Storage:
    def connect(path: Path) -> sqlite3.Connection:
        database = storage.connect(path)
        try:
            kept.connected(database)
        except BaseException:
            database.close()
            raise
        return database

    return Storage(
        connect,
        lambda folder: seam.reading("free bytes", lambda: storage.free_bytes(folder)),
        lambda: seam.reading("mounts", storage.mounts),
    )


class _Device:
    """A device that is heard: its driver stands outside, its events come in."""

    def __init__(self, seam: Seam, name: str, build: Callable[[], Device], kept: Kept) -> None:
        self.name = name
        self.state, self.detail = DeviceState.ABSENT, ""
        self._seam = seam
        self._kept = kept
        built: list[Device] = []
        seam.reading(f"build {name}", lambda: built.append(build()), NOTHING)
        self._real = built[0] if built else None
        self._emit: Emit = lambda event: None

    @property
    def statistics(self) -> Counter[str]:
        return self._real.statistics if self._real is not None else Counter()

    def start(self, emit: Emit) -> None:
        self._emit = emit
        codec = event_codec(lambda: self._kept.tokens, lambda: self._kept.secret)
        post: Post[DriverEvent] = self._seam.source(self.name, self._heard, codec)
        if self._real is not None:
            self._real.start(post)

    def _heard(self, event: DriverEvent) -> None:
        if isinstance(event, DeviceChanged):
            self.state, self.detail = event.state, event.detail
        else:
            self._kept.touch()
        self._emit(event)

    async def close(self) -> None:
        if self._real is not None:
            await self._real.close()

    def look_again(self) -> None:
        if self._real is not None:
            self._real.look_again()

    async def check_health(self, level: HealthLevel) -> Health:
        return await self._seam.operation("health", lambda: cast(Device, self._real).check_health(level), _HEALTH)

    # --- the PIN pad -----------------------------------------------------------------------

    def ask_pin(self, request: Any, timeout_s: float) -> int:
        """Begin an entry; the reference of its answer."""
        return self._seam.reading("ask pin", lambda: int(cast(Any, self._real).ask_pin(request, timeout_s)))

    def cancel(self) -> None:
        """End the entry that is running."""
        if self._real is not None:
            cast(Any, self._real).cancel()


class _Hotplug:
    """Who says that something was plugged in: an input like any other."""

    def __init__(self, seam: Seam, make: Callable[[Callable[[], None]], Hotplug], tell: Callable[[], None]) -> None:
        post: Post[None] = seam.source("hotplug", lambda _: tell())
        self._real = make(lambda: post(None))

    def start(self) -> None:
        self._real.start()

    def close(self) -> None:
        self._real.close()
