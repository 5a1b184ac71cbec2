"""Whoever edits a configuration learns everything that is wrong with it, at once; no value of it is shown."""

import re

import pytest

from config import ConfigError, load, load_profile

GOOD = """
[terminal]
id = "10000001"
merchant_id = "999290054110001"
merchant_name = "Corner Shop"
state_dir = "state"
serial_number = "CT-1"
environment = "lab"
[acquirer]
profile = "unionpay-lab"
[host]
address = "tcp:127.0.0.1:8583"
[keys]
path = "state/keys.vault"
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="terminal.toml"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def problems(write):
    def problems(text):
        with pytest.raises(ConfigError) as caught:
            load(write(text))
        return caught.value.problems

    return problems


def test_a_small_configuration_is_enough(write, tmp_path):
    settings = load(write(GOOD))
    assert settings.terminal.state_dir == str(tmp_path / "state")
    assert settings.keys.path == str(tmp_path / "state/keys.vault")
    assert settings.host.endpoints == (("127.0.0.1", 8583),)
    assert settings.timeouts.card_s == 60
    assert settings.devices == {}
    assert settings.monitor is None


def test_devices_come_as_the_drivers_take_them(write, tmp_path):
    settings = load(write(GOOD + '[devices.keypad]\ndriver = "evdev-keypad"\naddress = "unix:keypad.sock"\n'))
    assert settings.devices == {"keypad": {"driver": "evdev-keypad", "address": f"unix:{tmp_path}/keypad.sock"}}


def test_several_hosts_are_tried_in_their_order(write):
    text = GOOD.replace('"tcp:127.0.0.1:8583"', '["tcp:host.example:8583", "tcp:[::1]:9000"]')
    assert load(write(text)).host.endpoints == (("host.example", 8583), ("::1", 9000))


def test_everything_wrong_is_told_at_once(problems):
    found = problems("""
