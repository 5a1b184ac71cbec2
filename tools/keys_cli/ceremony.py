"""A ceremony at the console: the same machine, screens and words as at the terminal's keypad."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from keys import KeyRoom, KeysError, Loading, Secret, State, View
from keys.custodians import NUMBER_DIGITS, Proof
from terminal.screens.ceremony import ceremony_screen
from terminal.screens.screen import Screen, Tone
from terminal.slips.key_slip import key_slip
from terminal.slips.layout import Line, Merchant, Style
from tools.keys_cli.console import Console, Left, OutOfTime
from tools.keys_cli.office import Office

__all__ = ["ask_new_number", "conduct", "enrol", "enrol_first", "finish", "prove"]

_STEP_S = 60.0
_YES, _AGAIN = ("y",), ("r",)
_COLUMNS = 42


def conduct(
    office: Office, console: Console, loading: Loading, guard: AbstractContextManager[object] | None = None
) -> View:
    """Lead a ceremony until it is over or waits for a device; ``guard`` is held while a step is taken."""
    held = guard if guard is not None else nullcontext()
    view = loading.view
    while not view.over and view.state is not State.DELIVERY:
        try:
            view = _turn(office, console, loading, view, held)
        except Left:
            with held:
                view = loading.cancel()
        except OutOfTime:
            with held:
                view = loading.tick()
                view = view if view.over else loading.cancel()
    return view


def finish(office: Office, console: Console, room: KeyRoom, loading: Loading, slip: str | None) -> int:
    """Tell the end, print or write the slip; the exit code."""
    view = loading.view
    console.show(ceremony_screen(office.texts, view))
    if loading.audit_number > 0:
        line = next((line for line in room.audit.lines() if line.number == loading.audit_number), None)
        terminal = office.settings.terminal
        merchant = Merchant(terminal.merchant_name, terminal.merchant_id, terminal.id)
        text = _as_text(key_slip(line, loading.audit_number, merchant, office.texts))
        if slip is None:
            print(f"\n{text}")
        else:
            _write(Path(slip), text)
            print(office.texts.text("console.saved-slip", file=slip))
    return 0 if view.state is State.STORED else 1


def enrol(office: Office, console: Console, room: KeyRoom, number: str, by: tuple[str, ...] = ()) -> None:
    """A custodian chooses a password, typed twice. Raises Left and OutOfTime."""
    say, wrong = office.texts.text, ""
    while True:
        lines = (say(wrong),) if wrong else ()
        tone = Tone.WARNING if wrong else Tone.NEUTRAL
        console.show(Screen("", say("custodian.title"), say("custodian.new", custodian=number), lines, tone=tone))
        with (
            console.secret(say("console.password"), _STEP_S) as first,
            console.secret(say("custodian.again"), _STEP_S) as second,
        ):
            if not _same(first, second):
                wrong = "custodian.differ"
                continue
            try:
                room.custodians.enrol(number, first, by)
            except KeysError:
                wrong = "custodian.weak"
                continue
        print("    " + say("console.enrolled", custodian=number))
        return


def ask_new_number(office: Office, console: Console, room: KeyRoom) -> str:
    """A number that nobody has yet."""
    say = office.texts.text
    while True:
        console.show(Screen("", say("custodian.title"), say("custodian.number")))
        number = console.line(say("console.number"), _STEP_S)
        taken = {custodian.number for custodian in room.custodians.all()}
        if len(number) == NUMBER_DIGITS and number.isascii() and number.isdecimal() and number not in taken:
            return number
        print("    " + say("custodian.taken" if number in taken else "digits.wrong"))


def enrol_first(office: Office, console: Console, room: KeyRoom) -> None:
    """A new vault has no custodians: the first two choose their numbers and passwords."""
    if not room.custodians.enough:
        print("\n" + office.texts.text("console.first-two"))
    while not room.custodians.enough:
        enrol(office, console, room, ask_new_number(office, console, room))


def prove(office: Office, console: Console, room: KeyRoom, number: str = "", not_these: tuple[str, ...] = ()) -> str:
    """The number of a custodian who has proven to be there. Raises KeysError when one is locked out."""
    say, notice = office.texts.text, ""
    while True:
        asked = say("ceremony.password", custodian=number) if number else say("ceremony.first-custodian")
        console.show(Screen("", say("custodian.title"), asked, (say(notice),) if notice else ()))
        who = number or console.line(say("console.number"), _STEP_S)
        password = console.secret(say("console.password"), _STEP_S)
        if who in not_these:
            password.wipe()
            notice = "ceremony.notice.same-person"
            continue
        proof = room.custodians.prove(who, password)
        if proof is Proof.RIGHT:
            return who
        if proof is Proof.LOCKED:
            raise KeysError(f"Custodian {who} is locked out.", "Another one: countertop keys custodians unlock")
        notice = "ceremony.notice.wrong-password"


def _turn(office: Office, console: Console, loading: Loading, view: View, held: AbstractContextManager[object]) -> View:
    say = office.texts.text
    console.show(ceremony_screen(office.texts, view))
    left = min(_STEP_S, loading.seconds_left)

    def taken(step: Callable[[], View]) -> View:
        with held:
            return step()

    match view.state:
        case State.FIRST_CUSTODIAN | State.SECOND_CUSTODIAN:
            number = console.line(say("console.number"), left, loading.keep_alive)
            password = console.secret(say("console.password"), _STEP_S, loading.keep_alive)
            return taken(lambda: loading.sign_in(number, password))
        case State.HAND_OVER:
            password = console.secret(say("console.password"), left, loading.keep_alive)
            return taken(lambda: loading.sign_in("", password))
        case State.COMPONENT:
            with console.secret(say("console.component"), left, loading.keep_alive) as typed, typed.open() as digits:
                component = bytearray(digits)
            return taken(lambda: loading.component(component))
        case State.COMPONENT_CHECK:
            print("    " + say("console.check"))
            answer = console.line(say("console.answer"), left, loading.keep_alive).lower()
            if answer in _YES:
                return taken(loading.agree)
            return taken(loading.retype if answer in _AGAIN else loading.cancel)
        case State.KEY_CHECK:
            print("    " + say("console.agree"))
            answer = console.line(say("console.answer"), left, loading.keep_alive).lower()
            if answer not in _YES:
                return taken(loading.cancel)
            console.show(ceremony_screen(office.texts, replace(view, state=State.STORING)))
            return taken(loading.agree)
        case _:
            raise AssertionError(f"nothing is asked while it is {view.state}")


def _same(first: Secret, second: Secret) -> bool:
    with first.open() as one, second.open() as other:
        return hmac.compare_digest(one, other)


def _as_text(lines: list[Line]) -> str:
    rows = []
    for line in lines:
        if line.style is Style.RULE:
            rows.append("-" * _COLUMNS)
        elif line.right:
            rows.append(f"{line.left:<{max(1, _COLUMNS - len(line.right) - 1)}} {line.right}")
        else:
            rows.append(line.left.center(_COLUMNS).rstrip() if line.style is Style.TITLE else line.left)
    return "\n".join(rows)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise KeysError(f"{path.name} cannot be written: {error.strerror}.", "Name another file: --slip") from None
