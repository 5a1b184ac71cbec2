"""The paper of a key ceremony: who loaded what, its check values, and room for their signatures."""

from __future__ import annotations

from keys.audit_chain import AuditLine
from terminal.screens.texts import Translator
from terminal.slips.layout import RULE, Line, Merchant, Style

__all__ = ["key_slip"]


def key_slip(
    line: AuditLine | None, number: int, merchant: Merchant, texts: Translator, *, duplicate: bool = False
) -> list[Line]:
    """Drawn from the line of the audit log, never from memory; without a line that proves itself it says so."""
    say = texts.text
    lines = [
        Line(say("slip.keys"), style=Style.TITLE),
        *([Line(say("slip.duplicate"), style=Style.MARK)] if duplicate else []),
        RULE,
        Line(say("slip.merchant-id"), merchant.merchant_id),
        Line(say("slip.terminal-id"), merchant.terminal_id),
        Line(say("slip.keys.line", number=number), style=Style.SMALL),
    ]
    if line is None:
        return [*lines, Line(say("keys.audit-broken"), style=Style.MARK)]
    told = line.fields
    lines += [Line(say("slip.date"), line.at[:19].replace("T", " ") + " UTC"), RULE]
    lines += [
        Line(say("slip.keys.outcome"), say(f"ceremony.{told['outcome']}")),
        Line(say("slip.keys.key"), told["key"]),
        Line(say("slip.keys.usage"), told["usage"]),
        Line(say("slip.keys.algorithm"), f"{told['algorithm'].upper()} {told['bits']}"),
        Line(say("slip.keys.way"), say(f"slip.keys.way.{told['way']}")),
    ]
    if told.get("reason"):
        lines.append(Line(say(f"ceremony.reason.{told['reason']}"), style=Style.SMALL))
    lines += [
        Line(say("slip.keys.component", component=place), kcv)
        for place, kcv in enumerate(told.get("component_kcvs", ()), 1)
    ]
    if told.get("kcv"):
        lines.append(Line(say("slip.keys.kcv"), told["kcv"]))
    if told.get("erased_others"):
        lines.append(Line(say("slip.keys.erased"), style=Style.SMALL))
    for custodian in told.get("by", ()):
        lines += [RULE, Line(say("slip.keys.signature", custodian=custodian), style=Style.SMALL), Line(""), Line("")]
    return [*lines, RULE]
