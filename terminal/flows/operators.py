"""Who stands at the counter: sign-in, the supervisor's word, and the list of operators (facts/unionpay.md §10)."""

from __future__ import annotations

import hmac
from enum import Enum

from keys import Secret
from terminal.desk import Desk
from terminal.domain.transactions import Role
from terminal.flows.digits import ask_digits
from terminal.journal import SignInResult
from terminal.prompts import Cancelled, Confirm
from terminal.screens.screen import Screen, Tone
from terminal.secret_prompt import SecretPrompt

__all__ = [
    "ADMINISTRATOR",
    "SUPERVISOR",
    "Who",
    "add_operator",
    "admitted",
    "approved_by",
    "change_password",
    "list_operators",
    "prove",
    "remove_operator",
    "sign_in",
    "sign_out",
    "unlock_operator",
]

SUPERVISOR, ADMINISTRATOR = "00", "99"
_NUMBER_DIGITS = 2
_TITLE = "operator.title"


async def sign_in(desk: Desk) -> None:
    """Ask for number and password until somebody is right; the first of all chooses the administrator's password."""
    if not await desk.journal.operators.all():
        await _first_administrator(desk)
    while not desk.acquirer.operator:
        try:
            number = await ask_digits(desk, _TITLE, "operator", _NUMBER_DIGITS)
            await _prove(desk, number)
        except Cancelled:
            continue
        desk.acquirer.operator = number


async def sign_out(desk: Desk) -> None:
    """The next one signs in."""
    desk.acquirer.operator = ""


class Who(Enum):
    """Who may use a line of the menu."""

    ANYBODY = "anybody"
    CASHIER = "cashier"
    """Trades; the supervisor and the administrator do not (facts/product.md §4.3)."""
    TECHNICIAN = "technician"
    """The administrator 99, signed in or proven on the spot."""


async def admitted(desk: Desk, who: Who, title: str) -> bool:
    """Whether whoever stands there may go on; said why not. Raises Cancelled when a password is not given."""
    if who is Who.ANYBODY or not desk.settings.terminal.operators:
        return True
    if who is Who.CASHIER:
        trades = desk.acquirer.operator not in (SUPERVISOR, ADMINISTRATOR)
        if not trades:
            await desk.refuse(title, "operator.no-trade")
        return trades
    if desk.acquirer.operator != ADMINISTRATOR:
        await _prove(desk, ADMINISTRATOR, "operator.technician")
        await desk.journal.note("approved", f"by {ADMINISTRATOR} for {desk.acquirer.operator}: {title}")
    return True


async def prove(desk: Desk, numbers: tuple[str, ...]) -> str:
    """One of these proves to be there. Raises Cancelled."""
    number = await ask_digits(desk, _TITLE, "operator", _NUMBER_DIGITS, right=lambda typed: typed in numbers)
    await _prove(desk, number)
    return number


async def approved_by(desk: Desk, role: Role) -> None:
    """The supervisor's word where the table wants it. Raises Cancelled when it is not given."""
    if role is Role.CASHIER or not desk.settings.terminal.operators or desk.acquirer.operator == SUPERVISOR:
        return
    await _prove(desk, SUPERVISOR, "operator.approve")
    await desk.journal.note("approved", f"by {SUPERVISOR} for {desk.acquirer.operator}")


async def add_operator(desk: Desk) -> None:
    """A new cashier, or a new password for one that is there."""
    by = await _privileged(desk)
    number = await ask_digits(desk, _TITLE, "operator", _NUMBER_DIGITS, right=lambda typed: _may_manage(by, typed))
    await _set_password(desk, number, by)


async def change_password(desk: Desk) -> None:
    """One's own."""
    number = desk.acquirer.operator
    await _prove(desk, number)
    await _set_password(desk, number, number)


async def remove_operator(desk: Desk) -> None:
    """Take a cashier's number away."""
    by = await _privileged(desk)
    number = await ask_digits(
        desk, _TITLE, "operator", _NUMBER_DIGITS, right=lambda typed: typed not in (SUPERVISOR, ADMINISTRATOR)
    )
    texts = desk.texts
    screen = Screen(
        "operator.remove", texts.text(_TITLE), texts.text("operator.remove", number=number), tone=Tone.WARNING
    )
    await desk.ask(Confirm(screen), desk.settings.timeouts.menu_s)
    await desk.journal.operators.remove(number, by)
    await _told(desk, "operator.removed")


