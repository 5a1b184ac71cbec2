"""The customer's PIN: at the PIN pad where there is one; typed at the terminal only in the lab and for training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.pin_pad_messages import PinRequest, WorkingKey
from terminal.acquirer.sign_on import PIN_KEY_SETTING, with_keys
from terminal.desk import Desk
from terminal.domain.card import Card
from terminal.flows.outcome import processing
from terminal.pin_pad_prompt import PadPinPrompt, PinPadTrouble
from terminal.prompts import Cancelled, PinEntry, PinPrompt

if TYPE_CHECKING:
    from drivers.pin_pad import PinPad

__all__ = ["ask_pin"]

_PAD_MARGIN_S = 5.0
"""The pad says that the time is over before the terminal does."""


async def ask_pin(desk: Desk, amount: str, card: Card, notice: str = "") -> PinEntry:
    """The customer's PIN, or its deliberate absence where profile and card allow that.

    Raises Cancelled, also when the pad gives none, and TimedOut.
    """
    profile, terminal = desk.acquirer.profile, desk.settings.terminal
    obeyed = profile.card_service_code == "obey" and card.pin_required
    bypass = profile.pin_bypass and not obeyed
    if desk.pin_pad is not None:
        entry = await _at_the_pad(desk, desk.pin_pad, card, amount, bypass, notice)
    elif terminal.environment == "production" and not terminal.training:
        # The configuration is refused before this; a PIN is not typed on a general computer in any case.
        await desk.refuse("pin.title", "pin.no-pad")
        raise Cancelled
    else:
        entry = await _typed_here(desk, amount, bypass, notice)
    if entry.bypassed:
        await desk.journal.note("pin bypassed", f"by {desk.acquirer.operator or 'nobody'}")
    return entry


async def _at_the_pad(desk: Desk, pad: PinPad, card: Card, amount: str, bypass: bool, notice: str) -> PinEntry:
    profile, timeout_s = desk.acquirer.profile, desk.settings.timeouts.pin_s
    request = PinRequest(
        card.pan.decode("ascii"),
        profile.pin_length_min,
        profile.pin_length_max,
        bypass,
        (amount, "PIN?"),
        await _working_key(desk),
    )
    prompt = PadPinPrompt(amount, desk.settings.terminal.merchant_name, pad.ask_pin(request, timeout_s), notice)
    try:
        return await desk.ask(prompt, timeout_s + _PAD_MARGIN_S)
    except PinPadTrouble as trouble:
        await desk.refuse("pin.title", f"pin-pad.{trouble.result}")
        raise Cancelled from None
    finally:
        pad.cancel()


async def _working_key(desk: Desk) -> WorkingKey:
    """The PIN key as the last sign-on brought it: under the master key that the pad holds. Raises Cancelled."""
    desk.show(processing(desk.texts, ""))
    async with desk.acquirer.turn:
        result = await with_keys(desk.acquirer)
    if not result.done:
        await desk.refuse("pin.title", result.reason)
        raise Cancelled
    cryptogram, _, check_value = (await desk.journal.setting(PIN_KEY_SETTING)).partition(":")
    return WorkingKey(bytes.fromhex(cryptogram), bytes.fromhex(check_value))


async def _typed_here(desk: Desk, amount: str, bypass: bool, notice: str) -> PinEntry:
    profile = desk.acquirer.profile
    prompt = PinPrompt(
        amount,
        desk.settings.terminal.merchant_name,
        profile.pin_length_min,
        profile.pin_length_max,
        bypass,
        notice,
    )
    try:
        return await desk.ask(prompt, desk.settings.timeouts.pin_s)
    finally:
        prompt.wipe()
