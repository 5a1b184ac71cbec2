"""The host simulator as a process: its readiness line, its port, its faults on the wire, its control socket."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from iso8583 import Iso8583Error, dialect
from iso8583.framing import UnionPayFrame, UnionPayFraming
from tools.host.accounts import DEMO_ACCOUNTS, DEMO_CODES
from tools.host.faults import AMOUNT_FAULTS, DECLINE_AMOUNTS, Fault, Faults, Order, by_amount
from tools.rig.errors import RigError
from tools.rig.host import HostProcess
from tools.rig.process import ROOT

TERMINAL, MERCHANT = "10000001", "999290054110001"
TPDU, HEADER = bytes.fromhex("6000030000"), bytes.fromhex("603100311108")
ANSWER_S = 5.0
SILENCE_S = 0.15
LATE_S = 1.0
AGAIN_S = 0.5


class Wire:
    """Frames to the host's port and back, for messages the till of conftest has sealed."""

    def __init__(self, port):
        self.port = port
        self.framing = UnionPayFraming()
        self.frames = []

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    def send(self, body):
        self.writer.write(self.framing.pack(UnionPayFrame(TPDU, HEADER, body)))

    async def receive(self, timeout_s=ANSWER_S):
        async with asyncio.timeout(timeout_s):
            while not self.frames:
                data = await self.reader.read(4096)
                if not data:
                    return None
                self.frames = self.framing.feed(data)
        return self.frames.pop(0)


@pytest.fixture
def enrolled(tmp_path, bank):
    """A host that shares the master key of the till's bank, so that the till can seal messages for it."""
    key = tmp_path / "tmk.hex"
    key.write_text(bank.master.hex())
    return HostProcess(tmp_path, TERMINAL, MERCHANT, key, "--quiet")


async def signed_on(fresh_till, bank, port):
    """Sign the till on over the wire; both then hold the process's keys."""
    async with Wire(port) as wire:
        wire.send(fresh_till.sealed("0800", fresh_till.management("003"), mac=False))
        reply = await wire.receive()
    assert reply.tpdu.hex() == "6000000003"
    message = bank.dialect.decode(reply.body)
    fresh_till.take_keys(message, "003")
    return fresh_till


async def balance(host, name="good"):
    return next(row["balance_minor"] for row in await host.ask("accounts") if row["name"] == name)


def test_it_says_on_one_line_where_it_listens_and_ends_on_sigterm(tmp_path):
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.host", "--state", str(tmp_path / "state"), "--port", "0", "--quiet"],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    with process:
        words = process.stdout.readline().split()
        assert (words[0], words[1]) == ("ready", "127.0.0.1")
        assert 0 < int(words[2]) < 65536
        assert time.monotonic() - started < 5
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert os.stat(tmp_path / "state").st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "{busy}"], ("cannot listen", "--port 0")),
        (["--terminal", "10000001:999290054110001:absent.hex"], ("absent.hex", "cannot be read")),
        (["--terminal", "10000001:999290054110001:{short}"], ("short.hex", "32 or 48")),
        (["--terminal", "1:2"], ("TERMINAL:MERCHANT:KEYFILE",)),
        (["--control", "{long}"], ("control socket", "107 bytes")),
    ],
)
def test_what_it_cannot_do_it_says_with_a_remedy(tmp_path, arguments, words):
    import socket

    (tmp_path / "short.hex").write_text("0011")
    with socket.create_server(("127.0.0.1", 0)) as busy:
        places = {
            "busy": busy.getsockname()[1],
            "short": tmp_path / "short.hex",
            "long": tmp_path / ("x" * 120),
        }
        filled = [argument.format(**places) for argument in arguments]
        done = subprocess.run(
            [sys.executable, "-m", "tools.host", "--state", str(tmp_path / "s"), "--port", "0", *filled],
            cwd=ROOT, capture_output=True, text=True, timeout=20,
        )  # fmt: skip
    assert done.returncode == 2
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr


