"""A TPM 2.0 opens the vault: what wraps its master key is sealed in the chip, and a counter there sees rollback.

What is in the chip, each vault having its own:

- two persistent handles, used in turn: a storage key made at random in the chip, whose private part is on no disk.
  Removing it makes everything sealed under it unreadable for ever: that is how old master keys and erased vaults go.
- one counter (NV index): the epoch of the newest vault. An older copy of all files together is refused.

What is sealed opens only while the platform registers (PCR) are as they were, with the authorisation value, over a
session salted with the storage key and encrypted, so that whoever listens on the chip's bus learns nothing. The
storage key is known again by its name: a chip put in between cannot play it.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, ClassVar

os.environ.setdefault("TSS2_LOG", "all+none")  # its own complaints would go to the merchant's console

from tpm2_pytss import ESAPI, TSS2_Exception
from tpm2_pytss.constants import ESYS_TR, TPM2_ALG, TPM2_CAP, TPM2_SE, TPMA_NV, TPMA_SESSION
from tpm2_pytss.types import (
    TPM2B_NV_PUBLIC,
    TPM2B_PRIVATE,
    TPM2B_PUBLIC,
    TPM2B_SENSITIVE_CREATE,
    TPM2B_SENSITIVE_DATA,
    TPMS_NV_PUBLIC,
    TPMS_SENSITIVE_CREATE,
)

from keys.backends.protectors import KEY_BYTES, hex_parameter
from keys.errors import VaultCorrupt, VaultLocked, VaultRolledBack
from keys.secret import Secret

__all__ = ["DEFAULT_DEVICE", "Tpm2Protector"]

DEFAULT_DEVICE = "device:/dev/tpmrm0"
FIRST_HANDLE = 0x8101C0D0
COUNTER_INDEX = 0x0180C0D0
_STORAGE = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"
_STORAGE_KIND = "ecc256:aes128cfb"
_SEALED = "fixedtpm|fixedparent"
_COUNTER = "authread|authwrite|noda|nt=1"
_SESSION_CIPHER = "aes128cfb"
_STEPS_MAX = 64
"""The counter follows the vault's epoch by one; further than this it never is without a fault."""
_POLICY_FAIL, _AUTH_FAILS = 0x09D, {0x08E, 0x0A2}
_LOCKOUT = 0x921
_CODE_MASK = 0x0BF
Random = Callable[[int], bytes]


