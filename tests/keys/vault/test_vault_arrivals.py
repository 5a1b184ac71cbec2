"""How keys come to the vault under other keys, and what each kind of key then does."""

import os
from dataclasses import replace

import pytest

from keys import KeysError, KeyState, Secret, SignOnForm, decrypt_pin
from keys.ciphers import AES, SM4, TDES
from keys.errors import KcvMismatch, KeyAbsent, UsageRefused
from keys.kcv import kcv
from keys.key_block import TERMINAL_POLICY, KeyBlockRefused, wrap
from keys.key_block_header import Header, options
from keys.mac import cmac, sm4_cbc_mac, tdes_cbc_mac, unionpay_ecb, x9_9, x9_19
from keys.pin_block import parse_unionpay_sm4
from keys.vault_intake import Cryptogram

PAN = "6200000000000005"


def opened(held):
    with held, held.open() as clear:
        return bytes(clear)


def block(protection, usage, mode, key, algorithm="T", version="D", **optional):
    header = Header(version, usage, algorithm, mode, optional=options(optional))
    return wrap(protection, header, Secret(bytearray(key)), os.urandom)


@pytest.fixture
def protected(vault, incoming):
    key = os.urandom(32)
    vault.install([incoming("kbpk", "K1", key, algorithm="aes")])
    return vault, key


def test_a_key_block_decides_what_its_key_may_do(protected):
    vault, protection = protected
    pin, mac = os.urandom(16), os.urandom(16)
    record = vault.unwrap_key_block("kbpk", block(protection, "P0", "E", pin), "pin")
    assert (record.usage, record.mode, record.parent, record.source) == ("P0", "E", "kbpk/1", "key-block")
    vault.unwrap_key_block("kbpk", block(protection, "M3", "C", mac, LB="MAC key") + "\n", "mac")
    assert vault.mac("mac", b"a message") == x9_19(mac, b"a message")
    assert vault.list()[1].label == "MAC key"
    sent = vault.encrypt_pin("pin", Secret(b"1234"), PAN, 3)
    assert opened(decrypt_pin(pin, "tdes", sent, PAN, 3)) == b"1234"
    with pytest.raises(UsageRefused):
        vault.mac("pin", b"x")


def test_a_key_block_is_looked_at_before_it_is_stored(protected):
    vault, protection = protected
    key = os.urandom(16)
    received = vault.receive_key_block("kbpk", block(protection, "P0", "E", key), "pin")
    assert received.kcv.value == kcv(key, "tdes").hex().upper()
    assert not vault.has("pin") and key.hex() not in repr(received).lower()
    assert received.install(("21", "22")).loaded_by == ("21", "22")
    assert vault.has("pin")
    another = vault.receive_key_block("kbpk", block(protection, "P0", "E", key), "pin")
    another.wipe()
    with pytest.raises(KeysError):
        another.install()


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda key: block(key, "B0", "X", bytes(range(16))), UsageRefused),
        (lambda key: block(key, "M7", "C", bytes(range(16)), "H"), KeysError),
        (lambda key: block(key, "P0", "E", bytes(16)), KeysError),
        (lambda key: block(key, "P0", "E", bytes(range(16)), KC="00000000"), KcvMismatch),
        (lambda key: block(bytes(32), "P0", "E", bytes(range(16))), KeyBlockRefused),
        (lambda key: "", KeyBlockRefused),
    ],
)
def test_a_key_block_that_may_not_come_in_changes_nothing(protected, make, error):
    vault, protection = protected
    before = vault.list()
    with pytest.raises(error):
        vault.unwrap_key_block("kbpk", make(protection), "pin")
    assert vault.list() == before


def test_versions_with_weak_binding_come_in_only_by_flag(vault, incoming):
    protection = bytes.fromhex("89E88CF7931444F334BD7547FC3F380C")
    text = "A0072P0TE00E0000F5161ED902807AF26F1D62263644BD24192FDB3193C730301CEE8701"
    vault.install([incoming("kbpk", "K1", protection)])
    with pytest.raises(UsageRefused, match="version A"):
        vault.unwrap_key_block("kbpk", text, "pin")
    vault.unwrap_key_block("kbpk", text, "pin", policy=TERMINAL_POLICY.with_versions("ABD"))
    assert vault.has("pin")


def test_a_single_des_mac_key_comes_in_only_by_flag(protected):
    vault, protection = protected
    key = os.urandom(8)
    text = block(protection, "M1", "C", key, "D")
    with pytest.raises(UsageRefused, match="single DES"):
        vault.unwrap_key_block("kbpk", text, "mac")
    vault.unwrap_key_block("kbpk", text, "mac", policy=replace(TERMINAL_POLICY, single_des=True))
    assert vault.mac("mac", b"x") == x9_9(key, b"x")[:4] + bytes(4)


def test_a_key_for_key_blocks_opens_no_bare_cryptogram(protected):
    vault, protection = protected
    key = os.urandom(16)
    bare = Cryptogram("pin", "P0", AES.ecb_encrypt(protection, key), kcv(key, "tdes").hex())
    with pytest.raises(UsageRefused, match="bare cryptograms"):
        vault.unwrap("kbpk", [bare])


