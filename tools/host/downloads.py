"""What the host has for terminals to load: parameters, chip data, CA keys, signed lists (facts/unionpay.md §3.5).

Keys and card numbers here are invented. A CA key's modulus is random bytes: it has the form of a key and opens
nothing. The lists are signed with a key that the host makes for itself.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from iso8583.tlv import build_tlv
from tools.host.accounts import DEMO_ACCOUNTS

__all__ = ["Shelf", "signed_list"]

LIST_KEY_FILE = "list-key"
CHUNK_BYTES = 900
_RID = bytes.fromhex("A000000333")
_EXPIRY = b"20351231"
_EXPONENT = b"\x03"
_MODULUS_BYTES = 144
_SALT = "9d1c04be"
_CA_INDEXES = (0xF1, 0xF2)
_STOPPED = {"stolen": "C", "restricted": "D"}
"""Demonstration customers on the stop list: captured, declined."""
_BINS = ("621234 621234 CUP offline", "622200 622299 CUP online")


class Shelf:
    """The bodies of the answers, by the network code of the question."""

    def __init__(self, folder: Path, random: Callable[[int], bytes] = os.urandom) -> None:
        self._key = _list_key(folder / LIST_KEY_FILE, random)
        self.lists = {b"stop": self.signed("stop", 1, _stopped()), b"bin ": self.signed("bin", 1, _BINS)}
        """Lists by the word that asks for them; a test replaces them."""
        self._ca_keys = {_RID + bytes([index]): _ca_key(index) for index in _CA_INDEXES}
        self._chip = {aid: _application(aid) for aid in (_RID + b"\x01\x01\x01", _RID + b"\x01\x01\x02")}

    @property
    def public_key(self) -> str:
        """What a terminal's profile names as ``list_key``."""
        raw = self._key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return raw.hex()

    def signed(self, kind: str, version: int, lines: Iterable[str]) -> bytes:
        """A list under the host's signature."""
        return signed_list(self._key, kind, version, lines)

    def answer(self, network_code: str, asked: bytes) -> bytes | None:
        """Element 62 of the answer; None for a code that is none of these."""
        if network_code == "372":
            members = [_tlv([("9F06", key[:5]), ("9F22", key[5:]), ("DF05", _EXPIRY)]) for key in self._ca_keys]
            return _part(members, asked)
        if network_code == "382":
            return _part([_tlv([("9F06", aid)]) for aid in self._chip], asked)
        if network_code == "370":
            return _one({_tlv([("9F06", k[:5]), ("9F22", k[5:])]): body for k, body in self._ca_keys.items()}, asked)
        if network_code == "380":
            return _one({_tlv([("9F06", aid)]): body for aid, body in self._chip.items()}, asked)
        if network_code == "390":
            return self._chunk(asked)
        return _parameters() if network_code == "360" else None

    def _chunk(self, asked: bytes) -> bytes:
        content = self.lists.get(asked[:4], b"")
        offset = int(asked[4:]) if asked[4:].isdigit() else len(content)
        piece = content[offset : offset + CHUNK_BYTES]
        if not piece:
            return b"0"
        return (b"1" if offset + CHUNK_BYTES >= len(content) else b"2") + piece


def signed_list(key: Ed25519PrivateKey, kind: str, version: int, lines: Iterable[str]) -> bytes:
    """Head, entries, signature over everything before it."""
    covered = "\n".join([f"countertop-list 1 {kind} {version} {_SALT}", *lines, ""]).encode("ascii")
    return covered + b"signature " + base64.b64encode(key.sign(covered)) + b"\n"


def _list_key(path: Path, random: Callable[[int], bytes]) -> Ed25519PrivateKey:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(random(32))
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def _stopped() -> list[str]:
    return [
        f"{hashlib.sha256((_SALT + account.pan).encode('ascii')).hexdigest()[:32]} {_STOPPED[account.name]}"
        for account in DEMO_ACCOUNTS
        if account.name in _STOPPED
    ]


def _part(members: list[bytes], asked: bytes) -> bytes:
    """Members from the number that was asked for on; two questions show how a list goes on."""
    start = int(asked[1:3]) if asked[1:3].isdigit() else 0
    rest = members[start:]
    if not rest:
        return b"0"
    return (b"1" if len(rest) == 1 else b"2") + rest[0]


def _one(bodies: dict[bytes, bytes], asked: bytes) -> bytes:
    body = bodies.get(asked)
    return b"0" if body is None else b"1" + body


def _ca_key(index: int) -> bytes:
    modulus = b"".join(hashlib.sha256(bytes([index, part])).digest() for part in range(5))[:_MODULUS_BYTES]
    digest = hashlib.sha1(_RID + bytes([index]) + modulus + _EXPONENT, usedforsecurity=False).digest()
    return _tlv(
        [
            ("9F06", _RID), ("9F22", bytes([index])), ("DF05", _EXPIRY), ("DF06", b"\x01"), ("DF07", b"\x01"),
            ("DF02", modulus), ("DF04", _EXPONENT), ("DF03", digest),
        ]
    )  # fmt: skip


def _application(aid: bytes) -> bytes:
    return _tlv(
        [
            ("9F06", aid), ("DF01", b"\x00"), ("9F08", b"\x00\x30"), ("DF11", bytes.fromhex("D84000A800")),
            ("DF12", bytes.fromhex("D84004F800")), ("DF13", bytes.fromhex("0010000000")),
            ("9F1B", bytes.fromhex("00000000")), ("DF15", bytes.fromhex("00000000")), ("DF16", b"\x99"),
            ("DF17", b"\x99"), ("DF14", bytes.fromhex("9F3704")), ("DF18", b"\x01"),
            ("9F7B", bytes.fromhex("000000100000")), ("DF19", bytes.fromhex("000000100000")),
            ("DF20", bytes.fromhex("000000500000")), ("DF21", bytes.fromhex("000000100000")),
        ]
    )  # fmt: skip


def _tlv(objects: Iterable[tuple[str, bytes]]) -> bytes:
    return build_tlv((bytes.fromhex(tag), value) for tag, value in objects)


def _parameters() -> bytes:
    """Waiting time, tries, tip, functions, the merchant's name: tag and value of fixed length."""
    name = "示范商店 Corner Shop".encode("gb18030").ljust(40)
    return b"1260" + b"133" + b"180" + b"1910" + b"201" + b"211" + b"22" + name + b"233" + b"240"
