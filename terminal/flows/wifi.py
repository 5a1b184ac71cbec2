"""Wi-Fi at the terminal: a network in reach, its password, and back with red (facts/product.md §1 row 30)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.events import Event, Key, KeyPress
from keys import Secret
from terminal.desk import Desk
from terminal.network.state import AccessPoint, Scan, Security, Trouble, bars_of, shown_name
from terminal.prompts import Answer, Cancelled, Confirm
from terminal.screens.screen import MenuItem, Screen, Tone
from terminal.screens.texts import Translator
from terminal.secret_text_prompt import SecretTextPrompt

__all__ = ["NetworksPrompt", "joined_screen", "password_prompt", "trouble_screen", "wifi"]

TITLE = "menu.settings.wifi"
PAGE = 4
"""Networks on a page: a screen has six lines, and two are for more and for another look."""
NAME_SHOWN = 22
"""Characters of a name in the list; longer ones end in three dots."""
_MORE, _AGAIN = "9", "0"
PASSWORD_MIN, PASSWORD_MAX = 8, 64
"""WPA: 8 to 63 characters, or the key itself as 64 hexadecimal digits (IEEE 802.11 annex J)."""
_REFUSED = {Security.ENTERPRISE: Trouble.ENTERPRISE, Security.WEP: Trouble.WEP}


@dataclass(slots=True)
class NetworksPrompt:
    """Networks in reach; the answer is one of them, or None for another look."""

    points: Sequence[AccessPoint]
    page: int = 0

    def screen(self, texts: Translator) -> Screen:
        """A page of names with bars and locks; ✓ where the terminal is."""
        items = [
            MenuItem(
                str(digit),
                ("✓ " if point.joined else "") + shown_name(point.ssid, NAME_SHOWN),
                bars_of(point.signal),
                point.security.password or point.security in _REFUSED,
            )
            for digit, point in enumerate(self._shown, 1)
        ]
        if len(self.points) > PAGE:
            items.append(MenuItem(_MORE, texts.text("wifi.more")))
        items.append(MenuItem(_AGAIN, texts.text("wifi.again" if self.points else "wifi.none")))
        return Screen("wifi.list", texts.text(TITLE), menu=tuple(items), hints=(texts.text("key.cancel"), ""))

    def take(self, event: Event) -> Answer[AccessPoint | None] | None:
        """A digit of the page; 9 turns it, 0 looks again."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            raise Cancelled
        if event.key == _AGAIN:
            return Answer(None)
        if event.key == _MORE:
            self.page = (self.page + 1) % max(-(-len(self.points) // PAGE), 1)
            return None
        place = int(event.key) - 1 if str(event.key).isdecimal() and len(event.key) == 1 else PAGE
        return Answer(self._shown[place]) if place < len(self._shown) else None

    @property
    def _shown(self) -> Sequence[AccessPoint]:
        return self.points[self.page * PAGE : (self.page + 1) * PAGE]


async def wifi(desk: Desk) -> None:
    """Choose networks until red. Raises Cancelled and TimedOut."""
    network = desk.network
    if network is None:
        await desk.refuse(TITLE, "network.not-configured")
        return
    while True:
        _busy(desk, "wifi.looking")
        found = await network.scan()
        if found.trouble is not None:
            await desk.tell(trouble_screen(desk.texts, found.trouble), desk.settings.timeouts.outcome_s)
            return
        point = await desk.ask(NetworksPrompt(found.points), desk.settings.timeouts.menu_s)
        if point is not None:
            try:
                await _join(desk, point, found)
            except Cancelled:
                continue  # red in a question goes back to the list


async def _join(desk: Desk, point: AccessPoint, found: Scan) -> None:
    trouble = await _admissible(desk, point, found)
    while trouble is None or trouble is Trouble.WRONG_PASSWORD:
        password = await _password(desk, point, wrong=trouble is not None) if point.security.password else None
        try:
            trouble = await _connect(desk, point, password)
        finally:
            if password is not None:
                password.wipe()
        if trouble is None:
            await desk.tell(joined_screen(desk.texts, point), desk.settings.timeouts.outcome_s)
            return
        if not point.security.password:
            break
    await desk.tell(trouble_screen(desk.texts, trouble), desk.settings.timeouts.outcome_s)


async def _admissible(desk: Desk, point: AccessPoint, found: Scan) -> Trouble | None:
    """Why a network is not joined; an open one is agreed to. Raises Cancelled."""
    if point.security is Security.OPEN:
        if not found.open_allowed:
            return Trouble.OPEN
        asked = Screen("wifi.open", desk.texts.text(TITLE), desk.texts.text("wifi.open"),
                       lines=(shown_name(point.ssid),), tone=Tone.WARNING)  # fmt: skip
        await desk.ask(Confirm(asked), desk.settings.timeouts.menu_s)
    return _REFUSED.get(point.security)


async def _password(desk: Desk, point: AccessPoint, *, wrong: bool) -> Secret:
    prompt = password_prompt(point, "network.trouble.wrong-password" if wrong else "")
    return await desk.ask(prompt, desk.settings.timeouts.menu_s)


async def _connect(desk: Desk, point: AccessPoint, password: Secret | None) -> Trouble | None:
    assert desk.network is not None, "asked for by the caller"
    _busy(desk, "wifi.joining", shown_name(point.ssid))
    trouble = await desk.network.join(point, password)
    what = "joined" if trouble is None else f"not joined ({trouble})"
    await desk.journal.note("wi-fi", f"{shown_name(point.ssid)} {what} by {desk.acquirer.operator or '-'}")
    return trouble


def password_prompt(point: AccessPoint, notice: str = "") -> SecretTextPrompt:
    """The password of a network."""
    return SecretTextPrompt("wifi.password", TITLE, "wifi.password", PASSWORD_MIN, PASSWORD_MAX, notice,
                            "wifi.too-short", {"name": shown_name(point.ssid, NAME_SHOWN)})  # fmt: skip


def joined_screen(texts: Translator, point: AccessPoint) -> Screen:
    """The terminal is in the network."""
    return Screen(
        "wifi.joined", texts.text(TITLE), texts.text("wifi.joined"), lines=(shown_name(point.ssid),), tone=Tone.GOOD
    )


def trouble_screen(texts: Translator, trouble: Trouble, title: str = TITLE) -> Screen:
    """What is wrong and what to do."""
    said, remedy = texts.text(f"network.trouble.{trouble}"), texts.text(f"network.remedy.{trouble}")
    return Screen("network.trouble", texts.text(title), said, lines=(remedy,), tone=Tone.BAD)


def _busy(desk: Desk, what: str, *lines: str) -> None:
    desk.show(Screen("wifi.busy", desk.texts.text(TITLE), desk.texts.text(what), lines=lines, tone=Tone.BUSY))
