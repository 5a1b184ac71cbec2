"""TLS to the acquirer: 1.2 or 1.3, one certificate authority, this terminal's certificate, pinned public keys.

Nothing falls back: a host that cannot do this is not reached (facts/reliability-security-emv.md §B2).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import ssl
import stat
from asyncio import StreamWriter

from config import Tls

__all__ = ["TlsTrouble", "pinned", "tls_context"]

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has no others."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class TlsTrouble(Exception):
    """The files of ``[host.tls]`` cannot be used. ``remedy`` says what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


def tls_context(settings: Tls) -> ssl.SSLContext:
    """What the line wants of the other side, and what this side shows. Raises TlsTrouble."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the name is checked, and a certificate is required
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        context.load_verify_locations(cafile=settings.ca)
    except (OSError, ValueError) as error:
        raise _unusable("ca", settings.ca, error) from None
    if settings.certificate is not None:
        key = settings.key or settings.certificate
        _private(key)
        try:
            # A key under a passphrase would ask at the console, and nobody is there.
            context.load_cert_chain(settings.certificate, key, password=lambda: "")
        except (OSError, ValueError) as error:
            raise _unusable("certificate", settings.certificate, error) from None
    return context


def pinned(writer: StreamWriter, pins: tuple[str, ...]) -> bool:
    """Whether the host has one of the public keys: SHA-256 over SubjectPublicKeyInfo, in base64 (RFC 7469 §2.4).

    To be asked before the first byte of a request; without pins every key that the authority signed is right.
    """
    if not pins:
        return True
    from cryptography import x509  # only lines with pins need it
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    session = writer.get_extra_info("ssl_object")
    certificate = session.getpeercert(binary_form=True) if session is not None else None
    if not certificate:
        return False
    public_key = x509.load_der_x509_certificate(certificate).public_key()
    digest = hashlib.sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    shown = base64.b64encode(digest).decode("ascii")
    return any(hmac.compare_digest(shown, pin) for pin in pins)


def _private(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise _unusable("key", path, error) from None
    if mode & _OTHERS:
        raise TlsTrouble(f"The private key {path} is open to others.", f"chmod 600 {path}")


def _unusable(key: str, path: str, error: OSError | ValueError) -> TlsTrouble:
    what = "does not fit the certificate or cannot be read" if isinstance(error, ssl.SSLError) else _plain(error)
    return TlsTrouble(
        f"{path} {what}.",
        f"Put a PEM file there, or correct {key} in section [host.tls].",
    )


def _plain(error: OSError | ValueError) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "is no PEM file"
