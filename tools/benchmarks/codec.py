"""``countertop benchmark codec``: our codecs, other libraries and the floor of pure Python, in one run.

Every contender does the same message in turn, round after round, so that what else the machine does hits all
of them; a ratio is the median of the ratios within the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import iso8583
from iso8583 import Message
from iso8583.dialects import DECLARATIONS
from tools.benchmarks.codecs import floor
from tools.benchmarks.codecs.faults import table
from tools.benchmarks.codecs.messages import MESSAGES, Sample
from tools.benchmarks.codecs.peers import FOLDER, install, peers
from tools.benchmarks.rounds import in_turn

__all__ = ["Result", "main", "measure"]

_OURS = "countertop"
_FLOOR = "floor, by hand"
_IMPORT_AIM_MS = 5.0
_IMPORTS = 15
_PROGRAM = (
    "import time; began = time.perf_counter(); import iso8583; iso8583.dialect('{name}');"
    "print((time.perf_counter() - began) * 1000)"
)


@dataclass(frozen=True, slots=True)
class Result:
    """A contender at one message, in one direction."""

    message: str
    dialect: str
    direction: str
    contender: str
    us: float
    """Median over the rounds of the best time, in microseconds a message."""
    ratio: float
    """Median over the rounds of its time divided by ours."""


def main(argv: list[str]) -> int:
    """Measure and print; 0 when everything that was asked for could be measured."""
    parser = argparse.ArgumentParser(
        prog="countertop benchmark codec",
        description="Encode and decode, beside other libraries and a floor written by hand for one message.",
        epilog="examples:\n  countertop benchmark codec --install          with the other libraries, fetched once\n"
        "  countertop benchmark codec --messages M1 M2 M3 --rounds 9\n"
        "  countertop benchmark codec --faults           what each library says to eight faulty messages",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [sample.name for sample in MESSAGES]
    parser.add_argument("--messages", nargs="+", choices=names, default=names, metavar="M", help="M1 … M12")
    parser.add_argument("--rounds", type=int, default=5, help="rounds in turn (default 5)")
    parser.add_argument("--seconds", type=float, default=0.05, help="of one contender in one round (default 0.05)")
    parser.add_argument("--peers", type=Path, default=FOLDER, help="folder of the other libraries (default .peers)")
    parser.add_argument("--install", action="store_true", help="fetch the other libraries first, locked by hash")
    parser.add_argument("--faults", action="store_true", help="do not measure; show what is said to faulty messages")
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    if arguments.install and not install(arguments.peers):
        return 1
    if arguments.faults:
        _print_faults(arguments.peers, as_json=arguments.json)
        return 0
    results: list[Result] = []
    for sample in MESSAGES:
        if sample.name in arguments.messages:
            results += measure(sample, arguments.peers, max(1, arguments.rounds), arguments.seconds)
    imports = _import_ms(sorted({result.dialect for result in results}))
    if arguments.json:
        print(
            json.dumps(
                {"python": platform.python_version(), "import_ms": imports, "results": list(map(asdict, results))}
            )
        )
    else:
        _print(results, imports, arguments.peers)
    return 0


def _print_faults(folder: Path, *, as_json: bool) -> None:
    rows = table(folder)
    if as_json:
        print(json.dumps(dict(rows), ensure_ascii=False, indent=2))
        return
    for title, said in rows:
        print(title)
        for library, words in said.items():
            print(f"    {library:<22}{words}")


def measure(sample: Sample, folder: Path, rounds: int, seconds: float) -> list[Result]:
    """All contenders at one message; each is first shown to be right."""
    dialect = iso8583.dialect(sample.dialect)
    wire = dialect.encode(Message(sample.mti, sample.elements))
    elements = sample.elements
    mti = sample.mti
    encoders: dict[str, Callable[[], object]] = {_OURS: lambda: dialect.encode(Message(mti, elements))}
    decoders: dict[str, Callable[[], object]] = {_OURS: lambda: dialect.decode(wire)}
    if decoders[_OURS]() != Message(mti, elements):
        raise RuntimeError(f"{sample.name} is not read as it was written")
    if sample.name == "M1":
        encoders[_FLOOR] = lambda: floor.encode(elements)
        decoders[_FLOOR] = lambda: floor.decode(wire)
        if encoders[_FLOOR]() != wire or decoders[_FLOOR]() != elements:
            raise RuntimeError("the floor is wrong")
    for peer in peers(sample, DECLARATIONS[sample.dialect], wire, folder):
        if peer.encode() != wire or not peer.same(peer.decode(wire)):
            raise RuntimeError(f"{peer.name} writes or reads {sample.name} otherwise")
        encoders[peer.name] = peer.encode
        decoders[peer.name] = lambda peer=peer: peer.decode(wire)  # type: ignore[misc]
    found = []
    for direction, contenders in (("encode", encoders), ("decode", decoders)):
        times = in_turn(contenders, rounds, seconds)
        for name, row in times.items():
            ratios = [one / ours for one, ours in zip(row, times[_OURS], strict=True)]
            found.append(
                Result(sample.name, sample.dialect, direction, name, statistics.median(row), statistics.median(ratios))
            )
    return found


def _import_ms(names: list[str]) -> dict[str, float]:
    """Least time to import one dialect's codec in a new process, of several, from files compiled before."""
    folder = Path(__file__).resolve().parents[2]
    found = {}
    with tempfile.TemporaryDirectory() as compiled:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = compiled
        for name in names:
            runs = [
                subprocess.run(
                    [sys.executable, "-c", _PROGRAM.format(name=name)],
                    capture_output=True,
                    text=True,
                    check=True,
                    cwd=folder,
                    env=environment,
                    timeout=30,
                ).stdout
                for _ in range(_IMPORTS + 1)
            ]
            found[name] = min(float(run) for run in runs[1:])
    return found


def _print(results: list[Result], imports: dict[str, float], folder: Path) -> None:
    print(f"Python {platform.python_version()}; µs a message (median of the rounds), and how many times our own time")
    for sample in MESSAGES:
        rows = [result for result in results if result.message == sample.name]
        if not rows:
            continue
        size = len(iso8583.dialect(sample.dialect).encode(Message(sample.mti, sample.elements)))
        print(f"\n{sample.name}  {sample.dialect}: {sample.title}, {size} bytes, {len(sample.elements)} elements")
        for name in dict.fromkeys(result.contender for result in rows):
            cells = [
                f"{result.direction} {result.us:7.2f} µs {result.ratio:6.2f}×"
                for result in rows
                if result.contender == name
            ]
            print(f"    {name:<22}{'    '.join(cells)}")
    print("\nimport of a codec in a new process (aim: under 5 ms)")
    for dialect, took in imports.items():
        print(f"    {dialect:<26}{took:5.2f} ms{'' if took < _IMPORT_AIM_MS else '  MISSED'}")
    if not (folder / "iso8583").is_dir():
        print(f"\nother libraries are not in {folder}; see --help")
