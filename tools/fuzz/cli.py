"""``countertop fuzz``: mutated messages against every dialect's codec; only Iso8583Error may come out."""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

import iso8583
from tools.fuzz.codec import Report, fuzz

__all__ = ["main"]

_EPILOG = """examples:
  countertop fuzz                                    100,000 inputs of every dialect, seed 1
  countertop fuzz --count 10000000 --seed 7          the long campaign: ten million of each
  countertop fuzz --dialects unionpay-pos --json

A finding is printed with its bytes; the same seed and count give it again. Inputs are made up: there is no card data.
Guided by coverage, and without end:  python -m tools.fuzz.guided   (needs requirements/fuzz.txt)
"""
_CHUNK = 100_000
"""Inputs of one task; each has a seed of its own, so that the work is shared and still repeated exactly."""
_LIMIT_US = 1000.0


def main(argv: list[str]) -> int:
    """Run a campaign; 0 when nothing was found."""
    parser = argparse.ArgumentParser(
        prog="countertop fuzz",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = iso8583.dialect_names()
    parser.add_argument("--count", type=int, default=_CHUNK, help="inputs of each dialect (default 100000)")
    parser.add_argument("--seed", type=int, default=1, help="decides every input (default 1)")
    parser.add_argument("--dialects", nargs="+", choices=names, default=names, metavar="NAME", help="default: all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    tasks = [
        (name, min(_CHUNK, arguments.count - done), arguments.seed + done)
        for name in arguments.dialects
        for done in range(0, arguments.count, _CHUNK)
    ]
    reports: dict[str, Report] = {}
    with ProcessPoolExecutor(max(1, arguments.jobs)) as pool:
        for report in pool.map(fuzz, *zip(*tasks, strict=True)):
            reports[report.dialect] = _added(reports.get(report.dialect), report)
            if sys.stderr.isatty():
                one = reports[report.dialect]
                print(
                    f"\r{one.dialect}: {one.inputs} inputs, {len(one.findings)} findings",
                    end="",
                    file=sys.stderr,
                    flush=True,
                )
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if arguments.json:
        print(json.dumps([_as_dict(report) for report in reports.values()], indent=2))
    else:
        print(f"seed {arguments.seed}, {arguments.count} inputs of each dialect")
        for report in reports.values():
            _print(report)
    return 1 if any(report.findings for report in reports.values()) else 0


def _added(first: Report | None, second: Report) -> Report:
    if first is None:
        return second
    worst = max(first, second, key=lambda report: report.worst_us)
    return Report(
        first.dialect,
        first.inputs + second.inputs,
        first.taken + second.taken,
        first.refused + second.refused,
        first.findings + second.findings,
        worst.worst_us,
        worst.worst_bytes,
        first.seconds + second.seconds,
    )


def _as_dict(report: Report) -> dict[str, object]:
    findings = [{"fault": one.fault, "data": one.data.hex()} for one in report.findings]
    return {**asdict(report), "refused": dict(report.refused), "findings": findings}


def _print(report: Report) -> None:
    slow = "" if report.worst_us < _LIMIT_US else "  SLOW"
    print(
        f"{report.dialect:<26} {report.taken:>9} taken {report.inputs - report.taken:>9} refused   "
        f"worst {report.worst_us:6.0f} µs ({report.worst_bytes} bytes){slow}   {len(report.findings)} findings"
    )
    for finding in report.findings[:20]:
        print(f"    {finding.fault}: {finding.data.hex()}")
