"""TR-34, two passes, with roots and certificates of its own; where openssl can, it is asked as well."""

import importlib.util
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys import der
from keys.errors import KeysError, UsageRefused
from keys.tr34 import Anchors, Challenge, Credential, Tr34Refused, bind, credential_token, issuer_and_serial, receive
from keys.tr34_forms import read_enveloped_data, read_signed_data, write_key_content
from keys.tr34_host import Host

_spec = importlib.util.spec_from_file_location("tr34_people", Path(__file__).with_name("tr34_people.py"))
people = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(people)
NOW = people.NOW
HEADER = "D0000K1TB00N0000"
KEY = bytes.fromhex("B6A4D31F7C2085E9402F9D6ACB517E38")


class World:
    """One host, one terminal, their roots."""

    def __init__(self):
        self.anchors = Anchors(people.root("host root"), people.root("device root"))
        self.credential = Credential(people.certificate("terminal", "device root"), people.private_key("terminal"))
        self.certificate = people.certificate("host", "host root")
        self.host = Host(self.certificate, people.private_key("host"), people.crl("host root"))
        self.bound = bind(self.host.credential_token(), self.anchors, NOW)
        self.challenge = Challenge.new(os.urandom, NOW)

    def token(self, header=HEADER, key=KEY, host=None, **more):
        device = self.credential.certificate
        return (host or self.host).key_token(device, self.challenge.token, header, key, os.urandom, **more)

    def receive(self, token, **more):
        values = {"credential": self.credential, "host": self.bound, "challenge": self.challenge} | more
        now = values.pop("now", NOW)
        return receive(token, anchors=self.anchors, now=now, **values)


@pytest.fixture(scope="module")
def world():
    return World()


def opened(held):
    with held.open() as clear:
        return bytes(clear)


@pytest.mark.parametrize("cipher", ["aes128_cbc", "aes256_cbc", "des_ede3_cbc"])
@pytest.mark.parametrize("key", [KEY, bytes(range(24))], ids=["16", "24"])
def test_a_key_of_the_bound_host_arrives_with_its_attributes(world, cipher, key):
    block, host = world.receive(world.token(key=key, cipher=cipher))
    assert opened(block.key) == key
    assert (block.header.usage, block.header.mode, block.algorithm) == ("K1", "B", "tdes")
    assert host == world.bound


def test_a_dukpt_key_arrives_with_its_serial_number(world):
    block, _ = world.receive(world.token("B0000B1TX00N0100KS18FFFF9876543210E00000"))
    assert block.ksn == "FFFF9876543210E00000"


def test_the_terminal_shows_its_certificate_and_a_fresh_number(world):
    message = read_signed_data(credential_token(world.credential))
    assert message.certificates == (world.credential.certificate.public_bytes(Encoding.DER),)
    assert message.signers == () and message.content == b""
    assert Challenge.new(os.urandom, NOW).token != Challenge.new(os.urandom, NOW).token


def test_whoever_binds_sees_whom(world):
    assert "CN=host" in world.bound.name and f"{world.certificate.serial_number:X}" in world.bound.name


def test_hosts_and_devices_never_share_a_root(world):
    root = world.anchors.host_root
    with pytest.raises(Tr34Refused, match="same root"):
        Anchors(root, root)


def test_the_terminals_certificate_belongs_to_its_key(world):
    with pytest.raises(Tr34Refused, match="not that of its private key"):
        Credential(world.credential.certificate, people.private_key("host"))


def host_of(name="host", issuer="host root", crl=None, **more):
    certificate = people.certificate(name, issuer, **more)
    return Host(certificate, people.private_key(name, more.get("bits", 2048)), crl or people.crl("host root"))


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (lambda: host_of("terminal", "device root"), "not from the root of hosts"),
        (lambda: host_of(days=(-9, -2)), "not valid today"),
        (lambda: host_of(days=(2, 9)), "not valid today"),
        (lambda: host_of("weak", bits=1024), "shorter than 2048"),
        (lambda: host_of(ca=True), "no host"),
        (lambda: host_of(signing=False), "not for signing"),
        (lambda: host_of(serial=77, crl=people.crl("host root", 77)), "revoked"),
        (lambda: host_of(crl=people.crl("host root", days=(-9, -2))), "out of date"),
        (lambda: host_of(crl=people.crl("host root", signer="device root")), "not from the root"),
        (lambda: host_of(crl=people.crl("device root")), "not from the root"),
        (lambda: host_of(crl=der.write(der.SEQUENCE)), "cannot be read"),
    ],
    ids=[
        "device",
        "expired",
        "not-yet",
        "short",
        "authority",
        "no-signer",
        "revoked",
        "old-list",
        "forged",
        "other-list",
        "no-list",
    ],
)
def test_a_host_that_nobody_should_trust_is_not_bound(world, host, words):
    with pytest.raises(Tr34Refused, match=words):
        bind(host().credential_token(), world.anchors, NOW)


