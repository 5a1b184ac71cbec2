"""What the terminal knows of its links, against a NetworkManager that is played on a message bus of its own."""

import asyncio
import tempfile
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from msgspec import structs

from config import default_file, load
from config.network import Network as Section
from keys import Secret
from terminal.network import names
from terminal.network.state import Kind, LinkState, Security, SimState, Trouble
from terminal.network.watch import NetworkWatch
from terminal.service.doctor import UNUSED, Patient, State, examined
from terminal.service.doctor_network import NETWORK_STEPS
from tools.rig.network import PlayedNetwork, missing
from tools.rig.patience import PATIENCE

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "everything is there")

PASSWORD = b"correct horse"
WAIT_S = 60.0 * PATIENCE


class Told:
    """What a watch has told, and a way to wait for more."""

    def __init__(self, watch):
        self.all = []
        self.changed = asyncio.Event()
        watch.start(self.take)

    def take(self, network):
        self.all.append(network)
        self.changed.set()

    async def until(self, wanted):
        async with asyncio.timeout(WAIT_S):
            while not (self.all and wanted(self.all[-1])):
                self.changed.clear()
                await self.changed.wait()
        return self.all[-1]


@asynccontextmanager
async def watched(**section):
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        async with PlayedNetwork(Path(folder)) as played:
            watch = NetworkWatch(Section(bus=played.address, **section))
            told = Told(watch)
            try:
                yield played, watch, told
            finally:
                await watch.close()


async def shop(played, **more):
    """A Wi-Fi adapter and a network in reach."""
    device = await played.wifi()
    await played.access_point(device, "ap0", "Shop", 80, **more)
    await played.password(PASSWORD.decode())
    return device


def test_the_next_link_takes_over_when_the_cable_is_pulled_and_it_is_told():
    async def story():
        async with watched() as (played, watch, told):
            cable = await played.ethernet()
            await told.until(lambda network: network.using == "eth0")
            air = await played.wifi()
            await played.up(air, "802-11-wireless", "Shop")
            both = await told.until(lambda network: len(network.links) == 2 and network.links[1].state is LinkState.UP)
            assert both.using == "eth0"
            await played.unplug(cable)
            left = await told.until(lambda network: network.using == "wlan0")
            assert [(link.kind, link.state) for link in left.links] == [
                (Kind.ETHERNET, LinkState.UNAVAILABLE),
                (Kind.WIFI, LinkState.UP),
            ]

    asyncio.run(story())


def test_the_link_that_networkmanager_calls_primary_is_the_one_in_use():
    async def story():
        async with watched(order=()) as (played, watch, told):
            await played.ethernet()
            air = await played.wifi()
            await played.up(air, "802-11-wireless", "Shop")
            await told.until(lambda network: network.using == "eth0" and len(network.links) == 2)
            active = await played.get(air, names.DEVICE, "ActiveConnection")
            await played.add_property(names.ROOT, names.NM, "PrimaryConnection", "o", active)
            assert (await watch.look()).using == "wlan0"

    asyncio.run(story())


def test_networks_in_reach_are_listed_once_each_the_strongest_first():
    async def story():
        async with watched() as (played, watch, told):
            device = await shop(played)
            await played.access_point(device, "ap1", "Shop", 90)
            await played.access_point(device, "ap2", "Café", 95, security=0)
            await played.access_point(device, "ap3", "corp", 10, security=0x200)
            await played.access_point(device, "ap4", "", 99)
            found = await watch.scan()
            assert [(point.ssid.decode(), point.signal, point.security) for point in found.points] == [
                ("Café", 95, Security.OPEN),
                ("Shop", 90, Security.PERSONAL),
                ("corp", 10, Security.ENTERPRISE),
            ]
            assert found.trouble is None

    asyncio.run(story())


def test_a_network_is_joined_with_its_password_and_marked():
    async def story():
        async with watched() as (played, watch, told):
            await shop(played)
            (point,) = (await watch.scan()).points
            assert await watch.join(point, Secret(PASSWORD)) is None
            using = await told.until(lambda network: network.using == "wlan0")
            assert (using.link.name, using.link.signal) == ("Shop", 80)
            assert (await watch.scan()).points[0].joined

    asyncio.run(story())


