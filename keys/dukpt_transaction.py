"""One transaction's DUKPT key: its PIN block, its MACs, its data. The key stays inside and is wiped when done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType

from keys import dukpt_aes, dukpt_tdes
from keys.ciphers import Data, cipher
from keys.errors import KeysError, UsageRefused
from keys.mac import cmac, pad_zero, same_mac, x9_19
from keys.pin_block import Pan
from keys.pin_block_formats import encrypt_pin
from keys.secret import Secret

__all__ = ["DUKPT_MACS", "DukptTransaction"]

Random = Callable[[int], bytes]
_TDES, _AES = dukpt_tdes.Purpose, dukpt_aes.Purpose
_ONE_WAY_EACH = {
    "pin": (_TDES.PIN, _AES.PIN),
    "mac-request": (_TDES.MAC_REQUEST, _AES.MAC_REQUEST),
    "mac-response": (_TDES.MAC_RESPONSE, _AES.MAC_RESPONSE),
    "data-request": (_TDES.DATA_REQUEST, _AES.DATA_REQUEST),
    "data-response": (_TDES.DATA_RESPONSE, _AES.DATA_RESPONSE),
}
_BOTH_WAYS = {
    "mac-request": (_TDES.MAC_REQUEST, _AES.MAC_BOTH_WAYS),
    "mac-response": (_TDES.MAC_REQUEST, _AES.MAC_BOTH_WAYS),
    "data-request": (_TDES.DATA_REQUEST, _AES.DATA_BOTH_WAYS),
    "data-response": (_TDES.DATA_REQUEST, _AES.DATA_BOTH_WAYS),
}
DUKPT_MACS: Mapping[str, Callable[[Data, bytes], bytes]] = {
    "x9.19-binary": x9_19,
    "tdes-cmac": lambda key, data: cmac("tdes", key, data),
    "aes-cmac": lambda key, data: cmac("aes", key, data)[:8],
}
"""How a DUKPT key's MACs are made, by the names of key records; 8 bytes."""
_USUAL_MAC = {"tdes": "x9.19-binary", "aes": "aes-cmac"}


class DukptTransaction:
    """Use it as a context manager: leaving it wipes the key."""

    def __init__(
        self, algorithm: str, ksn: bytes, key: Secret, random: Random, *, mac: str = "", both_ways: bool = False
    ) -> None:
        self.ksn = ksn
        """Key serial number of this transaction, for the message: 10 bytes with TDES, 12 with AES."""
        self._algorithm, self._key, self._random = algorithm, key, random
        self._mac = DUKPT_MACS[mac or _USUAL_MAC[algorithm]]
        self._purposes = _ONE_WAY_EACH | (_BOTH_WAYS if both_ways else {})

    def encrypt_pin(self, pin: Secret, pan: Pan | None, format: int) -> bytes:
        """The enciphered PIN block: format 0, 1 or 3 with TDES, 4 with AES. Raises PinBlockError, UsageRefused."""
        with self._for("pin") as held, held.open() as key:
            return encrypt_pin(key, self._algorithm, pin, pan, format, self._random)

    def mac(self, data: bytes) -> bytes:
        """MAC of the request, 8 bytes."""
        with self._for("mac-request") as held, held.open() as key:
            return self._mac(key, data)

    def verify_mac(self, data: bytes, mac: bytes) -> bool:
        """Whether this is the MAC of the response, over as many bytes (4 to 8) as were sent, in constant time."""
        if not 4 <= len(mac) <= 8:
            return False
        with self._for("mac-response") as held, held.open() as key:
            return same_mac(self._mac(key, data)[: len(mac)], mac)

    def encrypt_data(self, data: bytes) -> bytes:
        """Data of the request in CBC with a zero vector, filled with zeros."""
        chosen = cipher(self._algorithm)
        with self._for("data-request") as held, held.open() as key:
            return chosen.cbc_encrypt(key, pad_zero(data, chosen.block))

    def decrypt_data(self, data: bytes) -> Secret:
        """Data of the response, with its filling. Raises KeysError for what is not whole blocks."""
        chosen = cipher(self._algorithm)
        if not data or len(data) % chosen.block:
            raise KeysError("Enciphered data is whole blocks.")
        with self._for("data-response") as held, held.open() as key:
            return Secret(chosen.cbc_recover(key, data))

    def wipe(self) -> None:
        """Forget the key. Safe to repeat."""
        self._key.wipe()

    def __enter__(self) -> DukptTransaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return f"DukptTransaction({self.ksn.hex().upper()})"

    def _for(self, name: str) -> Secret:
        if not len(self._key):
            raise UsageRefused("This transaction's key is gone.", "Ask for the next one: next_dukpt")
        for_tdes, for_aes = self._purposes[name]
        with self._key.open() as key:
            if self._algorithm == "tdes":
                return dukpt_tdes.key_for(key, for_tdes)
            return dukpt_aes.key_for(key, self.ksn, for_aes)
