"""The project as a package: built as wheel and sdist, installed in a clean environment, used from there."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("run.txt", "evdev-binary.txt")
"""The environment of a user: nothing compiled here, nothing of the tests."""


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The tracked files alone, as a clone has them."""
    folder = tmp_path_factory.mktemp("sources") / "countertop"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode("utf-8")
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def built(build, sources, tmp_path_factory):
    """Both archives."""
    folder = tmp_path_factory.mktemp("dist")
    program = (
        "import sys; from setuptools import build_meta; folder = sys.argv[1]; "
        "build_meta.build_sdist(folder); build_meta.build_wheel(folder)"
    )
    build(sys.executable, "-c", program, str(folder), cwd=sources)
    return {"wheel": next(folder.glob("*.whl")), "sdist": next(folder.glob("*.tar.gz"))}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_an_installed_package_plays_its_demo(build, built, tmp_path, report, kind):
    venv = tmp_path / "venv"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    build(sys.executable, "-m", "venv", venv)
    pip = [venv / "bin" / "python", "-m", "pip", "install", "-q"]
    build(*pip, "--require-hashes", "-r", ROOT / "requirements" / "build.txt", env=environment)
    for lock in LOCKS:
        build(*pip, "--require-hashes", "--no-build-isolation", "-r", ROOT / "requirements" / lock, env=environment)
    build(*pip, "--no-deps", "--no-build-isolation", built[kind], env=environment)
    told = build(venv / "bin" / "countertop", "demo", cwd=tmp_path, env=environment)
    assert "claims held" in told
    assert list((tmp_path / "demo-output" / "slips").glob("*.png"))
    report("pip", f"installed from the {kind}, demo played", 1, f"Python {sys.version_info[0]}.{sys.version_info[1]}")


def test_the_archives_hold_every_data_file_and_no_test_key(built):
    with zipfile.ZipFile(built["wheel"]) as wheel:
        names = set(wheel.namelist())
    for needed in ("terminal/journal/schema.sql", "terminal/locale/zh/LC_MESSAGES/countertop.po", "iso8583/py.typed"):
        assert needed in names
    assert any(name.endswith((".ttc", ".ttf", ".otf")) for name in names)
    assert not [name for name in names if name.startswith("tests/")]
    with tarfile.open(built["sdist"]) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"README.md", "LICENSE", "setup.cfg", "pyproject.toml", "terminal/journal/schema.sql"} <= inside
