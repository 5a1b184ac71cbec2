"""The ring on disk: one file a life, the oldest removed when there is no room.

A file is a line that says what it is, then blocks: length and CRC-32 (4 bytes each, big-endian), then a list of
records, MessagePack under zlib. What a power cut tore off at the end is left out when it is read.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["FOLDER", "LifeFile", "RecordingError", "life_files", "make_room", "read_records"]

FOLDER = "recorder"
"""In the state folder."""
MAGIC = b"countertop recording 1\n"
SUFFIX = ".ctr"
_HEAD = struct.Struct(">II")
LIVES_MAX = 200
"""Recordings that are kept: a terminal that cannot live does not push out what came before."""
BLOCK_BYTES_MAX = 256 << 20
_LEVEL = 1


class RecordingError(Exception):
    """A file that cannot be read as a recording. ``remedy`` says what to do."""

    def __init__(
        self, text: str, remedy: str = "Copy the whole folder again; see docs/technician/flight-recorder.md."
    ) -> None:
        super().__init__(text)
        self.remedy = remedy


class LifeFile:
    """One life's file, written at its end only."""

    def __init__(self, path: Path) -> None:
        """Make the file, this user's alone. Raises OSError."""
        self.path = path
        self._encoder = msgspec.msgpack.Encoder()
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.size_bytes = os.write(self._descriptor, MAGIC)

    def append(self, records: Sequence[object]) -> None:
        """Add records; they are the kernel's when this returns. Raises OSError."""
        block = zlib.compress(self._encoder.encode(records), _LEVEL)
        data = _HEAD.pack(len(block), zlib.crc32(block)) + block
        while data:
            taken = os.write(self._descriptor, data)
            self.size_bytes += taken
            data = data[taken:]

    def sync(self) -> None:
        """Make it durable. Raises OSError."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """No more."""
        os.close(self._descriptor)


def life_files(folder: Path) -> list[Path]:
    """Recordings of a folder, the oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def make_room(folder: Path, bytes_max: int) -> Path:
    """Remove the oldest recordings until the rest has at most so many bytes; a name for the next. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = life_files(folder)
    number = int(files[-1].stem) + 1 if files else 1
    while len(files) > LIVES_MAX:
        files.pop(0).unlink()
    sizes = {path: path.stat().st_size for path in files}
    while files and sum(sizes[path] for path in files) > bytes_max:
        files.pop(0).unlink()
    return folder / f"{number:08d}{SUFFIX}"


def read_records(path: Path) -> Iterator[list[Any]]:
    """Every whole record of a file. Raises RecordingError for what is no recording."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(
            f"{path.name} cannot be read: {error.strerror}.", "Name a .ctr file or its folder."
        ) from None
    if not data.startswith(MAGIC):
        raise RecordingError(
            f"{path.name} is no recording of this version.", "Name a .ctr file of the recorder folder."
        )
    place, decoder = len(MAGIC), msgspec.msgpack.Decoder()
    while place + _HEAD.size <= len(data):
        length, check = _HEAD.unpack_from(data, place)
        block = data[place + _HEAD.size : place + _HEAD.size + length]
        if len(block) < length or zlib.crc32(block) != check:
            return  # torn off by the end of the life
        try:
            yield from decoder.decode(_inflated(block))
        except (zlib.error, msgspec.DecodeError):
            raise RecordingError(f"{path.name} is damaged at byte {place}.") from None
        place += _HEAD.size + length


def _inflated(block: bytes) -> bytes:
    opener = zlib.decompressobj()
    data = opener.decompress(block, BLOCK_BYTES_MAX)
    if opener.unconsumed_tail:
        raise zlib.error("too long")
    return data
