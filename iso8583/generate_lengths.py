"""How generated code reads a length: a table by what stands on the wire, with nothing in it that is too long."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from iso8583.declaration import Field

__all__ = ["RAISE", "has_table", "length_expression", "length_tables", "raw_length", "size_expression"]

RAISE = "raise ValueError"


def has_table(field: Field) -> bool:
    """Whether the length is read by a table; what counts bytes or is binary is computed."""
    return field.prefix_coding != "binary" and not field.counts_bytes


def length_tables(fields: Iterable[Field], *, sizes: bool) -> list[str]:
    """The tables that these fields need; ``sizes`` also of the bytes that so many packed digits take."""
    lines = {}
    for field in fields:
        if field.prefix_digits and has_table(field):
            name = _name(field)
            lines[name] = f"{name} = {_table(field)}"
            if sizes and field.coding == "bcd" and field.prefix_bytes == 1:
                lines[f"{name}_BYTES"] = f"{name}_BYTES = tuple(n + 1 >> 1 for n in {name})"
            elif sizes and field.coding == "bcd":
                lines[f"{name}_BYTES"] = f"{name}_BYTES = {{key: n + 1 >> 1 for key, n in {name}.items()}}"
    return [lines[name] for name in sorted(lines)]


def length_expression(field: Field, at: Callable[[int], str]) -> str:
    """Expression for the length that stands ``at`` an offset; raises, or is far too large, when it is none."""
    if field.prefix_coding == "bcd":
        return f"{_name(field)}[b[{at(0)}]]" if field.prefix_bytes == 1 else f"{_name(field)}[b[{_piece(field, at)}]]"
    return f"{_name(field)}[t[{_piece(field, at)}]]"


def raw_length(field: Field, at: Callable[[int], str]) -> str:
    """Expression for a length as it stands on the wire: a byte, two bytes, or characters."""
    if field.prefix_coding == "bcd":
        return f"b[{at(0)}]" if field.prefix_bytes == 1 else f"b[{_piece(field, at)}]"
    return f"t[{_piece(field, at)}]"


def size_expression(field: Field, raw: str) -> str:
    """Expression for the bytes that a value of such a length takes; raises, or is far too large, when it is none."""
    if field.coding == "bcd":
        return f"{_name(field)}_BYTES[{raw}]"
    return f"{_name(field)}[{raw}]" + (" * 2" if field.coding.startswith("hex") else "")


def _piece(field: Field, at: Callable[[int], str]) -> str:
    return f"{at(0)}:{at(field.prefix_bytes)}"


def _name(field: Field) -> str:
    return f"_{'L' * field.prefix_digits}_{field.maximum}"


def _table(field: Field) -> str:
    lengths = f"for n in range({field.maximum + 1})"
    if field.prefix_coding != "bcd":
        return f"{{f'{{n:0{field.prefix_digits}d}}': n {lengths}}}"
    if field.prefix_bytes == 1:
        return f"tuple(n if n <= {field.maximum} else 1 << 20 for n in _BCD)"
    return f"{{unhexlify(f'{{n:0{2 * field.prefix_bytes}d}}'): n {lengths}}}"
