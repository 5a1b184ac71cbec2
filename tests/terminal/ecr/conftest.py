"""A real terminal with a till at its ECR link: over TCP, or over a serial line that is a pseudo-terminal."""

import asyncio
import os
import socket
import tty
from contextlib import asynccontextmanager, suppress

import pytest

from tools.rig import ACCOUNTS, Rig, TerminalOptions
from tools.rig.patience import PATIENCE
from tools.rig.terminal import TERMINAL
from tools.till.till import Till

QUICK = {"response_s": 30, "reversal_retry_first_s": 0.2, "reversal_retry_max_s": 0.5, "undo_shown_s": 8}
CODE = "6220001234567890018"
"""A customer's payment code."""
DAY_S = 120.0 * PATIENCE


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Shop:
    """A rig and its tills."""

    def __init__(self, rig, address):
        self.rig, self.address = rig, address
        self.tills = []
        self.lines = []

    def till(self, name="KASSA-1", key=None, address=None):
        till = Till(address or self.address, name, TERMINAL, key, lambda way, line: self.lines.append((way, line)), 4.0)
        self.tills.append(till)
        return till

    async def until_idle(self):
        await self.rig.until_input_devices()
        await self.rig.until("idle")

    async def asked(self, till, service, body, screen="sale.present", category="Payment"):
        """A request that has come as far as a screen; its answer is to be awaited."""
        since = self.rig.terminal.monitor.position
        asking = asyncio.create_task(till.ask(category, service, body, 60))
        await self.rig.terminal.monitor.until_screen(screen, 60.0 * PATIENCE, after=since)
        return asking

    async def paid(self, till, service, body, account="signature", screen="sale.present"):
        """A request whose customer swipes a card, or shows a code; its answer, when the result is on the screen.

        The next customer has another one: the reader takes the same within two seconds for a double swipe.
        """
        asking = await self.asked(till, service, body, screen)
        if account == CODE:
            self.rig.scan(account)
        else:
            self.rig.swipe(account)
        if screen == "pre-auth.present":
            await self.rig.until("sale.pin")
            await self.rig.type(ACCOUNTS[account].pin)
        told = await asking
        await self.rig.until("outcome.")
        return told

    async def charges(self):
        """What stands at the host: amounts."""
        return [
            row["amount_minor"]
            for row in await self.rig.host.ask("ledger")
            if row["state"] == "approved" and row["total"] == "debit"
        ]

    async def books_agree(self):
        """Nothing is open any more, and both books say the same."""
        async with asyncio.timeout(DAY_S):
            while faults := (await self.rig.compare()).faults:
                await asyncio.sleep(0.1)
                if not self.rig.terminal.running:
                    raise AssertionError(faults)


def payment(amount_minor, order="A17", **data):
    """Body of a PaymentRequest."""
    return {
        "PaymentTransaction": {"AmountsReq": {"Currency": "CNY", "RequestedAmountMinor": amount_minor}},
        "SaleData": {"SaleTransactionID": {"TransactionID": order}},
        **data,
    }


@pytest.fixture
def shop():
    """``shop(story)``: the story gets a Shop whose terminal is idle."""

    def run(story, ecr=(), serial=False, **options):
        async def go():
            async with _line(serial) as (terminals, tills), asyncio.timeout(DAY_S):
                section = {"address": terminals, "lease_s": 60, **dict(ecr)}
                overrides = {**QUICK, "pin": "never", **options.pop("overrides", {})}
                chosen = TerminalOptions(
                    overrides=overrides, timeouts={"outcome_s": 30}, more={"ecr": section}, **options
                )
                async with Rig(chosen, "--quiet", "--no-amount-faults") as rig:
                    shop = Shop(rig, tills)
                    await rig.terminal.start()
                    if not options.get("operators"):
                        await shop.until_idle()
                    try:
                        return await story(shop)
                    finally:
                        for till in shop.tills:
                            await till.close()

        return asyncio.run(go())

    return run


@asynccontextmanager
async def _line(serial):
    """Address for the terminal, address for tills."""
    if not serial:
        port = free_port()
        yield (f"tcp:127.0.0.1:{port}",) * 2
        return
    # Two pseudo-terminals whose masters are joined: a cable with a serial line at both ends.
    ends = [os.openpty() for _ in range(2)]
    loop = asyncio.get_running_loop()
    for master, slave in ends:
        tty.setraw(slave)
        os.set_blocking(master, False)

    def carry(source, target):
        with suppress(OSError):  # a cable loses what nobody takes
            os.write(target, os.read(source, 4096))

    (one, its), (other, others) = ends
    loop.add_reader(one, carry, one, other)
    loop.add_reader(other, carry, other, one)
    try:
        yield f"serial:{os.ttyname(its)}?baud=115200", f"serial:{os.ttyname(others)}?baud=115200"
    finally:
        for pair in ends:
            loop.remove_reader(pair[0])
            for descriptor in pair:
                os.close(descriptor)
