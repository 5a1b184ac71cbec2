"""An authority with the certificates it signs, and a real openssl s_server that shows them."""

import base64
import datetime as dt
import hashlib
import ipaddress
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

OPENSSL = shutil.which("openssl")


class People:
    """An authority, and what it signs."""

    def __init__(self, folder):
        self.folder = folder
        self.now = dt.datetime.now(dt.UTC)
        self.authority = self._certificate("authority", None)
        self.other_authority = self._certificate("other-authority", None)
        self.host = self._certificate("host", self.authority)
        self.next_host = self._certificate("next-host", self.authority)
        self.rsa_host = self._certificate("rsa-host", self.authority, key=rsa.generate_private_key(65537, 2048))
        self.strange_host = self._certificate("strange-host", self.other_authority)
        self.expired_host = self._certificate("expired-host", self.authority, days=-1)
        self.terminal = self._certificate("terminal", self.authority)
        self.strange_terminal = self._certificate("strange-terminal", self.other_authority)

    def _certificate(self, name, signer, days=30, key=None):
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer, signing_key = (subject, key) if signer is None else (signer[0].subject, signer[1])
        names = [x509.DNSName("pos.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - dt.timedelta(days=2))
            .not_valid_after(self.now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(signing_key, hashes.SHA256())
        )
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        private = self.folder / f"{name}.key"
        private.touch(0o600)
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, key

    def file(self, name):
        return str(self.folder / name)

    def pin(self, person):
        public = person[1].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(public).digest()).decode("ascii")


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return People(tmp_path_factory.mktemp("people"))


@pytest.fixture
def server(people):
    """``server("host", "-tls1_3")``: openssl s_server with a person's certificate; its port."""
    if OPENSSL is None:
        pytest.skip("openssl is not installed")
    running = []

    def start(person, *options, port=0):
        if not port:
            with socket.socket() as one:
                one.bind(("127.0.0.1", 0))
                port = one.getsockname()[1]
        command = [
            OPENSSL, "s_server", "-accept", f"127.0.0.1:{port}", "-quiet", "-cert", people.file(f"{person}.pem"),
            "-key", people.file(f"{person}.key"), "-CAfile", people.file("authority.pem"), *options,
        ]  # fmt: skip
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        running.append(process)
        deadline = time.monotonic() + 10
        # Whether it listens is read from the kernel: a connection only to try would be its first client.
        while f"0100007F:{port:04X} 00000000:0000 0A" not in Path("/proc/net/tcp").read_text("ascii"):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        start.process = process
        return port

    yield start
    for process in running:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()
