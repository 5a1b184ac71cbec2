"""``countertop gate``: whether this terminal may be updated, reset or swapped now.

Refuses while a payment, a reversal, an offline transaction, a batch, a settlement or a slip is open. It only reads,
and may be asked while the terminal runs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from config import load
from terminal.journal import JournalError, JournalFault
from terminal.journal.database import JOURNAL_NAME
from terminal.service.gate import Obstacle, obstacles

__all__ = ["CONFIGURATION", "main"]

CONFIGURATION = "/etc/countertop/terminal.toml"
EXIT_OPEN, EXIT_REFUSED = 0, 1
LOOK_AGAIN_S = 2.0
_EXAMPLES = f"""examples:
  countertop gate                               the terminal of this machine ({CONFIGURATION})
  countertop gate --config terminal.toml        another one
  countertop gate --wait 600 && apt-get install ./countertop.deb
  countertop gate --json                        for programs

exit code: 0 it may be updated; 1 not now, with what is open and how it comes to its end; 2 used wrongly
"""


def main(argv: list[str]) -> int:
    """Tell what is open; 0 when nothing is. Raises ConfigError, with a remedy."""
    parser = argparse.ArgumentParser(
        prog="countertop gate",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--config", default=CONFIGURATION, metavar="FILE", help="the terminal's configuration")
    where.add_argument("--state", metavar="FOLDER", help="the state folder itself, when there is no configuration")
    parser.add_argument(
        "--wait", type=_seconds, default=0.0, metavar="SECONDS", help="wait so long for the gate to open"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    arguments = parser.parse_args(argv)
    folder = Path(arguments.state or load(arguments.config).terminal.state_dir)
    tell = _tell_json if arguments.json else _tell
    try:
        return tell(_wait(folder / JOURNAL_NAME, arguments.wait))
    except JournalError as error:
        return tell((_unread(error),))


def _wait(journal: Path, seconds: float, clock: Callable[[], float] = time.monotonic) -> tuple[Obstacle, ...]:
    """What is open at the end of the wait; told on the way whenever it changes."""
    end, told = clock() + seconds, None
    while (found := _look(journal)) and clock() < end:
        if found != told:
            print("waiting:", *(obstacle.text for obstacle in found), file=sys.stderr, flush=True)
            told = found
        time.sleep(max(0.0, min(LOOK_AGAIN_S, end - clock())))
    return found


def _look(journal: Path) -> tuple[Obstacle, ...]:
    """What is open; a journal too busy to be read counts. Raises JournalError for what waiting does not mend."""
    try:
        return obstacles(journal)
    except JournalError as error:
        if error.fault is not JournalFault.HELD:
            raise
        return (_unread(error),)


def _unread(error: JournalError) -> Obstacle:
    return Obstacle("journal", 1, str(error), error.remedy)


def _tell(found: tuple[Obstacle, ...]) -> int:
    if not found:
        print("Nothing is open: this terminal may be updated.")
        return EXIT_OPEN
    print("This terminal must not be updated now.", file=sys.stderr)
    for obstacle in found:
        print(f"  {obstacle.text}\n    {obstacle.remedy}", file=sys.stderr)
    return EXIT_REFUSED


def _tell_json(found: tuple[Obstacle, ...]) -> int:
    print(json.dumps({"allowed": not found, "open": [asdict(obstacle) for obstacle in found]}))
    return EXIT_REFUSED if found else EXIT_OPEN


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("expected seconds from 0 to 86400")
    return seconds
