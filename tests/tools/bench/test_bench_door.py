"""Who may come in: the bench's own page in a browser on this machine, and nobody else."""

import asyncio
import json

import aiohttp
import pytest

from tools.bench.server import _FILES, LINE_BYTES_MAX
from tools.counter.commands import COMMANDS, Refused, do


def test_other_origins_hosts_and_methods_are_refused(opened):
    async def story():
        async with opened() as bench, aiohttp.ClientSession() as client:
            address = bench.address

            async def status(path="", method="GET", **headers):
                async with client.request(method, address + path, headers=headers) as answer:
                    return answer.status

            own = address.rstrip("/")
            port = own.rpartition(":")[2]
            assert await status() == 200
            assert await status(Origin=own) == 200
            assert await status(Host=f"localhost:{port}") == 200
            for foreign in (
                "http://evil.example",
                "null",
                "https://127.0.0.1:" + port,
                "http://127.0.0.1:1",
                "http://[",
            ):
                assert await status(Origin=foreign) == 403, foreign
            for host in (
                "evil.example",
                f"evil.example:{port}",
                "127.0.0.1",
                "127.0.0.1:1",
                f"127.0.0.1.evil.example:{port}",
            ):
                assert await status(Host=host) == 403, host
            assert await status(method="POST") == 405
            assert await status("../server.py") == 404
            assert await status("page/index.html") == 404
            assert await status("counter") == 400
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await client.ws_connect(address + "counter", origin="http://evil.example")
            assert caught.value.status == 403

    asyncio.run(story())


def test_the_page_may_load_nothing_from_elsewhere_and_be_framed_by_nobody(opened):
    async def story():
        async with opened() as bench, aiohttp.ClientSession() as client:
            for path in ("", *(name.removeprefix("/") for name in _FILES if name != "/")):
                async with client.get(bench.address + path) as answer:
                    policy = answer.headers["Content-Security-Policy"]
                    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
                    text = await answer.text()
                    assert "http://" not in text.replace("http://${", "") and "https://" not in text, path

    asyncio.run(story())


def test_it_listens_on_the_loopback_interface_only(opened):
    async def story():
        async with opened() as bench:
            assert bench.address.startswith("http://127.0.0.1:")
            assert [site[0] for site in bench._runner.addresses] == ["127.0.0.1"]

    asyncio.run(story())


def test_a_page_hears_everything_that_is_up_and_is_told_what_it_does_wrong(opened):
    async def story():
        async with (
            opened() as bench,
            aiohttp.ClientSession() as client,
            client.ws_connect(bench.address + "counter") as page,
        ):
            kinds = set()
            async with asyncio.timeout(15):
                while not {"trays", "switches", "screen", "frame", "meters", "host"} <= kinds:
                    kinds.add(json.loads((await page.receive()).data)["type"])
                await page.send_str('{"do": "press", "key": "5"}')
                while not {"customer", "tone"} <= kinds:
                    kinds.add(json.loads((await page.receive()).data)["type"])
                for wrong in ("no json", "[]", '{"do": "format-disk"}', '{"do": "press", "key": "power"}'):
                    await page.send_str(wrong)
                    while (line := json.loads((await page.receive()).data))["type"] != "trouble":
                        pass
                    assert line["text"] and line["remedy"]
                await page.send_str(" " * (LINE_BYTES_MAX + 1))
                while (message := await page.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
                assert page.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
                assert message.type is not aiohttp.WSMsgType.TEXT

    asyncio.run(story())


WRONG = [
    None, 7, [], {}, {"do": 1}, {"do": "__init__"}, {"do": "press"}, {"do": "press", "key": "q"},
    {"do": "press", "key": 1},
    {"do": "plug", "device": "printer", "plugged": 1}, {"do": "plug", "device": "close", "plugged": True},
    {"do": "network", "mode": "../"}, {"do": "swipe", "card": "6212340000000000012"}, {"do": "scan", "code": "x"},
    {"do": "next-answer", "fault": "decline", "code": "51;"}, {"do": "next-answer", "code": "51"},
    {"do": "paper", "what": []},
]  # fmt: skip


@pytest.mark.parametrize("asked", WRONG, ids=str)
def test_nothing_is_done_but_what_is_on_the_list(asked):
    class Untouchable:
        def __getattr__(self, name):
            raise AssertionError(f"{name} was reached")

    with pytest.raises(Refused):
        asyncio.run(do(Untouchable(), asked))


def test_every_command_names_a_deed_of_the_counter():
    from tools.counter.counter import Counter

    assert all(getattr(Counter, command.do.__name__) is command.do for command in COMMANDS.values())
