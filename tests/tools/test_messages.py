"""decode, encode and diff: what an integrator types, and what the screen says."""

import base64
import io
import json
import sys
import tomllib
from pathlib import Path

import pytest

import iso8583
from iso8583 import Message
from iso8583.guess import guesses
from tools.cli import main

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "messages.json").read_text("utf-8"))
POS = iso8583.dialect("unionpay-pos")
PAN = "6228480000000001234"
SALE = Message(
    "0200", {2: PAN, 3: "000000", 4: "000000012850", 11: "000001", 39: "51", 52: bytes(range(8)), 60: "22000001000"}
)
WIRE = POS.encode(SALE)
DOCUMENT = {
    "dialect": "unionpay-pos",
    "mti": "0200",
    "elements": {
        "2": PAN, "3": "000000", "4": "000000012850", "11": "000001", "39": "51", "52": "0001020304050607",
        "60": {"1": "22", "2": "000001", "3": "000"},
    },
}  # fmt: skip


@pytest.fixture
def typed(monkeypatch):
    """Standard input with these bytes."""

    def put(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


@pytest.mark.parametrize(
    "written",
    [WIRE.hex(), WIRE.hex(" ").upper(), base64.b64encode(WIRE).decode(), "0x" + WIRE.hex()],
    ids=["hex", "hex with blanks", "base64", "0x"],
)
def test_a_message_is_decoded_however_it_is_written(written, capsys):
    assert main(["decode", written]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("unionpay-pos, 9")
    assert "622848*********1234" in shown
    assert PAN not in shown
    assert "insufficient funds" in shown
    assert "可用余额不足" in shown
    assert "Transaction type" in shown


def test_a_file_and_standard_input_are_read_too(tmp_path, typed, capsys):
    (tmp_path / "message.bin").write_bytes(WIRE)
    assert main(["decode", str(tmp_path / "message.bin")]) == 0
    from_file = capsys.readouterr().out
    typed(WIRE.hex().encode() + b"\n")
    assert main(["decode", "-"]) == 0
    assert capsys.readouterr().out == from_file


def test_card_data_is_shown_only_when_it_is_asked_for(capsys):
    assert main(["decode", "--json", WIRE.hex()]) == 0
    masked = capsys.readouterr().out
    assert PAN not in masked
    assert "0001020304050607" not in masked
    assert main(["decode", "--json", "--reveal", WIRE.hex()]) == 0
    assert PAN in capsys.readouterr().out


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if not v["name"].startswith(("CRYPTO", "NEG"))], ids=lambda v: v["name"]
)
def test_the_dialect_of_every_published_message_is_told(vector):
    kind = vector["dialect"].lower()
    expected = (
        "unionpay-pos" if kind.startswith("cup-bcd") else "unionpay-host" if "cups" in kind
        else "iso93" if "1993" in kind else "iso87"
    )  # fmt: skip
    first = guesses(bytes.fromhex(vector["hex"]))[0]
    assert first.dialect.name.startswith(expected)
    assert 0.5 < first.confidence <= 0.99
    assert first.message.mti == vector["decoded"]["0"]


def test_what_no_dialect_takes_is_told_with_the_nearest_fault(capsys):
    negative = next(v for v in VECTORS if v["name"].startswith("NEGATIVE"))
    assert main(["decode", negative["hex"]]) == 1
    told = capsys.readouterr().err
    assert "as unionpay-pos: Element" in told
    assert "--dialect" in told


