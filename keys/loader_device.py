"""The key-loading device's end of the line, for loaders, simulators and tests. Sans I/O: questions out, answers in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from keys.errors import KeysError
from keys.loader_link import NONCE_BYTES, PUBLIC_BYTES, Frame, LineFault, Pairing, Seal
from keys.loader_terminal import PROTOCOL_VERSION
from keys.secret import Secret

__all__ = ["LoaderEnd"]


class LoaderEnd:
    """One line. Each method makes the frame of a question; ``answer`` reads what came back."""

    def __init__(self, name: str, random: Callable[[int], bytes]) -> None:
        self._name = name
        self._pairing = Pairing(random)
        self._commitment = ""
        self._arriving: Seal | None = None
        self._leaving: Seal | None = None
        self._number = 0
        self.pairing_number = ""
        """Six digits to compare with the terminal's, once the line is sealed."""

    def hello(self) -> Frame:
        """The first question."""
        said = {"version": PROTOCOL_VERSION, "loader": self._name}
        return self._frame("H", json.dumps(said).encode("ascii"))

    def public(self) -> Frame:
        """The second: our key of this line."""
        return self._frame("P", self._pairing.public)

    def begin(self, plan: Mapping[str, Any]) -> Frame:
        """Which key is to be loaded."""
        return self._sealed("B", json.dumps(dict(plan)).encode("ascii"))

    def component(self, component: Secret) -> Frame:
        """One component, or the whole key."""
        with component.open() as clear:
            return self._sealed("C", clear)

    def state(self) -> Frame:
        """How far the custodians at the terminal are."""
        return self._sealed("S", b"")

    def leave(self) -> Frame:
        """We give up."""
        return self._sealed("X", b"")

    def answer(self, frame: Frame) -> dict[str, Any]:
        """What the terminal says. Raises LineFault, or KeysError with the terminal's own words."""
        match frame.type:
            case "h":
                said = _object(frame.payload)
                self._commitment = str(said.get("commitment"))
            case "p":
                if len(frame.payload) != PUBLIC_BYTES + NONCE_BYTES:
                    raise LineFault("The terminal's key cannot be read.")
                public, nonce = frame.payload[:PUBLIC_BYTES], frame.payload[PUBLIC_BYTES:]
                self.pairing_number, self._arriving, self._leaving = self._pairing.as_loader(
                    public, nonce, self._commitment
                )
                said = {}
            case "e":
                said = _object(frame.payload)
            case _:
                if self._arriving is None:
                    raise LineFault("The terminal answers before the line is sealed.")
                with self._arriving.open(frame.type, frame.payload) as clear, clear.open() as data:
                    said = _object(bytes(data))
                self._arriving = self._arriving.next()
        if "error" in said:
            raise KeysError(str(said["error"]), str(said.get("remedy", "")))
        return said

    def _sealed(self, type: str, clear: bytes | bytearray) -> Frame:
        if self._leaving is None:
            raise LineFault("The line is not sealed yet.")
        frame = self._frame(type, self._leaving.close(type, clear))
        self._leaving = self._leaving.next()
        return frame

    def _frame(self, type: str, payload: bytes) -> Frame:
        self._number = self._number % 255 + 1
        return Frame(self._number, type, payload)


def _object(data: bytes) -> dict[str, Any]:
    try:
        said = json.loads(data)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise LineFault("The terminal's answer cannot be read.")
    return said
