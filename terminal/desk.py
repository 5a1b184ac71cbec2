"""The desk: all that a flow may do – ask, show, exchange, print."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Protocol, TypeVar

from config import Settings
from drivers.events import Event, Key, KeyPress, Scan, Swipe
from iso8583 import Message
from keys import KeyRoom
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.advice import Advices
from terminal.acquirer.exchange import Exchange
from terminal.acquirer.request import Presented
from terminal.acquirer.reversal import Reversals
from terminal.acquirer.settlement import SettlementResult, settle
from terminal.domain.outcome import Outcome, Result, outcome_of
from terminal.domain.record import Intent, TransactionRecord
from terminal.ecr.job import Job, Phase, TillSlot
from terminal.prompts import (
    Cancelled,
    ForCustomer,
    GaveWay,
    GivesWay,
    Notice,
    PassingNotice,
    Prompt,
    TimedOut,
    Unhurried,
)
from terminal.screens.screen import Screen, Status, Tone
from terminal.screens.texts import Translator

if TYPE_CHECKING:
    from drivers.cash_drawer import CashDrawer
    from drivers.pin_pad import PinPad
    from terminal.network.keeper import NetworkKeeper
    from terminal.service.doctor import Finding, Step
    from terminal.service.doctor_report import Report
    from terminal.service.doctor_wear import Use
    from terminal.service.parameters.keeper import ParameterKeeper

__all__ = ["Desk", "EventQueue"]

A = TypeVar("A")
EVENTS_MAX = 256
"""More waiting events than any person or device makes while a flow is busy; what exceeds it is dropped."""
COUNTDOWN_S = 10
"""The last seconds of a time-out are shown (facts/product.md §4.2)."""


class Doctor(Protocol):
    """Who examines the terminal that a flow runs in (``terminal.service.doctor_counter``)."""

    def examine(self, begun: Callable[[Step], None]) -> AsyncIterator[Finding]:
        """Each step's finding; ``begun`` is told before each."""

    async def uses(self) -> list[Use]:
        """What each device has done, how it is, and its early warning."""

    async def keep(self, report: Report) -> bool:
        """Write the bundle that the report's reference names; False where the disk fails."""


