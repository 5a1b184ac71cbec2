"""From layout to paper: the picture is the slip, and the printer understands every byte."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import ImageChops

from terminal.screens.texts import LANGUAGES
from terminal.slips.escpos import escpos_bytes
from terminal.slips.layout import Line, Style
from terminal.slips.profile import DOTS, PrinterProfile
from terminal.slips.raster import raster
from tools.gallery.papers import slips
from tools.paper import NotEscPos, Printing, main, print_on_paper

ROOT = Path(__file__).resolve().parents[3]
ALL = [(language, name, lines) for language in LANGUAGES for name, lines in slips(language)]
NAMES = [f"{language} {name}" for language, name, _ in ALL]


@pytest.mark.parametrize("width_mm", DOTS)
@pytest.mark.parametrize(("language", "name", "lines"), ALL, ids=NAMES)
def test_what_the_printer_makes_of_the_bytes_is_what_was_drawn(language, name, lines, width_mm):
    picture = raster(lines, DOTS[width_mm])
    paper = print_on_paper(escpos_bytes(lines, PrinterProfile(width_mm)))
    printed = paper.picture().crop((12, 12, 12 + picture.width, 12 + picture.height))
    assert ImageChops.difference(printed, picture.convert("L")).getbbox() is None
    assert (paper.cuts, paper.drawer_kicks) == (1, 0)


@pytest.mark.parametrize("width_mm", DOTS)
@pytest.mark.parametrize(("language", "name", "lines"), ALL, ids=NAMES)
def test_nothing_on_a_slip_runs_off_the_paper(language, name, lines, width_mm):
    """The outermost dots stay white, so nothing has been cut off there."""
    picture = raster(lines, DOTS[width_mm]).convert("L")
    for edge in ((0, 0, 2, picture.height), (picture.width - 2, 0, picture.width, picture.height)):
        assert picture.crop(edge).getextrema() == (255, 255)


def test_a_long_name_is_broken_and_a_value_without_room_goes_below():
    short, long = raster([Line("Shop")], 384), raster([Line("Shop " * 20)], 384)
    assert long.height > 2 * short.height
    one, two = raster([Line("A", "1")], 384), raster([Line("A" * 20, "9" * 15)], 384)
    assert two.height > one.height


def test_a_mark_is_white_on_black():
    picture = raster([Line("DUPLICATE", style=Style.MARK)], 384).convert("L")
    dark = picture.histogram()[0] / (picture.width * picture.height)
    assert dark > 0.5


def test_every_language_has_its_own_slip():
    drawn = {raster(dict(slips(language))["sale-customer"], 384).tobytes() for language in LANGUAGES}
    assert len(drawn) == len(LANGUAGES)


def test_the_card_number_on_paper_is_never_whole():
    for _, _, lines in ALL:
        for line in lines:
            digits = line.left.replace(" ", "")
            assert not (digits[:12].isdecimal() and len(digits) > 16)


def test_a_slip_for_a_slow_line_stays_within_its_time():
    """58 mm: less than 60 kB, five seconds at 115200 baud."""
    assert all(len(escpos_bytes(lines, PrinterProfile())) < 60_000 for _, _, lines in ALL)


@pytest.mark.parametrize(
    ("data", "offset"), [(b"\x1b@\x07", 2), (b"abc\x1bX", 3), (b"\x1dv0\x00\x10\x00\x10\x00\x00", 0), (b"\x1bd", 0)]
)
def test_a_byte_that_no_slip_may_hold_is_named_by_its_place(data, offset):
    with pytest.raises(NotEscPos) as caught:
        print_on_paper(data)
    assert caught.value.offset == offset


def test_bytes_of_a_file_become_a_picture(tmp_path):
    data = escpos_bytes(slips("zh")[0][1], PrinterProfile())
    (tmp_path / "slip.bin").write_bytes(data)
    assert main([str(tmp_path / "slip.bin"), str(tmp_path / "slip.png")]) == 0
    assert (tmp_path / "slip.png").read_bytes().startswith(b"\x89PNG")


def test_text_and_the_drawer_are_understood():
    paper = print_on_paper(b"\x1b@" + "谢谢 Kiitos\n".encode("gb18030") + b"\x1bp\x00\x19\xfa\x1dV\x00")
    assert (paper.lines, paper.drawer_kicks, paper.cuts) == (["谢谢 Kiitos"], 1, 1)


def test_bytes_may_come_in_pieces_of_any_length():
    data = escpos_bytes(slips("zh")[0][1], PrinterProfile(text="gb18030")) + b"\x10\x04\x01"
    whole = print_on_paper(data).picture()
    for step in (1, 7, 1000):
        asked = []
        printing = Printing(asked=asked.append)
        for start in range(0, len(data), step):
            printing.feed(data[start : start + step])
        printing.finish()
        assert printing.paper.picture().tobytes() == whole.tobytes()
        assert asked == [1]


def test_a_status_request_between_two_bytes_of_a_picture_is_part_of_the_picture():
    data = b"\x1dv0\x00\x01\x00\x03\x00\x10\x04\x01"
    asked = []
    printing = Printing(asked=asked.append)
    printing.feed(data)
    assert asked == [] and printing.paper.strips[0].size == (8, 3)


def test_a_power_cut_while_the_first_slip_is_drawn_spoils_no_later_one(tmp_path):
    """python-escpos keeps a copy of its printer table, and cannot start from one that was cut off."""
    cut_off = tmp_path / f"{platform.python_version()}.capabilities.pickle"
    cut_off.touch()
    program = (
        "import sys; from pathlib import Path\n"
        "from terminal.slips.escpos import escpos_bytes, keep_capabilities_in\n"
        "from terminal.slips.layout import Line; from terminal.slips.profile import PrinterProfile\n"
        "keep_capabilities_in(Path(sys.argv[1]))\n"
        "print(len(escpos_bytes([Line('Shop')], PrinterProfile(58))))\n"
    )
    for _ in range(2):  # the second start finds what the first one left
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=120, cwd=ROOT
        )
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) > 1000
