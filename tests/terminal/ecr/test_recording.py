"""A recorded life with a till in it is lived again to the same answers, screens and journal."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

from terminal.recording.ring import FOLDER, life_files, read_records
from terminal.screens.texts import Translator
from tools.rig import ACCOUNTS, Rig, TerminalOptions
from tools.rig.terminal import TERMINAL
from tools.till.till import Till

from .conftest import QUICK, Shop, free_port, payment

LOYALTY = "982611112222"
CUSTOMERS = Translator("zh")
ROOT = Path(__file__).resolve().parents[3]


def test_what_a_till_asked_is_replayed_with_everything_else(tmp_path):
    async def story():
        address = f"tcp:127.0.0.1:{free_port()}"
        more = {"ecr": {"address": address, "loyalty_cards": ["98261"]}, "recorder": {"size_mib": 8}}
        options = TerminalOptions(overrides={**QUICK, "pin": "never"}, more=more)
        async with Rig(options, "--quiet", "--no-amount-faults") as rig:
            shop = Shop(rig, address)
            await rig.terminal.start()
            await shop.until_idle()
            till, other = shop.till(), Till(address, "KASSA-2", TERMINAL)
            asking = await shop.asked(till, "1", payment(1234))
            rig.reader.swipe(track2=LOYALTY)
            taken = CUSTOMERS.text("card.loyalty")
            await rig.terminal.monitor.story.until(lambda line: taken in line.get("lines", ()), 60, what="a word")
            rig.swipe("signature")
            await asking
            await rig.until("outcome.")
            await till.ask("Payment", "1", payment(1234))
            await other.ask("TakeOver", "2", {})
            asking = await shop.asked(other, "3", payment(500))
            await other.ask("Abort", "4", {"MessageReference": {"ServiceID": "3"}})
            await asking
            for one in (till, other):
                await one.close()
            await rig.terminal.stop()
            shutil.copytree(rig.terminal.state / FOLDER, tmp_path / "recording")

    asyncio.run(story())
    command = [sys.executable, "-m", "tools", "replay", str(tmp_path / "recording"), "--check", "--times", "3"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert told.returncode == 0, told.stdout + told.stderr
    told = subprocess.run(command[:5], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert "asks: Payment 1 of KASSA-1" in told.stdout
    records = [record for path in life_files(tmp_path / "recording") for record in read_records(path)]
    assert ACCOUNTS["signature"].pan not in repr(records)
    assert LOYALTY not in repr(records)
    assert "KASSA-2" in repr(records)