REASONS = {
    7: Trouble.WRONG_PASSWORD,
    8: Trouble.WRONG_PASSWORD,
    17: Trouble.NO_ADDRESS,
    53: Trouble.NOT_FOUND,
    1: Trouble.NOT_JOINED,
}
"""NetworkManager's reasons of a device, and ours."""


def test_a_network_that_cannot_be_joined_leaves_no_profile_behind():
    """A profile with a wrong password would be tried again and again."""

    async def story():
        async with watched() as (played, watch, told):
            await shop(played)
            (point,) = (await watch.scan()).points
            for reason, trouble in REASONS.items():
                await played.password(PASSWORD.decode(), reason)
                assert await watch.join(point, Secret(b"wrong password")) is trouble
                assert await played.get(names.PROFILES_PATH, names.PROFILES, "Connections") == []

    asyncio.run(story())


def test_the_former_password_stays_until_the_new_one_has_worked():
    async def story():
        async with watched() as (played, watch, told):
            await shop(played)
            former = {"connection": {"id": ("s", "Shop"), "type": ("s", "802-11-wireless")},
                      "802-11-wireless": {"ssid": ("ay", b"Shop")}}  # fmt: skip
            (kept,) = await played.call(names.PROFILES_PATH, names.PROFILES, "AddConnection", "a{sa{sv}}", former)
            (point,) = (await watch.scan()).points
            await watch.join(point, Secret(b"wrong password"))
            assert await played.get(names.PROFILES_PATH, names.PROFILES, "Connections") == [kept]
            assert await watch.join(point, Secret(PASSWORD)) is None
            profiles = await played.get(names.PROFILES_PATH, names.PROFILES, "Connections")
            assert len(profiles) == 1
            assert kept not in profiles

    asyncio.run(story())


def test_what_polkit_refuses_is_a_reason():
    async def story():
        async with watched() as (played, watch, told):
            await shop(played)
            (point,) = (await watch.scan()).points
            await played.forbid(names.ROOT, names.NM, "AddAndActivateConnection", "a{sa{sv}}oo", "oo")
            assert await watch.join(point, Secret(PASSWORD)) is Trouble.NOT_ALLOWED

    asyncio.run(story())


def test_a_scan_that_is_refused_still_shows_what_is_known():
    async def story():
        async with watched() as (played, watch, told):
            device = await shop(played)
            await played.forbid(device, names.WIRELESS, "RequestScan", "a{sv}")
            assert len((await watch.scan()).points) == 1

    asyncio.run(story())


def test_no_adapter_and_a_radio_that_is_off_have_reasons():
    async def story():
        async with watched() as (played, watch, told):
            await played.ethernet()
            assert (await watch.scan()).trouble is Trouble.NO_WIFI
            await shop(played)
            await played.set(names.ROOT, names.NM, "WirelessEnabled", "b", False)
            assert (await watch.scan()).trouble is Trouble.WIFI_OFF

    asyncio.run(story())


def test_a_manager_that_restarts_is_found_again():
    async def story():
        async with watched() as (played, watch, told):
            await played.ethernet()
            await told.until(lambda network: network.using == "eth0")
            await played.stop_manager()
            await told.until(lambda network: network.trouble is Trouble.NO_MANAGER)
            assert (await watch.scan()).trouble is Trouble.NO_MANAGER
            await played.start_manager()
            await played.ethernet()
            await told.until(lambda network: network.using == "eth0")

    asyncio.run(story())


def test_a_bus_that_goes_and_comes_back_is_found_again():
    async def story():
        async with watched() as (played, watch, told):
            await played.ethernet()
            await told.until(lambda network: network.using == "eth0")
            await played.stop_bus()
            await told.until(lambda network: network.trouble is Trouble.NO_BUS)
            assert (await watch.scan()).trouble is Trouble.NO_BUS
            await played.start_bus()
            await played.start_manager()
            await played.ethernet()
            await told.until(lambda network: network.using == "eth0")

    asyncio.run(story())


