"""``countertop fuzz-devices``: broken input against every parser of readers, scanners, codes, PIN pads and printers."""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

from tools.fuzz.devices import TARGETS, Result, fuzz_target

__all__ = ["main"]

_EPILOG = """examples:
  countertop fuzz-devices                                 about 100,000 inputs, seed 1
  countertop fuzz-devices --inputs 10000000 --seed 7      the long campaign
  countertop fuzz-devices --parsers tracks card --inputs 1000000
  countertop fuzz-devices --json

Inputs are shared evenly among the parsers. Nothing but a parser's own types may come out; a finding is printed with its
bytes, and the same seed and number give it again. Inputs are made up: there is no card data.
"""
_CHUNK = 20_000
"""Inputs of one task; each has a seed of its own, so that the work is shared and still repeated exactly."""
_SHOWN = 4


def main(argv: list[str]) -> int:
    """Run a campaign; 0 when nothing was found."""
    parser = argparse.ArgumentParser(
        prog="countertop fuzz-devices",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--inputs", type=int, default=100_000, help="in all (default 100000)")
    parser.add_argument("--seed", type=int, default=1, help="decides every input (default 1)")
    parser.add_argument("--parsers", nargs="+", choices=list(TARGETS), default=list(TARGETS), metavar="NAME",
                        help=f"default: all of {', '.join(TARGETS)}")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    each = max(1, -(-arguments.inputs // len(arguments.parsers)))
    tasks = [
        (name, min(_CHUNK, each - done), arguments.seed + done)
        for done in range(0, each, _CHUNK)
        for name in arguments.parsers
    ]
    results: dict[str, Result] = {}
    done = 0
    with ProcessPoolExecutor(max(1, arguments.jobs)) as pool:
        for result in pool.map(fuzz_target, *zip(*tasks, strict=True)):
            results[result.target] = _added(results.get(result.target), result)
            done += result.inputs
            if not arguments.json:
                found = sum(len(one.findings) for one in results.values())
                print(f"\r{done} of {each * len(arguments.parsers)} inputs, {found} findings", end="", flush=True)
    if arguments.json:
        print(json.dumps([_as_dict(result) for result in results.values()], indent=2))
    else:
        _print(results, arguments.seed)
    return 1 if any(result.findings for result in results.values()) else 0


def _added(first: Result | None, second: Result) -> Result:
    if first is None:
        return second
    return replace(
        first,
        inputs=first.inputs + second.inputs,
        seconds=first.seconds + second.seconds,
        answers=Counter({**first.answers}) + second.answers,
        findings=first.findings + second.findings,
    )


def _as_dict(result: Result) -> dict[str, object]:
    return {
        "parser": result.target,
        "inputs": result.inputs,
        "seconds": round(result.seconds, 2),
        "answers": dict(result.answers.most_common()),
        "findings": [{"fault": one.fault, "data": one.data.hex()} for one in result.findings],
    }


def _print(results: dict[str, Result], seed: int) -> None:
    inputs, seconds = (sum(getattr(result, what) for result in results.values()) for what in ("inputs", "seconds"))
    print(f"\rseed {seed}, {inputs} inputs in all, {inputs / max(seconds, 1e-9):,.0f} a second on one core{'':20}")
    for result in results.values():
        most = ", ".join(f"{count} {answer}" for answer, count in result.answers.most_common(_SHOWN))
        rate = result.inputs / max(result.seconds, 1e-9)
        print(
            f"{result.target:<18} {result.inputs:>9} inputs {rate:>9,.0f}/s   {most}   {len(result.findings)} findings"
        )
        for finding in result.findings:
            print(f"    {finding.fault}: {finding.data.hex()}")
