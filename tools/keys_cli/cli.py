"""The command line of ``countertop keys``: one table of actions, each with its arguments, its example and its work."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from keys import harden
from tools.keys_cli import audit, imports, loads, people, removes, shows, tr34
from tools.keys_cli.office import Office

__all__ = ["ACTIONS", "Action", "main"]

EXIT_OK, EXIT_FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class Action:
    """A word after ``countertop keys``."""

    name: str
    purpose: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Office, argparse.Namespace], int]
    dry_run: str
    """What ``--dry-run`` does instead."""
    examples: tuple[tuple[str, str], ...]


ACTIONS = (
    Action("list", "what keys there are, without any key", shows.list_arguments, shows.list_keys,
           "only see whether the vault can be opened",
           (("list", "slot, state, usage, check value, who loaded it and how"),
            ("list --json", "the same for a program"),
            ("list --capabilities", "what this vault protects against, and what not"))),
    Action("load", "load a key in components, typed by two custodians", loads.load_arguments, loads.load,
           "go through the whole ceremony and store nothing",
           (("load --fresh", "a new vault, two custodians, and the master key in slot tmk"),
            ("load --components 3 --kcv 5B20E9", "three components, and the check value they must give"),
            ("load --slot mac --usage M0 --mac-algorithm unionpay-ecb", "another key than a master key"))),
    Action("import", "take over a key block, or a bare cryptogram", imports.arguments, imports.import_key,
           "check it, show what it is, and store nothing",
           (("import pin.tr31 --slot pin --under tmk", "a key block (X9.143, versions B and D)"),
            ("import mac.hex --bare --slot mac --usage M0 --mac-algorithm x9.19 --kcv 5F2C11 --under tmk",
             "a bare cryptogram, where an acquirer still sends them"),
            ("import key.token --tr34 --slot tmk", "the host's answer to: countertop keys tr34 challenge"))),
    Action("tr34", "be a TR-34 terminal: certificate, binding, challenge", tr34.arguments, tr34.run,
           "say what would be done",
           (("tr34 request ct.csr", "a key pair of its own, and the request that the root of devices signs"),
            ("tr34 accept ct.pem devices-root.pem", "the certificate comes back"),
            ("tr34 credential ct.token", "hand it to the host (CT_KRD)"),
            ("tr34 bind host.token hosts-root.pem", "this host and no other; a custodian answers for it"),
            ("tr34 challenge random.token", "a random number for the host's next key (RT_KRD)"))),
    Action("kcv", "check value of a key", shows.kcv_arguments, shows.show_kcv,
           "only see whether the vault can be opened",
           (("kcv tmk", "the key in use"), ("kcv tmk --expect 5B20E9", "exit code 1 when it is another"))),
    Action("destroy", "destroy one key; its record stays", removes.destroy_arguments, removes.destroy,
           "say what would be destroyed",
           (("destroy tmk", "the key in use; a custodian answers for it"), ("destroy pin --version 3", "one version"))),
    Action("zeroise", "make every key unreadable at once", removes.zeroise_arguments, removes.zeroise,
           "say what would be erased",
           (("zeroise", "asks for the word ZEROISE"), ("zeroise --yes", "at once, for a tamper script"))),
    Action("audit", "the log of everything that happened to keys", audit.arguments, audit.run,
           "archive: only check that it could be done",
           (("audit show --last 20", "what happened"), ("audit verify", "whether every line is as it was written"),
            ("audit archive keys-2026.audit", "hand the log over and begin an empty one"))),
    Action("custodians", "who holds parts of keys", people.arguments, people.run, "say what would be done",
           (("custodians list", "numbers, and who is locked out"), ("custodians add", "two custodians let a third in"),
            ("custodians unlock 11", "another custodian lets 11 in again"),
            ("custodians password 11", "a new password"))),
    Action("serve-loader", "wait for a key-loading device at a serial line", loads.serve_arguments, loads.serve_loader,
           "take the key, compare its check value, and store nothing",
           (("serve-loader --port /dev/ttyS1?baud=9600", "custodians here, the device at the line"),)),
)  # fmt: skip


def main(argv: list[str]) -> int:
    """Run one action; 0 when it succeeded."""
    harden()
    arguments = _parser().parse_args(argv)
    action: Action = arguments.action
    return action.run(Office.of(arguments.config), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countertop keys",
        description="Load, look at and destroy the keys of a terminal. The terminal has to be stopped for changes.",
        epilog=_examples([(action.name, action.examples[0]) for action in ACTIONS]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="ACTION")
    for action in ACTIONS:
        one = commands.add_parser(
            action.name,
            help=action.purpose,
            description=action.purpose[0].upper() + action.purpose[1:] + ".",
            epilog=_examples([(action.name, example) for example in action.examples]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.add_argument("--config", required=True, metavar="FILE", help="TOML file of this terminal")
        one.add_argument("--dry-run", action="store_true", help=action.dry_run)
        action.arguments(one)
        one.set_defaults(action=action)
    return parser


def _examples(examples: list[tuple[str, tuple[str, str]]]) -> str:
    rows = []
    for name, (line, purpose) in examples:
        rest = line.removeprefix(name)
        rows += [f"  countertop keys {name} --config terminal.toml{rest}", f"      {purpose}"]
    return "\n".join(["examples:", *rows])
