"""A key room with two custodians, and hands that drive a ceremony in it."""

import os

import pytest

from keys.ceremony_plan import Plan, Way
from keys.loading import create_key_room
from keys.secret import Secret

PASSWORDS = {"11": "40917263", "22": "58203714"}


def secret(text):
    return Secret(bytearray(text.encode()))


class Hands:
    """The two custodians, at whatever device a ceremony is driven from."""

    def __init__(self, room, clock):
        self.room, self.clock = room, clock

    def begin(self, plan=None, **changes):
        return self.room.begin(plan or Plan(**{"slot": "tmk", "way": Way.KEYPAD, **changes}))

    def sign_in_both(self, loading):
        for number, password in PASSWORDS.items():
            view = loading.sign_in(number, secret(password))
        return view

    def type_all(self, loading, components):
        """Each custodian proves to be there, types, and agrees to the check value."""
        view = loading.view
        for component in components:
            loading.sign_in("", secret(PASSWORDS[loading.view.custodian]))
            view = loading.component(bytearray(component.hex().encode()))
            if view.over:
                return view
            view = loading.agree()
        return view


@pytest.fixture
def make_room(tmp_path, protector, clock):
    rooms = []

    def make(environment="lab", name="keys.vault"):
        room = create_key_room(tmp_path / name, protector, environment, clock.now, clock.monotonic)
        for number, password in PASSWORDS.items():
            room.custodians.enrol(number, secret(password))
        rooms.append(room)
        return room

    yield make
    for room in rooms:
        room.vault.close()


@pytest.fixture
def room(make_room):
    return make_room()


@pytest.fixture
def hands(room, clock):
    return Hands(room, clock)


@pytest.fixture
def components():
    return [os.urandom(16), os.urandom(16)]
