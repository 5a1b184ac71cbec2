"""One connection of a till, without I/O: bytes in, messages up, immediate answers back.

Where there is a key, nothing goes up before the till has proven to know it: the terminal gives a challenge, the till
sends HMAC-SHA-256 of it. The key itself is never on the line.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from terminal.ecr.answers import Condition, answer, failure, rejection
from terminal.ecr.frames import LineReader, TooLong
from terminal.ecr.messages import Fault, Login, Reject, Request, read

__all__ = ["KEY_BYTES", "Conversation", "Heard", "proof_of"]

KEY_BYTES, CHALLENGE_BYTES = 32, 16
WRONG_MAX = 3
"""Lines in a row that no till sends, and wrong proofs; then the connection is closed."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came from a till: a request, or None when its connection has gone."""

    peer: int
    request: Request | None


def proof_of(key: bytes, challenge: str, sale_id: str, poi_id: str) -> str:
    """What a till proves with that it knows the key: for this connection, this till and this terminal only."""
    return hmac.digest(key, f"{challenge}\n{sale_id}\n{poi_id}".encode(), "sha256").hex()


@dataclass(slots=True)
class Conversation:
    """``up`` takes requests, ``back`` bytes for the till."""

    up: Callable[[Request], None]
    back: Callable[[bytes], None]
    key: bytes | None
    random: Callable[[int], bytes]
    wrong: int = 0
    """Beyond ``WRONG_MAX`` what is no message gets no answer."""
    _lines: LineReader = field(default_factory=LineReader)
    _challenge: str = ""
    _proven: set[str] = field(default_factory=set)

    @property
    def over(self) -> bool:
        """Whether the other end is no till; a connection of its own is closed then."""
        return self.wrong > WRONG_MAX

    @property
    def admitted(self) -> bool:
        """Whether a till has proven itself, or need not."""
        return self.key is None or bool(self._proven)

    def feed(self, data: bytes) -> None:
        """Bytes have come."""
        for line in self._lines.feed(data):
            self._heard(Reject(Fault.TOO_LONG) if isinstance(line, TooLong) else read(line))

    def _heard(self, message: Request | Reject) -> None:
        if isinstance(message, Reject):
            # A till whose software has a fault may go on asking. What is no message at all may be our own answer,
            # echoed by the other end: it is not answered for ever.
            self.wrong = self.wrong + 1 if message.header is None else 0
            if self.wrong <= WRONG_MAX:
                self.back(rejection(message))
        elif self.key is None or self._is_proven(message, self.key):
            self.wrong = 0
            self.up(message)

    def _is_proven(self, request: Request, key: bytes) -> bool:
        header, body = request.header, request.body
        if isinstance(body, Login) and body.proof is not None and self._challenge:
            wanted = proof_of(key, self._challenge, header.sale_id, header.poi_id)
            self._challenge = ""
            if hmac.compare_digest(wanted, body.proof):
                self._proven.add(header.sale_id)
                return True
            self.wrong += 1
        elif header.sale_id in self._proven:
            return True
        self._challenge = self.random(CHALLENGE_BYTES).hex()
        text = "Log in with the proof of this challenge: docs/integrator/ecr.md."
        body_ = failure(Condition.NOT_ALLOWED, "login-first", text, Challenge=self._challenge)
        self.back(answer(header, body_))
        return False
