"""Messages that others published: every one is read to its listed values and written back to its bytes."""

import json
from pathlib import Path

import pytest

import iso8583
from iso8583.dialect import Dialect
from iso8583.dialects import DECLARATIONS
from iso8583.framing import UnionPayFraming

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "messages.json").read_text("utf-8"))
MESSAGES = [vector for vector in VECTORS if not vector["name"].startswith(("CRYPTO", "NEGATIVE"))]
NEGATIVE = [vector for vector in VECTORS if vector["name"].startswith("NEGATIVE")]
LOWER_CASE = DECLARATIONS["iso93-ascii"].derive("lower-case-bitmap", bitmap="hex-lower")


def dialect_of(vector) -> Dialect:
    """The dialect in whose words a vector describes itself."""
    kind = vector["dialect"].lower()
    if kind.startswith("cup-bcd"):
        return iso8583.dialect("unionpay-pos")
    if "cups" in kind:
        return iso8583.dialect("unionpay-host-hex")
    if "1993" in kind:
        if "lower-case" in kind:
            return Dialect("lower-case-bitmap", None, LOWER_CASE)
        if "binary 16-byte" in kind:
            return iso8583.dialect("iso93-ascii-binary-bitmap")
        return iso8583.dialect("iso93-binary" if "bcd" in kind else "iso93-ascii")
    return iso8583.dialect("iso87-binary" if "binary (bcd" in kind else "iso87-ascii")


def body_of(vector) -> bytes:
    """Bytes from the MTI on."""
    data = bytes.fromhex(vector["hex"])
    if vector["framing"].get("length_prefix"):
        (frame,) = UnionPayFraming().feed(data)
        assert frame.tpdu.hex().upper() == vector["framing"]["tpdu"]
        assert frame.header.hex().upper() == vector["framing"]["header"]
        assert UnionPayFraming().pack(frame) == data
        return frame.body
    if vector["framing"].get("tpdu"):
        return data[11:]
    return data[4:] if vector["name"].startswith("cups_ascii") else data


def listed(vector) -> dict[int, str]:
    """Values by element; one entry lists element 22 with its pad nibble."""
    values = {int(key): value for key, value in vector["decoded"].items() if key.isdecimal() and int(key) > 1}
    if vector["name"] == "qr_sale_req_go8583_log_rebuilt":
        assert values[22] == vector["decoded"]["22_raw"] == "0320"
        values[22] = "032"
    return values


@pytest.mark.parametrize("vector", MESSAGES, ids=lambda vector: vector["name"])
def test_a_published_message_is_read_and_written_back(vector):
    dialect = dialect_of(vector)
    body = body_of(vector)
    message = dialect.decode(body)
    shown = {n: v.hex().upper() if isinstance(v, bytes) else v for n, v in message.elements.items()}
    assert shown == listed(vector)
    assert message.mti == vector["decoded"]["0"]
    assert dialect.encode(message) == body


@pytest.mark.parametrize("vector", NEGATIVE, ids=lambda vector: vector["name"])
def test_a_message_with_a_wrong_bitmap_is_refused_with_element_and_offset(vector):
    with pytest.raises(iso8583.Iso8583Error) as refusal:
        dialect_of(vector).decode(body_of(vector))
    assert refusal.value.element is not None
    assert refusal.value.offset is not None
