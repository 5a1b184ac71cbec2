"""A day with log and numbers: they tell what happened, and nothing of a card, a code, a PIN or a key."""

import asyncio
import json
import socket
from contextlib import ExitStack

from prometheus_client.parser import text_string_to_metric_families

from keys.pin_block import format_0
from keys.secret import Secret
from tests.secrets.canaries import Canaries
from tools.host.accounts import stripe
from tools.rig import ACCOUNTS, Rig, TerminalOptions

CODE = "6220001234567890042"
LONG_PIN = "739150284617"
OUTCOME_S = 60.0


def free_port(closing):
    """A port of the loopback that stays ours until the end; a listener with SO_REUSEADDR may have it."""
    held = closing.enter_context(socket.socket())
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held.getsockname()[1]


async def numbers(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n\r\n")[2]


async def sell(rig, account, pin):
    await rig.until("idle")
    await rig.until_input_devices()
    await rig.press("1")
    await rig.until("sale.amount")
    await rig.type("1234")
    await rig.until("sale.present")
    rig.swipe(account)
    await rig.until("sale.pin")
    await rig.type(pin)
    outcome = await rig.until("outcome.", OUTCOME_S)
    await rig.press("enter")
    return outcome["name"]


async def scan(rig):
    await rig.until("idle")
    await rig.press("1")
    await rig.until("sale.amount")
    await rig.type("500")
    await rig.until("sale.present")
    rig.scan(CODE)
    outcome = await rig.until("outcome.", OUTCOME_S)
    await rig.press("enter")
    return outcome["name"]


async def day(rig, port):
    """Sales by card and code, a decline, a bad pass, a printer that goes and comes."""
    await rig.terminal.start()
    outcomes = [await sell(rig, "second", ACCOUNTS["second"].pin), await sell(rig, "lost", LONG_PIN), await scan(rig)]
    await rig.until("idle")
    told = rig.terminal.monitor
    await rig.printer.unplug()
    await told.story.until(lambda line: line["type"] == "device" and line["state"] != "open", OUTCOME_S)
    after = told.position
    await rig.printer.replug()
    await told.story.until(lambda line: line["type"] == "device" and line["state"] == "open", OUTCOME_S, after=after)
    text = await numbers(port)
    await rig.terminal.stop()
    return outcomes, text


def test_log_and_numbers_tell_of_the_day_and_of_no_secret():
    async def play():
        with ExitStack() as closing:
            port = free_port(closing)
            more = {"log": {"file": "events.log"}, "metrics": {"address": f"tcp:127.0.0.1:{port}"}}
            async with Rig(TerminalOptions(more=more)) as rig:
                outcomes, text = await day(rig, port)
                log = (rig.folder / "events.log").read_bytes()
                return outcomes, text, log, canaries_of(rig)

    outcomes, text, log, canaries = asyncio.run(play())
    assert outcomes == ["outcome.approved", "outcome.declined", "outcome.approved"]
    assert canaries.in_bytes("a log", log + ACCOUNTS["second"].pan.encode()), "a planted one is found"
    assert canaries.in_bytes("the log", log) + canaries.in_bytes("the numbers", text) == []
    told_in_numbers(text.decode("utf-8"))
    told_in_the_log([json.loads(line) for line in log.decode("utf-8").splitlines()])


def canaries_of(rig):
    cards = {}
    for name, pin in (("second", ACCOUNTS["second"].pin), ("lost", LONG_PIN)):
        account = ACCOUNTS[name]
        cards[f"number of {name}"] = account.pan.encode()
        cards[f"stripe of {name}"] = stripe(account).encode()
        cards[f"block of {name}"] = bytes(format_0(Secret(bytearray(pin.encode())), account.pan))
    master = bytes.fromhex(rig.master_key)
    return Canaries({**cards, "code": CODE.encode(), "PIN": LONG_PIN.encode(), "master key": master})


def told_in_numbers(text):
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["countertop_transactions_total", "approved", "sale"] == 1
    assert found["countertop_transactions_total", "declined", "sale"] == 1
    assert found["countertop_transactions_total", "approved", "qr-sale"] == 1
    assert found["countertop_in_service",] == 1
    assert found["countertop_link_up",] == 1
    assert found["countertop_reversals_open",] == 0
    assert found["countertop_offline_waiting",] == 0
    assert found["countertop_self_tests_total", "passed"] == 1
    assert found["countertop_device_up", "printer"] == 1
    assert found["countertop_device_reconnects_total", "printer"] == 1
    assert found["process_resident_memory_bytes",] > 1 << 24


def told_in_the_log(lines):
    assert all({"at", "level", "event"} <= set(line) for line in lines)
    ends = [
        (line["kind"], line["state"]) for line in lines if line["event"] == "transaction" and line["state"] != "sent"
    ]
    assert ends == [("sale", "approved"), ("sale", "declined"), ("qr-sale", "approved")]
    assert {"start", "service", "self-test", "sign-on", "device", "print"} <= {line["event"] for line in lines}
