"""The dialogue in docs/integrator/ecr.md, line by line at a real terminal; and the till that comes along."""

import asyncio
import json
import re
import sys
from pathlib import Path

from terminal import VERSION

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "integrator" / "ecr.md").read_text("utf-8")
VARIES = {"TimeStamp", "Since", "ApprovalCode", "Date", "SoftwareVersion"}
"""Names whose values differ from day to day; ``TransactionID`` of the host has its own."""


def steps():
    (text,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return text.splitlines()


def settled(value, above=""):
    """A message with what varies taken out."""
    if isinstance(value, list):
        return [settled(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "…" if name in VARIES or (above, name) == ("HostTransactionID", "TransactionID") else settled(one, name)
        for name, one in value.items()
    }


def test_the_dialogue_in_the_document_is_what_a_terminal_says(shop):
    async def story(shop):
        host, _, port = shop.address.removeprefix("tcp:").rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for step in steps():
            if step.startswith("→ "):
                writer.write(step[2:].encode() + b"\n")
            elif step.startswith("← "):
                assert settled(json.loads(await reader.readline())) == settled(json.loads(step[2:]))
            elif step == "(the terminal asks for card or code)":
                await shop.rig.until("sale.present")
            else:
                assert step == "(the customer swipes a card)"
                shop.rig.swipe("signature")
        writer.close()

    assert f'"SoftwareVersion":"{VERSION}"' in PAGE
    shop(story)


def test_the_till_that_comes_along_pays_and_asks(shop):
    async def till(shop, *arguments):
        command = (sys.executable, "-m", "tools", "till", "--connect", shop.address, *arguments)
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)

    async def story(shop):
        paying = await till(shop, "pay", "12.34", "--order", "A17", "--id", "r1")
        await shop.rig.until("sale.present")
        shop.rig.swipe("signature")
        told, wrong = await paying.communicate()
        assert paying.returncode == 0, wrong
        assert b"Success approved\nsale RMB 12.34, voucher " in told
        asking = await till(shop, "status")
        told, _ = await asking.communicate()
        assert b"Request r1 of TILL-1:\n  Success approved" in told
        refused = await till(shop, "pay", "12.3")
        assert (await refused.communicate())[1] == b"countertop till: an amount of CNY is written 12.34\n"
        assert refused.returncode == 2

    shop(story)
