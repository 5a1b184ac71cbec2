"""PIN blocks: the published ones, there and back, and nothing of a PIN in an error."""

import itertools
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.ciphers import TDES, cipher
from keys.errors import PinBlockError, UsageRefused
from keys.pin_block import (
    format_0,
    format_1,
    format_3,
    format_4_pan_field,
    format_4_pin_field,
    parse_format_4_pin_field,
    parse_unionpay_sm4,
    unionpay,
    unionpay_sm4,
)
from keys.pin_block_formats import PIN_FORMATS, decrypt_pin, encrypt_pin
from keys.secret import Secret

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "keys.json").read_text("utf-8"))
KEY = bytes(range(16))
PINS = st.text("0123456789", min_size=4, max_size=12)
PANS = st.text("0123456789", min_size=8, max_size=19)


def pin_of(text):
    return Secret(bytearray(text.encode("ascii")))


def told(pin):
    with pin.open() as digits:
        return digits.decode("ascii")


def fixed(data):
    return lambda count: (data * count)[:count]


@pytest.mark.parametrize("kind", ["dukpt_aes128_x9_24_3_2017", "dukpt_aes256_x9_24_3_2017"])
def test_format_4_has_the_two_fields_of_the_standard(kind):
    vector = VECTORS[kind]
    expected = bytes.fromhex(vector["pin_field"])
    assert format_4_pin_field(pin_of(vector["pin"]), fixed(expected[8:])) == expected
    assert format_4_pan_field(vector["pan"]).hex().upper() == vector["pan_field"]
    assert told(parse_format_4_pin_field(expected)) == vector["pin"]


def test_format_0_is_that_of_unionpay():
    # facts/unionpay.md §6
    assert format_0(pin_of("123456"), "123456789012345678").hex().upper() == "061253DFFEDCBA98"
    assert format_0(pin_of("123456"), "1234567890123456").hex().upper() == "0612713176FEDCBA"
    assert unionpay(pin_of("123456")).hex().upper() == "06123456FFFFFFFF"


def test_the_sm4_block_is_that_of_unionpay():
    block = unionpay_sm4(pin_of("123654"), "6230606601007726888")
    assert block.hex().upper() == "06123654FFFFFFFFFFFF99FEFF88D977"
    assert told(parse_unionpay_sm4(block, "6230606601007726888")) == "123654"
    assert unionpay_sm4(pin_of("123654"), None).hex().upper() == "06123654" + "F" * 24


@settings(max_examples=60, deadline=None)
@given(pin=PINS, pan=PANS, form=st.sampled_from(sorted(PIN_FORMATS, key=str)), without=st.booleans())
def test_a_host_reads_the_pin_that_was_entered(pin, pan, form, without):
    format, algorithm = form
    number = None if without and not PIN_FORMATS[form].needs_pan else pan
    block = encrypt_pin(KEY, algorithm, pin_of(pin), number, format, os.urandom)
    assert len(block) == cipher(algorithm).block
    assert told(decrypt_pin(KEY, algorithm, block, number, format)) == pin
    assert told(decrypt_pin(KEY, algorithm, block, number and bytearray(number.encode()), format)) == pin


@settings(max_examples=100, deadline=None)
@given(block=st.binary(min_size=0, max_size=17), pan=PANS, form=st.sampled_from(sorted(PIN_FORMATS, key=str)))
def test_bytes_of_any_kind_are_a_pin_or_a_refusal(block, pan, form):
    try:
        text = told(decrypt_pin(KEY, form[1], block, pan, form[0]))
    except PinBlockError as refusal:
        text = str(refusal)
    assert text == "The PIN block is not of its format." or (text.isdecimal() and 4 <= len(text) <= 12)


def test_formats_3_and_1_are_never_the_same_twice_and_keep_to_their_fill():
    blocks = [format_3(pin_of("1234"), "4012345678909", os.urandom) for _ in range(30)]
    assert len({bytes(block) for block in blocks}) == 30
    letters = "".join(
        bytes(a ^ b for a, b in zip(block, bytes.fromhex("0000401234567890"), strict=True)).hex()[6:]
        for block in blocks
    )
    assert set(letters) == set("abcdef")
    assert len({bytes(format_1(pin_of("1234"), os.urandom)) for _ in range(30)}) == 30


def test_every_letter_is_as_likely_as_another():
    random = iter(itertools.count(1))

    def spread(count):
        return (next(random) * 0x9E3779B97F4A7C15 % (1 << 8 * count) * 0xD1342543DE82EF95 % (1 << 8 * count)).to_bytes(
            count, "big"
        )

    counts = dict.fromkeys("abcdef", 0)
    for _ in range(300):
        block = format_3(pin_of("1234"), "0", spread)
        for letter in block.hex()[6:]:
            counts[letter] += 1
    assert min(counts.values()) > 0.7 * max(counts.values())


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "١٢٣٤", "12 4"])
def test_what_is_no_pin_is_refused_without_a_digit_of_it(pin):
    for format, algorithm in PIN_FORMATS:
        with pytest.raises(PinBlockError) as refusal:
            encrypt_pin(KEY, algorithm, Secret(bytearray(pin.encode())), "4012345678909", format, os.urandom)
        assert str(refusal.value) == "A PIN has 4 to 12 digits."


@pytest.mark.parametrize("pan", ["", "4012345678909x", "1" * 20, "4012 3456"])
def test_what_is_no_card_number_is_refused_without_a_digit_of_it(pan):
    for format, algorithm in ((0, "tdes"), (3, "tdes"), (4, "aes"), ("unionpay", "sm4")):
        with pytest.raises(PinBlockError) as refusal:
            encrypt_pin(KEY, algorithm, pin_of("1234"), pan, format, os.urandom)
        assert not pan or pan not in str(refusal.value)


def test_a_block_under_another_key_or_card_number_is_refused():
    block = encrypt_pin(KEY, "aes", pin_of("1234"), "4111111111111111", 4, os.urandom)
    with pytest.raises(PinBlockError):
        decrypt_pin(KEY[::-1], "aes", block, "4111111111111111", 4)
    with pytest.raises(PinBlockError):
        decrypt_pin(KEY, "aes", block, "4111111111111112", 4)


@pytest.mark.parametrize(("format", "algorithm"), [(2, "tdes"), (4, "tdes"), (0, "aes"), (0, "sm4"), (9, "tdes")])
def test_a_format_that_a_cipher_has_not_or_that_stays_offline_is_refused(format, algorithm):
    with pytest.raises(UsageRefused):
        encrypt_pin(KEY, algorithm, pin_of("1234"), "4012345678909", format, os.urandom)


@pytest.mark.parametrize(("format", "algorithm"), [(0, "tdes"), (3, "tdes"), (4, "aes")])
def test_a_format_with_the_card_number_is_refused_without_it(format, algorithm):
    with pytest.raises(PinBlockError, match="needs the card number"):
        encrypt_pin(KEY, algorithm, pin_of("1234"), None, format, os.urandom)


def test_the_pin_itself_is_left_to_its_owner():
    pin = pin_of("1234")
    once = encrypt_pin(KEY, "tdes", pin, "4012345678909", 0, os.urandom)
    assert TDES.ecb_decrypt(KEY, once).hex().upper() == "041274EDCBA9876F"
    assert told(pin) == "1234"
