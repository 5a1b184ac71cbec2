"""The network as the terminal keeps it in mind, and the moments at which it may be changed.

Nothing is changed on purpose while a request is under way: whoever speaks to the host holds ``turn``, and so does
whoever changes the network. What the network does by itself is the reversal's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from keys import Secret
from terminal.network.state import AccessPoint, Network, Networking, Scan, Trouble

__all__ = ["NetworkKeeper"]

ARRANGE_AGAIN_S = 300.0
"""After an order that could not be set, such as for want of permission."""


class NetworkKeeper:
    """Of one life."""

    def __init__(
        self,
        networking: Networking,
        turn: asyncio.Lock,
        changed: Callable[[], None],
        tell: Callable[..., None],
        moved: Callable[[], None],
    ) -> None:
        """``changed``: the symbol; ``tell``: whoever looks after the terminal; ``moved``: another link is in use."""
        self._networking = networking
        self._turn = turn
        self._changed = changed
        self._tell = tell
        self._moved = moved
        self._disordered = asyncio.Event()
        self.network: Network | None = None
        """What was told last; None before the first look."""

    def start(self) -> None:
        """Begin to hear."""
        self._networking.start(self._heard)

    async def close(self) -> None:
        """Hear no more."""
        await self._networking.close()

    async def run(self) -> None:
        """Give the links their order whenever they have lost it, at a moment when nobody speaks to the host."""
        while True:
            await self._disordered.wait()
            async with self._turn:
                trouble = await self._networking.arrange()
            self._disordered.clear()
            self._tell("network-order", trouble=trouble)
            if trouble is not None:
                await asyncio.sleep(ARRANGE_AGAIN_S)
                if self.network is not None and self.network.disordered:
                    self._disordered.set()

    async def scan(self) -> Scan:
        """Look for Wi-Fi networks."""
        return await self._networking.scan()

    async def join(self, point: AccessPoint, password: Secret | None) -> Trouble | None:
        """Join one, as soon as nobody speaks to the host."""
        async with self._turn:
            return await self._networking.join(point, password)

    def _heard(self, network: Network) -> None:
        before, self.network = self.network, network
        if network.disordered and not (before is not None and before.disordered):
            self._disordered.set()
        if _news(before) != _news(network):
            self._tell("network", **_news(network))
        if network.using and before is not None and network.using != before.using:
            self._moved()
        self._changed()


def _news(network: Network | None) -> dict[str, Any]:
    """What is worth a line: never the strength of a signal."""
    if network is None:
        return {}
    return {
        "using": network.link.kind if network.link is not None else None,
        "interface": network.using or None,
        "links": {link.interface: f"{link.kind} {link.state}" for link in network.links},
        "trouble": network.trouble,
    }
