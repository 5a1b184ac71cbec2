"""From a file to checked settings: read, decode strictly, make paths absolute, check what belongs together."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, structs

from config import ecr, watching
from config.checks import check_document, check_profile
from config.errors import ConfigError, Problem
from config.overlay import NO_CHANGES, overlaid
from config.profile import AcquirerProfile
from config.schema import Document, Settings

__all__ = ["PROFILES", "default_file", "load", "load_profile", "profile_file", "profile_names", "read_toml"]

S = TypeVar("S", bound=Struct)

PROFILES = Path(__file__).parent / "acquirers"
"""Where the built-in profiles are."""
_PATH_PREFIXES = ("unix:", "file:")
"""Address forms whose rest is a path, relative to the configuration file."""


def load(path: Path | str, changes: Mapping[str, Any] = NO_CHANGES) -> Settings:
    """Settings of a terminal from its TOML file. Raises ConfigError with everything that is wrong.

    ``changes`` are parameters by their keys (``host.address``, or ``response_s`` of the profile) whose values
    stand in place of the file's (``config/overlay.py``); the whole is checked as if it were one file.
    """
    path = Path(path)
    name = f"{path.name} with its changes" if changes else path.name
    problems: list[Problem] = []
    document = _decode(overlaid(read_toml(path), changes), Document, name, problems)
    if document is None:
        raise ConfigError(problems)
    folder = path.resolve().parent
    profile = _profile(document.acquirer.profile, folder, document.acquirer.overrides, name, problems)
    if profile is not None:
        document = _absolute(document, folder)
        problems.extend(check_document(document, profile, name))
    if profile is None or problems:
        raise ConfigError(problems)
    return Settings(
        terminal=document.terminal,
        acquirer_profile=profile,
        host=document.host,
        keys=document.keys,
        connected=document.devices,
        timeouts=document.timeouts,
        monitor=document.monitor,
        log=document.log,
        metrics=document.metrics,
        recorder=document.recorder,
        ecr=document.ecr,
        network=document.network,
    )


def load_profile(name: str, folder: Path | str = ".", **overrides: Any) -> AcquirerProfile:
    """An acquirer's profile by its built-in name or by a path relative to ``folder``. Raises ConfigError."""
    problems: list[Problem] = []
    profile = _profile(name, Path(folder), overrides, name, problems)
    if profile is None:
        raise ConfigError(problems)
    return profile


def profile_names() -> list[str]:
    """Names of the built-in profiles."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def profile_file(name: str, folder: Path) -> Path:
    """The file of a profile by its built-in name or its path relative to ``folder``."""
    return folder / name if name.endswith(".toml") else PROFILES / f"{name}.toml"


def default_file() -> Path:
    """The commented default configuration."""
    return Path(__file__).parent / "defaults" / "terminal.toml"


def _profile(
    name: str, folder: Path, overrides: Mapping[str, Any], asked_in: str, problems: list[Problem]
) -> AcquirerProfile | None:
    path = profile_file(name, folder)
    if not name.endswith(".toml") and name not in profile_names():
        problems.append(
            Problem(
                asked_in,
                "acquirer.profile",
                "one of " + ", ".join(profile_names()) + ", or the path of a .toml file",
                "a name that is not known",
                'Write: profile = "unionpay-lab"   in section [acquirer]',
            )
        )
        return None
    try:
        values = read_toml(path)
    except ConfigError as error:
        problems.extend(error.problems)
        return None
    given = {key for key in overrides if values.get(key) != overrides[key]}
    file = path.name if not given else f"{path.name} with the overrides of {asked_in}"
    found: list[Problem] = []
    profile = _decode({**values, **overrides}, AcquirerProfile, file, found)
    if profile is not None:
        found.extend(check_profile(profile, file))
    problems.extend(found)
    return None if found else profile


def read_toml(path: Path) -> dict[str, Any]:
    """Tables of a file. Raises ConfigError, which never quotes it."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        found, remedy = "nothing", "Check the path, or make one: countertop config new > terminal.toml"
    except OSError as error:
        found, remedy = f"a file that cannot be read ({error.strerror})", "Give this user the right to read it."
    except UnicodeDecodeError:
        found, remedy = "bytes that are not UTF-8", "Save the file as UTF-8."
    except tomllib.TOMLDecodeError as error:
        found, remedy = (
            f"a mistake {_place(error)}",
            "Texts stand in quotes, lists in [ ], true and false are bare words.",
        )
    raise ConfigError([Problem(str(path), "", "a TOML file", found, remedy)])


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Where a TOML mistake is; the parser's text may quote the file, so only its place is taken."""
    _, found, place = str(error).rpartition("(")
    return place.rstrip(")") if found else "somewhere"


def _decode(values: Mapping[str, Any], struct: type[S], file: str, problems: list[Problem]) -> S | None:
    try:
        return msgspec.convert(_listed(values), struct, strict=True)
    except msgspec.ValidationError:
        from config.diagnose import diagnose  # not on the way of a good file

        problems.extend(diagnose(values, struct, file))
        return None


def _listed(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with a single host as a list of one (``SINGLE`` in the schema)."""
    host = values.get("host")
    if isinstance(host, dict) and isinstance(host.get("address"), str):
        return {**values, "host": {**host, "address": [host["address"]]}}
    return values


def _absolute(document: Document, folder: Path) -> Document:
    """The document with every path made absolute against the file's folder."""
    keys, devices = document.keys, document.devices
    present = {
        name: structs.replace(device, address=_address(device.address, folder))
        for name in ("keypad", "msr", "scanner", "pin_pad", "printer")
        if (device := getattr(devices, name)) is not None
    }
    if devices.printer is not None and devices.printer.logo is not None:
        present["printer"] = structs.replace(present["printer"], logo=str(folder / devices.printer.logo))
    monitor, host = document.monitor, document.host
    if host.tls is not None:
        files = {name: str(folder / path) for name in ("ca", "certificate", "key") if (path := getattr(host.tls, name))}
        host = structs.replace(host, tls=structs.replace(host.tls, **files))
    return structs.replace(
        document,
        terminal=structs.replace(document.terminal, state_dir=str(folder / document.terminal.state_dir)),
        host=host,
        keys=structs.replace(
            keys,
            path=str(folder / keys.path),
            credential=None if keys.credential is None else str(folder / keys.credential),
        ),
        devices=structs.replace(devices, **present),
        log=watching.absolute(document.log, folder),
        ecr=ecr.absolute(document.ecr, folder),
        monitor=monitor and structs.replace(monitor, address=_address(monitor.address, folder)),
    )


def _address(address: str, folder: Path) -> str:
    for prefix in _PATH_PREFIXES:
        if address.startswith(prefix):
            return prefix + str(folder / address.removeprefix(prefix))
    return address
