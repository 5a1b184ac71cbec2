"""Why it does not work: the fault doctor at the terminal itself, with one thing to do at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terminal.desk import Desk
from terminal.flows.waiting import waiting_lines
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator

if TYPE_CHECKING:
    from terminal.service.doctor import Finding, Step
    from terminal.service.doctor_report import Report

__all__ = ["diagnosis", "result_screen"]

_TITLE = "menu.manage.diagnosis"
_MARKS = {"good": "✓", "fault": "×", "warning": "!"}
_CODES_MAX = 4
"""Of those that are shown in words; the code has all."""
_LINES_MAX = 4
"""Steps that have just been made, above each other."""


async def diagnosis(desk: Desk) -> None:
    """Step by step; then the first fault in large letters, what to do, and a code for whoever is asked from afar.

    Nothing is examined while a payment is on its way or just being undone: the host is left to it.
    """
    if desk.doctor is None or desk.acquirer.turn.locked():
        await desk.refuse(_TITLE, "diagnosis.not-now")
        return
    from terminal.service.doctor_report import Report  # with all the doctor's knowledge: not before it is asked for

    doctor, texts = desk.doctor(), desk.texts
    findings: list[Finding] = []

    def begun(step: Step) -> None:
        told = [finding for finding in findings if finding.state in _MARKS][-_LINES_MAX:]
        lines = [f"{_MARKS[finding.state]} {texts.text(f'doctor.step.{finding.step.name}')}" for finding in told]
        now = texts.text(f"doctor.step.{step.name}")
        desk.show(Screen("diagnosis.busy", texts.text(_TITLE), f"{now} …", lines=tuple(lines), tone=Tone.BUSY))

    async for finding in doctor.examine(begun):
        findings.append(finding)  # noqa: PERF401 -- the next step shows what has been found
    report = Report.of(desk.settings, desk.acquirer.clock(), findings)
    kept = await doctor.keep(report)
    await desk.journal.note("diagnosis", f"{'+'.join(report.codes) or 'well'} {report.reference}")
    screen = result_screen(desk.texts, report, await waiting_lines(desk), kept=kept)
    await desk.tell(screen, desk.settings.timeouts.menu_s)


def result_screen(texts: Translator, report: Report, waiting: tuple[str, ...] = (), *, kept: bool = True) -> Screen:
    """What an examination ends in; ``waiting`` is told where nothing is wrong.

    ``kept``: there is a bundle under the report's reference; else it is said that there is none.
    """
    main, reference = report.main, report.reference if kept else texts.text("diagnosis.not-kept")
    if main is None or main.fault is None:
        lines = (reference, *waiting)
        well = texts.text("diagnosis.done")
        return Screen("diagnosis.done", texts.text(_TITLE), well, lines, tone=Tone.GOOD, qr=report.code_text)
    fault, warning = main.fault, main.fault.warning
    return Screen(
        "diagnosis.warning" if warning else "diagnosis.failed",
        f"{fault.code} {fault.cause(texts, main.what)}",
        fault.instruction(texts, main.what),
        ("  ".join([*report.codes[:_CODES_MAX], reference]),),
        tone=Tone.WARNING if warning else Tone.BAD,
        qr=report.code_text,
    )
