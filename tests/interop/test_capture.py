"""What an engineer sees on the wire: captured by tshark, cut by our framing, and read by Wireshark's own dissector."""

import asyncio
import random
import shutil
import socket
import subprocess
import time

import pytest

import iso8583
from iso8583 import Message
from iso8583.framing import UnionPayFraming
from tools.rig import Rig, TerminalOptions

SEED = 20261125
MESSAGES = 60
WAIT_S = 20
LENGTHS = {
    2: 19,
    3: 6,
    4: 12,
    7: 10,
    11: 6,
    12: 6,
    13: 4,
    22: 3,
    25: 2,
    32: 11,
    37: 12,
    38: 6,
    39: 2,
    41: 8,
    42: 15,
    49: 3,
}
"""Elements of 1987 that the dissector names, with their lengths."""


@pytest.fixture(scope="module")
def tshark():
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    told = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout
    return told.split()[2].rstrip(".")


class Capture:
    """tshark on the loopback interface, for one port."""

    def __init__(self, file, port):
        self.file = file
        log = file.with_suffix(".log")
        with log.open("wb") as errors:
            command = ["tshark", "-i", "lo", "-f", f"tcp port {port}", "-w", str(file), "-q"]
            self._process = subprocess.Popen(command, stderr=errors)
        deadline = time.monotonic() + WAIT_S
        while b"Capturing" not in log.read_bytes():
            if self._process.poll() is not None:
                pytest.skip("tshark may not capture here")
            assert time.monotonic() < deadline, "tshark does not begin"
            time.sleep(0.05)
        time.sleep(1.0)  # tshark says so before the kernel's filter is in place, and tells nothing afterwards

    def stop(self):
        time.sleep(0.5)  # packets in its buffer
        self._process.terminate()
        self._process.wait(WAIT_S)

    def read(self, *arguments):
        done = subprocess.run(
            ["tshark", "-r", str(self.file), *arguments], capture_output=True, text=True, check=True, timeout=WAIT_S
        )
        return done.stdout.splitlines()


def test_a_captured_sale_is_cut_into_the_messages_that_were_sent(tshark, tmp_path, report):
    captures = []

    async def story():
        async with Rig(TerminalOptions(overrides={"pin": "never"})) as rig:
            captures.append(await asyncio.to_thread(Capture, tmp_path / "sale.pcapng", rig.host.port))
            await rig.terminal.start()
            await rig.until("idle")
            await rig.until_input_devices()
            await rig.until_card_wanted(12850)
            rig.swipe("signature")
            await rig.until("outcome.approved")
            await asyncio.to_thread(captures[0].stop)

    asyncio.run(story())
    streams = {}
    for line in captures[0].read(
        "-Y", "tcp.len > 0", "-T", "fields", "-e", "tcp.stream", "-e", "tcp.srcport", "-e", "tcp.payload"
    ):
        stream, source, payload = line.split("\t")
        streams.setdefault((stream, source), bytearray()).extend(bytes.fromhex(payload))
    dialect = iso8583.dialect("unionpay-pos")
    messages = [
        dialect.decode(frame.body) for data in streams.values() for frame in UnionPayFraming().feed(bytes(data))
    ]
    assert sorted(message.mti for message in messages) == ["0200", "0210", "0800", "0810"]
    report("tshark", "a captured sale, cut into its messages", len(messages), tshark)


def test_wiresharks_dissector_reads_our_messages_as_we_wrote_them(tshark, tmp_path, report):
    chance = random.Random(SEED)
    dialect = iso8583.dialect("iso87-ascii")
    sent = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        capture = Capture(tmp_path / "ascii.pcapng", port)
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer, _ = server.accept()
        with line, peer:
            for _ in range(MESSAGES):
                numbers = sorted(chance.sample(sorted(LENGTHS), chance.randint(1, len(LENGTHS))))
                message = Message(
                    chance.choice(["0200", "0210", "0400", "0800"]),
                    {number: "".join(chance.choices("0123456789", k=LENGTHS[number])) for number in numbers},
                )
                wire = dialect.encode(message)
                line.sendall(len(wire).to_bytes(2, "big") + wire)
                peer.recv(4096)
                sent.append(message)
            capture.stop()
    fields = [word for number in LENGTHS for word in ("-e", f"iso8583.bit{number}")]
    options = ["-d", f"tcp.port=={port},iso8583", "-o", "iso8583.len_endian:Big endian", "-Y", "iso8583"]
    rows = capture.read(*options, "-T", "fields", "-e", "iso8583.mti", *fields)
    read = []
    for row in rows:
        mti, *values = row.split("\t")
        read.append((mti[:4], {number: value for number, value in zip(LENGTHS, values, strict=True) if value}))
    assert read == [(message.mti, dict(message.elements)) for message in sent]
    report("tshark", "its ISO 8583 dissector reads iso87-ascii", MESSAGES, tshark)
