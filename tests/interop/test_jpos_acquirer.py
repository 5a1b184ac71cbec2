"""The real terminal against an acquirer built on jPOS: its channel, packagers, keys and ledger are not ours."""

import asyncio
import subprocess
import urllib.request

from tools.rig import ACCOUNTS, Rig, TerminalOptions, read_journal

READY_S = 60
OPTIONS = TerminalOptions(
    overrides={
        "pin": "always",
        "response_s": 3.0,
        "reversal_retry_first_s": 0.3,
        "reversal_retry_max_s": 1.0,
        "undo_shown_s": 3,
    },
    timeouts={"outcome_s": 30},
)


class JposAcquirer:
    """The Java process."""

    def __init__(self, command, master_key):
        accounts = "\n".join(
            f"{account.pan} {account.pin} {account.balance_minor}"
            for account in ACCOUNTS.values()
            if not account.refusal
        )
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._process.stdin.write(f"{master_key}\n{accounts}\n\n")
        self._process.stdin.flush()
        words = self._process.stdout.readline().split()
        while words and words[0] != "ready":  # jPOS's own log lines
            words = self._process.stdout.readline().split()
        assert words, "the acquirer did not start"
        self.port, self._reports = int(words[1]), int(words[2])

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self._reports}{path}", timeout=10) as answer:
            return [line.split("\t") for line in answer.read().decode("utf-8").splitlines()]

    def standing(self):
        """Kind, amount and reference of what it holds to be charged or given back."""
        return sorted((row[0], int(row[4]), row[5]) for row in self.get("/ledger") if row[7] == "stands")

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.terminate()
        self._process.wait(10)


async def pay(rig, amount_minor, account, pin=None):
    await rig.until("idle")
    await rig.until_card_wanted(amount_minor)
    rig.swipe(account)
    await rig.until("sale.pin")
    asked = rig.terminal.monitor.position
    await rig.press(*(pin or ACCOUNTS[account].pin), "enter")
    return asked


async def outcome(rig, name):
    screen = await rig.until(f"outcome.{name}")
    await rig.press("enter")
    await rig.until("idle")
    return screen


def approved(path):
    kinds = {"sale-void": "void"}
    return sorted(
        (kinds.get(row.kind, row.kind), row.amount_minor, row.rrn)
        for row in read_journal(path)
        if row.state == "approved"
    )


def test_a_day_at_the_counter_against_jpos(jpos, report):
    """Sign-on, sales with PIN, a wrong PIN, a decline, an answer that never comes, void, refund, settlement."""

    async def day():
        async with Rig(OPTIONS) as rig:
            acquirer = JposAcquirer(jpos("Acquirer"), rig.master_key)
            try:
                rig.terminal.reach_host_at(acquirer.port)
                await rig.terminal.start()
                await rig.until("idle")
                await rig.until_input_devices()

                await pay(rig, 12850, "good")
                await outcome(rig, "approved")
                asked = await pay(rig, 4000, "short", pin="9999")
                await rig.terminal.monitor.until_screen("processing", 15, after=asked)
                await rig.until("sale.pin")
                await rig.press(*ACCOUNTS["short"].pin, "enter")
                await outcome(rig, "approved")
                await pay(rig, 5000, "low")
                await outcome(rig, "declined")
                await pay(rig, 7700, "second")
                await outcome(rig, "approved")

                await asyncio.to_thread(acquirer.get, "/swallow")
                await pay(rig, 6600, "good")
                await rig.until("outcome.not-charged", 20)
                await rig.press("enter")
                await rig.until("idle")

                first = next(row for row in read_journal(rig.terminal.journal) if row.amount_minor == 12850)
                await rig.press("2")
                await rig.until("menu.void")
                await rig.press("1")
                await rig.until("ask.voucher")
                await rig.type(f"{first.stan:06d}")
                await rig.until("original.confirm")
                await rig.press("enter")
                await rig.until("sale-void.present")
                rig.swipe("good")
                await outcome(rig, "approved")

                second = next(row for row in read_journal(rig.terminal.journal) if row.amount_minor == 7700)
                await rig.press("3")
                await rig.until("menu.refund")
                await rig.press("1")
                await rig.until("ask.date")
                await rig.type("1125")
                await rig.until("ask.rrn")
                await rig.type(second.rrn)
                await rig.until("refund.amount")
                await rig.type("2200")
                await rig.until("refund.present")
                rig.swipe("second")
                await outcome(rig, "approved")

                assert acquirer.standing() == approved(rig.terminal.journal)
                assert [kind for kind, _, _ in acquirer.standing()] == ["refund", "sale", "sale", "sale", "void"]
                undone = [row for row in acquirer.get("/ledger") if row[7] == "undone" and row[6] == "00"]
                assert [int(row[4]) for row in undone] == [6600]

                await rig.press("7")
                await rig.until("menu.manage")
                await rig.press("6")
                await rig.until("settle.confirm")
                await rig.press("enter")
                return await rig.until("settle.done")
            finally:
                acquirer.close()

    screen = asyncio.run(day())
    assert screen["lines"] == ["Totals agree with the bank"]
    report("jPOS", "terminal against its acquirer: sign-on to settlement", 9, jpos.version)
