"""Tills behind the seam: what they ask comes in as it was understood, what they are told is compared.

Framing, reading and the proof of a key stand outside. So a recording holds no line that was refused, no challenge and
no proof used for anything; a request that was understood has no value with 13 digits in a row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from config.ecr import Ecr
from drivers.events import DeviceChanged, DeviceState
from terminal.ecr.conversation import Heard
from terminal.ecr.messages import Request
from terminal.ecr.servers import Hear, Tell, TillLines
from terminal.recording.seam import NOTHING, Codec, Seam
from terminal.recording.tokens import Tokens

__all__ = ["recorded_till"]

_HEARD: Codec[Heard] = Codec(
    lambda heard: [heard.peer, heard.request and msgspec.msgpack.encode(heard.request)],
    lambda plain: Heard(plain[0], plain[1] and msgspec.msgpack.decode(plain[1], type=Request)),
)
_CHANGED: Codec[DeviceChanged] = Codec(
    lambda changed: [changed.device, str(changed.state), changed.detail, changed.remedy],
    lambda plain: DeviceChanged(plain[0], DeviceState(plain[1]), plain[2], plain[3]),
)


def recorded_till(
    seam: Seam, open_lines: Callable[[Ecr], TillLines], touch: Callable[[], None], tokens: Callable[[], Tokens]
) -> Callable[[Ecr], TillLines]:
    """``open_lines`` behind the seam; ``touch`` is told that somebody is there.

    ``tokens`` stand where a replay has them: a till is told the number of a loyalty card.
    """

    def opened(ecr: Ecr) -> TillLines:
        real: list[TillLines] = []
        seam.reading("open till", lambda: real.append(open_lines(ecr)), NOTHING)
        return _Lines(seam, real[0] if real else None, touch, tokens)

    return opened


class _Lines:
    """``TillLines``; without lines below it everything comes from the recording."""

    def __init__(
        self, seam: Seam, real: TillLines | None, touch: Callable[[], None], tokens: Callable[[], Tokens]
    ) -> None:
        self._seam = seam
        self._real = real
        self._touch = touch
        self._tokens = tokens

    def start(self, hear: Hear, tell: Tell) -> None:
        def heard(one: Heard) -> None:
            self._touch()
            hear(one)

        told = self._seam.source("till", heard, _HEARD)
        changed = self._seam.source("till's line", tell, _CHANGED)
        if self._real is not None:
            self._real.start(told, changed)

    def send(self, peer: int, data: bytes) -> None:
        self._seam.output("to till", hashlib.sha256(self._tokens().replaced(data)).digest()[:8], f"{len(data)} bytes")
        if self._real is not None:
            self._real.send(peer, data)

    async def close(self) -> None:
        if self._real is not None:
            await self._real.close()
