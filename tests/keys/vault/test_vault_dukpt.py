"""DUKPT in the vault: no key is used twice, whatever happens to the power, the files, or the people who touch them."""

import itertools
import os

import pytest

from keys import KeysError, KeyState, Secret, create_vault, decrypt_pin, dukpt_aes, dukpt_tdes, open_vault
from keys.ciphers import AES, TDES
from keys.dukpt_host import aes_initial_key, aes_transaction_key, tdes_initial_key, tdes_transaction_key
from keys.errors import (
    KeyAbsent,
    KeyExhausted,
    PermissionsUnsafe,
    Unsupported,
    UsageRefused,
    VaultCorrupt,
    VaultRolledBack,
)
from keys.key_block import wrap
from keys.key_block_header import Header, options
from keys.mac import cmac, pad_zero, x9_19
from keys.vault_dukpt import PLACE_BYTES, WINDOW

PAN = "4012345678909"
BASE = bytes.fromhex("A1B2C3D4E5F60718293A4B5C6D7E8F90")
KSN, KEY_ID = "FFFF987654AAAAA00000", "A234567890123456"


def opened(held):
    with held, held.open() as clear:
        return bytes(clear)


TDES_INITIAL = opened(tdes_initial_key(BASE, bytes.fromhex(KSN)))
AES_INITIAL = opened(aes_initial_key(BASE, bytes.fromhex(KEY_ID)))


@pytest.fixture
def load(incoming):
    def into(vault, algorithm="tdes", slot="dukpt", **more):
        key, ksn = (TDES_INITIAL, KSN) if algorithm == "tdes" else (AES_INITIAL, KEY_ID)
        vault.install([incoming(slot, "B1", key, algorithm=algorithm, ksn=ksn, **more)])

    return into


def serial(vault, slot="dukpt"):
    with vault.next_dukpt(slot) as transaction:
        return transaction.ksn.hex().upper()


def counters(vault):
    return vault._contents._counters.values()


def test_a_host_understands_what_a_tdes_terminal_sends_and_the_other_way_round(vault, load):
    load(vault)
    for _ in range(3):
        with vault.next_dukpt("dukpt") as transaction:
            key = opened(tdes_transaction_key(TDES_INITIAL, transaction.ksn))
            block = transaction.encrypt_pin(Secret(b"1234"), PAN, 0)
            pin_key = opened(dukpt_tdes.key_for(key, dukpt_tdes.Purpose.PIN))
            assert opened(decrypt_pin(pin_key, "tdes", block, PAN, 0)) == b"1234"
            request = opened(dukpt_tdes.key_for(key, dukpt_tdes.Purpose.MAC_REQUEST))
            response = opened(dukpt_tdes.key_for(key, dukpt_tdes.Purpose.MAC_RESPONSE))
            assert transaction.mac(b"a request") == x9_19(request, b"a request")
            assert transaction.verify_mac(b"an answer", x9_19(response, b"an answer")[:4])
            assert not transaction.verify_mac(b"an answer", x9_19(request, b"an answer"))
            assert not transaction.verify_mac(b"an answer", b"")
            data = opened(dukpt_tdes.key_for(key, dukpt_tdes.Purpose.DATA_REQUEST))
            assert TDES.cbc_decrypt(data, transaction.encrypt_data(b"track")) == pad_zero(b"track")
            back = opened(dukpt_tdes.key_for(key, dukpt_tdes.Purpose.DATA_RESPONSE))
            assert opened(transaction.decrypt_data(TDES.cbc_encrypt(back, b"ANSWER.."))) == b"ANSWER.."


