"""Custodians: their passwords are theirs alone, and pulling the plug gives nobody another try."""

import pytest

from keys import CredentialProtector
from keys.custodians import FAILURES_MAX, Proof
from keys.errors import CeremonyRefused
from keys.loading import open_key_room
from keys.secret import Secret


def secret(text):
    return Secret(bytearray(text.encode()))


def test_the_right_password_lets_in_and_a_wrong_one_does_not(room):
    assert room.custodians.prove("11", secret("40917263")) is Proof.RIGHT
    assert room.custodians.prove("11", secret("40917264")) is Proof.WRONG
    assert room.custodians.prove("77", secret("40917263")) is Proof.WRONG, "who is not there is not told apart"


def test_a_password_is_wiped_once_it_was_compared(room):
    password = secret("40917263")
    room.custodians.prove("11", password)
    assert len(password) == 0


def test_after_too_many_failures_even_the_right_password_is_refused(room):
    for _ in range(FAILURES_MAX - 1):
        assert room.custodians.prove("11", secret("00000000")) is Proof.WRONG
    assert room.custodians.prove("11", secret("00000000")) is Proof.LOCKED
    assert room.custodians.prove("11", secret("40917263")) is Proof.LOCKED
    assert [custodian.locked for custodian in room.custodians.all()] == [True, False]
    assert room.custodians.prove("22", secret("58203714")) is Proof.RIGHT


def test_success_forgives_the_failures_before_it(room):
    for _ in range(3):
        for _ in range(FAILURES_MAX - 1):
            room.custodians.prove("11", secret("00000000"))
        assert room.custodians.prove("11", secret("40917263")) is Proof.RIGHT


def test_a_power_cut_between_tries_gives_no_further_try(room, tmp_path, credential, clock):
    for _ in range(FAILURES_MAX):
        room.custodians.prove("11", secret("00000000"))
        room.vault.close()
        room = open_key_room(
            tmp_path / "keys.vault", CredentialProtector(credential), "lab", clock.now, clock.monotonic
        )
    assert room.custodians.prove("11", secret("40917263")) is Proof.LOCKED
    room.vault.close()


def test_a_power_cut_right_after_the_comparison_counts_the_failure(
    simulated_disk, power_cut, protector, clock, tmp_path
):
    """The failure is on the disk before anybody can learn that the password was wrong."""
    from keys.loading import create_key_room

    place = tmp_path / "sim" / "keys.vault"
    disk = simulated_disk()
    room = create_key_room(place, protector, "lab", clock.now, clock.monotonic, disk=disk)
    room.custodians.enrol("11", secret("40917263"))
    before = disk.files()
    room.vault.close()
    counted = set()
    for fuse in range(400):
        disk = simulated_disk(before)
        room = open_key_room(place, protector, "lab", clock.now, clock.monotonic, disk=disk)
        disk.steps, disk.fuse = 0, fuse
        try:
            told = room.custodians.prove("11", secret("00000000"))
        except power_cut:
            told = None
        room.vault.close()
        for files in disk.platters() if told is None else (disk.files(),):
            again = open_key_room(place, protector, "lab", clock.now, clock.monotonic, disk=simulated_disk(files))
            failures = again.vault.kept("custodians")["11"]["failures"]
            assert failures in (0, 1)
            assert told is None or failures == 1
            counted.add(failures)
            again.vault.close()
        if told is not None:
            break
    assert counted == {0, 1}


def test_another_custodian_lets_a_locked_one_in_again_and_nobody_lets_in_himself(room):
    for _ in range(FAILURES_MAX):
        room.custodians.prove("11", secret("00000000"))
    with pytest.raises(CeremonyRefused):
        room.custodians.unlock("11", by="11")
    room.custodians.unlock("11", by="22")
    assert room.custodians.prove("11", secret("40917263")) is Proof.RIGHT


@pytest.mark.parametrize(
    "password", ["1234567", "12345678", "87654321", "11111111", "12121212", "11221122", "33333333333333333", "4091726a"]
)
def test_a_password_that_is_easy_to_guess_is_refused(room, password):
    with pytest.raises(CeremonyRefused):
        room.custodians.enrol("33", secret(password))


def test_there_is_no_custodian_and_no_password_to_begin_with(tmp_path, protector, clock):
    from keys.loading import create_key_room

    room = create_key_room(tmp_path / "fresh.vault", protector, "lab", clock.now, clock.monotonic)
    assert room.custodians.all() == ()
    assert not room.custodians.enough
    room.vault.close()


def test_two_custodians_remain(room):
    room.custodians.enrol("33", secret("70915346"))
    room.custodians.remove("11", ("22", "33"))
    with pytest.raises(CeremonyRefused, match="Two custodians"):
        room.custodians.remove("22", ("33",))


def test_what_happens_to_custodians_is_in_the_log(room):
    room.custodians.prove("11", secret("00000000"))
    events = [line.event for line in room.audit.lines()]
    assert events == ["log-begun", "custodian-enrolled", "custodian-enrolled", "custodian-failed"]
