"""``countertop till``: be a till at the ECR link."""

from __future__ import annotations

import argparse
import asyncio
import re
import secrets
import sys
from pathlib import Path
from typing import Any

from terminal.domain.money import CURRENCIES, Currency, format_amount
from terminal.ecr.servers import read_key
from tools.till.till import InDoubt, Till

__all__ = ["main", "minor_units"]

GIVE_UP_S = 120.0
_AT = "countertop till --connect tcp:127.0.0.1:7300"
_EXAMPLES = f"""examples:
  {_AT} pay 12.34 --order A17
      the terminal asks for card or code; the result is printed. A line that is lost is made again, and the request
      repeated under the same name: it has one effect
  {_AT} void 000012
      make the payment with this voucher number of the open batch void
  {_AT} refund 5.00 --host-reference 123456789012 --date 0807
  {_AT} status
      what became of this till's last request, also while the terminal is busy; with a name: of that request
  {_AT} abort 3f9c01d2aa
      break a request off, as long as the host has not been asked
  {_AT} --till KASSA-2 take-over
      have the terminal instead of the till that has it
  countertop till --connect 'serial:/dev/ttyUSB0?baud=115200' diagnosis

Exit codes: 0 done, 1 not done, 2 used wrongly, 3 in doubt: ask for the status.
"""
EXIT_IN_DOUBT = 3


def main(argv: list[str]) -> int:
    """One request; 0 when the terminal has done it."""
    arguments = _parser().parse_args(argv)
    currency = next(one for one in CURRENCIES.values() if one.alphabetic == arguments.currency)
    try:
        category, body = _request(arguments, currency)
    except ValueError as error:
        print(f"countertop till: {error}", file=sys.stderr)
        return 2
    try:
        answered = asyncio.run(_asked(arguments, category, body))
    except InDoubt as doubt:
        print(f"countertop till: {doubt}\n    {doubt.remedy}", file=sys.stderr)
        return EXIT_IN_DOUBT
    print(told(answered, currency))
    return 0 if answered["Response"]["Result"] != "Failure" else 1


async def _asked(arguments: argparse.Namespace, category: str, body: dict[str, Any]) -> dict[str, Any]:
    key = read_key(arguments.key_file) if arguments.key_file else None
    till = Till(arguments.connect, arguments.till, arguments.terminal, key, _show if arguments.lines else _silent)
    till.loyalty = lambda number: print(f"Loyalty card {number}", flush=True)
    name = arguments.id or secrets.token_hex(5)
    try:
        if category not in ("Payment", "Reversal"):
            return await till.ask(category, name, body, 90.0)
        print(f"Request {name} of {arguments.till}", flush=True)
        return await till.carry_out(category, name, body, arguments.give_up)
    finally:
        await till.close()


def _request(arguments: argparse.Namespace, currency: Currency) -> tuple[str, dict[str, Any]]:
    """Category and body. Raises ValueError."""
    order = {"SaleData": {"SaleTransactionID": {"TransactionID": arguments.order}}} if arguments.order else {}
    reference = {"MessageReference": {"ServiceID": arguments.name}} if arguments.name else {}
    match arguments.what:
        case "pay" | "reserve" | "refund":
            amount = {"Currency": currency.alphabetic, "RequestedAmountMinor": minor_units(arguments.amount, currency)}
            transaction: dict[str, Any] = {"AmountsReq": amount}
            if arguments.what == "refund":
                named = {"TransactionID": arguments.host_reference, "Date": arguments.date}
                transaction["OriginalPOITransaction"] = {"HostTransactionID": named}
            kind = {"pay": "Normal", "reserve": "FirstReservation", "refund": "Refund"}[arguments.what]
            return "Payment", {"PaymentTransaction": transaction, "PaymentData": {"PaymentType": kind}, **order}
        case "void":
            named = {"POITransactionID": {"TransactionID": arguments.voucher}}
            return "Reversal", {"OriginalPOITransaction": named, **order}
        case "status":
            return "TransactionStatus", reference
        case "abort":
            return "Abort", reference
        case what:
            return {"login": "Login", "logout": "Logout", "take-over": "TakeOver", "diagnosis": "Diagnosis"}[what], {}


