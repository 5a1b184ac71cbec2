"""The eight faults that other libraries let through: each is refused, with element and offset."""

import json

import pytest

import iso8583
from tools.benchmarks.codec import main
from tools.benchmarks.codecs.faults import FAULTS, faulty, table
from tools.benchmarks.codecs.peers import FOLDER

KINDS = [
    "TruncatedError", "ContentError", "LengthError", "LengthError", "UndefinedElementError", "TrailingBytesError",
    "BitmapError", "LengthError",
]  # fmt: skip


@pytest.mark.parametrize(("fault", "kind"), [*zip(FAULTS, KINDS, strict=True)], ids=[fault.title for fault in FAULTS])
def test_each_fault_is_refused_with_element_and_offset(fault, kind):
    with pytest.raises(iso8583.Iso8583Error) as refusal:
        iso8583.dialect(fault.dialect).decode(faulty(fault))
    assert type(refusal.value).__name__ == kind
    assert refusal.value.element == fault.element
    assert refusal.value.offset is not None


def test_the_table_sets_ours_beside_what_is_installed(capsys):
    assert main(["--faults", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert list(rows) == [fault.title for fault in FAULTS]
    for said in rows.values():
        assert "at byte" in said["Countertop"].lower()
        assert "construct, compiled" in said


@pytest.mark.skipif(not (FOLDER / "iso8583").is_dir(), reason="pyiso8583 is not in .peers: benchmark codec --install")
def test_the_peer_still_lets_three_of_them_through_or_falls_over():
    said = {title: words["pyiso8583"] for title, words in table(FOLDER)}
    assert said["nibble B in the card number"] == "accepted"
    assert said["bit of element 6, which the dialect lacks"].startswith("KeyError")
    assert said["bits for a third bitmap where there are two"].startswith("KeyError")
