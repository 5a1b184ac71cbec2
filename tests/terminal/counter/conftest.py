"""A counter in one process: the terminal's own code, the host simulator, real TCP between them, real files.

A person is a script: for each screen, by the beginning of its name, what is done when it appears.
"""

import asyncio
import os
from dataclasses import astuple
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

import iso8583
from config import default_file, load, load_profile
from drivers.events import Key, KeyPress, Scan, ScanText, Swipe, Tracks
from keys import CredentialProtector, open_vault, provision
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.advice import Advices
from terminal.acquirer.exchange import Exchange
from terminal.acquirer.link import HostLink
from terminal.acquirer.request import Identity
from terminal.acquirer.reversal import Reversals
from terminal.acquirer.wire import Wire
from terminal.assembly import limits_of
from terminal.clock import TerminalClock
from terminal.desk import Desk, EventQueue
from terminal.domain.transactions import TRANSACTIONS, Total
from terminal.flows.menu import MAIN, follow
from terminal.journal import InlineWriter, Journal
from terminal.outside import MACHINE
from terminal.prompts import Cancelled, TimedOut
from terminal.screens.screen import Status
from terminal.screens.texts import Translator
from terminal.service.doctor_counter import DoctorAtTheCounter
from tools.host.accounts import DEMO_ACCOUNTS, DEMO_CODES, stripe
from tools.host.book import Book
from tools.host.delivery import Envelope
from tools.host.door import HttpDoor
from tools.host.downloads import Shelf
from tools.host.faults import Faults, Order
from tools.host.security import Security
from tools.host.server import HostServer
from tools.host.switch import HostProfile, Switch

TERMINAL, MERCHANT = "10000001", "999290054110001"
START = datetime(2026, 11, 24, 10, 12, 36)
ACCOUNTS = {account.name: account for account in DEMO_ACCOUNTS}
FLOW_S = 20.0
RESULTS = ("outcome.", "refused", "settle.", "balance.")
DIALECT = iso8583.dialect("unionpay-pos")


class Stuck(AssertionError):
    """The story waits for a screen that does not come."""


class Bank:
    """The host on a TCP port of its own; it outlives the terminal's restarts."""

    def __init__(self, folder, clock, door=None):
        folder.mkdir()
        self.now = clock
        self.security = Security(folder)
        self.master = os.urandom(16)
        self.security.enrol(TERMINAL, self.master)
        self.book = Book.open(folder / "book.db", clock, DEMO_ACCOUNTS, DEMO_CODES)
        with self.book.transaction():
            self.book.enrol(TERMINAL, MERCHANT)
        self.faults = Faults()
        self.events = []
        self.shelf = Shelf(folder)
        self.switch = Switch(self.book, self.security, HostProfile(), clock, self.shelf)
        self.server = HostServer(
            DIALECT, self.switch, Envelope(DIALECT, self.security, os.urandom, door), self.faults, self._told
        )

    def _told(self, event, message=None, **values):
        self.events.append((event, values, message))

    def received(self, *mtis):
        """Messages of these types in the order they came."""
        return [m for event, _, m in self.events if event == "received" and (not mtis or m.mti in mtis)]

    def order(self, fault, count=1, **values):
        """Let the next messages meet a fault."""
        self.faults.order(Order(fault, **values), count)

    def balance(self, name):
        return next(account.balance_minor for account in self.book.accounts() if account.name == name)

    def held(self, name):
        return next(account.held_minor for account in self.book.accounts() if account.name == name)


