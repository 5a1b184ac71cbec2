"""DUKPT: terminal and host of one mind over thousands of transactions. Published values: test_every_vector.py."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import dukpt_aes, dukpt_tdes
from keys.dukpt_host import aes_initial_key, aes_transaction_key, tdes_initial_key, tdes_transaction_key
from keys.dukpt_registers import DukptState, pack, unpack
from keys.errors import KeyExhausted, KeysError, UsageRefused
from keys.secret import Secret

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "keys.json").read_text("utf-8"))
TDES_1 = VECTORS["dukpt_tdes_x9_24_1_2009"]
AES_BOTH = [VECTORS["dukpt_aes128_x9_24_3_2017"], VECTORS["dukpt_aes256_x9_24_3_2017"]]


def unhex(text):
    return bytes.fromhex(text)


def opened(held):
    with held.open() as clear:
        return bytes(clear)


def test_the_update_key_is_the_published_one_and_a_terminal_keeps_it():
    vector = VECTORS["dukpt_aes128_update_key"]
    key, key_id = unhex(vector["initial_key"]), unhex(vector["initial_key_id"])
    assert opened(dukpt_aes.derive_update_key(key, key_id)).hex().upper() == vector["update_key_aes128"]
    state = dukpt_aes.load_initial_key(Secret(key), key_id)
    state, _, _ = dukpt_aes.advance(state)
    assert opened(state.update_key).hex().upper() == vector["update_key_aes128"]


def tdes_terminal():
    return dukpt_tdes.load_initial_key(Secret(unhex(TDES_1["initial_key"])), unhex(TDES_1["iksn"]))


def aes_terminal():
    vector = AES_BOTH[0]
    return dukpt_aes.load_initial_key(Secret(unhex(vector["initial_key"])), unhex(vector["initial_key_id"]))


SIDES = {
    "tdes": (tdes_terminal, dukpt_tdes, lambda ksn: tdes_transaction_key(unhex(TDES_1["initial_key"]), ksn)),
    "aes": (aes_terminal, dukpt_aes, lambda ksn: aes_transaction_key(unhex(AES_BOTH[0]["initial_key"]), ksn)),
}


def at(state, module, host, counter):
    """The state of a terminal that stands at ``counter``: its registers as the host computes them."""
    machine = module.MACHINE

    def register(bit):
        # filled with the key of the next counter that ends in this bit, if the terminal would still come there
        higher = counter >> (bit + 1) << (bit + 1)
        following = higher | 1 << bit
        if following < counter or following.bit_count() > machine.ones_max:
            return None
        return host(ksn_at(state, following))

    registers = tuple(register(bit) for bit in range(machine.bits))
    return DukptState(state.scheme, state.ksn, counter, registers, state.update_key)


def ksn_at(state, counter):
    if state.scheme == "tdes":
        return dukpt_tdes.with_counter(state.ksn, counter)
    return state.ksn[:8] + counter.to_bytes(4, "big")


def follow(scheme, state, transactions):
    _, module, host = SIDES[scheme]
    counters = []
    for _ in range(transactions):
        following, key, ksn = module.advance(state)
        state.wipe()
        assert opened(key) == opened(host(ksn)), ksn.hex()
        counters.append(int.from_bytes(ksn[-4:], "big") & module.MACHINE.counter_max)
        state = following
    return state, counters


def usable(module, first, count):
    counters, counter = [], first
    while len(counters) < count and counter <= module.MACHINE.counter_max:
        if counter.bit_count() <= module.MACHINE.ones_max:
            counters.append(counter)
        counter += 1
    return counters


@pytest.mark.parametrize("scheme", SIDES)
def test_terminal_and_host_agree_on_the_first_ten_thousand_transactions(scheme):
    start, module, _ = SIDES[scheme]
    _, counters = follow(scheme, start(), 10_000)
    assert counters == usable(module, 1, 10_000)


@pytest.mark.parametrize(
    ("scheme", "counter"),
    [
        ("tdes", 0x7F0),  # ten ones come together, then every second counter is skipped
        ("tdes", 0xFFC0),
        ("tdes", 0xFF7FE & 0xFF7F0),
        ("tdes", 0x1FE000),
        ("aes", 0x1FFF8),
        ("aes", 0x0FFFFF00 & 0x0FFFF000),
        ("aes", 0xFFFE4000),
    ],
)
def test_terminal_and_host_agree_where_counters_are_skipped(scheme, counter):
    start, module, host = SIDES[scheme]
    first = usable(module, counter, 1)[0]
    expected = usable(module, first, 60)
    _, counters = follow(scheme, at(start(), module, host, first), len(expected))
    assert counters == expected
    assert counters[-1] - counters[0] >= len(counters)


@pytest.mark.parametrize("scheme", SIDES)
def test_registers_put_in_place_are_those_that_a_terminal_has_reached(scheme):
    start, module, host = SIDES[scheme]
    reached, counters = follow(scheme, start(), 40)
    placed = at(start(), module, host, reached.counter)
    assert [held and opened(held) for held in placed.registers] == [held and opened(held) for held in reached.registers]


@pytest.mark.parametrize(("scheme", "last"), [("tdes", 0x1FF800), ("aes", 0xFFFF0000)])
def test_after_the_last_key_nothing_is_left(scheme, last):
    start, module, host = SIDES[scheme]
    state, counters = follow(scheme, at(start(), module, host, last), 1)
    assert counters == [last]
    assert state.exhausted
    assert not any(state.registers)
    with pytest.raises(KeyExhausted):
        module.advance(state)
    with pytest.raises(KeyExhausted):
        module.advance(unpack(pack(state)))


def test_a_tdes_terminal_has_exactly_1048575_keys():
    counter, given_out = 1, 0
    while counter <= dukpt_tdes.MACHINE.counter_max:
        given_out += 1
        lowest = counter & -counter
        counter += 1 if counter.bit_count() < dukpt_tdes.MACHINE.ones_max else lowest
    assert given_out == 1_048_575


@settings(max_examples=40, deadline=None)
@given(base=st.binary(min_size=16, max_size=16), ksn=st.binary(min_size=10, max_size=10), seed=st.integers(0, 1 << 32))
def test_any_tdes_terminal_is_understood_by_its_host(base, ksn, seed):
    ksn = dukpt_tdes.with_counter(ksn, 0)
    initial = tdes_initial_key(base, ksn)
    terminal = dukpt_tdes.load_initial_key(initial, ksn)
    machine = dukpt_tdes.MACHINE
    counter = usable(dukpt_tdes, random.Random(seed).randrange(1, machine.counter_max - 5000), 1)[0]
    state = at(terminal, dukpt_tdes, lambda wanted: tdes_transaction_key(opened(initial), wanted), counter)
    for expected in usable(dukpt_tdes, counter, 5):
        state, key, given = dukpt_tdes.advance(state)
        assert given == dukpt_tdes.with_counter(ksn, expected)
        assert opened(key) == opened(tdes_transaction_key(opened(initial), given))


@settings(max_examples=40, deadline=None)
@given(
    base=st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    key_id=st.binary(min_size=8, max_size=8),
    seed=st.integers(0, 1 << 32),
)
def test_any_aes_terminal_is_understood_by_its_host(base, key_id, seed):
    initial = aes_initial_key(base, key_id)
    terminal = dukpt_aes.load_initial_key(initial, key_id)
    ones = random.Random(seed).sample(range(32), 12)
    counter = sum(1 << bit for bit in ones)
    state = at(terminal, dukpt_aes, lambda wanted: aes_transaction_key(opened(initial), wanted), counter)
    for expected in usable(dukpt_aes, counter, 5):
        state, key, given = dukpt_aes.advance(state)
        assert given == key_id + expected.to_bytes(4, "big")
        assert opened(key) == opened(aes_transaction_key(opened(initial), given))


@pytest.mark.parametrize("scheme", SIDES)
def test_no_key_that_was_given_out_can_be_found_in_the_next_state(scheme):
    start, module, _ = SIDES[scheme]
    state, given_out = start(), []
    for _ in range(64):
        state, key, _ = module.advance(state)
        given_out.append(opened(key))
        kept = opened(pack(state))
        assert not any(old in kept for old in given_out)


@pytest.mark.parametrize("scheme", SIDES)
def test_a_state_can_be_wiped_when_the_next_one_is_durable(scheme):
    start, module, _ = SIDES[scheme]
    state = start()
    following, key, _ = module.advance(state)
    before = opened(pack(following))
    state.wipe()
    assert opened(pack(following)) == before
    assert opened(key)
    assert all(held is None or not len(held) for held in state.registers)


@pytest.mark.parametrize("scheme", SIDES)
def test_a_state_comes_back_as_it_was_sealed(scheme):
    start, module, _ = SIDES[scheme]
    state, _ = follow(scheme, start(), 21)
    again = unpack(pack(state))
    assert (again.scheme, again.ksn, again.counter) == (state.scheme, state.ksn, state.counter)
    assert opened(module.advance(again)[1]) == opened(module.advance(state)[1])


@pytest.mark.parametrize("scheme", SIDES)
def test_bytes_that_are_no_state_are_refused(scheme):
    packed = opened(pack(SIDES[scheme][0]()))
    for wrong in (
        b"",
        packed[:-1],
        packed + b"\0",
        b"\x09" + packed[1:],
        packed[:1] + b"\x02" + packed[2:],
        packed[:30],
    ):
        with pytest.raises(KeysError, match="cannot be read"):
            unpack(Secret(bytearray(wrong)))


def test_a_state_of_the_other_kind_is_refused():
    with pytest.raises(KeysError, match="another kind"):
        dukpt_tdes.advance(aes_terminal())


def test_an_initial_key_that_cannot_be_right_is_refused():
    key = Secret(bytes(range(16)))
    with pytest.raises(KeysError, match="counter"):
        dukpt_tdes.load_initial_key(key, unhex("FFFF9876543210E00001"))
    with pytest.raises(KeysError, match="8 to 10 bytes"):
        dukpt_tdes.load_initial_key(key, bytes(7))
    with pytest.raises(KeysError, match="16 bytes"):
        dukpt_tdes.load_initial_key(Secret(bytes(8)), unhex(TDES_1["iksn"]))
    with pytest.raises(KeysError, match="8 bytes"):
        dukpt_aes.load_initial_key(key, bytes(12))
    with pytest.raises(KeysError, match="16, 24 or 32"):
        dukpt_aes.load_initial_key(Secret(bytes(8)), bytes(8))


def test_a_short_serial_number_is_filled_on_the_left():
    assert dukpt_tdes.normal_ksn(unhex("9876543210E00001")).hex().upper() == "FFFF9876543210E00001"
    short = tdes_initial_key(unhex(TDES_1["bdk"]), unhex("9876543210E00000"))
    assert opened(short).hex().upper() == TDES_1["initial_key"]


@pytest.mark.parametrize("counter", [0, 0x7FF, 0x1FFFFF])
def test_a_host_refuses_a_counter_that_no_terminal_uses(counter):
    with pytest.raises(KeysError, match="No terminal"):
        tdes_transaction_key(unhex(TDES_1["initial_key"]), dukpt_tdes.with_counter(unhex(TDES_1["iksn"]), counter))


def test_no_working_key_is_stronger_than_the_key_it_comes_from():
    key, ksn = bytes(16), bytes(11) + b"\x01"
    for key_type in (dukpt_aes.KeyType.AES_192, dukpt_aes.KeyType.AES_256, dukpt_aes.KeyType.HMAC_256):
        with pytest.raises(UsageRefused, match="stronger"):
            dukpt_aes.key_for(key, ksn, dukpt_aes.Purpose.PIN, key_type)
    for key_type, length in ((dukpt_aes.KeyType.TDES_2, 16), (dukpt_aes.KeyType.TDES_3, 24)):
        assert len(dukpt_aes.key_for(key, ksn, dukpt_aes.Purpose.PIN, key_type)) == length
    with pytest.raises(UsageRefused, match="derivation"):
        dukpt_aes.key_for(key, ksn, dukpt_aes.Purpose.DERIVATION)


def test_an_old_host_may_have_data_under_another_variant():
    key = unhex(TDES_1["rows"][0]["txn_key"])
    old = dukpt_tdes.key_for(key, dukpt_tdes.Purpose.DATA_REQUEST, data_variant=dukpt_tdes.Purpose.PIN)
    assert opened(old) == opened(dukpt_tdes.key_for(key, dukpt_tdes.Purpose.PIN))
