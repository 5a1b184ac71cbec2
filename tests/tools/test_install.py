"""``countertop install`` makes a machine a terminal, says each step, and may be run as often as one likes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config import load
from tools import install
from tools.cli import main

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "/opt/elsewhere/bin/countertop"


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A folder that could be a system's root. Who is not root cannot give it users: those steps are left out then."""
    if os.geteuid() != 0:
        monkeypatch.setattr(install.shutil, "which", lambda _: None)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", "utf-8")
    (tmp_path / "etc" / "group").write_text("root:x:0:\ninput:x:104:\n", "utf-8")
    return tmp_path


def run(system, *more):
    return main(["install", "--root", str(system), "--program", PROGRAM, *more])


def content(system):
    return {
        str(path.relative_to(system)): (path.stat().st_mode & 0o777, path.read_bytes())
        for path in system.rglob("*")
        if path.is_file()
    }


def test_a_dry_run_says_every_step_and_changes_nothing(system, capsys):
    before = content(system)
    assert run(system, "--dry-run") == 0
    assert content(system) == before
    told = capsys.readouterr().out
    for path in (
        "/etc/systemd/system/countertop.service", "/etc/udev/rules.d/70-countertop.rules",
        "/etc/polkit-1/rules.d/50-countertop.rules",
        "/etc/countertop/terminal.toml", "/etc/countertop/vault.credential",
    ):  # fmt: skip
        assert f"would: write {path}" in told
    assert "would: " in told and "systemctl enable --now countertop" in told


def test_it_places_unit_rules_configuration_and_credential(system):
    assert run(system) == 0
    unit = (system / "etc/systemd/system/countertop.service").read_text("utf-8")
    assert f"ExecStart={PROGRAM} run --config /etc/countertop/terminal.toml" in unit
    rules = (system / "etc/udev/rules.d/70-countertop.rules").read_bytes()
    assert rules == (ROOT / "config/udev/70-countertop.rules").read_bytes()
    credential = system / install.CREDENTIAL
    assert (credential.stat().st_mode & 0o777, credential.stat().st_size) == (0o600, 32)
    settings = load(system / install.CONFIGURATION)
    assert settings.terminal.state_dir == "/var/lib/countertop"
    assert settings.keys.path == "/var/lib/countertop/keys.vault"
    assert (system / install.CONFIGURATION).stat().st_mode & 0o777 == 0o640


def test_a_second_run_changes_nothing_and_says_so(system, capsys):
    run(system)
    before = content(system)
    capsys.readouterr()
    assert run(system) == 0
    assert content(system) == before
    told = capsys.readouterr().out
    assert "write /" not in told and "replace" not in told
    assert told.count("unchanged: ") == 7


def test_what_somebody_has_written_is_kept(system):
    run(system)
    (system / install.CONFIGURATION).write_text("mine", "utf-8")
    unit = system / "etc/systemd/system/countertop.service"
    unit.write_text("mine too", "utf-8")
    secret = (system / install.CREDENTIAL).read_bytes()
    run(system)
    assert (system / install.CONFIGURATION).read_text("utf-8") == "mine"
    assert (system / install.CREDENTIAL).read_bytes() == secret
    assert unit.with_name("countertop.service.old").read_text("utf-8") == "mine too"
    assert "ExecStart" in unit.read_text("utf-8")


def test_the_user_has_the_groups_of_the_devices(system):
    if shutil.which("systemd-sysusers") is None or os.geteuid() != 0:
        pytest.skip("systemd-sysusers is not installed, or this user is not root")
    run(system)
    lines = [line.split(":") for line in (system / "etc/group").read_text("utf-8").splitlines()]
    groups = {line[0]: line[3].split(",") for line in lines}
    for group in ("input", "dialout", "lp", "video", "audio"):
        assert "countertop" in groups[group]
    user = next(
        line for line in (system / "etc/passwd").read_text("utf-8").splitlines() if line.startswith("countertop:")
    )
    uid, gid = map(int, user.split(":")[2:4])
    state = (system / "var/lib/countertop").stat()
    assert (state.st_mode & 0o777, state.st_uid, state.st_gid) == (0o700, uid, gid)
    assert (system / install.CONFIGURATION).stat().st_gid == gid


def test_the_package_has_brought_its_files_and_needs_only_the_rest(system):
    for kind in ("sysusers", "tmpfiles"):
        brought = system / f"usr/lib/{kind}.d" / "countertop.conf"
        brought.parent.mkdir(parents=True)
        brought.write_bytes((ROOT / "config" / "systemd" / f"countertop.{kind}.conf").read_bytes())
    assert run(system, "--packaged") == 0
    assert not (system / "etc/systemd").exists()
    assert (system / install.CREDENTIAL).is_file()


def test_a_machine_with_the_package_is_left_to_it(system, capsys):
    unit = system / "usr/lib/systemd/system/countertop.service"
    unit.parent.mkdir(parents=True)
    unit.touch()
    assert run(system) == 1
    assert "Update it with apt" in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["home", "root", "tmp"])
def test_a_program_that_the_sandbox_hides_is_refused(folder, monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    with pytest.raises(install.InstallRefused, match="hides") as told:
        install._require_reachable(Path("/", folder, "me", "bin", "countertop"))
    assert "/opt/countertop" in told.value.remedy


def test_a_program_behind_a_closed_door_is_refused(monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    with pytest.raises(install.InstallRefused, match="may not enter or start /srv/closed"):
        install._require_reachable(Path("/srv/closed/bin/countertop"), lambda path: path != Path("/srv/closed"))


def test_a_program_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(install.InstallRefused, match="no program"):
        install._require_reachable(tmp_path / "countertop")


def test_whoever_is_not_root_is_told_so():
    # Loaded first: somebody else may not enter the folder of this interpreter.
    program = (
        "import os, sys; sys.path.insert(0, '.'); import tools.install; from tools.cli import main\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setuid(65534)\n"
        "sys.exit(main(['install']))"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert told.returncode == 1
    assert "Only root" in told.stderr and "--dry-run" in told.stderr


def test_a_tool_of_the_system_that_fails_is_told_without_a_traceback(system, monkeypatch, capsys):
    monkeypatch.setattr(install.shutil, "which", lambda _: "/bin/false")
    monkeypatch.setattr(
        install.subprocess,
        "run",
        lambda command, check, timeout: (_ for _ in ()).throw(subprocess.CalledProcessError(1, command)),
    )
    assert run(system) == 1
    assert "systemd-sysusers failed with 1" in capsys.readouterr().err


def test_a_tool_of_the_system_that_hangs_is_told_without_a_traceback(system, monkeypatch, capsys):
    monkeypatch.setattr(install, "COMMAND_S", 0.01)
    monkeypatch.setattr(install.shutil, "which", lambda name: name if name == "sleep" else None)
    monkeypatch.setattr(install, "_make_user", lambda target: target.run("sleep", "60"))
    assert run(system) == 1
    assert "sleep has not come to its end" in capsys.readouterr().err
