"""The menu tree as a table: a digit, a text, and what it does (facts/product.md §4.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from terminal.desk import Desk
from terminal.flows.manage import echo_test, sign_off_flow, sign_on_flow
from terminal.flows.sale import sale
from terminal.flows.slips import reprint_any, reprint_last, show_totals
from terminal.flows.version import show_version
from terminal.prompts import MenuPrompt

__all__ = ["MAIN", "Item", "Menu", "choose"]

Flow = Callable[[Desk], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a menu: a flow or a further menu."""

    digit: str
    label: str
    leads_to: Flow | Menu


@dataclass(frozen=True, slots=True)
class Menu:
    """A page of the menu tree."""

    name: str
    title: str
    items: tuple[Item, ...]


_PRINT = Menu("menu.print", "menu.print", (
    Item("1", "menu.print.last", reprint_last),
    Item("2", "menu.print.any", reprint_any),
    Item("4", "menu.print.totals", show_totals),
))  # fmt: skip

_MANAGE = Menu("menu.manage", "menu.manage", (
    Item("1", "menu.manage.sign-on", sign_on_flow),
    Item("2", "menu.manage.sign-off", sign_off_flow),
    Item("4", "menu.manage.echo", echo_test),
    Item("7", "menu.manage.version", show_version),
))  # fmt: skip

MAIN = Menu("menu.main", "menu.main", (
    Item("1", "menu.sale", sale),
    Item("6", "menu.print", _PRINT),
    Item("7", "menu.manage", _MANAGE),
))  # fmt: skip


async def choose(desk: Desk, menu: Menu) -> None:
    """Go through the menus to a flow and run it. Raises Cancelled and TimedOut."""
    prompt = MenuPrompt(menu.name, menu.title, tuple((item.digit, item.label) for item in menu.items))
    digit = await desk.ask(prompt, desk.settings.timeouts.menu_s)
    await follow(desk, menu, digit)


async def follow(desk: Desk, menu: Menu, digit: str) -> None:
    """Do what a digit of a menu leads to; nothing for a digit that is not there."""
    for item in menu.items:
        if item.digit == digit:
            if isinstance(item.leads_to, Menu):
                await choose(desk, item.leads_to)
            else:
                await item.leads_to(desk)
