"""Whatever the configuration names opens the vault, or says what is missing."""

import os
import pty
import threading

import pytest

from config import Keys
from keys import KeysError, Secret, create_vault, open_vault
from keys.errors import VaultLocked
from terminal.keyring import ask_passphrase, protector_for
from tools.rig.chips import no_token, no_tpm, simulated_token, simulated_tpm


@pytest.fixture
def credential(tmp_path):
    path = tmp_path / "credential"
    path.write_bytes(os.urandom(32))
    path.chmod(0o600)
    return path


def opens(keys, tmp_path, **more):
    """A vault made and opened with what the configuration names."""
    path = tmp_path / "keys.vault"
    create_vault(path, protector_for(keys, **more), "lab").close()
    vault = open_vault(path, protector_for(keys, **more), "lab")
    kind = vault.capabilities()["protector"]
    vault.close()
    return kind


def test_a_credential_opens_it_wherever_it_comes_from(tmp_path, credential, monkeypatch):
    keys = Keys("keys.vault", credential=str(credential))
    assert opens(keys, tmp_path) == "credential"
    credential.rename(tmp_path / "countertop-vault")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    open_vault(tmp_path / "keys.vault", protector_for(Keys("keys.vault")), "lab").close()
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(KeysError, match="No credential") as refusal:
        protector_for(Keys("keys.vault"))
    assert "[keys]" in refusal.value.remedy


def test_a_passphrase_is_asked_for(tmp_path):
    keys = Keys("keys.vault", "passphrase")
    assert opens(keys, tmp_path, ask=lambda: Secret(bytearray(b"a long passphrase"))) == "passphrase"


def test_a_passphrase_is_typed_without_being_seen():
    master, slave = pty.openpty()
    name, shown = os.ttyname(slave), bytearray()

    def type_it():
        while not shown.endswith(b": "):
            shown.extend(os.read(master, 100))
        os.write(master, b"a long passphrase\n")

    typist = threading.Thread(target=type_it)
    typist.start()
    with ask_passphrase(name) as secret, secret.open() as typed:
        assert typed == b"a long passphrase"
    typist.join(10)
    os.write(slave, b"end")
    while not shown.endswith(b"end"):
        shown.extend(os.read(master, 100))
    assert b"passphrase" not in shown.replace(b"Passphrase of the key vault", b"")
    os.close(slave)
    os.close(master)


def test_without_a_console_a_passphrase_cannot_be_asked(tmp_path):
    with pytest.raises(KeysError, match="no console") as refusal:
        ask_passphrase(str(tmp_path / "none"))
    assert "protector" in refusal.value.remedy


def test_a_tpm_opens_it_with_and_without_an_authorisation_value(tmp_path, credential):
    if no_tpm():
        pytest.skip(no_tpm())
    for value in (None, str(credential)):
        with simulated_tpm() as device:
            keys = Keys("keys.vault", "tpm2", value, tpm_device=device)
            assert opens(keys, tmp_path) == "tpm2"


def test_a_token_opens_it_with_its_pin_as_a_credential(tmp_path, credential):
    if no_token():
        pytest.skip(no_token())
    token = simulated_token(tmp_path, "till")
    credential.write_text(token.pin + "\n", "ascii")
    keys = Keys("keys.vault", "pkcs11", str(credential), token_module=token.module, token_label="till")
    assert opens(keys, tmp_path) == "pkcs11"
    import pkcs11

    pkcs11.lib(token.module).reinitialize()  # as a new process: nobody is logged in
    credential.write_text("000000", "ascii")
    with pytest.raises(VaultLocked, match="PIN of the token till is wrong"):
        protector_for(keys)
    with pytest.raises(KeysError, match="library is not named"):
        protector_for(Keys("keys.vault", "pkcs11", str(credential)))
