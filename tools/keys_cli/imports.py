"""Keys that come enciphered: a key block under a master key, or a bare cryptogram where it must be."""

from __future__ import annotations

import argparse
import string
from pathlib import Path

from keys import TERMINAL_POLICY, KeyRoom, KeysError, Plan, State, Way
from keys.key_block_header import read_header
from keys.vault_arrivals import Received
from keys.vault_intake import Cryptogram
from tools.keys_cli.ceremony import conduct, enrol_first, finish
from tools.keys_cli.console import Console, Left, OutOfTime
from tools.keys_cli.office import Office
from tools.keys_cli.tr34 import read_bytes, station

__all__ = ["arguments", "import_key"]

_FILE_BYTES_MAX = 16_384


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``import``."""
    parser.add_argument("file", metavar="FILE", help="the key block as text, or the cryptogram in hexadecimal")
    parser.add_argument("--slot", required=True, help="where the key goes")
    parser.add_argument("--under", default="", metavar="SLOT", help="the master key it came under (the profile's)")
    parser.add_argument("--kcv", default="", metavar="HEX", help="check value that the key must have")
    parser.add_argument("--mac-algorithm", default="", metavar="NAME", help="for a MAC key that does not say it")
    parser.add_argument("--label", default="", help="a note in the key's record")
    parser.add_argument("--allow-version", default="", metavar="A|C", help="take an old version of key block as well")
    bare = parser.add_argument_group("a bare cryptogram")
    bare.add_argument("--bare", action="store_true", help="nothing binds its use: it is said here")
    bare.add_argument("--usage", default="", help="TR-31 usage, such as P0")
    bare.add_argument("--algorithm", default="tdes", choices=("tdes", "aes", "sm4"))
    parser.add_argument(
        "--tr34", action="store_true", help="the file is a TR-34 key token (KT_KDH) for our last challenge"
    )
    parser.add_argument("--slip", metavar="FILE", help="write the slip there instead of showing it")


def import_key(office: Office, arguments: argparse.Namespace) -> int:
    """One custodian answers for it; the same ceremony as for a key in components, without typing."""
    if arguments.tr34 and arguments.dry_run:
        raise KeysError("A token is read once: its challenge is spent.", "See it with: countertop keys tr34 show")
    text = "" if arguments.tr34 else _read(Path(arguments.file))
    parent = arguments.under or office.settings.acquirer_profile.master_key_slot
    if arguments.dry_run:
        with office.room() as room:
            received = _received(room, text, parent, arguments)
            try:
                room.vault.check([received.incoming])
            finally:
                received.wipe()
        print(f"Would take over a key into slot {arguments.slot} under {parent}: {_described(text, arguments)}")
        print(f"Check value: {received.kcv}")
        return 0
    console = Console(production=office.environment == "production")
    with office.room() as room:
        try:
            enrol_first(office, console, room)
        except (Left, OutOfTime):
            print("Left; nothing was loaded.")
            return 1
        way = Way.TR34 if arguments.tr34 else Way.KEY_BLOCK
        plan = Plan(arguments.slot, way, expected_kcv=arguments.kcv, label=arguments.label)
        loading = room.begin(plan)
        if conduct(office, console, loading).state is State.DELIVERY:
            try:
                loading.deliver_sealed(_received(room, text, parent, arguments))
            except KeysError as fault:
                loading.unfit(fault)
            conduct(office, console, loading)
        return finish(office, console, room, loading, arguments.slip)


def _received(room: KeyRoom, text: str, parent: str, arguments: argparse.Namespace) -> Received:
    """The key as the ceremony takes it, opened and checked. Raises KeysError."""
    if arguments.tr34:
        return station(room).receive(
            read_bytes(Path(arguments.file)),
            arguments.slot,
            mac_algorithm=arguments.mac_algorithm,
            label=arguments.label,
        )
    if not arguments.bare:
        policy = TERMINAL_POLICY.with_versions("BD" + arguments.allow_version.upper())
        return room.vault.receive_key_block(
            parent,
            text,
            arguments.slot,
            policy=policy,
            mac_algorithm=arguments.mac_algorithm,
            label=arguments.label,
        )
    if not arguments.usage or not arguments.kcv:
        raise KeysError("A bare cryptogram needs its usage and its check value.", "Add --usage P0 --kcv 82E136")
    if set(text) - set(string.hexdigits) or len(text) % 2:
        raise KeysError("A cryptogram has hexadecimal digits.", "Compare the file with what the acquirer sent.")
    cryptogram = Cryptogram(
        arguments.slot,
        arguments.usage,
        bytes.fromhex(text),
        arguments.kcv,
        arguments.algorithm,
        mac_algorithm=arguments.mac_algorithm,
    )
    return room.vault.receive_cryptogram(parent, cryptogram)


def _described(text: str, arguments: argparse.Namespace) -> str:
    if arguments.bare:
        return f"usage {arguments.usage}, {arguments.algorithm.upper()}, a bare cryptogram."
    header, _ = read_header(text)
    return f"usage {header.usage}, mode {header.mode}, algorithm {header.algorithm}, key block {header.version}."


def _read(path: Path) -> str:
    """What is in the file, blanks and line ends left out. Raises KeysError."""
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES_MAX + 1)
        text = "".join(data.decode("ascii").split())
    except OSError as error:
        raise KeysError(f"{path.name} cannot be read: {error.strerror}.", "Name a file that is there.") from None
    except UnicodeDecodeError:
        text = ""
    if not text or len(data) > _FILE_BYTES_MAX:
        raise KeysError(
            f"{path.name} holds neither a key block nor a cryptogram.", "See: countertop keys import --help"
        )
    return text