class Counter:
    """One life of the terminal at the bank, and whoever stands before it."""

    def __init__(self, folder, bank, port, profile, clock, settings, limits=None):
        self.folder, self.bank, self.port, self.profile, self.clock = folder, bank, port, profile, clock
        self.settings, self.limits = settings, limits
        self.shown = []
        self.face = None
        self.script = []
        self.events = EventQueue()
        self.printed = 0
        self.devices = {}

    def _here(self):
        """The settings as the doctor reads them: with this terminal's folder."""
        return replace(self.settings, terminal=replace(self.settings.terminal, state_dir=str(self.folder)))

    async def __aenter__(self):
        clock = TerminalClock(self.clock)
        writer = InlineWriter()
        self.journal = await Journal.open(
            self.folder / "journal.db", writer, clock, limits=self.limits or limits_of(self.profile),
            domestic=frozenset(self.profile.domestic_organisations),
        )  # fmt: skip
        self.interrupted = await self.journal.recover()
        vault = open_vault(self.folder / "keys.vault", CredentialProtector(self.folder / "credential"), "lab")
        self.vault = vault
        self.link = HostLink.of(self.settings.host, self.profile.connect_s)
        self.acquirer = Acquirer(
            self.profile,
            Identity(TERMINAL, MERCHANT, "CT-0000001"),
            self.journal,
            vault,
            Wire(DIALECT, vault, self.profile, lambda direction, message: None),
            self.link,
            clock,
            writer,
        )
        self.reversals = Reversals(self.acquirer, lambda closed: None)
        self.advices = Advices(self.acquirer, lambda: None)
        self.desk = Desk(
            self.settings,
            Translator("en"),
            self.acquirer,
            Exchange(self.acquirer, self.reversals, self.advices),
            self.reversals,
            self.advices,
            self.events,
            self._show,
            Status,
            self._print,
        )
        self.desk.doctor = lambda: DoctorAtTheCounter(self._here(), self.acquirer, self.devices, MACHINE.probe, None)
        self.workers = [asyncio.create_task(self.reversals.run()), asyncio.create_task(self.advices.run())]
        return self

    async def __aexit__(self, *error):
        for worker in self.workers:
            worker.cancel()
        await asyncio.gather(*self.workers, return_exceptions=True)
        self.link.close()
        await self.journal.close()
        self.vault.close()

    def _print(self):
        self.printed += 1

    # --- what a person does ----------------------------------------------------------------

    def _show(self, screen):
        if not self.shown or self.shown[-1].name != screen.name:
            self.shown.append(screen)
        else:
            self.shown[-1] = screen
        face = (screen.name, screen.instruction, screen.menu, screen.lines, screen.hints)
        fresh, self.face = face != self.face, face  # a digit that appears makes no new screen
        if not fresh:
            return
        if self.script and screen.name.startswith(self.script[0][0]):
            _, *actions = self.script.pop(0)
            asyncio.get_running_loop().call_soon(self._act, actions)
        elif screen.name.startswith(ENDS):
            asyncio.get_running_loop().call_soon(self._act, ["!enter"])

    def _act(self, actions):
        for action in actions:
            kind, rest = (action[0], action[1:]) if action and action[0] in "!$@" else ("", action)
            if kind == "$":
                track = bytearray(stripe(ACCOUNTS[rest]).encode()) if rest in ACCOUNTS else bytearray(rest.encode())
                self.events.put(Swipe("msr", Tracks(track2=track), 0.0))
            elif kind == "@":
                self.events.put(Scan("scanner", ScanText(bytearray(rest.encode())), "", 0.0))
            elif kind == "!":
                self.events.put(KeyPress(Key(rest), 0.0))
            else:
                for digit in rest:
                    self.events.put(KeyPress(Key(digit), 0.0))
                self.events.put(KeyPress(Key("enter"), 0.0))

    async def do(self, path, *script):
        """Follow the digits of a menu path with a script of ``(screen, action …)``; the screens that came.

        An action is digits (typed, then the green key), ``!key``, ``$account`` to swipe, ``@code`` to scan.
        """
        self.shown.clear()
        self.face = None
        first, *rest = path
        self.script = [*(("menu.", f"!{digit}") for digit in rest), *script]
        try:
            async with asyncio.timeout(FLOW_S):
                await follow(self.desk, MAIN, first)
        except TimeoutError:
            raise Stuck(f"{[s.name for s in self.shown]} then waited for {self.script[:1]}") from None
        except (Cancelled, TimedOut):
            pass
        assert not self.script, f"never shown: {self.script[0][0]}; shown: {[s.name for s in self.shown]}"
        return self.shown

    async def sell(self, amount="100", account="signature", pin=""):
        """A sale by stripe."""
        return await self.do("1", ("sale.amount", amount), ("sale.present", f"${account}"), ("sale.pin", pin))

    @property
    def result(self):
        """Name of the last outcome shown."""
        return next(s.name for s in reversed(self.shown) if s.name.startswith(RESULTS))

    # --- what an auditor does --------------------------------------------------------------

    async def last(self):
        return await self.journal.last()

    async def until(self, condition):
        """Wait for something to be so."""
        async with asyncio.timeout(FLOW_S):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.01)

    async def quiet(self):
        """Wait until nothing is open any more."""
        async with asyncio.timeout(FLOW_S):
            while await self.journal.reversals() or await self.journal.advices():
                self.reversals._wake.set()
                self.advices._woken.set()
                await asyncio.sleep(0.01)

    async def books_agree(self):
        """Terminal totals, host totals and the sum of rows are one."""
        await self.quiet()
        batch = int(await self.journal.setting("batch", "1"))
        totals = await self.journal.totals()
        rows = await self.journal.of_batch()
        sides = {
            side: (
                sum(TRANSACTIONS[r.kind].total is side for r in rows),
                sum(r.amount_minor for r in rows if TRANSACTIONS[r.kind].total is side),
            )
            for side in (Total.DEBIT, Total.CREDIT)
        }
        host = astuple(self.bank.book.totals(TERMINAL, batch))
        assert (*astuple(totals.domestic), *astuple(totals.foreign)) == host
        both = [home + abroad for home, abroad in zip(host[:4], host[4:], strict=True)]
        told = (both[0], both[1]), (both[2], both[3])
        assert told == (sides[Total.DEBIT], sides[Total.CREDIT])
        from tools.host.reports import check

        assert check(self.bank.book, {}) == []
        return told


