"""The few things the vault does to a disk, one durable step at a time.

Every write of the key room goes through a ``Disk``, so that tests can cut the power between any two steps.
Files are opened without following symbolic links and checked on the open descriptor: what was checked is what is read.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Protocol

from keys.errors import KeysError, PermissionsUnsafe

__all__ = ["Disk", "PosixDisk"]

FILE_MODE = 0o600
FILE_BYTES_MAX = 8 * 1024 * 1024
"""No file of the key room is longer; a longer one is not ours."""
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class Disk(Protocol):
    """Steps that each either happen or, after a power cut, did not."""

    def read(self, path: Path) -> bytes | None:
        """Content, or None when there is no file. Raises PermissionsUnsafe when others could have touched it."""

    def write_new(self, path: Path, content: bytes) -> None:
        """Make or empty the file and write ``content``; not yet durable."""

    def overwrite(self, path: Path, offset: int, content: bytes) -> None:
        """Write into an existing file in place; not yet durable."""

    def append(self, path: Path, content: bytes) -> None:
        """Write behind the end, making the file when absent; not yet durable."""

    def truncate(self, path: Path, length: int) -> None:
        """Cut the file to ``length`` bytes; not yet durable."""

    def sync(self, path: Path) -> None:
        """The file's content is durable when this returns."""

    def rename(self, source: Path, target: Path) -> None:
        """``target`` is now what ``source`` was, in one step; durable after ``sync_folder``."""

    def unlink(self, path: Path) -> None:
        """Remove the name if there is one; durable after ``sync_folder``."""

    def sync_folder(self, folder: Path) -> None:
        """Names in the folder are durable when this returns."""


class PosixDisk:
    """The real one."""

    def read(self, path: Path) -> bytes | None:
        """See Disk. A symbolic link, another owner, another mode than 0600, a second name: refused, each by name."""
        try:
            descriptor = os.open(path, _READ)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK):
                raise PermissionsUnsafe(f"{path.name} is a symbolic link.") from None
            raise KeysError(f"{path.name} cannot be read: {error.strerror}.") from None
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(file.fileno())
            _check(path, state)
            return file.read(FILE_BYTES_MAX + 1)

    def write_new(self, path: Path, content: bytes) -> None:
        """See Disk."""
        _check_folder(path.parent)
        with _open(path, _WRITE | os.O_CREAT | os.O_TRUNC) as descriptor:
            os.fchmod(descriptor.fileno, FILE_MODE)  # whatever the umask made of it
            _write_all(descriptor.fileno, content)

    def overwrite(self, path: Path, offset: int, content: bytes) -> None:
        """See Disk."""
        with _open(path, _WRITE) as descriptor:
            os.lseek(descriptor.fileno, offset, os.SEEK_SET)
            _write_all(descriptor.fileno, content)

    def append(self, path: Path, content: bytes) -> None:
        """See Disk."""
        with _open(path, _WRITE | os.O_CREAT | os.O_APPEND) as descriptor:
            _write_all(descriptor.fileno, content)

    def truncate(self, path: Path, length: int) -> None:
        """See Disk."""
        with _open(path, _WRITE) as descriptor:
            os.ftruncate(descriptor.fileno, length)

    def sync(self, path: Path) -> None:
        """See Disk."""
        with _open(path, _WRITE) as descriptor:
            os.fsync(descriptor.fileno)

    def rename(self, source: Path, target: Path) -> None:
        """See Disk."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """See Disk."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """See Disk."""
        with _open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) as descriptor:
            os.fsync(descriptor.fileno)


class _open:  # noqa: N801 -- reads as a function
    """A descriptor for one step, closed with it."""

    def __init__(self, path: Path, flags: int) -> None:
        self._path, self._flags = path, flags
        self.fileno = -1

    def __enter__(self) -> _open:
        try:
            self.fileno = os.open(self._path, self._flags, FILE_MODE)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK):
                raise PermissionsUnsafe(f"{self._path.name} is a symbolic link.") from None
            raise KeysError(
                f"{self._path.name} cannot be written: {error.strerror}.",
                "Let the terminal's user own the folder of the key vault, and see that the disk is not full.",
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fileno)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _check(path: Path, state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise PermissionsUnsafe(f"{path.name} is not a regular file.")
    if state.st_uid != os.geteuid():
        raise PermissionsUnsafe(f"{path.name} belongs to another user.")
    if stat.S_IMODE(state.st_mode) & 0o177:
        raise PermissionsUnsafe(f"{path.name} has mode {stat.S_IMODE(state.st_mode):04o}; 0600 is expected.")
    if state.st_nlink != 1:
        raise PermissionsUnsafe(f"{path.name} has a second name on this disk.")
    if state.st_size > FILE_BYTES_MAX:
        raise KeysError(f"{path.name} is longer than {FILE_BYTES_MAX} bytes.")


def _check_folder(folder: Path) -> None:
    """Who may write the folder may replace the vault: refused, except where the sticky bit forbids exactly that."""
    try:
        state = folder.stat()
    except OSError as error:
        raise KeysError(f"The folder of the key vault cannot be used: {error.strerror}.") from None
    others_write = state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if others_write and not state.st_mode & stat.S_ISVTX:
        raise PermissionsUnsafe(f"Others may write in the folder {folder.name} of the key vault.")
