"""The terminal's side of one acquirer: what its conversations share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from config import AcquirerProfile
from keys import Vault
from terminal.acquirer.link import Link
from terminal.acquirer.request import Identity
from terminal.acquirer.wire import Wire
from terminal.clock import TerminalClock
from terminal.domain.card_lists import EMPTY, CardLists
from terminal.journal import Journal, Writer

__all__ = ["Acquirer", "HostParameters"]


class HostParameters(Protocol):
    """Where parameters go that the host has given."""

    async def take(self, given: Mapping[str, str]) -> str:
        """Record what applies at this terminal; a catalogue key that says when it takes effect."""


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
    parameters: HostParameters | None = None
    """None: what the host gives is only kept and printed."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
