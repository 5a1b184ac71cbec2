"""Our ESC/POS bytes on a printer that others built: the same picture, the same text, and what it says of itself."""

import asyncio
import io
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from drivers.events import PrinterChanged
from drivers.printer import Printer, PrinterTroubleReason
from terminal.journal import Slip
from terminal.screens.texts import Translator
from terminal.slips.escpos import escpos_bytes
from terminal.slips.layout import Line, Style, transaction_slip
from terminal.slips.profile import PrinterProfile
from tools.gallery import samples
from tools.gallery.papers import slips
from tools.paper import print_on_paper

zxingcpp = pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed (requirements/interop.txt)")

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".cache" / "interop" / "printer"
START_S = 30
PROFILE = PrinterProfile(80)


def python_for_it():
    """A Python of 3.13 or newer, wherever this machine keeps one."""
    named = [shutil.which(f"python3.{minor}") for minor in (14, 13)]
    kept = sorted(Path.home().glob(".pyenv/versions/3.1[3-9]*/bin/python3"), reverse=True)
    for candidate in [*filter(None, named), *map(str, kept)]:
        check = [candidate, "-c", "import sys, venv; sys.exit(sys.version_info < (3, 13))"]
        if subprocess.run(check, capture_output=True).returncode == 0:
            return candidate
    return None


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class ForeignPrinter:
    """The daemon: a printer on one port, the hands of a person on another."""

    def __init__(self, folder):
        self.port, self._hands = free_port(), free_port()
        config = folder / "emupos.yaml"
        config.write_text(
            json.dumps(
                {
                    "schema": 1,
                    "api": {"host": "127.0.0.1", "port": self._hands},
                    "devices": [
                        {
                            "id": "front",
                            "type": "printer",
                            "profile": "epson-tm-t20iii",
                            "connections": [{"tcp": {"port": self.port}}],
                            "receipts_dir": str(folder / "receipts"),
                        }
                    ],
                }
            ),
            "utf-8",
        )
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [HOME / "bin" / "emupos", "run", "--config", config], stdout=self._log, stderr=self._log, cwd=folder
        )
        deadline = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline and self._process.poll() is None, (folder / "log").read_text("utf-8")
                time.sleep(0.1)

    def hand(self, method, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self._hands}{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def print(self, data):
        """Send a slip over its own connection; the picture and text of what came out."""
        known = {receipt["id"] for receipt in self.receipts()}
        with socket.create_connection(("127.0.0.1", self.port), 5) as line:
            line.sendall(data)
        return self.fresh(known)

    def receipts(self):
        return json.loads(self.hand("GET", f"{self.base}/receipts"))

    def fresh(self, known):
        deadline = time.monotonic() + 10
        while not (new := [receipt for receipt in self.receipts() if receipt["id"] not in known]):
            assert time.monotonic() < deadline, "no receipt came out"
            time.sleep(0.05)
        (receipt,) = new
        picture = self.hand("GET", f"{self.base}/receipts/{receipt['id']}/image")
        text = self.hand("GET", f"{self.base}/receipts/{receipt['id']}/text").decode("utf-8")
        return Image.open(io.BytesIO(picture)).convert("L"), text

    base = "/api/v1/devices/front"

    def close(self):
        self._process.terminate()
        self._process.wait(10)
        self._log.close()


@pytest.fixture(scope="module")
def foreign(build, tmp_path_factory):
    if not (HOME / "bin" / "emupos").exists():
        python = python_for_it()
        if python is None:
            pytest.skip("python3.13 or newer is not installed; emupos wants it")
        build(python, "-m", "venv", "--clear", HOME)
        locked = ROOT / "requirements" / "interop-printer.txt"
        environment = {**os.environ, "PYTHONPATH": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        build(HOME / "bin" / "python", "-m", "pip", "install", "-q", "--require-hashes", "-r", locked, env=environment)
    printer = ForeignPrinter(tmp_path_factory.mktemp("printer"))
    yield printer
    printer.close()


@pytest.fixture(scope="module")
def its_version(foreign):
    done = subprocess.run([HOME / "bin" / "pip", "show", "emupos"], capture_output=True, text=True, check=True)
    return next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("Version:"))


def ink(picture):
    """What is printed, without the empty paper around it."""
    return picture.crop(ImageChops.invert(picture).getbbox())


@pytest.mark.parametrize("language", ["zh", "en", "fi"])
def test_slips_as_pictures_look_alike_dot_for_dot(foreign, its_version, report, language):
    cases = slips(language)
    for name, lines in cases:
        data = escpos_bytes(lines, PROFILE)
        theirs, _ = foreign.print(data)
        ours = print_on_paper(data, 80).picture().convert("L").point(lambda level: 255 * (level > 127))
        assert ImageChops.difference(ink(ours), ink(theirs)).getbbox() is None, name
    report("emupos", "slips as pictures, dot for dot", len(cases), its_version)


DRAWN = re.compile(r"\[image[^\]]*\]|-{3,}")
"""Pictures and rules in its dump of a receipt."""


def words_in(lines, table):
    """What a table of characters can say of a slip; the other lines are drawn."""
    for line in lines:
        text = f"{line.left} {line.right}"
        if text.encode(table, "ignore").decode(table) == text:
            yield from text.split()


@pytest.mark.parametrize(("language", "table"), [("en", "cp437"), ("fi", "cp850")])
def test_slips_as_characters_have_the_same_words_in_the_same_order(foreign, its_version, report, language, table):
    cases = slips(language)
    for name, lines in cases:
        _, text = foreign.print(escpos_bytes(lines, PrinterProfile(80, text=table)))
        assert DRAWN.sub(" ", text).split() == list(words_in(lines, table)), name
    report("emupos", "slips as characters, same words in order", len(cases), its_version)


def test_the_reference_on_its_paper_is_read_by_an_independent_reader(foreign, its_version, report):
    texts = Translator("en")
    for how, style in (("qr", Style.QR), ("barcode", Style.BARCODE)):
        reference = samples.PIN_SALE.rrn
        lines = [
            *transaction_slip(samples.PIN_SALE, samples.MERCHANT, Slip.MERCHANT, texts),
            Line(reference, style=style),
        ]
        picture, _ = foreign.print(escpos_bytes(lines, PROFILE))
        assert [found.text for found in zxingcpp.read_barcodes(picture)] == [reference], how
    report("zxing-cpp", "codes on a foreign printer's paper, read back", 2, version("zxing-cpp"))


TROUBLES = {
    "paper-out": PrinterTroubleReason.PAPER,
    "cover-open": PrinterTroubleReason.COVER,
    "offline": PrinterTroubleReason.OFFLINE,
}


def test_our_driver_understands_what_it_says_and_prints_once_when_the_trouble_is_over(foreign, its_version, report):
    data = escpos_bytes(slips("en")[0][1], PROFILE)

    async def story():
        told = []
        driver = Printer("printer", f"tcp:127.0.0.1:{foreign.port}", "epson")
        driver.start(told.append)
        try:
            async with asyncio.timeout(60):
                status = await driver.status()
                assert (status.online, status.paper, status.cover_closed) == (True, True, True)
                for fault, reason in TROUBLES.items():
                    await asyncio.to_thread(foreign.hand, "PUT", f"{foreign.base}/faults/{fault}")
                    assert (await driver.status()).trouble is reason
                    await asyncio.to_thread(foreign.hand, "DELETE", f"{foreign.base}/faults/{fault}")
                    assert (await driver.status()).trouble is None
                known = {receipt["id"] for receipt in await asyncio.to_thread(foreign.receipts)}
                await driver.write(data, lambda sent: None)
                picture, _ = await asyncio.to_thread(foreign.fresh, known)
                ours = print_on_paper(data, 80).picture().convert("L").point(lambda level: 255 * (level > 127))
                assert ImageChops.difference(ink(ours), ink(picture)).getbbox() is None
        finally:
            await driver.close()
        assert any(isinstance(event, PrinterChanged) and event.trouble is PrinterTroubleReason.PAPER for event in told)

    asyncio.run(story())
    report("emupos", "status by DLE EOT and printing through our driver", 4, its_version)
