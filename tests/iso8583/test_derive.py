"""An acquirer's deviations are a few lines, and a line that says nothing sensible is refused by name."""

import pytest

import iso8583
from iso8583 import DialectError, Message
from iso8583.derive import format_of

BANK = {
    "49": "n3",  # facts/unionpay.md §13.14
    "48": "ans...512",  # §13.4
    "57": "ans...100 latin-1",
    "58": "absent",
    "22": "n3 left",
    "59": "ans...999 latin-1 tagged-2",  # §13.3
    "pad_nibble": "F",  # §13.1
}


def test_the_deviations_of_a_bank_change_exactly_what_they_name():
    bank = iso8583.derived_dialect("bank", "unionpay-pos", BANK)
    message = Message("0200", {2: "6228480000000001234", 22: "051", 48: "PA57#", 49: "156", 57: "PB51#"})
    wire = bank.encode(message)
    assert wire.hex() == ("02004000040000018080196228480000000001234ff05100055041353723f15600055042353123")
    assert bank.decode(wire) == message
    with pytest.raises(iso8583.UndefinedElementError):
        bank.encode(Message("0200", {58: "x"}))
    base = iso8583.dialect("unionpay-pos")
    same = Message("0200", {3: "000000", 41: "10000001"})
    assert bank.encode(same) == base.encode(same)


def test_without_changes_the_base_is_used_with_its_generated_codec():
    assert iso8583.derived_dialect("bank", "unionpay-pos", {}) is iso8583.dialect("unionpay-pos")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"49": "N3"}, "element 49"),
        ({"49": "n"}, "element 49"),
        ({"49": "n..101"}, "49"),
        ({"49": "n3 utf-8"}, "element 49"),
        ({"49": "n3 left right"}, "element 49"),
        ({"49": "n3 raw"}, "element 49"),
        ({"35": "z37"}, "variable length"),
        ({"65": "n3"}, "65"),
        ({"1": "n3"}, "1"),
        ({"129": "n3"}, "129"),
        ({"pad": "F"}, "pad"),
        ({"pad_nibble": "1"}, "pad_nibble"),
        ({"bitmaps_max": "9"}, "bitmaps_max"),
        ({"٤٩": "n3"}, "neither"),
        ({"49": ""}, "element 49"),
    ],
)
def test_a_line_that_makes_no_dialect_is_refused_before_the_first_sale(changes, says):
    with pytest.raises(DialectError, match=f"(?i){says}"):
        iso8583.derived_dialect("bank", "unionpay-pos", changes)


def test_formats_are_written_as_in_the_standard():
    assert format_of(2, "n..19").length.digits == 2
    assert format_of(2, "ans...999").length.maximum == 999
    assert format_of(2, "b8").length == 8
    assert format_of(2, "n..19 bcd right bytes").counts == "bytes"


def test_a_secondary_and_a_tertiary_bitmap_may_be_switched_on():
    wide = iso8583.derived_dialect("wide", "unionpay-pos", {"bitmaps_max": "3", "70": "n3", "130": "ans...10"})
    message = Message("0800", {11: "000001", 70: "301", 130: "abc"})
    wire = wide.encode(message)
    assert wire[2:26].hex() == "802000000000000084000000000000004000000000000000"
    assert wide.decode(wire) == message