@pytest.mark.parametrize("written", ["", "zz", "0200", "\x00"])
def test_nonsense_is_refused_without_a_traceback(written, capsys):
    assert main(["decode", written]) == 1
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "toml"])
def test_a_message_is_encoded_from_json_and_toml(form, tmp_path, capsys):
    text = json.dumps(DOCUMENT)
    if form == "toml":
        elements = "".join(
            f'{key} = "{value}"\n' for key, value in DOCUMENT["elements"].items() if isinstance(value, str)
        )
        text = f'dialect = "unionpay-pos"\nmti = "0200"\n[elements]\n{elements}'
        text += '60 = { 1 = "22", 2 = "000001", 3 = "000" }\n'
        assert tomllib.loads(text) == DOCUMENT
    path = tmp_path / f"message.{form}"
    path.write_text(text, "utf-8")
    assert main(["encode", str(path)]) == 0
    assert capsys.readouterr().out.strip() == WIRE.hex().upper()
    assert main(["encode", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "dialect": "unionpay-pos", "bytes": len(WIRE), "hex": WIRE.hex().upper(),
    }  # fmt: skip


def test_what_decode_reveals_encode_writes_again(typed, capsys):
    assert main(["decode", "--json", "--reveal", WIRE.hex()]) == 0
    typed(capsys.readouterr().out.encode("utf-8"))
    assert main(["encode", "-", "--length", "binary", "--tpdu", "6000030000", "--header", "603100311108"]) == 0
    framed = capsys.readouterr().out.strip()
    assert framed == (len(WIRE) + 11).to_bytes(2, "big").hex().upper() + "6000030000603100311108" + WIRE.hex().upper()
    assert main(["decode", framed]) == 0
    assert "TPDU 6000030000  header 603100311108" in capsys.readouterr().out


@pytest.mark.parametrize(
    "document",
    [
        "[]", "{", "{}", '{"mti": "0200"}', '{"mti": "0200", "elements": {"x": "1"}}', '{"mti": 200, "elements": {}}',
        '{"mti": "0200", "elements": {"2": 6228480000000001234}}', '{"mti": "0200", "elements": {"52": "xyz"}}',
        '{"mti": "0200", "elements": {"41": {"1": "x"}}}', '{"dialect": "no", "mti": "0200", "elements": {}}',
        '{"dialect": 5, "mti": "0200", "elements": {}}',
    ],
)  # fmt: skip
def test_a_document_that_is_no_message_is_refused_with_what_to_do(document, capsys):
    assert main(["encode", document]) == 1
    told = capsys.readouterr().err
    assert told.startswith("countertop encode: ")
    assert "6228480000000001234" not in told


def test_two_messages_are_compared_element_by_element(capsys):
    other = POS.encode(Message("0200", {**SALE.elements, 2: "6228480000000011234", 4: "000000012851", 41: "10000001"}))
    assert main(["diff", WIRE.hex(), WIRE.hex()]) == 0
    assert "the same" in capsys.readouterr().out
    assert main(["diff", WIRE.hex(), other.hex()]) == 1
    shown = capsys.readouterr().out
    assert "3 differences" in shown
    assert "another value under the mask" in shown, "two card numbers that look alike are not the same"
    assert "+  41  Card acceptor terminal identification" in shown
    assert main(["diff", "--json", WIRE.hex(), other.hex()]) == 1
    rows = json.loads(capsys.readouterr().out)["differences"]
    assert [row["element"] for row in rows] == [2, 4, 41]
    assert rows[2]["a"] is None
    assert main(["diff", WIRE.hex(), "00"]) == 2


def test_a_banks_profile_reads_its_own_dialect(tmp_path, capsys):
    profile = tmp_path / "bank.toml"
    profile.write_text(
        'dialect = "unionpay-pos"\ntpdu = "6000030000"\nheader = "603100311108"\ncurrency = "156"\n'
        'dialect_changes = { 49 = "n3" }\n', "utf-8"
    )  # fmt: skip
    document = '{"mti": "0200", "elements": {"49": "156"}}'
    assert main(["encode", "--profile", str(profile), document]) == 0
    wire = capsys.readouterr().out.strip()
    assert wire.endswith("0156")
    assert main(["decode", "--profile", str(profile), wire]) == 0
    assert "156" in capsys.readouterr().out
