"""Every published vector in ``tests/vectors/keys.json``, and proof that none is passed over.

A table says who checks which section. A checker reads an entry through ``Entry``, which remembers what was read:
a value that nobody looked at is a failure, and so is a section without a checker. Further vectors of the same
shape can be put into the file, or beside it, without touching this one.
"""

import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes

from keys import dukpt_aes, dukpt_tdes
from keys.ciphers import AES, SM4, TDES
from keys.components import combine
from keys.dukpt_host import aes_initial_key, aes_transaction_key, tdes_initial_key, tdes_transaction_key
from keys.errors import KcvMismatch
from keys.kcv import kcv, kcv_matches
from keys.key_block import ANY_KEY, KeyBlockRefused, derived_keys, unwrap
from keys.mac import cmac, hmac_sha256, pad, pad_zero, tdes_cbc_mac, unionpay_ecb, x9_9, x9_19
from keys.master_session import SignOnForm, unwrap_key, unwrap_sign_on
from keys.pin_block import (
    format_0,
    format_2,
    format_3,
    format_4_pan_field,
    format_4_pin_field,
    parse_format_0,
    parse_format_1,
    parse_format_2,
    parse_format_3,
)
from keys.pin_block_formats import decrypt_pin, encrypt_pin
from keys.secret import Secret
from keys.tr34_forms import OIDS, read_random_token, write_random_token

FOLDER = Path(__file__).parents[1] / "vectors"
FILES = sorted(FOLDER.glob("keys*.json"))
ABOUT = {"source", "note", "what", "origin", "desc", "known_bad_published_samples", "terminal_side_note", "url"}
"""Words about a vector, beside ``verified`` in its forms."""


class Entry:
    """A part of the file that remembers which of its values were read."""

    def __init__(self, data, name):
        self.data, self.name, self.read, self.parts = data, name, set(), []

    def __contains__(self, key):
        return self.data.get(key) is not None

    def text(self, key):
        self.read.add(key)
        return self.data[key]

    def hex(self, key):
        return bytes.fromhex(self.text(key))

    def get(self, key, otherwise):
        return self.text(key) if key in self.data else otherwise

    def __iter__(self):
        return iter([key for key in self.data if not about(key)])

    def part(self, key):
        self.read.add(key)
        return self._child(self.data[key], key)

    def each(self, key):
        self.read.add(key)
        return [self._child(item, f"{key}[{index}]") for index, item in enumerate(self.data[key])]

    def _child(self, data, key):
        child = Entry(data, f"{self.name}.{key}")
        self.parts.append(child)
        return child

    def unread(self):
        own = [f"{self.name}.{key}" for key in self if key not in self.read and self.data[key] is not None]
        return own + [name for part in self.parts for name in part.unread()]


def about(key):
    return key in ABOUT or key.startswith("_") or "verified" in key


def opened(held):
    with held.open() as clear:
        return bytes(clear)


def secret(text):
    return Secret(bytearray(text.encode("ascii")))


def same(found, entry, key):
    assert found == entry.hex(key), f"{entry.name}.{key}"


# -- DUKPT

PURPOSE = dukpt_tdes.Purpose
TDES_ROW = {
    "txn_key": lambda key, _: key,
    "encrypted_pin_block": lambda key, about: encrypt_pin(
        opened(dukpt_tdes.key_for(key, PURPOSE.PIN)), "tdes", secret(about["pin"]), about["pan"], 0, os.urandom
    ),
    "mac_request": lambda key, about: x9_19(opened(dukpt_tdes.key_for(key, PURPOSE.MAC_REQUEST)), about["data"]),
    "mac_response": lambda key, about: x9_19(opened(dukpt_tdes.key_for(key, PURPOSE.MAC_RESPONSE)), about["data"]),
    "cmac_request": lambda key, about: cmac(
        "tdes", opened(dukpt_tdes.key_for(key, PURPOSE.MAC_REQUEST)), about["data"]
    ),
    "cmac_response": lambda key, about: cmac(
        "tdes", opened(dukpt_tdes.key_for(key, PURPOSE.MAC_RESPONSE)), about["data"]
    ),
    "data_request_cbc": lambda key, about: TDES.cbc_encrypt(
        opened(dukpt_tdes.key_for(key, PURPOSE.DATA_REQUEST)), pad_zero(about["data"])
    ),
    "data_response_cbc": lambda key, about: TDES.cbc_encrypt(
        opened(dukpt_tdes.key_for(key, PURPOSE.DATA_RESPONSE)), pad_zero(about["data"])
    ),
}
ANNEX_A = {
    "initial_key": "6AC292FAA1315B4D858AB3A3D7D5933A",
    "pin": "1234",
    "pan": "4012345678909",
    "data": b"4012345678909D987",
}
"""Rows without these of their own belong to the examples of X9.24-1:2009, annex A.4."""


