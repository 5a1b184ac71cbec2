"""What a key ceremony shows, from its view: on the terminal's screen and, line by line, on a console."""

from __future__ import annotations

from keys import State, View
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator

__all__ = ["ceremony_screen", "pairing_screen"]

_TITLE = "ceremony.title"
_GOOD, _BAD = frozenset({State.STORED}), frozenset({State.LOCKED, State.REFUSED})


def ceremony_screen(texts: Translator, view: View) -> Screen:
    """The present state: what is asked, what is known, what was wrong. Never a component or a key."""
    say, state, plan = texts.text, view.state, view.plan
    instruction, lines = _instruction(texts, view), []
    if view.notice:
        lines.append(say(f"ceremony.notice.{view.notice}"))
    if state is State.FIRST_CUSTODIAN and not view.notice:
        if plan.rehearsal:
            lines.append(say("ceremony.rehearsal"))
        elif plan.erases_others:
            lines.append(say("ceremony.erases"))
    if view.component_kcv is not None:
        lines.append(say("ceremony.component-kcv", component=view.component, kcv=view.component_kcv))
    if view.key_kcv is not None and (state is State.KEY_CHECK or state in _GOOD | _BAD):
        lines += _key_lines(texts, view)
    if view.over:
        lines += _ending(texts, view)
    tone = Tone.GOOD if state in _GOOD else Tone.BAD if state in _BAD else Tone.NEUTRAL
    if state is State.EXPIRED or view.notice:
        tone = Tone.WARNING
    if state in (State.STORING, State.DELIVERY):
        tone = Tone.BUSY
    return Screen(f"ceremony.{state}", say(_TITLE), instruction, tuple(lines), tone=tone)


def pairing_screen(texts: Translator, number: str) -> Screen:
    """The line's number, to be compared with the key-loading device; without one the device is waited for."""
    if not number:
        return Screen("ceremony.connect", texts.text(_TITLE), texts.text("ceremony.connect"), tone=Tone.BUSY)
    return Screen("ceremony.pairing", texts.text(_TITLE), texts.text("ceremony.pairing"), amount=number)


def _instruction(texts: Translator, view: View) -> str:
    if view.state is State.HAND_OVER:
        return texts.text("ceremony.password", custodian=view.custodian)
    if view.state is State.COMPONENT:
        return texts.text(
            "ceremony.component",
            custodian=view.custodian,
            component=view.component,
            components=view.plan.components,
        )
    if view.state is State.STORED and view.plan.rehearsal:
        return texts.text("ceremony.rehearsed")
    return texts.text(f"ceremony.{view.state}")


def _key_lines(texts: Translator, view: View) -> list[str]:
    lines = [
        texts.text("ceremony.component-kcv", component=place, kcv=kcv)
        for place, kcv in enumerate(view.component_kcvs, 1)
        if view.state is State.KEY_CHECK and len(view.component_kcvs) > 1
    ]
    lines.append(texts.text("ceremony.kcv", kcv=view.key_kcv))
    if view.plan.expected_kcv:
        lines.append(texts.text("ceremony.expected-kcv", kcv=view.plan.expected_kcv.upper()))
    return lines


def _ending(texts: Translator, view: View) -> list[str]:
    if view.reason:
        return [texts.text(f"ceremony.reason.{view.reason}")]
    if view.state is State.STORED and not view.plan.rehearsal:
        in_use = ["ceremony.in-use"] if view.plan.erases_others else []
        return [texts.text(name) for name in (*in_use, "ceremony.slip")]
    return []
