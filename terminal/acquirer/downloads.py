"""Downloads: terminal parameters, chip applications and CA keys, stop list and BIN table (facts/unionpay.md §3.5).

A set is fetched whole, checked, and only then put in place of the one before; a fetch that breaks off changes
nothing. Lists must be signed by the acquirer, and never go back to an older version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

from iso8583 import Iso8583Error, Message
from iso8583.tlv import build_tlv, parse_tlv
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.sign_on import ManagementResult, ask_host
from terminal.domain.card_lists import BinTable, ListRefused, StopList, read_list
from terminal.domain.parameters import parse_parameters

__all__ = ["DOWNLOADS", "load_lists", "report_status"]

LIST_BYTES_MAX = 4 << 20
KEYS_MAX = 100
_NONE, _LAST, _MORE = ord("0"), (ord("1"), ord("3")), ord("2")
"""Control character at the beginning of element 62."""
_RID, _INDEX, _MODULUS, _EXPONENT, _DIGEST = b"\x9f\x06", b"\x9f\x22", b"\xdf\x02", b"\xdf\x04", b"\xdf\x03"
_LISTS = {"stop": b"stop", "bin": b"bin "}


async def fetch_parameters(acquirer: Acquirer) -> ManagementResult:
    """Terminal parameters, as tags and values.

    Those that apply here take effect as any changed parameter does; all are kept for the technician, who sees them
    under 6 Print, 6 Parameters.
    """
    content = await _fetched(acquirer, "parameters", b"")
    if isinstance(content, ManagementResult):
        return content
    try:
        found = parse_parameters(content)
    except ValueError:
        return ManagementResult(False, "reason.bad-reply")
    # The change first: a power cut before the next line leaves a download that is made again, and changes nothing new.
    effect = await acquirer.parameters.take(found) if acquirer.parameters is not None else ""
    await acquirer.journal.downloads.keep("parameters", 0, content)
    return ManagementResult(True, detail=str(len(found)), effect=effect)


async def fetch_ca_keys(acquirer: Acquirer) -> ManagementResult:
    """CA public keys for chip cards; each must match its own SHA-1 (EMV Book 2 §11.2)."""
    return await _fetch_set(acquirer, "ca-key", (_RID, _INDEX), _ca_key_is_whole)


async def fetch_chip(acquirer: Acquirer) -> ManagementResult:
    """Applications of chip cards and their limits."""
    return await _fetch_set(acquirer, "chip", (_RID,), lambda values: _RID in values)


async def fetch_lists(acquirer: Acquirer) -> ManagementResult:
    """Stop list and BIN table; in force from here on."""
    key = bytes.fromhex(acquirer.profile.list_key)
    if not key:
        return ManagementResult(False, "list.no-key")
    taken = []
    for name, word in _LISTS.items():
        content = await _parts(acquirer, word)
        if isinstance(content, ManagementResult):
            return content
        if not content:
            continue
        try:
            found = read_list(content, key)
        except ListRefused as refusal:
            await acquirer.journal.note("list refused", f"{name} {refusal.reason}")
            return ManagementResult(False, refusal.reason)
        known = await acquirer.journal.downloads.of(name)
        if known is not None and found.version < known.version:
            await acquirer.journal.note("list refused", f"{name} {found.version} after {known.version}")
            return ManagementResult(False, "list.older")
        await acquirer.journal.downloads.keep(name, found.version, content)
        taken.append(f"{name} {found.version}")
    await ask_host(acquirer, "card-list-end")
    await load_lists(acquirer)
    return ManagementResult(True, detail=", ".join(taken))


async def load_lists(acquirer: Acquirer) -> None:
    """Put the lists of the journal into force; one that does not verify any more is left out and noted."""
    key = bytes.fromhex(acquirer.profile.list_key)
    for name in _LISTS:
        known = await acquirer.journal.downloads.of(name)
        if known is None or not key:
            continue
        try:
            found = read_list(known.content, key)
        except ListRefused as refusal:
            await acquirer.journal.note("list refused", f"{name} {refusal.reason}")
            continue
        if isinstance(found, StopList):
            acquirer.lists = replace(acquirer.lists, stop=found)
        elif isinstance(found, BinTable):
            acquirer.lists = replace(acquirer.lists, bins=found)


async def report_status(acquirer: Acquirer) -> ManagementResult:
    """Tell the host what this terminal is: its serial number and the versions of what it was given."""
    words = [acquirer.identity.serial_number]
    for name in ("parameters", "chip", "ca-key", *_LISTS):
        known = await acquirer.journal.downloads.of(name)
        words.append(f"{name}={known.version if known else '-'}")
    result = await ask_host(acquirer, "status", {62: " ".join(words).encode("ascii")})
    return result if isinstance(result, ManagementResult) else ManagementResult(True)


DOWNLOADS: dict[str, Callable[[Acquirer], Awaitable[ManagementResult]]] = {
    "parameters": fetch_parameters,
    "chip": fetch_chip,
    "ca-keys": fetch_ca_keys,
    "lists": fetch_lists,
}
"""By the name of the menu's text."""


