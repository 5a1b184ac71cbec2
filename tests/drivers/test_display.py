"""Panels get the pixels their format asks for; a line display gets two whole rows."""

import asyncio
import struct

import pytest
from PIL import Image

from drivers import display_line
from drivers.beeper import Beeper
from drivers.display_framebuffer import DisplayTrouble, Framebuffer, Geometry, geometry_of, pixels
from drivers.display_line import LineDisplay, text_bytes
from drivers.health import HealthLevel, Verdict
from drivers.input_stream import EVENT_BYTES


def variable(width, height, bits, red=0):
    fields = [width, height, width, height, 0, 0, bits, 0, red, 5, 0, 5, 6, 0, 0, 5, 0, 0, 0, 0]
    return struct.pack("=40I", *fields, *[0] * 20)


def fixed(stride, visual=2):
    return struct.pack("@16sLIIIIHHHI", b"panel", 0, 0, 0, 0, visual, 0, 0, 0, stride) + bytes(64)


@pytest.mark.parametrize(
    ("bits", "red", "name"), [(16, 11, "RGB565"), (32, 16, "XRGB8888"), (32, 0, "XBGR8888"), (24, 16, "RGB888")]
)
def test_the_kernels_words_name_the_format(bits, red, name):
    assert geometry_of(variable(320, 240, bits, red), fixed(1280)) == Geometry(320, 240, 1280, name)


def test_a_monochrome_panel_may_have_dark_for_one():
    assert not geometry_of(variable(128, 64, 1), fixed(16, visual=1)).inverted
    assert geometry_of(variable(128, 64, 1), fixed(16, visual=0)).inverted


def test_a_format_we_do_not_write_is_refused_with_what_to_do():
    with pytest.raises(DisplayTrouble) as caught:
        geometry_of(variable(320, 240, 8), fixed(320))
    assert "fbset" in caught.value.remedy


def dot(colour, format, **options):
    return pixels(
        Image.new("RGB", (1, 1), colour), Geometry(1, 1, {"RGB565": 2, "RGB888": 3}.get(format, 4), format, **options)
    )


@pytest.mark.parametrize(
    ("colour", "value"),
    [
        ((255, 0, 0), 0xF800),
        ((0, 255, 0), 0x07E0),
        ((0, 0, 255), 0x001F),
        ((255, 255, 255), 0xFFFF),
        ((8, 4, 8), 0x0821),
    ],
)
def test_colours_in_sixteen_bits(colour, value):
    assert dot(colour, "RGB565") == value.to_bytes(2, "little")


def test_every_colour_keeps_its_highest_bits_in_sixteen():
    for red in range(0, 256, 37):
        for green in range(0, 256, 29):
            for blue in range(0, 256, 41):
                expected = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
                assert dot((red, green, blue), "RGB565") == expected.to_bytes(2, "little")


def test_colours_in_four_and_three_bytes():
    assert dot((1, 2, 3), "XRGB8888")[:3] == bytes([3, 2, 1])
    assert dot((1, 2, 3), "XBGR8888")[:3] == bytes([1, 2, 3])
    assert dot((1, 2, 3), "RGB888") == bytes([3, 2, 1])


def test_the_leftmost_dot_of_a_monochrome_panel_is_the_lowest_bit():
    picture = Image.new("1", (8, 1), 0)
    picture.putpixel((0, 0), 255)
    assert pixels(picture, Geometry(8, 1, 1, "MONO")) == b"\x01"
    assert pixels(picture, Geometry(8, 1, 1, "MONO", inverted=True)) == b"\xfe"


def test_lines_are_as_far_apart_as_the_panel_wants():
    picture = Image.new("RGB", (2, 2), (255, 255, 255))
    assert pixels(picture, Geometry(2, 2, 8, "RGB565")) == (b"\xff" * 4 + bytes(4)) * 2


def test_a_file_of_a_panels_layout_holds_the_picture(tmp_path):
    panel = Framebuffer(f"file:{tmp_path / 'fb'}?4x2xRGB565")
    panel.show(Image.new("RGB", (4, 2), (255, 0, 0)))
    panel.close()
    assert (tmp_path / "fb").read_bytes() == b"\x00\xf8" * 8


