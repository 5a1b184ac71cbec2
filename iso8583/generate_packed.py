"""Straight-line functions for dialects on packed digits with a raw bitmap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from iso8583.declaration import Declaration, Field
from iso8583.elements import LEFT
from iso8583.generate_text import (
    LENGTH_ONLY,
    PAD_LEFT,
    PAD_RIGHT,
    PLAIN,
    RAISE,
    Cuts,
    in_brackets,
    joined,
    merged,
    not_alphanumeric,
    unpack,
)

__all__ = ["length_table", "packed_decoder", "packed_encoder", "packed_length"]

HEAD_BYTES = 10
"""MTI and one bitmap."""


def length_table(field: Field) -> str | None:
    """Name of the table that reads a length of one packed byte and makes too much of one that is too long."""
    packed = field.prefix_coding == "bcd" and field.prefix_bytes == 1
    return f"_BCD_{field.maximum}" if packed and not field.counts_bytes else None


def packed_length(field: Field, name: str, at: Callable[[int], str]) -> list[str]:
    """Lines that read a packed length and raise, now or at the next byte, when it is too long."""
    table = length_table(field)
    if table:
        return [f"{name} = {table}[b[{at(0)}]]"]
    size = field.prefix_bytes
    terms = [f"_BCD[b[{at(i)}]]" + (f" * {100 ** (size - 1 - i)}" if i < size - 1 else "") for i in range(size)]
    return [f"{name} = {' + '.join(terms)}", f"if {name} > {field.maximum}:", f"    {RAISE}"]


@dataclass
class _Run:
    """Pieces of a message that become bytes in one step."""

    kind: str
    """``digits``, ``track``, ``text``, ``latin`` or ``raw``."""
    rows: list[tuple[int, int, int | None, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)


def _packed_runs(shape: list[Field]) -> list[_Run]:
    runs: list[_Run] = [_Run("digits")]

    def run(kind: str) -> _Run:
        if runs[-1].kind != kind:
            runs.append(_Run(kind))
        return runs[-1]

    for index, item in enumerate(shape):
        prefix = 2 * item.prefix_bytes
        name = f"f{item.number}"
        pad = (PAD_LEFT if item.pad == LEFT else PAD_RIGHT) if prefix or item.maximum % 2 else PLAIN
        if item.content == "n":
            target = run("digits")
            target.rows.append((index, prefix, item.maximum, pad))
            target.names.append(name)
            continue
        # Of everything else the length belongs to the digits before it.
        if prefix:
            run("digits").rows.append((index, prefix, item.maximum, LENGTH_ONLY))
        kind = {"z": "track", "b": "raw", "tlv": "raw"}.get(
            item.content, "latin" if item.coding == "latin-1" else "text"
        )
        target = run(kind)
        if not prefix:
            target.rows.append((index, 0, item.maximum, LENGTH_ONLY))
        elif kind == "track":
            target.rows.append((index, 0, None, pad))  # its length is tested with its prefix
        target.names.append(name)
        if item.content == "an":
            target.checks.append(name)
    return runs if runs[0].rows or runs[0].names else runs[1:]


def packed_encoder(index: int, shape: list[Field], bitmap: int, separator: str) -> list[str]:
    """Function from MTI and elements to bytes; raises anything where they are not plainly right."""
    runs = _packed_runs(shape)
    rows = [run.rows for run in runs]
    lines = [f"_TEMPLATES_{index} = _Templates({bitmap.to_bytes(8, 'big')!r}, ({_constant(rows)},))", "", ""]
    lines += [f"def _to_{index}(mti, m):", f"    {unpack(shape)}"]
    names = [f"r{i}" for i in range(len(runs))]
    lines.append(f"    (head, {', '.join(names)},) = _TEMPLATES_{index}[(mti, *map(len, m.values()))]")
    parts: list[str] = []
    digits: list[str] = []
    tests: list[str] = []
    packed: list[str] = []

    def close() -> None:
        if packed:
            parts.append(f"unhexlify({joined(packed)})")
            packed.clear()

    for number, run in enumerate(runs):
        if run.kind in ("digits", "track"):
            variable = f"x{number}"
            if run.kind == "track" and separator != "D":  # the dialect's own separator takes the fast path
                lines.append(f"    {run.names[0]} = {run.names[0]}.replace('{separator}', 'D')")
            if run.names:
                arguments = run.names[0] if len(run.names) == 1 else f"({', '.join(run.names)})"
                lines.append(f"    {variable} = r{number} % {arguments}")
            else:
                variable = f"r{number}"
            if run.kind == "digits":
                if run.names:
                    digits.append(variable)
            else:
                tests.append(f"not ({run.names[0]}.isupper() or {run.names[0]}.isdecimal())")
            packed.append(variable)
            continue
        close()
        if run.kind == "raw":
            parts += run.names
        elif run.kind == "latin":
            parts.append(f"{in_brackets(run.names)}.encode('latin-1')")
        else:
            lines.append(f"    s{number} = {joined(run.names)}")
            parts.append(f"s{number}.encode('ascii')")
            if len(run.checks) == len(run.names):
                tests.append(not_alphanumeric(f"s{number}"))
            else:
                tests.append(f"not s{number}.isprintable()")
                if run.checks:
                    tests.append(not_alphanumeric(joined(run.checks)))
    close()
    if digits:
        tests.insert(0, f"not {in_brackets(digits)}.isdecimal()")
    lines += [f"    if {' or '.join(tests)}:", f"        {RAISE}"]
    return [*lines, f"    return b''.join((head, {', '.join(parts)}))", "", ""]


def _constant(rows: list[list[tuple[int, int, int | None, int]]]) -> str:
    """The runs as a literal: index of the value, digits of its prefix, bound (None: tested before), pad."""
    return ", ".join(f"({''.join(f'({i}, {p}, {m}, {k}), ' for i, p, m, k in run)})" for run in rows)


def packed_decoder(index: int, shape: list[Field], declaration: Declaration) -> list[str]:
    """Function from bytes to MTI and elements; raises anything where they are not plainly right."""
    return _Decoder(shape, declaration.wire.separator).source(index)


class _Decoder:
    """Walks a shape and writes down what is cut where, and what is tested."""

    def __init__(self, shape: list[Field], separator: str) -> None:
        self._shape = shape
        self._separator = separator
        self._lines: list[str] = []
        self._entries: list[str] = []
        self._digit_runs = ["mti"]
        self._tests: list[str] = []
        # Bytes: the end of the last variable element, and a constant behind it.
        self._base, self._offset = "", HEAD_BYTES
        self._run_start: str | None = None
        self._digits = Cuts("h", "d")
        self._text = Cuts("t", "t")
        self._text_start = ""
        self._alnum: list[tuple[int, int]] = []

    def source(self, index: int) -> list[str]:
        for item in self._shape:
            fixed_text = item.content in ("an", "ans") and item.coding == "ascii" and not item.prefix_digits
            fixed_digits = item.content == "n" and not item.prefix_digits
            if not fixed_text:
                self._end_text()
            if not fixed_digits:
                self._end_digits()
            if item.prefix_digits:
                self._variable(item)
            elif fixed_digits:
                self._fixed_digits(item)
            elif fixed_text:
                self._fixed_text(item)
            else:
                self._end_run()
                size = item.wire_bytes(item.maximum)
                self._entries.append(f"{item.number}: b[{self._at()}:{self._at(size)}]")
                self._offset += size
        self._end_digits()
        self._end_run()
        self._end_text()
        tests = [f"not ({joined(self._digit_runs)}).isdecimal()", *self._tests, f"len(b) != {self._at()}"]
        return [
            f"def _from_{index}(b):",
            "    h = b.hex()",
            "    mti = h[:4]",
            *self._lines,
            f"    if {' or '.join(tests)}:",
            f"        {RAISE}",
            f"    return mti, {{{', '.join(self._entries)}}}",
            "",
            "",
        ]

    def _at(self, extra: int = 0) -> str:
        place = self._offset + extra
        return f"{self._base} + {place}" if self._base and place else self._base or str(place)

    def _hexed(self) -> str:
        place = 2 * self._offset
        if not self._base:
            return str(place)
        return f"{self._base} * 2 + {place}" if place else f"{self._base} * 2"

    def _end_run(self) -> None:
        if self._run_start is not None:
            self._digit_runs.append(f"h[{self._run_start}:{self._hexed()}]")
            self._run_start = None

    def _end_digits(self) -> None:
        self._lines += self._digits.flush(self._entries, self._hexed())

    def _end_text(self) -> None:
        if not self._text:
            return
        name = self._text.name
        self._lines.append(f"    {name} = b[{self._text_start}:{self._at()}].decode('ascii')")
        pieces = [f"{name}[{first}:{last}]" for first, last in merged(self._alnum)]
        if self._alnum and merged(self._alnum) == [self._text.whole]:
            self._tests.append(not_alphanumeric(name))
        else:
            self._tests.append(f"not {name}.isprintable()")
            if pieces:
                self._tests.append(not_alphanumeric(joined(pieces)))
        self._text.close(self._entries)
        self._alnum.clear()

    def _fixed_digits(self, item: Field) -> None:
        if self._run_start is None:
            self._run_start = self._hexed()
        skip = 1 if item.maximum % 2 and item.pad == LEFT else 0
        size = item.wire_bytes(item.maximum)
        self._digits.add(item.number, self._hexed(), 2 * size, skip, skip + item.maximum)
        self._offset += size

    def _fixed_text(self, item: Field) -> None:
        self._end_run()
        if not self._text:
            self._text_start = self._at()
        first = self._text.whole[1]
        self._text.add(item.number, "", item.maximum, 0, item.maximum)
        if item.content == "an":
            self._alnum.append((first, first + item.maximum))
        self._offset += item.maximum

    def _variable(self, item: Field) -> None:
        number, size = item.number, item.prefix_bytes
        self._lines += [f"    {line}" for line in packed_length(item, f"n{number}", self._at)]
        if item.content != "n":
            self._end_run()
        elif self._run_start is None:
            self._run_start = self._hexed()
        self._offset += size
        start, end = self._at(), f"p{number}"
        count = f"(n{number} + 1 >> 1)" if item.coding == "bcd" else f"n{number}"
        if item.coding == "bcd":
            self._lines.append(f"    q{number} = {self._hexed()}")
            piece = f"h[q{number}:q{number} + n{number}]"
        else:
            piece = f"b[{start}:{end}]"
        self._lines.append(f"    {end} = {start} + {count}")
        if item.content == "z":
            piece += ".upper()" + (f".replace('D', '{self._separator}')" if self._separator != "D" else "")
        elif item.coding == "latin-1":
            piece += ".decode('latin-1')"
        elif item.content in ("an", "ans"):
            self._lines.append(f"    v{number} = {piece}.decode('ascii')")
            piece = f"v{number}"
            self._tests.append(f"not {piece}.isprintable()")
            if item.content == "an":
                self._tests.append(not_alphanumeric(piece))
        self._entries.append(f"{number}: {piece}")
        self._base, self._offset = end, 0
