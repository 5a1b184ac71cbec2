"""Downloads, signed lists, transfer, offline limits, cut-over, what waits, the lock: at the counter and at the host."""

import asyncio
import json
import zipfile
from datetime import date, timedelta

import pytest
from msgspec import convert
from msgspec.structs import replace

from config import default_file
from config.devices import Printer as PrinterSettings
from drivers import registry
from drivers.simulated import SimulatedPrinter
from terminal.acquirer.downloads import load_lists
from terminal.domain.record import State
from terminal.service.device_record import DeviceRecord, write_record
from terminal.service.parameters import Parameters
from terminal.service.parameters.keeper import NewParameters, ParameterKeeper
from tests.terminal.counter.conftest import TERMINAL
from tools.host.faults import Fault


async def load(c, digit):
    await c.do(f"96{digit}")
    return c.shown[-1]


def test_everything_that_can_be_downloaded_is_kept(counter):
    async def story(c):
        for digit in "1235":
            assert (await load(c, digit)).name.endswith(".done")
        kept = {name: await c.journal.downloads.of(name) for name in ("parameters", "chip", "ca-key")}
        assert {name: found.version for name, found in kept.items()} == {"parameters": 0, "chip": 2, "ca-key": 2}
        assert c.bank.received("0820")[-1][60].endswith("362")

    counter(story)


def test_a_ca_key_that_is_damaged_on_the_way_leaves_the_old_set(counter):
    async def story(c):
        await load(c, "3")
        before = await c.journal.downloads.of("ca-key")
        key, body = next(iter(c.bank.shelf._ca_keys.items()))
        c.bank.shelf._ca_keys[key] = body[:-1] + bytes([body[-1] ^ 1])
        assert (await load(c, "3")).name == "download.failed"
        assert await c.journal.downloads.of("ca-key") == before

    counter(story)


def with_lists(counter, story, *lives):
    """A terminal whose profile knows the host's list key."""

    async def first(c):
        c.acquirer.profile = c.desk.acquirer.profile = _keyed(c)
        await load(c, "4")
        assert c.shown[-1].name == "download.done"
        return await story(c)

    return counter(first, *lives)


def _keyed(c):
    from msgspec.structs import replace

    return replace(c.acquirer.profile, list_key=c.bank.shelf.public_key)


@pytest.mark.parametrize(("account", "reason"), [("stolen", "stop list"), ("restricted", "stop list")])
def test_a_stopped_card_is_refused_before_any_offline_approval(counter, account, reason):
    async def story(c):
        shown = await c.do(
            "81", ("offline-sale.amount", "3000"), ("ask.auth", "123456"), ("offline-sale.present", f"${account}")
        )
        assert any("stop list" in s.instruction.lower() for s in shown if s.name == "refused")
        assert await c.journal.last() is None
        await c.do("81", ("offline-sale.amount", "3000"), ("ask.auth", "123456"), ("offline-sale.present", "$good"))
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert with_lists(counter, story) == ((1, 3000), (0, 0))


def test_the_lists_are_in_force_after_a_restart(counter):
    async def story(c):
        assert c.acquirer.lists.stop.version == 1

    async def again(c):
        c.acquirer.profile = _keyed(c)
        await load_lists(c.acquirer)
        assert c.acquirer.lists.stop.version == 1 and c.acquirer.lists.bins.version == 1

    with_lists(counter, story, again)


def test_a_list_of_another_signature_is_not_taken(counter):
    async def story(c):
        content = c.bank.shelf.lists[b"stop"]
        c.bank.shelf.lists[b"stop"] = content.replace(b" C\n", b" D\n")
        assert (await load(c, "4")).name == "download.failed"
        assert c.acquirer.lists.stop.version == 1

    with_lists(counter, story)


def test_a_list_never_goes_back(counter):
    async def story(c):
        c.bank.shelf.lists[b"stop"] = c.bank.shelf.signed("stop", 3, [])
        assert (await load(c, "4")).name == "download.done"
        c.bank.shelf.lists[b"stop"] = c.bank.shelf.signed("stop", 2, [])
        assert (await load(c, "4")).name == "download.failed"
        assert c.acquirer.lists.stop.version == 3

    with_lists(counter, story)


def test_a_list_of_many_parts_comes_whole(counter):
    async def story(c):
        lines = [f"{index:032x} D" for index in range(500)]
        c.bank.shelf.lists[b"stop"] = c.bank.shelf.signed("stop", 2, lines)
        assert (await load(c, "4")).name == "download.done"
        assert len(c.acquirer.lists.stop.entries) == 500

    with_lists(counter, story)


