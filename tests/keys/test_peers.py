"""Two independent implementations, psec and pyemv, asked the same on generated inputs."""

import os

import psec
import pyemv.mac
import pyemv.tools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.ciphers import AES, TDES
from keys.components import adjust_parity, has_odd_parity
from keys.errors import UsageRefused
from keys.kcv import kcv
from keys.key_block import ANY_KEY, unwrap, wrap
from keys.key_block_header import Header, options
from keys.mac import cbc_mac, pad, x9_19
from keys.pin_block import format_0, format_2, format_3, parse_format_0, parse_format_2, parse_format_3
from keys.pin_block_formats import decrypt_pin, encrypt_pin
from keys.secret import Secret

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
"""psec imports TDES from where it used to be."""

double, triple = st.binary(min_size=16, max_size=16), st.binary(min_size=24, max_size=24)
tdes_keys = double | triple
aes_keys = st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size))
paddings = st.sampled_from([1, 2, 3])
messages = st.binary(max_size=400)
pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=13, max_size=19)
printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=300)
identifiers = st.from_regex(r"[A-Z0-9]{2}", fullmatch=True).filter(lambda id: id not in {"PB", "KC", "KP"})
optional_blocks = st.dictionaries(identifiers, printable, max_size=5)


def opened(held):
    with held.open() as clear:
        return bytes(clear)


def pin_of(text):
    return Secret(bytearray(text.encode()))


@given(tdes_keys, st.binary(min_size=1, max_size=20), st.binary(min_size=8, max_size=8))
def test_tdes_is_theirs(key, blocks, iv):
    data = pad(blocks, 1)
    assert TDES.ecb_encrypt(key, data) == psec.des.encrypt_tdes_ecb(key, data)
    assert TDES.cbc_encrypt(key, data, iv) == psec.des.encrypt_tdes_cbc(key, iv, data)
    assert TDES.cbc_decrypt(key, data, iv) == psec.des.decrypt_tdes_cbc(key, iv, data)
    assert TDES.ecb_encrypt(key, data) == pyemv.tools.encrypt_tdes_ecb(key, data)


@given(aes_keys, st.binary(min_size=1, max_size=40), st.binary(min_size=16, max_size=16))
def test_aes_is_theirs(key, blocks, iv):
    data = pad(blocks, 1, 16)
    assert AES.ecb_encrypt(key, data) == psec.aes.encrypt_aes_ecb(key, data)
    assert AES.cbc_decrypt(key, data, iv) == psec.aes.decrypt_aes_cbc(key, iv, data)


@given(tdes_keys)
def test_check_values_and_parity_are_theirs(key):
    assert kcv(key, "tdes", length=4) == psec.des.generate_kcv(key, 4)
    assert kcv(key, "tdes") == pyemv.tools.key_check_digits(key, 3)
    ours = bytearray(key)
    adjust_parity(ours)
    assert has_odd_parity(ours) and bytes(ours) == psec.des.adjust_key_parity(key)
    assert bytes(ours) == pyemv.tools.adjust_key_parity(key)


@given(double, messages, paddings)
def test_macs_are_theirs(key, data, padding):
    assert x9_19(key, data, padding) == psec.mac.generate_retail_mac(key[:8], key[8:], data, padding)
    assert cbc_mac("tdes", key, data, padding) == psec.mac.generate_cbc_mac(key, data, padding)
    if padding != 3 and data:
        assert x9_19(key, data, padding) == pyemv.mac.mac_iso9797_3(key[:8], key[8:], data, padding)


@given(aes_keys, messages, paddings)
def test_an_aes_chained_mac_is_theirs(key, data, padding):
    theirs = psec.mac.generate_cbc_mac(key, data, padding, algorithm=psec.mac.Algorithm.AES)
    assert cbc_mac("aes", key, data, padding) == theirs


@given(pins, pans)
def test_clear_pin_blocks_are_theirs_and_each_reads_the_others(pin, pan):
    assert format_0(pin_of(pin), pan) == psec.pinblock.encode_pinblock_iso_0(pin, pan)
    assert format_2(pin_of(pin)) == psec.pinblock.encode_pinblock_iso_2(pin)
    assert psec.pinblock.decode_pinblock_iso_3(bytes(format_3(pin_of(pin), pan, os.urandom)), pan) == pin
    for theirs, parsed in [
        (psec.pinblock.encode_pinblock_iso_0(pin, pan), lambda block: parse_format_0(block, pan)),
        (psec.pinblock.encode_pinblock_iso_2(pin), parse_format_2),
        (psec.pinblock.encode_pinblock_iso_3(pin, pan), lambda block: parse_format_3(block, pan)),
    ]:
        assert opened(parsed(theirs)).decode() == pin


@given(aes_keys, pins, pans)
def test_format_4_of_either_is_read_by_the_other(key, pin, pan):
    ours = encrypt_pin(key, "aes", pin_of(pin), pan, 4, os.urandom)
    assert psec.pinblock.decipher_pinblock_iso_4(key, ours, pan) == pin
    theirs = psec.pinblock.encipher_pinblock_iso_4(key, pin, pan)
    assert opened(decrypt_pin(key, "aes", theirs, pan, 4)).decode() == pin


@given(optional_blocks, double, st.sampled_from("BD"))
def test_a_key_block_of_either_is_read_by_the_other(optional, key, version):
    protection = bytes(range(0x20, 0x38))
    ours = wrap(
        protection, Header(version, "P0", "T", "E", optional=options(optional)), Secret(bytearray(key)), os.urandom
    )
    header, found = psec.tr31.unwrap(protection, ours)
    assert found == key and header.key_usage == "P0"
    assert {id: data for id, data in header.blocks.items() if id != "PB"} == optional
    theirs = psec.tr31.Header(version, "P0", "T", "E", "00", "N")
    for id, data in optional.items():
        theirs.blocks[id] = data
    block = unwrap(protection, psec.tr31.wrap(protection, theirs, key))
    assert opened(block.key) == key
    assert {block.id: block.data for block in block.header.optional} == optional


@given(st.sampled_from("ABCD"), tdes_keys, triple)
def test_every_version_of_a_key_block_is_read(version, key, protection):
    text = psec.tr31.wrap(protection, psec.tr31.Header(version, "M3", "T", "C", "00", "N"), key)
    assert opened(unwrap(protection, text, ANY_KEY).key) == key


def test_a_key_of_theirs_under_a_weaker_one_is_refused():
    theirs = psec.tr31.wrap(bytes(range(16)), psec.tr31.Header("D", "P0", "A", "E", "00", "N"), bytes(range(32)))
    with pytest.raises(UsageRefused, match="stronger"):
        unwrap(bytes(range(16)), theirs)
