"""Twelve keys, all letters; amounts from the right."""

import pytest

from drivers.events import Key, KeyPress, MisSwipe, MisSwipeReason
from terminal.domain.money import CURRENCIES
from terminal.prompts import AmountPrompt, Cancelled
from terminal.screens.texts import Translator
from terminal.text_prompt import SETS, TextEntry, TextPrompt

EN = Translator("en")


def typed(*keys, apart=2.0, length_max=20):
    entry = TextEntry(length_max)
    for place, key in enumerate(keys):
        entry.press(Key(key), place * apart)
    return entry


def test_the_star_goes_through_the_sets_and_back():
    assert [typed(*["star"] * times).active for times in range(5)] == ["123", "abc", "ABC", ".@#", "123"]


def test_digits_are_digits_until_letters_are_wanted():
    assert typed("1", "2", "0").text == "120"
    assert typed("star", "2", "3").text == "ad"
    assert typed("star", "star", "2").text == "A"


def test_a_quick_second_press_takes_the_next_letter_of_the_key():
    assert typed("star", "2", "2", "2", apart=0.3).text == "c"
    assert typed("star", "2", "2", apart=2.0).text == "aa"
    assert typed("star", "2", "2", "2", "2", "2", apart=0.3).text == "a"


def test_digits_never_turn_into_each_other():
    assert typed("1", "1", "1", apart=0.1).text == "111"


def test_hash_is_a_blank_and_yellow_takes_back():
    assert typed("1", "hash", "2").text == "1 2"
    assert typed("1", "2", "clear").text == "1"
    assert typed("star", "2", "clear", "2", apart=0.3).text == "a"


def test_a_full_field_takes_no_more_but_its_last_letter_may_turn():
    assert typed("1", "2", "3", length_max=2).text == "12"
    assert typed("star", "2", "3", "3", length_max=2, apart=0.3).text == "ae"


def test_every_character_of_an_address_can_be_typed():
    reachable = {character for keys in SETS.values() for letters in keys for character in letters}
    assert set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-_@/:+*#()=&!?'\"%;") <= reachable


def test_a_word_is_asked_for_and_a_swipe_types_nothing():
    prompt = TextPrompt("word", "menu.print", "reprint.number", TextEntry(10))
    assert prompt.take(MisSwipe("msr", MisSwipeReason.BAD_READ, 0.0)) is None
    assert prompt.take(KeyPress(Key.ENTER, 0.0)) is None
    for key in ("star", "6", "5"):
        prompt.take(KeyPress(Key(key), 1.0))
    assert (prompt.screen(EN).entry, prompt.screen(EN).character_set) == ("mj", "abc")
    assert prompt.take(KeyPress(Key.ENTER, 2.0)).value == "mj"
    with pytest.raises(Cancelled):
        prompt.take(KeyPress(Key.CANCEL, 3.0))


@pytest.mark.parametrize(
    ("currency", "steps"),
    [
        ("156", ["RMB 0.00", "RMB 0.01", "RMB 0.12", "RMB 12.00", "RMB 1.20"]),
        ("392", ["JPY 0", "JPY 1", "JPY 12", "JPY 1200", "JPY 120"]),
        ("414", ["KWD 0.000", "KWD 0.001", "KWD 0.012", "KWD 1.200", "KWD 0.120"]),
    ],
)
def test_an_amount_grows_from_the_right_as_the_currency_has_it(currency, steps):
    prompt = AmountPrompt("sale.title", CURRENCIES[currency], 99_999_999)
    seen = [prompt.screen(EN).amount]
    for key in ("1", "2", "00", "clear"):
        prompt.take(KeyPress(Key(key), 0.0))
        seen.append(prompt.screen(EN).amount)
    assert seen == steps