def test_a_transfer_moves_money_from_card_to_card_once(counter):
    async def story(c):
        await c.do("86", ("transfer.amount", "7000"), ("transfer.present", "$good"), ("transfer.present", "$second"),
                   ("transfer.confirm", "!enter"), ("sale.pin", "123456"))  # fmt: skip
        assert c.result == "outcome.approved"
        assert c.bank.balance("good") == 100_000_000 - 7000 and c.bank.balance("second") == 100_000_000 + 7000
        return await c.books_agree()

    assert counter(story, transfer=True) == ((0, 0), (0, 0))


def test_a_transfer_without_an_answer_is_undone_on_both_cards(counter):
    async def story(c):
        c.bank.order(Fault.NO_ANSWER, mti="0200")
        await c.do("86", ("transfer.amount", "7000"), ("transfer.present", "$good"), ("transfer.present", "$second"),
                   ("transfer.confirm", "!enter"), ("sale.pin", "123456"))  # fmt: skip
        await c.quiet()
        assert c.bank.balance("good") == c.bank.balance("second") == 100_000_000
        return await c.books_agree()

    assert counter(story, transfer=True) == ((0, 0), (0, 0))


def test_a_transfer_is_not_offered_where_the_acquirer_has_none(counter):
    async def story(c):
        await c.do("86")
        assert c.result == "refused"

    counter(story)


def test_the_day_changes_and_the_next_sale_signs_on_first(counter):
    async def story(c):
        await c.sell("100")
        before = len(c.bank.received("0800"))
        c.clock.moved += timedelta(days=1)
        await c.sell("100")
        assert c.result == "outcome.approved"
        assert len(c.bank.received("0800")) == before + 1
        await c.sell("100")
        assert len(c.bank.received("0800")) == before + 1
        return await c.books_agree()

    assert counter(story) == ((3, 300), (0, 0))


def test_a_host_at_its_day_change_declines_and_nothing_is_charged(counter):
    async def story(c):
        c.bank.order(Fault.DECLINE, mti="0200", code="90")
        shown = await c.sell("100")
        assert c.result == "outcome.declined"
        assert any("Day change" in line for s in shown for line in s.lines)
        await c.sell("100")
        return await c.books_agree()

    assert counter(story) == ((1, 100), (0, 0))


def test_what_waits_is_shown_with_its_limits_and_sent_by_the_green_key(counter):
    async def story(c):
        c.bank.order(Fault.NO_ANSWER, mti="0220", count=3)
        await c.do("81", ("offline-sale.amount", "3000"), ("ask.auth", "123456"), ("offline-sale.present", "$good"))
        shown = await c.do("70", ("waiting.list", "!cancel"))
        (listed,) = [s for s in shown if s.name == "waiting.list"]
        assert "Offline 1 of 50" in listed.lines
        assert any("RMB 30.00 of RMB 50000.00" in line for line in listed.lines)
        c.bank.faults.clear()
        await c.do("70", ("waiting.list", "!enter"))
        assert c.shown[-1].name == "waiting.none"
        return await c.books_agree()

    told = counter(story, reversal_retry_first_s=30.0, reversal_retry_max_s=30.0)
    assert told == ((1, 3000), (0, 0))


@pytest.mark.parametrize(
    ("limit", "value"),
    [("offline_count_max", 1), ("offline_sum_max_minor", 5000), ("offline_single_max_minor", 2999)],
)
def test_offline_limits_are_met_at_the_counter(counter, limit, value):
    async def story(c):
        c.bank.order(Fault.NO_ANSWER, mti="0220", count=9)
        for _ in range(2):
            await c.do("81", ("offline-sale.amount", "3000"), ("ask.auth", "123456"), ("offline-sale.present", "$good"))
        assert c.result == "outcome.not-charged"
        assert len(await c.journal.advices()) == (0 if value == 2999 else 1)

    counter(story, reversal_retry_first_s=30.0, reversal_retry_max_s=30.0, **{limit: value})


def test_an_old_offline_sale_lets_no_new_one_in(counter):
    async def story(c):
        c.bank.order(Fault.NO_ANSWER, mti="0220", count=9)
        await c.do("81", ("offline-sale.amount", "3000"), ("ask.auth", "123456"), ("offline-sale.present", "$good"))
        c.clock.moved += timedelta(hours=25)
        await c.do("81", ("offline-sale.amount", "3000"), ("ask.auth", "123456"), ("offline-sale.present", "$good"))
        assert c.result == "outcome.not-charged"

    counter(story, reversal_retry_first_s=30.0, reversal_retry_max_s=30.0)


