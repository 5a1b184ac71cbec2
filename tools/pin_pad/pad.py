"""The pad itself, without a line: bytes in, bytes out, keys of its own, fingers on its keypad."""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.pin_pad_messages import (
    CANCEL,
    IDENTIFY,
    PinAnswer,
    PinRequest,
    PinResult,
    answer_text,
    identity_text,
    parse_request,
    selected_key,
)
from drivers.pin_pad_packets import Control, Damaged, Packet, PacketReader, pack
from keys import KeysError, Secret
from keys.ciphers import cipher, wipe
from keys.dukpt_registers import DukptState
from keys.dukpt_tdes import Purpose, advance, key_for, load_initial_key
from keys.errors import KeyExhausted
from keys.kcv import kcv
from keys.pin_block_formats import encrypt_pin

__all__ = ["Pad", "Trouble"]

SENT_AGAIN_S, TRIES_MAX = 0.5, 3
ENTRY_S = 60.0
_TDES, _FORMAT = "tdes", 0


@dataclass(slots=True)
class Trouble:
    """What a bad line does, to order; each is counted down as it happens."""

    lose_acks: int = 0
    damage_packets: int = 0
    mute: bool = False
    """It is plugged, and says nothing."""


class Pad:
    """A pad of the VISA/1000SE family. ``write`` takes the bytes it sends."""

    def __init__(
        self,
        write: Callable[[bytes], None],
        master_keys: Mapping[int, Secret],
        dukpt: tuple[Secret, bytes] | None = None,
        serial: str = "SIM00001",
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.trouble = Trouble()
        self.shown: tuple[str, ...] = ()
        """What stands on its display."""
        self.asked = asyncio.Event()
        """Set while an entry is running."""
        self.idle = asyncio.Event()
        """Set while none is."""
        self.idle.set()
        self._write = write
        self._master_keys = master_keys
        self._dukpt: DukptState | None = load_initial_key(*dukpt) if dukpt is not None else None
        self._serial = serial
        self._random = random
        self._reader = PacketReader()
        self._selected = 0
        self._request: PinRequest | None = None
        self._request_text = ""
        self._answer = b""
        self._timers: list[asyncio.TimerHandle] = []

    # -- the line

    def receive(self, data: bytes) -> None:
        """Bytes from the terminal."""
        for item in self._reader.feed(data):
            if self.trouble.mute:
                continue
            if isinstance(item, Packet):
                self._acknowledge()
                self._take(item.text)
            elif isinstance(item, Damaged) or item is Control.NAK:
                self._write(self._answer if item is Control.NAK else bytes([Control.NAK]))
            else:
                self._answer = b""
                self._stop()
                if item is Control.EOT:
                    self._over()

    def unplugged(self) -> None:
        """The cable is out: nothing of before counts."""
        self._reader.clear()
        self._answer = b""
        self._over()
        self._stop()

    # -- fingers

    def type_pin(self, digits: str) -> None:
        """A customer types a PIN and the green key; an empty one is the green key alone."""
        request = self._request
        if request is None or (not digits and not request.bypass):
            return
        if digits and not request.length_min <= len(digits) <= request.length_max:
            return
        pin = Secret(bytearray(digits.encode("ascii")))
        try:
            answer = self._entered(request, pin) if digits else PinAnswer(PinResult.NONE)
        finally:
            pin.wipe()
        self._finish(answer)

    def press_cancel(self) -> None:
        """A customer presses the red key."""
        if self._request is not None:
            self._finish(PinAnswer(PinResult.CANCELLED))

    # -- inside

    def _take(self, text: str) -> None:
        if text == IDENTIFY:
            self._send(identity_text(self._serial))
        elif text == CANCEL:
            self._finish(PinAnswer(PinResult.CANCELLED))
        elif (index := selected_key(text)) is not None:
            self._over()
            self._selected = index
        elif self._request is None or text != self._request_text:  # else: our acknowledgement was lost
            self._begin(text)

    def _begin(self, text: str) -> None:
        request = parse_request(text)
        if request is None:
            self._finish(PinAnswer(PinResult.REFUSED))
            return
        problem = self._key_problem(request)
        if problem is not None:
            self._finish(PinAnswer(problem))
            return
        self._request, self._request_text, self.shown = request, text, request.lines
        self.asked.set()
        self.idle.clear()
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(ENTRY_S, lambda: self._finish(PinAnswer(PinResult.TIMED_OUT))))

    def _key_problem(self, request: PinRequest) -> PinResult | None:
        if request.key is None:
            return PinResult.BAD_KEY if self._dukpt is None else None
        try:
            with self._working_key(request) as key, key.open() as clear:
                found = kcv(clear, _TDES, length=4)
        except (KeysError, KeyError):
            return PinResult.BAD_KEY
        stated = request.key.check_value
        return None if not stated or hmac.compare_digest(found, stated) else PinResult.BAD_KEY

    def _working_key(self, request: PinRequest) -> Secret:
        assert request.key is not None
        with self._master_keys[self._selected].open() as master:
            return Secret(cipher(_TDES).ecb_recover(master, request.key.cryptogram))

    def _entered(self, request: PinRequest, pin: Secret) -> PinAnswer:
        if request.key is not None:
            with self._working_key(request) as key, key.open() as clear:
                block = encrypt_pin(clear, _TDES, pin, request.pan, _FORMAT, self._random)
            return PinAnswer(PinResult.ENTERED, block)
        assert self._dukpt is not None
        try:
            following, transaction_key, ksn = advance(self._dukpt)
        except KeyExhausted:
            return PinAnswer(PinResult.EXHAUSTED)
        self._dukpt.wipe()
        self._dukpt = following
        with transaction_key, transaction_key.open() as clear, key_for(clear, Purpose.PIN) as key, key.open() as used:
            block = encrypt_pin(used, _TDES, pin, request.pan, _FORMAT, self._random)
        return PinAnswer(PinResult.ENTERED, block, ksn)

    def _finish(self, answer: PinAnswer) -> None:
        self._over()
        self._send(answer_text(answer))

    def _over(self) -> None:
        self._request, self._request_text, self.shown = None, "", ()
        self.asked.clear()
        self.idle.set()

    def _acknowledge(self) -> None:
        if self.trouble.lose_acks > 0:
            self.trouble.lose_acks -= 1
        else:
            self._write(bytes([Control.ACK]))

    def _send(self, text: str) -> None:
        self._stop()
        data = bytearray(pack(text))
        self._answer = bytes(data)
        if self.trouble.damage_packets > 0:
            self.trouble.damage_packets -= 1
            data[-1] ^= 0x55
        self._write(bytes(data))
        wipe(data)
        loop = asyncio.get_running_loop()
        self._timers += [loop.call_later(SENT_AGAIN_S * n, self._again) for n in range(1, TRIES_MAX)]

    def _again(self) -> None:
        if self._answer and not self.trouble.mute:
            self._write(self._answer)

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
