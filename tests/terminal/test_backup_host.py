"""Primary and backup host over real sockets: the backup is asked only while no byte of a request has left."""

import asyncio
import socket

import pytest

from iso8583.framing import UnionPayFrame, UnionPayFraming
from terminal.acquirer.link import Endpoint, HostLink, LinkDown, LinkLost
from tools.rig import Rig
from tools.rig.patience import PATIENCE

REQUEST = UnionPayFrame(bytes.fromhex("6000030000"), bytes.fromhex("603100311108"), b"\x08\x20a whole request")
ANSWER = UnionPayFrame(bytes.fromhex("6000000003"), bytes.fromhex("603100311108"), b"\x08\x30a whole answer")
PATIENCE_S = 30.0


class Host:
    """Counts its connections and requests; answers, or hangs up once it has the request."""

    def __init__(self, answers=True):
        self.answers = answers
        self.connections = self.requests = 0
        self.server = None

    async def start(self, port=0):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return Endpoint("127.0.0.1", self.server.sockets[0].getsockname()[1])

    async def stop(self):
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader, writer):
        self.connections += 1
        framing = UnionPayFraming()
        try:
            while data := await reader.read(4096):
                for _ in framing.feed(data):
                    self.requests += 1
                    if not self.answers:
                        return
                    writer.write(framing.pack(ANSWER))
        except OSError:
            pass
        finally:
            writer.close()


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


async def ask(link):
    async with asyncio.timeout(PATIENCE_S), link.open() as channel:
        await channel.send(REQUEST)
        frame = await channel.receive()
        channel.answered()
        return frame


def test_the_backup_answers_while_the_primary_refuses_and_the_primary_is_used_again_once_it_is_back():
    async def story():
        primary, backup = Host(), Host()
        port, second = closed_port(), await backup.start()
        link = HostLink([Endpoint("127.0.0.1", port), second], PATIENCE_S)
        assert await ask(link) == ANSWER
        assert (primary.requests, backup.requests) == (0, 1)
        await primary.start(port)
        assert await ask(link) == ANSWER
        assert (primary.requests, backup.requests) == (1, 1)
        await primary.stop()
        await backup.stop()

    asyncio.run(story())


def test_a_request_that_the_primary_may_have_is_never_given_to_the_backup():
    async def story():
        primary, backup = Host(answers=False), Host()
        link = HostLink([await primary.start(), await backup.start()], PATIENCE_S)
        with pytest.raises(LinkLost):
            await ask(link)
        assert (primary.requests, backup.requests, backup.connections) == (1, 0, 0)
        await primary.stop()
        await backup.stop()

    asyncio.run(story())


def test_when_no_host_answers_both_are_named_and_nothing_has_left():
    ports = (closed_port(), closed_port())
    link = HostLink([Endpoint("127.0.0.1", port) for port in ports], PATIENCE_S)
    with pytest.raises(LinkDown) as down:
        asyncio.run(ask(link))
    assert all(str(port) in str(down.value) for port in ports)


async def ask_all(link, count):
    for _ in range(count):
        assert await ask(link) == ANSWER


@pytest.mark.parametrize("keep_s", [None, PATIENCE_S])
def test_a_primary_that_failed_is_not_waited_for_again_until_its_time_is_over(keep_s):
    async def story():
        dialled, now = [], 0.0
        loop = asyncio.get_running_loop()
        primary, backup = Host(), Host()
        port, second = closed_port(), await backup.start()
        first = Endpoint("127.0.0.1", port)

        async def dial(host, port, **options):
            dialled.append(port)
            return await asyncio.open_connection(host, port, **options)

        link = HostLink([first, second], PATIENCE_S, dial=dial, keep_s=keep_s, avoid_s=300.0)
        changes = []
        link.changed = lambda: changes.append((link.up, link.on_backup))
        began, whole = loop.time(), loop.time
        loop.time = lambda: whole() + now  # somebody else's five minutes
        await ask_all(link, 3)
        assert dialled == [port] + [second.port] * (1 if keep_s else 3)
        assert changes == [(True, True)]
        await primary.start(port)
        now = 301.0
        dialled.clear()
        await ask_all(link, 2)
        assert dialled == [port] * (1 if keep_s else 2)
        assert (primary.requests, backup.requests, link.on_backup) == (2, 3, False)
        assert changes == [(True, True), (True, False)]
        assert loop.time() - began > 300
        link.close()
        await primary.stop()
        await backup.stop()

    asyncio.run(story())


def test_a_mute_primary_is_remembered_also_when_the_payment_has_less_time_than_the_connection():
    async def story():
        loop = asyncio.get_running_loop()
        whole, passed = loop.time, 0.0
        loop.time = lambda: whole() + passed
        backup, dialling, dialled = Host(), asyncio.Event(), []
        first, second = Endpoint("127.0.0.1", closed_port()), await backup.start()

        async def dial(host, port, **options):
            dialled.append(port)
            dialling.set()
            if port == first.port:
                await asyncio.Event().wait()
            return await asyncio.open_connection(host, port, **options)

        link = HostLink([first, second], 1000.0, dial=dial, avoid_s=3000.0)
        for waited_s in (1.0, 600.0):  # who gives up at once says nothing of the host
            dialling.clear()
            asked = asyncio.create_task(ask(link))
            await dialling.wait()
            passed += waited_s
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
        await ask_all(link, 1)
        assert dialled == [first.port, first.port, second.port]
        await backup.stop()

    asyncio.run(story())


def test_a_backup_that_fails_too_leaves_the_primary_to_be_tried():
    async def story():
        primary, backup = Host(), Host()
        port, second = closed_port(), await backup.start()
        link = HostLink([Endpoint("127.0.0.1", port), second], PATIENCE_S, avoid_s=300.0)
        await ask_all(link, 1)
        await backup.stop()
        await primary.start(port)
        await ask_all(link, 1)
        assert (primary.requests, link.on_backup) == (1, False)
        await primary.stop()

    asyncio.run(story())


def test_a_terminal_on_its_backup_host_says_so_on_the_screen_and_to_who_watches_it():
    async def story():
        async with Rig(None, "--quiet") as rig:
            file = rig.folder / "terminal.toml"
            only = f'"tcp:127.0.0.1:{rig.host.port}"'
            text = file.read_text("utf-8")
            assert only in text
            file.write_text(text.replace(only, f'["tcp:127.0.0.1:{closed_port()}", {only}]'), "utf-8")
            await rig.terminal.start()
            link = await rig.terminal.monitor.line("link", PATIENCE_S * PATIENCE)
            assert (link["up"], link["host"], link["backup"]) == (True, f"127.0.0.1:{rig.host.port}", True)
            await rig.terminal.monitor.story.until(
                lambda line: line["type"] == "screen" and line["status"]["link"] == "backup", PATIENCE_S * PATIENCE
            )

    asyncio.run(story())
