"""TDES, AES and SM4: the one place that names an algorithm of the library.

TDES always gets 24 bytes: 8 become K|K|K (single DES), 16 become K1|K2|K1 (facts/keys.md §2). The library
keeps a reference to the bytearray it is given, so that wiping ours wipes its copy too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import cmac as library_cmac
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES as LIBRARY_AES
from cryptography.hazmat.primitives.ciphers.algorithms import SM4 as LIBRARY_SM4

__all__ = [
    "AES",
    "CIPHERS",
    "SM4",
    "TDES",
    "BlockCipher",
    "Data",
    "Key",
    "aes_ecb_decrypt",
    "aes_ecb_encrypt",
    "cipher",
    "sm4_ecb_decrypt",
    "sm4_ecb_encrypt",
    "tdes_cbc_decrypt",
    "tdes_cbc_encrypt",
    "tdes_ecb_decrypt",
    "tdes_ecb_encrypt",
    "wipe",
    "xor",
]

Key = bytes | bytearray | memoryview
Data = bytes | bytearray | memoryview
_Mode = modes.ECB | modes.CBC | modes.CTR


def wipe(buffer: bytearray) -> None:
    """Overwrite with zeros, keeping the length."""
    buffer[:] = bytes(len(buffer))


def xor(left: Data, right: Data) -> bytearray:
    """Byte by byte; both of one length, or ValueError."""
    return bytearray(a ^ b for a, b in zip(left, right, strict=True))


def _as_it_is(key: Key) -> bytearray:
    return bytearray(key)


def _three_des_keys(key: Key) -> bytearray:
    whole = bytearray(key)
    if len(key) < 24:
        whole += key if len(key) == 8 else key[:8]
    if len(key) == 8:
        whole += key
    return whole


@dataclass(frozen=True, slots=True)
class BlockCipher:
    """A block cipher in the modes of the card world. Keys are bytes-like and are not kept."""

    name: str
    block: int
    """Bytes."""
    key_lengths: tuple[int, ...]
    _expand: Callable[[Key], bytearray]
    _algorithm: Callable[[bytes], BlockCipherAlgorithm]

    def check_key(self, key: Key) -> None:
        """Raises ValueError for a length that the cipher has not."""
        if len(key) not in self.key_lengths:
            lengths = ", ".join(str(length) for length in self.key_lengths)
            raise ValueError(f"a {self.name.upper()} key has {lengths} bytes")

    def ecb_encrypt(self, key: Key, data: Data) -> bytes:
        """Each block by itself; ``data`` is whole blocks."""
        return self._encrypt(key, data, modes.ECB())

    def ecb_decrypt(self, key: Key, data: Data) -> bytes:
        """Inverse of ecb_encrypt."""
        return self._decrypt(key, data, modes.ECB())

    def cbc_encrypt(self, key: Key, data: Data, iv: Data | None = None) -> bytes:
        """Chained; ``data`` is whole blocks, ``iv`` one block or zeros."""
        return self._encrypt(key, data, modes.CBC(bytes(self.block) if iv is None else bytes(iv)))

    def cbc_decrypt(self, key: Key, data: Data, iv: Data | None = None) -> bytes:
        """Inverse of cbc_encrypt."""
        return self._decrypt(key, data, modes.CBC(bytes(self.block) if iv is None else bytes(iv)))

    def ctr(self, key: Key, data: Data, start: Data) -> bytes:
        """Counter mode, both directions; ``start`` is one block."""
        return self._encrypt(key, data, modes.CTR(bytes(start)))

    def cmac(self, key: Key, data: Data) -> bytes:
        """CMAC (NIST SP 800-38B), one block long."""
        self.check_key(key)
        expanded = self._expand(key)
        try:
            context = library_cmac.CMAC(self._algorithm(cast(bytes, expanded)))
            context.update(bytes(data))
            return context.finalize()
        finally:
            wipe(expanded)

    def ecb_derive(self, key: Key, data: Data) -> bytearray:
        """As ecb_encrypt where the result is a key: into a buffer that the caller wipes."""
        return self._into(key, data, modes.ECB(), decrypt=False)

    def ecb_recover(self, key: Key, data: Data) -> bytearray:
        """As ecb_decrypt where the result is a key or a PIN: into a buffer that the caller wipes."""
        return self._into(key, data, modes.ECB(), decrypt=True)

    def cbc_recover(self, key: Key, data: Data, iv: Data | None = None) -> bytearray:
        """As cbc_decrypt where the result is a key: into a buffer that the caller wipes."""
        return self._into(key, data, modes.CBC(bytes(self.block) if iv is None else bytes(iv)), decrypt=True)

    def _encrypt(self, key: Key, data: Data, mode: _Mode) -> bytes:
        self.check_key(key)
        expanded = self._expand(key)
        try:
            return _run(Cipher(self._algorithm(cast(bytes, expanded)), mode).encryptor(), data)
        finally:
            wipe(expanded)

    def _decrypt(self, key: Key, data: Data, mode: _Mode) -> bytes:
        self.check_key(key)
        expanded = self._expand(key)
        try:
            return _run(Cipher(self._algorithm(cast(bytes, expanded)), mode).decryptor(), data)
        finally:
            wipe(expanded)

    def _into(self, key: Key, data: Data, mode: _Mode, *, decrypt: bool) -> bytearray:
        self.check_key(key)
        expanded = self._expand(key)
        try:
            whole = Cipher(self._algorithm(cast(bytes, expanded)), mode)
            context = whole.decryptor() if decrypt else whole.encryptor()
            result = bytearray(len(data) + self.block - 1)
            context.update_into(data, result)
            context.finalize()
            del result[len(data) :]
            return result
        finally:
            wipe(expanded)


def _run(context: CipherContext, data: Data) -> bytes:
    return context.update(data) + context.finalize()


TDES = BlockCipher("tdes", 8, (8, 16, 24), _three_des_keys, TripleDES)
"""With an 8-byte key single DES, with 16 bytes K1|K2|K1."""
AES = BlockCipher("aes", 16, (16, 24, 32), _as_it_is, LIBRARY_AES)
SM4 = BlockCipher("sm4", 16, (16,), _as_it_is, LIBRARY_SM4)
CIPHERS: Mapping[str, BlockCipher] = {item.name: item for item in (TDES, AES, SM4)}

tdes_ecb_encrypt = TDES.ecb_encrypt
tdes_ecb_decrypt = TDES.ecb_decrypt
tdes_cbc_encrypt = TDES.cbc_encrypt
tdes_cbc_decrypt = TDES.cbc_decrypt
aes_ecb_encrypt = AES.ecb_encrypt
aes_ecb_decrypt = AES.ecb_decrypt
sm4_ecb_encrypt = SM4.ecb_encrypt
sm4_ecb_decrypt = SM4.ecb_decrypt


def cipher(name: str) -> BlockCipher:
    """By the name in a key record: ``tdes``, ``aes`` or ``sm4``. Raises ValueError."""
    try:
        return CIPHERS[name]
    except KeyError:
        raise ValueError(f"{name!r} is no cipher") from None
