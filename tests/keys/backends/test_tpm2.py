"""The vault opened by a TPM: a simulated chip, the real library."""

import os
import shutil

import pytest

from keys import Secret, create_vault, open_vault
from keys.errors import VaultErased, VaultLocked, VaultRolledBack
from keys.mac import unionpay_ecb

FILES = ("keys.vault", "keys.vault.b", "keys.vault.epoch")


@pytest.fixture
def chip(swtpm):
    from keys.backends.tpm2 import Tpm2Protector

    def protector(auth=None, **more):
        return Tpm2Protector(swtpm, auth=Secret(bytearray(auth)) if auth else None, **more)

    return protector


@pytest.fixture
def extend(swtpm):
    """Measure something new into a register, as another boot loader would."""

    def into(register):
        from tpm2_pytss import ESAPI
        from tpm2_pytss.constants import ESYS_TR
        from tpm2_pytss.types import TPML_DIGEST_VALUES, TPMT_HA, TPMU_HA

        digests = TPML_DIGEST_VALUES([TPMT_HA(hashAlg=0x000B, digest=TPMU_HA(sha256=b"\x42" * 32))])
        with ESAPI(swtpm) as tpm:
            tpm.pcr_extend(ESYS_TR(register), digests)

    return into


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.vault"


def copy_of(path, folder):
    folder.mkdir(exist_ok=True)
    for name in FILES:
        shutil.copy2(path.with_name(name), folder / name)


def put_back(path, folder):
    for name in FILES:
        shutil.copy2(folder / name, path.with_name(name))


def test_the_board_opens_its_vault_after_a_restart(chip, path, incoming):
    key = os.urandom(16)
    vault = create_vault(path, chip(), "lab")
    vault.install([incoming("mac", "M0", key)])
    vault.close()
    again = open_vault(path, chip(), "lab")
    assert again.mac("mac", b"x") == unionpay_ecb(key, b"x")
    assert again.capabilities()["protector"] == "tpm2"
    assert "PCR 7" in again.capabilities()["stolen device"]
    again.close()


def test_with_an_authorisation_value_the_board_alone_is_not_enough(chip, path):
    create_vault(path, chip(b"a long passphrase"), "lab").close()
    open_vault(path, chip(b"a long passphrase"), "lab").close()
    for wrong in (None, b"another passphrase"):
        with pytest.raises(VaultLocked, match="authorisation value is wrong"):
            open_vault(path, chip(wrong), "lab")


def test_another_boot_chain_does_not_open_the_vault_and_says_so(chip, path, extend):
    create_vault(path, chip(), "lab").close()
    extend(8)
    open_vault(path, chip(), "lab").close()
    extend(7)
    with pytest.raises(VaultLocked, match=r"started differently \(PCR 7\)") as refusal:
        open_vault(path, chip(), "lab")
    assert "load the keys again" in refusal.value.remedy


def test_another_board_does_not_open_a_stolen_vault(chip, path, swtpm):
    from keys.backends.tpm2 import FIRST_HANDLE

    create_vault(path, chip(), "lab").close()
    with pytest.raises(VaultLocked, match="has no key for this vault"):
        _open_elsewhere(path, chip, FIRST_HANDLE)


def _open_elsewhere(path, chip, handle):
    """A board whose chip has a key of its own at our place: here the same chip with the key exchanged."""
    from tpm2_pytss import ESAPI
    from tpm2_pytss.constants import ESYS_TR

    with ESAPI(chip()._device) as tpm:
        tpm.evict_control(ESYS_TR.OWNER, tpm.tr_from_tpmpublic(handle), handle)
    open_vault(path, chip(), "lab")


def test_a_chip_with_another_key_in_our_place_is_found_out(chip, path, tmp_path):
    create_vault(path, chip(), "lab").close()
    create_vault(tmp_path / "other.vault", chip(), "lab").close()  # takes the same handles
    with pytest.raises(VaultLocked, match="not that of this vault"):
        open_vault(path, chip(), "lab")


def test_all_files_put_back_together_are_refused_by_the_chips_counter(chip, path, tmp_path, incoming):
    vault = create_vault(path, chip(), "lab")
    vault.install([incoming("mac", "M0")])
    copy_of(path, tmp_path / "before")
    vault.install([incoming("mac", "M0")])
    vault.close()
    put_back(path, tmp_path / "before")
    with pytest.raises(VaultRolledBack, match=r"older than .* in the TPM"):
        open_vault(path, chip(), "lab")


