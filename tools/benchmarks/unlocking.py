"""Cold unlocks: how long a new process takes to open a vault with each protector, and what it then weighs."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keys import Secret, create_vault
from keys.backends.optional import token_protector, tpm2_protector
from keys.backends.protectors import CredentialProtector, PassphraseProtector, Protector
from keys.vault_intake import Incoming
from tools.rig.chips import no_token, no_tpm, simulated_token, simulated_tpm

__all__ = ["PROTECTORS", "Unlock", "unlock"]

PROTECTORS = ("credential", "passphrase", "tpm2 (swtpm)", "pkcs11 (SoftHSM)")
_PASSPHRASE = b"a passphrase to measure with"
_PROGRAM = "from tools.benchmarks.unlocking import opened; opened({name!r}, {folder!r}, {where!r})"
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Unlock:
    """Medians over the processes; ``missing`` says why there are none."""

    protector: str
    ms: float = 0.0
    """From the protector to a vault that has made its first MAC."""
    import_ms: float = 0.0
    """Before that: loading the code, library included."""
    mib: float = 0.0
    """The process's highest resident memory."""
    missing: str = ""


def unlock(name: str, times: int) -> Unlock:
    """Make a vault with this protector and open it in so many new processes."""
    missing = no_tpm() if name.startswith("tpm2") else no_token() if name.startswith("pkcs11") else ""
    if missing:
        return Unlock(name, missing=missing)
    with tempfile.TemporaryDirectory() as folder, _chip(name, Path(folder)) as where:
        protector = _protector(name, Path(folder), where)
        vault = create_vault(Path(folder) / "keys.vault", protector, "lab")
        key = Secret(bytearray(os.urandom(16)))
        vault.install([Incoming("mac", "M0", key, mac_algorithm="unionpay-ecb")])
        vault.close()
        program = _PROGRAM.format(name=name, folder=folder, where=where)
        found = [json.loads(_run(program)) for _ in range(times + 1)][1:]  # the first one fills the disk's cache
    middle = {key: statistics.median(item[key] for item in found) for key in ("ms", "import_ms", "mib")}
    return Unlock(name, middle["ms"], middle["import_ms"], middle["mib"])


def opened(name: str, folder: str, where: str) -> None:
    """In the new process: open, make one MAC, tell the figures. The imports above count as well."""
    import time

    from keys import open_vault

    imported = time.monotonic()
    protector = _protector(name, Path(folder), where)
    vault = open_vault(Path(folder) / "keys.vault", protector, "lab")
    vault.mac("mac", b"x")
    done = time.monotonic()
    status = Path("/proc/self/status").read_text("ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"ms": (done - imported) * 1e3, "import_ms": (imported - _started_s()) * 1e3, "mib": peak / _KIB}))


def _started_s() -> float:
    """When this process began, on the monotonic clock."""
    ticks = int(Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK")


def _protector(name: str, folder: Path, where: str) -> Protector:
    if name.startswith("tpm2"):
        return tpm2_protector(where)
    if name.startswith("pkcs11"):
        module, label, pin = json.loads(where)
        return token_protector(module, label, Secret(pin.encode()))
    if name == "passphrase":
        return PassphraseProtector(Secret(_PASSPHRASE))
    return CredentialProtector(folder / "credential")


@contextmanager
def _chip(name: str, folder: Path) -> Iterator[str]:
    if name.startswith("tpm2"):
        with simulated_tpm() as where:
            yield where
    elif name.startswith("pkcs11"):
        token = simulated_token(folder, "benchmark")
        yield json.dumps([token.module, token.label, token.pin])
    else:
        credential = folder / "credential"
        credential.write_bytes(os.urandom(32))
        credential.chmod(0o600)
        yield ""


def _run(program: str) -> str:
    folder = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=folder, timeout=60
    ).stdout
