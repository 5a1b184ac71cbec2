"""A message bus of one's own with NetworkManager on it, played by python-dbusmock: cables, access points, a modem.

The bus is a real ``dbus-daemon``; what answers on it is a program in the system's Python (Debian: ``dbus``,
``python3-dbusmock``). Everything can be taken away and brought back while somebody looks.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from terminal.network import names
from terminal.network.bus import Bus, BusFault, unwrapped
from tools.rig.errors import RigError
from tools.rig.patience import PATIENCE

__all__ = ["PlayedNetwork", "missing"]

PYTHON = "/usr/bin/python3"
"""The one that the system's packages belong to."""
START_S = 60.0 * PATIENCE
LOOK_S = 0.05
_MOCK = "org.freedesktop.DBus.Mock"
_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>{address}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""
_PERSONAL, _OPEN = 0x100, 0
_FAILING = """
protection = args[0].get('802-11-wireless-security', {{}})
self.given = [str(key) for key in args[0]]
if not protection or str(protection.get('psk', '')) == {password!r}:
    ret = self.add_and_activate_connection(self, args[0], args[1], args[2])
else:
    ret = self.add_and_activate_connection(self, args[0], args[1], args[2])
    objects[args[1]].EmitSignal('org.freedesktop.NetworkManager.Device', 'StateChanged', 'uuu',
                                [dbus.UInt32(120), dbus.UInt32(60), dbus.UInt32({reason})])
"""
"""NetworkManager's activation with a password that is right or wrong; the template's always succeeds."""


@cache
def missing() -> str:
    """What this machine lacks to play a network, as a test's reason to be skipped; empty when nothing."""
    if shutil.which("dbus-daemon") is None:
        return "dbus-daemon is not installed (Debian: dbus)"
    tried = subprocess.run([PYTHON, "-c", "import dbusmock"], capture_output=True, timeout=START_S, check=False)
    return "" if tried.returncode == 0 else "python3-dbusmock is not installed"


