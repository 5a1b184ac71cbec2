"""``countertop benchmark``: one row a measurement, from the rooms that can be measured."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

__all__ = ["SUITES", "main"]

SUITES = {
    "codec": ("tools.benchmarks.codec", "messages encoded and decoded in a second"),
    "keys": ("tools.benchmarks.keys", "MACs, PIN blocks and key derivations in a second"),
    "devices": ("tools.benchmarks.devices", "from the last key to the event, stalls under load, memory of the drivers"),
    "face": ("tools.benchmarks.face", "from a key to the picture, drawing, stalls, memory with and without the bench"),
    "journal": ("tools.benchmarks.journal", "recording, restart, finding and settling with 100 000 transactions"),
    "terminal": ("tools.benchmarks.terminal", "start, memory, and from the swipe to the first byte"),
}
"""Name, the module whose ``main(argv) -> int`` measures, and what it measures."""
ALL = "all"


def available() -> dict[str, tuple[str, str]]:
    """Suites that this installation has."""
    folder = Path(__file__).parent / "benchmarks"
    return {name: suite for name, suite in SUITES.items() if (folder / f"{name}.py").is_file()}


def main(argv: list[str]) -> int:
    """Run one suite or all; 0 when every one of them could be run."""
    suites = available()
    listing = "\n".join(f"  {name:<10} {purpose}" for name, (_, purpose) in suites.items())
    parser = argparse.ArgumentParser(
        prog="countertop benchmark",
        description="Measure this machine with this version.",
        epilog=f"suites:\n{listing}\n\nexamples:\n"
        "  countertop benchmark all\n  countertop benchmark codec --help   what a suite can be told",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=not argv or argv[0] not in suites,  # after a suite's name, help is the suite's
    )
    parser.add_argument("suite", choices=[*suites, ALL])
    arguments, rest = parser.parse_known_args(argv)
    chosen = list(suites) if arguments.suite == ALL else [arguments.suite]
    codes = []
    for name in chosen:
        if arguments.suite == ALL:
            print(f"\n{name}: {suites[name][1]}")
        codes.append(int(import_module(suites[name][0]).main(rest)))
    return max(codes, default=1)
