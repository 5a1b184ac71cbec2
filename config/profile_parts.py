"""Parts of an acquirer's profile that stand on their own: payment by code, cards, limits; and the kinds of values.

They follow one another as bases because a msgspec structure has only one.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = ["Amount", "CardRules", "Code", "CodeRules", "Codes", "LimitRules", "Seconds", "Slot"]

Code = Annotated[str, Meta(pattern=r"^[0-9A-Z]{2}$", title="2 digits or capital letters", examples=["00"])]
Amount = Annotated[
    int,
    Meta(ge=0, le=999_999_999_999, title="a whole number of minor units, up to 12 digits", examples=[100_000]),
]
Codes = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4} [0-9]{6} [0-9]{2} [0-9]{2}$",
        title="message type, element 3, element 25, element 60.1",
        examples=["0200 400000 00 50"],
    ),
]
Seconds = Annotated[float, Meta(gt=0, le=300, title="seconds, up to 300", examples=[3])]
Slot = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$", title="the name of a key slot", examples=["tmk"])]


class CodeRules(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Payments by code, and transactions that some acquirers do not have."""

    # -- payment codes
    qr_query: Annotated[
        bool, Meta(description="Ask for the result of a code payment until it is final.", examples=[True])
    ] = True
    qr_pending_codes: Annotated[
        tuple[Code, ...],
        Meta(
            title="a list of answer codes",
            description="Answers to a code payment that mean: the customer has yet to confirm.",
            examples=[["09"]],
        ),
    ] = ("09",)
    qr_query_codes: Annotated[
        Codes, Meta(description="How the result is asked for; no public source has it (§13).")
    ] = "0200 330000 00 22"
    qr_status_tag: Annotated[
        str,
        Meta(
            pattern=r"^[0-9A-Z]{2}$",
            title="two digits or capital letters",
            description="Tag of element 59 in which the answer gives the payment's own code (§13).",
            examples=["A5"],
        ),
    ] = "A5"
    qr_query_interval_s: Annotated[Seconds, Meta(description="From one question to the next.")] = 3
    qr_query_max_s: Annotated[
        Seconds, Meta(description="How long a scanned code's result is asked for; then it is reversed.", examples=[45])
    ] = 45
    qr_order: Annotated[
        bool, Meta(description="Show a code on the screen that the customer scans.", examples=[True])
    ] = True
    qr_order_codes: Annotated[
        Codes, Meta(description="How an order for a shown code is opened; no public source has it (§13).")
    ] = "0200 190000 00 22"
    qr_order_shown_s: Annotated[
        Seconds, Meta(description="How long the code stands on the screen; then the order is closed.", examples=[90])
    ] = 90
    qr_acquirer_iin: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{8}$",
            title="8 digits",
            description="Institution numbers in the shown code, tag 15 of EMVCo (§11).",
            examples=["48310000"],
        ),
    ] = "48310000"
    qr_city: Annotated[
        str,
        Meta(
            pattern=r"^[ -~]{1,15}$",
            title="1 to 15 plain characters",
            description="Merchant's city in the shown code, tag 60 of EMVCo.",
            examples=["SHANGHAI"],
        ),
    ] = "SHANGHAI"

    # -- transactions
    transfer: Annotated[bool, Meta(description="Allow transfers from card to card.", examples=[False])] = False
    transfer_codes: Annotated[
        Codes, Meta(description="How a transfer is asked for; no public source has it (§13).")
    ] = "0200 400000 00 50"
    transfer_max_minor: Annotated[Amount, Meta(description="Largest transfer.", examples=[5_000_000])] = 5_000_000


