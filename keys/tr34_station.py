"""This terminal as a TR-34 key receiving device: what it must remember is sealed in the vault, beside the keys.

From nothing to a key: ``request`` (a key pair of its own, and a signing request for the root of devices), ``accept``
(the certificate comes back), ``bind`` (to one host), then for each key ``challenge`` and ``receive``. A challenge is
durable before it leaves and forgotten, durably, before its answer is read: no answer counts twice, whatever happens to
the power.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID

from keys.errors import KeysError
from keys.key_block import TERMINAL_POLICY, Policy
from keys.tr34 import (
    X509_FAULTS,
    Anchors,
    BoundHost,
    Challenge,
    Credential,
    Tr34Refused,
    bind,
    credential_token,
    receive,
)
from keys.vault import Vault
from keys.vault_arrivals import Received, from_opened

__all__ = ["Tr34Station"]

_KEPT = "tr34"
RSA_BITS = 3072
"""As strong as an AES key of 128 bits (NIST SP 800-57 part 1, table 2)."""


class Tr34Station:
    """Methods that change it write the vault and are called in its thread."""

    def __init__(self, vault: Vault, now: Callable[[], datetime], random: Callable[[int], bytes]) -> None:
        self._vault, self._now, self._random = vault, now, random

    @property
    def host(self) -> BoundHost | None:
        """The host that this terminal is bound to."""
        kept = self._kept()
        if "host" not in kept:
            return None
        return BoundHost(_certificate(kept["host"]), x509.load_der_x509_crl(bytes.fromhex(kept["crl"])))

    @property
    def certificate(self) -> x509.Certificate | None:
        """This terminal's own."""
        kept = self._kept()
        return _certificate(kept["certificate"]) if "certificate" in kept else None

    def request(self, name: str) -> bytes:
        """A new key pair, and the request (PEM) that the root of devices signs. The one before counts until then.

        ``name`` is the terminal's, such as its serial number.
        """
        private = rsa.generate_private_key(65537, RSA_BITS)
        sealed = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()).hex()
        self._keep(requested=sealed)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(private, hashes.SHA256())
        return request.public_bytes(Encoding.PEM)

    def accept(self, certificate: bytes, device_root: bytes) -> None:
        """The terminal's certificate and its root (PEM or DER). Raises Tr34Refused for one of another key or root."""
        kept = self._kept()
        own, root = _load(certificate), _load(device_root)
        if "requested" not in kept:
            raise Tr34Refused("No certificate was asked for.", "Begin with a new request.")
        private = load_der_private_key(bytes.fromhex(kept["requested"]), None)
        if own.public_key() != private.public_key():
            raise Tr34Refused("The certificate is not for the key that was requested.", "Begin with a new request.")
        try:
            own.verify_directly_issued_by(root)
        except (InvalidSignature, ValueError, TypeError):
            raise Tr34Refused("The certificate is not from this root of devices.") from None
        self._keep(
            requested=None,
            private=kept["requested"],
            certificate=own.public_bytes(Encoding.DER).hex(),
            device_root=root.public_bytes(Encoding.DER).hex(),
        )

    def credential_token(self) -> bytes:
        """CT_KRD, for the host."""
        return credential_token(self._credential())

    def bind(self, token: bytes, host_root: bytes) -> BoundHost:
        """Bind to the host of a CT_KDH under this root of hosts (PEM or DER); the one before is forgotten.

        People compare ``BoundHost.name`` with what the acquirer said. Raises Tr34Refused, DerError.
        """
        root = _load(host_root)
        host = bind(token, Anchors(root, self._device_root()), self._now())
        self._keep_host(host, host_root=root.public_bytes(Encoding.DER).hex())
        return host

    def challenge(self) -> bytes:
        """RT_KRD, a fresh random number; durable before it is returned. One is open at a time."""
        if self.host is None:
            raise Tr34Refused("The terminal is not bound to a host.", "Bind it first.")
        challenge = Challenge.new(self._random, self._now())
        self._keep(challenge=[challenge.random.hex(), challenge.expires.isoformat()])
        return challenge.token

    def receive(
        self, token: bytes, slot: str, *, policy: Policy = TERMINAL_POLICY, mac_algorithm: str = "", label: str = ""
    ) -> Received:
        """The key of a KT_KDH, opened and checked but not yet stored. The challenge is spent, whatever comes out.

        Raises Tr34Refused, UsageRefused, DerError.
        """
        kept, host = self._kept(), self.host
        if host is None or "challenge" not in kept:
            raise Tr34Refused("No key was asked for.", "Ask the host with a new random number.")
        random, expires = kept["challenge"]
        self._keep(challenge=None)
        challenge = Challenge(bytes.fromhex(random), datetime.fromisoformat(expires))
        anchors = Anchors(_certificate(kept["host_root"]), self._device_root())
        block, newer = receive(token, self._credential(), host, challenge, anchors, self._now(), policy)
        try:
            if newer != host:
                self._keep_host(newer)
            return from_opened(self._vault.install, block, slot, mac_algorithm=mac_algorithm, label=label)
        except BaseException:
            block.key.wipe()
            raise

    # -- what is kept

    def _kept(self) -> dict[str, Any]:
        return dict(self._vault.kept(_KEPT) or {})

    def _keep(self, **values: Any) -> None:
        kept = {**self._kept(), **values}
        self._vault.keep(**{_KEPT: {name: value for name, value in kept.items() if value is not None}})

    def _keep_host(self, host: BoundHost, **more: str) -> None:
        certificate, crl = host.certificate.public_bytes(Encoding.DER), host.crl.public_bytes(Encoding.DER)
        self._keep(host=certificate.hex(), crl=crl.hex(), challenge=None, **more)

    def _credential(self) -> Credential:
        kept = self._kept()
        if "private" not in kept:
            raise Tr34Refused("The terminal has no certificate.", "Begin with a request to the root of devices.")
        private = load_der_private_key(bytes.fromhex(kept["private"]), None)
        assert isinstance(private, rsa.RSAPrivateKey)
        return Credential(_certificate(kept["certificate"]), private)

    def _device_root(self) -> x509.Certificate:
        kept = self._kept()
        if "device_root" not in kept:
            raise Tr34Refused("The terminal has no certificate.", "Begin with a request to the root of devices.")
        return _certificate(kept["device_root"])


def _certificate(text: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(bytes.fromhex(text))


def _load(data: bytes) -> x509.Certificate:
    try:
        pem = data.lstrip().startswith(b"-----")
        return x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
    except X509_FAULTS:
        raise KeysError("The file is no certificate.", "Give a certificate in PEM or DER.") from None
