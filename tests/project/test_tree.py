"""What must never stand in the tree, and what every file of it keeps."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("iso8583", "keys", "drivers", "config", "terminal", "tools")
LINES_MAX = 400
"""A file fits in one sitting."""


def tracked():
    """Files of the tree as git knows them, new ones included; all files where there is no git."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listing.returncode == 0:
        names = listing.stdout.decode("utf-8").split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    return [path for room in (*ROOMS, "tests", "docs") for path in (ROOT / room).rglob("*") if path.is_file()]


def text_of(path):
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


FILES = [path for path in tracked() if path != Path(__file__).resolve()]
SOURCES = [path for path in FILES if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ROOMS]

FORBIDDEN = {
    # Joined here so that this file does not hold what it looks for.
    "a path of somebody's machine": re.compile(r"/" + r"(work|root|home/[a-z]+|Users/[a-z]+)/"),
    "a package registry's host": re.compile(
        r"(?i)"
        + "|".join(
            [
                "py" + r"pi\.org",
                r"python" + r"hosted\.org",
                "crates" + r"\.io",
                "regis" + r"try\.npmjs",
                "deb" + r"\.debian\.org",
                "proxy" + r"\.golang\.org",
                r"maven\.org",
            ]
        )
    ),
    "a note on who wrote it": re.compile(
        r"(?i)\b(" + "|".join(["as an " + "ai", "chat" + "gpt", "clau" + "de", "ll" + "m"]) + r")\b"
    ),
    "a private key": re.compile("BEGIN " + r"(RSA |EC |OPENSSH )?PRIVATE KEY"),
}
KEYS_OF_TESTS = ("tests/",)
"""Where a key may stand because it is a vector."""


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_tree_is_free_of(what):
    found = [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
        for path in FILES
        for text in [text_of(path)]
        for match in FORBIDDEN[what].finditer(text)
        if not (what == "a private key" and str(path.relative_to(ROOT)).startswith(KEYS_OF_TESTS))
    ]
    assert not found


CODE = {
    # wait_for can swallow a cancellation and lose an answer that arrived in the same tick.
    "asyncio.wait_for": re.compile(r"\bwait_for\("),
    "a bare except": re.compile(r"except\s*:"),
    "eval, exec or pickle": re.compile(r"\b(eval|exec)\(|\bimport pickle\b"),
    "a marker of unfinished work": re.compile(r"#\s*(TODO|FIXME|XXX)"),
}


@pytest.mark.parametrize("what", CODE)
def test_the_sources_are_free_of(what):
    found = [name for path in SOURCES for name in [str(path.relative_to(ROOT))] if CODE[what].search(text_of(path))]
    assert not found


def test_money_is_not_dated_by_a_clock_of_its_own():
    """Journal, acquirer, flows and domain get their clock from outside: a replay must see the same times."""
    own_clock = re.compile(r"\btime\.time\(|\bdatetime\.(now|utcnow|today)\(|\bdate\.today\(")
    rooms = (
        "terminal/journal",
        "terminal/acquirer",
        "terminal/flows",
        "terminal/domain",
        "terminal/slips",
        "keys",
        "iso8583",
    )
    found = [
        path.relative_to(ROOT)
        for path in SOURCES
        if str(path.relative_to(ROOT)).startswith(rooms) and own_clock.search(text_of(path))
    ]
    assert not found


def test_money_is_never_a_float():
    """No amount is divided with a fraction or made a float."""
    fraction = re.compile(r"float\([^)]*(amount|minor)|(amount|minor)\w*\s*/\s*(?!/)")
    found = [
        path.relative_to(ROOT)
        for path in SOURCES
        if str(path.relative_to(ROOT)).startswith("terminal")
        and any(fraction.search(line.partition("#")[0]) for line in text_of(path).splitlines() if '"' not in line)
    ]
    assert not found


def test_a_file_fits_in_one_sitting():
    lines = {str(path.relative_to(ROOT)): text_of(path).count("\n") for path in SOURCES if "codecs" not in path.parts}
    assert {name: count for name, count in lines.items() if count > LINES_MAX} == {}


def test_a_file_says_what_it_is_for():
    texts = {path.relative_to(ROOT): text_of(path).lstrip() for path in SOURCES}
    assert [name for name, text in texts.items() if text and not text.startswith(('"""', 'r"""', "#!"))] == []