def test_a_key_token_is_no_credential_and_a_credential_no_key_token(world):
    with pytest.raises(Tr34Refused, match="one certificate"):
        bind(world.token(), world.anchors, NOW)
    with pytest.raises(Tr34Refused, match="one signed envelope"):
        world.receive(world.host.credential_token())


def test_a_number_counts_once_and_not_for_long(world):
    token = world.token()
    with pytest.raises(Tr34Refused, match="another random number"):
        world.receive(token, challenge=Challenge.new(os.urandom, NOW))
    with pytest.raises(Tr34Refused, match="too old"):
        world.receive(token, now=NOW + timedelta(minutes=11))


def test_only_the_bound_host_sends_keys(world):
    other = host_of("another host")
    with pytest.raises(Tr34Refused, match="another host"):
        world.receive(world.token(host=other))
    posing = Host(world.certificate, people.private_key("another host"), world.host.crl)
    with pytest.raises(Tr34Refused, match="signature of the key token is wrong"):
        world.receive(world.token(host=posing))


def test_a_host_that_was_revoked_since_is_refused_and_the_newer_list_stays(world):
    newer = people.crl("host root", days=(0, 31))
    assert newer != world.host.crl
    later = replace(world.host, crl=people.crl("host root", world.certificate.serial_number))
    with pytest.raises(Tr34Refused, match="revoked"):
        world.receive(world.token(host=later), host=replace_crl(world))
    _, host = world.receive(world.token(), host=replace_crl(world))
    assert host.crl.last_update_utc == NOW
    with pytest.raises(Tr34Refused, match="out of date"):
        world.receive(world.token(), now=NOW + timedelta(days=40), challenge=late(world, 40))


def late(world, days):
    return replace(world.challenge, expires=NOW + timedelta(days=days + 1))


def replace_crl(world):
    """The bound host with a list from yesterday."""
    older = replace(world.host, crl=people.crl("host root", days=(-1, 30)))
    return bind(older.credential_token(), world.anchors, NOW)


def test_a_token_for_another_terminal_is_refused(world):
    other = Credential(people.certificate("other terminal", "device root"), people.private_key("other terminal"))
    with pytest.raises(Tr34Refused, match="another terminal"):
        world.receive(world.token(), credential=other)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w, c: write_key_content(issuer_and_serial(w.credential.certificate), KEY, HEADER.encode()), "promises"),
        (lambda w, c: write_key_content(issuer_and_serial(w.certificate), KEY, b"D0000P0TE00N0000"), "promises"),
        (lambda w, c: c + b"\x00", "promises"),
        (lambda w, c: b"", "promises"),
        (lambda w, c: write_key_content(issuer_and_serial(w.certificate), KEY[:15], HEADER.encode()), "length"),
    ],
    ids=["host", "header", "trailing", "empty", "length"],
)
def test_what_is_in_the_envelope_must_be_what_was_signed(world, change, words):
    content = change(world, write_key_content(issuer_and_serial(world.certificate), KEY, HEADER.encode()))
    envelope = world.host.envelope(world.credential.certificate, content, os.urandom, "aes128_cbc")
    with pytest.raises(Tr34Refused, match=words):
        world.receive(world.host.signed(envelope, world.challenge.random, HEADER.encode()))


@pytest.mark.parametrize(
    ("header", "key", "words"),
    [
        ("D0000B0TX00N0000", KEY, "B0 do not come here"),
        ("D0000P0TX00N0000", KEY, "no mode X"),
        ("D0000P0AE00N0000", bytes(range(16)), "stronger"),
        ("D0000P0TE00N0000", KEY[:8], "single DES"),
    ],
    ids=["base-derivation", "mode", "too-strong", "single-des"],
)
def test_a_genuine_key_that_may_not_come_here_is_refused_by_name(world, header, key, words):
    """An AES key asks for RSA of 3072 bits (PCI PIN Security, annex C)."""
    with pytest.raises(UsageRefused, match=words):
        world.receive(world.token(header, key))


