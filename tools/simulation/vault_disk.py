"""The vault's disk on the machine's power: names and contents are durable only after their sync."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from keys.errors import KeysError
from tools.simulation.disk import Platter
from tools.simulation.power import Power

__all__ = ["VaultDisk"]


@dataclass(slots=True)
class _Inode:
    data: bytes = b""
    durable: bytes = b""


class VaultDisk:
    """What the key room asks of a disk (``keys.backends.disk.Disk``), each step counted by the power."""

    def __init__(self, power: Power, files: Platter | None = None) -> None:
        self._power = power
        self._names = {name: _Inode(data, data) for name, data in (files or {}).items()}
        self._durable_names = dict(self._names)

    def read(self, path: Path) -> bytes | None:
        """Content as programs see it."""
        inode = self._names.get(path.name)
        return None if inode is None else inode.data

    def write_new(self, path: Path, content: bytes) -> None:
        """Half of it, then all of it: a cut may come between."""
        self._step()
        inode = self._names[path.name] = _Inode()
        inode.data = content[: len(content) // 2]
        self._step()
        inode.data = content

    def overwrite(self, path: Path, offset: int, content: bytes) -> None:
        """In place."""
        self._step()
        inode = self._names[path.name]
        inode.data = inode.data[:offset] + content + inode.data[offset + len(content) :]

    def append(self, path: Path, content: bytes) -> None:
        """Behind the end."""
        self._step()
        self._names.setdefault(path.name, _Inode()).data += content

    def truncate(self, path: Path, length: int) -> None:
        """Shorter."""
        self._step()
        self._names[path.name].data = self._names[path.name].data[:length]

    def sync(self, path: Path) -> None:
        """The content is on the platter."""
        self._step()
        inode = self._names[path.name]
        inode.durable = inode.data

    def rename(self, source: Path, target: Path) -> None:
        """One step for programs; on the platter after ``sync_folder``."""
        self._step()
        self._names[target.name] = self._names.pop(source.name)

    def unlink(self, path: Path) -> None:
        """The name goes."""
        self._step()
        self._names.pop(path.name, None)

    def sync_folder(self, folder: Path) -> None:
        """The names are on the platter."""
        self._step()
        self._durable_names = dict(self._names)

    def platter(self, mode: str, rng: random.Random) -> Platter:
        """What the next start finds: names and contents as synced, as written, or one of the two each."""

        def written() -> bool:
            return mode == "all" or (mode == "random" and rng.random() < 0.5)

        names = self._names if written() else self._durable_names
        return {name: inode.data if written() else inode.durable for name, inode in names.items()}

    def _step(self) -> None:
        if self._power.step() is not None:
            raise KeysError("simulated: the disk is full or worn", "Replace the storage.")
