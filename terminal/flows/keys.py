"""A technician's keys: load one by hand or from a device, look at check values, destroy one (facts/product.md §4.5).

The ceremony decides (``keys/ceremony.py``); this flow asks its questions at the terminal and shows where it stands.
Everything that touches the vault runs where the vault is written, off the loop.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from keys import KeyRoom, KeysError, Loading, Plan, State, View, Way
from keys.errors import AuditBroken, AuditFull
from terminal.desk import Desk
from terminal.flows.custodians import NUMBER_DIGITS, ask_custodian, enrol_custodians, password_prompt
from terminal.flows.manage import sign_on_flow
from terminal.journal import Slip
from terminal.key_prompts import Attended, Check, CheckPrompt, ChoosePrompt, HexPrompt
from terminal.prompts import Cancelled, Confirm, DigitsPrompt, MenuPrompt, Prompt, TimedOut
from terminal.screens.ceremony import ceremony_screen
from terminal.screens.screen import Screen, Tone
from terminal.secret_prompt import SecretPrompt

__all__ = ["conduct", "destroy_key", "load_by_hand", "refuse_keys", "room_of", "tell_end", "view_keys"]

A = TypeVar("A")
_TITLE = "ceremony.title"
_STEP_S = 60.0


async def load_by_hand(desk: Desk) -> None:
    """The acquirer's master key in two or three components, typed by two custodians."""
    room = await room_of(desk)
    if not room.custodians.enough:
        await enrol_custodians(desk, room)
    count = MenuPrompt("ceremony.count", "ceremony.count", (("2", "ceremony.count.two"), ("3", "ceremony.count.three")))
    components = int(await desk.ask(count, desk.settings.timeouts.menu_s))
    expected = await desk.ask(
        HexPrompt(
            Screen("ceremony.expected", desk.texts.text(_TITLE), desk.texts.text("ceremony.expected")),
            (0, 6, 8),
            masked=False,
        ),
        desk.settings.timeouts.menu_s,
    )
    with expected, expected.open() as typed:
        expected_kcv = typed.decode("ascii")
    slot = desk.acquirer.profile.master_key_slot
    plan = Plan(slot, Way.KEYPAD, components=components, expected_kcv=expected_kcv)
    try:
        loading = await desk.acquirer.writer.run(lambda: room.begin(plan))
    except KeysError as fault:
        await refuse_keys(desk, fault)
        return
    await conduct(desk, loading)


async def view_keys(desk: Desk) -> None:
    """Slot, usage and check value of every key in use."""
    room = await room_of(desk)
    rows = [
        desk.texts.text("keys.row", slot=record.slot, usage=record.usage, kcv=record.kcv)
        for record in room.vault.list()
        if record.state == "active"
    ]
    lines = tuple(rows) or (desk.texts.text("keys.none"),)
    await desk.tell(Screen("keys.view", desk.texts.text("menu.keys.view"), lines=lines), _STEP_S)


async def destroy_key(desk: Desk) -> None:
    """Destroy the key of a slot; a custodian answers for it."""
    room = await room_of(desk)
    slots = tuple(record.slot for record in room.vault.list() if record.state == "active")
    if not slots:
        await desk.refuse("menu.keys.destroy", "keys.none")
        return
    slot = await desk.ask(ChoosePrompt("keys.choose", "keys.choose", slots), desk.settings.timeouts.menu_s)
    await ask_custodian(desk, room)
    shown = Screen(
        "keys.destroy",
        desk.texts.text("menu.keys.destroy"),
        desk.texts.text("keys.destroy", slot=slot),
        tone=Tone.WARNING,
    )
    await desk.ask(Confirm(shown), desk.settings.timeouts.menu_s)
    async with desk.acquirer.turn:
        try:
            await desk.acquirer.writer.run(lambda: room.vault.destroy(slot))
        except KeysError as fault:
            await refuse_keys(desk, fault)
            return
        await _keys_changed(desk)
    done = Screen("keys.destroyed", shown.title, desk.texts.text("keys.destroyed"), lines=(slot,), tone=Tone.GOOD)
    await desk.tell(done, desk.settings.timeouts.outcome_s)