class Tpm2Protector:
    """See Protector. ``auth`` is a passphrase or a credential besides the registers; without it the board alone opens.

    Register 7 (which keys may boot) survives most updates of firmware; with more registers more updates mean loading
    the keys again, which is an ordinary service call.
    """

    kind: ClassVar[str] = "tpm2"
    holder: ClassVar[None] = None

    def __init__(
        self,
        device: str = DEFAULT_DEVICE,
        *,
        auth: Secret | None = None,
        registers: tuple[int, ...] = (7,),
        first_handle: int = FIRST_HANDLE,
        counter_index: int = COUNTER_INDEX,
    ) -> None:
        """``device`` as the TSS names it; handle and index are of this vault alone, the next handle as well."""
        self._device = device
        self._auth = auth
        self._registers = registers
        self._handles = (first_handle, first_handle + 1)
        self._index = counter_index
        self._current = 0
        """Handle of the storage key in use; 0 before a vault was opened."""
        self._base = 0
        self._counter_auth: Secret | None = None

    # -- Protector

    def enrol(self, random: Random) -> tuple[dict[str, Any], Secret]:
        """See Protector. The storage key before stays until the vault is durable (``advance_epoch``)."""
        handle = self._handles[1] if self._current == self._handles[0] else self._handles[0]
        with self._chip() as (tpm, stack):
            self._remove(tpm, handle)
            parent, name = _storage_key(tpm, handle)
            if self._counter_auth is None:
                self._counter_auth = Secret(bytearray(random(KEY_BYTES)))
                self._base = self._new_counter(tpm)
            wrapping = Secret(bytearray(random(KEY_BYTES)))
            with wrapping.open() as key, self._counter_auth.open() as auth:
                private, public = self._seal(tpm, stack, parent, bytes(key + auth))
        parameters = {
            "type": self.kind,
            "handle": f"{handle:08X}",
            "name": name.hex(),
            "private": private.hex(),
            "public": public.hex(),
            "registers": list(self._registers),
            "counter": f"{self._index:08X}",
            "counter_base": self._base,
        }
        return parameters, wrapping

    def open(self, parameters: Mapping[str, Any]) -> Secret:
        """See Protector. Raises VaultLocked when the registers, the authorisation or the chip are other ones."""
        handle = _handle(parameters)
        with self._chip() as (tpm, stack):
            parent = self._parent(tpm, handle, hex_parameter(parameters, "name"))
            private, _ = TPM2B_PRIVATE.unmarshal(hex_parameter(parameters, "private"))
            public, _ = TPM2B_PUBLIC.unmarshal(hex_parameter(parameters, "public"))
            item = tpm.load(parent, private, public)
            stack.callback(tpm.flush_context, item)
            tpm.tr_set_auth(item, self._auth_value())
            session = self._session(tpm, stack, parent, TPM2_SE.POLICY)
            _policy(tpm, session, _registers(parameters))
            data = bytearray(bytes(tpm.unseal(item, session1=session)))
        if len(data) != 2 * KEY_BYTES:
            raise VaultCorrupt("What the TPM keeps is not of a key vault.")
        self._current, self._base = handle, _base(parameters)
        self._counter_auth = Secret(data[KEY_BYTES:])
        wrapping = Secret(data[:KEY_BYTES])
        data[:] = bytes(len(data))
        return wrapping

    def erase(self, parameters: Mapping[str, Any]) -> bool:
        """See Protector: the storage keys go, and with them everything ever sealed for this vault."""
        try:
            with self._chip() as (tpm, _):
                for handle in self._handles:
                    self._remove(tpm, handle)
        except VaultLocked:
            return False
        return True

    def check_epoch(self, parameters: Mapping[str, Any], epoch: int) -> None:
        """See Protector."""
        with self._chip() as (tpm, stack):
            counted = self._read_counter(tpm, stack, parameters) - _base(parameters)
        if epoch < counted:
            raise VaultRolledBack(f"The key vault is of epoch {epoch}, older than {counted} in the TPM.")

    def advance_epoch(self, parameters: Mapping[str, Any], epoch: int) -> None:
        """See Protector. From here on only this header's storage key is left."""
        with self._chip() as (tpm, stack):
            behind = epoch - (self._read_counter(tpm, stack, parameters) - _base(parameters))
            if behind > _STEPS_MAX:
                raise VaultCorrupt(f"The TPM's counter is {behind} behind the key vault.")
            parent = self._parent(tpm, _handle(parameters), hex_parameter(parameters, "name"))
            for _ in range(behind):
                session = self._session(tpm, stack, parent, TPM2_SE.HMAC)
                tpm.nv_increment(self._counter(tpm), session1=session)
            self._current = _handle(parameters)
            for handle in self._handles:
                if handle != self._current:
                    self._remove(tpm, handle)

    def capabilities(self) -> dict[str, str]:
        """See Protector."""
        numbers = ", ".join(str(number) for number in self._registers)
        return {
            "unattended start": "yes" if self._auth is None else "with the authorisation value only",
            "stolen vault file": "useless without this board's TPM",
            "stolen device": f"opens only with its own boot chain (PCR {numbers})",
            "older copy of all files": "refused: the TPM counts the changes",
            "erasure": "the TPM forgets the key; copies of the files stay unreadable",
            "keys in use": "in this process's memory for one operation; the TPM does no TDES",
        }

    # -- the chip

    @contextmanager
    def _chip(self) -> Iterator[tuple[ESAPI, ExitStack]]:
        """A connection, and what to flush at its end: a chip without resource manager has three places."""
        try:
            with ESAPI(self._device) as tpm, ExitStack() as stack:
                yield tpm, stack
        except TSS2_Exception as error:
            raise _told(error, self._registers) from None

    def _session(self, tpm: ESAPI, stack: ExitStack, salt_key: ESYS_TR, kind: TPM2_SE) -> ESYS_TR:
        session = tpm.start_auth_session(salt_key, ESYS_TR.NONE, kind, _SESSION_CIPHER, TPM2_ALG.SHA256)
        stack.callback(_flush, tpm, session)
        tpm.trsess_set_attributes(session, TPMA_SESSION.ENCRYPT | TPMA_SESSION.CONTINUESESSION)
        return session

    def _parent(self, tpm: ESAPI, handle: int, name: bytes) -> ESYS_TR:
        if handle not in _persistent(tpm):
            raise VaultLocked("The TPM has no key for this vault.", _OTHER_CHIP)
        parent = tpm.tr_from_tpmpublic(handle)
        if not hmac.compare_digest(bytes(tpm.read_public(parent)[1]), name):
            raise VaultLocked("The TPM's key is not that of this vault.", _OTHER_CHIP)
        return parent

    def _seal(self, tpm: ESAPI, stack: ExitStack, parent: ESYS_TR, data: bytes) -> tuple[bytes, bytes]:
        trial = tpm.start_auth_session(ESYS_TR.NONE, ESYS_TR.NONE, TPM2_SE.TRIAL, _SESSION_CIPHER, TPM2_ALG.SHA256)
        stack.callback(_flush, tpm, trial)
        _policy(tpm, trial, self._registers)
        public = TPM2B_PUBLIC.parse("keyedhash", objectAttributes=_SEALED, authPolicy=tpm.policy_get_digest(trial))
        sensitive = TPM2B_SENSITIVE_CREATE(
            TPMS_SENSITIVE_CREATE(userAuth=self._auth_value(), data=TPM2B_SENSITIVE_DATA(data))
        )
        session = self._session(tpm, stack, parent, TPM2_SE.HMAC)
        tpm.trsess_set_attributes(session, TPMA_SESSION.DECRYPT | TPMA_SESSION.CONTINUESESSION)
        private, made, *_ = tpm.create(parent, sensitive, public, session1=ESYS_TR.PASSWORD, session2=session)
        return private.marshal(), made.marshal()

    def _auth_value(self) -> bytes:
        """32 bytes without zeros, which a chip would strip."""
        if self._auth is None:
            return b""
        with self._auth.open() as secret:
            return hmac.digest(b"countertop tpm", bytes(secret), "sha256").replace(b"\x00", b"\x01")

    def _remove(self, tpm: ESAPI, handle: int) -> None:
        if handle in _persistent(tpm):
            tpm.evict_control(ESYS_TR.OWNER, tpm.tr_from_tpmpublic(handle), handle)

    # -- the counter

    def _new_counter(self, tpm: ESAPI) -> int:
        """A counter that starts above every counter this chip ever had; its value."""
        assert self._counter_auth is not None
        with suppress(TSS2_Exception):
            tpm.nv_undefine_space(tpm.tr_from_tpmpublic(self._index))
        public = TPM2B_NV_PUBLIC(
            TPMS_NV_PUBLIC(nvIndex=self._index, nameAlg=TPM2_ALG.SHA256, attributes=TPMA_NV.parse(_COUNTER), dataSize=8)
        )
        with self._counter_auth.open() as auth:
            tpm.nv_define_space(_without_zeros(auth), public)
        counter = self._counter(tpm)
        tpm.nv_increment(counter)
        return int.from_bytes(bytes(tpm.nv_read(counter, 8)), "big")

    def _counter(self, tpm: ESAPI) -> ESYS_TR:
        assert self._counter_auth is not None  # opened or enrolled before
        counter = tpm.tr_from_tpmpublic(self._index)
        with self._counter_auth.open() as auth:
            tpm.tr_set_auth(counter, _without_zeros(auth))
        return counter

    def _read_counter(self, tpm: ESAPI, stack: ExitStack, parameters: Mapping[str, Any]) -> int:
        try:
            counter = self._counter(tpm)
        except TSS2_Exception:
            raise VaultRolledBack("The TPM's counter of this vault is gone.") from None
        parent = self._parent(tpm, _handle(parameters), hex_parameter(parameters, "name"))
        session = self._session(tpm, stack, parent, TPM2_SE.HMAC)
        return int.from_bytes(bytes(tpm.nv_read(counter, 8, session1=session)), "big")