[terminal]
id = "1"
merchant_id = 5
merchnt_name = "x"
environment = "labb"
training = "yes"
[acquirer]
profile = "unionpay-lab"
[host]
address = ["tcp:a:1", "b"]
[timeouts]
pin_s = 0
[devices]
keypad = 3
""")
    assert [problem.key for problem in found] == [
        "terminal.id",
        "terminal.merchant_id",
        "terminal.merchant_name",
        "terminal.state_dir",
        "terminal.serial_number",
        "terminal.environment",
        "terminal.training",
        "terminal.merchnt_name",
        "host.address",
        "keys",
        "devices.keypad",
        "timeouts.pin_s",
    ]
    assert all(problem.file == "terminal.toml" for problem in found)
    assert all(problem.expected and problem.found and problem.remedy for problem in found)


@pytest.mark.parametrize(
    ("wrong", "expected", "found", "remedy"),
    [
        ('id = "1"', "8 letters or digits", "text of 1 character", 'id = "10000001"'),
        ("id = 10000001", "8 letters or digits", "a whole number", 'id = "10000001"'),
        ("id = true", "8 letters or digits", "true or false", 'id = "10000001"'),
        ("id = 1.5", "8 letters or digits", "a number with a fraction", 'id = "10000001"'),
        ("id = [1, 2]", "8 letters or digits", "a list of 2", 'id = "10000001"'),
        ("id = 2026-11-24", "8 letters or digits", "a date or time", 'id = "10000001"'),
        ("", "8 letters or digits", "nothing", 'Add: id = "10000001"'),
    ],
)
def test_a_wrong_value_is_named_by_its_kind_and_shown_how_it_is_written(problems, wrong, expected, found, remedy):
    (problem,) = problems(GOOD.replace('id = "10000001"', wrong, 1))
    assert problem.key == "terminal.id"
    assert problem.expected == expected
    assert problem.found.startswith(found)
    assert remedy in problem.remedy


def test_a_misspelt_key_is_recognised(problems):
    (problem,) = problems(GOOD + "[timeouts]\npins_s = 30\n")
    assert problem.key == "timeouts.pins_s"
    assert problem.remedy == "Rename it to pin_s."


def test_a_misspelt_section_is_recognised(problems):
    (problem,) = problems(GOOD + "[timeout]\npin_s = 30\n")
    assert "timeouts" in problem.remedy


def test_no_value_of_the_file_is_ever_shown(write):
    secret = "S3CRET-VALUE"
    text = GOOD.replace('"999290054110001"', f'"{secret}"').replace('"10000001"', f'["{secret}"]')
    text += f'[devices.printer]\ndriver = "{secret}"\naddress = "{secret}"\nwidth_mm = "{secret}"\n'
    with pytest.raises(ConfigError) as caught:
        load(write(text))
    assert len(caught.value.problems) >= 3
    assert secret not in str(caught.value)
    assert secret not in repr(caught.value.problems)


def test_a_mistake_in_the_writing_is_told_with_its_place(write):
    with pytest.raises(ConfigError, match=r"line 3") as caught:
        load(write('[terminal]\nid = "1"\nname = S3CRET\n'))
    assert "S3CRET" not in str(caught.value)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match="countertop config new"):
        load(tmp_path / "absent.toml")


def test_a_file_of_another_encoding_is_named(tmp_path):
    path = tmp_path / "gbk.toml"
    path.write_bytes('name = "示范商店"'.encode("gbk"))
    with pytest.raises(ConfigError, match="Save the file as UTF-8"):
        load(path)


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ('[monitor]\naddress = "unix:m.sock"\n', "monitor"),
        ('[devices.msr]\ndriver = "evdev-msr"\naddress = "unix:r.sock"\n', "devices.msr.address"),
        ("", "acquirer.profile"),
    ],
)
def test_production_refuses_what_belongs_to_the_lab(problems, lines, key):
    found = problems(GOOD.replace('"lab"', '"production"') + lines)
    assert key in [problem.key for problem in found]


def test_production_refuses_training_and_a_pin_typed_here(problems):
    found = problems(GOOD.replace('environment = "lab"', 'environment = "production"\ntraining = true'))
    assert [problem.key for problem in found] == ["terminal.training", "acquirer.profile"]


def test_two_devices_may_not_share_an_address(problems):
    (problem,) = problems(
        GOOD
        + '[devices.msr]\ndriver = "evdev-msr"\naddress = "/dev/input/event3"\n'
        + '[devices.scanner]\ndriver = "evdev-scanner"\naddress = "/dev/input/event3"\n'
    )
    assert problem.key == "devices.scanner.address"


def test_a_socket_path_that_no_socket_can_have_is_refused(problems):
    (problem,) = problems(GOOD + f'[monitor]\naddress = "unix:{"x" * 120}"\n')
    assert "107 bytes" in problem.expected


def test_a_port_that_does_not_exist_is_refused(problems):
    (problem,) = problems(GOOD.replace(":8583", ":70000"))
    assert problem.key == "host.address"


def test_an_unknown_profile_lists_those_that_exist(problems):
    (problem,) = problems(GOOD.replace('"unionpay-lab"', '"unionpay"'))
    assert "unionpay-lab" in problem.expected


def test_a_profile_of_ones_own_stands_beside_the_configuration(write):
    write('dialect = "unionpay-pos"\ntpdu = "6000120000"\nheader = "603100311108"\ncurrency = "156"\n', "bank.toml")
    settings = load(write(GOOD.replace('"unionpay-lab"', '"bank.toml"')))
    assert settings.acquirer_profile.tpdu == "6000120000"


def test_mistakes_in_a_profile_name_the_profile(write):
    write('dialect = "unionpay-pos"\ntpdu = "12"\nheader = "603100311108"\ncurrency = "156"\n', "bank.toml")
    with pytest.raises(ConfigError) as caught:
        load(write(GOOD.replace('"unionpay-lab"', '"bank.toml"')))
    assert [(problem.file, problem.key) for problem in caught.value.problems] == [("bank.toml", "tpdu")]


def test_single_keys_of_a_profile_can_differ_at_a_terminal(write):
    text = GOOD.replace('profile = "unionpay-lab"', 'profile = "unionpay-lab"\noverrides = { response_s = 12 }')
    assert load(write(text)).acquirer_profile.response_s == 12


def test_a_mistake_in_an_override_names_both_files(problems):
    (problem,) = problems(
        GOOD.replace('profile = "unionpay-lab"', 'profile = "unionpay-lab"\noverrides = { respnse_s = 12 }')
    )
    assert re.search(r"unionpay-lab\.toml.*terminal\.toml", problem.file)
    assert problem.remedy == "Rename it to response_s."


@pytest.mark.parametrize(
    "changes",
    [
        {"pin_length_min": 8, "pin_length_max": 6},
        {"reversal_retry_first_s": 60, "reversal_retry_max_s": 30},
        {"ambiguous_codes": ["00"]},
        {"pin_key_bytes": 8, "mac_field_bytes": 16},
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(changes):
    with pytest.raises(ConfigError):
        load_profile("unionpay-lab", **changes)


@pytest.mark.parametrize(
    ("form", "operator", "text"),
    [
        ("01 ", "01", "01 "),
        ("001", "1", "001"),
        ("01", "12", "12"),
        ("01 ", "99", "99 "),
        ("01 ", "", "01 "),
        ("001", "", "001"),
    ],
)
def test_operators_are_written_as_the_acquirer_wants_them(form, operator, text):
    assert load_profile("unionpay-lab", operator_form=form).operator_text(operator) == text


@pytest.mark.parametrize(
    ("pin", "amount_minor", "wanted"),
    [("always", 1, True), ("never", 10**9, False), ("above-limit", 100_000, False), ("above-limit", 100_001, True)],
)
def test_a_pin_is_asked_for_by_the_acquirers_rule(pin, amount_minor, wanted):
    assert load_profile("unionpay-lab", pin=pin, pin_free_max_minor=100_000).pin_wanted(amount_minor) is wanted
