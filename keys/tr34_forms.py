"""The messages of TR-34 as bytes: CMS (RFC 5652) in DER, read strictly, written canonically. Nothing here trusts.

Who may have sent a message, and whether it is fresh, is for ``tr34.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keys import der
from keys.ciphers import Data
from keys.der import DerError, Element

__all__ = [
    "OIDS",
    "EnvelopedData",
    "KeyContent",
    "SignedData",
    "SignerInfo",
    "algorithm",
    "attributes_set",
    "read_content_cipher",
    "read_enveloped_data",
    "read_key_content",
    "read_random_token",
    "read_signed_data",
    "write_credentials",
    "write_enveloped_data",
    "write_key_content",
    "write_random_token",
    "write_signed_data",
]

OIDS: Mapping[str, str] = {
    "data": "1.2.840.113549.1.7.1",
    "signedData": "1.2.840.113549.1.7.2",
    "envelopedData": "1.2.840.113549.1.7.3",
    "contentType": "1.2.840.113549.1.9.3",
    "messageDigest": "1.2.840.113549.1.9.4",
    "signingTime": "1.2.840.113549.1.9.5",
    "randomNonce": "1.2.840.113549.1.9.25.3",
    "rsaEncryption": "1.2.840.113549.1.1.1",
    "rsaesOaep": "1.2.840.113549.1.1.7",
    "mgf1": "1.2.840.113549.1.1.8",
    "pSpecified": "1.2.840.113549.1.1.9",
    "sha256WithRSA": "1.2.840.113549.1.1.11",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "des_ede3_cbc": "1.2.840.113549.3.7",
    "aes128_cbc": "2.16.840.1.101.3.4.1.2",
    "aes256_cbc": "2.16.840.1.101.3.4.1.42",
}
_NAMES = {dotted: name for name, dotted in OIDS.items()}
_RANDOM_BYTES = range(8, 17)
_SIGNED_VERSIONS, _SIGNER_VERSION, _ENVELOPED_VERSIONS = {1, 3}, 1, {0, 2}
_KEY_CONTENT_VERSIONS = {0, 1}
_CERTIFICATES, _CRLS = der.context(0), der.context(1)
_ATTRIBUTES = der.context(0)
_CIPHERTEXT = der.context(0, constructed=False)


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """Who signed what beside the content."""

    signer: bytes
    """IssuerAndSerialNumber, encoded."""
    attributes: Mapping[str, Element]
    """The one value of each, by name of ``OIDS``."""
    signed: bytes
    """The attributes as the signature covers them."""
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedData:
    """CMS SignedData; without signers it only carries certificates."""

    content_type: str
    content: bytes
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]


@dataclass(frozen=True, slots=True)
class EnvelopedData:
    """CMS EnvelopedData for one recipient, its key under RSA-OAEP with SHA-256."""

    recipient: bytes
    """IssuerAndSerialNumber, encoded."""
    encrypted_key: bytes
    cipher: str
    """Name of ``OIDS``: ``aes128_cbc``, ``aes256_cbc`` or ``des_ede3_cbc``."""
    iv: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class KeyContent:
    """What is in the envelope. ``key`` is a view of the message: whoever opened it wipes that."""

    host: bytes
    """IssuerAndSerialNumber of the host, encoded."""
    key: memoryview
    header: bytes


# -- small parts


def algorithm(name: str, *parameters: bytes) -> bytes:
    """AlgorithmIdentifier."""
    return der.write(der.SEQUENCE, der.write_object(OIDS[name]), *(parameters or (der.write(der.NULL),)))


def _name_of(element: Element) -> str:
    dotted = der.object_identifier(element)
    try:
        return _NAMES[dotted]
    except KeyError:
        raise DerError(f"The object identifier {dotted} does not belong into this message.") from None


def _algorithm(element: Element, *names: str) -> tuple[str, list[Element]]:
    """Name and parameters; NULL stands for none."""
    parts = _parts(element, der.SEQUENCE, 1, 2)
    name = _name_of(parts[0])
    if name not in names:
        raise DerError(f"The algorithm {name} is not used here.")
    parameters = parts[1:]
    if parameters and parameters[0].tag == der.NULL:
        if parameters[0].body:
            raise DerError("NULL has no content.")
        parameters = []
    return name, parameters


def _parts(element: Element, tag: int, least: int, most: int | None = None) -> list[Element]:
    parts = element.expect(tag).children()
    if not least <= len(parts) <= (most or least):
        raise DerError("A part of the message has too few or too many parts.")
    return parts


def _content_info(data: Data, name: str) -> Element:
    kind, content = _parts(der.read(data, der.SEQUENCE), der.SEQUENCE, 2)
    if _name_of(kind) != name:
        raise DerError(f"The message is not {name}.")
    return _parts(content, der.context(0), 1)[0]


def _write_content_info(name: str, content: bytes) -> bytes:
    return der.write(der.SEQUENCE, der.write_object(OIDS[name]), der.write(der.context(0), content))


# -- random number token


def write_random_token(random: bytes) -> bytes:
    """RT_KRD: the receiving device's random number, 8 to 16 bytes."""
    if len(random) not in _RANDOM_BYTES:
        raise ValueError("a random number token has 8 to 16 bytes")
    return der.write(der.OCTETS, random)


