"""``countertop run``: the terminal itself."""

from __future__ import annotations

import argparse
import os
import sys

from config import ConfigError, load

__all__ = ["CLEAN_MEMORY", "main"]

CLEAN_MEMORY = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.perturb=90:glibc.malloc.tcache_count=0",
}
"""Memory that is given back is overwritten at once: what a message held of a card is gone with it
(facts/reliability-security-emv.md §B1). The service's unit sets it; started by hand, the process sets it for itself."""

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
        load(arguments.config)
        if arguments.check:
            _check_changes(arguments.config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION
    if arguments.check:
        print("The configuration is in order.")
        return EXIT_STOPPED
    _begin_clean()
    from terminal.runtime import run  # not before: whoever begins again would load it twice
    from terminal.service.parameters import Parameters

    try:
        run(Parameters(arguments.config))
    except KeyboardInterrupt:
        return EXIT_STOPPED
    return EXIT_STOPPED


def _check_changes(file: str) -> None:
    """The file with the changed parameters on top. Raises ConfigError, ParametersError."""
    from terminal.service.parameters import Parameters

    Parameters(file).settings()


def _begin_clean() -> None:
    """Begin again with an allocator that overwrites, unless this process already has it; the arguments stay."""
    if "run" in sys.orig_argv and any(os.environ.get(name) != value for name, value in CLEAN_MEMORY.items()):
        again = [sys.executable, *sys.orig_argv[1:]]
        os.execve(again[0], again, {**os.environ, **CLEAN_MEMORY})  # noqa: S606 - this program, with its own arguments
