"""The real process: what is left in its memory after a sale, and what a power cut can leave of its files."""

import asyncio
import os
import shutil

import pytest

from tools.rig import ACCOUNTS, Rig, TerminalOptions
from tools.simulation.canaries import forms_of
from tools.simulation.crash_states import record, replay
from tools.simulation.process_memory import found_in_process

CARD = ACCOUNTS["second"]
FORMS = forms_of(CARD.pan) | {
    "track": f"{CARD.pan}D{CARD.expiry}".encode(),
    "track as read": f"{CARD.pan}={CARD.expiry}".encode(),
    "clear PIN block": bytes.fromhex(f"06{CARD.pin}FFFFFFFF"),
}
PATIENCE_S = 90.0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a process that has closed its memory to others")
@pytest.mark.parametrize("how", ["swiped", "typed"])
def test_no_card_data_is_in_memory_after_the_sale(how):
    overrides = {"pin": "always", "manual_entry": True, "manual_entry_role": "cashier"}

    async def story():
        async with Rig(TerminalOptions(overrides=overrides), "--quiet", "--no-amount-faults") as rig:
            await rig.terminal.start()
            await rig.until("idle", PATIENCE_S)
            await rig.until_input_devices()
            await rig.press("1")
            await rig.until("sale.amount", PATIENCE_S)
            await rig.type("1200")
            await rig.until("sale.present", PATIENCE_S)
            if how == "typed":
                await rig.type(CARD.pan)
                await rig.until("ask.expiry", PATIENCE_S)
                await rig.type(f"{CARD.expiry[2:]}{CARD.expiry[:2]}")
            else:
                rig.swipe("second")
            await rig.until("sale.pin", PATIENCE_S)
            during = found_in_process(rig.terminal.pid, FORMS)
            await rig.type(CARD.pin)
            await rig.until("outcome.approved", PATIENCE_S)
            await rig.press("enter")
            await rig.until("idle", PATIENCE_S)
            return during, found_in_process(rig.terminal.pid, FORMS)

    during, after = asyncio.run(story())
    assert during["plain"], "the search finds a card that is there"
    assert {form: count for form, count in after.items() if count} == {}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_every_state_that_a_cut_could_leave_of_the_real_files_opens_and_knows_what_had_left(tmp_path):
    log = asyncio.run(record(tmp_path))
    state = (tmp_path / "state-folder").read_text("utf-8")
    found = replay(log, tmp_path / "before", state, tmp_path / "credential", every=3 if os.environ.get("CI") else 12)
    assert found.findings == []
    assert {"journal.db", "journal.db-wal"} <= found.files
    assert found.states > 100
