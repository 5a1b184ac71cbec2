"""The numbers: Prometheus' own reader understands every line, and they say what happened."""

import asyncio
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from terminal.domain.record import FINAL_STATES, State
from terminal.domain.transactions import TRANSACTIONS
from terminal.screens.screen import Status
from terminal.service.metrics import FAMILIES, Metrics, serve_metrics
from terminal.service.stall import MeteredSelector

SECONDS = 60
IDENTITY = ("10000001", "lab")


@pytest.fixture
def selector():
    with MeteredSelector() as selector:
        yield selector


@pytest.fixture
def metrics(selector):
    return Metrics(
        IDENTITY, selector, lambda: Status(link="up", signed_on=True, reversals=1, offline=2), lambda: 1000.0
    )


def read(text):
    """Every sample by its name and labels, as Prometheus' reader has it."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics, name, **labels):
    return read(metrics.text()).get((name, tuple(sorted(labels.items()))))


def test_every_family_is_declared_with_its_kind_and_help(metrics):
    for event, values in EVERYTHING:
        metrics.hear(event, values)
    told = {family.name: family for family in text_string_to_metric_families(metrics.text())}
    for family in FAMILIES.values():
        found = told[family.name.removesuffix("_total") if family.kind == "counter" else family.name]
        assert (found.type, found.documentation) == (family.kind, family.help)


EVERYTHING = [
    ("service", {"in_service": True}),
    ("transaction", {"kind": "sale", "state": State.APPROVED}),
    ("device", {"device": "printer", "state": "open"}),
    ("device", {"device": "printer", "state": "lost"}),
    ("device", {"device": "printer", "state": "open"}),
    ("printer", {"trouble": "paper", "paper_low": True}),
    ("print", {"what": "merchant"}),
    ("sign-on", {"done": True}),
    ("self-test", {"passed": True}),
    ("link", {"up": True, "host": "127.0.0.1:8583", "backup": True}),
]


def test_what_stands_open_is_asked_when_somebody_looks(metrics):
    assert value(metrics, "countertop_reversals_open") == 1
    assert value(metrics, "countertop_offline_waiting") == 2
    assert value(metrics, "countertop_link_up") == 1
    assert value(metrics, "countertop_signed_on") == 1
    assert value(metrics, "process_resident_memory_bytes") > 1 << 20


def test_a_backup_host_is_a_link_that_is_up_and_says_which(selector):
    metrics = Metrics(IDENTITY, selector, lambda: Status(link="backup"))
    for way in ({"up": True, "backup": True}, {"up": False, "backup": True}, {"up": True, "backup": False}):
        metrics.hear("link", way)
    assert value(metrics, "countertop_link_up") == value(metrics, "countertop_link_backup") == 1
    ways = {way: value(metrics, "countertop_link_changes_total", way=way) for way in ("primary", "backup", "down")}
    assert ways == {"primary": 1, "backup": 1, "down": 1}


def test_a_link_that_was_never_tried_is_not_told_as_down(selector):
    metrics = Metrics(IDENTITY, selector, lambda: Status(link="unknown"))
    assert value(metrics, "countertop_link_up") is None
    assert value(Metrics(IDENTITY, selector, lambda: None), "countertop_reversals_open") is None


@pytest.mark.parametrize("state", State)
def test_a_transaction_counts_once_when_it_is_at_its_end(metrics, state):
    metrics.hear("transaction", {"kind": "sale", "state": state})
    expected = 1 if state in FINAL_STATES else None
    assert value(metrics, "countertop_transactions_total", kind="sale", result=str(state)) == expected


def test_the_labels_of_transactions_are_a_table_that_does_not_grow(metrics):
    for kind in TRANSACTIONS:
        for state in State:
            metrics.hear("transaction", {"kind": kind, "state": state})
    samples = [name for name, _ in read(metrics.text()) if name == "countertop_transactions_total"]
    assert len(samples) == len(TRANSACTIONS) * len(FINAL_STATES)


def test_a_device_that_was_lost_and_came_back_is_a_reconnect_and_a_first_start_is_none(metrics):
    for state in ("absent", "open", "lost", "absent", "open", "lost"):
        metrics.hear("device", {"device": "msr", "state": state})
    assert value(metrics, "countertop_device_reconnects_total", device="msr") == 1
    assert value(metrics, "countertop_device_up", device="msr") == 0


def test_printer_trouble_goes_when_the_printer_prints_again(metrics):
    metrics.hear("printer", {"trouble": "cover", "paper_low": False})
    assert value(metrics, "countertop_printer_trouble", trouble="cover") == 1
    metrics.hear("printer", {"trouble": None, "paper_low": False})
    assert value(metrics, "countertop_printer_trouble", trouble="cover") is None


def test_service_and_self_tests_are_told(metrics):
    metrics.hear("service", {"in_service": True})
    metrics.hear("self-test", {"passed": True})
    assert value(metrics, "countertop_in_service") == 1
    assert value(metrics, "countertop_self_test_timestamp_seconds") == 1000
    metrics.hear("self-test", {"passed": False})
    metrics.hear("service", {"in_service": False})
    assert value(metrics, "countertop_self_tests_total", result="failed") == 1
    assert (value(metrics, "countertop_in_service"), value(metrics, "countertop_troubles_total")) == (0, 1)


@given(st.text())
def test_whatever_a_device_calls_itself_the_text_can_be_read(name):
    """Law: labels come back as they went in."""
    with MeteredSelector() as selector:
        metrics = Metrics(IDENTITY, selector, lambda: None)
    metrics.hear("device", {"device": name, "state": "open"})
    if any(mark in name for mark in "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"):
        return  # the reader cuts lines there; the format does not
    assert value(metrics, "countertop_device_up", device=name) == 1


# --- over the loopback -----------------------------------------------------------------------------------------------


def ask(request, host="127.0.0.1", text=lambda: "countertop_info 1\n"):
    """What is answered to these bytes, to the end."""

    async def play():
        server = await serve_metrics(host, 0, text)
        try:
            async with asyncio.timeout(SECONDS):
                reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
                writer.write(request)
                answer = await reader.read()
                writer.close()
                return answer
        finally:
            server.close()

    return asyncio.run(play())


def test_the_numbers_are_told_to_whoever_asks_on_this_machine():
    head, _, body = ask(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"text/plain; version=0.0.4" in head
    assert b"Content-Length: %d" % len(body) in head
    assert body == b"countertop_info 1\n"


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 405"),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 200"),
        (b"\x00\xff\r\n\r\n", b"HTTP/1.1 405"),
        (b"GET /metrics " + b"x" * 20_000, b""),
        (b"\r\n\r\n", b"HTTP/1.1 405"),
    ],
)
def test_anything_else_is_sent_away(request_bytes, answer):
    assert ask(request_bytes).startswith(answer)


def test_a_head_request_has_no_body():
    assert ask(b"HEAD /metrics HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


def test_many_who_say_nothing_keep_nobody_out_for_long(monkeypatch):
    monkeypatch.setattr("terminal.service.metrics.REQUEST_S", 0.2)

    async def play():
        server = await serve_metrics("127.0.0.1", 0, lambda: "")
        address = server.sockets[0].getsockname()
        silent = [socket.create_connection(address) for _ in range(20)]
        try:
            async with asyncio.timeout(SECONDS):
                while True:
                    reader, writer = await asyncio.open_connection(*address)
                    writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
                    try:
                        answer = await reader.read()
                    except ConnectionError:
                        answer = b""
                    writer.close()
                    if answer.startswith(b"HTTP/1.1 200"):
                        return
                    await asyncio.sleep(0.05)
        finally:
            server.close()
            for connection in silent:
                connection.close()

    asyncio.run(play())


def test_the_page_for_technicians_has_every_name():
    page = (Path(__file__).resolve().parents[2] / "docs" / "technician" / "watching.md").read_text("utf-8")
    assert [name for name in FAMILIES if f"`{name}" not in page] == []
    told = set(re.findall(r"`((?:countertop|process)_\w+)", page))
    assert told == set(FAMILIES)
