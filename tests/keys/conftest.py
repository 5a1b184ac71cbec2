"""A disk that loses power, and vaults on it."""

import itertools
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keys import CredentialProtector, Secret, create_vault, open_vault
from keys.vault_intake import Incoming


class PowerCut(Exception):
    pass


class Inode:
    def __init__(self, data=b"", durable=b""):
        self.data, self.durable = data, durable


class SimulatedDisk:
    """Keeps apart what was written and what a power cut would leave. Dies before step ``fuse``."""

    def __init__(self, files=None):
        self.names = {path: Inode(data, data) for path, data in (files or {}).items()}
        self.durable_names = dict(self.names)
        self.steps, self.fuse = 0, None

    def _step(self):
        self.steps += 1
        if self.fuse is not None and self.steps > self.fuse:
            raise PowerCut

    def read(self, path):
        inode = self.names.get(path)
        return None if inode is None else inode.data

    def write_new(self, path, content):
        self._step()
        inode = self.names.setdefault(path, Inode())
        inode.data = content[: len(content) // 2]
        self._step()
        inode.data = content

    def overwrite(self, path, offset, content):
        self._step()
        inode = self.names[path]
        half = len(content) // 2
        inode.data = inode.data[:offset] + content[:half] + inode.data[offset + half :]
        self._step()
        inode.data = inode.data[:offset] + content + inode.data[offset + len(content) :]

    def append(self, path, content):
        self._step()
        inode = self.names.setdefault(path, Inode())
        before = inode.data
        inode.data = before + content[: len(content) // 2]
        self._step()
        inode.data = before + content

    def truncate(self, path, length):
        self._step()
        self.names[path].data = self.names[path].data[:length]

    def sync(self, path):
        self._step()
        self.names[path].durable = self.names[path].data

    def rename(self, source, target):
        self._step()
        self.names[target] = self.names.pop(source)

    def unlink(self, path):
        self._step()
        self.names.pop(path, None)

    def sync_folder(self, folder):
        self._step()
        self.durable_names = dict(self.names)

    def platters(self):
        """What may be found after the cut: names and contents each as synced or as written."""
        for names, content in itertools.product((self.durable_names, self.names), ("durable", "data")):
            yield {path: getattr(inode, content) for path, inode in names.items()}

    def files(self):
        return {path: inode.data for path, inode in self.names.items()}


class Clock:
    """A wall clock and a monotonic clock that only the test moves."""

    def __init__(self):
        self.at, self.seconds = datetime(2026, 11, 24, 12, 0, tzinfo=UTC), 1000.0

    def now(self):
        return self.at

    def monotonic(self):
        return self.seconds

    def forward(self, seconds):
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def simulated_disk(tmp_path):
    (tmp_path / "sim").mkdir()
    return SimulatedDisk


@pytest.fixture
def power_cut():
    return PowerCut


@pytest.fixture
def credential(tmp_path):
    path = tmp_path / "credential"
    path.write_bytes(os.urandom(32))
    path.chmod(0o600)
    return path


@pytest.fixture
def protector(credential):
    return CredentialProtector(credential)


@pytest.fixture
def incoming():
    """A key on its way in, random unless given."""

    def make(slot, usage="K0", key=None, **more):
        if usage.startswith("M"):
            more.setdefault("mac_algorithm", "unionpay-ecb")
        return Incoming(slot, usage, Secret(bytearray(key or os.urandom(16))), **more)

    return make


@pytest.fixture
def cut_everywhere(simulated_disk, protector, tmp_path):
    """Run ``change`` with the power cut before every step; look at every platter with ``view``."""

    def run(prepare, change, view):
        path = tmp_path / "sim" / "keys.vault"
        disk = SimulatedDisk()
        vault = create_vault(path, protector, "lab", disk=disk)
        prepare(vault)
        before, begin = view(vault), disk.files()
        vault.close()

        def again(files, fuse=None):
            disk = SimulatedDisk(files)
            vault = open_vault(path, protector, "lab", disk=disk)
            disk.steps, disk.fuse = 0, fuse
            return disk, vault

        disk, vault = again(begin)
        change(vault)
        after, steps = view(vault), disk.steps
        vault.close()
        seen = {"old": 0, "new": 0, "states": 0}
        for fuse in range(steps):
            disk, vault = again(begin, fuse)
            with pytest.raises(PowerCut):
                change(vault)
            vault.close()
            for platter in disk.platters():
                found = open_vault(path, protector, "lab", disk=SimulatedDisk(platter))
                shown = view(found)
                found.close()
                assert shown in (before, after), f"cut before step {fuse}: a mix"
                seen["states"] += 1
                seen["old" if shown == before else "new"] += 1
        assert seen["old"] and seen["new"]
        return seen

    return run


@pytest.fixture
def vault(tmp_path, protector, clock):
    made = create_vault(tmp_path / "keys.vault", protector, "lab", now=clock.now)
    yield made
    made.close()


@pytest.fixture
def reopen(tmp_path, protector, clock):
    def again(environment="lab", **more):
        return open_vault(Path(tmp_path / "keys.vault"), protector, environment, now=clock.now, **more)

    return again
