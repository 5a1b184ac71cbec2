"""The ceremony: two people, each with a part; nothing left behind on any way out."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import CredentialProtector
from keys.ceremony import Ceremony
from keys.ceremony_plan import ATTEMPTS_MAX, IDLE_S, TOTAL_S, Plan, Way
from keys.ceremony_states import ENDS, TRANSITIONS, State, Step
from keys.errors import CeremonyRefused, KeysError, UsageRefused
from keys.kcv import kcv
from keys.loading import open_key_room
from keys.records import Kcv
from keys.secret import Secret

PASSWORDS = {"11": "40917263", "22": "58203714"}
PUBLISHED = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


def secret(text):
    return Secret(bytearray(text.encode()))


def xor(*parts):
    key = bytes(16)
    for part in parts:
        key = bytes(a ^ b for a, b in zip(key, part, strict=True))
    return key


def shown(key):
    return kcv(key, "tdes").hex().upper()


# -- the way that ends well


@pytest.mark.parametrize("count", [2, 3])
def test_two_custodians_load_a_key_in_components(hands, room, count):
    parts = [os.urandom(16) for _ in range(count)]
    key = xor(*parts)
    loading = hands.begin(components=count, expected_kcv=shown(key))
    assert hands.sign_in_both(loading).state is State.HAND_OVER
    view = hands.type_all(loading, parts)
    assert (view.state, view.key_kcv.value) == (State.KEY_CHECK, shown(key))
    assert [value.value for value in view.component_kcvs] == [shown(part) for part in parts]
    assert loading.agree().state is State.STORED
    record = room.vault.list()[-1]
    assert (record.slot, record.kcv.value, record.loaded_by, record.source) == (
        "tmk", shown(key), ("11", "22"), "ceremony",
    )  # fmt: skip


def test_each_component_shows_its_check_value_and_never_itself(hands, components):
    loading = hands.begin()
    hands.sign_in_both(loading)
    loading.sign_in("", secret(PASSWORDS["11"]))
    view = loading.component(bytearray(components[0].hex().encode()))
    assert view.component_kcv.value == shown(components[0])
    assert components[0].hex() not in repr(view).lower() and components[0].hex() not in repr(loading._ceremony).lower()


def test_the_custodians_take_turns(hands):
    parts = [os.urandom(16) for _ in range(3)]
    loading, turns = hands.begin(components=3), []
    hands.sign_in_both(loading)
    for part in parts:
        turns.append(loading.view.custodian)
        hands.type_all(loading, [part])
    assert turns == ["11", "22", "11"]


def test_a_component_may_be_typed_again_when_its_check_value_is_not_that_of_the_form(hands, room, components):
    loading = hands.begin()
    hands.sign_in_both(loading)
    loading.sign_in("", secret(PASSWORDS["11"]))
    loading.component(bytearray(os.urandom(16).hex().encode()))
    assert loading.retype().state is State.COMPONENT
    loading.component(bytearray(components[0].hex().encode()))
    loading.agree()
    hands.type_all(loading, components[1:])
    assert loading.agree().state is State.STORED
    assert room.vault.kcv("tmk").value == shown(xor(*components))


def test_a_new_clear_master_key_erases_every_other_key(hands, room, components, incoming):
    room.vault.install([incoming("old"), incoming("pin", "P0"), incoming("mac", "M0")])
    loading = hands.begin()
    hands.sign_in_both(loading)
    hands.type_all(loading, components)
    loading.agree()
    assert [record.slot for record in room.vault.list() if record.state == "active"] == ["tmk"]


def test_another_key_in_clear_leaves_the_others(hands, room, components, incoming):
    room.vault.install([incoming("tmk")])
    loading = hands.begin(slot="mac", usage="M0", mac_algorithm="unionpay-ecb")
    hands.sign_in_both(loading)
    hands.type_all(loading, components)
    loading.agree()
    assert sorted(record.slot for record in room.vault.list() if record.state == "active") == ["mac", "tmk"]


def test_a_rehearsal_goes_the_whole_way_and_stores_nothing(hands, room, components, incoming):
    room.vault.install([incoming("old")])
    loading = hands.begin(rehearsal=True)
    hands.sign_in_both(loading)
    hands.type_all(loading, components)
    assert loading.agree().state is State.STORED
    assert [record.slot for record in room.vault.list()] == ["old"]


# -- dual control


def test_one_person_is_not_two(hands):
    loading = hands.begin()
    loading.sign_in("11", secret(PASSWORDS["11"]))
    view = loading.sign_in("11", secret(PASSWORDS["11"]))
    assert (view.state, view.notice) == (State.SECOND_CUSTODIAN, "same-person")


def test_nobody_types_the_component_after_their_own(hands, components):
    loading = hands.begin()
    hands.sign_in_both(loading)
    hands.type_all(loading, components[:1])
    assert loading.view.custodian == "22"
    view = loading.sign_in("11", secret(PASSWORDS["11"]))
    assert (view.state, view.notice) == (State.HAND_OVER, "wrong-password"), "the number asked for is 22's"


def test_no_ceremony_begins_before_two_custodians_are_there(tmp_path, protector, clock):
    from keys.loading import create_key_room

    room = create_key_room(tmp_path / "fresh.vault", protector, "lab", clock.now, clock.monotonic)
    room.custodians.enrol("11", secret(PASSWORDS["11"]))
    with pytest.raises(CeremonyRefused, match="Two key custodians"):
        room.begin(Plan("tmk", Way.KEYPAD))
    room.vault.close()


def test_a_locked_custodian_ends_the_ceremony(hands):
    loading = hands.begin()
    for _ in range(ATTEMPTS_MAX):
        view = loading.sign_in("11", secret("00000000"))
    assert view.state is State.REFUSED, "three tries in one ceremony"
    loading = hands.begin()
    loading.sign_in("11", secret("00000000"))
    assert loading.sign_in("11", secret("00000000")).state is State.LOCKED
    assert hands.begin().sign_in("11", secret(PASSWORDS["11"])).state is State.LOCKED


# -- what is refused


def test_a_wrong_check_value_refuses_the_key(hands, room, components):
    loading = hands.begin(expected_kcv="000000")
    hands.sign_in_both(loading)
    view = hands.type_all(loading, components)
    assert (view.state, view.reason) == (State.REFUSED, "kcv")
    assert not room.vault.has("tmk")


def test_the_same_component_twice_is_refused(hands, components):
    loading = hands.begin()
    hands.sign_in_both(loading)
    view = hands.type_all(loading, [components[0], components[0]])
    assert (view.state, view.reason) == (State.REFUSED, "component")


@pytest.mark.parametrize("typed", ["", "00" * 16, "12" * 15, "12" * 17, "zz" * 16, "1" * 31])
def test_what_is_no_component_is_asked_for_again_three_times(hands, typed):
    loading = hands.begin()
    hands.sign_in_both(loading)
    loading.sign_in("", secret(PASSWORDS["11"]))
    for _ in range(ATTEMPTS_MAX - 1):
        view = loading.component(bytearray(typed.encode()))
        assert view.state is State.COMPONENT and view.notice
    assert loading.component(bytearray(typed.encode())).state is State.REFUSED


def test_a_published_key_is_refused_outside_the_lab_before_anybody_agrees_to_it(make_room, clock):
    from tests.keys.loading.conftest import Hands

    for environment, end in (("production", State.REFUSED), ("lab", State.KEY_CHECK)):
        room = make_room(environment, f"{environment}.vault")
        hands = Hands(room, clock)
        first = os.urandom(16)
        loading = hands.begin()
        hands.sign_in_both(loading)
        view = hands.type_all(loading, [first, xor(first, PUBLISHED)])
        assert (view.state, view.reason) == (end, "test-key" if end is State.REFUSED else "")


@pytest.mark.parametrize(
    "changes",
    [
        {"slot": "Tmk"}, {"slot": ""}, {"length_bytes": 8}, {"algorithm": "des"}, {"components": 4}, {"components": 1},
        {"expected_kcv": "12345"}, {"expected_kcv": "XYZXYZ"}, {"usage": "M0"}, {"usage": "B0"}, {"usage": "S9"},
    ],
    ids=str,
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused_before_anybody_signs_in(hands, changes):
    with pytest.raises((CeremonyRefused, UsageRefused)):
        hands.begin(**changes)


# -- time


def test_a_minute_without_a_key_ends_it(hands, clock, components):
    loading = hands.begin()
    hands.sign_in_both(loading)
    clock.forward(IDLE_S - 1)
    assert loading.keep_alive()
    clock.forward(IDLE_S)
    view = loading.tick()
    assert (view.state, view.reason) == (State.EXPIRED, "idle")


def test_a_quarter_of_an_hour_ends_it_however_busy_they_are(hands, clock):
    loading = hands.begin()
    hands.sign_in_both(loading)
    for _ in range(int(TOTAL_S // 30) - 1):
        clock.forward(30)
        assert loading.keep_alive()
    clock.forward(30)
    assert not loading.keep_alive()
    view = loading.tick()
    assert (view.state, view.reason) == (State.EXPIRED, "total")


def test_a_step_that_comes_too_late_is_not_taken(hands, room, clock, components):
    loading = hands.begin()
    hands.sign_in_both(loading)
    hands.type_all(loading, components)
    clock.forward(IDLE_S + 1)
    assert loading.agree().state is State.EXPIRED
    assert not room.vault.has("tmk")


def test_moving_the_wall_clock_changes_no_limit(hands, clock):
    loading = hands.begin()
    clock.at = clock.at.replace(year=2030)
    assert loading.tick().state is State.FIRST_CUSTODIAN


# -- the machine itself


def test_every_open_state_can_be_left_and_every_end_is_an_end():
    for state in State:
        following = {step for (origin, step) in TRANSITIONS if origin is state}
        if state in ENDS:
            assert not following
        elif state is State.STORING:
            assert following == {Step.STORED, Step.UNFIT}
        else:
            assert {Step.CANCEL, Step.EXPIRE} <= following


def test_cancelling_while_the_key_is_being_stored_changes_nothing():
    ceremony = Ceremony(Plan("tmk", Way.TR34), 0.0)
    ceremony.proven("11", 1.0)
    ceremony.delivered_sealed(Kcv("123456", "legacy", "tdes"), 2.0)
    ceremony.agree(3.0)
    ceremony.cancel(4.0)
    assert ceremony.state is State.STORING
    ceremony.stored(5.0)
    assert ceremony.state is State.STORED


def test_every_state_and_step_is_in_the_table():
    assert set(Step) == {step for _, step in TRANSITIONS}
    reached = set(TRANSITIONS.values()) | {State.FIRST_CUSTODIAN}
    assert reached == set(State)


ACTS = ("right-11", "right-22", "wrong", "locked", "type", "mistype", "retype", "agree", "deliver", "key", "stored",
        "unfit", "cancel", "wait", "touch")  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(Way)), st.sampled_from([2, 3]), st.lists(st.sampled_from(ACTS), max_size=40))
def test_whatever_people_do_a_way_out_leaves_no_secret(way, count, acts):
    """Law: in an end state every component and key that was ever handed over is wiped."""
    ceremony = Ceremony(Plan("tmk", way, components=count), 0.0)
    at, handed, stored_key = 0.0, [], []
    for act in acts:
        at += 70 if act == "wait" else 1
        component = Secret(bytearray(os.urandom(16)))
        before = ceremony.state
        try:
            match act:
                case "right-11" | "right-22":
                    ceremony.proven(ceremony.turn or act[-2:], at)
                case "wrong":
                    ceremony.not_proven(at)
                case "locked":
                    ceremony.locked_out(at)
                case "type":
                    handed.append(component)
                    ceremony.typed(component, at)
                case "deliver":
                    handed.append(component)
                    ceremony.delivered(component, at)
                case "mistype":
                    ceremony.mistyped(at)
                case "retype":
                    ceremony.retype(at)
                case "agree":
                    ceremony.agree(at)
                case "key":
                    key = ceremony.key()
                    stored_key += [key] if key is not None else []
                case "stored":
                    ceremony.stored(at)
                case "unfit":
                    ceremony.unfit("key", "", at)
                case "cancel":
                    ceremony.cancel(at)
                case "touch" | "wait":
                    ceremony.touch(at)
        except CeremonyRefused:
            assert ceremony.state in ENDS or act == "key"
        if before in ENDS:
            assert ceremony.state is before, "an end is an end"
    ceremony.cancel(at)
    ceremony.tick(at + TOTAL_S)
    if ceremony.state in ENDS:
        mine = {id(key) for key in stored_key}
        assert all(len(secret) == 0 for secret in handed if id(secret) not in mine)


# -- crashes, and the log


def test_a_ceremony_that_was_cut_off_leaves_nothing_and_is_noted(hands, room, components, tmp_path, credential, clock):
    loading = hands.begin()
    hands.sign_in_both(loading)
    hands.type_all(loading, components[:1])
    room.vault.close()
    again = open_key_room(tmp_path / "keys.vault", CredentialProtector(credential), "lab", clock.now, clock.monotonic)
    assert again.vault.list() == ()
    line = again.audit.lines()[-1]
    assert (line.event, line.fields["slot"]) == ("ceremony-interrupted", "tmk")
    again.vault.close()


def test_a_process_that_ends_in_mid_ceremony_wipes_and_leaves_the_note_to_the_next(
    hands, room, components, tmp_path, credential, clock
):
    loading = hands.begin()
    hands.sign_in_both(loading)
    hands.type_all(loading, components[:1])
    lines = len(room.audit.lines())
    held = list(loading._ceremony._components)
    loading.abandon()
    assert held and all(len(secret) == 0 for secret in held)
    assert len(room.audit.lines()) == lines, "nothing waited for a disk"
    room.vault.close()
    again = open_key_room(tmp_path / "keys.vault", CredentialProtector(credential), "lab", clock.now, clock.monotonic)
    assert again.audit.lines()[-1].event == "ceremony-interrupted"
    again.vault.close()


def test_the_log_tells_a_ceremony_from_beginning_to_end(hands, room, components):
    loading = hands.begin()
    hands.sign_in_both(loading)
    hands.type_all(loading, components)
    loading.agree()
    lines = room.audit.lines()
    assert [line.event for line in lines[3:]] == ["ceremony-begun", "keys-stored", "ceremony-ended"]
    end = lines[-1]
    assert loading.audit_number == end.number
    assert end.fields["by"] == ["11", "22"] and end.fields["outcome"] == "stored" and end.fields["key"] == "tmk/1"
    assert end.fields["component_kcvs"] == [f"{shown(part)} (TDES)" for part in components]
    text = repr([line.fields for line in lines]).lower()
    assert all(part.hex() not in text for part in (*components, xor(*components)))


def test_a_full_disk_at_the_last_step_refuses_and_keeps_the_old_keys(hands, room, components, incoming, monkeypatch):
    room.vault.install([incoming("old")])
    loading = hands.begin()
    hands.sign_in_both(loading)
    hands.type_all(loading, components)
    whole = room.vault._file._write

    def full(content):
        raise KeysError("The disk is full.")

    monkeypatch.setattr(room.vault._file, "_write", full)
    with pytest.raises(KeysError):  # nor can the end be noted
        loading.agree()
    monkeypatch.setattr(room.vault._file, "_write", whole)
    assert loading.view.state is State.REFUSED
    assert room.vault.has("old") and not room.vault.has("tmk")
