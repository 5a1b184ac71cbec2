"""The line under TLS against a real openssl s_server: who is let in, who is not, and what a person is told."""

import asyncio
import shutil

import pytest

from config import Host, Tls
from iso8583.framing import UnionPayFrame
from terminal.acquirer.link import SHUTDOWN_S, Endpoint, HostLink, LinkDown, LinkLost
from terminal.acquirer.tls import TlsTrouble

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
PATIENCE_S = 5.0
REQUEST = UnionPayFrame(bytes.fromhex("6000030000"), bytes.fromhex("603100311108"), b"\x08\x20a whole request")
ANSWER = UnionPayFrame(bytes.fromhex("6000000003"), bytes.fromhex("603100311108"), b"\x08\x30a whole answer")
ANSWER_BYTES = (
    (len(ANSWER.tpdu + ANSWER.header + ANSWER.body)).to_bytes(2, "big") + ANSWER.tpdu + ANSWER.header + ANSWER.body
)


def tls(people, **changes):
    values = {
        "ca": people.file("authority.pem"),
        "certificate": people.file("terminal.pem"),
        "key": people.file("terminal.key"),
        "name": "pos.example",
    }
    return Tls(**{name: value for name, value in {**values, **changes}.items() if value is not None})


def talk(port, settings, answer=None):
    """One request over the line: the answer, or what the link raises."""

    async def conversation():
        link = HostLink([Endpoint("127.0.0.1", port)], PATIENCE_S, settings)
        try:
            async with asyncio.timeout(30), link.open() as channel:
                await channel.send(REQUEST)
                if answer is not None:
                    answer()
                return await channel.receive()
        finally:
            await asyncio.sleep(SHUTDOWN_S + 0.2)  # the terminal's loop goes on; this one would end before the goodbye

    return asyncio.run(conversation())


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_both_sides_show_their_certificates_and_talk(people, server, version):
    port = server("host", version, "-Verify", "1", "-verify_return_error")

    def answer():
        assert REQUEST.body in server.process.stdout.read1(200)
        server.process.stdin.write(ANSWER_BYTES)
        server.process.stdin.flush()

    assert talk(port, tls(people, pins=(people.pin(people.next_host), people.pin(people.host))), answer) == ANSWER


