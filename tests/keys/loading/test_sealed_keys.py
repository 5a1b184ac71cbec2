"""Keys that come enciphered take the same way: one custodian answers, a check value is agreed to, nothing is erased."""

import os

import pytest

from keys.ceremony_plan import Plan, Way
from keys.ceremony_states import State
from keys.errors import KeysError
from keys.kcv import kcv
from keys.key_block import wrap
from keys.key_block_header import Header
from keys.secret import Secret
from keys.tr34_host import Host
from keys.tr34_station import Tr34Station
from keys.vault_intake import Cryptogram
from tests.keys import test_tr34_station as tr34

MASTER = os.urandom(16)
PUBLISHED = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


def secret(text):
    return Secret(bytearray(text.encode()))


def shown(key):
    return kcv(key, "tdes").hex().upper()


def block_of(key, usage="P0", mode="E"):
    return wrap(MASTER, Header("B", usage, "T", mode), Secret(bytearray(key)), os.urandom)


@pytest.fixture
def loaded(room, incoming):
    room.vault.install([incoming("tmk", key=MASTER), incoming("mac", "M0")])
    return room


def begun(room, way=Way.KEY_BLOCK, slot="pin", **more):
    loading = room.begin(Plan(slot, way, **more))
    assert loading.sign_in("11", secret("40917263")).state is State.DELIVERY, "one custodian is enough"
    return loading


def test_a_key_block_is_taken_over_and_the_other_keys_stay(loaded):
    key = os.urandom(16)
    loading = begun(loaded, expected_kcv=shown(key))
    view = loading.deliver_sealed(loaded.vault.receive_key_block("tmk", block_of(key), "pin"))
    assert (view.state, view.key_kcv.value) == (State.KEY_CHECK, shown(key))
    assert loading.agree().state is State.STORED
    record = next(record for record in loaded.vault.list() if record.slot == "pin")
    assert (record.source, record.loaded_by, record.parent, record.usage) == ("key-block", ("11",), "tmk/1", "P0")
    assert loaded.vault.has("mac") and loaded.vault.has("tmk")


def test_a_bare_cryptogram_takes_the_same_way(loaded):
    from keys.ciphers import tdes_ecb_encrypt

    key = os.urandom(16)
    loading = begun(loaded)
    cryptogram = Cryptogram("pin", "P0", tdes_ecb_encrypt(MASTER, key), shown(key))
    assert loading.deliver_sealed(loaded.vault.receive_cryptogram("tmk", cryptogram)).state is State.KEY_CHECK
    assert loading.agree().state is State.STORED
    assert loaded.vault.kcv("pin").value == shown(key)


def test_another_check_value_than_the_expected_one_is_refused(loaded):
    loading = begun(loaded, expected_kcv="000000")
    received = loaded.vault.receive_key_block("tmk", block_of(os.urandom(16)), "pin")
    view = loading.deliver_sealed(received)
    assert (view.state, view.reason) == (State.REFUSED, "kcv")
    assert len(received.incoming.key) == 0, "what nobody agreed to is wiped"
    assert not loaded.vault.has("pin")


def test_a_published_key_in_a_block_is_refused_outside_the_lab(make_room, incoming):
    room = make_room("production", "production.vault")
    room.vault.install([incoming("tmk", key=MASTER)])
    loading = begun(room)
    view = loading.deliver_sealed(room.vault.receive_key_block("tmk", block_of(PUBLISHED), "pin"))
    assert (view.state, view.reason) == (State.REFUSED, "test-key")


def test_leaving_before_agreeing_wipes_the_key(loaded):
    loading = begun(loaded)
    received = loaded.vault.receive_key_block("tmk", block_of(os.urandom(16)), "pin")
    loading.deliver_sealed(received)
    assert loading.cancel().state is State.CANCELLED
    assert len(received.incoming.key) == 0 and not loaded.vault.has("pin")


def test_a_tr34_token_takes_the_same_way(room):
    people = tr34.people
    host = Host(people.certificate("host", "host root"), people.private_key("host"), people.crl("host root"))
    station = Tr34Station(room.vault, tr34.now, os.urandom)
    station.accept(tr34.pem(tr34.signed(station.request("till 4"))), tr34.pem(people.root("device root")))
    station.bind(host.credential_token(), tr34.pem(people.root("host root")))
    key = os.urandom(16)
    token = host.key_token(station.certificate, station.challenge(), "D0000K0TB00N0000", key, os.urandom)
    loading = begun(room, Way.TR34, "tmk", expected_kcv=shown(key))
    loading.deliver_sealed(station.receive(token, "tmk"))
    assert loading.agree().state is State.STORED
    (record,) = room.vault.list()
    assert (record.source, record.loaded_by) == ("tr-34", ("11",))
    end = room.audit.lines()[-1]
    assert (end.event, end.fields["way"]) == ("ceremony-ended", "tr-34")


def test_a_block_that_is_not_genuine_ends_the_ceremony(loaded):
    loading = begun(loaded)
    block = block_of(os.urandom(16))
    with pytest.raises(KeysError) as fault:
        loaded.vault.receive_key_block("tmk", block[:-1] + ("1" if block[-1] == "0" else "0"), "pin")
    view = loading.unfit(fault.value)
    assert (view.state, view.reason) == (State.REFUSED, "key")
