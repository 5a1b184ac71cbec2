"""The doctor on the machine itself: files, disk, clock, certificate files, keys."""

from __future__ import annotations

import asyncio
import os
import pwd
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keys import KeysError, open_vault
from keys.errors import (
    PermissionsUnsafe,
    SelfTestFailed,
    VaultAbsent,
    VaultCorrupt,
    VaultErased,
    VaultInUse,
)
from keys.self_test import run_self_tests
from terminal.acquirer.tls import TlsTrouble, tls_context
from terminal.clock import TerminalClock
from terminal.journal import InlineWriter, Journal, JournalError, JournalFault
from terminal.journal.database import FREE_BYTES_MIN, JOURNAL_NAME, LOCAL_STORAGE
from terminal.keyring import protector_for
from terminal.service.doctor import RUNNING, UNUSED, Found, NotTried, Patient, Step

__all__ = ["MACHINE_STEPS"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_FUTURE = timedelta(hours=26)
"""A file's date may be this far ahead: a clock that was set back by a time zone is no fault."""
_STANDING = timedelta(days=60)
"""A terminal that nothing was written in for so long was out of use, or its clock is ahead."""
_JOURNAL_FAULTS = {
    JournalFault.DAMAGED: "journal-damaged",
    JournalFault.VERSION: "journal-newer",
    JournalFault.UNUSABLE: "journal-unusable",
    JournalFault.WRITE: "journal-unusable",
}


async def _state(patient: Patient) -> str:
    folder = Path(patient.settings.terminal.state_dir)
    try:
        found = folder.stat()
    except OSError:
        raise Found("state-absent", str(folder)) from None
    if not stat.S_ISDIR(found.st_mode):
        raise Found("state-absent", str(folder))
    if found.st_uid != os.geteuid():
        raise Found("state-user", _user(found.st_uid))
    patient.may_write = True
    patient.written = max((moment for moment, _ in _written(folder)), default=None)
    if found.st_mode & _OTHERS:
        raise Found("state-open", str(folder))
    return str(folder)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"


async def _space(patient: Patient) -> str:
    folder = Path(patient.settings.terminal.state_dir)
    try:
        free = LOCAL_STORAGE.free_bytes(folder)
    except OSError:
        raise NotTried from None
    if free < FREE_BYTES_MIN:
        patient.may_write = False
        raise Found("disk-full", str(folder))
    return f"{free // 1_000_000} MB"


async def _journal(patient: Patient) -> str:
    """Opens the journal as the terminal does; a terminal that runs holds it, which is no fault."""
    if not patient.may_write:
        raise NotTried
    path = Path(patient.settings.terminal.state_dir) / JOURNAL_NAME
    try:
        journal = await Journal.open(path, InlineWriter(), TerminalClock(patient.wall))
    except JournalError as error:
        if error.fault is JournalFault.HELD:
            patient.running = True
            raise NotTried(RUNNING) from None
        raise Found(_JOURNAL_FAULTS[error.fault]) from None
    patient.closing.push_async_callback(journal.close)
    patient.journal = journal
    return ""


async def _clock(patient: Patient) -> str:
    """Against what was certainly written in the past: the files of the state folder, the terminal's certificates."""
    now = patient.wall()
    for moment, name in (*_written(Path(patient.settings.terminal.state_dir)), *_begun(patient)):
        if moment - now > _FUTURE:
            raise Found("clock-behind", f"{name}, {moment:%Y-%m-%d}")
    if patient.written is not None and now - patient.written > _STANDING:
        raise Found("clock-ahead", f"{(now - patient.written).days} d")
    return f"{now:%Y-%m-%d %H:%M}"


def _written(folder: Path) -> list[tuple[datetime, str]]:
    try:
        return [(datetime.fromtimestamp(item.stat().st_mtime), item.name) for item in os.scandir(folder)]
    except OSError:
        return []


def _begun(patient: Patient) -> list[tuple[datetime, str]]:
    return [(_local(begin), name) for begin, _, name in _validity(patient)]


def _local(moment: datetime) -> datetime:
    return moment.astimezone().replace(tzinfo=None)


def _validity(patient: Patient) -> list[tuple[datetime, datetime, str]]:
    """Begin, end and file of each certificate that can be read; what cannot is found by the TLS context."""
    tls = patient.settings.host.tls
    if tls is None:
        return []
    from cryptography import x509  # a plain line needs none of it

    found = []
    for path in (tls.ca, tls.certificate):
        try:
            several = x509.load_pem_x509_certificates(Path(path).read_bytes()) if path else []
        except (OSError, ValueError):
            continue
        found += [(one.not_valid_before_utc, one.not_valid_after_utc, Path(path or "").name) for one in several]
    return found


async def _certificates(patient: Patient) -> str:
    tls = patient.settings.host.tls
    if tls is None:
        raise NotTried(UNUSED)
    try:
        patient.context = tls_context(tls)
    except TlsTrouble as error:
        raise Found("certificate-file", str(error).rstrip(".")) from None
    now = patient.wall().astimezone(UTC)
    ends = [(end, name) for _, end, name in _validity(patient)]
    for end, name in ends:
        if end < now:
            raise Found("certificate-expired", f"{name}, {end:%Y-%m-%d}")
    return f"{min(ends)[0]:%Y-%m-%d}" if ends else ""


async def _self_test(_: Patient) -> str:
    try:
        await asyncio.to_thread(run_self_tests)
    except SelfTestFailed:
        raise Found("self-test") from None
    return ""


async def _vault(patient: Patient) -> str:
    """Opened to look; only where this terminal is not running also to sign on."""
    if not patient.may_write:
        raise NotTried
    settings = patient.settings
    path = Path(settings.keys.path)
    look_only = patient.journal is None
    try:
        protector = await asyncio.to_thread(protector_for, settings.keys)
        patient.vault = await asyncio.to_thread(
            lambda: open_vault(path, protector, settings.terminal.environment, read_only=look_only)
        )
    except VaultInUse:
        patient.running = True
        raise NotTried(RUNNING) from None
    except VaultAbsent:
        raise Found("vault-absent") from None
    except PermissionsUnsafe:
        raise Found("vault-open", str(path)) from None
    except (VaultErased, VaultCorrupt):
        raise Found("vault-damaged") from None
    except KeysError:
        raise Found("vault-credential") from None
    patient.closing.callback(patient.vault.close)
    return settings.keys.protector


async def _master_key(patient: Patient) -> str:
    if patient.vault is None:
        raise NotTried(RUNNING) if patient.running else NotTried
    slot = patient.settings.acquirer_profile.master_key_slot
    if not patient.vault.has(slot):
        raise Found("master-key-absent", slot)
    return slot


MACHINE_STEPS = (
    Step("files", "state", _state),
    Step("disk", "space", _space),
    Step("disk", "journal", _journal),
    Step("clock", "clock", _clock),
    Step("certificates", "certificate-files", _certificates),
    Step("keys", "self-test", _self_test),
    Step("keys", "vault", _vault),
    Step("keys", "master-key", _master_key),
)