def test_a_host_understands_what_an_aes_terminal_sends(vault, load):
    load(vault, "aes", attributes={"both_ways": "yes"})
    with vault.next_dukpt("dukpt") as transaction:
        assert transaction.ksn.hex().upper() == KEY_ID + "00000001"
        key = opened(aes_transaction_key(AES_INITIAL, transaction.ksn))

        def of(purpose):
            return opened(dukpt_aes.key_for(key, transaction.ksn, purpose))

        block = transaction.encrypt_pin(Secret(b"123456"), PAN, 4)
        assert opened(decrypt_pin(of(dukpt_aes.Purpose.PIN), "aes", block, PAN, 4)) == b"123456"
        assert transaction.mac(b"x") == cmac("aes", of(dukpt_aes.Purpose.MAC_BOTH_WAYS), b"x")[:8]
        assert transaction.verify_mac(b"x", transaction.mac(b"x"))
        data = transaction.encrypt_data(b"x" * 16)
        assert AES.cbc_decrypt(of(dukpt_aes.Purpose.DATA_BOTH_WAYS), data) == b"x" * 16
        with pytest.raises(UsageRefused):
            transaction.encrypt_pin(Secret(b"1234"), PAN, 0)
    with pytest.raises(UsageRefused, match="is gone"):
        transaction.mac(b"x")
    assert "Secret" not in repr(transaction) and transaction.ksn.hex().upper() in repr(transaction)


@pytest.mark.parametrize("algorithm", ["tdes", "aes"])
def test_the_first_thousand_serial_numbers_are_those_of_the_standard_over_restarts(vault, load, reopen, algorithm):
    load(vault, algorithm)
    expected = iter(_counters(algorithm))
    seen = [serial(vault) for _ in range(700)]
    vault.close()
    again = reopen()
    seen += [serial(again) for _ in range(300)]
    again.close()
    ones = {int(number[-5:], 16) & 0x1FFFFF if algorithm == "tdes" else int(number[-8:], 16) for number in seen}
    assert sorted(ones) == list(itertools.islice(expected, 1000))
    assert seen == sorted(set(seen))


def _counters(algorithm):
    most = 10 if algorithm == "tdes" else 16
    return (counter for counter in itertools.count(1) if counter.bit_count() <= most)


def test_the_registers_before_are_overwritten_and_the_initial_key_is_nowhere(vault, load, tmp_path):
    load(vault)
    first = [bytes(key) for counter in counters(vault) for key in _registers(counter)]
    for _ in range(WINDOW + 2):
        serial(vault)
    after = [bytes(key) for counter in counters(vault) for key in _registers(counter)]
    with vault._file.unseal(vault._find("dukpt")) as content, content.open() as clear:
        assert TDES_INITIAL not in bytes(clear)
        assert not any(key in bytes(clear) for key in first if key not in after)


def _registers(counter):
    for held in counter._state.registers:
        if held is not None:
            with held.open() as clear:
                yield bytes(clear)


def test_a_power_cut_at_any_step_never_gives_a_key_twice(simulated_disk, power_cut, protector, tmp_path, load):
    """Also at the step where the vault takes a checkpoint."""
    path = tmp_path / "sim" / "keys.vault"
    disk = simulated_disk()
    vault = create_vault(path, protector, "lab", disk=disk)
    load(vault)
    for _ in range(WINDOW - 2):
        serial(vault)
    begin = disk.files()
    vault.close()
    for fuse in itertools.count():
        disk = simulated_disk(begin)
        vault = open_vault(path, protector, "lab", disk=disk)
        disk.steps, disk.fuse, given = 0, fuse, []
        try:
            given.extend(serial(vault) for _ in range(4))
            done = True
        except power_cut:
            done = False
        vault.close()
        for platter in disk.platters():
            found = open_vault(path, protector, "lab", disk=simulated_disk(platter))
            following = serial(found)
            assert following > max(given, default=""), f"cut before step {fuse}"
            found.close()
        if done:
            break
    assert fuse > 20


def test_a_power_cut_while_a_new_initial_key_comes_leaves_the_old_or_the_new(cut_everywhere, load, incoming):
    fresh = os.urandom(16)

    def shown(vault):
        return tuple((record.id, record.state, record.kcv.value) for record in vault.list())

    cut_everywhere(
        lambda vault: load(vault),
        lambda vault: vault.install([incoming("dukpt", "B1", fresh, ksn=KSN)]),
        shown,
    )


