"""Screens of the flows beside the sale: one row a screen, with the catalogue's keys and the day's values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from terminal.domain.money import format_amount
from terminal.flows.devices import devices_screen
from terminal.flows.parameter_fields import COMMUNICATION, HOST_TIMES, LANGUAGES, LIMITS, MERCHANT, OFFLINE, TIMES
from terminal.flows.parameters import ListPrompt
from terminal.flows.switches import SWITCHED
from terminal.prompts import AmountPrompt, Confirm, DigitsPrompt, MenuPrompt, Notice, PresentPrompt
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator
from terminal.secret_prompt import SecretPrompt
from terminal.service.doctor_faults import FAULTS
from terminal.service.doctor_wear import Use
from terminal.text_prompt import TextEntry, TextPrompt
from tools.gallery import samples

__all__ = ["flow_scenes"]

_AMOUNT = format_amount(samples.PIN_SALE.amount_minor, samples.CURRENCY)
_ACCOUNT, _OTHER = samples.PIN_SALE.account, "621234******0095"
_OPERATOR, _WAITING, _ORDER = "operator.title", "menu.manage.waiting", "qr-order.title"
_BUSY, _NOTICE, _CONFIRM, _SHOWN = range(4)
Said = tuple[str, Mapping[str, object]] | str
"""A key with its values, or without any."""


@dataclass(frozen=True, slots=True)
class _Scene:
    name: str
    title: str
    instruction: Said = ""
    lines: tuple[Said, ...] = ()
    tone: Tone = Tone.NEUTRAL
    kind: int = _NOTICE
    amount: str = ""
    plain: tuple[str, ...] = field(default=())
    """Lines that are data and no text."""
    qr: str = ""
    code: str = ""
    """Before the title: the fault doctor's."""


