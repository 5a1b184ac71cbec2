"""Messages about the terminal itself: sign-on, sign-off, echo, downloads (facts/unionpay.md §3.4, §3.5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from iso8583 import Message
from tools.host.book import Book, Terminal
from tools.host.codes import (
    ACQUIRER_ID,
    APPROVE,
    BAD_MAC,
    FORMAT,
    NOT_SUPPORTED,
    UNKNOWN_TERMINAL,
    WRONG_MERCHANT,
)
from tools.host.downloads import Shelf
from tools.host.request import Request
from tools.host.security import Security

__all__ = ["Management"]

_MTIS = frozenset({"0800", "0820", "0620"})
_SIGN_ON = {"001": (False, False), "003": (True, False), "004": (True, True)}
"""Network code: double-length keys, track key (§2)."""
_SIGN_OFF, _ECHO, _SCRIPT_RESULT = "002", "301", "951"
_ACKNOWLEDGED = frozenset({_ECHO, "362", "371", "381", "391", "401"})


class Management:
    """Answers 0800, 0820 and 0620."""

    def __init__(self, book: Book, security: Security, shelf: Shelf | None, now: Callable[[], datetime]) -> None:
        self._book = book
        self._shelf = shelf
        self._security = security
        self._now = now

    def answer(self, request: Request, forced_code: str = "") -> Message | None:
        """The answer, or None when the message is none of this service; ``forced_code`` declines it undone."""
        if request.mti not in _MTIS:
            return None
        terminal = self._book.terminal(request.terminal)
        if terminal is None:
            return self._reply(request, UNKNOWN_TERMINAL, None)
        if terminal.merchant != request.text(42):
            return self._reply(request, WRONG_MERCHANT, terminal)
        if not request.stan or len(request.text(60)) < 11:
            return self._reply(request, FORMAT, terminal)
        if forced_code:
            return self._reply(request, forced_code, terminal)
        return self._function(request, terminal)

    def _function(self, request: Request, terminal: Terminal) -> Message:
        code = request.network_code
        if request.mti == "0620":
            genuine = 64 in request.message and self._security.verify(terminal.id, request.body)
            return self._reply(request, APPROVE if genuine and code == _SCRIPT_RESULT else BAD_MAC, terminal)
        if request.mti == "0800" and code in _SIGN_ON:
            return self._sign_on(request, terminal)
        if code == _SIGN_OFF:
            with self._book.transaction():
                self._book.signed_on(terminal.id, False)
            return self._reply(request, APPROVE, terminal)
        if code in _ACKNOWLEDGED:
            return self._reply(request, APPROVE, terminal)
        body = self._shelf.answer(code, request.data(62)) if self._shelf is not None else None
        if body is not None:
            return self._reply(request, APPROVE, terminal, {62: body})
        return self._reply(request, NOT_SUPPORTED, terminal)

    def _sign_on(self, request: Request, terminal: Terminal) -> Message:
        double, track = _SIGN_ON[request.network_code]
        cryptograms = self._security.sign_on(terminal.id, double=double, track=track)
        with self._book.transaction():
            self._book.signed_on(terminal.id, True)
        return self._reply(request, APPROVE, terminal, {62: cryptograms})

    def _reply(
        self, request: Request, code: str, terminal: Terminal | None, more: dict[int, str | bytes] | None = None
    ) -> Message:
        """Clock, reference and, in element 60, the batch the host is at (§3.4)."""
        now = self._now()
        elements: dict[int, str | bytes] = {
            element: request.message[element] for element in (11, 41, 42, 60) if element in request.message
        }
        if terminal is not None and request.network_code in _SIGN_ON:
            elements[60] = f"{request.type_code}{terminal.batch:06d}{request.network_code}"
        elements |= {
            12: f"{now:%H%M%S}",
            13: f"{now:%m%d}",
            32: ACQUIRER_ID,
            37: f"{now:%H%M%S}{request.stan:06d}",
            39: code,
            **(more or {}),
        }
        return Message(f"{int(request.mti) + 10:04d}", dict(sorted(elements.items())))
