"""Stage the files of the package, and pack them.

Everything third-party comes from the hash-locked lists as wheels for the target's Python and processor; nothing is
compiled, and nothing is fetched when the package is installed.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from terminal import VERSION

__all__ = ["ARCHITECTURES", "PYTHONS", "BuildFailed", "Target", "build"]

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
"""Of Debian 12, Ubuntu 24.04 and Debian 13."""
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's names and those of wheels."""
_TAGS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
"""Newest first; Debian 12 has glibc 2.36."""
_LISTS = ROOT / "requirements"
_ROOMS = ("iso8583", "keys", "drivers", "config", "terminal", "tools")
_PROJECT = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")
_SCRIPTS = Path(__file__).parent / "scripts"
_LAUNCHER = """\
#!/usr/bin/{python} -sP
import sys
sys.path.insert(0, "/opt/countertop/lib")
from tools.cli import main
sys.exit(main())
"""
_CONTROL = """\
Package: countertop
Version: {version}
Architecture: {architecture}
Maintainer: The Countertop maintainers <maintainers@countertop.invalid>
Installed-Size: {kibibytes}
Depends: {python}, libusb-1.0-0, systemd, udev
Suggests: espeak-ng
Section: misc
Priority: optional
Description: payment-terminal runtime for point-of-sale hardware
 Reads cards and codes, talks ISO 8583 to an acquirer, prints slips, keeps a
 journal that survives a power cut. Its update is refused while money is open.
"""


class BuildFailed(Exception):
    """The package cannot be built; ``remedy`` says what is missing."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Target:
    """The machine that the package is for."""

    python: str = "3.11"
    architecture: str = "amd64"

    @property
    def interpreter(self) -> str:
        """Debian's package of the Python, and its command."""
        return f"python{self.python}"

    @property
    def native(self) -> bool:
        """Whether this process runs on such a machine with such a Python."""
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return (here, platform.machine()) == (self.python, ARCHITECTURES[self.architecture])


def build(target: Target, out: Path) -> Path:
    """The package's file in ``out``. Raises BuildFailed."""
    if shutil.which("dpkg-deb") is None:
        raise BuildFailed(
            "dpkg-deb is not here.", "Debian, Ubuntu: apt-get install dpkg. Elsewhere build in a container."
        )
    out.mkdir(parents=True, exist_ok=True)
    package = out / f"countertop_{VERSION}_{target.architecture}.deb"
    with tempfile.TemporaryDirectory(prefix="countertop-deb-") as folder:
        stage = Path(folder) / "stage"
        _program(stage, target, Path(folder))
        _system_files(stage)
        _documents(stage)
        _control(stage, target)
        _same_times(stage)
        # Owners are root's whoever builds; xz at its default level.
        _run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(stage), str(package))
    return package


def _program(stage: Path, target: Target, scratch: Path) -> None:
    library = stage / "opt" / "countertop" / "lib"
    library.mkdir(parents=True)
    pip = (
        sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore",
        "--no-compile", "--target", str(library),
    )  # fmt: skip
    locked = (*pip, "--upgrade", "--require-hashes", "--no-deps")
    machine = ARCHITECTURES[target.architecture]
    foreign = [word for tag in _TAGS for word in ("--platform", f"{tag}_{machine}")]
    wheels = (*locked, "--only-binary", ":all:", *foreign, "--python-version", target.python, "--implementation", "cp")
    _run(*wheels, "-r", str(_LISTS / "run.txt"))
    try:
        _run(*wheels, "-r", str(_LISTS / "evdev-binary.txt"))
    except BuildFailed:
        if not target.native:
            raise BuildFailed(
                f"evdev has no wheel for Python {target.python} on {target.architecture}.",
                f"Run this there, with gcc, {target.interpreter}-dev and linux-libc-dev: it is compiled.",
            ) from None
        _run(*locked, "--no-build-isolation", "-r", str(_LISTS / "evdev.txt"))
    source = scratch / "source"
    for room in _ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name in _PROJECT:
        shutil.copy2(ROOT / name, source / name)
    _run(*pip, "--upgrade", "--no-deps", "--no-build-isolation", str(source))
    shutil.rmtree(library / "bin", ignore_errors=True)
    _forget_where_it_was_built(library)
    launcher = stage / "opt" / "countertop" / "bin" / "countertop"
    launcher.parent.mkdir()
    launcher.write_text(_LAUNCHER.format(python=target.interpreter), "ascii")
    launcher.chmod(0o755)
    command = stage / "usr" / "bin" / "countertop"
    command.parent.mkdir(parents=True)
    command.symlink_to("/opt/countertop/bin/countertop")


