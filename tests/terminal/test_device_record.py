"""What devices have done is added up over every restart, and warns before something fails."""

import asyncio
import json
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import load
from drivers.paper_use import paper_use
from terminal.service.device_record import (
    DAYS_KEPT,
    RECORD_NAME,
    DeviceRecord,
    keep_record,
    read_record,
    write_record,
)
from terminal.service.doctor import Patient, State, examine
from terminal.service.doctor_faults import FAULTS
from terminal.service.doctor_wear import RULES, WEAR_STEPS
from tools.rig import ACCOUNTS, Rig, TerminalOptions, TerminalProcess
from tools.rig.patience import PATIENCE

TODAY = date(2026, 11, 25)
COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=6)


@given(st.lists(COUNTS, min_size=1, max_size=5))
def test_totals_are_what_all_lives_together_counted(lives):
    """Each life begins at 0 and only grows; it is looked at after every step."""
    record = DeviceRecord({}, {})
    for life in lives:
        record.add({"msr": {"GoodReadCount": 0}}, TODAY)
        count = 0
        for step in life:
            count += step
            record.add({"msr": {"GoodReadCount": count}}, TODAY)
    assert record.total.get("msr", Counter())["GoodReadCount"] == sum(map(sum, lives))
    assert record.of_week("msr") == +record.total.get("msr", Counter())


def test_days_older_than_a_week_are_let_go_and_the_total_keeps_them(tmp_path):
    record = DeviceRecord({}, {})
    for day in range(30):
        record.add({"printer": {"PaperCutCount": day + 1}}, TODAY + timedelta(days=day))
    assert (len(record.days), record.total["printer"]["PaperCutCount"]) == (DAYS_KEPT, 30)
    write_record(tmp_path, json.dumps(record.plain()))
    again = read_record(tmp_path)
    assert (again.total, again.days) == (record.total, record.days)
    assert (tmp_path / RECORD_NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"format": 1}', '{"format": 9, "total": {}, "days": {}}',
                                     '{"format": 1, "total": {"msr": {"a": "x"}}, "days": {}}'])  # fmt: skip
def test_a_damaged_record_begins_anew(tmp_path, damaged):
    (tmp_path / RECORD_NAME).write_text(damaged, "utf-8")
    assert read_record(tmp_path).total == {}


def test_a_disk_that_cannot_be_written_costs_counts_and_nothing_else(tmp_path):
    async def story():
        keeping = asyncio.ensure_future(
            keep_record(tmp_path / "absent", lambda: {"msr": {"state": "open", "statistics": {"a": 1}}}, lambda: TODAY)
        )
        await asyncio.sleep(0)
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping

    asyncio.run(story())


def test_swipes_and_paper_of_a_terminal_are_kept_over_its_restart():
    async def story():
        async with Rig(TerminalOptions()) as rig:
            for _ in range(2):
                await rig.terminal.start()
                await rig.until("idle", 30 * PATIENCE)
                await rig.until_input_devices()
                await rig.press("1")
                await rig.until("sale.amount")
                await rig.type("100")
                await rig.until("sale.present")
                told = rig.terminal.monitor.position
                rig.swipe("second")
                await rig.until("sale.pin", 30 * PATIENCE)
                await rig.type(ACCOUNTS["second"].pin)
                await rig.terminal.monitor.line("print", 60 * PATIENCE, after=told)
                await rig.terminal.stop()
            return read_record(rig.terminal.state)

    record = asyncio.run(story())
    assert record.total["msr"]["GoodReadCount"] == 2
    assert record.total["printer"]["PaperCutCount"] >= 2
    assert record.total["printer"]["PaperMillimetreCount"] > 100


# --- what the counts say ------------------------------------------------------------------------

WARNINGS = {
    "a loose plug": ("scanner", {"CommunicationErrorCount": 6}, 0, "Q07"),
    "a plug that was loose yesterday": ("scanner", {"CommunicationErrorCount": 6}, 1, None),
    "a dirty head": ("msr", {"GoodReadCount": 80, "FailedReadCount": 20}, 3, "M08"),
    "few reads": ("msr", {"GoodReadCount": 2, "FailedReadCount": 5}, 0, None),
    "a dirty window": ("scanner", {"GoodScanCount": 20, "FailedScanCount": 5}, 0, "Q08"),
    "a disturbed line": ("pin_pad", {"DamagedCount": 21}, 0, "E07"),
    "an old knife": ("printer", {"PaperCutCount": 1_000_001}, 0, "P17"),
    "an old head": ("printer", {"PaperMillimetreCount": 100_001_000}, 0, "P18"),
    "a device of its age": ("printer", {"PaperCutCount": 9, "PaperMillimetreCount": 120_000}, 0, None),
}


@pytest.fixture
def terminal(tmp_path):
    (tmp_path / "tmk.hex").write_text("0123456789ABCDEFFEDCBA9876543210", "ascii")
    process = TerminalProcess(tmp_path, TerminalOptions(pin_pad=True))
    process.prepare(9, tmp_path / "tmk.hex")
    return process


@pytest.mark.parametrize("case", WARNINGS)
def test_the_doctor_warns_before_a_device_fails(terminal, case):
    device, counts, days_ago, code = WARNINGS[case]
    now = datetime(2026, 11, 25, 10)
    record = DeviceRecord({}, {})
    record.add({device: counts}, now.date() - timedelta(days=days_ago))
    write_record(terminal.state, json.dumps(record.plain()))

    async def look():
        patient = Patient(load(terminal.folder / "terminal.toml"), lambda: now, 5.0)
        return [finding async for finding in examine(patient, WEAR_STEPS)]

    found = [finding for finding in asyncio.run(look()) if finding.fault is not None]
    assert [finding.fault.code for finding in found] == ([code] if code else [])
    assert {finding.state for finding in found} <= {State.WARNING}


def test_every_rule_has_a_case_that_meets_it():
    codes = {code for *_, code in WARNINGS.values()}
    met = {name.partition("-")[2] for name, fault in FAULTS.items() if fault.code in codes}
    assert {rule.warning for rule in RULES} == met


# --- paper --------------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_any_bytes_use_some_paper_and_come_to_an_end(data):
    use = paper_use(data)
    assert use.millimetres >= 0 <= use.cuts <= len(data)


def test_paper_is_what_the_commands_of_a_slip_feed():
    picture = b"\x1dv0\x00\x02\x00\x50\x00" + b"\x1dV" * 80  # 80 dots; what looks like a cut is dots
    assert paper_use(b"\x1b@" + picture + b"\x1bd\x02" + b"\n\n" + b"\x1dVA\x00").millimetres == round((80 + 120) / 8)
    assert paper_use(picture + b"\x1dV\x00").cuts == 1
