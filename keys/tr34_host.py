"""The host's side of TR-34: credentials and key tokens for a terminal. For simulated hosts and for tests.

It signs and seals what it is told to; whether a terminal should take it is the terminal's question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from keys import der
from keys.ciphers import AES, TDES, Data, Key
from keys.tr34 import issuer_and_serial
from keys.tr34_forms import (
    OIDS,
    EnvelopedData,
    SignedData,
    SignerInfo,
    attributes_set,
    read_random_token,
    write_credentials,
    write_enveloped_data,
    write_key_content,
    write_signed_data,
)

__all__ = ["Host"]

_CIPHERS = {"aes128_cbc": (AES, 16), "aes256_cbc": (AES, 32), "des_ede3_cbc": (TDES, 24)}


@dataclass(frozen=True, slots=True)
class Host:
    """A key distribution host."""

    certificate: x509.Certificate
    private_key: RSAPrivateKey = field(repr=False)
    crl: bytes
    """Revocation list of its root, in DER."""

    def credential_token(self) -> bytes:
        """CT_KDH."""
        return write_credentials([self.certificate.public_bytes(Encoding.DER)], [self.crl])

    def key_token(
        self,
        device: x509.Certificate,
        random_token: bytes,
        header: str,
        key: Key,
        random: Callable[[int], bytes],
        *,
        cipher: str = "aes128_cbc",
    ) -> bytes:
        """KT_KDH: a key with its key block header for the terminal that sent ``random_token``."""
        content = write_key_content(issuer_and_serial(self.certificate), key, header.encode("ascii"))
        envelope = self.envelope(device, content, random, cipher)
        return self.signed(envelope, read_random_token(random_token), header.encode("ascii"))

    def envelope(self, device: x509.Certificate, content: Data, random: Callable[[int], bytes], cipher: str) -> bytes:
        """The content under a fresh key under the terminal's RSA key."""
        chosen, length = _CIPHERS[cipher]
        content_key, iv = random(length), random(chosen.block)
        fill = chosen.block - len(content) % chosen.block
        public = device.public_key()
        assert isinstance(public, RSAPublicKey)
        return write_enveloped_data(
            EnvelopedData(
                issuer_and_serial(device),
                public.encrypt(content_key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)),
                cipher,
                iv,
                chosen.cbc_encrypt(content_key, bytes(content) + bytes((fill,)) * fill, iv),
            )
        )

    def signed(self, envelope: bytes, nonce: bytes, header: bytes) -> bytes:
        """The envelope with the signature over it, the random number and the header."""
        digest = hashes.Hash(hashes.SHA256())
        digest.update(envelope)
        attributes = attributes_set(
            {
                "contentType": der.write_object(OIDS["envelopedData"]),
                "messageDigest": der.write(der.OCTETS, digest.finalize()),
                "randomNonce": der.write(der.OCTETS, nonce),
                "data": der.write(der.OCTETS, header),
            }
        )
        signature = self.private_key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())
        signer = SignerInfo(issuer_and_serial(self.certificate), {}, attributes, signature)
        return write_signed_data(SignedData("envelopedData", envelope, (), (self.crl,), (signer,)))
