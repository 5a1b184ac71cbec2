"""Other Pythons, and another processor: the tests of this project on them."""

import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "interop"
NEWEST_MINOR = 20
SUITE_S = 900
ARM_TESTS = (
    "tests/iso8583/test_vectors.py",
    "tests/iso8583/test_strict.py",
    "tests/iso8583/test_framing.py",
    "tests/keys/test_every_vector.py",
    "tests/keys/test_check_values_and_macs.py",
    "tests/keys/test_pin_blocks.py",
)
ARM_PACKAGES = (
    "attrs", "cffi", "construct", "cryptography", "hypothesis", "iniconfig", "packaging", "pluggy", "pycparser",
    "pygments", "pytest", "sortedcontainers",
)  # fmt: skip


def other_pythons():
    """Newer Pythons of this machine, by version."""
    found = {}
    named = [shutil.which(f"python3.{minor}") for minor in range(12, NEWEST_MINOR)]
    kept = map(str, Path.home().glob(".pyenv/versions/3.*/bin/python3"))
    for candidate in [*filter(None, named), *kept]:
        done = subprocess.run(
            [candidate, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True
        )
        if done.returncode == 0 and tuple(map(int, done.stdout.split(".")))[1] >= 12:
            found.setdefault(done.stdout.strip(), candidate)
    return found


PYTHONS = other_pythons()


def clean_environment():
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "COUNTERTOP", "PYTEST", "CI"))
    }
    return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.mark.parametrize("version", sorted(PYTHONS) or ["none"])
def test_the_suite_passes_on_a_newer_python(build, report, version):
    if version == "none":
        pytest.skip("python3.12 or newer is not installed")
    venv = CACHE / f"python{version}"
    environment = clean_environment()
    build(
        "sh",
        ROOT / "requirements" / "install.sh",
        str(venv),
        "run",
        "bench",
        "dev",
        env={**environment, "PYTHON": PYTHONS[version]},
    )
    command = [venv / "bin" / "python", "-m", "pytest", "-n", "2", "-q", "-m", "not slow"]
    command += ["-o", f"cache_dir={venv / 'pytest'}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SUITE_S)
    assert "passed" in done.stdout, "\n".join(done.stdout.splitlines()[-40:])
    passed = int(re.search(r"(\d+) passed", done.stdout).group(1))
    if done.returncode != 0:
        # What another Python cannot do fails again; what a full machine was too slow for does not.
        command += ["-n", "0", "--last-failed"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SUITE_S)
    assert done.returncode == 0, "\n".join(done.stdout.splitlines()[-40:])
    report("CPython", "this project's tests", passed, version)


@pytest.fixture(scope="module")
def arm64(build):
    """A Debian for arm64 and the locked packages for it; a command line that runs its Python."""
    for tool in ("debootstrap", "qemu-aarch64-static"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    if os.geteuid() != 0:
        pytest.skip("debootstrap needs root")
    root, wheels, site = CACHE / "arm64", CACHE / "arm64-wheels", CACHE / "arm64-site"
    python = root / "usr" / "bin" / "python3.11"
    if not python.exists():
        shutil.rmtree(root, ignore_errors=True)
        build("debootstrap", "--foreign", "--arch=arm64", "--variant=minbase", "--include=python3", "bookworm", root)
        for package in sorted((root / "var/cache/apt/archives").glob("*.deb")):
            build("dpkg", "-x", package, root)
    if not site.exists():
        pinned = [
            line.split()[0]
            for name in ("run.txt", "dev.txt")
            for line in (ROOT / "requirements" / name).read_text("utf-8").splitlines()
            if line.partition("==")[0] in ARM_PACKAGES
        ]
        tags = [
            word
            for tag in ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
            for word in ("--platform", f"{tag}_aarch64")
        ]
        build(
            sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, "--only-binary", ":all:", *tags,
            "--python-version", "311", *sorted(set(pinned)), env=clean_environment(),
        )  # fmt: skip
        for wheel in wheels.glob("*.whl"):
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(site)
    environment = {**clean_environment(), "PYTHONPATH": f"{site}:{ROOT}", "COUNTERTOP_EMULATED": "1"}

    def run(*arguments, timeout=SUITE_S):
        command = ["qemu-aarch64-static", "-L", root, python, *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout)

    return run


def test_messages_and_keys_on_arm64(arm64, report):
    machine = arm64("-c", "import platform; print(platform.machine(), platform.python_version())")
    assert machine.stdout.startswith("aarch64")
    done = arm64("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *ARM_TESTS)
    assert done.returncode == 0, "\n".join((done.stdout + done.stderr).splitlines()[-40:])
    passed = int(re.search(r"(\d+) passed", done.stdout).group(1))
    report("arm64", "tests of iso8583 and keys, emulated", passed, machine.stdout.split()[1])


TIMING = """
import time
import iso8583
dialect = iso8583.dialect("unionpay-pos")
def best(work, times=5, rounds=200):
    figures = []
    for _ in range(times):
        began = time.perf_counter()
        for _ in range(rounds):
            work()
        figures.append((time.perf_counter() - began) / rounds)
    return 1e6 * min(figures)
message = iso8583.Message("0200", {3: "000000", 4: "000000012850", 11: "000004", 22: "021", 25: "00",
    35: "6212340000000000012=35121200000000123", 41: "10000001", 42: "999290054110001", 49: "156",
    53: "0600000000000000", 60: "2200000100060", 64: b"ABCDEFGH"})
wire = dialect.encode(message)
print(round(best(lambda: dialect.encode(message)), 1), round(best(lambda: dialect.decode(wire)), 1))
"""


def test_the_codec_is_timed_on_arm64(arm64, report):
    done = arm64("-c", TIMING)
    assert done.returncode == 0, done.stderr[-2000:]
    encode_us, decode_us = done.stdout.split()
    here = subprocess.run(
        [sys.executable, "-c", TIMING], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    remark = (
        f"a sale: {encode_us} and {decode_us} µs under emulation; {here[0]} and {here[1]} µs on {platform.machine()}"
    )
    report("arm64", "codec timed", 1, "", remark)
