"""The world of one scenario: terminal, host, network, devices and the people at the counter, on virtual time."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from terminal.screens.screen import Screen
from tools.simulation.books import Books, host_kind, read_books
from tools.simulation.canaries import CARD_FORMS, found_in, key_forms
from tools.simulation.clerk import Clerk, Reference
from tools.simulation.devices import PaperPrinter
from tools.simulation.faults import Fault
from tools.simulation.host import SimulatedHost
from tools.simulation.invariants import AT_REST, Rest
from tools.simulation.loop import Deadlock, SimulatedLoop
from tools.simulation.machine import MASTER_KEY, MERCHANT, TERMINAL, Files, Machine
from tools.simulation.network import Network, Plan
from tools.simulation.power import DiskFault
from tools.simulation.scenario import Cut, Operation, Scenario
from tools.simulation.slip_reader import read_slip
from tools.simulation.trace import Trace
from tools.simulation.wire_watch import WireWatch, integer

__all__ = ["Finding", "Result", "World", "run_scenario"]

BEGAN = datetime(2026, 11, 24, 9, 0, 0)
REST_S = 900.0
"""A healthy world comes to rest within 15 minutes (I11)."""
_START_S = 20.0
"""A start that has not met its cut by then is over."""
PROBE_MINOR = 11
_VOUCHER = re.compile(r"\b(\d{6})\b")
_FINDINGS_MAX = 20
_SHOWN_STATES = {
    "outcome.approved": ("approved", "advising"),
    "outcome.declined": ("declined", "reversing", "reversed"),
    "outcome.undoing": ("reversing", "reversed"),
    "outcome.not-charged": ("reversed", "dropped", "reversing", "declined"),
    "outcome.delivering": ("advising", "approved", "declined"),
}
_ORIGINAL = {
    "sale": "sale", "sale_code": "qr-sale", "pre_auth": "pre-auth", "complete": "completion",
}  # fmt: skip
_HEALTHY = Plan(0.0, (), 60.0)


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that did not hold."""

    invariant: str
    text: str
    at_s: float


@dataclass(slots=True)
class Result:
    """What a scenario came to."""

    seed: int
    findings: list[Finding] = field(default_factory=list)
    digest: str = ""
    transactions: int = 0
    """Financial requests and advices that were begun: rows of the journal."""
    cuts: int = 0
    messages: int = 0
    lives: int = 0
    virtual_s: float = 0.0
    met: frozenset[Fault] = frozenset()
    operations: int = 0
    """Machine operations of all lives."""
    lines: list[str] = field(default_factory=list)


