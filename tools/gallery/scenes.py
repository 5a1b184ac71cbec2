"""The screens of the gallery: the terminal's own prompts and outcomes, and every page of the menu tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NoReturn

from drivers.events import Key, KeyPress, MisSwipe, MisSwipeReason
from terminal import VERSION
from terminal.domain.money import format_amount
from terminal.domain.outcome import Outcome, Result, outcome_of
from terminal.flows.menu import MAIN, Menu
from terminal.flows.outcome import outcome_screen, processing
from terminal.flows.settle import settle_screen
from terminal.flows.slips import totals_screen
from terminal.prompts import AmountPrompt, Confirm, DigitsPrompt, MenuPrompt, Notice, PinPrompt, PresentPrompt
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator
from tools.gallery import samples
from tools.gallery.flow_scenes import flow_scenes
from tools.gallery.key_scenes import key_scenes
from tools.gallery.network_scenes import network_scenes, network_status_of

__all__ = ["scenes"]

AMOUNT_MAX_MINOR = 9_999_999_99
PIN_DIGITS = 6
_AMOUNT = format_amount(samples.PIN_SALE.amount_minor, samples.CURRENCY)


def scenes(language: str) -> list[tuple[str, Screen]]:
    """Every screen with a name of its own, status bar filled in."""
    texts = Translator(language)
    found = [*_idle(texts), *_sale(texts), *_outcomes(texts), *_menus(texts), *_management(texts), *_reports(texts)]
    found += flow_scenes(texts)
    found += key_scenes(texts)
    found += network_scenes(texts)
    return [(name, _with_status(name, screen)) for name, screen in found]


def _with_status(name: str, screen: Screen) -> Screen:
    if name == "idle-trouble":
        return replace(screen, status=replace(samples.STATUS, link="down", reversals=1))
    return replace(screen, status=network_status_of(name, samples.STATUS))


def _idle(texts: Translator) -> Iterator[tuple[str, Screen]]:
    idle = Screen("idle", samples.MERCHANT.name, texts.text("idle.instruction"), hints=("", texts.text("key.menu")))
    yield "idle", idle
    yield "idle-trouble", idle
    yield "idle-amount-first", replace(idle, lines=(texts.text("idle.amount-first"),))


def _sale(texts: Translator) -> Iterator[tuple[str, Screen]]:
    amount = AmountPrompt("sale.title", samples.CURRENCY, AMOUNT_MAX_MINOR)
    yield "amount", amount.screen(texts)
    amount.amount_minor = samples.PIN_SALE.amount_minor
    yield "amount-typed", amount.screen(texts)
    yield "amount-countdown", replace(amount.screen(texts), countdown_s=7)
    present = PresentPrompt("sale.title", _AMOUNT, _unread, _unread)
    other = texts.next.text("language.name")
    yield "present", replace(present.screen(texts), other_language=other)
    present.take(MisSwipe("msr", MisSwipeReason.BAD_READ, 0.0))
    yield "present-again", present.screen(texts)
    yield "present-typing", replace(present, notice="", typing=True).screen(texts)
    for name, bypass in (("pin", False), ("pin-bypass", True)):
        pin = PinPrompt(_AMOUNT, samples.MERCHANT.name, 4, 12, bypass)
        if not bypass:
            for _ in range(PIN_DIGITS):
                pin.take(KeyPress(Key.D0, 0.0))
        yield name, replace(pin.screen(texts), other_language=other)
        pin.wipe()
    yield "processing", processing(texts, _AMOUNT)


def _unread(event: object) -> NoReturn:
    raise AssertionError(f"nothing is read in a picture: {type(event).__name__}")


def _outcomes(texts: Translator) -> Iterator[tuple[str, Screen]]:
    for name, outcome in (
        ("approved", outcome_of(samples.PIN_SALE)),
        ("declined", outcome_of(samples.DECLINED)),
        ("undoing", outcome_of(samples.UNDOING)),
        ("not-charged", outcome_of(samples.NOT_CHARGED)),
        ("not-sent", Outcome(Result.NOT_CHARGED, "reason.no-link")),
    ):
        screen = outcome_screen(texts, outcome)
        yield name, screen if outcome.result is Result.UNDOING else Notice(screen).screen(texts)


def _menus(texts: Translator) -> Iterator[tuple[str, Screen]]:
    waiting: list[Menu] = [MAIN]
    for menu in waiting:
        prompt = MenuPrompt(menu.name, menu.title, tuple((item.digit, item.label) for item in menu.items))
        yield menu.name, prompt.screen(texts)
        waiting += [item.leads_to for item in menu.items if isinstance(item.leads_to, Menu)]


def _management(texts: Translator) -> Iterator[tuple[str, Screen]]:
    say = texts.text
    checks = tuple(say("key.check-value", slot=slot, kcv=kcv) for slot, kcv in (("pin", "82E136"), ("mac", "5F2C11")))
    failed = (say("reason.no-link"),)
    for name in ("sign-on", "sign-off", "echo", "download", "status"):
        title = say(f"{name}.title")
        yield f"{name}.busy", Screen(f"{name}.busy", title, say("processing.instruction"), tone=Tone.BUSY)
        done = Screen(f"{name}.done", title, say(f"{name}.done"), checks if name == "sign-on" else (), tone=Tone.GOOD)
        yield f"{name}.done", Notice(done).screen(texts)
        wrong = Screen(f"{name}.failed", title, say(f"{name}.failed"), failed, tone=Tone.BAD)
        yield f"{name}.failed", Notice(wrong).screen(texts)


def _reports(texts: Translator) -> Iterator[tuple[str, Screen]]:
    say = texts.text
    number = DigitsPrompt("reprint.number", "menu.print.any", "reprint.number", 6, typed="000002")
    yield "reprint-number", number.screen(texts)
    queued = Screen("reprint.queued", say("menu.print"), say("reprint.queued", stan="000002"))
    yield "reprint-queued", Notice(queued).screen(texts)
    none = Screen("reprint.none", say("menu.print"), say("reprint.none"), tone=Tone.WARNING)
    yield "reprint-none", Notice(none).screen(texts)
    yield "totals", Notice(totals_screen(texts, samples.TOTALS, samples.CURRENCY)).screen(texts)
    yield "totals-foreign", Notice(totals_screen(texts, samples.TOTALS_WITH_FOREIGN, samples.CURRENCY)).screen(texts)
    confirm = Confirm(settle_screen(texts, samples.TOTALS_WITH_FOREIGN, samples.CURRENCY))
    yield "settle.confirm-foreign", confirm.screen(texts)
    identity = (samples.MERCHANT.terminal_id, samples.MERCHANT.merchant_id, "CT-0000001")
    version = Screen("version", say("menu.manage.version"), f"Countertop {VERSION}", identity)
    yield "version", Notice(version).screen(texts)
