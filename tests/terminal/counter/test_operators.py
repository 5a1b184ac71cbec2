"""Who may do what: passwords, the supervisor's word, lock-out, the lock, and what the audit log keeps of it."""

import pytest

from terminal.flows.idle import attend
from terminal.flows.lock import stay_locked
from terminal.flows.operators import sign_in
from terminal.journal.operators import FAILURES_MAX

OPERATED = {"operators": True}


async def staff(c):
    """Administrator, supervisor and a cashier with passwords of their own."""
    for number, password in (("99", b"990099"), ("00", b"000111"), ("01", b"1234")):
        await c.journal.operators.set_password(number, password, "99")


def audit(c):
    return list(c.journal._database.execute("SELECT what, detail FROM event ORDER BY id"))


def test_a_new_terminal_has_no_password_to_guess(counter):
    async def story(c):
        assert await c.journal.operators.all() == []
        for number in ("99", "00", "01"):
            for guess in (b"123456", b"000000", b"88888888", b"0000"):
                assert str(await c.journal.operators.check(number, guess)) == "unknown"

    counter(story, settings=OPERATED)


def test_whoever_installs_it_chooses_the_first_passwords(counter):
    async def story(c):
        c.acquirer.operator = ""
        c.script = [("operator.new.99", "990099"), ("operator.new.99", "990099"),
                    ("operator.new.00", "000111"), ("operator.new.00", "000111"),
                    ("ask.operator", "99"), ("operator.password", "990099")]  # fmt: skip
        await sign_in(c.desk)
        assert c.acquirer.operator == "99"
        assert [o.number for o in await c.journal.operators.all()] == ["00", "99"]

    counter(story, settings=OPERATED)


def test_a_void_needs_the_supervisors_password_and_says_so_in_the_log(counter):
    async def story(c):
        await staff(c)
        c.acquirer.operator = "01"
        await c.sell("500")
        stan = str((await c.last()).stan)
        await c.do("21", ("operator.password", "000111"), ("ask.voucher", stan), ("original.confirm", "!enter"),
                   ("sale-void.present", "$signature"))  # fmt: skip
        assert c.result == "outcome.approved"
        assert ("approved", "by 00 for 01") in audit(c)

    counter(story, settings=OPERATED)


def test_without_the_supervisor_nothing_is_voided(counter):
    async def story(c):
        await staff(c)
        c.acquirer.operator = "01"
        await c.sell("500")
        await c.do("21", ("operator.password", "999999"), ("operator.password", "!cancel"))
        return await c.books_agree()

    assert counter(story, settings=OPERATED) == ((1, 500), (0, 0))


@pytest.mark.parametrize("number", ["00", "99"])
def test_supervisor_and_administrator_do_not_sell(counter, number):
    async def story(c):
        await staff(c)
        c.acquirer.operator = number
        await c.do("1")
        assert c.result == "refused"

    counter(story, settings=OPERATED)


def test_the_technicians_menu_opens_for_the_administrator_only(counter):
    async def story(c):
        await staff(c)
        c.acquirer.operator = "01"
        await c.do("91", ("operator.password", "990099"), ("technician.shown", "!enter"))
        await c.do("91", ("operator.password", "000111"), ("operator.password", "!cancel"))
        assert not any(s.name == "technician.shown" for s in c.shown)

    counter(story, settings=OPERATED)


def test_a_lock_out_outlives_the_power_cut_that_was_meant_to_reset_it(counter):
    async def guess(c):
        if not await c.journal.operators.all():
            await staff(c)
        for _ in range(FAILURES_MAX - 2):
            assert str(await c.journal.operators.check("01", b"9999")) in ("wrong", "locked")

    async def locked(c):
        assert str(await c.journal.operators.check("01", b"1234")) == "locked"
        await c.journal.operators.unlock("01", "00")
        assert str(await c.journal.operators.check("01", b"1234")) == "right"
        assert ("operator", "01 unlocked by 00") in audit(c)

    counter(guess, guess, locked, settings=OPERATED)


def test_no_password_is_in_the_file_or_the_log(counter):
    async def story(c):
        await staff(c)
        c.acquirer.operator = "01"
        await c.sell("500")
        assert not any("990099" in f"{what} {detail}" for what, detail in audit(c))

    async def look(c):
        for name in ("journal.db", "journal.db-wal"):
            data = (c.folder / name).read_bytes() if (c.folder / name).exists() else b""
            assert b"990099" not in data and b"000111" not in data

    counter(story, look, settings=OPERATED)


def test_the_same_password_of_two_operators_looks_different_on_disk(counter):
    async def story(c):
        for number in ("01", "02"):
            await c.journal.operators.set_password(number, b"1234", "00")
        rows = list(c.journal._database.execute("SELECT salt, verifier FROM operator"))
        assert len({salt for salt, _ in rows}) == len({verifier for _, verifier in rows}) == 2

    counter(story, settings=OPERATED)


def test_a_locked_terminal_stays_locked_over_a_restart(counter):
    async def before(c):
        import asyncio

        await staff(c)
        c.acquirer.operator = "01"
        task = asyncio.create_task(c.do("78"))
        await c.until(lambda: any(s.name == "locked" for s in c.shown))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def after(c):
        c.script = [("locked", "!enter"), ("ask.operator", "01"), ("operator.password", "1234")]
        await stay_locked(c.desk)
        assert c.acquirer.operator == "01"
        assert ("locked", "by 01") in audit(c) and ("unlocked", "by 01") in audit(c)

    counter(before, after, settings=OPERATED)


def test_the_event_log_can_be_neither_changed_nor_emptied(counter):
    import sqlite3

    async def story(c):
        await staff(c)
        for attack in ("DELETE FROM event", "UPDATE event SET detail = ''"):
            with pytest.raises(sqlite3.IntegrityError):
                c.journal._database.execute(attack)

    counter(story)


def test_a_passed_over_pin_is_in_the_log_and_on_the_row(counter):
    async def story(c):
        await c.sell("500")
        assert (await c.last()).cvm == "bypassed"
        assert any(what == "pin bypassed" for what, _ in audit(c))

    counter(story)


def test_training_marks_every_row(counter):
    async def story(c):
        await c.sell("500")
        assert (await c.last()).training is True

    counter(story, settings={"training": True})


def test_the_idle_screen_asks_who_stands_there(counter):
    async def story(c):
        import asyncio

        await staff(c)
        c.script = [("ask.operator", "01"), ("operator.password", "1234")]
        task = asyncio.create_task(attend(c.desk, []))
        await c.until(lambda: c.acquirer.operator == "01")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    counter(story, settings=OPERATED)
