"""``countertop benchmark keys``: what keys cost: algorithms beside psec in one run, the vault, and opening it.

Ratios are the median of the ratios within the rounds; each contender is first shown to give the same answer. A cold
unlock is a new process: from the first instruction that concerns keys to a vault that can be used.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from keys import Secret, create_vault, dukpt_aes, dukpt_tdes, encrypt_pin, x9_19
from keys.backends.protectors import CredentialProtector
from keys.dukpt_host import tdes_transaction_key
from keys.key_block import ANY_KEY, unwrap
from keys.key_block_header import Header
from keys.mac import cbc_mac, cmac, unionpay_ecb
from keys.vault_intake import Incoming
from tools.benchmarks.rounds import in_turn
from tools.benchmarks.unlocking import PROTECTORS, Unlock, unlock

__all__ = ["Result", "main"]

_OURS, _PEER = "countertop", "psec"
_PAN, _PIN = "6200000000000005", "123456"
_MESSAGE = bytes(range(204))
_KSN, _KEY_ID = bytes.fromhex("FFFF987654AAAAA00000"), bytes.fromhex("A234567890123456")


@dataclass(frozen=True, slots=True)
class Result:
    """An operation; ``ratio`` is the peer's time divided by ours, 0 without a peer."""

    operation: str
    us: float
    peer_us: float = 0.0
    ratio: float = 0.0


@dataclass(frozen=True, slots=True)
class _Operation:
    name: str
    ours: Callable[[], object]
    peer: Callable[[], object] | None = None
    same: bool = True
    """Whether both give the same bytes; what has randomness in it does not."""


