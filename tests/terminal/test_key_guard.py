"""The guard over the keys: a failed self-test stops their use and says so on the screen; owed lines reach the log."""

import asyncio

import pytest

from keys import CredentialProtector, KeysError, create_key_room
from keys.errors import SelfTestFailed
from keys.secret import Secret
from keys.self_test import INTERVAL_S
from keys.vault_intake import Incoming
from terminal.journal import ThreadWriter
from terminal.runtime import out_of_service
from terminal.screens.texts import LANGUAGES, Translator
from terminal.service import key_guard


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def monotonic(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def room(tmp_path, clock, monkeypatch):
    from datetime import UTC, datetime

    monkeypatch.setattr(key_guard, "ROUND_S", 0.01)
    credential = tmp_path / "credential"
    credential.write_bytes(bytes(range(32)))
    credential.chmod(0o600)
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    room = create_key_room(
        tmp_path / "keys.vault", CredentialProtector(credential), "lab", lambda: moment, clock.monotonic
    )
    room.vault.install([Incoming("mac", "M0", Secret(bytes(range(16))), mac_algorithm="unionpay-ecb")])
    yield room
    room.vault.close()


def guarded(room, self_test, during):
    async def run():
        writer = ThreadWriter()
        try:
            guard = asyncio.create_task(key_guard.guard_keys(room, writer, self_test))
            await during(guard)
            guard.cancel()
            await asyncio.gather(guard, return_exceptions=True)
            return guard
        finally:
            writer.close()

    return asyncio.run(run())


def events(room):
    return [line.event for line in room.audit.lines()]


async def until(reached):
    async with asyncio.timeout(20):
        while not reached():  # noqa: ASYNC110 -- the guard tells nobody
            await asyncio.sleep(0.01)


def test_the_tests_run_every_24_hours_and_no_sooner(room, clock):
    ran = []

    async def during(guard):
        await asyncio.sleep(0.1)
        assert ran == []
        clock.seconds += INTERVAL_S
        await until(lambda: ran)
        await until(lambda: "self-test-passed" in events(room))
        assert len(ran) == 1

    guarded(room, lambda: ran.append(1), during)


def test_a_failed_test_stops_every_use_of_keys_and_ends_this_life_of_the_terminal(room, clock):
    def fails():
        raise SelfTestFailed("X9.19 does not give its known answer.")

    async def during(guard):
        await asyncio.sleep(0.05)
        clock.seconds += INTERVAL_S
        await until(guard.done)

    guard = guarded(room, fails, during)
    assert isinstance(guard.exception(), SelfTestFailed)
    with pytest.raises(SelfTestFailed, match=r"X9\.19"):
        room.vault.mac("mac", b"message")
    assert b'"event":"self-test-failed"' in (room.vault._file.path.parent / "keys.vault.audit").read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_screen_says_why(language):
    texts = Translator(language)
    screen = out_of_service(texts, SelfTestFailed("TDES does not give its known answer."))
    assert screen.name == "out-of-service"
    assert screen.instruction == texts.text("out-of-service.self-test")


def test_a_refused_use_reaches_the_log_within_the_guards_round(room):
    async def during(guard):
        with pytest.raises(KeysError):
            room.vault.encrypt_track("mac", bytes(8))
        await until(lambda: not room.audit.waiting)

    guarded(room, lambda: None, during)
    assert events(room)[-1] == "use-refused"
