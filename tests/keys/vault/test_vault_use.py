"""What a key may do, and how working keys change hands."""

import os

import pytest

from keys import KeysError, KeyState, Secret, SignOnForm, create_vault
from keys.ciphers import tdes_ecb_encrypt
from keys.errors import KcvMismatch, KeyAbsent, SelfTestFailed, TestKeyRefused, UsageRefused, VaultCorrupt
from keys.kcv import kcv
from keys.mac import unionpay_ecb
from keys.vault_intake import Cryptogram

PAN = "6200000000000005"
MASTER = bytes.fromhex("B6A4D31F7C2085E9402F9D6ACB517E38")


def sign_on_field(master, pin_key, mac_key):
    return b"".join(
        [
            tdes_ecb_encrypt(master, pin_key),
            kcv(pin_key, "tdes", length=4),
            tdes_ecb_encrypt(master, mac_key) + bytes(8),
            kcv(mac_key, "tdes", length=4),
        ]
    )


@pytest.fixture
def signed_on(vault, incoming):
    vault.install([incoming("tmk", key=MASTER)])
    keys = os.urandom(16), os.urandom(8)
    vault.unwrap_sign_on("tmk", sign_on_field(MASTER, *keys), SignOnForm())
    return vault, keys


def test_after_a_sign_on_the_terminal_makes_macs_and_pin_blocks_with_the_hosts_keys(signed_on):
    vault, (_, mac_key) = signed_on
    assert vault.mac("mac", b"a message") == unionpay_ecb(mac_key, b"a message")
    assert vault.verify_mac("mac", b"a message", unionpay_ecb(mac_key, b"a message"))
    assert not vault.verify_mac("mac", b"another", unionpay_ecb(mac_key, b"a message"))
    assert len(vault.encrypt_pin("pin", Secret(b"1234"), PAN, 0)) == 8


def test_a_key_does_only_what_it_was_loaded_for(signed_on):
    vault, _ = signed_on
    attempts = [
        lambda: vault.mac("pin", b"x"),
        lambda: vault.mac("tmk", b"x"),
        lambda: vault.encrypt_pin("mac", Secret(b"1234"), PAN, 0),
        lambda: vault.encrypt_track("pin", bytes(8)),
        lambda: vault.unwrap_sign_on("pin", bytes(40), SignOnForm()),
        lambda: vault.mac("own-data", b"x"),
    ]
    for attempt in attempts:
        with pytest.raises(UsageRefused) as refused:
            attempt()
        assert "usage" in str(refused.value) and refused.value.remedy


def test_a_key_that_may_only_check_makes_no_mac(vault, incoming):
    key = os.urandom(16)
    vault.install([incoming("mac", "M0", key, mode="V")])
    assert vault.verify_mac("mac", b"x", unionpay_ecb(key, b"x"))
    with pytest.raises(UsageRefused):
        vault.mac("mac", b"x")


def test_the_version_before_stays_for_late_answers_and_the_one_before_that_goes(signed_on):
    vault, (_, first) = signed_on
    second, third = os.urandom(8), os.urandom(8)
    vault.unwrap_sign_on("tmk", sign_on_field(MASTER, os.urandom(16), second), SignOnForm())
    assert vault.mac("mac", b"x") == unionpay_ecb(second, b"x")
    assert vault.mac(("mac", 1), b"x") == unionpay_ecb(first, b"x")
    vault.unwrap_sign_on("tmk", sign_on_field(MASTER, os.urandom(16), third), SignOnForm())
    with pytest.raises(KeyAbsent):
        vault.mac(("mac", 1), b"x")
    states = {record.id: record.state for record in vault.list() if record.slot == "mac"}
    assert states == {"mac/2": KeyState.RETIRING, "mac/3": KeyState.ACTIVE}


def test_a_retiring_key_is_gone_after_a_day(signed_on, incoming, clock):
    vault, _ = signed_on
    vault.unwrap_sign_on("tmk", sign_on_field(MASTER, os.urandom(16), os.urandom(8)), SignOnForm())
    clock.forward(25 * 3600)
    vault.install([incoming("other", "P0")])
    assert {record.id for record in vault.list()} == {"tmk/1", "pin/2", "mac/2", "other/1"}


def test_a_wrong_check_value_changes_nothing_and_names_the_slot(signed_on, reopen):
    vault, _ = signed_on
    before = vault.list()
    good, bad = os.urandom(16), os.urandom(16)
    with pytest.raises(KcvMismatch, match="track") as refused:
        vault.unwrap(
            "tmk",
            [
                Cryptogram("pin", "P0", tdes_ecb_encrypt(MASTER, good), kcv(good, "tdes").hex()),
                Cryptogram("track", "D0", tdes_ecb_encrypt(MASTER, bad), "00" * 4),
            ],
        )
    assert bad.hex() not in str(refused.value)
    assert vault.list() == before == reopen(read_only=True).list()


def test_bare_cryptograms_are_taken_over_together(signed_on):
    vault, _ = signed_on
    pin, track = os.urandom(16), os.urandom(16)
    vault.unwrap(
        "tmk",
        [
            Cryptogram("pin", "P0", tdes_ecb_encrypt(MASTER, pin), kcv(pin, "tdes", length=4).hex()),
            Cryptogram("track", "D0", tdes_ecb_encrypt(MASTER, track), kcv(track, "tdes").hex()),
        ],
    )
    assert vault.encrypt_track("track", bytes(8)) == tdes_ecb_encrypt(track, bytes(8))
    assert next(record for record in vault.list() if record.id == "track/1").parent == "tmk/1"


