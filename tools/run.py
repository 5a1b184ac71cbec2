"""``countertop run``: the terminal itself."""

from __future__ import annotations

import argparse
import sys

from config import ConfigError, load
from terminal.runtime import run

__all__ = ["main"]

EXIT_STOPPED, EXIT_CONFIGURATION = 0, 2
_EXAMPLES = """\
examples:
  countertop config new > terminal.toml        a commented configuration to start from
  countertop run --config terminal.toml        serve until stopped
  countertop run --config terminal.toml --check   only check what is needed to start

Stopping is a power cut: kill it whenever you like; the next start finishes what was open.
"""


def main(argv: list[str]) -> int:
    """Serve the terminal; exit code 0 when stopped, 2 for a wrong configuration."""
    parser = argparse.ArgumentParser(
        prog="countertop run",
        description="Run the payment terminal from a configuration file.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", required=True, metavar="FILE", help="TOML file of this terminal")
    parser.add_argument("--check", action="store_true", help="check the configuration and leave")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION
    if arguments.check:
        print("The configuration is in order.")
        return EXIT_STOPPED
    try:
        run(settings)
    except KeyboardInterrupt:
        return EXIT_STOPPED
    return EXIT_STOPPED
