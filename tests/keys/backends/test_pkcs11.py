"""Keys in a PKCS #11 token: the same vault, the same answers, and no key in this process or on the disk."""

import os

import pytest

from keys import KeysError, KeyState, Secret, SignOnForm, create_vault, decrypt_pin, open_vault
from keys.backends.optional import token_protector
from keys.ciphers import AES, SM4, TDES
from keys.dukpt_host import tdes_initial_key
from keys.errors import TestKeyRefused, Unsupported, UsageRefused, VaultCorrupt, VaultErased, VaultLocked
from keys.kcv import kcv
from keys.key_block import TERMINAL_POLICY, wrap
from keys.key_block_header import Header, options
from keys.mac import cmac, tdes_cbc_mac, unionpay_ecb, x9_9, x9_19
from keys.vault_intake import Cryptogram

PAN = "6200000000000005"


def opened(held):
    with held, held.open() as clear:
        return bytes(clear)


@pytest.fixture
def token(softhsm):
    module, label, pin = softhsm
    made = token_protector(module, label, Secret(bytearray(pin.encode()))).holder
    yield made
    made.close()


@pytest.fixture
def protector(token):
    from keys.backends.pkcs11 import Pkcs11Protector

    return Pkcs11Protector(token)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.vault"


@pytest.fixture
def kept(token, protector, path):
    """A vault whose keys are in the token."""
    vault = create_vault(path, protector, "lab")
    yield vault
    vault.close()


def objects(token):
    from pkcs11 import Attribute

    return sorted(item[Attribute.LABEL] for item in token.session.get_objects())


def test_the_vault_and_its_keys_are_there_after_a_restart(token, protector, path, incoming):
    key = os.urandom(16)
    vault = create_vault(path, protector, "lab")
    vault.install([incoming("mac", "M0", key)])
    vault.close()
    again = open_vault(path, protector, "lab")
    assert again.mac("mac", b"x") == unionpay_ecb(key, b"x")
    assert again.list()[0].attributes["held"] == token.name
    again.close()


MACS = {
    "unionpay-ecb": ("M0", "tdes", (8, 16, 24), unionpay_ecb),
    "x9.9-binary": ("M1", "tdes", (8, 16), lambda key, data: x9_9(key, data)[:4] + bytes(4)),
    "x9.19-binary": ("M3", "tdes", (16,), x9_19),
    "iso-16609": ("M0", "tdes", (16, 24), tdes_cbc_mac),
    "tdes-cmac": ("M6", "tdes", (16, 24), lambda key, data: cmac("tdes", key, data)),
    "aes-cmac": ("M6", "aes", (16, 24, 32), lambda key, data: cmac("aes", key, data)[:8]),
}


@pytest.mark.parametrize("name", MACS)
@pytest.mark.parametrize("data", [b"", b"x", b"12345678", bytes(300)], ids=len)
def test_macs_of_the_token_are_those_of_the_software(kept, incoming, name, data):
    usage, algorithm, lengths, make = MACS[name]
    for length in lengths:
        key = os.urandom(length)
        kept.install([incoming("mac", usage, key, algorithm=algorithm, mac_algorithm=name)])
        assert kept.list()[-1].attributes["held"]
        found = kept.mac("mac", data)
        assert found == make(key, data)
        assert kept.verify_mac("mac", data, found) and not kept.verify_mac("mac", data + b"x", found)


@pytest.mark.parametrize(
    ("algorithm", "length", "form"), [("tdes", 16, 0), ("tdes", 24, 3), ("tdes", 16, 1), ("aes", 16, 4)]
)
def test_pin_blocks_of_the_token_are_read_by_a_host(kept, incoming, algorithm, length, form):
    key = os.urandom(length)
    kept.install([incoming("pin", "P0", key, algorithm=algorithm)])
    block = kept.encrypt_pin("pin", Secret(b"123456"), PAN, form)
    assert opened(decrypt_pin(key, algorithm, block, PAN, form)) == b"123456"


def test_track_data_is_enciphered_in_the_token(kept, incoming):
    key = os.urandom(16)
    kept.install([incoming("track", "D0", key)])
    assert kept.encrypt_track("track", b"12345678") == TDES.ecb_encrypt(key, b"12345678")


def test_a_sign_on_under_a_master_key_of_the_token(kept, incoming):
    master, pin, mac = os.urandom(16), os.urandom(16), os.urandom(8)
    kept.install([incoming("tmk", "K0", master)])
    field = b"".join(
        [
            TDES.ecb_encrypt(master, pin) + kcv(pin, "tdes", length=4),
            TDES.ecb_encrypt(master, mac) + bytes(8) + kcv(mac, "tdes", length=4),
        ]
    )
    kept.unwrap_sign_on("tmk", field, SignOnForm())
    assert kept.mac("mac", b"x") == unionpay_ecb(mac, b"x")
    assert {record.slot for record in kept.list() if "held" in record.attributes} == {"tmk", "pin", "mac"}


