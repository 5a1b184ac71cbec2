"""The same messages through pyiso8583 and iso8583sim, where each can say them; what each cannot is in the table."""

import random
import sys
from importlib import import_module

import pytest

import iso8583
from iso8583 import Message
from iso8583.dialects import DECLARATIONS
from tools.benchmarks.codecs.peers import FOLDER, PyIso8583, install

MESSAGES = 800
SEED = 20261125

PYISO8583_CANNOT = {
    "iso87-binary": ({28, 29, 30, 31, 97}, "a sign as a character before BCD digits"),
    "iso93-binary": ({97}, "a sign as a character before BCD digits"),
    "unionpay-pos": ({36}, "a track packed with = as its separator"),
}
_UNKNOWN = {19, 20, 21, 27, 28, 29, 30, 31, 34, 39, 40, 46, 47, 49, 50, 51, 56, 58, 92, 97}
_GUESSED = {66, 71, 72, 82, 83, 84, 85, 90, 91, 93, 94, 95, 96}
ISO8583SIM_CANNOT = (
    _UNKNOWN | _GUESSED,
    f"{len(_UNKNOWN)} elements are unknown to it or digits only, {len(_GUESSED)} it reads by a network it guesses",
)


@pytest.fixture(scope="module")
def folder():
    """The other libraries, beside ours."""
    if not (FOLDER / "iso8583").is_dir() and not install():
        pytest.skip("pyiso8583 and iso8583sim are not installed")
    return FOLDER


@pytest.fixture(scope="module")
def sim(folder):
    """Builder and parser of iso8583sim."""
    sys.path.append(str(folder))  # at the end: our own packages come first
    yield (
        import_module("iso8583sim.core.builder").ISO8583Builder(),
        import_module("iso8583sim.core.parser").ISO8583Parser(),
    )
    sys.path.remove(str(folder))


def version_of(folder, name):
    (metadata,) = folder.glob(f"{name}-*.dist-info")
    return metadata.name.removeprefix(f"{name}-").removesuffix(".dist-info")


def messages(name, without, generated_value):
    chance = random.Random(f"{SEED}/{name}")
    fields = {number: field for number, field in DECLARATIONS[name].fields().items() if number not in without}
    for _ in range(MESSAGES):
        numbers = sorted(chance.sample(sorted(fields), chance.randint(1, min(20, len(fields)))))
        mti = ("1" if name.startswith("iso93") else "0") + chance.choice(("100", "200", "210", "400", "800"))
        yield Message(mti, {number: generated_value(chance, fields[number]) for number in numbers})


@pytest.mark.parametrize("name", sorted(DECLARATIONS))
def test_pyiso8583_writes_and_reads_the_same(folder, generated_value, report, name):
    without, why = PYISO8583_CANNOT.get(name, (set(), ""))
    peer, dialect = PyIso8583(folder, DECLARATIONS[name]), iso8583.dialect(name)
    for message in messages(name, without, generated_value):
        document = peer.document(message.mti, message.elements)
        wire = dialect.encode(message)
        assert peer.encode(document) == wire
        read = peer.decode(wire)
        assert {key: read[key] for key in document} == document
    remark = f"cannot say {', '.join(map(str, sorted(without)))}: {why}" if without else ""
    report("pyiso8583", f"messages of {name}, both ways", MESSAGES, version_of(folder, "pyiso8583"), remark)


def test_iso8583sim_writes_and_reads_the_same(folder, sim, generated_value, report):
    builder, parser = sim
    without, why = ISO8583SIM_CANNOT
    dialect = iso8583.dialect("iso87-ascii")
    for message in messages("iso87-ascii", without, generated_value):
        fields = {n: v.hex().upper() if isinstance(v, bytes) else v for n, v in message.elements.items()}
        wire = dialect.encode(message)
        assert str(builder.build(builder.create_message(message.mti, fields))).encode("ascii") == wire
        read = parser.parse(wire.decode("ascii")).fields
        assert {number: read[number] for number in fields} == fields
    report("iso8583sim", "messages of iso87-ascii, both ways", MESSAGES, version_of(folder, "iso8583sim"), why)
