"""Straight-line functions for declared shapes: the fast path of the generated codecs.

What makes it fast (facts/iso8583-peers.md §3): one unpacking of all values, a template cached by
the values' lengths, one conversion for a whole run of digits, constant offsets between
variable elements, one digit test a run, one length test at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from iso8583.declaration import Declaration, Field
from iso8583.elements import LEFT

__all__ = ["shape_source"]

_RAISE = "raise ValueError"
_HELPERS = """\
# Templates by the lengths of a message's values; a terminal knows few, and the number is bounded.
_TEMPLATES_MAX = 256


def _templates(cache, runs, lengths):
    found = []
    for run in runs:
        text = ''
        for index, prefix, maximum, kind in run:
            n = lengths[index]
            if maximum is not None and (n > maximum or not prefix and n != maximum):
                raise ValueError
            if prefix:
                text += f'{n:0{prefix}d}'
            if kind == 1:
                text += '0%s' if n & 1 else '%s'
            elif kind == 2:
                text += '%s0' if n & 1 else '%s'
            elif kind == 3:
                text += '%s'
        found.append(text)
    found = tuple(found)
    if len(cache) < _TEMPLATES_MAX:
        cache[lengths] = found
    return found


_heads = {}


def _head(mti, bitmap):
    if len(mti) != 4 or not mti.isdecimal():
        raise ValueError
    head = unhexlify(mti) + bitmap
    if len(_heads) < _TEMPLATES_MAX:
        _heads[mti, bitmap] = head
    return head
