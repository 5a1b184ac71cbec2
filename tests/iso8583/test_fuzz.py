"""Mutated messages: a hundred thousand of each dialect here, ten million with ``countertop fuzz``."""

import pytest

import iso8583
from iso8583 import Message
from tools.fuzz.codec import Report, fuzz, judge

CI_INPUTS = 100_000


@pytest.mark.parametrize("name", iso8583.dialect_names())
def test_mutated_messages_give_a_message_that_holds_or_one_error_with_its_offset(name):
    report = fuzz(name, CI_INPUTS, seed=1)
    assert [(finding.fault, finding.data.hex()) for finding in report.findings] == []
    assert report.inputs == CI_INPUTS
    assert report.taken > CI_INPUTS // 100, "some damage is none"
    assert len(report.refused) >= 5, "every kind of error was met; where every number is an element, none is undefined"


class Planted:
    """A codec with a fault to find."""

    def __init__(self, fault):
        self._fault = fault

    def decode(self, data):
        if self._fault == "raises":
            raise KeyError("173")
        return Message("0200", {3: "000000" if self._fault != "forgets" else str(len(data))})

    def encode(self, message):
        if self._fault == "cannot write":
            raise ValueError
        return b"x" * (len(message[3]) + 1)


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("raises", "KeyError from decode"),
        ("cannot write", "ValueError from encoding what was decoded"),
        ("forgets", "another message after encoding and decoding"),
    ],
)
def test_a_planted_fault_is_found(fault, found):
    assert judge(Planted(fault), b"0123456789", Report("planted")) == found


def test_the_same_seed_gives_the_same_campaign():
    first, second = fuzz("iso87-ascii", 300, 5), fuzz("iso87-ascii", 300, 5)
    assert (first.taken, first.refused) == (second.taken, second.refused)
