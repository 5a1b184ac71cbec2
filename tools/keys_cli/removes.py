"""Taking keys away: one of them, or all at once."""

from __future__ import annotations

import argparse

from keys import KeysError
from tools.keys_cli.ceremony import prove
from tools.keys_cli.console import Console, Left, OutOfTime
from tools.keys_cli.office import Office

__all__ = ["destroy", "destroy_arguments", "zeroise", "zeroise_arguments"]

_WORD = "ZEROISE"
_ANSWER_S = 60.0


def destroy_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``destroy``."""
    parser.add_argument("slot", metavar="SLOT")
    parser.add_argument("--version", type=int, metavar="N", help="another version than the one in use")


def destroy(office: Office, arguments: argparse.Namespace) -> int:
    """Destroy one key; a custodian answers for it. What is left is sealed under a new master key of the file."""
    key_id = arguments.slot if arguments.version is None else (arguments.slot, arguments.version)
    if arguments.dry_run:
        with office.look() as vault:
            print(f"Would destroy the key in slot {arguments.slot}, check value {vault.kcv(key_id)}.")
        return 0
    console = Console(production=office.environment == "production")
    with office.room() as room:
        room.audit.check_ceremony()
        kcv = room.vault.kcv(key_id)
        try:
            by = prove(office, console, room)
        except (Left, OutOfTime):
            print("Left; nothing has changed.")
            return 1
        room.audit.note("destroy-asked", slot=arguments.slot, by=[by])
        gone = room.vault.destroy(key_id)
    print(f"Destroyed: {gone.id}, check value {kcv}.")
    return 0


def zeroise_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``zeroise``."""
    parser.add_argument("--yes", action="store_true", help="do not ask")


def zeroise(office: Office, arguments: argparse.Namespace) -> int:
    """Erase everything; nobody has to sign in, for it may have to be quick."""
    if arguments.dry_run:
        with office.look() as vault:
            ids = [record.id for record in vault.list() if record.state != "destroyed"]
            print(f"Would erase {office.path.name} with {', '.join(ids) or 'no keys'}; the audit log stays.")
        return 0
    if not arguments.yes:
        console = Console(production=office.environment == "production")
        try:
            word = console.line(f"Every key of this terminal will be gone. Type {_WORD}", _ANSWER_S)
        except (Left, OutOfTime):
            word = ""
        if word != _WORD:
            raise KeysError("Nothing was erased.", f"Type {_WORD} to erase, or use --yes.")
    with office.room() as room:
        secret_too = room.vault.zeroise()
    print("Every key is unreadable. The terminal needs a key ceremony: countertop keys load --fresh")
    if not secret_too:
        print("What opens the vault is kept elsewhere and was not erased: old copies of the disk still open with it.")
    return 0
