"""Three ways to write a message – construct, the table, the generated codec – and one result."""

import importlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import iso8583
from iso8583 import Message
from iso8583.codecs import unionpay_pos
from iso8583.diagnose import TableCodec
from iso8583.dialects import DECLARATIONS
from iso8583.generate import FOLDER, generate
from iso8583.names import CODECS
from iso8583.reference import ReferenceCodec

WITH_SHAPES = sorted(name for name, declaration in DECLARATIONS.items() if declaration.shapes)
MODEST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MODEST
@given(data=st.data())
def test_construct_the_table_and_the_generated_codec_agree(declaration, messages, data):
    message = data.draw(messages(declaration))
    dialect = iso8583.dialect(declaration.name)
    wire = TableCodec(declaration).encode(message)
    assert dialect.encode(message) == wire
    assert ReferenceCodec(declaration).encode(message) == wire
    for decoded in (
        dialect.decode(wire),
        TableCodec(declaration).decode(wire),
        ReferenceCodec(declaration).decode(wire),
    ):
        assert decoded == message


@MODEST
@given(data=st.data())
def test_every_declared_shape_takes_the_straight_line(messages, data):
    name = data.draw(st.sampled_from(WITH_SHAPES))
    declaration = DECLARATIONS[name]
    shape = data.draw(st.sampled_from(declaration.shapes))
    message = data.draw(messages(declaration, shape))
    wire = TableCodec(declaration).encode(message)
    assert iso8583.dialect(name).encode(message) == wire
    assert iso8583.dialect(name).decode(wire) == message


def test_a_declared_shape_is_really_written_by_its_own_function():
    """A shape that silently fell through to the slow codec would be right and slow."""
    for declaration in map(DECLARATIONS.get, WITH_SHAPES):
        codec = importlib.import_module(f"iso8583.codecs.{CODECS[declaration.name]}")
        fields = declaration.fields()
        for shape in declaration.shapes:
            elements = {}
            for number in shape:
                field = fields[number]
                size = max(field.maximum // 2, 1) if field.prefix_digits else field.maximum
                elements[number] = bytes(size) if field.content in ("b", "tlv") else "1" * size
            wire = codec.TO[shape]("0200", elements)
            assert codec.FROM[wire[codec.BITMAP]](wire, Message) == Message("0200", elements)
            assert codec.encode_any("0200", elements) == wire
            assert codec.decode_any(wire, Message) == Message("0200", elements)


def judged(declaration, wire):
    """What the dialect and its table make of bytes: the same message, or the same fault at the same place."""
    results = []
    for decode in (iso8583.dialect(declaration.name).decode, TableCodec(declaration).decode):
        try:
            results.append(decode(wire))
        except iso8583.Iso8583Error as error:
            results.append((type(error), error.element, error.offset))
    assert results[0] == results[1]


@settings(MODEST, max_examples=400)
@given(data=st.data(), noise=st.binary(min_size=1, max_size=3), place=st.integers(0, 400))
def test_a_damaged_shape_is_judged_by_its_straight_line_as_by_the_table(messages, data, noise, place):
    declaration = DECLARATIONS[data.draw(st.sampled_from(WITH_SHAPES))]
    message = data.draw(messages(declaration, data.draw(st.sampled_from(declaration.shapes))))
    wire = bytearray(TableCodec(declaration).encode(message))
    head = 10 if declaration.wire.digits == "bcd" else 4
    place = head + place % (len(wire) - head)
    # The same bitmap, so that the straight line is taken: one nibble, some bytes, or bytes gone or too many.
    kind = data.draw(st.sampled_from(["nibble", "bytes", "insert", "cut"]))
    if kind == "nibble":
        wire[place] ^= noise[0] & 15 or 1
    elif kind == "bytes":
        wire[place : place + len(noise)] = noise
    elif kind == "insert":
        wire[place:place] = noise
    else:
        del wire[place : place + len(noise)]
    judged(declaration, bytes(wire))


@settings(MODEST, max_examples=300)
@given(data=st.data())
def test_a_wrong_value_is_refused_by_the_straight_line_as_by_the_table(messages, data):
    declaration = DECLARATIONS[data.draw(st.sampled_from(WITH_SHAPES))]
    shape = data.draw(st.sampled_from(declaration.shapes))
    message = data.draw(messages(declaration, shape))
    number = data.draw(st.sampled_from(shape))
    wrong = data.draw(
        st.one_of(
            st.text(max_size=20), st.binary(max_size=20), st.none(), st.integers(),
            st.just(message[number][:-1]), st.just(message[number] * 2),
            st.just("\u0663" * len(message[number])), st.just(b"1" * len(message[number])),
            st.just("1" * len(message[number])), st.just("\xe9" * len(message[number])),
        )
    )  # fmt: skip
    elements = {**message.elements, number: wrong}
    results = []
    for encode in (iso8583.dialect(declaration.name).encode, TableCodec(declaration).encode):
        try:
            results.append(encode(Message(message.mti, elements)))
        except iso8583.Iso8583Error as error:
            results.append((type(error), error.element))
    assert results[0] == results[1]


@MODEST
@given(data=st.data(), noise=st.binary(max_size=6), place=st.integers(0, 400))
def test_damaged_bytes_are_judged_alike_by_table_and_generated_codec(declaration, messages, data, noise, place):
    wire = bytearray(TableCodec(declaration).encode(data.draw(messages(declaration))))
    place %= len(wire)
    wire[place : place + len(noise)] = noise
    judged(declaration, bytes(wire))


@pytest.mark.parametrize("name", sorted(CODECS))
def test_the_generated_module_is_fresh(name):
    path = FOLDER / f"{CODECS[name]}.py"
    assert path.read_text("utf-8") == generate(DECLARATIONS[name]), "run: python -m iso8583.generate"


def test_the_codec_loads_neither_construct_nor_typing_nor_dataclasses():
    import subprocess
    import sys

    program = (
        "import sys; import iso8583; iso8583.dialect('unionpay-pos').decode(bytes.fromhex('08000000000000000000'));"
        "print([name for name in ('construct', 'typing', 'dataclasses', 'enum', 're') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, cwd=FOLDER.parent.parent
    )
    assert done.stdout.strip() == "[]"


def test_elements_may_come_in_any_order():
    forward = Message("0200", {3: "000000", 4: "000000000100", 11: "000001"})
    backward = Message("0200", dict(reversed(list(forward.elements.items()))))
    dialect = iso8583.dialect("unionpay-pos")
    assert dialect.encode(backward) == dialect.encode(forward)
    assert unionpay_pos.encode_any("0200", backward.elements) == dialect.encode(forward)
