"""Tokens: what stands in a recording where a card number stood (PCI DSS 3.4, 3.5; truncation by PCI FAQ 1091).

A token has the number's length, its first six and last four digits where truncation allows that, and a Luhn digit
that is right when the number's was. The digits between come from HMAC-SHA-256 under a key that never leaves the
terminal, so the same card is the same token and nobody gets from the token to the card.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable

from terminal.domain.card import NOT_PAYMENT_PREFIXES, PAN_DIGITS, SHORT_PAN_DIGITS, luhn_valid

__all__ = ["Tokens"]

KEY_BYTES = 32
FIRST_KEPT, LAST_KEPT = 6, 4
HIDDEN_MIN = 2
"""Digits that differ: one alone is fixed by the check digit."""
SHORT_FIRST_KEPT = 1
"""Of a number below 15 digits: the industry alone."""
CODE_FIRST_KEPT = 6
KNOWN_MAX = 4096
"""Cards that are remembered to be found in what the host sends; the oldest is forgotten first."""
_DIGITS = re.compile(rb"\d+")
_EXPIRY_AND_SERVICE = 7
_LIKELY_DIGITS = range(13, 20)


class Tokens:
    """Makes tokens, and finds the numbers it has seen in other data."""

    def __init__(self, key: bytes, shop_prefixes: tuple[str, ...] = ()) -> None:
        self.key = key
        self._shop_prefixes = shop_prefixes
        """First digits of the shop's loyalty cards: they stay, because they decide what is done with one."""
        self._known: OrderedDict[bytes, bytes] = OrderedDict()
        """Token by the digest of its number: the numbers themselves are not kept."""
        self._lengths: set[int] = set()

    def number(self, pan: bytes) -> bytes:
        """Token of a card number in ASCII digits; of digits that are no number only the first stays."""
        if len(pan) not in PAN_DIGITS:
            return pan[:1] + b"0" * (len(pan) - 1)
        return self._token(pan, self._made)

    def _token(self, digits: bytes, make: Callable[[bytes, bytes], bytes]) -> bytes:
        digest = self._digest(digits)
        token = self._known.get(digest)
        if token is None:
            token = self._known[digest] = make(digits, digest)
            self._lengths.add(len(digits))
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        return token

    def _digest(self, digits: bytes) -> bytes:
        return hmac.digest(self.key, digits, hashlib.sha256)

    def _made(self, pan: bytes, digest: bytes) -> bytes:
        text = pan.decode("ascii")
        if text.startswith(NOT_PAYMENT_PREFIXES):
            return pan[:FIRST_KEPT] + b"0" * (len(pan) - FIRST_KEPT)  # a driving licence, refused by its first digits
        first = FIRST_KEPT if len(pan) >= SHORT_PAN_DIGITS else SHORT_FIRST_KEPT
        shop = max((len(prefix) for prefix in self._shop_prefixes if text.startswith(prefix)), default=0)
        first = min(max(first, shop), len(pan) - LAST_KEPT - HIDDEN_MIN)
        hidden, right = len(pan) - first - LAST_KEPT, luhn_valid(text)
        seed = int.from_bytes(digest, "big") % 10**hidden
        while True:  # ends within ten steps: in one place exactly one digit of ten makes the check digit right
            token = f"{text[:first]}{seed:0{hidden}d}{text[-LAST_KEPT:]}"
            if luhn_valid(token) == right and token != text:
                return token.encode("ascii")
            seed = (seed + 1) % 10**hidden

    def track(self, data: bytes) -> bytes:
        """Track 2 with its token; expiry and service code stay, discretionary data become zeros."""
        found = _DIGITS.match(data)
        end = found.end() if found else 0
        return self.number(data[:end]) + _rest(data[end:])

    def track1(self, data: bytes) -> bytes:
        """Track 1 with its token and a name of the same length."""
        head, caret, rest = data[:1], b"^", data[1:].split(b"^")
        if head not in (b"B", b"b") or len(rest) < 2 or not rest[0].isdigit():
            return head + _blank(data[1:])
        name = bytes(byte if byte in b"/ " else ord("X") for byte in rest[1])
        return head + caret.join([self.number(rest[0]), name, *(_rest(b"=" + part)[1:] for part in rest[2:])])

    def track3(self, data: bytes) -> bytes:
        """Track 3: nothing in it is used but its being there."""
        return _blank(data)

    def code(self, digits: bytes) -> bytes:
        """A payment code of digits: its wallet and its last four digits stay."""
        if not digits.isdigit() or len(digits) <= CODE_FIRST_KEPT + LAST_KEPT:
            return b"0" * len(digits)
        return self._token(digits, _code)

    def text(self, text: str) -> str:
        """A text with every known number replaced, wherever it stands in a run of digits, and every likely one."""
        if not any(character.isdigit() for character in text):
            return text
        return _DIGITS.sub(self._unknown, self.replaced(text.encode("utf-8"))).decode("utf-8")

    def _unknown(self, run: re.Match[bytes]) -> bytes:
        """A run of digits that is a card number by its length and its check digit, of whatever card."""
        padding, digits = run.group(), run.group().lstrip(b"0")
        suspect = len(digits) in _LIKELY_DIGITS and luhn_valid(digits.decode("ascii"))
        if not suspect or digits in self._known.values():
            return padding
        return padding[: len(padding) - len(digits)] + self.number(digits)

    def packed(self, data: bytes) -> bytes:
        """Bytes with every known number replaced: as digits, and packed two to a byte from either half."""
        if not self._known:
            return data
        data = self.replaced(data)
        digits = data.hex().encode("ascii")
        washed = self.replaced(digits)
        return bytes.fromhex(washed.decode("ascii")) if washed != digits else data

    def replaced(self, data: bytes) -> bytes:
        """Bytes with every known number replaced where it stands as digits."""
        out, shortest = bytearray(data), min(self._lengths, default=0)
        for run in _DIGITS.finditer(data):
            if run.end() - run.start() < shortest:
                continue
            for length in sorted(self._lengths, reverse=True):
                for start in range(run.start(), run.end() - length + 1):
                    token = self._known.get(self._digest(data[start : start + length]))
                    if token is not None:
                        out[start : start + length] = token
        return bytes(out)


def _code(digits: bytes, digest: bytes) -> bytes:
    hidden = len(digits) - CODE_FIRST_KEPT - LAST_KEPT
    middle = int.from_bytes(digest, "big") % 10**hidden
    return digits[:CODE_FIRST_KEPT] + f"{middle:0{hidden}d}".encode("ascii") + digits[-LAST_KEPT:]


def _rest(rest: bytes) -> bytes:
    """What follows the number on a track: separator, expiry and service code as they are, then zeros for digits."""
    kept, out = 0, bytearray()
    for byte in rest:
        if byte in b"=D^" and kept <= _EXPIRY_AND_SERVICE:
            out.append(byte)
            continue
        kept += 1
        digit = 0x30 <= byte <= 0x39
        out.append(byte if digit and kept <= _EXPIRY_AND_SERVICE else 0x30 if digit else ord("X"))
    return bytes(out)


def _blank(data: bytes) -> bytes:
    return bytes(0x30 if 0x30 <= byte <= 0x39 else byte if byte in b"=^/ " else ord("X") for byte in data)