def dukpt_tdes_rows(entry):
    known = dict(ANNEX_A)
    for key in ("pin", "pan", "initial_key"):
        known[key] = entry.get(key, known[key])
    if "txn_data_ascii" in entry:
        known["data"] = entry.text("txn_data_ascii").encode("ascii")
    if "bdk" in entry:
        same(opened(tdes_initial_key(entry.hex("bdk"), entry.hex("iksn"))), entry, "initial_key")
    if "clear_pin_block_format0" in entry:
        same(format_0(secret(known["pin"]), known["pan"]), entry, "clear_pin_block_format0")
    if "variants" in entry:
        variants = entry.part("variants")
        for name in variants:
            same(PURPOSE[name.upper()].value * 2, variants, name)
    initial = bytes.fromhex(known["initial_key"])
    for row in entry.each("rows"):
        key = opened(tdes_transaction_key(initial, row.hex("ksn")))
        for name in row:
            if name != "ksn":
                wanted = row.hex(name)
                made = TDES_ROW[name.rstrip("_48")](key, known)
                assert made[: len(wanted)] == wanted, f"{row.name}.{name}"


def dukpt_aes_rows(entry):
    purposes = {"pin": "PIN", "cmac": "MAC_REQUEST", "data": "DATA_REQUEST"}
    types = {"aes128": "AES_128", "aes192": "AES_192", "aes256": "AES_256"}
    initial = opened(aes_initial_key(entry.hex("bdk"), entry.hex("initial_key_id")))
    same(initial, entry, "initial_key")
    pin, pan = secret(entry.text("pin")), entry.text("pan")
    fill = {8: entry.hex("pin_field")[8:]}.__getitem__
    same(format_4_pin_field(pin, fill), entry, "pin_field")
    same(format_4_pan_field(pan), entry, "pan_field")
    for row in entry.each("rows"):
        ksn = row.hex("ksn")
        key = opened(aes_transaction_key(initial, ksn))
        for name in row:
            if name == "derivation_key":
                same(key, row, name)
            elif name == "encrypted_pin_block_format4":
                pin_key = opened(dukpt_aes.key_for(key, ksn, dukpt_aes.Purpose.PIN, dukpt_aes.KeyType.AES_128))
                same(encrypt_pin(pin_key, "aes", pin, pan, 4, fill), row, name)
            elif name != "ksn":
                what, _, size, _, code = name.split("_")
                purpose = dukpt_aes.Purpose[purposes[what]]
                assert purpose == int(code, 16)
                same(opened(dukpt_aes.key_for(key, ksn, purpose, dukpt_aes.KeyType[types[size]])), row, name)


def dukpt_update_key(entry):
    found = dukpt_aes.derive_update_key(entry.hex("initial_key"), entry.hex("initial_key_id"))
    same(opened(found), entry, "update_key_aes128")


def dukpt_aes_macs_and_data(entry):
    data, initial = entry.text("txn_data_ascii").encode("ascii"), entry.hex("initial_key")
    aes, mac_key = None, dukpt_aes.KeyType.HMAC_128
    makers = {
        "cmac": (aes, lambda key: cmac("aes", key, data)),
        "hmac": (mac_key, lambda key: hmac_sha256(key, data)),
        "data": (aes, lambda key: AES.cbc_encrypt(key, pad(data, block=16))),
    }
    for row in entry.each("rows"):
        ksn = row.hex("ksn")
        key = opened(aes_transaction_key(initial, ksn))
        for name in row:
            if name != "ksn":
                kind, make = makers[name.partition("_")[0]]
                way = "REQUEST" if "request" in name else "RESPONSE"
                purpose = dukpt_aes.Purpose[f"{'DATA' if name.startswith('data') else 'MAC'}_{way}"]
                assert name.partition("usage_")[2] in ("", f"{purpose:04x}", f"{purpose:04x}_cbc")
                same(make(opened(dukpt_aes.key_for(key, ksn, purpose, kind))), row, name)


# -- key blocks


