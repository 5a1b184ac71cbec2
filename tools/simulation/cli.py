"""``countertop simulate``: try thousands of disasters from a seed, and play any of them again."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools.simulation.campaign import Tally, resumed, run_campaign, working_folder, write_line
from tools.simulation.invariants import MEANINGS
from tools.simulation.scenario import scenario_of
from tools.simulation.world import run_scenario

__all__ = ["main"]

SEEDS = 200
_TOLD_S = 30.0
_EXAMPLES = """examples:
  countertop simulate                             200 seeds from 0 on
  countertop simulate --seeds 1000 --twice        each played twice, the traces compared
  countertop simulate --seed 42 --trace           what happens in one seed, line by line
  countertop simulate --exhaustive sale           every fault at every message, power cut at every operation
  countertop simulate --planted all               the campaign must find every planted bug
  countertop simulate --year                      a virtual year at one counter, its memory watched
  nice -n 19 countertop simulate --transactions 1000000 --log campaign.jsonl
                                                  a long run; the same line again goes on where the log ends
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments say; 0 when nothing diverged (with a planted bug: when all were found)."""
    arguments = _parser().parse_args(argv)
    if arguments.invariants:
        print("\n".join(f"{name:<4} {text}" for name, text in MEANINGS.items()))
        return 0
    if arguments.seed is not None:
        return _one(arguments.seed, arguments.trace)
    if arguments.exhaustive:
        from tools.simulation.exhaustive import run as explore_stories

        return explore_stories(arguments.exhaustive, arguments.jobs, arguments.every, arguments.log)
    if arguments.planted:
        from tools.simulation.hunt import run as hunt

        return hunt(arguments.planted, arguments.jobs)
    if arguments.year:
        from tools.simulation.year import run as live_a_year

        return live_a_year(arguments.days)
    return _many(arguments)


def _one(seed: int, trace: bool) -> int:
    with working_folder() as folder:
        result = run_scenario(scenario_of(seed), folder, kept=trace)
    if trace:
        print("\n".join(result.lines))
    print(f"seed {seed}: {result.transactions} transactions, {result.cuts} power cuts, {result.lives} lives, "
          f"trace {result.digest}")  # fmt: skip
    for finding in result.findings:
        print(f"  {finding.at_s:.3f} {finding.invariant} {finding.text}")
    return int(bool(result.findings))


def _many(arguments: argparse.Namespace) -> int:
    log: Path | None = arguments.log
    begun = Tally() if log is None else resumed(log)
    told_at = time.monotonic()

    def told(tally: Tally) -> None:
        nonlocal told_at
        if time.monotonic() - told_at > _TOLD_S:
            told_at = time.monotonic()
            _log(log, tally)
            print(f"  seed {tally.last_seed}: {tally.transactions} transactions, {tally.power_cuts} power cuts, "
                  f"{len(tally.divergences)} divergences", file=sys.stderr)  # fmt: skip

    wanted: int = arguments.transactions
    total = run_campaign(
        max(arguments.first, begun.last_seed + 1),
        10**9 if wanted else max(0, arguments.seeds - begun.seeds),
        arguments.jobs,
        twice=arguments.twice,
        enough=lambda tally: bool(wanted and tally.transactions >= wanted) or len(tally.divergences) >= 20,
        told=told,
        begun=begun,
    )
    _log(log, total)
    print(total.text())
    return int(bool(total.divergences))


def _log(log: Path | None, tally: Tally) -> None:
    if log is not None:
        write_line(log, tally.line())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countertop simulate",
        description="Play the terminal's own code in a simulated world: virtual time, a network that misbehaves, "
        "power that fails at any write. Everything follows from a seed.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many seeds ({SEEDS})")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--transactions", type=int, default=0, help="play until so many transactions instead")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--twice", action="store_true", help="each seed twice: the traces must be the same")
    parser.add_argument(
        "--log", type=Path, help="lines of JSON, now and then or for each run of a story; go on where it ends"
    )
    parser.add_argument("--seed", type=int, help="play only this one")
    parser.add_argument("--trace", action="store_true", help="with --seed: show what happens")
    parser.add_argument("--exhaustive", metavar="STORY", help="sale, void, completion, settlement or all")
    parser.add_argument("--every", type=int, default=1, help="with --exhaustive: only each n-th case (1)")
    parser.add_argument("--planted", metavar="BUG", help="a planted bug by name, or all, or list")
    parser.add_argument("--year", action="store_true", help="a virtual year; memory must not grow")
    parser.add_argument("--days", type=int, default=365, help="with --year: how long (365)")
    parser.add_argument("--invariants", action="store_true", help="what is checked")
    return parser


if __name__ == "__main__":
    sys.exit(main())
