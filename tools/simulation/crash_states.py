"""Every file the real process writes, as a power cut at any moment could leave it (L4).

The real terminal runs under strace against the real host. From its log the files are built again as they stood
after each write, with everything unsynced, nothing of it, or some sectors; each such state must open, recover,
and know of everything that had left or been shown by then.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import iso8583
from iso8583.framing import UnionPayFraming
from keys import CredentialProtector, KeysError, open_vault
from terminal.domain.record import State, TransactionRecord
from terminal.journal import InlineWriter, Journal, JournalError
from tools.rig import Rig, TerminalOptions
from tools.simulation.syscalls import OPTIONS, Call, calls_of

__all__ = ["Replay", "main", "record", "replay"]

SUBSETS = 8
"""Platters for each moment: none, all, and six at random."""
SECTOR_BYTES = 512
_DIALECT = iso8583.dialect("unionpay-pos")
_CODES = ("6220001234567890018", "6220001234567890042")


@dataclass(slots=True)
class _Model:
    """The state folder's files, what of them is synced, and what the world has been told."""

    durable: dict[str, bytearray] = field(default_factory=dict)
    pending: dict[str, list[tuple[int, bytes] | int]] = field(default_factory=dict)
    position: dict[str, int] = field(default_factory=dict)
    sent: list[tuple[str, int, int]] = field(default_factory=list)
    """MTI, batch and STAN of everything about money that has left."""
    approved: list[int] = field(default_factory=list)
    """Vouchers that a screen has called approved."""


@dataclass(slots=True)
class Replay:
    """What a replay came to."""

    calls: int = 0
    states: int = 0
    different: int = 0
    files: set[str] = field(default_factory=set)
    findings: list[str] = field(default_factory=list)


async def record(folder: Path) -> Path:
    """Two sales on the real terminal under strace; the log, beside a copy of the first files."""
    log = folder / "strace.log"
    options = TerminalOptions(overrides={"pin": "never"}, timeouts={"outcome_s": 2})
    async with Rig(options, "--quiet", "--no-amount-faults") as rig:
        shutil.copytree(rig.terminal.state, folder / "before")
        shutil.copy(rig.folder / "vault.credential", folder / "credential")
        rig.terminal.run_under(*OPTIONS, "-o", str(log))
        await rig.terminal.start()
        await rig.until("idle", 60.0)
        await rig.until_input_devices()
        for amount, code in zip(("1200", "1300"), _CODES, strict=True):
            await rig.press("1")
            await rig.until("sale.amount", 30.0)
            await rig.type(amount)
            await rig.until("sale.present", 30.0)
            rig.scan(code)
            await rig.until("outcome.approved", 60.0)
            await rig.press("enter")
            await rig.until("idle", 30.0)
        (folder / "state-folder").write_text(str(rig.terminal.state), "utf-8")
        _kill_traced(rig.terminal.pid)
        await rig.terminal.kill()
    return log


def _kill_traced(tracer: int) -> None:
    """The terminal itself; a tracer that is killed lets its process go on."""
    for process in Path(f"/proc/{tracer}/task/{tracer}/children").read_text("ascii").split():
        os.kill(int(process), signal.SIGKILL)


def replay(log: Path, before: Path, state: str, credential: Path, every: int = 1) -> Replay:
    """Build and open the states after each ``every``-th call that changed a file."""
    rng = random.Random(4)  # noqa: S311 - sectors, not secrets
    model, found = _Model(), Replay()
    for path in before.iterdir():
        model.durable[path.name] = bytearray(path.read_bytes())
    framing_of: dict[str, UnionPayFraming] = {}
    for call in calls_of(log):
        if not _apply(model, call, state, framing_of):
            continue
        found.calls += 1
        found.files.add(Path(call.target).name)
        if found.calls % every == 0:
            _judge(model, found, credential, rng)
    return found


def _apply(model: _Model, call: Call, state: str, framing_of: dict[str, UnionPayFraming]) -> bool:
    """Take a call into the model; whether it changed a file of the state folder."""
    if call.name == "sendto":
        _said(model, call, framing_of)
        return False
    if not call.target.startswith(state + "/"):
        return False
    name = Path(call.target).name
    match call.name:
        case "openat":
            if "O_CREAT" not in call.flags and "O_TRUNC" not in call.flags:
                return False
            model.durable.setdefault(name, bytearray())
            model.position[name] = 0
            if "O_TRUNC" in call.flags:
                model.pending.setdefault(name, []).append(0)
        case "pwrite64":
            model.pending.setdefault(name, []).append((call.number, call.data))
        case "write":
            at = model.position.get(name, 0)
            model.pending.setdefault(name, []).append((at, call.data))
            model.position[name] = at + len(call.data)
        case "ftruncate":
            model.pending.setdefault(name, []).append(call.number)
        case "sync":
            for change in model.pending.pop(name, []):
                _change(model.durable.setdefault(name, bytearray()), change)
        case "rename":
            target = Path(call.data.decode("utf-8")).name
            model.durable[target] = model.durable.pop(name, bytearray())
            model.pending[target] = model.pending.pop(name, [])
        case "unlink":
            model.durable.pop(name, None)
            model.pending.pop(name, None)
    return True