def counter_file(tmp_path):
    return tmp_path / "keys.vault.dukpt.dukpt.1"


def test_a_lost_counter_file_costs_keys_and_repeats_none(vault, load, reopen, tmp_path):
    load(vault)
    last = [serial(vault) for _ in range(5)][-1]
    vault.close()
    counter_file(tmp_path).unlink()
    again = reopen()
    assert any("was missing" in note for note in again.notes)
    assert serial(again) > last
    again.close()


def test_a_damaged_place_costs_one_key_and_two_are_refused_by_name(vault, load, reopen, tmp_path):
    load(vault)
    last = [serial(vault) for _ in range(5)][-1]
    vault.close()
    path = counter_file(tmp_path)
    whole = path.read_bytes()
    assert len(whole) == 2 * PLACE_BYTES
    for place in (0, 1):
        data = bytearray(whole)
        data[place * PLACE_BYTES + 40] ^= 1
        path.write_bytes(data)
        again = reopen()
        assert serial(again) > last and any("damaged in one place" in note for note in again.notes)
        again.close()
        path.write_bytes(whole)
    for changed in (
        bytes(len(whole)),
        whole[:-1],
        b"",
        whole[:40] + b"\0" + whole[41 : PLACE_BYTES + 50] + bytes(4046),
    ):
        path.write_bytes(changed)
        with pytest.raises(VaultCorrupt, match=r"keys.vault.dukpt.dukpt.1 is damaged"):
            reopen()


def test_an_older_counter_file_is_refused_by_name(vault, load, reopen, tmp_path):
    load(vault)
    path = counter_file(tmp_path)
    older = path.read_bytes()
    for _ in range(WINDOW + 2):
        serial(vault)
    vault.close()
    path.write_bytes(older)
    with pytest.raises(VaultRolledBack, match="older than the key vault") as refusal:
        reopen()
    assert refusal.value.remedy


def test_a_counter_file_of_another_key_is_refused(vault, load, reopen, tmp_path):
    load(vault)
    load(vault, slot="other")
    vault.close()
    path = counter_file(tmp_path)
    path.write_bytes((tmp_path / "keys.vault.dukpt.other.1").read_bytes())
    with pytest.raises(VaultCorrupt, match="damaged"):
        reopen()


def test_a_counter_file_open_to_others_or_in_another_place_is_refused_by_name(vault, load, reopen, tmp_path):
    load(vault)
    vault.close()
    path = counter_file(tmp_path)
    path.chmod(0o640)
    with pytest.raises(PermissionsUnsafe, match="mode 0640"):
        reopen()
    path.chmod(0o600)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionsUnsafe, match="symbolic link"):
        reopen()


def test_a_disk_that_takes_no_more_gives_no_key(simulated_disk, protector, tmp_path, load):
    class Full(simulated_disk):
        full = False

        def overwrite(self, path, offset, content):
            if self.full:
                raise KeysError("keys.vault cannot be written: no space left.")
            super().overwrite(path, offset, content)

    disk = Full()
    vault = create_vault(tmp_path / "sim" / "keys.vault", protector, "lab", disk=disk)
    load(vault)
    first = serial(vault)
    disk.full = True
    with pytest.raises(KeysError, match="no space"):
        vault.next_dukpt("dukpt")
    disk.full = False
    assert serial(vault) > first
    vault.close()


def test_after_the_last_key_there_is_none(vault, load):
    load(vault)
    (counter,) = counters(vault)
    counter._state = _at(counter._state, 0x1FF800)
    counter.checkpointed()
    assert serial(vault) == KSN[:14] + "BFF800"
    with pytest.raises(KeyExhausted):
        vault.next_dukpt("dukpt")


def _at(state, counter):
    from dataclasses import replace

    key = tdes_transaction_key(TDES_INITIAL, dukpt_tdes.with_counter(bytes.fromhex(KSN), counter))
    registers = [None] * 21
    registers[(counter & -counter).bit_length() - 1] = key
    return replace(state, counter=counter, registers=tuple(registers))


