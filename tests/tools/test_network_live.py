"""The terminal with a network: joining Wi-Fi at its keypad, sales while a link goes. Real processes, a real bus."""

import asyncio
import json
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from terminal.network import names
from terminal.recording.ring import read_records
from terminal.recording.seam import Record
from tools.counter.network import Network
from tools.replay.player import play
from tools.replay.recording import lives_of
from tools.replay.verdict import verdict
from tools.rig import ACCOUNTS, Rig, TerminalOptions
from tools.rig.network import PlayedNetwork, missing
from tools.rig.patience import PATIENCE

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "everything is there")

SCREEN_S = 60.0 * PATIENCE
PASSWORD, WRONG = "adg12345", "24681357"
TYPED = ("star", "2", "3", "4", "star", "star", "star", "1", "2", "3", "4", "5", "enter")
"""The right password on twelve keys."""


class Shop:
    """A counter with a cable, a Wi-Fi network and a relay between terminal and host."""

    def __init__(self, rig, played, relay):
        self.rig, self.played, self.relay = rig, played, relay
        self.cable = self.air = ""

    @property
    def monitor(self):
        return self.rig.terminal.monitor

    async def network(self, after=0, **wanted):
        """Wait until the terminal has told a state of its network."""
        return await self.monitor.story.until(
            lambda line: line["type"] == "network" and all(line[name] == value for name, value in wanted.items()),
            SCREEN_S, after=after, what=f"network {wanted}",
        )  # fmt: skip

    async def begin(self, amount, account="good"):
        """A sale, as far as its request to the host."""
        await self.rig.until("idle", SCREEN_S)
        await self.rig.until_card_wanted(amount)
        await self.pay(account)

    async def pay(self, account="good"):
        """Card and PIN."""
        self.rig.swipe(account)
        await self.rig.until("sale.pin", SCREEN_S)
        await self.rig.type(ACCOUNTS[account].pin)

    async def keep_recording(self, folder):
        """The recordings of this terminal, which is stopped for it."""
        await self.rig.terminal.stop()
        shutil.copytree(self.rig.terminal.state / "recorder", folder)


@asynccontextmanager
async def shop(outcome_s=60.0, **overrides):
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        async with PlayedNetwork(Path(folder)) as played:
            more = {"network": {"bus": played.address}, "recorder": {"size_mib": 8}}
            options = TerminalOptions(
                more=more,
                timeouts={"outcome_s": outcome_s},
                overrides={"pin": "always", "response_s": 3.0, **overrides},
            )
            async with Rig(options, "--quiet", "--no-amount-faults") as rig:
                relay = Network(rig.host.port, 1.0)
                await relay.start()
                try:
                    rig.terminal.reach_host_at(relay.port)
                    found = Shop(rig, played, relay)
                    found.cable = await played.ethernet()
                    found.air = await played.wifi()
                    await rig.terminal.start()
                    await rig.until_input_devices()
                    await found.network(using="ethernet")
                    yield found
                finally:
                    await rig.terminal.kill()
                    await relay.close()


def secrets_in(folder, *secrets):
    """Files below a folder that hold one of the secrets, packed recordings unpacked."""
    found = []
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_socket():
            content = file.read_bytes()
            if file.suffix == ".ctr":
                content += repr(list(read_records(file))).encode()
            found += [file.name for secret in secrets if secret.encode() in content]
    return found


def test_wi_fi_is_joined_at_the_keypad_and_its_password_is_nowhere():
    async def story():
        async with shop() as counter:
            rig, played = counter.rig, counter.played
            await played.access_point(counter.air, "ap0", "Shop", 80)
            await played.access_point(counter.air, "ap1", "Cafe", 40, security=0)
            await played.password(PASSWORD)
            await rig.until("idle", SCREEN_S)
            await rig.press("0")
            await rig.until("menu.settings", SCREEN_S)
            await rig.press("1")
            listed = await rig.until("wifi.list", SCREEN_S)
            assert [(item["label"], item["bars"], item["locked"]) for item in listed["menu"][:2]] == [
                ("Shop", 4, True),
                ("Cafe", 2, False),
            ]
            await rig.press("2")
            await rig.until("network.trouble", SCREEN_S)  # nothing enciphers the line to this host
            await rig.press("enter")
            await rig.until("wifi.list", SCREEN_S)
            await rig.press("1")
            await rig.until("wifi.password", SCREEN_S)
            told = counter.monitor.position
            await rig.type(WRONG)
            await counter.monitor.story.until(
                lambda line: "The password is wrong" in line.get("lines", ()), SCREEN_S, after=told, what="wrong"
            )
            await rig.press(*TYPED)
            await rig.until("wifi.joined", SCREEN_S)
            await rig.press("enter")
            listed = await rig.until("wifi.list", SCREEN_S)
            assert listed["menu"][0]["label"] == "✓ Shop"
            told = counter.monitor.position
            await played.unplug(counter.cable)
            await counter.network(after=told, using="wifi", interface="wlan0")
            await rig.press("cancel")
            idle = await counter.monitor.story.until(
                lambda line: line.get("name") == "idle" and line["status"]["network"] == "wifi",
                SCREEN_S, what="the symbol in the corner",
            )  # fmt: skip
            assert idle["status"]["bars"] == 4
            story = json.dumps(counter.monitor.story.told, ensure_ascii=False)
            assert PASSWORD not in story
            assert WRONG not in story
            assert {line["peek"] for line in counter.monitor.story.told if line["type"] == "screen"} == {""}
            await rig.terminal.stop()
            assert secrets_in(rig.folder, PASSWORD, WRONG) == []
            recorded = [record for file in rig.folder.rglob("*.ctr") for record in read_records(file)]
            assert recorded[-1] == [Record.LEFT, "a password of letters is typed, which is not recorded"]

    asyncio.run(story())


