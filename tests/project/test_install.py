"""Set-up on a machine that lacks something says what, and how to get it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("sh", "dirname", "rm", "cat")


@pytest.fixture
def machine(tmp_path):
    """A machine with a few programs; install ``python3`` and ``id`` as shell scripts of the test's own."""

    def make(**programs):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in NEEDED:
            (folder / name).symlink_to(shutil.which(name))
        for name, script in {"id": "echo 1000", **programs}.items():
            path = folder / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        environment = {"PATH": str(folder), "HOME": str(tmp_path)}
        return subprocess.run(
            [shutil.which("sh"), str(ROOT / "requirements" / "install.sh"), str(tmp_path / "venv"), "run"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return make


def test_without_python_the_package_to_install_is_named(machine):
    told = machine()
    assert told.returncode == 1
    assert "Python 3.11 or newer is needed" in told.stderr
    assert "apt-get install python3 python3-venv" in told.stderr


def test_an_old_python_is_not_used(machine):
    told = machine(python3="exit 1")
    assert told.returncode == 1
    assert "Python 3.11 or newer is needed" in told.stderr


def test_a_python_that_cannot_make_environments_names_its_missing_package(machine):
    """Debian ships the venv module as a package of its own."""
    old_enough = f'case "$2" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac'
    told = machine(python3=old_enough)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert told.returncode == 1
    assert f"apt-get install python{version}-venv" in told.stderr


def test_a_user_who_is_not_root_never_meets_the_package_manager(machine, tmp_path):
    called = tmp_path / "called"
    old_enough = f'case "$2" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac'
    machine(python3=old_enough, **{"apt-get": f"echo called > {called}"})
    assert not called.exists()


def test_root_gets_the_missing_package_by_itself(machine, tmp_path):
    """And when even that fails, the sentence is the same."""
    called = tmp_path / "called"
    old_enough = f'case "$2" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac'
    told = machine(python3=old_enough, id="echo 0", **{"apt-get": f'echo "$@" >> {called}; exit 1'})
    assert "python3-venv" in called.read_text()
    assert told.returncode == 1
    assert "cannot make virtual environments" in told.stderr


def test_a_registry_that_cannot_be_reached_says_what_else_can_be_done(machine):
    script = f"""
case "$*" in
  *"-m venv"*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python";;
  *"pip install"*) echo "pip: no route" >&2; exit 1;;
  *"-m pip"*) exit 0;;
  *) exec {sys.executable} "$@";;
esac"""
    told = machine(python3=script, mkdir='exec /bin/mkdir "$@"', cp='exec /bin/cp "$@"')
    assert told.returncode == 1
    assert "pip: no route" in told.stderr
    assert "PIP_FIND_LINKS" in told.stderr


def test_the_lists_hold_no_name_of_an_index():
    text = "".join(path.read_text("utf-8") for path in (ROOT / "requirements").iterdir() if path.is_file())
    assert "--index-url" not in text
    assert "://" not in text


@pytest.mark.parametrize("script", ["requirements/install.sh", ".ci/run"])
def test_scripts_can_be_read_by_their_shell(script):
    path = ROOT / script
    shell = "bash" if "bash" in path.read_text("utf-8").splitlines()[0] else "sh"
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    assert subprocess.run([shell, "-n", str(path)], timeout=30).returncode == 0
    assert os.access(path, os.X_OK)
