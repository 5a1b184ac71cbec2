"""Every text is there in every language, says the same, and can be drawn."""

import ast
import string
from pathlib import Path

import pytest

from drivers.events import MisScanReason, MisSwipeReason
from terminal.domain.card import CardRefusalReason
from terminal.domain.code import CodeRefusalReason
from terminal.domain.outcome import Result
from terminal.domain.record import UndoCause
from terminal.domain.transactions import TRANSACTIONS
from terminal.screens.font import font
from terminal.screens.texts import LANGUAGES, TextMissing, Translator
from tools.catalogues import FOLDER, compile_catalogue, read_po

TERMINAL = Path(__file__).resolve().parents[3] / "terminal"


def catalogue(language):
    messages = read_po((FOLDER / language / "LC_MESSAGES" / "countertop.po").read_text("utf-8"))
    messages.pop("")
    return messages


CATALOGUES = {language: catalogue(language) for language in LANGUAGES}
KEYS = sorted(set().union(*CATALOGUES.values()))


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_no_language_lacks_a_text_and_none_has_one_of_its_own():
    assert {language: sorted(set(KEYS) - set(texts)) for language, texts in CATALOGUES.items()} == {
        language: [] for language in LANGUAGES
    }


def test_no_text_is_empty():
    assert [(language, key) for language in LANGUAGES for key in KEYS if not CATALOGUES[language][key].strip()] == []


def test_a_text_has_the_same_gaps_in_every_language():
    differing = [
        key for key in KEYS if len({frozenset(fields(CATALOGUES[language][key])) for language in LANGUAGES}) > 1
    ]
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_terminal_loads_is_what_the_translators_wrote(language):
    """Mend it with: python -m tools.catalogues"""
    source = FOLDER / language / "LC_MESSAGES" / "countertop.po"
    assert source.with_suffix(".mo").read_bytes() == compile_catalogue(read_po(source.read_text("utf-8")))


def test_a_chinese_text_is_chinese_and_no_other_language_is():
    """An English text left in the Chinese catalogue would be a silent fall-back; slips repeat heads in English."""

    def has_han(text):
        return any("\u4e00" <= character <= "\u9fff" for character in text)

    latin = {key for key in KEYS if not has_han(CATALOGUES["zh"][key]) and any(map(str.isalpha, _words(key)))}
    assert latin == set()
    assert [key for language in ("en", "fi") for key in KEYS if has_han(CATALOGUES[language][key])] == []


def _words(key):
    return "".join(literal for literal, _, _, _ in string.Formatter().parse(CATALOGUES["zh"][key]))


SAME_IN_FINNISH = {"key.enter", "key.check-value", "menu.settings.wifi"}
"""Words that are the same in both languages."""


def test_no_finnish_text_is_an_english_one_left_over():
    """Nothing but gaps, numbers and the words known to be common may be equal."""

    def said(language, key):
        return "".join(literal for literal, _, _, _ in string.Formatter().parse(CATALOGUES[language][key])).strip()

    same = {
        key
        for key in KEYS
        if said("en", key) == said("fi", key) and any(character.isalpha() for character in said("en", key))
    }
    assert same <= SAME_IN_FINNISH


def asked_for():
    """Keys and beginnings of keys that the sources name in calls of ``text`` or ``say``."""
    for path in TERMINAL.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and _name(node.func) in ("text", "say"):
                match node.args[0]:
                    case ast.Constant(value=str(key)):
                        yield path.name, key, True
                    case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
                        yield path.name, start, False


def _name(function):
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_every_text_that_the_sources_ask_for_is_in_the_catalogue():
    asked = list(asked_for())
    assert len(asked) > 30, "the search finds the calls"
    missing = [
        (file, key)
        for file, key, whole in asked
        if (key not in KEYS if whole else not any(known.startswith(key) for known in KEYS))
    ]
    assert missing == []


COMPOSED = [
    *(f"misswipe.{reason}" for reason in MisSwipeReason),
    *(f"misscan.{reason}" for reason in MisScanReason),
    *(f"card.{reason}" for reason in CardRefusalReason),
    *(f"code.{reason}" for reason in CodeRefusalReason),
    *(f"kind.{kind}" for kind in TRANSACTIONS),
    *(f"outcome.{result}.{part}" for result in Result for part in ("title", "instruction")),
    *(f"reason.{cause}" for cause in (UndoCause.NO_ANSWER, UndoCause.LINK_LOST, UndoCause.BAD_REPLY)),
    *(f"reason.{cause}" for cause in (UndoCause.BAD_MAC, UndoCause.INTERRUPTED)),
]


@pytest.mark.parametrize("key", COMPOSED)
def test_every_reason_has_words(key):
    assert key in KEYS


def test_a_text_that_nobody_wrote_is_an_error_and_no_blank():
    with pytest.raises(TextMissing):
        Translator("fi").text("no.such-text")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_of_the_host_that_nobody_knows_is_told_by_its_number(language):
    assert "Z9" in Translator(language).text("response.Z9")


def drawn(text, size=24):
    return bytes(font(size).getmask(text, mode="1"))


NOTHING = {drawn("\U000f0000"), drawn("\ufffe")}
"""How a character looks that the font does not have."""


def undrawable(characters):
    return "".join(sorted(c for c in set(characters) if c.strip() and drawn(c) in NOTHING))


def test_the_search_for_missing_characters_finds_one():
    assert undrawable("a中\U000e0fff") == "\U000e0fff"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_character_of_the_texts_is_in_the_font(language):
    assert undrawable("".join(CATALOGUES[language].values()) + "●↺⇡✓×!…") == ""


def test_all_chinese_of_unicodes_first_block_prints_without_a_gap():
    """20902 characters: all that GB 2312 and GBK can say, names of people and places included."""
    assert undrawable(map(chr, range(0x4E00, 0x9FA6))) == ""
