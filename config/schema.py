"""What a configuration may say: every key, its meaning, its bounds and an example.

``title`` of a key says what is expected, ``description`` what it means, ``examples`` how it is
written. Error messages, the reference page and the tests of the default files read them from here.
A key that is not declared here is an error in the file, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field, structs

from config.devices import Devices, Display, InputDevice, Printer
from config.ecr import Ecr
from config.host import SINGLE, Host, Tls
from config.network import Network
from config.profile import AcquirerProfile
from config.watching import Log, Metrics

__all__ = [
    "SECRET",
    "SINGLE",
    "AcquirerChoice",
    "Document",
    "Host",
    "Keys",
    "Monitor",
    "Recorder",
    "Settings",
    "Terminal",
    "Timeouts",
    "Tls",
]

SECRET = "secret"  # noqa: S105 -- a mark
"""Mark of a key whose value is never shown, printed or told; also of one that only opens what is secret."""

Language = Literal["zh", "en", "fi"]
Seconds = Annotated[float, Meta(ge=1, le=3600, title="seconds from 1 to 3600", examples=[60])]


class Terminal(Struct, frozen=True, forbid_unknown_fields=True):
    """``[terminal]``: who this terminal is."""

    id: Annotated[
        str,
        Meta(
            pattern=r"^[0-9A-Za-z]{8}$",
            title="8 letters or digits",
            description="Terminal number from the acquirer; element 41.",
            examples=["10000001"],
        ),
    ]
    merchant_id: Annotated[
        str,
        Meta(
            pattern=r"^[0-9A-Za-z]{15}$",
            title="15 letters or digits",
            description="Merchant number from the acquirer; element 42.",
            examples=["999290054110001"],
        ),
    ]
    merchant_name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=40,
            title="1 to 40 characters",
            description="Name on slips and on the PIN screen.",
            examples=["示范商店 Corner Shop"],
        ),
    ]
    state_dir: Annotated[
        str,
        Meta(
            min_length=1,
            title="the path of a folder",
            description="Where the journal lives: a local disk, mode 0700. Relative to this file.",
            examples=["/var/lib/countertop"],
        ),
    ]
    serial_number: Annotated[
        str,
        Meta(
            pattern=r"^[0-9A-Za-z-]{1,20}$",
            title="1 to 20 letters, digits or hyphens",
            description="Serial number of the device; element 62 of the sign-on.",
            examples=["CT-0000001"],
        ),
    ]
    language: Annotated[
        Language, Meta(description="Language of the screens and of the merchant's slip.", examples=["zh"])
    ] = "zh"
    customer_language: Annotated[
        Language | None,
        Meta(
            description="Language of the customer's questions and slip, until # changes it; as language when absent.",
            examples=["en"],
        ),
    ] = None
    environment: Annotated[
        Literal["lab", "production"],
        Meta(description="Lab allows simulated devices and the monitor; its keys never open in production."),
    ] = "production"
    training: Annotated[
        bool, Meta(description="Every screen and slip says that it is worth nothing.", examples=[True])
    ] = False
    operators: Annotated[
        bool,
        Meta(
            description="Operators sign in with a number and a password; production always wants them.", examples=[True]
        ),
    ] = True


class AcquirerChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """``[acquirer]``: which acquirer's rules apply."""

    profile: Annotated[
        str,
        Meta(
            min_length=1,
            title="the name of a built-in profile or the path of a profile file",
            description="Rules of the acquirer: a built-in name, or a .toml path relative to this file.",
            examples=["unionpay-lab"],
        ),
    ]
    overrides: Annotated[
        dict[str, Any],
        Meta(
            title="a table of profile keys",
            description="Single keys of the profile that differ at this terminal.",
            examples=[{"response_s": 30}],
        ),
    ] = field(default_factory=dict)


