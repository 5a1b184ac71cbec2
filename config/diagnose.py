"""Finds everything that is wrong with a document; runs only once the fast way has refused it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from config.errors import Problem
from config.schema import SINGLE

__all__ = ["describe_kind", "diagnose", "example_line", "expected_of", "found_of", "keys_of", "struct_of", "toml"]


def diagnose(document: Mapping[str, Any], struct: type[Struct], file: str, prefix: str = "") -> Iterator[Problem]:
    """Every key that is missing, unknown or of a wrong kind, in the schema's order."""
    types = get_type_hints(struct, include_extras=True)
    for info in msgspec.structs.fields(struct):
        key, type_ = prefix + info.name, types[info.name]
        inner = struct_of(type_)
        if info.name not in document:
            if info.required:
                yield _missing(file, key, type_, inner)
        elif inner is not None:
            value = document[info.name]
            if isinstance(value, Mapping):
                yield from diagnose(value, inner, file, f"{key}.")
            else:
                yield Problem(file, key, "a table", describe_kind(value), f"Write a section: [{key}]")
        else:
            yield from _value(file, key, document[info.name], type_)
    known = [info.name for info in msgspec.structs.fields(struct)]
    for name in document:
        if name not in known:
            yield _unknown(file, prefix + name, name, known)


def keys_of(struct: type[Struct], prefix: str = "") -> Iterator[tuple[str, Any, msgspec.structs.FieldInfo]]:
    """Every value key of a schema: dotted path, type, field."""
    types = get_type_hints(struct, include_extras=True)
    for info in msgspec.structs.fields(struct):
        inner = struct_of(types[info.name])
        if inner is None:
            yield prefix + info.name, types[info.name], info
        else:
            yield from keys_of(inner, f"{prefix}{info.name}.")


def struct_of(type_: Any) -> type[Struct] | None:
    """The section a key opens, or None for a value."""
    for candidate in (type_, *(get_args(type_) if get_origin(type_) in (Union, UnionType) else ())):
        if isinstance(candidate, type) and issubclass(candidate, Struct):
            return candidate
    return None


def expected_of(type_: Any) -> str:
    """What a key wants, in words."""
    title = meta_of(type_, "title")
    if title:
        return str(title)
    bare = get_args(type_)[0] if get_origin(type_) is Annotated else type_
    if get_origin(bare) in (Union, UnionType):
        return " or ".join(expected_of(part) for part in get_args(bare) if part is not NoneType)
    if get_origin(bare) is Literal:
        choices = [toml(choice) for choice in get_args(bare)]
        return choices[0] if len(choices) == 1 else "one of " + ", ".join(choices)
    return _PLAIN.get(bare, "another value")


_PLAIN: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
}


def meta_of(type_: Any, attribute: str) -> Any:
    """The outermost ``title``, ``description``, ``examples`` or ``extra`` of a type, or None."""
    if get_origin(type_) is not Annotated:
        return None
    bare, *metas = get_args(type_)
    for meta in reversed(metas):
        found = getattr(meta, attribute) if isinstance(meta, Meta) else None
        if found is not None:
            return found
    return meta_of(bare, attribute)


def example_line(key: str, type_: Any) -> str:
    """A line that would be right, in TOML."""
    section, _, name = key.rpartition(".")
    examples = meta_of(type_, "examples")
    if not examples:
        bare = get_args(type_)[0] if get_origin(type_) is Annotated else type_
        examples = [get_args(bare)[0]] if get_origin(bare) is Literal else [False if bare is bool else 0]
    line = f"{name} = {toml(examples[0])}"
    return f"{line}   in section [{section}]" if section else line


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    return str(value)


def describe_kind(value: object) -> str:
    """What a value is, without saying it."""
    if isinstance(value, str):
        return f"text of {len(value)} character{'' if len(value) == 1 else 's'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "a date or time")


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number with a fraction"),
    (dict, "a table"),
)


def _value(file: str, key: str, value: object, type_: Any) -> Iterator[Problem]:
    single = isinstance(value, str) and SINGLE in (meta_of(type_, "extra") or {})
    try:
        msgspec.convert([value] if single else value, type_, strict=True)
    except msgspec.ValidationError:  # its text may quote the value
        yield Problem(file, key, expected_of(type_), found_of(value, type_), f"Write: {example_line(key, type_)}")


def found_of(value: object, type_: Any) -> str:
    """The kind; and for one of the right kind, in what it fails."""
    kind = describe_kind(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and _numbers(type_):
        return f"{kind} outside these bounds"
    return f"{kind} of another form" if isinstance(value, str) else kind


def _numbers(type_: Any) -> bool:
    """Whether a number is wanted, or may be."""
    if get_origin(type_) is Annotated:
        return _numbers(get_args(type_)[0])
    return type_ in (int, float) or any(_numbers(part) for part in get_args(type_) if isinstance(part, type))


def _missing(file: str, key: str, type_: Any, inner: type[Struct] | None) -> Problem:
    if inner is None:
        return Problem(file, key, expected_of(type_), "nothing", f"Add: {example_line(key, type_)}")
    types = get_type_hints(inner, include_extras=True)
    lines = [
        f"{info.name} = {toml((meta_of(types[info.name], 'examples') or ['…'])[0])}"
        for info in msgspec.structs.fields(inner)
        if info.required
    ]
    return Problem(file, key, f"a section [{key}]", "nothing", f"Add: [{key}] with " + ", ".join(lines))


def _unknown(file: str, key: str, name: str, known: list[str]) -> Problem:
    near = get_close_matches(name, known, 1, 0.6)
    expected = f"{near[0]!r}" if near else "one of " + ", ".join(known)
    remedy = f"Rename it to {near[0]}." if near else "Remove it, or see docs/reference/configuration.md."
    return Problem(file, key, expected, "a key that is not known", remedy)
