"""What the bench needs of the system: programs that are installed, and a kernel that is only unpacked."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["PROGRAMS", "Unavailable", "cache_folder", "kernel", "programs"]

PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "swtpm": "swtpm",
    "udevadm": "udev",
}
"""Programs by name and the Debian package that has each; udev runs in the guest, from this machine's files."""
LIBRARIES = {"libusb-1.0.so.0": "libusb-1.0-0"}
"""Libraries the drivers load in the guest."""
KERNEL, TOOLBOX = "linux-image-amd64", "busybox-static"
APT_S = 900
CACHE_VARIABLE = "COUNTERTOP_BENCH_CACHE"


class Unavailable(Exception):
    """The bench cannot run on this machine; with what would change that."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def cache_folder() -> Path:
    """Where kernel and image are kept between runs: ``$COUNTERTOP_BENCH_CACHE``, else the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(chosen) if chosen else base / "countertop" / "hardware-bench"


def programs() -> None:
    """Make sure that QEMU and the other programs are there; installs them where that is possible."""
    if platform.machine() != "x86_64":
        raise Unavailable(
            f"The bench's kernel is for x86-64, this machine is {platform.machine()}.", "Use another one."
        )
    missing = _missing()
    if not missing:
        return
    by_hand = f"Debian:  sudo apt-get install {' '.join(missing)}"
    apt = shutil.which("apt-get")
    if apt is None:
        raise Unavailable(f"Not installed: {', '.join(missing)}; and there is no apt-get.", by_hand)
    as_root = _as_root()
    if as_root is None:
        raise Unavailable(f"Not installed: {', '.join(missing)}; and only root can change that.", by_hand)
    print(f"Installing {' '.join(missing)} ...", flush=True)
    install = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-q", "install", "-y"]
    install += ["--no-install-recommends", *missing]
    # A fresh machine has no package lists, an old one stale ones: fetch them once and try again.
    if not (_runs(install) or (_runs([*as_root, apt, "-q", "update"]) and _runs(install))):
        raise Unavailable(f"apt-get could not install {' '.join(missing)}.", by_hand)


def _missing() -> list[str]:
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, timeout=30, check=False).stdout
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return missing + [package for library, package in LIBRARIES.items() if library not in listed]


def kernel(cache: Path, *, refresh: bool = False) -> Path:
    """A folder with Debian's newest kernel, its modules and a static busybox; from the cache when it has one.

    Only unpacked, never installed: needs no root.
    """
    found = sorted(cache.glob("kernel-*/.complete"))
    if found and not refresh:
        return found[-1].parent
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise Unavailable("Debian's kernel is fetched with apt-get and dpkg, which are not here.", "Use Debian.")
    package = _kernel_package()
    if package is None and _update():
        package = _kernel_package()
    if package is None:
        raise Unavailable(
            f"The package lists know no {KERNEL}: either they are empty, or this is not Debian.",
            "Debian:  sudo apt-get update, then run this again.",
        )
    folder = cache / f"kernel-{package}"
    if (folder / ".complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"Fetching {package} and {TOOLBOX} ...", flush=True)
    fetch = ["apt-get", "-q", "download", package, TOOLBOX]
    if not (_runs(fetch, folder) or (_update() and _runs(fetch, folder))):
        raise Unavailable(f"apt-get could not download {package}.", "Check the network, then run this again.")
    for archive in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", archive, folder], check=True, timeout=APT_S)
        archive.unlink()
    (folder / ".complete").touch()
    return folder


def _kernel_package() -> str | None:
    told = subprocess.run(
        ["apt-cache", "depends", KERNEL], capture_output=True, text=True, timeout=60, check=False
    ).stdout
    names = [line.split()[-1] for line in told.splitlines() if line.strip().startswith("Depends: linux-image-")]
    return names[0] if names else None


def _update() -> bool:
    as_root = _as_root()
    return as_root is not None and _runs([*as_root, "apt-get", "-q", "update"])


def _as_root() -> list[str] | None:
    """What to put before a command to run it as root; None where that is not possible without asking."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    return [sudo, "-n"] if sudo and _runs([sudo, "-n", "true"]) else None


def _runs(command: Sequence[str | Path], folder: Path | None = None) -> bool:
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=APT_S,
        check=False,
    )
    return done.returncode == 0
