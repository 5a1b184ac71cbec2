"""The runtime: builds the terminal from its configuration, recovers, and serves until it is stopped.

Stopping is a power cut and starting is recovery; there is no other way in or out.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import iso8583
from config import Settings
from drivers import registry
from drivers.device import Device
from drivers.events import DeviceChanged, DriverEvent
from iso8583 import Message
from keys import Vault, open_vault, protector_from
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.exchange import Exchange
from terminal.acquirer.link import Endpoint, HostLink
from terminal.acquirer.request import Identity
from terminal.acquirer.reversal import Reversals
from terminal.acquirer.sign_on import ManagementResult, sign_on
from terminal.acquirer.wire import MAC_SLOT, Wire
from terminal.board import Board
from terminal.clock import TerminalClock
from terminal.desk import Desk, EventQueue
from terminal.domain.record import TransactionRecord
from terminal.flows.idle import attend
from terminal.journal import Journal, ThreadWriter
from terminal.screens.screen import Screen
from terminal.screens.texts import Translator
from terminal.service.monitor import Monitor
from terminal.service.stall import MeteredSelector

__all__ = ["JOURNAL_NAME", "run", "serve"]

JOURNAL_NAME = "journal.db"
_RETRY_MAX_S = 300.0


def run(settings: Settings) -> None:
    """Serve until cancelled. Raises JournalError, KeysError and DeviceError with a remedy each."""
    selector = MeteredSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(serve(settings, selector))


async def serve(settings: Settings, selector: MeteredSelector) -> None:
    """Build, recover, serve."""
    terminal, profile = settings.terminal, settings.acquirer_profile()
    texts = Translator(terminal.language)
    monitor = Monitor(_frame)
    writer = ThreadWriter()
    clock = TerminalClock(datetime.now)
    state = Path(terminal.state_dir)

    journal = await Journal.open(state / JOURNAL_NAME, writer, clock)
    interrupted = [record for record in await journal.recover()]
    clock.offset_s = int(await journal.setting("clock_offset_s", "0"))
    vault: Vault = await writer.run(
        lambda: open_vault(Path(settings.keys.path), protector_from(settings.keys), terminal.environment)
    )
    trace = _tracer(monitor)
    link = HostLink([Endpoint(*address) for address in settings.host.endpoints()], profile.connect_s)
    acquirer = Acquirer(
        profile=profile,
        identity=Identity(terminal.id, terminal.merchant_id, terminal.serial_number),
        journal=journal,
        vault=vault,
        wire=Wire(iso8583.dialect(profile.dialect), vault, profile, trace),
        link=link,
        clock=clock,
        writer=writer,
    )
    acquirer.signed_on = await _still_signed_on(acquirer)
