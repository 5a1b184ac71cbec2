"""Key custodians at the terminal: the first two enrol themselves, later one proves to be there."""

from __future__ import annotations

import hmac

from keys import KeyRoom, KeysError, Secret
from keys.custodians import NUMBER_DIGITS, PASSWORD_DIGITS, Proof
from terminal.desk import Desk
from terminal.prompts import Cancelled, DigitsPrompt
from terminal.screens.screen import Screen, Tone
from terminal.secret_prompt import SecretPrompt

__all__ = ["NUMBER_DIGITS", "ask_custodian", "enrol_custodians", "password_prompt"]

_TITLE = "custodian.title"


def password_prompt(instruction: str, custodian: str, notice: str = "") -> SecretPrompt:
    """A custodian's password; ``instruction`` and ``notice`` are catalogue keys."""
    least, most = PASSWORD_DIGITS.start, PASSWORD_DIGITS.stop - 1
    values = {"custodian": custodian} if instruction != "custodian.again" else {}
    return SecretPrompt(instruction, _TITLE, instruction, least, most, notice, values)


async def enrol_custodians(desk: Desk, room: KeyRoom) -> None:
    """There is no password to guess: the first two choose theirs. Raises Cancelled."""
    while not room.custodians.enough:
        await _enrol(desk, room, frozenset(custodian.number for custodian in room.custodians.all()))


async def ask_custodian(desk: Desk, room: KeyRoom) -> str:
    """The number of a custodian who has proven to be there. Raises Cancelled, also when one is locked out."""
    if not room.custodians.enough:
        await desk.refuse(_TITLE, "keys.no-custodians")
        raise Cancelled
    notice = ""
    while True:
        name = "ceremony.first-custodian"
        number = await desk.ask(
            DigitsPrompt(name, _TITLE, notice or name, NUMBER_DIGITS, NUMBER_DIGITS), desk.settings.timeouts.menu_s
        )
        proof = await _prove(desk, room, number)
        if proof is Proof.RIGHT:
            return number
        if proof is Proof.LOCKED:
            await desk.refuse(_TITLE, "ceremony.locked")
            raise Cancelled
        notice = "ceremony.notice.wrong-password"


async def _prove(desk: Desk, room: KeyRoom, number: str) -> Proof:
    password = await _secret(desk, password_prompt("ceremony.password", number))
    return await desk.acquirer.writer.run(lambda: room.custodians.prove(number, password))


async def _enrol(desk: Desk, room: KeyRoom, taken: frozenset[str]) -> None:
    prompt = DigitsPrompt(
        "custodian.number", _TITLE, "custodian.number", NUMBER_DIGITS, NUMBER_DIGITS, lambda typed: typed not in taken
    )
    number = await desk.ask(prompt, desk.settings.timeouts.menu_s)
    wrong: str | None = ""
    while wrong is not None:
        wrong = await _choose_password(desk, room, number, wrong)
    done = Screen("custodian.saved", desk.texts.text(_TITLE), desk.texts.text("custodian.saved"), tone=Tone.GOOD)
    await desk.tell(done, desk.settings.timeouts.outcome_s)


async def _choose_password(desk: Desk, room: KeyRoom, number: str, notice: str) -> str | None:
    """One try; None when the custodian is enrolled, else what was wrong with it."""
    with (
        await _secret(desk, password_prompt("custodian.new", number, notice)) as first,
        await _secret(desk, password_prompt("custodian.again", number)) as second,
    ):
        with first.open() as one, second.open() as other:
            same = hmac.compare_digest(one, other)
        if not same:
            return "custodian.differ"
        try:
            await desk.acquirer.writer.run(lambda: room.custodians.enrol(number, first))
        except KeysError:
            return "custodian.weak"
    return None


async def _secret(desk: Desk, prompt: SecretPrompt) -> Secret:
    try:
        return await desk.ask(prompt, desk.settings.timeouts.pin_s)
    finally:
        prompt.wipe()
