"""TDES, AES and SM4: the one place that names an algorithm of the library.

TDES always gets 24 bytes: 8 become K|K|K (single DES), 16 become K1|K2|K1 (facts/keys.md §2).
"""

from __future__ import annotations

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4

__all__ = [
    "aes_ecb_decrypt",
    "aes_ecb_encrypt",
    "sm4_ecb_decrypt",
    "sm4_ecb_encrypt",
    "tdes_cbc_encrypt",
    "tdes_ecb_decrypt",
    "tdes_ecb_encrypt",
]

Key = bytes | bytearray | memoryview


def _tdes(key: Key) -> TripleDES:
    if len(key) == 8:
        return TripleDES(bytes(key) * 3)
    if len(key) == 16:
        return TripleDES(bytes(key) + bytes(key[:8]))
    if len(key) == 24:
        return TripleDES(bytes(key))
    raise ValueError("a TDES key has 8, 16 or 24 bytes")


def _run(context: CipherContext, data: bytes) -> bytes:
    return context.update(data) + context.finalize()


def tdes_ecb_encrypt(key: Key, data: bytes) -> bytes:
    """TDES in ECB; ``data`` is a multiple of 8 bytes."""
    return _run(Cipher(_tdes(key), modes.ECB()).encryptor(), data)


def tdes_ecb_decrypt(key: Key, data: bytes) -> bytes:
    """Inverse of tdes_ecb_encrypt."""
    return _run(Cipher(_tdes(key), modes.ECB()).decryptor(), data)


def tdes_cbc_encrypt(key: Key, data: bytes, iv: bytes = bytes(8)) -> bytes:
    """TDES in CBC; ``data`` is a multiple of 8 bytes."""
    return _run(Cipher(_tdes(key), modes.CBC(iv)).encryptor(), data)


def aes_ecb_encrypt(key: Key, data: bytes) -> bytes:
    """AES in ECB; ``data`` is a multiple of 16 bytes."""
    return _run(Cipher(AES(bytes(key)), modes.ECB()).encryptor(), data)


def aes_ecb_decrypt(key: Key, data: bytes) -> bytes:
    """Inverse of aes_ecb_encrypt."""
    return _run(Cipher(AES(bytes(key)), modes.ECB()).decryptor(), data)


def sm4_ecb_encrypt(key: Key, data: bytes) -> bytes:
    """SM4 in ECB; ``data`` is a multiple of 16 bytes."""
    return _run(Cipher(SM4(bytes(key)), modes.ECB()).encryptor(), data)


def sm4_ecb_decrypt(key: Key, data: bytes) -> bytes:
    """Inverse of sm4_ecb_encrypt."""
    return _run(Cipher(SM4(bytes(key)), modes.ECB()).decryptor(), data)