class Keys(Struct, frozen=True, forbid_unknown_fields=True):
    """``[keys]``: the key vault and what opens it."""

    path: Annotated[
        str,
        Meta(
            min_length=1,
            title="the path of a file",
            description="The vault's file, mode 0600. Relative to this file.",
            examples=["/var/lib/countertop/keys.vault"],
        ),
    ]
    protector: Annotated[
        Literal["credential", "passphrase", "tpm2", "pkcs11"],
        Meta(
            description="What opens the vault: a credential file, a passphrase asked at start, the TPM, or a token.",
            examples=["credential"],
        ),
    ] = "credential"
    credential: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            title="the path of a file",
            description="The credential; when absent, countertop-vault in the service manager's credentials folder."
            " With tpm2 its authorisation value (none when absent), with pkcs11 the token's PIN.",
            examples=["/etc/countertop/vault.credential"],
        ),
    ] = None
    tpm_registers: Annotated[
        tuple[Annotated[int, Meta(ge=0, le=23)], ...],
        Meta(
            min_length=1,
            max_length=24,
            title="a list of numbers from 0 to 23",
            description="Registers of the TPM (PCR) that must be as they were; 7 is who may boot.",
            examples=[[7]],
        ),
    ] = (7,)
    tpm_device: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            title="a name of the TPM software stack",
            description="Where the TPM is; when absent, the kernel's resource manager /dev/tpmrm0.",
            examples=["device:/dev/tpmrm0"],
        ),
    ] = None
    token_module: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            title="the path of a file",
            description="The token's PKCS #11 library; with pkcs11 it is required.",
            examples=["/usr/lib/softhsm/libsofthsm2.so"],
        ),
    ] = None
    token_label: Annotated[
        str, Meta(min_length=1, max_length=32, description="Label of the token.", examples=["countertop"])
    ] = "countertop"  # noqa: S105 -- the name of a token is no password
    loader: Annotated[
        Annotated[str, Meta(pattern=r"^serial:/.+$")] | None,
        Meta(
            title="serial:/dev/…?baud=9600",
            description="Serial line where a technician connects a key-loading device.",
            examples=["serial:/dev/ttyS1?baud=9600"],
        ),
    ] = None


class Timeouts(Struct, frozen=True, forbid_unknown_fields=True):
    """``[timeouts]``: how long people have; the last 10 seconds are counted down on the screen."""

    menu_s: Annotated[Seconds, Meta(description="In a menu, without a key.", examples=[60])] = 60
    amount_s: Annotated[Seconds, Meta(description="To enter the amount.", examples=[60])] = 60
    card_s: Annotated[Seconds, Meta(description="To present card or code.", examples=[60])] = 60
    pin_s: Annotated[Seconds, Meta(description="To enter the PIN, from key to key.", examples=[60])] = 60
    outcome_s: Annotated[Seconds, Meta(description="How long a result stays on the screen.", examples=[15])] = 15


class Monitor(Struct, frozen=True, forbid_unknown_fields=True):
    """``[monitor]``: a window into the running terminal for developers; lab only."""

    address: Annotated[
        str,
        Meta(
            pattern=r"^unix:.+$",
            title="unix:PATH",
            description="Unix socket that tells screens, masked messages and device states as JSON lines.",
            examples=["unix:monitor.sock"],
        ),
    ]

    @property
    def path(self) -> Path:
        """The socket's path."""
        return Path(self.address.removeprefix("unix:"))


class Recorder(Struct, frozen=True, forbid_unknown_fields=True):
    """``[recorder]``: the flight recorder; without this section nothing is recorded."""

    size_mib: Annotated[
        int,
        Meta(
            ge=2,
            le=1024,
            title="a number of mebibytes from 2 to 1024",
            description="Room for recordings in the state folder; each start makes a new one, the oldest are removed."
            " One recording takes half of it at most.",
            examples=[32],
        ),
    ] = 32


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """A terminal's configuration file, as it is written."""

    terminal: Terminal
    acquirer: AcquirerChoice
    host: Host
    keys: Keys
    devices: Devices = Devices()
    timeouts: Timeouts = Timeouts()
    monitor: Monitor | None = None
    log: Log | None = None
    metrics: Metrics | None = None
    recorder: Recorder | None = None
    ecr: Ecr | None = None
    network: Network | None = None


class Settings(Struct, frozen=True):
    """A checked configuration: paths made absolute, the acquirer's profile in place."""

    terminal: Terminal
    acquirer_profile: AcquirerProfile
    host: Host
    keys: Keys
    connected: Devices
    timeouts: Timeouts
    monitor: Monitor | None
    log: Log | None = None
    metrics: Metrics | None = None
    recorder: Recorder | None = None
    ecr: Ecr | None = None
    network: Network | None = None

    @property
    def devices(self) -> dict[str, Mapping[str, Any]]:
        """Settings of each connected device by its name, without the display."""
        present = structs.asdict(self.connected)
        return {
            name: structs.asdict(device)
            for name, device in present.items()
            if isinstance(device, InputDevice | Printer)
        }

    @property
    def display(self) -> Display:
        """Where screens are shown."""
        return self.connected.display
