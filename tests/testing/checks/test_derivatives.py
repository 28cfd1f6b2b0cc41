"""check_vjp and check_jvp: right rules pass, wrong ones fail, and what they say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import elementwise, primitive
from tinygrad_rnn.testing import GradMismatch, Kink, check_call, check_jvp, check_vjp, tally
from tinygrad_rnn.testing.oracles import compare

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
both = pytest.mark.parametrize("check", [check_vjp, check_jvp])


@pytest.fixture
def wrong(registry):
    """Ops whose rules are wrong in a known way."""

    @elementwise(x=lambda y, x: x**2)
    def cube_without_its_3(x):
        """y = x³"""
        return x**3

    @elementwise(x=lambda y, x: 3 * np.asarray(getattr(x, "data", x)) ** 2)
    def cube_wrong_at_second_order(x):
        """y = x³"""
        return x**3

    @primitive
    def scaled(x, w):
        """y = x·w"""
        return x * w

    scaled.vjp(x=lambda gy, y, x, w: gy * w, w=lambda gy, y, x, w: -gy * x)
    scaled.jvp(x=lambda dx, y, x, w: dx * w, w=lambda dw, y, x, w: x * dw)
    return {"factor": cube_without_its_3, "second": cube_wrong_at_second_order, "sign": scaled}


@both
@pytest.mark.parametrize("order", [1, 2, 3])
def test_right_rules_pass(check, order):
    report = check(lambda x, w: (tg.tanh(x @ w), {"more": [x * 2]}), X, X.T.copy(), order=order)
    assert report.passed
    assert report.directions == 12 * order
    assert report.worst < 1e-7
    assert report.kinks == 0


@both
def test_many_numbers_are_moved_together(check):
    report = check(tg.softmax, np.random.default_rng(0).standard_normal((10, 20)))
    assert report.directions == 8


@both
def test_a_wrong_element_of_many_is_found_and_named(check):
    def f(x):
        return tg.where(np.arange(200) == 137, x * x.detach(), x * x)  # half of the slope, at one place

    with pytest.raises(GradMismatch) as caught:
        check(f, np.linspace(0.1, 2, 200))
    text = str(caught.value)
    assert "x[137], of shape (200,)" in text
    assert "ratio     0.5" in text
    assert "each recorded op agrees by itself" in text


@both
def test_a_missing_factor(check, wrong):
    def model(x, p):
        with tg.scope("encoder"), tg.step(3, of=20):
            return wrong["factor"](tg.tanh(x)) @ p["w"], x

    with pytest.raises(GradMismatch) as caught:
        check(model, X, {"w": np.ones((3, 2))})
    text = str(caught.value)
    assert text.startswith("model: the derivative by the")
    for fact in (
        "argument  x[0, 0], of shape (2, 3)",
        "= ∂y0[0, 0]/∂x[0, 0]",
        "(complex step)",
        "ratio     0.333333",
        "rows      2 of 10 are wrong: y0[0, 0], y0[0, 1]",
        "node      cube_without_its_3, encoder/lstm, step 3 of 20".replace("/lstm", ""),
        "hint      1/3 of it",
        "again     check_",
        "{'w': np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])}, seed=0)",
    ):
        assert fact in text, text
    assert not caught.value.report.passed
    assert [node.op for node in caught.value.report.graph.nodes].count("cube_without_its_3") == 1


def test_the_line_under_again_runs_the_check_again(wrong):
    fn = wrong["factor"]
    with pytest.raises(GradMismatch) as caught:
        check_vjp(fn, X, name="fn", seed=7)
    line = caught.value.report.mismatch.again
    with pytest.raises(GradMismatch) as second:
        eval(line, {"fn": fn, "np": np, "check_vjp": check_vjp})
    assert second.value.report.mismatch.analytic == caught.value.report.mismatch.analytic


def test_a_sign_in_one_mode_is_seen_in_that_mode_alone(wrong):
    with pytest.raises(GradMismatch, match="hint      a sign"):
        check_vjp(wrong["sign"], X, X)
    assert check_vjp(wrong["sign"], X, X, wrt=0).passed
    assert check_jvp(wrong["sign"], X, X).passed


@both
def test_second_order_is_seen_at_second_order_alone(check, wrong):
    assert check(wrong["second"], X).passed
    with pytest.raises(GradMismatch, match="derivative of order 2 by the") as caught:
        check(wrong["second"], X, order=2)
    assert "node      cube_wrong_at_second_order" in str(caught.value)


def test_a_rule_that_gives_nan_is_wrong(wrong):
    with pytest.raises(GradMismatch, match="hint      not finite"), np.errstate(all="ignore"):
        check_vjp(lambda x: tg.where(x > 0, tg.sqrt(tg.where(x > 0, x, 0 * x)), 0 * x), np.array([4.0, -1.0]))


@both
def test_float32_is_compared_with_float64_code(check):
    assert check(tg.tanh, X.astype(np.float32)).passed
    drift = lambda x: tg.astype(tg.astype(x, np.float16) * 3, np.float64)  # noqa: E731
    with pytest.raises(tg.DTypeError, match="float16 on the way is too coarse"):
        check(drift, X)


def test_a_float32_gradient_that_is_off(wrong):
    """Right in float64, and rounded to half precision for float32."""

    def f(x):
        return x * (x.detach() * 0 + np.float16(0.1).astype(x.dtype) if x.dtype == np.float32 else 0.1)

    with pytest.raises(GradMismatch, match="in float32 the gradient is not the one in float64"):
        check_vjp(f, X.astype(np.float32) * 100)


@both
def test_kinks(check):
    with pytest.raises(Kink, match="no derivative here along 1 of the directions"):
        check(tg.relu, np.array([0.0]))
    with pytest.raises(Kink, match="the slopes to the left and to the right differ: 0 and 1"):
        check(tg.relu, np.array([0.0, 1.0, 2.0]), kinks="raise")
    report = check(tg.relu, np.array([0.0, 1.0, 2.0]))
    assert (report.directions, report.kinks) == (2, 1)
    with pytest.raises(tg.OptionError, match=r"kinks='ignore' is not an option\n  expected  'skip' or 'raise'"):
        check(tg.relu, X, kinks="ignore")


def test_inside_hypothesis_a_kink_is_drawn_anew_and_counted():
    seen = []

    @settings(max_examples=50, deadline=None, database=None)
    @given(st.integers(-3, 3))
    def run(n):
        seen.append(check_vjp(tg.relu, np.array([float(n)])).directions)

    with tally() as counts:
        run()
    assert set(seen) == {1}
    assert 0 < counts.rejected < counts.points / 2
    assert counts.points - counts.rejected == len(seen)
    counts.check()


@both
def test_python_floats_and_what_else_may_be_passed(check):
    assert check(lambda x, n: x**n, 1.5, 3).directions == 1
    assert check(lambda x, axis: tg.sum(x, axis=axis), X, 1).directions == 6
    assert check(tg.concatenate, [X, X]).directions == 12
    assert check(tg.tanh, tg.tensor(X, requires_grad=True)).directions == 6
    assert check(tg.tanh, np.zeros((0, 3))).directions == 0


@both
def test_refusals(check):
    with pytest.raises(tg.GraphError, match="there is nothing to differentiate by"):
        check(tg.tanh, np.array([1, 2]))
    with pytest.raises(tg.GraphError, match="there is no argument 3"):
        check(tg.tanh, X, wrt=3)
    rng = np.random.default_rng(0)
    with pytest.raises(tg.GraphError, match="run again, it gives other values"):
        check(lambda x: x * rng.standard_normal(), X)


@both
def test_the_answer_depends_on_the_seed_alone(check):
    f = lambda x: tg.logsumexp(x, axis=0)  # noqa: E731
    assert check(f, X, seed=3) == check(f, X, seed=3)
    assert check(f, X, seed=3).worst != check(f, X, seed=4).worst


# what was compared


def forgetful(v):
    v * 2


@both
@pytest.mark.parametrize(
    ("fn", "got", "help"),
    [
        (forgetful, "NoneType", "is a return missing?"),
        (lambda v: np.tanh(v.numpy()), "ndarray", "use tg.tanh"),
        (lambda v: float(v.data.sum()) * 2, "float", "use tg.tanh"),
        (lambda v: (), "no outputs", "is a return missing?"),
        (lambda v: (v * 2, v.numpy() * 3), "Tensor of float64, ndarray", "use tg.tanh"),
        (lambda v: {"y": v * 2, "state": None}, "Tensor of float64, NoneType", "is a return missing?"),
        (tg.argmax, "Tensor of int64", ""),
    ],
)
def test_a_check_that_would_compare_nothing_fails(check, fn, got, help):
    with pytest.raises(tg.GraphError, match=r"is not a Tensor|no output is a Tensor of floats") as caught:
        check(fn, X)
    assert f"got       {got}" in str(caught.value)
    assert help in str(caught.value)


@both
def test_integers_beside_floats_are_left_alone(check):
    assert check(lambda v: (v * 2, tg.argmax(v), v > 0), X).directions == 6


def test_a_gradient_has_the_shape_and_the_dtype_of_its_argument(monkeypatch):
    right = compare.vjp

    def elsewhere(change):
        def vjp(f, *xs):
            ys, pullback = right(f, *xs)
            return ys, lambda u: tuple(tg.tensor(change(g.data)) for g in pullback(u))

        return vjp

    for change, got in ((lambda g: g[None], r"\(1, 2, 3\) float64"), (np.float32, r"\(2, 3\) float32")):
        monkeypatch.setattr(compare, "vjp", elsewhere(change))
        with pytest.raises(GradMismatch, match=rf"another shape or dtype than x\n.*\n  analytic  {got}"):
            check_vjp(tg.tanh, X)


# how closely


@both
def test_what_the_caller_allows(check, wrong):
    off = lambda x: x * (x.detach() * 0 + 1) * 1.0 + 0.01 * (x - x.detach())  # noqa: E731  slope 1.01 by the rules
    with pytest.raises(GradMismatch):
        check(off, X)
    with pytest.raises(GradMismatch):
        check(off, X, rtol=0.009)
    assert check(off, X, rtol=0.011).passed
    with pytest.raises(GradMismatch):
        check(off, X, atol=0.01)
    assert check(off, X, atol=0.02).passed  # of ⟨u, J dx⟩, |u| < 3/2


@both
def test_the_step_that_is_asked_for_is_the_step(check):
    seen = []

    def f(x):
        seen.append(np.ravel(np.asarray(x.data).real)[0])
        return abs(x)

    assert check(f, np.array([3.0]), step=0.25).passed
    assert set(np.abs(np.array(seen) - 3)) == {0, 0.125, 0.25}


def test_two_runs_may_differ_by_as_much_as_is_said():
    rng = np.random.default_rng(0)
    noisy = lambda x: tg.tanh(x) + 1e-6 * rng.uniform(-0.5, 0.5)  # noqa: E731
    for check in (check_vjp, check_jvp):
        with pytest.raises(tg.GraphError, match="run again, it gives other values"):
            check(noisy, X)
        assert check(noisy, X, nondeterminism=1e-6).passed
        with pytest.raises(GradMismatch):
            check(lambda x: noisy(x) * x.detach(), X, nondeterminism=3e-6)


def test_rules_that_give_another_derivative_when_run_again():
    rng = np.random.default_rng(0)

    def f(x):
        scale = rng.uniform(1, 2)
        return x * scale - x.detach() * (scale - 1)  # its value is that of x

    with pytest.raises(tg.GraphError, match="run again, its rules give another derivative"):
        check_vjp(f, X)


@both
def test_a_reference_is_held_to_before_any_slope(check):
    swish = lambda x: x * tg.sigmoid(x)  # noqa: E731
    right = lambda x: x / (1 + np.exp(-x))  # noqa: E731
    assert check(swish, X, reference=right).passed
    assert check(swish, X.astype(np.float32), reference=right).passed
    for other in (lambda x: right(x) + 1e-9, lambda x: right(x)[0], lambda x: (right(x), x), lambda x: right(x) > 0):
        with pytest.raises(GradMismatch, match="the values are not the reference's"):
            check(swish, X, reference=other)


def test_a_reference_that_is_finite_where_the_function_is_not():
    with pytest.raises(GradMismatch, match="the values are not the reference's"):
        check_vjp(lambda x: tg.log(tg.sum(tg.exp(x))), np.array([800.0, 0.0]), reference=lambda x: np.float64(800.0))


@both
@pytest.mark.parametrize(
    "option",
    [{"rtol": -1}, {"atol": None}, {"step": 0}, {"nondeterminism": "much"}, {"reference": 3}, {"rtoll": 1}],
    ids=str,
)
def test_options_out_of_range(check, option):
    with pytest.raises(tg.OptionError, match=f"{check.__name__}: .*{next(iter(option))}"):
        check(tg.tanh, X, **option)


# where there is no value


@both
@pytest.mark.parametrize(
    "fn",
    [
        tg.log,
        lambda x: x * math.log(x.data.real.min()),
        lambda x: x * np.linalg.inv(0 * x.data[:, :2])[0, 0],
        lambda x: x * (1 // 0),
    ],
    ids=["not finite", "ValueError", "LinAlgError", "ZeroDivisionError"],
)
def test_a_point_outside_the_domain_is_rejected(check, fn):
    with tally() as counts, pytest.raises(Kink, match="outside the function's domain"), np.errstate(all="ignore"):
        check(fn, X)
    assert (counts.points, counts.rejected) == (1, 1)
    with pytest.raises(Kink, match="1 of 1 points") as caught:
        counts.check()
    assert "outside the function's domain" in str(caught.value)


def test_the_edge_of_the_domain_is_a_kink_and_what_is_near_it_is_not():
    guarded = lambda x: tg.sqrt(x) if math.sqrt(x.data.real.min()) >= 0 else None  # noqa: E731
    with pytest.raises(Kink, match="not finite around"), np.errstate(all="ignore"):
        check_vjp(guarded, np.zeros(1))
    assert check_vjp(guarded, np.array([1e-4])).passed


@both
@pytest.mark.parametrize(
    ("fn", "error"),
    [
        (lambda x: x + "text", Exception),
        (lambda x: x.no_such_method(), AttributeError),
        (lambda x: nowhere + x, NameError),  # noqa: F821
        (lambda x: tg.reshape(x, (5,)), tg.ShapeError),
        (lambda x: tg.tanh(x, 3), TypeError),
        (lambda x: tg.softmax(x, axis="rows"), tg.TinygradError),
    ],
)
def test_a_mistake_in_the_code_is_not_taken_for_a_point_outside(check, fn, error):
    with pytest.raises(error) as caught:
        check(fn, X)
    assert not isinstance(caught.value, Kink)


# the second order by the cotangent


@both
@pytest.mark.parametrize(
    "rule",
    [
        lambda gy, y, x: np.asarray(getattr(gy, "data", gy)) * tg.cos(x),
        lambda gy, y, x: (0.5 * (gy + gy.detach()) if isinstance(gy, tg.Tensor) else gy) * tg.cos(x),
    ],
    ids=["an array", "half of it detached"],
)
def test_a_cotangent_that_is_cut_off_is_seen_at_the_second_order(check, rule, registry):
    @primitive
    def wave(x):
        """y = sin x"""
        return np.sin(x)

    wave.vjp(x=rule)
    wave.jvp(x=lambda dx, y, x: dx * tg.cos(x))
    assert check(wave, X).passed
    with pytest.raises(GradMismatch, match="derivative of order 2") as caught:
        check(wave, X, order=2)
    assert "argument  gy[" in str(caught.value)


# joints, steep places, numbers that cancel, coarse ones


def huber(x):
    return tg.where(abs(x) < 1, 0.5 * x * x, abs(x) - 0.5)


@both
@pytest.mark.parametrize("fn", [huber, lambda x: (x - 1) * abs(x - 1) / 2, lambda x: 100 * tg.relu(x - 1) ** 2])
@pytest.mark.parametrize("off", [0, 1e-7, -1e-5, 3e-4])
def test_a_joint_of_the_second_derivative(check, fn, off):
    point = np.array([1.0 + off])
    assert check(fn, point).passed
    with pytest.raises(GradMismatch):
        check(lambda x: fn(x) + 0.01 * (x - x.detach()), point)
    if not off:
        with pytest.raises(Kink, match="no derivative here"):
            check(fn, point, order=2)


@both
@pytest.mark.parametrize(
    ("fn", "x"),
    [
        (lambda x: tg.sin(1000 * x) + 0 * abs(x), 0.3),
        (lambda x: tg.log(abs(x)), 1e-5),
        (lambda x: 1 / abs(x), 1e-4),
        (lambda x: (1e8 + x) - 1e8, 0.3),
        (lambda x: 1e8 * (x - tg.sin(x)), 1e-3),
        (lambda x: 1e10 * x - 1e10 * (x - 1e-9 * x), 0.07),
        (lambda x: tg.astype(tg.tanh(tg.astype(x, np.float32)), np.float64) * x, 0.7),
        (lambda x: tg.tanh(tg.astype(x, np.float32)), 0.7),
    ],
    ids=["sin", "log", "1/x", "a large term", "cancelling slopes", "nine digits lost", "float32 inside", "float32 out"],
)
def test_right_code_that_is_hard_to_difference(check, fn, x):
    assert check(fn, np.array([x])).passed
    assert check(fn, np.array([x]), order=2).passed
    with pytest.raises(GradMismatch):
        check(lambda x: fn(0.95 * x + 0.05 * x.detach()), np.array([x]))


@both
def test_float32_beside_float64_has_the_precision_of_float32(check):
    assert check(lambda x, w: tg.tanh(x) * w, X.astype(np.float32), X).passed


def test_a_float32_gradient_may_be_off_by_what_its_argument_is_rounded(registry):
    assert check_vjp(lambda x: tg.sin(1000 * x), np.array([1.1], np.float32)).passed  # 6e-8 of 1100 is 7e-5 of a phase


# functions of other frameworks


def test_a_function_says_what_it_has():
    def square(x):
        return x * x

    square.modes, square.max_order = frozenset({"vjp"}), 1
    assert [report.order for report in check_call(square, X, laws=[])] == [1, 1]
    with pytest.raises(tg.OptionError, match="check_jvp: square has no jvp rules"):
        check_jvp(square, X)
    with pytest.raises(
        tg.OptionError, match="check_vjp: square has no derivatives of order 2\n  expected  order=1 at most"
    ):
        check_vjp(square, X, order=2)
