"""What is connected is recognised and named by what stays; who may not open it learns which rule is missing."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from drivers import access
from drivers.access import RULES, remedy_for
from drivers.discovery import Use, discover
from drivers.hotplug import Hotplug
from drivers.sysfs import node_of
from tools.devices import cli
from tools.devices.match import matches

ROOT = Path(__file__).resolve().parents[2]
ALL_KEYS = f"{(1 << 2) - 1:x} ffffffffffffffff"
FEW_KEYS = f"{sum(1 << code for code in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 28)):x}"
MOUSE_KEYS = "1f0000 0 0 0 0"


class Machine:
    """A machine's ``/sys`` and ``/dev``, made of files."""

    def __init__(self, folder):
        self.sys, self.dev = folder / "sys", folder / "dev"
        self.ports = 0

    def write(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text) if isinstance(text, bytes) else path.write_text(text + "\n", "utf-8")

    def usb(self, vendor, product, serial="", maker="Acme", model="Thing", classes=("03",)):
        """A USB device; gives the folder of its first interface."""
        self.ports += 1
        name = f"1-{self.ports}"
        device = self.sys / "devices" / "usb1" / name
        values = {"idVendor": f"{vendor:04x}", "idProduct": f"{product:04x}", "serial": serial, "manufacturer": maker,
                  "product": model, "busnum": "1", "devnum": str(self.ports)}  # fmt: skip
        for file, value in values.items():
            if value:
                self.write(device / file, value)
        listed = self.sys / "bus" / "usb" / "devices"
        listed.mkdir(parents=True, exist_ok=True)
        for number, kind in enumerate(classes):
            interface = device / f"{name}:1.{number}"
            self.write(interface / "bInterfaceClass", kind)
            (listed / interface.name).symlink_to(interface)
        self.write(self.dev / "bus/usb/001" / f"{self.ports:03}", "")
        return device / f"{name}:1.0"

    def input(self, number, name, keys, parent=None, by_id="", snd="0"):
        folder = (parent or self.sys / "devices/platform") / f"input{number}"
        self.write(folder / "name", name)
        self.write(folder / "capabilities" / "key", keys)
        self.write(folder / "capabilities" / "snd", snd)
        self.class_of("input", f"event{number}", folder)
        self.node(f"input/event{number}", by_id and f"input/by-id/{by_id}")

    def tty(self, name, parent=None, by_id="", type="0"):
        folder = self.class_of("tty", name, parent)
        self.write(folder / "type", type)
        self.node(name, by_id and f"serial/by-id/{by_id}")

    def hidraw(self, number, parent, descriptor):
        self.write(parent / "report_descriptor", descriptor)
        self.class_of("hidraw", f"hidraw{number}", parent)
        self.node(f"hidraw{number}")

    def class_of(self, kind, name, device):
        folder = self.sys / "class" / kind / name
        folder.mkdir(parents=True, exist_ok=True)
        if device is not None:
            (folder / "device").symlink_to(device)
        return folder

    def node(self, name, link=""):
        self.write(self.dev / name, "")
        if link:
            (self.dev / link).parent.mkdir(parents=True, exist_ok=True)
            (self.dev / link).symlink_to(self.dev / name)

    def found(self):
        return discover(self.sys, self.dev)


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    machine.input(0, "Power Button", "10000000000000 0")
    machine.input(1, "Acme Mouse", MOUSE_KEYS, machine.usb(0x046D, 0xC077, classes=("03",)))
    machine.input(2, "PC Speaker", "0", snd="6")
    machine.input(3, "Acme POS Keypad", FEW_KEYS, machine.usb(0x1D6B, 0x0201, "KP1"), "usb-Acme_Keypad_KP1-event-kbd")
    machine.input(4, "Mag-Tek USB Swipe Reader", ALL_KEYS, machine.usb(0x0801, 0x0001, "R1"), "usb-Mag_R1-event-kbd")
    machine.input(5, "Imager", ALL_KEYS, machine.usb(0x0C2E, 0x0200, "S1"))
    machine.input(6, "AT Translated Set 2 keyboard", ALL_KEYS)
    machine.input(7, "nameless", FEW_KEYS, machine.usb(0x1234, 0x0001))
    machine.hidraw(0, machine.usb(0x0801, 0x0002, "M1"), bytes.fromhex("0600ff0901a101"))
    machine.hidraw(1, machine.usb(0x0C2E, 0x0900, "P1"), bytes.fromhex("058c0902a101"))
    machine.tty("ttyS0", type="4")
    machine.tty("ttyS1")
    machine.tty("ttyACM0", machine.usb(0x1FC9, 0x00A3, "PAD1", classes=("02", "0a")), "usb-Acme_Pad_PAD1-if00")
    machine.tty("ttyACM1", machine.usb(0x0C2E, 0x0901, "L1", classes=("02", "0a")))
    machine.usb(0x04B8, 0x0E15, "SLIP1", classes=("07",), model="TM-T20")
    return machine


