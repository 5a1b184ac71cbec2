"""What becomes of a slot's versions when a new key comes: who retires, who goes, what is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from keys.backends.container import SealedRecord
from keys.backends.sealed_file import SealedFile
from keys.records import KeyRecord, KeyState
from keys.vault_intake import retired
from keys.vault_rules import is_kept_for_late_answers

__all__ = ["OWN_SLOT", "stamp", "tidied"]

OWN_SLOT = "own-data"
"""The terminal's own key, made with the vault, for what must rest sealed elsewhere; not a payment key."""
_RETIRING_HOURS = 24


def stamp(at: datetime) -> str:
    """UTC, ISO 8601, as records carry it."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _expired(record: KeyRecord, at: datetime) -> bool:
    since = datetime.fromisoformat(record.attributes["retired_at"])
    return not since <= at < since + timedelta(hours=_RETIRING_HOURS)


def tidied(file: SealedFile, replaced: set[str], at: datetime, *, erase_others: bool = False) -> list[SealedRecord]:
    """What stays: the replaced version retiring; older ones, those still pending, and those retiring too long, go."""
    kept = []
    for item in file.image.records:
        record = item.record
        if record.slot == OWN_SLOT:
            kept.append(item)
        elif erase_others:
            kept.append(SealedRecord(replace(record, state=KeyState.DESTROYED), b""))
        elif record.slot in replaced and record.state is KeyState.ACTIVE and is_kept_for_late_answers(record):
            with file.unseal(item) as key:
                old = retired(record, stamp(at))
                kept.append(file.seal(old, key))
        elif record.state is KeyState.RETIRING:
            if record.slot not in replaced and not _expired(record, at):
                kept.append(item)
        elif record.slot not in replaced or record.state is KeyState.DESTROYED:
            kept.append(item)
    return _last_destroyed_only(kept)


def _last_destroyed_only(items: list[SealedRecord]) -> list[SealedRecord]:
    """Of what is gone, one record a slot stays, so that no version number is used twice and the file does not grow."""
    last = {item.record.slot: item.record.version for item in items if item.record.state is KeyState.DESTROYED}
    return [
        item
        for item in items
        if item.record.state is not KeyState.DESTROYED or last[item.record.slot] == item.record.version
    ]
