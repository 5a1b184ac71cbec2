"""The page of rules about money names code and tests that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "money-rules.md"
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in PAGE.read_text("utf-8").splitlines()
    if re.match(r"\| \d+ \|", line)
]


def names_in(path):
    """Functions and classes of a file, methods with their class in front."""
    found = set()
    for node in ast.parse((ROOT / path).read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return found


def references(cell):
    """Pairs of a file and a name in it, as the page writes them."""
    return re.findall(r"`([\w/]+\.py)` `([\w.]+)`", cell)


def test_the_page_has_the_twelve_rules_and_those_that_were_added():
    assert [int(row[0]) for row in ROWS] == list(range(1, len(ROWS) + 1)) and len(ROWS) >= 12


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_rule_names_code_and_tests_that_are_there(row):
    code, tests = references(row[2]), references(row[3])
    assert code and tests
    missing = [f"{path}: {name}" for path, name in code + tests if name not in names_in(path)]
    assert missing == []
    assert all(path.startswith("tests/") and name.startswith("test_") for path, name in tests)