def _said(model: _Model, call: Call, framing_of: dict[str, UnionPayFraming]) -> None:
    """What left for the host, and what the screen (the monitor's socket) said."""
    if call.target.startswith("TCP"):
        for frame in framing_of.setdefault(call.target, UnionPayFraming()).feed(call.data):
            message = _DIALECT.decode(frame.body)
            if message.mti[:2] in ("01", "02", "04") and message.get(3) != "330000":
                model.sent.append((message.mti, int(str(message[60])[2:8]), int(str(message[11]))))
    elif b'"outcome.approved"' in call.data and model.sent:
        model.approved.append(model.sent[-1][2])


def _change(data: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        if change < len(data):
            del data[change:]
        else:
            data.extend(bytes(change - len(data)))
        return
    offset, written = change
    if len(data) < offset:
        data.extend(bytes(offset - len(data)))
    data[offset : offset + len(written)] = written


def _platters(model: _Model, rng: random.Random) -> Iterator[dict[str, bytes]]:
    for subset in range(SUBSETS):
        files: dict[str, bytes] = {}
        for name, durable in model.durable.items():
            data = bytearray(durable)
            for change in model.pending.get(name, []):
                if isinstance(change, int):
                    if subset == 1 or (subset > 1 and rng.random() < 0.5):
                        _change(data, change)
                    continue
                offset, written = change
                for start in range(0, len(written), SECTOR_BYTES):
                    if subset == 1 or (subset > 1 and rng.random() < 0.5):
                        _change(data, (offset + start, written[start : start + SECTOR_BYTES]))
            files[name] = bytes(data)
        yield files


def _judge(model: _Model, found: Replay, credential: Path, rng: random.Random) -> None:
    seen: list[dict[str, bytes]] = []
    for files in _platters(model, rng):
        found.states += 1
        if files in seen:
            continue
        seen.append(files)
        found.different += 1
        with tempfile.TemporaryDirectory(prefix="ct-l4-", dir=_memory()) as text:
            folder = Path(text)
            for name, content in files.items():
                (folder / name).write_bytes(content)
                (folder / name).chmod(0o600)
            fault = asyncio.run(_fault(model, folder, credential))
        if fault and len(found.findings) < 20:
            found.findings.append(f"after call {found.calls}: {fault}")


async def _fault(model: _Model, folder: Path, credential: Path) -> str:
    """What is wrong with a state; empty when it opens, recovers and knows everything."""
    try:
        journal = await Journal.open(folder / "journal.db", InlineWriter(), datetime.now)
        await journal.recover()
        rows = {(row.batch, row.stan): row for row in await _rows(journal)}
        await journal.close()
        open_vault(folder / "keys.vault", CredentialProtector(credential), "lab").close()
    except (JournalError, KeysError) as error:
        return str(error)
    for mti, batch, stan in model.sent:
        if (batch, stan) not in rows:
            return f"{mti} {stan:06d} had left, and the journal does not know it"
    for stan in model.approved:
        if not any(row.stan == stan and row.state is State.APPROVED for row in rows.values()):
            return f"voucher {stan:06d} had been called approved"
    return next((f"voucher {row.stan:06d} is {row.state}" for row in rows.values() if row.state is State.SENT), "")


async def _rows(journal: Journal) -> list[TransactionRecord]:
    last = await journal.last()
    return [await journal.record(id) for id in range(1, (last.id if last else 0) + 1)]


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of our own is made in it


def main(argv: Sequence[str] | None = None) -> int:
    """Record, replay, report; 0 when every state opens and knows everything."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.simulation.crash_states",
        description="Trace the real terminal's writes with strace and open every state a power cut could leave.",
    )
    parser.add_argument("--every", type=int, default=1, help="judge the states after each n-th call only (1)")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="ct-l4-") as text:
        folder = Path(text)
        log = asyncio.run(record(folder))
        state = (folder / "state-folder").read_text("utf-8")
        found = replay(log, folder / "before", state, folder / "credential", arguments.every)
    print(f"{found.calls} calls on {len(found.files)} files ({', '.join(sorted(found.files))}), {found.states} states, "
          f"{found.different} of them different, {len(found.findings)} faults.")  # fmt: skip
    for text in found.findings:
        print(f"  {text}")
    return int(bool(found.findings))


if __name__ == "__main__":
    sys.exit(main())