def key_blocks(entry):
    for row in entry.each("rows"):
        protection = row.hex("kbpk")
        name = "key_block" if "key_block" in row else "key_block_corrected"
        block = unwrap(protection, row.text(name), ANY_KEY)
        same(opened(block.key), row, "key")
        if "kcv" in row:
            method = "cmac" if block.algorithm == "aes" else "legacy"
            assert kcv_matches(opened(block.key), block.algorithm, row.hex("kcv"), method), row.name
        if "key_block_as_printed" in row:
            with pytest.raises(KeyBlockRefused):
                unwrap(protection, row.text("key_block_as_printed"), ANY_KEY)
        if "kbek" in row:
            encryption, authentication = derived_keys(block.header.version, protection)
            same(bytes(encryption), row, "kbek")
            same(bytes(authentication), row, "kbmk")
        if "padded" in row:
            text = row.text(name)
            sealed, mac = bytes.fromhex(text[16:-16]), bytes.fromhex(text[-16:])
            same(TDES.cbc_decrypt(row.hex("kbek"), sealed, mac), row, "padded")


# -- PIN blocks, MACs, check values


def pin_block(row):
    form = row.text("format")
    if "pan_only" in row:
        same(format_4_pan_field(row.text("pan_only")), row, "pan_field")
        return
    pin, pan = secret(row.text("pin")), row.get("pan", None)
    if form == 1:  # how random bytes become nibbles is each library's own affair
        row.text("nonce")
        assert row.text("clear").startswith(f"1{len(pin):X}{row.text('pin')}")
        assert opened(parse_format_1(row.hex("clear"))).decode() == row.text("pin")
    elif form == 3:
        wanted = row.text("clear_prefix").lower()
        assert format_3(pin, pan, os.urandom).hex().startswith(wanted)
        if "decodable_example" in row:
            assert opened(parse_format_3(row.hex("decodable_example"), pan)).decode() == row.text("pin")
    elif form == 4:
        fill = {8: row.hex("random")}.__getitem__
        same(encrypt_pin(row.hex("key"), "aes", pin, pan, 4, fill), row, "encrypted")
        assert opened(decrypt_pin(row.hex("key"), "aes", row.hex("encrypted"), pan, 4)) == row.text("pin").encode()
    else:
        same(format_0(pin, pan) if form == 0 else format_2(pin), row, "clear")
        parsed = parse_format_0(row.hex("clear"), pan) if form == 0 else parse_format_2(row.hex("clear"))
        assert opened(parsed).decode() == row.text("pin")


MACS = (
    ("X9.19", x9_19),
    ("retail MAC", x9_19),
    ("X9.9", x9_9),
    ("TDES CBC-MAC", tdes_cbc_mac),
    ("AES-CMAC", lambda key, data, _: cmac("aes", key, data)),
    ("TDES-CMAC", lambda key, data, _: cmac("tdes", key, data)),
)


def data_of(row):
    return row.text("data_ascii").encode("ascii") if "data_ascii" in row else row.hex("data_hex")


def mac(row):
    name, key, data = row.text("algorithm" if "algorithm" in row else "a"), row.hex("key"), data_of(row)
    padding = row.get("padding_method", 2 if "pad2" in name else 1)
    if name.startswith("UnionPay"):
        return unionpay_mac(row, key, data)
    if name == "retail MAC":  # two keys of two equal halves each: one half of either is the key
        key = key[:8] + key[16:24]
    make = next(make for words, make in MACS if words in name)
    wanted = row.hex("mac")
    assert make(key, data, padding)[: len(wanted)] == wanted
    return None


def unionpay_mac(row, key, data):
    sm4 = "SM4" in row.text("algorithm")
    cipher = SM4 if sm4 else TDES
    assert unionpay_ecb(key, data, sm4=sm4).decode() == row.text("mac_ascii")
    folded = bytearray(cipher.block)
    padded = pad_zero(data, cipher.block)
    for index, byte in enumerate(padded):
        folded[index % cipher.block] ^= byte
    same(folded, row, "xor_block")
    text = folded.hex().upper().encode()
    same(text, row, "hex_block_ascii")
    first = cipher.ecb_encrypt(key, text[: cipher.block])
    same(first, row, "first_half_encrypted")
    mixed = bytes(a ^ b for a, b in zip(first, text[cipher.block :], strict=True))
    same(mixed, row, "after_xor")
    same(cipher.ecb_encrypt(key, mixed), row, "second_encrypted")


def check_value(row):
    algorithm = row.text("alg").partition("-")[0].lower()
    method = "cmac" if "CMAC" in row.text("method") else "legacy"
    key, wanted = row.hex("key"), row.hex("kcv")
    assert kcv_matches(key, algorithm, wanted, method)
    assert kcv(key, algorithm, method, min(len(wanted), 5)) == wanted[:5]


