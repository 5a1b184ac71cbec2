"""The terminal's side of one acquirer: what its conversations share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from config import AcquirerProfile
from keys import Vault
from terminal.acquirer.link import Link
from terminal.acquirer.request import Identity
from terminal.acquirer.wire import Wire
from terminal.clock import TerminalClock
from terminal.domain.card_lists import EMPTY, CardLists
from terminal.journal import Journal, Writer

__all__ = ["Acquirer"]


@dataclass(slots=True)
class Acquirer:
    """Everything a conversation with the host needs. One conversation at a time holds ``turn``."""

    profile: AcquirerProfile
    identity: Identity
    journal: Journal
    vault: Vault
    wire: Wire
    link: Link
    clock: TerminalClock
    writer: Writer
    """Where the vault's writes run, off the loop."""
    operator: str = "01"
    signed_on: bool = False
    lists: CardLists = EMPTY
    """Stop list and BIN table in force."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
