"""``countertop network``: the links of this machine, Wi-Fi networks in reach, and joining one.

Asks NetworkManager over the system's message bus, beside a running terminal or without one.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from config import Settings, load
from config.network import Network as Section
from keys import Secret
from terminal.flows.wifi import PASSWORD_MAX, PASSWORD_MIN
from terminal.journal import JournalError
from terminal.journal.database import JOURNAL_NAME
from terminal.network.state import AccessPoint, Link, Security, Trouble, shown_name
from terminal.network.watch import NetworkWatch
from terminal.screens.texts import LANGUAGES, Translator
from terminal.service.gate import obstacles
from tools.gate import CONFIGURATION

__all__ = ["main"]

EXIT_OK, EXIT_TROUBLE, EXIT_USAGE = 0, 1, 2
WAIT_S, LOOK_S = 120.0, 1.0
"""How long a payment that is under way is waited for."""
_REFUSED = {Security.ENTERPRISE: Trouble.ENTERPRISE, Security.WEP: Trouble.WEP}
_EXAMPLES = """examples:
  countertop network list                                  every link: which one is used, signal, SIM
  countertop network scan                                  Wi-Fi networks in reach
  countertop network join "Corner Shop"                    asks for the password
  countertop network join "Corner Shop" --password-fd 3 3< password.txt
  countertop network order --config terminal.toml          give the links the order of its [network] now
  countertop network list --json                           for programs