class EventQueue:
    """Events from the devices on their way to whoever asks; bounded, and wiped when nobody does."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(EVENTS_MAX)

    def put(self, event: Event) -> None:
        """Take an event from a driver."""
        if self._queue.full():
            _wipe(event)
        else:
            self._queue.put_nowait(event)

    def wake(self) -> None:
        """Let whoever asks look around; a queue that is full wakes him anyway."""
        if not self._queue.full():
            self._queue.put_nowait(None)

    async def get(self) -> Event | None:
        """The next event; None for a wake-up."""
        return await self._queue.get()

    def drop(self) -> list[Event]:
        """Forget what came while nothing was asked: no key and no card of then may act now."""
        dropped = []
        while not self._queue.empty():
            event = self._queue.get_nowait()
            if event is not None:
                _wipe(event)
                dropped.append(event)
        return dropped


def _wipe(event: Event) -> None:
    if isinstance(event, Swipe):
        event.tracks.wipe()
    elif isinstance(event, Scan):
        event.text.wipe()


class Desk:
    """Where a flow meets people and the host. One flow holds it at a time."""

    def __init__(
        self,
        settings: Settings,
        texts: Translator,
        acquirer: Acquirer,
        exchange: Exchange,
        reversals: Reversals,
        advices: Advices,
        events: EventQueue,
        show: Callable[[Screen], None],
        status: Callable[[], Status],
        wake_printer: Callable[[], None],
        *,
        paper: bool = True,
    ) -> None:
        self.settings = settings
        self.texts = texts
        self._customer_texts = texts
        self.acquirer = acquirer
        self.journal = acquirer.journal
        self._exchange = exchange
        self._reversals = reversals
        self._advices = advices
        self._events = events
        self._show = show
        self._status = status
        self._wake_printer = wake_printer
        self._shown: Screen | None = None
        self.paper = paper
        """Whether there is a printer; without one the receipt is shown as a code."""
        self.key_room: KeyRoom | None = None
        """Where a technician loads keys; None where a terminal has no vault of its own."""
        self.pin_pad: PinPad | None = None
        """Where customers type their PIN."""
        self.typed_number: Callable[[bytearray], bytearray] = lambda number: number
        """What a card number that was typed is for the rest of the terminal: a recording puts a token in its place."""
        self.drawer: CashDrawer | None = None
        """The cash drawer behind the printer."""
        self.doctor: Callable[[], Doctor] | None = None
        """Who finds out why the terminal does not work; made when somebody asks."""
        self.network: NetworkKeeper | None = None
        """The links of the machine; None without ``[network]``."""
        self.parameters: ParameterKeeper | None = None
        """Where parameters are changed; None where a terminal has no file of them."""
        self.till = TillSlot(acquirer.clock)
        """Where a till's request comes in."""
        self.till.call = events.wake
        self._job: Job | None = None

    def show(self, screen: Screen) -> None:
        """Put a screen up; it stays until the next one."""
        self._shown = screen
        if self._job is not None and not (screen.secret and screen.language):  # nothing beside a customer's PIN
            work = self._job.work
            said = self.texts.text("till.asked", till=work.sale_id, reference=work.reference).rstrip()
            screen = replace(screen, lines=(said, *screen.lines))
        self._show(replace(screen, status=self._status()))

    def refresh(self) -> None:
        """Draw the present screen again, because the status bar has changed."""
        if self._shown is not None:
            self.show(self._shown)

    async def ask(self, prompt: Prompt[A], timeout_s: float) -> A:
        """Ask until answered. Raises Cancelled on the red key and TimedOut after ``timeout_s`` without a key.

        Also Cancelled when the till breaks off what it has asked for, and GaveWay by a screen that gives way.
        """
        self.till.set_free(isinstance(prompt, GivesWay) and self.till.doing == "attended")
        try:
            return await self._ask(prompt, timeout_s)
        finally:
            self.till.set_free(False)

    async def _ask(self, prompt: Prompt[A], timeout_s: float) -> A:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            if isinstance(prompt, GivesWay) and self.till.waiting:
                raise GaveWay
            if self._job is not None:
                self._require_wanted(self._job)
                self._job.phase = Phase.ASKING
            left = deadline - loop.time()
            if left <= 0:
                raise TimedOut
            hurried = left <= COUNTDOWN_S and not isinstance(prompt, Unhurried)
            countdown = int(left + 0.999) if hurried else None
            self.show(replace(self._screen_of(prompt), countdown_s=countdown))
            event = await self._next_event(left % 1 or 1.0 if left <= COUNTDOWN_S else left - COUNTDOWN_S)
            if event is None:
                continue
            if isinstance(prompt, ForCustomer) and isinstance(event, KeyPress) and event.key is Key.HASH:
                self._customer_texts = self._customer_texts.next
            elif (answer := prompt.take(event)) is not None:
                return answer.value
            _wipe(event)
            deadline = loop.time() + timeout_s

    def look_around(self) -> None:
        """Let the question that is asked show itself anew: what it is about has changed."""
        self._events.wake()

    async def pause(self, screen: Screen, seconds: float) -> None:
        """Show something for so long. Raises Cancelled on the red key; everything else is left out."""
        ends = self.monotonic_s() + seconds
        self.show(screen)
        while (left_s := ends - self.monotonic_s()) > 0:
            event = await self._next_event(left_s)
            if isinstance(event, KeyPress) and event.key is Key.CANCEL:
                raise Cancelled
            if event is not None:
                _wipe(event)

    def monotonic_s(self) -> float:
        """Seconds that only go forward, for whatever is counted down."""
        return asyncio.get_running_loop().time()

    def next_customer(self) -> None:
        """Whoever comes next is asked in the language of the configuration again."""
        self._customer_texts = Translator(self.settings.terminal.customer_language or self.texts.language)

    def _screen_of(self, prompt: Prompt[A]) -> Screen:
        if not isinstance(prompt, ForCustomer):
            return prompt.screen(self.texts)
        texts = self._customer_texts
        return replace(prompt.screen(texts), language=texts.language, other_language=texts.next.text("language.name"))

    async def tell(self, screen: Screen, timeout_s: float, *, passing: bool = False) -> None:
        """Show something until a key or the time-out ends it; ``passing``: or a till that has the next customer."""
        try:
            await self.ask((PassingNotice if passing else Notice)(screen), timeout_s)
        except (Cancelled, TimedOut, GaveWay):
            return

    async def refuse(self, title: str, reason: str, **values: str) -> None:
        """Say why something cannot be done; both are catalogue keys."""
        if self._job is not None:
            self._job.refused = reason
        text = self.texts.text(reason, **values)
        await self.tell(
            Screen("refused", self.texts.text(title), text, tone=Tone.WARNING), self.settings.timeouts.outcome_s
        )

    async def exchange(
        self, intent: Intent, present: Callable[[], Presented], seen: Callable[[Message], None] | None = None
    ) -> Outcome:
        """Exchange a financial message. Keys and cards that come meanwhile are dropped and noted."""
        intent = self._begun(intent)
        try:
            return await self._exchange.run(intent, present, seen)
        finally:
            await self._drop_events()

    async def open_order(self, intent: Intent) -> Outcome | TransactionRecord:
        """Open an order for a code on the screen; the open row, or how it ended."""
        intent = self._begun(intent)
        try:
            return await self._exchange.open_order(intent)
        finally:
            await self._drop_events()

    async def ask_order(self, record: TransactionRecord) -> Outcome | None:
        """Whether an order has been paid; None while nobody knows."""
        return await self._exchange.ask_order(record)

    async def close_order(self, record: TransactionRecord) -> Outcome:
        """Close an order that nobody has paid."""
        try:
            return await self._exchange.close_order(record)
        finally:
            await self._drop_events()

    async def store(self, intent: Intent, auth_code: str) -> Outcome:
        """Take what is agreed at the counter; the host hears of it as soon as it can be reached."""
        return await self._exchange.store(self._begun(intent), auth_code)

    async def take(self, intent: Intent) -> Outcome:
        """Note what has changed hands at the counter."""
        return await self._exchange.take(self._begun(intent))

    # --- for a till ------------------------------------------------------------------------

    def take_up(self) -> Job:
        """The job that waits in the slot; from now on what is asked and begun is for it."""
        assert self.till.job is not None
        self._job = self.till.job
        self._job.phase = Phase.ASKING
        return self._job

    async def told(self, reason: str = "") -> None:
        """The till hears the result of its request, or why nothing was begun; what follows is no longer for it."""
        job, self._job = self._job, None
        if job is not None:
            await job.ended(reason)

    def _begun(self, intent: Intent) -> Intent:
        """The intent with the customer's language and the till's request that it is for.

        Raises Cancelled when the till wants it no more.
        """
        intent = replace(intent, language=self._customer_texts.language)
        if self._job is None:
            return intent
        self._require_wanted(self._job)
        self._job.phase = Phase.SENDING  # no await from here to the row: an abort is refused from now on
        return replace(intent, till_request=self._job.request)

    @staticmethod
    def _require_wanted(job: Job) -> None:
        if job.aborted:
            raise Cancelled

    async def settle(self) -> SettlementResult:
        """Begin or resume the settlement, as far as the host goes."""
        try:
            async with self.acquirer.turn:
                return await settle(self.acquirer, self._reversals, self._advices)
        finally:
            await self._drop_events()

    async def send_waiting(self) -> None:
        """Try everything that waits for the host once, reversals first."""
        async with self.acquirer.turn:
            if not await self._reversals.drain():
                await self._advices.drain(None)
        await self._drop_events()

    async def undone(self, outcome: Outcome) -> Outcome:
        """Wait for the host to acknowledge that an attempt is undone, as long as the profile allows."""
        if outcome.result is not Result.UNDOING or outcome.record is None:
            return outcome
        await self._reversals.until_closed(outcome.record.id, self.acquirer.profile.undo_shown_s)
        await self._drop_events()
        return outcome_of(await self.journal.record(outcome.record.id))

    def print_waiting(self) -> None:
        """Slips have been queued in the journal: let the printer look."""
        self._wake_printer()

    async def reprint(self, record: TransactionRecord, what: str) -> None:
        """Queue another copy of a slip, marked as a duplicate."""
        await self.journal.jobs.queue_slip(record.id, what, reprint=True)
        self._wake_printer()

    def today(self) -> date:
        """Date of the terminal's clock."""
        return self.acquirer.clock().date()

    async def _next_event(self, timeout_s: float) -> Event | None:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._events.get()
        except TimeoutError:
            return None

    async def _drop_events(self) -> None:
        dropped = [event for event in self._events.drop() if isinstance(event, Swipe | Scan)]
        for event in dropped:
            await self.journal.note("ignored", f"{type(event).__name__} on {event.device} while a payment was running")
