"""The bench itself: what the guest must offer before a driver's test means anything."""

from pathlib import Path

import pytest

DEVICES = ("/dev/uinput", "/dev/fb0", "/dev/tpmrm0", "/dev/virtio-ports/countertop.qmp")
PLUGGABLE_MIN = 8


@pytest.mark.parametrize("path", DEVICES)
def test_the_guest_has(path):
    assert Path(path).exists()


def test_devices_can_be_plugged_into_the_guests_own_sockets():
    assert len(list(Path("/sys/class/udc").iterdir())) >= PLUGGABLE_MIN


def test_the_kernel_is_debians_and_not_this_machines():
    assert "Debian" in Path("/proc/version").read_text("ascii")
