"""EMVCo codes built and read by others, and pictures of codes read by an independent reader."""

import json
import random
import shutil
import string
from importlib.metadata import version
from pathlib import Path

import pytest
from PIL import ImageOps

from terminal.domain.emv_qr import MerchantCode, QrFault, build_merchant_code, parse_merchant_code
from terminal.domain.money import CURRENCIES
from terminal.screens.render import code_picture
from terminal.slips.graphics import barcode_picture

zxingcpp = pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed (requirements/interop.txt)")
parser = pytest.importorskip("vietqr_emvco", reason="vietqr-emvco is not installed (requirements/interop.txt)")

CODES = 500
SEED = 20261125


@pytest.fixture(scope="module")
def node(filters, build):
    """promptparse, as a filter of JSON lines."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = Path(__file__).parent / "node"
    build("npm", "ci", "--omit=dev", "--no-audit", "--no-fund", cwd=folder)
    lock = json.loads((folder / "package-lock.json").read_text("utf-8"))
    filter = filters(["node", "codes.mjs"], cwd=folder)

    def ask(**question):
        return json.loads(filter.ask(json.dumps(question)))

    ask.version = lock["packages"]["node_modules/promptparse"]["version"]
    return ask


def merchants(count):
    """Objects of a merchant-presented code: an account template, amount, names, additional data."""
    chance = random.Random(SEED)

    def text(low, high, letters=string.ascii_letters + string.digits + " "):
        return "".join(chance.choices(letters, k=chance.randint(low, high))).strip() or "x"

    for _ in range(count):
        objects = [
            ("01", chance.choice(["11", "12"])),
            ("26", [("00", "com." + text(3, 10, string.ascii_lowercase)), ("01", text(5, 30))]),
            ("52", f"{chance.randint(0, 9999):04d}"),
            ("53", "156"),
        ]
        if chance.random() < 0.7:
            objects.append(("54", f"{chance.randint(1, 10**8) / 100:.2f}"))
        objects += [
            ("58", "CN"),
            ("59", text(1, 25)),
            ("60", text(1, 15)),
            ("62", [("01", text(1, 25)), ("05", text(1, 25))]),
        ]
        yield objects


def test_codes_are_built_and_read_as_others_do(node, report):
    for objects in merchants(CODES):
        ours = build_merchant_code(objects)
        theirs = node(build=[("00", "01"), *objects])
        assert ours == theirs
        read = parse_merchant_code(theirs)
        assert isinstance(read, MerchantCode)
        assert read.currency is CURRENCIES["156"]
        told = node(parse=ours)
        assert [(tag, value) for tag, value, _ in told if tag != "63"] == list(read.objects)
        for tag in ("26", "62"):
            assert dict(map(tuple, next(inner for number, _, inner in told if number == tag))) == read.template(tag)
        assert parser.VietQRParser.parse_raw(ours) == {**dict(read.objects), "63": ours[-4:]}
    report("promptparse", "EMVCo merchant codes, built and read", CODES, node.version)
    report("vietqr-emvco", "EMVCo merchant codes, read", CODES, version("vietqr-emvco"))


def test_a_damaged_code_is_refused_by_both(node, report):
    chance = random.Random(SEED)
    for objects in merchants(CODES):
        code = build_merchant_code(objects)
        place = chance.randrange(len(code) - 4)
        damaged = code[:place] + chance.choice([c for c in "0123456789AZ" if c != code[place]]) + code[place + 1 :]
        assert isinstance(parse_merchant_code(damaged), QrFault)
        assert node(parse=damaged) is None
    report("promptparse", "damaged EMVCo codes, refused by both", CODES, node.version)


def test_codes_on_the_screen_and_on_paper_are_read_by_an_independent_reader(report):
    for objects in merchants(40):
        code = build_merchant_code(objects)
        (found,) = zxingcpp.read_barcodes(code_picture(code, 200).convert("L"))
        assert found.text == code
    for reference in ("010015000001", "123456789012", "ABC012345678"):
        picture = barcode_picture(reference).convert("L")
        (found,) = zxingcpp.read_barcodes(ImageOps.expand(picture, 30, 255))
        assert found.text == reference
    report("zxing-cpp", "codes drawn by us, read back", 43, version("zxing-cpp"))
