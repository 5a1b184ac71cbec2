"""The campaign counts only because it finds what is planted: every bug of the table, each within a minute."""

import os
from concurrent.futures import ProcessPoolExecutor

import pytest

from terminal.journal import Journal
from tools.simulation.hunt import PLANTED, hunt, planted
from tools.simulation.invariants import MEANINGS

QUICK = ("retry-new-stan", "stan-from-max", "synchronous-normal", "hexdump-in-log", "print-unmarked")


def test_there_are_at_least_forty_and_each_says_what_it_does():
    assert len(PLANTED) >= 40
    assert all(bug.what and bug.name == name for name, bug in PLANTED.items())
    assert len({bug.what for bug in PLANTED.values()}) == len(PLANTED)


def test_a_bug_is_gone_when_its_hunt_is_over():
    before = vars(Journal)["recover"]
    with planted("no-recovery"):
        assert vars(Journal)["recover"] is not before
    assert vars(Journal)["recover"] is before


def test_every_bug_can_be_planted_and_taken_away():
    for name in PLANTED:
        with planted(name):
            pass


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_found(name):
    kill = hunt(name)
    assert kill.invariant in MEANINGS, f"{name} was not found in {kill.seeds} seeds"


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("CI"), reason="CI hunts all of them; here five are enough")
def test_every_planted_bug_is_found():
    with ProcessPoolExecutor(2) as pool:
        missed = [kill.bug for kill in pool.map(hunt, PLANTED) if not kill.invariant]
    assert missed == []
