"""The line between a key-loading device and the terminal: frames, and what seals them. Pure: bytes in, bytes out.

The whole protocol, byte by byte, is in ``docs/integrator/key-loader.md``. A frame::

    STX (02) | length (2) | number (1) | type (1) | payload (0..1024) | CRC-32 (4)

``length`` counts number, type and payload; the CRC is over everything from ``length`` to the payload. The device asks,
the terminal answers under the same number. Numbers go round; the same one again is a repetition, and is answered as
before without being carried out twice.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.errors import KeysError
from keys.secret import Secret

__all__ = ["PAYLOAD_BYTES_MAX", "Frame", "FrameReader", "LineFault", "Pairing", "Seal", "encode_frame"]

STX = 0x02
PAYLOAD_BYTES_MAX = 1024
_HEAD_BYTES, _CRC_BYTES = 3, 4
PUBLIC_BYTES, NONCE_BYTES = 32, 32
_GCM_NONCE_BYTES = 12
NUMBER_DIGITS = 6


class LineFault(KeysError):
    """What came over the line cannot be what the other side means."""

    remedy = "Check the cable and the line's speed on both devices, then begin again."


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """One question or answer. Its repr shows no payload."""

    number: int
    type: str
    payload: bytes = b""

    def __repr__(self) -> str:
        return f"Frame({self.number}, {self.type!r}, {len(self.payload)} bytes)"


def encode_frame(frame: Frame) -> bytes:
    """Bytes for the line."""
    assert len(frame.payload) <= PAYLOAD_BYTES_MAX
    body = bytes([frame.number]) + frame.type.encode("ascii") + frame.payload
    counted = len(body).to_bytes(2, "big") + body
    return bytes([STX]) + counted + zlib.crc32(counted).to_bytes(_CRC_BYTES, "big")


class FrameReader:
    """Finds frames in what comes over a line, whatever noise lies between them and however it is cut up."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.damaged = 0
        """Beginnings of frames that turned out to be none: noise, a wrong speed, a bad cable."""

    def feed(self, data: bytes) -> list[Frame]:
        """Whole frames, in order. Bounded: what cannot become a frame is dropped at once."""
        self._buffer += data
        found: list[Frame] = []
        while True:
            start = self._buffer.find(STX)
            if start < 0:
                self._buffer.clear()
                return found
            del self._buffer[:start]
            if len(self._buffer) < _HEAD_BYTES:
                return found
            length = int.from_bytes(self._buffer[1:_HEAD_BYTES], "big")
            if not 2 <= length <= PAYLOAD_BYTES_MAX + 2:
                self._skip()
                continue
            end = _HEAD_BYTES + length
            if len(self._buffer) < end + _CRC_BYTES:
                return found
            if zlib.crc32(self._buffer[1:end]).to_bytes(_CRC_BYTES, "big") != self._buffer[end : end + _CRC_BYTES]:
                self._skip()
                continue
            body = bytes(self._buffer[_HEAD_BYTES:end])
            del self._buffer[: end + _CRC_BYTES]
            found.append(Frame(body[0], chr(body[1]), body[2:]))

    def rest(self) -> None:
        """The line has been silent for longer than a frame takes: half a frame will not be finished."""
        if self._buffer:
            self.damaged += 1
        self._buffer.clear()

    def _skip(self) -> None:
        self.damaged += 1
        del self._buffer[0]


@dataclass(frozen=True, slots=True, repr=False)
class Seal:
    """One direction of a paired line: AES-256-GCM with a counter, so that nothing is played twice or moved."""

    key: Secret
    way: bytes
    counter: int = 0

    def next(self) -> Seal:
        """For the next message."""
        return Seal(self.key, self.way, self.counter + 1)

    def close(self, type: str, clear: bytes | bytearray) -> bytes:
        """Encipher a payload."""
        with self.key.open() as key:
            return AESGCM(key).encrypt(self._nonce(), clear, type.encode("ascii"))

    def open(self, type: str, sealed: bytes) -> Secret:
        """Decipher a payload. Raises LineFault."""
        clear = bytearray(max(0, len(sealed) - 16))
        try:
            with self.key.open() as key:
                AESGCM(key).decrypt_into(self._nonce(), sealed, type.encode("ascii"), clear)
        except (InvalidTag, ValueError):
            raise LineFault("A message on the line was changed, or is not of this pairing.") from None
        return Secret(clear)

    def _nonce(self) -> bytes:
        return self.way + self.counter.to_bytes(_GCM_NONCE_BYTES - len(self.way), "big")


class Pairing:
    """How two devices that know nothing of each other come to a common key, with people as witnesses.

    Each makes a key pair for this one line (X25519). The terminal commits itself to its key before it has seen the
    device's, so that whoever sits in the middle cannot choose keys until the number fits. Both show a number of six
    digits; people compare them: one chance in a million for an attacker, once, and it is seen.
    """

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._private = X25519PrivateKey.from_private_bytes(random(PUBLIC_BYTES))
        self.public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.nonce = random(NONCE_BYTES)

    @property
    def commitment(self) -> str:
        """Told before the other's key is known."""
        return _commitment(self.public, self.nonce)

    def as_terminal(self, loader_public: bytes) -> tuple[str, Seal, Seal]:
        """The number to compare, the seal of what arrives, the seal of what is sent."""
        number, from_loader, to_loader = self._agree(loader_public, loader_public + self.public + self.nonce)
        return number, Seal(from_loader, b"LDRT"), Seal(to_loader, b"TRML")

    def as_loader(self, terminal_public: bytes, nonce: bytes, commitment: str) -> tuple[str, Seal, Seal]:
        """The same from the other side. Raises LineFault when the terminal is not the one that committed itself."""
        if not hmac.compare_digest(_commitment(terminal_public, nonce).encode(), commitment.encode("ascii", "replace")):
            raise LineFault("The other side changed its key after it had seen ours.", "Somebody is on the line: stop.")
        number, to_terminal, from_terminal = self._agree(terminal_public, self.public + terminal_public + nonce)
        return number, Seal(from_terminal, b"TRML"), Seal(to_terminal, b"LDRT")

    def _agree(self, other: bytes, transcript: bytes) -> tuple[str, Secret, Secret]:
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(other))
        except ValueError:
            raise LineFault("The other side sent no usable key.") from None
        derived = HKDF(SHA256(), 72, hashlib.sha256(transcript).digest(), b"countertop key loader 1").derive(shared)
        number = int.from_bytes(derived[64:], "big") % 10**NUMBER_DIGITS
        return f"{number:0{NUMBER_DIGITS}d}", Secret(derived[:32]), Secret(derived[32:64])


def _commitment(public: bytes, nonce: bytes) -> str:
    return hashlib.sha256(public + nonce).hexdigest()
