"""Printers say what they say in three languages at once, cut anywhere, and some of it is noise."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.printer_models import MODELS, model_for
from drivers.printer_status import (
    AutomaticStatus,
    PrinterError,
    PrinterStatus,
    PrinterTroubleReason,
    ProcessId,
    RealTime,
    StatusStream,
    with_port_status,
    with_realtime,
)
from drivers.simulated_paper import PaperPath

GOOD = PrinterStatus(True, True, True, False, PrinterError.NONE, False)


def told(*pieces):
    stream = StatusStream()
    return [item for piece in pieces for item in stream.feed(piece)]


def path_with(**state):
    path = PaperPath(lambda data: None)
    for name, value in state.items():
        path.set(name, value)
    return path


@pytest.mark.parametrize(
    ("state", "error", "reason"),
    [
        ({}, 0, None),
        ({"paper": False}, 0, PrinterTroubleReason.PAPER),
        ({"cover_closed": False}, 0, PrinterTroubleReason.COVER),
        ({"online": False}, 0, PrinterTroubleReason.OFFLINE),
        ({"paper": False, "cover_closed": False}, 0, PrinterTroubleReason.PAPER),
        ({"paper_low": True}, 0, None),
        ({}, 0x08, PrinterTroubleReason.ERROR),
        ({}, 0x20, PrinterTroubleReason.ERROR),
    ],
    ids=str,
)
def test_both_ways_of_asking_tell_the_same(state, error, reason):
    path = path_with(**state)
    if error:
        path.fail(error)
    asked = PrinterStatus()
    for which in (1, 2, 3, 4):
        asked = with_realtime(asked, which, path.status_byte(which))
    by_itself = AutomaticStatus(path.automatic_bytes()).status
    assert asked == by_itself
    assert asked.trouble is reason
    assert asked.paper_low is state.get("paper_low", False)


def test_a_hot_head_is_no_trouble_it_goes_on_by_itself():
    status = AutomaticStatus(bytes([0x10, 0x40, 0x00, 0x0F])).status
    assert (status.error, status.trouble) == (PrinterError.RECOVERS, None)


def test_what_is_unknown_is_no_trouble():
    assert PrinterStatus().trouble is None
    assert not PrinterStatus().known


@pytest.mark.parametrize(
    ("value", "trouble"),
    [
        (0x18, None),
        (0x38, PrinterTroubleReason.PAPER),
        (0x08, PrinterTroubleReason.OFFLINE),
        (0x00, None),
        (0xFF, None),
    ],
)
def test_the_port_status_of_usb_is_believed_when_it_is_bad_news_and_no_nonsense(value, trouble):
    status = with_port_status(PrinterStatus(), value)
    assert status.trouble is trouble
    assert status.paper is not True and status.online is not True, "good news proves nothing"


items = st.one_of(
    st.integers(0, 255).filter(lambda byte: byte & 0x93 == 0x12).map(RealTime),
    st.builds(
        lambda head, rest: AutomaticStatus(bytes([head & 0x6C | 0x10, *(byte & 0x6F for byte in rest)])),
        st.integers(0, 255),
        st.lists(st.integers(0, 255), min_size=3, max_size=3),
    ),
    st.binary(min_size=4, max_size=4).map(lambda name: ProcessId(bytes(byte % 95 + 32 for byte in name))),
)


def as_bytes(item):
    if isinstance(item, RealTime):
        return bytes([item.value])
    return item.data if isinstance(item, AutomaticStatus) else b"\x37\x22" + item.name + b"\0"


@given(st.lists(items, max_size=12), st.data())
def test_whatever_is_told_is_understood_wherever_the_pieces_are_cut(said, data):
    whole = b"".join(map(as_bytes, said))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    edges = [0, *cuts, len(whole)]
    assert told(*(whole[start:end] for start, end in itertools.pairwise(edges))) == said


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_any_bytes_give_only_typed_results_and_never_pile_up(pieces):
    stream = StatusStream()
    count = 0
    for piece in pieces:
        for item in stream.feed(piece):
            assert isinstance(item, RealTime | AutomaticStatus | ProcessId)
            if isinstance(item, AutomaticStatus):
                assert item.status.known
            count += len(as_bytes(item))
    total = sum(map(len, pieces))
    assert total - 7 <= count + stream.strange <= total


def test_every_row_of_the_models_is_found_by_its_ids_and_keeps_its_word():
    for name, row in MODELS.items():
        assert model_for(name) is row
        assert row.piece_bytes >= 64
        assert set(row.realtime) <= {1, 2, 3, 4}
        for vendor, product in row.ids:
            assert model_for("auto", vendor, product or 0x0001) is row
    assert model_for("auto", 0xFFFF, 0x0001) is MODELS["generic"]
    assert model_for("auto") is MODELS["generic"]
