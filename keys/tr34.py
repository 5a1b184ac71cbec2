"""TR-34, two passes: a symmetric key comes to this terminal under RSA, from a host it is bound to.

The terminal is the key receiving device (KRD), the host the key distribution host (KDH):

1. once, at binding: the terminal hands over its certificate (``credential_token``); the host's certificate and
   revocation list come back and are checked against the host's root (``bind``). From now on this host and no other.
2. for each key: the terminal hands over a random number (``Challenge``); the host answers with a signed envelope over
   that number, in which is the key with its key block header (``receive``).

Pure: clock and randomness come from outside, states are values; whoever calls keeps them and uses a challenge once.
Hosts and devices have roots of their own: a certificate of a device never passes for a host's (facts/keys.md §3).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from keys import der
from keys.ciphers import AES, TDES, BlockCipher, wipe
from keys.errors import KeysError
from keys.key_block import TERMINAL_POLICY, KeyBlock, Policy, check_policy
from keys.key_block_header import read_attributes
from keys.secret import Secret
from keys.tr34_forms import (
    EnvelopedData,
    SignedData,
    SignerInfo,
    read_enveloped_data,
    read_key_content,
    read_signed_data,
    write_credentials,
    write_random_token,
)

__all__ = [
    "Anchors",
    "BoundHost",
    "Challenge",
    "Credential",
    "Tr34Refused",
    "bind",
    "credential_token",
    "issuer_and_serial",
    "receive",
]

RSA_BITS_MIN = 2048
CHALLENGE_BYTES = 16
X509_FAULTS = (
    ValueError,
    TypeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""All that the library says of bytes that are no certificate, or not one that it knows; few of them are ValueErrors."""
CHALLENGE_LIFE = timedelta(minutes=10)
_RSA_STRENGTHS = ((7680, 192), (3072, 128), (2048, 112))
"""NIST SP 800-57 part 1, table 2: modulus bits, strength."""
_CONTENT_CIPHERS: dict[str, tuple[BlockCipher, int]] = {
    "aes128_cbc": (AES, 16),
    "aes256_cbc": (AES, 32),
    "des_ede3_cbc": (TDES, 24),
}
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_SIGNED = frozenset({"contentType", "messageDigest", "randomNonce", "data"})
_ALSO_SIGNED = frozenset({"signingTime"})


class Tr34Refused(KeysError):
    """A message of TR-34 that is not taken; the text says why, and nothing of the key."""

    remedy = "Ask the host to send a new key token for a new random number of this terminal."


@dataclass(frozen=True, slots=True)
class Anchors:
    """The two roots. They must differ: with one root for both, any device could play the host."""

    host_root: x509.Certificate
    device_root: x509.Certificate

    def __post_init__(self) -> None:
        if self.host_root.public_key() == self.device_root.public_key():
            raise Tr34Refused("Hosts and devices have the same root.", "Ask the acquirer for the root of its hosts.")


@dataclass(frozen=True, slots=True)
class Credential:
    """This terminal's certificate and private key. RSA keys cannot be wiped by the library that holds them."""

    certificate: x509.Certificate
    private_key: RSAPrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        if self.certificate.public_key() != self.private_key.public_key():
            raise Tr34Refused("The terminal's certificate is not that of its private key.", "Load both anew.")


@dataclass(frozen=True, slots=True)
class BoundHost:
    """The host whose keys are taken, and the newest revocation list seen."""

    certificate: x509.Certificate
    crl: x509.CertificateRevocationList

    @property
    def name(self) -> str:
        """For people: subject and serial number."""
        return f"{self.certificate.subject.rfc4514_string()}, serial {self.certificate.serial_number:X}"


@dataclass(frozen=True, slots=True)
class Challenge:
    """A random number that one key token may answer, for a while."""

    random: bytes
    expires: datetime

    @classmethod
    def new(cls, random: Callable[[int], bytes], now: datetime) -> Challenge:
        """A fresh one. Keep it durable before the token leaves, and forget it with the first answer."""
        return cls(random(CHALLENGE_BYTES), now + CHALLENGE_LIFE)

    @property
    def token(self) -> bytes:
        """RT_KRD."""
        return write_random_token(self.random)


def credential_token(credential: Credential) -> bytes:
    """CT_KRD: the terminal's certificate in a message without signers."""
    return write_credentials([credential.certificate.public_bytes(Encoding.DER)])


