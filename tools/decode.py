"""``countertop decode``: a message for people, from hexadecimal, base64 or binary."""

from __future__ import annotations

import argparse
import json

from tools.iso_messages import FORMS, add_dialect_options, dialect_of, read_bytes, read_message

__all__ = ["main"]

_EPILOG = """examples:
  countertop decode 0800002000000080000000000131303030303030 31   the dialect is told, and how sure that is
  countertop decode capture.bin                     a file, binary or text; frame, TPDU and header are taken off
  xxd -p capture.bin | countertop decode -          standard input
  countertop decode --json --dialect iso87-ascii message.txt
  countertop decode --reveal FILE                   card data in clear: only where that is allowed

Card numbers show the first six and last four digits; tracks, PIN blocks, keys and chip card data are hidden.
"""


def main(argv: list[str]) -> int:
    """Show a message; 0 when one was read."""
    parser = argparse.ArgumentParser(
        prog="countertop decode",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("message", nargs="*", default=["-"], help="the message itself, a file, or - for standard input")
    add_dialect_options(parser)
    parser.add_argument("-i", "--input", choices=FORMS, default="auto", help="how the input is written (default: told)")
    parser.add_argument("--reveal", action="store_true", help="show card numbers, tracks, PIN blocks and keys in clear")
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    source = arguments.message[0] if len(arguments.message) == 1 else " ".join(arguments.message)
    data, _ = read_bytes(source)
    reading = read_message(data, arguments.input, dialect_of(arguments))
    description = reading.message.describe(reading.dialect, reveal=arguments.reveal)
    if arguments.json:
        print(json.dumps({**reading.as_dict(), **description.as_dict()}, ensure_ascii=False, indent=2))
        return 0
    print(reading.summary())
    if reading.frame.tpdu:
        header = f"  header {reading.frame.header.hex().upper()}" if reading.frame.header else ""
        print(f"TPDU {reading.frame.tpdu.hex().upper()}{header}")
    print(description)
    return 0
