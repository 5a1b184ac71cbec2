"""TR-34 at the command line: how this terminal gets a certificate, is bound to a host, and asks for a key."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from keys import KeyRoom, KeysError
from keys.tr34_station import Tr34Station
from tools.keys_cli.ceremony import enrol_first, prove
from tools.keys_cli.console import Console, Left, OutOfTime
from tools.keys_cli.office import Office

__all__ = ["arguments", "read_bytes", "run", "station"]

_FILE_BYTES_MAX = 65_536
_FILES = {"show": 0, "request": 1, "accept": 2, "credential": 1, "bind": 2, "challenge": 1}
"""How many files each step names."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``tr34``."""
    parser.add_argument("what", choices=tuple(_FILES), metavar="|".join(_FILES))
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="see the examples")


def run(office: Office, arguments: argparse.Namespace) -> int:
    """0 when it was done."""
    what, files = arguments.what, arguments.files
    if len(files) != _FILES[what]:
        raise KeysError(f"tr34 {what} takes {_FILES[what]} files.", "See: countertop keys tr34 --help")
    if arguments.dry_run:
        print(f"Would do: tr34 {what} {' '.join(file.name for file in files)}".rstrip())
        return 0
    with office.room() as room:
        here = station(room)
        match what:
            case "show":
                print(f"Certificate: {_name(here)}")
                print(f"Bound to: {here.host.name if here.host is not None else 'no host'}")
            case "request":
                _write(files[0], here.request(office.settings.terminal.serial_number))
                room.audit.note("tr34-requested")
            case "accept":
                here.accept(read_bytes(files[0]), read_bytes(files[1]))
                room.audit.note("tr34-certificate", certificate=_name(here))
            case "credential":
                _write(files[0], here.credential_token())
            case "bind":
                return _bind(office, room, here, files)
            case "challenge":
                _write(files[0], here.challenge())
    return 0


def station(room: KeyRoom) -> Tr34Station:
    """The terminal's TR-34 side, kept in its vault."""
    return Tr34Station(room.vault, partial(datetime.now, UTC), os.urandom)


def read_bytes(path: Path) -> bytes:
    """A token or a certificate, bounded. Raises KeysError."""
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise KeysError(f"{path.name} cannot be read: {error.strerror}.", "Name a file that is there.") from None
    if len(data) > _FILE_BYTES_MAX:
        raise KeysError(f"{path.name} is longer than any token.", "Name another file.")
    return data


def _bind(office: Office, room: KeyRoom, here: Tr34Station, files: list[Path]) -> int:
    """Whose keys are taken from now on is a person's decision: a custodian answers for it."""
    console = Console(production=office.environment == "production")
    token, root = read_bytes(files[0]), read_bytes(files[1])
    try:
        enrol_first(office, console, room)
        by = prove(office, console, room)
    except (Left, OutOfTime):
        print("Left; nothing has changed.")
        return 1
    host = here.bind(token, root)
    room.audit.note("tr34-bound", host=host.name, by=[by])
    print(f"Bound to: {host.name}\nCompare this with what the acquirer said; if it differs, bind again or zeroise.")
    return 0


def _name(here: Tr34Station) -> str:
    certificate = here.certificate
    return certificate.subject.rfc4514_string() if certificate is not None else "none yet"


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise KeysError(f"{path.name} cannot be written: {error.strerror}.", "Name another file.") from None
    print(f"Written: {path.name}")
