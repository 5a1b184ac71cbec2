"""Whatever a device sends, its parser gives one of its own types; and a parser that does not is found."""

import pytest

from tools.fuzz import devices
from tools.fuzz.devices import TARGETS, Target, fuzz_target
from tools.fuzz.devices_cli import main

INPUTS_EACH = 7000
"""Some 10^5 in all; the long campaign is ``countertop fuzz-devices --inputs 10000000``."""


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_gets_anything_but_its_types_out_of_a_parser(name):
    result = fuzz_target(name, INPUTS_EACH, 20261125)
    assert result.findings == ()
    assert result.inputs == sum(result.answers.values()) == INPUTS_EACH


@pytest.mark.parametrize("name", TARGETS)
def test_good_inputs_are_taken_so_that_the_spoiled_ones_mean_something(name):
    target = TARGETS[name]
    answers = {type(target.parse(seed)) for seed in target.seeds}
    assert answers <= set(target.types)
    assert any(answer is target.types[0] for answer in answers) or name == "enciphered-stripe"


def _raises_on_a_question_mark(data):
    return data.index(b"?")


def _gives_text(data):
    return "text" if b"\x00" in data else data


@pytest.mark.parametrize("parse", [_raises_on_a_question_mark, _gives_text])
def test_a_planted_fault_is_found_and_found_again_by_its_seed(monkeypatch, parse):
    monkeypatch.setitem(devices.TARGETS, "planted", Target("planted", parse, (b"a?b",), (bytes, int)))
    first, again = (fuzz_target("planted", 2000, 7) for _ in range(2))
    assert first.findings and first.findings == again.findings
    assert fuzz_target("planted", 2000, 8).findings != first.findings


def test_the_command_tells_inputs_rate_and_findings(capsys):
    assert main(["--inputs", "600", "--parsers", "tracks", "code", "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert "600 inputs in all" in said and "0 findings" in said and "a second" in said