class PlayedNetwork:
    """In a folder; a system without any link until some are plugged in."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix:path={folder / 'bus.sock'}"
        self._folder = folder
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._bus: Bus | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start_bus()
            await self.start_manager()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Everything ends."""
        for name in tuple(self._processes):
            await self.end(name)
        await self._hang_up()

    # --- coming and going ------------------------------------------------------------------

    async def start_bus(self) -> None:
        """The bus is there."""
        configuration = self._folder / "bus.conf"
        configuration.write_text(_CONFIGURATION.format(address=self.address), "ascii")
        with suppress(FileNotFoundError):
            (self._folder / "bus.sock").unlink()
        await self._start(
            "bus", "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", f"--config-file={configuration}"
        )
        async with asyncio.timeout(START_S):
            while True:
                with suppress(BusFault):
                    self._bus = await Bus.open(self.address)
                    return
                await self._alive("bus")

    async def stop_bus(self) -> None:
        """The bus goes, and with it whoever was on it."""
        for name in ("modem", "manager", "bus"):
            await self.end(name)
        await self._hang_up()

    async def start_manager(self) -> None:
        """NetworkManager runs, without any link."""
        await self._start("manager", PYTHON, "-m", "dbusmock", "--system", "--template", "networkmanager")
        await self._until_owned(names.NM, "manager")

    async def stop_manager(self) -> None:
        """NetworkManager ends."""
        await self.end("manager")

    async def start_modem_manager(self) -> None:
        """ModemManager runs, without a modem."""
        name = names.MODEM_MANAGER
        await self._start("modem", PYTHON, "-m", "dbusmock", "--system", name, "/org/freedesktop/ModemManager1", name)
        await self._until_owned(name, "modem")

    # --- links -----------------------------------------------------------------------------

    async def ethernet(self, interface: str = "eth0", *, metric: int | None = None) -> str:
        """A cable with a connection over it; the device's path."""
        device = await self._mock("AddEthernetDevice", "ssi", f"mock_{interface}", interface, 30)
        await self.up(device, "802-3-ethernet", f"wired {interface}", metric)
        return device

    async def up(self, device: str, kind: str, name: str, metric: int | None = None) -> None:
        """Connect a device with a profile of its own."""
        addresses: dict[str, Any] = {"method": ("s", "auto")}
        if metric is not None:
            addresses["route-metric"] = ("x", metric)
        profile = {"connection": {"id": ("s", name), "type": ("s", kind)}, "ipv4": addresses}
        (path,) = await self.call(names.PROFILES_PATH, names.PROFILES, "AddConnection", "a{sa{sv}}", profile)
        await self.call(device, _MOCK, "AddMethod", "sssss", names.DEVICE, "Reapply", "a{sa{sv}}tu", "", "")
        label = name.replace(" ", "_")
        await self._mock("AddActiveConnection", "assssu", [device], path, "/", label, 2)

    async def unplug(self, device: str) -> None:
        """The cable is pulled: the connection goes and the device is of no use."""
        found = await self.get(device, names.DEVICE, "ActiveConnection")
        await self._mock("RemoveActiveConnection", "ss", device, found)
        await self.set(device, names.DEVICE, "State", "u", 20)
        await self.call(device, _MOCK, "EmitSignal", "sssav", names.DEVICE, "StateChanged", "uuu",
                        [("u", 20), ("u", 100), ("u", 40)])  # fmt: skip

    async def wifi(self, interface: str = "wlan0") -> str:
        """A Wi-Fi adapter in no network; the device's path."""
        return await self._mock("AddWiFiDevice", "ssi", f"mock_{interface}", interface, 30)

    async def access_point(self, device: str, name: str, ssid: str, strength: int, *, security: int = _PERSONAL) -> str:
        """An access point in reach; its path."""
        hardware = f"00:23:f8:7e:12:{len(name):02x}"
        return await self._mock(
            "AddAccessPoint", "ssssuuuyu", device, name, ssid, hardware, 2, 2425, 5400, strength, security
        )

    async def password(self, right: str, reason: int = 7) -> None:
        """From now on only this password connects; another fails as NetworkManager fails, with a device's reason."""
        code = _FAILING.format(password=right, reason=reason)
        await self.replace(names.ROOT, names.NM, "AddAndActivateConnection", "a{sa{sv}}oo", "oo", code)

    async def forbid(self, path: str, interface: str, method: str, signature: str, returns: str = "") -> None:
        """From now on a method is refused, as polkit refuses it."""
        code = f"raise dbus.exceptions.DBusException('not authorized', name='{names.NM}.PermissionDenied')"
        await self.replace(path, interface, method, signature, returns, code)

    async def modem(self, *, state: int = 8, quality: int = 61, iccid: str = "89860012345678901234") -> str:
        """A modem with a SIM; the path of NetworkManager's device."""
        modem, sim = "/org/freedesktop/ModemManager1/Modem/0", "/org/freedesktop/ModemManager1/SIM/0"
        nothing: list[Any] = []
        values = {"State": ("i", state), "SignalQuality": ("(ub)", (quality, True)), "Sim": ("o", sim),
                  "StateFailedReason": ("u", 2)}  # fmt: skip
        card = {"SimIdentifier": ("s", iccid), "OperatorName": ("s", "Elisa")}
        where = "/org/freedesktop/ModemManager1"
        for path, interface, properties in ((modem, names.MODEM, values), (sim, names.SIM, card)):
            await self.call(where, _MOCK, "AddObject", "ssa{sv}a(ssss)", path, interface, properties, nothing,
                            name=names.MODEM_MANAGER)  # fmt: skip
        device = f"{names.ROOT}/Devices/mock_wwan0"
        known = {"DeviceType": ("u", 8), "State": ("u", 30), "Interface": ("s", "wwan0"), "Udi": ("s", modem),
                 "ActiveConnection": ("o", "/"), "AvailableConnections": ("ao", []),
                 "StateReason": ("(uu)", (30, 0))}  # fmt: skip
        await self.call(names.ROOT, _MOCK, "AddObject", "ssa{sv}a(ssss)", device, names.DEVICE, known, nothing)
        devices = await self.get(names.ROOT, names.NM, "Devices")
        await self.set(names.ROOT, names.NM, "Devices", "ao", [*devices, device])
        await self.call(names.ROOT, _MOCK, "EmitSignal", "sssav", names.NM, "DeviceAdded", "o", [("o", device)])
        return device

    # --- the bus ---------------------------------------------------------------------------

    async def call(
        self, path: str, interface: str, member: str, signature: str, *body: Any, name: str = names.NM
    ) -> tuple[Any, ...]:
        """Call a method; what it returns."""
        assert self._bus is not None, "the bus is there"
        return await self._bus.call(name, path, interface, member, signature, *body)

    async def get(self, path: str, interface: str, name: str) -> Any:
        """A property."""
        assert self._bus is not None, "the bus is there"
        return (await self._bus.properties(names.NM, path, interface))[name]

    async def set(self, path: str, interface: str, name: str, signature: str, value: Any) -> None:
        """Change a property, and say so."""
        await self._mock("SetProperty", "sssv", path, interface, name, (signature, value))

    async def add_property(self, path: str, interface: str, name: str, signature: str, value: Any) -> None:
        """A property that the template does not have."""
        await self.call(path, _MOCK, "AddProperty", "ssv", interface, name, (signature, value))

    async def profile(self, path: str) -> dict[str, dict[str, Any]]:
        """What a profile says."""
        (settings,) = await self.call(path, names.PROFILE, "GetSettings", "")
        return {group: {key: unwrapped(value) for key, value in keys.items()} for group, keys in settings.items()}

    async def replace(self, path: str, interface: str, method: str, signature: str, returns: str, code: str) -> None:
        """A method does something else from now on."""
        await self.call(path, _MOCK, "AddMethod", "sssss", interface, method, signature, returns, code)

    async def _mock(self, member: str, signature: str, *body: Any) -> str:
        found = await self.call(names.ROOT, _MOCK, member, signature, *body)
        return str(found[0]) if found else ""

    async def _until_owned(self, name: str, process: str) -> None:
        assert self._bus is not None, "the bus is there"
        async with asyncio.timeout(START_S):
            while not await self._bus.owned(name):
                await self._alive(process)

    async def _alive(self, name: str) -> None:
        if self._processes[name].returncode is not None:
            raise RigError(f"{name} ended; see {self._folder / name}.log")
        await asyncio.sleep(LOOK_S)

    async def _start(self, name: str, *command: str) -> None:
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address}
        environment.pop("PYTHONPATH", None)
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = await asyncio.create_subprocess_exec(
                *command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self._folder
            )

    async def end(self, name: str) -> None:
        """Kill ``bus``, ``manager`` or ``modem``."""
        process = self._processes.pop(name, None)
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _hang_up(self) -> None:
        if self._bus is not None:
            await self._bus.close()
            self._bus = None
