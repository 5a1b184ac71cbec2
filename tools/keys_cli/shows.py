"""Looking at keys: what is there, and check values."""

from __future__ import annotations

import argparse
import hmac
import json

from keys import KeyRecord, KeysError
from tools.keys_cli.office import Office

__all__ = ["kcv_arguments", "list_arguments", "list_keys", "show_kcv"]

_HEAD = ("KEY", "STATE", "USAGE", "ALGORITHM", "CHECK VALUE", "CAME BY", "LOADED", "LABEL")
_USAGES = {
    "K0": "master", "K1": "key block protection", "P0": "PIN", "D0": "track data", "D3": "track data",
    "B1": "DUKPT initial", "M0": "MAC", "M1": "MAC X9.9", "M3": "MAC X9.19", "M5": "CMAC", "M6": "CMAC", "M7": "HMAC",
}  # fmt: skip


def list_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``list``."""
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.add_argument("--all", action="store_true", help="destroyed keys as well")
    parser.add_argument("--capabilities", action="store_true", help="what the vault can do and what not")


def list_keys(office: Office, arguments: argparse.Namespace) -> int:
    """One row a key."""
    with office.look() as vault:
        if arguments.dry_run:
            print(f"{office.path.name} can be opened: {vault.environment}, epoch {vault.epoch}.")
            return 0
        if arguments.capabilities:
            for name, value in vault.capabilities().items():
                print(f"{name:<20} {value}")
            return 0
        records = [record for record in vault.list() if arguments.all or record.state != "destroyed"]
    if arguments.json:
        print(json.dumps([record.as_data() for record in records], ensure_ascii=False, indent=2))
        return 0
    if not records:
        print("No keys are loaded. Load the first one: countertop keys load --help")
        return 0
    rows = [_HEAD, *(_row(record) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def kcv_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``kcv``."""
    parser.add_argument("slot", metavar="SLOT")
    parser.add_argument("--version", type=int, metavar="N", help="another version than the one in use")
    parser.add_argument("--expect", metavar="HEX", default="", help="compare with this value")


def show_kcv(office: Office, arguments: argparse.Namespace) -> int:
    """The check value as taken at loading; 1 when it is not the expected one."""
    with office.look() as vault:
        kcv = vault.kcv(arguments.slot if arguments.version is None else (arguments.slot, arguments.version))
    if arguments.dry_run:
        print(f"{office.path.name} can be opened, and slot {arguments.slot} holds a key.")
        return 0
    print(kcv)
    expected = arguments.expect.upper()
    if not expected:
        return 0
    length = min(len(expected), len(kcv.value))
    if length < 6:
        raise KeysError("A check value to compare with has 6 digits or more.", "See the key's form.")
    if hmac.compare_digest(expected[:length].encode(), kcv.value[:length].encode()):
        print("It is the expected one.")
        return 0
    print("It is NOT the expected one.")
    return 1


def _row(record: KeyRecord) -> tuple[str, ...]:
    usage = f"{record.usage} {_USAGES.get(record.usage, '')}".strip()
    who = f" by {', '.join(record.loaded_by)}" if record.loaded_by else ""
    under = f" under {record.parent}" if record.parent else ""
    algorithm = f"{record.algorithm.upper()} {8 * record.length_bytes}"
    came = f"{record.source}{who}{under}"
    return record.id, str(record.state), usage, algorithm, str(record.kcv), came, record.loaded_at[:16], record.label
