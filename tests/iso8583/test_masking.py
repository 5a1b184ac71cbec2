"""Card numbers, tracks, PIN blocks and keys come out of no error, repr or description unless they are asked for."""

import logging
import traceback

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import iso8583
from iso8583 import Iso8583Error, Message
from iso8583.guess import guesses
from iso8583.masking import mask_pan, masked
from iso8583.names import CODECS

SECRET_ELEMENTS = {"pan", "track", "hidden", "tlv"}
DIGITS = st.text("0123456789", min_size=13, max_size=19).filter(lambda pan: len(set(pan)) > 4)
KEY = st.binary(min_size=8, max_size=8).filter(lambda value: len(set(value)) > 4)


@st.composite
def messages_with_secrets(draw, name):
    """A message with a card number, tracks, a PIN block and keys in the places where they are sent."""
    elements, secrets = {}, []
    pan, block, key = draw(DIGITS), draw(KEY), draw(KEY)
    table = iso8583.dialect(name).declaration.elements
    fields = iso8583.dialect(name).declaration.fields()
    track = f"{pan}D30121010000000000"[:37]
    for number, value in (
        (2, pan), (35, track), (36, track), (45, f"B{pan}^NAME^30121010"), (34, pan), (52, block),
        (55, b"\x5a\x0a" + bytes.fromhex(pan.ljust(20, "F")) + b"\x57\x08" + block),
        (59, f"A1016{block.hex().upper()}"),
        (62, key), (96, key), (48, f"01{'00'}000001{pan.rjust(20, '0')}000000000001"), (102, pan), (63, f"REF {pan}"),
    ):  # fmt: skip
        if number not in fields or not draw(st.booleans()):
            continue
        binary = fields[number].content in ("b", "tlv")
        if binary != isinstance(value, bytes) or (
            not fields[number].prefix_digits and len(value) != fields[number].maximum
        ):
            continue
        if fields[number].content == "z" and fields[number].coding == "bcd":
            value = value.replace("D", iso8583.dialect(name).declaration.wire.separator)
        elif fields[number].content == "z":
            value = value.replace("D", "=")
        elements[number] = value
        assert table[number].mask, f"element {number} of {name} is shown as it is"
    secrets += [pan, block.hex().upper(), key.hex().upper()]
    return Message(draw(st.sampled_from(["0200", "0400", "1200"])), elements), secrets


def shown_of(dialect, message, wire):
    """Everything that this room says about a message, right or damaged."""
    shown = [repr(message), repr(dialect), str(message.describe(dialect)), str(message.describe(dialect).as_dict())]
    shown += [str(row) for row in message.rows()]
    for number, value in message.elements.items():
        try:
            shown += [repr(part) for part in dialect.split(number, value)]
        except Iso8583Error as error:
            shown.append(str(error))
    shown += [repr(guess) + repr(guess.frame) for guess in guesses(wire)]
    return shown


def all_of(error):
    """Text, repr, arguments and the whole traceback of an error, with what led to it."""
    return [str(error), repr(error), repr(error.args), *traceback.format_exception(error)]


def leaks(secrets, texts):
    text = "\n".join(texts).upper().replace(" ", "")
    return [kind for kind, secret in enumerate(secrets) if secret in text]


@pytest.mark.parametrize("name", sorted(CODECS))
@settings(max_examples=15, phases=[Phase.reuse, Phase.generate], deadline=None)
@given(data=st.data())
def test_no_error_repr_or_description_holds_card_data_or_keys(name, data):
    dialect = iso8583.dialect(name)
    message, secrets = data.draw(messages_with_secrets(name))
    wire = dialect.encode(message)
    shown = shown_of(dialect, message, wire)
    for _ in range(5):
        damaged = bytearray(wire)
        place = data.draw(st.integers(0, len(wire) - 1))
        kind = data.draw(st.sampled_from(["byte", "cut", "more"]))
        if kind == "byte":
            damaged[place] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del damaged[place:]
        else:
            damaged += b"0"
        try:
            shown.append(str(dialect.decode(bytes(damaged)).describe(dialect)) if kind == "more" else "")
            dialect.decode(bytes(damaged))
        except Iso8583Error as error:
            shown += all_of(error)
    for number, value in message.elements.items():
        for wrong in (value + value[:1], value[:-1] + value[:0], value * 40, 5):
            try:
                dialect.encode(Message(message.mti, {**message.elements, number: wrong}))
            except Iso8583Error as error:
                shown += all_of(error)
    assert leaks(secrets, shown) == []


def test_revealing_is_possible_and_only_on_request():
    message = Message("0200", {2: "6228480000000001234", 62: bytes(range(16))})
    assert "6228480000000001234" in str(message.describe(reveal=True))
    assert bytes(range(16)).hex().upper() in str(message.describe(reveal=True))
    assert "6228480000000001234" not in str(message.describe())


def test_a_leak_would_be_found():
    """The checker itself: an unmasked description has every secret in it."""
    message = Message("0200", {2: "6228480000000001234"})
    assert leaks(["6228480000000001234"], [str(message.describe(reveal=True))]) == [0]


def test_the_room_writes_no_log(caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(Iso8583Error):
        iso8583.dialect("unionpay-pos").decode(b"\x02\x00nothing right")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("6228480000000001234", "622848*********1234"),
        ("123456789012345", "123456*****2345"),
        ("12345678901234", "**********1234"),
        ("1234", "****"),
        ("", ""),
    ],
)
def test_a_card_number_shows_at_most_six_and_four(digits, shown):
    assert mask_pan(digits) == shown


@given(st.text(max_size=40), st.sampled_from(sorted(SECRET_ELEMENTS)))
def test_a_mask_leaves_at_most_ten_characters(value, mask):
    shown = masked(mask, value)
    assert sum(a == b and a != "*" for a, b in zip(shown, value, strict=False)) <= 10 or value == shown == "*" * len(
        value
    )
