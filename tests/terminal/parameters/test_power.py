"""Power that goes at any write leaves the parameters as they were before the step, or as they are after it."""

import random
import sqlite3
import threading

import pytest

from terminal.service.parameters import Parameters, ParametersError, Source
from tools.simulation.disk import PLATTERS, Disk, _Connection
from tools.simulation.power import DiskFault, Power, PowerCut

from .conftest import yes


def change(**values):
    return lambda parameters: parameters.change(values, "99", Source.MENU)


def begin(parameters):
    parameters.begin(yes, starting=True)


STEPS = (
    change(response_s=45, amount_max_minor=1000),
    begin,
    Parameters.confirm,
    change(response_s=50),
    lambda parameters: parameters.revert(2, "99"),
    lambda parameters: parameters.change({"connect_s": 4}, "acquirer", Source.BUNDLE, bundle=3),
    begin,
    begin,
    Parameters.confirm,
    lambda parameters: parameters.revert(1, "99"),
    begin,
    begin,
    begin,
    begin,  # not confirmed in three lives: falls back
    lambda parameters: parameters.told(parameters.untold()),
)


def on(disk, file, clock):
    parameters = Parameters(file, clock, lambda path: disk.storage.connect(path))
    parameters.store.path.touch()  # the file itself is on the simulated disk
    return parameters


def seen(disk, file, clock):
    """Everything that can be seen of the parameters, and what a start would live by."""
    parameters = on(disk, file, clock)
    standing = parameters.standing()
    return parameters.history(), standing, parameters.settings(), [c.number for c in parameters.untold()]


@pytest.fixture
def course(file, clock):
    """What is seen before the first step and after each."""
    disk = Disk(Power())
    parameters, states = on(disk, file, clock), [seen(disk, file, clock)]
    for step in STEPS:
        step(parameters)
        states.append(seen(disk, file, clock))
    disk.close()
    assert states[-1][1].content == {"response_s": 45, "amount_max_minor": 1000, "connect_s": 4}
    return states


def diverging(course, file, clock):
    """How many cuts there are, and the first after which something else is found than before or after the step."""
    rng, operation, done = random.Random(8), 0, 0
    while done < len(STEPS):
        power, done = Power(), 0
        power.cut_at = operation
        disk = Disk(power)
        try:
            parameters = on(disk, file, clock)
            for step in STEPS:
                step(parameters)
                done += 1
        except PowerCut:
            pass
        platters = [disk.platter(platter, rng) for platter in PLATTERS]
        disk.close()
        expected = course[done : done + 2]
        # ``begin`` is several steps, each durable by itself: the history is whole, and so is what a start lives by.
        whole = STEPS[min(done, len(STEPS) - 1)] is not begin
        for platter in platters:
            found = Disk(Power(), platter)
            try:
                now = seen(found, file, clock)
            except ParametersError:
                return operation, "damaged"
            finally:
                found.close()
            right = (
                now in expected if whole else all(now[part] in [state[part] for state in expected] for part in (0, 2))
            )
            if not right:
                return operation, "neither before nor after"
        operation += 1
    return operation - 1, ""


def test_a_power_cut_at_any_write_leaves_before_or_after(course, file, clock):
    cuts, fault = diverging(course, file, clock)
    assert fault == "" and cuts > 100


PLANTED = {
    "does not wait for the disk": {"PRAGMA synchronous=EXTRA": "PRAGMA synchronous=OFF"},
    "does one thing after another": {"BEGIN IMMEDIATE": "SELECT 1", "COMMIT": "SELECT 1"},
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_store_with_a_planted_fault_is_found_out(course, file, clock, monkeypatch, fault):
    execute, instead = _Connection.execute, PLANTED[fault]
    monkeypatch.setattr(
        _Connection,
        "execute",
        lambda self, statement, values=(): execute(self, instead.get(statement, statement), values),
    )
    assert diverging(course, file, clock)[1]


@pytest.mark.parametrize("fault", list(DiskFault))
def test_a_disk_that_refuses_a_write_refuses_the_change_and_keeps_what_was(file, clock, fault):
    disk = Disk(Power())
    parameters = on(disk, file, clock)
    for step in STEPS[:3]:
        step(parameters)
    before, first = seen(disk, file, clock), disk.power.operations
    refused = 0
    for ahead in range(1, 12):
        disk.power.fault_at = {disk.power.operations + ahead: fault}
        try:
            parameters.change({"response_s": 50}, "99", Source.MENU)
        except ParametersError:
            refused += 1
            assert seen(disk, file, clock) == before
        else:
            break
    assert refused and disk.power.operations > first
    disk.close()


def test_a_change_beside_the_running_terminal_waits_for_its_turn(parameters, file, clock):
    """Two processes: one holds the file for a moment, the other waits and then changes it."""
    parameters.change({"response_s": 45}, "99", Source.MENU)
    held = sqlite3.connect(parameters.store.path, isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    changed = []
    other = threading.Thread(
        target=lambda: changed.append(Parameters(file, clock).change({"connect_s": 5}, "root", Source.COMMAND))
    )
    other.start()
    held.execute("COMMIT")
    held.close()
    other.join(60)
    assert [item.number for item in changed] == [2]
