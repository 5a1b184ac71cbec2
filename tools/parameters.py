"""``countertop config show|set|diff|history|revert``: the parameters of a terminal, changed beside the running one.

The configuration file itself is never rewritten: a change is laid over it, numbered, kept with who and when, and can
be taken back (docs/technician/parameters.md).
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from config import CHANGE, ConfigError, Problem
from config.overlay import Effect
from config.parameters import UnknownParameter, check_parameter, is_secret, masked, parameters, read_value
from terminal.service.parameters import Change, Parameters, Source, Waits

__all__ = ["EFFECTS", "WAITS", "add_commands", "moment_of", "told_change", "whoever"]

EFFECTS = {
    Effect.IDLE: "at the next idle moment",
    Effect.SETTLED: "when the batch is settled",
    Effect.RESTART: "at the next start",
    Effect.FIXED: "in the file alone",
}
WAITS = {
    Waits.TIME: "its moment has not come",
    Waits.SETTLED: "for an idle moment with nothing open: settle the batch (7 6); countertop gate says what is open",
    Waits.IDLE: "for the terminal's next idle moment or start",
    Waits.RESTART: "for the next start of the terminal",
    Waits.TRIAL: "until the terminal has started with the changes before it",
    Waits.ORDER: "for another change that waits",
}
_NONE = "(the file's)"


def add_commands(commands: Any) -> None:
    """The commands that have to do with changes; each sets ``run``."""
    show = commands.add_parser("show", help="every parameter: its value, who says so, when a change takes effect")
    show.add_argument("file", metavar="FILE")
    show.add_argument("keys", nargs="*", metavar="KEY", help="only these keys or sections")
    show.set_defaults(run=_show)

    change = commands.add_parser("set", help="change parameters: checked first, recorded, effective when it is safe")
    change.add_argument("file", metavar="FILE")
    change.add_argument("pairs", nargs="+", metavar="KEY=VALUE", help="KEY= alone gives the word back to the file")
    change.add_argument("--note", default="", help="why, for the history")
    change.set_defaults(run=_set)

    diff = commands.add_parser("diff", help="what differs from the file, and what waits")
    diff.add_argument("file", metavar="FILE")
    diff.set_defaults(run=_diff)

    history = commands.add_parser("history", help="every change: number, time, who, old and new value")
    history.add_argument("file", metavar="FILE")
    history.add_argument("--json", action="store_true", help="one JSON object for each change")
    history.set_defaults(run=_history)

    revert = commands.add_parser("revert", help="take a change back")
    revert.add_argument("file", metavar="FILE")
    revert.add_argument("number", type=int, metavar="N", help="its number in the history")
    revert.set_defaults(run=_revert)


def _show(arguments: argparse.Namespace) -> int:
    standing = Parameters(arguments.file).standing()
    shown = [
        parameter
        for parameter in parameters(Parameters(arguments.file).file, standing.content)
        if not arguments.keys or any(f"{parameter.key}.".startswith(f"{key}.") for key in arguments.keys)
    ]
    if not shown:
        check_parameter(arguments.keys[0])
    for parameter in shown:
        value = parameter.value or "(nothing)"
        print(f"{parameter.key} = {value}   # {parameter.origin}; changed {EFFECTS[parameter.effect]}")
    if standing.waiting:
        print(f"# {len(standing.waiting)} waiting: countertop config diff {arguments.file}", file=sys.stderr)
    return 0


def _set(arguments: argparse.Namespace) -> int:
    values = _values(arguments.pairs)
    change = Parameters(arguments.file).change(values, whoever(), Source.COMMAND, note=arguments.note)
    return told_change(change, arguments.file)


def _values(pairs: list[str]) -> dict[str, Any]:
    """Every pair is read before one is complained of. Raises ConfigError, UnknownParameter."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    unknown: list[str] = []
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            problems.append(Problem(CHANGE, key, "KEY=VALUE", "no =", "Such as: host.address=tcp:10.0.0.1:8583"))
            continue
        key, text = key.strip(), text.strip()
        try:
            check_parameter(key)
            values[key] = read_value(key, text) if text else None
        except UnknownParameter as error:
            unknown.append(str(error))
        except ConfigError as error:
            problems.extend(error.problems)
    if unknown:
        raise UnknownParameter("\n    ".join(unknown))
    if problems:
        raise ConfigError(problems)
    return values


