"""Frames come out whole however the network cuts them, and what is no frame is refused."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso8583 import FramingError
from iso8583.framing import LengthFraming, UnionPayFrame, UnionPayFraming
from iso8583.http_framing import HttpFraming, HttpTarget

TARGET = HttpTarget("/unp/webtrans/WPOS", "192.0.2.1:443")
FRAMES = st.builds(
    UnionPayFrame,
    st.binary(min_size=5, max_size=5),
    st.binary(min_size=6, max_size=6),
    st.binary(min_size=10, max_size=80),
)
FORMS = [*itertools.product(["binary", "ascii", "bcd"], [False, True])]
EVERY_FORM = pytest.mark.parametrize(
    ("sender", "receiver"),
    [
        *((lambda f=f, i=i: LengthFraming(f, inclusive=i),) * 2 for f, i in FORMS),
        (lambda: HttpFraming(TARGET), lambda: HttpFraming()),
        (lambda: HttpFraming(), lambda: HttpFraming(TARGET)),
    ],
    ids=[*(f"{f}, {'inclusive' if i else 'exclusive'}" for f, i in FORMS), "HTTP requests", "HTTP answers"],
)


@given(st.lists(FRAMES, max_size=4), st.data())
def test_frames_survive_any_cut_of_the_stream(frames, data):
    stream = b"".join(UnionPayFraming().pack(frame) for frame in frames)
    framing, found, position = UnionPayFraming(), [], 0
    while position < len(stream):
        step = data.draw(st.integers(1, 40))
        found += framing.feed(stream[position : position + step])
        position += step
    assert found == frames


@EVERY_FORM
def test_frames_come_whole_split_at_each_byte_and_merged(sender, receiver):
    frames = [b"a" * 20, b"\r\n\r\n0123", bytes(range(256))]
    stream = b"".join(sender().pack(frame) for frame in frames)
    assert receiver().feed(stream) == frames, "merged in one piece"
    for place in range(len(stream) + 1):
        framing = receiver()
        assert framing.feed(stream[:place]) + framing.feed(stream[place:]) == frames, f"split at {place}"
    framing = receiver()
    one_by_one = itertools.chain.from_iterable(framing.feed(stream[i : i + 1]) for i in range(len(stream)))
    assert [*one_by_one] == frames, "byte by byte"


@EVERY_FORM
@settings(max_examples=200)
@given(data=st.binary(max_size=80))
def test_any_bytes_give_frames_or_a_framing_error(sender, receiver, data):
    try:
        found = receiver().feed(data)
    except FramingError:
        return
    assert sum(map(len, found)) <= len(data)


@EVERY_FORM
def test_a_frame_that_is_too_long_is_not_packed(sender, receiver):
    with pytest.raises(FramingError):
        sender().pack(bytes(5000))


@pytest.mark.parametrize("length", [0, 1, 20, 4097, 65535])
def test_a_length_outside_its_bounds_is_refused_before_anything_is_buffered(length):
    with pytest.raises(FramingError):
        UnionPayFraming().feed(length.to_bytes(2, "big"))


@pytest.mark.parametrize("length", [b"+005", b" 005", b"5   ", b"00_5", b"0x05", b"9999", b"0000", b"\xd9\xa3\xd9\xa3"])
def test_a_length_in_ascii_is_four_digits_within_bounds(length):
    with pytest.raises(FramingError):
        LengthFraming("ascii").feed(length + b"12345")


def test_a_length_that_counts_itself_and_nothing_else_is_refused():
    with pytest.raises(FramingError):
        LengthFraming("binary", inclusive=True).feed(b"\x00\x02rest")
    with pytest.raises(FramingError):
        LengthFraming("bcd").feed(b"\x00\x1a")


def test_a_published_frame_in_http_is_read():
    """Newland's terminals: header lines as they send them, and an empty line behind the body."""
    frame = UnionPayFraming().pack(UnionPayFrame(bytes(5), bytes(6), bytes(10)))
    request = HttpFraming(TARGET).pack(frame) + b"\r\n\r\n"
    assert b"Content-Type:x-ISO-TPDU/x-auth\r\n" in request
    server = HttpFraming()
    assert server.feed(request) == [frame]
    assert server.feed(request) == [frame], "the empty line belongs to nothing"
    answer = b"HTTP/1.1 200 OK\r\nServer: Access-Guard-1000-Software\r\nContent-Length: 23\r\n\r\n" + frame
    assert HttpFraming(TARGET).feed(answer) == [frame]


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 500 Oops\r\nContent-Length: 5",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5",
        b"HTTP/1.1 200 OK\r\n folded: 1\r\nContent-Length: 5",
        b"HTTP/1.1 200 OK",
        b"SSH-2.0-OpenSSH",
    ],
)
def test_an_answer_that_is_not_read_the_same_way_by_everybody_is_refused(head):
    with pytest.raises(FramingError):
        HttpFraming(TARGET).feed(head + b"\r\n\r\n12345")


def test_header_lines_without_end_are_refused_at_their_bound():
    framing = HttpFraming(TARGET)
    assert framing.feed(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 8000) == []
    with pytest.raises(FramingError):
        framing.feed(b"a" * 400)


def test_a_target_cannot_smuggle_a_header_line():
    with pytest.raises(FramingError):
        HttpTarget("/a\r\nX: 1", "host")
