"""``countertop doctor``: what keeps a terminal from working, and the one thing to do about it.

Looks at files, disk, clock, certificates and keys, asks every device how it is, then goes the way to the host step by
step up to a sign-on. Every fault has a code that stays the same in every language. To be run as the service's user.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path

from config import ConfigError
from terminal.screens.texts import LANGUAGES, Translator
from terminal.service.device_word import word_of
from terminal.service.doctor import Finding, Patient, State, Step, examine
from terminal.service.doctor_devices import DEVICE_STEPS
from terminal.service.doctor_faults import FAULTS
from terminal.service.doctor_host import HOST_STEPS
from terminal.service.doctor_machine import MACHINE_STEPS
from terminal.service.doctor_network import NETWORK_STEPS
from terminal.service.doctor_report import Report
from terminal.service.doctor_wear import WEAR_STEPS
from terminal.service.parameters import Parameters, ParametersError

__all__ = ["main"]

EXIT_HEALTHY, EXIT_FAULT = 0, 1
STEPS = (*MACHINE_STEPS, *DEVICE_STEPS, *WEAR_STEPS, *NETWORK_STEPS, *HOST_STEPS)
TREES = tuple(dict.fromkeys(step.tree for step in STEPS))
PATIENCE_S = 5.0
_NEEDS = {"keys": ("files",), "host": ("files", "disk", "certificates", "keys"), "disk": ("files",)}
_NEEDS |= {step.tree: ("files", "disk") for step in DEVICE_STEPS}
"""Trees whose findings a tree is built on."""
_MARKS = {State.GOOD: "✓", State.FAULT: "×", State.WARNING: "!", State.NOT_TRIED: "–"}
_YES = ("y", "yes", "k", "kyllä", "是", "s")
_EXAMPLES = """examples:
  countertop doctor --config terminal.toml                  everything
  countertop doctor --config terminal.toml --only host      the way to the host, with what it is built on
  countertop doctor --config terminal.toml --only printer --only msr    two devices
  countertop doctor --config terminal.toml --interactive    and somebody swipes, scans, presses and looks at paper
  countertop doctor --config terminal.toml --language zh    in another language than the terminal's
  countertop doctor --config terminal.toml --bundle found.zip     the findings with all that belongs to them
  countertop doctor --config terminal.toml --json           for programs

exit code: 0 nothing is wrong; 1 a fault was found; 2 used wrongly
A sign-on fetches new working keys. Where the terminal is running, its sign-on is left to it (7 9 on its keypad), and
its devices are not opened: it is asked how they are.
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
    parser.add_argument(
        "--interactive", action="store_true", help="try the devices out: a slip is printed, somebody swipes and scans"
    )
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE.zip", help="write everything that somebody afar needs; no secret is in it"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    parser.add_argument(
        "--patience", type=_seconds, default=PATIENCE_S, metavar="SECONDS", help="for each answer (default 5)"
    )
    arguments = parser.parse_args(argv)
    try:
        settings = Parameters(arguments.config).settings()
    except (ConfigError, ParametersError) as error:
        return _no_settings(error, Translator(arguments.language or "en"), arguments.json)
    texts = Translator(arguments.language or settings.terminal.language)
    patient = Patient(settings, datetime.now, arguments.patience)
    patient.person = _AtTheConsole(texts) if arguments.interactive else None
    findings = asyncio.run(_examine(patient, _chosen(arguments.only), texts, arguments.json))
    report = Report.of(settings, datetime.now(), findings)
    if arguments.bundle is None:
        return _tell(report, texts, arguments.json)
    return max(
        _tell(report, texts, arguments.json), _bundled(arguments.bundle, report, patient, Path(arguments.config), texts)
    )


def _chosen(only: list[str] | None) -> tuple[Step, ...]:
    wanted = {name for tree in only or TREES for name in (tree, *_NEEDS.get(tree, ()))}
    return tuple(step for step in STEPS if step.tree in wanted)


class _AtTheConsole:
    """Whoever has called the doctor."""

    def __init__(self, texts: Translator) -> None:
        self._texts = texts

    def say(self, key: str) -> None:
        print(f"→ {self._texts.text(key)}", file=sys.stderr, flush=True)

    async def agrees(self, key: str) -> bool:
        print(f"→ {self._texts.text(key)} [y/n] ", end="", file=sys.stderr, flush=True)
        answer = await asyncio.to_thread(sys.stdin.readline)
        return answer.strip().lower() in _YES


async def _examine(patient: Patient, steps: tuple[Step, ...], texts: Translator, silent: bool) -> list[Finding]:
    def begun(step: Step) -> None:
        if not silent and sys.stdout.isatty():
            print(f"… {texts.text(f'doctor.step.{step.name}')}", end="\r", flush=True)

    found = []
    async for finding in examine(patient, steps, begun):
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


def _tell(report: Report, texts: Translator, as_json: bool) -> int:
    told = [(finding.fault, finding.what) for finding in report.findings if finding.fault is not None]
    count = sum(finding.state is State.FAULT for finding in report.findings)
    if as_json:
        rows = report.rows(texts)
        print(json.dumps({"healthy": not count, "reference": report.reference, "steps": rows}, ensure_ascii=False))
    else:
        print()
        print(texts.text("doctor.found", count=count) if count else texts.text("doctor.healthy"))
        for fault, what in told:
            print(f"  {fault.code}  {fault.cause(texts, what)}\n       {fault.instruction(texts, what)}")
    return EXIT_FAULT if count else EXIT_HEALTHY


def _bundled(path: Path, report: Report, patient: Patient, config: Path, texts: Translator) -> int:
    """Write the bundle and name it; where nobody can, say why."""
    from terminal.service.doctor_bundle import write_bundle  # opens journal, devices and catalogues of packages

    words = dict(patient.told or {name: word_of(device) for name, device in (patient.devices or {}).items()})
    try:
        write_bundle(path, report, patient.settings, config, words)
    except OSError as error:
        print(texts.text("doctor.no-bundle", file=path, reason=error.strerror), file=sys.stderr)
        return EXIT_FAULT
    print(texts.text("doctor.bundle", file=path, reference=report.reference), file=sys.stderr)
    return EXIT_HEALTHY


def _no_settings(error: ConfigError | ParametersError, texts: Translator, as_json: bool) -> int:
    fault = FAULTS["configuration" if isinstance(error, ConfigError) else "parameters"]
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
