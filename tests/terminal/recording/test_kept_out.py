"""What is kept out of a recording: PINs, passwords, what the host sends of cards and keys, what the journal seals."""

import sqlite3
from importlib.resources import files

import pytest

from drivers.events import DeviceChanged, DeviceState, Key, KeyPress, PinPadAnswer, Swipe, Tracks
from drivers.pin_pad_messages import PinAnswer, PinResult
from iso8583 import FramingError, Iso8583Error, Message, dialect
from iso8583.framing import UnionPayFrame, UnionPayFraming
from iso8583.http_framing import HttpTarget, UnionPayHttpFraming
from terminal.recording.events import TYPED_RUN_MAX, event_codec
from terminal.recording.host_bytes import HostBytes
from terminal.recording.journal_copy import copy_of, digest_of, restore
from terminal.recording.tokens import Tokens

PAN = "6212340000000000012"
NUMBERS = (
    "stan",
    "batch",
    "amount_minor",
    "original_batch",
    "original_stan",
    "training",
    "pin_entered",
    "reversal_tries",
    "uploaded",
)
POS = dialect("unionpay-pos")


def codec(*, secret):
    tokens = Tokens(bytes(32))
    return event_codec(lambda: tokens, lambda: secret)


def through(coded, event):
    return coded.decode(coded.encode(event))


def test_which_digits_a_pin_has_is_not_kept_and_how_many_is():
    coded = codec(secret=True)
    keys = [through(coded, KeyPress(Key(digit), 1.0)).key for digit in "123456"]
    assert keys == [Key.D0] * 6
    assert through(coded, KeyPress(Key.ENTER, 1.0)).key is Key.ENTER
    assert through(coded, KeyPress(Key.CLEAR, 1.0)).key is Key.CLEAR


def test_amounts_are_kept_and_a_card_number_that_somebody_types_is_not():
    coded = codec(secret=False)
    typed = "".join(through(coded, KeyPress(Key(digit), 1.0)).key for digit in PAN)
    assert typed == PAN[:TYPED_RUN_MAX] + "0" * (len(PAN) - TYPED_RUN_MAX)
    through(coded, KeyPress(Key.ENTER, 1.0))
    assert "".join(through(coded, KeyPress(Key(digit), 1.0)).key for digit in "128 50".replace(" ", "")) == "12850"


def test_the_block_of_a_pin_pad_is_not_kept():
    answer = PinPadAnswer("pin_pad", 3, PinAnswer(PinResult.ENTERED, b"\x12" * 8, b"ksn"), 1.0)
    again = through(codec(secret=False), answer)
    assert (again.reference, again.answer.result, again.answer.block) == (3, PinResult.ENTERED, bytes(8))


def test_a_swipe_is_not_changed_for_the_terminal_that_is_recorded():
    track = bytearray(f"{PAN}=35121200000123".encode())
    event = Swipe("msr", Tracks(track2=track), 1.0)
    plain = codec(secret=False).encode(event)
    assert bytes(event.tracks.track2) == f"{PAN}=35121200000123".encode()
    assert PAN not in repr(plain)


@pytest.mark.parametrize("state", list(DeviceState))
def test_states_of_devices_are_kept_as_they_are(state):
    event = DeviceChanged("printer", state, "No such device", "Plug the device in.")
    assert through(codec(secret=False), event) == event


# --- the host --------------------------------------------------------------------------------


def framed(message):
    return UnionPayFraming().pack(UnionPayFrame(bytes(5), bytes(6), POS.encode(message)))


def washer():
    tokens = Tokens(bytes(32))
    return HostBytes(POS, 3, lambda: tokens), tokens


def decoded(data):
    (frame,) = UnionPayFraming().feed(data)
    return POS.decode(frame.body)


def test_an_answer_comes_with_a_token_for_the_card_and_all_else_as_it_was():
    wash, tokens = washer()
    elements = {2: PAN, 3: "000000", 4: "000000012850", 11: "000007", 39: "00", 41: "10000001", 64: b"\x11" * 8}
    again = decoded(wash.washed(framed(Message("0210", elements))))
    assert again.elements == elements | {2: tokens.number(PAN.encode()).decode()}


def test_an_answer_in_pieces_comes_whole_with_its_last_piece():
    wash, _ = washer()
    data = framed(Message("0210", {2: PAN, 11: "000007", 39: "00"}))
    pieces = [wash.washed(data[place : place + 1]) for place in range(len(data))]
    assert set(pieces[:-1]) == {b""}
    assert decoded(pieces[-1])[11] == "000007"


