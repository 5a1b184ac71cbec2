"""``countertop network`` as a technician types it, against a NetworkManager that is played."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from terminal.network import names
from tools.rig.network import PlayedNetwork, missing
from tools.rig.patience import PATIENCE

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "everything is there")

ROOT = Path(__file__).resolve().parents[2]
COMMAND_S = 60.0 * PATIENCE
PASSWORD = "correct horse"


@asynccontextmanager
async def shop():
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        async with PlayedNetwork(Path(folder)) as played:
            await played.ethernet()
            device = await played.wifi()
            await played.access_point(device, "ap0", "Corner Shop", 80)
            await played.access_point(device, "ap1", "Cafe", 40, security=0)
            await played.access_point(device, "ap2", "corp", 30, security=0x200)
            await played.password(PASSWORD)
            yield played


async def network(played, *arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DBUS_SYSTEM_BUS_ADDRESS": played.address}
    return await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "tools", "network", *arguments], check=False, capture_output=True,
        text=True, timeout=COMMAND_S, env=environment, stdin=subprocess.DEVNULL, **options,
    )  # fmt: skip


async def join(played, name, password, *options):
    read, write = os.pipe()
    try:
        os.write(write, password.encode())
        os.close(write)
        return await network(played, "join", name, "--password-fd", str(read), *options, pass_fds=(read,))
    finally:
        os.close(read)


def test_links_and_networks_are_listed():
    async def story():
        async with shop() as played:
            links = await network(played, "list")
            assert (links.returncode, links.stdout.splitlines()[0].split()) == (
                0,
                ["*", "eth0", "ethernet", "connected", "wired", "eth0"],
            )
            scan = await network(played, "scan")
            assert [line.split(maxsplit=3)[-1] for line in scan.stdout.splitlines()] == ["Corner Shop", "Cafe", "corp"]
            found = json.loads((await network(played, "scan", "--json")).stdout)
            assert found[0] == {"name": "Corner Shop", "signal": 80, "security": "personal", "joined": False}
            assert json.loads((await network(played, "list", "--json")).stdout)["using"] == "eth0"

    asyncio.run(story())


def test_a_network_is_joined_with_a_password_from_a_descriptor_that_nothing_repeats():
    async def story():
        async with shop() as played:
            wrong = await join(played, "Corner Shop", "wrong horse\n")
            assert (wrong.returncode, wrong.stderr.splitlines()[0]) == (1, "countertop network: The password is wrong.")
            right = await join(played, "Corner Shop", f"{PASSWORD}\n")
            assert (right.returncode, right.stdout) == (0, "Joined Corner Shop.\n")
            for said in (wrong, right):
                assert PASSWORD not in said.stdout + said.stderr
                assert "wrong horse" not in said.stdout + said.stderr
            assert (await network(played, "scan")).stdout.startswith("*")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("Cafe", "", "has no password"),
        ("corp", "", "wants an account of its company"),
        ("Nowhere", "", "out of reach"),
        ("Corner Shop", "short", "no password of a Wi-Fi network"),
        ("Corner Shop", "with a bell \a in it", "no password of a Wi-Fi network"),
    ],
)
def test_what_cannot_be_joined_has_a_reason_and_a_remedy(name, password, said):
    async def story():
        async with shop() as played:
            told = await join(played, name, password)
            reason, remedy = told.stderr.splitlines()
            assert told.returncode == 1
            assert said in reason
            assert remedy.startswith("    ")

    asyncio.run(story())


def test_an_open_network_is_joined_when_it_is_meant():
    async def story():
        async with shop() as played:
            assert (await network(played, "join", "Cafe", "--open")).returncode == 0

    asyncio.run(story())


def test_the_order_is_set_on_demand():
    async def story():
        async with shop() as played:
            device = await played.wifi("wlan1")
            await played.up(device, "802-11-wireless", "Shop", metric=10)
            assert (await network(played, "order")).returncode == 0
            paths = await played.get(names.PROFILES_PATH, names.PROFILES, "Connections")
            metrics = {(await played.profile(path))["ipv4"].get("route-metric") for path in paths}
            assert metrics == {None, 600}

    asyncio.run(story())


def test_without_a_bus_it_says_so_and_what_to_do():
    ran = asyncio.run(network(PlayedNetwork(Path("/nonexistent")), "list"))
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        "countertop network: The system’s message bus does not answer.",
        "    Technician: start dbus, check bus in [network].",
    ]


def test_a_password_is_never_an_argument():
    ran = asyncio.run(network(PlayedNetwork(Path("/nonexistent")), "join", "Shop", "--password", "correct horse"))
    assert ran.returncode == 2
