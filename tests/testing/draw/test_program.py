import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.testing.draw.call import Call
from tinygrad_rnn.testing.draw.program import Line, Program, run, whole
from tinygrad_rnn.testing.draw.source import RandomSource
from tinygrad_rnn.testing.report.text import Name
from tinygrad_rnn.testing.specs.library import build


def line(name, op, *args, **static):
    return Line(Name(name), Call(op, tuple(Name(x) if isinstance(x, str) else x for x in args), static))


PARTS = Program(
    (np.arange(4.0),),
    (line("b", "split", "a", 2), line("c", "multiply", "b[0]", "b[1]"), line("d", "add", "c", "b[0]")),
    Name("c"),
)


def executed(program):
    names = {}
    exec(repr(program), names)
    return names


def test_a_part_of_a_list_is_a_value():
    assert PARTS(*PARTS.inputs).tolist() == [0.0, 3.0]
    assert whole(Name("b[1]")) == "b"
    assert PARTS.lines[1].operands == ["b", "b"]


def test_what_it_says_of_itself():
    assert PARTS.ops == ["split", "multiply", "add"]
    assert PARTS.depth == 2  # to the result; the last line does not count
    assert PARTS.names == ["a"]


def test_repr_is_source():
    assert repr(PARTS).splitlines() == [
        "import numpy as np",
        "import tinygrad_rnn as tg",
        "",
        "a = np.array([0.0, 1.0, 2.0, 3.0])",
        "",
        "def program(a):",
        "    b = tg.split(a, 2)",
        "    c = tg.multiply(b[0], b[1])",
        "    d = tg.add(c, b[0])",
        "    return c",
    ]


@pytest.mark.parametrize("seed", range(50))
def test_source_gives_the_program_bit_for_bit(seed):
    program = build(RandomSource(seed))
    names = executed(program)
    inputs = [names[name] for name in program.names]
    for mine, theirs in zip(program.inputs, inputs, strict=True):
        assert mine.tobytes() == theirs.tobytes()
        assert mine.shape == theirs.shape
    y, z = program(*program.inputs), names["program"](*inputs)
    assert np.shape(y) == np.shape(z)
    assert y.tobytes() == z.tobytes()


def test_runs_on_tensors_and_can_be_differentiated():
    y, pullback = tg.vjp(PARTS, *PARTS.inputs)
    assert y.tolist() == [0.0, 3.0]
    assert pullback(np.ones(2))[0].tolist() == [2.0, 3.0, 0.0, 1.0]


def test_runs_on_any_table_of_functions():
    table = {"split": lambda x, n: [x[: x.size // n], x[x.size // n :]], "multiply": np.logaddexp, "add": np.add}
    got = run(PARTS, table.__getitem__, *PARTS.inputs)
    np.testing.assert_array_equal(got, np.logaddexp([0, 1], [2, 3]))  # the same function


def test_an_op_of_ones_own_runs_as_itself():
    twice = Line(Name("b"), Call("twice", (Name("a"),), {}, lambda x: 2 * x))
    program = Program((np.ones(1),), (twice,), Name("b"))
    assert run(program, {}.__getitem__, np.ones(1)).tolist() == [2.0]
    assert "b = twice(a)" in repr(program)


def test_hypothesis_shows_the_source():
    from hypothesis.vendor.pretty import pretty

    assert repr(PARTS) in pretty(PARTS)
