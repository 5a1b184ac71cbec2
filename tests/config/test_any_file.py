"""Law: any file is either usable settings or a list of problems; nothing else happens, and no value is shown."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import ConfigError, Settings, default_file, load
from config.diagnose import keys_of
from config.schema import Document

MARK = "Zq7Secret"
VALUES = st.one_of(
    st.integers(-(10**12), 10**12).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.booleans().map(lambda value: "true" if value else "false"),
    st.sampled_from(
        [f'"{MARK}"', f'["{MARK}"]', f'{{ {MARK} = "{MARK}" }}', "[]", "{}", '""', "2026-11-24", "07:32:00"]
    ),
    st.lists(st.integers(0, 9), max_size=3).map(str),
)
KEYS = [key for key, _, _ in keys_of(Document)]
GOOD = default_file().read_text("utf-8")


def look(path):
    """Load a file and give what is said about it, or nothing when it is good."""
    try:
        assert isinstance(load(path), Settings)
        return ""
    except ConfigError as caught:
        error = caught
    assert error.problems
    assert all(problem.file and problem.expected and problem.found and problem.remedy for problem in error.problems)
    return str(error)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=5))
def test_any_value_at_any_key_is_taken_or_told_without_being_shown(tmp_path, changes):
    sections: dict[str, list[str]] = {}
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        sections.setdefault(section, []).append(f"{name} = {value}")
    path = tmp_path / "changed.toml"
    path.write_text("".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items()), "utf-8")
    assert MARK not in look(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_torn_anywhere_and_mended_with_anything_is_taken_or_told(tmp_path, data):
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 80)))
    path = tmp_path / "torn.toml"
    path.write_bytes((GOOD[:start]).encode() + data.draw(st.binary(max_size=20)) + GOOD[end:].encode())
    look(path)