def bind(token: bytes, anchors: Anchors, now: datetime) -> BoundHost:
    """The host of a CT_KDH: its certificate under the root of hosts, a current revocation list that does not name it.

    A person who may bind compares ``BoundHost.name`` with what the acquirer said. Raises Tr34Refused, DerError.
    """
    message = read_signed_data(token)
    if message.signers or message.content or len(message.certificates) != 1 or len(message.crls) != 1:
        raise Tr34Refused("A host's credentials are one certificate and one revocation list.")
    certificate = _certificate(message.certificates[0])
    crl = _crl(message.crls[0], anchors.host_root, now)
    _check_certificate(certificate, anchors, now)
    return _not_revoked(BoundHost(certificate, crl))


def receive(
    token: bytes,
    credential: Credential,
    host: BoundHost,
    challenge: Challenge,
    anchors: Anchors,
    now: datetime,
    policy: Policy = TERMINAL_POLICY,
) -> tuple[KeyBlock, BoundHost]:
    """The key of a KT_KDH and the host with its newest revocation list. The challenge is spent, whatever comes out.

    Raises Tr34Refused naming what does not fit, UsageRefused for a genuine key that may not come here, DerError.
    """
    if now >= challenge.expires:
        raise Tr34Refused("The random number is too old.")
    message = read_signed_data(token)
    host = _newer_crl(host, message, anchors, now)
    _check_certificate(host.certificate, anchors, now)
    signer = _the_signer(message, host)
    nonce = _octets(signer, "randomNonce")
    if not hmac.compare_digest(nonce, challenge.random):
        raise Tr34Refused("The key token answers another random number.")
    envelope = read_enveloped_data(message.content)
    if envelope.recipient != issuer_and_serial(credential.certificate):
        raise Tr34Refused("The key token is for another terminal.")
    header = _octets(signer, "data")
    return _opened(envelope, credential, host, header, policy), host


def _opened(
    envelope: EnvelopedData, credential: Credential, host: BoundHost, header: bytes, policy: Policy
) -> KeyBlock:
    """One error for whatever is wrong inside: it was signed by the host, so that no more can be learnt from it."""
    cipher, length = _CONTENT_CIPHERS[envelope.cipher]
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    clear = bytearray()
    try:
        held = Secret(bytearray(credential.private_key.decrypt(envelope.encrypted_key, oaep)))
        with held, held.open() as content_key:
            if len(content_key) != length or not envelope.ciphertext:
                raise ValueError
            clear = cipher.cbc_recover(content_key, envelope.ciphertext, envelope.iv)
        fill = clear[-1]
        if not 0 < fill <= cipher.block or clear[-fill:] != bytes((fill,)) * fill:
            raise ValueError
        content = read_key_content(memoryview(clear)[:-fill])
        if content.host != issuer_and_serial(host.certificate) or content.header != header:
            raise ValueError
        attributes = read_attributes(header.decode("ascii"))
        key = Secret(bytearray(content.key))
    except (ValueError, KeysError):
        raise Tr34Refused("The envelope does not hold what its signature promises.") from None
    finally:
        wipe(clear)
    try:
        # The letter in front says in which version the key would travel; it travels in none here.
        any_version = replace(policy, versions=frozenset(attributes.version))
        known = attributes.cipher
        if known is None or (known.strengths and len(key) not in known.strengths):
            raise Tr34Refused("The key has not the length of its algorithm.")
        check_policy(any_version, attributes, len(key), _rsa_strength(credential.private_key.key_size))
    except BaseException:
        key.wipe()
        raise
    return KeyBlock(attributes, key)


