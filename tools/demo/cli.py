"""``countertop demo``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from tools.counter.panel import PANELS
from tools.rig.errors import RigError

__all__ = ["main"]

EXIT_HELD, EXIT_BROKEN, EXIT_NO_CONSOLE = 0, 1, 2
_EXAMPLES = """examples:
  countertop demo                       the whole story, about ten seconds, pictures in demo-output/
  countertop demo --language zh         the same with Chinese screens
  countertop demo --interactive         press the keys yourself, choose cards, pull the plug
  countertop demo --script power-cut --out DIR    one story as pictures, slips and a moving GIF
  countertop demo --script mine.toml --out DIR    a story of your own (docs/integrator/stories.md)
  countertop demo --list                the stories that are there
"""


def main(argv: list[str]) -> int:
    """Play the story or open the counter; 0 only when everything held."""
    parser = argparse.ArgumentParser(
        prog="countertop demo",
        description="Play a day at the counter: a terminal and a bank as two processes, no hardware, no questions.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--out",
        "--output",
        dest="output",
        type=Path,
        default=Path("demo-output"),
        help="folder for pictures (demo-output)",
    )
    parser.add_argument("--language", choices=("zh", "en", "fi"), default="en", help="language of the screens (en)")
    parser.add_argument("--script", metavar="STORY", help="play a story: a TOML file, or one of --list")
    parser.add_argument("--list", action="store_true", help="list the stories that come with Countertop")
    parser.add_argument("--panel", choices=PANELS, default=PANELS[0], help=f"with --script: the panel ({PANELS[0]})")
    parser.add_argument("--interactive", action="store_true", help="serve the counter yourself")
    arguments = parser.parse_args(argv)
    try:
        if arguments.list or arguments.script:
            return _script(arguments)
        if arguments.interactive:
            if not (sys.stdin.isatty() and sys.stdout.isatty()):
                print("countertop demo: --interactive needs a console to read keys from.", file=sys.stderr)
                return EXIT_NO_CONSOLE
            from tools.demo.interactive import serve

            asyncio.run(serve(arguments.language, arguments.output))
            return EXIT_HELD
        from tools.demo.story import play

        held = asyncio.run(play(arguments.language, arguments.output))
    except RigError as error:
        print(f"countertop demo: {error}\n    {error.remedy}", file=sys.stderr)
        return EXIT_BROKEN
    return EXIT_HELD if held else EXIT_BROKEN


def _script(arguments: argparse.Namespace) -> int:
    from tools.counter.counter import Choices
    from tools.demo.script import listed, play_script

    if arguments.list:
        for name, title in listed():
            print(f"{name:<14}{title}")
        return EXIT_HELD
    choices = Choices(language=arguments.language, panel=arguments.panel)
    kept = asyncio.run(play_script(arguments.script, arguments.output, choices))
    print(f"All of it held. {kept.screens} screens, {kept.slips} slips and story.gif are in {arguments.output}/.")
    return EXIT_HELD