def test_each_device_is_taken_for_what_it_is_and_says_why(machine):
    found = {Path(one.node).name: one for one in machine.found()}
    assert {name: (one.use, one.driver) for name, one in found.items()} == {
        "event0": (Use.UNKNOWN, ""),
        "event1": (Use.UNKNOWN, ""),
        "event2": (Use.BEEPER, ""),
        "event3": (Use.KEYPAD, "evdev-keypad"),
        "event4": (Use.MSR, "evdev-msr"),
        "event5": (Use.SCANNER, "evdev-scanner"),
        "event6": (Use.UNKNOWN, ""),
        "event7": (Use.KEYPAD, "evdev-keypad"),
        "hidraw0": (Use.MSR, "hid-msr"),
        "hidraw1": (Use.SCANNER, "hid-scanner"),
        "ttyS0": (Use.SERIAL, ""),
        "ttyACM0": (Use.SERIAL, ""),
        "ttyACM1": (Use.SCANNER, "serial-scanner"),
        "010": (Use.PRINTER, "escpos-printer"),
    }
    assert all(one.why for one in found.values())
    assert found["event4"].why == "its maker is MagTek"


def test_a_device_is_named_by_what_stays(machine):
    addresses = {Path(one.node).name: one.address for one in machine.found()}
    assert addresses["event3"].endswith("/input/by-id/usb-Acme_Keypad_KP1-event-kbd")
    assert addresses["event5"] == "usb:0c2e:0200:S1"
    assert addresses["hidraw0"] == "usb:0801:0002:M1"
    assert addresses["ttyACM0"].endswith("/serial/by-id/usb-Acme_Pad_PAD1-if00?baud=9600")
    assert addresses["ttyACM1"] == "usb:0c2e:0901:L1?baud=9600"
    assert addresses["event7"].endswith("/input/event7"), "it has no serial number and no name by id"


def test_an_identity_leads_to_the_node_it_has_now(machine):
    for kind, identity, node in (
        ("evdev", (0x0C2E, 0x0200, "S1"), "input/event5"),
        ("evdev", (0x0C2E, 0x0200, ""), "input/event5"),
        ("serial", (0x0C2E, 0x0901, "L1"), "ttyACM1"),
    ):
        assert node_of(kind, *identity, sys=machine.sys, dev=str(machine.dev)) == f"{machine.dev}/{node}"
    with pytest.raises(FileNotFoundError):
        node_of("evdev", 0x0C2E, 0x0200, "another", sys=machine.sys)


def test_of_two_nodes_of_a_device_the_one_with_digits_is_meant(machine):
    parent = machine.usb(0x4321, 0x0001, "K9")
    machine.input(8, "Media keys", "e000000000000 0", parent)
    machine.input(9, "Digits", FEW_KEYS, parent)
    assert node_of("evdev", 0x4321, 1, "K9", sys=machine.sys, dev="/dev") == "/dev/input/event9"


def test_a_configuration_is_compared_with_what_is_there(machine):
    found = machine.found()
    told = {
        match.section: match
        for match in matches(
            {
                "keypad": {"address": str(machine.dev / "input/by-id/usb-Acme_Keypad_KP1-event-kbd")},
                "msr": {"address": "usb:0801:0002:M1"},
                "scanner": {"address": "usb:0c2e:ffff"},
                "printer": {"address": "usb:04b8:0e15"},
                "pin_pad": {"address": "unix:/run/pad.sock"},
            },
            found,
        )
    }
    assert told["keypad"].node.endswith("input/event3") and not told["keypad"].problem
    assert told["msr"].node.endswith("hidraw0")
    assert told["scanner"].problem == "is not connected." and told["scanner"].remedy
    assert not told["printer"].problem and not told["pin_pad"].problem


def test_two_devices_of_one_kind_want_a_serial_number(machine):
    machine.input(8, "Imager", ALL_KEYS, machine.usb(0x0C2E, 0x0200, "S2"))
    (match,) = matches({"scanner": {"address": "usb:0c2e:0200"}}, machine.found())
    assert "several" in match.problem and "serial number" in match.remedy