_OTHER_CHIP = "The board or its TPM was exchanged or cleared: load the keys again."


def _storage_key(tpm: ESAPI, handle: int) -> tuple[ESYS_TR, bytes]:
    """A fresh storage key at a persistent handle, and its name. Its private part leaves the chip never again."""
    kind = TPM2B_PUBLIC.parse(_STORAGE_KIND, objectAttributes=_STORAGE)
    with ExitStack() as stack:
        primary, *_ = tpm.create_primary(None, kind)
        stack.callback(tpm.flush_context, primary)
        private, public, *_ = tpm.create(primary, None, kind)
        loaded = tpm.load(primary, private, public)
        stack.callback(tpm.flush_context, loaded)
        parent = tpm.evict_control(ESYS_TR.OWNER, loaded, handle)
    return parent, bytes(tpm.read_public(parent)[1])


def _policy(tpm: ESAPI, session: ESYS_TR, registers: tuple[int, ...]) -> None:
    tpm.policy_pcr(session, None, "sha256:" + ",".join(str(number) for number in registers))
    tpm.policy_auth_value(session)


def _persistent(tpm: ESAPI) -> set[int]:
    _, data = tpm.get_capability(TPM2_CAP.HANDLES, 0x81000000, 254)
    return {int(handle) for handle in data.data.handles}


