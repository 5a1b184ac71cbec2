"""``countertop diff``: two messages element by element."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass

from iso8583 import Dialect, Iso8583Error, Message
from iso8583.describe import Row, describe
from tools.iso_messages import FORMS, Reading, Unreadable, add_dialect_options, dialect_of, read_bytes, read_message

__all__ = ["Difference", "differences", "main"]

EXIT_SAME, EXIT_DIFFERENT, EXIT_UNREADABLE = 0, 1, 2

_EPILOG = """examples:
  countertop diff sent.bin expected.bin
  countertop diff --json --dialect unionpay-pos 0820… 0830…

exit code: 0 when they are the same, 1 when they differ, 2 when one cannot be read.
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """An element (0: the MTI) that is not the same; empty where one message does not have it."""

    element: int
    name: str
    name_zh: str
    first: str
    second: str

    @property
    def mark(self) -> str:
        """``-`` only in the first, ``+`` only in the second, ``~`` in both."""
        return "-" if not self.second else "+" if not self.first else "~"


def main(argv: list[str]) -> int:
    """Compare; the exit code says whether they are the same."""
    parser = argparse.ArgumentParser(
        prog="countertop diff",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("first", metavar="A", help="a message itself, a file, or - for standard input")
    parser.add_argument("second", metavar="B")
    add_dialect_options(parser)
    parser.add_argument("-i", "--input", choices=FORMS, default="auto", help="how the input is written (default: told)")
    parser.add_argument("--reveal", action="store_true", help="show card numbers, tracks, PIN blocks and keys in clear")
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    try:
        dialect = dialect_of(arguments)
        first = read_message(read_bytes(arguments.first)[0], arguments.input, dialect)
        # The second is read as the first was: two guesses could differ where the messages do not.
        second = read_message(read_bytes(arguments.second)[0], arguments.input, dialect or first.dialect)
    except (Unreadable, Iso8583Error) as error:
        print(f"countertop diff: {error}\n    {error.remedy}", file=sys.stderr)
        return EXIT_UNREADABLE
    found = differences(first.message, second.message, first.dialect, reveal=arguments.reveal)
    if arguments.json:
        _print_json(first, found)
    else:
        print(f"{first.dialect.name}: {'the same' if not found else f'{len(found)} differences'}")
        for one in found:
            print(f"{one.mark}{one.element:>4}  {one.name}  {one.name_zh}")
            for sign, shown in (("-", one.first), ("+", one.second)):
                if shown:
                    print(f"       {sign} {shown}")
    return EXIT_DIFFERENT if found else EXIT_SAME


def _print_json(first: Reading, found: list[Difference]) -> None:
    rows = [
        {
            "element": one.element,
            "name": one.name,
            "name_zh": one.name_zh,
            "a": one.first or None,
            "b": one.second or None,
        }
        for one in found
    ]
    print(json.dumps({"dialect": first.dialect.name, "differences": rows}, ensure_ascii=False, indent=2))


def differences(first: Message, second: Message, dialect: Dialect, *, reveal: bool = False) -> list[Difference]:
    """What differs, masked; masked values that look the same and are not are marked so."""
    left, right = ({row.element: row for row in describe(message, dialect, reveal).rows} for message in (first, second))
    found = [] if first.mti == second.mti else [Difference(0, "Message type", "报文类型", first.mti, second.mti)]
    for number in sorted({*left, *right}):
        if number in first and number in second and first[number] == second[number]:
            continue
        row = left.get(number) or right[number]
        shown = [_shown(rows.get(number)) for rows in (left, right)]
        if shown[0] == shown[1]:
            shown[1] += "  (another value under the mask)"
        found.append(Difference(number, row.name, row.name_zh, *shown))
    return found


def _shown(row: Row | None) -> str:
    return "" if row is None else row.shown or '""'
