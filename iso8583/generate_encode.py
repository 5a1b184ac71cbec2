"""Straight-line encoders for dialects without packed digits; those with them are in ``generate_pack``.

A template that the lengths choose puts all values in place. A value of fixed length is padded to its width by the
template: if one is too long the text is too long, and if one is too short what goes in is too short.
"""

from __future__ import annotations

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


def line_encoder(index: int, shape: list[Field], declaration: Declaration) -> list[str]:
    """Function from MTI and elements to bytes; raises anything where they are not plainly right."""
    wire = declaration.wire
    codec = "cp037" if wire.text == "ebcdic" else "ascii"
    hexed = sum(1 << (64 - item.number) for item in shape).to_bytes(8, "big")
    bitmap = hexed if wire.bitmap == "raw" else hexed.hex().upper().encode(codec)
    lines: list[list[str]] = [[]]
    values: list[list[str]] = [[]]
    keyed: list[str] = []
    parts: list[tuple[str, int]] = []
    digits: list[str] = []
    text: list[str] = []
    alphanumeric: list[str] = []
    for item in shape:
        name = f"f{item.number}"
        binary = item.content in ("b", "tlv")
        varies = binary or item.prefix_digits > 0
        if varies:
            keyed.append(f"len({name})")
        raw = item.coding == "raw"
        scale = 0 if raw else 2 if item.coding.startswith("hex") else 1
        number = 0 if item.content in ("n", "z") else 1
        counted = None if binary else number
        lines[-1].append(f"({int(varies)}, {item.prefix_digits}, {item.maximum}, {scale}, {counted})")
        if raw:
            _end(lines, values, parts)
            parts.append((name, -1))
            continue
        values[-1].append(f"{name}.hex().upper()" if binary else name)
        if item.content in ("n", "z"):
            digits.append(f"{name}.replace('=', '0')" if item.content == "z" else name)
        elif not binary:
            text.append(name)
            if item.content == "an":
                alphanumeric.append(name)
    _end(lines, values, parts)
    rows = "".join(f"        ({''.join(f'{row}, ' for row in line)}),\n" for line in lines if line)
    return [
        f"_TEMPLATES_{index} = _Templates(",
        f"    {bitmap!r},",
        f"    (\n{rows}    ),",
        ")",
        "",
        "",
        f"def _to_{index}(mti, m):",
        f"    {', '.join(f'f{item.number}' for item in shape)}, = m.values()",
        *_body(index, keyed, parts, values, (digits, text, alphanumeric), codec),
        "",
        "",
    ]


def _end(lines: list[list[str]], values: list[list[str]], parts: list[tuple[str, int]]) -> None:
    """A raw value ends a line of text."""
    if any(", 0, " not in row or not row.endswith("0, None)") for row in lines[-1]) or values[-1]:
        parts.append(("", len(values) - 1))
    lines.append([])
    values.append([])


def _body(
    index: int,
    keyed: list[str],
    parts: list[tuple[str, int]],
    values: list[list[str]],
    checked: tuple[list[str], list[str], list[str]],
    codec: str,
) -> list[str]:
    digits, text, alphanumeric = checked
    templates = [line for name, line in parts if not name]
    known = "".join(f"r{line}, k{line}, " for line in templates)
    body = [
        f"    head, {known}kd, ks = _TEMPLATES_{index}[mti, {', '.join(keyed)}]"
        if keyed
        else f"    head, {known}kd, ks = _TEMPLATES_{index}[mti,]"
    ]
    body += [
        f"    t{line} = r{line} % {arguments(values[line])}" if values[line] else f"    t{line} = r{line}"
        for line in templates
    ]
    tests = [f"len(t{line}) != k{line}" for line in templates]
    if digits:
        # Joined for the tests: join takes texts only, % takes anything.
        body.append(f"    d = ''.join({arguments(digits)})")
        tests += ["len(d) != kd", "not d.isdecimal()"]
    if text:
        # isprintable is a method of texts alone: bytes would go through % and the other tests.
        body.append(f"    s = {' + '.join(text)}")
        tests += ["len(s) != ks", "not s.isprintable()"]
        if codec != "ascii":
            tests.append("not s.isascii()")
        if alphanumeric:
            tests.append(f"not s.isalnum() and not {total(alphanumeric)}.replace(' ', '').isalnum()")
    body += [f"    if {' or '.join(tests)}:", f"        {RAISE}"]
    written = [name or f"t{line}.encode('{codec}')" for name, line in parts]
    return [*body, f"    return b''.join((head, {', '.join(written)}))"]


def arguments(names: list[str]) -> str:
    """The right side of %: always a tuple, so that no value is one."""
    return f"({', '.join(names)},)"


def total(names: list[str]) -> str:
    """Texts joined, as something that a method can be called on."""
    return names[0] if len(names) == 1 else f"({' + '.join(names)})"
