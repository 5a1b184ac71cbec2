"""A printer's receiving end, to be put behind any wire: takes ESC/POS, answers as real firmware does.

It stops taking bytes while it has no paper, is open or off line, and answers real-time requests all the same until
its buffer is full.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["PaperPath"]

BUFFER_BYTES = 4096
_LEADS = (0x10, 0x1B, 0x1D)
_RASTER, _MARK, _CHANGES, _ASK, _KICK = b"\x1dv0", b"\x1d(H", b"\x1da", b"\x10\x04", b"\x1bp"
_RASTER_HEAD, _MARK_LENGTH, _KICK_LENGTH = 8, 11, 5


class PaperPath:
    """Bytes in, paper and answers out. ``answer`` is given what the printer says."""

    def __init__(self, answer: Callable[[bytes], None]) -> None:
        self.output = bytearray()
        """Every byte that reached the paper path; requests about the status are left out."""
        self.mute = False
        """Take everything and answer nothing."""
        self.marks = True
        """Whether it answers ``GS ( H`` when something is on paper."""
        self._answer = answer
        self._state = {"paper": True, "cover_closed": True, "online": True, "paper_low": False, "drawer_high": False}
        self._error = 0
        self._automatic = False
        self._rest = b""
        self._raster_left = 0
        self._waiting: list[bytes] = []

    @property
    def ready(self) -> bool:
        """Whether it prints."""
        return all(self._state[name] for name in ("paper", "cover_closed", "online")) and not self._error

    @property
    def full(self) -> bool:
        """Whether it takes nothing more for now."""
        return sum(map(len, self._waiting)) >= BUFFER_BYTES

    def get(self, name: str) -> bool:
        """``paper``, ``cover_closed``, ``online``, ``paper_low`` or ``drawer_high``, which a kick makes true."""
        return self._state[name]

    def set(self, name: str, value: bool) -> None:
        """Change one of them; told at once where that was asked for."""
        if self._state[name] != value:
            self._state[name] = value
            self._has_changed()

    def fail(self, error: int) -> None:
        """Fail with bits of the automatic status's second byte: 0x04, 0x08 knife, 0x20, 0x40; 0: all is well."""
        self._error = error
        self._has_changed()

    def forget(self) -> None:
        """The power was cut: what was not yet printed is gone, and so is the middle of a picture."""
        self._rest, self._raster_left, self._automatic = b"", 0, False
        self._waiting.clear()

    def feed(self, data: bytes) -> None:
        """Take bytes."""
        data = self._rest + data
        self._rest = b""
        start = place = 0
        while place < len(data):
            if self._raster_left:
                step = min(self._raster_left, len(data) - place)
                self._raster_left -= step
                place += step
                continue
            if data[place] not in _LEADS:
                place += 1
                continue
            length = self._length(data[place:])
            if length == 0:
                self._rest = data[place:]
                break
            command = data[place : place + length]
            if command[:2] in (_ASK, _CHANGES) or command[:3] == _MARK:
                self._print(data[start:place])
                self._obey(command)
                start = place + length
            elif command[:2] == _KICK:
                self.set("drawer_high", True)
            elif command[:3] == _RASTER:
                self._raster_left = (command[4] | command[5] << 8) * (command[6] | command[7] << 8)
            place += length
        self._print(data[start:place])

    def status_byte(self, which: int) -> int:
        """Answer to ``DLE EOT which``."""
        state = self._state
        return 0x12 | {
            1: (0 if self.ready else 0x08) | (0x04 if state["drawer_high"] else 0),
            2: (0 if state["cover_closed"] else 0x04) | (0 if state["paper"] else 0x20) | (0x40 if self._error else 0),
            3: self._error,
            4: (0 if state["paper"] else 0x60) | (0x0C if state["paper_low"] else 0),
        }.get(which, 0)

    def automatic_bytes(self) -> bytes:
        """The four bytes of automatic status back."""
        state = self._state
        info = 0x10 | (0 if self.ready else 0x08) | (0 if state["cover_closed"] else 0x20)
        info |= 0x04 if state["drawer_high"] else 0
        sensors = (0 if state["paper"] else 0x0C) | (0x03 if state["paper_low"] else 0)
        return bytes([info, self._error, sensors, 0x0F])

    def _length(self, data: bytes) -> int:
        """Length of the command at the beginning, 1 where it is none that matters, 0 where more must come first."""
        lengths = ((_ASK, 3), (_CHANGES, 3), (_MARK, _MARK_LENGTH), (_RASTER, _RASTER_HEAD), (_KICK, _KICK_LENGTH))
        for head, length in lengths:
            if data.startswith(head):
                return length if len(data) >= length else 0
            if head.startswith(data):
                return 0
        return 1

    def _obey(self, command: bytes) -> None:
        if command[:2] == _ASK:
            if not self.mute:
                self._answer(bytes([self.status_byte(command[2])]))
        elif not self.ready:
            self._waiting.append(command)
        elif command[:2] == _CHANGES:
            self._automatic = command[2] != 0
            if self._automatic and not self.mute:
                self._answer(self.automatic_bytes())
        elif self.marks and not self.mute:
            self._answer(b"\x37\x22" + command[7:] + b"\0")

    def _print(self, data: bytes) -> None:
        if not data:
            return
        if self.ready:
            self.output += data
        else:
            self._waiting.append(data)

    def _has_changed(self) -> None:
        if self._automatic and not self.mute:
            self._answer(self.automatic_bytes())
        waiting, self._waiting = self._waiting, []
        for piece in waiting:
            if piece[:2] == _CHANGES or piece[:3] == _MARK:
                self._obey(piece)
            else:
                self._print(piece)
