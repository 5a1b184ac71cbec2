"""The technician changes parameters at the terminal itself: look, type, confirm, and be told when it takes effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config import ConfigError, Settings
from drivers.events import Event, Key, KeyPress
from terminal.desk import Desk
from terminal.domain.money import CURRENCIES, format_amount
from terminal.flows.parameter_fields import HOST_TIMES, LANGUAGES, LIMITS, OFFLINE, TIMES, Field, Kind, Page
from terminal.key_prompts import ChoosePrompt
from terminal.prompts import AmountPrompt, Answer, Cancelled, Confirm, DigitsPrompt
from terminal.screens.screen import MenuItem, Screen, Tone
from terminal.screens.texts import Translator
from terminal.service.parameters import Change, ParametersError, Refused, Source
from terminal.service.parameters.keeper import ParameterKeeper, effect_text
from terminal.text_prompt import TextEntry, TextPrompt

__all__ = ["ListPrompt", "changes", "edit", "host_times", "languages", "limits", "offline", "times"]

AMOUNT_MAX_MINOR = 999_999_999_999
_LISTED_MAX = 9
_CHANGES = "menu.parameters.changes"


class ListPrompt:
    """Lines with a digit each, whose texts are made of words and values."""

    def __init__(self, name: str, title: str, lines: tuple[str, ...]) -> None:
        self.name, self.title, self.lines = name, title, lines

    def screen(self, texts: Translator) -> Screen:
        """The lines with their digits."""
        menu = tuple(MenuItem(str(digit), line) for digit, line in enumerate(self.lines, 1))
        return Screen(self.name, texts.text(self.title), menu=menu, hints=(texts.text("key.cancel"), ""))

    def take(self, event: Event) -> Answer[int] | None:
        """Which line, from 0."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            raise Cancelled
        place = int(event.key) if str(event.key) in "123456789" else 0
        return Answer(place - 1) if 1 <= place <= len(self.lines) else None


async def limits(desk: Desk) -> None:
    """Amounts, counts and percentages."""
    await edit(desk, LIMITS)


async def offline(desk: Desk) -> None:
    """What may wait for the host."""
    await edit(desk, OFFLINE)


async def host_times(desk: Desk) -> None:
    """How long the host has."""
    await edit(desk, HOST_TIMES)


async def times(desk: Desk) -> None:
    """How long people have."""
    await edit(desk, TIMES)


async def languages(desk: Desk) -> None:
    """Of the screens and slips."""
    await edit(desk, LANGUAGES)


async def edit(desk: Desk, page: Page) -> None:
    """Show a page of parameters and change one after another. Raises Cancelled when that is enough."""
    keeper = desk.parameters
    if keeper is None:
        await desk.refuse(page.title, "technician.in-the-file")
        return
    while True:
        try:
            ahead = await keeper.ahead()
        except (ParametersError, ConfigError):
            await desk.refuse(page.title, "parameters.not-taken")
            return
        lines = tuple(_line(desk, field, ahead) for field in page.fields)
        place = await desk.ask(ListPrompt("parameters.list", page.title, lines), desk.settings.timeouts.menu_s)
        try:
            await _edit_one(desk, keeper, page.fields[place], ahead)
        except Cancelled:
            continue  # one step back


async def changes(desk: Desk) -> None:
    """The latest changes; the chosen one is shown in full and may be taken back. Raises Cancelled."""
    keeper = desk.parameters
    if keeper is None:
        await desk.refuse(_CHANGES, "technician.in-the-file")
        return
    while True:
        try:
            latest = (await keeper.history())[: -_LISTED_MAX - 1 : -1]
        except ParametersError:
            await desk.refuse(_CHANGES, "parameters.not-taken")
            return
        if not latest:
            await desk.refuse(_CHANGES, "parameters.no-changes")
            return
        lines = tuple(f"{change.number} {_keys(change)} {_state(desk, change)}" for change in latest)
        place = await desk.ask(ListPrompt("parameters.changes", _CHANGES, lines), desk.settings.timeouts.menu_s)
        try:
            await _take_back(desk, keeper, latest[place])
        except Cancelled:
            continue


async def _edit_one(desk: Desk, keeper: ParameterKeeper, field: Field, ahead: Settings) -> None:
    answer = await _ask(desk, field, ahead)
    values = {field.key: field.typed(ahead, answer)}
    old, new = _shown(field, field.value(ahead), desk), _shown(field, answer, desk)
    await _confirm(desk, field.label, "parameters.confirm", (old or "–", f"→ {new}"))
    who = desk.acquirer.operator
    await _record(desk, field.label, lambda: keeper.change(values, who, Source.MENU))


