"""A card whose number is typed: only where the acquirer allows it, and no more of it is kept than of a swiped one."""

import pytest

from terminal.domain.record import State
from terminal.screens.texts import Translator
from terminal.slips.layout import transaction_slip
from tools.gallery.samples import MERCHANT
from tools.host.accounts import DEMO_ACCOUNTS

ACCOUNTS = {account.name: account for account in DEMO_ACCOUNTS}
PAN, EXPIRY = ACCOUNTS["signature"].pan, "1235"
ALLOWED = {"manual_entry": True, "manual_entry_role": "cashier", "pin": "never"}


def typing(title="sale", pan=PAN, expiry=EXPIRY):
    """The first digit begins the entry; the others are typed on its screen."""
    return ((f"{title}.present", f"!{pan[0]}"), ("ask.card-number", pan[1:]), ("ask.expiry", expiry))


async def sell_typed(c, amount="5000", pan=PAN, *more):
    return await c.do("1", ("sale.amount", amount), *typing(pan=pan), *more)


def all_of(c):
    """Every byte of the terminal's files."""
    return b"".join(path.read_bytes() for path in c.folder.rglob("*") if path.is_file())


def test_a_typed_number_is_sold_with_its_expiry_date_and_without_a_track(counter):
    async def story(c):
        await sell_typed(c)
        assert c.result == "outcome.approved"
        (sale,) = c.bank.received("0200")
        assert (sale[2], sale[14], sale[22]) == (PAN, "3512", "012")
        assert not {35, 36, 52, 53} & set(sale.elements)
        record = await c.last()
        assert (record.entry_mode, record.account, record.cvm) == ("012", "621234*********0020", "signature")
        said = [f"{line.left}{line.right}" for line in transaction_slip(record, MERCHANT, "merchant", Translator("en"))]
        assert "6212 34** **** ***0 020 /M" in said and "SIGNATURE" in said
        assert PAN.encode() not in all_of(c)
        events = list(c.journal._database.execute("SELECT detail FROM event WHERE what = 'card typed'"))
        assert events == [("621234*********0020",)]
        return await c.books_agree()

    assert counter(story, **ALLOWED) == ((1, 5000), (0, 0))


def test_no_screen_shows_the_number_while_it_is_typed_or_after(counter):
    async def story(c):
        await sell_typed(c)
        words = " ".join(f"{screen.entry} {screen.lines} {screen.instruction}" for screen in c.shown)
        assert PAN[6:-4] not in words.replace(" ", "")
        assert all(s.hides_digits or s.secret for s in c.shown if s.name in ("sale.present", "ask.card-number"))
        assert next(screen for screen in c.shown if screen.name == "ask.expiry").lines[0] == "621234*********0020"

    counter(story, **ALLOWED)


def test_a_pin_is_asked_for_and_sent_as_with_a_stripe(counter):
    async def story(c):
        pan = ACCOUNTS["good"].pan
        await sell_typed(c, "5000", pan, ("sale.pin", "123456"))
        assert c.result == "outcome.approved"
        (sale,) = c.bank.received("0200")
        assert (sale[2], sale[22], sale[53]) == (pan, "011", "2600000000000000") and len(sale[52]) == 8

    counter(story, **{**ALLOWED, "pin": "always"})


def test_a_customer_whose_account_wants_a_pin_is_not_charged_without_one(counter):
    async def story(c):
        await sell_typed(c, "5000", ACCOUNTS["good"].pan)
        assert c.result == "outcome.declined"
        return await c.books_agree()

    assert counter(story, **ALLOWED) == ((0, 0), (0, 0))


@pytest.mark.parametrize("changes", [{}, {"manual_entry": True, "manual_entry_kinds": ("refund",)}])
def test_digits_do_nothing_where_the_acquirer_does_not_allow_it(counter, changes):
    async def story(c):
        await c.do("1", ("sale.amount", "5000"), ("sale.present", PAN, "!cancel"))
        assert "ask.card-number" not in [screen.name for screen in c.shown]
        assert await c.last() is None

    counter(story, **changes)


def test_a_wrong_digit_is_found_by_the_check_digit_and_typed_again(counter):
    async def story(c):
        await c.do(
            "1",
            ("sale.amount", "5000"),
            ("sale.present", f"!{PAN[0]}"),
            ("ask.card-number", PAN[1:-1] + "1"),
            ("ask.card-number", PAN),
            ("ask.expiry", EXPIRY),
        )
        assert c.result == "outcome.approved"
        assert len(c.bank.received("0200")) == 1

    counter(story, **ALLOWED)


def test_the_red_key_leads_back_to_the_card_and_the_yellow_key_begins_the_number_again(counter):
    async def story(c):
        await c.do(
            "1",
            ("sale.amount", "5000"),
            ("sale.present", "!9"),
            ("ask.card-number", "!cancel"),
            ("sale.present", "!9"),
            ("ask.card-number", "!1", "!2", "!clear", PAN),
            ("ask.expiry", "!cancel"),
            ("sale.present", "$signature"),
        )
        assert c.result == "outcome.approved"
        assert (await c.last()).entry_mode == "022", "the card could be read after all"

    counter(story, **ALLOWED)


