"""A connection to the message bus: calls with a deadline, signals, and typed faults.

jeepney makes and reads the messages; reading, deadlines and the end of the connection are here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageFlag, MessageType, Parser, new_method_call
from jeepney.auth import BEGIN, Authenticator
from jeepney.bus import get_connectable_addresses

from terminal.network.state import Trouble

__all__ = ["Bus", "BusFault", "Signal", "unwrapped"]

SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"
_SYSTEM_BUS_VARIABLE = "DBUS_SYSTEM_BUS_ADDRESS"
_BUS, _BUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
_PROPERTIES = "org.freedesktop.DBus.Properties"
CALL_S = 5.0
"""A service that takes longer to answer hangs."""
READ_BYTES = 65_536
_ERRORS = {
    "ServiceUnknown": Trouble.NO_MANAGER, "NameHasNoOwner": Trouble.NO_MANAGER, "AccessDenied": Trouble.NOT_ALLOWED,
    "PermissionDenied": Trouble.NOT_ALLOWED, "NotAuthorized": Trouble.NOT_ALLOWED, "AuthFailed": Trouble.NOT_ALLOWED,
}  # fmt: skip
"""By the last word of an error's name; any other is no answer to build on."""
Signal = Callable[[str, str, tuple[Any, ...]], None]
"""Path, member, arguments."""


class BusFault(Exception):
    """A call that gave no result. ``name`` is the error's name on the bus, empty when it came from elsewhere."""

    def __init__(self, trouble: Trouble, name: str = "") -> None:
        super().__init__(name or trouble)
        self.trouble = trouble
        self.name = name


class Bus:
    """One connection, from its opening to its end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = Parser()
        self._serials = count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self.listeners: list[Signal] = []
        self._task = asyncio.ensure_future(self._read())

    @classmethod
    async def open(cls, address: str | None) -> Bus:
        """Connect and say hello. Raises BusFault."""
        address = address or os.environ.get(_SYSTEM_BUS_VARIABLE) or SYSTEM_BUS
        try:
            async with asyncio.timeout(CALL_S):
                path = next(get_connectable_addresses(address))
                reader, writer = await asyncio.open_unix_connection(path)
                try:
                    await _authenticate(reader, writer)
                except BaseException:
                    writer.close()
                    raise
        except (OSError, EOFError, RuntimeError, ValueError, asyncio.LimitOverrunError):  # ValueError: not let in
            raise BusFault(Trouble.NO_BUS) from None
        bus = cls(reader, writer)
        try:
            await bus.call(_BUS, _BUS_PATH, _BUS, "Hello")
        except BaseException:
            await bus.close()
            raise
        return bus

    @property
    def closed(self) -> bool:
        """Whether the bus has gone."""
        return self._task.done()

    async def close(self) -> None:
        """Hang up."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._writer.transport.abort()  # a bus that reads no more would hold a close for ever

    async def call(
        self, name: str, path: str, interface: str, member: str, signature: str = "", *body: Any
    ) -> tuple[Any, ...]:
        """Call a method of a service that runs; what it returns. Raises BusFault."""
        if self.closed:
            raise BusFault(Trouble.NO_BUS)
        message = new_method_call(DBusAddress(path, name, interface), member, signature or None, body)
        message.header.flags = MessageFlag.no_auto_start  # what an owner has stopped, a terminal does not start
        serial = next(self._serials)
        answer = self._waiting[serial] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(CALL_S):
                self._writer.write(message.serialise(serial))
                await self._writer.drain()
                return _returned(await answer)
        except TimeoutError:
            raise BusFault(Trouble.NO_ANSWER) from None
        except OSError:
            raise BusFault(Trouble.NO_BUS) from None
        finally:
            self._waiting.pop(serial, None)

    async def properties(self, name: str, path: str, interface: str) -> dict[str, Any]:
        """All properties of an interface; none of an object that is not there any more. Raises BusFault."""
        try:
            (found,) = await self.call(name, path, _PROPERTIES, "GetAll", "s", interface)
        except BusFault as fault:
            if fault.trouble is Trouble.NO_ANSWER and fault.name:  # such as UnknownObject
                return {}
            raise
        return {key: unwrapped(value) for key, value in found.items()}

    async def owned(self, name: str) -> bool:
        """Whether somebody answers to a name. Raises BusFault."""
        (owned,) = await self.call(_BUS, _BUS_PATH, _BUS, "NameHasOwner", "s", name)
        return bool(owned)

    async def subscribe(self, **rule: str) -> None:
        """Hear signals: by ``sender``, ``path``, ``interface`` or ``member``. Raises BusFault."""
        await self._match(MatchRule(type="signal", **rule))

    async def subscribe_owner(self, name: str) -> None:
        """Hear when a service comes or goes. Raises BusFault."""
        rule = MatchRule(type="signal", sender=_BUS, interface=_BUS, member="NameOwnerChanged")
        rule.add_arg_condition(0, name)
        await self._match(rule)

    async def _match(self, rule: MatchRule) -> None:
        await self.call(_BUS, _BUS_PATH, _BUS, "AddMatch", "s", rule.serialise())

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(READ_BYTES):
                self._parser.add_data(data)
                while (message := self._parser.get_next_message()) is not None:
                    self._take(message)
        except Exception:  # noqa: BLE001, S110 - bytes that are no message end the connection as its loss does
            pass
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(BusFault(Trouble.NO_BUS))
            for listener in tuple(self.listeners):
                listener("", "", ())  # whoever waits looks again

    def _take(self, message: Message) -> None:
        fields = message.header.fields
        answer = self._waiting.get(fields.get(HeaderFields.reply_serial, -1))
        if answer is not None and not answer.done():
            answer.set_result(message)
        elif message.header.message_type is MessageType.signal:
            for listener in tuple(self.listeners):
                listener(str(fields.get(HeaderFields.path)), str(fields.get(HeaderFields.member)), message.body)


def unwrapped(value: Any) -> Any:
    """What a variant holds: jeepney gives it with its signature."""
    return value[1] if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) else value


async def _authenticate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    conversation = Authenticator()
    for line in conversation:
        writer.write(line)
        await writer.drain()
        conversation.feed(await reader.readuntil(b"\r\n"))
    writer.write(BEGIN)


def _returned(message: Message) -> tuple[Any, ...]:
    if message.header.message_type is MessageType.error:
        name = str(message.header.fields.get(HeaderFields.error_name, "unknown"))
        raise BusFault(_ERRORS.get(name.rpartition(".")[2], Trouble.NO_ANSWER), name)
    return tuple(message.body)
