"""Rounds of mutated messages against a dialect: what comes out is a message that holds, or one Iso8583Error."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import iso8583
from iso8583 import Dialect, Iso8583Error
from tools.fuzz.messages import messages_of
from tools.fuzz.mutations import mutated

__all__ = ["Finding", "Report", "fuzz", "judge"]

WORST_KEPT = 20
WORST_TIMED = 30
"""The slowest inputs are timed again, so often; the least time counts, for a machine does other things too."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that shows a fault."""

    dialect: str
    fault: str
    data: bytes


@dataclass(slots=True)
class Report:
    """What a round showed."""

    dialect: str
    inputs: int = 0
    taken: int = 0
    """Inputs that are messages."""
    refused: Counter[str] = field(default_factory=Counter)
    """Inputs by the error that refused them."""
    findings: list[Finding] = field(default_factory=list)
    worst_us: float = 0.0
    worst_bytes: int = 0
    seconds: float = 0.0


def fuzz(name: str, count: int, seed: int) -> Report:
    """``count`` mutated inputs of a dialect; the same ones for the same seed."""
    random = Random(f"{seed} {name}")  # noqa: S311 - inputs to try, not secrets
    dialect = iso8583.dialect(name)
    wires = [dialect.encode(message) for message in messages_of(dialect.declaration, random)]
    report = Report(name)
    slowest: list[tuple[float, bytes]] = []
    clock = time.perf_counter
    began = clock()
    for _ in range(count):
        data = mutated(wires, random)
        before = clock()
        fault = judge(dialect, data, report)
        took = clock() - before
        if fault:
            report.findings.append(Finding(name, fault, data))
        if len(slowest) < WORST_KEPT or took > slowest[-1][0]:
            slowest = sorted([*slowest, (took, data)], key=lambda row: -row[0])[:WORST_KEPT]
    report.inputs = count
    report.seconds = clock() - began
    for _, data in slowest:
        least = min(_time_s(dialect, data) for _ in range(WORST_TIMED)) * 1e6
        if least > report.worst_us:
            report.worst_us, report.worst_bytes = least, len(data)
    return report


def judge(dialect: Dialect, data: bytes, report: Report | None = None) -> str:
    """What is wrong with how a dialect takes these bytes; empty when nothing is."""
    try:
        message = dialect.decode(data)
    except Iso8583Error as error:
        if report is not None:
            report.refused[type(error).__name__] += 1
        return "" if error.offset is not None or not data else f"{type(error).__name__} without an offset"
    except Exception as error:  # noqa: BLE001 - finding these is the purpose
        return f"{type(error).__name__} from decode"
    if report is not None:
        report.taken += 1
    try:
        again = dialect.decode(dialect.encode(message))
    except Exception as error:  # noqa: BLE001 - as above
        return f"{type(error).__name__} from encoding what was decoded"
    return "" if again == message else "another message after encoding and decoding"


def _time_s(dialect: Dialect, data: bytes) -> float:
    began = time.perf_counter()
    with suppress(Iso8583Error):
        dialect.decode(data)
    return time.perf_counter() - began