def test_a_reversal_that_the_host_will_not_take_names_the_help_desk_and_stays(counter):
    async def story(c):
        c.bank.order(Fault.NO_ANSWER, mti="0200")
        c.bank.order(Fault.NO_ANSWER, mti="0400", count=9)
        await c.sell("100")
        await c.until(lambda: c.reversals.pending)
        for _ in range(2):
            await c.desk.send_waiting()
        shown = await c.sell("100")
        assert any("95516" in line for s in shown for line in s.lines)
        assert (await c.journal.record(1)).state is State.REVERSING, "kept all the same"
        c.bank.faults.clear()
        return await c.books_agree()

    told = counter(story, reversal_help_after=2, undo_shown_s=0.05, reversal_retry_first_s=30.0,
                   reversal_retry_max_s=30.0, response_s=0.3)  # fmt: skip
    assert told == ((0, 0), (0, 0))


def test_the_answer_comes_in_time_whatever_else_is_to_be_done(counter):
    """A host that swallows everything: the reversal before the sale may not hold the merchant beyond ``answer_s``."""

    async def story(c):
        await c.do("71")
        c.bank.order(Fault.NO_ANSWER, mti="0200")
        c.bank.order(Fault.NO_ANSWER, mti="0400", count=9)
        await c.sell("100")
        assert (await c.last()).state is State.REVERSING
        shown = await c.sell("200")
        assert [s.name for s in shown if s.name.startswith("outcome.")] == ["outcome.not-charged"]
        assert any("Host too slow" in line for line in shown[-1].lines)
        assert len(c.bank.received("0200")) == 1, "what cannot be answered in time does not begin"

    counter(story, response_s=4.0, connect_s=1.0, answer_s=6.0, undo_shown_s=0.05,
            reversal_retry_first_s=30.0, reversal_retry_max_s=30.0)  # fmt: skip


def test_a_wrong_pin_may_be_entered_again_with_the_same_swipe(counter):
    async def story(c):
        await c.do(
            "1", ("sale.amount", "100"), ("sale.present", "$good"), ("sale.pin", "000000"), ("sale.pin", "123456")
        )
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert counter(story) == ((1, 100), (0, 0))


def test_a_transaction_that_is_switched_off_is_refused_by_name(counter):
    async def story(c):
        await c.do("93", ("technician.switches", "!3"), ("technician.switches", "!cancel"))
        await c.do("5")
        assert c.result == "refused"
        await c.do("93", ("technician.switches", "!3"), ("technician.switches", "!cancel"))
        await c.do("5", ("balance.present", "$low"), ("sale.pin", "111111"))
        assert c.result == "balance.shown"

    counter(story)


def test_the_diagnosis_ends_in_one_thing_to_do_and_in_a_code_that_names_its_bundle(counter):
    async def story(c):
        shown = await c.do("79")
        assert [screen.name for screen in shown[-2:]] == ["diagnosis.busy", "diagnosis.done"]
        await c.bank.server.close()
        last = (await c.do("79"))[-1]
        assert (last.name, last.title[:3]) == ("diagnosis.failed", "N04")
        assert last.instruction == "Correct the port in [host]; if it is right, call the acquirer."
        form, serial, terminal, _, _, codes, reference = last.qr.split()
        assert (form, serial, terminal, codes) == ("CT1", c.settings.terminal.serial_number, TERMINAL, "N04")
        assert last.lines == (f"N04  {reference}",)
        with zipfile.ZipFile(c.folder / "diagnosis" / f"{reference}.zip") as bundle:
            assert bundle.comment.decode() == last.qr

    counter(story)


def test_the_diagnosis_sees_the_terminals_own_devices_and_keeps_few_bundles(counter, tmp_path):
    async def story(c):
        printer = SimulatedPrinter(tmp_path / "printer.sock")
        await printer.start()
        section = {"driver": "escpos-printer", "address": printer.address, "model": "epson"}
        printer_settings = convert(section, PrinterSettings)
        c.settings = replace(c.settings, connected=replace(c.settings.connected, printer=printer_settings))
        c.devices["printer"] = registry.build("printer", section)
        c.devices["printer"].start(lambda event: None)
        await c.until(lambda: c.devices["printer"].state == "open")
        printer.change("paper", False)
        for _ in range(7):
            c.clock.moved += timedelta(minutes=1)
            last = (await c.do("79"))[-1]
        assert last.title == "P05 The printer has no paper."
        assert len(list((c.folder / "diagnosis").iterdir())) == 5
        await c.devices["printer"].close()
        await printer.close()

    counter(story)