def test_faults_on_the_wire_do_what_the_table_says(enrolled, fresh_till, bank):
    """Every fault on one host process: whether it charges, and what a terminal sees of it."""

    async def play():
        host = enrolled
        await host.start()
        try:
            till = await signed_on(fresh_till, bank, host.port)
            for fault in Fault:
                await one(host, till, fault)
            assert await host.ask("check") == []
        finally:
            await host.stop()

    async def one(host, till, fault):
        await host.do("next-answer", fault=fault, mti="0200", code="51", seconds=LATE_S)
        before = await balance(host)
        elements = {**till.elements(100), **till.card("good", "123456")}
        position = len(host.events.told)
        async with Wire(host.port) as wire:
            wire.send(till.sealed("0200", elements))
            await host.event("received", ANSWER_S, after=position)
            seen = await look(wire, till, elements, SILENCE_S if EXPECTED[fault] == "nothing" else ANSWER_S)
            if fault in (Fault.LATE, Fault.HELD):
                assert seen == "nothing"
                assert await look(wire, till, elements, ANSWER_S) == "approved"
        charged = before - await balance(host)
        expected_charge = 0 if fault in (Fault.LOST, Fault.CLOSE, Fault.DECLINE) else 100
        assert charged == expected_charge, fault
        assert seen == EXPECTED[fault], fault

    async def look(wire, till, elements, timeout_s=SILENCE_S):
        try:
            frame = await wire.receive(timeout_s)
        except TimeoutError:
            return "nothing"
        except Iso8583Error as error:
            return type(error).__name__
        if frame is None:
            return "closed"
        try:
            message = bank.dialect.decode(frame.body)
        except Iso8583Error:
            return "unreadable"
        if message.mti != "0210":
            return "other type"
        if message[11] != elements[11]:
            following = await look(wire, till, elements, SILENCE_S)
            return "other STAN" if following == "nothing" else f"other STAN, then {following}"
        if message[4] != elements[4]:
            return "other amount"
        if 64 not in message:
            return "no MAC"
        if not till.genuine(frame.body):
            return "wrong MAC"
        if message[39] != "00":
            return f"declined {message[39]}"
        try:
            again = await wire.receive(AGAIN_S)
        except TimeoutError:
            return "approved"
        return "approved twice" if again.body == frame.body else "approved, and something else"

    asyncio.run(play())


EXPECTED = {
    Fault.LOST: "nothing",
    Fault.CLOSE: "closed",
    Fault.HELD: "nothing",
    Fault.DECLINE: "declined 51",
    Fault.NO_ANSWER: "nothing",
    Fault.DROP: "closed",
    Fault.LATE: "nothing",
    Fault.WRONG_MAC: "wrong MAC",
    Fault.NO_MAC: "no MAC",
    Fault.GARBAGE: "unreadable",
    Fault.TRUNCATED: "closed",
    Fault.OVERLONG: "FramingError",
    Fault.OTHER_STAN: "other STAN",
    Fault.OTHER_AMOUNT: "other amount",
    Fault.OTHER_MTI: "other type",
    Fault.DUPLICATE: "approved twice",
    Fault.STALE_FIRST: "other STAN, then approved",
    Fault.SPLIT: "approved",
    Fault.HTTP_ERROR: "approved",
    Fault.HTTP_REDIRECT: "approved",
    Fault.HTTP_TYPE: "approved",
    Fault.HTTP_CHUNKED: "approved",
}


def test_a_held_sale_that_arrives_after_its_reversal_charges_nothing(enrolled, fresh_till, bank):
    async def play():
        host = enrolled
        await host.start()
        try:
            till = await signed_on(fresh_till, bank, host.port)
            before = await balance(host)
            await host.do("next-answer", fault="held", mti="0200", seconds=SILENCE_S)
            elements = {**till.elements(100), **till.card("good", "123456")}
            async with Wire(host.port) as sale, Wire(host.port) as undo:
                sale.send(till.sealed("0200", elements))
                await host.event("received", ANSWER_S, mti="0200")
                kept = {number: elements[number] for number in (3, 4, 11, 25, 41, 42, 49, 60)}
                undo.send(till.sealed("0400", {**kept, 22: "021", 39: "98"}))
                assert bank.dialect.decode((await undo.receive()).body)[39] == "25"
                await host.event("decided", ANSWER_S, mti="0200", code="94")
            assert await balance(host) == before
        finally:
            await host.stop()

    asyncio.run(play())


