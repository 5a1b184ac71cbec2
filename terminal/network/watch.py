"""Looking at the network for as long as the terminal lives: over every restart of the bus and of NetworkManager."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from config import Settings
from config.network import Network as Section
from keys import Secret
from terminal.network import names
from terminal.network.bus import Bus, BusFault
from terminal.network.look import devices, look
from terminal.network.order import metric_of, set_metric, wanted_metric
from terminal.network.state import AccessPoint, Kind, LinkState, Network, Scan, Trouble
from terminal.network.wifi import join, scan

__all__ = ["NetworkWatch"]

_LOG = logging.getLogger("countertop")
T = TypeVar("T")
LOOK_S = 10.0
"""The strength of a signal is not told: it is looked at so often."""
SETTLE_S = 0.2
"""One change comes as a handful of signals."""
RETRY_FIRST_S, RETRY_MAX_S = 1.0, 60.0


class NetworkWatch:
    """``Networking`` over the bus. Calls made while there is no connection open one of their own."""

    def __init__(self, section: Section, *, open_allowed: bool = False) -> None:
        """``open_allowed``: networks without a password may be joined."""
        self._address = section.bus
        self._open_allowed = open_allowed
        self._order = tuple(Kind(kind) for kind in section.order)
        self._task: asyncio.Task[None] | None = None
        self._bus: Bus | None = None
        self._told: Network | None = None
        self._tell: Callable[[Network], None] = lambda network: None

    @classmethod
    def of(cls, settings: Settings) -> NetworkWatch:
        """As a terminal's configuration wants it."""
        return cls(settings.network or Section(), open_allowed=settings.host.tls is not None)

    def start(self, tell: Callable[[Network], None]) -> None:
        """Look, tell, and tell again whenever something has changed."""
        self._tell = tell
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> Network:
        """Look once."""
        try:
            return await self._with_bus(lambda bus: look(bus, self._order))
        except BusFault as fault:
            return Network(trouble=fault.trouble)

    async def scan(self) -> Scan:
        """Look for Wi-Fi networks."""
        try:
            return replace(await self._with_bus(scan), open_allowed=self._open_allowed)
        except BusFault as fault:
            return Scan(trouble=fault.trouble)

    async def join(self, point: AccessPoint, password: Secret | None) -> Trouble | None:
        """Join a Wi-Fi network."""
        try:
            return await self._with_bus(lambda bus: join(bus, point, password, self._order))
        except BusFault as fault:
            return fault.trouble if fault.trouble is not Trouble.NO_ANSWER or not fault.name else Trouble.NOT_JOINED

    async def arrange(self) -> Trouble | None:
        """Give the links that are up their metrics."""
        try:
            await self._with_bus(self._arrange)
        except BusFault as fault:
            return fault.trouble
        return None

    async def _arrange(self, bus: Bus) -> None:
        for one in await devices(bus, await bus.properties(names.NM, names.ROOT, names.NM)):
            kind = one.link.kind
            if one.link.state is LinkState.UP and one.profile and kind in self._order:
                metric = wanted_metric(kind, self._order)
                if await metric_of(bus, one.profile, kind) != metric:
                    await set_metric(bus, one.path, one.profile, metric)

    async def _with_bus(self, work: Callable[[Bus], Awaitable[T]]) -> T:
        """Do something on the watch's connection, or on one for this alone. Raises BusFault, and nothing else."""
        own = self._bus is None or self._bus.closed
        bus = await Bus.open(self._address) if own or self._bus is None else self._bus
        try:
            if own:
                await _subscribe(bus)
            return await work(bus)
        except BusFault:
            raise
        except Exception as error:  # noqa: BLE001 - whoever answers on the bus says what he likes: of whatever shape
            _LOG.debug("The network's answer could not be used: %s.", type(error).__name__)  # the trouble is told
            raise BusFault(Trouble.NO_ANSWER) from None
        finally:
            if own:
                await bus.close()

    # --- for ever --------------------------------------------------------------------------

    async def _run(self) -> None:
        delay = RETRY_FIRST_S
        while True:
            try:
                bus = self._bus = await Bus.open(self._address)
                try:
                    await _subscribe(bus)
                    delay = RETRY_FIRST_S
                    await self._watch(bus)
                finally:
                    self._bus = None
                    await bus.close()
            except BusFault as fault:
                self._say(Network(trouble=fault.trouble))
            except Exception as error:  # noqa: BLE001 - a symbol in the corner is no reason to stop looking, or serving
                _LOG.warning("The network is looked at again in a while: %s.", type(error).__name__)
                self._say(Network(trouble=Trouble.NO_ANSWER))
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY_MAX_S)

    async def _watch(self, bus: Bus) -> None:
        """Until the bus goes. Raises BusFault."""
        changed = asyncio.Event()

        def hear(path: str, member: str, body: tuple[Any, ...]) -> None:
            changed.set()

        bus.listeners.append(hear)
        while not bus.closed:
            changed.clear()
            try:
                self._say(await self._with_bus(lambda bus: look(bus, self._order)))
            except BusFault as fault:
                if fault.trouble is Trouble.NO_BUS:
                    raise
                self._say(Network(trouble=fault.trouble))  # it is looked at again when its name has an owner
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await changed.wait()
            await asyncio.sleep(SETTLE_S)
        raise BusFault(Trouble.NO_BUS)

    def _say(self, network: Network) -> None:
        if network != self._told:
            self._told = network
            self._tell(network)


async def _subscribe(bus: Bus) -> None:
    """Hear what changes the links; not the hundred access points of a shopping street. Raises BusFault."""
    await bus.subscribe_owner(names.NM)
    for rule in (
        {"path": names.ROOT},
        {"interface": names.DEVICE, "member": "StateChanged"},
        {"interface": names.ACTIVE, "member": "StateChanged"},
    ):
        await bus.subscribe(sender=names.NM, **rule)