def main(argv: list[str]) -> int:
    """Measure and print; 0 when everything could be measured that this machine has."""
    parser = argparse.ArgumentParser(
        prog="countertop benchmark keys",
        description="PIN blocks, MACs, DUKPT and key blocks beside psec; the vault; opening it with each protector.",
        epilog="examples:\n  countertop benchmark keys\n  countertop benchmark keys --rounds 9 --unlocks 10 --json\n"
        "  make backends   brings the libraries for the TPM and for tokens",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds in turn (default 5)")
    parser.add_argument("--seconds", type=float, default=0.05, help="of one contender in one round (default 0.05)")
    parser.add_argument(
        "--unlocks", type=int, default=5, help="cold unlocks with each protector (default 5; 0 for none)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    rounds = max(1, arguments.rounds)
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")  # the peer imports TDES from where it used to be
        operations = [*_algorithms(), *_vault(stack)]
        results = [_measure(operation, rounds, arguments.seconds) for operation in operations]
    unlocks = [unlock(name, arguments.unlocks) for name in PROTECTORS if arguments.unlocks > 0]
    if arguments.json:
        print(json.dumps({"operations": list(map(asdict, results)), "unlocks": list(map(asdict, unlocks))}))
    else:
        _print(results, unlocks)
    return 0


def _measure(operation: _Operation, rounds: int, seconds: float) -> Result:
    contenders = {_OURS: operation.ours}
    if operation.peer is not None:
        contenders[_PEER] = operation.peer
        if operation.same and operation.ours() != operation.peer():
            raise RuntimeError(f"{operation.name}: the peer gives another answer")
    times = in_turn(contenders, rounds, seconds)
    ours = statistics.median(times[_OURS])
    if operation.peer is None:
        return Result(operation.name, ours)
    ratios = [peer / own for own, peer in zip(times[_OURS], times[_PEER], strict=True)]
    return Result(operation.name, ours, statistics.median(times[_PEER]), statistics.median(ratios))


def _peer() -> Any:
    try:
        return import_module("psec")
    except ImportError:
        return None


def _algorithms() -> Iterator[_Operation]:
    psec = _peer()
    if psec is None:
        print("psec is not installed (make .venv): no peer to compare with", file=sys.stderr)
    key, aes = os.urandom(16), os.urandom(16)
    pin, text = Secret(_PIN.encode()), _PIN

    def peer(call: Callable[[], object]) -> Callable[[], object] | None:
        return call if psec is not None else None

    yield _Operation(
        "PIN block 0, enciphered",
        lambda: encrypt_pin(key, "tdes", pin, _PAN, 0, os.urandom),
        peer(lambda: psec.des.encrypt_tdes_ecb(key, psec.pinblock.encode_pinblock_iso_0(text, _PAN))),
    )
    yield _Operation(
        "PIN block 4, enciphered",
        lambda: encrypt_pin(aes, "aes", pin, _PAN, 4, os.urandom),
        peer(lambda: psec.pinblock.encipher_pinblock_iso_4(aes, text, _PAN)),
        same=False,
    )
    yield _Operation(
        "X9.19 over 204 bytes",
        lambda: x9_19(key, _MESSAGE),
        peer(lambda: psec.mac.generate_retail_mac(key[:8], key[8:], _MESSAGE, 1)),
    )
    yield _Operation(
        "ISO 16609 over 204 bytes",
        lambda: cbc_mac("tdes", key, _MESSAGE),
        peer(lambda: psec.mac.generate_cbc_mac(key, _MESSAGE, 1)),
    )
    yield _Operation("AES-CMAC over 204 bytes", lambda: cmac("aes", aes, _MESSAGE))
    yield _Operation("UnionPay ECB MAC over 204 bytes", lambda: unionpay_ecb(key, _MESSAGE))
    yield from _blocks(peer)
    for name, scheme, initial, serial in (("TDES", dukpt_tdes, key, _KSN), ("AES", dukpt_aes, aes, _KEY_ID)):
        yield _Operation(f"{name} DUKPT, one step of the registers", _steps(scheme, initial, serial))
    last = dukpt_tdes.with_counter(_KSN, 0x1FF800)
    yield _Operation("TDES DUKPT, a host's ten derivations", lambda: tdes_transaction_key(key, last))


def _blocks(peer: Callable[[Callable[[], object]], Callable[[], object] | None]) -> Iterator[_Operation]:
    import keys.key_block as ours

    for version, length in (("B", 24), ("D", 32)):
        protection, key = os.urandom(length), os.urandom(16)
        text = ours.wrap(protection, Header(version, "P0", "T", "E"), Secret(bytearray(key)), os.urandom)

        def read(protection: bytes = protection, text: str = text) -> bytes:
            with unwrap(protection, text, ANY_KEY).key as held, held.open() as clear:
                return bytes(clear)

        def read_by_peer(protection: bytes = protection, text: str = text) -> object:
            return _peer().tr31.unwrap(protection, text)[1]

        yield _Operation(f"key block {version}, unwrapped", read, peer(read_by_peer))


def _steps(scheme: ModuleType, key: bytes, serial: bytes) -> Callable[[], object]:
    state = scheme.load_initial_key(Secret(key), serial)

    def step() -> None:
        nonlocal state
        following, used, _ = scheme.advance(state)
        state.wipe()
        used.wipe()
        state = following

    return step


def _vault(stack: ExitStack) -> Iterator[_Operation]:
    """What a sale waits for; the last one is a durable write of this disk."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    credential = folder / "credential"
    credential.write_bytes(os.urandom(32))
    credential.chmod(0o600)
    vault = create_vault(folder / "keys.vault", CredentialProtector(credential), "lab")
    stack.callback(vault.close)
    vault.install(
        [
            Incoming("pin", "P0", Secret(bytearray(os.urandom(16)))),
            Incoming("mac", "M0", Secret(bytearray(os.urandom(16))), mac_algorithm="unionpay-ecb"),
            Incoming("dukpt", "B1", Secret(bytearray(os.urandom(16))), ksn=_KSN.hex()),
        ]
    )
    yield _Operation("vault: PIN block 0", lambda: vault.encrypt_pin("pin", Secret(b"123456"), _PAN, 0))
    yield _Operation("vault: MAC over 204 bytes", lambda: vault.mac("mac", _MESSAGE))
    yield _Operation("vault: next DUKPT key, durable", lambda: vault.next_dukpt("dukpt").wipe())


def _print(results: list[Result], unlocks: list[Unlock]) -> None:
    print(f"  {'operation':<40}{'ours':>10}{'psec':>10}{'psec / ours':>14}")
    for item in results:
        peer = f"{item.peer_us:>8.1f}us{item.ratio:>13.2f}x" if item.ratio else f"{'-':>10}{'-':>14}"
        print(f"  {item.operation:<40}{item.us:>8.1f}us{peer}")
    if not unlocks:
        return
    print(f"\n  {'cold unlock in a new process':<40}{'median':>10}{'imports':>10}{'memory':>12}")
    for each in unlocks:
        if each.missing:
            print(f"  {each.protector:<40}{each.missing}")
        else:
            print(f"  {each.protector:<40}{each.ms:>8.1f}ms{each.import_ms:>8.1f}ms{each.mib:>9.1f}MiB")
