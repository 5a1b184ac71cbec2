"""The complete small model, sampled here; the whole of it is a command."""

import pytest

from tools.simulation.campaign import working_folder
from tools.simulation.exhaustive import STORIES, Case, Count, cases_of, explore, run
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


def test_an_exploration_goes_on_where_its_log_ends(tmp_path, capsys, monkeypatch):
    played = []

    def explored(case, folder):
        played.append(case)
        return Count(runs=1, cuts=len(played), states=3, findings=["I1 lost"] if len(played) == 2 else [])

    monkeypatch.setattr("tools.simulation.exhaustive.explore", explored)
    log = tmp_path / "l0.jsonl"
    assert run("settlement", 1, 40, log) == 1
    whole, runs = capsys.readouterr().out, len(played)
    lines = log.read_text("utf-8").splitlines(keepends=True)
    log.write_text("".join(lines[:-1]) + lines[-1][:20], "utf-8")  # killed while it wrote
    played.pop()
    assert run("settlement", 1, 40, log) == 1
    assert (capsys.readouterr().out, len(played)) == (whole, runs)
    assert run("settlement", 1, 40, log) == 1
    assert (capsys.readouterr().out, len(played)) == (whole, runs)
