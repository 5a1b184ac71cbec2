"""Nothing is cut off and nothing overlaps, on any display, in any language."""

from dataclasses import replace
from datetime import datetime
from itertools import combinations

import pytest

from drivers.access import RULES
from terminal.flows.diagnosis import result_screen
from terminal.prompts import Notice
from terminal.screens.place import LARGE_TYPE, SMALL, WIDE, Code, Text, placed
from terminal.screens.screen import MenuItem, Screen, Status, Tone
from terminal.screens.texts import LANGUAGES, Translator
from terminal.service.doctor import Finding, State, Step
from terminal.service.doctor_faults import FAULTS
from terminal.service.doctor_report import Report
from tools.catalogues import FOLDER, read_po
from tools.gallery.scenes import scenes

SIZES = {"small": SMALL, "large type": LARGE_TYPE, "wide": WIDE}
BUSY = Status(
    "down", signed_on=True, operator="01", clock="10:12", reversals=12, offline=7, alerts=("printer", "scanner")
)
KEYS = sorted(key for key in read_po((FOLDER / "en" / "LC_MESSAGES" / "countertop.po").read_text("utf-8")) if key)
MOST_WORDS = 8
GAPS = {
    "stan": "000002", "batch": "000001", "slot": "mac", "kcv": "82E136CD", "count": 1234, "code": "Z9",
    "amount": "RMB 9999999.99", "kind": "",
}  # fmt: skip


def text(texts, key):
    class Anything(dict):
        def __missing__(self, name):
            return "000002"

    return texts._catalogue.gettext(key).format_map(Anything(GAPS))


def faults(screen, size):
    marks = placed(screen, size)
    lines = [mark for mark in marks if isinstance(mark, Text)]
    found = []
    for line in lines:
        left, top, right, bottom = line.box
        if left < 0 or top < 0 or right > size.width or bottom > size.height:
            found.append(f"{line.text!r} leaves the display")
    boxes = [(line.text, line.box) for line in lines if line.text.strip()]
    boxes += [
        ("code", (mark.x, mark.y, mark.x + mark.side, mark.y + mark.side)) for mark in marks if isinstance(mark, Code)
    ]
    for mark in marks:
        if isinstance(mark, Code) and not size.bar <= mark.y <= mark.y + mark.side <= size.height - size.bar:
            found.append("the code leaves its room")
    for (one, a), (other, b) in combinations(boxes, 2):
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] - 1 and b[1] < a[3] - 1:
            found.append(f"{one!r} overlaps {other!r}")
    wanted = [screen.title, screen.amount, screen.instruction, *screen.lines, *(item.label for item in screen.menu)]
    shown = "".join(line.text for line in lines).replace(" ", "")
    found += [f"{words!r} is not wholly shown" for words in wanted if words.replace(" ", "") not in shown]
    return found


@pytest.mark.parametrize("size", ["small", "large type"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_result_of_the_fault_doctor_fits_with_its_code(language, size):
    """Those with the most words; the others are shorter."""
    texts, results = Translator(language), []
    for fault in FAULTS.values():
        rule = fault.words == "device-refused"
        what = RULES["usb-printer"].line if rule else "pos-backup.acquirer.example:18583"
        finding = Finding(Step("host", "connect", None), State.FAULT, what, fault)
        report = Report("CT-0000001", "10000001", datetime(2026, 11, 24, 10, 12, 36), (finding,) * 6)
        results.append(Notice(result_screen(texts, report)).screen(texts))
    longest = sorted(results, key=lambda screen: len(screen.title + screen.instruction))[-MOST_WORDS:]
    found = {screen.title: faults(screen, SIZES[size]) for screen in longest}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_fits(language, size):
    found = {
        name: faults(screen, SIZES[size])
        for name, plain in scenes(language)
        for screen in (plain, replace(plain, status=BUSY, countdown_s=10))
    }
    assert {name: fault for name, fault in found.items() if fault} == {}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_fits_wherever_it_may_stand(language, size):
    """As title, instruction and reason of a screen with amount and both keys, which is the fullest there is."""
    texts = Translator(language)
    hints = (texts.text("key.cancel"), texts.text("key.menu"))
    found = {}
    for key in KEYS:
        if key.startswith("slip."):
            continue
        words = text(texts, key)
        screen = Screen("any", words, words, (words,), "RMB 9999999.99", hints=hints, tone=Tone.WARNING, status=BUSY)
        found[key] = faults(screen, SIZES[size])
    assert {key: fault for key, fault in found.items() if fault} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_fits_a_full_menu_of_two_columns(language):
    texts = Translator(language)
    labels = [text(texts, key) for key in KEYS if key.startswith("menu.")]
    for start in range(0, len(labels), 9):
        items = tuple(MenuItem(str(place + 1), label) for place, label in enumerate((labels * 2)[start : start + 9]))
        assert faults(Screen("menu", "Menu", menu=items, hints=("X", "Y")), SMALL) == []


def test_a_code_leaves_room_for_its_words():
    screen = Screen(
        "code", "Pay here", "Scan with your phone", amount="RMB 128.50", qr="https://pay.example/t/0123456789"
    )
    assert faults(screen, SMALL) == []


def test_letters_being_typed_show_which_set_is_active():
    screen = Screen("word", "Name", "Type", entry="corner shop 12", character_set="abc", hints=("No", "OK"))
    assert faults(screen, SMALL) == []
    assert any(isinstance(mark, Text) and mark.text == "abc" for mark in placed(screen, SMALL))


def test_the_longest_merchant_name_fits_the_idle_screen():
    assert faults(Screen("idle", "示范商店" * 10, "按确认键进入菜单", hints=("", "菜单")), SMALL) == []
    assert faults(Screen("idle", "W" * 40, "Press OK for the menu", hints=("", "Menu")), SMALL) == []
