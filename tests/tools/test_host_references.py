"""Voids, refunds, pre-authorisations and settlement at the host simulator."""

from tools.host.reports import REPORTS


def stan_of(till) -> str:
    return f"{till.stan:06d}"


def void(till, sold, stan, amount_minor, **changes):
    elements = till.elements(amount_minor, "23", e3="200000", e37=sold[37], e38=sold[38], e61=f"{till.batch:06d}{stan}")
    return till.ask("0200", {**elements, **{int(key[1:]): value for key, value in changes.items()}})


def refund(till, rrn, amount_minor):
    return till.ask("0220", till.elements(amount_minor, "25", e3="200000", e37=rrn, e61="0" * 16))


def pre_auth(till, amount_minor):
    return till.ask("0100", {**till.elements(amount_minor, "10", e3="030000", e25="06"), **till.card("good", "123456")})


def complete(till, auth_code, amount_minor, mti="0200", type_code="20"):
    elements = till.elements(amount_minor, type_code, e25="06", e38=auth_code, e61="0" * 16)
    return till.ask(mti, {**elements, **till.card("good", "123456")})


def test_a_voided_sale_is_given_back_once(bank, till):
    before = bank.balance("good")
    sold = till.sale("good", 300)
    stan = stan_of(till)
    assert [void(till, sold, stan, 300)[39] for _ in range(2)] == ["00", "94"]
    assert bank.balance("good") == before


def test_a_void_must_name_a_sale_that_stands_and_its_amount(till):
    sold = till.sale("good", 300)
    stan = stan_of(till)
    assert void(till, sold, "999999", 300)[39] == "25"
    assert void(till, sold, stan, 301)[39] == "64"
    assert void(till, sold, stan, 300, e37="999999999999")[39] == "25"
    other = {
        **till.elements(300, "23", e3="200000", e37=sold[37], e61=f"{till.batch:06d}{stan}"),
        **till.card("second"),
    }
    assert till.ask("0200", other)[39] == "14"
    till.reverse(stan, 300)
    assert void(till, sold, stan, 300)[39] == "25"


def test_refunds_never_exceed_what_was_paid(bank, till):
    before = bank.balance("good")
    sold = till.sale("good", 300)
    assert [refund(till, sold[37], amount)[39] for amount in (100, 150, 100, 50, 1)] == ["00", "00", "64", "00", "64"]
    assert refund(till, "000000000000", 100)[39] == "25"
    assert bank.balance("good") == before


def test_a_pre_authorisation_holds_and_its_completion_charges(bank, till):
    before = bank.balance("good")
    held = pre_auth(till, 1_000)
    assert held[39] == "00"
    assert (bank.balance("good"), bank.held("good")) == (before, 1_000)
    assert complete(till, held[38], 1_151)[39] == "61"
    assert complete(till, held[38], 1_150)[39] == "00"
    assert (bank.balance("good"), bank.held("good")) == (before - 1_150, 0)
    assert complete(till, held[38], 10)[39] == "25"


def test_an_addition_raises_what_may_be_completed_by_advice(bank, till):
    before = bank.balance("good")
    held = pre_auth(till, 1_000)
    more = {
        **till.elements(500, "10", e3="030000", e25="60", e38=held[38], e61="0" * 16),
        **till.card("good", "123456"),
    }
    assert till.ask("0100", more)[39] == "00"
    assert bank.held("good") == 1_500
    assert complete(till, held[38], 1_500, "0220", "24")[39] == "00"
    assert (bank.balance("good"), bank.held("good")) == (before - 1_500, 0)


def test_a_voided_pre_authorisation_holds_nothing(bank, till):
    held = pre_auth(till, 1_000)
    elements = till.elements(
        1_000, "11", e3="200000", e25="06", e38=held[38], e61=f"{till.batch:06d}{stan_of(till)}1124"
    )
    assert till.ask("0100", {**elements, **till.card("good", "123456")})[39] == "00"
    assert bank.held("good") == 0
    assert complete(till, held[38], 100)[39] == "25"


def test_a_voided_completion_holds_the_money_again(bank, till):
    before = bank.balance("good")
    held = pre_auth(till, 1_000)
    charged = complete(till, held[38], 800)
    stan = stan_of(till)
    elements = till.elements(
        800, "21", e3="200000", e25="06", e37=charged[37], e38=held[38], e61=f"{till.batch:06d}{stan}1124"
    )
    assert till.ask("0200", elements)[39] == "00"
    assert (bank.balance("good"), bank.held("good")) == (before, 1_000)


def test_an_offline_sale_is_taken_beyond_the_balance_and_only_once(bank, till):
    elements = {**till.elements(5_000, "30", e38="123456"), **till.card("low")}
    assert [till.ask("0220", elements)[39] for _ in range(2)] == ["00", "00"]
    assert bank.balance("low") == 1_000 - 5_000


def settle(till, debit, credit):
    side = f"{debit[0]:012d}{debit[1]:03d}{credit[0]:012d}{credit[1]:03d}"
    elements = {**till.management("201"), 48: f"{side}0{'0' * 30}0", 49: "156", 63: "01 "}
    return till.ask("0500", elements, mac=False)


def test_equal_totals_balance_and_the_end_of_the_upload_opens_the_next_batch(bank, till):
    till.sale("good", 300)
    sold = till.sale("good", 200)
    void(till, sold, stan_of(till), 200)
    reply = settle(till, (500, 2), (200, 1))
    assert reply.mti == "0510"
    assert (39 in reply, 64 in reply) == (False, False)
    assert (reply[48][30], reply[48][61]) == ("1", "1")
    end = till.ask("0320", {**till.management("207"), 48: "0000"}, mac=False)
    assert (end.mti, end[39], end[48]) == ("0330", "00", "0000")
    old = till.batch
    till.sign_on()
    assert till.batch == old + 1


def test_other_totals_do_not_balance_and_the_upload_is_kept_once(bank, till):
    till.sale("good", 300)
    assert settle(till, (301, 1), (0, 0))[48][30] == "2"
    record = f"00{till.stan:06d}{'6212340000000000012':0>20}{300:012d}"
    upload = {**till.management("201"), 48: f"02{record}{record}"}
    assert [till.ask("0320", upload, mac=False)[39] for _ in range(2)] == ["00", "00"]
    assert bank.book.upload_count("10000001", till.batch) == 1
    till.ask("0320", {**till.management("202"), 48: "0001"}, mac=False)
    assert bank.book.batch_closed("10000001", till.batch)


def test_after_settlement_a_sale_can_no_longer_be_voided(till):
    sold = till.sale("good", 300)
    stan = stan_of(till)
    settle(till, (300, 1), (0, 0))
    till.ask("0320", {**till.management("207"), 48: "0000"}, mac=False)
    assert void(till, sold, stan, 300)[39] == "22"


def test_the_book_adds_up_after_everything(bank, till):
    sold = till.sale("good", 300)
    void(till, sold, stan_of(till), 300)
    held = pre_auth(till, 1_000)
    complete(till, held[38], 900)
    till.reverse(stan_of(till), 900, "20", e25="06")
    assert bank.held("good") == 1_000
    assert REPORTS["check"](bank.book, {}) == []
