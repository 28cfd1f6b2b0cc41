"""Where the inverses are hard: at the ends of their domains, and far out."""

import numpy as np
import pytest

import tinygrad_rnn as tg


def test_at_the_ends_the_slopes_are_infinite():
    with np.errstate(divide="ignore"):
        assert tg.grad(tg.arccosh)(1.0).item() == np.inf
        assert tg.grad(tg.arctanh)(1.0).item() == np.inf
        assert tg.grad(tg.arctanh)(-1.0).item() == np.inf


@pytest.mark.parametrize(("f", "slope"), [(tg.arccosh, 2**24.5), (tg.arctanh, None)])
def test_near_the_ends_the_slopes_keep_their_digits(f, slope):
    at = 1 + 2.0**-50 if slope else 1 - 2.0**-50
    assert float(tg.grad(f)(at)) == pytest.approx(slope or 2.0**49, rel=1e-14)


@pytest.mark.parametrize("f", [tg.arcsinh, tg.arccosh])
def test_far_out_no_square_overflows(f):
    with np.errstate(over="raise", invalid="raise"):
        assert float(tg.grad(f)(1e200)) == pytest.approx(1e-200, rel=1e-15)


def test_an_angle_that_is_none_has_no_slope():
    with np.errstate(invalid="ignore"):
        assert np.isnan(tg.grad(tg.arccosh)(-2.0).item())  # torch says 1/√(x² − 1), of a value that is NaN
