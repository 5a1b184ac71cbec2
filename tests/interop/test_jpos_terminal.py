"""A terminal on jPOS against our host simulator."""

import asyncio

from tools.host.accounts import DEMO_ACCOUNTS, stripe
from tools.rig import Rig
from tools.rig.terminal import MERCHANT, TERMINAL

ACCOUNTS = {account.name: account for account in DEMO_ACCOUNTS}


def test_a_jpos_terminal_trades_with_the_host_simulator(jpos, filters, report):
    async def day():
        async with Rig() as rig:
            terminal = filters(jpos("Terminal", "127.0.0.1", str(rig.host.port), TERMINAL, MERCHANT))
            terminal.send(rig.master_key)

            async def say(*words):
                return (await asyncio.to_thread(terminal.ask, " ".join(words))).split()

            good, low = ACCOUNTS["good"], ACCOUNTS["low"]
            code, batch, values = await say("sign-on")
            assert (code, values) == ("00", "check-values")
            assert (await say("echo"))[0] == "00"

            code, _, stan, rrn, mac = await say("sale", "12850", stripe(good), good.pin)
            assert (code, mac) == ("00", "genuine")
            assert (await say("sale", "12850", stripe(good), "999999"))[0] == "55"
            assert (await say("sale", "99999999", stripe(low), low.pin))[0] in {"51", "61"}

            code, *_ = await say("sale", "6600", stripe(good), good.pin)
            assert code == "00"
            assert (await say("reverse"))[0] == "00"
            assert (await say("reverse"))[0] == "00", "a repeated reversal is answered as the first"

            code, _, other, other_rrn, _ = await say("sale", "7700", stripe(good), good.pin)
            assert code == "00"
            assert (await say("refund", "2200", batch, other, other_rrn, "1125"))[0] == "00"
            assert (await say("void", "12850", batch, stan, rrn))[0] == "00"
            assert (await say("void", "12850", batch, stan, rrn))[0] != "00", "voided once"

            ledger = await rig.host.ask("ledger")
            standing = sorted((row["kind"], row["amount_minor"]) for row in ledger if row["state"] == "approved")
            assert standing == [("refund", 2200), ("sale", 7700), ("sale", 12850), ("sale-void", 12850)]
            totals = f"{7700 + 12850:012d}{2:03d}{2200 + 12850:012d}{2:03d}"
            assert await say("settle", totals) == ["1", "00"]
            assert await rig.host.ask("check") == []

    asyncio.run(day())
    report("jPOS", "its terminal against our host: sign-on to settlement", 13, jpos.version)
