"""How keys come under other keys: bare cryptograms, the field of a sign-on, key blocks. From bytes to ``Incoming``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from keys.errors import KeysError, UsageRefused
from keys.key_block import KeyBlock, Policy
from keys.key_block import unwrap as unwrap_block
from keys.key_in_use import KeyInUse
from keys.master_session import SignOnForm, decrypt_cryptogram, unwrap_sign_on
from keys.records import Kcv, KeyRecord
from keys.vault_intake import Cryptogram, Incoming, check_stronger, kcv_of
from keys.vault_operations import usual_mac_algorithm
from keys.vault_rules import DUKPT_USAGES, MAC_USAGES

__all__ = ["Received", "from_cryptograms", "from_key_block", "from_opened", "from_sign_on"]

Install = Callable[[Sequence[Incoming]], tuple[KeyRecord, ...]]
_SIGN_ON_USAGE = {"pin": "P0", "mac": "M0", "track": "D0"}
_SIGN_ON_MAC = {"tdes": "unionpay-ecb", "sm4": "unionpay-ecb-sm4"}


def from_cryptograms(
    master: KeyRecord, key: KeyInUse, cryptograms: Sequence[Cryptogram], source: str
) -> list[Incoming]:
    """Keys that came bare, deciphered; their check values are compared when they are installed."""
    incoming: list[Incoming] = []
    try:
        for item in cryptograms:
            clear = decrypt_cryptogram(key, item.data, chained=item.chained)
            incoming.append(
                Incoming(
                    item.slot,
                    item.usage,
                    clear,
                    item.algorithm,
                    item.mode,
                    item.mac_algorithm,
                    parent=master.id,
                    source=source,
                    check_value=item.check_value,
                    kcv_method=item.kcv_method,
                )
            )
            check_stronger(master, incoming[-1])
    except BaseException:
        for each in incoming:
            each.key.wipe()
        raise
    return incoming


def from_sign_on(
    master: KeyRecord, key: KeyInUse, field: bytes, form: SignOnForm, mac_algorithm: str
) -> list[Incoming]:
    """The working keys of a sign-on answer, deciphered and compared with their check values."""
    if master.algorithm != form.cipher:
        raise UsageRefused(
            f"The master key {master.id} is {master.algorithm.upper()}; the sign-on brings {form.cipher.upper()} keys.",
            "Compare the cipher in the acquirer's profile with the master key that was loaded.",
        )
    return [
        Incoming(
            item.slot,
            _SIGN_ON_USAGE[item.slot],
            item.key,
            form.cipher,
            mac_algorithm=(mac_algorithm or _SIGN_ON_MAC[form.cipher]) if item.slot == "mac" else "",
            parent=master.id,
            source="sign-on",
            check_value=item.check_value,
        )
        for item in unwrap_sign_on(key, field, form)
    ]


@dataclass(frozen=True, slots=True)
class Received:
    """A key that was opened and found genuine, before anybody has agreed to store it."""

    incoming: Incoming
    kcv: Kcv
    _install: Install

    def install(self, loaded_by: tuple[str, ...] = ()) -> KeyRecord:
        """Put it into its slot. Raises KeysError; the key is wiped either way."""
        (record,) = self._install([replace(self.incoming, loaded_by=loaded_by)])
        return record

    def wipe(self) -> None:
        """Nobody wants it."""
        self.incoming.key.wipe()


def from_key_block(
    install: Install,
    parent: KeyRecord,
    key: KeyInUse,
    text: str,
    slot: str,
    policy: Policy,
    mac_algorithm: str,
    label: str,
    source: str,
) -> Received:
    """The key of a key block under ``parent``; under a DUKPT key only its own successor."""
    if parent.usage in DUKPT_USAGES:
        if slot != parent.slot:
            raise UsageRefused(f"Under {parent.id} only the next initial key of slot {parent.slot} arrives.")
        policy = replace(policy, usages=DUKPT_USAGES)
    block = unwrap_block(key, text.strip(), policy)
    return from_opened(install, block, slot, parent=parent.id, mac_algorithm=mac_algorithm, label=label, source=source)


def from_opened(
    install: Install,
    block: KeyBlock,
    slot: str,
    *,
    parent: str = "",
    mac_algorithm: str = "",
    label: str = "",
    source: str = "tr-34",
) -> Received:
    """A key with the attributes that came with it, as a key block or by TR-34. It is taken over."""
    header = block.header
    algorithm = "tdes" if block.algorithm == "des" else block.algorithm  # one cipher here, by the key's length
    try:
        is_mac = header.usage in MAC_USAGES
        incoming = Incoming(
            slot,
            header.usage,
            block.key,
            algorithm,
            header.mode,
            (mac_algorithm or usual_mac_algorithm(header.usage, algorithm)) if is_mac else mac_algorithm,
            parent=parent,
            source=source,
            ksn=block.ksn,
            label=label or header.option("LB") or "",
            attributes={"exportability": header.exportability},
        )
        return Received(incoming, kcv_of(block.key, algorithm), install)
    except (KeyError, KeysError):
        block.key.wipe()
        raise UsageRefused(f"Keys of algorithm {header.algorithm} do not come here.") from None