class World:
    """Everything, and what is noticed about it."""

    def __init__(
        self, scenario: Scenario, folder: Path, *, kept: bool = False, machine_type: type[Machine] = Machine
    ) -> None:
        self.loop = SimulatedLoop()
        asyncio.set_event_loop(self.loop)
        self.scenario = scenario
        self.result = Result(scenario.seed)
        self.trace = Trace(self.loop.time, kept=kept)
        note = self.trace.note
        seed = scenario.seed
        self.rng = random.Random(f"{seed}/world")  # noqa: S311 - a simulated world
        self.wire = WireWatch(note, self.wrong)
        self.host = SimulatedHost(
            TERMINAL,
            MERCHANT,
            MASTER_KEY,
            random.Random(f"{seed}/host"),  # noqa: S311
            lambda: BEGAN + timedelta(seconds=self.loop.time()),
            note,
            self.wrong,
            sign_declines=scenario.sign_declines,
        )
        response_s = float(scenario.overrides.get("response_s", "60.0"))
        self.plan = Plan(scenario.fault_probability, scenario.faults, response_s)
        self.network = Network(self.host, self.plan, random.Random(f"{seed}/network"), note)  # noqa: S311
        self.network.sent = self._sent
        self.printer = PaperPrinter(self.loop, random.Random(f"{seed}/printer"))  # noqa: S311
        self.clerk = Clerk(self.loop, random.Random(f"{seed}/clerk"), note)  # noqa: S311
        self.machine = machine_type(
            self.loop, folder, scenario.overrides, self.network, self.printer, self.rng, self._seen, note, BEGAN
        )
        self.clerk.machine = self.machine
        self._processing_since: float | None = None
        self._logged = _Logged()
        self._errors: list[str] = []

    # --- what is noticed on the way --------------------------------------------------------

    def wrong(self, invariant: str, text: str) -> None:
        """An invariant does not hold."""
        self.trace.note(f"WRONG {invariant}: {text}")
        if len(self.result.findings) < _FINDINGS_MAX:
            self.result.findings.append(Finding(invariant, text, self.loop.time()))

    def _sent(self, data: bytes) -> bool:
        if self.machine.power.dead:
            return False
        assert self.machine.disk is not None
        self.wire.left(data, self.machine.disk)
        return True

    def _seen(self, screen: Screen) -> None:
        name, now = screen.name, self.loop.time()
        if name != self.clerk.name:
            self._timed(name, now)
            if name.startswith("outcome."):
                self._proven(screen)
            texts = "\n".join((screen.title, screen.instruction, *screen.lines, screen.entry or ""))
            self._canaries(texts.encode("utf-8"), f"screen {name}")
        self.clerk.see(screen)

    def _timed(self, name: str, now: float) -> None:
        """I17: from "processing" to a word about the money; what is older may have to be undone first."""
        profile = self.machine.settings.acquirer_profile
        if name == "processing":
            self._processing_since = now
        elif self._processing_since is not None:
            took, self._processing_since = now - self._processing_since, None
            if took > 4 * (profile.connect_s + profile.response_s):
                self.wrong("I17", f"the answer screen took {took:.0f} s")

    def _proven(self, screen: Screen) -> None:
        """I3, for people: what the screen says of a voucher is on the platter already."""
        vouchers = [found for line in screen.lines for found in _VOUCHER.findall(line)]
        states = _SHOWN_STATES.get(screen.name, ())
        assert self.machine.disk is not None
        if vouchers and not any(
            self.machine.disk.holds(state.encode("ascii") + integer(int(vouchers[-1]))) for state in states
        ):
            self.wrong("I3", f"{screen.name} of voucher {vouchers[-1]} is shown and is not on the platter")

    def _canaries(self, data: bytes, where: str) -> None:
        for name in found_in(data, CARD_FORMS):
            self.wrong("I9", f"{name} in {where}")

    # --- the story -------------------------------------------------------------------------

    def run(self) -> Result:
        """Play the scenario to its end; what was found."""
        logging.getLogger().addHandler(self._logged)
        noticed, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None  # where SQLite swallows the cut
        self.loop.set_exception_handler(lambda loop, context: self._errors.append(str(context.get("message"))))
        try:
            self.loop.run_until_complete(self._story())
        except Deadlock as error:
            self.wrong("I11", str(error))
        finally:
            logging.getLogger().removeHandler(self._logged)
            sys.unraisablehook = noticed
            self._end()
        self.result.digest = self.trace.digest
        self.result.lines = self.trace.lines
        self.result.met = frozenset(self.network.met)
        self.result.virtual_s = self.loop.time()
        self.result.messages = self.wire.messages
        self.result.lives = self.machine.lives
        return self.result

    async def _story(self) -> None:
        self.machine.switch_on()
        for index, operation in enumerate(self.scenario.operations):
            await self.up()
            await self.play(index, operation)
        await self.rest()

    async def play(self, index: int, operation: Operation) -> None:
        """One operation of the counter with everything that goes wrong around it."""
        self.trace.note(f"counter: {index} {operation.name} {operation.amount_minor} {operation.mischief}")
        if operation.pause_s:
            await asyncio.sleep(operation.pause_s)
        self.machine.wall_offset += timedelta(seconds=operation.clock_s)
        self._trouble(operation.printer)
        power = self.machine.power
        if operation.disk_fault is not None:
            at, what = operation.disk_fault
            power.fault_at = {power.operations + at: DiskFault(what)}
        cut = operation.cut
        timer = None
        if cut is not None and cut.at_s is not None:
            timer = self.loop.call_later(cut.at_s, power.cut)
        elif cut is not None:
            power.cut_at = power.operations + cut.after
        await self.clerk.perform(operation, self._reference(operation))
        if timer is not None:
            timer.cancel()
        if cut is not None and not self.machine.running:
            await self.cut(cut)
        if self.machine.running:
            power.cut_at, power.fault_at = None, {}
        self.printer.restored()

    async def cut(self, cut: Cut) -> None:
        """The power has gone; it comes back, and perhaps goes again during the starts."""
        await self._off(cut.platter)
        for after in cut.starts:
            await asyncio.sleep(self.rng.choice((0.5, 3.0, 200.0)))
            self.machine.switch_on(cut_at=after)
            self.clerk.gone()
            assert self.machine.life is not None
            await asyncio.wait([self.machine.life], timeout=_START_S)
            await self._off(cut.platter)

    async def _off(self, platter: str) -> None:
        await self.machine.switched_off(platter)
        self.result.cuts += 1
        self.result.operations += self.machine.power.operations
        self._after_life()
        self.clerk.gone()
        self.printer.tear()
        self._processing_since = None

    async def up(self) -> None:
        """Switch on when it is off; come back from a life that ended by itself, as the runtime does."""
        if self.machine.running:
            return
        if self.machine.life is not None and not self.machine.power.dead:
            # A life that the disk ended: the process goes on, so what it wrote is there.
            await self.machine.switched_off("all")
            self._after_life()
            self.clerk.gone()
            self._processing_since = None
            await asyncio.sleep(5.0)
        elif self.machine.disk is not None and not self.machine.closed:
            await self._off("none")
        self.machine.switch_on()

    async def rest(self) -> None:
        """Everything is in order again: the terminal must come to rest, sell, and settle."""
        self.network.plan = _HEALTHY
        self.network.script.clear()
        self.printer.restored()
        await self.up()
        for pipe in self.machine.inputs.values():
            if not pipe.plugged:
                pipe.plug()
        began = self.loop.time()
        quiet = False
        while self.loop.time() - began < REST_S and not quiet:
            await self.up()
            idle = await self.clerk.until_idle(REST_S)
            quiet = idle and not self.network.under_way and self._nothing_open()
            if not quiet:
                await asyncio.sleep(10.0)
        if not quiet:
            self.wrong("I11", f"not at rest after {REST_S:.0f} s: screen {self.clerk.name}")
        await self.network.quiet()
        await self._sells()
        await asyncio.sleep(30.0)
        self.trace.note("end")

    def _nothing_open(self) -> bool:
        status = self.machine.shown.status
        return not status.reversals and not status.offline

    async def _sells(self) -> None:
        """I11: after all that, a sale is approved; and the batch is settled where the scenario says so."""
        if self.scenario.settles_at_end:
            await self.clerk.perform(Operation("settle_flow"), Reference())
        approved = False
        for attempt in range(3):
            await self.clerk.perform(Operation("sale", PROBE_MINOR + attempt, "signature"), Reference())
            approved = bool(self.host.ledger.live["sale", PROBE_MINOR + attempt])
            if approved:
                break
            # A batch that is full, or a settlement that was cut off, ends by settling.
            await self.clerk.perform(Operation("settle_flow"), Reference())
        if not approved:
            self.wrong("I11", f"a healthy world does not sell; the screen is {self.clerk.name}")

    def _trouble(self, trouble: str) -> None:
        printer = self.printer
        match trouble:
            case "paper":
                printer.paper = False
            case "cover":
                printer.cover_closed = False
            case "mute":
                printer.mute = True
            case "absent":
                printer.present = False
                printer.reset()
            case "stalled":
                printer.stalls = True
            case "reset":
                printer.reset()
            case "runs-out":
                printer.runs_out_after = self.rng.randrange(1200)

    def _reference(self, operation: Operation) -> Reference:
        """What the slip of the earlier transaction says: the host's latest word on its sale id."""
        if operation.refers_to is None:
            return Reference(auth="123456")
        original = self.scenario.operations[operation.refers_to]
        kind = host_kind(_ORIGINAL[original.name])
        rows = self.host.book.rows(
            "SELECT stan, rrn, auth_code, at FROM txn WHERE kind = ? AND amount_minor = ? ORDER BY id DESC LIMIT 1",
            (kind, original.amount_minor),
        )
        if not rows:
            return Reference()
        row = rows[0]
        at = datetime.fromisoformat(str(row["at"]))
        return Reference(f"{row['stan']:06d}", str(row["rrn"]), str(row["auth_code"]) or "999999", f"{at:%m%d}")

    # --- the end ---------------------------------------------------------------------------

    def _after_life(self) -> None:
        """What a life leaves behind: its files without canaries, no task, no exception of its own."""
        if self.machine.ended is not None:
            error, self.machine.ended = self.machine.ended, None
            self.wrong("I15", f"a life ended by {type(error).__name__}: {error}")
        assert self.machine.disk is not None
        for name, image in self.machine.disk.images():
            self._canaries(image, f"file {name}")
        self._keys_hidden()

    def _keys_hidden(self) -> None:
        files = {**self.machine.files.journal, **self.machine.files.vault}
        forms = key_forms("master key", MASTER_KEY)
        for keys in self.host.working_keys():
            forms |= key_forms("working key", keys)
        for name, content in files.items():
            for form in found_in(content, forms):
                self.wrong("I9", f"{form} in file {name}")

    def _end(self) -> None:
        """The last life ends; the books are opened."""
        loop = self.loop
        with suppress(Deadlock):
            files = loop.run_until_complete(self.machine.dispose())
            self._after_life()
            self._at_rest(files)
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            if not self.network.under_way:
                self.wrong("I15", f"{len(tasks)} tasks are left")
            with suppress(Deadlock):
                loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        for text in self._errors:
            self.wrong("I15", f"unhandled: {text}")
        for text in self._logged.texts:
            self._canaries(text.encode("utf-8"), "the log")
        self.host.close()
        loop.close()
        asyncio.set_event_loop(None)

    def _at_rest(self, files: Files) -> None:
        books: Books = read_books(files.journal, self.machine.journal_name)
        self.result.transactions = len(books.rows)
        self.result.operations += self.machine.power.operations
        slips = tuple(read_slip(slip) for slip in self.printer.slips)
        for slip in slips:
            self._canaries(slip.text.encode("utf-8"), "a slip")
        profile = self.machine.settings.acquirer_profile
        rest = Rest(books, self.host, self.wire, slips, profile.currency, profile.offline_count_max)
        for invariant, check in AT_REST.items():
            for text in check(rest):
                self.wrong(invariant, text)


class _Logged(logging.Handler):
    """Keeps what is logged, to look for canaries in it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.texts) < 1000:
            self.texts.append(self.format(record))


Prepare = Callable[[World], Any]


def run_scenario(scenario: Scenario, folder: Path, *, kept: bool = False) -> Result:
    """Play one scenario in a world of its own."""
    return World(scenario, folder, kept=kept).run()
