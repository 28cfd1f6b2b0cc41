"""NumPy's further options: the values are NumPy's, the slopes hold, what is not chosen reaches nothing."""

import itertools

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.testing import DEFAULT, check_call

X = np.array([[0.3, -1.2, 2.1], [1.4, 0.7, -0.6]])
MASKS = [np.array([[True, False, True], [True, True, False]]), np.array([True, False, True]), [[True], [False]], True]
TOTALS = [{"dtype": "f4"}, {"initial": 2.5}, {"dtype": float, "initial": -1}, {"out": None}, {"initial": None}]
SPREADS = [{"dtype": "f4"}, {"correction": 1}, {"correction": 0}, {"out": None}, {"mean": np.array([[0.5], [0.25]])}]
OPTIONS = {
    "sum": TOTALS, "prod": TOTALS,
    "max": [{"initial": 0.5}, {"initial": -5.0}, {"out": None}], "min": [{"initial": 0.5}, {"initial": 5}],
    "mean": [{"dtype": "f4"}, {"dtype": np.float64}, {"out": None}],
    "var": SPREADS, "std": SPREADS,
    "any": [{"out": None}], "all": [{"out": None}],
}  # fmt: skip
NEUTRAL = {"sum": 0, "prod": 1}  # of the others that have a start, a mask asks for it
CALLS = [
    (name, {"axis": axis, **({"keepdims": True} if keepdims else {}), **options, **({} if where is None else where)})
    for name in OPTIONS
    for axis, keepdims in ((None, False), (1, False), (0, True), ((0, 1), False))
    for options in OPTIONS[name]
    for where in (None, *({"where": mask} for mask in MASKS))
    if not ("mean" in options and axis != 1)
    if not (where and name in ("max", "min", *NEUTRAL) and options.get("initial", NEUTRAL.get(name)) is None)
]
LINES = [
    (name, {"axis": axis, "dtype": dtype})
    for name in ("cumsum", "cumprod")
    for axis in (None, 0)
    for dtype in ("f4", None)
]


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@pytest.mark.parametrize(("name", "options"), CALLS + LINES, ids=str)
def test_the_values_are_numpys(name, options):
    with np.errstate(all="ignore"):
        for x in (X, X.astype(np.float32), (X > 0) * 2, X > 0):
            if x.dtype == bool and name in ("var", "std") and "mean" in options:
                continue
            expected = getattr(np, name)(x, **options)
            for given in (x, tg.tensor(x)):
                got = getattr(tg, name)(given, **options)
                assert isinstance(got, tg.Tensor) == isinstance(given, tg.Tensor)
                assert got.dtype == expected.dtype
                close = {"rtol": 20 * np.finfo(got.dtype).eps} if got.dtype.kind == "f" else {"rtol": 0}
                np.testing.assert_allclose(np.asarray(got), expected, atol=close["rtol"], **close)  # sums of 6


def has_slope(name, options):
    """Not the mean of nothing, nor the spread of one number; nor what is no number."""
    alive = np.broadcast_to(options.get("where", True), X.shape)
    return (
        name not in ("any", "all")
        and (alive.sum(axis=options["axis"]) >= {"mean": 1, "var": 2, "std": 2}.get(name, 0)).all()
    )


@pytest.mark.parametrize(("name", "options"), [c for c in [*CALLS, *LINES] if has_slope(*c)], ids=str)
def test_the_slopes_hold(name, options):
    if options.get("dtype") == "f4":  # a difference in float32 says little: the same gradient as of the cast
        f, g = getattr(tg, name), {**options, "dtype": None}
        found = tg.grad(lambda x: tg.sum(f(x, **options)))(X).data
        np.testing.assert_allclose(found, tg.grad(lambda x: tg.sum(f(x, **g)))(X).data, rtol=1e-5, atol=1e-6)
    else:
        laws = [law for law in DEFAULT if law != "float32" or options.keys().isdisjoint(("dtype", "mean"))]
        check_call(lambda x: getattr(tg, name)(x, **options), X, laws=laws)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "std", "max", "min"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_chosen_reaches_nothing(name, bad):
    x, mask = np.array([1.0, bad, 2.5]), np.array([True, False, True])
    options = {"initial": 0.0} if name in ("max", "min") else {}
    value, slope = tg.value_and_grad(lambda x: getattr(tg, name)(x, where=mask, **options))(x)
    expected = tg.value_and_grad(lambda x: getattr(tg, name)(x, **options))(x[mask])
    np.testing.assert_allclose(value.data, expected[0].data, rtol=1e-15)  # one rounding
    np.testing.assert_allclose(slope.data, [expected[1].data[0], 0, expected[1].data[1]], rtol=1e-15)


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min"])
def test_the_start_may_be_a_tensor_and_x_may_be_empty(name):
    f = getattr(tg, name)
    gx, g0 = tg.grad(lambda x, start: f(x, initial=start), (0, 1))(np.zeros(0), 3.0)
    assert gx.shape == (0,)
    assert g0.item() == 1
    assert f(np.zeros((2, 0)), axis=1, initial=4.0).tolist() == [4, 4]


