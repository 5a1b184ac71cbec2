"""What is known of the links as values: their order, their names and numbers."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import load
from config.errors import ConfigError
from terminal.network.names import DEFAULT_METRICS, link_state
from terminal.network.order import disordered, wanted_metric
from terminal.network.state import Kind, LinkState, bars_of, masked_iccid, shown_name
from terminal.network.wifi import security_of

ORDERS = list(itertools.permutations(Kind))


@given(st.sampled_from(ORDERS), st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 2000)), max_size=5))
def test_what_is_not_disordered_uses_a_link_of_the_first_kind_that_is_up(order, metrics):
    if metrics and not disordered(metrics, order):
        used = min(metrics, key=lambda one: one[1])[0]
        assert used == min((kind for kind, _ in metrics), key=order.index)


@given(st.sampled_from(ORDERS), st.sets(st.sampled_from(Kind)))
def test_the_metrics_that_are_wanted_are_in_order(order, kinds):
    assert not disordered([(kind, wanted_metric(kind, order)) for kind in kinds], order)


def test_networkmanagers_own_metrics_are_the_usual_order_and_need_no_writing():
    assert not disordered(list(DEFAULT_METRICS.items()), tuple(Kind))
    assert {kind: wanted_metric(kind, tuple(Kind)) for kind in Kind} == DEFAULT_METRICS


def test_two_links_of_one_kind_are_networkmanagers_business():
    assert not disordered([(Kind.ETHERNET, 100), (Kind.ETHERNET, 100)], tuple(Kind))
    assert disordered([(Kind.WIFI, 100), (Kind.ETHERNET, 100)], tuple(Kind))


def test_kinds_that_the_order_leaves_out_are_left_alone():
    assert not disordered([(Kind.MOBILE, 1), (Kind.ETHERNET, 100)], (Kind.ETHERNET, Kind.WIFI))


@given(st.text("0123456789", max_size=22))
def test_the_middle_of_a_sims_number_is_hidden(iccid):
    shown = masked_iccid(iccid)
    assert len(shown) <= 11
    assert shown == "" or "…" in shown
    assert len(iccid) <= 10 or (shown[:6], shown[-4:]) == (iccid[:6], iccid[-4:])


@given(st.binary(max_size=32))
def test_a_name_of_any_bytes_is_printable_and_short(name):
    assert shown_name(name).isprintable()
    assert len(shown_name(name, 10)) <= 10


@given(st.integers(-10, 120))
def test_bars_are_four_at_most_and_grow_with_the_signal(signal):
    assert 0 <= bars_of(signal) <= bars_of(signal + 1) <= bars_of(None) == 4


@pytest.mark.parametrize(
    ("flags", "wpa", "rsn", "security"),
    [
        (0, 0, 0, "open"), (1, 0, 0, "wep"), (1, 0x100, 0, "personal"), (1, 0, 0x188, "personal"),
        (1, 0, 0x500, "personal"), (1, 0, 0x400, "sae"), (0, 0, 0x800, "owe"), (1, 0, 0x200, "enterprise"),
        (1, 0, 0x2000, "enterprise"), (0, 0, 0x1000, "open"),
    ],
)  # fmt: skip
def test_an_access_points_flags_are_its_security(flags, wpa, rsn, security):
    """NM80211ApFlags and NM80211ApSecurityFlags; a mixed WPA2 and WPA3 network takes the password either way."""
    assert security_of(flags, wpa, rsn) == security


@pytest.mark.parametrize(
    ("number", "state"),
    [(10, LinkState.UNMANAGED), (20, LinkState.UNAVAILABLE), (30, LinkState.READY), (60, LinkState.CONNECTING),
     (90, LinkState.CONNECTING), (100, LinkState.UP), (110, LinkState.READY), (120, LinkState.FAILED)],
)  # fmt: skip
def test_a_devices_state_is_one_of_ours(number, state):
    """NMDeviceState."""
    assert link_state(number) is state


def test_a_kind_that_stands_twice_in_the_order_is_a_mistake_in_the_file(tmp_path):
    default = Path(load.__code__.co_filename).parent / "defaults" / "terminal.toml"
    file = tmp_path / "terminal.toml"
    file.write_text(f'{default.read_text("utf-8")}\n[network]\norder = ["wifi", "ethernet", "wifi"]\n', "utf-8")
    with pytest.raises(ConfigError, match=r"network\.order"):
        load(file)


def test_a_terminal_without_the_section_does_not_carry_the_bus():
    code = (
        "import sys, terminal.runtime, terminal.assembly, terminal.flows.idle; "
        "print([name for name in sys.modules if name.startswith(('jeepney', 'terminal.network'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert ran.stdout.strip() == "['terminal.network', 'terminal.network.state']"
