"""The menu tree as a table: a digit, a text, what it does, and who may (facts/product.md §4.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from terminal.desk import Desk
from terminal.flows import (
    cash,
    devices,
    diagnosis,
    drawer,
    keys,
    lock,
    manage,
    offline,
    operators,
    order,
    parameters,
    pre_auth,
    refund,
    slips,
    split,
    switches,
    technician,
    transfer,
    undo,
    waiting,
)  # fmt: skip
from terminal.flows.balance import balance
from terminal.flows.key_loader import load_from_device
from terminal.flows.network import network_status
from terminal.flows.operators import Who, admitted
from terminal.flows.sale import sale
from terminal.flows.settle import settle_flow
from terminal.flows.version import show_version
from terminal.flows.wifi import wifi
from terminal.prompts import MenuPrompt

__all__ = ["MAIN", "Item", "Menu", "choose", "follow"]

Flow = Callable[[Desk], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a menu: a flow or a further menu."""

    digit: str
    label: str
    leads_to: Flow | Menu
    who: Who = Who.ANYBODY
    kind: str = ""
    """The transaction that can be switched off; empty for what is none."""


@dataclass(frozen=True, slots=True)
class Menu:
    """A page of the menu tree."""

    name: str
    title: str
    items: tuple[Item, ...]


_T, _TECHNICIAN = Who.CASHIER, Who.TECHNICIAN

_VOID = Menu("menu.void", "menu.void", (
    Item("1", "menu.void.sale", undo.void_sale, _T, "sale-void"),
    Item("2", "menu.void.completion", undo.void_completion, _T, "completion-void"),
))  # fmt: skip

_REFUND = Menu("menu.refund", "menu.refund", (
    Item("1", "menu.refund.card", refund.refund, _T, "refund"),
    Item("2", "menu.refund.code", refund.refund_code, _T, "qr-refund"),
))  # fmt: skip

_PRE_AUTH = Menu("menu.pre-auth", "menu.pre-auth", (
    Item("1", "menu.pre-auth.new", pre_auth.pre_auth, _T, "pre-auth"),
    Item("2", "menu.pre-auth.void", pre_auth.void_pre_auth, _T, "pre-auth-void"),
    Item("3", "menu.pre-auth.complete", pre_auth.complete, _T, "completion"),
    Item("4", "menu.pre-auth.advice", pre_auth.complete_by_advice, _T, "completion-advice"),
    Item("5", "menu.pre-auth.completion-void", undo.void_completion, _T, "completion-void"),
    Item("6", "menu.pre-auth.additional", pre_auth.additional, _T, "additional-pre-auth"),
))  # fmt: skip

_PRINT = Menu("menu.print", "menu.print", (
    Item("1", "menu.print.last", slips.reprint_last),
    Item("2", "menu.print.any", slips.reprint_any),
    Item("3", "menu.print.details", slips.print_details),
    Item("4", "menu.print.totals", slips.show_totals),
    Item("5", "menu.print.last-batch", slips.print_last_batch),
    Item("6", "menu.print.parameters", slips.print_parameters),
    Item("7", "menu.print.on-screen", slips.show_last),
))  # fmt: skip

_OPERATORS = Menu("menu.operators", "menu.operators", (
    Item("1", "menu.operators.sign-out", operators.sign_out),
    Item("2", "menu.operators.password", operators.change_password),
    Item("3", "menu.operators.add", operators.add_operator),
    Item("4", "menu.operators.remove", operators.remove_operator),
    Item("5", "menu.operators.unlock", operators.unlock_operator),
    Item("6", "menu.operators.list", operators.list_operators),
))  # fmt: skip

_KEYS = Menu("menu.keys", "menu.keys", (
    Item("1", "menu.keys.enter", keys.load_by_hand, _TECHNICIAN),
    Item("3", "menu.keys.loader", load_from_device, _TECHNICIAN),
    Item("4", "menu.keys.view", keys.view_keys),
    Item("5", "menu.keys.destroy", keys.destroy_key, _TECHNICIAN),
))  # fmt: skip

_MANAGE = Menu("menu.manage", "menu.manage", (
    Item("1", "menu.manage.sign-on", manage.sign_on_flow),
    Item("2", "menu.manage.sign-off", manage.sign_off_flow),
    Item("3", "menu.operators", _OPERATORS),
    Item("4", "menu.manage.echo", manage.echo_test),
    Item("5", "menu.manage.query", slips.query),
    Item("6", "menu.manage.settle", settle_flow),
    Item("7", "menu.manage.version", show_version),
    Item("8", "menu.manage.lock", lock.lock),
    Item("9", "menu.manage.diagnosis", diagnosis.diagnosis),
    Item("0", "menu.manage.waiting", waiting.waiting),
))  # fmt: skip