@pytest.mark.parametrize("address", ["file:{}/fb?4x2xRGB555", "file:{}/fb?0x2xRGB565", "{}/absent", "/dev/null"])
def test_what_is_no_panel_is_told_with_a_remedy(tmp_path, address):
    with pytest.raises(DisplayTrouble) as caught:
        Framebuffer(address.format(tmp_path))
    assert caught.value.remedy


def test_a_panel_tells_its_size_and_draws_stripes_for_somebody_to_look_at(tmp_path):
    panel = Framebuffer(f"file:{tmp_path / 'fb'}?16x32xRGB565")
    assert asyncio.run(panel.check_health(HealthLevel.INTERNAL)).verdict is Verdict.GOOD
    assert asyncio.run(panel.check_health(HealthLevel.INTERACTIVE)).verdict is Verdict.UNKNOWN
    panel.close()
    assert (tmp_path / "fb").read_bytes() == (b"\xff" * 256 + bytes(256)) * 2


def test_a_line_display_gets_two_rows_of_twenty(tmp_path):
    display = LineDisplay(f"file:{tmp_path / 'line'}")
    display.show(("Sale", "RMB 128.50"))
    display.show(("Sale", "RMB 128.50"))
    display.close()
    expected = b"\x1b@" + b"\x0c" + b"Sale".ljust(20) + b"RMB 128.50".ljust(20)
    assert (tmp_path / "line").read_bytes() == expected


def test_chinese_takes_two_places_on_a_line_display():
    assert len(text_bytes(("消费", "RMB 1.00"))) == 1 + 20 + 20


def test_a_line_display_that_is_not_there_is_told_at_the_start_and_forgiven_later(tmp_path):
    with pytest.raises(DisplayTrouble):
        LineDisplay(f"unix:{tmp_path / 'absent'}")

    async def story():
        server = await asyncio.start_unix_server(lambda reader, writer: writer.close(), tmp_path / "line")
        display = LineDisplay(f"unix:{tmp_path / 'line'}")
        await asyncio.sleep(0.02)
        server.close()
        (tmp_path / "line").unlink(missing_ok=True)  # from 3.13 on the server removes its own socket
        for amount in range(5):
            display.show(("Sale", str(amount)))
        display.close()

    asyncio.run(story())


def test_a_line_display_that_comes_back_shows_what_it_should_without_being_told_again(tmp_path, monkeypatch):
    monkeypatch.setattr(display_line, "AGAIN_S", 0.02)

    async def story():
        got = asyncio.Queue()

        async def serve(reader, writer):
            got.put_nowait((await reader.readuntil(b"128.50" + b" " * 10), writer))

        server = await asyncio.start_unix_server(serve, tmp_path / "line")
        display = LineDisplay(f"unix:{tmp_path / 'line'}")
        display.show(("Sale", "RMB 128.50"))
        async with asyncio.timeout(5):
            first, writer = await got.get()
            assert (await display.check_health(HealthLevel.INTERNAL)).verdict is Verdict.GOOD
            writer.close()  # pulled out, and nothing new to show
            second, writer = await got.get()
        assert first == second
        assert display.statistics["CommunicationErrorCount"] == 1
        display.close()
        writer.close()
        server.close()

    asyncio.run(story())


def test_a_beeper_plays_one_tone_after_the_other_and_falls_silent(tmp_path):
    path = tmp_path / "beeper"
    path.write_bytes(b"")

    async def story():
        beeper = Beeper(str(path))
        beeper.play(((1000, 1), (0, 1), (2000, 1)))
        await asyncio.sleep(0.05)
        beeper.close()

    asyncio.run(story())
    data = path.read_bytes()
    # The file is written from its beginning by one descriptor, so the events stand one after the other.
    hertz = [struct.unpack_from("llHHi", data, start)[4] for start in range(0, len(data), EVENT_BYTES)]
    assert hertz == [1000, 0, 2000, 0]


def test_a_beeper_that_is_not_there_is_silence(tmp_path):
    async def story():
        beeper = Beeper(str(tmp_path / "absent"))
        beeper.play(((1000, 1),))
        await asyncio.sleep(0.01)
        beeper.close()

    asyncio.run(story())
