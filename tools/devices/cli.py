"""``countertop devices``: what is connected, what it is taken for and why; what comes and goes; whether it works."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from config import ConfigError
from drivers.discovery import Found, Use, discover
from drivers.health import HealthLevel
from drivers.hotplug import Hotplug
from terminal.service.parameters import Parameters
from tools.devices.check import check_all
from tools.devices.match import Match, matches

__all__ = ["main"]

_EPILOG = """examples:
  countertop devices                                       what is connected, and how to name it in a configuration
  countertop devices --watch                               the same, then everything that comes and goes
  countertop devices --config terminal.toml                which of them the terminal would use, and what it lacks
  countertop devices --config terminal.toml --check internal      ask each device how it is; nothing moves
  countertop devices --config terminal.toml --check external      print a line, show a text, open the drawer
  countertop devices --config terminal.toml --check interactive   the same, and somebody swipes, scans and looks
  countertop devices --json                                for programs; with --watch one line for each change

Stop the terminal before a check: a device is held by one program at a time. Exit code 1: a device that the
configuration names is absent, may not be opened, or is not well.
"""
EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
LOOK_S = 2.0
"""Without a word from the kernel everything is looked at this often."""
SETTLE_S = 0.3
"""After a word from the kernel: udev gives names and rights a moment later."""


def main(argv: list[str]) -> int:
    """List, watch or check."""
    arguments = _parser().parse_args(argv)
    settings = None
    if arguments.check and not arguments.config:
        print("countertop devices: --check wants --config FILE, which says what should be there.", file=sys.stderr)
        return EXIT_USAGE
    if arguments.config:
        try:
            settings = Parameters(arguments.config).settings()
        except ConfigError as error:
            print(error, file=sys.stderr)
            return EXIT_USAGE
    if settings is not None and arguments.check:
        return _checked(asyncio.run(check_all(settings.devices, HealthLevel(arguments.check), _ask)), arguments.json)
    found = discover()
    configured = matches(settings.devices, found) if settings is not None else []
    _tell_all(found, configured, as_json=arguments.json)
    if arguments.watch:
        asyncio.run(watch(found, arguments.json, discover, print))
    return EXIT_FAILED if any(match.problem for match in configured) else EXIT_OK


async def watch(known: list[Found], as_json: bool, look: Callable[[], list[Found]], say: Callable[[str], None]) -> None:
    """Tell what comes and goes, for ever."""
    said = asyncio.Event()
    hotplug = Hotplug(said.set)
    hotplug.start()
    try:
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await said.wait()
                await asyncio.sleep(SETTLE_S)
            except TimeoutError:
                pass
            said.clear()
            now = look()
            for sign, one in changes(known, now):
                say(_change(sign, one, as_json))
            known = now
    finally:
        hotplug.close()


def changes(before: list[Found], after: list[Found]) -> list[tuple[str, Found]]:
    """What has gone (``-``) and come (``+``)."""
    return [
        *(("-", one) for one in before if one not in after),
        *(("+", one) for one in after if one not in before),
    ]


def _change(sign: str, one: Found, as_json: bool) -> str:
    at = datetime.now().astimezone().isoformat(timespec="seconds")
    if as_json:
        return json.dumps({"at": at, "change": "gone" if sign == "-" else "come", **asdict(one)}, ensure_ascii=False)
    return f"{at[11:19]} {sign} {_line(one)}"


def _line(one: Found) -> str:
    maker = " ".join(dict.fromkeys([one.identity.maker, one.name])) if one.identity is not None else one.name
    return f"{one.use:<12} {maker.strip() or 'without a name':<34} {one.why}"


def _tell_all(found: list[Found], configured: list[Match], *, as_json: bool) -> None:
    if as_json:
        listing: dict[str, object] = {"devices": [asdict(one) for one in found]}
        if configured:
            listing["configured"] = [asdict(match) for match in configured]
        print(json.dumps(listing, indent=2, ensure_ascii=False))
        return
    if not found:
        print("No device of a counter is connected.\n    Look at the cables; then: countertop devices --watch")
    for one in found:
        print(_line(one))
        print(f"             {one.node}")
        if one.use not in (Use.UNKNOWN, Use.BEEPER):
            print(f'             address = "{one.address}"' + (f'   driver = "{one.driver}"' if one.driver else ""))
        if one.problem:
            print(f"             {one.problem} {one.remedy}")
    for match in configured:
        print(f"[devices.{match.section}] {match.problem or f'is {match.node}'}")
        if match.remedy:
            print(f"    {match.remedy}")


def _ask(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _checked(results: list[dict[str, str]], as_json: bool) -> int:
    if as_json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    else:
        for result in results:
            print(f"{result['device']:<12} {result['verdict']:<8} {result['text']}")
            if result["remedy"]:
                print(f"             {result['remedy']}")
        if not results:
            print("The configuration names no devices.")
    return EXIT_FAILED if any(result["verdict"] == "bad" for result in results) else EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countertop devices",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", metavar="FILE", help="compare with what a terminal's configuration names")
    parser.add_argument("--check", choices=[str(level) for level in HealthLevel], help="ask each device how it is")
    parser.add_argument("--watch", action="store_true", help="go on, and tell what comes and goes")
    parser.add_argument("--json", action="store_true", help="as JSON")
    return parser
