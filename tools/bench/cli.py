"""``countertop bench``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from importlib.util import find_spec

from tools.counter.counter import Choices
from tools.counter.panel import PANELS
from tools.rig.errors import RigError

__all__ = ["main"]

PORT = 8580
_EXAMPLES = """examples:
  countertop bench                    the counter at http://127.0.0.1:8580/
  countertop bench --language zh      with Chinese screens
  countertop bench --panel 800x480    with a large screen; 128x64 is a small one of black and white
  countertop bench --theme contrast --text large
  countertop bench --port 0           at any free port
"""


def main(argv: list[str]) -> int:
    """Serve the page until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="countertop bench",
        description="The unmodified terminal in your browser: keys, cards, codes, paper, cables, network, power, host.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=int, default=PORT, help=f"port on the loopback interface ({PORT}); 0: a free one"
    )
    parser.add_argument("--language", choices=("zh", "en", "fi"), default="en", help="language of the screens (en)")
    parser.add_argument("--panel", choices=PANELS, default=PANELS[0], help=f"pixels of the screen ({PANELS[0]})")
    parser.add_argument("--theme", choices=("day", "contrast"), default="day", help="contrast: light on black")
    parser.add_argument("--text", choices=("normal", "large"), default="normal", help="height of the letters")
    arguments = parser.parse_args(argv)
    if find_spec("aiohttp") is None:
        print(
            "countertop bench: aiohttp is not installed; a terminal does not need it, the browser bench does.\n"
            "    make browser    installs it and starts the bench",
            file=sys.stderr,
        )
        return 1
    try:
        choices = Choices(arguments.language, arguments.panel, arguments.theme, arguments.text)
        asyncio.run(_serve(choices, arguments.port))
    except RigError as error:
        print(f"countertop bench: {error}\n    {error.remedy}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"countertop bench: port {arguments.port} cannot be used: {error.strerror}.\n"
            "    countertop bench --port 0    takes a free one",
            file=sys.stderr,
        )
        return 1
    return 0


async def _serve(choices: Choices, port: int) -> None:
    from tools.bench.server import Bench

    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    bench = Bench(choices, port)
    try:
        address = await bench.start()
        print(f"The counter is open at {address}  (Ctrl-C ends it)", flush=True)
        await ending.wait()
    finally:
        await bench.close()