"""
_LENGTH_ONLY, _LEFT, _RIGHT, _PLAIN = 0, 1, 2, 3


def shape_source(declaration: Declaration) -> list[str]:
    """Functions and dispatch tables; without shapes only the plain entry points."""
    wire = declaration.wire
    packed = wire.digits == "bcd" and wire.lengths == "bcd" and wire.bitmap == "raw"
    plain = wire.digits == "ascii" and wire.lengths == "ascii" and wire.text == "ascii" and wire.bitmap == "hex"
    if not declaration.shapes or not (packed or plain):
        return ["encode = encode_any", "decode = decode_any"]
    fields = declaration.fields()
    lines = [*_HELPERS.splitlines(), "", ""]
    encoders, decoders = [], []
    for index, numbers in enumerate(declaration.shapes):
        shape = [fields[number] for number in numbers]
        bitmap = sum(1 << (64 - number) for number in numbers)
        if packed:
            lines += _packed_encoder(index, shape, bitmap) + _packed_decoder(index, shape, declaration)
            decoders.append(f"    {bitmap.to_bytes(8, 'big')!r}: _from_{index},")
        else:
            lines += _plain_encoder(index, shape, bitmap) + _plain_decoder(index, shape)
            decoders.append(f"    {f'{bitmap:016X}'.encode()!r}: _from_{index},")
        encoders.append(f"    {numbers!r}: _to_{index},")
    start = "2:10" if packed else "4:20"
    return [
        *lines,
        "_TO = {",
        *encoders,
        "}",
        "_FROM = {",
        *decoders,
        "}",
        "",
        "",
        "def encode(mti, m):",
        '    """Bytes of a message."""',
        "    return _TO.get((*m,), encode_any)(mti, m)",
        "",
        "",
        "def decode(b):",
        '    """MTI and elements of bytes."""',
        f"    return _FROM.get(b[{start}], decode_any)(b)",
    ]


@dataclass
class _Run:
    """Pieces of a message that become bytes in one step."""

    kind: str
    """``digits``, ``track``, ``text``, ``latin`` or ``raw``."""
    rows: list[tuple[int, int, int | None, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)


def _unpack(shape: list[Field]) -> str:
    return f"({', '.join(f'f{item.number}' for item in shape)},) = m.values()"


def _packed_runs(shape: list[Field]) -> list[_Run]:
    runs: list[_Run] = [_Run("digits")]

    def run(kind: str) -> _Run:
        if runs[-1].kind != kind:
            runs.append(_Run(kind))
        return runs[-1]

    for index, item in enumerate(shape):
        prefix = 2 * item.prefix_bytes
        name = f"f{item.number}"
        pad = (_LEFT if item.pad == LEFT else _RIGHT) if prefix or item.maximum % 2 else _PLAIN
        if item.content == "n":
            target = run("digits")
            target.rows.append((index, prefix, item.maximum, pad))
            target.names.append(name)
            continue
        # Of everything else the length belongs to the digits before it.
        if prefix:
            run("digits").rows.append((index, prefix, item.maximum, _LENGTH_ONLY))
        kind = {"z": "track", "b": "raw", "tlv": "raw"}.get(
            item.content, "latin" if item.coding == "latin-1" else "text"
        )
        target = run(kind)
        if not prefix:
            target.rows.append((index, 0, item.maximum, _LENGTH_ONLY))
        elif kind == "track":
            target.rows.append((index, 0, None, pad))  # its length is tested with its prefix
        target.names.append(name)
        if item.content == "an":
            target.checks.append(name)
    return runs if runs[0].rows or runs[0].names else runs[1:]


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else " + ".join(names)


def _packed_encoder(index: int, shape: list[Field], bitmap: int) -> list[str]:
    runs = _packed_runs(shape)
    rows = [run.rows for run in runs]
    lines = [f"_BITMAP_{index} = {bitmap.to_bytes(8, 'big')!r}"]
    lines += [f"_RUNS_{index} = ({_constant(rows)},)", f"_CACHE_{index} = {{}}", "", ""]
    lines += [f"def _to_{index}(mti, m):", f"    {_unpack(shape)}", "    lengths = (*map(len, m.values()),)"]
    lines += [f"    found = _CACHE_{index}.get(lengths) or _templates(_CACHE_{index}, _RUNS_{index}, lengths)"]
    names = [f"r{i}" for i in range(len(runs))]
    lines.append(f"    ({', '.join(names)},) = found")
    parts: list[str] = []
    digits: list[str] = []
    tests: list[str] = []
    packed: list[str] = []

    def close() -> None:
        if packed:
            parts.append(f"unhexlify({_joined(packed)})")
            packed.clear()

    for number, run in enumerate(runs):
        if run.kind in ("digits", "track"):
            variable = f"x{number}"
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
            parts.append(f"({_joined(run.names)}).encode('latin-1')")
        else:
            lines.append(f"    s{number} = {_joined(run.names)}")
            parts.append(f"s{number}.encode('ascii')")
            if len(run.checks) == len(run.names):
                tests.append(f"not s{number}.replace(' ', '').isalnum()")
            else:
                tests.append(f"not s{number}.isprintable()")
                if run.checks:
                    tests.append(f"not ({_joined(run.checks)}).replace(' ', '').isalnum()")
    close()
    if digits:
        tests.insert(0, f"not ({_joined(digits)}).isdecimal()")
    lines += [f"    if {' or '.join(tests)}:", f"        {_RAISE}"]
    head = f"_heads.get((mti, _BITMAP_{index})) or _head(mti, _BITMAP_{index})"
    return [*lines, f"    return b''.join(({head}, {', '.join(parts)}))", "", ""]


def _constant(rows: list[list[tuple[int, int, int | None, int]]]) -> str:
    """The runs as a literal: index of the value, digits of its prefix, bound (None: tested before), pad."""
    return ", ".join(f"({''.join(f'({i}, {p}, {m}, {k}), ' for i, p, m, k in run)})" for run in rows)


def _packed_decoder(index: int, shape: list[Field], declaration: Declaration) -> list[str]:
    lines = [f"def _from_{index}(b):", "    h = b.hex()"]
    entries: list[str] = []
    tests = ["not h[:4].isdecimal()"]
    base, offset = "", 10  # bytes: the last variable end, and a constant behind it
    run_start: str | None = None
    text_start: str | None = None
    text_offset = 0
    count = 0
    text_checks: list[str] = []
    alnum: list[str] = []

    def at(extra: int = 0) -> str:
        place = offset + extra
        return f"{base} + {place}" if base and place else base or str(place)

    def hexed(extra: int = 0, nibbles: int = 0) -> str:
        place = 2 * (offset + extra) + nibbles
        return f"{base}2 + {place}" if base and place else f"{base}2" if base else str(place)

    def end_run() -> None:
        nonlocal run_start
        if run_start is not None:
            tests.append(f"not h[{run_start}:{hexed()}].isdecimal()")
            run_start = None

    def end_text() -> None:
        nonlocal text_start
        if text_start is not None:
            lines.append(f"    t{text_offset} = b[{text_start}:{at()}].decode('ascii')")
            if alnum and len(alnum) == len(text_checks):
                tests.append(f"not t{text_offset}.replace(' ', '').isalnum()")
            else:
                tests.append(f"not t{text_offset}.isprintable()")
                tests.extend(f"not {piece}.replace(' ', '').isalnum()" for piece in alnum)
            text_start = None
            text_checks.clear()
            alnum.clear()

    for item in shape:
        is_text = item.content in ("an", "ans") and item.coding == "ascii" and not item.prefix_digits
        if not is_text:
            end_text()
        if item.prefix_digits:
            size = item.prefix_bytes
            terms = [f"_BCD[b[{at(i)}]]" + (f" * {100 ** (size - 1 - i)}" if i < size - 1 else "") for i in range(size)]
            lines.append(f"    n{item.number} = {' + '.join(terms)}")
            lines += [f"    if n{item.number} > {item.maximum}:", f"        {_RAISE}"]
            if run_start is None and item.content == "n":
                run_start = hexed()
            if item.content != "n":
                end_run()
            offset += size
            start_hex, start = hexed(), at()
            n = f"n{item.number}"
            count += 1
            size_bytes = f"({n} + 1 >> 1)" if item.coding == "bcd" else n
            end = f"p{count}"
            lines.append(f"    {end} = {start} + {size_bytes}")
            if item.content == "n":
                entries.append(f"{item.number}: h[{start_hex}:{start_hex} + {n}]")
            elif item.content == "z":
                separator = declaration.wire.separator
                swap = f".replace('D', '{separator}')" if separator != "D" else ""
                entries.append(f"{item.number}: h[{start_hex}:{start_hex} + {n}].upper(){swap}")
            elif item.content in ("b", "tlv"):
                entries.append(f"{item.number}: b[{start}:{end}]")
            elif item.coding == "latin-1":
                entries.append(f"{item.number}: b[{start}:{end}].decode('latin-1')")
            else:
                lines.append(f"    v{item.number} = b[{start}:{end}].decode('ascii')")
                tests.append(f"not v{item.number}.isprintable()")
                if item.content == "an":
                    tests.append(f"not v{item.number}.replace(' ', '').isalnum()")
                entries.append(f"{item.number}: v{item.number}")
            lines.append(f"    {end}2 = {end} * 2")
            base, offset = end, 0
            continue
        size = item.wire_bytes(item.maximum)
        if item.content == "n":
            if run_start is None:
                run_start = hexed()
            odd = item.maximum % 2
            skip = 1 if odd and item.pad == LEFT else 0
            entries.append(f"{item.number}: h[{hexed(0, skip)}:{hexed(0, skip + item.maximum)}]")
            offset += size
            continue
        end_run()
        if is_text:
            if text_start is None:
                text_start, text_offset = at(), item.number
                text_base = offset
            place = offset - text_base
            piece = f"t{text_offset}[{place}:{place + size}]"
            text_checks.append(piece)
            if item.content == "an":
                alnum.append(piece)
            entries.append(f"{item.number}: {piece}")
        else:
            entries.append(f"{item.number}: b[{at()}:{at(size)}]")
        offset += size
    end_run()
    end_text()
    tests.append(f"len(b) != {at()}")
    lines += [f"    if {' or '.join(tests)}:", f"        {_RAISE}"]
    return [*lines, f"    return h[:4], {{{', '.join(entries)}}}", "", ""]


def _plain_encoder(index: int, shape: list[Field], bitmap: int) -> list[str]:
    rows = "".join(f"({i}, {item.prefix_digits}, {item.maximum}, {_PLAIN}), " for i, item in enumerate(shape))
    lines = [f"_RUNS_{index} = (({rows}),)", f"_CACHE_{index} = {{}}", "", ""]
    lines += [f"def _to_{index}(mti, m):", f"    {_unpack(shape)}", "    lengths = (*map(len, m.values()),)"]
    lines += [f"    (r,) = _CACHE_{index}.get(lengths) or _templates(_CACHE_{index}, _RUNS_{index}, lengths)"]
    digits = "".join(f"{{f{item.number}}}" for item in shape if item.content == "n")
    arguments = ", ".join(
        f"f{item.number}.hex().upper()" if item.content in ("b", "tlv") else f"f{item.number}" for item in shape
    )
    lines.append(f"    text = mti + '{bitmap:016X}' + r % ({arguments},)")
    tests = ["len(mti) != 4", f"not f'{{mti}}{digits}'.isdecimal()", "not text.isprintable()"]
    alnum = [f"f{item.number}" for item in shape if item.content == "an"]
    if alnum:
        tests.append(f"not ({_joined(alnum)}).replace(' ', '').isalnum()")
    lines += [f"    if {' or '.join(tests)}:", f"        {_RAISE}"]
    return [*lines, "    return text.encode('ascii')", "", ""]


def _plain_decoder(index: int, shape: list[Field]) -> list[str]:
    lines = [f"def _from_{index}(b):", "    t = b.decode('ascii')"]
    tests = ["not t.isprintable()", "not t[:4].isdecimal()"]
    entries: list[str] = []
    alnum: list[str] = []
    base, offset = "", 20
    run_start: str | None = None

    def at(extra: int = 0) -> str:
        place = offset + extra
        return f"{base} + {place}" if base and place else base or str(place)

    def end_run() -> None:
        nonlocal run_start
        if run_start is not None:
            tests.append(f"not t[{run_start}:{at()}].isdecimal()")
            run_start = None

    for item in shape:
        n = item.number
        if item.prefix_digits:
            if run_start is None:
                run_start = at()
            start = at()
            lines += [f"    s = t[{start}:{at(item.prefix_digits)}]", "    if not s.isdecimal():", f"        {_RAISE}"]
            lines += [f"    n{n} = int(s)", f"    if n{n} > {item.maximum}:", f"        {_RAISE}"]
            offset += item.prefix_digits
            if item.content != "n":
                end_run()
            scale = " * 2" if item.content in ("b", "tlv") else ""
            lines.append(f"    p{n} = {at()} + n{n}{scale}")
            piece = f"t[{at()}:p{n}]"
            base, offset = f"p{n}", 0
        else:
            size = item.wire_bytes(item.maximum)
            if item.content == "n":
                run_start = run_start if run_start is not None else at()
            else:
                end_run()
            piece = f"t[{at()}:{at(size)}]"
            offset += size
        if item.content in ("b", "tlv"):
            piece = f"unhexlify({piece})"
        elif item.content == "an":
            alnum.append(piece)
        entries.append(f"{n}: {piece}")
    end_run()
    if alnum:
        tests.append(f"not ({_joined(alnum)}).replace(' ', '').isalnum()")
    tests.append(f"len(b) != {at()}")
    lines += [f"    if {' or '.join(tests)}:", f"        {_RAISE}"]
    return [*lines, f"    return t[:4], {{{', '.join(entries)}}}", "", ""]