def test_who_may_not_open_a_device_learns_the_missing_rule(machine, monkeypatch):
    monkeypatch.setattr("drivers.discovery.os.access", lambda path, mode: False)
    remedies = {one.use: one.remedy for one in machine.found()}
    assert 'SUBSYSTEM=="input"' in remedies[Use.KEYPAD] and "'input'" in remedies[Use.KEYPAD]
    assert 'SUBSYSTEM=="tty"' in remedies[Use.SERIAL] and "'dialout'" in remedies[Use.SERIAL]
    assert "0701" in remedies[Use.PRINTER]


# -- the rules file


def rules():
    text = (ROOT / access.RULES_FILE).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_every_rule_that_a_message_names_stands_in_the_file_and_no_other():
    assert sorted(rules()) == sorted(rule.line for rule in RULES.values())


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_written_as_udev_reads_it(rule):
    parts = re.split(r", (?=[A-Z])", rule.line)
    form = re.compile(r'^(SUBSYSTEM|KERNEL|ENV\{[A-Z_]+\}|MODE|GROUP)(==|=)"[^"]+"$')
    assert all(form.match(part) for part in parts), parts
    matching = [part for part in parts if "==" in part]
    setting = {part.partition("=")[0]: part.partition("=")[2].strip('"') for part in parts if "==" not in part}
    assert matching and setting == {"MODE": "0660", "GROUP": rule.group}


def test_the_services_user_is_in_every_group_the_rules_name():
    unit = (ROOT / "config/systemd/countertop.service").read_text("utf-8")
    groups = re.search(r"^SupplementaryGroups=(.*)$", unit, re.MULTILINE)[1].split()
    assert {rule.group for rule in RULES.values()} <= set(groups)
    assert "AF_NETLINK" in unit, "hot plug is heard over netlink"


def test_an_address_without_a_rule_still_has_a_remedy():
    assert remedy_for("tcp:printer:9100")


# -- the command


@pytest.fixture
def listed(machine, monkeypatch):
    monkeypatch.setattr(cli, "discover", machine.found)
    return machine


def test_the_list_shows_what_to_write_into_a_configuration(listed, capsys):
    assert cli.main([]) == 0
    said = capsys.readouterr().out
    assert 'address = "usb:0801:0002:M1"   driver = "hid-msr"' in said
    assert "its maker is MagTek" in said


def test_the_list_as_json_is_for_programs(listed, capsys):
    assert cli.main(["--json"]) == 0
    devices = json.loads(capsys.readouterr().out)["devices"]
    (reader,) = [one for one in devices if one["driver"] == "hid-msr"]
    assert reader["identity"]["serial"] == "M1" and reader["use"] == "msr"


def test_watching_tells_what_comes_and_goes(machine, monkeypatch):
    monkeypatch.setattr(cli, "LOOK_S", 0.01)
    said, spoken = [], asyncio.Event()

    def say(line):
        said.append(line)
        spoken.set()

    async def heard():
        async with asyncio.timeout(10):
            await spoken.wait()
        spoken.clear()

    async def story():
        task = asyncio.create_task(cli.watch(machine.found(), True, machine.found, say))
        machine.input(8, "Spare keypad", FEW_KEYS, machine.usb(0x1D6B, 0x0202, "KP2"))
        await heard()
        folder = machine.sys / "class/input/event8"
        (folder / "device").unlink()
        folder.rmdir()
        await heard()
        task.cancel()

    asyncio.run(story())
    assert [json.loads(line)["change"] for line in said] == ["come", "gone"]
    assert all("KP2" in line for line in said)


def test_a_check_says_how_each_device_is(tmp_path, capsys):
    config = tmp_path / "terminal.toml"
    config.write_text(
        '[terminal]\nid = "10000001"\nmerchant_id = "999290054110001"\nmerchant_name = "Shop"\nstate_dir = "s"\n'
        'serial_number = "CT-1"\nenvironment = "lab"\n[acquirer]\nprofile = "unionpay-lab"\n[host]\n'
        'address = "tcp:127.0.0.1:1"\n[keys]\npath = "k"\n[devices.msr]\ndriver = "evdev-msr"\n'
        'address = "unix:no.sock"\n',
        "utf-8",
    )
    cli_main = cli.main(["--config", str(config), "--check", "internal", "--json"])
    (told,) = json.loads(capsys.readouterr().out)
    assert cli_main == 1
    assert told["device"] == "msr" and told["verdict"] == "bad" and told["remedy"]


def test_a_check_without_a_configuration_says_what_it_wants(capsys):
    assert cli.main(["--check", "internal"]) == 2
    assert "--config" in capsys.readouterr().err


def test_hotplug_starts_and_ends_wherever_it_runs():
    """Also in a container without netlink."""

    async def story():
        hotplug = Hotplug(lambda: None)
        hotplug.start()
        await asyncio.sleep(0)
        hotplug.close()
        hotplug.close()

    asyncio.run(story())
