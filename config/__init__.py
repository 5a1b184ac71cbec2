"""Configuration: TOML files decoded strictly against a schema that explains itself."""

from config.devices import Devices, Display, InputDevice, Printer
from config.errors import CHANGE, ConfigError, Problem
from config.load import default_file, load, load_profile, profile_names
from config.profile import AcquirerProfile
from config.schema import (
    AcquirerChoice,
    Host,
    Keys,
    Monitor,
    Settings,
    Terminal,
    Timeouts,
    Tls,
)

__all__ = [
    "AcquirerChoice",
    "CHANGE",
    "AcquirerProfile",
    "ConfigError",
    "Devices",
    "Display",
    "Host",
    "InputDevice",
    "Keys",
    "Monitor",
    "Printer",
    "Problem",
    "Settings",
    "Terminal",
    "Timeouts",
    "Tls",
    "default_file",
    "load",
    "load_profile",
    "profile_names",
]
