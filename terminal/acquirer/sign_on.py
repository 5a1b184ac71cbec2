"""Sign-on, sign-off and echo test (facts/unionpay.md §3.4, §4)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from iso8583 import Iso8583Error, Message
from keys import KeysError, SignOnForm
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.link import LinkDown, LinkLost
from terminal.acquirer.request import management
from terminal.acquirer.wire import MAC_SLOT, Reply
from terminal.domain.transactions import MANAGEMENT

__all__ = ["PIN_KEY_SETTING", "ManagementResult", "ask_host", "echo", "sign_off", "sign_on", "with_keys"]

_APPROVED = "00"
PIN_KEY_SETTING = "pin_key"
"""Where the PIN key of the last sign-on is noted as it came, under the master key, for a PIN pad to decipher."""
_KCV_BYTES = 4


@dataclass(frozen=True, slots=True)
class ManagementResult:
    """How a management message ended; ``reason`` is a catalogue key."""

    done: bool
    reason: str = ""
    detail: str = ""
    """What a technician reads: an address, a slot name; never a value."""
    check_values: tuple[tuple[str, str], ...] = ()
    """Slot and KCV of each working key taken over at sign-on."""
    effect: str = ""
    """Catalogue key of when what was given takes effect; empty where nothing is to be said of that."""


async def with_keys(acquirer: Acquirer) -> ManagementResult:
    """Working keys of today: at once when they are there, by a sign-on when they are not or are of another day (§10).

    The caller holds ``acquirer.turn``.
    """
    if acquirer.signed_on and acquirer.vault.has(MAC_SLOT):
        since = await acquirer.journal.setting("signed_on_at")
        if not (acquirer.profile.sign_on_daily and since) or since.startswith(acquirer.clock().date().isoformat()):
            return ManagementResult(True)
    return await sign_on(acquirer)


async def sign_on(acquirer: Acquirer) -> ManagementResult:
    """Fetch working keys, batch number and clock from the host.

    The keys are taken over all together or not at all, and only with matching check values.
    A power cut after the keys and before the batch number is met by signing on again.
    The caller holds ``acquirer.turn``.
    """
    profile = acquirer.profile
    form = SignOnForm(profile.pin_key_bytes, profile.mac_field_bytes, profile.track_key)
    kind = "sign-on-track" if profile.track_key else "sign-on"
    result = await ask_host(acquirer, kind)
    if isinstance(result, ManagementResult):
        return result
    message = result.message
    cryptograms = message.get(62)
    if not isinstance(cryptograms, bytes):
        return ManagementResult(False, "reason.no-keys")
    try:
        installed = await acquirer.writer.run(
            lambda: acquirer.vault.unwrap_sign_on(profile.master_key_slot, cryptograms, form, profile.mac_algorithm)
        )
    except KeysError as error:
        await acquirer.journal.note("sign-on refused", type(error).__name__)
        return ManagementResult(False, "reason.keys-refused", str(error))
    await _adopt(acquirer, message)
    await acquirer.journal.set(**{PIN_KEY_SETTING: _pin_key(cryptograms, profile.pin_key_bytes)})
    acquirer.signed_on = True
    return ManagementResult(True, check_values=installed)


def _pin_key(cryptograms: bytes, size: int) -> str:
    """Cryptogram and check value, which stand first in the field (§4)."""
    return f"{cryptograms[:size].hex()}:{cryptograms[size : size + _KCV_BYTES].hex()}"


async def sign_off(acquirer: Acquirer) -> ManagementResult:
    """Tell the host that the shift ends; no sale until the next sign-on."""
    result = await ask_host(acquirer, "sign-off")
    if isinstance(result, ManagementResult):
        return result
    await acquirer.journal.set(signed_on_at="")
    acquirer.signed_on = False
    return ManagementResult(True)


async def echo(acquirer: Acquirer) -> ManagementResult:
    """Ask the host for a sign of life."""
    result = await ask_host(acquirer, "echo")
    return result if isinstance(result, ManagementResult) else ManagementResult(True)


async def ask_host(
    acquirer: Acquirer, name: str, more: Mapping[int, str | bytes] = MappingProxyType({})
) -> Reply | ManagementResult:
    """One message about the terminal itself; the answer, or why there is none. The caller holds ``acquirer.turn``."""
    profile, kind = acquirer.profile, MANAGEMENT[name]
    stan = await acquirer.journal.next_stan()
    batch = int(await acquirer.journal.setting("batch", "1"))
    request = management(kind, stan, batch, acquirer.identity, profile.operator_text(acquirer.operator), more)
    try:
        async with acquirer.link.open() as channel, asyncio.timeout(profile.response_s):
            reply = await acquirer.wire.call(channel, request, mac=False)
    except LinkDown as error:
        return ManagementResult(False, "reason.no-link", str(error))
    except TimeoutError:
        return ManagementResult(False, "reason.no-answer")
    except LinkLost as error:
        return ManagementResult(False, "reason.link-lost", str(error))
    except Iso8583Error as error:
        return ManagementResult(False, "reason.bad-reply", str(error))
    code = reply.message.get(39)
    if code != _APPROVED:
        return ManagementResult(False, f"response.{code if isinstance(code, str) else ''}")
    return reply


async def _adopt(acquirer: Acquirer, message: Message) -> None:
    """Take the host's batch number and clock (§3.4); a batch that holds transactions keeps its number."""
    values = {"signed_on_at": acquirer.clock().isoformat(timespec="seconds")}
    batch = message.get(60)
    wanted = isinstance(batch, str) and acquirer.profile.adopt_batch and batch[2:8].isdecimal() and int(batch[2:8])
    if isinstance(batch, str) and wanted and not await acquirer.journal.of_batch():
        values["batch"] = str(int(batch[2:8]))
    date, time = message.get(13), message.get(12)
    if isinstance(date, str) and isinstance(time, str):
        offset = acquirer.clock.adopt(date, time)
        if offset is not None:
            values["clock_offset_s"] = str(offset)
    await acquirer.journal.set(**values)
