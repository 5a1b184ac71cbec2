"""Anything may come from a till: each line is a request or a typed reason, and no reason quotes it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.ecr.answers import rejection
from terminal.ecr.conversation import WRONG_MAX, Conversation
from terminal.ecr.frames import LINE_BYTES_MAX, LineReader, TooLong
from terminal.ecr.messages import CATEGORIES, Fault, Reject, Request, digest_of, read

HEADER = {"MessageCategory": "Payment", "ServiceID": "1", "SaleID": "KASSA-1", "POIID": "10000001"}
AMOUNT = {"PaymentTransaction": {"AmountsReq": {"Currency": "CNY", "RequestedAmountMinor": 1234}}}
CARD = "6220001234567890018"


def line(body=AMOUNT, category="Payment", **header):
    header = {**HEADER, "MessageCategory": category, **header}
    return json.dumps({"SaleToPOIRequest": {"MessageHeader": header, f"{category}Request": body}}).encode()


GOOD = line()


def test_a_payment_is_understood():
    request = read(GOOD)
    assert isinstance(request, Request)
    assert request.body.payment_transaction.amounts_req.requested_amount_minor == 1234


@pytest.mark.parametrize(
    "number", ["12.34", "1234.0", "1e3", "1E0", "NaN", "Infinity", "-Infinity", "1234567890123", "-1e-400"]
)
def test_a_number_that_is_not_whole_is_refused_whatever_it_is_worth(number):
    found = read(GOOD.replace(b"1234", number.encode()))
    assert isinstance(found, Reject)
    assert found.fault is Fault.NUMBER


@pytest.mark.parametrize("value", ['"1234"', "true", "null", "[]", "0", "-5"])
def test_an_amount_of_another_type_or_without_worth_is_refused_by_its_place(value):
    found = read(GOOD.replace(b"1234", value.encode()))
    assert found.fault is Fault.WRONG_VALUE
    assert found.where == "PaymentRequest.PaymentTransaction.AmountsReq.RequestedAmountMinor"


WRONG = {
    Fault.NOT_JSON: [b"{", b"", b"'a'", b"{}{}", b'{"a":1,}', b'{"a":"\x01"}'],
    Fault.NOT_UTF_8: [b"\xff\xfe", b'"\xc3"', bytes(range(256))],
    Fault.TOO_DEEP: [b"[" * 4000, b'{"a":' * 600, b"[" * 2000 + b"]" * 2000],
    Fault.TWICE: [
        b'{"SaleToPOIRequest":{},"SaleToPOIRequest":{}}',
        GOOD.replace(b'"Currency"', b'"Currency":"EUR","Currency"'),
    ],
    Fault.MISSING: [
        b"[]", b"null", b"5", b"{}", b'{"SaleToPOIRequest":5}', line({}), line([]), line(category="Login", body=None),
    ],
    Fault.UNKNOWN_NAME: [line({**AMOUNT, "CashBackAmount": 500}), line(Extra="x"), b'{"SaleToPOIRequest":{},"x":1}'],
    Fault.WRONG_VALUE: [
        line(ServiceID=""), line(ServiceID=CARD), line(SaleID="a b"), line(SaleID="a\n"), line(SaleID=5),
        line(MessageClass="Event"), line({**AMOUNT, "SaleData": {"SaleTransactionID": {"TransactionID": CARD}}}),
        line({"Proof": "\ud800"}, "Login"), line({"SaleSoftware": "\ud800"}, "Login"), line(SaleID="\u0661"),
    ],
    Fault.UNKNOWN_CATEGORY: [line(category="Print"), line(category="payment")],
    Fault.OTHER_CATEGORY: [GOOD.replace(b"PaymentRequest", b"LoginRequest")],
}  # fmt: skip


@pytest.mark.parametrize(("fault", "bad"), [(fault, bad) for fault, lines in WRONG.items() for bad in lines])
def test_what_is_wrong_is_named(fault, bad):
    found = read(bad)
    assert isinstance(found, Reject)
    assert found.fault is fault
    assert CARD.encode() not in rejection(found)


def test_every_fault_can_happen_and_has_words():
    shown = {*WRONG, Fault.TOO_LONG, Fault.NUMBER}
    assert shown == set(Fault)
    for fault in Fault:
        assert json.loads(rejection(Reject(fault)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
NAMES = st.sampled_from(
    ["MessageReference", "ServiceID", "SaleID", "PaymentTransaction", "AmountsReq", "Currency", "Proof",
     "RequestedAmountMinor", "OriginalPOITransaction", "POITransactionID", "HostTransactionID", "TransactionID",
     "Date", "SaleData", "SaleTransactionID", "PaymentData", "PaymentType", "AbortReason", "SaleSoftware"]
)  # fmt: skip
NEAR = st.recursive(
    st.sampled_from(["Normal", "Refund", "CNY", "0807", "123456789012", "1"]) | st.integers(-1, 10**13) | JSON,
    lambda inner: st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=600) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_line_raises(data):
    assert isinstance(read(data), Request | Reject)


@given(st.sampled_from(sorted(CATEGORIES)), NEAR, st.dictionaries(st.sampled_from([*HEADER, "X"]), JSON, max_size=2))
def test_a_request_that_is_nearly_right_is_understood_or_refused(category, body, header):
    found = read(line(body, category, **header))
    json.loads(rejection(found)) if isinstance(found, Reject) else found.body


@given(st.data())
def test_a_request_with_bytes_changed_is_understood_or_refused(data):
    raw = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(read(bytes(raw)), Request | Reject)


def test_the_same_request_written_another_way_is_the_same_and_another_amount_is_not():
    written = read(json.dumps(json.loads(GOOD), indent=None, separators=(" ,  ", " : ")).encode())
    full = read(line({**AMOUNT, "PaymentData": {"PaymentType": "Normal"}}))
    assert digest_of(written) == digest_of(full) == digest_of(read(GOOD))
    assert digest_of(read(GOOD.replace(b"1234", b"1235"))) != digest_of(read(GOOD))


@given(st.lists(st.binary(max_size=50).filter(lambda one: b"\n" not in one and b"\r" not in one)), st.data())
def test_lines_are_the_same_however_the_bytes_are_cut(lines, data):
    stream = b"".join(one + data.draw(st.sampled_from([b"\n", b"\r\n"])) for one in lines)
    reader, found = LineReader(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert found == [one for one in lines if one]


@given(st.integers(LINE_BYTES_MAX - 2, LINE_BYTES_MAX + 3), st.integers(1, 5000), st.booleans())
def test_a_line_is_taken_up_to_its_bound_and_dropped_whole_beyond(length, cut, carriage_return):
    stream = b"x" * length + (b"\r\n" if carriage_return else b"\n") + b"next\n"
    reader = LineReader()
    found = [line for start in range(0, len(stream), cut) for line in reader.feed(stream[start : start + cut])]
    assert found == [b"x" * length if length <= LINE_BYTES_MAX else TooLong(), b"next"]


def test_a_line_without_an_end_takes_no_memory():
    reader = LineReader()
    for _ in range(1000):
        assert reader.feed(b"x" * 4096) == []
    assert len(reader._held) <= LINE_BYTES_MAX + 1


def test_a_line_that_echoes_is_not_answered_for_ever():
    """A serial line with echo brings every answer back as if the till had said it."""
    answers = []
    talk = Conversation(lambda request: None, answers.append, None, lambda count: bytes(count))
    talk.feed(b"noise\n")
    for count in range(1, 50):
        if len(answers) < count:
            break
        talk.feed(answers[-1])
    assert len(answers) == WRONG_MAX
