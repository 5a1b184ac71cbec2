"""The line to a key-loading device: noise, cuts and repetitions change nothing; nobody in the middle is believed."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.ceremony_states import State
from keys.errors import KeysError
from keys.kcv import kcv
from keys.loader_device import LoaderEnd
from keys.loader_link import PAYLOAD_BYTES_MAX, Frame, FrameReader, LineFault, Pairing, encode_frame
from keys.loader_service import LoaderService
from keys.loader_terminal import TerminalEnd
from keys.secret import Secret

PASSWORDS = {"11": "40917263", "22": "58203714"}
FRAMES = st.builds(Frame, st.integers(0, 255), st.sampled_from("HPBCSXhpbcsxe"), st.binary(max_size=200))


def secret(text):
    return Secret(bytearray(text.encode()))


@given(st.lists(FRAMES, max_size=6), st.randoms(use_true_random=False))
def test_frames_come_out_as_they_went_in_however_the_line_cuts_them_up(frames, chance):
    data, reader, found = b"".join(encode_frame(frame) for frame in frames), FrameReader(), []
    while data:
        cut = chance.randint(1, 40)
        found += reader.feed(data[:cut])
        data = data[cut:]
    assert found == frames and reader.damaged == 0


@settings(max_examples=200)
@given(FRAMES, st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_bit_never_makes_another_frame(frame, at, change):
    data = bytearray(encode_frame(frame))
    data[at % len(data)] ^= change
    assert FrameReader().feed(bytes(data)) in ([], [frame])


@given(st.binary(max_size=300).filter(lambda noise: b"\x02" not in noise), FRAMES)
def test_noise_before_a_frame_is_no_hindrance(noise, frame):
    assert FrameReader().feed(noise + encode_frame(frame)) == [frame]


def test_after_half_a_frame_and_a_pause_the_next_one_is_understood():
    reader = FrameReader()
    assert reader.feed(encode_frame(Frame(1, "S", b"x" * 50))[:20]) == []
    reader.rest()
    assert reader.feed(encode_frame(Frame(2, "S"))) == [Frame(2, "S")]


def test_endless_noise_takes_no_memory():
    reader = FrameReader()
    chance = random.Random(7)
    for _ in range(200):
        reader.feed(chance.randbytes(1000))
        assert len(reader._buffer) <= PAYLOAD_BYTES_MAX + 10


def test_both_ends_show_the_same_number_and_others_show_another():
    terminal, loader, other = Pairing(os.urandom), Pairing(os.urandom), Pairing(os.urandom)
    number, _, _ = terminal.as_terminal(loader.public)
    assert loader.as_loader(terminal.public, terminal.nonce, terminal.commitment)[0] == number
    assert len(number) == 6 and number.isdecimal()
    with pytest.raises(LineFault, match="changed its key"):
        loader.as_loader(other.public, other.nonce, terminal.commitment)


class Desk:
    """Two ends joined in memory, with hands at both."""

    def __init__(self, room):
        self.service = LoaderService(room)
        self.terminal = TerminalEnd({"terminal": "10000001"}, self.service, os.urandom)
        self.loader = LoaderEnd("test", os.urandom)
        self.wire = []

    def ask(self, frame):
        data = encode_frame(frame)
        self.wire.append(data)
        answer = self.terminal.receive(data)
        self.wire.append(answer)
        (answered,) = FrameReader().feed(answer)
        return self.loader.answer(answered)

    def pair(self):
        self.ask(self.loader.hello())
        self.ask(self.loader.public())
        assert self.service.number == self.loader.pairing_number

    def sign_in(self):
        loading = self.service.begin()
        for number, password in PASSWORDS.items():
            loading.sign_in(number, secret(password))
        return loading


@pytest.fixture
def desk(room):
    return Desk(room)


PLAN = {"slot": "tmk", "usage": "K0", "algorithm": "tdes", "length_bytes": 16, "components": 2}


def test_a_device_loads_a_key_in_two_components_and_learns_its_check_value(desk, room, components):
    key = bytes(a ^ b for a, b in zip(*components, strict=True))
    desk.pair()
    assert desk.ask(desk.loader.begin(PLAN))["state"] == "waiting"
    loading = desk.sign_in()
    assert desk.ask(desk.loader.state())["state"] == "delivery"
    desk.ask(desk.loader.component(Secret(components[0])))
    told = desk.ask(desk.loader.component(Secret(components[1])))
    assert told["state"] == "key-check" and told["kcv"].startswith(kcv(key, "tdes").hex().upper())
    assert loading.agree().state is State.STORED
    assert desk.ask(desk.loader.state())["state"] == "stored"
    assert room.vault.list()[0].source == "loader"


def test_nothing_of_the_key_is_readable_on_the_line(desk, components):
    desk.pair()
    desk.ask(desk.loader.begin(PLAN))
    desk.sign_in()
    for part in components:
        desk.ask(desk.loader.component(Secret(part)))
    line = b"".join(desk.wire)
    assert all(part not in line and part.hex().encode() not in line.lower() for part in components)


def test_no_component_is_taken_before_the_custodians_have_signed_in(desk, components):
    desk.pair()
    desk.ask(desk.loader.begin(PLAN))
    with pytest.raises(KeysError, match="not signed in"):
        desk.ask(desk.loader.component(Secret(components[0])))


def test_a_repeated_question_is_answered_as_before_and_not_carried_out_twice(desk, components):
    desk.pair()
    desk.ask(desk.loader.begin(PLAN))
    loading = desk.sign_in()
    data = encode_frame(desk.loader.component(Secret(components[0])))
    assert desk.terminal.receive(data) == desk.terminal.receive(data)
    assert loading.view.component == 2


def test_what_was_recorded_on_a_line_cannot_be_played_again(desk, components):
    desk.pair()
    desk.ask(desk.loader.begin(PLAN))
    loading = desk.sign_in()
    data = encode_frame(desk.loader.component(Secret(components[0])))
    desk.terminal.receive(data)
    other = encode_frame(Frame(200, "C", FrameReader().feed(data)[0].payload))
    (answer,) = FrameReader().feed(desk.terminal.receive(other))
    assert answer.type == "e"
    assert loading.view.component == 2


def test_questions_out_of_order_are_refused_by_name(desk):
    for frame in (Frame(1, "P", bytes(32)), Frame(2, "C", bytes(40)), Frame(3, "Q"), Frame(4, "H", b"[]"),
                  Frame(5, "H", b'{"version":9}')):  # fmt: skip
        (answer,) = FrameReader().feed(desk.terminal.receive(encode_frame(frame)))
        assert answer.type == "e" and b"error" in answer.payload


@pytest.mark.parametrize(
    "plan",
    [{**PLAN, "usage": "B0"}, {**PLAN, "slot": "../etc"}, {**PLAN, "length_bytes": "16"}, {**PLAN, "way": 1}, {},
     {**PLAN, "components": 0}, {**PLAN, "expected_kcv": "zz"}],
    ids=str,
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_refused_before_anybody_signs_in(desk, plan):
    desk.pair()
    with pytest.raises(KeysError):
        desk.ask(desk.loader.begin(plan))
    assert desk.service.plan is None


def test_a_second_pairing_in_mid_ceremony_ends_it(desk):
    desk.pair()
    desk.ask(desk.loader.begin(PLAN))
    loading = desk.sign_in()
    desk.loader = LoaderEnd("another", os.urandom)
    desk.ask(desk.loader.hello())
    with pytest.raises(KeysError, match="paired anew"):
        desk.ask(desk.loader.public())
    assert loading.view.state is State.CANCELLED


def test_the_device_may_give_up(desk):
    desk.pair()
    desk.ask(desk.loader.begin(PLAN))
    loading = desk.sign_in()
    assert desk.ask(desk.loader.leave())["state"] == "cancelled"
    assert loading.view.state is State.CANCELLED and desk.service.gone


def test_a_part_of_another_length_ends_the_ceremony(desk, components):
    desk.pair()
    desk.ask(desk.loader.begin(PLAN))
    desk.sign_in()
    told = desk.ask(desk.loader.component(Secret(bytes(8))))
    assert (told["state"], told["reason"]) == ("refused", "component")