def read_random_token(token: Data) -> bytes:
    """Inverse of write_random_token. Raises DerError."""
    body = bytes(der.read(token, der.OCTETS).body)
    if len(body) not in _RANDOM_BYTES:
        raise DerError("A random number token has 8 to 16 bytes.")
    return body


# -- SignedData


def write_credentials(certificates: Iterable[bytes], crls: Iterable[bytes] = ()) -> bytes:
    """CT_KRD or CT_KDH: certificates (and revocation lists) without a signer."""
    return write_signed_data(SignedData("data", b"", tuple(certificates), tuple(crls), ()))


def attributes_set(attributes: Mapping[str, bytes]) -> bytes:
    """Attributes with one value each, as the signature covers them."""
    return der.write_set(
        der.write(der.SEQUENCE, der.write_object(OIDS[name]), der.write_set([value]))
        for name, value in attributes.items()
    )


def write_signed_data(message: SignedData) -> bytes:
    """The whole ContentInfo."""
    signers = [
        der.write(
            der.SEQUENCE,
            der.write_integer(_SIGNER_VERSION),
            item.signer,
            algorithm("sha256"),
            bytes((_ATTRIBUTES,)) + item.signed[1:],
            algorithm("rsaEncryption"),
            der.write(der.OCTETS, item.signature),
        )
        for item in message.signers
    ]
    content = [der.write(der.context(0), der.write(der.OCTETS, message.content))] if message.content else []
    return _write_content_info(
        "signedData",
        der.write(
            der.SEQUENCE,
            der.write_integer(1 if message.content_type == "data" else 3),
            der.write_set([algorithm("sha256")] if signers else []),
            der.write(der.SEQUENCE, der.write_object(OIDS[message.content_type]), *content),
            *([der.write_set(message.certificates, _CERTIFICATES)] if message.certificates else []),
            *([der.write_set(message.crls, _CRLS)] if message.crls else []),
            der.write_set(signers),
        ),
    )


def read_signed_data(token: Data) -> SignedData:
    """Raises DerError."""
    parts = _parts(_content_info(token, "signedData"), der.SEQUENCE, 4, 6)
    version, digests, content_info, *optional, signers = parts
    if der.integer(version) not in _SIGNED_VERSIONS:
        raise DerError("The message is of a version that is not used here.")
    for digest in digests.expect(der.SET).set_members():
        _algorithm(digest, "sha256")
    kind, *content = _parts(content_info, der.SEQUENCE, 1, 2)
    body = _parts(content[0], der.context(0), 1)[0].expect(der.OCTETS).body if content else b""
    lists: dict[int, tuple[bytes, ...]] = {_CERTIFICATES: (), _CRLS: ()}
    if [item.tag for item in optional] != sorted({item.tag for item in optional} & lists.keys()):
        raise DerError("Certificates or revocation lists are not where they belong.")
    for item in optional:
        lists[item.tag] = tuple(bytes(member.encoded) for member in item.set_members())
    return SignedData(
        _name_of(kind),
        bytes(body),
        lists[_CERTIFICATES],
        lists[_CRLS],
        tuple(_signer(item) for item in signers.expect(der.SET).set_members()),
    )


def _signer(element: Element) -> SignerInfo:
    version, signer, digest, attributes, signature_algorithm, signature = _parts(element, der.SEQUENCE, 6)
    if der.integer(version) != _SIGNER_VERSION:
        raise DerError("The signer is named in a way that is not used here.")
    _algorithm(digest, "sha256")
    _algorithm(signature_algorithm, "rsaEncryption", "sha256WithRSA")
    found: dict[str, Element] = {}
    for attribute in attributes.expect(_ATTRIBUTES).set_members():
        kind, values = _parts(attribute, der.SEQUENCE, 2)
        name, members = _name_of(kind), values.expect(der.SET).set_members()
        if name in found or len(members) != 1:
            raise DerError("A signed attribute occurs twice or has not one value.")
        found[name] = members[0]
    signed = bytes((der.SET,)) + bytes(attributes.encoded[1:])
    _parts(signer, der.SEQUENCE, 2)
    return SignerInfo(bytes(signer.encoded), found, signed, bytes(signature.expect(der.OCTETS).body))


# -- EnvelopedData


