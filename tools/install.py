"""``countertop install``: make the terminal a service of this machine: its user, folders, device rules and unit.

Every step is said; one that is done already is left alone, so it may be run as often as you like. It starts nothing.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config import default_file

__all__ = ["CONFIGURATION", "CREDENTIAL", "InstallRefused", "main"]

CONFIGURATION, CREDENTIAL = Path("etc/countertop/terminal.toml"), Path("etc/countertop/vault.credential")
CREDENTIAL_BYTES = 32
COMMAND_S = 120.0
"""A command of the system that takes longer hangs."""
GROUP = "countertop"
_SOURCES = Path(__file__).parents[1] / "config"
_UNIT = Path("etc/systemd/system/countertop.service")
_FILES = {
    Path("etc/sysusers.d/countertop.conf"): _SOURCES / "systemd" / "countertop.sysusers.conf",
    Path("etc/tmpfiles.d/countertop.conf"): _SOURCES / "systemd" / "countertop.tmpfiles.conf",
    Path("etc/udev/rules.d/70-countertop.rules"): _SOURCES / "udev" / "70-countertop.rules",
    Path("etc/polkit-1/rules.d/50-countertop.rules"): _SOURCES / "polkit" / "50-countertop.rules",
    _UNIT: _SOURCES / "systemd" / "countertop.service",
}
"""Where a machine's own files go, and what goes there; a package brings them in the system's folders instead."""
_PACKAGED_UNIT = Path("usr/lib/systemd/system/countertop.service")
_PROGRAM = "/opt/countertop/bin/countertop"
"""As the unit has it."""
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - what the service cannot see
_EXAMPLES = """examples:
  countertop install --dry-run       what would be done
  countertop install                 do it (as root)
  countertop install --root /mnt     for the system below a folder: an image that is being built
"""
_NEXT = """\
Next:
  edit {configuration}
  countertop config check {configuration}
  countertop keys --help                   load the acquirer's keys
  systemctl enable --now countertop
"""


class InstallRefused(Exception):
    """This machine cannot be given the service so; ``remedy`` says how it can."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Target:
    """The system that is worked on."""

    root: Path
    dry: bool

    @property
    def itself(self) -> bool:
        """Whether it is the one that runs."""
        return self.root == Path("/")

    def say(self, text: str) -> None:
        """One line for each step."""
        print(f"would: {text}" if self.dry else text)

    def write(self, path: Path, content: bytes, mode: int) -> None:
        """Replace a file wholly or not at all; what was there and differs is kept beside it as ``.old``."""
        file = self.root / path
        if file.is_file() and file.read_bytes() == content:
            print(f"unchanged: /{path}")
            return
        if file.exists():
            self.say(f"replace /{path} (the former one is kept as {path.name}.old)")
        else:
            self.say(f"write /{path}")
        if self.dry:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            shutil.copy2(file, file.with_name(file.name + ".old"))
        fresh = file.with_name(file.name + ".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode), "wb") as out:
            out.write(content)
            os.fchmod(out.fileno(), mode)  # whatever the umask is
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)

    def run(self, *command: str) -> None:
        """Run a command of the system; a missing one is told and left out."""
        if shutil.which(command[0]) is None:
            print(f"left out, {command[0]} is not installed: {' '.join(command)}")
            return
        self.say(f"run {' '.join(command)}")
        if not self.dry:
            subprocess.run(command, check=True, timeout=COMMAND_S)


