"""What the virtual machine boots: a kernel and an initramfs with busybox, modules in order and ``init``.

Written here, without cpio, kmod or depmod: a cpio archive is a header a file, and a module names its
dependencies in its own ``.modinfo``.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MODULES", "Image", "build"]

MODULES = (
    # what the guest itself lives on
    *("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay"),
    # input
    *("evdev", "uinput", "hid_generic", "usbhid"),
    # USB from both ends: the host controller whose devices are played by programs, and the classes
    *("dummy_hcd", "libcomposite", "usb_f_hid", "usb_f_acm", "usb_f_fs"),
    *("usblp", "cdc_acm", "ftdi_sio"),
    # what is plugged in from outside, and the screen
    *("xhci_pci", "bochs"),
)
"""Modules that are loaded, with all they depend on, in this order."""
PARAMETERS = {"dummy_hcd": "num=8"}
"""Arguments of modules: eight sockets, into which a device each can be plugged."""
INIT = Path(__file__).with_name("init.sh")


@dataclass(frozen=True, slots=True)
class Image:
    """What QEMU is given."""

    kernel: Path
    initramfs: Path
    release: str
    """As ``uname -r`` says it."""


def build(unpacked: Path, cache: Path) -> Image:
    """The image for an unpacked kernel; kept in the cache for as long as its ingredients are the same."""
    kernel = next((unpacked / "boot").glob("vmlinuz-*"))
    release = kernel.name.removeprefix("vmlinuz-")
    recipe = hashlib.sha256(repr((release, MODULES, PARAMETERS, INIT.read_bytes())).encode()).hexdigest()[:16]
    initramfs = cache / f"initramfs-{recipe}.cpio"
    if not initramfs.exists():
        for old in cache.glob("initramfs-*"):
            old.unlink()
        part = initramfs.with_suffix(".part")
        part.write_bytes(b"".join(_archive(_content(unpacked, release))))
        part.rename(initramfs)
    return Image(kernel, initramfs, release)


def _content(unpacked: Path, release: str) -> Iterator[tuple[str, int, bytes]]:
    """Names, modes and contents."""
    for folder in ("bin", "dev", "proc", "sys", "modules", "lower", "rw", "house"):
        yield folder, stat.S_IFDIR | 0o755, b""
    yield "init", stat.S_IFREG | 0o755, INIT.read_bytes()
    yield "bin/busybox", stat.S_IFREG | 0o755, (unpacked / "bin" / "busybox").read_bytes()
    order = []
    for name, content in _modules(unpacked / "lib" / "modules" / release):
        yield f"modules/{name}.ko", stat.S_IFREG | 0o644, content
        order.append(f"{name} {PARAMETERS.get(name, '')}".strip())
    yield "modules/order", stat.S_IFREG | 0o644, ("\n".join(order) + "\n").encode()


def _modules(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Each wanted module after all it needs; those built into the kernel need no file."""
    files = {_name(path.name): path for path in folder.rglob("*.ko*")}
    builtin = {_name(Path(line).name) for line in (folder / "modules.builtin").read_text("ascii").split()}
    done: set[str] = set()

    def load(name: str) -> Iterator[tuple[str, bytes]]:
        if name in done or name in builtin:
            return
        done.add(name)
        content = _plain(files[name])
        depends = re.search(rb"\0depends=([^\0]*)\0", content)
        for needed in depends[1].decode("ascii").split(",") if depends else ():
            if needed:
                yield from load(_name(needed))
        yield name, content

    for wanted in MODULES:
        yield from load(wanted)


def _name(file_name: str) -> str:
    return file_name.partition(".")[0].replace("-", "_")


def _plain(path: Path) -> bytes:
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content


def _archive(content: Iterable[tuple[str, int, bytes]]) -> Iterator[bytes]:
    """A cpio archive in the "newc" form that the kernel unpacks."""
    for number, (name, mode, data) in enumerate([*content, ("TRAILER!!!", 0, b"")], start=1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        yield head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