def _the_signer(message: SignedData, host: BoundHost) -> SignerInfo:
    """The bound host's signature over the envelope, the random number and the header."""
    if message.content_type != "envelopedData" or len(message.signers) != 1:
        raise Tr34Refused("A key token is one signed envelope.")
    signer = message.signers[0]
    if signer.signer != issuer_and_serial(host.certificate):
        raise Tr34Refused("The key token is from another host than the one bound.")
    if not _SIGNED <= signer.attributes.keys() <= _SIGNED | _ALSO_SIGNED:
        raise Tr34Refused("The signature does not cover what it should, or more.")
    if der.object_identifier(signer.attributes["contentType"]) != "1.2.840.113549.1.7.3":
        raise Tr34Refused("The signature is over another kind of content.")
    digest = hashes.Hash(hashes.SHA256())
    digest.update(message.content)
    if not hmac.compare_digest(digest.finalize(), _octets(signer, "messageDigest")):
        raise Tr34Refused("The envelope is not the one that was signed.")
    try:
        _rsa(host.certificate).verify(signer.signature, signer.signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise Tr34Refused("The signature of the key token is wrong.") from None
    return signer


def _octets(signer: SignerInfo, name: str) -> bytes:
    return bytes(signer.attributes[name].expect(der.OCTETS).body)


# -- certificates


def _check_certificate(certificate: x509.Certificate, anchors: Anchors, now: datetime) -> None:
    root = anchors.host_root
    try:
        certificate.verify_directly_issued_by(root)
    except X509_FAULTS:
        raise Tr34Refused("The host's certificate is not from the root of hosts.") from None
    for each, name in ((root, "root of hosts"), (certificate, "host's certificate")):
        if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
            raise Tr34Refused(f"The {name} is not valid today.", "Check the terminal's clock, then ask for a new one.")
        if _rsa(each).key_size < RSA_BITS_MIN:
            raise Tr34Refused(f"The {name} has a key shorter than {RSA_BITS_MIN} bits.")
    try:
        if not root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            raise Tr34Refused("The root of hosts may not issue certificates.")
        constraints = _extension(certificate, x509.BasicConstraints)
        usage = _extension(certificate, x509.KeyUsage)
    except X509_FAULTS:
        raise Tr34Refused("The extensions of the host's certificate cannot be read.") from None
    if constraints is not None and constraints.ca:
        raise Tr34Refused("A certificate authority is no host.")
    if usage is not None and not usage.digital_signature:
        raise Tr34Refused("The host's certificate is not for signing.")


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _certificate(data: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(data)
    except X509_FAULTS:
        raise Tr34Refused("The host's certificate cannot be read.") from None


def _crl(data: bytes, root: x509.Certificate, now: datetime) -> x509.CertificateRevocationList:
    try:
        crl = x509.load_der_x509_crl(data)
        genuine = crl.issuer == root.subject and crl.is_signature_valid(_rsa(root))
    except X509_FAULTS:
        raise Tr34Refused("The revocation list cannot be read.") from None
    if not genuine:
        raise Tr34Refused("The revocation list is not from the root of hosts.")
    _check_current(crl, now)
    return crl


def _check_current(crl: x509.CertificateRevocationList, now: datetime) -> None:
    if crl.next_update_utc is None or not crl.last_update_utc <= now <= crl.next_update_utc:
        raise Tr34Refused("The revocation list is out of date.", "Check the terminal's clock, then ask for a new list.")


def _newer_crl(host: BoundHost, message: SignedData, anchors: Anchors, now: datetime) -> BoundHost:
    """The list that came with the message when it is newer; else the known one, which must still be current."""
    if len(message.crls) > 1:
        raise Tr34Refused("A key token brings one revocation list.")
    for data in message.crls:
        crl = _crl(data, anchors.host_root, now)
        if crl.last_update_utc > host.crl.last_update_utc:
            host = BoundHost(host.certificate, crl)
    _check_current(host.crl, now)
    return _not_revoked(host)


def _not_revoked(host: BoundHost) -> BoundHost:
    if host.crl.get_revoked_certificate_by_serial_number(host.certificate.serial_number) is not None:
        raise Tr34Refused("The host's certificate has been revoked.", "Bind the terminal to the acquirer's new host.")
    return host


def _rsa(certificate: x509.Certificate) -> RSAPublicKey:
    try:
        key = certificate.public_key()
    except X509_FAULTS:
        key = None
    if not isinstance(key, RSAPublicKey):
        raise Tr34Refused("A certificate of TR-34 has an RSA key.")
    return key


def _rsa_strength(bits: int) -> int:
    return next((strength for least, strength in _RSA_STRENGTHS if bits >= least), 80)


def issuer_and_serial(certificate: x509.Certificate) -> bytes:
    """How CMS names the owner of a certificate, encoded."""
    return der.write(der.SEQUENCE, certificate.issuer.public_bytes(), der.write_integer(certificate.serial_number))