_OFFLINE = (
    ("waiting.reversals", {"count": 1, "tries": 2}),
    ("waiting.offline", {"count": 3, "most": 20}),
    ("waiting.sum", {"amount": "RMB 310.00", "most": "RMB 5000.00"}),
    ("waiting.age", {"hours": 2, "most": 24}),
)
_PAGES = {
    MERCHANT: ("999290054110001", "10000001", "示范商店 Corner Shop"),
    COMMUNICATION: ("192.168.100.100:8583", "pos.example.com:8583", "6000030000", "0003"),
    LIMITS: ("RMB 50000.00", "RMB 50000.00", "RMB 1000.00 ({waiting})", "15"),
    OFFLINE: ("RMB 10000.00", "RMB 50000.00", "50"),
    HOST_TIMES: ("10", "60 ({waiting})", "90"),
    TIMES: ("60", "60", "60", "60", "15"),
    LANGUAGES: ("中文", "English"),
}
"""What stands beside each line of a page."""
_USES = [
    Use("printer", True, "1412 m, 13204 ×", None, ""),
    Use("msr", True, "10466 ×, 3 %", FAULTS["msr-failing"], "12 %"),
    Use("scanner", True, "8011 ×, 1 %", None, ""),
    Use("keypad", True, "90412 ×", None, ""),
]
_CHANGES = {"7 host.address +2": "waiting", "6 response_s": "applied", "5 terminal.merchant_id": "failed"}
_SCENES = (
    _Scene("refused", "menu.void", "original.not-found", tone=Tone.WARNING),
    _Scene("original.confirm", "menu.void.sale", "original.confirm", ("kind.sale",), kind=_CONFIRM, amount=_AMOUNT,
           plain=(_ACCOUNT,)),
    _Scene("balance.shown", "balance.title", "balance.available", tone=Tone.GOOD, amount="RMB 1023.45"),
    _Scene("transfer.confirm", "transfer.title", "transfer.confirm",
           (("transfer.debit", {"account": _ACCOUNT}), ("transfer.credit", {"account": _OTHER})), kind=_CONFIRM,
           amount=_AMOUNT),
    _Scene("qr-order.code", _ORDER, "qr-order.scan", kind=_SHOWN, amount=_AMOUNT,
           qr="https://pay.example/order/1000000120261124101236"),
    _Scene("receipt", "receipt.title", "receipt.scan", amount=_AMOUNT, qr="RMB 128.50 2026/11/24 10:12 101236000002"),
    _Scene("settle.confirm", "settle.title", "settle.confirm",
           (("settle.debit", {"count": 3, "amount": "RMB 266.90"}),
            ("settle.credit", {"count": 0, "amount": "RMB 0.00"})), kind=_CONFIRM),
    _Scene("settle.busy", "settle.title", "processing.instruction", tone=Tone.BUSY, kind=_BUSY),
    _Scene("settle.done", "settle.title", "settle.done", ("settle.balanced",), Tone.GOOD),
    _Scene("settle.unfinished", "settle.title", "settle.unfinished", ("reason.no-link",), Tone.WARNING),
    _Scene("settle.refused", "settle.title", "settle.refused", ("reason.no-link",), Tone.WARNING),
    _Scene("details.queued", "menu.print", "details.queued"),
    _Scene("parameters.queued", "menu.print", "parameters.queued"),
    _Scene("last-batch.queued", "menu.print", ("totals.batch", {"batch": "000001"})),
    _Scene("operator.remove", _OPERATOR, ("operator.remove", {"number": "02"}), tone=Tone.WARNING, kind=_CONFIRM),
    _Scene("operator.saved", _OPERATOR, "operator.saved", tone=Tone.GOOD),
    _Scene("operator.removed", _OPERATOR, "operator.removed", tone=Tone.GOOD),
    _Scene("operator.unlocked", _OPERATOR, "operator.unlocked", tone=Tone.GOOD),
    _Scene("operator.list", _OPERATOR, plain=("01", "02", "03")),
    _Scene("locked", "menu.manage.lock", ("locked.instruction", {"operator": "01"}), kind=_CONFIRM),
    _Scene("diagnosis.busy", "menu.manage.diagnosis", "doctor.step.connect",
           ("doctor.step.space", "doctor.step.clock", "doctor.step.master-key", "doctor.step.name"), Tone.BUSY, _BUSY),
    _Scene("diagnosis.done", "menu.manage.diagnosis", "diagnosis.done", tone=Tone.GOOD, plain=("K3QF-7A2B",),
           qr="CT1 CT-0000001 10000001 2026-11-24T10:12:36 0.1.0 - K3QF-7A2B"),
    _Scene("diagnosis.failed", "doctor.cause.printer-cover", "doctor.do.printer-cover", tone=Tone.BAD,
           plain=("P06  N2V4-QK7D",), qr="CT1 CT-0000001 10000001 2026-11-24T10:12:36 0.1.0 P06 N2V4-QK7D", code="P06"),
    _Scene("diagnosis.warning", "doctor.cause.printer-paper-low", "doctor.do.printer-paper-low", tone=Tone.WARNING,
           plain=("P15  7YDM-R3ZA",), qr="CT1 CT-0000001 10000001 2026-11-24T10:12:36 0.1.0 P15 7YDM-R3ZA", code="P15"),
    _Scene("drawer.opened", "menu.other.drawer", "drawer.opened", tone=Tone.GOOD),
    _Scene("split.resume", "split.title", ("split.left", {"amount": "RMB 40.00"}),
           (("split.resume", {"amount": "RMB 100.00"}),), Tone.WARNING, _CONFIRM),
    _Scene("waiting.none", _WAITING, "waiting.none", tone=Tone.GOOD),
    _Scene("waiting.list", _WAITING, "waiting.send", _OFFLINE, Tone.WARNING, _CONFIRM),
    _Scene("waiting.busy", _WAITING, "processing.instruction", tone=Tone.BUSY, kind=_BUSY),
    _Scene("technician.shown", "menu.technician.communication", "technician.in-the-file",
           plain=("10.0.0.1:8583", "TPDU 6000030000", "10 s / 60 s")),
    _Scene("technician.clear", "menu.technician.clear", ("technician.clear", {"count": 2}),
           ("technician.money-stays",), Tone.WARNING, _CONFIRM),
    _Scene("parameters.confirm", "parameters.host-2", "parameters.confirm", tone=Tone.WARNING, kind=_CONFIRM,
           plain=("–", "→ 10.0.0.2:8583")),
    _Scene("parameters.change", "menu.parameters.changes", "parameters.state.withdrawn",
           plain=("2026-11-24T10:12:36 99", "response_s: 60 → 45")),
    _Scene("parameters.recorded", "parameters.amount-max", ("parameters.recorded", {"number": 7}),
           ("parameters.effect.settled",), Tone.GOOD),
    _Scene("parameters.refused", "parameters.response", "parameters.not-valid", tone=Tone.WARNING,
           plain=("response_s: seconds, up to 300",)),
    _Scene("out-of-service", "out-of-service.title", "out-of-service.journal.write",
           ("out-of-service.open-payment", "out-of-service.retry"), Tone.BAD, _SHOWN),
)  # fmt: skip


