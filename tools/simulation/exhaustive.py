"""The complete small model: every fault at every message, power cut at every operation, every kind of platter.

A story is played up to the operation that is looked at. From there a process of its own goes on for each operation
of the machine, loses its power before it, comes back with each platter that the cut can leave, and is judged at
rest. Nothing is drawn at random but which sectors a ``random`` platter keeps.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from terminal.slips.escpos import escpos_bytes
from terminal.slips.profile import PrinterProfile
from tools.simulation.campaign import logged, working_folder, write_line
from tools.simulation.disk import PLATTERS
from tools.simulation.faults import ALL_FAULTS, Fault
from tools.simulation.machine import Files
from tools.simulation.scenario import Operation, Scenario
from tools.simulation.world import World

__all__ = ["STORIES", "Case", "Count", "Story", "cases_of", "explore", "run"]


@dataclass(frozen=True, slots=True)
class Story:
    """What has happened before, the operation that is looked at, and the faults it must have met already."""

    name: str
    before: tuple[Operation, ...]
    operation: Operation
    reached_by: tuple[tuple[Fault, ...], ...]
    """Faults of the messages before the one that meets each fault in turn."""


_LOST = Fault.ANSWER_LOST
_UNDONE = ((), (_LOST,), (_LOST, _LOST))
"""The request itself, its reversal, the reversal's repeat."""
_TURNS = 12
"""Times ten seconds: a reversal's repeats and the slips belong to the operation."""
_N, _D = Fault.NONE, Fault.TOTALS_DISAGREE
_SALE, _HELD = Operation("sale", 1200), Operation("pre_auth", 2000)