def _diff(arguments: argparse.Namespace) -> int:
    changed = Parameters(arguments.file)
    standing = changed.standing()
    by_file = {parameter.key: parameter for parameter in parameters(changed.file, {})}
    if not standing.content and not standing.waiting:
        print("Nothing is changed: the file alone is in force.")
    for key, value in standing.content.items():
        print(f"{key}: {by_file[key].value or '(nothing)'} → {masked(key, value)}")
    if standing.trial:
        print("(on trial: the terminal has yet to start with this)")
    for change, why in standing.waiting:
        print(f"waiting, change {change.number}: {_moment(change) if why is Waits.TIME else WAITS[why]}")
        for line in _lines(change):
            print(f"    {line}")
    return 0


def _history(arguments: argparse.Namespace) -> int:
    changes = Parameters(arguments.file).history()
    if not changes and not arguments.json:
        print("No parameter was ever changed here: the file alone is in force.")
    for change in changes:
        if arguments.json:
            print(json.dumps(_as_json(change), ensure_ascii=False))
            continue
        origin = f"{change.source}{f' {change.bundle}' if change.bundle else ''}"
        origin += f" of change {change.reverts}" if change.reverts else ""
        decided = f" {change.decided_at}" if change.decided_at else ""
        print(f"{change.number}  {change.at}  {change.who}  {origin}  {change.state}{decided}")
        for line in [*([change.note] if change.note else []), *_lines(change)]:
            print(f"    {line}")
    return 0


def _revert(arguments: argparse.Namespace) -> int:
    change = Parameters(arguments.file).revert(arguments.number, whoever())
    if change.number == arguments.number:
        print(f"Change {change.number} is withdrawn; it was not in force yet.")
        return 0
    return told_change(change, arguments.file)


def told_change(change: Change, file: str) -> int:
    """Say what has been recorded, when it takes effect, and how it is taken back."""
    print(f"Change {change.number} is recorded.")
    for line in _lines(change):
        print(f"    {line}")
    print(f"    takes effect: {moment_of(change)}")
    print(f"    to take it back: countertop config revert {file} {change.number}")
    return 0


def moment_of(change: Change) -> str:
    """When a change takes effect, in words."""
    words = ["at the next idle moment of the terminal, or at its next start"]
    if Effect.RESTART in change.needs:
        words = ["at the next start of the terminal"]
    if Effect.SETTLED in change.needs:
        words.append("when nothing about money is open (batch settled, no reversal)")
    return ", ".join([*([_moment(change)] if change.effective else []), *words])


def _moment(change: Change) -> str:
    return f"not before {change.effective}"


def _lines(change: Change) -> Iterator[str]:
    for key, new in change.new.items():
        yield f"{key}: {_text(key, change.old[key])} → {_text(key, new)}"


def _text(key: str, value: str) -> str:
    return masked(key, json.loads(value)) if value else _NONE


def _as_json(change: Change) -> Mapping[str, Any]:
    names = ("number", "at", "who", "source", "note", "reverts", "bundle", "effective", "state", "decided_at")
    values = {
        key: {"old": _json_value(key, change.old[key]), "new": _json_value(key, new)} for key, new in change.new.items()
    }
    return {**{name: getattr(change, name) for name in names}, "values": values}


def _json_value(key: str, value: str) -> Any:
    """As it is; None for the file's own, and nothing of a secret."""
    if not value or is_secret(key):
        return _text(key, value) if value else None
    return json.loads(value)


def whoever() -> str:
    """The person at the machine: the user, and who became root."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    came = os.environ.get("SUDO_USER", "")
    return f"{name} ({came})" if came and came != name else name