def flow_scenes(texts: Translator) -> Iterator[tuple[str, Screen]]:
    """Every screen with the name it has in the terminal."""
    for scene in _SCENES:
        yield scene.name, _drawn(scene, texts)
    yield from _asked(texts)


def _drawn(scene: _Scene, texts: Translator) -> Screen:
    def said(what: Said) -> str:
        key, values = (what, {}) if isinstance(what, str) else what
        return texts.text(key, **values) if key else ""

    mark = "✓ " if scene.name == "diagnosis.busy" else ""
    screen = Screen(
        scene.name,
        f"{scene.code} {said(scene.title)}".strip(),
        said(scene.instruction),
        lines=(*(f"{mark}{said(line)}" for line in scene.lines), *scene.plain),
        tone=scene.tone,
        amount=scene.amount,
        qr=scene.qr,
    )
    if scene.kind == _CONFIRM:
        return Confirm(screen).screen(texts)
    return Notice(screen).screen(texts) if scene.kind == _NOTICE else screen


def _asked(texts: Translator) -> Iterator[tuple[str, Screen]]:
    """Questions of the flows: numbers, passwords, amounts, cards, words."""
    for what, title, digits in (
        ("voucher", "menu.void.sale", "2"),
        ("rrn", "refund.title", "101236000002"),
        ("auth", "menu.pre-auth.complete", "205362"),
        ("date", "refund.title", "1124"),
        ("operator", _OPERATOR, "02"),
    ):
        yield f"ask.{what}", DigitsPrompt(f"ask.{what}", title, f"ask.{what}", 12, typed=digits).screen(texts)
    wrong = DigitsPrompt("ask.date", "refund.title", "ask.date", 4, typed="1332", wrong=True)
    yield "ask.date-wrong", wrong.screen(texts)
    number = SecretPrompt(
        "ask.card-number", "sale.title", "ask.card-number", 13, 19, "card.check-digit", amount=_AMOUNT, group=4
    )
    for _ in range(19):
        number.push("0")
    yield "ask.card-number", number.screen(texts)
    expiry = DigitsPrompt("ask.expiry", "sale.title", "ask.expiry", 4, typed="1235", about=_ACCOUNT)
    yield "ask.expiry", expiry.screen(texts)
    yield "reprint.batch", DigitsPrompt("reprint.batch", "menu.print.any", "reprint.batch", 6).screen(texts)
    password = SecretPrompt("operator.password", _OPERATOR, "operator.password", notice="operator.wrong")
    yield "operator.password", password.screen(texts)
    yield "operator.new", SecretPrompt("operator.new.02", _OPERATOR, "operator.new").screen(texts)
    for title in ("tip.title", "cash.title", "refund.title", "offline-sale.title", "split-part.title"):
        prompt = AmountPrompt(title, samples.CURRENCY, 9_999_999_99, samples.PIN_SALE.amount_minor)
        yield title.replace(".title", ".amount"), prompt.screen(texts)
    card = PresentPrompt("transfer.title", _AMOUNT, _unread, _unread, "transfer.from")
    yield "transfer.present", card.screen(texts)
    methods = (("1", "split.card"), ("2", "split.cash"))
    yield "split.method", MenuPrompt("split.method", "split.title", methods).screen(texts)
    yield "devices.shown", Notice(devices_screen(texts, _USES)).screen(texts)
    switches = tuple((str(index), f"switch.on.{kind}") for index, kind in enumerate(SWITCHED, 1))
    yield "technician.switches", MenuPrompt("technician.switches", "menu.technician.switches", switches).screen(texts)
    waiting = texts.text("parameters.state.waiting")
    for page, values in _PAGES.items():
        pairs = zip(page.fields, values, strict=True)
        listed = tuple(f"{texts.text(field.label)} {value.format(waiting=waiting)}" for field, value in pairs)
        yield page.title.replace("menu.", "parameters.list."), ListPrompt(page.title, page.title, listed).screen(texts)
    made = tuple(f"{change} {texts.text(f'parameters.state.{state}')}" for change, state in _CHANGES.items())
    yield "parameters.changes", ListPrompt("parameters.changes", "menu.parameters.changes", made).screen(texts)
    typed = DigitsPrompt("parameters.digits", "parameters.response", "parameters.enter", 3, typed="45")
    yield "parameters.digits", typed.screen(texts)
    word = TextPrompt("word", "menu.technician.merchant", "ask.operator", TextEntry(20, "Corner Shop", "abc"))
    yield "word", word.screen(texts)


def _unread(event: object) -> NoReturn:
    raise AssertionError("nothing is read in a picture")
