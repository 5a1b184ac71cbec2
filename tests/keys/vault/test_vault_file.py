"""The sealed file: power cuts, damage, older copies, other people's hands."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress

import pytest

from keys import CredentialProtector, KeysError, create_vault, open_vault, provision
from keys.backends.disk import PosixDisk
from keys.backends.sealed_file import COPIES
from keys.errors import (
    EnvironmentMismatch,
    PermissionsUnsafe,
    VaultAbsent,
    VaultCorrupt,
    VaultErased,
    VaultInUse,
    VaultLocked,
    VaultRolledBack,
)

FILES = ("keys.vault", "keys.vault.b", "keys.vault.epoch")


def shown(vault):
    return tuple((record.id, record.state, record.kcv.value) for record in vault.list())


def test_a_power_cut_at_any_step_of_a_replacement_leaves_the_old_or_the_new(cut_everywhere, incoming):
    fresh = os.urandom(16), os.urandom(16)
    seen = cut_everywhere(
        lambda vault: vault.install([incoming("tmk"), incoming("pin", "P0"), incoming("mac", "M0")]),
        lambda vault: vault.install([incoming("pin", "P0", fresh[0]), incoming("mac", "M0", fresh[1])]),
        shown,
    )
    assert seen["states"] >= 60


def test_a_power_cut_at_any_step_of_a_new_master_key_leaves_the_old_or_the_new(cut_everywhere, incoming):
    fresh = os.urandom(16)
    cut_everywhere(
        lambda vault: vault.install([incoming("tmk"), incoming("pin", "P0")]),
        lambda vault: vault.install([incoming("tmk", key=fresh)], erase_others=True),
        shown,
    )


def test_a_power_cut_at_any_step_of_destroying_leaves_the_key_or_not(cut_everywhere, incoming):
    cut_everywhere(
        lambda vault: vault.install([incoming("tmk"), incoming("pin", "P0")]), lambda vault: vault.destroy("pin"), shown
    )


def test_a_power_cut_at_any_step_of_erasing_never_brings_the_keys_back_once_they_are_gone(
    simulated_disk, power_cut, protector, tmp_path, incoming
):
    path = tmp_path / "sim" / "keys.vault"
    disk = simulated_disk()
    vault = create_vault(path, protector, "lab", disk=disk)
    vault.install([incoming("tmk")])
    vault.close()
    begin, outcomes, fuse = disk.files(), set(), 0
    while "done" not in outcomes:
        disk = simulated_disk(begin)
        vault = open_vault(path, _Unerasable(protector), "lab", disk=disk)
        disk.steps, disk.fuse = 0, fuse
        with suppress(power_cut):
            vault.zeroise()
            outcomes.add("done")
        vault.close()
        gone = False
        for platter in disk.platters():
            try:
                open_vault(path, protector, "lab", disk=simulated_disk(platter)).close()
                assert not gone or "done" not in outcomes
                outcomes.add("old")
            except VaultErased:
                gone = True
                outcomes.add("erased")
        fuse += 1
    assert {"old", "erased"} <= outcomes


class _Unerasable:
    """The protector, without giving up its secret: the next round of the test needs it."""

    def __init__(self, protector):
        self._protector = protector

    def __getattr__(self, name):
        return getattr(self._protector, name)

    def erase(self, parameters):
        return False


def test_a_disk_that_fails_once_leaves_a_vault_that_goes_on(simulated_disk, power_cut, protector, tmp_path, incoming):
    path = tmp_path / "sim" / "keys.vault"
    disk = simulated_disk()
    vault = create_vault(path, protector, "lab", disk=disk)
    vault.install([incoming("tmk")])
    needed = disk.steps
    vault.install([incoming("pin", "P0")])
    needed = disk.steps - needed
    before = shown(vault)
    for fuse in range(needed):
        disk.steps, disk.fuse = 0, fuse
        with pytest.raises(power_cut):
            vault.install([incoming("pin", "P0")])
        assert shown(vault) == before
        disk.fuse = None
        vault.install([incoming("pin", "P0")])
        before = shown(vault)
        vault.close()
        vault = open_vault(path, protector, "lab", disk=simulated_disk(disk.files()))
        assert shown(vault) == before
        vault.close()
        vault = open_vault(path, protector, "lab", disk=disk)
    vault.close()


@pytest.fixture
def three_keys(vault, incoming, tmp_path):
    vault.install([incoming("tmk"), incoming("pin", "P0"), incoming("mac", "M0")])
    vault.close()
    return tmp_path / "keys.vault"


def test_every_flipped_byte_of_one_copy_is_repaired_from_the_other_and_told(three_keys, reopen):
    whole = three_keys.read_bytes()
    before = shown(reopen(read_only=True))
    for index in range(len(whole)):
        damaged = bytearray(whole)
        damaged[index] ^= 1 << (index % 8)
        three_keys.write_bytes(damaged)
        found = reopen(read_only=True)
        assert shown(found) == before and found.notes
    repaired = reopen()
    repaired.close()
    assert reopen(read_only=True).notes == ()


def test_every_flipped_byte_of_both_copies_is_refused_by_name(three_keys, reopen):
    whole = three_keys.read_bytes()
    other = three_keys.with_name("keys.vault.b")
    for index in range(len(whole)):
        damaged = bytearray(whole)
        damaged[index] ^= 1 << (index % 8)
        three_keys.write_bytes(damaged)
        other.write_bytes(damaged)
        with pytest.raises(VaultCorrupt, match=r"keys\.vault|key vault") as refused:
            reopen(read_only=True)
        assert refused.value.remedy


def test_every_flipped_byte_of_the_epochs_file_is_refused_by_name(three_keys, reopen):
    epoch = three_keys.with_name("keys.vault.epoch")
    whole = epoch.read_bytes()
    for index in range(len(whole)):
        damaged = bytearray(whole)
        damaged[index] ^= 1 << (index % 8)
        epoch.write_bytes(damaged)
        with pytest.raises(VaultCorrupt, match=r"epoch"):
            reopen(read_only=True)


def test_every_truncated_file_is_refused(three_keys, reopen):
    whole = three_keys.read_bytes()
    for length in range(len(whole)):
        for suffix in COPIES:
            three_keys.with_name("keys.vault" + suffix).write_bytes(whole[:length])
        with pytest.raises(VaultCorrupt):
            reopen(read_only=True)


def test_a_record_of_another_vault_or_a_swapped_one_does_not_open(three_keys, tmp_path, protector, incoming, reopen):
    other = create_vault(tmp_path / "other.vault", protector, "lab")
    other.install([incoming("tmk"), incoming("pin", "P0"), incoming("mac", "M0")])
    other.close()
    for suffix in COPIES:
        shutil.copy(tmp_path / ("other.vault" + suffix), tmp_path / ("keys.vault" + suffix))
    with pytest.raises(VaultRolledBack, match="another key vault"):
        reopen(read_only=True)


@pytest.mark.parametrize("kept", [("keys.vault", "keys.vault.b"), ("keys.vault",)])
def test_an_older_copy_is_refused_by_name(kept, three_keys, reopen, incoming, tmp_path):
    for name in FILES:
        shutil.copy(tmp_path / name, tmp_path / (name + ".saved"))
    vault = reopen()
    vault.install([incoming("pin", "P0")])
    vault.install([incoming("pin", "P0")])
    vault.close()
    for name in FILES[:2]:
        (tmp_path / name).unlink()
    for name in kept:
        shutil.copy(tmp_path / (name + ".saved"), tmp_path / name)
    with pytest.raises(VaultRolledBack, match="older than"):
        reopen(read_only=True)
    (tmp_path / "keys.vault.epoch").unlink()
    with pytest.raises(VaultRolledBack, match="missing"):
        reopen(read_only=True)


def test_an_older_copy_with_an_invented_epochs_file_is_refused(three_keys, reopen, incoming, tmp_path):
    saved = three_keys.read_bytes()
    before = reopen(read_only=True)
    for _ in range(2):
        vault = reopen()
        vault.install([incoming("pin", "P0")])
        vault.close()
    for name in FILES[:2]:
        (tmp_path / name).write_bytes(saved)
    epoch = tmp_path / "keys.vault.epoch"
    invented = b'CTEPOCH2{"store": "%s", "epoch": %d}' % (before.store.encode(), before.epoch - 1)
    epoch.write_bytes(invented + bytes(32))
    with pytest.raises(VaultRolledBack):
        reopen(read_only=True)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700, 0o644])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_others_may_touch_is_refused_by_name(name, mode, three_keys, reopen, tmp_path):
    (tmp_path / name).chmod(mode)
    with pytest.raises(PermissionsUnsafe, match=f"{name} has mode {mode:04o}"):
        reopen(read_only=True)


@pytest.mark.parametrize("name", FILES)
def test_a_symbolic_link_in_its_place_is_refused_by_name(name, three_keys, reopen, tmp_path):
    (tmp_path / name).rename(tmp_path / "elsewhere")
    (tmp_path / name).symlink_to("elsewhere")
    with pytest.raises(PermissionsUnsafe, match=f"{name} is a symbolic link"):
        reopen(read_only=True)


@pytest.mark.parametrize("name", FILES)
def test_a_second_name_is_refused(name, three_keys, reopen, tmp_path):
    os.link(tmp_path / name, tmp_path / "elsewhere")
    with pytest.raises(PermissionsUnsafe, match="second name"):
        reopen(read_only=True)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused_by_name(name, three_keys, reopen, tmp_path):
    os.chown(tmp_path / name, 12345, -1)
    with pytest.raises(PermissionsUnsafe, match=f"{name} belongs to another user"):
        reopen(read_only=True)


def test_a_pipe_in_its_place_does_not_hang_the_terminal(three_keys, reopen):
    three_keys.unlink()
    os.mkfifo(three_keys, 0o600)
    with pytest.raises(PermissionsUnsafe, match="not a regular file"):
        reopen(read_only=True)


def test_a_folder_that_others_may_write_takes_no_vault(tmp_path, protector):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(PermissionsUnsafe, match="Others may write"):
        create_vault(folder / "keys.vault", protector, "lab")


def test_a_full_disk_is_told_and_the_old_keys_stay(three_keys, protector, tmp_path, incoming, reopen):
    class Full(PosixDisk):
        def write_new(self, path, content):
            raise KeysError("keys.vault.new cannot be written: No space left on device.")

    vault = open_vault(three_keys, protector, "lab", disk=Full())
    before = shown(vault)
    with pytest.raises(KeysError, match="No space"):
        vault.install([incoming("pin", "P0")])
    assert shown(vault) == before
    vault.close()
    assert shown(reopen(read_only=True)) == before


def test_a_vault_of_the_lab_does_not_open_in_production(three_keys, reopen):
    with pytest.raises(EnvironmentMismatch, match="belongs to the lab"):
        reopen("production")


def test_clear_keys_are_given_only_in_the_lab(tmp_path, protector):
    with pytest.raises(KeysError, match="only in the lab"):
        provision(tmp_path / "keys.vault", protector, "production", {"tmk": os.urandom(16)})


def test_another_credential_does_not_open_it_and_damage_is_told_from_that(three_keys, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(os.urandom(32))
    other.chmod(0o600)
    with pytest.raises(VaultLocked, match="The credential does not open"):
        open_vault(three_keys, CredentialProtector(other), "lab")
    other.chmod(0o604)
    with pytest.raises(VaultLocked, match="open to every user"):
        open_vault(three_keys, CredentialProtector(other), "lab")
    with pytest.raises(VaultLocked, match="cannot be read"):
        open_vault(three_keys, CredentialProtector(tmp_path / "nothing"), "lab")


def test_no_vault_yet_is_told_with_the_way_to_one(tmp_path, protector):
    with pytest.raises(VaultAbsent) as refused:
        open_vault(tmp_path / "keys.vault", protector, "lab")
    assert "countertop keys load" in refused.value.remedy


def test_two_processes_do_not_write_one_vault(three_keys, credential, reopen):
    program = (
        "import sys, pathlib; from keys import *; v = open_vault(pathlib.Path(sys.argv[1]),"
        " CredentialProtector(pathlib.Path(sys.argv[2])), 'lab'); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, three_keys, credential], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        try:
            assert other.stdout.readline() == b"open\n"
            with pytest.raises(VaultInUse):
                reopen()
            assert len(reopen(read_only=True).list()) == 3
        finally:
            other.kill()
    reopen().close()


def test_the_life_before_in_the_same_process_cannot_write_any_more(three_keys, reopen, incoming):
    before, after = reopen(), reopen()
    with pytest.raises(VaultLocked):
        before.install([incoming("pin", "P0")])
    after.install([incoming("pin", "P0")])
    after.close()


def test_erased_keys_stay_erased_even_with_a_saved_copy(three_keys, reopen, tmp_path, credential):
    for name in FILES[:2]:
        shutil.copy(tmp_path / name, tmp_path / (name + ".saved"))
    vault = reopen()
    assert vault.zeroise()
    vault.close()
    assert not credential.exists()
    with pytest.raises(VaultErased):
        reopen()
    for name in FILES[:2]:
        shutil.copy(tmp_path / (name + ".saved"), tmp_path / name)
    with pytest.raises(VaultErased):
        reopen()
    assert not three_keys.exists()