class CardRules(CodeRules, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which cards are taken."""

    # -- cards
    card_check_digit: Annotated[
        bool,
        Meta(description="Refuse a card whose check digit is wrong; private ranges may have none.", examples=[True]),
    ] = True
    card_accept_track1: Annotated[
        bool, Meta(description="Take a card of which only track 1 could be read.", examples=[False])
    ] = False
    card_refuse_expired: Annotated[
        bool, Meta(description="Refuse an expired card here, without asking the host.", examples=[True])
    ] = True
    card_refused_bins: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[0-9]{1,12}$")], ...],
        Meta(
            title="a list of 1 to 12 digits each",
            description="First digits of cards that are refused here.",
            examples=[["999999"]],
        ),
    ] = ()

    card_service_code: Annotated[
        Literal["obey", "ignore"],
        Meta(
            description="obey: a card for cash alone is refused, and one that wants a PIN is asked for it whatever the "
            "amount, as its service code says; ignore: the host decides.",
            examples=["obey"],
        ),
    ] = "obey"
    domestic_organisations: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[0-9A-Z]{3}$", title="3 digits or capital letters")], ...],
        Meta(
            min_length=1,
            title="a list of card organisations",
            description="Organisations in the host's answer, element 63.1, whose cards are domestic; a card of any "
            "other counts on the foreign side of the settlement, one without stays domestic (§3.2).",
            examples=[["CUP"]],
        ),
    ] = ("CUP",)
    completion_percent_max: Annotated[
        int,
        Meta(
            ge=100,
            le=200,
            title="100 to 200",
            description="Largest completion advice, in percent of what the pre-authorisation holds.",
            examples=[115],
        ),
    ] = 115
    manual_entry: Annotated[
        bool,
        Meta(
            description="Allow a card's number to be typed where it cannot be read; element 22 begins with 01.",
            examples=[False],
        ),
    ] = False
    manual_entry_kinds: Annotated[
        tuple[
            Literal[
                "sale",
                "refund",
                "pre-auth",
                "additional-pre-auth",
                "pre-auth-void",
                "completion",
                "completion-advice",
                "offline-sale",
            ],
            ...,
        ],
        Meta(
            title="a list of transactions",
            description="Transactions that take a typed number, with manual_entry. completion-advice and offline-sale "
            "stand without the host's word: a typed number is taken offline only where they are named.",
            examples=[["sale", "pre-auth", "completion"]],
        ),
    ] = ("sale", "refund", "pre-auth", "pre-auth-void", "completion")
    manual_entry_role: Annotated[
        Literal["cashier", "supervisor"],
        Meta(description="Whose word a typed number needs, where operators sign in.", examples=["supervisor"]),
    ] = "supervisor"
    list_key: Annotated[
        str,
        Meta(
            pattern=r"^([0-9a-f]{64})?$",
            title="64 hexadecimal digits, or nothing",
            description="Ed25519 key that signs the stop list and the BIN table; empty takes none.",
            examples=[""],
        ),
    ] = ""
    host_parameters: Annotated[
        tuple[Literal["timeout", "tip", "merchant-name", "resend", "manual-entry"], ...],
        Meta(
            title="a list of parameters",
            description="Which downloaded parameters of the host take effect; they come without a MAC. "
            "The others are kept and printed.",
            examples=[["timeout", "tip", "merchant-name", "resend"]],
        ),
    ] = ("timeout", "tip", "merchant-name", "resend")
    bundle_key: Annotated[
        str,
        Meta(
            pattern=r"^([0-9a-f]{64})?$",
            title="64 hexadecimal digits, or nothing",
            description="Ed25519 key that signs parameter bundles; empty takes none.",
            examples=[""],
        ),
    ] = ""

    def takes_typed(self, kind: str) -> bool:
        """Whether a transaction takes a card whose number is typed."""
        return self.manual_entry and kind in self.manual_entry_kinds


class LimitRules(CardRules, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much, how many, how old."""

    # -- limits
    amount_max_minor: Annotated[
        Annotated[int, Meta(ge=1, le=999_999_999_999, title="a whole number of minor units from 1, up to 12 digits")],
        Meta(description="Largest amount of one sale.", examples=[5_000_000]),
    ] = 5_000_000

    refund_max_minor: Annotated[Amount, Meta(description="Largest refund.", examples=[5_000_000])] = 5_000_000
    tip_percent_max: Annotated[
        int,
        Meta(
            ge=0,
            le=100,
            title="0 to 100",
            description="Largest tip, in percent of the sale; 0 allows none.",
            examples=[20],
        ),
    ] = 0
    void_needs_card: Annotated[
        bool, Meta(description="Whether the customer's card is swiped again for a void.", examples=[True])
    ] = True
    upload_pan: Annotated[
        Literal["full", "truncated"],
        Meta(description="Card number in the batch upload; full ones rest sealed until then.", examples=["full"]),
    ] = "full"
    batch_rows_max: Annotated[
        int,
        Meta(
            ge=1,
            le=900,
            title="1 to 900",
            description="Transactions in a batch; then it must be settled (§10).",
            examples=[500],
        ),
    ] = 500
    batch_max_minor: Annotated[
        Amount, Meta(description="Sum of a batch; then it must be settled (§10).", examples=[999_900_000_000])
    ] = 999_900_000_000
    offline_count_max: Annotated[
        int,
        Meta(
            ge=0,
            le=500,
            title="0 to 500",
            description="Offline transactions that may wait for the host; 0 allows none.",
            examples=[50],
        ),
    ] = 50
    offline_sum_max_minor: Annotated[
        Amount, Meta(description="Sum of the offline transactions that may wait.", examples=[5_000_000])
    ] = 5_000_000
    offline_single_max_minor: Annotated[
        Amount, Meta(description="Largest single offline transaction.", examples=[1_000_000])
    ] = 1_000_000
    offline_age_max_h: Annotated[
        int,
        Meta(
            ge=1,
            le=720,
            title="hours, 1 to 720",
            description="Age of the oldest waiting one; then no more are taken.",
            examples=[24],
        ),
    ] = 24
