"""``[devices]``: what is connected to the terminal, and how to reach it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = ["CustomerDisplay", "Devices", "Display", "InputDevice", "Keypad", "Msr", "PinPad", "Printer", "Scanner"]

Address = Annotated[
    str,
    Meta(
        pattern=r"^(/dev/.+|unix:.+|fd:\d+|usb:[0-9a-fA-F]{4}:[0-9a-fA-F]{4}(:[^?]+)?(\?.+)?|serial:/.+|tcp:.+:\d+|file:.+)$",
        title="an address: /dev/…, unix:PATH, fd:N, usb:VVVV:PPPP[:SERIAL], serial:/dev/…, tcp:HOST:PORT or file:PATH",
        description="Where the device is. Prefer names that stay: /dev/input/by-id/…, usb: with a serial number.",
        examples=["/dev/input/by-id/usb-Acme_Reader-event-kbd"],
    ),
]


class InputDevice(Struct, frozen=True, forbid_unknown_fields=True):
    """A device that gives input."""

    driver: str
    address: Address


class Keypad(InputDevice, frozen=True, forbid_unknown_fields=True):
    """``[devices.keypad]``: the operator's and the customer's keys."""

    driver: Annotated[
        Literal["evdev-keypad"], Meta(description="Which driver speaks to the keypad.", examples=["evdev-keypad"])
    ]


Layout = Annotated[
    Literal["us", "gb", "de", "fr", "fi", "tr"],
    Meta(description="The keyboard's country a device that types is set to; most come as us.", examples=["us"]),
]
KeyOverrides = Annotated[
    tuple[Annotated[str, Meta(pattern=r"^((SHIFT|ALTGR)\+)?KEY_[A-Z0-9]+=.$")], ...],
    Meta(
        max_length=64,
        title="a list of up to 64 texts such as KEY_102ND=< or SHIFT+KEY_2=@",
        description="Single keys that differ from the layout, by the kernel's names.",
        examples=[["SHIFT+KEY_2=@"]],
    ),
]


class Msr(InputDevice, frozen=True, forbid_unknown_fields=True):
    """``[devices.msr]``: the magnetic-stripe reader."""

    driver: Annotated[
        Literal["evdev-msr", "hid-msr"],
        Meta(
            description="evdev-msr: a reader that types; hid-msr: one that reports a pass at once (MagTek's layout).",
            examples=["evdev-msr"],
        ),
    ]
    layout: Layout = "us"
    keys: KeyOverrides = ()
    lrc: Annotated[
        Literal["detect", "required", "absent"],
        Meta(
            description="The stripe's check character after each track: detect: checked where the reader gives it; "
            "required: a track without it is a bad read; absent: the reader keeps it.",
            examples=["detect"],
        ),
    ] = "detect"


Frame = Annotated[
    str,
    Meta(
        pattern=r"^([ -\[\]-~]|\\\\|\\[trn]|\\x[0-9a-fA-F]{2}){0,16}$",
        title=r"up to 16 characters; \t, \r, \n and \x02 stand for control characters",
        examples=[r"\t"],
    ),
]


class Scanner(InputDevice, frozen=True, forbid_unknown_fields=True):
    """``[devices.scanner]``: the reader of codes."""

    driver: Annotated[
        Literal["evdev-scanner", "hid-scanner", "serial-scanner"],
        Meta(
            description="evdev-scanner: one that types; hid-scanner: HID POS mode; serial-scanner: on a serial line, "
            "real or over USB. The last two for codes that are not ASCII.",
            examples=["evdev-scanner"],
        ),
    ]
    layout: Layout = "us"
    keys: KeyOverrides = ()
    prefix: Annotated[
        Frame, Meta(description="What the scanner is set to send before a code; a scan without it is refused.")
    ] = ""
    suffix: Annotated[
        Frame, Meta(description="What it is set to send after a code, beside Enter; a scan without it is refused.")
    ] = ""
    charset: Annotated[
        Literal["auto", "utf-8", "gb18030", "latin-1"],
        Meta(description="How texts are coded; auto: UTF-8 where that is right, else GB 18030.", examples=["auto"]),
    ] = "auto"
    aim: Annotated[
        bool, Meta(description="Whether ]Q1 and the like before a code say its kind and are no part of it.")
    ] = True
    silence_ms: Annotated[
        int,
        Meta(
            ge=20,
            le=2000,
            title="milliseconds from 20 to 2000",
            description="A code without Enter or suffix ends when nothing comes for this long.",
            examples=[200],
        ),
    ] = 200


class PinPad(InputDevice, frozen=True, forbid_unknown_fields=True):
    """``[devices.pin_pad]``: where customers type their PIN; it makes the PIN block, and no digit comes out of it."""

    driver: Annotated[
        Literal["serial-pin-pad"],
        Meta(
            description="Which driver speaks to the PIN pad; docs/integrator/pin-pad.md has its protocol.",
            examples=["serial-pin-pad"],
        ),
    ]
    key_index: Annotated[
        int,
        Meta(
            ge=0,
            le=9,
            title="0 to 9",
            description="Number of the master key in the pad under which the PIN key of a sign-on comes.",
            examples=[0],
        ),
    ] = 0
    ack_ms: Annotated[
        int,
        Meta(
            ge=100,
            le=5000,
            title="milliseconds from 100 to 5000",
            description="How long the pad may take to acknowledge a packet before it is sent again.",
            examples=[500],
        ),
    ] = 500


class Printer(Struct, frozen=True, forbid_unknown_fields=True):
    """``[devices.printer]``: where slips go."""

    driver: Annotated[
        Literal["escpos-printer"], Meta(description="Which driver speaks to the printer.", examples=["escpos-printer"])
    ]
    address: Address
    model: Annotated[
        Literal["auto", "generic", "epson", "bixolon", "citizen", "custom", "star", "pos58", "impact", "silent"],
        Meta(
            description="Family of the printer, which decides what it is asked. auto: known by USB, else generic; "
            "impact: needles and a ribbon; silent: one that prints nonsense when it is asked for its state.",
            examples=["auto"],
        ),
    ] = "auto"
    width_mm: Annotated[Literal[58, 80], Meta(description="Width of the paper roll in millimetres.", examples=[58])] = (
        58
    )
    text: Annotated[
        Literal["raster", "gb18030", "cp437", "cp850", "cp852", "cp858", "cp866"],
        Meta(
            description="raster: slips as pictures, right on any printer; else as characters of this table, for slow "
            "serial lines; what the table lacks is drawn.",
            examples=["raster"],
        ),
    ] = "raster"
    cut: Annotated[bool, Meta(description="Whether the printer has a knife.", examples=[True])] = True
    drawer: Annotated[
        bool,
        Meta(
            description="A cash drawer on the printer: it opens with the slip of an approved payment, or by 8 7.",
            examples=[True],
        ),
    ] = False
    drawer_pin: Annotated[
        Literal[2, 5], Meta(description="Pin of the printer's drawer connector that opens it.", examples=[2])
    ] = 2
    drawer_open: Annotated[
        Literal["unknown", "high", "low"],
        Meta(
            description="What the drawer's switch says while it stands open; unknown where nobody has tried.",
            examples=["high"],
        ),
    ] = "unknown"
    logo: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(title="the path of a PNG file", description="Picture at the top of every slip.", examples=["logo.png"]),
    ] = None
    reference: Annotated[
        Literal["none", "barcode", "qr"],
        Meta(description="The host's reference number as a code at the end of a slip.", examples=["barcode"]),
    ] = "none"


class Display(Struct, frozen=True, forbid_unknown_fields=True):
    """``[devices.display]``: where screens are shown."""

    driver: Annotated[
        Literal["none", "console", "blocks", "framebuffer"],
        Meta(
            description="console: text on standard output; blocks: a picture in half blocks; framebuffer: a panel; "
            "none: only the monitor sees screens.",
            examples=["none"],
        ),
    ] = "none"
    address: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            title="a device path",
            description="The panel's device; a panel of any size, also of 128 by 64 dots.",
            examples=["/dev/fb0"],
        ),
    ] = None
    theme: Annotated[
        Literal["day", "contrast"],
        Meta(description="Colours of a panel; contrast: light on black.", examples=["day"]),
    ] = "day"
    text: Annotated[
        Literal["normal", "large"], Meta(description="Height of the letters on a panel.", examples=["normal"])
    ] = "normal"
    speech: Annotated[
        bool,
        Meta(
            description="Say amount, question and result aloud through espeak-ng; silent where it is not installed.",
            examples=[True],
        ),
    ] = False
    beeper: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            title="a device path",
            description="What makes keys and results heard; silent when absent.",
            examples=["/dev/input/by-path/platform-pcspkr-event-spkr"],
        ),
    ] = None


class CustomerDisplay(Struct, frozen=True, forbid_unknown_fields=True):
    """``[devices.customer_display]``: two lines of twenty characters that the customer sees."""

    driver: Annotated[
        Literal["line"], Meta(description="Which driver speaks to the customer's display.", examples=["line"])
    ]
    address: Annotated[
        str,
        Meta(
            pattern=r"^(serial:/.+|unix:.+|file:.+)$",
            title="serial:/dev/…?baud=9600, unix:PATH or file:PATH",
            description="Where the display is.",
            examples=["serial:/dev/serial/by-id/usb-Acme_Display?baud=9600"],
        ),
    ]


class Devices(Struct, frozen=True, forbid_unknown_fields=True):
    """``[devices]``: what is connected; what is absent is not there."""

    keypad: Keypad | None = None
    msr: Msr | None = None
    scanner: Scanner | None = None
    pin_pad: PinPad | None = None
    printer: Printer | None = None
    display: Display = Display()
    customer_display: CustomerDisplay | None = None