async def _fetch_set(
    acquirer: Acquirer, name: str, keys: tuple[bytes, ...], whole: Callable[[dict[bytes, bytes]], bool]
) -> ManagementResult:
    """Ask which members there are, fetch each, take over all or none."""
    listed = await _listed(acquirer, f"{name}-list", keys)
    if isinstance(listed, ManagementResult):
        return listed
    content = bytearray()
    for member in listed:
        body = await _fetched(acquirer, name, member)
        if isinstance(body, ManagementResult):
            return body
        try:
            values = dict(parse_tlv(body))
        except Iso8583Error:
            return ManagementResult(False, "reason.bad-reply")
        if not whole(values):
            return ManagementResult(False, "download.damaged")
        content += len(body).to_bytes(2, "big") + body
    ended = await ask_host(acquirer, f"{name}-end")
    if isinstance(ended, ManagementResult):
        return ended
    await acquirer.journal.downloads.keep(name, len(listed), bytes(content))
    return ManagementResult(True, detail=str(len(listed)))


async def _listed(acquirer: Acquirer, name: str, keys: tuple[bytes, ...]) -> list[bytes] | ManagementResult:
    """Identifiers of the members of a set; each list begins anew with its first key."""
    found: list[bytes] = []
    while len(found) < KEYS_MAX:
        reply = await ask_host(acquirer, name, {62: b"1%02d" % len(found)})
        if isinstance(reply, ManagementResult):
            return reply
        control, body = _controlled(reply.message)
        if control == _NONE:
            return found
        try:
            values = [(tag, value) for tag, value in parse_tlv(body) if tag in keys]
        except Iso8583Error:
            return ManagementResult(False, "reason.bad-reply")
        if control is None or not values or len(values) % len(keys):
            return ManagementResult(False, "reason.bad-reply")
        found += [build_tlv(values[at : at + len(keys)]) for at in range(0, len(values), len(keys))]
        if control in _LAST:
            return found
    return ManagementResult(False, "reason.bad-reply")


async def _fetched(acquirer: Acquirer, name: str, asked: bytes) -> bytes | ManagementResult:
    """One body; for parameters the whole element, for members what stands behind the control character."""
    reply = await ask_host(acquirer, name, {62: asked} if asked else {})
    if isinstance(reply, ManagementResult):
        return reply
    if not asked:
        body = reply.message.get(62)
        return body if isinstance(body, bytes) else ManagementResult(False, "reason.bad-reply")
    control, body = _controlled(reply.message)
    return body if control in _LAST else ManagementResult(False, "download.damaged")


async def _parts(acquirer: Acquirer, word: bytes) -> bytes | ManagementResult:
    """A list from all of its parts; empty when the host has none."""
    content = bytearray()
    while len(content) < LIST_BYTES_MAX:
        reply = await ask_host(acquirer, "card-list", {62: word + b"%08d" % len(content)})
        if isinstance(reply, ManagementResult):
            return reply
        control, body = _controlled(reply.message)
        if control == _NONE:
            return bytes(content)
        if control is None or not body:
            return ManagementResult(False, "reason.bad-reply")
        content += body
        if control in _LAST:
            return bytes(content)
    return ManagementResult(False, "list.too-long")


def _controlled(message: Message) -> tuple[int | None, bytes]:
    """Control character and the rest of element 62."""
    value = message.get(62)
    if not isinstance(value, bytes) or not value or value[0] not in (_NONE, _MORE, *_LAST):
        return None, b""
    return value[0], value[1:]


def _ca_key_is_whole(values: dict[bytes, bytes]) -> bool:
    needed = (_RID, _INDEX, _MODULUS, _EXPONENT, _DIGEST)
    if any(tag not in values for tag in needed):
        return False
    covered = values[_RID] + values[_INDEX] + values[_MODULUS] + values[_EXPONENT]
    return hashlib.sha1(covered, usedforsecurity=False).digest() == values[_DIGEST]