@pytest.mark.parametrize(("expiry", "said"), [("0124", "The card has expired"), ("1335", "")])
def test_a_date_that_is_none_or_is_over_charges_nothing(counter, expiry, said):
    async def story(c):
        entry = ("ask.expiry", expiry) if said else ("ask.expiry", expiry, "!cancel")
        await c.do("1", ("sale.amount", "5000"), *typing()[:2], entry, ("sale.present", "!cancel"))
        assert await c.last() is None and not c.bank.received("0200")
        assert not said or any(said in screen.instruction for screen in c.shown)

    counter(story, **ALLOWED)


def test_it_needs_the_supervisors_word_unless_the_profile_says_otherwise(counter):
    async def story(c):
        await c.journal.operators.set_password("00", b"000111", "99")
        await c.journal.operators.set_password("01", b"1234", "00")
        c.acquirer.operator = "01"
        await c.do(
            "1",
            ("sale.amount", "5000"),
            ("sale.present", f"!{PAN[0]}"),
            ("operator.password", "!cancel"),
            ("sale.present", f"!{PAN[0]}"),
            ("operator.password", "000111"),
            ("ask.card-number", PAN[1:]),
            ("ask.expiry", EXPIRY),
        )
        assert c.result == "outcome.approved"
        events = [row[0] for row in c.journal._database.execute("SELECT detail FROM event WHERE what = 'approved'")]
        assert "by 00 for 01" in events

    counter(story, settings={"operators": True}, **{**ALLOWED, "manual_entry_role": "supervisor"})


def test_a_pre_authorisation_its_completion_and_a_refund_take_a_typed_number(counter):
    async def story(c):
        await c.do("41", ("pre-auth.amount", "9000"), *typing("pre-auth"))
        held = await c.last()
        assert (held.kind, held.state, held.entry_mode) == ("pre-auth", State.APPROVED, "012")
        await c.do(
            "43",
            ("ask.date", "1124"),
            ("ask.auth", held.auth_code),
            ("completion.amount", "8000"),
            *typing("completion"),
        )
        done = await c.last()
        assert (done.kind, done.state) == ("completion", State.APPROVED)
        await sell_typed(c, "3000")
        sold = await c.last()
        await c.do("31", ("ask.date", "1124"), ("ask.rrn", sold.rrn), ("refund.amount", "1000"), *typing("refund"))
        await c.quiet()
        assert (await c.last()).state is State.APPROVED
        told = [message for message in c.bank.received("0220") if message[60][:2] == "25"]
        assert told and all(message[2] == PAN and 35 not in message for message in told)
        return await c.books_agree()

    assert counter(story, **ALLOWED, pin_kinds=()) == ((2, 11000), (1, 1000))


def test_a_sale_with_a_typed_number_is_made_void_with_the_same_number(counter):
    async def story(c):
        await sell_typed(c)
        stan = str((await c.last()).stan)
        other = typing("sale-void", ACCOUNTS["second"].pan)
        await c.do("21", ("ask.voucher", stan), ("original.confirm", "!enter"), *other)
        assert (await c.last()).kind == "sale", "another card"
        await c.do("21", ("ask.voucher", stan), ("original.confirm", "!enter"), *typing("sale-void"))
        assert ((await c.last()).kind, (await c.last()).state) == ("sale-void", State.APPROVED)
        return await c.books_agree()

    assert counter(story, **ALLOWED) == ((1, 5000), (1, 5000))


def test_the_void_of_a_stripe_takes_no_typed_number(counter):
    async def story(c):
        await c.do("1", ("sale.amount", "5000"), ("sale.present", "$signature"))
        stan = str((await c.last()).stan)
        script = (("ask.voucher", stan), ("original.confirm", "!enter"), ("sale-void.present", PAN, "!cancel"))
        await c.do("21", *script)
        assert "ask.card-number" not in [screen.name for screen in c.shown]

    counter(story, **ALLOWED)


def test_offline_a_typed_number_is_taken_only_where_the_profile_names_it(counter):
    async def story(c):
        script = (("offline-sale.amount", "3000"), ("ask.auth", "123456"))
        await c.do("81", *script, ("offline-sale.present", PAN, "!cancel"))
        assert await c.last() is None

    counter(story, **ALLOWED)


def test_an_offline_sale_with_a_typed_number_reaches_the_host(counter):
    async def story(c):
        await c.do("81", ("offline-sale.amount", "3000"), ("ask.auth", "123456"), *typing("offline-sale"))
        await c.quiet()
        (told,) = c.bank.received("0220")
        assert (told[2], told[14], told[22]) == (PAN, "3512", "012")
        return await c.books_agree()

    assert counter(story, **ALLOWED, manual_entry_kinds=("offline-sale",)) == ((1, 3000), (0, 0))
