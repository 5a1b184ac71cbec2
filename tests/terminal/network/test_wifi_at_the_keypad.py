"""The pages of the Wi-Fi flow as machines without I/O: what is shown, what is answered, what is never seen."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import Key, KeyPress, MisSwipe, MisSwipeReason
from terminal.flows.wifi import PAGE, NetworksPrompt, password_prompt
from terminal.network.state import AccessPoint, Security
from terminal.prompts import Answer, Cancelled
from terminal.screens.texts import Translator
from terminal.text_prompt import SETS, TextEntry

EN = Translator("en")
SHOP = AccessPoint(b"Shop", 80, Security.PERSONAL)
MANY = tuple(AccessPoint(f"net {place}".encode(), 90 - place, Security.PERSONAL) for place in range(10))


def pressed(prompt, *keys, apart=2.0):
    """The last answer to some keys, each pressed so long after the other."""
    answer = None
    for place, key in enumerate(keys):
        answer = prompt.take(KeyPress(Key(key), place * apart))
    return answer


def labels(prompt):
    return [(item.key, item.label) for item in prompt.screen(EN).menu]


def test_a_page_of_the_list_turns_and_a_digit_chooses_from_the_page_that_is_seen():
    prompt = NetworksPrompt(MANY)
    assert labels(prompt) == [("1", "net 0"), ("2", "net 1"), ("3", "net 2"), ("4", "net 3"), ("9", "More"),
                              ("0", "Search again")]  # fmt: skip
    assert pressed(prompt, "9") is None
    assert labels(prompt)[0] == ("1", "net 4")
    assert pressed(prompt, "2") == Answer(MANY[5])
    pressed(prompt, "9")
    assert labels(prompt)[:3] == [("1", "net 8"), ("2", "net 9"), ("9", "More")]
    assert pressed(prompt, "3") is None, "there is no third on this page"
    pressed(prompt, "9")
    assert labels(prompt)[0] == ("1", "net 0")


def test_zero_looks_again_red_goes_back_and_a_card_is_no_answer():
    prompt = NetworksPrompt(MANY[:PAGE])
    assert all(key != "9" for key, _ in labels(prompt))
    assert pressed(prompt, "0") == Answer(None)
    assert pressed(prompt, "00") is None
    assert prompt.take(MisSwipe("msr", MisSwipeReason.BAD_READ, 0.0)) is None
    with pytest.raises(Cancelled):
        pressed(prompt, "cancel")


def test_an_empty_list_says_so_and_offers_another_look():
    assert labels(NetworksPrompt(())) == [("0", "None found: search again")]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"Shop\x1b[2J\x00", "Shop�[2J�"),
        (b"\xff\xfe", "��"),
        ("\u202eevil".encode(), "�evil"),
        (b"a very long name of a network", "a very long name of a…"),
    ],
)
def test_a_name_is_shown_as_letters_whatever_its_owner_put_in_it(name, shown):
    assert labels(NetworksPrompt((AccessPoint(name, 50, Security.OPEN),)))[0] == ("1", shown)


def test_a_password_is_dots_and_its_last_letter_which_no_copy_of_the_screen_keeps():
    prompt = password_prompt(SHOP)
    pressed(prompt, "star", "7", "3")
    screen = prompt.screen(EN)
    assert (screen.entry, screen.typed, screen.character_set, screen.secret) == ("●●", "●d", "abc", True)
    assert "d" not in repr(screen).partition("entry=")[2].partition("hints=")[0].replace("●", "")
    pressed(prompt, "star")
    assert prompt.screen(EN).typed == "●●"
    for hidden in (repr(prompt), repr(prompt._entry)):
        assert "pd" not in hidden


def test_a_letter_turns_into_the_next_one_of_its_key_and_yellow_takes_it_back():
    prompt = password_prompt(SHOP)
    prompt.take(KeyPress(Key.STAR, 0.0))
    for at in (1.0, 1.3, 1.6):
        prompt.take(KeyPress(Key.D7, at))
    assert prompt.screen(EN).typed == "r"
    prompt.take(KeyPress(Key.CLEAR, 2.0))
    assert prompt.screen(EN).typed == ""


def test_green_answers_with_eight_characters_and_not_before():
    prompt = password_prompt(SHOP)
    assert pressed(prompt, *"1234567", "enter") is None
    assert prompt.screen(EN).lines == ("The password has at least 8 characters",)
    answer = pressed(prompt, "8", "enter")
    with answer.value.open() as letters:
        assert letters == b"12345678"
    assert prompt.screen(EN).entry == "", "nothing of it stays"


def test_red_forgets_what_was_typed():
    prompt = password_prompt(SHOP)
    pressed(prompt, *"1234567")
    with pytest.raises(Cancelled):
        pressed(prompt, "cancel")
    assert prompt.screen(EN).entry == ""


PRINTABLE = sorted(set(string.printable) - set(string.whitespace) | {" "})


@given(st.text(PRINTABLE, min_size=8, max_size=63))
def test_every_password_that_a_router_takes_can_be_typed(password):
    entry, at = TextEntry(63), 0.0
    for letter in password:
        key, turns, name = next(
            (key, keys.index(letter), name)
            for name, letters in SETS.items()
            for key, keys in enumerate(letters)
            if letter in keys
        )
        while entry.active != name:
            entry.press(Key.STAR, at)
        at += 10
        for _ in range(turns + 1):
            entry.press(Key(str(key)), at)
    assert entry.text == password
