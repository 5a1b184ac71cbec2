"""The complete small model, sampled here; the whole of it is a command."""

import pytest

from tools.simulation.campaign import working_folder
from tools.simulation.exhaustive import STORIES, Case, cases_of, explore
from tools.simulation.faults import ALL_FAULTS, Fault


def test_every_fault_stands_at_every_message_of_every_story():
    for name, story in STORIES.items():
        scripts = {case.script for case in cases_of(name)}
        assert all((*before, fault) in scripts for before in story.reached_by for fault in ALL_FAULTS), name


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.NONE, Fault.RESET_AFTER_DELIVERY, Fault.REQUEST_LATE])
@pytest.mark.parametrize("story", STORIES)
def test_a_cut_at_every_operation_leaves_nothing_unknown(story, fault):
    with working_folder() as folder:
        count = explore(Case(story, (fault,)), folder)
    assert count.findings == []
    ends_early = story == "settlement" and fault is not Fault.NONE  # its first message fails
    assert count.cuts > (15 if ends_early else 50)
    assert count.states == 3 * count.cuts
