"""``countertop``: one table from command names to the modules that do the work, loaded when asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from terminal import VERSION

__all__ = ["COMMANDS", "Command", "available", "main"]

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
"""Exit codes of every command: done; done without success; used wrongly; stopped by the keyboard."""


@dataclass(frozen=True, slots=True)
class Command:
    """A word on the command line, the module whose ``main(argv) -> int`` it calls, and what it is for."""

    name: str
    module: str
    purpose: str


COMMANDS = (
    Command("run", "tools.run", "run the terminal from a configuration file"),
    Command("demo", "tools.demo", "play a day at the counter, without hardware"),
    Command("host", "tools.host.cli", "run the acquirer host simulator"),
    Command("till", "tools.till.cli", "be a till that asks the terminal for payments"),
    Command("pin-pad", "tools.pin_pad.cli", "run a simulated PIN pad on a pseudo-terminal"),
    Command("config", "tools.configuration", "check a configuration, start a new one, change parameters"),
    Command("operators", "tools.operators", "list a terminal's operators, unlock one"),
    Command("keys", "tools.keys_cli", "load, list and destroy keys in the vault"),
    Command("devices", "tools.devices.cli", "list the devices of this machine and try them"),
    Command("network", "tools.network", "list the links of this machine, join a Wi-Fi network"),
    Command("keyloader", "tools.key_loader", "be a key-loading device at a serial line, for training"),
    Command("doctor", "tools.doctor", "find out what keeps the terminal from working"),
    Command("decode", "tools.decode", "show a message's elements"),
    Command("encode", "tools.encode", "build a message from its elements"),
    Command("diff", "tools.diff", "compare two messages element by element"),
    Command("fuzz", "tools.fuzz.cli", "throw mutated messages at the codecs"),
    Command("fuzz-devices", "tools.fuzz.devices_cli", "throw broken input at every parser of what devices send"),
    Command("simulate", "tools.simulation.cli", "try thousands of disasters from a seed"),
    Command("bench", "tools.bench.cli", "the terminal in a browser"),
    Command("replay", "tools.replay.cli", "play a recording again"),
    Command("install", "tools.install", "make the terminal a service of this machine"),
    Command("gate", "tools.gate", "ask whether the terminal may be updated now"),
    Command("gallery", "tools.gallery", "draw every screen and slip as pictures"),
    Command("benchmark", "tools.benchmark", "measure codecs, keys and the terminal"),
)

_EXAMPLES = (
    ("demo", "countertop demo", "a whole story with pictures in demo-output/"),
    ("config", "countertop config new > terminal.toml", "a commented configuration to start from"),
    ("config", "countertop config check terminal.toml", "everything that is wrong with it, at once"),
    ("run", "countertop run --config terminal.toml", "the terminal itself"),
    ("decode", "countertop decode --help", "each command explains itself, with examples"),
)


def available() -> tuple[Command, ...]:
    """Commands whose module this installation has."""
    return tuple(command for command in COMMANDS if _exists(command.module))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. Faults that carry a remedy are told in two lines, without a traceback."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help", "help"):
        print(_help())
        return EXIT_OK if arguments else EXIT_USAGE
    if name in ("-V", "--version", "version"):
        print(f"countertop {VERSION}")
        return EXIT_OK
    command = next((command for command in COMMANDS if command.name == name and _exists(command.module)), None)
    if command is None:
        print(_unknown(name), file=sys.stderr)
        return EXIT_USAGE
    return _call(command, arguments[1:])


def _call(command: Command, arguments: list[str]) -> int:
    sys.argv[0] = f"countertop {command.name}"  # what argparse names in its usage line
    try:
        function: Callable[[list[str]], int] = import_module(command.module).main
        return function(arguments)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; nothing more can be told, and that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_OK
    except Exception as error:
        remedy = getattr(error, "remedy", None)
        if not isinstance(remedy, str):
            raise
        print(f"countertop {command.name}: {error}\n    {remedy}", file=sys.stderr)
        return EXIT_FAILED


def _exists(module: str) -> bool:
    """Whether a module is installed; asked of the files, because importlib would run the packages on the way."""
    path = Path(__file__).parents[1].joinpath(*module.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _help() -> str:
    commands = available()
    names = {command.name for command in commands}
    width = max((len(name) for name in names), default=0)
    rows = [f"  {command.name:<{width}}  {command.purpose}" for command in commands]
    examples = [f"  {line:<42} {purpose}" for name, line, purpose in _EXAMPLES if name in names]
    return "\n".join(
        [
            f"countertop {VERSION}: an open payment-terminal runtime",
            "",
            "usage: countertop COMMAND [ARGUMENTS]",
            "       countertop COMMAND --help",
            "",
            "commands:",
            *rows,
            "",
            "examples:",
            *examples,
        ]
    )


def _unknown(name: str) -> str:
    near = get_close_matches(name, [command.name for command in available()], 1, 0.5)
    hint = f"Did you mean: countertop {near[0]}" if near else "Commands are listed by: countertop --help"
    return f"countertop: {name!r} is not a command.\n    {hint}"
