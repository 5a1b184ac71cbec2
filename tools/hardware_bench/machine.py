"""The virtual machine: QEMU's command line, its life, its limits."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tools.hardware_bench.image import Image

__all__ = ["FOLDER", "QMP_PORT", "SERIAL_PORT", "Machine", "Run"]

MEMORY_MB, PROCESSORS = 768, 2
FOLDER = Path("/run/bench")
"""The shared folder as the guest sees it."""
QMP_PORT, SERIAL_PORT = "countertop.qmp", "countertop.serial"
"""Names of the guest's ports: QEMU's own monitor, and the far end of the FTDI adapter's line."""
_KERNEL_LINE = (
    "console=ttyS0 quiet loglevel=4 panic=-1 oops=panic mitigations=off nokaslr tsc=reliable vt.global_cursor_default=0"
)
STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended."""

    status: int | None
    """Exit status of the command inside; None when the machine ended without telling one."""
    seconds: float
    marks: tuple[float, ...]
    """Seconds of the kernel's clock: ``init`` began, modules loaded, file tree ready."""
    kernel_log: str


class Machine:
    """One guest for one command. ``folder`` is shared with it as ``/run/bench``, and writable."""

    def __init__(self, image: Image, folder: Path, *, deadline_s: float) -> None:
        self._image = image
        self._folder = folder
        self._deadline_s = deadline_s

    def run(
        self, command: Sequence[str], directory: Path, environment: dict[str, str], tell: Callable[[str], None]
    ) -> Run:
        """Boot, run a command, power off; ``tell`` is given each line the command writes."""
        for stale in ("status", "boot", "kernel.log"):
            (self._folder / stale).unlink(missing_ok=True)
        (self._folder / "start").write_text(_script(command, directory, environment), "utf-8")
        began = time.monotonic()
        with ExitStack() as stack:
            # Sockets have short names: a path to one may have 107 bytes.
            sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            stack.callback(_end, _tpm(sockets))
            qemu = subprocess.Popen(
                self._command(sockets),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            stack.callback(_end, qemu)
            guard = threading.Timer(self._deadline_s, qemu.kill)
            guard.daemon = True
            guard.start()
            stack.callback(guard.cancel)
            assert qemu.stdout is not None
            with qemu.stdout:
                for line in qemu.stdout:
                    tell(line.rstrip())
            qemu.wait(STOP_S)
        return Run(self._status(), time.monotonic() - began, self._marks(), self._read("kernel.log"))

    def _command(self, sockets: Path) -> list[str]:
        return [
            "qemu-system-x86_64",
            # Emulated throughout: the same machine everywhere, whether or not there is /dev/kvm.
            *("-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max"),
            *("-smp", str(PROCESSORS), "-m", str(MEMORY_MB)),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-kernel", str(self._image.kernel), "-initrd", str(self._image.initramfs), "-append", _KERNEL_LINE),
            *("-serial", f"file:{self._folder / 'kernel.log'}"),
            *_share("hostroot", Path("/"), ",readonly=on,multidevs=remap"),
            *_share("bench", self._folder, ""),
            *("-device", "VGA"),
            *("-device", "qemu-xhci,id=xhci"),
            *("-device", "virtio-serial-pci"),
            *("-chardev", "stdio,id=out,signal=off", "-device", "virtconsole,chardev=out"),
            # The guest speaks to QEMU's monitor, and to the far end of a serial line, through ports of its own:
            # QEMU is connected to itself.
            *("-qmp", f"unix:{sockets / 'qmp'},server=on,wait=off"),
            *("-chardev", f"socket,id=qmp-guest,path={sockets / 'qmp'}"),
            *("-device", f"virtserialport,chardev=qmp-guest,name={QMP_PORT}"),
            *("-chardev", f"socket,id=line,path={sockets / 'line'},server=on,wait=off"),
            *("-chardev", f"socket,id=line-guest,path={sockets / 'line'}"),
            *("-device", f"virtserialport,chardev=line-guest,name={SERIAL_PORT}"),
            *("-chardev", f"socket,id=tpm,path={sockets / 'tpm'}"),
            *("-tpmdev", "emulator,id=tpm,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm"),
        ]

    def _status(self) -> int | None:
        text = self._read("status").strip()
        return int(text) if text.isdigit() else None

    def _marks(self) -> tuple[float, ...]:
        return tuple(float(word) for word in self._read("boot").split())

    def _read(self, name: str) -> str:
        path = self._folder / name
        return path.read_text("utf-8", errors="replace") if path.exists() else ""


def _share(tag: str, folder: Path, options: str) -> tuple[str, str]:
    return "-virtfs", f"local,path={folder},mount_tag={tag},security_model=none{options}"


def _tpm(folder: Path) -> subprocess.Popen[bytes]:
    """A software TPM 2.0 with a state of its own, listening."""
    state = folder / "tpm-state"
    state.mkdir()
    process = subprocess.Popen(
        [
            *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}"),
            *("--ctrl", f"type=unixio,path={folder / 'tpm'}", "--terminate"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + STOP_S
    while not (folder / "tpm").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


def _end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _script(command: Sequence[str], directory: Path, environment: dict[str, str]) -> str:
    from shlex import quote

    exports = [f"export {name}={quote(value)}" for name, value in environment.items()]
    return "\n".join([*exports, f"cd {quote(str(directory))} || exit 1", f"exec {' '.join(map(quote, command))}", ""])