def test_a_power_cut_before_the_chip_counts_is_made_good(chip, path, incoming, monkeypatch):
    vault = create_vault(path, chip(), "lab")
    protector = vault._file.protector

    def cut(parameters, epoch):
        raise KeyboardInterrupt

    monkeypatch.setattr(protector, "advance_epoch", cut)
    with pytest.raises(KeyboardInterrupt):
        vault.install([incoming("mac", "M0")])
    vault.close()
    again = open_vault(path, chip(), "lab")
    assert again.has("mac")
    again.close()
    open_vault(path, chip(), "lab").close()


def test_a_new_master_key_makes_old_copies_unreadable_for_ever(chip, path, tmp_path, incoming):
    vault = create_vault(path, chip(), "lab")
    vault.install([incoming("mac", "M0"), incoming("pin", "P0")])
    copy_of(path, tmp_path / "before")
    vault.destroy("pin")
    vault.destroy("mac")
    vault.install([incoming("mac", "M0")])
    vault.close()
    open_vault(path, chip(), "lab").close()
    put_back(path, tmp_path / "before")
    with pytest.raises(VaultLocked):
        open_vault(path, chip(), "lab")


def test_a_power_cut_while_the_master_key_changes_leaves_a_vault_that_opens(
    chip, tmp_path, simulated_disk, power_cut, incoming
):
    """Whatever the disk kept, the chip still has the storage key for it."""
    (tmp_path / "sim").mkdir(exist_ok=True)
    path = tmp_path / "sim" / "keys.vault"
    disk = simulated_disk()
    vault = create_vault(path, chip(), "lab", disk=disk)
    vault.install([incoming("pin", "P0"), incoming("mac", "M0")])
    vault.close()
    files, done, fuse = disk.files(), False, 0
    while not done:
        disk = simulated_disk(files)
        vault = open_vault(path, chip(), "lab", disk=disk)
        disk.steps, disk.fuse = 0, fuse
        try:
            vault.destroy("pin")
            done = True
        except power_cut:
            pass
        vault.close()
        for platter in disk.platters():
            found = open_vault(path, chip(), "lab", disk=simulated_disk(platter), read_only=True)
            assert found.has("mac")
            found.close()
        fuse += 1
    assert fuse > 8


def test_an_erased_vault_does_not_open_even_from_copies(chip, path, tmp_path, incoming):
    vault = create_vault(path, chip(), "lab")
    vault.install([incoming("mac", "M0")])
    copy_of(path, tmp_path / "before")
    assert vault.zeroise() is True
    vault.close()
    with pytest.raises(VaultErased):
        open_vault(path, chip(), "lab")
    put_back(path, tmp_path / "before")
    with pytest.raises(VaultLocked, match="no key for this vault"):
        open_vault(path, chip(), "lab")


def test_a_new_vault_takes_the_place_of_an_old_one(chip, path, incoming):
    for _ in range(3):
        vault = create_vault(path, chip(), "lab")
        vault.install([incoming("mac", "M0")])
        vault.close()
    open_vault(path, chip(), "lab").close()


def test_a_chip_that_is_not_there_is_named_with_a_remedy(swtpm, path, chip):
    from keys.backends.tpm2 import Tpm2Protector

    create_vault(path, chip(), "lab").close()
    with pytest.raises(VaultLocked, match="TPM cannot be used") as refusal:
        open_vault(path, Tpm2Protector(f"{swtpm}-not-there"), "lab")
    assert "/dev/tpmrm0" in refusal.value.remedy


def test_nothing_that_opens_the_vault_is_in_its_files(chip, path):
    protector = chip()
    vault = create_vault(path, protector, "lab")
    with vault._file._content.master.open() as master:
        for name in FILES:
            data = path.with_name(name).read_bytes()
            assert bytes(master) not in data and bytes(master).hex().encode() not in data
    vault.close()


def test_hundreds_of_changes_leave_nothing_behind_in_the_chip(chip, path, incoming, swtpm):
    vault = create_vault(path, chip(), "lab")
    for _ in range(20):
        vault.install([incoming("mac", "M0")])
    vault.close()
    from tpm2_pytss import ESAPI
    from tpm2_pytss.constants import TPM2_CAP

    with ESAPI(swtpm) as tpm:
        for first, most in ((0x80000000, 0), (0x02000000, 0), (0x03000000, 0), (0x81000000, 1)):
            _, data = tpm.get_capability(TPM2_CAP.HANDLES, first, 254)
            assert len(list(data.data.handles)) <= most