def test_a_bundle_that_could_not_be_written_is_not_promised(counter):
    async def story(c):
        (c.folder / "diagnosis").touch()  # where its folder should be
        last = (await c.do("79"))[-1]
        assert (last.name, last.lines) == ("diagnosis.done", ("No bundle was written",))

    counter(story)


def test_what_the_devices_have_done_is_shown_with_early_warnings(counter):
    async def story(c):
        assert (await c.do("99"))[-1].instruction == "No devices are configured"
        record = DeviceRecord({}, {})
        record.add({"msr": {"GoodReadCount": 60, "FailedReadCount": 40}}, date.today())
        write_record(c.folder, json.dumps(record.plain()))
        c.devices["msr"] = registry.build("msr", {"driver": "evdev-msr", "address": "unix:/nowhere/msr.sock"})
        last = (await c.do("99"))[-1]
        assert last.lines == (
            "× Magnetic-stripe reader: 100 ×, 40 %",
            "! M08 Magnetic-stripe reader: 40 % of the week's reads failed.",
        )

    counter(story)


def test_the_diagnosis_leaves_the_host_to_a_payment_that_is_under_way_or_being_undone(counter):
    async def story(c):
        async with c.acquirer.turn:
            assert (await c.do("79"))[-1].name == "refused"
        c.bank.order(Fault.DROP, mti="0200")
        c.bank.order(Fault.DROP, 50, mti="0400")
        await c.sell("100")
        before = len(c.bank.received("0800", "0820"))
        await c.until(lambda: not c.acquirer.turn.locked())
        assert (await c.do("79"))[-1].name == "diagnosis.done"
        assert len(c.bank.received("0800", "0820")) == before

    counter(story, reversal_retry_first_s=30.0, reversal_retry_max_s=30.0)


def test_a_tip_never_exceeds_its_share_however_often_it_is_given(counter):
    async def story(c):
        await c.sell("5000")
        stan = str((await c.last()).stan)
        for amount in ("600", "400"):
            await c.do("82", ("ask.voucher", stan), ("original.confirm", "!enter"), ("tip.amount", amount))
        await c.do("82", ("ask.voucher", stan), ("original.confirm", "!enter"))
        assert c.result == "refused"
        await c.do("21", ("ask.voucher", stan), ("original.confirm", "!enter"), ("sale-void.present", "$signature"))
        assert c.result == "outcome.not-charged", "with its tip it is refunded, not voided"
        return await c.books_agree()

    assert counter(story, tip_percent_max=20) == ((3, 6000), (0, 0))


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1), timedelta(days=4000)])
def test_a_clock_that_jumps_neither_fires_nor_stops_anything(counter, jump):
    """The wall clock moves while the host is asked: the answer is waited for by a clock that nobody can set."""

    async def story(c):
        await c.sell("100")
        c.bank.order(Fault.LATE, mti="0200", seconds=0.3)
        task = asyncio.create_task(c.sell("100"))
        await c.until(lambda: len(c.bank.received("0200")) == 2)
        c.clock.moved += jump
        await task
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert counter(story) == ((2, 200), (0, 0))


def test_downloaded_parameters_take_effect_by_the_journalled_way(counter, tmp_path):
    """9 6 1: the host gives resend 3; what it gives takes effect as a change that anybody can look up and take back."""
    (tmp_path / "parameters").mkdir()
    file = tmp_path / "parameters" / "terminal.toml"
    file.write_text(default_file().read_text("utf-8"), "utf-8")
    (file.parent / "state").mkdir()
    parameters = Parameters(file)

    async def story(c):
        keeper = ParameterKeeper(parameters, c.journal, c.acquirer.writer, c.acquirer.turn)
        c.acquirer.parameters = keeper
        shown = await load(c, "1")
        assert shown.name == "download.done" and "Takes effect when the terminal is idle" in shown.lines
        (change,) = parameters.history()
        assert (change.source, change.new) == ("host", {"reversal_help_after": "3"})
        with pytest.raises(NewParameters):
            await keeper.at_idle()
        shown = await load(c, "1")
        assert "Nothing has changed" in shown.lines

    counter(story)
    assert parameters.settings().acquirer_profile.reversal_help_after == 3
