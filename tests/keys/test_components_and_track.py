"""Components, parity, faults of keys; the encrypted part of a track; sign-on cryptograms."""

import os
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.ciphers import TDES
from keys.components import (
    KeyFault,
    adjust_parity,
    combine,
    from_digits,
    generate,
    has_odd_parity,
    key_faults,
    split,
)
from keys.errors import KeysError
from keys.secret import Secret
from keys.track import decrypt_track, encrypt_track, secret_part

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


def secret(text):
    return Secret(bytearray.fromhex(text))


def opened(held):
    with held.open() as clear:
        return bytes(clear)


def test_components_come_in_any_order_and_none_alone_is_the_key():
    parts = split(Secret(bytearray(KEY)), 3, os.urandom)
    assert opened(combine(parts)) == opened(combine(parts[::-1])) == KEY
    assert KEY not in {opened(part) for part in parts}


@pytest.mark.parametrize(
    "texts",
    [["11" * 16], ["11" * 16] * 2, ["11" * 16, "22" * 8], ["11" * 16] * 4, ["", ""], ["11" * 16, "22" * 16, "11" * 16]],
)
def test_components_that_cannot_be_right_are_refused(texts):
    with pytest.raises(KeysError, match="component"):
        combine([secret(text) for text in texts])


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("0123456789ABCDEFFEDCBA9876543210", set()),
        ("0022456789ABCDEFFEDCBA9876543210", {KeyFault.PARITY}),
        ("01234567", {KeyFault.LENGTH}),
        ("00" * 16, {KeyFault.ZERO, KeyFault.PARITY, KeyFault.EQUAL_PARTS, KeyFault.WEAK_PART}),
        ("0123456789ABCDEF" * 2, {KeyFault.EQUAL_PARTS}),
        ("0123456789ABCDEF0022456789ABCDEE", {KeyFault.PARITY, KeyFault.EQUAL_PARTS}),
        ("E01FE01FF10EF10E0123456789ABCDEF", {KeyFault.WEAK_PART}),
        ("01E001E001F101F1FEDCBA9876543210", {KeyFault.WEAK_PART}),
        ("E0E0E0E0F1F1F1F1FEDCBA9876543210", {KeyFault.WEAK_PART}),
        # published UnionPay examples: a master key with even bytes, a MAC key that is sound
        ("CA5D92598DCA48CE8A4C76361A9269E9", {KeyFault.PARITY}),
        ("C24A8FB57AA20123", set()),
    ],
)
def test_what_speaks_against_a_key_is_named(text, faults):
    assert key_faults(bytes.fromhex(text), "tdes") == faults


def test_parity_has_no_meaning_for_aes_and_all_16_weak_keys_are_known():
    assert key_faults(bytes.fromhex("00" * 15 + "01"), "aes") == set()
    assert key_faults(bytes(16), "aes") == {KeyFault.ZERO}
    text = """
        0101010101010101 FEFEFEFEFEFEFEFE E0E0E0E0F1F1F1F1 1F1F1F1F0E0E0E0E
        01FE01FE01FE01FE FE01FE01FE01FE01 1FE01FE00EF10EF1 E01FE01FF10EF10E
        01E001E001F101F1 E001E001F101F101 1FFE1FFE0EFE0EFE FE1FFE1FFE0EFE0E
        011F011F010E010E 1F011F010E010E01 E0FEE0FEF1FEF1FE FEE0FEE0FEF1FEF1
    """
    weak = text.split()
    assert all(key_faults(bytes.fromhex(text), "tdes") == {KeyFault.WEAK_PART} for text in weak)
    # what makes them weak: enciphering with one of a pair undoes the other
    for one, other in zip(weak[4::2], weak[5::2], strict=True):
        twice = TDES.ecb_encrypt(bytes.fromhex(one), TDES.ecb_encrypt(bytes.fromhex(other), b"12345678"))
        assert twice == b"12345678"


def test_parity_does_not_change_what_a_key_does():
    odd = bytearray(bytes.fromhex("C24A8FB57AA20123"))
    adjust_parity(odd)
    assert has_odd_parity(odd)
    assert TDES.ecb_encrypt(odd, bytes(8)) == TDES.ecb_encrypt(bytes.fromhex("C24A8FB57AA20123"), bytes(8))


def test_fresh_keys_are_sound_and_a_dead_source_is_noticed():
    for algorithm, length in (("tdes", 16), ("tdes", 24), ("aes", 32), ("sm4", 16)):
        assert not key_faults(opened(generate(algorithm, length, os.urandom)), algorithm)
    with pytest.raises(KeysError, match="randomness"):
        generate("aes", 16, bytes)
    with pytest.raises(ValueError, match="length"):
        generate("sm4", 24, os.urandom)


def test_typed_digits_become_bytes_and_are_wiped():
    digits = bytearray(b"0123456789abCDef")
    assert opened(from_digits(digits)).hex() == "0123456789abcdef"
    assert not digits
    for wrong in (b"", b"123", b"12 4", b"1G"):
        digits = bytearray(wrong)
        with pytest.raises(KeysError, match="component"):
            from_digits(digits)
        assert not digits


def test_the_enciphered_part_of_a_track_is_that_of_the_example():
    # facts/unionpay.md §6; two sources agree on the part
    track = bytearray(b"1234567890123456789=0508201781999168302")
    digits, start = secret_part(track)
    assert digits[start : start + 16] == b"0820178199916830"
    encrypted = encrypt_track(KEY, "tdes", track)
    expected = TDES.ecb_encrypt(KEY, bytes.fromhex("0820178199916830")).hex().upper().encode()
    assert encrypted == b"1234567890123456789D05" + expected + b"2"
    assert len(encrypted) == len(track)


@settings(max_examples=80, deadline=None)
@given(track=st.text("0123456789=", max_size=104))
def test_a_host_reads_the_track_that_was_swiped(track):
    encrypted = encrypt_track(KEY, "tdes", bytearray(track.encode()))
    plain = track.replace("=", "D").rjust(17, "F").encode()
    assert decrypt_track(KEY, "tdes", encrypted) == plain
    assert len(encrypted) == len(plain)
    end = len(plain) - (1 if len(plain) % 2 else 2)
    assert encrypted[end:] == plain[end:]
    assert encrypted[: end - 16] == plain[: end - 16]


def test_what_is_no_track_is_refused_and_not_shown():
    for wrong in (b"1234?", b"1" * 105, b"12 34"):
        with pytest.raises(KeysError, match="digits and separators") as refusal:
            encrypt_track(KEY, "tdes", bytearray(wrong))
        assert "1234" not in str(refusal.value)
    with pytest.raises(KeysError, match="TDES"):
        encrypt_track(KEY, "aes", bytearray(b"12"))


def test_a_source_that_repeats_itself_gives_no_key():
    pattern = cycle(b"\x01")
    with pytest.raises(KeysError):
        generate("tdes", 16, lambda count: bytes(next(pattern) for _ in range(count)))
