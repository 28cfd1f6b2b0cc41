"""check_vjp and check_jvp: right rules pass, wrong ones fail, and what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import elementwise, primitive
from tinygrad_rnn.testing import GradMismatch, Kink, check_jvp, check_vjp, tally

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