def test_a_chained_cryptogram_under_a_master_key_of_the_token(kept, incoming):
    master, key = os.urandom(16), os.urandom(16)
    kept.install([incoming("tmk", "K0", master, algorithm="aes")])
    sealed = AES.cbc_encrypt(master, key)
    kept.unwrap("tmk", [Cryptogram("track", "D0", sealed, kcv(key, "tdes").hex(), chained=True)])
    assert kept.encrypt_track("track", bytes(8)) == TDES.ecb_encrypt(key, bytes(8))


@pytest.mark.parametrize(("version", "algorithm", "length"), [("B", "tdes", 16), ("D", "aes", 32)])
def test_a_key_block_under_a_key_of_the_token(kept, incoming, version, algorithm, length):
    protection, key = os.urandom(length), os.urandom(16)
    kept.install([incoming("kbpk", "K1", protection, algorithm=algorithm)])
    check = "00" + kcv(key, "tdes").hex().upper()
    parent = "01" + kcv(protection, algorithm, "cmac", 5).hex().upper()
    text = wrap(protection, Header(version, "P0", "T", "E", optional=options({"KC": check, "KP": parent})),
                Secret(bytearray(key)), os.urandom)  # fmt: skip
    if version == "D":  # the token's master keys decipher and sign; CMAC check values are within that
        kept.unwrap_key_block("kbpk", text, "pin")
        assert opened(decrypt_pin(key, "tdes", kept.encrypt_pin("pin", Secret(b"1234"), PAN), PAN, 0)) == b"1234"
    else:
        kept.unwrap_key_block("kbpk", text, "pin")
        assert kept.has("pin")


def test_versions_a_and_c_are_not_for_a_token_and_it_says_so(kept, incoming):
    protection = bytes.fromhex("89E88CF7931444F334BD7547FC3F380C")
    text = "A0072P0TE00E0000F5161ED902807AF26F1D62263644BD24192FDB3193C730301CEE8701"
    kept.install([incoming("kbpk", "K1", protection)])
    with pytest.raises(Unsupported, match="never leave the token") as refusal:
        kept.unwrap_key_block("kbpk", text, "pin", policy=TERMINAL_POLICY.with_versions("ABD"))
    assert refusal.value.remedy


def test_a_key_in_the_token_cannot_be_read_or_used_otherwise(kept, incoming, token):
    from pkcs11 import Attribute, Mechanism
    from pkcs11.exceptions import AttributeReadOnly, AttributeSensitive, PKCS11Error

    kept.install([incoming("pin", "P0", os.urandom(16)), incoming("tmk", "K0", os.urandom(16))])
    for item in token._ours("key"):
        with pytest.raises(AttributeSensitive):
            item[Attribute.VALUE]
        with pytest.raises(AttributeReadOnly):
            item[Attribute.EXTRACTABLE] = True
        pin = item[Attribute.LABEL].endswith("pin/1")
        assert item[Attribute.ENCRYPT] is pin and item[Attribute.DECRYPT] is not pin
        if pin:
            assert not hasattr(item, "decrypt")
        else:
            with pytest.raises((PKCS11Error, AttributeError)):
                item.encrypt(bytes(8), mechanism=Mechanism.DES3_ECB)
    with pytest.raises(UsageRefused):
        kept.mac("pin", b"x")


def test_no_key_of_the_token_is_in_the_files(kept, incoming, tmp_path):
    keys = {"tmk": os.urandom(16), "mac": os.urandom(16)}
    kept.install([incoming("tmk", "K0", keys["tmk"]), incoming("mac", "M0", keys["mac"])])
    for slot, key in keys.items():
        with kept._file.unseal(kept._find(slot)) as content, content.open() as clear:
            assert len(clear) == 16 and bytes(clear) != key
    for file in tmp_path.iterdir():
        if file.is_file():
            assert not any(key in file.read_bytes() for key in keys.values())


def test_what_the_token_cannot_use_stays_in_the_file(kept, incoming):
    key = os.urandom(16)
    kept.install([incoming("pin", "P0", key, algorithm="sm4")])
    initial = opened(tdes_initial_key(os.urandom(16), bytes.fromhex("FFFF987654AAAAA00000")))
    kept.install([incoming("dukpt", "B1", initial, ksn="FFFF987654AAAAA00000")])
    assert not any("held" in record.attributes for record in kept.list())
    assert len(kept.encrypt_pin("pin", Secret(b"1234"), PAN)) == SM4.block
    with kept.next_dukpt("dukpt") as transaction:
        assert transaction.ksn.hex().endswith("00001")


