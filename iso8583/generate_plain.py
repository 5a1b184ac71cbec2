"""Straight-line functions for dialects that are ASCII from MTI to the last element."""

from __future__ import annotations

from iso8583.declaration import Field
from iso8583.generate_text import PLAIN, RAISE, Cuts, in_brackets, joined, not_alphanumeric, unpack

__all__ = ["plain_decoder", "plain_encoder"]

HEAD_CHARACTERS = 20
"""MTI and one bitmap."""


def plain_encoder(index: int, shape: list[Field], bitmap: int) -> list[str]:
    """Function from MTI and elements to bytes; raises anything where they are not plainly right."""
    rows = "".join(f"({i}, {item.prefix_digits}, {item.maximum}, {PLAIN}), " for i, item in enumerate(shape))
    lines = [f"_TEMPLATES_{index} = _Templates('{bitmap:016X}', (({rows}),))", "", ""]
    lines += [f"def _to_{index}(mti, m):", f"    {unpack(shape)}"]
    lines += [f"    head, r = _TEMPLATES_{index}[(mti, *map(len, m.values()))]"]
    digits = "".join(f"{{f{item.number}}}" for item in shape if item.content == "n")
    arguments = ", ".join(
        f"f{item.number}.hex().upper()" if item.content in ("b", "tlv") else f"f{item.number}" for item in shape
    )
    lines.append(f"    text = head + r % ({arguments},)")
    tests = [f"not f'{digits}'.isdecimal()"] if digits else []
    tests.append("not text.isprintable()")
    alnum = [f"f{item.number}" for item in shape if item.content == "an"]
    if alnum:
        tests.append(not_alphanumeric(joined(alnum)))
    lines += [f"    if {' or '.join(tests)}:", f"        {RAISE}"]
    return [*lines, "    return text.encode('ascii')", "", ""]


def plain_decoder(index: int, shape: list[Field]) -> list[str]:
    """Function from bytes to MTI and elements; raises anything where they are not plainly right."""
    lines: list[str] = []
    digit_runs = ["mti"]
    entries: list[str] = []
    cuts = Cuts("t", "t")
    base, offset = "", HEAD_CHARACTERS
    run_start: str | None = None

    def at(extra: int = 0) -> str:
        place = offset + extra
        return f"{base} + {place}" if base and place else base or str(place)

    def end_run() -> None:
        nonlocal run_start
        if run_start is not None:
            digit_runs.append(f"t[{run_start}:{at()}]")
            run_start = None

    for item in shape:
        n = item.number
        if item.content != "n" and not item.prefix_digits:
            end_run()
        elif run_start is None:
            run_start = at()
        if not item.prefix_digits:
            size = item.wire_bytes(item.maximum)
            cuts.add(n, at(), size, 0, size)
            offset += size
            continue
        lines += cuts.flush(entries, at())
        lines += [f"    s = t[{at()}:{at(item.prefix_digits)}]", "    if not s.isdecimal():", f"        {RAISE}"]
        lines += [f"    n{n} = int(s)", f"    if n{n} > {item.maximum}:", f"        {RAISE}"]
        offset += item.prefix_digits
        if item.content != "n":
            end_run()
        scale = " * 2" if item.content in ("b", "tlv") else ""
        lines.append(f"    p{n} = {at()} + n{n}{scale}")
        entries.append(f"{n}: t[{at()}:p{n}]")
        base, offset = f"p{n}", 0
    end_run()
    lines += cuts.flush(entries, at())
    pieces = {item.number: entry.partition(": ")[2] for item, entry in zip(shape, entries, strict=True)}
    alnum = [pieces[item.number] for item in shape if item.content == "an"]
    binary = {item.number for item in shape if item.content in ("b", "tlv")}
    values = [f"{n}: unhexlify({piece})" if n in binary else f"{n}: {piece}" for n, piece in pieces.items()]
    tests = ["not t.isprintable()", f"not {in_brackets(digit_runs)}.isdecimal()"]
    if alnum:
        tests.append(not_alphanumeric(joined(alnum)))
    tests.append(f"len(b) != {at()}")
    return [
        f"def _from_{index}(b):",
        "    t = b.decode('ascii')",
        "    mti = t[:4]",
        *lines,
        f"    if {' or '.join(tests)}:",
        f"        {RAISE}",
        f"    return mti, {{{', '.join(values)}}}",
        "",
        "",
    ]
