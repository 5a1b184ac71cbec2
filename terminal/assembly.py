"""The assembly: one life of the terminal, put together from its configuration, from recovery to the last key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from config import AcquirerProfile, Settings
from config.devices import Printer
from config.ecr import Ecr
from drivers.cash_drawer import CashDrawer
from drivers.device import Device
from drivers.events import DeviceChanged, DeviceState, DriverEvent, KeyPress, PrinterChanged
from iso8583 import derived_dialect
from keys import KeyRoom, KeysError
from keys.audit_chain import AuditLine
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.advice import Advices
from terminal.acquirer.downloads import load_lists
from terminal.acquirer.exchange import Exchange
from terminal.acquirer.link import HostLink
from terminal.acquirer.request import Identity
from terminal.acquirer.reversal import Reversals
from terminal.acquirer.sign_on import sign_on
from terminal.acquirer.wire import MAC_SLOT, Wire
from terminal.board import Board
from terminal.clock import TerminalClock
from terminal.desk import Desk, EventQueue
from terminal.domain.record import TransactionRecord
from terminal.flows.idle import attend
from terminal.journal import Journal, Limits, PrintJob, Writer
from terminal.journal.database import JOURNAL_NAME
from terminal.outside import MACHINE, Outside
from terminal.screens.face import Face
from terminal.screens.texts import Translator
from terminal.service.device_word import told_words, word_of
from terminal.service.key_guard import guard_keys
from terminal.service.monitor import Monitor
from terminal.service.parameters.keeper import ParameterKeeper
from terminal.service.parameters.parameters import Parameters
from terminal.slips.escpos import keep_capabilities_in
from terminal.slips.facts import facts_of
from terminal.slips.keeper import SlipKeeper
from terminal.slips.layout import Merchant
from terminal.slips.paper import KeyLog, SlipWriter
from terminal.slips.profile import PrinterProfile
from terminal.slips.spooler import SlipPrinter, Spooler

if TYPE_CHECKING:
    from drivers.pin_pad import PinPad
    from drivers.printer import Printer as PrinterDevice
    from terminal.network.keeper import NetworkKeeper
    from terminal.service.doctor_counter import DoctorAtTheCounter

__all__ = ["live"]

TOLD_OF_A_ROW = (
    "kind", "state", "batch", "stan", "amount_minor", "currency", "account", "operator", "undo_cause", "response_code",
    "rrn", "reversal_tries",
)  # fmt: skip
"""Of a transaction to whoever looks after the terminal; the account is truncated in the row already."""
SIGN_ON_RETRY_FIRST_S, SIGN_ON_RETRY_MAX_S = 2.0, 300.0


async def live(
    settings: Settings, face: Face, monitor: Monitor, outside: Outside = MACHINE, parameters: Parameters | None = None
) -> None:
    """Open the journal, recover, serve until cancelled.

    Raises JournalError and KeysError, each with a remedy, and NewParameters when it is to go on with other settings.
    """
    terminal, profile = settings.terminal, settings.acquirer_profile
    clock = TerminalClock(outside.wall)
    async with AsyncExitStack() as closing:
        writer = outside.writer()
        closing.callback(writer.close)
        path = Path(terminal.state_dir) / JOURNAL_NAME
        journal = await Journal.open(
            path, writer, clock, outside.storage, limits_of(profile), outside.matches,
            frozenset(profile.domestic_organisations),
        )  # fmt: skip
        closing.push_async_callback(journal.close)
        journal.watch(_teller(monitor))
        clock.offset_s = int(await journal.setting("clock_offset_s", "0"))
        interrupted = await journal.recover()
        room = await writer.run(lambda: outside.key_room(settings, outside))
        vault = room.vault
        link = HostLink.of(settings.host, profile.connect_s, outside.dial)
        closing.callback(link.close)
        acquirer = Acquirer(
            profile=profile,
            identity=Identity(terminal.id, terminal.merchant_id, terminal.serial_number),
            journal=journal,
            vault=vault,
            wire=Wire(
                derived_dialect("acquirer", profile.dialect, profile.dialect_changes), vault, profile, monitor.message
            ),
            link=link,
            clock=clock,
            writer=writer,
        )
        acquirer.signed_on = await _still_signed_on(acquirer)
        await load_lists(acquirer)

        def reversals_changed(closed: TransactionRecord | None) -> None:
            board.changed()
            if closed is not None:
                spooler.wake()

        def advices_changed() -> None:
            board.changed()
            spooler.wake()

        def network_changed() -> None:
            link.network_changed()
            reversals.retry()
            advices.retry()

        reversals = Reversals(acquirer, reversals_changed)
        advices = Advices(acquirer, advices_changed)

        def link_changed() -> None:
            monitor.tell("link", up=link.up, host=str(link.endpoint or ""), backup=link.on_backup)
            board.changed()

        link.changed = link_changed
        board = Board(acquirer, link, reversals, advices, terminal.training)
        devices = {name: outside.device(name, device) for name, device in settings.devices.items()}
        closing.push_async_callback(_close, devices)
        hotplug = outside.hotplug(lambda: _look_again(devices))
        closing.callback(hotplug.close)
        spooler = _spooler(
            settings, journal, clock, devices.get("printer"), board, monitor, outside, writer, _key_log(room, writer)
        )
        events = EventQueue()
        desk = Desk(
            settings,
            Translator(terminal.language),
            acquirer,
            Exchange(acquirer, reversals, advices),
            reversals,
            advices,
            events,
            face.show,
            board.status,
            spooler.wake,
            paper="printer" in devices,
        )
        board.changed = desk.refresh
        keeper = _network(settings, outside, acquirer, desk, board, monitor, network_changed)
        monitor.ask_status = board.state
        monitor.ask_devices = lambda: told_words({name: word_of(device) for name, device in devices.items()})
        desk.key_room = room
        desk.drawer = _drawer(settings.connected.printer, devices.get("printer"))
        desk.doctor = lambda: _doctor(settings, acquirer, devices, outside, parameters)
        desk.typed_number = outside.typed_number
        desk.pin_pad = cast("PinPad | None", devices.get("pin_pad"))
        if parameters is not None:
            desk.parameters = acquirer.parameters = ParameterKeeper(parameters, journal, writer, acquirer.turn, room)
        hotplug.start()
        emit = _emitter(events, board, monitor, face, spooler.wake)
        if keeper is not None:
            closing.push_async_callback(keeper.close)
            keeper.start()
        async with asyncio.TaskGroup() as tasks:
            for device in devices.values():
                device.start(emit)
            if settings.ecr is not None:
                tasks.create_task(_tills(settings, settings.ecr, desk, board, monitor, outside, closing, emit))
            tasks.create_task(spooler.run())
            tasks.create_task(reversals.run())
            tasks.create_task(advices.run())
            if profile.sign_on_at_start:
                tasks.create_task(_sign_on_at_start(acquirer, board, monitor))
            if keeper is not None:
                tasks.create_task(keeper.run())
            tasks.create_task(guard_keys(room, writer, outside.self_test))
            tasks.create_task(attend(desk, interrupted))


def _tills(
    settings: Settings,
    ecr: Ecr,
    desk: Desk,
    board: Board,
    monitor: Monitor,
    outside: Outside,
    closing: AsyncExitStack,
    emit: Callable[[DriverEvent], None],
) -> Coroutine[None, None, None]:
    """Tills are heard from now on; what answers them until the life ends."""
    from terminal.ecr.dialogue import Counter, Dialogue  # not in the memory of those who have no till

    terminal, profile = settings.terminal, settings.acquirer_profile
    counter = Counter(
        terminal.id,
        terminal.serial_number,
        profile.currency,
        profile.amount_max_minor,
        profile.refund_max_minor,
        terminal.operators,
        ecr.lease_s,
        desk.acquirer.clock,
        desk.monotonic_s,
        board.status,
    )
    lines = outside.till(ecr)
    closing.push_async_callback(lines.close)
    dialogue = Dialogue(counter, desk.journal, desk.till, lines.send, monitor.tell)
    lines.start(dialogue.heard, emit)
    return dialogue.run()


def _spooler(
    settings: Settings,
    journal: Journal,
    clock: TerminalClock,
    printer: Device | None,
    board: Board,
    monitor: Monitor,
    outside: Outside,
    disk: Writer,
    key_log: KeyLog,
) -> Spooler | SlipKeeper:
    """Whatever takes slips: the printer's spooler, or the keeper of files where there is no printer."""
    terminal = settings.terminal
    keep_capabilities_in(Path(terminal.state_dir))
    writer = SlipWriter(
        journal,
        Merchant(terminal.merchant_name, terminal.merchant_id, terminal.id, terminal.training),
        settings.acquirer_profile.currency,
        _printer_profile(settings.connected.printer),
        (terminal.language, terminal.customer_language or terminal.language),
        clock,
        outside.aside,
        lambda: facts_of(settings, journal),
        key_log,
    )

    def printed(job: PrintJob) -> None:
        monitor.tell("print", what=job.what, voucher=job.record.stan if job.record else None)

    if printer is None:
        return SlipKeeper(Path(terminal.state_dir), journal.jobs, writer.lines, disk, printed)
    return Spooler(cast(SlipPrinter, printer), journal.jobs, writer.draw, board.paper, printed)


