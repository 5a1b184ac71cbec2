"""The schema in words: for ``countertop config explain`` and the reference page."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from msgspec import NODEFAULT, Struct

from config.diagnose import example_line, expected_of, keys_of, meta_of, toml
from config.profile import AcquirerProfile
from config.schema import Document

__all__ = ["Entry", "explain", "reference", "unknown_key"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One key."""

    file: str
    """``terminal`` or ``acquirer profile``: the kind of file it stands in."""
    key: str
    meaning: str
    expected: str
    default: str
    """In TOML; ``required`` for a key without default, empty when it may be absent."""
    example: str

    def __str__(self) -> str:
        lines = [f"{self.key}   ({self.file} file)", f"    {self.meaning}", f"    expected: {self.expected}"]
        if self.default:
            lines.append("    required" if self.default == "required" else f"    default:  {self.default}")
        return "\n".join([*lines, f"    example:  {self.example}"])


def explain(key: str = "") -> list[Entry]:
    """Keys of both kinds of file that are ``key``, or lie in section ``key``; all keys for an empty one."""
    entries = [*_entries("terminal", Document), *_entries("acquirer profile", AcquirerProfile)]
    return [entry for entry in entries if not key or entry.key == key or entry.key.startswith(f"{key}.")]


def unknown_key(key: str) -> str:
    """What to say to somebody who asks for a key that does not exist."""
    names = [entry.key for entry in explain()]
    near = [name for name in names if name.endswith(f".{key}")] or get_close_matches(key, names, 3, 0.4)
    hint = f"Did you mean: {', '.join(near)}" if near else "All keys: countertop config explain"
    return f"{key!r} is not a key.\n    {hint}"


def _entries(file: str, struct: type[Struct]) -> list[Entry]:
    found = []
    for key, type_, info in keys_of(struct):
        if info.required:
            default = "required"
        elif info.default is NODEFAULT or info.default is None:
            default = ""
        else:
            default = toml(info.default)
        meaning = meta_of(type_, "description") or ""
        found.append(Entry(file, key, meaning, expected_of(type_), default, example_line(key, type_)))
    return found


def reference() -> str:
    """The reference page, in Markdown."""
    lines = [
        "# Configuration reference",
        "",
        "Written from the schema by `countertop config explain --markdown`; change `config/`, not this page.",
    ]
    for file, heading in (("terminal", "The terminal's file"), ("acquirer profile", "An acquirer's profile")):
        lines += ["", f"## {heading}"]
        section = None
        for entry in explain():
            if entry.file != file:
                continue
            name, _, key = entry.key.rpartition(".")
            if name != section:
                section = name
                lines += ["", *([f"### [{name}]", ""] if name else [])]
                lines += ["| Key | Meaning | Expected | Default | Example |", "|---|---|---|---|---|"]
            default = f"`{entry.default}`" if entry.default not in ("", "required") else entry.default
            example = entry.example.partition("   in section")[0].partition(" = ")[2]
            lines.append(f"| `{key}` | {entry.meaning} | {entry.expected} | {default} | `{example}` |")
    return "\n".join([*lines, ""])
