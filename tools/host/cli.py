"""``countertop host``: the acquirer host simulator as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import iso8583
from tools.host.accounts import DEMO_ACCOUNTS, DEMO_CODES
from tools.host.book import Book
from tools.host.control import Control
from tools.host.delivery import Envelope
from tools.host.door import HttpDoor
from tools.host.downloads import Shelf
from tools.host.events import Events
from tools.host.faults import Faults
from tools.host.security import Security
from tools.host.server import HostServer
from tools.host.switch import HostProfile, Switch

__all__ = ["Enrolment", "main", "serve"]

BOOK_NAME = "book.db"
_EXAMPLES = """examples:
  countertop host --state host-state --port 8583 --terminal 10000001:999290054110001:tmk.hex
  countertop host --state host-state --port 0 --control host.sock
  countertop host --state host-state --http /unp/webtrans/WPOS
  echo '{"ask": "ledger"}' | socat - UNIX-CONNECT:host.sock

The TMK file holds the terminal master key as 32 hexadecimal digits. Laboratory keys only:
this program keeps them in clear in its state directory.
"""


class Refused(Exception):
    """The command line or the machine does not allow what was asked; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A terminal that may talk to this host."""

    terminal: str
    merchant: str
    key_file: Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the host until SIGTERM or SIGINT; 0 then, 2 when it could not start."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        asyncio.run(serve(arguments))
    except Refused as error:
        print(f"countertop host: {error}", file=sys.stderr)
        return 2
    return 0


async def serve(arguments: argparse.Namespace) -> None:
    """Build the host, say on standard output that it is ready, serve. Raises Refused."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    folder: Path = arguments.state
    dialect = iso8583.dialect("unionpay-pos")
    security = Security(folder)
    book = Book.open(folder / BOOK_NAME, datetime.now, DEMO_ACCOUNTS, DEMO_CODES)
    with book.transaction():
        for enrolment in arguments.terminal:
            _enrol_keys(security, enrolment)
            book.enrol(enrolment.terminal, enrolment.merchant)
    events = Events(None if arguments.quiet else sys.stderr, datetime.now)
    faults = Faults(by_amounts=not arguments.no_amount_faults)
    profile = HostProfile(
        element_59_length_digits=arguments.element_59_digits, sign_declines=not arguments.unsigned_declines
    )
    switch = Switch(book, security, profile, datetime.now, Shelf(folder))
    server = HostServer(
        dialect,
        switch,
        Envelope(dialect, security, os.urandom, HttpDoor(arguments.http) if arguments.http else None),
        faults,
        events.tell,
    )
    control = Control(book, security, switch, server, faults, events)
    try:
        port = await _listen(server, control, arguments)
        print(f"ready {arguments.address} {port}", flush=True)
        await stop.wait()
    finally:
        control.close()
        await server.close()
        book.close()


async def _listen(server: HostServer, control: Control, arguments: argparse.Namespace) -> int:
    try:
        port = await server.listen(arguments.address, arguments.port)
    except OSError as error:
        raise Refused(
            f"cannot listen on {arguments.address} port {arguments.port}: {error.strerror}. "
            "Stop the program that uses the port, or take a free one with --port 0."
        ) from None
    if arguments.control is not None:
        try:
            await control.listen(arguments.control)
        except OSError as error:
            raise Refused(
                f"cannot open the control socket: {error.strerror}. "
                "Name a path of at most 107 bytes in a folder that this user may write to."
            ) from None
    return port


def _enrol_keys(security: Security, enrolment: Enrolment) -> None:
    try:
        security.enrol(enrolment.terminal, _master_key(enrolment.key_file))
    except ValueError as error:
        raise Refused(f"the key file {enrolment.key_file.name} does not fit: {error}") from None


def _master_key(path: Path) -> bytes:
    try:
        return bytes.fromhex(path.read_text("ascii").strip())
    except OSError as error:
        raise Refused(f"the key file {path.name} cannot be read: {error.strerror}. Check its path.") from None
    except ValueError:
        raise Refused(f"the key file {path.name} holds no hexadecimal digits. Write the key as 32 of them.") from None


def _enrolment(text: str) -> Enrolment:
    parts = text.split(":", 2)
    if len(parts) != 3 or len(parts[0]) != 8 or len(parts[1]) != 15:
        raise argparse.ArgumentTypeError(
            "expected TERMINAL:MERCHANT:KEYFILE with 8 and 15 characters, such as 10000001:999290054110001:tmk.hex"
        )
    return Enrolment(parts[0], parts[1], Path(parts[2]))


def _path(text: str) -> str:
    if not text.startswith("/") or not text.isascii() or not text.isprintable() or " " in text:
        raise argparse.ArgumentTypeError("expected a path from / on, without blanks, such as /unp/webtrans/WPOS")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countertop host",
        description="Acquirer host simulator: a bank of its own for terminals in the laboratory.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--state", type=Path, required=True, help="folder for its book and keys (created)")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8583, help="TCP port, 0 for a free one (8583)")
    parser.add_argument("--http", type=_path, metavar="PATH", help="speak HTTP: frames in POST requests for this path")
    parser.add_argument("--control", type=Path, help="Unix socket for faults, reports and events")
    parser.add_argument(
        "--terminal",
        type=_enrolment,
        action="append",
        default=[],
        metavar="TERMINAL:MERCHANT:KEYFILE",
        help="enrol a terminal with its master key; may be repeated",
    )
    parser.add_argument("--element-59-digits", type=int, choices=(2, 3), default=3, help="length digits in element 59")
    parser.add_argument("--unsigned-declines", action="store_true", help="send declines without MAC")
    parser.add_argument("--no-amount-faults", action="store_true", help="amounts 98.01 to 99.99 are ordinary")
    parser.add_argument("--quiet", action="store_true", help="no log on standard error")
    return parser
