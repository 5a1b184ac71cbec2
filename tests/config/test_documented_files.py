"""The commented files and the schema say the same: no key is undocumented, none is invented."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from config import default_file, load, load_profile, profile_names
from config.diagnose import keys_of, meta_of, toml
from config.explain import explain, reference
from config.load import PROFILES
from config.profile import AcquirerProfile
from config.schema import SINGLE, Document


def every_line(text):
    """A commented file with its examples switched on: each ``# key = …`` and ``# [section]`` is uncommented."""
    return re.sub(r"^# (?=\[[a-z._]+\]|[a-z_0-9]+ = )", "", text, flags=re.MULTILINE)


def flat(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict) and key != "overrides":
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def test_the_default_terminal_documents_every_key_and_no_other():
    documented = set(flat(tomllib.loads(every_line(default_file().read_text("utf-8")))))
    assert documented == {key for key, _, _ in keys_of(Document)}


@pytest.mark.parametrize("name", profile_names())
def test_a_built_in_profile_documents_every_key_and_no_other(name):
    documented = set(tomllib.loads((PROFILES / f"{name}.toml").read_text("utf-8")))
    assert documented == {key for key, _, _ in keys_of(AcquirerProfile)}


def test_the_default_terminal_can_be_used_as_it_stands():
    assert load(default_file()).terminal.environment == "lab"


def test_every_example_in_the_default_terminal_can_be_switched_on(tmp_path):
    path = tmp_path / "all.toml"
    path.write_text(every_line(default_file().read_text("utf-8")), "utf-8")
    assert set(load(path).devices) == {"keypad", "msr", "scanner", "pin_pad", "printer"}


def test_what_the_lab_profile_states_is_the_default_of_the_schema():
    """A profile of one's own that leaves a key out gets what the commented profile shows."""
    bare = {key: getattr(load_profile("unionpay-lab"), key) for key in ("dialect", "tpdu", "header", "currency")}
    assert AcquirerProfile(**bare) == load_profile("unionpay-lab")


def test_every_key_says_what_it_means_what_it_wants_and_how_it_is_written():
    for entry in explain():
        assert entry.meaning.endswith((".", "?")), entry.key
        assert entry.expected != "another value", entry.key
        assert "…" not in entry.example, entry.key


@pytest.mark.parametrize("struct", [Document, AcquirerProfile])
def test_every_example_is_right(struct):
    for key, type_, _ in keys_of(struct):
        for example in meta_of(type_, "examples") or []:
            value = tomllib.loads(f"x = {toml(example)}")["x"]
            single = isinstance(value, str) and SINGLE in (meta_of(type_, "extra") or {})
            msgspec.convert([value] if single else value, type_, strict=True)
            assert key


def test_a_key_is_explained_by_its_name_or_its_section():
    assert [entry.key for entry in explain("host.address")] == ["host.address"]
    assert {entry.key for entry in explain("timeouts")} >= {"timeouts.pin_s", "timeouts.card_s"}


def test_the_reference_page_is_what_the_schema_says():
    """Mend it with: countertop config explain --markdown > docs/reference/configuration.md"""
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "configuration.md"
    assert page.read_text("utf-8") == reference()
