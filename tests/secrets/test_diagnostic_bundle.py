"""A bundle for somebody afar, made beside a terminal that has taken payments: all of it is searched for secrets."""

import asyncio
import json
import zipfile

from terminal.service.doctor_bundle import PARTS
from tests.secrets.test_log_and_numbers import ACCOUNTS, LONG_PIN, canaries_of, scan, sell
from tools.cli import main
from tools.rig import Rig, TerminalOptions


def parts_of(file):
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}, bundle.comment.decode()


def test_a_bundle_holds_what_is_needed_and_no_number_stripe_pin_or_key():
    async def play():
        async with Rig(TerminalOptions(more={"log": {"file": "events.log"}})) as rig:
            await rig.terminal.start()
            await sell(rig, "second", ACCOUNTS["second"].pin)
            await sell(rig, "lost", LONG_PIN)
            await scan(rig)
            await rig.until("idle")
            config, file = str(rig.folder / "terminal.toml"), rig.folder / "found.zip"
            code = await asyncio.to_thread(main, ["doctor", "--config", config, "--bundle", str(file)])
            assert file.stat().st_mode & 0o777 == 0o600
            await rig.terminal.stop()
            return code, *parts_of(file), canaries_of(rig)

    code, parts, comment, canaries = asyncio.run(play())
    assert code == 0
    whole = b"".join(parts.values()) + comment.encode()
    assert canaries.in_bytes("a bundle", whole + ACCOUNTS["second"].pan.encode()), "a planted one is found"
    assert canaries.in_bytes("the bundle", whole) == []
    assert set(parts) == set(PARTS)
    assert not [name for name, part in parts.items() if part.startswith(b"not available")]
    told(parts, comment)


def told(parts, comment):
    findings, journal, devices = (json.loads(parts[f"{name}.json"]) for name in ("findings", "journal", "devices"))
    assert comment == findings["code"] and comment.endswith(findings["reference"])
    assert (findings["serial_number"], findings["terminal"], findings["codes"]) == ("CT-0000001", "10000001", [])
    assert journal["transactions"] == {"qr-sale approved": 1, "sale approved": 1, "sale declined": 1}
    assert devices["configured"]["msr"]["statistics"]["GoodReadCount"] == 2
    assert b'terminal.id = "10000001"   # file' in parts["configuration.txt"]
    assert b'"event": "transaction"' in parts["events.jsonl"]
    assert b"keys.vault" in parts["files.txt"]
