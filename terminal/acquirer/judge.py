"""What an answer means: pure functions, the only place that decides it.

An approval counts only when it answers this request and its MAC is valid. A decline without
a valid MAC is told to the merchant as the host told it, and undone all the same: whoever could
forge it must not leave the customer charged. Everything else is undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from config import AcquirerProfile
from iso8583 import Message
from terminal.acquirer.request import VOUCHER_TAG, tag_of
from terminal.domain.record import HostAnswer, UndoCause

__all__ = ["Mac", "Verdict", "answer_of", "answers", "judge", "reversal_closed", "reversal_reason"]


class Mac(Enum):
    """How element 64 of an answer was found."""

    VALID = "valid"
    WRONG = "wrong"
    ABSENT = "absent"


_REASONS = {UndoCause.BAD_MAC: "A0", UndoCause.NO_ANSWER: "98", UndoCause.LINK_LOST: "98"}
_OTHER_REASON = "06"


def reversal_reason(cause: UndoCause) -> str:
    """Element 39 of a first reversal, by what was wrong with the attempt (facts/unionpay.md §3.1)."""
    return _REASONS.get(cause, _OTHER_REASON)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Approved, declined, or to be undone for a cause."""

    approved: bool = False
    declined: bool = False
    undo: UndoCause | None = None
    pending: bool = False
    """The customer has yet to confirm: to be asked again."""
    sign_on_again: bool = False
    """The host asks for new working keys before anything else."""


def answers(request: Message, reply: Message) -> bool:
    """Whether the reply belongs to the request: MTI + 10, STAN and terminal.

    Answers of earlier attempts fail here and change nothing (rule 5: a late approval never
    turns into one).
    """
    expected = f"{int(request.mti) + 10:04d}"
    return (
        reply.mti == expected
        and all(_text(reply, element) == _text(request, element) for element in (11, 41, 42) if element in reply)
        and 11 in reply
    )


def judge(request: Message, reply: Message, mac: Mac, profile: AcquirerProfile, *, queried: bool = False) -> Verdict:
    """Verdict on an answer that belongs to the request (facts/unionpay.md §3, §7).

    ``queried``: the host may be asked again what became of it.
    """
    code = _text(reply, 39)
    again = code in profile.sign_on_codes
    if not code:
        return Verdict(undo=UndoCause.BAD_REPLY)
    if code in profile.approval_codes:
        if mac is not Mac.VALID:
            return Verdict(undo=UndoCause.BAD_MAC)
        if not _same_money(request, reply):
            return Verdict(undo=UndoCause.BAD_REPLY)
        return Verdict(approved=True)
    if queried and code in profile.qr_pending_codes:
        return Verdict(pending=True, sign_on_again=again)
    if mac is not Mac.VALID and profile.decline_without_mac == "reverse":
        return Verdict(undo=UndoCause.UNPROVEN_DECLINE, sign_on_again=again)
    if code in profile.ambiguous_codes:
        return Verdict(undo=UndoCause.AMBIGUOUS_CODE, sign_on_again=again)
    return Verdict(declined=True, sign_on_again=again)


def reversal_closed(request: Message, reply: Message, mac: Mac, profile: AcquirerProfile) -> bool:
    """Whether an answer to a reversal ends it: a closing code that speaks of the same money, proven by a MAC
    unless the profile says otherwise."""
    proven = mac is Mac.VALID or (mac is Mac.ABSENT and not profile.reversal_answer_needs_mac)
    return proven and _text(reply, 39) in profile.reversal_closing_codes and _same_money(request, reply)


def answer_of(reply: Message, profile: AcquirerProfile, *, status_tag: str = "") -> HostAnswer:
    """What the journal keeps of an answer; with ``status_tag`` the code is that of the payment asked about."""
    parties = _text(reply, 44).ljust(22)
    texts = _text(reply, 63)
    return HostAnswer(
        response_code=tag_of(reply, status_tag, profile) if status_tag else _text(reply, 39),
        rrn=_text(reply, 37).strip(),
        auth_code=_text(reply, 38).strip(),
        host_date=_text(reply, 13),
        host_time=_text(reply, 12),
        settlement_date=_text(reply, 15),
        issuer=_printable(parties[:11]),
        acquirer=_printable(parties[11:22]),
        card_organisation=_printable(texts[:3]),
        host_message=_printable(texts[3:]),
        code_voucher=_printable(tag_of(reply, VOUCHER_TAG, profile)),
    )


def _same_money(request: Message, reply: Message) -> bool:
    return all(_text(reply, element) == _text(request, element) for element in (3, 4, 49, 61) if element in reply)


def _text(message: Message, element: int) -> str:
    value = message.get(element)
    return value if isinstance(value, str) else ""


def _printable(text: str) -> str:
    """Without control characters: what the host sends must never steer a printer."""
    return "".join(character for character in text if character.isprintable()).strip()