def _network(
    settings: Settings,
    outside: Outside,
    acquirer: Acquirer,
    desk: Desk,
    board: Board,
    monitor: Monitor,
    moved: Callable[[], None],
) -> NetworkKeeper | None:
    """Who keeps the links in mind; nobody without ``[network]``."""
    if settings.network is None:
        return None
    from terminal.network.keeper import NetworkKeeper  # only with its section

    desk.network = NetworkKeeper(outside.network(settings), acquirer.turn, board.changed, monitor.tell, moved)
    board.network = lambda: desk.network.network if desk.network is not None else None
    return desk.network


def _key_log(room: KeyRoom, writer: Writer) -> KeyLog:
    def find(number: int) -> AuditLine | None:
        try:
            return next((line for line in room.audit.lines() if line.number == number), None)
        except KeysError:
            return None

    async def line(number: int) -> AuditLine | None:
        return await writer.run(lambda: find(number))

    return line


def _printer_profile(printer: Printer | None) -> PrinterProfile:
    if printer is None:
        return PrinterProfile()
    logo = Path(printer.logo) if printer.logo else None
    pin = printer.drawer_pin if printer.drawer else 0
    return PrinterProfile(printer.width_mm, printer.text, printer.cut, pin, logo, printer.reference)


def _drawer(settings: Printer | None, printer: Device | None) -> CashDrawer | None:
    if settings is None or not settings.drawer or printer is None:
        return None
    level = None if settings.drawer_open == "unknown" else settings.drawer_open
    return CashDrawer("drawer", cast("PrinterDevice", printer), settings.drawer_pin, level)


