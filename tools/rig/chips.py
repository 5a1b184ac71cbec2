"""Simulated chips for tests and measurements: a TPM (swtpm) and a PKCS #11 token (SoftHSM), fresh for each use."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SimulatedToken", "no_token", "no_tpm", "simulated_token", "simulated_tpm"]

_PATIENCE_S = 10.0
_MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")
_PIN, _OFFICER_PIN = "648219", "57301846"


def no_tpm() -> str:
    """Why there can be no simulated TPM here; empty when there can."""
    if shutil.which("swtpm") is None:
        return "swtpm is not installed"
    return "" if importlib.util.find_spec("tpm2_pytss") else "tpm2-pytss, for swtpm, is not installed: make backends"


@contextmanager
def simulated_tpm() -> Iterator[str]:
    """A new TPM, by the name under which the TSS finds it."""
    with tempfile.TemporaryDirectory(prefix="tpm-", dir="/tmp") as name:  # a socket's path has at most 107 characters
        socket, state = Path(name) / "s", Path(name) / "state"
        state.mkdir()
        process = subprocess.Popen(
            [
                *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}"),
                *("--server", f"type=unixio,path={socket}", "--ctrl", f"type=unixio,path={socket}.ctrl"),
                *("--flags", "not-need-init,startup-clear"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + _PATIENCE_S
            while not (socket.exists() and Path(f"{socket}.ctrl").exists()):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("swtpm does not start")
                time.sleep(0.01)
            yield f"swtpm:path={socket}"
        finally:
            process.terminate()
            process.wait(_PATIENCE_S)


@dataclass(frozen=True, slots=True)
class SimulatedToken:
    """What opens a token."""

    module: str
    label: str
    pin: str


def no_token() -> str:
    """Why there can be no simulated token here; empty when there can."""
    if _module() is None or shutil.which("softhsm2-util") is None:
        return "softhsm is not installed"
    return "" if importlib.util.find_spec("pkcs11") else "python-pkcs11, for softhsm, is not installed: make backends"


def simulated_token(folder: Path, label: str) -> SimulatedToken:
    """A new token in a folder of tokens.

    SoftHSM reads its configuration once in a process: one folder, given by the environment variable SOFTHSM2_CONF
    that this sets, for all tokens of a process.
    """
    module = _module()
    assert module is not None
    (folder / "tokens").mkdir(exist_ok=True)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n", "utf-8")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", _PIN, "--so-pin", _OFFICER_PIN],
        check=True,
        capture_output=True,
        timeout=60,
    )
    import pkcs11

    pkcs11.lib(module).reinitialize()  # type: ignore[no-untyped-call,unused-ignore]
    return SimulatedToken(module, label, _PIN)


def _module() -> str | None:
    return next((path for path in _MODULES if Path(path).exists()), None)
