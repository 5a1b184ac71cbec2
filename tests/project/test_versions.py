"""What is declared in one place is true in the others."""

import configparser
import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from config.devices import Keypad, Msr, PinPad, Printer, Scanner
from config.diagnose import keys_of
from config.profile import AcquirerProfile
from config.schema import Document
from drivers.registry import DRIVERS
from terminal import VERSION

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def setup():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", "utf-8")
    return parser


def names(lines):
    """Names of requirements, one a line, in one spelling."""
    bare = (line.partition("#")[0].strip() for line in lines)
    found = [re.match(r"[A-Za-z0-9._-]+", line) for line in bare if line and not line.startswith("-")]
    return {match.group().lower().replace("_", "-") for match in found if match}


def lines_of(name):
    return (ROOT / "requirements" / name).read_text("utf-8").splitlines()


def test_the_version_stands_in_one_place_and_has_its_changes(setup):
    assert setup["metadata"]["version"] == "attr: terminal.VERSION"
    assert re.search(rf"^## {re.escape(VERSION)}\b", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)


def test_what_a_terminal_needs_is_what_is_locked_for_it(setup):
    assert names(setup["options"]["install_requires"].splitlines()) == names(lines_of("run.in")) | {"evdev"}


@pytest.mark.parametrize("extra", ["bench", "dev"])
def test_extras_are_what_is_locked_for_them(setup, extra):
    assert names(setup["options.extras_require"][extra].splitlines()) == names(lines_of(f"{extra}.in"))


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_every_locked_package_has_a_version_and_hashes(path):
    text = re.sub(r"\\\n", " ", path.read_text("utf-8"))
    packages = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert packages
    assert [line.split()[0] for line in packages if "==" not in line or "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.in")), ids=lambda path: path.name)
def test_every_wanted_package_is_locked(path):
    assert names(path.read_text("utf-8").splitlines()) <= names(
        path.with_suffix(".txt").read_text("utf-8").splitlines()
    )


def test_pyproject_holds_only_the_build_table():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert re.findall(r"^\[(.+)\]$", text, re.MULTILINE) == ["build-system"]


def test_every_data_file_of_a_room_is_packaged(setup):
    """A slip needs its font after installation too, not only in a source tree."""
    declared = {line.strip() for line in setup["options.package_data"]["*"].splitlines() if line.strip()}
    endings = {pattern.rpartition(".")[2] for pattern in declared if pattern.startswith("**/*.")}
    unpackaged = [
        str(path.relative_to(ROOT))
        for room in ("iso8583", "keys", "drivers", "config", "terminal", "tools")
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        and path.suffix not in (".py", ".pyc", ".md") and path.suffix.lstrip(".") not in endings
        and path.name != "py.typed" and not path.name.startswith("LICENSE")
    ]  # fmt: skip
    assert unpackaged == []


def test_the_drivers_a_configuration_may_name_are_those_that_exist():
    devices = (Keypad, Msr, Scanner, PinPad, Printer)
    named = {name for struct in devices for name in get_args(get_type_hints(struct)["driver"])}
    assert named == set(DRIVERS)


def test_every_key_of_the_configuration_is_read_by_somebody():
    """A key that changes nothing is a lie in a commented file."""
    rooms = [path for room in ("terminal", "tools", "drivers", "config") for path in (ROOT / room).rglob("*.py")]
    schema = {"schema.py", "devices.py"}
    code = "\n".join(path.read_text("utf-8") for path in rooms if path.name not in schema)
    keys = {key.rpartition(".")[2] for struct in (Document, AcquirerProfile) for key, _, _ in keys_of(struct)}
    assert [key for key in sorted(keys) if not re.search(rf"\.{key}\b|\"{key}\"", code)] == []
