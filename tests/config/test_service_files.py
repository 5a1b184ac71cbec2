"""The files that make the terminal a service: tight, valid, and of one mind with each other and the device rules."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from drivers.access import RULES
from tools.run import CLEAN_MEMORY

ROOT = Path(__file__).resolve().parents[2]
SYSTEMD = ROOT / "config" / "systemd"
UNIT = SYSTEMD / "countertop.service"
EXPOSURE_TENTHS_MAX = 15
CONTROLLED = {
    "input": "char-input",
    "serial": "char-ttyS*",
    "printer": "char-usb",
    "hidraw": "char-hidraw",
    "usb-printer": "char-usb_device",
    "usb-hid": "char-usb_device",
    "framebuffer": "char-fb",
}
"""A class of the udev rules, and the kernel's name of it in the unit's device policy."""


def values(key):
    return [line.partition("=")[2] for line in UNIT.read_text("utf-8").splitlines() if line.startswith(f"{key}=")]


def analyze(*arguments):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    if arguments[0] == "security" and "--offline" not in _help():
        pytest.skip("this systemd-analyze cannot look at a unit offline")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=120)


def _help():
    return subprocess.run(
        ["systemd-analyze", "--help", "--no-pager"], capture_output=True, text=True, timeout=120
    ).stdout


def exposure(unit):
    return analyze("security", "--offline=true", f"--threshold={EXPOSURE_TENTHS_MAX}", "--no-pager", unit)


def test_the_service_is_exposed_no_further_than_it_has_to_be():
    told = exposure(UNIT)
    assert told.returncode == 0, told.stdout.splitlines()[-1:]
    assert float(re.search(r"exposure level for countertop.service: ([\d.]+)", told.stdout).group(1)) <= 1.5


@pytest.mark.parametrize(
    "line", ["NoNewPrivileges=yes", "ProtectSystem=strict", "SystemCallFilter=~@privileged @resources"]
)
def test_a_unit_that_lost_a_line_of_its_sandbox_is_noticed(line, tmp_path):
    text = UNIT.read_text("utf-8")
    assert line in text
    weaker = tmp_path / UNIT.name
    weaker.write_text(text.replace(line, ""), "utf-8")
    assert exposure(weaker).returncode != 0


def test_every_line_of_the_unit_is_one_that_the_service_manager_knows(tmp_path):
    """``verify`` reads the unit as the service manager would; the program it starts is one of this machine here."""
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text("utf-8")), "utf-8")
    told = analyze("verify", "--man=no", str(unit))
    ours = [line for line in (told.stdout + told.stderr).splitlines() if "countertop" in line]
    assert (told.returncode, ours) == (0, [])


def test_groups_of_rules_user_and_unit_are_the_same():
    users = (SYSTEMD / "countertop.sysusers.conf").read_text("utf-8")
    members = set(re.findall(r"(?m)^m countertop (\w+)", users))
    assert members == set(values("SupplementaryGroups")[0].split())
    assert {rule.group for rule in RULES.values()} <= members
    assert re.search(rf"(?m)^u {values('User')[0]} ", users)


def test_every_class_of_devices_with_a_rule_passes_the_device_policy():
    allowed = {value.split()[0] for value in values("DeviceAllow")}
    assert set(CONTROLLED) == set(RULES)
    assert set(CONTROLLED.values()) <= allowed


def test_folders_of_unit_and_machine_are_the_same():
    folders = {
        line.split()[1]: line.split()[2:5]
        for line in (SYSTEMD / "countertop.tmpfiles.conf").read_text("utf-8").splitlines()
        if line.startswith("d ")
    }
    user = values("User")[0]
    assert folders[f"/var/lib/{values('StateDirectory')[0]}"] == [values("StateDirectoryMode")[0], user, user]
    assert folders[f"/var/log/{values('LogsDirectory')[0]}"] == [values("LogsDirectoryMode")[0], user, user]
    assert folders["/etc/countertop"][0] == "0750"


def test_a_terminal_that_hangs_is_ended_and_started_again():
    assert (values("Type"), values("NotifyAccess"), values("Restart")) == (["notify"], ["main"], ["always"])
    assert [int(seconds) > 0 for seconds in values("WatchdogSec")] == [True]


def test_the_unit_sets_the_allocator_that_overwrites():
    assert dict(value.split("=", 1) for value in values("Environment")) == CLEAN_MEMORY