def test_an_aes_key_comes_under_3072_bits(world):
    credential = Credential(
        people.certificate("strong terminal", "device root", bits=3072), people.private_key("strong terminal", 3072)
    )
    token = world.host.key_token(
        credential.certificate, world.challenge.token, "D0000K1AB00N0000", bytes(range(16)), os.urandom
    )
    block, _ = world.receive(token, credential=credential)
    assert block.algorithm == "aes"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(data=st.data())
def test_a_token_with_any_byte_changed_is_refused_or_as_good_and_shows_no_key(world, data):
    token = bytearray(_TOKEN.setdefault(0, world.token()))
    place = data.draw(st.integers(0, len(token) - 1))
    token[place] ^= data.draw(st.integers(1, 255))
    # Versions and names of algorithms stand outside the signature: another one that is as good changes nothing.
    try:
        block, _ = world.receive(bytes(token))
    except KeysError as error:
        told = str(error)
    else:
        assert opened(block.key) == KEY and block.header.usage == "K1"
        told = repr(block)
    assert KEY.hex() not in told.lower()


_TOKEN = {}


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_refusal(data):
    for reader in (read_signed_data, read_enveloped_data):
        with pytest.raises(KeysError):
            reader(data)


# -- openssl


@pytest.fixture
def openssl(tmp_path):
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")

    def run(command, **files):
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        done = subprocess.run([program, *command.split()], cwd=tmp_path, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


def pem(certificate):
    return certificate.public_bytes(Encoding.PEM)


def pem_key(name):
    return people.private_key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_openssl_accepts_the_signature_of_a_key_token_and_finds_the_envelope(world, openssl):
    token = world.token()
    out = openssl(
        "cms -verify -inform DER -in token -certfile host -CAfile root -purpose any -no_check_time -binary",
        token=token,
        host=pem(world.certificate),
        root=pem(world.anchors.host_root),
    )
    assert out == read_signed_data(token).content


def test_openssl_opens_our_envelope(world, openssl):
    envelope = read_signed_data(world.token()).content
    message = der.write(der.SEQUENCE, der.write_object("1.2.840.113549.1.7.3"), der.write(der.context(0), envelope))
    command = "cms -decrypt -inform DER -in message -recip terminal -inkey key -binary"
    out = openssl(command, message=message, terminal=pem(world.credential.certificate), key=pem_key("terminal"))
    assert out == write_key_content(issuer_and_serial(world.certificate), KEY, HEADER.encode())


def test_an_envelope_of_openssl_is_opened(world, openssl):
    content = write_key_content(issuer_and_serial(world.certificate), KEY, HEADER.encode())
    message = openssl(
        "cms -encrypt -aes128 -binary -outform DER -in content -recip terminal"
        " -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256 -keyopt rsa_mgf1_md:sha256",
        content=content,
        terminal=pem(world.credential.certificate),
    )
    envelope = bytes(der.read(message, der.SEQUENCE).children()[1].children()[0].encoded)
    block, _ = world.receive(world.host.signed(envelope, world.challenge.random, HEADER.encode()))
    assert opened(block.key) == KEY


def test_a_signature_of_openssl_is_read_and_its_attributes_found_incomplete(world, openssl):
    message = openssl(
        "cms -sign -binary -nodetach -nosmimecap -outform DER -in content -signer host -inkey key"
        " -md sha256 -econtent_type 1.2.840.113549.1.7.3",
        content=read_signed_data(world.token()).content,
        host=pem(world.certificate),
        key=pem_key("host"),
    )
    assert read_signed_data(message).signers[0].signer == issuer_and_serial(world.certificate)
    with pytest.raises(Tr34Refused, match="does not cover"):
        world.receive(message)


def test_openssl_reads_the_terminals_credentials(world, openssl):
    out = openssl("cms -cmsout -print -inform DER -in token", token=credential_token(world.credential))
    assert b"CN=terminal" in out or b"CN = terminal" in out
