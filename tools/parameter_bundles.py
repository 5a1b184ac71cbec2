"""``countertop config bundle make|verify|install|status``: signed parameters for many terminals."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.parameters import masked
from terminal.service.parameters import Parameters
from terminal.service.parameters.bundle import BYTES_MAX, make_bundle, open_bundle
from tools.parameters import WAITS, moment_of, told_change, whoever

__all__ = ["add_bundle_commands"]

_EXAMPLES = """examples:
  openssl genpkey -algorithm ed25519 -out signer.pem             the author's key; keep it off the terminals
  countertop config bundle make values.toml --key signer.pem --out host-7.bundle
  countertop config bundle verify host-7.bundle --config terminal.toml
  countertop config bundle install terminal.toml host-7.bundle   takes effect at its moment
  countertop config bundle status terminal.toml

values.toml:
  version = 7
  effective = 2026-12-01T03:00:00+08:00
  terminals = ["10000001", "2*"]
  note = "new host line"
  [parameters]
  host.address = "tcp:10.0.0.2:8583"
"""


class _Trouble(Exception):
    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


def add_bundle_commands(commands: Any) -> None:
    """The four; each sets ``run``."""
    group = commands.add_parser(
        "bundle",
        help="signed parameters for many terminals",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bundles = group.add_subparsers(required=True, metavar="make|verify|install|status")

    make = bundles.add_parser("make", help="sign the parameters of a TOML file")
    make.add_argument("values", metavar="VALUES", help="what the bundle says, as TOML")
    make.add_argument("--key", required=True, metavar="PEM", help="private key (Ed25519) of the author")
    make.add_argument("--out", required=True, metavar="BUNDLE")
    make.set_defaults(run=_make)

    verify = bundles.add_parser("verify", help="whether a bundle is signed, and what it says")
    verify.add_argument("bundle", metavar="BUNDLE")
    by = verify.add_mutually_exclusive_group(required=True)
    by.add_argument("--config", metavar="FILE", help="as this terminal would take it")
    by.add_argument("--by", metavar="HEX", help="by this key: 64 hexadecimal digits")
    verify.set_defaults(run=_verify)

    install = bundles.add_parser("install", help="have a terminal take a bundle at its moment")
    install.add_argument("file", metavar="FILE")
    install.add_argument("bundle", metavar="BUNDLE")
    install.set_defaults(run=_install)

    status = bundles.add_parser("status", help="which bundles a terminal has had, and which wait")
    status.add_argument("file", metavar="FILE")
    status.set_defaults(run=_status)


def _make(arguments: argparse.Namespace) -> int:
    key = _signer(Path(arguments.key))
    made = make_bundle(_read(Path(arguments.values)), key)
    try:
        with os.fdopen(os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
            file.write(made)
    except OSError as error:
        raise _Trouble(
            f"{arguments.out} cannot be written: {error.strerror}.", "Name a file that is not there."
        ) from None
    public = key.public_key().public_bytes_raw()
    bundle = open_bundle(made, public)
    print(f"{arguments.out}: version {bundle.version}, for {', '.join(bundle.terminals)}")
    print(f'terminals trust it with this line in their profile:  bundle_key = "{public.hex()}"')
    return 0


def _signer(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(_read(path), None)
    except (ValueError, TypeError):  # no key, or one behind a passphrase
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise _Trouble(
            f"{path.name} is no private key of the kind Ed25519 without a passphrase.",
            "Make one: openssl genpkey -algorithm ed25519 -out signer.pem",
        )
    return key


def _verify(arguments: argparse.Namespace) -> int:
    data = _read(Path(arguments.bundle))
    if arguments.config:
        bundle = Parameters(arguments.config).opened_bundle(data)
    else:
        bundle = open_bundle(data, _public(arguments.by))
    print(f"{arguments.bundle}: signed; version {bundle.version}{f', {bundle.note}' if bundle.note else ''}")
    print(f"    for {', '.join(bundle.terminals)}; effective {bundle.effective or 'at once'}")
    for key, value in bundle.parameters.items():
        print(f"    {key} = {masked(key, value)}")
    return 0


def _public(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise _Trouble("A public key has 64 hexadecimal digits.", "Take it from the profile: bundle_key.")
    return key


def _install(arguments: argparse.Namespace) -> int:
    change = Parameters(arguments.file).install(_read(Path(arguments.bundle)), whoever())
    return told_change(change, arguments.file)


def _status(arguments: argparse.Namespace) -> int:
    parameters = Parameters(arguments.file)
    standing = parameters.standing()
    key = parameters.base.acquirer_profile.bundle_key
    print(f"bundles signed by {key}" if key else "This terminal takes no bundles: its profile names no bundle_key.")
    print(f"no bundle below version {standing.bundle} is taken" if standing.bundle else "no bundle has been in force")
    why = {change.number: reason for change, reason in standing.waiting}
    for change in parameters.history():
        if change.bundle:
            told = f"{change.state}: {WAITS[why[change.number]]}" if change.number in why else str(change.state)
            print(f"{change.bundle}  change {change.number}  {told}; {moment_of(change)}")
    return 0


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(BYTES_MAX + 1)
    except OSError as error:
        raise _Trouble(f"{path.name} cannot be read: {error.strerror}.", "Check the path.") from None
