"""Simulated chips: a TPM (swtpm) and a token (SoftHSM), each fresh for its test."""

import uuid

import pytest

from tools.rig.chips import no_token, no_tpm, simulated_token, simulated_tpm


@pytest.fixture
def swtpm():
    """The TSS name of a fresh simulated TPM."""
    if no_tpm():
        pytest.skip(no_tpm())
    with simulated_tpm() as name:
        yield name


@pytest.fixture(scope="session")
def token_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("softhsm")


@pytest.fixture
def softhsm(token_folder):
    """Module, label and PIN of a fresh token."""
    if no_token():
        pytest.skip(no_token())
    made = simulated_token(token_folder, f"test-{uuid.uuid4().hex[:12]}")
    return made.module, made.label, made.pin