def components(entry):
    parts = entry.each("components")
    values = [part.hex("value") for part in parts]
    for part, value in zip(parts, values, strict=True):
        same(kcv(value, "tdes"), part, "kcv")
    for count in (2, 3):
        whole = entry.part(f"combined_{count}")
        key = opened(combine([Secret(bytearray(value)) for value in values[:count]]))
        same(key, whole, "value")
        same(kcv(key, "tdes"), whole, "kcv")


def chinese(row):
    if row.text("alg") == "SM3":
        digest = hashes.Hash(hashes.SM3())
        digest.update(data_of(row))
        return same(digest.finalize(), row, "digest")
    assert row.text("alg") == "SM4-ECB"
    same(SM4.ecb_encrypt(row.hex("key"), row.hex("plain")), row, "cipher")
    return same(SM4.ecb_decrypt(row.hex("key"), row.hex("cipher")), row, "plain")


# -- how keys arrive


def sign_on(entry):
    for row in entry.each("rows"):
        if "field62" in row:
            working = unwrap_sign_on(row.hex("tmk"), row.hex("field62"), SignOnForm())
            found = {item.slot: (opened(item.key), bytes.fromhex(item.check_value)) for item in working}
            for slot, name in (("pin", "pik"), ("mac", "mak")):
                same(found[slot][0], row, name)
                same(found[slot][1], row, f"{name}_kcv")
                assert kcv_matches(found[slot][0], "tdes", row.hex(f"{name}_kcv_full"))
        elif "wrapped" in row:
            key = unwrap_key(row.hex("transport_key"), row.hex("wrapped"), row.hex("kcv_8"))
            same(opened(key), row, "tmk")
        else:
            assert kcv_matches(row.hex("key"), "tdes", row.hex("kcv_8"))
        if "negative" in row:
            wrong = row.part("negative")
            assert "KCV mismatch" in wrong.text("expected")
            with pytest.raises(KcvMismatch):
                unwrap_key(wrong.hex("tmk"), wrong.hex("wrapped"), wrong.hex("claimed_kcv"))


def tr34(entry):
    token = entry.part("random_token")
    random = token.hex("value")
    assert read_random_token(write_random_token(random)) == random
    unbind = entry.hex("unbind_random")
    assert read_random_token(write_random_token(unbind)) == unbind
    oids = entry.part("oids")
    for name in oids:
        assert OIDS[name] == oids.text(name)


CHECKS = {
    "dukpt_tdes_x9_24_1_2009": dukpt_tdes_rows,
    "dukpt_tdes_full_macs_and_data_response": dukpt_tdes_rows,
    "dukpt_tdes_jpos": dukpt_tdes_rows,
    "dukpt_aes128_x9_24_3_2017": dukpt_aes_rows,
    "dukpt_aes256_x9_24_3_2017": dukpt_aes_rows,
    "dukpt_aes128_update_key": dukpt_update_key,
    "dukpt_aes128_macs_and_data": dukpt_aes_macs_and_data,
    "tr31_x9_143_unwrap": key_blocks,
    "tr31_psec_known_values": key_blocks,
    "tr31_uic_manual": key_blocks,
    "pin_blocks_iso9564": pin_block,
    "macs": mac,
    "macs_cross_checked": mac,
    "kcv": check_value,
    "components_constructed": components,
    "gm_sm4_sm3": chinese,
    "tr34": tr34,
    "unionpay_sign_on_keys": sign_on,
}
"""A section that is a list is checked item by item."""


def check(section, data):
    """Raises AssertionError for a wrong value, for a section without a checker and for a value that it left unread."""
    assert section in CHECKS, f"nobody checks {section}"
    items = enumerate(data) if isinstance(data, list) else [("", data)]
    for index, item in items:
        entry = Entry(item, f"{section}[{index}]" if index != "" else section)
        CHECKS[section](entry)
        assert entry.unread() == []


CASES = [
    pytest.param(section, data, id=f"{path.stem}-{section}")
    for path in FILES
    for section, data in json.loads(path.read_text("utf-8")).items()
    if not section.startswith("_")
]


@pytest.mark.parametrize(("section", "data"), CASES)
def test_every_value_is_the_published_one(section, data):
    check(section, data)


def test_a_vector_that_nobody_reads_a_new_section_and_a_wrong_value_are_failures():
    row = {"alg": "TDES", "method": "legacy", "key": "0123456789ABCDEFFEDCBA9876543210", "kcv": "08D7B4"}
    check("kcv", [row])
    for section, data in [
        ("kcv", [row | {"another_value": "00"}]),
        ("kcv", [row | {"kcv": "08D7B5"}]),
        ("a_new_section", [row]),
    ]:
        with pytest.raises(AssertionError):
            check(section, data)
