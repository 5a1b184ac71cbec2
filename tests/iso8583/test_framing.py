"""Frames come out whole however the network cuts them, and what is no frame is refused."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso8583 import FramingError
from iso8583.framing import LengthFraming, UnionPayFrame, UnionPayFraming
from iso8583.http_framing import HttpFault, HttpFraming, HttpRefused, HttpTarget, UnionPayHttpFraming

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


REFUSED = {
    b"HTTP/1.1 503 Busy\r\nContent-Length: 5": HttpFault.STATUS,
    b"HTTP/1.1 204 Nothing\r\nContent-Length: 5": HttpFault.STATUS,
    b"HTTP/1.1 100 Continue": HttpFault.STATUS,
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/": HttpFault.REDIRECT,
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5": HttpFault.TYPE,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5": HttpFault.CODED,
    b"HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nContent-Length: 5": HttpFault.CODED,
    b"HTTP/1.1 200 OK": HttpFault.LENGTH,
    b"HTTP/1.1 200 OK\r\nContent-Length: 0": HttpFault.LENGTH,
    b"HTTP/1.1 200 OK\r\nContent-Length: 4097": HttpFault.LENGTH,
    b"HTTP/1.1 200 OK\r\nno colon": HttpFault.HEAD,
    b"HTTP/2 200": HttpFault.HEAD,
}


@pytest.mark.parametrize("head", REFUSED)
def test_each_kind_of_wrong_answer_has_its_name(head):
    with pytest.raises(HttpRefused) as refused:
        HttpFraming(TARGET).feed(head + b"\r\n\r\n12345")
    assert refused.value.fault is REFUSED[head]


def test_a_server_tells_another_method_and_path_apart():
    server = HttpFraming(path="/pay")
    for start, fault in ((b"GET /pay HTTP/1.1", HttpFault.METHOD), (b"POST /other HTTP/1.1", HttpFault.PATH)):
        with pytest.raises(HttpRefused) as refused:
            HttpFraming(path="/pay").feed(start + b"\r\nContent-Length: 1\r\n\r\n1")
        assert refused.value.fault is fault
    assert server.feed(b"POST /pay HTTP/1.1\r\nContent-Length: 1\r\n\r\n1") == [b"1"]


@pytest.mark.parametrize(
    ("start", "header", "ends"),
    [
        ("HTTP/1.1", "", False),
        ("HTTP/1.1", "Connection: keep-alive\r\n", False),
        ("HTTP/1.1", "connection: Foo, Close\r\n", True),
        ("HTTP/1.0", "", True),
        ("HTTP/1.0", "Connection: Keep-Alive\r\n", False),
    ],
)
def test_who_ends_the_connection_says_so(start, header, ends):
    framing = HttpFraming(TARGET)
    framing.feed(f"{start} 200 OK\r\n{header}Content-Length: 1\r\n\r\n1".encode("ascii"))
    assert framing.ends is ends
    asked = HttpFraming(HttpTarget("/a", "host", closes=ends))
    server = HttpFraming()
    server.feed(asked.pack(b"1"))
    assert server.ends is ends


def test_a_body_holds_one_frame_and_nothing_else():
    frame = UnionPayFrame(bytes(5), bytes(6), bytes(10))
    whole = UnionPayFraming().pack(frame)
    assert UnionPayHttpFraming().feed(UnionPayHttpFraming(TARGET).pack(frame)) == [frame]
    for body in (whole + whole, whole + b"\0", whole[:-1], b"\xff\xff" + whole):
        with pytest.raises(FramingError):
            UnionPayHttpFraming(TARGET).feed(HttpFraming().pack(body))


def test_what_has_begun_and_not_ended_is_seen():
    framing = UnionPayHttpFraming(TARGET)
    answer = UnionPayHttpFraming().pack(UnionPayFrame(bytes(5), bytes(6), bytes(10)))
    head = answer.index(b"\r\n\r\n") + 4
    for end in (1, head, head + 1, len(answer) - 1):
        framing = UnionPayHttpFraming(TARGET)
        assert framing.feed(answer[:end]) == []
        assert framing.waiting
    framing.feed(answer[len(answer) - 1 :])
    assert not framing.waiting


def test_header_lines_without_end_are_refused_at_their_bound():
    framing = HttpFraming(TARGET)
    assert framing.feed(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 8000) == []
    with pytest.raises(FramingError):
        framing.feed(b"a" * 400)


def test_a_target_cannot_smuggle_a_header_line():
    with pytest.raises(FramingError):
        HttpTarget("/a\r\nX: 1", "host")
