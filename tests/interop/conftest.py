"""Tests against programs that others built. They run with ``make interop``; the report names peers, versions, cases.

A peer that this machine cannot have is skipped with its reason; ``.ci/run`` promises all of them.
"""

import os
import re
import shutil
import string
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ASKED = os.environ.get("COUNTERTOP_INTEROP") == "1"
BUILD_S = 600
ROWS = defaultdict(lambda: [0, "", ""])
"""Per peer and matter: cases, version, what is known to differ."""


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/interop/" in item.path.as_posix():
            item.add_marker(pytest.mark.interop)
            if not ASKED:
                item.add_marker(pytest.mark.skip(reason="speaks to foreign programs: make interop"))


class Report:
    """Counts what was compared with whom."""

    def __call__(self, peer, matter, cases=1, version="", remark=""):
        row = ROWS[(peer, matter)]
        row[0] += cases
        row[1] = version or row[1]
        row[2] = remark or row[2]


@pytest.fixture(scope="session")
def report():
    """``report(peer, matter, cases, version)``: a row of the table that ``make interop`` prints."""
    return Report()


def pytest_terminal_summary(terminalreporter):
    if not ROWS:
        return
    terminalreporter.section("Compared with programs that others built")
    terminalreporter.write_line(f"  {'peer':<16}{'version':<16}{'cases':>8}  matter")
    for (peer, matter), (cases, version, remark) in sorted(ROWS.items()):
        terminalreporter.write_line(f"  {peer:<16}{version:<16}{cases:>8}  {matter}{'; ' + remark if remark else ''}")


def run(*command, cwd=None, **options):
    """Run a build step; at failure show its last lines."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=BUILD_S, **options)
    assert done.returncode == 0, f"{command[0]} failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-25:])
    return done.stdout


@pytest.fixture(scope="session")
def build():
    """``build(command…, cwd=…)``: run a build step."""
    return run


@pytest.fixture(scope="session")
def jpos():
    """The Maven project, built: ``jpos("Codec")`` is a command line."""
    if not (shutil.which("mvn") and shutil.which("java")):
        pytest.skip("java and maven are not installed")
    folder = HERE / "jpos"
    run("mvn", "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath", cwd=folder)
    classpath = f"{folder / 'target' / 'classes'}:{(folder / 'target' / 'classpath').read_text('utf-8').strip()}"

    def command(program, *arguments):
        return [
            "java",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            classpath,
            f"countertop.{program}",
            *arguments,
        ]

    command.version = re.search(r"/jpos-([\d.]+)\.jar", classpath).group(1)
    return command


class Filter:
    """A foreign program that answers each line with a line."""

    def __init__(self, command, **options):
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", bufsize=1, **options
        )

    def send(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def ask(self, line):
        self.send(line)
        answer = self._process.stdout.readline()
        assert answer, f"the program ended with {self._process.poll()}"
        return answer.rstrip("\n")

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture(scope="session")
def filters():
    """``filters(command)``: a running Filter, ended after the session."""
    running = []

    def start(command, **options):
        running.append(Filter(command, **options))
        return running[-1]

    yield start
    for one in running:
        one.close()


def value_of(chance, field):
    """A value as the others keep it too: no blank at the end of fixed text (some strip them), never empty."""
    size = chance.randint(1, min(field.maximum, 99)) if field.prefix_digits else field.maximum
    digits = "".join(chance.choices("0123456789", k=size))
    if field.content in ("b", "tlv"):
        return chance.randbytes(size)
    if field.content == "x":
        return chance.choice("CD") + digits[1:]
    if field.content == "z":
        middle = size // 2
        return digits[:middle] + "=" + digits[middle + 1 :] if size > 2 else digits
    if field.content == "n":
        return digits
    return "".join(chance.choices(string.ascii_letters + string.digits, k=size))


@pytest.fixture(scope="session")
def generated_value():
    """``generated_value(chance, field)``: a value that an element may have."""
    return value_of
