"""A recording as a replay reads it: what a life began with, and its records in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from config import Settings
from terminal.recording.ring import RecordingError, life_files, read_records
from terminal.recording.seam import Record

__all__ = ["Job", "LifeRecord", "lives_of"]


@dataclass(frozen=True, slots=True)
class Job:
    """Work beside the loop, as it went."""

    fault: list[Any] | None
    readings: list[list[Any]]
    changes: int


@dataclass(slots=True)
class LifeRecord:
    """One life."""

    path: Path
    version: str
    python: str
    wall: str
    now_us: int
    settings: Settings
    copy: bytes = b""
    journal: bytes | None = None
    """Digest of the journal that it began with; empty for none, None when it was not told."""
    records: list[list[Any]] = field(default_factory=list)
    """Turns, readings and outputs in order."""
    jobs: dict[int, Job] = field(default_factory=dict)
    left: str = ""
    """Why the recording goes no further before the life's end; empty when it does."""
    ended: str = ""
    """How the life ended; empty when nobody could write that down."""
    end_journal: bytes | None = None


def lives_of(paths: list[Path]) -> list[LifeRecord]:
    """The lives of files and folders, oldest first. Raises RecordingError."""
    files = [file for path in paths for file in (life_files(path) if path.is_dir() else [path])]
    if not files:
        raise RecordingError(
            "There is no recording there.", "Name a .ctr file or the folder recorder of the state folder."
        )
    return [_life(file) for file in files]


def _life(path: Path) -> LifeRecord:
    life: LifeRecord | None = None
    for kind, *values in read_records(path):
        if kind == Record.LIFE:
            life = _begun(path, values[0])
        elif life is None:
            raise RecordingError(f"{path.name} does not begin with the beginning of a life.")
        elif kind == Record.JOURNAL:
            life.copy, life.journal = values
        elif kind == Record.JOB:
            number, fault, readings, changes = values
            life.jobs[number] = Job(fault, readings, changes)
        elif kind == Record.LEFT:
            life.left = values[0]
        elif kind == Record.END:
            life.ended, life.end_journal = values
        else:
            life.records.append([kind, *values])
    if life is None:
        raise RecordingError(f"{path.name} is empty.", "The life ended before anything of it was written.")
    return life


def _begun(path: Path, begun: dict[str, Any]) -> LifeRecord:
    try:
        settings = msgspec.convert(begun["settings"], Settings)
        return LifeRecord(path, begun["version"], begun["python"], begun["wall"], begun["now_us"], settings)
    except (KeyError, msgspec.ValidationError):
        raise RecordingError(
            f"{path.name} was made by another version: {begun.get('version', 'unknown')}.",
            "Replay it with the version that recorded it.",
        ) from None
