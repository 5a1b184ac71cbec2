"""Operators who sign in, recorded: whether a password was right is kept, the password is not."""

import asyncio
import shutil

from terminal.recording.seam import Record
from tools.replay.player import play
from tools.replay.recording import lives_of
from tools.replay.verdict import verdict
from tools.rig import Rig, TerminalOptions
from tools.rig.patience import PATIENCE

SCREEN_S = 60.0 * PATIENCE
OPTIONS = TerminalOptions(operators=True, more={"recorder": {"size_mib": 8}}, overrides={"sign_on_at_start": False})


async def record(folder):
    async with Rig(OPTIONS, "--quiet") as rig:
        await rig.terminal.start()
        await rig.until_input_devices()
        for number, password in (("99", "990099"), ("00", "4711")):
            for _ in range(2):
                told = rig.terminal.monitor.position
                await rig.until(f"operator.new.{number}", SCREEN_S)
                await rig.type(password)
                await rig.terminal.monitor.until_screen("operator.", SCREEN_S, after=told)
            await rig.until("operator.saved", SCREEN_S)
            await rig.press("enter")
        await rig.until("ask.operator", SCREEN_S)
        await rig.type("99")
        await rig.until("operator.password", SCREEN_S)
        told = rig.terminal.monitor.position
        await rig.type("111111")
        await rig.terminal.monitor.story.until(
            lambda line: "Wrong password" in line.get("lines", ()), SCREEN_S, after=told, what="wrong password"
        )
        await rig.type("990099")
        await rig.until("idle", SCREEN_S)
        await rig.terminal.stop()
        shutil.copytree(rig.terminal.state / "recorder", folder / "recorder")


def test_a_wrong_and_a_right_password_are_wrong_and_right_in_the_replay(tmp_path):
    asyncio.run(record(tmp_path))
    (life,) = lives_of([tmp_path / "recorder"])
    (tmp_path / "state").mkdir()
    played = play(life, tmp_path / "state")
    found = verdict(played, None, whole=True)
    assert found.right, found.text
    assert "the same journal" in found.text
    answers = [read[2] for job in life.jobs.values() for read in job.readings if read[0] == "password"]
    assert answers == [False, True]
    keys = "".join(
        one[1][1] if len(one[1][1]) == 1 else " "
        for record in life.records
        if record[0] == Record.TURN and len(record) > 2
        for one in record[2]
        if isinstance(one[-1], list) and one[-1][:1] == ["key"]
    )
    assert keys.split() == ["000000", "000000", "0000", "0000", "99", "000000", "000000"]