def test_what_was_replaced_or_destroyed_is_gone_from_the_token(kept, incoming, token):
    kept.install([incoming("mac", "M3", mac_algorithm="x9.19-binary")])
    for _ in range(3):
        kept.install([incoming("mac", "M3", mac_algorithm="x9.19-binary")])
    assert [label for label in objects(token) if ":key:" in label] == [
        "countertop:key:mac/3", "countertop:key:mac/3", "countertop:key:mac/4", "countertop:key:mac/4",
    ]  # fmt: skip
    assert kept.mac(("mac", 3), b"x") != kept.mac("mac", b"x")
    kept.destroy("mac")
    assert [label for label in objects(token) if "mac/4" in label] == []
    assert len([label for label in objects(token) if ":opener:" in label]) == 1


def test_a_power_cut_leaves_no_key_behind_in_the_token(token, protector, path, incoming, monkeypatch):
    vault = create_vault(path, protector, "lab")
    vault.install([incoming("mac", "M0")])
    before = objects(token)

    def cut(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(vault._file, "_write", cut)
    with pytest.raises(KeyboardInterrupt):
        vault.install([incoming("pin", "P0"), incoming("mac", "M0")])
    vault.close()
    assert len(objects(token)) == len(before) + 2
    again = open_vault(path, protector, "lab")
    assert objects(token) == before and again.mac("mac", b"x")
    again.close()


def test_an_erased_vault_leaves_nothing_in_the_token_and_copies_do_not_open(token, protector, path, tmp_path, incoming):
    vault = create_vault(path, protector, "lab")
    vault.install([incoming("mac", "M0")])
    copies = {name: (tmp_path / name).read_bytes() for name in ("keys.vault", "keys.vault.b", "keys.vault.epoch")}
    assert vault.zeroise() is True
    vault.close()
    assert objects(token) == []
    with pytest.raises(VaultErased):
        open_vault(path, protector, "lab")
    for name, content in copies.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    with pytest.raises(VaultLocked, match="no key for this vault"):
        open_vault(path, protector, "lab")


def test_without_its_token_a_vault_says_which_one_it_wants(token, protector, path, incoming):
    vault = create_vault(path, protector, "lab")
    vault.install([incoming("mac", "M0")])
    vault.close()
    from keys.backends.pkcs11 import Pkcs11Protector

    with pytest.raises(VaultLocked, match=token.name):
        open_vault(path, Pkcs11Protector(token, keeps_keys=False), "lab")


def test_a_key_that_somebody_took_from_the_token_is_missed_by_name(kept, incoming, token):
    kept.install([incoming("mac", "M0")])
    for item in token._ours("key"):
        item.destroy()
    with pytest.raises(VaultCorrupt, match="mac/1 is no longer in the token"):
        kept.mac("mac", b"x")


def test_keys_in_the_token_pass_the_same_examination(token, protector, path, incoming):
    vault = create_vault(path, protector, "production")
    with pytest.raises(TestKeyRefused):
        vault.install([incoming("tmk", "K0", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))])
    key = os.urandom(16)
    vault.install([incoming("tmk", "K0", key)])
    with pytest.raises(KeysError, match="the one in slot tmk"):
        vault.install([incoming("pin", "P0", key)])
    vault.close()


def test_a_retiring_key_of_the_token_still_answers_for_late_replies(kept, incoming):
    old, new = os.urandom(16), os.urandom(16)
    kept.install([incoming("mac", "M0", old)])
    kept.install([incoming("mac", "M0", new)])
    assert kept.mac(("mac", 1), b"x") == unionpay_ecb(old, b"x")
    assert {record.id: record.state for record in kept.list()}["mac/1"] is KeyState.RETIRING


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pin": "000000"}, "PIN of the token"),
        ({"label": "another"}, "no token another"),
        ({"module": "/nowhere"}, "cannot be used"),
    ],
    ids=["pin", "label", "module"],
)
def test_a_token_that_does_not_open_says_why_and_what_to_do(softhsm, change, words):
    values = dict(zip(("module", "label", "pin"), softhsm, strict=True)) | change
    with pytest.raises(VaultLocked, match=words) as refusal:
        token_protector(values["module"], values["label"], Secret(bytearray(values["pin"].encode())))
    assert refusal.value.remedy and values["pin"] not in str(refusal.value)


def test_the_report_says_what_is_done_where(kept, token):
    report = kept.capabilities()
    assert report["protector"] == "pkcs11" and report["token"] == token.name.partition(":")[2]
    assert report["keys in use"].startswith("in the token")
    assert "SM4" in report["not in the token"] and "microseconds" not in report["partial"]