_OTHER = Menu("menu.other", "menu.other", (
    Item("1", "menu.other.offline", offline.offline_sale, _T, "offline-sale"),
    Item("2", "menu.other.tip", offline.tip, _T, "tip"),
    Item("3", "menu.other.cash", cash.cash_sale, _T, "cash"),
    Item("4", "menu.other.split", split.split_sale, _T, "sale"),
    Item("5", "menu.other.order", order.order, _T, "qr-order"),
    Item("6", "menu.other.transfer", transfer.transfer, _T, "transfer"),
    Item("7", "menu.other.drawer", drawer.open_drawer),
))  # fmt: skip

_LOAD = Menu("menu.load", "menu.load", (
    Item("1", "menu.load.parameters", manage.load_parameters, _TECHNICIAN),
    Item("2", "menu.load.chip", manage.load_chip, _TECHNICIAN),
    Item("3", "menu.load.ca-keys", manage.load_ca_keys, _TECHNICIAN),
    Item("4", "menu.load.lists", manage.load_lists, _TECHNICIAN),
    Item("5", "menu.load.status", manage.report_status),
))  # fmt: skip

_PARAMETERS = Menu("menu.parameters", "menu.parameters", (
    Item("1", "menu.parameters.limits", parameters.limits, _TECHNICIAN),
    Item("2", "menu.parameters.offline", parameters.offline, _TECHNICIAN),
    Item("3", "menu.parameters.host-times", parameters.host_times, _TECHNICIAN),
    Item("4", "menu.parameters.times", parameters.times, _TECHNICIAN),
    Item("5", "menu.parameters.languages", parameters.languages, _TECHNICIAN),
    Item("6", "menu.parameters.changes", parameters.changes, _TECHNICIAN),
))  # fmt: skip

_TECHNICIAN_MENU = Menu("menu.technician", "menu.technician", (
    Item("1", "menu.technician.merchant", technician.merchant, _TECHNICIAN),
    Item("2", "menu.technician.communication", technician.communication, _TECHNICIAN),
    Item("3", "menu.technician.switches", switches.switches, _TECHNICIAN),
    Item("4", "menu.keys", _KEYS),
    Item("5", "menu.technician.clear", technician.clear_paper, _TECHNICIAN),
    Item("6", "menu.load", _LOAD),
    Item("7", "menu.manage.diagnosis", diagnosis.diagnosis),
    Item("8", "menu.parameters", _PARAMETERS),
    Item("9", "menu.technician.devices", devices.show_devices),
))  # fmt: skip

_SETTINGS = Menu("menu.settings", "menu.settings", (
    Item("1", "menu.settings.wifi", wifi),
    Item("2", "menu.settings.network", network_status),
))  # fmt: skip

MAIN = Menu("menu.main", "menu.main", (
    Item("1", "menu.sale", sale, _T, "sale"),
    Item("2", "menu.void", _VOID),
    Item("3", "menu.refund", _REFUND),
    Item("4", "menu.pre-auth", _PRE_AUTH),
    Item("5", "menu.balance", balance, _T, "balance"),
    Item("6", "menu.print", _PRINT),
    Item("7", "menu.manage", _MANAGE),
    Item("8", "menu.other", _OTHER),
    Item("9", "menu.technician", _TECHNICIAN_MENU),
    Item("0", "menu.settings", _SETTINGS),
))  # fmt: skip


async def choose(desk: Desk, menu: Menu) -> None:
    """Go through the menus to a flow and run it. Raises Cancelled and TimedOut."""
    prompt = MenuPrompt(menu.name, menu.title, tuple((item.digit, item.label) for item in menu.items))
    digit = await desk.ask(prompt, desk.settings.timeouts.menu_s)
    await follow(desk, menu, digit)


async def follow(desk: Desk, menu: Menu, digit: str) -> None:
    """Do what a digit of a menu leads to; nothing for a digit that is not there."""
    for item in menu.items:
        if item.digit != digit:
            continue
        if isinstance(item.leads_to, Menu):
            await choose(desk, item.leads_to)
        elif item.kind and await switches.is_off(desk, item.kind):
            await desk.refuse(item.label, "reason.switched-off")
        elif await admitted(desk, item.who, item.label):
            await item.leads_to(desk)
