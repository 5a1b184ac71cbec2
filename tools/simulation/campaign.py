"""Many seeds: played, counted, played twice where that is wanted, and logged so that a long run can be read later."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from tools.simulation.machine import workshop
from tools.simulation.scenario import scenario_of
from tools.simulation.watcher import Result
from tools.simulation.world import run_scenario

__all__ = ["Divergence", "Tally", "logged", "resumed", "run_campaign", "run_seeds", "working_folder", "write_line"]

CHUNK_SEEDS = 20
DIVERGENCES_MAX = 100
_COUNTED = ("seeds", "transactions", "power_cuts", "messages", "machine_operations", "cpu_s")
"""What is added up, and stands in a log under its own name."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """An invariant that did not hold, and the seed that shows it again."""

    seed: int
    invariant: str
    text: str


@dataclass(slots=True)
class Tally:
    """What some seeds came to."""

    seeds: int = 0
    last_seed: int = -1
    transactions: int = 0
    power_cuts: int = 0
    messages: int = 0
    machine_operations: int = 0
    virtual_s: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    met: Counter[str] = field(default_factory=Counter)
    """How many seeds met each fault of the network."""
    divergences: list[Divergence] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Count one seed."""
        self.seeds += 1
        self.last_seed = max(self.last_seed, result.seed)
        self.transactions += result.transactions
        self.power_cuts += result.cuts
        self.messages += result.messages
        self.machine_operations += result.operations
        self.virtual_s += result.virtual_s
        self.met.update(str(fault) for fault in result.met)
        for finding in result.findings:
            if len(self.divergences) < DIVERGENCES_MAX:
                self.divergences.append(Divergence(result.seed, finding.invariant, finding.text))

    def merge(self, other: Tally) -> None:
        """Count what another process counted."""
        for name in ("virtual_s", *_COUNTED):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.last_seed = max(self.last_seed, other.last_seed)
        self.met.update(other.met)
        self.divergences = (self.divergences + other.divergences)[:DIVERGENCES_MAX]

    @property
    def rate(self) -> float:
        """Transactions a second of one core's time."""
        return self.transactions / self.cpu_s if self.cpu_s else 0.0

    def text(self) -> str:
        """For people."""
        counted = f"{self.seeds} seeds, {self.transactions} transactions, {self.power_cuts} power cuts"
        also = f"{self.messages} messages, {self.machine_operations} machine operations"
        days = f"{self.virtual_s / 86_400:.1f} virtual days in {self.wall_s:.0f} s"
        lines = [
            f"{counted}, {also}.",
            f"{days}; {self.rate:.0f} transactions a second of one core.",
            f"Divergences: {len(self.divergences)}.",
        ]
        return "\n".join(lines + [f"  seed {each.seed}: {each.invariant} {each.text}" for each in self.divergences])

    def line(self) -> str:
        """For a log: one line of JSON."""
        return json.dumps(
            {
                "seeds": self.seeds,
                "last_seed": self.last_seed,
                "transactions": self.transactions,
                "power_cuts": self.power_cuts,
                "messages": self.messages,
                "machine_operations": self.machine_operations,
                "virtual_days": round(self.virtual_s / 86_400, 1),
                "wall_s": round(self.wall_s, 1),
                "cpu_s": round(self.cpu_s, 1),
                "transactions_per_cpu_s": round(self.rate, 1),
                "divergences": [[each.seed, each.invariant, each.text] for each in self.divergences],
            }
        )


@contextmanager
def working_folder() -> Iterator[Path]:
    """The real folder of this process, in memory where the machine has such a place."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    folder = Path(tempfile.mkdtemp(prefix="ct-sim-", dir=memory if os.access(memory, os.W_OK) else None))
    workshop(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_seeds(seeds: Sequence[int], folder: Path, *, twice: bool = False) -> Tally:
    """Play seeds one after the other; ``twice``: each two times, and the traces compared (I16)."""
    tally = Tally()
    began = time.process_time()
    for seed in seeds:
        result = run_scenario(scenario_of(seed), folder)
        tally.add(result)
        if twice and run_scenario(scenario_of(seed), folder).digest != result.digest:
            tally.divergences.append(Divergence(seed, "I16", "the same seed gave another trace"))
    tally.cpu_s = time.process_time() - began
    return tally


def run_campaign(
    first: int,
    seeds: int,
    jobs: int,
    *,
    twice: bool = False,
    enough: Callable[[Tally], bool] = lambda tally: False,
    told: Callable[[Tally], None] = lambda tally: None,
    begun: Tally | None = None,
) -> Tally:
    """Play ``seeds`` seeds from ``first`` on in ``jobs`` processes; ``enough`` may end it sooner.

    ``begun``: what an earlier run has counted; this one is added to it.
    """
    total = begun or Tally()
    if enough(total):
        return total
    began = time.monotonic() - total.wall_s
    starts = range(first, first + seeds, CHUNK_SEEDS)
    chunks = (range(start, min(start + CHUNK_SEEDS, first + seeds)) for start in starts)
    for tally in _tallies(chunks, jobs, twice):
        total.merge(tally)
        total.wall_s = time.monotonic() - began
        told(total)
        if enough(total):
            break
    total.wall_s = time.monotonic() - began
    return total


def _tallies(chunks: Iterator[range], jobs: int, twice: bool) -> Iterator[Tally]:
    if jobs == 1:
        with working_folder() as folder:
            for chunk in chunks:
                yield run_seeds(chunk, folder, twice=twice)
        return
    with ProcessPoolExecutor(jobs) as pool:
        waiting = deque(pool.submit(_chunk, chunk, twice) for chunk in islice(chunks, 2 * jobs))
        try:
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(_chunk, chunk, twice) for chunk in islice(chunks, 1))
        finally:
            for future in waiting:
                future.cancel()


def _chunk(chunk: range, twice: bool) -> Tally:
    with working_folder() as folder:
        return run_seeds(chunk, folder, twice=twice)


def logged(log: Path) -> list[dict[str, Any]]:
    """The lines of a log, without one that was torn when its run was killed; none when there is no log."""
    if not log.exists():
        return []
    lines = []
    for line in log.read_text("utf-8").splitlines():
        with suppress(ValueError):
            lines.append(json.loads(line))
    return [line for line in lines if isinstance(line, dict)]


def write_line(log: Path, line: str) -> None:
    """Add a line to a log, whose last one may be torn."""
    torn = log.exists() and not log.read_bytes().endswith(b"\n")
    with log.open("a", encoding="utf-8") as file:
        file.write("\n" * torn + line + "\n")


def resumed(log: Path) -> Tally:
    """What a log's runs have counted together: its last line, as ``Tally.line`` wrote it."""
    lines = [line for line in logged(log) if "last_seed" in line]
    if not lines:
        return Tally()
    last = lines[-1]
    tally = Tally(virtual_s=last["virtual_days"] * 86_400)
    for name in ("last_seed", "wall_s", *_COUNTED):
        setattr(tally, name, last.get(name, getattr(tally, name)))
    tally.divergences = [Divergence(*each) for each in last["divergences"]]
    return tally
