"""The same messages through jPOS's packagers: equal bytes, equal elements, both ways."""

import json
import random
from pathlib import Path

import pytest

import iso8583
from iso8583 import Message
from iso8583.dialects import DECLARATIONS

MESSAGES = 1500
SEED = 20261125
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "messages.json").read_text("utf-8"))

CANNOT = {
    # Elements that jPOS's packager of that name writes in another way, and what it does.
    "iso87-ascii": {93: "6 characters in jPOS, 5 in the standard", 96: "16 bytes in jPOS, 8 in the standard"},
    "iso87-binary": {},
    "iso93-ascii": {},
    "iso93-binary": {39: "padded on the right in jPOS, on the left in the other published message"},
    "unionpay-pos": {},
}


@pytest.fixture(scope="module")
def packagers(jpos, filters):
    return filters(jpos("Codec"))


def generated(name, count, value_of):
    chance = random.Random(f"{SEED}/{name}")
    fields = {number: field for number, field in DECLARATIONS[name].fields().items() if number not in CANNOT[name]}
    for _ in range(count):
        numbers = sorted(chance.sample(sorted(fields), chance.randint(1, min(20, len(fields)))))
        mti = ("1" if name.startswith("iso93") else "0") + chance.choice(
            ("100", "200", "210", "220", "400", "420", "800")
        )
        yield Message(mti, {number: value_of(chance, fields[number]) for number in numbers})


def told(message):
    return [
        f"{number}={'b' if isinstance(value, bytes) else 's'}:"
        + (value if isinstance(value, bytes) else value.encode("utf-8")).hex()
        for number, value in sorted(message.elements.items())
    ]


@pytest.mark.parametrize("name", sorted(CANNOT))
def test_generated_messages_are_packed_and_unpacked_alike(packagers, jpos, report, generated_value, name):
    dialect = iso8583.dialect(name)
    differences = {}
    for message in generated(name, MESSAGES, generated_value):
        ours = dialect.encode(message).hex()
        theirs = packagers.ask("\t".join([name, "encode", message.mti, *told(message)])).lower()
        if ours != theirs:
            differences.setdefault("encode", (message.mti, sorted(message.elements), theirs[:60]))
        words = packagers.ask(f"{name}\tdecode\t{ours}").split("\t")
        read = {int(number): value for number, _, value in (word.partition("=") for word in words[1:] if "=" in word)}
        for number, value in message.elements.items():
            expected = "b:" + value.hex() if isinstance(value, bytes) else "s:" + value.encode("utf-8").hex()
            if read.get(number, "absent").lower() != expected:
                differences.setdefault(f"decode {number}", (words[0], read.get(number)))
    assert differences == {}
    remark = "; ".join(f"element {number}: {why}" for number, why in CANNOT[name].items())
    report("jPOS", f"messages of {name}, both ways", MESSAGES, jpos.version, remark)