def minor_units(text: str, currency: Currency) -> int:
    """``12.34`` as a whole number of the minor unit. Raises ValueError."""
    digits = currency.exponent
    fraction = rf"(?:\.([0-9]{{{digits}}}))?" if digits else "()"
    found = re.fullmatch(rf"([0-9]{{1,10}}){fraction}", text)
    if found is None or not (amount := int(found[1] + (found[2] or "0" * digits))):
        raise ValueError(f"an amount of {currency.alphabetic} is written {format_amount(1234, currency, symbol=False)}")
    return amount


def told(answered: dict[str, Any], currency: Currency) -> str:
    """An answer for people."""
    response = answered["Response"]
    lines = [" ".join(str(response[name]) for name in ("Result", "Outcome", "ErrorCondition") if name in response)]
    lines += [str(response[name]) for name in ("Reason", "AdditionalResponse") if response.get(name)]
    repeated = answered.get("RepeatedMessageResponse")
    if repeated is not None:
        header = repeated["MessageHeader"]
        lines.append(f"Request {header['ServiceID']} of {header['SaleID']}:")
        body = next(iter(repeated["RepeatedResponseMessageBody"].values()))
        return "\n".join([*lines, *(f"  {line}" for line in told(body, currency).splitlines())])
    transaction = answered.get("LastTransaction", answered)
    if "PaymentResult" in transaction:
        lines.append(_transaction(transaction, currency))
    for name in ("Owner", "POIStatus"):
        if name in answered:
            lines += [name, *(f"  {key}: {value}" for key, value in answered[name].items())]
    return "\n".join(lines)


def _transaction(body: dict[str, Any], currency: Currency) -> str:
    result, identity = body["PaymentResult"], body["POIData"]["POITransactionID"]
    amount = format_amount(result["AmountsResp"]["RequestedAmountMinor"], currency)
    account = result["PaymentInstrumentData"]["CardData"]["MaskedPAN"]
    voided = f", void by {result['VoidedBy']}" if "VoidedBy" in result else ""
    return f"{result['TransactionType']} {amount}, voucher {identity['TransactionID']}, {account}{voided}"


def _show(direction: str, line: bytes) -> None:
    print("→" if direction == "sent" else "←", line.decode("utf-8", "replace").rstrip(), file=sys.stderr)


def _silent(direction: str, line: bytes) -> None:
    """Nothing."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countertop till",
        description="Be a till at a terminal's ECR link, for setting a counter up, for writing a till, and for tests.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--connect", required=True, metavar="ADDRESS", help="tcp:HOST:PORT or serial:/dev/…?baud=…")
    parser.add_argument("--till", default="TILL-1", metavar="SALEID", help="name of this till (TILL-1)")
    parser.add_argument("--terminal", default="10000001", metavar="POIID", help="number of the terminal (10000001)")
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="the key of ecr.key_file, where there is one")
    codes = sorted(one.alphabetic for one in CURRENCIES.values())
    parser.add_argument("--currency", default="CNY", choices=codes, help="of the amounts (CNY)")
    parser.add_argument("--lines", action="store_true", help="show every line that goes and comes")
    parser.set_defaults(order="", name="", id="", give_up=GIVE_UP_S)
    commands = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for what, purpose in (("pay", "a payment"), ("reserve", "a pre-authorisation"), ("refund", "give money back")):
        command = _money(commands.add_parser(what, help=purpose))
        command.add_argument("amount", metavar="AMOUNT", help="such as 12.34")
        if what == "refund":
            command.add_argument("--host-reference", required=True, metavar="RRN", help="12 digits from the slip")
            command.add_argument("--date", required=True, metavar="MMDD", help="from the slip")
    command = _money(commands.add_parser("void", help="make a payment void"))
    command.add_argument("voucher", metavar="VOUCHER", help="its voucher number, of the open batch")
    command = commands.add_parser("status", help="what became of a request")
    command.add_argument("name", nargs="?", default="", metavar="ID", help="its name; without one the last request")
    command = commands.add_parser("abort", help="break a request off")
    command.add_argument("name", metavar="ID", help="its name")
    for what, purpose in (
        ("login", "have the terminal"),
        ("logout", "let it go"),
        ("take-over", "have it instead of another till"),
        ("diagnosis", "how the terminal is"),
    ):
        commands.add_parser(what, help=purpose)
    return parser


def _money(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--order", default="", metavar="ORDER", help="the till's number of the order")
    command.add_argument("--id", default="", metavar="ID", help="name of the request; without one a fresh name is made")
    command.add_argument(
        "--give-up", type=float, default=GIVE_UP_S, metavar="S", help="seconds without the terminal (120)"
    )
    return command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
