"""Known answers: what each algorithm must give before a key is used, at start and every 24 hours (PTS B, FIPS 140-2).

A fault of memory, of a library or of its update must not make a wrong PIN block or a wrong MAC: better no key is used.
All values are published ones.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import dukpt_aes, dukpt_tdes
from keys.ciphers import cipher, tdes_ecb_encrypt
from keys.components import combine
from keys.errors import KeysError, SelfTestFailed
from keys.kcv import kcv
from keys.key_block import ANY_KEY
from keys.key_block import unwrap as unwrap_block
from keys.mac import cmac, unionpay_ecb, x9_9, x9_19
from keys.pin_block import format_0, format_4_pan_field
from keys.secret import Secret

__all__ = ["INTERVAL_S", "KNOWN_ANSWERS", "KnownAnswer", "run_self_tests"]

INTERVAL_S = 24 * 3600.0
"""Between two runs, on a monotonic clock."""
_hex = bytes.fromhex
_DOUBLE = _hex("0123456789ABCDEFFEDCBA9876543210")
_PIN_KEY = _hex("042666B49184CF5C68DE9628D0397B36")
_COUNTING = _hex("000102030405060708090A0B0C0D0E0F")


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """An algorithm at work, what must come out, and where that is published."""

    name: str
    compute: Callable[[], bytes | bytearray]
    answer: str
    """Hexadecimal."""
    source: str


def _seal() -> bytes:
    return AESGCM(bytes(16)).encrypt(bytes(12), bytes(16), b"")


def _tdes_dukpt() -> bytes:
    initial = Secret(_hex("6AC292FAA1315B4D858AB3A3D7D5933A"))
    _, key, _ = dukpt_tdes.advance(dukpt_tdes.load_initial_key(initial, _hex("FFFF9876543210E00000")))
    return _bytes_of(key)


def _aes_dukpt() -> bytes:
    initial = Secret(_hex("1273671EA26AC29AFA4D1084127652A1"))
    _, key, _ = dukpt_aes.advance(dukpt_aes.load_initial_key(initial, _hex("1234567890123456")))
    return _bytes_of(key)


def _bytes_of(key: Secret) -> bytes:
    with key, key.open() as clear:
        return bytes(clear)


def _pin_block() -> bytes:
    with Secret(bytearray(b"1234")) as pin:
        return bytes(format_0(pin, "4012345678909"))


def _key_block(protection: str, text: str) -> bytes:
    return _bytes_of(unwrap_block(_hex(protection), text, ANY_KEY).key)


def _components() -> bytes:
    parts = [Secret(_DOUBLE), Secret(_hex("89E88CF7931444F334BD7547FC3F380C"))]
    return _bytes_of(combine(parts))


KNOWN_ANSWERS = (
    KnownAnswer("TDES", lambda: kcv(_DOUBLE, "tdes"), "08D7B4", "widely published"),
    KnownAnswer("AES", lambda: kcv(_COUNTING, "aes"), "C6A13B", "widely published"),
    KnownAnswer("SM4", lambda: cipher("sm4").ecb_encrypt(_DOUBLE, _DOUBLE),
                "681EDF34D206965E86B3E94F536E4246", "GB/T 32907-2016 A.1"),
    KnownAnswer("AES-GCM", _seal, "0388DACE60B6A392F328C2B971B2FE78AB6E47D42CEC13BDF53A67B21257BDDF",
                "the GCM specification, test case 2"),
    KnownAnswer("HMAC-SHA-256", lambda: hmac.digest(b"Jefe", b"what do ya want for nothing?", "sha256"),
                "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843", "RFC 4231, test case 2"),
    KnownAnswer("AES-CMAC", lambda: cmac("aes", _hex("2B7E151628AED2A6ABF7158809CF4F3C"), b""),
                "BB1D6929E95937287FA37D129B756746", "RFC 4493, example 1"),
    KnownAnswer("X9.9", lambda: x9_9(_DOUBLE[:8], b"Now is the time for all ")[:4], "70A30640", "ISO/IEC 9797-1, B"),
    KnownAnswer("X9.19", lambda: x9_19(_DOUBLE, b"Now is the time for all "), "A1C72E74EA3FA9B6", "ISO/IEC 9797-1, B"),
    KnownAnswer("UnionPay MAC", lambda: unionpay_ecb(b"\x22" * 8, _hex("1234567890ABCDEFABCDEF1234567890")),
                b"E267B6E2".hex(), "facts/unionpay.md §5"),
    KnownAnswer("PIN block, format 0", _pin_block, "041274EDCBA9876F", "X9.24-1:2009 A.4"),
    KnownAnswer("PIN block, format 4", lambda: format_4_pan_field("4111111111111111"),
                "44111111111111111000000000000000", "X9.24-3:2017, supplement"),
    KnownAnswer("PIN block, enciphered", lambda: tdes_ecb_encrypt(_PIN_KEY, _pin_block()), "1B9C1845EB993A7A",
                "X9.24-1:2009 A.4"),
    KnownAnswer("DUKPT with TDES", _tdes_dukpt, "042666B49184CFA368DE9628D0397BC9", "X9.24-1:2009 A.4"),
    KnownAnswer("DUKPT with AES", _aes_dukpt, "4F21B565BAD9835E112B6465635EAE44", "X9.24-3:2017, supplement"),
    KnownAnswer("key block B", lambda: _key_block("DD7515F2BFC17F85CE48F3CA25CB21F6",
                "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E"),
                "3F419E1CB7079442AA37474C2EFBF8B8", "TR-31:2018 A.7.2.2"),
    KnownAnswer("key block D", lambda: _key_block("88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
                "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457"
                "DC34"), "3F419E1CB7079442AA37474C2EFBF8B8", "TR-31:2018 A.7.4"),
    KnownAnswer("components", _components, "88CBC9901ABF891CCA61CFDF8A6B0A1C", "the sum of two published keys"),
)  # fmt: skip


def run_self_tests() -> None:
    """Raises SelfTestFailed, which names the first algorithm that no longer gives its known answer."""
    for known in KNOWN_ANSWERS:
        try:
            found = bytes(known.compute())
        except (KeysError, ValueError):
            found = b""
        if found != _hex(known.answer):
            raise SelfTestFailed(f"{known.name} does not give its known answer.")