def test_an_answer_in_http_comes_washed_and_says_whether_the_connection_ends():
    tokens = Tokens(bytes(32))
    for connection in ("keep-alive", "close"):
        wash = HostBytes(POS, 3, lambda: tokens, http=True)
        frame = framed(Message("0210", {2: PAN, 11: "000007", 39: "00"}))
        head = f"HTTP/1.1 200 OK\r\nX-Card: {PAN}\r\nConnection: {connection}\r\nContent-Length: {len(frame)}\r\n\r\n"
        data = head.encode("ascii") + frame
        washed = b"".join(wash.washed(data[place : place + 1]) for place in range(len(data)))
        assert PAN.encode() not in washed
        terminal = UnionPayHttpFraming(HttpTarget("/", "host"))
        (again,) = terminal.feed(washed)
        assert POS.decode(again.body).elements[2] == tokens.number(PAN.encode()).decode()
        assert terminal.ends is (connection == "close")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Busy\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 16\r\n\r\n" + PAN.encode(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nsixteen digits " + PAN.encode() + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + PAN.encode(),
    ],
)
def test_an_http_answer_that_is_none_is_none_for_the_same_reason_in_the_recording(answer):
    washed = HostBytes(POS, 3, lambda: Tokens(bytes(32)), http=True).washed(answer)
    assert PAN.encode() not in washed
    faults = []
    for data in (answer, washed):
        with pytest.raises(FramingError) as refused:
            UnionPayHttpFraming(HttpTarget("/", "host")).feed(data)
        faults.append((type(refused.value), getattr(refused.value, "fault", ""), getattr(refused.value, "status", 0)))
    assert faults[0] == faults[1]


def test_working_keys_of_a_sign_on_are_not_kept():
    wash, _ = washer()
    again = decoded(wash.washed(framed(Message("0810", {11: "000001", 39: "00", 62: b"\xab" * 40}))))
    assert again[62] == bytes(40)


def test_a_payment_code_that_the_host_sends_back_is_not_kept():
    wash, _ = washer()
    again = decoded(wash.washed(framed(Message("0210", {11: "000001", 39: "00", 59: "A30196212345678901234567"}))))
    assert again[59].startswith("A3019621234")
    assert "6212345678901234567" not in again[59]


def test_a_message_that_cannot_be_read_leaves_nothing_but_its_length():
    wash, _ = washer()
    body = b"\x02\x10" + b"\xff" * 8 + PAN.encode()
    washed = wash.washed(UnionPayFraming().pack(UnionPayFrame(bytes(5), bytes(6), body)))
    assert PAN.encode() not in washed
    assert len(washed) == len(body) + 13
    with pytest.raises(Iso8583Error):
        decoded(washed)


def test_a_broken_length_is_broken_in_the_replay():
    wash, _ = washer()
    washed = wash.washed(b"\x00\x01" + PAN.encode())
    assert PAN.encode() not in washed
    with pytest.raises(Exception, match="frame length"):
        UnionPayFraming().feed(washed)


# --- the journal -----------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path):
    database = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    for name in ("schema.sql", "till.sql"):
        database.executescript(files("terminal.journal").joinpath(name).read_text("utf-8"))
    columns = [row[1] for row in database.execute("PRAGMA table_info(txn)") if row[1] not in ("id", "original")]
    values = dict.fromkeys(columns, "") | dict.fromkeys(NUMBERS, 1)
    values |= {"kind": "sale", "state": "approved", "sealed": b"SEALEDCARD" * 4}
    marks = ", ".join(f":{name}" for name in values)
    for _ in range(3):
        database.execute(f"INSERT INTO txn ({', '.join(values)}) VALUES ({marks})", values)
    database.execute(
        "INSERT INTO operator VALUES ('01', 'cashier', ?, ?, 0, '')", (b"SALTSALTSALTSALT", b"VERIFIER" * 4)
    )
    database.execute("INSERT INTO setting VALUES ('pin_key', 'C0FFEEC0FFEEC0FF:DEADBEEF')")
    database.execute("INSERT INTO setting VALUES ('stan', '17')")
    yield database
    database.close()


def test_the_copy_of_a_journal_has_no_sealed_card_no_verifier_and_no_key(journal, tmp_path):
    restore(copy_of(journal), tmp_path / "copy.db")
    data = (tmp_path / "copy.db").read_bytes()
    for secret in (b"SEALEDCARD", b"SALTSALT", b"VERIFIER", b"C0FFEE", b"DEADBEEF"):
        assert secret not in data, secret
    assert b"sale" in data


def test_a_journal_and_its_copy_have_the_same_digest(journal, tmp_path):
    restore(copy_of(journal), tmp_path / "copy.db")
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert digest_of(copy) == digest_of(journal)
    copy.execute("UPDATE txn SET rrn = '1' WHERE id = 2")
    assert digest_of(copy) != digest_of(journal)
    copy.close()


def test_of_an_old_journal_only_the_newest_rows_are_copied(journal, tmp_path):
    journal.execute("UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'txn'")
    columns = ", ".join(row[1] for row in journal.execute("PRAGMA table_info(txn)") if row[1] != "id")
    journal.execute(f"INSERT INTO txn ({columns}) SELECT {columns} FROM txn")
    restore(copy_of(journal), tmp_path / "copy.db")
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert [row[0] for row in copy.execute("SELECT id FROM txn ORDER BY id")] == [5001, 5002, 5003]
    assert digest_of(copy) == digest_of(journal)
    copy.close()
