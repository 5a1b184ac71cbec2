"""The answer screen: charged, not charged or being undone; why; and what to do, in every language."""

from dataclasses import replace
from datetime import datetime

import pytest

from terminal.domain.outcome import Outcome, Result, outcome_of
from terminal.domain.record import State, TransactionRecord, UndoCause
from terminal.domain.transactions import SERVICE_KINDS, TRANSACTIONS, Undo
from terminal.flows.outcome import outcome_screen
from terminal.screens.texts import LANGUAGES, Translator

ROW = TransactionRecord(1, "sale", State.SENT, 2, 1, 12_850, "156", "021", "621234******0012", datetime(2026, 11, 24))
REFUSALS = (
    "no-link", "host-slow", "reversal-pending", "reversal-help", "batch-full", "offline-limit", "settlement-open",
    "storage-full", "keys-refused", "no-keys", "already-voided", "not-voidable", "has-tip", "has-refund",
)  # fmt: skip
CODES = ("01", "05", "14", "41", "51", "55", "61", "90", "91", "A0", "Z9")


def outcomes():
    """Every way an attempt of every kind can be told."""
    for kind in TRANSACTIONS:
        if kind in SERVICE_KINDS or not TRANSACTIONS[kind].mti:
            continue
        row = replace(ROW, kind=kind)
        yield outcome_of(replace(row, state=State.APPROVED, response_code="00"))
        for code in CODES:
            yield outcome_of(replace(row, state=State.DECLINED, response_code=code))
        for cause in UndoCause:
            code = "51" if cause in (UndoCause.UNPROVEN_DECLINE, UndoCause.AMBIGUOUS_CODE) else ""
            undone = replace(row, undo_cause=cause, response_code=code)
            if TRANSACTIONS[kind].undo is Undo.REVERSAL:
                yield outcome_of(replace(undone, state=State.REVERSING))
                yield outcome_of(replace(undone, state=State.REVERSED))
            else:
                yield outcome_of(replace(undone, state=State.ADVISING))
    for reason in REFUSALS:
        yield Outcome(Result.NOT_CHARGED, f"reason.{reason}", detail="95516" if reason == "reversal-help" else "")


OUTCOMES = list(outcomes())
TRUTH = {
    "zh": {Result.UNDOING: "请勿重复", Result.NOT_CHARGED: "", Result.DELIVERING: ""},
    "en": {Result.UNDOING: "do not swipe again", Result.NOT_CHARGED: "", Result.DELIVERING: "do not enter again"},
    "fi": {Result.UNDOING: "älä lue korttia uudelleen", Result.NOT_CHARGED: "", Result.DELIVERING: ""},
}


def test_there_are_many_ways_and_all_of_them_are_walked():
    assert len(OUTCOMES) > 200
    assert {outcome.result for outcome in OUTCOMES} == set(Result)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_says_what_happened_to_the_money_and_why(language):
    texts = Translator(language)
    for outcome in OUTCOMES:
        screen = outcome_screen(texts, outcome)
        assert screen.title and screen.instruction, outcome
        if outcome.result is not Result.APPROVED:
            assert screen.lines and screen.lines[0], f"{outcome} says no reason"
        if outcome.record is not None:
            assert any("000002" in line for line in screen.lines), "the voucher number to ask for later"


@pytest.mark.parametrize("language", LANGUAGES)
def test_while_a_charge_is_being_undone_the_card_is_not_to_be_swiped_again(language):
    texts = Translator(language)
    told = outcome_screen(texts, outcome_of(replace(ROW, state=State.REVERSING, undo_cause=UndoCause.NO_ANSWER)))
    assert TRUTH[language][Result.UNDOING] in told.instruction.lower()


def test_whom_to_call_stands_on_the_screen():
    told = outcome_screen(Translator("en"), Outcome(Result.NOT_CHARGED, "reason.reversal-help", detail="95516"))
    assert "95516" in told.lines