def test_a_destroyed_key_takes_its_registers_with_it(vault, load, tmp_path, reopen):
    load(vault)
    serial(vault)
    vault.destroy("dukpt")
    assert not counter_file(tmp_path).exists()
    with pytest.raises(KeyAbsent):
        vault.next_dukpt("dukpt")
    vault.close()
    reopen().close()


def test_a_new_initial_key_replaces_the_old_at_once(vault, load, tmp_path):
    load(vault)
    serial(vault)
    load(vault)
    assert [(record.id, record.state) for record in vault.list()] == [("dukpt/2", KeyState.ACTIVE)]
    assert not counter_file(tmp_path).exists()
    assert serial(vault).endswith("00001")


def test_erasing_the_vault_erases_the_registers(vault, load, tmp_path):
    load(vault)
    vault.zeroise()
    assert not counter_file(tmp_path).exists()


def test_the_next_initial_key_arrives_under_the_update_key(vault, load):
    load(vault, "aes")
    update = opened(dukpt_aes.derive_update_key(AES_INITIAL, bytes.fromhex(KEY_ID)))
    fresh, identifier = os.urandom(16), "B234567890123456"
    header = Header("D", "B1", "A", "X", optional=options({"IK": identifier}))
    text = wrap(update, header, Secret(bytearray(fresh)), os.urandom)
    with pytest.raises(UsageRefused, match="only the next initial key of slot dukpt"):
        vault.unwrap_key_block("dukpt", text, "other")
    record = vault.unwrap_key_block("dukpt", text, "dukpt")
    assert (record.id, record.ksn, record.parent) == ("dukpt/2", identifier, "dukpt/1")
    assert serial(vault) == identifier + "00000001"
    other = wrap(opened_update(fresh, identifier), Header("D", "P0", "A", "E"), Secret(bytearray(16)), os.urandom)
    with pytest.raises(UsageRefused, match="P0 do not come here"):
        vault.unwrap_key_block("dukpt", other, "dukpt")


def opened_update(initial, identifier):
    return opened(dukpt_aes.derive_update_key(initial, bytes.fromhex(identifier)))


def test_tdes_has_no_update_key(vault, load):
    load(vault)
    with pytest.raises(Unsupported, match="no update key"):
        vault.unwrap_key_block("dukpt", "x", "dukpt")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ksn": ""}, "8 to 10 bytes"),
        ({"ksn": "zz"}, "not hexadecimal"),
        ({"ksn": KSN[:-1] + "1"}, "never used"),
        ({"key": bytes(range(24))}, "16 bytes"),
        ({"mac_algorithm": "unionpay-ecb"}, "no MAC algorithm of DUKPT"),
        ({"algorithm": "sm4", "ksn": KEY_ID}, "no DUKPT with SM4"),
    ],
)
def test_an_initial_key_that_cannot_be_right_is_refused_before_anything_changes(vault, incoming, change, words):
    values = {"key": TDES_INITIAL, "ksn": KSN} | change
    with pytest.raises(KeysError) as refusal:
        vault.install([incoming("dukpt", "B1", **values)])
    assert words in f"{refusal.value} {refusal.value.remedy}"
    assert vault.list() == ()


def test_a_dukpt_key_does_nothing_else_and_others_give_no_transaction_keys(vault, load, incoming):
    load(vault)
    vault.install([incoming("pin", "P0")])
    for attempt in (
        lambda: vault.next_dukpt("pin"),
        lambda: vault.mac("dukpt", b"x"),
        lambda: vault.encrypt_pin("dukpt", Secret(b"1234"), PAN),
    ):
        with pytest.raises(UsageRefused):
            attempt()


def test_whoever_only_looks_takes_no_transaction_key(vault, load, reopen):
    load(vault)
    looking = reopen(read_only=True)
    with pytest.raises(KeysError, match="reading only"):
        looking.next_dukpt("dukpt")