async def conduct(desk: Desk, loading: Loading) -> View:
    """Lead a ceremony to its end at the terminal's keypad, whatever that end is."""
    view = loading.view
    try:
        while not view.over and view.state is not State.DELIVERY:
            view = await _turn(desk, loading, view)
    except (Cancelled, TimedOut):
        view = await desk.acquirer.writer.run(loading.cancel)
    except BaseException:
        loading.abandon()  # the terminal goes down: nothing of the key stays in memory
        raise
    if view.over:
        await tell_end(desk, loading, view)
    return view


async def tell_end(desk: Desk, loading: Loading, view: View) -> None:
    """What became of it, the slip for the custodians' signatures, and a sign-on under a new master key."""
    if view.state is State.STORED and not view.plan.rehearsal:
        await _keys_changed(desk)
    if loading.audit_number > 0 and view.component_kcvs:
        await desk.journal.jobs.queue_slip(None, Slip.KEYS, reprint=False, batch=loading.audit_number)
        desk.print_waiting()
    await desk.tell(ceremony_screen(desk.texts, view), _STEP_S)
    if view.state is State.STORED and view.plan.slot == desk.acquirer.profile.master_key_slot:
        await sign_on_flow(desk)  # the proof that the host has the same key, while both custodians are still there


async def _turn(desk: Desk, loading: Loading, view: View) -> View:
    run = desk.acquirer.writer.run
    shown = ceremony_screen(desk.texts, view)
    match view.state:
        case State.FIRST_CUSTODIAN | State.SECOND_CUSTODIAN:
            number = await _ask(desk, loading, _number(view), shown)
            password = await _ask(desk, loading, _password(number))
            return await run(lambda: loading.sign_in(number, password))
        case State.HAND_OVER:
            password = await _ask(desk, loading, _password(view.custodian), shown)
            return await run(lambda: loading.sign_in("", password))
        case State.COMPONENT:
            digits = await _component(desk, loading, view, shown)
            return await run(lambda: loading.component(digits))
        case State.COMPONENT_CHECK:
            said = await _ask(desk, loading, CheckPrompt(shown, again=True))
            return await run(loading.agree if said is Check.RIGHT else loading.retype)
        case State.KEY_CHECK:
            await _ask(desk, loading, CheckPrompt(shown))
            desk.show(ceremony_screen(desk.texts, replace(view, state=State.STORING)))
            async with desk.acquirer.turn:  # no message is being made while the keys change
                return await run(loading.agree)
        case _:
            raise AssertionError(f"nothing is asked while it is {view.state}")


async def _component(desk: Desk, loading: Loading, view: View, shown: Screen) -> bytearray:
    prompt = HexPrompt(shown, (2 * view.plan.length_bytes,))
    try:
        typed = await _ask(desk, loading, prompt)
    finally:
        prompt.wipe()
    with typed, typed.open() as digits:
        return bytearray(digits)


async def _ask(desk: Desk, loading: Loading, prompt: Prompt[A], also: Screen | None = None) -> A:
    """Ask within the ceremony's time; ``also`` says what stands beside the question."""
    attended = Attended(prompt, loading.keep_alive, lambda: loading.view.over, also)
    return await desk.ask(attended, max(1.0, min(_STEP_S, loading.seconds_left)))


def _number(view: View) -> DigitsPrompt:
    name = f"ceremony.{view.state}"
    return DigitsPrompt(name, _TITLE, name, NUMBER_DIGITS, NUMBER_DIGITS)


def _password(custodian: str) -> SecretPrompt:
    return password_prompt("ceremony.password", custodian)


async def room_of(desk: Desk) -> KeyRoom:
    """The terminal's key room. Raises Cancelled, and says why, when nothing may be done in it now."""
    room = desk.key_room
    assert room is not None, "the terminal has been put together with its keys"
    return room


async def refuse_keys(desk: Desk, fault: KeysError) -> None:
    """Why a ceremony does not begin."""
    reasons: dict[type[KeysError], str] = {AuditFull: "keys.audit-full", AuditBroken: "keys.audit-broken"}
    await desk.refuse(_TITLE, reasons.get(type(fault), "keys.refused"))


async def _keys_changed(desk: Desk) -> None:
    """Working keys are gone or stand under another master key: sign on before the next message."""
    desk.acquirer.signed_on = False
    await desk.journal.set(signed_on_at="")
    desk.refresh()
