"""One sale, one effect: whatever the host says or does not say, an attempt ends in one proven state.

The host here is a script over the real codec and framing; the journal is a real file.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from msgspec.structs import replace

import iso8583
from config import load_profile
from iso8583 import Message
from iso8583.framing import UnionPayFrame
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.advice import Advices
from terminal.acquirer.exchange import Exchange
from terminal.acquirer.link import LinkDown, LinkLost
from terminal.acquirer.request import Identity, Presented
from terminal.acquirer.reversal import Reversals
from terminal.acquirer.wire import Wire
from terminal.clock import TerminalClock
from terminal.domain.outcome import Result
from terminal.domain.record import Intent, State, UndoCause
from terminal.journal import InlineWriter, Journal

DIALECT = iso8583.dialect("unionpay-pos")
GOOD_MAC, BAD_MAC = b"600DMAC0", b"BADBADBA"
SALE = Intent("sale", 12850, "156", "022", "622848******1234")
CARD = Presented(track2="6228480000001234567D30121010000000000")


class FakeVault:
    """Knows one MAC; everything else about keys is not this file's subject."""

    def has(self, slot):
        return True

    def mac(self, slot, data):
        return GOOD_MAC

    def verify_mac(self, slot, data, mac):
        return mac == GOOD_MAC


def reply_to(request: Message, code: str = "00", mac: bytes | None = GOOD_MAC, **changes) -> Message:
    kept = {n: request[n] for n in (3, 4, 11, 41, 42, 49, 60) if n in request}
    elements = {**kept, 12: "120000", 13: "1124", 37: "112400000001", 39: code}
    if code == "00":
        elements[38] = "123456"
    if mac:
        elements[64] = mac
    elements.update({int(k[1:]): v for k, v in changes.items()})
    mti = f"{int(request.mti) + 10:04d}"
    return Message(mti, dict(sorted((k, v) for k, v in elements.items() if v is not None)))


@dataclass
class ScriptedHost:
    """A link whose other end answers by a script: one entry per conversation."""

    script: list = field(default_factory=list)
    seen: list = field(default_factory=list)
    on_request: object = None

    @asynccontextmanager
    async def open(self):
        step = self.script.pop(0) if self.script else (lambda request: reply_to(request))
        if step == "down":
            raise LinkDown("No host answers.")
        yield _Conversation(self, step)


class _Conversation:
    def __init__(self, host, step):
        self.host, self.step, self.waiting = host, step, []

    async def send(self, frame):
        request = DIALECT.decode(frame.body)
        self.host.seen.append(request)
        if self.host.on_request:
            await self.host.on_request(request)
        if self.step == "lost":
            raise LinkLost("gone")
        if callable(self.step):
            answers = self.step(request)
            for answer in answers if isinstance(answers, list) else [answers]:
                self.waiting.append(UnionPayFrame(frame.tpdu, frame.header, DIALECT.encode(answer)))

    def answered(self):
        pass

    async def receive(self):
        if self.step == "garbage":
            return UnionPayFrame(bytes(5), bytes(6), b"\xff" * 40)
        if self.waiting:
            return self.waiting.pop(0)
        if self.step == "reset":
            raise LinkLost("closed")
        await asyncio.sleep(3600)


@pytest.fixture
def play(tmp_path):
    """Run a story with a terminal's acquirer side and a scripted host."""

    def run(script, story, **profile_changes):
        async def go():
            profile = replace(load_profile("unionpay-lab", **profile_changes), response_s=0.05, connect_s=0.05)
            host = ScriptedHost(list(script))
            clock = TerminalClock(lambda: datetime(2026, 11, 24, 12, 0, 0))
            journal = await Journal.open(tmp_path / "journal.db", InlineWriter(), clock)
            vault = FakeVault()
            acquirer = Acquirer(
                profile,
                Identity("12345678", "123456789012345", "SIM00001"),
                journal,
                vault,
                Wire(DIALECT, vault, profile, lambda direction, message: None),
                host,
                clock,
                InlineWriter(),
                signed_on=True,
            )
            reversals = Reversals(acquirer, lambda closed: None)
            try:
                advices = Advices(acquirer, lambda: None)
                return await story(acquirer, host, Exchange(acquirer, reversals, advices), reversals)
            finally:
                await journal.close()

        return asyncio.run(go())

    return run