def test_the_control_socket_answers_nonsense_with_a_remedy_and_goes_on(enrolled):
    async def play():
        host = enrolled
        await host.start()
        try:
            for command, values in [
                ("dance", {}),
                ("next-answer", {"fault": "explode"}),
                ("next-answer", {}),
                ("next-answer", {"fault": "decline", "code": "00"}),
                ("next-answer", {"fault": "late", "seconds": -1}),
                ("next-answer", {"fault": "late", "count": 10**9}),
                ("wish", {"digit": "99"}),
            ]:
                with pytest.raises(RigError):
                    await host.do(command, **values)
            await host.do("wish", digit="3")
            assert await host.ask("ledger") == []
        finally:
            await host.stop()

    asyncio.run(play())


def test_book_and_keys_are_there_again_after_a_restart(enrolled, fresh_till, bank):
    async def play():
        host = enrolled
        await host.start()
        till = await signed_on(fresh_till, bank, host.port)
        async with Wire(host.port) as wire:
            wire.send(till.sealed("0200", {**till.elements(100), **till.card("good", "123456")}))
            await wire.receive()
        before = await balance(host)
        await host.stop()
        await host.start()
        try:
            assert await balance(host) == before
            async with Wire(host.port) as wire:
                wire.send(till.sealed("0200", {**till.elements(100), **till.card("good", "123456")}))
                assert dialect("unionpay-pos").decode((await wire.receive()).body)[39] == "00"
        finally:
            await host.stop()

    asyncio.run(play())


def test_nothing_of_a_card_is_in_the_log_or_in_the_events(tmp_path, fresh_till, bank):
    key = tmp_path / "tmk.hex"
    key.write_text(bank.master.hex())
    host = HostProcess(tmp_path, TERMINAL, MERCHANT, key)

    async def play():
        await host.start()
        try:
            till = await signed_on(fresh_till, bank, host.port)
            async with Wire(host.port) as wire:
                wire.send(till.sealed("0200", {**till.elements(100), **till.card("good", "123456")}))
                await wire.receive()
                code = DEMO_CODES[0].code
                wire.send(till.sealed("0200", till.elements(100, e22="032", e59=f"A3019{code}")))
                await wire.receive()
            await host.ask("accounts")
        finally:
            await host.stop()
        return till

    till = asyncio.run(play())
    told = repr(host.events.told) + (tmp_path / "host.log").read_text()
    assert "answered" in (tmp_path / "host.log").read_text()
    secrets = [account.pan for account in DEMO_ACCOUNTS] + [code.code for code in DEMO_CODES]
    secrets += [till.mac_key.hex(), till.pin_key.hex(), bank.master.hex()]
    assert not [secret for secret in secrets if secret in told or secret.upper() in told]


@pytest.mark.parametrize("amount_minor", sorted({*AMOUNT_FAULTS, *DECLINE_AMOUNTS}))
def test_an_amount_that_orders_a_fault_does_so_for_a_sale_only(amount_minor):
    faults = Faults()
    order = faults.take("0200", "000000", amount_minor)
    assert order is not None
    assert order == by_amount("0200", amount_minor)
    assert faults.take("0200", "200000", amount_minor) is None
    assert faults.take("0400", "000000", amount_minor) is None
    assert Faults(by_amounts=False).take("0200", "000000", amount_minor) is None


def test_orders_wait_for_their_message_type():
    faults = Faults(by_amounts=False)
    faults.order(Order(Fault.DROP, mti="0400"))
    faults.order(Order(Fault.NO_ANSWER))
    assert faults.take("0200", "000000", 1).fault is Fault.NO_ANSWER
    assert faults.take("0200", "000000", 1) is None
    assert faults.take("0400", "000000", 1).fault is Fault.DROP
    assert faults.take("0800", "", 0) is None
