"""DER: one encoding for each value, and nothing else is read."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from keys import der
from keys.der import DerError


@given(st.integers(-(2**200), 2**200))
def test_a_number_comes_back(value):
    assert der.integer(der.read(der.write_integer(value), der.INTEGER)) == value


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=6))
def test_an_object_identifier_comes_back_and_is_that_of_an_independent_implementation(first, second, rest):
    dotted = ".".join(map(str, (first, second, *rest)))
    assert der.object_identifier(der.read(der.write_object(dotted), der.OBJECT)) == dotted
    if rest:
        name = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(dotted), "x")])
        assert der.write_object(dotted) in name.public_bytes()
    assert Encoding.DER


@given(st.binary(max_size=70_000))
def test_bytes_of_any_length_come_back(body):
    element = der.read(der.write(der.OCTETS, body), der.OCTETS)
    assert element.body == body and element.encoded == der.write(der.OCTETS, body)


@given(st.lists(st.binary(max_size=20)))
def test_a_set_is_written_in_order(parts):
    encoded = der.write_set([der.write(der.OCTETS, part) for part in parts])
    assert sorted(parts, key=lambda part: (len(part), part)) == [
        bytes(member.body) for member in der.read(encoded, der.SET).set_members()
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "04",
        "0405",
        "04810100",
        "0482000100",
        "0480010000",
        "04850000000001FF",
        "1F0100",
        "0201000201",
        "30030401",
        "3003040100FF",
        "04FF" + "00" * 20,
    ],
)
def test_another_encoding_is_refused(text):
    data = bytes.fromhex(text)
    with pytest.raises(DerError):
        der.read(data, data[0] if data else 0)


@pytest.mark.parametrize("text", ["0200", "02020001", "0202FFFF"])
def test_a_number_that_could_be_shorter_is_refused(text):
    with pytest.raises(DerError):
        der.integer(der.read(bytes.fromhex(text), der.INTEGER))


@pytest.mark.parametrize("text", ["0600", "060180", "0602802A", "06028001"])
def test_an_object_identifier_that_could_be_shorter_is_refused(text):
    with pytest.raises(DerError):
        der.object_identifier(der.read(bytes.fromhex(text), der.OBJECT))


def test_a_set_out_of_order_is_refused():
    with pytest.raises(DerError):
        der.read(bytes.fromhex("3106020102020101"), der.SET).set_members()


def test_nesting_has_an_end():
    data = b""
    for _ in range(40):
        data = der.write(der.SEQUENCE, data)
    with pytest.raises(DerError, match="nested"):
        der.read(data, der.SEQUENCE)


@given(st.binary(max_size=80))
def test_what_is_read_is_what_would_be_written(data):
    try:
        element = der.read(data, data[0] if data else 0)
    except DerError:
        return
    assert der.write(element.tag, bytes(element.body)) == data
