"""A screen on every kind of display, and what is heard of it."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from config.devices import CustomerDisplay, Devices, Display
from terminal.screens.blocks import blocks_of
from terminal.screens.displays import DISPLAYS, blocks_display, displays_of, size_for
from terminal.screens.face import Face
from terminal.screens.few_lines import customer_rows, draw_few_lines
from terminal.screens.render import SMALL, Size, draw
from terminal.screens.screen import Screen, Tone
from terminal.screens.sound import Sound
from terminal.screens.texts import LANGUAGES
from terminal.screens.theme import THEMES
from tools.gallery.scenes import scenes

EN = dict(scenes("en"))


def rgb565(data, width, height):
    """A panel's memory as the picture a person sees."""
    picture = Image.new("RGB", (width, height))
    values = [int.from_bytes(data[start : start + 2], "little") for start in range(0, len(data), 2)]
    picture.putdata([(value >> 11 << 3, (value >> 5 & 63) << 2, (value & 31) << 3) for value in values])
    return picture


def test_a_colour_panel_shows_the_picture(tmp_path):
    path = tmp_path / "fb0"
    (show,) = displays_of(Devices(display=Display("framebuffer", f"file:{path}?320x240xRGB565")))
    show(EN["approved"])
    expected = draw(EN["approved"], Size(*size_for(320, 240))).point(lambda value: value & 0xF8)
    shown = rgb565(path.read_bytes(), 320, 240).point(lambda value: value & 0xF8)
    assert shown.tobytes() == expected.tobytes()


def test_the_small_panel_is_drawn_as_in_the_gallery():
    assert Size(*size_for(320, 240)) == SMALL


def test_a_panel_of_any_size_is_filled(tmp_path):
    for width, height in ((240, 320), (480, 272), (800, 480), (1024, 600)):
        (show,) = displays_of(
            Devices(display=Display("framebuffer", f"file:{tmp_path / 'fb'}?{width}x{height}xXRGB8888"))
        )
        show(EN["undoing"])
        assert len((tmp_path / "fb").read_bytes()[: width * height * 4]) == width * height * 4


def test_theme_and_letters_are_chosen_in_the_configuration(tmp_path):
    path = tmp_path / "fb"
    (show,) = displays_of(
        Devices(display=Display("framebuffer", f"file:{path}?320x240xRGB888", theme="contrast", text="large"))
    )
    show(EN["approved"])
    expected = draw(EN["approved"], Size(*size_for(320, 240, "large")), THEMES["contrast"])
    assert path.read_bytes() == expected.tobytes("raw", "BGR")


def test_a_monochrome_panel_gets_the_few_lines_that_matter(tmp_path):
    path = tmp_path / "fb1"
    (show,) = displays_of(Devices(display=Display("framebuffer", f"file:{path}?128x64xMONO")))
    show(EN["approved"])
    assert path.read_bytes() == draw_few_lines(EN["approved"]).tobytes("raw", "1;R")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_looks_different_on_few_dots(language):
    """Also on 128×64, no screen can be taken for another one: nothing that tells them apart is cut off."""
    pictures = {}
    for _, screen in scenes(language):
        pictures.setdefault(draw_few_lines(screen).tobytes(), set()).add(screen)
    assert [
        names for names in pictures.values() if len({replace(s, status=Screen("", "").status) for s in names}) > 1
    ] == []


def test_half_blocks_are_two_dots_a_character():
    picture = Image.new("1", (3, 3), 0)
    for place in ((0, 0), (1, 1), (2, 0), (2, 1), (0, 2)):
        picture.putpixel(place, 255)
    assert blocks_of(picture) == "▀▄█\n▀  "


def test_a_console_can_show_the_small_panel_in_half_blocks():
    out = io.StringIO()
    blocks_display(out)(EN["amount-typed"])
    rows = out.getvalue().rstrip("\n").split("\n")
    assert {len(row) for row in rows} == {128} and len(rows) == 32


def test_the_customer_sees_amount_and_shop_but_no_menu():
    assert customer_rows(EN["amount-typed"]) == ("Sale" + " " * 16, "RMB 128.50".rjust(20))
    assert customer_rows(EN["idle"])[0].startswith("示范商店")
    assert customer_rows(EN["menu.manage"]) is None
    assert customer_rows(EN["totals"]) is None


def test_the_customers_display_stands_beside_the_merchants(tmp_path):
    devices = Devices(
        display=Display("framebuffer", f"file:{tmp_path / 'fb'}?128x64xMONO"),
        customer_display=CustomerDisplay("line", f"file:{tmp_path / 'line'}"),
    )
    for show in displays_of(devices):
        show(EN["amount-typed"])
        show(EN["menu.main"])
    assert (tmp_path / "line").read_bytes().endswith(b"RMB 128.50")


def test_every_driver_of_the_configuration_is_there():
    import typing

    declared = typing.get_args(typing.get_args(typing.get_type_hints(Display, include_extras=True)["driver"])[0])
    assert set(declared) == set(DISPLAYS)


def test_a_result_is_heard_once_and_a_key_always_the_same():
    heard = []
    face = Face([], heard.append)
    face.show(EN["amount"])
    face.pressed()
    face.show(EN["approved"])
    face.show(replace(EN["approved"], countdown_s=9))
    face.show(replace(EN["approved"], countdown_s=8))
    face.show(EN["declined"])
    face.show(EN["processing"])
    assert heard == [Sound.KEY, Sound.GOOD, Sound.BAD]


def test_good_and_bad_news_sound_different_for_who_cannot_see():
    good, bad = Sound.GOOD.tones, Sound.BAD.tones
    assert len([hertz for hertz, _ in good if hertz]) == 2 and len(bad) == 1
    assert min(hertz for hertz, _ in good if hertz) > 4 * bad[0][0]


def test_a_silent_terminal_is_silent():
    face = Face([])
    face.pressed()
    face.show(Screen("x", "Title", tone=Tone.BAD))
