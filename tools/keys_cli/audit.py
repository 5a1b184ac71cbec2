"""The audit log at the command line: show, verify, archive."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from keys import KeysError
from keys.audit import audit_path, verify
from keys.audit_chain import AuditLine
from tools.keys_cli.office import Office

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``audit``."""
    parser.add_argument("what", choices=("show", "verify", "archive"), metavar="show|verify|archive")
    parser.add_argument("target", nargs="?", metavar="FILE", help="archive: the new file that takes the log")
    parser.add_argument("--last", type=int, default=0, metavar="N", help="show: only the last lines")
    parser.add_argument("--json", action="store_true", help="show: for a program")
    parser.add_argument("--broken", action="store_true", help="archive: although the log does not prove itself")


def run(office: Office, arguments: argparse.Namespace) -> int:
    """0 when the log is whole."""
    if arguments.what == "archive":
        return _archive(office, arguments)
    with office.look() as vault:
        lines = verify(audit_path(office.path), vault)
    if arguments.what == "verify":
        first = lines[0].number if lines else 0
        print(f"Whole: {len(lines)} lines, numbers {first} to {lines[-1].number if lines else 0}, to the vault's end.")
        return 0
    for line in lines[-arguments.last :] if arguments.last > 0 else lines:
        print(_as_json(line) if arguments.json else _as_text(line))
    return 0


def _archive(office: Office, arguments: argparse.Namespace) -> int:
    if not arguments.target:
        raise KeysError("The log needs a file to go to.", "countertop keys audit archive FILE")
    target = Path(arguments.target)
    if arguments.dry_run:
        with office.look() as vault:
            count = len(verify(audit_path(office.path), vault))
        if target.exists():
            raise KeysError(f"{target.name} is there already.", "Name a new file.")
        print(f"Would copy {count} lines to {target.name} and begin an empty log.")
        return 0
    with office.room() as room:
        count = room.audit.archive(target, broken=arguments.broken)
    print(f"{count} lines are in {target.name}; the chain goes on in an empty log.")
    return 0


def _as_json(line: AuditLine) -> str:
    return json.dumps({"n": line.number, "at": line.at, "event": line.event, **line.fields}, ensure_ascii=False)


def _as_text(line: AuditLine) -> str:
    told = "  ".join(
        f"{name}={json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value}"
        for name, value in line.fields.items()
        if name != "up"
    )
    return f"{line.number:>5}  {line.at[:19]}  {line.event:<21}  {told}".rstrip()
