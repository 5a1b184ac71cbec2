"""What is inside an element is cut into named parts and built again; what does not fit is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import iso8583
from iso8583 import Iso8583Error
from iso8583.declaration import Wire
from iso8583.dialects import DECLARATIONS
from iso8583.elements import ANS as TEXT
from iso8583.elements import LL, Bitmapped, Element, N, Positional
from iso8583.subfields import join, split

POS = iso8583.dialect("unionpay-pos")
PAN = "6228480000000001234"


def parts_of(number, value, dialect=POS):
    return {part.key: part.value for part in dialect.split(number, value)}


def test_element_60_may_end_after_any_part_from_the_batch_on():
    """facts/unionpay.md §2: lengths of 8, 11, 13, 14 and 17 digits occur."""
    full = "22000006000601048"
    for length, count in ((8, 2), (11, 3), (12, 4), (13, 5), (14, 6), (17, 7)):
        parts = parts_of(60, full[:length])
        assert len(parts) == count
        assert POS.join(60, parts) == full[:length]
    for length in (0, 2, 7, 9, 15):
        with pytest.raises(Iso8583Error, match="Element 60"):
            POS.split(60, full[:length])


def test_balances_of_element_54_are_a_list():
    parts = parts_of(54, "3002156D900000100000")
    assert parts == {"1.1": "30", "1.2": "02", "1.3": "156", "1.4": "D", "1.5": "900000100000"}
    two = "3002156D9000001000003001156C000000000001"
    assert POS.join(54, parts_of(54, two)) == two


def test_settlement_totals_upload_records_and_the_end_of_an_upload_are_told_apart():
    totals = "0000000000110110000000000020021" + "0" * 30 + "1"
    assert parts_of(48, totals)["5"] == "1"
    record = "00000123" + PAN.rjust(20, "0") + "000000012850"
    assert parts_of(48, "02" + record * 2)["2.3"] == PAN.rjust(20, "0")
    assert parts_of(48, "0012") == {"1": "0012"}
    assert POS.join(48, parts_of(48, "02" + record * 2)) == "02" + record * 2


def test_original_data_elements_are_named():
    dialect = iso8583.dialect("iso87-ascii")
    value = "020000012308011530120004802100000048021001"
    assert list(parts_of(90, value, dialect).values()) == ["0200", "000123", "0801153012", "00048021000", "00048021001"]
    assert dialect.join(90, parts_of(90, value, dialect)) == value


def test_lengths_of_two_or_three_digits_in_element_59():
    assert parts_of(59, "A3019" + PAN) == {"A3": PAN}
    assert parts_of(59, "A319" + PAN) == {"A3": PAN}, "an acquirer with two digits"
    two = iso8583.derived_dialect("two", "unionpay-pos", {"59": "ans...999 latin-1 tagged-2"})
    assert two.join(59, {"A3": PAN}) == "A319" + PAN
    assert POS.join(59, {"A3": PAN}) == "A3019" + PAN


def test_chip_data_is_named_by_tag_and_built_again():
    value = bytes.fromhex("9F26081122334455667788820200FF")
    assert parts_of(55, value) == {"9F26": bytes.fromhex("1122334455667788"), "82": b"\x00\xff"}
    assert POS.join(55, parts_of(55, value)) == value
    for wrong in ("9F", "9F2609FF", "82850000000000", "828080", "5F81818100", "1F"):
        with pytest.raises(Iso8583Error, match="Element 55"):
            POS.split(55, bytes.fromhex(wrong))


BITMAPPED = Element(
    "Private", "自定义", TEXT(LL(99)),
    inside=(
        Bitmapped(
            {1: Element("First", "一", N(3)), 3: Element("Third", "三", TEXT(LL(9))), 64: Element("Last", "末", N(2))},
            Wire(digits="bcd", text="ascii", binary="raw", bitmap="raw", lengths="bcd"),
        ),
    ),
)  # fmt: skip


def test_a_bitmapped_composite_has_its_own_bits_from_1_on():
    value = join(62, BITMAPPED, {"1": "123", "3": "abc", "64": "99"})
    assert value == bytes.fromhex("A00000000000000101230361626399")
    assert {part.key: part.value for part in split(62, BITMAPPED, value)} == {"1": "123", "3": "abc", "64": "99"}
    for wrong in (value[:-1], value + b"0", b"\x40" + value[1:], b"", b"\xa0\0\0\0\0\0\0\1\xff"):
        with pytest.raises(Iso8583Error, match="Element 62"):
            split(62, BITMAPPED, wrong)
    for parts in ({"2": "1"}, {"a": "1"}, {"1": "12"}):
        with pytest.raises(Iso8583Error, match="Element 62"):
            join(62, BITMAPPED, parts)


def test_parts_that_do_not_belong_are_refused():
    for parts in ({"1": "22"}, {"1": "22", "3": "003"}, {"1": "22", "2": "000001", "9": "1"}, {"1": "2", "2": "000001"},
                  {"1": "2A", "2": "000001"}, {"1": b"22", "2": "000001"}):  # fmt: skip
        with pytest.raises(Iso8583Error, match="Element 60"):
            POS.join(60, parts)
    with pytest.raises(Iso8583Error):
        POS.join(41, {"1": "x"})
    with pytest.raises(Iso8583Error):
        POS.split(6, "x")


def every_inside():
    """Every element of every dialect that declares its inside."""
    found = []
    for declaration in DECLARATIONS.values():
        for number, element in declaration.elements.items():
            if element.inside:
                found.append(pytest.param(number, element, id=f"{declaration.name} {number}"))
    return found


@pytest.mark.parametrize(("number", "element"), every_inside())
@given(text=st.text("0123456789ACD=", max_size=70), data=st.binary(max_size=70))
def test_any_value_is_split_and_joined_to_itself_or_refused(number, element, text, data):
    value = data if element.format.content in ("b", "tlv") else text
    try:
        parts = split(number, element, value)
    except Iso8583Error:
        return
    if isinstance(element.inside[0], Positional):
        assert "".join(part.value for part in parts) == value