async def unlock_operator(desk: Desk) -> None:
    """Let a number try again: the supervisor for cashiers, the administrator for the supervisor."""
    by = await _privileged(desk)
    number = await ask_digits(desk, _TITLE, "operator", _NUMBER_DIGITS, right=lambda typed: _may_manage(by, typed))
    await desk.journal.operators.unlock(number, by)
    await _told(desk, "operator.unlocked")


async def list_operators(desk: Desk) -> None:
    """Numbers, roles, and who is locked."""
    texts = desk.texts
    rows = [
        f"{operator.number} {texts.text(f'operator.role.{operator.role}')}"
        + (f" {texts.text('operator.is-locked')}" if operator.locked else "")
        for operator in await desk.journal.operators.all()
    ]
    screen = Screen("operator.list", texts.text(_TITLE), lines=tuple(rows) or (texts.text("operator.none"),))
    await desk.tell(screen, desk.settings.timeouts.outcome_s)


async def _prove(desk: Desk, number: str, instruction: str = "operator.password") -> None:
    """Ask for a password until it is right. Raises Cancelled on the red key and for a locked or unknown number."""
    notice = ""
    while True:
        prompt = SecretPrompt("operator.password", _TITLE, instruction, notice=notice)
        try:
            with await desk.ask(prompt, desk.settings.timeouts.pin_s) as password, password.open() as digits:
                result = await desk.journal.operators.check(number, digits)
        finally:
            prompt.wipe()
        if result is SignInResult.RIGHT:
            return
        if result is not SignInResult.WRONG:
            await desk.refuse(_TITLE, f"operator.{result}")
            raise Cancelled
        notice = "operator.wrong"


async def _privileged(desk: Desk) -> str:
    """The number of a supervisor or administrator: the one who is signed in, or who proves to be there."""
    if desk.acquirer.operator in (SUPERVISOR, ADMINISTRATOR):
        return desk.acquirer.operator
    await _prove(desk, SUPERVISOR, "operator.approve")
    return SUPERVISOR


def _may_manage(by: str, number: str) -> bool:
    """The administrator manages everybody, the supervisor the cashiers."""
    return by == ADMINISTRATOR or number not in (SUPERVISOR, ADMINISTRATOR)


async def _first_administrator(desk: Desk) -> None:
    """There is no password to guess: whoever installs the terminal chooses the first one."""
    while not await desk.journal.operators.all():
        try:
            await _set_password(desk, ADMINISTRATOR, ADMINISTRATOR)
            await _set_password(desk, SUPERVISOR, ADMINISTRATOR)
        except Cancelled:
            continue


async def _set_password(desk: Desk, number: str, by: str) -> None:
    """Twice the same. Raises Cancelled."""
    notice = ""
    while True:
        with (
            await _new_password(desk, number, "operator.new", notice) as first,
            await _new_password(desk, number, "operator.again", "") as second,
        ):
            same = await _same(desk, first, second, number, by)
        if same:
            await _told(desk, "operator.saved")
            return
        notice = "operator.differ"


async def _new_password(desk: Desk, number: str, instruction: str, notice: str) -> Secret:
    prompt = SecretPrompt(f"operator.new.{number}", _TITLE, instruction, notice=notice)
    try:
        return await desk.ask(prompt, desk.settings.timeouts.pin_s)
    finally:
        prompt.wipe()


async def _same(desk: Desk, first: Secret, second: Secret, number: str, by: str) -> bool:
    with first.open() as one, second.open() as other:
        if not hmac.compare_digest(one, other):
            return False
        await desk.journal.operators.set_password(number, one, by)
        return True


async def _told(desk: Desk, what: str) -> None:
    texts = desk.texts
    screen = Screen(what, texts.text(_TITLE), texts.text(what), tone=Tone.GOOD)
    await desk.tell(screen, desk.settings.timeouts.outcome_s)
