"""What an examination found, as it is told on: rows for programs, and the few characters by which people name it.

The short reference is a digest of who was examined, when, with which version and what was found; whoever has the text
of the code on the screen can work it out again.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config import Settings
from terminal import VERSION
from terminal.screens.texts import Translator
from terminal.service.doctor import Finding, State

__all__ = ["Report", "row_of"]

FORM = "CT1"
_REFERENCE_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Report:
    """One examination. Nothing in it is card data: it is shown as a code to whoever stands there."""

    serial_number: str
    terminal: str
    at: datetime
    findings: tuple[Finding, ...]
    version: str = VERSION

    @classmethod
    def of(cls, settings: Settings, at: datetime, findings: list[Finding]) -> Report:
        """The report on a terminal."""
        return cls(settings.terminal.serial_number, settings.terminal.id, at, tuple(findings))

    @property
    def codes(self) -> tuple[str, ...]:
        """Of faults and then of warnings, each in the order of the steps."""
        told = [(finding.state is State.WARNING, finding.fault.code) for finding in self.findings if finding.fault]
        return tuple(code for _, code in sorted(told, key=lambda each: each[0]))

    @property
    def main(self) -> Finding | None:
        """What is to be mended first: the first fault, else the first warning, else nothing."""
        told = [finding for finding in self.findings if finding.fault is not None]
        return min(told, key=lambda finding: finding.state is State.WARNING, default=None)

    @property
    def reference(self) -> str:
        """Eight letters and digits, such as ``K3QF-7A2B``."""
        digest = base64.b32encode(hashlib.sha256(self._said.encode("utf-8")).digest()).decode("ascii")
        return f"{digest[:4]}-{digest[4:_REFERENCE_CHARACTERS]}"

    @property
    def code_text(self) -> str:
        """Text of the QR code: the reference and everything it stands for, separated by blanks."""
        return f"{self._said} {self.reference}"

    @property
    def _said(self) -> str:
        at = self.at.isoformat(timespec="seconds")
        return f"{FORM} {self.serial_number} {self.terminal} {at} {self.version} {'+'.join(self.codes) or '-'}"

    def rows(self, texts: Translator) -> list[dict[str, Any]]:
        """Every finding with its words."""
        return [row_of(finding, texts) for finding in self.findings]


def row_of(finding: Finding, texts: Translator) -> dict[str, Any]:
    """A finding for programs: its words only where there is a fault."""
    row: dict[str, Any] = {"tree": finding.step.tree, "step": finding.step.name, "state": finding.state}
    if finding.fault is not None:
        row |= {
            "code": finding.fault.code,
            "cause": finding.fault.cause(texts, finding.what),
            "instruction": finding.fault.instruction(texts, finding.what),
        }
    return row
