"""Chinese of every kind prints: common and rare, simplified and traditional, each character as itself."""

from pathlib import Path

import pytest

from terminal.screens.font import box_of, font, length_of
from terminal.screens.place import SMALL
from terminal.screens.render import draw
from terminal.screens.screen import Screen
from terminal.slips.escpos import escpos_bytes
from terminal.slips.layout import Line
from terminal.slips.profile import DOTS, PrinterProfile
from terminal.slips.raster import raster
from tools.paper import print_on_paper

SAMPLE = Path(__file__).with_name("han_sample.txt").read_text("utf-8").splitlines()
HAN = {character for line in SAMPLE for character in line if character >= "\u2e80"}
BEYOND_GBK = {character for character in HAN if not character.encode("gbk", "ignore")}
NOTHING = "\uffff"


def picture(text, width=DOTS[58]):
    return raster([Line(text)], width).tobytes()


MISSING = {picture(NOTHING), picture("")}


def test_the_sample_is_worth_the_name():
    assert len(HAN) >= 900
    assert len(BEYOND_GBK) >= 20
    assert any(character > "\uffff" for character in BEYOND_GBK), "also beyond the first plane"
    assert all(character.encode("gb18030") for character in HAN)


def test_a_missing_character_would_be_noticed():
    assert picture("\U000e0fff") in MISSING


def test_every_character_of_the_sample_is_printed():
    assert "".join(sorted(character for character in HAN if picture(character) in MISSING)) == ""


def test_no_two_characters_look_alike():
    assert len({picture(character) for character in HAN}) == len(HAN)


@pytest.mark.parametrize("text", ["raster", "gb18030", "cp437"])
@pytest.mark.parametrize("width_mm", DOTS)
def test_every_line_comes_out_of_the_printer(width_mm, text):
    """Said in the printer's own characters, or drawn; never with a question mark."""
    paper = print_on_paper(escpos_bytes([Line(line) for line in SAMPLE], PrinterProfile(width_mm, text)), width_mm)
    said = "".join("".join(paper.lines).split())
    drawn = [line for line in SAMPLE if "".join(line.split()) not in said]
    assert "?" not in said
    if text == "gb18030":
        assert {character for line in drawn for character in line} >= BEYOND_GBK
        assert len(drawn) < len(SAMPLE) // 4, "what the table has goes as characters"
    sheet = paper.picture().convert("1")
    assert sheet.width >= DOTS[width_mm] and sum(sheet.histogram()[:1]) > 100 * len(SAMPLE)


def test_all_of_gb_18030_in_the_first_plane_has_a_picture():
    """Unicode's first block, its additions up to U+9FEF, and extension A as GB 18030 has them."""
    blocks = [*range(0x3400, 0x4DB6), *range(0x4E00, 0x9FF0)]
    assert [f"U+{code:04X}" for code in blocks if picture(chr(code), 40) == picture(NOTHING, 40)] == []


def test_a_rare_name_stands_on_the_line_of_the_others():
    """Both fonts share one baseline and one width, on paper and on the screen."""
    common, rare = length_of("店长陈国", 24), length_of("店长陈㛃", 24)
    assert abs(common - rare) <= 1
    assert box_of("店长陈㛃", 24, "mm")[1] == box_of("国", 24, "mm")[1]
    assert font(24).getlength("店") == length_of("㛃", 24)
    shown = [draw(Screen("idle", name), SMALL) for name in ("陈国", "陈㛃", "陈䶮")]
    assert len({picture.tobytes() for picture in shown}) == 3
