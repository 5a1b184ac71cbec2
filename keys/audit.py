"""The audit log beside the vault: who did what with keys, line by line, never changed and never lost in silence.

::

    keys.vault.audit    one JSON line for each event; the form and the proof of a line are in ``audit_chain.py``

Where the chain stands, and the key that signs its next line, rest sealed in the vault. A line is durable before the
vault knows of it: after a power cut in between the log is one line ahead, which its signature proves to be ours.
Key values, PINs and passwords are never part of an event.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keys.audit_chain import LINE_BYTES_MAX, SEED_BYTES, AuditLine, Link, check, first_link, next_line, next_seed
from keys.backends.disk import Disk, PosixDisk
from keys.backends.sealed_file import beside
from keys.errors import AuditBroken, AuditFull, KeysError
from keys.secret import Secret
from keys.vault import Vault

__all__ = ["SUFFIX", "AuditLog", "audit_path", "read_log", "verify"]

SUFFIX = ".audit"
_EXTRA = "audit"
_LABEL = "audit-signer"
BYTES_MAX = 1 << 20
"""Some 2500 lines: years of daily sign-ons."""
CEREMONY_BYTES = 4 * LINE_BYTES_MAX
"""What a ceremony may write; with less room than this none begins."""
_LATER_MAX = 64


def audit_path(vault: Path) -> Path:
    """The log of a vault."""
    return beside(vault, SUFFIX)


class AuditLog:
    """The log of an open vault. Lines are written in the thread that writes the vault."""

    def __init__(
        self,
        path: Path,
        vault: Vault,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        *,
        random: Callable[[int], bytes] = os.urandom,
        disk: Disk | None = None,
        bytes_max: int = BYTES_MAX,
    ) -> None:
        """Opens the log and mends what a power cut left. A log that is not ours is kept, and said by ``trouble``."""
        self._path, self._vault, self._disk = path, vault, disk or PosixDisk()
        self._now, self._monotonic, self._random = now, monotonic, random
        self._bytes_max = bytes_max
        self._later: deque[tuple[str, dict[str, Any]]] = deque(maxlen=_LATER_MAX)
        self._guard = threading.Lock()
        self.trouble: AuditBroken | None = None
        """Why the log cannot be trusted, and no ceremony begins."""
        if vault.kept(_EXTRA) is None:
            self._begin()
        try:
            self._size = self._mend()
        except AuditBroken as fault:
            self.trouble, self._size = fault, 0
        vault.witness = self._witness

    # -- writing

    def note(self, event: str, **fields: Any) -> int:
        """Write a line, durable on return; its number, or 0 when the log is full or broken (trading goes on)."""
        self.flush()
        return self._write(event, fields)

    def later(self, event: str, **fields: Any) -> None:
        """Have a line written with the next one: from threads that may not wait for a disk. Bounded; oldest go."""
        with self._guard:
            self._later.append((event, {**fields, "noticed": self._stamp()}))

    def flush(self) -> None:
        """Write what has been left for later."""
        while True:
            with self._guard:
                if not self._later:
                    return
                event, fields = self._later[0]
            self._write(event, fields)
            with self._guard:
                if self._later and self._later[0][1] is fields:
                    self._later.popleft()

    def _witness(self, event: str, *, wait: bool, **fields: Any) -> None:
        """What the vault tells of itself; a disk that takes no line now gets it later, and the key work goes on."""
        if wait:
            try:
                self.note(event, **fields)
            except KeysError:
                self.later(event, **fields)
        else:
            self.later(event, **fields)

    @property
    def waiting(self) -> bool:
        """Whether something has been left for later."""
        return bool(self._later)

    def check_ceremony(self) -> None:
        """Raises AuditBroken or AuditFull when no ceremony may begin."""
        if self.trouble is not None:
            raise self.trouble
        if self._size + CEREMONY_BYTES > self._bytes_max:
            raise AuditFull(f"{self._path.name} is full; keys are not loaded or destroyed without a record.")

    # -- reading

    def lines(self) -> list[AuditLine]:
        """Everything in the present file, checked. Raises AuditBroken."""
        return verify(self._path, self._vault, self._disk)

    def archive(self, target: Path, *, broken: bool = False) -> int:
        """Copy the log to a new file and begin an empty one that continues the chain; how many lines were copied.

        Raises AuditBroken for a log that does not prove itself, unless ``broken`` says that this is known.
        A power cut leaves the old file, or both; what is archived already is removed at the next opening.
        """
        content = self._disk.read(self._path) or b""
        if not broken:
            self.lines()
        _write_once(target, content)
        state = self._state()
        count = content.count(b"\n")
        self._keep(replace(_link(state, "head")), origin=_link(state, "head"), lost=state["lost"])
        self._replace(b"")
        self.trouble, self._size = None, 0
        self.note("log-archived", lines=count, intact=not broken)
        return count

    # -- inside

    def _begin(self) -> None:
        """A log that was here belongs to a vault that is gone: it is kept under a name of its own."""
        before = self._disk.read(self._path)
        if before is not None:
            number = 1
            while self._disk.read(self._aside(number)) is not None:
                number += 1
            self._disk.rename(self._path, self._aside(number))
        with Secret(bytearray(self._random(SEED_BYTES))) as seed:
            link = first_link(self._vault.store, seed)
            self._replace(b"")
            self._keep(link, origin=link, seed=seed)
        self._size = 0
        self._write("log-begun", {"store": self._vault.store, "kept_aside": before is not None})

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _mend(self) -> int:
        """Bring log and vault together after a power cut. Raises AuditBroken when they were parted by anything else."""
        state, content = self._state(), self._disk.read(self._path)
        origin, head = _link(state, "origin"), _link(state, "head")
        if content is None:
            if head.count != origin.count:
                raise AuditBroken(f"{self._path.name} is missing; it had {head.count - origin.count} lines.")
            content = b""
            self._replace(content)
        whole = content[: content.rfind(b"\n") + 1]
        lines = whole.splitlines()
        due = head.count - origin.count
        if due == 0 and len(lines) > 1:
            # Archived, and cut off before the old file was emptied: its end is where the new one begins.
            self._replace(b"")
            return 0
        if len(lines) not in (due, due + 1):
            missing = min(len(lines), due) + 1
            raise AuditBroken(f"{self._path.name} has {len(lines)} whole lines instead of {due}: see line {missing}.")
        if len(lines) == due + 1:
            with self._seed() as seed, next_seed(seed) as following:
                _, ahead = check(head, lines[-1:], self._path.name)
                self._keep(ahead, origin=origin, seed=following, lost=state["lost"])
        elif lines and _sum_of(lines[-1]) != head.sum:
            raise AuditBroken(f"{self._path.name}, line {len(lines)}: it is not the line that was written last.")
        if whole != content:
            self._replace(whole)
        return len(whole)

    def _write(self, event: str, fields: dict[str, Any]) -> int:
        state = self._state()
        if self.trouble is not None or self._size + LINE_BYTES_MAX > self._bytes_max:
            self._vault.keep(**{_EXTRA: {**state, "lost": state["lost"] + 1}})
            return 0
        if state["lost"]:
            fields = {**fields, "not_written_before": state["lost"]}
        head = _link(state, "head")
        known = {name: value for name, value in fields.items() if value not in ("", None, [], ())}
        what = {"at": self._stamp(), "up": round(self._monotonic(), 1), "event": event, **known}
        with self._seed() as seed, next_seed(seed) as following:
            line, link = next_line(head, seed, what)
            # A power cut after this line and before the vault's: the next opening finds it by its signature.
            self._append(line + b"\n")
            self._keep(link, origin=_link(state, "origin"), seed=following)
        self._size += len(line) + 1
        return link.count

    def _append(self, line: bytes) -> None:
        try:
            self._disk.append(self._path, line)
            self._disk.sync(self._path)
        except KeysError:
            # Half a line on a full disk: the next one must not stand behind it.
            self._disk.truncate(self._path, self._size)
            raise

    def _keep(self, head: Link, *, origin: Link, seed: Secret | None = None, lost: int = 0) -> None:
        if seed is None:
            sealed = self._state()["seed"]
        else:
            with seed.open() as clear:
                sealed = self._vault.seal_data(_LABEL, clear).hex()
        self._vault.keep(**{_EXTRA: {"head": asdict(head), "origin": asdict(origin), "seed": sealed, "lost": lost}})

    def _seed(self) -> Secret:
        return self._vault.open_data(_LABEL, bytes.fromhex(self._state()["seed"]))

    def _state(self) -> dict[str, Any]:
        state = self._vault.kept(_EXTRA)
        assert isinstance(state, dict), "the log has been begun"
        return state

    def _replace(self, content: bytes) -> None:
        fresh = self._path.with_name(self._path.name + ".new")
        self._disk.write_new(fresh, content)
        self._disk.sync(fresh)
        self._disk.rename(fresh, self._path)
        self._disk.sync_folder(self._path.parent)

    def _stamp(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="seconds")


def verify(path: Path, vault: Vault, disk: Disk | None = None) -> list[AuditLine]:
    """Check the log of a vault from its beginning to the end that the vault knows.

    Raises AuditBroken, which names the first broken line. A line that is ahead of the vault is one just being written.
    """
    state = vault.kept(_EXTRA)
    if state is None:
        raise AuditBroken("This key vault has no audit log yet.", "It begins with the next start of the terminal.")
    content = (disk or PosixDisk()).read(path) or b""
    origin, head = _link(state, "origin"), _link(state, "head")
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    found, link = check(origin, lines, path.name)
    if link.count < head.count:
        raise AuditBroken(
            f"{path.name}, line {len(lines) + 1} (number {link.count + 1}): it is missing, "
            f"as is everything up to number {head.count}."
        )
    if link.count > head.count + 1 or (link.count == head.count and link.sum != head.sum):
        raise AuditBroken(f"{path.name}, line {len(lines)}: it is not where the key vault says that the log ends.")
    return found


def read_log(path: Path, origin: Link) -> list[AuditLine]:
    """Check an archived log from where it began. Raises AuditBroken, KeysError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KeysError(f"{path.name} cannot be read: {error.strerror}.", "Name a file that is there.") from None
    return check(origin, content.splitlines(), path.name)[0]


def _link(state: dict[str, Any], name: str) -> Link:
    return Link(**state[name])


def _sum_of(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _write_once(target: Path, content: bytes) -> None:
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise KeysError(
            f"{target.name} cannot be written: {error.strerror}.", "Name a new file in a folder of yours."
        ) from None
