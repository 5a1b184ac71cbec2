"""Straight-line encoders for dialects on packed digits.

All digits and lengths of a message become one text and are packed once; the bytes are then cut where other values
stand between them. A value of fixed length is padded to its width by the template: if one is too long the text is too
long, and if one is too short what goes in is too short.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from iso8583.declaration import Declaration, Field
from iso8583.elements import LEFT
from iso8583.generate_encode import arguments, total
from iso8583.generate_lengths import RAISE

__all__ = ["PACKED_TEMPLATES", "packed_encoder"]

PACKED_TEMPLATES = """\
# Templates by a message's MTI and the lengths that vary in it. A terminal knows few; the number kept is bounded.
_TEMPLATES_MAX = 64


class _Templates(dict):
    __slots__ = ('bitmap', 'runs')

    def __init__(self, bitmap, runs):
        self.bitmap = bitmap
        self.runs = runs

    def __missing__(self, key):
        mti, *lengths = key
        if len(mti) != 4 or not mti.isdecimal():
            raise ValueError
        lengths = iter(lengths)
        digits = ''
        tracks = []
        cuts = []
        size = count = 0
        # A row: whether its length is in the key, digits of the prefix, bound, and how it stands in the text:
        # 0 not at all, 1 with a nibble before or 2 after an odd number of digits, 3 as it is.
        for kind, run in self.runs:
            start = size
            for keyed, prefix, maximum, form in run:
                if kind == 'track':  # of the length that was just written
                    tracks.append('%s' if not n & 1 else 'PAD%s' if form == 1 else '%sPAD')
                    continue
                n = next(lengths) if keyed else maximum
                if n > maximum or keyed and not prefix and n != maximum:
                    raise ValueError
                if prefix:
                    digits += f'{n:0{prefix}d}'
                    size += prefix
                if form:
                    value = '%s' if keyed else f'%{n}s'
                    odd = n & 1 and form < 3
                    digits += 'PAD' + value if odd and form == 1 else value + 'PAD' if odd else value
                    size += n + odd
                    count += n
            if kind == 'digits':
                cuts.append(slice(start // 2, size // 2))
        if len(self) >= _TEMPLATES_MAX:
            self.clear()
        found = self[key] = (unhexlify(mti) + self.bitmap, digits, size, count, *cuts, *tracks)
        return found
"""
NOTHING, PAD_LEFT, PAD_RIGHT, PLAIN = 0, 1, 2, 3


@dataclass
class _Run:
    """Elements that become bytes in one step."""

    kind: str
    """``digits`` and ``track`` are packed, ``text`` and ``latin`` encoded, ``raw`` is bytes already."""
    rows: list[str] = field(default_factory=list)
    items: list[Field] = field(default_factory=list)


def _runs(shape: list[Field]) -> list[_Run]:
    runs: list[_Run] = []

    def run(kind: str) -> _Run:
        if not runs or runs[-1].kind != kind or kind == "track":
            runs.append(_Run(kind))
        return runs[-1]

    for item in shape:
        prefix = 2 * item.prefix_bytes
        kind = _kind(item)
        side = PAD_LEFT if item.pad == LEFT else PAD_RIGHT
        if kind == "digits":
            form = side if prefix or item.maximum % 2 else PLAIN
            run(kind).rows.append(f"({int(prefix > 0)}, {prefix}, {item.maximum}, {form})")
        elif kind == "track":
            run("digits").rows.append(f"(1, {prefix}, {item.maximum}, {NOTHING})")
            run(kind).rows.append(f"(0, 0, 0, {side})")
        elif prefix:
            run("digits").rows.append(f"(1, {prefix}, {item.maximum}, {NOTHING})")
        else:
            run(kind).rows.append(f"(1, 0, {item.maximum}, {NOTHING})")
        (runs[-1] if kind == "track" else run(kind)).items.append(item)
    return runs


def _kind(item: Field) -> str:
    if item.coding == "bcd":
        return "track" if item.content == "z" else "digits"
    return {"raw": "raw", "latin-1": "latin"}.get(item.coding, "text")


def packed_encoder(index: int, shape: list[Field], declaration: Declaration) -> list[str]:
    """Function from MTI and elements to bytes; raises anything where they are not plainly right."""
    runs = _runs(shape)
    bitmap = sum(1 << (64 - item.number) for item in shape).to_bytes(8, "big")
    keyed = [f"len(f{item.number})" for item in shape if item.coding != "bcd" or item.prefix_digits]
    rows = [f"        ({run.kind!r}, ({''.join(f'{row}, ' for row in run.rows)}))," for run in runs]
    return [
        f"_TEMPLATES_{index} = _Templates(",
        f"    {bitmap!r},",
        "    (",
        *rows,
        "    ),",
        ")",
        "",
        "",
        f"def _to_{index}(mti, m):",
        f"    {', '.join(f'f{item.number}' for item in shape)}, = m.values()",
        *_body(index, runs, keyed, declaration.wire.separator),
        "",
        "",
    ]


def _body(index: int, runs: list[_Run], keyed: list[str], separator: str) -> list[str]:
    cuts = [f"c{number}" for number, run in enumerate(runs) if run.kind == "digits"]
    tracks = [f"r{number}" for number, run in enumerate(runs) if run.kind == "track"]
    known = ", ".join(["head", "r", "k", "kd", *cuts, *tracks])
    body = [f"    {known} = _TEMPLATES_{index}[mti, {', '.join(keyed)}]"]
    digits = [f"f{item.number}" for run in runs if run.kind == "digits" for item in run.items]
    tests: list[str] = []
    parts: list[str] = []
    texts: list[str] = []
    alphanumeric: list[str] = []
    packed = "y" if len(cuts) > 1 else "unhexlify(x)"
    for number, run in enumerate(runs):
        names = [f"f{item.number}" for item in run.items]
        if run.kind == "digits":
            parts.append(f"{packed}[c{number}]" if len(cuts) > 1 else packed)
        elif run.kind == "track":
            track = names[0]
            if separator != "D":  # the dialect's own separator takes the fast path
                body.append(f"    {track} = {track}.replace('{separator}', 'D')")
            tests.append(f"not ({track}.isupper() or {track}.isdecimal())")
            parts.append(f"unhexlify(r{number} % {track})")
        elif run.kind == "raw":
            parts += names
        elif run.kind == "latin":
            parts.append(f"{total(names)}.encode('latin-1')")
        else:
            text = names[0] if len(names) == 1 else f"s{number}"
            if len(names) > 1:
                body.append(f"    {text} = {' + '.join(names)}")
            texts.append(text)
            alphanumeric += [f"f{item.number}" for item in run.items if item.content == "an"]
            parts.append(f"{text}.encode('ascii')")
    if digits:
        # Joined for the tests: join takes texts only, % takes anything.
        body.append(f"    d = ''.join({arguments(digits)})")
        body.append(f"    x = r % {arguments(digits)}")
        tests = ["not d.isdecimal()", "len(d) != kd", "len(x) != k", *tests]
    elif cuts:
        body.append("    x = r")
    if len(cuts) > 1:
        body.append("    y = unhexlify(x)")  # raises for digits of other scripts
    if texts:
        rest = [f"not {total(texts)}.isprintable()"]
        if alphanumeric:
            rest.append(f"not {total(alphanumeric)}.replace(' ', '').isalnum()")
        tests.append(f"not {total(texts)}.isalnum() and ({' or '.join(rest)})")
    if tests:
        body += [f"    if {' or '.join(tests)}:", f"        {RAISE}"]
    return [*body, f"    return b''.join((head, {', '.join(parts)}))"]
