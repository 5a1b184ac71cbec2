"""Frames come out whole however the network cuts them, and what is no frame is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso8583 import FramingError
from iso8583.framing import UnionPayFrame, UnionPayFraming

FRAMES = st.builds(
    UnionPayFrame,
    st.binary(min_size=5, max_size=5),
    st.binary(min_size=6, max_size=6),
    st.binary(min_size=10, max_size=80),
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


@pytest.mark.parametrize("length", [0, 1, 20, 4097, 65535])
def test_a_length_outside_its_bounds_is_refused_before_anything_is_buffered(length):
    with pytest.raises(FramingError):
        UnionPayFraming().feed(length.to_bytes(2, "big"))


def test_a_frame_that_is_too_long_is_not_packed():
    with pytest.raises(FramingError):
        UnionPayFraming().pack(UnionPayFrame(bytes(5), bytes(6), bytes(5000)))
