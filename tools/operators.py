"""``countertop operators``: who is enrolled at a terminal, and letting a locked number in again.

For the case that nobody at the counter can: the administrator's own number is locked. Whoever may stop the
terminal and write its files may do this; it stands in the event log. The terminal must not be running.
"""

from __future__ import annotations

import argparse
import asyncio
from datetime import datetime
from pathlib import Path

from config import load
from terminal.journal import InlineWriter, Journal
from terminal.journal.database import JOURNAL_NAME

__all__ = ["main"]

_BY = "the machine's administrator"
_EXAMPLES = """examples:
  countertop operators --config terminal.toml               numbers, roles, and who is locked
  countertop operators --config terminal.toml --unlock 99   let the administrator try again
"""


def main(argv: list[str]) -> int:
    """List or unlock. Raises ConfigError and JournalError, each with a remedy."""
    parser = argparse.ArgumentParser(
        prog="countertop operators",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", required=True, metavar="FILE", help="the terminal's configuration")
    parser.add_argument("--unlock", metavar="NUMBER", help="forget the wrong passwords of a number")
    arguments = parser.parse_args(argv)
    path = Path(load(arguments.config).terminal.state_dir) / JOURNAL_NAME
    return asyncio.run(_run(path, arguments.unlock))


async def _run(path: Path, number: str | None) -> int:
    if not path.exists():
        print(f"There is no journal at this terminal yet ({path.name}): nobody is enrolled.")
        return 1
    journal = await Journal.open(path, InlineWriter(), datetime.now)
    try:
        known = {operator.number: operator for operator in await journal.operators.all()}
        if number is not None and number not in known:
            print(f"No operator has the number {number}. Enrolled: {', '.join(known) or 'nobody'}.")
            return 1
        if number is not None:
            await journal.operators.unlock(number, _BY)
            print(f"{number} may try again.")
            return 0
        for operator in known.values():
            print(f"{operator.number}  {operator.role}{'  locked' if operator.locked else ''}")
        return 0
    finally:
        await journal.close()
