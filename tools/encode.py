"""``countertop encode``: bytes of a message that is written down in JSON or TOML."""

from __future__ import annotations

import argparse
import base64
import json
import sys
import tomllib
from collections.abc import Mapping
from typing import Any

import iso8583
from iso8583 import Dialect, Iso8583Error, Message
from iso8583.framing import FORMS, LengthFraming
from tools.iso_messages import Unreadable, add_dialect_options, dialect_of, read_bytes

__all__ = ["main", "message_of"]

_EPILOG = """the message:
  {"dialect": "unionpay-pos", "mti": "0820", "elements": {"11": "000001", "41": "10000001", "60": "00000001301"}}
or in TOML:
  dialect = "unionpay-pos"
  mti = "0820"
  [elements]
  11 = "000001"
  55 = "9F2608A1B2C3D4E5F60718"                   bytes are written in hexadecimal
  60 = { 1 = "00", 2 = "000001", 3 = "301" }      an element may be given by its parts

examples:
  countertop encode message.toml
  countertop encode --length binary --tpdu 6000030000 --header 603100311108 message.json
  countertop decode --json --reveal capture.bin | countertop encode -
"""
_REMEDY = "A message has mti and elements; see countertop encode --help"


def main(argv: list[str]) -> int:
    """Write a message's bytes; 0 when it could be encoded."""
    parser = argparse.ArgumentParser(
        prog="countertop encode",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("message", nargs="?", default="-", help="a JSON or TOML file, the JSON itself, or - (default)")
    add_dialect_options(parser)
    parser.add_argument("--length", choices=list(FORMS), help="put a length in front")
    parser.add_argument("--inclusive", action="store_true", help="the length counts itself")
    parser.add_argument("--tpdu", default="", metavar="HEX", help="10 digits between length and message")
    parser.add_argument("--header", default="", metavar="HEX", help="application header after the TPDU")
    parser.add_argument("-o", "--output", choices=["hex", "base64", "binary"], default="hex", help="default: hex")
    parser.add_argument("--json", action="store_true", help="dialect, length and bytes as JSON")
    arguments = parser.parse_args(argv)
    document = _document(read_bytes(arguments.message)[0])
    named = document.get("dialect", "unionpay-pos")
    dialect = dialect_of(arguments) or iso8583.dialect(named if isinstance(named, str) else "")
    wire = dialect.encode(message_of(document, dialect))
    wire = _hex(arguments.tpdu, "--tpdu") + _hex(arguments.header, "--header") + wire
    if arguments.length:
        wire = LengthFraming(arguments.length, inclusive=arguments.inclusive, bytes_max=65535).pack(wire)
    if arguments.json:
        print(json.dumps({"dialect": dialect.name, "bytes": len(wire), "hex": wire.hex().upper()}))
    elif arguments.output == "binary":
        sys.stdout.buffer.write(wire)
    else:
        print(wire.hex().upper() if arguments.output == "hex" else base64.b64encode(wire).decode("ascii"))
    return 0


def _hex(text: str, option: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Unreadable(f"{option} is not hexadecimal", "For example: --tpdu 6000030000") from None


def _document(data: bytes) -> dict[str, Any]:
    try:
        text = data.decode("utf-8")
        document = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError):  # both kinds of syntax errors are ValueErrors, and quote nothing of ours
        raise Unreadable("the input is neither JSON nor TOML", _REMEDY) from None
    if not isinstance(document, dict):
        raise Unreadable("the input is not one message", _REMEDY)
    return document


def message_of(document: Mapping[str, Any], dialect: Dialect) -> Message:
    """The message of a document. Raises Unreadable, Iso8583Error."""
    elements = document.get("elements")
    if isinstance(elements, list):  # as countertop decode --json writes them
        elements = {str(row.get("element")): row.get("value") for row in elements if isinstance(row, dict)}
    if not isinstance(elements, dict):
        raise Unreadable("there are no elements", _REMEDY)
    values: dict[int, str | bytes] = {}
    for key, value in elements.items():
        if not (str(key).isascii() and str(key).isdecimal()):
            raise Unreadable("an element's key is not a number", _REMEDY)
        values[int(key)] = _value(int(key), value, dialect)
    mti = document.get("mti")
    return Message(mti if isinstance(mti, str) else "", values)


def _value(number: int, value: object, dialect: Dialect) -> str | bytes:
    element = dialect.declaration.elements.get(number)
    if isinstance(value, dict) and element is not None:
        binary = element.format.content in ("b", "tlv")
        parts = {str(key): _bytes(number, part) if binary else str(part) for key, part in value.items()}
        return dialect.join(number, parts)
    if not isinstance(value, str):
        raise Iso8583Error(f"expected text in quotes, found {type(value).__name__}", number)
    if element is not None and element.format.content in ("b", "tlv"):
        return _bytes(number, value)
    return value


def _bytes(number: int, value: object) -> bytes:
    try:
        return bytes.fromhex(value if isinstance(value, str) else "?")
    except ValueError:
        raise Iso8583Error("expected hexadecimal digits", number) from None
