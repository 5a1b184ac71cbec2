"""``countertop doctor``: what keeps a terminal from working, and the one thing to do about it.

Looks at files, disk, clock, certificates and keys, then goes the way to the host step by step up to a sign-on. Every
fault has a code that stays the same in every language. To be run as the service's user.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import datetime
from typing import Any

from config import ConfigError, Settings, load
from terminal.screens.texts import LANGUAGES, Translator
from terminal.service.doctor import Finding, Patient, State, Step, examine
from terminal.service.doctor_faults import FAULTS
from terminal.service.doctor_host import HOST_STEPS
from terminal.service.doctor_machine import MACHINE_STEPS

__all__ = ["main"]

EXIT_HEALTHY, EXIT_FAULT = 0, 1
STEPS = (*MACHINE_STEPS, *HOST_STEPS)
TREES = tuple(dict.fromkeys(step.tree for step in STEPS))
PATIENCE_S = 5.0
_NEEDS = {"keys": ("files",), "host": ("files", "disk", "certificates", "keys"), "disk": ("files",)}
"""Trees whose findings a tree is built on."""
_MARKS = {State.GOOD: "✓", State.FAULT: "×", State.NOT_TRIED: "–"}
_EXAMPLES = """examples:
  countertop doctor --config terminal.toml                  everything
  countertop doctor --config terminal.toml --only host      the way to the host, with what it is built on
  countertop doctor --config terminal.toml --language zh    in another language than the terminal's
  countertop doctor --config terminal.toml --json           for programs

exit code: 0 nothing is wrong; 1 a fault was found; 2 used wrongly
A sign-on fetches new working keys. Where the terminal is running, its sign-on is left to it (7 9 on its keypad).
"""


def main(argv: list[str]) -> int:
    """Examine a terminal; 0 when nothing is wrong, 1 when a fault was found."""
    parser = argparse.ArgumentParser(
        prog="countertop doctor",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", required=True, metavar="FILE", help="the terminal's configuration")
    parser.add_argument("--only", choices=TREES, action="append", help="look only at this; may be given several times")
    parser.add_argument("--language", choices=LANGUAGES, help="of what is told; the terminal's own when absent")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    parser.add_argument(
        "--patience", type=_seconds, default=PATIENCE_S, metavar="SECONDS", help="for each answer (default 5)"
    )
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
    except ConfigError as error:
        return _no_configuration(error, Translator(arguments.language or "en"), arguments.json)
    texts = Translator(arguments.language or settings.terminal.language)
    findings = asyncio.run(_examine(settings, _chosen(arguments.only), texts, arguments.json, arguments.patience))
    return _tell(findings, texts, arguments.json)


def _chosen(only: list[str] | None) -> tuple[Step, ...]:
    wanted = {name for tree in only or TREES for name in (tree, *_NEEDS.get(tree, ()))}
    return tuple(step for step in STEPS if step.tree in wanted)


async def _examine(
    settings: Settings, steps: tuple[Step, ...], texts: Translator, silent: bool, patience_s: float
) -> list[Finding]:
    def begun(step: Step) -> None:
        if not silent and sys.stdout.isatty():
            print(f"… {texts.text(f'doctor.step.{step.name}')}", end="\r", flush=True)

    found = []
    async for finding in examine(Patient(settings, datetime.now, patience_s), steps, begun):
        found.append(finding)
        if not silent:
            print(_line(finding, texts), flush=True)
    return found


def _line(finding: Finding, texts: Translator) -> str:
    name = texts.text(f"doctor.step.{finding.step.name}")
    if finding.fault is not None:
        said = f"{finding.fault.code} {finding.fault.cause(texts, finding.what)}"
    else:
        said = texts.text(finding.what) if finding.state is State.NOT_TRIED else finding.what
    return f"{_MARKS[finding.state]} {name}{': ' if said else ''}{said}"


def _tell(findings: list[Finding], texts: Translator, as_json: bool) -> int:
    faults = [(finding.fault, finding.what) for finding in findings if finding.fault is not None]
    if as_json:
        rows = [_row(finding, texts) for finding in findings]
        print(json.dumps({"healthy": not faults, "steps": rows}, ensure_ascii=False))
    else:
        print()
        print(texts.text("doctor.found", count=len(faults)) if faults else texts.text("doctor.healthy"))
        for fault, what in faults:
            print(f"  {fault.code}  {fault.cause(texts, what)}\n       {fault.instruction(texts, what)}")
    return EXIT_FAULT if faults else EXIT_HEALTHY


def _row(finding: Finding, texts: Translator) -> dict[str, Any]:
    row: dict[str, Any] = {"tree": finding.step.tree, "step": finding.step.name, "state": finding.state}
    if finding.fault is not None:
        row |= {
            "code": finding.fault.code,
            "cause": finding.fault.cause(texts, finding.what),
            "instruction": finding.fault.instruction(texts, finding.what),
        }
    return row


def _no_configuration(error: ConfigError, texts: Translator, as_json: bool) -> int:
    fault = FAULTS["configuration"]
    cause, instruction = fault.cause(texts, ""), fault.instruction(texts, "")
    if as_json:
        row = {"tree": "files", "step": "configuration", "state": State.FAULT, "code": fault.code}
        row |= {"cause": cause, "instruction": instruction}
        print(json.dumps({"healthy": False, "steps": [row]}, ensure_ascii=False))
    else:
        print(error, file=sys.stderr)
        print(f"  {fault.code}  {cause}\n       {instruction}")
    return EXIT_FAULT


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 120:
        raise argparse.ArgumentTypeError("expected seconds from 1 to 120")
    return seconds