REFUSED = {
    # person, options of the server, changes of the settings, what the technician is told
    "an old version of TLS": ("host", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], {}, "old versions of TLS|handshake"),
    "another authority": ("strange-host", [], {}, "does not verify"),
    "another name": ("host", [], {"name": "other.example"}, "does not verify"),
    "an expired certificate": ("expired-host", [], {}, "does not verify"),
    "another key of the same authority": ("next-host", [], {"pins": "host"}, "not one of the pins"),
    "no forward secrecy": ("rsa-host", ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], {}, "no method of encryption"),
    "no client certificate in TLS 1.2": (
        "host", ["-tls1_2", "-Verify", "1", "-verify_return_error"], {"certificate": None, "key": None}, "certificate",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_line_that_is_not_right_is_no_line_and_nothing_has_left(people, server, case):
    person, options, changes, words = REFUSED[case]
    if changes.get("pins"):
        changes = {"pins": (people.pin(people.host),)}
    with pytest.raises(LinkDown, match=words):
        talk(server(person, *options), tls(people, **changes))


WAYS = {
    "a connection for each message": {},
    "one that is kept": {"connection": "persistent"},
    "HTTPS": {"transport": "http"},
    "HTTPS that is kept": {"transport": "http", "connection": "persistent"},
}


def link_of(way, port, settings):
    return HostLink.of(Host(address=(f"tcp:127.0.0.1:{port}",), tls=settings, **WAYS[way]), PATIENCE_S)


@pytest.mark.parametrize("case", REFUSED)
def test_no_way_of_sending_goes_round_the_certificates(people, server, case):
    person, options, changes, words = REFUSED[case]
    if changes.get("pins"):
        changes = {"pins": (people.pin(people.host),)}
    port = server(person, *options)

    async def story():
        for way in WAYS:
            with pytest.raises(LinkDown, match=words):
                async with asyncio.timeout(30), link_of(way, port, tls(people, **changes)).open():
                    pass
        await asyncio.sleep(SHUTDOWN_S + 0.2)

    asyncio.run(story())


@pytest.mark.parametrize("way", WAYS)
def test_a_refused_client_certificate_means_unknown_on_every_way_and_its_connection_is_not_kept(people, server, way):
    port = server("host", "-tls1_3", "-Verify", "1", "-verify_return_error")

    async def story():
        link = link_of(way, port, tls(people, certificate=None, key=None))
        for _ in range(2):
            with pytest.raises(LinkLost):
                await one_message(link)
        link.close()
        await asyncio.sleep(SHUTDOWN_S + 0.2)

    asyncio.run(story())


async def one_message(link):
    async with asyncio.timeout(30), link.open() as channel:
        await channel.send(REQUEST)
        frame = await channel.receive()
        channel.answered()
        return frame


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_kept_line_carries_several_messages_and_its_end_is_seen_before_the_next(people, server, version):
    """TLS 1.3 sends tickets behind its handshake: they are no answer and end no line."""
    port = server("host", version, "-Verify", "1", "-verify_return_error")
    process = server.process

    def answer(count):
        for _ in range(count):
            came = b""
            while REQUEST.body not in came:
                came += process.stdout.read1(200)
            process.stdin.write(ANSWER_BYTES)
            process.stdin.flush()

    async def story():
        link = link_of("one that is kept", port, tls(people, pins=(people.pin(people.host),)))
        answering = asyncio.create_task(asyncio.to_thread(answer, 3))
        for _ in range(3):
            assert await one_message(link) == ANSWER
        await answering
        process.kill()
        process.wait()
        with pytest.raises(LinkDown, match="refuses the connection"):
            await one_message(link)
        await asyncio.sleep(SHUTDOWN_S + 0.2)

    asyncio.run(story())


def test_a_kept_line_shows_its_pins_again_whenever_it_is_made_anew(people, server):
    """The host has changed its key between two messages."""

    async def story():
        link = link_of("one that is kept", (port := server("host")), tls(people, pins=(people.pin(people.host),)))
        async with link.open():
            pass
        server.process.kill()
        server.process.wait()
        server("next-host", port=port)
        with pytest.raises(LinkDown, match="not one of the pins"):
            await one_message(link)
        await asyncio.sleep(SHUTDOWN_S + 0.2)

    asyncio.run(story())


def test_an_answer_that_is_cut_off_without_goodbye_means_unknown_on_a_kept_line_too(people, server):
    port = server("host")
    process = server.process

    def half_and_die():
        process.stdout.read1(200)
        process.stdin.write(ANSWER_BYTES[:10])
        process.stdin.flush()

    async def story():
        link = link_of("one that is kept", port, tls(people))
        async with asyncio.timeout(30), link.open() as channel:
            await channel.send(REQUEST)
            disturbed = asyncio.Event()
            channel.disturbed = disturbed.set
            await asyncio.to_thread(half_and_die)
            await disturbed.wait()
            process.kill()
            with pytest.raises(LinkLost):
                await channel.receive()
        await asyncio.sleep(SHUTDOWN_S + 0.2)

    asyncio.run(story())


@pytest.mark.parametrize("certificate", [None, "strange-terminal"])
def test_a_client_certificate_refused_in_tls_1_3_shows_only_after_the_request_and_means_unknown(
    people, server, certificate
):
    port = server("host", "-tls1_3", "-Verify", "1", "-verify_return_error")
    own = {
        name: certificate and people.file(f"{certificate}.{end}")
        for name, end in (("certificate", "pem"), ("key", "key"))
    }
    with pytest.raises(LinkLost):
        talk(port, tls(people, **own))


def test_a_host_that_vanishes_without_goodbye_means_unknown(people, server):
    port = server("host")
    with pytest.raises(LinkLost):
        talk(port, tls(people), lambda: (server.process.stdout.read1(200), server.process.kill()))


def test_a_host_without_tls_and_a_mute_one_are_told_apart(people):
    async def story():
        async def plain(reader, writer):
            writer.write(b"220 no TLS here\r\n")
            await reader.read(1000)

        async def mute(reader, writer):
            await reader.read(-1)

        for behave, words in ((plain, "does not speak TLS"), (mute, "does not answer in time")):
            gone = asyncio.Event()

            async def serve(reader, writer, behave=behave, gone=gone):
                try:
                    await behave(reader, writer)
                except OSError:
                    pass
                finally:
                    writer.close()
                    gone.set()

            async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
                port = server.sockets[0].getsockname()[1]
                link = HostLink([Endpoint("127.0.0.1", port)], 1.0, tls(people))
                with pytest.raises(LinkDown, match=words):
                    async with asyncio.timeout(20), link.open():
                        pass
                await gone.wait()

    asyncio.run(story())


def test_files_that_cannot_be_used_are_named_with_what_to_do(people, tmp_path):
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate", "ascii")
    open_key = tmp_path / "open.key"
    open_key.write_bytes((people.folder / "terminal.key").read_bytes())
    open_key.chmod(0o644)
    for changes, words in (
        ({"ca": str(tmp_path / "absent.pem")}, "No such file"),
        ({"ca": str(broken)}, "broken.pem"),
        ({"certificate": people.file("host.pem")}, "does not fit"),
        ({"key": str(open_key)}, "open to others"),
    ):
        with pytest.raises(TlsTrouble, match=words) as trouble:
            HostLink([], 1.0, tls(people, **changes))
        assert trouble.value.remedy
