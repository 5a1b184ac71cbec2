"""The network behind the seam: what it told and what it answered. A Wi-Fi password never comes here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from keys import Secret
from terminal.network.state import AccessPoint, Network, Networking, Scan, Trouble
from terminal.recording.seam import NOTHING, Codec, Post, Seam

__all__ = ["RecordedNetworking"]


def _codec(kind: Any) -> Codec[Any]:
    """Of a frozen dataclass or a reason; names of networks are bytes."""
    return Codec(
        lambda value: msgspec.to_builtins(value, builtin_types=(bytes,)),
        lambda plain: msgspec.convert(plain, kind, builtin_types=(bytes,)),
    )


_NETWORK, _SCAN, _TROUBLE = _codec(Network), _codec(Scan), _codec(Trouble | None)


class RecordedNetworking:
    """``Networking`` whose other end is outside; in a replay there is none."""

    def __init__(self, seam: Seam, build: Callable[[], Networking]) -> None:
        self._seam = seam
        built: list[Networking] = []
        seam.reading("build network", lambda: built.append(build()), NOTHING)
        self._real = built[0] if built else None

    def start(self, tell: Callable[[Network], None]) -> None:
        """What is told comes in like the word of any device."""
        post: Post[Network] = self._seam.source("network", tell, _NETWORK)
        if self._real is not None:
            self._real.start(post)

    async def close(self) -> None:
        """Stop looking."""
        if self._real is not None:
            await self._real.close()

    async def scan(self) -> Scan:
        """Look for Wi-Fi networks."""
        return await self._seam.operation("scan", lambda: self._there.scan(), _SCAN)  # noqa: PLW0108 - none in a replay

    async def join(self, point: AccessPoint, password: Secret | None) -> Trouble | None:
        """Join one."""
        return await self._seam.operation("join", lambda: self._there.join(point, password), _TROUBLE)

    async def arrange(self) -> Trouble | None:
        """Give the links their order."""
        return await self._seam.operation("arrange", lambda: self._there.arrange(), _TROUBLE)  # noqa: PLW0108

    @property
    def _there(self) -> Networking:
        assert self._real is not None, "a replay starts nothing outside"
        return self._real
