"""What a till asks for: the same flows as from the keypad, with what the till has entered already.

The customer presents the card here and types the PIN here; the operator sees which till has asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from terminal.desk import Desk
from terminal.domain.transactions import Role
from terminal.ecr.job import TAKE_OVER, Work
from terminal.flows.operators import Who, admitted, approved_by
from terminal.flows.pre_auth import pre_auth
from terminal.flows.refund import Named, refund_named
from terminal.flows.sale import sale_of
from terminal.flows.switches import is_off
from terminal.flows.undo import void_sale
from terminal.prompts import Cancelled, TimedOut

__all__ = ["serve_till"]


@dataclass(frozen=True, slots=True)
class _Service:
    """How a kind of work is done."""

    label: str
    run: Callable[[Desk, Work], Awaitable[object]]


_SERVICES = {
    "sale": _Service("menu.sale", lambda desk, work: sale_of(desk, work.amount_minor)),
    "sale-void": _Service("menu.void.sale", lambda desk, work: void_sale(desk, work.voucher)),
    "refund": _Service(
        "menu.refund.card",
        lambda desk, work: refund_named(desk, Named(work.date, work.host_reference, work.amount_minor)),
    ),
    "pre-auth": _Service("menu.pre-auth.new", lambda desk, work: pre_auth(desk, work.amount_minor)),
}


async def serve_till(desk: Desk) -> None:
    """Carry out what waits in the till's slot. A flow that has told its outcome has told the till, too."""
    job = desk.take_up()
    try:
        reason = await _carry_out(desk, job.work) or job.refused or "till.cancelled"
    except Cancelled:
        reason = "till.aborted" if job.aborted else job.refused or "till.cancelled"
    except TimedOut:
        reason = "till.timed-out"
    await desk.told("" if reason == _DONE else reason)


_DONE = "done"


async def _carry_out(desk: Desk, work: Work) -> str:
    """``_DONE``, or nothing when the desk has said why not, or when the flow has told its outcome. Raises Cancelled."""
    if work.kind == TAKE_OVER:
        await approved_by(desk, Role.SUPERVISOR)
        return _DONE
    desk.next_customer()
    service = _SERVICES[work.kind]
    if await is_off(desk, work.kind):
        await desk.refuse(service.label, "reason.switched-off")
    elif await admitted(desk, Who.CASHIER, service.label):
        await service.run(desk, work)
    return ""
