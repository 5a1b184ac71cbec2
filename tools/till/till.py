"""The till's end of the ECR link: asks, and asks again under the same name until it knows.

This is how a till's software should behave (docs/integrator/ecr.md): the name of a request is made before it is sent
and kept until its result is known; whatever happens to the line, the same request is sent again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drivers.port import Port, open_port
from terminal.ecr.conversation import proof_of
from terminal.ecr.frames import LineReader

__all__ = ["InDoubt", "LineLost", "Till", "TillError"]

Body = dict[str, Any]
ANSWER_S = 10.0
"""How long an answer may take that no customer is waited for."""
CUSTOMER_S = 300.0
"""How long one may take that waits for a customer; then it is asked for."""
RETRY_FIRST_S, RETRY_MAX_S = 0.2, 5.0
ASK_AGAIN_S = 0.5


class TillError(Exception):
    """Something that a person at the till has to know. ``remedy`` says what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


class LineLost(TillError):
    """The terminal cannot be reached, or has not answered."""

    def __init__(self, text: str) -> None:
        super().__init__(text, "Check the cable, the address and that the terminal runs with a section [ecr].")


class InDoubt(TillError):
    """The result of a request is not known."""

    def __init__(self, service_id: str) -> None:
        super().__init__(
            f"What became of request {service_id} is not known.",
            f"Ask before anything else: countertop till … status {service_id}",
        )


@dataclass(slots=True)
class Till:
    """One till at one address (``tcp:HOST:PORT``, ``serial:/dev/…?baud=…``). ``saw`` is shown every line."""

    address: str
    sale_id: str
    poi_id: str
    key: bytes | None = None
    saw: Callable[[str, bytes], None] = lambda direction, line: None
    patience: float = 1.0
    """Times are multiplied by it."""
    loyalty: Callable[[str], None] = lambda number: None
    """Told of a loyalty card that the customer shows while a request waits."""
    _port: Port | None = None
    _gone: asyncio.Task[None] | None = None
    _lines: LineReader = field(default_factory=LineReader)
    _answers: dict[tuple[str, str], asyncio.Future[Body]] = field(default_factory=dict)

    async def close(self) -> None:
        """Hang up."""
        port, gone, self._port, self._gone = self._port, self._gone, None, None
        if gone is not None:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        if port is not None:
            port.close()
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(LineLost("The line to the terminal broke."))

    async def ask(self, category: str, service_id: str, body: Body, timeout_s: float = ANSWER_S) -> Body:
        """One request and its answer. Raises LineLost."""
        answered = await self._exchange(category, service_id, body, timeout_s)
        if self.key is None or answered["Response"].get("Reason") != "login-first":
            return answered
        proof = proof_of(self.key, str(answered["Challenge"]), self.sale_id, self.poi_id)
        login = await self._exchange("Login", f"{service_id}-k", {"Proof": proof}, ANSWER_S)
        if login["Response"].get("Reason") == "login-first":
            raise TillError("The terminal has another key.", "Give both the same key file.")
        return await self._exchange(category, service_id, body, timeout_s)

    async def carry_out(self, category: str, service_id: str, body: Body, give_up_s: float) -> Body:
        """A request that may move money: asked again under the same name, over any lost line, until it is known.

        Raises InDoubt when it is not known after ``give_up_s`` without a sign of the terminal.
        """
        loop = asyncio.get_running_loop()
        silent_since, pause_s = loop.time(), RETRY_FIRST_S
        while True:
            try:
                answered = await self.ask(category, service_id, body, CUSTOMER_S)
            except LineLost:
                await self.close()
                if loop.time() - silent_since > give_up_s * self.patience:
                    raise InDoubt(service_id) from None
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)
                continue
            if answered["Response"].get("ErrorCondition") != "InProgress":
                return answered
            silent_since, pause_s = loop.time(), RETRY_FIRST_S
            await asyncio.sleep(ASK_AGAIN_S)

    async def _exchange(self, category: str, service_id: str, body: Body, timeout_s: float) -> Body:
        header = {
            "ProtocolVersion": "3.0",
            "MessageClass": "Service",
            "MessageCategory": category,
            "MessageType": "Request",
            "ServiceID": service_id,
            "SaleID": self.sale_id,
            "POIID": self.poi_id,
        }
        message = {"SaleToPOIRequest": {"MessageHeader": header, f"{category}Request": body}}
        line = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        waiting: asyncio.Future[Body] = asyncio.get_running_loop().create_future()
        self._answers[category, service_id] = waiting
        try:
            async with asyncio.timeout(timeout_s * self.patience):
                port = await self._connected()
                self.saw("sent", line)
                await port.send(line)
                return await waiting
        except OSError as error:
            raise LineLost(f"{self.address}: {error.strerror or type(error).__name__}.") from None
        except TimeoutError:
            raise LineLost("The terminal has not answered.") from None
        finally:
            self._answers.pop((category, service_id), None)
            waiting.cancel()

    async def _connected(self) -> Port:
        if self._port is None:
            self._lines = LineReader()
            port = await open_port(self.address, self._received)
            self._port = port
            self._gone = asyncio.get_running_loop().create_task(self._watch(port))
        return self._port

    async def _watch(self, port: Port) -> None:
        await port.gone()
        self._gone = None
        await self.close()

    def _received(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            if not isinstance(line, bytes):
                continue
            self.saw("came", line)
            try:
                message = json.loads(line)
            except ValueError:
                continue  # noise; the request is asked again
            envelope = message.get("SaleToPOIResponse")
            if envelope is None:
                self._noted(message.get("SaleToPOIRequest", {}).get("EventNotification", {}))
                continue
            header = envelope["MessageHeader"]
            category = str(header["MessageCategory"])
            waiting = self._answers.get((category, str(header["ServiceID"])))
            if waiting is not None and not waiting.done():
                waiting.set_result(envelope[f"{category}Response"])

    def _noted(self, event: Body) -> None:
        """An event; only a loyalty card is of any consequence."""
        if event.get("EventToNotify") == "LoyaltyCard":
            self.loyalty(str(event["LoyaltyAccount"]["LoyaltyAccountID"]["LoyaltyID"]))
