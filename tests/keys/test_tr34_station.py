"""A terminal that receives keys by TR-34: from its own key pair to the key in its slot, over restarts."""

import importlib.util
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from keys import KeysError, Secret
from keys.errors import UsageRefused
from keys.kcv import kcv
from keys.tr34 import Tr34Refused
from keys.tr34_host import Host
from keys.tr34_station import Tr34Station

_spec = importlib.util.spec_from_file_location("tr34_people", Path(__file__).with_name("tr34_people.py"))
people = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(people)


def now():
    return people.NOW


def signed(request):
    """The root of devices signs what a terminal asks for."""
    asked = x509.load_pem_x509_csr(request)
    return (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(people.named("device root"))
        .public_key(asked.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(people.root("device root").not_valid_before_utc)
        .not_valid_after(people.root("device root").not_valid_after_utc)
        .sign(people.private_key("device root"), hashes.SHA256())
    )


def pem(certificate):
    return certificate.public_bytes(Encoding.PEM)


@pytest.fixture(scope="module")
def host():
    return Host(people.certificate("host", "host root"), people.private_key("host"), people.crl("host root"))


@pytest.fixture
def station(vault):
    return Tr34Station(vault, now, os.urandom)


@pytest.fixture
def bound(station, host):
    station.accept(pem(signed(station.request("till 4"))), pem(people.root("device root")))
    station.bind(host.credential_token(), pem(people.root("host root")))
    return station


def test_a_key_arrives_in_its_slot_and_the_number_counts_once(bound, vault, host):
    key = os.urandom(16)
    token = host.key_token(bound.certificate, bound.challenge(), "D0000K0TB00N0000", key, os.urandom)
    received = bound.receive(token, "tmk")
    assert received.kcv.value == kcv(key, "tdes").hex().upper()
    record = received.install(("21", "22"))
    assert (record.slot, record.usage, record.source, record.loaded_by) == ("tmk", "K0", "tr-34", ("21", "22"))
    with pytest.raises(Tr34Refused, match="No key was asked for"):
        bound.receive(token, "tmk")


def test_an_answer_that_is_refused_spends_the_number_too(bound, host):
    bound.challenge()
    token = host.key_token(bound.certificate, bound.challenge(), "D0000B0TX00N0000", bytes(range(16)), os.urandom)
    with pytest.raises(UsageRefused):
        bound.receive(token, "tmk")
    with pytest.raises(Tr34Refused, match="No key was asked for"):
        bound.receive(token, "tmk")


def test_only_the_newest_number_is_answered(bound, host):
    older = bound.challenge()
    bound.challenge()
    token = host.key_token(bound.certificate, older, "D0000K0TB00N0000", bytes(range(16)), os.urandom)
    with pytest.raises(Tr34Refused, match="another random number"):
        bound.receive(token, "tmk")


def test_everything_is_there_after_a_restart_and_nothing_of_it_in_clear(bound, vault, host, reopen, tmp_path):
    number = bound.challenge()
    vault.close()
    again = reopen()
    station = Tr34Station(again, now, os.urandom)
    assert station.host.name == bound.host.name
    assert station.credential_token()
    key = os.urandom(16)
    token = host.key_token(station.certificate, number, "D0000P0TE00N0000", key, os.urandom)
    station.receive(token, "pin").install()
    assert len(again.encrypt_pin("pin", Secret(b"1234"), "6200000000000005")) == 8
    private = bytes.fromhex(again.kept("tr34")["private"])
    for file in tmp_path.glob("keys.vault*"):
        assert private[100:200] not in file.read_bytes() and private[100:200].hex().encode() not in file.read_bytes()
    again.close()


def test_steps_out_of_turn_say_what_comes_first(station, host):
    for step, words in [
        (station.credential_token, "no certificate"),
        (station.challenge, "not bound"),
        (lambda: station.receive(b"", "tmk"), "No key was asked for"),
        (lambda: station.bind(host.credential_token(), pem(people.root("host root"))), "no certificate"),
        (lambda: station.accept(pem(people.root("host root")), pem(people.root("device root"))), "asked for"),
    ]:
        with pytest.raises(Tr34Refused, match=words) as refusal:
            step()
        assert refusal.value.remedy
    assert station.host is None and station.certificate is None


def test_a_certificate_for_another_key_or_from_another_root_is_refused(station):
    request = station.request("till 4")
    with pytest.raises(Tr34Refused, match="not for the key"):
        station.accept(pem(people.certificate("terminal", "device root")), pem(people.root("device root")))
    with pytest.raises(Tr34Refused, match="not from this root"):
        station.accept(pem(signed(request)), pem(people.root("host root")))
    with pytest.raises(KeysError, match="no certificate"):
        station.accept(b"rubbish", pem(people.root("device root")))


def test_a_device_never_passes_for_a_host(station):
    station.accept(pem(signed(station.request("till 4"))), pem(people.root("device root")))
    device = Host(
        people.certificate("terminal", "device root"), people.private_key("terminal"), people.crl("device root")
    )
    with pytest.raises(Tr34Refused, match="same root"):
        station.bind(device.credential_token(), pem(people.root("device root")))
    with pytest.raises(Tr34Refused, match="root of hosts"):
        station.bind(device.credential_token(), pem(people.root("host root")))


def test_a_power_cut_while_a_number_is_given_out_leaves_the_old_or_the_new(cut_everywhere, host):
    def prepare(vault):
        station = Tr34Station(vault, now, os.urandom)
        station.accept(pem(signed(station.request("till 4"))), pem(people.root("device root")))
        station.bind(host.credential_token(), pem(people.root("host root")))

    def fixed(count):
        return b"\x17" * count

    cut_everywhere(
        prepare,
        lambda vault: Tr34Station(vault, now, fixed).challenge(),
        lambda vault: "challenge" in (vault.kept("tr34") or {}),
    )
