"""The counter over every way to the host: HTTP or not, one connection kept or one for each message."""

import socket

import pytest

from terminal.domain.record import State
from tools.host.faults import Fault

PATH = "/unp/webtrans/WPOS"
WAYS = {
    "kept": {"connection": "persistent"},
    "http": {"transport": "http", "path": PATH},
    "http kept": {"transport": "http", "path": PATH, "connection": "persistent"},
}
ANYWHERE = (Fault.TRUNCATED, Fault.OVERLONG, Fault.GARBAGE, Fault.DROP, Fault.NO_ANSWER)
IN_HTTP = (Fault.HTTP_ERROR, Fault.HTTP_REDIRECT, Fault.HTTP_TYPE, Fault.HTTP_CHUNKED)
SPOILED = [
    *((way, fault) for way in WAYS for fault in ANYWHERE),
    *((way, fault) for way in ("http", "http kept") for fault in IN_HTTP),
]


@pytest.mark.parametrize("way", WAYS)
def test_a_day_at_the_counter_goes_the_same_on_every_way(counter, way):
    async def story(counter):
        await counter.sell("100")
        assert counter.result == "outcome.approved"
        await counter.sell("9951")  # declined with 51
        assert counter.result == "outcome.declined"
        await counter.sell("200")
        assert await counter.books_agree() == ((2, 300), (0, 0))

    counter(story, host=WAYS[way])


@pytest.mark.parametrize(("way", "fault"), SPOILED)
def test_whatever_is_wrong_with_the_answer_the_charged_sale_is_undone_and_never_declined(counter, way, fault):
    async def story(counter):
        await counter.sell("100")
        before = counter.bank.balance("signature")
        counter.bank.order(fault, mti="0200")
        await counter.sell("300")
        assert counter.result in ("outcome.undoing", "outcome.not-charged")
        await counter.quiet()
        assert (await counter.last()).state is State.REVERSED
        assert counter.bank.balance("signature") == before
        await counter.sell("400")
        assert counter.result == "outcome.approved"
        await counter.books_agree()

    counter(story, host=WAYS[way], response_s=1.0)


@pytest.mark.parametrize(("way", "connections"), [("kept", 1), ("http kept", 1), ("http", None)])
def test_sign_on_and_sales_share_a_kept_connection(counter, way, connections):
    async def story(counter):
        opened = []
        begin = counter.bank.server._envelope.door.framing
        counter.bank.server._envelope.door.framing = lambda: opened.append(1) or begin()
        for amount in ("100", "200", "300"):
            await counter.sell(amount)
        requests = len(counter.bank.received())
        assert requests >= 4
        assert len(opened) == (connections or requests)

    counter(story, host=WAYS[way])


def test_a_bank_that_restarts_between_two_sales_costs_nothing(counter):
    async def story(counter):
        await counter.sell("100")
        for task in tuple(counter.bank.server._tasks):
            task.cancel()
        await counter.sell("200")
        assert counter.result == "outcome.approved"
        assert not counter.bank.received("0400")

    counter(story, host=WAYS["kept"])


@pytest.mark.parametrize("backup", [False, True])
def test_the_echo_test_names_the_host_that_answered(counter, backup):
    async def story(counter):
        await counter.do("74")
        screen = next(screen for screen in reversed(counter.shown) if screen.name == "echo.done")
        host = f"127.0.0.1:{counter.port}"
        assert screen.lines == (f"Backup host {host}; the first one does not answer." if backup else f"Host {host}",)

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: refused
        dead = (f"tcp:127.0.0.1:{closed.getsockname()[1]}",)
        counter(story, host={"address": dead} if backup else None)
