"""``countertop replay``: live a recording again, look at it, compare it."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from terminal import VERSION
from terminal.recording.ring import RecordingError
from tools.replay.frames import Frames
from tools.replay.player import Played, play
from tools.replay.recording import LifeRecord, lives_of
from tools.replay.trace import trace_line
from tools.replay.verdict import Verdict, verdict

__all__ = ["main"]

_EXAMPLES = """\
examples:
  countertop replay recorder/                      every life of a folder, line by line
  countertop replay 00000007.ctr --check           the same journal, screens and slips? where first not?
  countertop replay 00000007.ctr --until 83.5      stop 83.5 seconds after the life began
  countertop replay 00000007.ctr --frames frames/  every screen as a picture
  countertop replay 00000007.ctr --journal j.db    keep the journal that the replay came to
  countertop replay recorder/ --check --times 100  a hundred times, and all alike

A recording holds no card number, no PIN and no key; docs/technician/flight-recorder.md says what it does hold.
"""


def main(argv: list[str]) -> int:
    """Replay; exit code 0, with --check 1 when something differs."""
    parser = argparse.ArgumentParser(
        prog="countertop replay",
        description="Play a recording of the flight recorder again, on any machine, with the terminal's own code.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="+", type=Path, metavar="FILE", help="a .ctr file, or a folder of them")
    parser.add_argument("--until", type=float, metavar="S", help="stop so many seconds after the beginning of the life")
    parser.add_argument("--frames", type=Path, metavar="DIR", help="draw every screen into this folder")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="keep the last life's journal here")
    parser.add_argument("--check", action="store_true", help="compare with what was recorded; no trace")
    parser.add_argument("--times", type=int, default=1, metavar="N", help="with --check: so often (1 to 1000)")
    arguments = parser.parse_args(argv)
    if not 1 <= arguments.times <= 1000 or (arguments.times > 1 and not arguments.check):
        parser.error("--times takes 1 to 1000, and needs --check")
    if arguments.until is not None and not 0 <= arguments.until < 1e9:
        parser.error("--until takes seconds from 0 on")
    if arguments.journal is not None and arguments.journal.exists():
        raise RecordingError(f"{arguments.journal} is there already.", "Name a file that is not there yet.")
    lives = lives_of(arguments.file)
    _warn(lives)
    wrong = 0
    for turn in range(arguments.times):
        for index, life in enumerate(lives):
            following = lives[index + 1] if index + 1 < len(lives) else None
            found = _one(life, following, arguments, last=index + 1 == len(lives))
            wrong += not found.right
            if arguments.check and (turn == 0 or not found.right):
                print(f"{life.path.name}: {found.text}")
    if arguments.check and arguments.times > 1:
        runs = arguments.times * len(lives)
        print(f"{runs - wrong} of {runs} replays came to what was recorded.")
    return 1 if arguments.check and wrong else 0


def _one(life: LifeRecord, following: LifeRecord | None, arguments: argparse.Namespace, *, last: bool) -> Verdict:
    until_us = None if arguments.until is None else life.now_us + round(arguments.until * 1_000_000)
    frames = Frames(arguments.frames / life.path.stem) if arguments.frames is not None else None
    if not arguments.check:
        print(f"{life.path.name}: begun {life.wall}, version {life.version}")

    def told(at_us: int, what: str, value: object) -> None:
        line = "" if arguments.check else trace_line(what, value)
        if line:
            print(f"{(at_us - life.now_us) / 1_000_000:12.6f}  {line}")

    with tempfile.TemporaryDirectory(prefix="countertop-replay-") as name:
        folder = Path(name)
        played = play(life, folder, until_us=until_us, told=told, shows=frames.shows if frames else _shown_nowhere)
        if arguments.journal is not None and last:
            for path in folder.glob("journal.db*"):
                shutil.copyfile(path, str(arguments.journal) + path.name.removeprefix("journal.db"))
    found = verdict(played, following, whole=arguments.until is None)
    if not arguments.check:
        print(_end(played, found))
    return found


def _shown_nowhere(at_us: int, screen: object) -> None:
    """Nobody asked for pictures."""


def _end(played: Played, found: Verdict) -> str:
    return f"{'':12}  {played.turns} turns, {len(played.screens)} screens. {found.text}\n"


def _warn(lives: list[LifeRecord]) -> None:
    here = "{}.{}".format(*sys.version_info[:2])
    for life in lives:
        if (life.version, life.python) != (VERSION, here):
            print(
                f"{life.path.name} was recorded by version {life.version} on Python {life.python}; "
                f"this is {VERSION} on {here}: differences may come from that.",
                file=sys.stderr,
            )
