"""Messages of every dialect for property tests."""

import string

import pytest
from hypothesis import strategies as st

from iso8583 import Message
from iso8583.dialects import DECLARATIONS

ALPHANUMERIC = string.ascii_letters + string.digits + " "
PRINTABLE = "".join(chr(code) for code in range(32, 127))


def _texts(field, alphabet):
    low = 0 if field.prefix_digits else field.maximum
    return st.text(alphabet, min_size=low, max_size=min(field.maximum, low + 60 if field.prefix_digits else low))


def values_of(field):
    """Values that an element may have."""
    if field.content in ("b", "tlv"):
        low = 0 if field.prefix_digits else field.maximum
        return st.binary(min_size=low, max_size=min(field.maximum, low + 60 if field.prefix_digits else low))
    if field.content == "x":
        digits = st.text("0123456789", min_size=field.maximum - 1, max_size=field.maximum - 1)
        return st.tuples(st.sampled_from("CD0"), digits).map("".join)
    if field.content == "z" and field.coding == "bcd":
        return _texts(field, "0123456789D")
    alphabets = {"n": "0123456789", "an": ALPHANUMERIC, "ans": PRINTABLE, "z": "0123456789="}
    if field.coding == "latin-1":
        return _texts(field, st.characters(max_codepoint=255))
    return _texts(field, alphabets[field.content])


def messages_of(declaration, numbers=None):
    """Messages of a dialect; tracks are written with the dialect's own separator."""
    fields = declaration.fields()

    @st.composite
    def build(draw):
        chosen = numbers or draw(st.sets(st.sampled_from(sorted(fields)), max_size=12))
        elements = {}
        for number in sorted(chosen):
            value = draw(values_of(fields[number]))
            if fields[number].content == "z" and fields[number].coding == "bcd":
                value = value.replace("D", declaration.wire.separator)
            elements[number] = value
        return Message(draw(st.text("0123456789", min_size=4, max_size=4)), elements)

    return build()


@pytest.fixture(params=sorted(DECLARATIONS))
def declaration(request):
    """Each dialect that is declared."""
    return DECLARATIONS[request.param]


@pytest.fixture
def messages():
    """The function that gives messages of a declaration."""
    return messages_of
