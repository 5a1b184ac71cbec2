"""Check values and MACs against published values."""

import re

import pytest

from keys.ciphers import AES, CIPHERS, SM4, TDES, cipher
from keys.kcv import DEFAULT_METHOD, kcv, kcv_matches
from keys.mac import (
    cmac,
    hmac_sha256,
    pad,
    same_mac,
    sm4_cbc_mac,
    tdes_cbc_mac,
    unionpay_ecb,
)


def unhex(text):
    return bytes.fromhex(text)


def test_two_methods_give_one_aes_key_two_check_values():
    key = bytes(range(16))
    assert kcv(key, "aes", "legacy") != kcv(key, "aes", "cmac")
    assert DEFAULT_METHOD == {"tdes": "legacy", "aes": "cmac", "sm4": "legacy"}


def test_never_more_than_five_bytes_of_a_check_value_are_told_but_eight_are_compared():
    key = bytes(range(16))
    with pytest.raises(ValueError, match="3 to 5"):
        kcv(key, "tdes", length=8)
    whole = TDES.ecb_encrypt(key, bytes(8))
    assert kcv_matches(key, "tdes", whole)
    assert not kcv_matches(key, "tdes", whole[:7] + bytes([whole[7] ^ 1]))
    with pytest.raises(ValueError, match="3 to 8"):
        kcv_matches(key, "tdes", b"\x00\x00")


def test_a_unionpay_mac_is_that_of_a_live_terminal():
    # facts/unionpay.md §5, 1: the XOR of all blocks is given there, so that it can stand for the whole message
    assert unionpay_ecb(unhex("C24A8FB57AA20123"), unhex("4D08F434464FE7BF")) == b"8A9E91B8"


def test_a_unionpay_mac_with_sm4_follows_its_description():
    # No published value: the description (facts/unionpay.md §4) once more, step by step, with other means.
    key, data = bytes(range(16)), b"0200" + bytes(range(60))
    folded = bytes(16)
    padded = data + bytes(-len(data) % 16)
    for start in range(0, len(padded), 16):
        folded = bytes(a ^ b for a, b in zip(folded, padded[start : start + 16], strict=True))
    text = folded.hex().upper().encode()
    first = SM4.ecb_encrypt(key, text[:16])
    second = SM4.cbc_encrypt(key, text[16:], first)
    assert unionpay_ecb(key, data, sm4=True) == second[:4].hex().upper().encode()


def test_an_sm4_working_key_is_unwrapped_and_checked():
    # facts/unionpay.md §4 has the ends of the cryptogram only: encrypting the key gives it back
    master, key = unhex("42314631354338344444363831374239"), unhex("376D90E7945AA5CFDB4C07CCB35CEFD3")
    wrapped = SM4.ecb_encrypt(master, key).hex().upper()
    assert re.fullmatch("89A4CA51[0-9A-F]{20}A890", wrapped)
    assert kcv(key, "sm4", length=4).hex().upper() == "08EEDEC7"


def test_a_chained_mac_of_one_block_is_the_encrypted_block():
    block = bytes(range(16))
    assert sm4_cbc_mac(block, block) == SM4.ecb_encrypt(block, block)
    assert tdes_cbc_mac(block, block[:8]) == TDES.ecb_encrypt(block, block[:8])


@pytest.mark.parametrize("name", CIPHERS)
def test_cmac_has_one_block_and_differs_between_ciphers(name):
    assert len(cmac(name, bytes(range(16)), b"x")) == cipher(name).block


def test_aes_cmac_is_that_of_nist():
    # NIST SP 800-38B, D.1, examples 1 and 2
    key = unhex("2B7E151628AED2A6ABF7158809CF4F3C")
    assert cmac("aes", key, b"").hex() == "bb1d6929e95937287fa37d129b756746"
    assert cmac("aes", key, unhex("6BC1BEE22E409F96E93D7E117393172A")).hex() == "070a16b46b4d4144f79bdd9dd04a287c"


def test_hmac_is_that_of_rfc_4231():
    assert hmac_sha256(b"\x0b" * 20, b"Hi There").hex().startswith("b0344c61d8db38535ca8afceaf0bf12b")


def test_paddings_are_those_of_iso_9797():
    assert pad(b"", 1) == bytes(8)
    assert pad(b"12345678", 1) == b"12345678"
    assert pad(b"12345678", 2) == b"12345678\x80" + bytes(7)
    assert pad(b"1", 3) == bytes(7) + b"\x081" + bytes(7)
    with pytest.raises(ValueError, match="1 to 3"):
        pad(b"", 4)


def test_single_des_is_three_equal_keys_and_double_length_repeats_its_first():
    data = bytes(range(16))
    assert TDES.ecb_encrypt(data[:8], data) == TDES.ecb_encrypt(data[:8] * 3, data)
    assert TDES.ecb_encrypt(data, data) == TDES.ecb_encrypt(data + data[:8], data)
    # FIPS 197, C.1
    fips = AES.ecb_encrypt(data, unhex("00112233445566778899AABBCCDDEEFF"))
    assert fips.hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"


@pytest.mark.parametrize("name", CIPHERS)
def test_a_key_of_another_length_is_refused_and_not_shown(name):
    for length in {0, 7, 15, 17, 33, 8 if name != "tdes" else 9}:
        key = b"\xa5" * length
        for use in (cipher(name).ecb_encrypt, cipher(name).cbc_decrypt, cipher(name).cmac):
            with pytest.raises(ValueError, match="bytes") as refusal:
                use(key, bytes(16))
            assert "a5" not in str(refusal.value).lower()


@pytest.mark.parametrize("name", CIPHERS)
def test_what_is_encrypted_is_decrypted_with_any_kind_of_bytes(name):
    chosen = cipher(name)
    key, data, iv = bytearray(range(16)), bytes(range(48)), bytes(range(chosen.block))
    for form in (bytes, bytearray, lambda part: memoryview(bytes(part))):
        assert chosen.ecb_decrypt(form(key), form(chosen.ecb_encrypt(form(key), form(data)))) == data
        assert chosen.cbc_decrypt(form(key), form(chosen.cbc_encrypt(form(key), form(data), iv)), form(iv)) == data
    assert key == bytearray(range(16))


def test_macs_are_compared_whole():
    assert same_mac(b"12345678", bytearray(b"12345678"))
    assert not same_mac(b"12345678", b"1234567")
    assert not same_mac(b"12345678", b"12345679")