STORIES = {
    story.name: story
    for story in (
        Story("sale", (), _SALE, _UNDONE),
        Story("void", (_SALE,), Operation("void_sale", 1200, refers_to=0), _UNDONE),
        Story("completion", (_HELD,), Operation("complete", 1900, refers_to=0), _UNDONE),
        Story(
            "settlement",
            (_SALE, Operation("offline_sale", 3100), Operation("sale", 450, "foreign")),
            Operation("settle_flow"),
            ((), (_N,), (_N, _N), (_D,), (_D, _N), (_D, _N, _N)),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a story: the faults of its messages, in order."""

    story: str
    script: tuple[Fault, ...]

    def __str__(self) -> str:
        return f"{self.story} with {', '.join(self.script) or 'no fault'}"


@dataclass(slots=True)
class Count:
    """What an exploration came to."""

    runs: int = 0
    cuts: int = 0
    """Operations before which the power went."""
    states: int = 0
    """Cuts times platters: the starts that were judged."""
    same: int = 0
    """Of them, those whose platter was the same as another's, and was judged with it."""
    findings: list[str] = field(default_factory=list)

    def add(self, other: Count) -> None:
        """Count what another run counted."""
        self.runs += other.runs
        self.cuts += other.cuts
        self.states += other.states
        self.same += other.same
        self.findings += other.findings


def cases_of(name: str) -> list[Case]:
    """Every fault at every message of a story, and the run without any."""
    story = STORIES[name]
    found = [Case(name, before) for before in story.reached_by]
    found += [Case(name, (*before, fault)) for before in story.reached_by for fault in ALL_FAULTS]
    return list(dict.fromkeys(found))


def explore(case: Case, folder: Path) -> Count:
    """Play one case with all its cuts."""
    read, write = os.pipe()
    count = Count(runs=1)
    world = _Branching(STORIES[case.story], case, folder, write)
    world.prepare()
    with os.fdopen(read, "rb") as told:
        world.branch(None)
        whole = json.loads(told.readline())
        count.cuts = whole["operations"]
        count.findings += [f"{case}, no cut: {text}" for text in whole["findings"]]
        for operation in range(count.cuts):
            world.branch(operation)
        os.close(write)
        judged = set()
        for line in told:
            branch = json.loads(line)
            judged.add(branch["cut"])
            count.states += branch["states"]
            count.same += branch["states"] - 1
            where = f"cut at operation {branch['cut']}, platter {branch['platter']}"
            count.findings += [f"{case}, {where}: {text}" for text in branch["findings"]]
    if len(judged) != count.cuts or count.states != len(PLATTERS) * count.cuts:
        count.findings.append(f"{case}: of {count.cuts} cuts only {len(judged)} were judged in full")
    world.end()
    return count


class _Branching(World):
    """A world that is played up to a point, and goes on from there in a process of its own for every cut."""

    def __init__(self, story: Story, case: Case, folder: Path, told: int) -> None:
        operations = (*story.before, story.operation)
        overrides = {"pin": '"never"', "response_s": "20.0"}
        super().__init__(Scenario(1, overrides, operations), folder)
        self._case = case
        self._told = told
        self._cut: int | None = None
        self._platter = ""
        self._operations = 0
        self._states = 1

    def prepare(self) -> None:
        """What has happened before, up to the evening: the machine is off."""
        self.loop.run_until_complete(self._before())
        escpos_bytes([], PrinterProfile(text="cp437"))  # what the first slip loads, once for all branches
        gc.collect()
        gc.freeze()  # what is here is shared with every branch; looking through it would copy it

    def branch(self, cut: int | None) -> None:
        """Go on in a child, with the power cut before an operation (None: not at all), until it has told its end."""
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return
        try:
            gc.disable()
            self._cut = cut
            self.run(self._after)
        finally:
            os._exit(1)  # a branch that comes here fell over: it has told nothing, and is missed in the count

    def end(self) -> None:
        """The trunk is not needed any more."""
        gc.unfreeze()
        self.host.close()
        self.loop.close()

    async def _before(self) -> None:
        self.machine.switch_on()
        for index, operation in enumerate(self.scenario.operations[:-1]):
            await self.play(index, operation)
        await self.clerk.until_idle(60.0)
        await asyncio.sleep(30.0)
        await self._off("all")

    async def _after(self) -> None:
        """The operation with its faults, up to its end or to the cut; what is still to be undone or printed too."""
        self.machine.switch_on()
        await self.clerk.until_idle(60.0)
        await asyncio.sleep(30.0)
        operation, power = self.scenario.operations[-1], self.machine.power
        self.network.script = list(self._case.script)
        began = power.operations
        power.cut_at = None if self._cut is None else began + self._cut
        await self.clerk.perform(operation, self._reference(operation))
        for _ in range(_TURNS):
            if self.machine.running:
                await asyncio.sleep(10.0)
        self._operations = power.operations - began
        if not self.machine.running:
            await self._come_back()
        power.cut_at = None
        await self.rest()

    async def _come_back(self) -> None:
        """Every platter that differs from the others is a branch of its own."""
        await self.machine.switched_off("none", keep=True)
        files = {mode: self.machine.platters(mode) for mode in PLATTERS}
        different: dict[str, Files] = {}
        for mode, found in files.items():
            if found not in different.values():
                different[mode] = found
        *others, last = different
        for mode in others:
            child = os.fork()
            if not child:
                asyncio._set_running_loop(self.loop)  # asyncio takes a child for a process without a loop
                last = mode
                break
            os.waitpid(child, 0)  # noqa: ASYNC222 - the branch is a whole world of its own; this one stands still
        self._platter = last
        self._states = sum(files[mode] == different[last] for mode in PLATTERS)
        self.machine.files = different[last]
        self.result.cuts += 1
        self.watcher.dark()
        self.clerk.gone()
        self.printer.tear()

    def _end(self) -> None:
        """A branch tells what was found, and is over."""
        super()._end()
        texts = [f"{finding.invariant} {finding.text}" for finding in self.result.findings]
        told = {
            "cut": self._cut,
            "platter": self._platter,
            "operations": self._operations,
            "states": self._states,
            "findings": texts[:3],
        }
        os.write(self._told, json.dumps(told).encode("utf-8") + b"\n")
        os._exit(0)


def _explored(case: Case) -> tuple[Case, Count]:
    with working_folder() as folder:
        return case, explore(case, folder)


def _progress(count: Count, done: int, all_cases: int) -> None:
    print(f"  {done} of {all_cases} runs, {count.states} starts judged, {len(count.findings)} divergences",
          file=sys.stderr)  # fmt: skip


def _all(cases: Sequence[Case], jobs: int) -> Iterator[tuple[Case, Count]]:
    if jobs == 1:
        yield from map(_explored, cases)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_explored, cases)


def run(name: str, jobs: int, every: int, log: Path | None = None) -> int:
    """Explore a story or all of them, or each ``every``-th of their runs; 0 when nothing diverged.

    ``log``: a line of JSON for each run; what it holds already is counted and not played again.
    """
    names = list(STORIES) if name == "all" else [name]
    if any(each not in STORIES for each in names):
        known = ", ".join(STORIES)
        print(f"countertop simulate: there is no story {name!r}; there are {known} and all.", file=sys.stderr)
        return 2
    before = {} if log is None else {line.pop("case"): Count(**line) for line in logged(log) if "case" in line}
    failed = False
    for each in names:
        cases = cases_of(each)[::every]
        total = Count()
        for count in (before[str(case)] for case in cases if str(case) in before):
            total.add(count)
        for case, count in _all([case for case in cases if str(case) not in before], jobs):
            total.add(count)
            if log is not None:
                write_line(log, json.dumps({"case": str(case), **asdict(count)}))
            if total.runs % 20 == 0:
                _progress(total, total.runs, len(cases))
        print(
            f"{each}: {total.runs} runs, {total.cuts} power cuts, {total.states} starts "
            f"({total.states - total.same} different), {len(total.findings)} divergences."
        )
        for text in total.findings[:20]:
            print(f"  {text}")
        failed = failed or bool(total.findings)
    return int(failed)
