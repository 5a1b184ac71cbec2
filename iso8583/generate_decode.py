"""Straight-line decoders: the lengths are read first, and a plan that they choose cuts all values at once."""

from __future__ import annotations

from iso8583.declaration import Declaration, Field
from iso8583.elements import LEFT
from iso8583.generate_lengths import RAISE, raw_length, size_expression

__all__ = ["PLANS", "shape_decoder"]

PLANS = """\
def _number(raw):
    if type(raw) is int:
        return BCD
    text = raw.hex() if type(raw) is bytes else raw
    if not text.isascii() or not text.isdecimal():
        raise ValueError
    return int(text)


# Cuts of a message by the lengths in it, as they stand there. Hosts send few different ones; the number is bounded.
_PLANS_MAX = 64


class _Plans(dict):
    __slots__ = ('head', 'mti', 'rows', 'source')

    def __init__(self, source, head, mti, rows):
        self.source = source  # 'h' or 't': where the MTI stands
        self.head = head  # bytes of MTI and bitmap
        self.mti = mti  # digits of the MTI in its source
        self.rows = rows

    def __missing__(self, key):
        lengths = map(_number, key)
        cuts = {'h': [], 't': [], 'b': []}
        cuts[self.source].append(slice(0, self.mti))
        runs = {'h': [], 't': []}
        pads = []
        zeros = ''
        place = self.head
        # A row: source, bytes of the prefix, bound, nibbles before the value, units a byte, run, and whether one
        # starts: 1 with the length, 2 with the value.
        for source, prefix, maximum, skip, scale, run, starts in self.rows:
            n = next(lengths) if prefix else maximum
            if n > maximum:
                raise ValueError
            start = place
            place += prefix
            if source == 'h':
                size = n + 1 >> 1
                first = 2 * place + (skip if n & 1 else 0)
                cuts['h'].append(slice(first, first + n))
                if n & 1:
                    pads.append(2 * place if skip else 2 * place + n)
            else:
                size = n * scale
                cuts[source].append(slice(place, place + size))
            place += size
            if run:
                double = 2 if run == 'h' else 1
                if starts:
                    runs[run].append([double * (start + prefix if starts == 2 else start), 0])
                runs[run][-1][1] = double * place
        getters = []
        for source, found in cuts.items():
            found += [slice(*run) for run in runs.get(source, ())]
            if found:
                getters.append(itemgetter(*found))
        pads = pads or [slice(0, 0)]
        zeros = '' if type(pads[0]) is slice else '0' if len(pads) == 1 else ('0',) * len(pads)
        if len(self) >= _PLANS_MAX:
            self.clear()
        plan = self[key] = (*getters, itemgetter(*pads), zeros, place)
        return plan
"""


class _Shape:
    """Walks a shape and notes what is cut from where, and what is tested together."""

    def __init__(self, shape: list[Field], declaration: Declaration, head: int) -> None:
        self.names: dict[str, list[str]] = {"h": [], "t": [], "b": []}
        self.names["h" if declaration.wire.digits == "bcd" else "t"].append("mti")
        self.runs: dict[str, list[str]] = {"h": [], "t": []}
        self.rows: list[str] = []
        self.lines: list[str] = []
        self.lengths: list[str] = []
        self.values: list[str] = []
        self.digits = ["mti"]
        self.text: list[str] = []
        self.alphanumeric: list[str] = []
        self._separator = declaration.wire.separator
        self._base, self._offset = "", head
        runs = _runs(shape)
        self._alone = {run[0] for run in runs if len(run) == 1}
        self._first = {run[0] for run in runs}
        last = [item for item in shape if item.prefix_digits][-1:]
        for item in shape:
            self._element(item, is_last=item in last)

    def _at(self, extra: int = 0) -> str:
        place = self._offset + extra
        return f"{self._base} + {place}" if self._base and place else self._base or str(place)

    def _element(self, item: Field, *, is_last: bool) -> None:
        name = f"f{item.number}"
        packed = item.coding == "bcd"
        source = "h" if packed else "b" if item.coding == "raw" else "t"
        scale = 2 if item.coding.startswith("hex") else 1
        run, starts = self._tested_in(item, name, source)
        skip = 1 if packed and item.pad == LEFT else 0
        self.rows.append(f"({source!r}, {item.prefix_bytes}, {item.maximum}, {skip}, {scale}, {run!r}, {starts})")
        self.names[source].append(name)
        self.values.append(f"{item.number}: {self._value(item, name)}")
        if not item.prefix_digits:
            self._offset += item.wire_bytes(item.maximum)
            return
        length = raw_length(item, self._at)
        if is_last:
            self.lengths.append(length)
            return
        n, end = f"n{item.number}", f"p{item.number}"
        self.lengths.append(n)
        self.lines.append(f"    {n} = {length}")
        self.lines.append(f"    {end} = {self._at(item.prefix_bytes)} + {size_expression(item, n)}")
        self._base, self._offset = end, 0

    def _tested_in(self, item: Field, name: str, source: str) -> tuple[str, int]:
        """The run that an element belongs to, and whether it begins one; a value alone needs none."""
        kind = _tested_as(item)
        if kind is None:
            if item.content == "z" and source == "t":
                self.digits.append(f"{name}.replace('=', '0')")
            return "", 0
        if item.content == "an":
            self.alphanumeric.append(name)
        tested = self.digits if kind == "digits" else self.text
        if item.number in self._alone:
            tested.append(name)
            return "", 0
        if item.number in self._first:
            run = f"{kind[0]}{item.number}"
            self.runs[source].append(run)
            tested.append(run)
            return source, 1 if kind == "digits" else 2
        return source, 0

    def _value(self, item: Field, name: str) -> str:
        if item.content in ("b", "tlv"):
            return name if item.coding == "raw" else f"unhexlify({name})"
        if item.content == "z" and item.coding == "bcd":
            return f"{name}.upper()" + (f".replace('D', '{self._separator}')" if self._separator != "D" else "")
        return name