def _flush(tpm: ESAPI, session: ESYS_TR) -> None:
    with suppress(TSS2_Exception):  # gone with its last use
        tpm.flush_context(session)


def _without_zeros(auth: bytearray) -> bytes:
    return bytes(auth).replace(b"\x00", b"\x01")


def _handle(parameters: Mapping[str, Any]) -> int:
    return int.from_bytes(hex_parameter(parameters, "handle", 4), "big")


def _base(parameters: Mapping[str, Any]) -> int:
    value = parameters.get("counter_base")
    if type(value) is not int:
        raise VaultCorrupt("The protector's parameters in the key vault cannot be read.")
    return value


def _registers(parameters: Mapping[str, Any]) -> tuple[int, ...]:
    values = parameters.get("registers")
    if not isinstance(values, list) or not values or any(type(v) is not int or not 0 <= v < 24 for v in values):
        raise VaultCorrupt("The protector's parameters in the key vault cannot be read.")
    return tuple(values)


def _told(error: TSS2_Exception, registers: tuple[int, ...]) -> VaultLocked:
    code = int(error.rc) & 0xFFF
    if code == _LOCKOUT:
        return VaultLocked(
            "The TPM is locked after wrong attempts.", "Wait, or have it unlocked with its own password."
        )
    plain = code & _CODE_MASK
    if plain == _POLICY_FAIL:
        numbers = ", ".join(str(number) for number in registers)
        return VaultLocked(
            f"The TPM does not open the vault: the board started differently (PCR {numbers}).",
            "After an update of firmware or boot loader load the keys again; otherwise find out what changed.",
        )
    if plain in _AUTH_FAILS:
        return VaultLocked("The TPM does not open the vault: the authorisation value is wrong.")
    return VaultLocked(
        f"The TPM cannot be used (code {int(error.rc):08X}).", "See whether /dev/tpmrm0 is there and ours."
    )
