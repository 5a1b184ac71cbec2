"""What a blind customer hears: amount, question, result; never a digit of a PIN or a card."""

import asyncio
import os
import shutil
import subprocess
from dataclasses import replace

import pytest

from drivers.speech import VOICES, Voice
from terminal.screens.displays import voice_display
from terminal.screens.spoken import spoken
from terminal.screens.texts import LANGUAGES, Translator
from tools.gallery.scenes import scenes

EN = dict(scenes("en"))
FOR_CUSTOMER = {name: replace(EN[name], language="en") for name in ("present", "present-again", "pin")}


class Heard:
    def __init__(self):
        self.words = []

    def say(self, text, language):
        self.words.append((language, text))


def said(screen, language="en"):
    return spoken(screen, Translator(language))


def test_amount_and_question_are_said_to_the_customer():
    words = said(FOR_CUSTOMER["present"])
    assert "128.50 yuan" in words and words.endswith(EN["present"].instruction)
    assert said(EN["amount-typed"]) == "", "the merchant types; nobody has to hear it"


@pytest.mark.parametrize("name", ["approved", "declined", "undoing", "not-charged"])
def test_every_result_is_said_with_its_amount(name):
    words = said(EN[name])
    assert words.startswith(EN[name].title) and "yuan" in words


def test_nothing_typed_and_nothing_of_a_card_is_ever_said():
    for name, plain in EN.items():
        screen = replace(plain, language="en", entry="4711", lines=("621234******0012",))
        words = said(screen)
        assert "4711" not in words and "0012" not in words, name


def test_a_question_is_said_once_however_many_digits_are_typed():
    heard = Heard()
    show = voice_display(heard, "fi")
    for count in range(6):
        show(replace(FOR_CUSTOMER["pin"], entry="●" * count, countdown_s=10 - count))
    show(EN["processing"])
    show(EN["approved"])
    show(replace(EN["approved"], countdown_s=3))
    assert [language for language, _ in heard.words] == ["en", "fi"]


def test_every_language_has_a_voice():
    assert set(VOICES) == set(LANGUAGES)


async def until(reached):
    async with asyncio.timeout(20):
        while not reached():  # noqa: ASYNC110 - another process writes a file
            await asyncio.sleep(0.01)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def make(name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        return tmp_path

    return make


def test_words_are_an_argument_and_never_a_command(programs):
    folder = programs("voice", 'printf "%s\\n" "$@" > "$0.said"; mv "$0.said" "$0.done"')

    async def story():
        voice = Voice("voice")
        voice.say("-w /etc/passwd; rm -rf / $(id)", "zh")
        await until((folder / "voice.done").exists)

    asyncio.run(story())
    assert (folder / "voice.done").read_text().splitlines() == [
        "-v", "cmn", "-s", "150", "--", "-w /etc/passwd; rm -rf / $(id)",
    ]  # fmt: skip


def test_newer_words_interrupt_older_ones_and_nothing_is_left_running(programs):
    folder = programs("voice", 'echo $$ > "$0.$6"; exec sleep 600')

    def runs(word):
        path = folder / f"voice.{word}"
        return path.exists() and path.read_text().strip()

    def gone(word):
        try:
            os.kill(int((folder / f"voice.{word}").read_text()), 0)
        except ProcessLookupError:
            return True
        return False

    async def story():
        voice = Voice("voice")
        voice.say("one", "en")
        await until(lambda: runs("one"))
        voice.say("two", "en")
        await until(lambda: gone("one") and runs("two"))
        voice.close()
        await until(lambda: gone("two"))

    asyncio.run(story())


def test_where_no_voice_is_installed_it_is_silent():
    async def story():
        voice = Voice("no-such-voice")
        assert not voice.there
        voice.say("nothing", "en")
        voice.close()

    asyncio.run(story())


@pytest.mark.parametrize("language", LANGUAGES)
def test_espeak_knows_the_voice_and_makes_sound_of_every_result(language, tmp_path):
    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("espeak-ng is not installed")
    screens = dict(scenes(language))
    for name in ("approved", "declined"):
        sound = tmp_path / f"{name}.wav"
        words = spoken(screens[name], Translator(language))
        subprocess.run([program, "-v", VOICES[language], "-w", sound, "--", words], check=True, timeout=60)
        assert sound.stat().st_size > 20_000, "more than half a second of it"
