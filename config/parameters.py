"""A terminal's parameters with their values, where each comes from, and how a written value is understood."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct

from config.diagnose import example_line, expected_of, found_of, keys_of, meta_of, toml
from config.errors import CHANGE, ConfigError, Problem
from config.explain import unknown_key
from config.load import profile_file, read_toml
from config.overlay import Effect, effect_of, laid_value
from config.profile import AcquirerProfile
from config.schema import SECRET, SINGLE, Document

__all__ = [
    "Parameter",
    "UnknownParameter",
    "check_parameter",
    "is_parameter",
    "is_secret",
    "masked",
    "parameters",
    "read_value",
]

_SECRET_NAME = re.compile(r"password|passphrase|secret|(^|_)psk$")
"""A key with such a name is masked even where nobody has marked it."""


class UnknownParameter(Exception):
    """A name that no parameter has, or one that only the file may say; the text names what is near."""

    remedy = "All of them, with when a change takes effect: countertop config show FILE"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as it stands."""

    key: str
    value: str
    """As TOML writes it, secrets masked; empty where nothing is said and nothing is the default."""
    origin: str
    """``change``, ``file``, ``profile`` or ``default``: who says so."""
    effect: Effect


def parameters(path: Path, changes: Mapping[str, Any]) -> Iterator[Parameter]:
    """Every parameter of a terminal, in the schema's order. Raises ConfigError when a file cannot be read."""
    document = read_toml(path)
    chosen = changes.get("acquirer.profile", laid_value(document, "acquirer.profile"))
    profile = read_toml(profile_file(str(chosen), path.resolve().parent))
    for key, (_, field) in _fields().items():
        if key == "acquirer.overrides":
            continue  # its keys are shown as what they are
        places = (
            ("change", changes.get(key)),
            ("file", laid_value(document, key)),
            ("profile", profile.get(key) if "." not in key else None),
            ("default", None if field.default is NODEFAULT else field.default),
        )
        origin, value = next(((name, found) for name, found in places if found is not None), ("default", None))
        yield Parameter(key, "" if value is None else masked(key, value), origin, effect_of(key))


def check_parameter(key: str) -> None:
    """Raises UnknownParameter for a key that cannot be changed as a parameter."""
    if key not in _fields():
        raise UnknownParameter(unknown_key(key))
    if effect_of(key) is Effect.FIXED:
        raise UnknownParameter(f"{key} stands in the file alone: it is changed there, by whoever may write the file.")


def is_parameter(key: str) -> bool:
    """Whether there is such a key."""
    return key in _fields()


def read_value(key: str, text: str) -> Any:
    """A value as somebody writes it: as TOML does, or a text without its quotes. Raises ConfigError.

    Which of the two is meant is decided by what the key wants: ``terminal.id`` of 10000001 is a text.
    """
    check_parameter(key)
    type_ = _fields()[key][0]
    candidates: list[Any] = [text, *_parsed(text)]
    if text.startswith(('"', "'")):
        candidates.reverse()
    for candidate in candidates:
        single = isinstance(candidate, str) and SINGLE in (meta_of(type_, "extra") or {})
        try:
            msgspec.convert([candidate] if single else candidate, type_, strict=True)
        except msgspec.ValidationError:  # its text may quote the value
            continue
        return candidate
    found = found_of(candidates[-1], type_)
    remedy = f"Such as: {example_line(key, type_).partition('   in section')[0].partition(' = ')[2]}"
    raise ConfigError([Problem(CHANGE, key, expected_of(type_), found, remedy)])


def masked(key: str, value: Any) -> str:
    """A value as TOML writes it; of a secret only that there is one."""
    return "(not shown)" if is_secret(key) else toml(value)


def is_secret(key: str) -> bool:
    """Whether the value of a key must not be seen."""
    field = _fields().get(key)
    marked = field is not None and SECRET in (meta_of(field[0], "extra") or {})
    return marked or _SECRET_NAME.search(key.rpartition(".")[2]) is not None


def _parsed(text: str) -> list[Any]:
    try:
        return [] if "\n" in text else [tomllib.loads(f"value = {text}")["value"]]
    except (tomllib.TOMLDecodeError, RecursionError):
        return []


@cache
def _fields() -> dict[str, tuple[Any, msgspec.structs.FieldInfo]]:
    """Type and field of every key of a terminal's file and of a profile."""
    schemas: tuple[type[Struct], ...] = (Document, AcquirerProfile)
    return {key: (type_, field) for schema in schemas for key, type_, field in keys_of(schema)}
