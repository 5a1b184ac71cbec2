"""A disk that loses power: SQLite on a VFS in memory whose unsynced sectors may or may not reach the platter.

Every write, truncate, delete and sync is an operation with a number; power can be cut at any of them.
After the cut every call fails, and ``platter`` says what the next start finds: all that was
synced, and of the rest none, all or a random part of the 512-byte sectors.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import apsw

from terminal.journal.database import Storage
from tools.simulation.canaries import contains
from tools.simulation.power import DiskFault, Power, PowerCut

__all__ = ["PLATTERS", "Disk", "Platter"]

SECTOR_BYTES = 512
FREE_BYTES = 1 << 30
PLATTERS = ("none", "all", "random")
"""How much of what was not synced is found after a cut."""
Platter = dict[str, bytes]
"""Files by name as a start finds them."""


@dataclass(slots=True)
class _File:
    live: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes] | int] = field(default_factory=list)
    """Writes as (offset, data) and truncations as sizes, in order, since the last sync."""
    synced: list[tuple[int, int]] = field(default_factory=list)
    """Where the last sync wrote, as (offset, end): what is looked for is mostly there."""


class Disk:
    """Files of one machine in one life."""

    _names = 0

    def __init__(self, power: Power, files: Platter | None = None) -> None:
        self._files = {name: _File(bytearray(data), bytearray(data)) for name, data in (files or {}).items()}
        self.power = power
        self.free_bytes = FREE_BYTES
        """What the file system says is left."""
        Disk._names += 1
        self._vfs = _Vfs(f"disk-{Disk._names}", self)
        self._connections: list[apsw.Connection] = []

    @property
    def storage(self) -> Storage:
        """The disk as the journal takes it."""
        return Storage(self._connect, lambda folder: self.free_bytes)

    def _connect(self, path: Path) -> sqlite3.Connection:
        connection = _Connection(path.name, self._vfs.name)
        self._connections.append(connection.whole)
        return cast(sqlite3.Connection, connection)

    def step(self) -> None:
        """Count one operation. Raises PowerCut, or apsw's error for a disk that is full or worn."""
        fault = self.power.step()
        if fault is DiskFault.FULL:
            raise apsw.FullError("simulated: the disk is full")
        if fault is DiskFault.IO_ERROR:
            raise apsw.IOError("simulated: the disk is worn")

    def platter(self, mode: str, rng: random.Random) -> Platter:
        """What the next start finds. ``mode``: one of PLATTERS."""
        return {name: bytes(_settled(file, mode, rng)) for name, file in self._files.items()}

    def holds(self, pattern: bytes) -> bool:
        """Whether bytes that were synced, in any file, contain a pattern."""
        files = self._files.values()
        if any(file.durable.find(pattern, *place) >= 0 for file in files for place in file.synced):
            return True
        return any(contains(file.durable, pattern) for file in files)

    def images(self) -> Iterator[tuple[str, bytes]]:
        """Every file as programs see it, and what the platter has in other places or otherwise."""
        for name, file in self._files.items():
            yield name, bytes(file.live)
            for change in file.pending:
                start, end = (change, None) if isinstance(change, int) else (change[0], change[0] + len(change[1]))
                around = slice(max(0, start - SECTOR_BYTES), None if end is None else end + SECTOR_BYTES)
                yield name, bytes(file.durable[around])

    def close(self) -> None:
        """End of the life: connections are dropped without another write, and the file system is forgotten."""
        self.power.cut()
        for connection in self._connections:
            try:
                connection.close(True)
            except (apsw.Error, PowerCut):
                continue
        self._connections.clear()
        self._vfs.unregister()


def _settled(file: _File, mode: str, rng: random.Random) -> bytearray:
    data = bytearray(file.durable)
    for change in file.pending:
        if isinstance(change, int):
            if mode == "all" or (mode == "random" and rng.random() < 0.5):
                _resize(data, change)
            continue
        offset, written = change
        for start in range(0, len(written), SECTOR_BYTES):
            if mode == "all" or (mode == "random" and rng.random() < 0.5):
                _put(data, offset + start, written[start : start + SECTOR_BYTES])
    return data


