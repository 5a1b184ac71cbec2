"""The service manager hears of the start, of trouble, and signs of life only while loop and disk get on."""

import asyncio
import os
import socket
import threading

import pytest

from terminal.journal import ThreadWriter
from terminal.screens.screen import Screen
from terminal.service.supervision import PresentWriter, Supervisor

SECONDS = 60
IDLE = Screen("idle", "Ready")
TROUBLE = Screen("out-of-service", "Out of service", "The disk is full.\nCall the technician.")


@pytest.fixture
def manager(tmp_path):
    """The other end: a datagram socket, as the service manager has it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(SECONDS)
        yield listening


@pytest.fixture
def environment(tmp_path):
    return {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000"}


def heard(manager):
    manager.setblocking(False)
    lines = []
    try:
        while True:
            lines.append(manager.recv(4096).decode("utf-8"))
    except BlockingIOError:
        return lines


def test_the_first_screen_means_started_and_is_told_once(manager, environment):
    supervisor = Supervisor(environment)
    for _ in range(3):
        supervisor.screen(IDLE)
    assert heard(manager) == ["STATUS=In service.", "READY=1"]


def test_a_terminal_that_starts_out_of_service_has_started_and_says_why(manager, environment):
    supervisor = Supervisor(environment)
    supervisor.screen(TROUBLE)
    supervisor.screen(IDLE)
    told = heard(manager)
    assert told == [
        "STATUS=Out of service: The disk is full. Call the technician.",
        "READY=1",
        "STATUS=In service.",
    ]


def test_without_a_service_manager_nothing_is_told():
    supervisor = Supervisor({})
    supervisor.screen(IDLE)
    assert supervisor.interval_s == 0
    asyncio.run(supervisor.watch(lambda: asyncio.sleep(0)))  # ends at once: nobody waits for signs


def test_a_service_manager_that_has_gone_does_no_harm(tmp_path):
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).screen(IDLE)


def test_an_abstract_socket_is_reached():
    name = f"countertop-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name)
        Supervisor({"NOTIFY_SOCKET": "@" + name}).screen(IDLE)
        assert heard(listening) == ["STATUS=In service.", "READY=1"]


@pytest.mark.parametrize("bad", ["", "-5", "soon", "1.5"])
def test_an_interval_that_is_no_number_means_no_watchdog(environment, bad):
    assert Supervisor({**environment, "WATCHDOG_USEC": bad}).interval_s == 0


def test_a_watchdog_meant_for_another_process_is_left_alone(environment):
    assert Supervisor({**environment, "WATCHDOG_PID": "1"}).interval_s == 0
    assert Supervisor({**environment, "WATCHDOG_PID": str(os.getpid())}).interval_s == pytest.approx(0.01)


def test_signs_of_life_come_while_the_disk_answers_and_stop_while_it_does_not(manager, environment):
    """A disk that hangs in an fsync: the writer's thread stands still, the loop does not."""
    held = threading.Event()

    async def play():
        writer = PresentWriter(ThreadWriter)
        life = writer()
        watching = asyncio.ensure_future(Supervisor(environment).watch(writer.answers))
        loop = asyncio.get_running_loop()
        for _ in range(3):
            await loop.run_in_executor(None, manager.recv, 4096)
        hanging = asyncio.ensure_future(life.run(lambda: held.wait(SECONDS)))
        silent = 0
        async with asyncio.timeout(SECONDS):
            while silent < 10:  # until ten intervals have passed without a sign
                await asyncio.sleep(0.01)
                silent = 0 if heard(manager) else silent + 1
        held.set()
        await hanging
        manager.settimeout(SECONDS)
        again = await loop.run_in_executor(None, manager.recv, 4096)
        watching.cancel()
        life.close()
        return again

    assert asyncio.run(play()) == b"WATCHDOG=1"


def test_between_two_lives_there_is_no_disk_to_wait_for():
    async def play():
        writer = PresentWriter(ThreadWriter)
        await writer.answers()
        writer().close()
        await writer.answers()

    asyncio.run(play())