def attempt(play, script, **profile_changes):
    """One sale; the outcome, the row and the requests the host saw."""

    async def story(acquirer, host, exchange, reversals):
        outcome = await exchange.run(SALE, lambda: CARD)
        row = outcome.record and await acquirer.journal.record(outcome.record.id)
        return outcome, row, host.seen

    return play(script, story, **profile_changes)


def test_a_matching_approval_with_a_valid_mac_is_the_only_approval(play):
    outcome, row, seen = attempt(play, [reply_to])
    assert (outcome.result, row.state, row.auth_code) == (Result.APPROVED, State.APPROVED, "123456")
    assert [message.mti for message in seen] == ["0200"]


def test_the_intent_is_durable_before_the_first_byte_leaves(play):
    rows = []

    async def story(acquirer, host, exchange, reversals):
        async def look(request):
            rows.append(await acquirer.journal.last())

        host.on_request = look
        await exchange.run(SALE, lambda: CARD)

    play([reply_to], story)
    assert [(row.state, row.stan) for row in rows] == [(State.SENT, 1)]


@pytest.mark.parametrize(
    ("answer", "cause", "reason"),
    [
        ("mute", UndoCause.NO_ANSWER, "98"),
        ("lost", UndoCause.LINK_LOST, "98"),
        ("reset", UndoCause.LINK_LOST, "98"),
        ("garbage", UndoCause.BAD_REPLY, "06"),
        (lambda r: reply_to(r, mac=BAD_MAC), UndoCause.BAD_MAC, "A0"),
        (lambda r: reply_to(r, mac=None), UndoCause.BAD_MAC, "A0"),
        (lambda r: reply_to(r, e4="000000000001"), UndoCause.BAD_REPLY, "06"),
        (lambda r: reply_to(r, e3="200000"), UndoCause.BAD_REPLY, "06"),
        (lambda r: reply_to(r, e39=None), UndoCause.BAD_REPLY, "06"),
        (lambda r: reply_to(r, e11="999999"), UndoCause.NO_ANSWER, "98"),
        (lambda r: reply_to(r, e41="87654321"), UndoCause.NO_ANSWER, "98"),
        (lambda r: reply_to(r, "51", mac=None), UndoCause.UNPROVEN_DECLINE, "06"),
        (lambda r: reply_to(r, "51", mac=BAD_MAC), UndoCause.UNPROVEN_DECLINE, "06"),
        (lambda r: reply_to(r, "98"), UndoCause.AMBIGUOUS_CODE, "06"),
    ],
)
def test_anything_but_a_proven_answer_is_undone(play, answer, cause, reason):
    outcome, row, seen = attempt(play, [answer])
    assert outcome.result is Result.UNDOING
    assert (row.state, row.undo_cause, row.reversal_reason) == (State.REVERSING, cause, reason)


def test_a_proven_decline_needs_no_reversal(play):
    outcome, row, seen = attempt(play, [lambda r: reply_to(r, "51")])
    assert (outcome.result, outcome.reason, row.state) == (Result.DECLINED, "response.51", State.DECLINED)


def test_an_answer_of_an_earlier_attempt_is_passed_over(play):
    outcome, row, seen = attempt(play, [lambda r: [reply_to(r, e11="000777"), reply_to(r)]])
    assert outcome.result is Result.APPROVED


def test_without_a_link_nothing_is_begun_and_no_stan_is_used(play):
    outcome, row, seen = attempt(play, ["down"])
    assert (outcome.result, outcome.reason, row, seen) == (Result.NOT_CHARGED, "reason.no-link", None, [])