def test_a_cable_pulled_in_the_middle_of_a_sale_leaves_it_approved_or_undone_on_both_sides(tmp_path):
    """The answer is lost with the cable: the sale is undone over Wi-Fi; the next one is approved there."""

    async def story():
        async with shop() as counter:
            rig, played = counter.rig, counter.played
            await played.up(counter.air, "802-11-wireless", "Shop")
            await rig.host.do("next-answer", fault="no-answer", mti="0200")
            sent, told = len(rig.host.events.told), counter.monitor.position
            await counter.begin(5100)
            await rig.host.event("withheld", SCREEN_S, after=sent)
            await counter.relay.set("down")
            await played.unplug(counter.cable)
            await counter.network(after=told, using="wifi")
            await counter.relay.set("ok")
            await rig.until("outcome.not-charged", SCREEN_S)
            await rig.press("enter")
            await counter.begin(6200, "second")  # a reader leaves out the same card twice
            await rig.until("outcome.approved", SCREEN_S)
            await rig.press("enter")
            await rig.until("idle", SCREEN_S)
            books = await rig.compare()
            assert books.faults == ()
            assert (books.terminal_minor, books.host_minor) == (6200, 6200)
            await counter.keep_recording(tmp_path / "recorder")

    asyncio.run(story())
    (life,) = lives_of([tmp_path / "recorder"])
    (tmp_path / "state").mkdir()
    found = verdict(play(life, tmp_path / "state"), None, whole=True)
    assert found.right, found.text


def test_a_sale_waits_for_nothing_when_another_link_takes_over_before_its_request():
    async def story():
        async with shop() as counter:
            rig, played = counter.rig, counter.played
            await played.up(counter.air, "802-11-wireless", "Shop")
            await rig.until("idle", SCREEN_S)
            await rig.until_card_wanted(4300)
            told = counter.monitor.position
            await played.unplug(counter.cable)
            await counter.network(after=told, using="wifi")
            await counter.pay()
            await rig.until("outcome.approved", SCREEN_S)
            assert (await rig.compare()).faults == ()

    asyncio.run(story())


def test_what_waits_for_the_host_is_sent_as_soon_as_there_is_a_network_again():
    """By itself the reversal would wait for ten minutes."""

    async def story():
        slow = {"outcome_s": 2.0, "reversal_retry_first_s": 600.0, "reversal_retry_max_s": 600.0, "undo_shown_s": 1.0}
        async with shop(**slow) as counter:
            rig, played = counter.rig, counter.played
            await rig.host.do("next-answer", fault="no-answer", mti="0200")
            sent, told = len(rig.host.events.told), counter.monitor.position
            await counter.begin(7700)
            await rig.host.event("withheld", SCREEN_S, after=sent)
            await counter.relay.set("down")
            await played.unplug(counter.cable)
            await counter.network(after=told, using=None)
            await rig.until("outcome.undoing", SCREEN_S)
            await rig.press("enter")
            await counter.monitor.story.until(
                lambda line: line["type"] == "screen" and line["status"]["reversals"] == 1 and line["name"] == "idle",
                SCREEN_S, what="a reversal that waits",
            )  # fmt: skip
            await counter.monitor.story.until(
                lambda line: line["type"] == "link" and not line["up"], SCREEN_S, after=told, what="a try that failed"
            )
            told = counter.monitor.position
            await counter.relay.set("ok")
            await played.up(counter.air, "802-11-wireless", "Shop")
            await counter.monitor.story.until(
                lambda line: line["type"] == "transaction" and line["state"] == "reversed",
                SCREEN_S, after=told, what="the reversal",
            )  # fmt: skip
            books = await rig.compare()
            assert (books.faults, books.host_minor) == ((), 0)

    asyncio.run(story())


def test_the_order_is_not_set_while_a_request_is_under_way():
    async def story():
        async with shop(response_s=8.0) as counter:
            rig, played = counter.rig, counter.played
            await rig.host.do("next-answer", fault="no-answer", mti="0200")
            sent = len(rig.host.events.told)
            await counter.begin(5100)
            await rig.host.event("withheld", SCREEN_S, after=sent)
            told = counter.monitor.position
            await played.up(counter.air, "802-11-wireless", "Shop", metric=10)
            order = await counter.monitor.line("network-order", SCREEN_S, after=told)
            assert order["trouble"] is None
            before = counter.monitor.story.told[told : counter.monitor.story.told.index(order)]
            assert any(line["type"] == "transaction" and line["state"] != "sent" for line in before)
            paths = await played.get(names.PROFILES_PATH, names.PROFILES, "Connections")
            metrics = {(await played.profile(path))["ipv4"].get("route-metric") for path in paths}
            assert metrics == {None, 600}

    asyncio.run(story())


def test_a_bus_that_goes_and_returns_leaves_the_counter_in_service():
    async def story():
        async with shop() as counter:
            rig, played = counter.rig, counter.played
            told = counter.monitor.position
            await played.stop_bus()
            await counter.network(after=told, trouble="no-bus")
            await counter.begin(1100)
            await rig.until("outcome.approved", SCREEN_S)
            await rig.press("enter")
            told = counter.monitor.position
            await played.start_bus()
            await played.start_manager()
            await played.ethernet()
            await counter.network(after=told, using="ethernet")
            await rig.until("idle", SCREEN_S)
            await rig.press("0", "2")
            await rig.until("network.status", SCREEN_S)

    asyncio.run(story())