def _put(data: bytearray, offset: int, written: bytes) -> None:
    if len(data) < offset:
        data.extend(bytes(offset - len(data)))
    data[offset : offset + len(written)] = written


def _resize(data: bytearray, size: int) -> None:
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


class _Vfs(apsw.VFS):
    def __init__(self, name: str, disk: Disk) -> None:
        self.name = name
        self._disk = disk
        super().__init__(name, base="")

    def xFullPathname(self, name: str) -> str:
        return name

    def xAccess(self, pathname: str, flags: int) -> bool:
        return pathname in self._disk._files

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._disk.step()
        self._disk._files.pop(filename, None)

    def xOpen(self, name: Any, flags: list[int]) -> _VfsFile:  # type: ignore[override]  # a file of our own
        filename = name.filename() if isinstance(name, apsw.URIFilename) else name
        flags[1] = flags[0]
        return _VfsFile(self._disk, self._disk._files.setdefault(filename, _File()))


class _VfsFile:
    def __init__(self, disk: Disk, file: _File) -> None:
        self._disk = disk
        self._file = file

    def xRead(self, amount: int, offset: int) -> bytes:
        if self._disk.power.dead:
            raise PowerCut
        return bytes(self._file.live[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.step()
        _put(self._file.live, offset, data)
        self._file.pending.append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        self._disk.step()
        _resize(self._file.live, size)
        self._file.pending.append(size)

    def xSync(self, flags: int) -> None:
        self._disk.step()
        if self._file.pending:
            self._file.synced.clear()
        for change in self._file.pending:
            if isinstance(change, int):
                _resize(self._file.durable, change)
            else:
                offset, written = change
                _put(self._file.durable, offset, written)
                self._file.synced.append((offset, offset + len(written)))
        self._file.pending.clear()

    def xFileSize(self) -> int:
        return len(self._file.live)

    def xLock(self, level: int) -> None:
        return None

    def xUnlock(self, level: int) -> None:
        return None

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return SECTOR_BYTES

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xClose(self) -> None:
        return None


class _Connection:
    """The few calls of ``sqlite3.Connection`` that the journal makes, on apsw."""

    def __init__(self, path: str, vfs: str) -> None:
        self.whole = apsw.Connection(path, vfs=vfs)

    def execute(self, statement: str, values: Any = ()) -> _Cursor:
        try:
            return _Cursor(self.whole, self.whole.execute(statement, values))
        except apsw.Error as error:
            raise _translated(error) from None

    def executemany(self, statement: str, rows: Iterable[Any]) -> None:
        try:
            self.whole.executemany(statement, rows)
        except apsw.Error as error:
            raise _translated(error) from None

    @property
    def in_transaction(self) -> bool:
        return self.whole.in_transaction

    def close(self) -> None:
        try:
            self.whole.close(True)
        except (apsw.Error, PowerCut):
            return


class _Cursor:
    def __init__(self, connection: apsw.Connection, cursor: apsw.Cursor) -> None:
        self._connection = connection
        self._cursor = cursor

    @property
    def lastrowid(self) -> int:
        return self._connection.last_insert_rowid()

    def fetchone(self) -> Any:
        try:
            row = next(self._cursor, None)
            self._cursor.close(True)
        except apsw.Error as error:
            raise _translated(error) from None
        return row

    def fetchall(self) -> list[Any]:
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._cursor
        except apsw.Error as error:
            raise _translated(error) from None


def _translated(error: apsw.Error) -> sqlite3.Error:
    """The exception the standard library's module raises for the same fault."""
    if isinstance(error, apsw.ConstraintError):
        return sqlite3.IntegrityError(str(error))
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return sqlite3.DatabaseError(str(error))
    return sqlite3.OperationalError(str(error))