def _forget_where_it_was_built(library: Path) -> None:
    name = "direct_url.json"
    for told in library.glob(f"*.dist-info/{name}"):
        told.unlink()
        record = told.with_name("RECORD")
        lines = record.read_text("utf-8").splitlines(keepends=True)
        record.write_text("".join(line for line in lines if f"/{name}," not in line), "utf-8")


def _system_files(stage: Path) -> None:
    config = ROOT / "config"
    for source, place in (
        (config / "systemd" / "countertop.service", "lib/systemd/system/countertop.service"),
        (config / "systemd" / "countertop.sysusers.conf", "lib/sysusers.d/countertop.conf"),
        (config / "systemd" / "countertop.tmpfiles.conf", "lib/tmpfiles.d/countertop.conf"),
        (config / "udev" / "70-countertop.rules", "lib/udev/rules.d/70-countertop.rules"),
        (config / "polkit" / "50-countertop.rules", "share/polkit-1/rules.d/50-countertop.rules"),
    ):
        file = stage / "usr" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, file)


def _documents(stage: Path) -> None:
    folder = stage / "usr" / "share" / "doc" / "countertop"
    folder.mkdir(parents=True)
    shutil.copyfile(ROOT / "LICENSE", folder / "copyright")
    shutil.copyfile(ROOT / "docs" / "technician" / "install.md", folder / "install.md")
    changes = (ROOT / "CHANGELOG.md").read_bytes()
    (folder / "changelog.gz").write_bytes(gzip.compress(changes, 9, mtime=0))


def _control(stage: Path, target: Target) -> None:
    folder = stage / "DEBIAN"
    files = sorted(path for path in stage.rglob("*") if path.is_file() and not path.is_symlink())
    folder.mkdir()
    for name in ("preinst", "postinst", "prerm", "postrm"):
        script = folder / name
        script.write_text((_SCRIPTS / f"{name}.sh").read_text("ascii").replace("@python@", target.interpreter), "ascii")
        script.chmod(0o755)
    sums = (
        f"{hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()}  {file.relative_to(stage)}"
        for file in files
    )
    (folder / "md5sums").write_text("\n".join(sums) + "\n", "utf-8")
    kibibytes = sum(-(-file.stat().st_size // 1024) for file in files)
    (folder / "control").write_text(
        _CONTROL.format(
            version=VERSION, architecture=target.architecture, python=target.interpreter, kibibytes=kibibytes
        ),
        "ascii",
    )


def _same_times(stage: Path) -> None:
    """Every file has the time of the source, and rights that do not hang on the builder's umask."""
    epoch = _epoch()
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)  # dpkg-deb's own
    for path in stage.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    stage.chmod(0o755)


def _epoch() -> int:
    """Seconds of the last change to the source: as told, or of the last commit, or of the list of changes."""
    told = os.environ.get("SOURCE_DATE_EPOCH", "")
    if told.isdecimal():
        return int(told)
    if shutil.which("git") is not None:
        commit = subprocess.run(
            ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if commit.stdout.strip().isdecimal():
            return int(commit.stdout)
    return int((ROOT / "CHANGELOG.md").stat().st_mtime)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise BuildFailed(
            f"{Path(command[0]).name} failed:\n{last}",
            "A folder of wheels will do where there is no connection: PIP_NO_INDEX=1 PIP_FIND_LINKS=/path/to/wheels",
        )
