"""Messages to frames and back: codec, MAC and application header in one step each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from config import AcquirerProfile
from iso8583 import Dialect, Message
from iso8583.framing import UnionPayFrame
from keys import Vault
from terminal.acquirer.judge import Mac, answers
from terminal.acquirer.link import Channel

__all__ = ["MAC_SLOT", "PIN_SLOT", "Reply", "Trace", "Wire"]

PIN_SLOT = "pin"
MAC_SLOT = "mac"
_MAC_ELEMENT = 64
_MAC_BYTES = 8
_PROCESSING_DIGIT = 5
"""Index of the header digit with which the host asks for something (facts/unionpay.md §1)."""

Trace = Callable[[str, Message], None]
"""Told of every message, ``out`` or ``in``; whoever shows it masks it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, how its MAC was found, and what the host asks for besides."""

    message: Message
    mac: Mac
    wish: str
    """Processing requirement 0..9: 3 sign on again, 1 download parameters …"""


class Wire:
    """Seals requests and opens replies for one acquirer."""

    def __init__(self, dialect: Dialect, vault: Vault, profile: AcquirerProfile, trace: Trace) -> None:
        self._dialect = dialect
        self._vault = vault
        self._tpdu = bytes.fromhex(profile.tpdu)
        self._header = bytes.fromhex(profile.header)
        self._trace = trace

    def seal(self, message: Message, *, mac: bool) -> UnionPayFrame:
        """Frame of a request, with element 64 over everything before it when ``mac``."""
        elements = dict(sorted(message.elements.items()))
        if mac:
            elements[_MAC_ELEMENT] = bytes(_MAC_BYTES)
        body = self._dialect.encode(Message(message.mti, elements))
        if mac:
            covered = body[:-_MAC_BYTES]
            body = covered + self._vault.mac(MAC_SLOT, covered)
        return UnionPayFrame(self._tpdu, self._header, body)

    def open(self, frame: UnionPayFrame) -> Reply:
        """Decode an answer and check its MAC. Raises Iso8583Error."""
        message = self._dialect.decode(frame.body)
        if _MAC_ELEMENT not in message:
            mac = Mac.ABSENT
        elif self._vault.has(MAC_SLOT) and self._vault.verify_mac(
            MAC_SLOT, frame.body[:-_MAC_BYTES], frame.body[-_MAC_BYTES:]
        ):
            mac = Mac.VALID
        else:
            mac = Mac.WRONG
        return Reply(message, mac, frame.header.hex()[_PROCESSING_DIGIT])

    async def call(self, channel: Channel, request: Message, *, mac: bool) -> Reply:
        """Send and wait for the answer that belongs to it; strangers are traced and passed over.

        Raises LinkLost, and Iso8583Error for an answer that cannot be read. The caller holds the deadline.
        """
        frame = self.seal(request, mac=mac)
        self._trace("out", request)
        await channel.send(frame)
        while True:
            reply = self.open(await channel.receive())
            self._trace("in", reply.message)
            if answers(request, reply.message):
                channel.answered()
                return reply
