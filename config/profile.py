"""What an acquirer decides: one TOML file each, every key with its meaning, bounds and default.

Where published sources of the protocol disagree (facts/unionpay.md §13), the difference is a key
here and its default is what real messages show.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from config.profile_parts import Amount, Code, LimitRules, Slot

__all__ = ["AcquirerProfile"]

_FIRST_CASHIER = "01"


class AcquirerProfile(LimitRules, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rules of one acquirer."""

    # -- messages
    dialect: Annotated[
        Literal["unionpay-pos"], Meta(description="Field table of the messages.", examples=["unionpay-pos"])
    ]
    tpdu: Annotated[
        str,
        Meta(
            pattern=r"^60[0-9]{8}$",
            title="10 digits that begin with 60",
            description="Transport header: 60, destination, source (facts/unionpay.md §1).",
            examples=["6000030000"],
        ),
    ]
    header: Annotated[
        str,
        Meta(
            pattern=r"^[0-9A-F]{12}$",
            title="12 hexadecimal digits",
            description="Application header: class, version, status, wish, sub-version (§1).",
            examples=["603100311108"],
        ),
    ]
    currency: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{3}$",
            title="3 digits (ISO 4217)",
            description="Currency of every amount; element 49.",
            examples=["156"],
        ),
    ]
    dialect_changes: Annotated[
        dict[
            Annotated[str, Meta(pattern=r"^[0-9]{1,3}$|^[a-z][a-z_]{1,15}$")],
            Annotated[str, Meta(pattern=r"^[\x20-\x7E]{1,60}$")],
        ],
        Meta(
            title="a table of element numbers and formats",
            description="Where this acquirer's messages differ: element, or wire setting, and what it is there "
            "(docs/integrator/iso8583.md, §13).",
            examples=[{"49": "n3", "pad_nibble": "F"}],
        ),
    ] = {}  # noqa: RUF012 - msgspec copies it
    operator_form: Annotated[
        Literal["01 ", "001", "01"],
        Meta(description="How operator 1 is written in element 63; acquirers differ (§13.9).", examples=["01 "]),
    ] = "01 "
    element_59_length_digits: Annotated[
        Literal[2, 3],
        Meta(description="Digits of the length after a tag in element 59 (§13.3).", examples=[3]),
    ] = 3
    send_track3: Annotated[
        bool, Meta(description="Send track 3 (element 36) when the card has one.", examples=[False])
    ] = False

    # -- waiting
    connect_s: Annotated[
        float,
        Meta(gt=0, le=120, title="seconds, up to 120", description="To connect to one host address.", examples=[10]),
    ] = 10
    response_s: Annotated[
        float,
        Meta(
            gt=0,
            le=300,
            title="seconds, up to 300",
            description="From the request to its answer; then the sale is reversed.",
            examples=[60],
        ),
    ] = 60
    answer_s: Annotated[
        float,
        Meta(
            gt=0,
            le=600,
            title="seconds, up to 600",
            description="From the last key to the screen that says charged, not charged or being undone.",
            examples=[90],
        ),
    ] = 90

    # -- sign-on and keys
    sign_on_at_start: Annotated[
        bool, Meta(description="Sign on by itself at start and when the keys are of another day.", examples=[True])
    ] = True
    sign_on_codes: Annotated[
        tuple[Code, ...],
        Meta(
            title="a list of answer codes",
            description="Answers after which the terminal fetches new keys (§7).",
            examples=[["77", "99", "A0"]],
        ),
    ] = ("77", "99", "A0")
    sign_on_wish: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]$",
            title="one digit",
            description="Header digit with which the host asks for a new sign-on (§1).",
            examples=["3"],
        ),
    ] = "3"
    adopt_batch: Annotated[
        bool, Meta(description="Take the batch number of the sign-on answer (§13.15).", examples=[True])
    ] = True
    master_key_slot: Annotated[
        Slot, Meta(description="Slot of the terminal master key that unwraps the working keys.", examples=["tmk"])
    ] = "tmk"
    track_key: Annotated[
        bool, Meta(description="Ask for a track key too: network code 004 instead of 003 (§2).", examples=[False])
    ] = False
    pin_key_bytes: Annotated[
        Literal[8, 16],
        Meta(description="Length of the PIN key: 8 single DES, 16 double-length 3DES (§4).", examples=[16]),
    ] = 16
    mac_field_bytes: Annotated[
        Literal[8, 16],
        Meta(
            description="Bytes the MAC key takes in element 62; 16 is an 8-byte key and zeros (§13.2).", examples=[16]
        ),
    ] = 16
    mac_algorithm: Annotated[
        Literal["unionpay-ecb", "x9.9", "x9.19"],
        Meta(description="Algorithm of element 64 (§5, §13.6).", examples=["unionpay-ecb"]),
    ] = "unionpay-ecb"

    sign_on_daily: Annotated[
        bool, Meta(description="Sign on again before the first payment of another day (§10).", examples=[True])
    ] = True

    # -- PIN
    pin: Annotated[
        Literal["always", "above-limit", "never"],
        Meta(description="When the customer is asked for a PIN.", examples=["always"]),
    ] = "always"
    pin_free_max_minor: Annotated[
        Amount, Meta(description='Up to this amount no PIN is asked, with pin = "above-limit".', examples=[100_000])
    ] = 100_000
    pin_length_min: Annotated[int, Meta(ge=4, le=12, title="4 to 12", description="Shortest PIN.", examples=[4])] = 4
    pin_length_max: Annotated[
        int, Meta(ge=4, le=12, title="4 to 12", description="Longest PIN; element 26 (§13.12).", examples=[12])
    ] = 12
    pin_bypass: Annotated[
        bool, Meta(description="Whether the green key on an empty PIN means none.", examples=[True])
    ] = True

    pin_kinds: Annotated[
        tuple[Literal["pre-auth", "additional-pre-auth", "pre-auth-void", "completion", "balance"], ...],
        Meta(
            title="a list of transactions",
            description="Transactions besides the sale that ask for a PIN.",
            examples=[["pre-auth", "completion", "balance"]],
        ),
    ] = ("pre-auth", "completion", "balance")

    pin_tries_max: Annotated[
        int,
        Meta(ge=1, le=5, title="1 to 5", description="Tries of a PIN with one swipe of the card.", examples=[3]),
    ] = 3
    signature_free_max_minor: Annotated[
        Amount,
        Meta(description="Up to this amount a sale without a PIN needs no signature.", examples=[0]),
    ] = 0

    # -- what an answer means
    approval_codes: Annotated[
        tuple[Code, ...],
        Meta(
            min_length=1,
            title="a list of answer codes",
            description="Answers that approve, if their MAC is valid (§7).",
            examples=[["00", "11", "A2", "A4", "A5", "A6"]],
        ),
    ] = ("00", "11", "A2", "A4", "A5", "A6")
    ambiguous_codes: Annotated[
        tuple[Code, ...],
        Meta(
            title="a list of answer codes",
            description="Answers that decline without saying that nothing was charged: reversed.",
            examples=[["09", "68", "96", "98"]],
        ),
    ] = ("06", "09", "10", "68", "96", "98")
    decline_without_mac: Annotated[
        Literal["reverse", "accept"],
        Meta(
            description="What follows a decline without a valid MAC; some hosts never sign one (§3).",
            examples=["reverse"],
        ),
    ] = "reverse"

    upload_refused: Annotated[
        Literal["note", "stop"],
        Meta(
            description="A record that the host refuses at the batch upload: noted on the slip, or settlement stops.",
            examples=["note"],
        ),
    ] = "note"
    advice_known_codes: Annotated[
        tuple[Code, ...],
        Meta(
            title="a list of answer codes",
            description="Answers to a repeated advice that mean: it is here already (§10).",
            examples=[["94"]],
        ),
    ] = ("94",)

    # -- reversals
    reversal_closing_codes: Annotated[
        tuple[Code, ...],
        Meta(
            min_length=1,
            title="a list of answer codes",
            description="Answers that end a reversal (§3.1).",
            examples=[["00", "12", "25"]],
        ),
    ] = ("00", "12", "25")
    reversal_answer_needs_mac: Annotated[
        bool, Meta(description="Whether an answer without MAC leaves a reversal open.", examples=[True])
    ] = True
    reversal_retry_first_s: Annotated[
        float,
        Meta(gt=0, le=3600, title="seconds, up to 3600", description="Pause before the second try.", examples=[5]),
    ] = 5
    reversal_retry_max_s: Annotated[
        float,
        Meta(
            gt=0,
            le=3600,
            title="seconds, up to 3600",
            description="The pause doubles up to this; a reversal is never dropped (§10).",
            examples=[300],
        ),
    ] = 300
    reversal_help_after: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            title="1 to 1000",
            description="Tries after which the screen says to call the help desk; the reversal is kept all the same.",
            examples=[10],
        ),
    ] = 10
    help_desk: Annotated[
        str,
        Meta(
            max_length=24,
            title="up to 24 characters",
            description="Whom to call, as it stands on the screen.",
            examples=["95516"],
        ),
    ] = "95516"
    undo_shown_s: Annotated[
        float,
        Meta(
            gt=0,
            le=300,
            title="seconds, up to 300",
            description="How long the merchant waits for a reversal's acknowledgement before the next sale.",
            examples=[20],
        ),
    ] = 20

    def operator_text(self, operator: str) -> str:
        """Element 63 of a request for an operator's number (§13.9).

        Empty before somebody has signed in: what the terminal asks by itself it asks as the first cashier.
        """
        number = int(operator or _FIRST_CASHIER)
        return {"01 ": f"{number:02d} ", "001": f"{number:03d}", "01": f"{number:02d}"}[self.operator_form]

    def pin_wanted(self, amount_minor: int) -> bool:
        """Whether a sale of this amount asks for a PIN."""
        if self.pin == "above-limit":
            return amount_minor > self.pin_free_max_minor
        return self.pin == "always"
