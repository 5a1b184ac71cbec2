"""Whatever shape is declared, its straight lines are right: shapes by chance, of every kind of element."""

from dataclasses import replace
from random import Random

import pytest

from iso8583 import Message
from iso8583.diagnose import TableCodec
from iso8583.dialects import DECLARATIONS
from iso8583.errors import DialectError
from iso8583.generate import generate
from iso8583.generate_shapes import is_usual
from tools.fuzz.messages import message_of

SHAPES, MESSAGES = 25, 4


@pytest.mark.parametrize("name", sorted(DECLARATIONS))
def test_any_shape_of_usual_elements_has_straight_lines_that_agree_with_the_table(name):
    random = Random(name)
    declaration = DECLARATIONS[name]
    usual = [number for number, field in declaration.fields().items() if is_usual(field, declaration)]
    shapes = tuple({tuple(sorted(random.sample(usual, random.randint(1, 14)))) for _ in range(SHAPES)})
    declaration = replace(declaration, shapes=shapes)
    codec, table = {}, TableCodec(declaration)
    exec(compile(generate(declaration), name, "exec"), codec)
    for shape in shapes:
        for count in range(MESSAGES):
            message = message_of(declaration, random, shape, longest=count == 0)
            if any(isinstance(value, str) and not value.strip() for value in message.elements.values()):
                continue  # nothing but blanks is left to the table
            wire = table.encode(message)
            assert codec["TO"][shape](message.mti, message.elements) == wire
            assert codec["FROM"][wire[codec["BITMAP"]]](wire, Message) == message


@pytest.mark.parametrize("shape", [(4, 3), (3, 3), (28,), (70,)])
def test_a_shape_that_no_straight_line_can_take_is_refused(shape):
    with pytest.raises(DialectError, match="straight line"):
        generate(replace(DECLARATIONS["iso87-ascii"], shapes=(shape,)))