def main(argv: list[str]) -> int:
    """Install; 0 when everything is in place. Raises InstallRefused."""
    parser = argparse.ArgumentParser(
        prog="countertop install",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--root", type=Path, default=Path("/"), metavar="FOLDER", help="the system below this folder")
    parser.add_argument("--program", metavar="FILE", help="the countertop command that the service starts")
    parser.add_argument("--packaged", action="store_true", help="the package has brought unit and rules; do the rest")
    arguments = parser.parse_args(argv)
    target = Target(arguments.root.resolve(), arguments.dry_run)
    if not target.dry and target.itself and os.geteuid() != 0:
        raise InstallRefused("Only root may install a service.", "Run it with sudo, or look first: --dry-run")
    try:
        if not arguments.packaged:
            _place_files(target, arguments.program or str(Path(sys.prefix) / "bin" / "countertop"))
        _make_user(target)
        _place_settings(target)
        _announce(target)
    except subprocess.CalledProcessError as error:
        raise InstallRefused(
            f"{error.cmd[0]} failed with {error.returncode}; its own words stand above.",
            "Mend what it says and run the same command again: what is done already is left alone.",
        ) from None
    except subprocess.TimeoutExpired as error:
        raise InstallRefused(
            f"{error.cmd[0]} has not come to its end in {COMMAND_S:.0f} seconds.",
            "See what it waits for and run the same command again: what is done already is left alone.",
        ) from None
    print(_NEXT.format(configuration=f"/{CONFIGURATION}"), end="")
    return 0


def _place_files(target: Target, program: str) -> None:
    if (target.root / _PACKAGED_UNIT).exists():
        raise InstallRefused("The Debian package has made this machine a terminal.", "Update it with apt.")
    if target.itself:
        _require_reachable(Path(program))
    for path, source in _FILES.items():
        content = source.read_bytes()
        if path == _UNIT:
            content = content.replace(_PROGRAM.encode(), program.encode())
        target.write(path, content, 0o644)


def _require_reachable(program: Path, open_to_all: Callable[[Path], bool] | None = None) -> None:
    """The service's user must be able to start the program, and its sandbox hides people's own folders."""
    remedy = "Put it where the service can read it: python3 -m venv /opt/countertop, and install it there."
    if not program.is_file():
        raise InstallRefused(f"There is no program at {program}.", "Name it: --program /opt/countertop/bin/countertop")
    if str(program.resolve()).startswith(tuple(f"{folder}/" for folder in _HIDDEN)):
        raise InstallRefused(f"The service cannot see {program}: its sandbox hides this folder.", remedy)
    passes = open_to_all or (lambda path: bool(path.stat().st_mode & 0o001))
    closed = next((path for path in (program, *program.parents) if not passes(path)), None)
    if closed is not None:
        raise InstallRefused(f"The service's user may not enter or start {closed}.", remedy)


def _make_user(target: Target) -> None:
    below = () if target.itself else (f"--root={target.root}",)
    target.run("systemd-sysusers", *below, "countertop.conf")
    target.run("systemd-tmpfiles", *below, "--create", "countertop.conf")


def _place_settings(target: Target) -> None:
    """A configuration to start from and the vault's credential, once; they are never touched again."""
    if not (target.root / CONFIGURATION).exists():
        target.write(CONFIGURATION, _first_configuration(), 0o640)
        _give_to_group(target, CONFIGURATION)
    else:
        print(f"unchanged: /{CONFIGURATION}")
    if not (target.root / CREDENTIAL).exists():
        target.write(CREDENTIAL, secrets.token_bytes(CREDENTIAL_BYTES), 0o600)
    else:
        print(f"unchanged: /{CREDENTIAL}")


def _first_configuration() -> bytes:
    text = default_file().read_text("utf-8")
    for before, after in (
        ('state_dir = "state" ', 'state_dir = "/var/lib/countertop" '),
        ('path = "state/keys.vault" ', 'path = "/var/lib/countertop/keys.vault" '),
    ):
        assert before in text, "the default configuration has this line"
        text = text.replace(before, after)
    return text.encode("utf-8")


def _give_to_group(target: Target, path: Path) -> None:
    """Readable for the service's user by its group, where there is one already and we may."""
    groups = target.root / "etc" / "group"
    lines = groups.read_text("utf-8").splitlines() if groups.is_file() else []
    found = next((line.split(":")[2] for line in lines if line.startswith(f"{GROUP}:")), None)
    if found is not None and not target.dry and os.geteuid() == 0:
        os.chown(target.root / path, 0, int(found))


def _announce(target: Target) -> None:
    """Tell the running system; one that is only a folder reads everything when it starts."""
    if target.itself:
        if Path("/run/udev/control").exists():
            target.run("udevadm", "control", "--reload")
            target.run("udevadm", "trigger", "--action=change")
        if Path("/run/systemd/system").is_dir():
            target.run("systemctl", "daemon-reload")
