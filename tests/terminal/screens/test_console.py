"""A console shows the whole screen, whatever its language."""

import io
from dataclasses import replace

import pytest

from terminal.screens.console import WIDTH, rows_of, text_of, width_of
from terminal.screens.face import Face, console_display
from terminal.screens.screen import Screen, Status, Tone
from terminal.screens.texts import LANGUAGES
from tools.gallery.scenes import scenes


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_is_a_box_of_equal_rows_with_all_its_words(language):
    for name, screen in scenes(language):
        box = text_of(screen)
        assert {width_of(row) for row in box.split("\n")} == {WIDTH + 2}, name
        flat = "".join(box.replace("│", "").split())
        for words in (screen.title, screen.amount, screen.instruction, *screen.lines, *screen.hints):
            assert "".join(words.split()) in flat, name


def test_the_status_says_what_is_open():
    status = Status("down", signed_on=True, operator="07", clock="10:12", reversals=2, offline=3, alerts=("paper",))
    first = text_of(Screen("idle", "Shop", status=status)).split("\n")[1]
    assert all(word in first for word in ("△", "↺2", "⇡3", "paper", "07", "10:12"))


def test_the_status_says_that_the_backup_host_is_used():
    first = text_of(Screen("idle", "Shop", status=Status("backup"))).split("\n")[1]
    assert "▲2" in first


def test_nobody_is_shown_as_operator_before_the_sign_on():
    assert "07" not in text_of(Screen("idle", "Shop", status=Status(operator="07")))


def test_a_long_text_is_broken_at_blanks_and_chinese_anywhere():
    assert rows_of("one two three", 8) == ["one two", "three"]
    assert rows_of("交易已撤销请勿重复刷卡", 10) == ["交易已撤销", "请勿重复刷", "卡"]
    assert rows_of("", 10) == []


def test_a_result_is_told_without_colour_and_with_it():
    screen = Screen("outcome.declined", "Declined", tone=Tone.BAD)
    assert "✘ Declined" in text_of(screen)
    assert "\x1b[31m" in text_of(screen, colour=True)
    assert "\x1b" not in text_of(screen)


def test_a_pin_is_shown_as_dots_and_nothing_else():
    pins = [screen for name, screen in scenes("en") if name == "pin"]
    assert [screen.entry for screen in pins] == ["●" * 6]
    assert "●●●●●●" in text_of(pins[0])


def test_the_console_is_written_only_when_something_has_changed():
    out = io.StringIO()
    face = Face([console_display(out)])
    screen = Screen("idle", "Shop")
    face.show(screen)
    once = out.getvalue()
    face.show(replace(screen))
    assert out.getvalue() == once
    face.show(replace(screen, title="Shop 2"))
    assert len(out.getvalue()) > len(once)
    assert "\x1b" not in out.getvalue(), "a file or pipe gets no control characters"
