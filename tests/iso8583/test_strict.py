"""What is no message is refused: by type, with element and offset, without a value."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iso8583
from iso8583 import (
    BitmapError,
    ContentError,
    DialectError,
    Iso8583Error,
    LengthError,
    Message,
    TrailingBytesError,
    TruncatedError,
    UndefinedElementError,
)
from iso8583.declaration import Declaration
from iso8583.diagnose import TableCodec
from iso8583.dialect import Dialect
from iso8583.dialects import DECLARATIONS
from iso8583.elements import LL, Element, N

POS = iso8583.dialect("unionpay-pos")
ASCII = iso8583.dialect("iso87-ascii")
PAN, TRACK = "6228480000000001234", "6228480000000001234D30121010000000000"
SALE = Message(
    "0200",
    {
        2: PAN, 3: "000000", 4: "000000012850", 11: "000001", 22: "051", 23: "001", 25: "00", 26: "12", 35: TRACK,
        41: "10000001", 42: "999290054110001", 49: "156", 52: bytes(range(8)), 53: "2600000000000000",
        55: b"\x9f\x26\x08" + bytes(8), 60: "2200000100050", 64: b"12345678",
    },
)  # fmt: skip
WIRE = POS.encode(SALE)


def refused(data: bytes, dialect=POS) -> Iso8583Error:
    with pytest.raises(Iso8583Error) as refusal:
        dialect.decode(data)
    return refusal.value


def at(offset: int, *values: int) -> bytes:
    changed = bytearray(WIRE)
    changed[offset : offset + len(values)] = bytes(values)
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "kind", "element", "offset"),
    [
        (WIRE[:-1], TruncatedError, 64, None),
        (WIRE[:60], TruncatedError, 41, None),
        (at(11, 0xB2), ContentError, 2, 11),
        (at(10, 0x99), LengthError, 2, 10),
        (at(10, 0x1A), LengthError, 2, 10),
        (at(2, WIRE[2] | 0x04), UndefinedElementError, 6, None),
        (WIRE + b"abc", TrailingBytesError, None, len(WIRE)),
        (at(0, 0x0A), ContentError, 0, 0),
        (at(2, WIRE[2] | 0x80), BitmapError, None, None),
        (b"", TruncatedError, 0, 0),
        (WIRE[:9], TruncatedError, 1, 2),
    ],
    ids=[
        "cut in the last element", "cut in the middle", "nibble B in the card number", "length 99", "length 1A",
        "bit of an undefined element", "three bytes too many", "MTI 0A00", "second bitmap", "nothing", "cut bitmap",
    ],
)  # fmt: skip
def test_a_fault_is_named_with_element_and_offset(data, kind, element, offset):
    error = refused(data)
    assert type(error) is kind
    assert error.element == element
    assert offset is None or error.offset == offset


@pytest.mark.parametrize("prefix", ["+5", " 5", "5 ", "-1", "1_", "٣٣", "０５", "ab"])
def test_a_length_is_two_ascii_digits_and_nothing_else(prefix):
    body = b"0200" + b"4000000000000000" + prefix.encode("latin-1", "replace") + b"1234567890"
    assert isinstance(refused(body, ASCII), LengthError | TruncatedError)


def test_a_bitmap_is_hexadecimal_and_nothing_else():
    for bitmap in (b"40000000 0000000", b"+000000000000000", b"0x40000000000000", b"4000_00000000000"):
        assert isinstance(refused(b"0200" + bitmap + b"0512345", ASCII), BitmapError)


@pytest.mark.parametrize(
    ("number", "value", "kind"),
    [
        (2, "62284800000000012345", LengthError),
        (2, "622848000000000123A", ContentError),
        (2, "６２２８４８", ContentError),
        (2, 6228480000000001234, ContentError),
        (3, "12345", LengthError),
        (4, "00000001285²", ContentError),
        (11, None, ContentError),
        (35, "6228480000000001234d30", ContentError),
        (38, "12-456", ContentError),
        (41, "1000000\x1b", ContentError),
        (41, "1000000é", ContentError),
        (52, "0123456789ABCDEF", ContentError),
        (52, bytes(7), LengthError),
        (55, bytes(256), LengthError),
        (6, "000000000001", UndefinedElementError),
        (1, "1", UndefinedElementError),
        (True, "1", UndefinedElementError),
        ("2", PAN, UndefinedElementError),
    ],
)
def test_a_value_that_is_none_is_refused_when_writing(number, value, kind):
    with pytest.raises(kind) as refusal:
        POS.encode(Message("0200", {**SALE.elements, number: value}))
    assert not isinstance(value, str) or len(value) < 4 or value not in str(refusal.value)


@pytest.mark.parametrize("mti", ["200", "02000", "020A", "０２００", 200, None, b"0200"])
def test_an_mti_is_four_digits(mti):
    with pytest.raises(ContentError):
        POS.encode(Message(mti, {11: "000001"}))


def test_any_pad_nibble_is_taken_unless_the_dialect_says_otherwise():
    padded = at(20, WIRE[20] | 0x0F)
    assert POS.decode(padded) == SALE
    strict = DECLARATIONS["unionpay-pos"].derive("strict", either_pad=False)
    with pytest.raises(ContentError, match="pad nibble"):
        TableCodec(strict).decode(padded)


def test_a_third_bitmap_is_read_where_the_dialect_has_one():
    wide = DECLARATIONS["iso87-binary"].derive("three", {130: Element("Tertiary", "", N(4))}, bitmaps_max=3)
    codec = TableCodec(wide)
    message = Message("0200", {3: "000000", 70: "301", 130: "1234"})
    assert codec.decode(codec.encode(message)) == message
    # Bits 1 and 65 in a dialect of two bitmaps: refused by name, not by a KeyError.
    data = bytes.fromhex("0200" + "8000000000000000" * 2 + "0000000000080000")
    assert isinstance(refused(data, iso8583.dialect("iso87-binary")), BitmapError)


def test_a_derived_dialect_is_a_few_lines():
    own = DECLARATIONS["unionpay-pos"].derive("own", {48: None, 57: Element("Own", "", N(LL(10)))})
    dialect = Dialect("own", None, own)
    message = Message("0200", {57: "12345"})
    assert dialect.decode(dialect.encode(message)) == message
    with pytest.raises(UndefinedElementError):
        dialect.encode(Message("0200", {48: "1"}))


def test_a_declaration_that_makes_no_dialect_is_refused():
    with pytest.raises(DialectError):
        Declaration("bad", DECLARATIONS["unionpay-pos"].wire, {70: Element("x", "", N(3))}).fields()
    with pytest.raises(DialectError):
        Declaration("bad", DECLARATIONS["unionpay-pos"].wire, {3: Element("x", "", N(LL(100)))}).fields()
    with pytest.raises(DialectError, match="unionpay-pos"):
        iso8583.dialect("no-such")


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_message_or_one_error(data):
    for name in iso8583.dialect_names():
        try:
            iso8583.dialect(name).decode(data)
        except Iso8583Error:
            continue


@pytest.mark.parametrize("value", [None, 5, "0200", [1], object()])
def test_what_is_not_bytes_is_refused_too(value):
    with pytest.raises(Iso8583Error):
        POS.decode(value)


def test_no_error_repr_or_description_shows_card_data():
    secrets = [PAN, TRACK, SALE[52].hex(), "3012"]
    shown = [repr(SALE), str(SALE.describe(POS)), *(str(row) for row in SALE.rows())]
    for offset in range(len(WIRE)):
        for value in (0xFF, 0x00, WIRE[offset] ^ 0x40):
            try:
                POS.decode(at(offset, value))
            except Iso8583Error as error:
                shown += [str(error), repr(error), repr(error.args), repr(error.__context__)]
    for text in shown:
        for secret in secrets:
            assert secret.upper() not in text.upper()
    assert "622848*********1234" in str(SALE.describe(POS)), "the truncated number is shown"
    assert PAN in str(SALE.describe(POS, reveal=True)), "and the whole one on request"
