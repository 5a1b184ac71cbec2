"""Straight-line encoders for dialects without packed digits; those with them are in ``generate_pack``.

A template that the lengths choose puts all values in place. A value of fixed length is padded to its width by the
template: if one is too long the text is too long, and if one is too short what goes in is too short.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from iso8583.declaration import Declaration, Field
from iso8583.generate_lengths import RAISE

__all__ = ["LINE_TEMPLATES", "arguments", "line_encoder", "total"]

LINE_TEMPLATES = """\
# Templates by a message's MTI and the lengths that vary in it. A terminal knows few; the number kept is bounded.
_TEMPLATES_MAX = 64


class _Templates(dict):
    __slots__ = ('bitmap', 'lines')

    def __init__(self, bitmap, lines):
        self.bitmap = bitmap
        self.lines = lines

    def __missing__(self, key):
        mti, *lengths = key
        if len(mti) != 4 or not mti.isdecimal():
            raise ValueError
        lengths = iter(lengths)
        found = [HEAD]
        totals = [0, 0]
        # A row: whether its length is in the key, digits of the prefix, bound, characters a unit, and which total
        # it belongs to: 0 digits, 1 text, None neither.
        for line in self.lines:
            text = ''
            size = 0
            for keyed, prefix, maximum, scale, total in line:
                n = next(lengths) if keyed else maximum
                if n > maximum or keyed and not prefix and n != maximum:
                    raise ValueError
                size += prefix + n * scale
                if prefix:
                    text += f'{n:0{prefix}d}'
                if scale:
                    text += '%s' if keyed else f'%{n}s'
                if total is not None:
                    totals[total] += n
            if text:
                found += [text, size]
        if len(self) >= _TEMPLATES_MAX:
            self.clear()
        found = self[key] = (*found, *totals)
        return found
"""


@dataclass
class _Line:
    """Text between raw values: rows of the template's table, and the values that the template takes."""

    rows: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    has_prefix: bool = False


class _Encoder:
    """Walks a shape and notes what stands in which line, and what is tested together."""

    def __init__(self, shape: list[Field]) -> None:
        self.lines = [_Line()]
        self.parts: list[str] = []
        """Names of raw values, and numbers of lines in braces, in their order."""
        self.keyed: list[str] = []
        self.digits: list[str] = []
        self.text: list[str] = []
        self.alphanumeric: list[str] = []
        for item in shape:
            self._element(item)
        self._end_line()

    def _element(self, item: Field) -> None:
        name, line = f"f{item.number}", self.lines[-1]
        binary, raw = item.content in ("b", "tlv"), item.coding == "raw"
        varies = binary or item.prefix_digits > 0
        if varies:
            self.keyed.append(f"len({name})")
        scale = 0 if raw else 2 if binary else 1
        counted = None if binary else 0 if item.content in ("n", "z") else 1
        line.rows.append(f"({int(varies)}, {item.prefix_digits}, {item.maximum}, {scale}, {counted})")
        line.has_prefix = line.has_prefix or item.prefix_digits > 0
        if raw:
            self._end_line()
            self.parts.append(name)
            return
        line.values.append(f"{name}.hex().upper()" if binary else name)
        if item.content in ("n", "z"):
            self.digits.append(f"{name}.replace('=', '0')" if item.content == "z" else name)
        elif not binary:
            self.text.append(name)
            if item.content == "an":
                self.alphanumeric.append(name)

    def _end_line(self) -> None:
        if self.lines[-1].values or self.lines[-1].has_prefix:  # as the helper decides: whether there is text
            self.parts.append(f"{{{len(self.lines) - 1}}}")
        self.lines.append(_Line())


def line_encoder(index: int, shape: list[Field], declaration: Declaration) -> list[str]:
    """Function from MTI and elements to bytes; raises anything where they are not plainly right."""
    wire = declaration.wire
    codec = "cp037" if wire.text == "ebcdic" else "ascii"
    bits = sum(1 << (64 - item.number) for item in shape).to_bytes(8, "big")
    bitmap = bits if wire.bitmap == "raw" else bits.hex().upper().encode(codec)
    found = _Encoder(shape)
    rows = "".join(f"        ({''.join(f'{row}, ' for row in line.rows)}),\n" for line in found.lines if line.rows)
    return [
        f"_TEMPLATES_{index} = _Templates(",
        f"    {bitmap!r},",
        f"    (\n{rows}    ),",
        ")",
        "",
        "",
        f"def _to_{index}(mti, m):",
        f"    {', '.join(f'f{item.number}' for item in shape)}, = m.values()",
        *_body(index, found, codec),
        "",
        "",
    ]


def _body(index: int, found: _Encoder, codec: str) -> list[str]:
    numbers = [int(part[1:-1]) for part in found.parts if part.startswith("{")]
    known = "".join(f"r{number}, k{number}, " for number in numbers)
    body = [f"    head, {known}kd, ks = _TEMPLATES_{index}[{', '.join(['mti', *found.keyed])},]"]
    for number in numbers:
        values = found.lines[number].values
        body.append(f"    t{number} = r{number}" + (f" % {arguments(values)}" if values else ""))
    tests = [f"len(t{number}) != k{number}" for number in numbers]
    if found.digits:
        # Joined for the tests: join takes texts only, % takes anything.
        body.append(f"    d = ''.join({arguments(found.digits)})")
        tests += ["len(d) != kd", "not d.isdecimal()"]
    if found.text:
        # isprintable is a method of texts alone: bytes would go through % and the other tests.
        body.append(f"    s = {' + '.join(found.text)}")
        tests += ["len(s) != ks", "not s.isprintable()"]
        if codec != "ascii":
            tests.append("not s.isascii()")
        if found.alphanumeric:
            tests.append(f"not s.isalnum() and not {total(found.alphanumeric)}.replace(' ', '').isalnum()")
    if tests:
        body += [f"    if {' or '.join(tests)}:", f"        {RAISE}"]
    written = [f"t{part[1:-1]}.encode('{codec}')" if part.startswith("{") else part for part in found.parts]
    return [*body, f"    return b''.join((head, {', '.join(written)}))"]


def arguments(names: list[str]) -> str:
    """The right side of %: always a tuple, so that no value is one."""
    return f"({', '.join(names)},)"


def total(names: list[str]) -> str:
    """Texts joined, as something that a method can be called on."""
    return names[0] if len(names) == 1 else f"({' + '.join(names)})"
