"""Planted bugs of the exchange: when the row is written, and what an answer is taken for."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from iso8583 import Message
from terminal.acquirer import exchange as exchange_room
from terminal.acquirer import judge as judge_room
from terminal.acquirer import wire as wire_room
from terminal.acquirer.exchange import Exchange
from terminal.acquirer.judge import Mac, Verdict, answer_of
from terminal.acquirer.link import HostLink, LinkLost
from terminal.acquirer.request import financial
from terminal.acquirer.wire import Wire
from terminal.domain.record import HostAnswer, State, TransactionRecord, UndoCause
from terminal.journal import Journal
from tools.simulation.planted import Patch, bug

__all__: list[str] = []


@bug("send-before-journal", "the request leaves first, and its row is written when the answer is there")
def _send_before_journal(patch: Patch) -> None:
    async def ask(self: Any, channel: Any, intent: Any, presented: Any, seen: Any) -> Any:
        acquirer = self._acquirer
        journal = acquirer.journal
        stan, batch = await journal.next_stan(), int(await journal.setting("batch", "1"))
        values = {name: getattr(intent, name) for name in ("kind", "amount_minor", "currency", "entry_mode", "account")}
        draft = TransactionRecord(0, state=State.SENT, stan=stan, batch=batch, started_at=acquirer.clock(), **values)
        try:
            async with asyncio.timeout(acquirer.profile.response_s):
                request = financial(draft, presented, acquirer.identity, acquirer.profile)
                reply = await acquirer.wire.call(channel, request, mac=True)
        except (TimeoutError, LinkLost, ValueError):
            reply = None
        await journal.set(stan=str(stan - 1))
        record = await journal.begin(intent)
        if reply is not None and reply.message.get(39) == "00" and reply.mac is Mac.VALID:
            answer = answer_of(reply.message, acquirer.profile)
            return await journal.approve(record.id, answer, ("merchant", "customer")), None
        return await self._uncertain(record, UndoCause.NO_ANSWER)

    patch.over(Exchange, "_ask", ask)


def _on(patch: Patch, causes: tuple[UndoCause, ...], instead: Any) -> None:
    """Do something else when an attempt is uncertain for one of these causes."""
    whole = vars(Exchange)["_uncertain"]

    async def uncertain(self: Any, record: TransactionRecord, cause: UndoCause, answer: Any = None) -> Any:
        if cause in causes:
            return await instead(self, record, answer), None
        return await whole(self, record, cause, answer)

    patch.over(Exchange, "_uncertain", uncertain)


async def _declines(self: Any, record: TransactionRecord, answer: HostAnswer | None) -> Any:
    return await self._acquirer.journal.decline(record.id, answer or HostAnswer())


@bug("reset-is-not-sent", "a connection that breaks before the answer is taken for a request that never left")
def _reset_is_not_sent(patch: Patch) -> None:
    _on(patch, (UndoCause.LINK_LOST,), _declines)


@bug("silence-is-no", "no answer is taken for a decline")
def _silence_is_no(patch: Patch) -> None:
    _on(patch, (UndoCause.NO_ANSWER,), _declines)


@bug("silence-is-yes", "no answer is taken for an approval")
def _silence_is_yes(patch: Patch) -> None:
    async def approves(self: Any, record: TransactionRecord, answer: Any) -> Any:
        return await self._acquirer.journal.approve(record.id, HostAnswer("00"), ("merchant", "customer"))

    _on(patch, (UndoCause.NO_ANSWER,), approves)


@bug("bad-reply-is-no", "an answer that cannot be read is taken for a decline")
def _bad_reply_is_no(patch: Patch) -> None:
    _on(patch, (UndoCause.BAD_REPLY,), _declines)


@bug("bad-mac-is-no", "an approval with a wrong MAC is taken for a decline, and nothing is undone")
def _bad_mac_is_no(patch: Patch) -> None:
    _on(patch, (UndoCause.BAD_MAC,), _declines)


def _retried(patch: Patch, *, same_stan: bool) -> None:
    whole = vars(Exchange)["_ask"]

    async def ask(self: Any, channel: Any, intent: Any, presented: Any, seen: Any) -> Any:
        record, cause = await whole(self, channel, intent, presented, seen)
        if record.undo_cause != UndoCause.NO_ANSWER:
            return record, cause
        journal = self._acquirer.journal
        if same_stan:
            request = financial(record, presented, self._acquirer.identity, self._acquirer.profile)
            try:
                async with self._acquirer.link.open() as again, asyncio.timeout(self._acquirer.profile.response_s):
                    await self._acquirer.wire.call(again, request, mac=True)
            except (TimeoutError, LinkLost):
                return record, None
            return record, None
        await journal.reversed(record.id, "00", ())
        async with self._acquirer.link.open() as again:
            return await whole(self, again, intent, presented, seen)

    patch.over(Exchange, "_ask", ask)


@bug("retry-same-stan", "after a time-out the 0200 is sent again with the same STAN")
def _retry_same(patch: Patch) -> None:
    _retried(patch, same_stan=True)


@bug("retry-new-stan", "after a time-out the sale is tried again under a new STAN, and the first is not reversed")
def _retry_new(patch: Patch) -> None:
    _retried(patch, same_stan=False)


class _Resending:
    """A conversation on a kept connection that begins again on a fresh one."""

    def __init__(self, link: Any, line: Any) -> None:
        self._link, self._line, self._frame = link, line, None

    async def send(self, frame: Any) -> None:
        self._frame = frame
        await self._line.send(frame)

    async def receive(self) -> Any:
        try:
            return await self._line.receive()
        except LinkLost:
            _, self._line = await self._link._dialled()
            await self._line.send(self._frame)
            return await self._line.receive()

    def answered(self) -> None:
        self._line.answered()


@bug("resend-on-kept-line", "a request whose kept connection breaks is sent again on a fresh one")
def _resend(patch: Patch) -> None:
    whole = vars(HostLink)["open"]

    @asynccontextmanager
    async def opened(self: Any) -> Any:
        kept = self._kept is not None
        async with whole(self) as line:
            yield _Resending(self, line) if kept else line

    patch.over(HostLink, "open", opened)


def _answers_without(patch: Patch, *ignored: int, mti: bool = True) -> None:
    def answers(request: Message, reply: Message) -> bool:
        same = all(reply.get(n) == request.get(n) for n in (11, 41, 42) if n in reply and n not in ignored)
        return same and (not mti or reply.mti == f"{int(request.mti) + 10:04d}")

    patch.over(wire_room, "answers", answers)


@bug("any-stan", "an answer is matched without its STAN")
def _any_stan(patch: Patch) -> None:
    _answers_without(patch, 11)


@bug("any-terminal", "an answer is matched without the terminal's number")
def _any_terminal(patch: Patch) -> None:
    _answers_without(patch, 41)


@bug("any-type", "an answer is matched without its message type")
def _any_type(patch: Patch) -> None:
    _answers_without(patch, mti=False)


@bug("any-amount", "an approval of another amount or transaction counts")
def _any_amount(patch: Patch) -> None:
    patch.over(judge_room, "_same_money", lambda request, reply: True)


def _judged(patch: Patch, changed: Any) -> None:
    whole = vars(judge_room)["judge"]
    patch.over(exchange_room, "judge", lambda *arguments, **more: changed(whole, *arguments, **more))


@bug("mac-not-checked", "an approval counts with any MAC")
def _mac_not_checked(patch: Patch) -> None:
    _judged(patch, lambda judge, request, reply, mac, *more, **also: judge(request, reply, Mac.VALID, *more, **also))


@bug("mac-optional", "an approval without a MAC counts")
def _mac_optional(patch: Patch) -> None:
    def optional(judge: Any, request: Any, reply: Any, mac: Mac, *more: Any, **also: Any) -> Any:
        return judge(request, reply, Mac.VALID if mac is Mac.ABSENT else mac, *more, **also)

    _judged(patch, optional)


@bug("decline-unproven", "a decline that nobody has sealed ends the attempt", decline_without_mac='"reverse"')
def _decline_unproven(patch: Patch) -> None:
    def believed(judge: Any, *told: Any, **also: Any) -> Any:
        verdict = judge(*told, **also)
        return Verdict(declined=True) if verdict.undo is UndoCause.UNPROVEN_DECLINE else verdict

    _judged(patch, believed)


@bug("ambiguous-is-no", '"system malfunction" is taken for a decline')
def _ambiguous_is_no(patch: Patch) -> None:
    def certain(judge: Any, *told: Any, **also: Any) -> Any:
        verdict = judge(*told, **also)
        return Verdict(declined=True) if verdict.undo is UndoCause.AMBIGUOUS_CODE else verdict

    _judged(patch, certain)


@bug("partial-is-whole", "an approval of a part counts as an approval of the whole")
def _partial_is_whole(patch: Patch) -> None:
    def whole(judge: Any, request: Message, reply: Message, mac: Mac, *more: Any, **also: Any) -> Any:
        if reply.get(39) == "10" and mac is Mac.VALID:
            return Verdict(approved=True)
        return judge(request, reply, mac, *more, **also)

    _judged(patch, whole)


@bug("told-before-commit", "the approval is shown and printed, and its row is committed a moment later")
def _told_before_commit(patch: Patch) -> None:
    whole = vars(Journal)["approve"]

    async def approve(self: Any, id: int, answer: HostAnswer, slips: Any) -> TransactionRecord:
        before = await self.record(id)

        async def later() -> None:
            await asyncio.sleep(1.5)
            await whole(self, id, answer, slips)

        self._owed = asyncio.get_running_loop().create_task(later())
        told = {name: getattr(before, name) for name in before.__dataclass_fields__}
        return TransactionRecord(**{**told, "state": type(before.state)("approved")})

    patch.over(Journal, "approve", approve)


@bug("wall-clock-timer", "the wait for the answer is measured by the wall clock")
def _wall_clock_timer(patch: Patch) -> None:
    whole = vars(Wire)["call"]

    async def call(self: Any, channel: Any, request: Any, *, mac: bool) -> Any:
        waiting = asyncio.ensure_future(whole(self, channel, request, mac=mac))
        began = _WALL[0]()
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=1.0)
            if (_WALL[0]() - began).total_seconds() > 60:
                waiting.cancel()
                raise TimeoutError
        return await waiting

    from terminal.clock import TerminalClock

    made = vars(TerminalClock)["__init__"]

    def remember(self: Any, wall: Any, offset_s: int = 0) -> None:
        made(self, wall, offset_s)
        _WALL[0] = wall

    patch.over(TerminalClock, "__init__", remember)
    patch.over(Wire, "call", call)
    endless = {**vars(asyncio), "timeout": lambda seconds: asyncio.timeout(None)}
    patch.over(exchange_room, "asyncio", SimpleNamespace(**endless))


_WALL: list[Any] = [None]


@bug("card-in-log", "what could not be sent is logged with its track")
def _card_in_log(patch: Patch) -> None:
    whole = vars(Wire)["call"]

    async def call(self: Any, channel: Any, request: Message, *, mac: bool) -> Any:
        try:
            return await whole(self, channel, request, mac=mac)
        except LinkLost as error:
            logging.getLogger("terminal").warning("%s lost with %s: %s", request.mti, request.get(35), error)
            raise

    patch.over(Wire, "call", call)


@bug("hexdump-in-log", "every message is dumped in hexadecimal for the technician")
def _hexdump(patch: Patch) -> None:
    whole = vars(Wire)["seal"]

    def seal(self: Any, message: Message, *, mac: bool) -> Any:
        frame = whole(self, message, mac=mac)
        logging.getLogger("terminal").warning("out %s", frame.body.hex())
        return frame

    patch.over(Wire, "seal", seal)