exit code: 0 done; 1 it could not be done, with the reason and a remedy; 2 used wrongly
A password is never an argument: every user of the machine could read it there.
"""


def main(argv: list[str]) -> int:
    """List, scan, join, order; 0 when it was done. Raises ConfigError, with a remedy."""
    arguments = _parser().parse_args(argv)
    path = arguments.config or (CONFIGURATION if os.access(CONFIGURATION, os.R_OK) else None)
    settings = load(path) if path else None
    texts = Translator(arguments.language)
    return asyncio.run(_COMMANDS[arguments.command](arguments, _watch(arguments, settings), texts, settings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countertop network",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config",
        metavar="FILE",
        help=f"the terminal's configuration, for [network] and its journal (default {CONFIGURATION}, if it is there)",
    )
    common.add_argument("--bus", metavar="ADDRESS", help="the message bus; the system's when absent")
    common.add_argument("--language", choices=LANGUAGES, default="en", help="of reasons and remedies (default en)")
    common.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in (
        ("list", "every link of this machine"),
        ("scan", "look for Wi-Fi networks"),
        ("order", "give the links their order now"),
    ):
        commands.add_parser(name, parents=[common], help=purpose, description=purpose)
    join = commands.add_parser(
        "join", parents=[common], help="join a Wi-Fi network", description="join a Wi-Fi network"
    )
    join.add_argument("name", help="the network's name, as scan shows it")
    join.add_argument("--password-fd", type=int, metavar="N", help="read the password from this file descriptor")
    join.add_argument("--open", action="store_true", help="join a network without a password")
    return parser


def _watch(arguments: argparse.Namespace, settings: Settings | None) -> NetworkWatch:
    section = (settings.network if settings is not None else None) or Section()
    return NetworkWatch(Section(section.order, arguments.bus or section.bus), open_allowed=arguments.command == "join")


async def _list(arguments: argparse.Namespace, watch: NetworkWatch, texts: Translator, _: Settings | None) -> int:
    network = await watch.look()
    if arguments.json:
        print(json.dumps(asdict(network), ensure_ascii=False))
        return EXIT_OK if network.trouble is None else EXIT_TROUBLE
    if network.trouble is not None:
        return _refuse(texts, network.trouble)
    for link in network.links:
        print(_link_line(link, texts, used=link is network.link))
    if not network.links:
        print("NetworkManager knows no Ethernet, Wi-Fi or mobile device here.")
    return EXIT_OK


def _link_line(link: Link, texts: Translator, *, used: bool) -> str:
    words = [link.interface.ljust(12), link.kind.ljust(8), texts.text(f"network.link.{link.state}"), link.name]
    words += [f"{link.signal} %"] if link.signal is not None else []
    if link.sim is not None:
        words += [texts.text(f"network.sim.{link.sim.state}"), link.sim.operator, link.sim.iccid]
    return f"{'*' if used else ' '} {' '.join(word for word in words if word)}"


async def _scan(arguments: argparse.Namespace, watch: NetworkWatch, texts: Translator, _: Settings | None) -> int:
    found = await watch.scan()
    if found.trouble is not None:
        return _refuse(texts, found.trouble, as_json=arguments.json)
    if arguments.json:
        print(json.dumps([_point_row(point) for point in found.points], ensure_ascii=False))
        return EXIT_OK
    for point in found.points:
        print(f"{'*' if point.joined else ' '} {point.signal:3} %  {point.security:<10} {shown_name(point.ssid)}")
    if not found.points:
        print("No network is in reach.")
    return EXIT_OK


def _point_row(point: AccessPoint) -> dict[str, object]:
    return {
        "name": shown_name(point.ssid),
        "signal": point.signal,
        "security": point.security,
        "joined": point.joined,
    }


async def _join(
    arguments: argparse.Namespace, watch: NetworkWatch, texts: Translator, settings: Settings | None
) -> int:
    found = await watch.scan()
    if found.trouble is not None:
        return _refuse(texts, found.trouble, as_json=arguments.json)
    point = next((point for point in found.points if shown_name(point.ssid) == arguments.name), None)
    if point is None:
        return _refuse(texts, Trouble.NOT_FOUND, as_json=arguments.json)
    if point.security in _REFUSED:
        return _refuse(texts, _REFUSED[point.security], as_json=arguments.json)
    if point.security is Security.OPEN and not arguments.open:
        return _told("This network has no password: whoever is near reads along.", "Add --open if that is meant.")
    password = await asyncio.to_thread(_password, arguments) if point.security.password else None
    if password is not None and not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        password.wipe()
        return _told("That is no password of a Wi-Fi network.", f"It has {PASSWORD_MIN} to 63 characters of ASCII.")
    try:
        if settings is not None and not await _quiet(settings):
            return _refuse(texts, Trouble.BUSY, as_json=arguments.json)
        trouble = await watch.join(point, password)
    finally:
        if password is not None:
            password.wipe()
    if trouble is not None:
        return _refuse(texts, trouble, as_json=arguments.json)
    print(json.dumps({"joined": shown_name(point.ssid)}) if arguments.json else f"Joined {shown_name(point.ssid)}.")
    return EXIT_OK


def _password(arguments: argparse.Namespace) -> Secret:
    """Typed without an echo, or a line of a file descriptor; not ASCII: empty."""
    if arguments.password_fd is None:
        typed = getpass.getpass("Password: ").encode("utf-8")
    else:
        try:
            with os.fdopen(arguments.password_fd, "rb", closefd=False) as file:
                typed = file.readline(PASSWORD_MAX + 3).rstrip(b"\r\n")
        except OSError as error:
            print(f"countertop network: descriptor {arguments.password_fd}: {error.strerror}", file=sys.stderr)
            typed = b""
    return Secret(typed if typed.isascii() and typed.decode("ascii", "replace").isprintable() else b"")


async def _quiet(settings: Settings) -> bool:
    """Whether no payment is under way, waited for; one that is being undone may be waiting for this very network."""
    journal = Path(settings.terminal.state_dir) / JOURNAL_NAME
    for _ in range(round(WAIT_S / LOOK_S)):
        try:
            if not any(found.what == "payment" for found in await asyncio.to_thread(obstacles, journal)):
                return True
        except JournalError:
            pass  # too busy to be read: as good as a payment
        await asyncio.sleep(LOOK_S)
    return False


async def _order(
    arguments: argparse.Namespace, watch: NetworkWatch, texts: Translator, settings: Settings | None
) -> int:
    if settings is not None and not await _quiet(settings):
        return _refuse(texts, Trouble.BUSY, as_json=arguments.json)
    trouble = await watch.arrange()
    if trouble is not None:
        return _refuse(texts, trouble, as_json=arguments.json)
    return await _list(arguments, watch, texts, settings)


def _refuse(texts: Translator, trouble: Trouble, *, as_json: bool = False) -> int:
    said, remedy = texts.text(f"network.trouble.{trouble}"), texts.text(f"network.remedy.{trouble}")
    if as_json:
        print(json.dumps({"trouble": trouble, "text": said, "remedy": remedy}, ensure_ascii=False))
        return EXIT_TROUBLE
    return _told(f"{said}.", f"{remedy}.")


def _told(text: str, remedy: str) -> int:
    print(f"countertop network: {text}\n    {remedy}", file=sys.stderr)
    return EXIT_TROUBLE


_COMMANDS = {"list": _list, "scan": _scan, "join": _join, "order": _order}
