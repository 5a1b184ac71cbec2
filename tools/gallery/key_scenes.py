"""The screens of a key ceremony and its slip, from the machine itself: the same at every drawing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drivers.events import Key, KeyPress
from keys import Kcv, Plan, Secret, State, View, Way
from keys.audit_chain import AuditLine
from keys.ceremony import Ceremony
from keys.custodians import NUMBER_DIGITS
from terminal.flows.custodians import password_prompt
from terminal.key_prompts import Attended, CheckPrompt, ChoosePrompt, HexPrompt
from terminal.prompts import Confirm, DigitsPrompt, MenuPrompt, Notice
from terminal.screens.ceremony import ceremony_screen, pairing_screen
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator
from terminal.slips.key_slip import key_slip
from terminal.slips.layout import Line
from tools.gallery import samples

__all__ = ["ceremony_slip", "key_scenes"]

_TYPED = 12
_FIRST = bytes.fromhex("7C1FA8B05E2394D6430B9AEC51F8276D")
_SECOND = bytes.fromhex("19D2647FB3A8E50C2E8F41D09763BC5A")
_PLAN = Plan("tmk", Way.KEYPAD)


def key_scenes(texts: Translator) -> Iterator[tuple[str, Screen]]:
    """From the first custodian to the key in its slot, and what can come between."""
    ceremony = Ceremony(_PLAN, 0.0)
    yield "keys.first-custodian", _number(texts, ceremony.view)
    ceremony.proven("11", 0.0)
    yield "keys.second-custodian", _number(texts, ceremony.view)
    ceremony.not_proven(0.0)
    yield "keys.wrong-password", _number(texts, ceremony.view)
    ceremony.proven("22", 0.0)
    yield "keys.hand-over", _beside(password_prompt("ceremony.password", "11").screen(texts), texts, ceremony.view)
    for name, part in (("first", _FIRST), ("second", _SECOND)):
        ceremony.proven(ceremony.turn, 0.0)
        prompt = HexPrompt(ceremony_screen(texts, ceremony.view), (2 * _PLAN.length_bytes,))
        for _ in range(_TYPED):
            prompt.take(KeyPress(Key.D0, 0.0))
        yield f"keys.component-{name}", prompt.screen(texts)
        prompt.wipe()
        ceremony.typed(Secret(part), 0.0)
        yield f"keys.check-{name}", CheckPrompt(ceremony_screen(texts, ceremony.view), again=True).screen(texts)
        ceremony.agree(0.0)
    yield "keys.check-key", CheckPrompt(ceremony_screen(texts, ceremony.view)).screen(texts)
    ceremony.agree(0.0)
    key = ceremony.key()
    if key is not None:
        key.wipe()
    ceremony.stored(0.0)
    stored = ceremony.view
    yield "keys.stored", Notice(ceremony_screen(texts, stored)).screen(texts)
    for state, reason in ((State.REFUSED, "kcv"), (State.EXPIRED, "idle"), (State.LOCKED, "locked")):
        ended = replace(stored, state=state, reason=reason, key_kcv=None)
        yield f"keys.{state}", Notice(ceremony_screen(texts, ended)).screen(texts)
    yield "keys.connect", CheckPrompt(pairing_screen(texts, "")).screen(texts)
    yield "keys.pairing", CheckPrompt(pairing_screen(texts, "482019")).screen(texts)
    yield "keys.view", _values(texts)
    yield from _others(texts)
    yield (
        "keys.enrol",
        DigitsPrompt("custodian.number", "custodian.title", "custodian.number", NUMBER_DIGITS, NUMBER_DIGITS).screen(
            texts
        ),
    )
    yield "keys.enrol-password", password_prompt("custodian.new", "11", "custodian.weak").screen(texts)
    yield (
        "out-of-service.self-test",
        Screen(
            "out-of-service",
            texts.text("out-of-service.title"),
            texts.text("out-of-service.self-test"),
            lines=(texts.text("out-of-service.open-payment"), texts.text("out-of-service.retry")),
            tone=Tone.BAD,
        ),
    )


def ceremony_slip(texts: Translator) -> list[Line]:
    """The slip of the ceremony above."""
    told = {
        "outcome": "stored", "way": "ceremony", "by": ["11", "22"], "key": "tmk/1", "usage": "K0", "algorithm": "tdes",
        "bits": 128, "component_kcvs": ["3F1A07 (TDES)", "C8D550 (TDES)"], "kcv": "5B20E9 (TDES)",
        "erased_others": True,
    }  # fmt: skip
    line = AuditLine(17, "2026-11-24T02:12:36+00:00", "ceremony-ended", told)
    return key_slip(line, 17, samples.MERCHANT, texts)


def _number(texts: Translator, view: View) -> Screen:
    name = f"ceremony.{view.state}"
    prompt = DigitsPrompt(name, "ceremony.title", name, NUMBER_DIGITS, NUMBER_DIGITS)
    return Attended(prompt, lambda: True, lambda: False, ceremony_screen(texts, view)).screen(texts)


def _beside(screen: Screen, texts: Translator, view: View) -> Screen:
    return replace(screen, lines=(*screen.lines, *ceremony_screen(texts, view).lines))


def _others(texts: Translator) -> Iterator[tuple[str, Screen]]:
    say = texts.text
    expected = Screen("ceremony.expected", say("ceremony.title"), say("ceremony.expected"))
    prompt = HexPrompt(expected, (0, 6, 8), masked=False)
    for key in (Key.D7, Key.D8, Key.STAR, Key.D6, Key.D1):
        prompt.take(KeyPress(key, 0.0))
    yield "keys.expected", prompt.screen(texts)
    count = (("2", "ceremony.count.two"), ("3", "ceremony.count.three"))
    yield "keys.count", MenuPrompt("ceremony.count", "ceremony.count", count).screen(texts)
    yield "keys.choose", ChoosePrompt("keys.choose", "keys.choose", ("mac", "pin", "tmk")).screen(texts)
    title = say("menu.keys.destroy")
    asked = Screen("keys.destroy", title, say("keys.destroy", slot="pin"), tone=Tone.WARNING)
    yield "keys.destroy", Confirm(asked).screen(texts)
    done = Screen("keys.destroyed", title, say("keys.destroyed"), lines=("pin",), tone=Tone.GOOD)
    yield "keys.destroyed", Notice(done).screen(texts)
    saved = Screen("custodian.saved", say("custodian.title"), say("custodian.saved"), tone=Tone.GOOD)
    yield "keys.enrolled", Notice(saved).screen(texts)


def _values(texts: Translator) -> Screen:
    rows = (("tmk", "K0", "5B20E9"), ("pin", "P0", "82E136"), ("mac", "M0", "5F2C11"))
    lines = tuple(
        texts.text("keys.row", slot=slot, usage=usage, kcv=Kcv(value, "legacy", "tdes")) for slot, usage, value in rows
    )
    return Notice(Screen("keys.view", texts.text("menu.keys.view"), lines=lines)).screen(texts)