async def _take_back(desk: Desk, keeper: ParameterKeeper, change: Change) -> None:
    lines = (f"{change.at} {change.who}", *keeper.lines(change))
    if not change.counts:
        screen = Screen("parameters.change", desk.texts.text(_CHANGES), _state(desk, change), lines=lines)
        await desk.tell(screen, desk.settings.timeouts.menu_s)
        return
    await _confirm(desk, _CHANGES, "parameters.take-back", lines)
    who = desk.acquirer.operator
    await _record(desk, _CHANGES, lambda: keeper.revert(change.number, who))


async def _record(desk: Desk, title: str, record: Callable[[], Any]) -> None:
    """Have it recorded; say its number and when it takes effect, or why it is not taken."""
    texts = desk.texts
    try:
        change: Change = await record()
    except ConfigError as error:
        # What is expected stands in the schema's words, which are those of the configuration's reference.
        lines = tuple(f"{problem.key}: {problem.expected}" for problem in error.problems[:2])
        screen = Screen(
            "parameters.refused", texts.text(title), texts.text("parameters.not-valid"), lines=lines, tone=Tone.WARNING
        )
        await desk.tell(screen, desk.settings.timeouts.menu_s)
        return
    except Refused as refused:
        await desk.refuse(title, f"parameters.refused.{refused.refusal}")
        return
    except ParametersError:
        await desk.refuse(title, "parameters.not-taken")
        return
    effect = effect_text(change) if change.counts else "parameters.state.withdrawn"
    screen = Screen(
        "parameters.recorded",
        texts.text(title),
        texts.text("parameters.recorded", number=change.number),
        lines=(texts.text(effect),),
        tone=Tone.GOOD,
    )
    await desk.tell(screen, desk.settings.timeouts.outcome_s)


async def _ask(desk: Desk, field: Field, ahead: Settings) -> str:
    """What is typed or chosen. Raises Cancelled."""
    wait_s = desk.settings.timeouts.menu_s
    if field.kind is Kind.CHOICE:
        names = tuple(Translator(choice).text("language.name") for choice in field.choices)
        chosen = await desk.ask(ChoosePrompt("parameters.choose", field.label, names), wait_s)
        return field.choices[names.index(chosen)]
    if field.kind is Kind.AMOUNT:
        currency = CURRENCIES[desk.acquirer.profile.currency]
        return str(await desk.ask(AmountPrompt(field.label, currency, AMOUNT_MAX_MINOR), wait_s))
    if field.kind is Kind.TEXT:
        entry = TextEntry(field.most, str(field.value(ahead) or ""))
        return await desk.ask(TextPrompt("parameters.text", field.label, "parameters.enter", entry), wait_s)
    prompt = DigitsPrompt("parameters.digits", field.label, "parameters.enter", field.most, field.least)
    return await desk.ask(prompt, wait_s)


async def _confirm(desk: Desk, title: str, instruction: str, lines: tuple[str, ...]) -> None:
    texts = desk.texts
    screen = Screen("parameters.confirm", texts.text(title), texts.text(instruction), lines=lines, tone=Tone.WARNING)
    await desk.ask(Confirm(screen), desk.settings.timeouts.menu_s)


def _line(desk: Desk, field: Field, ahead: Settings) -> str:
    """The parameter with its value; marked when it is not in force yet."""
    words = [desk.texts.text(field.label), _shown(field, field.value(ahead), desk)]
    if field.value(ahead) != field.value(desk.settings):
        words.append(f"({desk.texts.text('parameters.state.waiting')})")
    return " ".join(filter(None, words))


def _shown(field: Field, value: Any, desk: Desk) -> str:
    """A value in words; empty for none."""
    if value is None:
        return ""
    if field.kind is Kind.AMOUNT:
        return format_amount(int(value), CURRENCIES[desk.acquirer.profile.currency])
    if field.kind is Kind.CHOICE:
        return Translator(value).text("language.name")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _keys(change: Change) -> str:
    first, *more = change.new or ("–",)
    return f"{first} +{len(more)}" if more else first


def _state(desk: Desk, change: Change) -> str:
    return desk.texts.text(f"parameters.state.{change.state}")
