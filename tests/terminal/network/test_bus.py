"""A connection to whatever listens at the bus's address: a reason comes of it, never a fault and never a hang."""

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    Parser,
    new_error,
    new_method_call,
    new_method_return,
)

from config.network import Network as Section
from terminal.network import bus as bus_module
from terminal.network.bus import Bus, BusFault
from terminal.network.state import Network, Trouble
from terminal.network.watch import NetworkWatch
from tools.rig.patience import PATIENCE


async def served(serve, use):
    """Listen like a bus, ``serve`` a connection, and ``use`` the address."""
    connections = []

    async def accept(reader, writer):
        connections.append(writer)
        with suppress(OSError, EOFError):
            await serve(reader, writer)

    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        path = Path(folder) / "bus.sock"
        server = await asyncio.start_unix_server(accept, path)
        try:
            return await use(f"unix:path={path}")
        finally:
            for writer in connections:
                writer.close()
            server.close()


async def authenticated(reader, writer):
    await reader.readuntil(b"\r\n")
    writer.write(b"OK 0123456789abcdef0123456789abcdef\r\n")
    await reader.readuntil(b"BEGIN\r\n")


async def fault_of(address):
    try:
        bus = await Bus.open(address)
    except BusFault as fault:
        return fault.trouble
    await bus.close()
    return None


async def silent(reader, writer):
    await reader.read()


async def speechless(reader, writer):
    await authenticated(reader, writer)
    await reader.read()


async def unfriendly(reader, writer):
    await reader.readuntil(b"\r\n")
    writer.write(b"REJECTED EXTERNAL\r\n")
    await writer.drain()
    await reader.read()


async def endless(reader, writer):
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


@pytest.mark.parametrize(
    ("serve", "trouble"),
    [
        (silent, Trouble.NO_BUS),
        (speechless, Trouble.NO_ANSWER),
        (unfriendly, Trouble.NO_BUS),
        (endless, Trouble.NO_BUS),
    ],
)
def test_whoever_listens_there_and_is_no_bus_is_a_reason(serve, trouble, monkeypatch):
    monkeypatch.setattr(bus_module, "CALL_S", 0.3)
    assert asyncio.run(served(serve, fault_of)) is trouble


@pytest.mark.parametrize("address", ["", "unix:path=/nonexistent", "tcp:host=127.0.0.1", "nonsense", "unix:", ";"])
def test_an_address_where_nobody_is_is_a_reason(address, monkeypatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/too")
    assert asyncio.run(fault_of(address)) is Trouble.NO_BUS


@given(st.binary(min_size=1, max_size=300))
@settings(max_examples=60)
def test_bytes_that_are_no_message_end_the_connection_and_nothing_else(noise):
    async def noisy(reader, writer):
        await authenticated(reader, writer)
        await reader.read(1)
        writer.write(noise)
        await writer.drain()
        writer.close()

    assert asyncio.run(served(noisy, fault_of)) in (Trouble.NO_BUS, Trouble.NO_ANSWER)


def answering(answer):
    """A bus that answers every call with what ``answer`` makes of it; without an answer, silence."""

    async def serve(reader, writer):
        await authenticated(reader, writer)
        parser, serial = Parser(), 0
        while data := await reader.read(65_536):
            parser.add_data(data)
            while (message := parser.get_next_message()) is not None:
                serial += 1
                if message.header.fields[HeaderFields.member] == "Hello":
                    reply = new_method_return(message, "s", (":1.1",))
                else:
                    reply = answer(message)
                writer.write(reply.serialise(serial))

    return serve


SHAPES = (("s", ("text",)), ("", ()), ("ao", (["/"],)), ("a{sv}", ({"Devices": ("s", "x")},)), ("i", (7,)),
          ("a{sv}", ({"Devices": ("ao", ["/a"]), "DeviceType": ("s", "two"), "State": ("as", [])},)),
          ("a{sv}", ({"Devices": ("ao", ["/a"]), "DeviceType": ("u", 2), "State": ("u", 100),
                      "Ssid": ("s", "text"), "ActiveConnection": ("u", 1)},)))  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_service_that_answers_in_another_shape_is_a_reason(shape):
    async def use(address):
        watch = NetworkWatch(Section(bus=address))
        return await watch.look(), await watch.scan(), await watch.arrange()

    network, scan, trouble = asyncio.run(served(answering(lambda call: new_method_return(call, *shape)), use))
    assert network == Network(trouble=Trouble.NO_ANSWER) or network.trouble is None
    assert scan.points == ()
    assert trouble in (None, Trouble.NO_ANSWER)


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("org.freedesktop.DBus.Error.ServiceUnknown", Trouble.NO_MANAGER),
        ("org.freedesktop.DBus.Error.AccessDenied", Trouble.NOT_ALLOWED),
        ("org.freedesktop.NetworkManager.PermissionDenied", Trouble.NOT_ALLOWED),
        ("org.example.Anything", Trouble.NO_ANSWER),
    ],
)
def test_an_error_of_the_bus_has_its_reason(name, trouble):
    async def use(address):
        bus = await Bus.open(address)
        try:
            await bus.call("org.example", "/", "org.example.Thing", "Do")
        except BusFault as fault:
            return fault.trouble
        finally:
            await bus.close()

    assert asyncio.run(served(answering(lambda call: new_error(call, name)), use)) is trouble


def test_every_call_says_that_nothing_is_to_be_started_for_it():
    """What an owner has stopped, a terminal does not start again."""
    flags = []

    def answer(call: Message):
        assert call.header.message_type is MessageType.method_call
        flags.append(int(call.header.flags))
        return new_method_return(call, "a{sv}", ({},))

    async def use(address):
        return await NetworkWatch(Section(bus=address)).look()

    asyncio.run(served(answering(answer), use))
    assert set(flags) == {2}


def test_hanging_up_on_a_bus_that_reads_no_more_does_not_hang(monkeypatch):
    monkeypatch.setattr(bus_module, "CALL_S", 3600.0)

    async def deaf(reader, writer):
        await authenticated(reader, writer)
        await reader.readuntil(b"Hello")
        reader._transport.pause_reading()
        writer.write(new_method_return(_hello(), "s", (":1.1",)).serialise(1))
        await asyncio.Event().wait()

    async def use(address):
        bus = await Bus.open(address)
        calls = [asyncio.ensure_future(bus.call("a.b", "/", "a.b.C", "Do", "s", "x" * 500_000)) for _ in range(4)]
        await asyncio.sleep(0)
        async with asyncio.timeout(60.0 * PATIENCE):
            await bus.close()
        return [result.trouble for result in await asyncio.gather(*calls, return_exceptions=True)]

    assert asyncio.run(served(deaf, use)) == [Trouble.NO_BUS] * 4


def _hello():
    message = new_method_call(DBusAddress("/", "org.freedesktop.DBus", "org.freedesktop.DBus"), "Hello")
    message.header.serial = 1
    return message
