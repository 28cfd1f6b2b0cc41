"""check_errors: it passes what is refused well, and says what came where it is not."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.testing import check_errors
from tinygrad_rnn.testing.checks.refusals import Refusal

A, B = np.ones((2, 3)), np.ones((4, 5))


def test_refusals_as_tuples_named_and_in_full():
    assert check_errors(tg.matmul, [((A, B), tg.ShapeError), ((A, B), tg.ShapeError, r"\(2, 3\) and \(4, 5\)")]) == 2
    assert check_errors(tg.sum, {"no such axis": Refusal((A,), {"axis": 7}, tg.ShapeError, "axis=7")}) == 1
    assert check_errors(tg.tensor, [(["no", "numbers"], tg.DTypeError)]) == 1  # one argument, not a tuple of them
    assert check_errors(tg.add, []) == 0


def complain(error):
    def refuses(x):
        raise error

    return refuses


GOOD = tg.ShapeError("f: x has 2 axes", expected="1")


@pytest.mark.parametrize(
    ("fn", "case", "says"),
    [
        (tg.add, ((A, A), tg.ShapeError), "it returned array"),
        (tg.matmul, ((A, B), tg.DTypeError), "it raised ShapeError instead of DTypeError: matmul: (2, 3) and (4, 5)"),
        (tg.matmul, ((A, B), ValueError), "it raised ShapeError instead of ValueError"),  # exactly that class
        (tg.matmul, ((A, B), tg.ShapeError, "the moon"), "does not contain 'the moon'"),
        (complain(ValueError()), (1, ValueError), "the ValueError has no message"),
        (complain(ValueError("\nlater")), (1, ValueError), "the ValueError has no message"),
        (complain(tg.ShapeError("f: no")), (1, tg.ShapeError), "no line of facts"),
    ],
)
def test_what_came_instead(fn, case, says):
    with pytest.raises(AssertionError) as raised:
        check_errors(fn, {"odd": case})
    assert str(raised.value).startswith(f"case odd, {fn.__name__}(")
    assert says in str(raised.value)


def test_a_plain_error_needs_no_facts_and_ours_needs_one():
    assert check_errors(complain(ValueError("no")), [(1, ValueError)]) == 1
    assert check_errors(complain(GOOD), [(1, tg.ShapeError)]) == 1


@pytest.mark.parametrize("wrap", [lambda x: x, tg.tensor, lambda x: {"nested": [x]}])
def test_an_argument_that_was_written_to(wrap):
    def writes(x):
        x = x["nested"][0] if isinstance(x, dict) else x
        (x._array if isinstance(x, tg.Tensor) else x)[0] = 9
        raise GOOD

    with pytest.raises(AssertionError, match="written to"):
        check_errors(writes, [(wrap(np.ones(2)), tg.ShapeError)])


def test_cases_are_counted_from_one_and_show_their_arguments():
    with pytest.raises(AssertionError, match=r"case 2, abs\(np.array\(\[1.0, 1.0\]\)\): it returned"):
        check_errors(abs, [(("x",), TypeError), (np.ones(2), tg.ShapeError)])
