"""The same messages through other libraries, each in its own vocabulary.

They are not requirements of this project: ``countertop benchmark codec --install`` puts them, locked by hash, into a
folder beside it. One of them is imported under another name, for its own is ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module, util
from pathlib import Path
from types import ModuleType
from typing import Any

from iso8583.declaration import Declaration, Field
from iso8583.elements import LEFT
from tools.benchmarks.codecs.construct_peer import compiled_construct
from tools.benchmarks.codecs.messages import Sample, Value

__all__ = ["FOLDER", "Peer", "PyIso8583", "install", "peers"]

FOLDER = Path(os.environ.get("COUNTERTOP_PEERS", f".peers/{sys.version_info[0]}.{sys.version_info[1]}"))
"""One a version of Python: some of them are compiled."""
_REQUIREMENTS = Path(__file__).parents[3] / "requirements" / "peers.txt"
_CODEC = {"ascii": "ascii", "latin-1": "latin-1", "ebcdic": "cp037", "hex": "ascii", "hex-ebcdic": "cp037"}


@dataclass(frozen=True, slots=True)
class Peer:
    """One library and one message: both ways, from and to its own mapping."""

    name: str
    encode: Callable[[], object]
    decode: Callable[[bytes], object]
    """Both are what is measured; what they give is compared with ours before."""
    same: Callable[[object], bool]


class PyIso8583:
    """pyiso8583 with a specification made from a declaration."""

    name = "pyiso8583"

    def __init__(self, folder: Path, declaration: Declaration) -> None:
        self.decoder = _module(folder / "iso8583" / "decoder.py", "peer_pyiso8583_decoder")
        self.encoder = _module(folder / "iso8583" / "encoder.py", "peer_pyiso8583_encoder")
        wire = declaration.wire
        digits = {"data_enc": "b", "max_len": 2} if wire.digits == "bcd" else {"data_enc": _CODEC[wire.digits]}
        bitmap = {"data_enc": "b", "max_len": 8} if wire.bitmap == "raw" else {"data_enc": _CODEC[wire.text]}
        fixed = {"len_enc": "ascii", "len_type": 0, "desc": ""}
        self.spec: dict[str, dict[str, Any]] = {
            "h": {"data_enc": "ascii", "max_len": 0, **fixed},
            "t": {"max_len": 4, **fixed, **digits},
            "p": {"max_len": 16, **fixed, **bitmap},
            "1": {"max_len": 16, **fixed, **bitmap},
            **{str(number): _specified(field) for number, field in declaration.fields().items()},
        }

    def encode(self, document: dict[str, str]) -> bytes:
        """Bytes of its own mapping."""
        raw, _ = self.encoder.encode(document, self.spec)
        return bytes(raw)

    def decode(self, data: bytes) -> dict[str, str]:
        """Its own mapping of bytes."""
        document, _ = self.decoder.decode(data, self.spec)
        return dict(document)

    def document(self, mti: str, elements: Mapping[int, Value]) -> dict[str, str]:
        """A message in its vocabulary: keys are texts, bytes are hexadecimal."""
        values = {
            str(number): value.hex().upper() if isinstance(value, bytes) else value
            for number, value in elements.items()
        }
        if self.spec["35"]["data_enc"] == "b" and "35" in values:
            values["35"] = values["35"].replace("=", "D")
        return {"t": mti, **values}


def _specified(field: Field) -> dict[str, Any]:
    size = field.prefix_bytes
    entry: dict[str, Any] = {
        "len_enc": {"bcd": "bcd", "binary": "b"}.get(field.prefix_coding, _CODEC.get(field.prefix_coding, "ascii")),
        "len_type": size,
        "max_len": field.maximum,
        "desc": "",
        "data_enc": "b" if field.coding in ("bcd", "raw") else _CODEC[field.coding],
    }
    if field.coding == "bcd":
        entry |= {"len_count": "nibbles", "left_pad" if field.pad == LEFT else "right_pad": "0"}
    elif field.coding.startswith("hex"):
        entry["max_len"] = 2 * field.maximum
    return entry


def _module(path: Path, name: str) -> ModuleType:
    known = sys.modules.get(name)
    if known is not None:
        return known
    spec = util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ImportError(f"{path} is not there")
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def install(folder: Path = FOLDER) -> bool:
    """Fetch the other libraries into a folder of their own; whether that worked."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
    return subprocess.run([*command, "--target", folder, "-r", _REQUIREMENTS], check=False).returncode == 0


def peers(sample: Sample, declaration: Declaration, wire: bytes, folder: Path = FOLDER) -> list[Peer]:
    """Every peer that is installed and can write this message."""
    found = [_construct(sample, declaration, wire)]
    if (folder / "iso8583").is_dir():
        found.append(_pyiso8583(sample, declaration, folder))
    if sample.dialect == "iso87-ascii" and (folder / "iso8583sim").is_dir():
        found.append(_iso8583sim(sample, folder))
    return found


def _pyiso8583(sample: Sample, declaration: Declaration, folder: Path) -> Peer:
    peer = PyIso8583(folder, declaration)
    document = peer.document(sample.mti, sample.elements)
    encode, decode, spec = peer.encoder.encode, peer.decoder.decode, peer.spec
    return Peer(
        peer.name,
        lambda: encode(document, spec)[0],
        lambda data: decode(data, spec)[0],
        lambda found: all(found[key] == value for key, value in document.items()),  # type: ignore[index]
    )


def _construct(sample: Sample, declaration: Declaration, wire: bytes) -> Peer:
    compiled = compiled_construct(declaration)
    parsed = compiled.parse(wire)
    values = {"mti": sample.mti, "bits": parsed["bits"]} | {
        f"e{n}": sample.elements.get(n) for n in declaration.elements
    }
    if "second" in parsed:
        values["second"] = parsed["second"]
    return Peer(
        "construct, compiled",
        lambda: bytes(compiled.build(values)),
        compiled.parse,
        lambda found: all(found[key] == value for key, value in values.items()),  # type: ignore[index]
    )


def _iso8583sim(sample: Sample, folder: Path) -> Peer:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # at the end: our own packages come first
    builder = import_module("iso8583sim.core.builder").ISO8583Builder()
    parser = import_module("iso8583sim.core.parser").ISO8583Parser()
    fields = {n: v.hex().upper() if isinstance(v, bytes) else v for n, v in sample.elements.items()}
    return Peer(
        "iso8583sim",
        lambda: str(builder.build(builder.create_message(sample.mti, fields))).encode("ascii"),
        lambda data: parser.parse(data.decode("ascii")),
        lambda found: all(found.fields[n] == value for n, value in fields.items()),  # type: ignore[attr-defined]
    )