def _tested_as(item: Field) -> str | None:
    """What all values of a run are tested as, in one call."""
    if item.content == "n":
        return "digits"
    return "text" if item.content in ("an", "ans") and item.coding != "latin-1" else None


def _runs(shape: list[Field]) -> list[list[int]]:
    """Elements that are tested together because they adjoin. A length ends a run of text, and not one of digits."""
    runs: list[list[int]] = []
    before: str | None = None
    for item in shape:
        kind = _tested_as(item)
        if kind is not None:
            if kind != before or (kind == "text" and item.prefix_digits > 0):
                runs.append([])
            runs[-1].append(item.number)
        before = kind
    return runs


def shape_decoder(index: int, shape: list[Field], declaration: Declaration, head: int) -> list[str]:
    """Function from bytes to MTI and elements; raises anything where they are not plainly right."""
    wire = declaration.wire
    found = _Shape(shape, declaration, head)
    source, digits = ("h", 4) if wire.digits == "bcd" else ("t", 4)
    lines = [f"_PLANS_{index} = _Plans({source!r}, {head}, {digits}, ("]
    lines += [f"    {row}," for row in found.rows]
    lines += ["))", "", "", f"def _from_{index}(b, make):"]
    if found.names["h"]:
        lines.append("    h = b.hex()")
    lines.append(f"    t = b.decode('{'cp037' if wire.text == 'ebcdic' else 'latin-1'}')")
    lines += found.lines
    sources = [source for source, names in found.names.items() if names]
    cutters = ", ".join(f"cut_{source}" for source in sources)
    lines.append(
        f"    {cutters}, pads, zeros, end = _PLANS_{index}[{', '.join(found.lengths)}{',' * (len(found.lengths) == 1)}]"
        if found.lengths
        else f"    {cutters}, pads, zeros, end = _PLANS_{index}[()]"
    )
    for source in sources:
        names = found.names[source] + found.runs.get(source, [])
        lines.append(f"    {', '.join(names)} = cut_{source}({source})")
    joined = "".join(f"{{{digits}}}" for digits in found.digits)
    quotes = '"' if "'" in joined else "'"
    tests = [
        "len(b) != end",
        f"not f{quotes}{joined}{quotes}.isdecimal()" if found.digits[1:] else "not mti.isdecimal()",
    ]
    if found.names["h"]:
        tests.insert(1, "pads(h) != zeros")
    if found.text:
        tests.append(_not_text(found))
    lines += [f"    if {' or '.join(tests)}:", f"        {RAISE}"]
    return [*lines, f"    return make(mti, {{{', '.join(found.values)}}})", "", ""]


def _not_text(found: _Shape) -> str:
    """Letters and digits are what most messages have; blanks and the rest cost only where there are some."""
    rest = ["not s.isprintable()"]
    if found.alphanumeric:
        rest.append(f"not {_sum(found.alphanumeric)}.replace(' ', '').isalnum()")
    text = f"(s := {' + '.join(found.text)})" if len(found.text) > 1 else found.text[0]
    name = "s" if len(found.text) > 1 else found.text[0]
    rest[0] = rest[0].replace("s.", f"{name}.", 1)
    return f"not {text}.isascii() or not {name}.isalnum() and ({' or '.join(rest)})"


def _sum(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"({' + '.join(names)})"
