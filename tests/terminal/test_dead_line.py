"""A kept line over a network that has died without a word, as behind a router that forgot it: seen in time.

In a network of its own (unshare), whose only interface is taken down while the line is idle.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STORY = """
import asyncio, subprocess
from terminal.acquirer import dialling
from terminal.acquirer.link import Endpoint, HostLink, LinkDown, LinkLost
from iso8583.framing import UnionPayFrame, UnionPayFraming

dialling.KEEPALIVE_IDLE_S = dialling.KEEPALIVE_EACH_S = dialling.KEEPALIVE_COUNT = 1  # the kernel's, 10 times as quick
dialling.UNACKNOWLEDGED_MS = 2500
FRAME = UnionPayFrame(bytes(5), bytes(6), bytes(10))


async def serve(reader, writer):
    framing = UnionPayFraming()
    try:
        while data := await reader.read(4096):
            for frame in framing.feed(data):
                writer.write(framing.pack(frame))
    except (OSError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    link = HostLink([Endpoint(*server.sockets[0].getsockname())], 0.5, keep_s=3600)
    async with link.open() as line:
        await line.send(FRAME)
        assert await line.receive() == FRAME
        line.answered()
    ended = asyncio.Event()
    close = line.disturbed
    line.disturbed = lambda: (close(), ended.set())
    subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
    async with asyncio.timeout(100):
        await ended.wait()
    try:
        async with link.open():
            raise AssertionError("a dead line was handed out")
    except LinkDown:
        print("down, and nothing was sent")

    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    try:
        async with link.open() as line, asyncio.timeout(100):
            subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
            await line.send(FRAME)
            await line.receive()
    except LinkLost:
        print("unknown, before the time for an answer is over")


asyncio.run(main())
"""


def test_a_line_that_a_router_has_forgotten_is_not_used_for_the_next_sale():
    alone = ("unshare", "-rn")
    if subprocess.run([*alone, "ip", "link", "set", "lo", "up"], capture_output=True).returncode:
        pytest.skip("this machine gives no network namespace")
    done = subprocess.run(
        [*alone, sys.executable, "-c", STORY], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    told = ["down, and nothing was sent", "unknown, before the time for an answer is over"]
    assert done.stdout.splitlines() == told, done.stderr
