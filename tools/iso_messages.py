"""What decode, encode and diff share: bytes from people, and the dialect they are in."""

from __future__ import annotations

import argparse
import base64
import binascii
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import iso8583
from config import ConfigError, load_profile
from iso8583 import Dialect, Iso8583Error, Message
from iso8583.guess import Guess, Unframed, guesses, unframed

__all__ = ["Reading", "Unreadable", "add_dialect_options", "dialect_of", "read_bytes", "read_message"]

INPUT_BYTES_MAX = 1 << 20
FORMS = ("auto", "hex", "base64", "binary")
_NOT_HEX = re.compile(r"\s|0x|[:,\-]")


class Unreadable(Exception):
    """Input that no reading fits, or a dialect that is none."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """A message, how it was read, and how sure that is (1 when the dialect was given)."""

    dialect: Dialect
    message: Message
    frame: Unframed
    confidence: float
    others: tuple[Guess, ...] = ()

    def summary(self) -> str:
        """The reading in one line."""
        sure = "" if self.confidence == 1 and not self.others else f", {self.confidence:.0%} sure"
        other = "".join(f"; or {guess.dialect.name} {guess.confidence:.0%}" for guess in self.others)
        return f"{self.dialect.name}{sure} ({self.frame.framing}){other}"

    def as_dict(self) -> dict[str, object]:
        """The reading for JSON, without the message."""
        return {
            "dialect": self.dialect.name,
            "confidence": round(self.confidence, 3),
            "framing": self.frame.framing,
            **({"tpdu": self.frame.tpdu.hex()} if self.frame.tpdu else {}),
            **({"header": self.frame.header.hex()} if self.frame.header else {}),
            **(
                {
                    "others": [
                        {"dialect": one.dialect.name, "confidence": round(one.confidence, 3)} for one in self.others
                    ]
                }
                if self.others
                else {}
            ),
        }


def add_dialect_options(parser: argparse.ArgumentParser) -> None:
    """``--dialect`` and ``--profile``."""
    parser.add_argument(
        "-d", "--dialect", metavar="NAME", help=f"one of {', '.join(iso8583.dialect_names())}; told when not given"
    )
    parser.add_argument("--profile", metavar="FILE", help="an acquirer's profile, for a dialect with its changes")


def dialect_of(arguments: argparse.Namespace) -> Dialect | None:
    """The dialect that was asked for, or None. Raises Unreadable, DialectError."""
    if arguments.profile:
        try:
            profile = load_profile(arguments.profile)
        except ConfigError as error:
            raise Unreadable(str(error), "Check it: countertop config check FILE") from None
        return iso8583.derived_dialect(Path(arguments.profile).stem, profile.dialect, profile.dialect_changes)
    return iso8583.dialect(arguments.dialect) if arguments.dialect else None


def read_bytes(source: str) -> tuple[bytes, bool]:
    """Content of standard input (``-``), of a file, or the argument itself; and whether it is the argument."""
    if source == "-":
        data = sys.stdin.buffer.read(INPUT_BYTES_MAX + 1)
    elif "\0" not in source and len(source) < 256 and Path(source).is_file():
        try:
            with Path(source).open("rb") as file:
                data = file.read(INPUT_BYTES_MAX + 1)
        except OSError as error:
            raise Unreadable(f"{source} cannot be read: {error.strerror}", "Check its name and rights.") from None
    else:
        return source.encode("utf-8", "surrogateescape"), True
    if len(data) > INPUT_BYTES_MAX:
        raise Unreadable(f"more than {INPUT_BYTES_MAX} bytes", "One message at a time.")
    return data, False


def _candidates(data: bytes, form: str) -> list[bytes]:
    """What the input can mean: text in hexadecimal or base64, or the bytes as they are."""
    found = []
    text = data.decode("ascii", "replace")
    if form in ("auto", "hex"):
        digits = _NOT_HEX.sub("", text)
        if digits and len(digits) % 2 == 0 and all(c in "0123456789abcdefABCDEF" for c in digits):
            found.append(bytes.fromhex(digits))
        elif form == "hex":
            raise Unreadable(
                "the input is not an even number of hexadecimal digits", "Blanks and colons may stand between."
            )
    if form in ("auto", "base64"):
        try:
            found.append(base64.b64decode("".join(text.split()), validate=True))
        except (ValueError, binascii.Error):
            if form == "base64":
                raise Unreadable("the input is not base64", "Give --input hex or binary.") from None
    if form in ("auto", "binary"):
        found.append(data)
        if data.endswith(b"\n"):
            found.append(data.rstrip(b"\r\n"))
    return [one for one in found if one]


def read_message(data: bytes, form: str, dialect: Dialect | None) -> Reading:
    """The likeliest reading of the input. Raises Unreadable with the fault of the reading that came furthest."""
    readings: list[Reading] = []
    faults: list[tuple[float, Dialect, Iso8583Error]] = []
    for candidate in _candidates(data, form):
        if dialect is None:
            found = guesses(candidate)
            if found:
                first, *rest = found
                others = tuple(one for one in rest if one.confidence >= 0.05 and one.dialect.name != first.dialect.name)
                readings.append(Reading(first.dialect, first.message, first.frame, first.confidence, others))
        for frame in unframed(candidate):
            for one in [dialect] if dialect else map(iso8583.dialect, iso8583.dialect_names()):
                try:
                    message = one.decode(frame.body)
                except Iso8583Error as error:
                    home = 5 if frame.tpdu and one.name == "unionpay-pos" else 1  # who else has a TPDU
                    faults.append((home * frame.weight * (1 + (error.offset or 0)), one, error))
                else:
                    if dialect:
                        readings.append(Reading(one, message, frame, 1.0))
    if readings:
        return max(readings, key=lambda reading: (reading.confidence, reading.frame.weight))
    if not faults:
        raise Unreadable("there is nothing to read", "Give a message in hexadecimal, base64 or binary.")
    _, nearest, fault = max(faults, key=lambda row: row[0])
    raise Unreadable(
        f"no message of {'this dialect' if dialect else 'any dialect'}; as {nearest.name}: {fault}",
        fault.remedy if dialect else "If the dialect is known, give it: --dialect NAME",
    )
