"""``countertop config``: check a configuration, start a new one, explain a key, change parameters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from config import ConfigError, default_file, load, profile_names
from config.explain import explain, reference, unknown_key
from config.load import PROFILES
from drivers.registry import SettingsRefused, build
from terminal.service.parameters import Parameters, ParametersError
from tools import parameter_bundles, parameters

__all__ = ["main"]

_EPILOG = """examples:
  countertop config new > terminal.toml         a commented configuration to start from
  countertop config new unionpay-lab > my.toml  a commented acquirer profile to start from
  countertop config check terminal.toml         everything that is wrong with it, at once
  countertop config explain host.address        what a key means, its bounds, its default, an example
  countertop config explain                     all keys
  countertop config show terminal.toml host     parameters with their values, and who says so
  countertop config set terminal.toml response_s=45 host.address=tcp:10.0.0.2:8583
  countertop config diff terminal.toml          what differs from the file, and what waits for its moment
  countertop config history terminal.toml       every change: who, when, old and new
  countertop config revert terminal.toml 3      take change 3 back
  countertop config bundle --help               signed parameters for many terminals
"""


def main(argv: list[str]) -> int:
    """Run one of them; 0 when the configuration can be used, or the change is recorded."""
    parser = argparse.ArgumentParser(
        prog="countertop config",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="say everything that is wrong with a file")
    check.add_argument("file", metavar="FILE")
    new = commands.add_parser("new", help="print a commented file to start from")
    new.add_argument("what", nargs="?", default="terminal", choices=["terminal", *profile_names()])
    one = commands.add_parser("explain", help="say what a key means")
    one.add_argument("key", nargs="?", default="", metavar="KEY")
    one.add_argument("--markdown", action="store_true", help="the whole reference as a page")
    parameters.add_commands(commands)
    parameter_bundles.add_bundle_commands(commands)
    arguments = parser.parse_args(argv)

    if "run" in arguments:
        return int(arguments.run(arguments))
    if arguments.command == "check":
        return _check(arguments.file)
    if arguments.command == "new":
        file = default_file() if arguments.what == "terminal" else PROFILES / f"{arguments.what}.toml"
        sys.stdout.write(file.read_text("utf-8"))
        return 0
    if arguments.markdown:
        sys.stdout.write(reference())
        return 0
    return _explain(arguments.key)


def _check(file: str) -> int:
    try:
        settings = load(file)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    answers = (_refused(name, device) for name, device in settings.devices.items())
    refused = [answer for answer in answers if answer is not None]
    for answer in refused:
        print(f"{file}: {answer}\n    {answer.remedy}", file=sys.stderr)
    if refused:
        return 1
    terminal, profile = settings.terminal, settings.acquirer_profile
    devices = ", ".join(settings.devices) or "none"
    hosts = ", ".join(f"{host}:{port}" for host, port in settings.host.endpoints)
    print(f"{file}: usable.")
    print(f"    terminal {terminal.id} of merchant {terminal.merchant_id}, {terminal.environment}")
    print(f"    host {hosts}, dialect {profile.dialect}, MAC {profile.mac_algorithm}")
    print(f"    devices: {devices}; state in {terminal.state_dir}")
    return _check_changes(file)


def _check_changes(file: str) -> int:
    """The file with the changed parameters on top, where there are any that this user may see."""
    try:
        changed = Parameters(file)
        standing = changed.standing()
        changed.settings()
    except ParametersError as error:
        print(f"    {error}", file=sys.stderr)
        return 0
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    if standing.content or standing.waiting:
        print(
            f"    changed parameters: {len(standing.content)} in force, {len(standing.waiting)} changes waiting"
            f" (countertop config diff {file})"
        )
    return 0


def _refused(name: str, device: Mapping[str, Any]) -> SettingsRefused | None:
    """What the device's driver says to its section; building a device opens nothing."""
    try:
        build(name, device)
    except SettingsRefused as error:
        return error
    return None


def _explain(key: str) -> int:
    entries = explain(key)
    if not entries:
        print(unknown_key(key), file=sys.stderr)
        return 2
    print("\n\n".join(str(entry) for entry in entries))
    return 0
