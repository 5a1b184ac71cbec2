"""Parameters changed beside a running terminal: real processes, real files, a real host."""

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from terminal.journal.beside import reading
from terminal.service.parameters import ChangeState, Parameters, Source
from tools.rig import Rig, TerminalOptions
from tools.rig.patience import PATIENCE

OPTIONS = TerminalOptions(overrides={"pin": "never"})
LONG_S = 60.0 * PATIENCE


def parameters(rig):
    return Parameters(rig.folder / "terminal.toml")


def change(rig, **values):
    return parameters(rig).change(
        {key.replace("__", "."): value for key, value in values.items()}, "root (test)", Source.COMMAND
    )


def states(rig):
    return [item.state for item in parameters(rig).history()]


async def idle_again(rig):
    """Somebody opens the menu and closes it again: the terminal is idle anew."""
    await rig.until_input_devices()
    await rig.press("enter")
    await rig.until("menu.main", LONG_S)
    await rig.press("cancel")
    await rig.until("idle", LONG_S)


async def until(condition):
    async with asyncio.timeout(LONG_S):
        while not condition():  # noqa: ASYNC110 -- it is another process that changes it
            await asyncio.sleep(0.05)


@asynccontextmanager
async def counter():
    async with Rig(OPTIONS) as rig:
        await rig.terminal.start()
        await rig.until("idle", LONG_S)
        yield rig


async def sell(rig):
    await rig.until_input_devices()
    await rig.press("1")
    await rig.until("sale.amount", LONG_S)
    await rig.type("1234")
    await rig.until("sale.present", LONG_S)
    rig.swipe("signature")
    outcome = await rig.until("outcome.", LONG_S)
    await rig.press("enter")
    await rig.until("idle", LONG_S)
    return outcome


def test_a_change_takes_effect_at_an_idle_moment_without_a_restart():
    async def play():
        async with counter() as rig:
            pid = rig.terminal.pid
            change(rig, terminal__merchant_name="Uusi Kauppa", response_s=45)
            await until(lambda: states(rig) == [ChangeState.APPLIED])
            await until(lambda: rig.terminal.monitor.screen["title"] == "Uusi Kauppa")
            await until(lambda: not parameters(rig).standing().trial)  # it has started with it
            assert rig.terminal.pid == pid
            assert (await sell(rig))["name"] == "outcome.approved"
            await rig.terminal.kill()
            with reading(rig.terminal.journal) as database:
                noted = [row[0] for row in database.execute("SELECT detail FROM event WHERE what = 'parameters'")]
            expected = """change 1 applied, by root (test) (command): response_s the file's to 45, """
            assert noted == [expected + """terminal.merchant_name the file's to "Uusi Kauppa\""""]
            audit = (rig.terminal.state / "keys.vault.audit").read_text("utf-8")
            assert audit.count('"event":"parameters"') == 1

    asyncio.run(play())


def test_what_a_technician_types_at_the_keypad_takes_effect_when_the_menu_is_left():
    async def play():
        async with counter() as rig:
            await rig.until_input_devices()
            for key, screen in (("9", "menu.technician"), ("8", "menu.parameters"), ("3", "parameters.list")):
                await rig.press(key)
                await rig.until(screen, LONG_S)
            await rig.press("2")
            await rig.until("parameters.digits", LONG_S)
            await rig.type("45")
            await rig.until("parameters.confirm", LONG_S)
            await rig.press("enter")
            await rig.until("parameters.recorded", LONG_S)
            await rig.press("enter")
            await rig.until("parameters.list", LONG_S)
            await rig.press("cancel")
            await until(lambda: states(rig) == [ChangeState.APPLIED])
            assert parameters(rig).settings().acquirer_profile.response_s == 45
            await until(lambda: not parameters(rig).standing().trial)
            await rig.until("idle", LONG_S)

    asyncio.run(play())


def test_a_limit_waits_until_the_batch_is_settled():
    async def play():
        async with counter() as rig:
            assert (await sell(rig))["name"] == "outcome.approved"
            change(rig, amount_max_minor=500)
            await idle_again(rig)
            assert states(rig) == [ChangeState.WAITING]
            assert parameters(rig).settings().acquirer_profile.amount_max_minor > 500
            await rig.press("7")
            await rig.until("menu.manage", LONG_S)
            await rig.press("6")
            await rig.until("settle.confirm", LONG_S)
            await rig.press("enter")
            await rig.until("settle.done", LONG_S)
            await rig.press("enter")
            await until(lambda: states(rig) == [ChangeState.APPLIED])
            compared = await rig.compare()
            assert compared.faults == () and compared.terminal_count == 1

    asyncio.run(play())


def test_a_terminal_that_does_not_start_with_a_change_comes_back_without_it():
    async def play():
        async with Rig(OPTIONS) as rig:
            change(rig, devices__display__driver="framebuffer", devices__display__address="/dev/fb-not-there")
            command = [sys.executable, "-m", "tools", "run", "--config", str(rig.folder / "terminal.toml")]
            for _ in range(3):  # a service manager starts it again and again
                ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=LONG_S)
                assert ended.returncode != 0 and "fb-not-there" in ended.stderr
            await rig.terminal.start()
            await rig.until("idle", LONG_S)
            assert states(rig) == [ChangeState.FAILED]
            assert (await sell(rig))["name"] == "outcome.approved"

    asyncio.run(play())


@pytest.mark.parametrize("damage", [b"", b"x" * 5000])
def test_damaged_parameters_put_the_terminal_out_of_service_and_a_remedy_brings_it_back(damage):
    async def play():
        async with Rig(OPTIONS) as rig:
            change(rig, response_s=45)
            store = parameters(rig).store.path
            store.write_bytes(damage)
            await rig.terminal.start()
            if damage:
                await rig.until("out-of-service", LONG_S)
                store.rename(store.with_suffix(".kept"))  # what the remedy says
            await rig.until("idle", LONG_S)

    asyncio.run(play())
