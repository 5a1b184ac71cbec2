"""Custodians at the command line: who they are, a third one, a new password, letting a locked one in again."""

from __future__ import annotations

import argparse

from keys import KeyRoom, KeysError
from keys.custodians import FAILURES_MAX
from tools.keys_cli.ceremony import ask_new_number, enrol, enrol_first, prove
from tools.keys_cli.console import Console, Left, OutOfTime
from tools.keys_cli.office import Office

__all__ = ["arguments", "run"]

_NEEDS_NUMBER = ("password", "unlock", "remove")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``custodians``."""
    parser.add_argument("what", choices=("list", "add", *_NEEDS_NUMBER), metavar="list|add|password|unlock|remove")
    parser.add_argument("number", nargs="?", metavar="NN", help="the custodian's number")
    parser.add_argument("--fresh", action="store_true", help="add: begin a new vault where there is none")


def run(office: Office, arguments: argparse.Namespace) -> int:
    """0 when it was done."""
    if arguments.what == "list":
        return _list(office)
    if arguments.what in _NEEDS_NUMBER and not arguments.number:
        raise KeysError("Which custodian?", f"countertop keys custodians {arguments.what} NN")
    if arguments.dry_run:
        print(f"Would {arguments.what} a custodian{' ' + arguments.number if arguments.number else ''}.")
        return 0
    console = Console(production=office.environment == "production")
    with office.room(fresh=arguments.fresh) as room:
        room.audit.check_ceremony()
        try:
            _DO[arguments.what](office, console, room, arguments.number or "")
        except (Left, OutOfTime):
            print("Left; nothing has changed.")
            return 1
    print("Done.")
    return 0


def _list(office: Office) -> int:
    with office.look() as vault:
        rows = vault.kept("custodians") or {}
    for number, row in sorted(rows.items()):
        locked = "locked out" if row["failures"] >= FAILURES_MAX else ""
        print(f"{number}  password of {row['since'][:10]}  {locked}".rstrip())
    if not rows:
        print("Nobody is enrolled. Enrol the first two: countertop keys custodians add")
    return 0


def _add(office: Office, console: Console, room: KeyRoom, number: str) -> None:
    """The first two enrol each other; later two of them let a new one in."""
    if not room.custodians.enough:
        enrol_first(office, console, room)
        return
    by = _two(office, console, room)
    enrol(office, console, room, number or ask_new_number(office, console, room), by)


def _password(office: Office, console: Console, room: KeyRoom, number: str) -> None:
    """One's own, proven by the old one."""
    prove(office, console, room, number)
    enrol(office, console, room, number, (number,))


def _unlock(office: Office, console: Console, room: KeyRoom, number: str) -> None:
    room.custodians.unlock(number, by=prove(office, console, room, not_these=(number,)))


def _remove(office: Office, console: Console, room: KeyRoom, number: str) -> None:
    room.custodians.remove(number, _two(office, console, room))


def _two(office: Office, console: Console, room: KeyRoom) -> tuple[str, ...]:
    first = prove(office, console, room)
    return first, prove(office, console, room, not_these=(first,))


_DO = {"add": _add, "password": _password, "unlock": _unlock, "remove": _remove}
