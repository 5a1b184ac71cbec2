"""Inside the virtual machine: udev, then the marked tests; the exit status is pytest's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.hardware_bench.machine import FOLDER
from tools.hardware_bench.uinput import UDEV_RULE

__all__ = ["main"]

UDEV = ("/usr/lib/systemd/systemd-udevd", "/lib/systemd/systemd-udevd")
SUBSYSTEMS = ("input", "tty", "usb", "hidraw", "graphics", "tpmrm", "misc", "virtio-ports")
RULES = Path("/run/udev/rules.d/70-bench.rules")
HANG_S = int(os.environ.get("COUNTERTOP_BENCH_HANG_S", "450"))
"""A test that takes longer shows where it stands, which an emulated CPython does not always survive."""


def main(arguments: Sequence[str]) -> int:
    """Start udev, wait until it has named all devices, run pytest."""
    os.environ["SYSTEMD_IGNORE_CHROOT"] = "1"  # udevadm does nothing in a chroot, unless told that it may
    RULES.parent.mkdir(parents=True, exist_ok=True)
    RULES.write_text(UDEV_RULE, "ascii")
    daemon = next(path for path in UDEV if Path(path).exists())
    subprocess.run([daemon, "--daemon", "--resolve-names=never"], check=True, timeout=60)
    matches = [f"--subsystem-match={name}" for name in SUBSYSTEMS]
    subprocess.run(["udevadm", "trigger", "--action=add", *matches], check=True, timeout=60)
    subprocess.run(["udevadm", "settle", "--timeout=60"], check=True, timeout=70)
    uptime = Path("/proc/uptime").read_text("ascii").split()[0]
    (FOLDER / "ready").write_text(uptime, "ascii")
    pytest = [sys.executable, "-m", "pytest", "-m", "hardware", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options = [
        "-o",
        f"faulthandler_timeout={HANG_S}",
        "-o",
        "junit_family=xunit1",  # the one that keeps what tests measured
        f"--junitxml={FOLDER / 'result.xml'}",
        "--durations=8",
        "--tb=native",  # the others parse the source again, which CPython 3.11 does not always survive here
        "--color=no",
    ]
    return subprocess.run([*pytest, *options, *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
