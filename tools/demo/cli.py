"""``countertop demo``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from tools.rig.errors import RigError

__all__ = ["main"]

EXIT_HELD, EXIT_BROKEN, EXIT_NO_CONSOLE = 0, 1, 2
_EXAMPLES = """examples:
  countertop demo                       the whole story, about ten seconds, pictures in demo-output/
  countertop demo --language zh         the same with Chinese screens
  countertop demo --interactive         press the keys yourself, choose cards, pull the plug
"""


def main(argv: list[str]) -> int:
    """Play the story or open the counter; 0 only when everything held."""
    parser = argparse.ArgumentParser(
        prog="countertop demo",
        description="Play a day at the counter: a terminal and a bank as two processes, no hardware, no questions.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder for pictures (demo-output)")
    parser.add_argument("--language", choices=("zh", "en", "fi"), default="en", help="language of the screens (en)")
    parser.add_argument("--interactive", action="store_true", help="serve the counter yourself")
    arguments = parser.parse_args(argv)
    try:
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
