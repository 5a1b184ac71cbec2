"""The hunt for planted bugs: the campaign's own seeds, until an invariant notices; each within a minute."""

from __future__ import annotations

import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from tools.simulation import planted_exchange, planted_journal, planted_later
from tools.simulation.campaign import working_folder
from tools.simulation.faults import Fault
from tools.simulation.planted import PLANTED, Bug, planted
from tools.simulation.scenario import Scenario, scenario_of
from tools.simulation.world import run_scenario

__all__ = ["HUNT_S", "PLANTED", "Kill", "hunt", "planted", "run"]

HUNT_S = 60.0
"""Of one core's time."""
FIRST_SEED = 500_000
_FELL = re.compile(r"ended by (TypeError|AttributeError|NameError|ImportError)")
"""A bug that no longer fits the code around it is no proof of anything."""
_SHELVES = (planted_exchange, planted_journal, planted_later)
"""Modules that fill the table when they are loaded."""


@dataclass(frozen=True, slots=True)
class Kill:
    """How a bug was found; ``invariant`` is empty when it was not."""

    bug: str
    invariant: str
    text: str
    seeds: int
    seconds: float


def hunt(name: str) -> Kill:
    """Play seeds against one bug."""
    began = time.process_time()
    with working_folder() as folder, planted(name) as bug:
        for count in range(1, 1_000_000):
            result = run_scenario(_fitting(scenario_of(FIRST_SEED + count), bug), folder)
            took = time.process_time() - began
            fell = next((each for each in result.findings if _FELL.search(each.text)), None)
            if fell is not None:
                return Kill(name, "", f"the bug itself falls over and must be mended: {fell.text}", count, took)
            if result.findings:
                first = result.findings[0]
                return Kill(name, first.invariant, first.text, count, took)
            if took > HUNT_S:
                break
    return Kill(name, "", "", count, took)


def _fitting(scenario: Scenario, bug: Bug) -> Scenario:
    """The profile and the weather that the bug needs; nothing else of the scenario changes."""
    if bug.printer_trouble:
        operations = tuple(replace(each, printer="runs-out") for each in scenario.operations)
        scenario = replace(scenario, operations=operations)
    if bug.stormy:
        scenario = replace(scenario, fault_probability=0.7, faults=(Fault.ANSWER_LOST, Fault.REQUEST_LOST))
    if bug.unbalanced:
        other_totals = Fault.TOTALS_DISAGREE, Fault.FOREIGN_DISAGREE
        scenario = replace(scenario, fault_probability=0.7, faults=other_totals, settles_at_end=True)
    if not bug.overrides:
        return scenario
    faults = scenario.faults
    overrides = {**scenario.overrides, **dict(bug.overrides)}
    if dict(bug.overrides).get("decline_without_mac") == '"reverse"' and Fault.DENIED not in faults:
        faults = (*faults, Fault.DENIED)
    return replace(scenario, overrides=overrides, faults=faults, sign_declines=True)


def run(name: str, jobs: int) -> int:
    """Hunt one bug or all of them; 0 when every one was found."""
    assert _SHELVES
    if name == "list":
        print("\n".join(f"{each.name:<30} {each.what}" for each in PLANTED.values()))
        return 0
    names = list(PLANTED) if name == "all" else [name]
    if any(each not in PLANTED for each in names):
        print(f"countertop simulate: no planted bug is called {name!r}; --planted list shows all.", file=sys.stderr)
        return 2
    missed = 0
    with ProcessPoolExecutor(jobs) as pool:
        for kill in pool.map(hunt, names):
            missed += not kill.invariant
            found = f"{kill.invariant:<4} seed {kill.seeds:>4}, {kill.seconds:5.1f} s  {kill.text}"
            print(f"{kill.bug:<30} {found if kill.invariant else f'NOT FOUND {kill.text}'}", flush=True)
    print(f"{len(names) - missed} of {len(names)} planted bugs found.")
    return int(bool(missed))