@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("cipher", [TDES, AES, SM4], ids=lambda cipher: cipher.name)
def test_bare_cryptograms_come_in_block_by_block_or_chained(vault, incoming, cipher, chained):
    master, key = os.urandom(16), os.urandom(16)
    vault.install([incoming("tmk", "K0", master, algorithm=cipher.name)])
    sealed = (cipher.cbc_encrypt if chained else cipher.ecb_encrypt)(master, key)
    algorithm = "sm4" if cipher is SM4 else "tdes"
    item = Cryptogram("pin", "P0", sealed, kcv(key, algorithm).hex(), algorithm, chained=chained)
    (found,) = vault.unwrap("tmk", [item])
    assert found.value == kcv(key, algorithm).hex().upper()


def test_a_sign_on_with_sm4_gives_sm4_macs_and_pin_blocks(vault, incoming):
    master, pin, mac = os.urandom(16), os.urandom(16), os.urandom(16)
    vault.install([incoming("tmk", "K0", master, algorithm="sm4")])
    field = b"".join(SM4.ecb_encrypt(master, key) + kcv(key, "sm4", length=4) for key in (pin, mac))
    vault.unwrap_sign_on("tmk", field, SignOnForm(cipher="sm4"))
    assert vault.mac("mac", b"a message") == unionpay_ecb(mac, b"a message", sm4=True)
    sent = vault.encrypt_pin("pin", Secret(b"123654"), PAN)
    assert len(sent) == 16
    assert opened(parse_unionpay_sm4(SM4.ecb_decrypt(pin, sent), PAN)) == b"123654"
    with pytest.raises(UsageRefused, match="the sign-on brings TDES"):
        vault.unwrap_sign_on("tmk", bytes(40), SignOnForm())


MACS = {
    "x9.9": ("M1", "tdes", 8, lambda key, data: x9_9(key, data)[:4].hex().upper().encode()),
    "x9.9-binary": ("M1", "tdes", 8, lambda key, data: x9_9(key, data)[:4] + bytes(4)),
    "x9.19-binary": ("M3", "tdes", 16, x9_19),
    "iso-16609": ("M0", "tdes", 24, tdes_cbc_mac),
    "tdes-cmac": ("M6", "tdes", 16, lambda key, data: cmac("tdes", key, data)),
    "aes-cmac": ("M6", "aes", 32, lambda key, data: cmac("aes", key, data)[:8]),
    "sm4-cmac": ("M6", "sm4", 16, lambda key, data: cmac("sm4", key, data)[:8]),
    "sm4-cbc": ("M0", "sm4", 16, lambda key, data: sm4_cbc_mac(key, data)[:8]),
    "unionpay-ecb-sm4": ("M0", "sm4", 16, lambda key, data: unionpay_ecb(key, data, sm4=True)),
}


@pytest.mark.parametrize("name", MACS)
def test_a_mac_key_makes_the_mac_it_was_loaded_for(vault, incoming, name):
    usage, algorithm, length, make = MACS[name]
    key = os.urandom(length)
    vault.install([incoming("mac", usage, key, algorithm=algorithm, mac_algorithm=name)])
    found = vault.mac("mac", b"a message")
    assert found == make(key, b"a message") and len(found) == 8
    assert vault.verify_mac("mac", b"a message", found)


@pytest.mark.parametrize(
    ("usage", "algorithm", "length", "name"),
    [("M3", "tdes", 16, "x9.9"), ("M6", "aes", 16, "tdes-cmac"), ("M3", "tdes", 24, "x9.19"), ("M0", "tdes", 16, "?")],
)
def test_a_mac_key_comes_only_with_a_mac_that_is_its_own(vault, incoming, usage, algorithm, length, name):
    with pytest.raises(UsageRefused, match="MAC"):
        vault.install([incoming("mac", usage, os.urandom(length), algorithm=algorithm, mac_algorithm=name)])


def test_an_aes_pin_key_makes_format_4(vault, incoming):
    key = os.urandom(16)
    vault.install([incoming("pin", "P0", key, algorithm="aes")])
    assert opened(decrypt_pin(key, "aes", vault.encrypt_pin("pin", Secret(b"1234"), PAN, 4), PAN, 4)) == b"1234"
    with pytest.raises(UsageRefused):
        vault.encrypt_pin("pin", Secret(b"1234"), PAN, 0)


def test_a_pending_key_is_kept_and_not_used_until_it_is_activated(vault, incoming, reopen):
    old, new = os.urandom(16), os.urandom(16)
    vault.install([incoming("mac", "M0", old)])
    (record,) = vault.install([incoming("mac", "M0", new)], pending=True)
    assert record.state is KeyState.PENDING
    assert vault.mac("mac", b"x") == unionpay_ecb(old, b"x")
    with pytest.raises(KeyAbsent, match="pending"):
        vault.mac(("mac", 2), b"x")
    vault.close()
    again = reopen()
    assert again.activate("mac", 2).state is KeyState.ACTIVE
    assert again.mac("mac", b"x") == unionpay_ecb(new, b"x")
    assert again.mac(("mac", 1), b"x") == unionpay_ecb(old, b"x")
    with pytest.raises(KeyAbsent):
        again.activate("mac", 2)
    again.close()


def test_a_power_cut_while_activating_leaves_the_old_or_the_new_in_use(cut_everywhere, incoming):
    fresh = os.urandom(16)

    def prepare(vault):
        vault.install([incoming("mac", "M0")])
        vault.install([incoming("mac", "M0", fresh)], pending=True)

    cut_everywhere(
        prepare,
        lambda vault: vault.activate("mac", 2),
        lambda vault: tuple((record.id, record.state) for record in vault.list()),
    )