def _doctor(
    settings: Settings,
    acquirer: Acquirer,
    devices: Mapping[str, Device],
    outside: Outside,
    parameters: Parameters | None,
) -> DoctorAtTheCounter:
    from terminal.service.doctor_counter import DoctorAtTheCounter  # not before somebody asks

    return DoctorAtTheCounter(
        settings, acquirer, devices, outside.probe, parameters.file if parameters is not None else None
    )


def limits_of(profile: AcquirerProfile) -> Limits:
    """The acquirer's limits as the journal holds them."""
    return Limits(
        profile.batch_rows_max,
        profile.batch_max_minor,
        profile.offline_count_max,
        profile.offline_sum_max_minor,
        profile.offline_single_max_minor,
        profile.offline_age_max_h,
    )


async def _still_signed_on(acquirer: Acquirer) -> bool:
    """Whether the working keys of today's sign-on are there; a restart in mid-shift needs no new ones."""
    since = await acquirer.journal.setting("signed_on_at")
    today = acquirer.clock().date().isoformat()
    return since.startswith(today) and acquirer.vault.has(MAC_SLOT)


async def _sign_on_at_start(acquirer: Acquirer, board: Board, monitor: Monitor) -> None:
    """Sign on as soon as the host answers; the interval doubles while it does not."""
    delay = SIGN_ON_RETRY_FIRST_S
    while not acquirer.signed_on:
        async with acquirer.turn:
            if not acquirer.signed_on:
                result = await sign_on(acquirer)
                monitor.tell("sign-on", done=result.done, reason=result.reason, check_values=result.check_values)
        board.changed()
        if not acquirer.signed_on:
            await asyncio.sleep(delay)
            delay = min(delay * 2, SIGN_ON_RETRY_MAX_S)


def _teller(monitor: Monitor) -> Callable[[object], None]:
    def tell(changed: object) -> None:
        for record in changed if isinstance(changed, list) else [changed]:
            if isinstance(record, TransactionRecord):
                monitor.tell("transaction", **{name: getattr(record, name) for name in TOLD_OF_A_ROW})

    return tell


def _emitter(
    events: EventQueue, board: Board, monitor: Monitor, face: Face, wake_printer: Callable[[], None]
) -> Callable[[DriverEvent], None]:
    def emit(event: DriverEvent) -> None:
        if isinstance(event, DeviceChanged):
            board.device(event)
            monitor.tell("device", device=event.device, state=event.state, detail=event.detail, remedy=event.remedy)
            if event.state is DeviceState.OPEN:
                wake_printer()
        elif isinstance(event, PrinterChanged):
            board.printer(event)
            monitor.tell("printer", trouble=event.trouble, paper_low=event.paper_low)
            if event.trouble is None:
                wake_printer()
        else:
            if isinstance(event, KeyPress):
                face.pressed()
            events.put(event)

    return emit


def _look_again(devices: Mapping[str, Device]) -> None:
    for device in devices.values():
        device.look_again()


async def _close(devices: Mapping[str, Device]) -> None:
    for device in devices.values():
        with suppress(OSError):
            await device.close()
