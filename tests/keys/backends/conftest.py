"""Simulated chips: a TPM (swtpm) and a token (SoftHSM), each fresh for its test."""

import importlib.util
import os
import shutil
import subprocess
import time
import uuid
from pathlib import Path

import pytest

_PATIENCE_S = 10.0


@pytest.fixture
def swtpm(tmp_path):
    """The TSS name of a fresh simulated TPM."""
    if shutil.which("swtpm") is None or importlib.util.find_spec("tpm2_pytss") is None:
        pytest.skip("swtpm or tpm2-pytss is not installed: make backends")
    folder = Path("/tmp") / f"swtpm-{uuid.uuid4().hex[:12]}"  # a socket's path has at most 107 characters
    folder.mkdir(mode=0o700)
    socket, state = folder / "s", folder / "state"
    state.mkdir()
    process = subprocess.Popen(
        [
            "swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}",
            "--server", f"type=unixio,path={socket}", "--ctrl", f"type=unixio,path={socket}.ctrl",
            "--flags", "not-need-init,startup-clear",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + _PATIENCE_S
    while not (socket.exists() and Path(f"{socket}.ctrl").exists()):
        assert process.poll() is None and time.monotonic() < deadline, "swtpm does not start"
        time.sleep(0.01)
    yield f"swtpm:path={socket}"
    process.terminate()
    process.wait(_PATIENCE_S)
    shutil.rmtree(folder, ignore_errors=True)


MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)


@pytest.fixture(scope="session")
def softhsm_module(tmp_path_factory):
    """SoftHSM reads its configuration once in a process: one folder of tokens for all tests."""
    module = next((path for path in MODULES if Path(path).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None or importlib.util.find_spec("pkcs11") is None:
        pytest.skip("softhsm or python-pkcs11 is not installed: make backends")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    return module


@pytest.fixture
def softhsm(softhsm_module):
    """Module, label and PIN of a fresh token."""
    label, pin = f"test-{uuid.uuid4().hex[:12]}", "648219"
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "57301846"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    import pkcs11

    pkcs11.lib(softhsm_module).reinitialize()  # a token made by another process is seen from here on
    return softhsm_module, label, pin
