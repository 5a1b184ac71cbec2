"""Roots, hosts and terminals for the tests of TR-34: a small world of certificates, made once."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


_KEYS = {}


def private_key(name, bits=2048):
    """One for each name; ``bits`` counts the first time."""
    if name not in _KEYS:
        _KEYS[name] = rsa.generate_private_key(65537, bits)
    return _KEYS[name]


def named(name):
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )


@cache
def certificate(name, issuer, *, ca=False, bits=2048, days=(-1, 365), serial=None, signing=True):
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(private_key(name, bits).public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(signing, False, not signing, False, False, ca, ca, False, False),
            critical=True,
        )
        .sign(private_key(issuer), hashes.SHA256())
    )


def root(name):
    return certificate(name, name, ca=True)


def crl(issuer, *revoked, days=(0, 30), signer=None):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(named(issuer))
        .last_update(NOW + timedelta(days=days[0]))
        .next_update(NOW + timedelta(days=days[1]))
    )
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(private_key(signer or issuer), hashes.SHA256()).public_bytes(Encoding.DER)
