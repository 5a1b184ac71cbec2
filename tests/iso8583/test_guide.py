"""The integrator's guide is right: its examples run, its tables say what happens."""

import re
import tomllib
from pathlib import Path

import iso8583
from tools.benchmarks.codecs.faults import FAULTS

GUIDE = (Path(__file__).parents[2] / "docs" / "integrator" / "iso8583.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def test_every_example_runs_in_the_order_of_the_page(capsys):
    names = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/integrator/iso8583.md", "exec"), names)
    assert "622848*********1234" in capsys.readouterr().out


def test_a_dialect_is_declared_in_twenty_lines():
    declared = next(example for example in EXAMPLES if "Declaration(" in example)
    lines = [line for line in declared.splitlines() if line and not line.startswith(("from", "assert", "fuel"))]
    assert len(lines) <= 20


def test_every_dialect_is_listed():
    for name in iso8583.dialect_names():
        assert f"`{name}`" in GUIDE


def test_every_fault_is_listed_with_our_answer():
    rows = [line for line in GUIDE.splitlines() if line.startswith("|") and "Error`" in line]
    assert sum("at byte" in row for row in rows) == len(FAULTS)


def test_the_acquirers_lines_make_a_dialect():
    profile = tomllib.loads(re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)[0])
    assert iso8583.derived_dialect("bank", profile["dialect"], profile["dialect_changes"]).name == "bank"
