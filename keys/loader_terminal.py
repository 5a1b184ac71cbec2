"""The terminal's end of a key-loading line: what each question of the device means, and how it is answered.

Sans I/O: ``receive`` takes bytes and gives bytes. What happens to keys is decided elsewhere (``Desk`` below: the
ceremony); this end checks that questions come in their order and are genuine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from keys.ceremony_plan import Plan, Way
from keys.errors import CeremonyRefused, KeysError
from keys.loader_link import PUBLIC_BYTES, Frame, FrameReader, LineFault, Pairing, Seal, encode_frame
from keys.secret import Secret

__all__ = ["PROTOCOL_VERSION", "LoaderDesk", "TerminalEnd"]

PROTOCOL_VERSION = 1
_PLAN_FIELDS = {
    "slot": str,
    "usage": str,
    "algorithm": str,
    "length_bytes": int,
    "components": int,
    "expected_kcv": str,
    "kcv_method": str,
    "mode": str,
    "mac_algorithm": str,
    "ksn": str,
    "label": str,
}


class LoaderDesk(Protocol):
    """Who answers for the terminal; each method gives what the device is told, without any secret."""

    def paired(self, number: str) -> None:
        """The line is sealed; people compare this number."""

    def offered(self, plan: Plan) -> Mapping[str, Any]:
        """The device wants to load this key. Raises KeysError when that cannot be."""

    def arrived(self, component: Secret) -> Mapping[str, Any]:
        """A component, or the whole key; it is taken over. Raises KeysError out of turn."""

    def state(self) -> Mapping[str, Any]:
        """How the ceremony stands."""

    def left(self) -> Mapping[str, Any]:
        """The device gives up."""


class TerminalEnd:
    """One line, from the first frame to the last."""

    def __init__(self, identity: Mapping[str, str], desk: LoaderDesk, random: Callable[[int], bytes]) -> None:
        self._identity, self._desk, self._random = dict(identity), desk, random
        self._reader = FrameReader()
        self._pairing: Pairing | None = None
        self._arriving: Seal | None = None
        self._leaving: Seal | None = None
        self._answered: tuple[Frame, bytes] | None = None
        self._questions: Mapping[str, Callable[[bytes], tuple[str, bytes]]] = {
            "H": self._hello,
            "P": self._public,
            "B": self._sealed("B", self._begin),
            "C": self._sealed("C", self._component),
            "S": self._sealed("S", self._state),
            "X": self._sealed("X", self._leave),
        }

    @property
    def damaged(self) -> int:
        """How often the line brought noise instead of a frame."""
        return self._reader.damaged

    def rest(self) -> None:
        """The line has been silent for a while."""
        self._reader.rest()

    def receive(self, data: bytes) -> bytes:
        """What to send back for what has arrived; empty when nothing is due."""
        return b"".join(self._answer(frame) for frame in self._reader.feed(data))

    def wipe(self) -> None:
        """Forget the line's keys."""
        for seal in (self._arriving, self._leaving):
            if seal is not None:
                seal.key.wipe()
        self._arriving = self._leaving = self._pairing = None

    # -- inside

    def _answer(self, frame: Frame) -> bytes:
        if self._answered is not None and self._answered[0] == frame:
            return self._answered[1]
        question = self._questions.get(frame.type)
        try:
            if question is None:
                raise LineFault(f"There is no question {frame.type!r}.")
            type, payload = question(frame.payload)
        except KeysError as fault:
            type, payload = "e", _json({"error": str(fault), "remedy": fault.remedy})
        answer = encode_frame(Frame(frame.number, type, payload))
        self._answered = (frame, answer)
        return answer

    def _hello(self, payload: bytes) -> tuple[str, bytes]:
        """A new line begins: whatever was before is forgotten."""
        said = _object(payload)
        if said.get("version") != PROTOCOL_VERSION:
            raise LineFault(f"This terminal speaks version {PROTOCOL_VERSION} of the key-loading protocol.")
        self.wipe()
        self._pairing = Pairing(self._random)
        told = {"version": PROTOCOL_VERSION, **self._identity, "commitment": self._pairing.commitment}
        return "h", _json(told)

    def _public(self, payload: bytes) -> tuple[str, bytes]:
        pairing = self._pairing
        if pairing is None or len(payload) != PUBLIC_BYTES:
            raise LineFault("A key came out of turn.")
        number, self._arriving, self._leaving = pairing.as_terminal(payload)
        self._pairing = None
        self._desk.paired(number)
        return "p", pairing.public + pairing.nonce

    def _sealed(
        self, type: str, carry_out: Callable[[Secret], Mapping[str, Any]]
    ) -> Callable[[bytes], tuple[str, bytes]]:
        def question(payload: bytes) -> tuple[str, bytes]:
            if self._arriving is None or self._leaving is None:
                raise LineFault("The line is not sealed yet.")
            clear = self._arriving.open(type, payload)
            self._arriving = self._arriving.next()
            try:
                told = carry_out(clear)
            except KeysError as fault:
                told = {"error": str(fault), "remedy": fault.remedy}
            finally:
                clear.wipe()
            sealed = self._leaving.close(type.lower(), _json(told))
            self._leaving = self._leaving.next()
            return type.lower(), sealed

        return question

    def _begin(self, clear: Secret) -> Mapping[str, Any]:
        with clear.open() as data:
            said = _object(bytes(data))
        unknown = set(said) - set(_PLAN_FIELDS)
        wrong = [name for name, kind in _PLAN_FIELDS.items() if name in said and type(said[name]) is not kind]
        if unknown or wrong or "slot" not in said:
            raise CeremonyRefused("The device describes its key in words that are not known here.")
        plan = Plan(way=Way.LOADER, **said)
        plan.check()
        return self._desk.offered(plan)

    def _component(self, clear: Secret) -> Mapping[str, Any]:
        with clear.open() as data:
            return self._desk.arrived(Secret(bytearray(data)))

    def _state(self, clear: Secret) -> Mapping[str, Any]:
        return self._desk.state()

    def _leave(self, clear: Secret) -> Mapping[str, Any]:
        return self._desk.left()


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _object(data: bytes) -> dict[str, Any]:
    try:
        said = json.loads(data)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise LineFault("A message of the device cannot be read.")
    return said
