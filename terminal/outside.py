"""What one life of the terminal takes from the machine: clock, randomness, storage, network, devices.

Everything that could differ between two runs comes through here, so that the same code runs on a device
and in a simulated world where a seed decides all of it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from config import Settings
from config.ecr import Ecr
from drivers import registry
from drivers.device import Device
from drivers.hotplug import Hotplug
from keys import KeyRoom
from keys.backends.disk import Disk
from keys.self_test import run_self_tests
from terminal.acquirer.link import Dial
from terminal.journal.database import LOCAL_STORAGE, Storage
from terminal.journal.operators import Matches, password_matches
from terminal.journal.writer import ThreadWriter, Writer
from terminal.keyring import open_keys
from terminal.network.state import Networking

if TYPE_CHECKING:
    from terminal.ecr.servers import TillLines

__all__ = ["MACHINE", "Outside"]


def _open_till(ecr: Ecr) -> TillLines:
    from terminal.ecr.servers import open_lines  # not in the memory of those who have no till

    return open_lines(ecr)


async def _probe(look: Callable[[], Awaitable[Any]]) -> Any:
    return await look()


def _network(settings: Settings) -> Networking:
    from terminal.network.watch import NetworkWatch  # not in the memory of those who do without

    return NetworkWatch.of(settings)


@dataclass(frozen=True, slots=True)
class Outside:
    """The machine's own by default; a simulation replaces what it simulates."""

    wall: Callable[[], datetime] = datetime.now
    """Local date and time; data only, never a timer."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds of a clock that nobody can set; the limits of a key ceremony."""
    random: Callable[[int], bytes] = os.urandom
    """So many bytes that nobody can guess."""
    writer: Callable[[], Writer] = ThreadWriter
    """Where the journal and the vault write, off the loop."""
    storage: Storage = LOCAL_STORAGE
    """The journal's disk."""
    self_test: Callable[[], None] = run_self_tests
    """The known answers of the cryptography, before a key is used. Raises SelfTestFailed."""
    key_disk: Disk | None = None
    """The vault's disk; None: the real one."""
    key_room: Callable[[Settings, Outside], KeyRoom] = open_keys
    """The keys with their log and custodians. Raises KeysError."""
    matches: Matches = password_matches
    """Whether an operator's password is the one that was set."""
    dial: Dial = asyncio.open_connection
    """The way to the host."""
    device: Callable[[str, Mapping[str, Any]], Device] = registry.build
    """A device by its name and its section of the configuration."""
    hotplug: Callable[[Callable[[], None]], Hotplug] = Hotplug
    """Who says that something was plugged in or pulled out."""
    till: Callable[[Ecr], TillLines] = _open_till
    """Where tills are heard."""
    network: Callable[[Settings], Networking] = _network
    """Who knows the links of the machine; asked only with ``[network]``."""
    aside: Callable[..., Awaitable[bytes]] = asyncio.to_thread
    """Runs drawing, which takes longer than the loop may stand still."""
    typed_number: Callable[[bytearray], bytearray] = lambda number: number
    """A card number as somebody has typed it."""
    probe: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]] = _probe
    """Runs the fault doctor's looks at files, names and lines, each of which gives plain values."""


MACHINE = Outside()
"""The real one."""