def _oaep() -> bytes:
    return algorithm(
        "rsaesOaep",
        der.write(
            der.SEQUENCE,
            der.write(der.context(0), algorithm("sha256")),
            der.write(der.context(1), algorithm("mgf1", algorithm("sha256"))),
            der.write(der.context(2), algorithm("pSpecified", der.write(der.OCTETS, b""))),
        ),
    )


def write_enveloped_data(message: EnvelopedData) -> bytes:
    """EnvelopedData itself, as it stands inside a SignedData."""
    recipient = der.write(
        der.SEQUENCE,
        der.write_integer(0),
        message.recipient,
        _oaep(),
        der.write(der.OCTETS, message.encrypted_key),
    )
    content = der.write(
        der.SEQUENCE,
        der.write_object(OIDS["data"]),
        algorithm(message.cipher, der.write(der.OCTETS, message.iv)),
        der.write(_CIPHERTEXT, message.ciphertext),
    )
    return der.write(der.SEQUENCE, der.write_integer(0), der.write_set([recipient]), content)


def read_enveloped_data(data: Data) -> EnvelopedData:
    """Raises DerError."""
    version, recipients, content = _parts(der.read(data, der.SEQUENCE), der.SEQUENCE, 3)
    if der.integer(version) not in _ENVELOPED_VERSIONS:
        raise DerError("The envelope is of a version that is not used here.")
    (recipient,) = _parts(recipients, der.SET, 1)
    key_version, rid, key_algorithm, encrypted_key = _parts(recipient, der.SEQUENCE, 4)
    if der.integer(key_version) != 0:
        raise DerError("The recipient is named in a way that is not used here.")
    _parts(rid, der.SEQUENCE, 2)
    _check_oaep(key_algorithm)
    kind, cipher, ciphertext = _parts(content, der.SEQUENCE, 3)
    if _name_of(kind) != "data":
        raise DerError("The envelope holds something else than data.")
    name, iv = read_content_cipher(cipher)
    return EnvelopedData(
        bytes(rid.encoded),
        bytes(encrypted_key.expect(der.OCTETS).body),
        name,
        iv,
        bytes(ciphertext.expect(_CIPHERTEXT).body),
    )


def read_content_cipher(element: Element) -> tuple[str, bytes]:
    """Name of the content's cipher and its initial vector. Raises DerError."""
    name, parameters = _algorithm(element, "aes128_cbc", "aes256_cbc", "des_ede3_cbc")
    if len(parameters) != 1 or len(parameters[0].expect(der.OCTETS).body) != (8 if name == "des_ede3_cbc" else 16):
        raise DerError("The envelope's cipher comes without its initial vector.")
    return name, bytes(parameters[0].body)


def _check_oaep(element: Element) -> None:
    """SHA-256 for both of its hashes and an empty label; anything weaker or different is refused."""
    _, parameters = _algorithm(element, "rsaesOaep")
    given = {item.tag: item for item in _parts(parameters[0], der.SEQUENCE, 2, 3)} if parameters else {}
    if not {der.context(0), der.context(1)} <= given.keys() <= {der.context(0), der.context(1), der.context(2)}:
        raise DerError("The envelope's key is not under RSA-OAEP with SHA-256.")
    _algorithm(_parts(given[der.context(0)], der.context(0), 1)[0], "sha256")
    _, inner = _algorithm(_parts(given[der.context(1)], der.context(1), 1)[0], "mgf1")
    if len(inner) != 1:
        raise DerError("The envelope's key is not under RSA-OAEP with SHA-256.")
    _algorithm(inner[0], "sha256")
    if der.context(2) in given:
        _, label = _algorithm(_parts(given[der.context(2)], der.context(2), 1)[0], "pSpecified")
        if len(label) != 1 or label[0].expect(der.OCTETS).body:
            raise DerError("The envelope's key has a label.")


# -- the key


def write_key_content(host: bytes, key: Data, header: bytes) -> bytes:
    """KeyBlock: version, host, key in clear, header (TR-34, the enveloped content)."""
    attribute = der.write(der.SEQUENCE, der.write_object(OIDS["data"]), der.write_set([der.write(der.OCTETS, header)]))
    return der.write(der.SEQUENCE, der.write_integer(1), host, der.write(der.OCTETS, bytes(key)), attribute)


def read_key_content(clear: Data) -> KeyContent:
    """Raises DerError. No part of ``clear`` is copied but the header."""
    version, host, key, attribute = _parts(der.read(clear, der.SEQUENCE), der.SEQUENCE, 4)
    if der.integer(version) not in _KEY_CONTENT_VERSIONS:
        raise DerError("The key content is of a version that is not used here.")
    kind, values = _parts(attribute, der.SEQUENCE, 2)
    if _name_of(kind) != "data":
        raise DerError("The key comes without its header.")
    (header,) = _parts(values, der.SET, 1)
    return KeyContent(bytes(host.encoded), key.expect(der.OCTETS).body, bytes(header.expect(der.OCTETS).body))