def test_the_links_get_the_order_that_is_wanted_and_nothing_else_is_touched():
    async def story():
        async with watched() as (played, watch, told):
            await played.ethernet()
            air = await played.wifi()
            await played.up(air, "802-11-wireless", "Shop", metric=50)
            await told.until(lambda network: network.disordered)
            assert await watch.arrange() is None
            assert not (await watch.look()).disordered
            written = [
                await played.profile(path)
                for path in await played.get(names.PROFILES_PATH, names.PROFILES, "Connections")
            ]
            metrics = {found["connection"]["id"]: found["ipv4"].get("route-metric") for found in written}
            assert metrics == {"wired eth0": None, "Shop": 600}

    asyncio.run(story())


def test_an_order_that_may_not_be_set_is_a_reason():
    async def story():
        async with watched(order=("wifi", "ethernet", "mobile")) as (played, watch, told):
            cable = await played.ethernet()
            air = await played.wifi()
            await played.up(air, "802-11-wireless", "Shop")
            await told.until(lambda network: network.disordered)
            await played.forbid(cable, names.DEVICE, "Reapply", "a{sa{sv}}tu")
            assert await watch.arrange() is Trouble.NOT_ALLOWED

    asyncio.run(story())


@pytest.mark.parametrize(("state", "sim"), [(8, SimState.REGISTERED), (2, SimState.LOCKED), (-1, SimState.MISSING)])
def test_a_modem_tells_its_sim_and_its_signal_and_hides_the_middle_of_its_number(state, sim):
    async def story():
        async with watched() as (played, watch, told):
            await played.start_modem_manager()
            await played.modem(state=state)
            network = await told.until(lambda network: any(link.sim for link in network.links))
            (link,) = network.links
            assert (link.kind, link.signal, link.sim.state, link.sim.operator) == (Kind.MOBILE, 60, sim, "Elisa")
            assert link.sim.iccid == "898600…1234"

    asyncio.run(story())


def test_a_modem_without_modemmanager_is_a_link_like_any_other():
    async def story():
        async with watched() as (played, watch, told):
            await played.start_modem_manager()
            await played.modem()
            await played.end("modem")
            network = await watch.look()
            assert [(link.kind, link.sim) for link in network.links] == [(Kind.MOBILE, None)]

    asyncio.run(story())


def test_an_answer_of_another_shape_is_a_reason_and_the_watch_goes_on():
    async def story():
        async with watched() as (played, watch, told):
            await played.ethernet()
            await told.until(lambda network: network.using == "eth0")
            await played.set(names.ROOT, names.NM, "Devices", "s", "/not/a/device")
            assert (await watch.scan()).trouble in (Trouble.NO_ANSWER, Trouble.NO_WIFI)
            await played.replace(names.ROOT, "org.freedesktop.DBus.Properties", "GetAll", "s", "s", "ret = 'nonsense'")
            await played.set(names.ROOT, names.NM, "WirelessEnabled", "b", False)
            await told.until(lambda network: network.trouble is Trouble.NO_ANSWER or not network.links)

    asyncio.run(story())


def test_the_doctor_names_what_keeps_the_links_down():
    """N06 to N09, each by what is really so on the bus."""

    async def found(address):
        settings = load(default_file())
        patient = Patient(structs.replace(settings, network=Section(bus=address)), datetime.now, 5.0)
        return await examined(patient, NETWORK_STEPS[0])

    async def code(played):
        finding = await found(played.address)
        return finding.fault.code if finding.fault is not None else finding.what

    async def story():
        async with watched() as (played, watch, told):
            cable = await played.ethernet()
            assert await code(played) == "eth0 wired eth0"
            await played.unplug(cable)
            assert await code(played) == "N07"
            await played.start_modem_manager()
            await played.modem(state=-1)
            assert await code(played) == "N08"
            await played.stop_manager()
            assert await code(played) == "N06"
            await played.start_manager()
            await played.end("modem")
            await played.start_modem_manager()
            await played.modem(state=2)
            assert await code(played) == "N09"

    asyncio.run(story())


def test_the_doctor_leaves_the_links_alone_without_the_section():
    finding = asyncio.run(examined(Patient(load(default_file()), datetime.now, 5.0), NETWORK_STEPS[0]))
    assert (finding.state, finding.what) == (State.NOT_TRIED, UNUSED)