def test_what_the_terminal_seals_opens_only_under_its_label_in_its_vault(vault, tmp_path, protector):
    sealed = vault.seal_data("card", bytearray(b"6200000000000005"))
    assert b"6200" not in sealed
    with vault.open_data("card", sealed) as secret, secret.open() as clear:
        assert clear == b"6200000000000005"
    other = create_vault(tmp_path / "other.vault", protector, "lab")
    for owner, label, data in [
        (vault, "else", sealed),
        (other, "card", sealed),
        (vault, "card", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (vault, "card", b""),
    ]:
        with pytest.raises(VaultCorrupt):
            owner.open_data(label, data)
    other.close()


def test_what_was_sealed_opens_after_new_master_keys_and_restarts(vault, incoming, reopen):
    sealed = vault.seal_data("card", b"1234")
    vault.install([incoming("tmk")], erase_others=True)
    again = reopen()
    with again.open_data("card", sealed) as secret, secret.open() as clear:
        assert clear == b"1234"
    again.close()


def test_destroying_leaves_the_record_and_no_key(signed_on, reopen):
    vault, _ = signed_on
    assert vault.destroy("mac").state is KeyState.DESTROYED
    assert not vault.has("mac")
    with pytest.raises(KeyAbsent):
        vault.mac(("mac", 1), b"x")
    with pytest.raises(KeyAbsent):
        vault.destroy(("mac", 1))
    assert {record.id: record.state for record in reopen(read_only=True).list()}["mac/1"] is KeyState.DESTROYED


def test_a_version_number_is_never_used_twice(vault, incoming):
    for expected in (1, 2, 3):
        (record,) = vault.install([incoming("tmk")])
        assert record.version == expected
        vault.destroy("tmk")


def test_a_new_clear_master_key_erases_all_others(signed_on, incoming, reopen):
    vault, _ = signed_on
    vault.install([incoming("tmk")], erase_others=True)
    assert [record.id for record in vault.list() if record.state is KeyState.ACTIVE] == ["tmk/2"]
    assert not vault.has("pin") and not vault.has("mac")
    with reopen(read_only=True)._file.unseal(vault._find("tmk")) as key:
        assert len(key) == 16


def test_the_same_key_in_two_slots_and_two_keys_for_one_slot_are_refused(tmp_path, protector, incoming):
    vault = create_vault(tmp_path / "production.vault", protector, "production")
    key = os.urandom(16)
    vault.install([incoming("tmk", key=key)])
    with pytest.raises(KeysError, match="the one in slot tmk"):
        vault.install([incoming("pin", "P0", key)])
    with pytest.raises(KeysError, match="Two keys"):
        vault.install([incoming("a", "P0"), incoming("a", "P0")])
    vault.close()


@pytest.mark.parametrize(
    ("key", "usage"),
    [
        ("0123456789ABCDEFFEDCBA9876543210", "K0"),
        ("0022446688AACCEEFFDDBB9977553311", "K0"),
        ("11111111111111111111111111111111", "K0"),
        ("31313131313131313232323232323232", "P0"),
        ("101112131415161718191A1B1C1D1E1F", "K0"),
        ("CA5D92598DCA48CE8A4C76361A9269E9", "K0"),
        ("FEDCBA98765432100123456789ABCDEF", "M0"),
    ],
)
def test_published_keys_and_patterns_are_refused_in_production_and_taken_in_the_lab(
    key, usage, tmp_path, protector, vault, incoming
):
    production = create_vault(tmp_path / "production.vault", protector, "production")
    with pytest.raises(TestKeyRefused):
        production.install([incoming("any", usage, bytes.fromhex(key))])
    production.close()
    vault.install([incoming("any", usage, bytes.fromhex(key))])


@pytest.mark.parametrize(
    ("fresh_bytes", "times", "usage", "words"),
    [
        (0, 16, "K0", "all zeros"),
        (8, 1, "K0", "single DES"),
        (8, 2, "P0", "equal halves"),
        (15, 1, "K0", "cannot have 15 bytes"),
        (16, 1, "B0", "not loaded into a terminal"),
        (16, 1, "C0", "not loaded into a terminal"),
    ],
)
def test_weak_and_misplaced_keys_are_refused_in_production(
    fresh_bytes, times, usage, words, tmp_path, protector, incoming
):
    key = (os.urandom(fresh_bytes) or b"\0") * times
    production = create_vault(tmp_path / "production.vault", protector, "production")
    with pytest.raises(KeysError, match=words) as refused:
        production.install([incoming("any", usage, key)])
    assert key.hex() not in str(refused.value).lower()
    production.close()


def test_a_failed_self_test_stops_the_use_of_keys(signed_on):
    vault, _ = signed_on
    vault.stop("The self-test of TDES failed.")
    with pytest.raises(SelfTestFailed):
        vault.mac("mac", b"x")


def test_keys_handed_over_are_wiped_whether_taken_or_not(vault, incoming):
    taken, refused = incoming("tmk"), incoming("tmk", "B0")
    vault.install([taken])
    with pytest.raises(UsageRefused):
        vault.install([refused])
    assert len(taken.key) == len(refused.key) == 0