def test_the_reversal_repeats_the_original_without_card_data(play):
    async def story(acquirer, host, exchange, reversals):
        await exchange.run(SALE, lambda: CARD)
        assert await reversals.drain() == []
        return host.seen

    original, reversal = play(["mute", reply_to], story)
    assert reversal.mti == "0400"
    assert all(reversal[n] == original[n] for n in (3, 4, 11, 22, 25, 41, 42, 49, 60))
    assert reversal[39] == "98"
    assert not {2, 14, 35, 36, 52, 53, 55, 59} & set(reversal.elements)


@pytest.mark.parametrize(
    "answer",
    [
        "mute",
        "lost",
        "garbage",
        "down",
        lambda r: reply_to(r, mac=BAD_MAC),
        lambda r: reply_to(r, mac=None),
        lambda r: reply_to(r, "96"),
        lambda r: reply_to(r, e11="000999"),
    ],
)
def test_a_reversal_stays_until_the_host_acknowledges_it_and_blocks_the_next_sale(play, answer):
    async def story(acquirer, host, exchange, reversals):
        first = await exchange.run(SALE, lambda: CARD)
        refused = await exchange.run(SALE, lambda: CARD)
        assert (refused.result, refused.reason) == (Result.NOT_CHARGED, "reason.reversal-pending")
        assert (await acquirer.journal.record(first.record.id)).state is State.REVERSING
        second = await exchange.run(SALE, lambda: CARD)
        return first, second, await acquirer.journal.record(first.record.id)

    first, second, row = play(["mute", answer, reply_to, reply_to], story)
    assert row.state is State.REVERSED
    assert second.result is Result.APPROVED


def test_original_not_found_closes_a_reversal(play):
    async def story(acquirer, host, exchange, reversals):
        outcome = await exchange.run(SALE, lambda: CARD)
        await reversals.drain()
        return await acquirer.journal.record(outcome.record.id)

    assert play(["mute", lambda r: reply_to(r, "25")], story).state is State.REVERSED


def test_a_reversal_goes_on_after_a_restart(play):
    async def before(acquirer, host, exchange, reversals):
        await exchange.run(SALE, lambda: CARD)

    async def after(acquirer, host, exchange, reversals):
        (waiting,) = await acquirer.journal.recover()
        await reversals.drain()
        return host.seen, await acquirer.journal.record(waiting.id)

    play(["mute"], before)
    seen, row = play([reply_to], after)
    assert [message.mti for message in seen] == ["0400"]
    assert row.state is State.REVERSED


def test_an_answer_that_is_no_success_changes_the_reason_of_the_next_reversal(play):
    async def story(acquirer, host, exchange, reversals):
        await exchange.run(SALE, lambda: CARD)
        for _ in range(3):
            await reversals.drain()
        return [message.get(39) for message in host.seen[1:]]

    assert play(["mute", lambda r: reply_to(r, "96"), "mute", reply_to], story) == ["98", "06", "98"]


def test_the_loop_that_undoes_tells_who_waits(play):
    async def story(acquirer, host, exchange, reversals):
        worker = asyncio.create_task(reversals.run())
        outcome = await exchange.run(SALE, lambda: CARD)
        closed = await reversals.until_closed(outcome.record.id, 2.0)
        worker.cancel()
        return closed, reversals.pending

    assert play(["mute", reply_to], story) == (True, 0)


@pytest.mark.parametrize("code", ["51", "94"])
def test_an_advice_is_not_ended_by_a_decline_that_nobody_has_sealed(play, code):
    """Found by the campaign: the host had taken the advice, and what arrived was a decline without a MAC."""

    async def story(acquirer, host, exchange, reversals):
        outcome = await exchange.store(Intent("offline-sale", 5000, "156", "022", "622848******1234"), "123456")
        await Advices(acquirer, lambda: None).drain(None)
        return await acquirer.journal.record(outcome.record.id)

    assert play([lambda r: reply_to(r, code, mac=None)], story).state is State.ADVISING


def test_a_reversal_is_not_ended_by_an_answer_about_other_money(play):
    async def story(acquirer, host, exchange, reversals):
        outcome = await exchange.run(SALE, lambda: CARD)
        await reversals.drain()
        return await acquirer.journal.record(outcome.record.id)

    assert play(["reset", lambda r: reply_to(r, "00", e4="000000000001")], story).state is State.REVERSING
