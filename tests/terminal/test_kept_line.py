"""A connection that is kept between conversations: used again only when nothing on it could be mistaken."""

import asyncio
import socket
from contextlib import asynccontextmanager, suppress

import pytest

from iso8583 import Iso8583Error
from iso8583.framing import UnionPayFrame, UnionPayFraming
from terminal.acquirer.link import Endpoint, HostLink, LinkDown, LinkLost

PATIENCE_S = 60.0
HEADS = bytes.fromhex("6000030000"), bytes.fromhex("603100311108")


def numbered(number):
    return UnionPayFrame(*HEADS, b"\x08\x20 number %07d" % number)


class Host:
    """Answers each request with its own bytes, unless a behaviour is set for the next ones."""

    def __init__(self):
        self.connections = self.requests = self.ended = 0
        self.behaviours = []
        self.writers = []
        self.news = asyncio.Event()

    @asynccontextmanager
    async def listening(self, port=0):
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        try:
            yield Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for writer in self.writers:
                writer.close()
            await server.wait_closed()

    async def until(self, condition):
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self.news.clear()
                await self.news.wait()

    async def _serve(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        self.news.set()
        framing = UnionPayFraming()
        with suppress(OSError):
            while data := await reader.read(4096):
                for frame in framing.feed(data):
                    self.requests += 1
                    self.news.set()
                    behave = self.behaviours.pop(0) if self.behaviours else answer
                    behave(writer, framing.pack(frame))
        self.ended += 1
        writer.close()
        self.news.set()


def answer(writer, frame):
    writer.write(frame)


def answer_and_close(writer, frame):
    writer.write(frame)
    writer.close()


def answer_twice(writer, frame):
    writer.write(frame + frame)


def answer_and_begin_another(writer, frame):
    writer.write(frame + frame[:5])


def nothing(writer, frame):
    pass


def hang_up(writer, frame):
    writer.close()


def garbage(writer, frame):
    writer.write(b"\xff\xff" + frame)


async def ask(link, number, patience_s=PATIENCE_S):
    async with link.open() as channel, asyncio.timeout(patience_s):
        await channel.send(numbered(number))
        frame = await channel.receive()
        channel.answered()
        return frame


def played(story, **options):
    async def go():
        host = Host()
        async with host.listening() as endpoint:
            link = HostLink([endpoint], PATIENCE_S, **{"keep_s": PATIENCE_S, **options})
            try:
                await story(host, link)
            finally:
                link.close()

    asyncio.run(go())


def test_conversations_share_one_connection():
    async def story(host, link):
        for number in range(3):
            assert await ask(link, number) == numbered(number)
        assert (host.connections, host.requests) == (1, 3)

    played(story)


def test_without_keeping_each_conversation_has_its_own():
    async def story(host, link):
        for number in range(2):
            assert await ask(link, number) == numbered(number)
        assert host.connections == 2
        await host.until(lambda: host.ended == 2)

    played(story, keep_s=None)


@pytest.mark.parametrize("behaviour", [answer_and_close, answer_twice, answer_and_begin_another])
def test_what_comes_behind_an_answer_is_never_taken_for_the_next_one(behaviour):
    async def story(host, link):
        host.behaviours = [behaviour]
        for number in range(3):
            assert await ask(link, number) == numbered(number)
        assert host.connections == 2

    played(story)


def test_an_answer_that_comes_while_the_line_is_idle_ends_the_line():
    async def story(host, link):
        assert await ask(link, 1) == numbered(1)
        host.writers[0].write(UnionPayFraming().pack(numbered(0)))
        await host.until(lambda: host.ended == 1)
        assert await ask(link, 2) == numbered(2)
        assert host.connections == 2

    played(story)


@pytest.mark.parametrize("way", ["closed", "reset"])
def test_a_host_that_hangs_up_while_the_line_is_idle_costs_nothing(way):
    async def story(host, link):
        assert await ask(link, 1) == numbered(1)
        if way == "reset":
            host.writers[0].transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
            )
            host.writers[0].transport.abort()
        else:
            host.writers[0].close()
        assert await ask(link, 2) == numbered(2)
        assert (host.connections, host.requests) == (2, 2)

    played(story)


