"""One process at a time may write the vault; within it, whoever opened last."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from keys.errors import KeysError, VaultInUse, VaultLocked

__all__ = ["WriteLock"]

_HELD: dict[Path, tuple[int, WriteLock]] = {}
"""Descriptor and present owner of each lock file of this process."""


class WriteLock:
    """Held from opening to closing, or to the end of the process, however sudden."""

    def __init__(self, path: Path) -> None:
        """Raises VaultInUse when another process holds it. A second opening in one process takes it over."""
        self._path = path.absolute()
        held = _HELD.get(self._path)
        descriptor = _lock(self._path) if held is None else held[0]
        _HELD[self._path] = (descriptor, self)

    def check(self) -> None:
        """Raises VaultLocked when another owner has taken over."""
        held = _HELD.get(self._path)
        if held is None or held[1] is not self:
            raise VaultLocked("This key vault was closed, or opened again elsewhere in this process.")

    def release(self) -> None:
        """Let others have it. Safe to repeat."""
        held = _HELD.get(self._path)
        if held is not None and held[1] is self:
            del _HELD[self._path]
            os.close(held[0])


def _lock(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise KeysError(
            f"{path.name} cannot be made: {error.strerror}.", "Let the terminal's user own the folder of the key vault."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise VaultInUse("Another process holds the key vault.") from None
    return descriptor
