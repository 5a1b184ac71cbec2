"""Slips as characters: the same words in few bytes, and what a printer cannot say is drawn."""

from dataclasses import replace

import pytest
from PIL import Image

from terminal.journal import Slip
from terminal.screens.texts import LANGUAGES
from terminal.slips.escpos import escpos_bytes
from terminal.slips.graphics import logo_picture
from terminal.slips.layout import Line, Style
from terminal.slips.profile import COLUMNS, DOTS, LogoTrouble, PrinterProfile
from terminal.slips.raster import raster
from tools.gallery import samples
from tools.gallery.papers import slips
from tools.paper import print_on_paper

SALE = {language: dict(slips(language))["sale-signature"] for language in LANGUAGES}
CHINESE = PrinterProfile(text="gb18030")


def lines_of(slip, profile, **options):
    return print_on_paper(escpos_bytes(slip, profile, **options), profile.width_mm).lines


def flat(slip):
    return ["".join((line.left + line.right).split()) for line in slip if line.style is not Style.RULE and line.left]


@pytest.mark.parametrize("width_mm", COLUMNS)
def test_a_chinese_slip_is_all_characters(width_mm):
    data = escpos_bytes(SALE["zh"], PrinterProfile(width_mm, "gb18030"))
    said = "".join("".join(print_on_paper(data, width_mm).lines).split())
    assert all(words in said for words in flat(SALE["zh"]))
    assert b"\x1dv0" not in data


def test_a_finnish_slip_is_all_characters_of_its_code_page_but_the_chinese_name():
    data = escpos_bytes(SALE["fi"], PrinterProfile(text="cp858"))
    said = "".join("".join(print_on_paper(data).lines).split())
    missing = [words for words in flat(SALE["fi"]) if words not in said]
    assert missing == ["示范商店CornerShop"]
    assert data.count(b"\x1dv0") == 1, "the name is drawn"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["gb18030", "cp437", "cp858", "cp866"])
def test_nothing_is_lost_whatever_the_table(language, text):
    """Each line is said or drawn; none has a question mark where a letter was."""
    for name, slip in slips(language):
        paper = print_on_paper(escpos_bytes(slip, PrinterProfile(text=text)))
        assert "?" not in "".join(paper.lines), name
        drawn = sum(strip.height not in (30, 60) for strip in paper.strips)
        said = "".join("".join(paper.lines).split())
        assert sum(words not in said for words in flat(slip)) <= drawn, name


def test_characters_take_a_tenth_of_the_time_on_a_slow_line():
    picture, characters = (len(escpos_bytes(SALE["zh"], PrinterProfile(text=text))) for text in ("raster", "gb18030"))
    assert characters < 1000
    assert picture > 10 * characters


@pytest.mark.parametrize("width_mm", COLUMNS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_is_longer_than_the_paper_is_wide(language, width_mm):
    for _, slip in slips(language):
        paper = print_on_paper(escpos_bytes(slip, PrinterProfile(width_mm, "gb18030")), width_mm)
        assert max(strip.width for strip in paper.strips) <= DOTS[width_mm]


def test_amounts_stand_at_the_right_edge():
    rows = lines_of(SALE["zh"], CHINESE)
    assert next(row for row in rows if "RMB" in row).endswith("RMB 128.50")
    assert {len(row.encode("gbk")) for row in rows if row.startswith(("商户编号", "批次号", "金额"))} == {32}


def test_a_printer_without_a_knife_feeds_as_far_as_the_tear_bar():
    paper = print_on_paper(escpos_bytes(SALE["en"], PrinterProfile(cut=False)))
    assert paper.cuts == 0
    assert paper.strips[-1].height >= 4 * 30


def test_the_drawer_opens_only_when_both_sides_want_it():
    kicks = [
        print_on_paper(escpos_bytes(SALE["en"], PrinterProfile(drawer_pin=2 if has else 0), drawer=asked)).drawer_kicks
        for has, asked in ((True, True), (True, False), (False, True))
    ]
    assert kicks == [1, 0, 0]


def test_a_logo_stands_at_the_top_and_no_wider_than_the_paper(tmp_path):
    path = tmp_path / "logo.png"
    logo = Image.new("RGBA", (800, 200), (0, 0, 0, 0))
    logo.paste((0, 0, 0, 255), (200, 50, 600, 150))
    logo.save(path)
    plain, head = raster(SALE["en"], 384), raster([Line(str(path), style=Style.LOGO), *SALE["en"]], 384)
    assert head.height > plain.height
    top = head.crop((0, 0, 384, head.height - plain.height)).convert("L")
    assert top.getpixel((192, top.height // 2)) == 0
    assert top.getpixel((4, 8)) == 255, "what is transparent is paper"
    assert logo_picture(path, 384).width <= 384


def test_a_logo_that_is_no_picture_is_told_by_its_name(tmp_path):
    (tmp_path / "logo.png").write_text("no picture")
    for path in (tmp_path / "logo.png", tmp_path / "absent.png"):
        with pytest.raises(LogoTrouble, match=path.name):
            logo_picture(path, 384)


@pytest.mark.parametrize("style", [Style.QR, Style.BARCODE])
@pytest.mark.parametrize("text", ["raster", "gb18030"])
def test_a_code_is_drawn_in_either_mode(style, text):
    data = escpos_bytes([*SALE["en"], Line("101236000003", style=style)], PrinterProfile(text=text))
    assert b"\x1dv0" in data
    assert print_on_paper(data).cuts == 1


def test_a_slip_drawn_for_the_journal_has_the_logo_the_reference_and_the_drawer(tmp_path):
    import asyncio

    from terminal.journal import PrintJob
    from terminal.slips.paper import SlipWriter

    Image.new("1", (100, 50), 0).save(tmp_path / "logo.png")
    plain = PrinterProfile()
    rich = PrinterProfile(drawer_pin=2, logo=tmp_path / "logo.png", reference="barcode")
    broken = replace(rich, logo=tmp_path / "absent.png", reference="none", drawer_pin=0)

    def paper(profile, record=samples.PIN_SALE, what=Slip.MERCHANT, duplicate=False):
        writer = SlipWriter(None, samples.MERCHANT, "156", profile, ("en", "zh"), lambda: samples.NOON)
        values = {"id": 1, "what": what, "record": record, "reprint": False, "started": False}
        job = PrintJob(**values, **dict.fromkeys(set(PrintJob.__slots__) - set(values), 0))
        return print_on_paper(asyncio.run(writer.draw(job, duplicate)))

    height = paper(plain).picture().height
    assert paper(rich).picture().height > height + 50 + 64
    assert paper(rich).drawer_kicks == 1
    assert paper(rich, what=Slip.CUSTOMER).drawer_kicks == 0
    assert paper(rich, duplicate=True).drawer_kicks == 0
    assert paper(rich, record=samples.NOT_CHARGED).drawer_kicks == 0
    assert paper(broken).picture().height == height, "a slip without its logo is better than none"
