"""The world of one scenario: terminal, host, network, devices and the people at the counter, on virtual time."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from terminal.domain.transactions import TRANSACTIONS
from tools.simulation.books import Books, host_kind, read_books
from tools.simulation.clerk import Clerk, Reference
from tools.simulation.devices import PaperPrinter
from tools.simulation.host import SimulatedHost
from tools.simulation.invariants import AT_REST, Rest
from tools.simulation.loop import Deadlock, SimulatedLoop
from tools.simulation.machine import MASTER_KEY, MERCHANT, TERMINAL, Files, Machine
from tools.simulation.network import Network, Plan
from tools.simulation.power import DiskFault
from tools.simulation.scenario import Cut, Operation, Scenario
from tools.simulation.slip_reader import read_slip
from tools.simulation.trace import Trace
from tools.simulation.watcher import Result, Watcher

__all__ = ["World", "run_scenario"]

BEGAN = datetime(2026, 11, 24, 9, 0, 0)
REST_S = 900.0
"""A healthy world comes to rest within 15 minutes (I11)."""
_THOROUGH_EACH = 8
_START_S = 20.0
"""A start that has not met its cut by then is over."""
PROBE_MINOR = 11
_ORIGINAL = {
    "sale": "sale", "sale_code": "qr-sale", "order": "qr-order", "pre_auth": "pre-auth", "complete": "completion",
}  # fmt: skip
_AGREED_HERE = frozenset({"offline_sale", "tip", "complete_by_advice"})
_HEALTHY = Plan(0.0, (), 60.0)


class World:
    """Everything, and what is noticed about it."""

    def __init__(
        self, scenario: Scenario, folder: Path, *, kept: bool = False, machine_type: type[Machine] = Machine
    ) -> None:
        self.loop = SimulatedLoop()
        asyncio.set_event_loop(self.loop)
        self.scenario = scenario
        self.trace = Trace(self.loop.time, kept=kept)
        self.watcher = Watcher(scenario.seed, self.trace, self.loop.time)
        self.result, self.wrong = self.watcher.result, self.watcher.wrong
        note = self.trace.note
        seed = scenario.seed
        self.rng = random.Random(f"{seed}/world")  # noqa: S311 - a simulated world
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
        self.network.sent = self.watcher.sent
        self.network.hangs_up = scenario.connection == "persistent"
        self.printer = PaperPrinter(random.Random(f"{seed}/printer"))  # noqa: S311
        self.clerk = Clerk(self.loop, random.Random(f"{seed}/clerk"), note)  # noqa: S311
        self.machine = machine_type(
            self.loop, folder, scenario.overrides, self.network, self.printer, self.rng, self.watcher.seen, note, BEGAN,
            printer_model=scenario.printer_model, connection=scenario.connection,
        )  # fmt: skip
        self.watcher.see = self.clerk.see
        self.clerk.pays = lambda amount_minor: self.host.pay(amount_minor, "good")
        self.clerk.machine = self.watcher.machine = self.machine

    # --- the story -------------------------------------------------------------------------

    def run(self, story: Callable[[], Coroutine[Any, Any, None]] | None = None) -> Result:
        """Play the scenario, or another story, to its end; what was found."""
        self.watcher.begin()
        noticed, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None  # where SQLite swallows the cut
        self.loop.set_exception_handler(self.watcher.unhandled)
        try:
            self.loop.run_until_complete((story or self._story)())
        except Deadlock as error:
            self.wrong("I11", str(error))
        finally:
            sys.unraisablehook = noticed
            self._end()
        self.result.digest = self.trace.digest
        self.result.lines = self.trace.lines
        self.result.met = frozenset(self.network.met)
        self.result.virtual_s = self.loop.time()
        self.result.messages = self.watcher.wire.messages
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
        if operation.name in _AGREED_HERE:
            self._limits()
        if cut is not None and not self.machine.running:
            await self.cut(cut)
        if self.machine.running:
            power.cut_at, power.fault_at = None, {}
        self.printer.restored()

    def _limits(self) -> None:
        """I14: what waits for the host is never more than the acquirer allows."""
        assert self.machine.disk is not None
        profile = self.machine.settings.acquirer_profile
        files = self.machine.disk.platter("none", self.rng)
        with suppress(sqlite3.Error):  # cut off before the journal was made
            rows = read_books(files, self.machine.journal_name).rows
            waiting = [row.amount_minor for row in rows if row.state == "advising" and TRANSACTIONS[row.kind].stands]
            if len(waiting) > profile.offline_count_max or sum(waiting) > profile.offline_sum_max_minor:
                self.wrong("I14", f"{len(waiting)} offline transactions of {sum(waiting)} wait for the host")

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
        self.watcher.after_life(self.host.working_keys())
        self.clerk.gone()
        self.printer.tear()
        self.watcher.dark()

    async def up(self) -> None:
        """Switch on when it is off; come back from a life that ended by itself, as the runtime does."""
        if self.machine.running:
            return
        if self.machine.life is not None and not self.machine.power.dead:
            # A life that the disk ended: the process goes on, so what it wrote is there.
            await self.machine.switched_off("all")
            self.watcher.after_life(self.host.working_keys())
            self.clerk.gone()
            self.watcher.dark()
            await asyncio.sleep(5.0)
        elif self.machine.disk is not None and not self.machine.closed:
            await self._off("none")
        self.machine.switch_on()

    async def rest(self) -> None:
        """Everything is in order again: the terminal must come to rest, sell, and settle."""
        self.network.plan = _HEALTHY
        self.host.forgive()
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
                printer.ends_with_slip = self.rng.random() < 0.3
                printer.runs_out_after = None if printer.ends_with_slip else self.rng.randrange(1200)

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

    def _end(self) -> None:
        """The last life ends; the books are opened."""
        loop = self.loop
        with suppress(Deadlock):
            files = loop.run_until_complete(self.machine.dispose())
            # What the terminal keeps of a card does not depend on the seed: every form is looked for in some.
            thorough = self.scenario.seed % _THOROUGH_EACH == 0
            self.watcher.after_life(self.host.working_keys(), thorough=thorough)
            self._at_rest(files)
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            if not self.network.under_way:
                self.wrong("I15", f"{len(tasks)} tasks are left")
            with suppress(Deadlock):
                loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.watcher.end()
        self.host.close()
        loop.close()
        asyncio.set_event_loop(None)

    def _at_rest(self, files: Files) -> None:
        books: Books = read_books(files.journal, self.machine.journal_name)
        self.result.transactions = len(books.rows)
        self.result.operations += self.machine.power.operations
        slips = tuple(read_slip(slip) for slip in self.printer.slips)
        for slip in slips:
            self.watcher.canaries(slip.text.encode("utf-8"), "a slip", quick=True)
        profile = self.machine.settings.acquirer_profile
        rest = Rest(books, self.host, self.watcher.wire, slips, profile.currency)
        for invariant, check in AT_REST.items():
            for text in check(rest):
                self.wrong(invariant, text)


def run_scenario(scenario: Scenario, folder: Path, *, kept: bool = False) -> Result:
    """Play one scenario in a world of its own."""
    return World(scenario, folder, kept=kept).run()