ENDS = ("outcome.", "refused", "balance.shown", "settle.", "totals", "reprint.queued", "reprint.none", "sign-", "echo.",
        "details", "last-batch", "operator.saved", "version", "waiting", "diagnosis", "download", "parameters",
        "receipt", "status.", "drawer.", "devices.")  # fmt: skip


@pytest.fixture
def counter(tmp_path):
    """Play a story at a counter; every call with ``again`` is another life of the same terminal."""

    def run(story, *lives, settings=None, limits=None, host=None, **changes):
        async def go():
            clock = Clock()
            host_keys = dict(host or {})
            door = HttpDoor(host_keys["path"]) if host_keys.get("transport") == "http" else None
            bank = Bank(tmp_path / "bank", clock, door)
            port = await bank.server.listen("127.0.0.1", 0)
            folder = tmp_path / "terminal"
            folder.mkdir(mode=0o700)
            credential = folder / "credential"
            credential.write_bytes(os.urandom(32))
            credential.chmod(0o600)
            provision(folder / "keys.vault", CredentialProtector(credential), "lab", {"tmk": bank.master})
            quick = {"response_s": 2.0, "connect_s": 1.0, "reversal_retry_first_s": 0.05, "reversal_retry_max_s": 0.2,
                     "undo_shown_s": 2.0, **changes}  # fmt: skip
            profile = replace(load_profile("unionpay-lab"), **quick)
            chosen = load(default_file())
            addresses = (*host_keys.pop("address", ()), f"tcp:127.0.0.1:{port}")  # the bank is the last of them
            chosen = replace(chosen, host=replace(chosen.host, **host_keys, address=addresses))
            if settings:
                chosen = replace(chosen, terminal=replace(chosen.terminal, **settings))
            told = None
            try:
                for life in (story, *lives):
                    async with Counter(folder, bank, port, profile, clock, chosen, limits) as counter:
                        told = await life(counter)
                return told
            finally:
                await bank.server.close()
                bank.book.close()

        return asyncio.run(go())

    return run


class Clock:
    """The wall clock of terminal and bank; a story may move it."""

    def __init__(self):
        self.moved = timedelta()

    def __call__(self):
        return START + self.moved
