"""A signed bundle: parameters with a version, a moment, and the terminals that they are for.

    countertop-bundle 1
    version = 7
    effective = 2026-12-01T03:00:00+08:00
    terminals = ["10000001", "2*"]
    note = "new host line"
    [parameters]
    host.address = "tcp:10.0.0.2:8583"
    response_s = 45
    signature BASE64

Between the first and the last line it is TOML. It is signed as the stop list is (``terminal/domain/signed_text.py``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config.parameters import UnknownParameter, check_parameter, is_parameter
from terminal.domain.signed_text import Unsigned, sign_text, signed_part
from terminal.service.parameters.change import Refusal, Refused

__all__ = ["Bundle", "make_bundle", "open_bundle", "read_bundle"]

HEAD = b"countertop-bundle 1\n"
BYTES_MAX = 64 << 10
VERSION_MAX = 999_999_999
TERMINALS_MAX = 1000
NOTE_MAX = 120
_KEYS = {"version", "effective", "terminals", "note", "parameters"}
_TERMINAL = re.compile(r"[0-9A-Za-z]{8}|[0-9A-Za-z]{0,7}\*")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle says."""

    version: int
    effective: str
    """ISO 8601, local time of the terminal where it has no offset; empty: at once."""
    terminals: tuple[str, ...]
    """Terminal numbers; ``2*`` means all that begin with 2."""
    note: str
    parameters: Mapping[str, Any]

    def is_for(self, terminal: str) -> bool:
        """Whether a terminal is meant."""
        return any(
            terminal.startswith(name[:-1]) if name.endswith("*") else terminal == name for name in self.terminals
        )


def make_bundle(text: bytes, key: Ed25519PrivateKey) -> bytes:
    """Sign the TOML of a bundle, as its author writes it. Raises Refused when it is none."""
    body = text if text.endswith(b"\n") else text + b"\n"
    read_bundle(HEAD + body)
    return sign_text(HEAD + body, key)


def open_bundle(data: bytes, key: bytes) -> Bundle:
    """A bundle whose signature is right. Raises Refused; nothing of an unsigned one is looked at."""
    if len(data) > BYTES_MAX:
        raise _unreadable(f"it is longer than {BYTES_MAX} bytes")
    try:
        covered = signed_part(data, key)
    except Unsigned:
        raise Refused(
            Refusal.UNSIGNED,
            "The bundle is not signed by the key that this terminal trusts.",
            "Ask its author to sign it; the profile's bundle_key says by whom.",
        ) from None
    return read_bundle(covered)


def read_bundle(covered: bytes) -> Bundle:
    """The signed part of a bundle. Raises Refused, which never quotes it."""
    if not covered.startswith(HEAD):
        raise _unreadable("it does not begin as one")
    try:
        values = tomllib.loads(covered.removeprefix(HEAD).decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        raise _unreadable("it is not TOML between its first and its last line") from None
    unknown = sorted(values.keys() - _KEYS)
    if unknown:
        raise _unreadable(f"it has a key that none has: {unknown[0][:40]!r}")
    version, terminals, note = values.get("version"), values.get("terminals"), values.get("note", "")
    if type(version) is not int or not 1 <= version <= VERSION_MAX:
        raise _unreadable(f"version is not a whole number from 1 to {VERSION_MAX}")
    if not isinstance(terminals, list) or not 1 <= len(terminals) <= TERMINALS_MAX:
        raise _unreadable(f"terminals is not a list of 1 to {TERMINALS_MAX}")
    if not all(isinstance(name, str) and _TERMINAL.fullmatch(name) for name in terminals):
        raise _unreadable('a terminal is not 8 letters or digits, or fewer and a *, such as "2*"')
    if not isinstance(note, str) or len(note) > NOTE_MAX or not note.isprintable():
        raise _unreadable(f"note is not a text of up to {NOTE_MAX} characters")
    parameters = values.get("parameters", {})
    if not isinstance(parameters, dict):
        raise _unreadable("parameters is not a table")
    found = dict(_flat(parameters))
    if not found:
        raise _unreadable("it has no parameters")
    for name in found:
        try:
            check_parameter(name)
        except UnknownParameter as error:
            raise _unreadable(str(error).splitlines()[0]) from None
    return Bundle(version, _effective(values.get("effective", "")), tuple(terminals), note, found)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """``host.address`` may be written as a dotted key, in quotes, or below ``[parameters.host]``."""
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, dict) and not is_parameter(key):
            yield from _flat(value, f"{key}.")
        else:
            yield key, value


def _effective(value: object) -> str:
    if isinstance(value, str) and not value:
        return ""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise _unreadable("effective is not a date and time, such as 2026-12-01T03:00:00+08:00") from None
    return moment.isoformat(timespec="seconds")


def _unreadable(why: str) -> Refused:
    return Refused(Refusal.UNREADABLE, f"This is no bundle that can be used: {why}.", "Ask its author for a new one.")