def test_a_spread_around_a_mean_that_is_given_flows_to_it():
    gx, gm = tg.grad(lambda x, m: tg.var(x, mean=m), (0, 1))(np.array([1.0, 4.0]), 2.0)
    assert (gx.tolist(), gm.item()) == ([-1, 2], -1)


def test_the_spread_of_a_constant_has_slope_zero_with_options_too():
    assert tg.grad(lambda x: tg.std(x, where=np.array([True, True, False])))(np.full(3, 0.1)).tolist() == [0, 0, 0]


def test_numpys_names_of_the_bounds():
    x = tg.tensor([-1.0, 0.5, 2.0])
    assert tg.clip(x, min=0.0).tolist() == x.clip(min=0).tolist() == [0, 0.5, 2]
    assert tg.clip(x, max=1.0).tolist() == [-1, 0.5, 1]
    assert tg.clip(a=x, min=0.0, max=1.0, out=None).tolist() == [0, 0.5, 1]
    assert tg.grad(lambda low: tg.sum(tg.clip(x, min=low)))(0.0).item() == 1
    with pytest.raises(tg.OptionError, match="clip: a bound is given twice"):
        tg.clip(x, 0.0, min=0.0)


def test_kinds_of_sorting_are_all_stable():
    x = np.array([2.0, 1.0, 2.0])
    for kind, stable in itertools.product([None, "stable", "quicksort"], [None, True]):
        assert tg.sort(x, kind=kind, stable=stable).tolist() == [1, 2, 2]
        assert tg.argsort(x, kind=kind, stable=stable).tolist() == [1, 0, 2]


def test_numpys_names_of_arrays_go_with_its_options():
    assert tg.sum(a=X, dtype="f4").dtype == np.float32
    assert tg.tensor(X).sum(where=X > 0).item() == pytest.approx(4.5, rel=1e-15)  # one rounding


@pytest.mark.parametrize(
    "name", ["sum", "prod", "max", "min", "mean", "var", "std", "any", "all", "cumsum", "cumprod", "clip"]
)
def test_no_array_is_written_to(name):
    with pytest.raises(tg.OptionError, match=f"^{name}: no array is written to\n  expected  out=None"):
        getattr(tg, name)(X, out=np.zeros(2))


@pytest.mark.parametrize("name", ["sum", "max", "mean", "std", "any"])
def test_options_that_are_none(name):
    start = {"initial": 0.0} if name == "max" else {}
    with pytest.raises(tg.DTypeError, match=f"{name}: where=.* is not a mask"):
        getattr(tg, name)(X, where=[1, 0, 1], **start)
    with pytest.raises(tg.ShapeError, match=r"broadcast_to: \(2,\) does not fit"):
        getattr(tg, name)(X, where=[True, False], **start)
    with pytest.raises(TypeError, match=f"^{name}: there is no option 'wher'"):
        getattr(tg, name)(X, wher=True, **start)


def test_what_options_need():
    with pytest.raises(tg.OptionError, match="max: where= without initial="):
        tg.max(X, where=X > 0)
    with pytest.raises(tg.OptionError, match=r"sum: initial=.* is not a number"):
        tg.sum(X, axis=0, initial=[1.0, 2.0, 3.0])
    with pytest.raises(tg.OptionError, match="var: ddof and correction are one option"):
        tg.var(X, ddof=1, correction=1)
    with pytest.raises(tg.DTypeError, match="there is no dtype"):
        tg.sum(X, dtype="no such type")