def test_a_host_that_has_gone_while_the_line_was_idle_is_down_and_nothing_has_left():
    async def story():
        host = Host()
        async with host.listening() as endpoint:
            link = HostLink([endpoint], PATIENCE_S, keep_s=PATIENCE_S)
            assert await ask(link, 1) == numbered(1)
        with pytest.raises(LinkDown):
            await ask(link, 2)
        assert (link.up, host.requests) == (False, 1)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("behaviour", "raised"), [(nothing, TimeoutError), (hang_up, LinkLost), (garbage, Iso8583Error)]
)
def test_a_conversation_without_its_answer_ends_its_connection(behaviour, raised):
    async def story(host, link):
        assert await ask(link, 1) == numbered(1)
        host.behaviours = [behaviour]
        with pytest.raises(raised):
            await ask(link, 2, patience_s=0.2)
        await host.until(lambda: host.ended == 1)
        assert await ask(link, 3) == numbered(3)
        assert host.connections == 2

    played(story)


def test_a_conversation_that_swallows_its_trouble_does_not_hand_on_its_connection():
    """As the exchange does, which turns silence into a row and goes on."""

    async def story(host, link):
        host.behaviours = [nothing]
        async with link.open() as channel:
            await channel.send(numbered(1))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await channel.receive()
        await host.until(lambda: host.ended == 1)
        assert await ask(link, 2) == numbered(2)

    played(story)


def test_a_conversation_that_is_cancelled_ends_its_connection():
    async def story(host, link):
        host.behaviours = [nothing]
        task = asyncio.create_task(ask(link, 1))
        await host.until(lambda: host.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await host.until(lambda: host.ended == 1)
        assert await ask(link, 2) == numbered(2)

    played(story)


def test_another_answer_than_the_awaited_one_leaves_the_line_owing():
    async def story(host, link):
        async with link.open() as channel:
            await channel.send(numbered(1))
            await channel.receive()  # not told to be the answer
        assert await ask(link, 2) == numbered(2)
        assert host.connections == 2

    played(story)


def test_a_conversation_in_which_nothing_was_said_hands_on_its_connection():
    async def story(host, link):
        async with link.open():
            pass
        assert await ask(link, 1) == numbered(1)
        assert host.connections == 1

    played(story)


def test_a_line_that_nobody_uses_is_closed_after_the_idle_time():
    async def story(host, link):
        assert await ask(link, 1) == numbered(1)
        await host.until(lambda: host.ended == 1)
        assert await ask(link, 2) == numbered(2)

    played(story, keep_s=0.05)


def test_after_the_network_has_changed_no_connection_from_before_is_used_again():
    async def story(host, link):
        assert await ask(link, 1) == numbered(1)
        link.network_changed()
        await host.until(lambda: host.ended == 1)
        assert await ask(link, 2) == numbered(2)
        async with link.open() as channel:
            link.network_changed()  # in the middle of a conversation, which goes on
            await channel.send(numbered(3))
            assert await channel.receive() == numbered(3)
            channel.answered()
        assert await ask(link, 4) == numbered(4)
        assert host.connections == 3

    played(story)


def test_two_conversations_at_once_never_share_a_connection():
    async def story(host, link):
        assert await ask(link, 0) == numbered(0)
        async with link.open() as outer:
            await outer.send(numbered(1))
            assert await ask(link, 2) == numbered(2)
            assert await outer.receive() == numbered(1)
            outer.answered()
        assert host.connections == 2
        await host.until(lambda: host.ended == 1)

    played(story)


def test_what_comes_unasked_before_the_first_request_keeps_it_from_being_sent():
    async def story(host, link):
        async with link.open() as channel:
            await host.until(lambda: host.writers)
            disturbed = asyncio.Event()
            channel.disturbed = disturbed.set
            host.writers[0].write(UnionPayFraming().pack(numbered(9)))
            async with asyncio.timeout(PATIENCE_S):
                await disturbed.wait()
            with pytest.raises(LinkLost):
                await channel.send(numbered(1))
        assert host.requests == 0

    played(story)


def test_a_host_that_never_stops_sending_is_cut_off():
    async def story(host, link):
        def flood(writer, frame):
            writer.write(frame * 1000)

        async def take_all(channel):
            while True:
                await channel.receive()

        host.behaviours = [flood]
        async with link.open() as channel:
            await channel.send(numbered(1))
            with pytest.raises(Iso8583Error):
                await take_all(channel)

    played(story)


def test_the_kernel_watches_a_kept_line_for_a_peer_that_has_gone_without_a_word():
    sockets = []

    async def noting(*arguments, **options):
        reader, writer = await asyncio.open_connection(*arguments, **options)
        sockets.append(writer.get_extra_info("socket"))
        return reader, writer

    async def story(host, link):
        await ask(link, 1)
        assert sockets[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle, each, count = (
            sockets[0].getsockopt(socket.IPPROTO_TCP, name)
            for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        assert idle + each * count <= 30

    played(story, dial=noting)
