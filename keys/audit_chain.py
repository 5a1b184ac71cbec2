"""The chain of the audit log: lines that can be checked by anybody and forged by nobody, not even afterwards.

Each line holds the sum of the line before it and the public half of the key that signs the line after it; it is signed
(Ed25519) with the key that the line before it announced. A signing key is made from the one before it by a one-way
function and then forgotten: who takes over a terminal today can write what he likes from now on, and change nothing
of yesterday (forward security). Checking needs no secret, only where the chain begins and where it ends; both rest in
the vault. Pure: no disk, no clock.

::

    {"n":7,"at":"2026-11-25T08:00:00+00:00","up":52.1,"event":"key-stored",...,"prev":"…","next":"…","sig":"…"}
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.errors import AuditBroken
from keys.secret import Secret

__all__ = ["LINE_BYTES_MAX", "SEED_BYTES", "AuditLine", "Link", "check", "first_link", "next_line", "next_seed"]

SEED_BYTES = 32
LINE_BYTES_MAX = 4096
_SIGNATURE_BYTES = 64
_TAIL = b',"sig":"'
_END = b'"}'


@dataclass(frozen=True, slots=True)
class Link:
    """Where a chain stands: what the next line must follow, and whose signature it must carry. Not secret."""

    count: int
    """Number of the last line; 0 before the first."""
    sum: str
    """SHA-256 of the last line, hexadecimal; before the first, of the vault's identity."""
    signer: str
    """Public key (Ed25519, hexadecimal) that signs the next line."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line that has been checked."""

    number: int
    at: str
    event: str
    fields: Mapping[str, Any]
    """Everything that was noted, without number, time, event and what belongs to the chain."""


def first_link(store: str, seed: Secret) -> Link:
    """The beginning of the chain of a vault."""
    return Link(0, hashlib.sha256(store.encode("ascii")).hexdigest(), _public(seed))


def next_seed(seed: Secret) -> Secret:
    """The signing key after this one; there is no way back."""
    with seed.open() as clear:
        return Secret(bytearray(hmac.digest(bytes(clear), b"countertop audit: next", "sha256")))


def next_line(link: Link, seed: Secret, event: Mapping[str, Any]) -> tuple[bytes, Link]:
    """The next line without its line end, and where the chain then stands. ``event`` is JSON data without secrets."""
    with next_seed(seed) as following:
        signer = _public(following)
    body = {"n": link.count + 1, **event, "prev": link.sum, "next": signer}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    assert b"\n" not in text and len(text) < LINE_BYTES_MAX - 200
    with seed.open() as clear:
        signature = Ed25519PrivateKey.from_private_bytes(clear).sign(text)
    line = text[:-1] + _TAIL + signature.hex().encode("ascii") + _END
    return line, Link(link.count + 1, hashlib.sha256(line).hexdigest(), signer)


def check(link: Link, lines: Iterable[bytes], name: str) -> tuple[list[AuditLine], Link]:
    """Check lines from ``link`` on; what they say, and where the chain then stands.

    Raises AuditBroken, which names the first line that is not as it was written.
    """
    found = []
    for position, line in enumerate(lines, 1):
        reason, parsed = _check_line(link, line)
        if parsed is None:
            raise AuditBroken(f"{name}, line {position} (number {link.count + 1}): {reason}")
        found.append(parsed)
        link = Link(parsed.number, hashlib.sha256(line).hexdigest(), parsed.fields["next"])
    return [_shown(line) for line in found], link


def _check_line(link: Link, line: bytes) -> tuple[str, AuditLine | None]:
    start = len(line) - len(_END) - 2 * _SIGNATURE_BYTES
    text, signature = line[: max(0, start - len(_TAIL))] + b"}", line[max(0, start) : -len(_END)]
    try:
        if line != text[:-1] + _TAIL + signature + _END or len(line) > LINE_BYTES_MAX:
            raise ValueError
        data = json.loads(text)
        number, at, event = data.pop("n"), data.pop("at"), data.pop("event")
        made = bytes.fromhex(signature.decode("ascii"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "it is not a line of this log.", None
    if number != link.count + 1:
        return f"it has number {number}: lines are missing, doubled or in another order.", None
    if data.get("prev") != link.sum:
        return "it does not follow the line before it.", None
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(link.signer)).verify(made, text)
    except (InvalidSignature, ValueError):
        return "its signature is wrong: it was changed or written by somebody else.", None
    return "", AuditLine(number, at, event, data)


def _shown(line: AuditLine) -> AuditLine:
    fields = {name: value for name, value in line.fields.items() if name not in ("prev", "next")}
    return AuditLine(line.number, line.at, line.event, fields)


def _public(seed: Secret) -> str:
    with seed.open() as clear:
        key = Ed25519PrivateKey.from_private_bytes(clear).public_key()
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
