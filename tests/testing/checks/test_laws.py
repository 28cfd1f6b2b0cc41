"""Every law holds for what is right, and is broken by what is planted against it."""

from functools import partial

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing import DEFAULT, LAWS, GradMismatch, check_call, check_laws
from tinygrad_rnn.testing.laws import linear_map, ownership
from tinygrad_rnn.testing.laws.rows import batched

X = np.random.default_rng(0).standard_normal((3, 4))
TIED = np.array([0.0, 1.0, -1.0, 0.0])


def broken(law, fn, *inputs):
    with pytest.raises(GradMismatch, match=f"law '{law}' is broken: ") as raised:
        check_laws(fn, *inputs, laws=[law])
    return str(raised.value)


@pytest.fixture
def rule(monkeypatch):
    """Replace a rule of an op: its vjp, or its jvp."""

    def replace(name, wrong, table="vjps"):
        monkeypatch.setattr(REGISTRY[name], table, [wrong, *getattr(REGISTRY[name], table)[1:]])

    return replace


def nested(parameters, x):
    h = tg.tanh(tg.matmul(x, parameters["W"]))
    return {"h": h, "parts": (h.sum(axis=0), tg.softmax(h))}


@pytest.mark.parametrize(
    ("fn", "inputs"),
    [
        (tg.tanh, (X,)),
        (tg.tanh, (0.5,)),
        (lambda x: x, (X,)),
        (lambda x: x.reshape(2, 6).T, (X,)),
        (lambda x: 3.0 * tg.ones_like(x) if hasattr(tg, "ones_like") else x * 0 + 3, (X,)),
        (nested, ({"W": X.T}, X)),
        (lambda x, ids: x[ids], (X, np.array([0, 2, 0]))),
        (lambda x: tg.softmax(x).sum(), (X,)),  # the gradient is 0 but for rounding
        (tg.einsum, ("ij,kj->ik", X, X)),
        (tg.checkpoint(lambda x: tg.tanh(x) * x), (X,)),
        (nn.LSTM(4, 2, 2, rng=0), (X,)),
        (nn.Embedding(4, 3, rng=0), (np.array([[0, 1], [1, 1]]),)),
    ],
)
def test_the_laws_hold(fn, inputs):
    report = check_laws(fn, *inputs)
    assert report.passed
    assert report.laws == DEFAULT


def test_float32_inputs_are_checked_in_float64_and_in_float32():
    assert check_laws(nested, {"W": X.T.astype(np.float32)}, X.astype(np.float32)).passed


# one planted wrong for each law


def test_linear(rule):
    rule("tanh", lambda g, y, x: g * np.abs(g))
    message = broken("linear", tg.tanh, X)
    assert "Jᵀ(αu + βw) = α·Jᵀu + β·Jᵀw" in message
    assert "argument  the gradient of x[" in message
    assert "12 of 12 elements differ" in message


def test_zero(rule):
    rule("tanh", lambda g, y, x: g + 1e-200)
    assert check_laws(tg.tanh, X, laws=["linear"]).passed  # too small for any law with a tolerance
    broken("zero", tg.tanh, X)


def test_zero_times_infinity(rule):
    rule("tanh", lambda g, y, x: g * np.inf)
    broken("zero", tg.tanh, X)


def test_adjoint(rule):
    rule("tanh", lambda g, y, x: g * (1 + y * y), "jvps")
    broken("adjoint", tg.tanh, X)


def test_deterministic(rule):
    rng = np.random.default_rng(0)
    rule("tanh", lambda g, y, x: g * (1 + 1e-15 * rng.standard_normal(g.shape)))
    broken("deterministic", tg.tanh, X)


def test_layout(rule):
    rule("tanh", lambda g, y, x: g * np.ravel(1 - y * y, order="K").reshape(y.shape))
    message = broken("layout", tg.tanh, X)
    assert "hint      the arrays came in Fortran's order" in message


def test_float32_that_drifts():
    message = broken("float32", lambda x: x * np.ones(4), X)
    assert "analytic  (3, 4) float64" in message


def test_float32_that_is_far_from_float64():
    broken("float32", lambda x: (x + 1e5) - 1e5, X)


def test_inputs_kept_by_the_backward(rule):
    rule("tanh", lambda g, y, x: np.multiply(g, 1 - y * y, out=g))
    assert "the cotangent of y" in broken("inputs kept", tg.tanh, X)


def test_inputs_kept_by_the_forward():
    def writes(x):
        x._array[0] = 9
        return tg.tanh(x)

    assert "argument  x[" in broken("inputs kept", writes, X)


def test_inputs_written_back_as_they_were():
    def writes(x):
        x._array[0] = x._array[0].copy()
        return tg.tanh(x)

    assert "with read-only arrays" in broken("inputs kept", writes, X)


def test_outputs_kept_by_the_backward(rule):
    rule("tanh", lambda g, y, x: g * np.square(y, out=y))
    assert "argument  y[" in broken("inputs kept", tg.tanh, X)


def test_memory(monkeypatch):
    def shares(f, *xs):
        return [f(*xs)[0]], lambda gys: [gys[0]] * len(xs)

    monkeypatch.setattr(linear_map, "vjp", shares)
    assert "the gradient of a and the gradient of b" in broken("memory", lambda a, b: a + b, X, X)
    assert "the gradient of x and the cotangent of y" in broken("memory", lambda x: x, X)


def test_freed():
    kept = []

    def keeps(x):
        kept.append(tg.tanh(x))
        return kept[-1] * 2

    assert "tanh: 1 arrays outlive the output, with no backward" in broken("freed", keeps, X)


def test_freed_from_a_cycle():
    def circles(x):
        y = tg.tanh(x)
        circle = [y]
        circle.append(circle)
        return y

    broken("freed", circles, X)


def test_grad_twice(rule):
    rule("tanh", lambda g, y, x: g * np.multiply(y, 0.5, out=y))
    broken("grad twice", tg.tanh, X)


def test_second_backward_refused(monkeypatch):
    backward = tg.Tensor.backward
    monkeypatch.setattr(tg.Tensor, "backward", lambda y, retain_graph=False: backward(y, retain_graph=True))
    broken("second backward refused", tg.tanh, X)


def test_every_law_has_its_test():
    tests = {name.removeprefix("test_") for name in globals()}
    assert all(any(test.startswith(law.replace(" ", "_")) for test in tests) for law in LAWS)
    assert ownership.freed in LAWS.values()


# ties


@pytest.mark.parametrize(
    ("fn", "inputs"),
    [
        (tg.relu, (TIED,)),
        (tg.abs, (TIED,)),
        (lambda x: -tg.abs(x), (TIED,)),
        (lambda x: tg.clip(x, 0, 1), (TIED,)),
        (tg.maximum, (TIED, np.zeros(4))),
        (tg.minimum, (TIED, np.zeros(4))),
        (tg.max, (np.array([2.0, 1.0, 2.0]),)),
        (lambda x: tg.min(x, axis=0), (np.array([[2.0, 1.0], [2.0, 1.0]]),)),
        (tg.norm, (np.zeros(3),)),
        (lambda x: (tg.relu(x) + x) / 2, (TIED,)),
        (tg.tanh, (TIED,)),
        (lambda x: tg.relu(x[0]) - tg.relu(x[3]), (TIED,)),  # bent both ways: only the interval is asked for
    ],
)
def test_ties_hold(fn, inputs):
    assert check_laws(fn, *inputs, laws=["ties"]).passed


def test_ties_that_are_not_the_shortest(rule):
    rule("relu", lambda g, y, x: g * (x >= 0))
    assert "a shorter one is there" in broken("ties", tg.relu, TIED)


def test_ties_that_one_side_takes_whole(rule):
    rule("max", lambda gy, y, x, axis, keepdims: gy * (np.arange(3) == np.argmax(x)))
    assert "a shorter one is there" in broken("ties", tg.max, np.array([2.0, 1.0, 2.0]))


def test_ties_outside_of_both_slopes(rule):
    rule("relu", lambda g, y, x: g * np.where(x == 0, 2.0, x > 0))
    assert "the slopes to both sides are" in broken("ties", tg.relu, TIED)


# rows


def test_rows_of_a_batch_are_the_rows_alone():
    assert check_laws(tg.softmax, X, laws=[batched()]).laws == ("batched",)
    assert check_laws(nn.Linear(4, 2, rng=0), X, laws=[batched()]).passed
    assert check_laws(nn.GRU(4, 2, rng=0), np.stack([X, X + 1]), laws=[batched(axis=1)]).passed
    assert check_laws(nn.Embedding(4, 2, rng=0), np.array([[0, 1], [1, 3]]), laws=[batched()]).passed
    assert check_laws(lambda W, x: tg.tanh(x @ W), X.T, X, laws=[batched(shared=["W"])]).passed


def test_a_batch_whose_rows_mix():
    with pytest.raises(GradMismatch, match="law 'batched' is broken"):
        check_laws(lambda x: x - x.mean(axis=0), X, laws=[batched()])


def test_a_batch_whose_gradients_mix(rule):
    rule("tanh", lambda g, y, x: g + 0 * y + g.sum(axis=0))
    with pytest.raises(GradMismatch, match="argument  the gradient of x"):
        check_laws(tg.tanh, X, laws=[batched()])


def test_no_batch_axis_in_common():
    with pytest.raises(tg.ShapeError, match="no common batch axis 0"):
        check_laws(tg.sum, X, laws=[batched()])


# asking


def test_wrt_leaves_the_others_alone(rule):
    with pytest.raises(tg.GraphError):
        check_laws(tg.tanh, np.array([1, 2]))
    report = check_laws(lambda a, b: a * b, X, X, wrt=1, laws="linear")
    assert report.laws == ("linear",)
    assert check_laws(nn.Linear(4, 2, rng=0), X, wrt=0).passed


def test_a_law_that_is_not_there():
    with pytest.raises(tg.GraphError, match="there is no law 'lineal'"):
        check_laws(tg.tanh, X, laws=["lineal"])


def test_what_returns_no_floats():
    with pytest.raises(tg.GraphError, match="no output is a Tensor of floats"):
        check_laws(tg.argmax, X)


def test_a_law_of_ones_own():
    def odd(p):
        """f(−x) = −f(x)"""
        (there,), _ = linear_map.run(p.case, [-x for x in p.xs])
        return linear_map.difference(["f(−x)"], [there], [-p.ys[0]])

    assert check_laws(tg.tanh, X, laws=[odd]).laws == ("odd",)
    with pytest.raises(GradMismatch, match=r"law 'odd' is broken: f\(−x\) = −f\(x\)"):
        check_laws(tg.exp, X, laws=[odd])


def test_the_same_seed_asks_the_same(rule):
    rule("tanh", lambda g, y, x: g * np.abs(g))
    messages = {broken("linear", tg.tanh, X) for _ in range(2)}
    assert len(messages) == 1


@pytest.mark.parametrize("x", [-88.0, -90.0, -100.0])
def test_what_float32_cannot_hold_is_no_drift(x):
    """softplus′(−90) = 8e-40: a float32 that small has lost its digits, or is 0."""
    assert check_laws(tg.softplus, np.array(x), laws=["float32"]).laws == ("float32",)


# at the edges


def numbers(x):
    """The values of a Tensor or an array."""
    return x.data if isinstance(x, tg.Tensor) else np.asarray(x)


def wrong_where(condition, f=np.tanh, slope=lambda x: 1 - tg.tanh(x) ** 2):
    """An op whose slope is doubled where its argument meets a condition."""

    @tg.elementwise(x=lambda y, x: slope(x) * np.where(condition(numbers(x)), 2.0, 1.0))
    def op(x):
        """y = f(x)"""
        return f(x)

    return op


def kinked(at_zero):
    @tg.elementwise(x=lambda y, x: np.where(numbers(x) == 0, at_zero, numbers(x) > 0) * 1.0)
    def op(x):
        """y = max(x, 0)"""
        return np.maximum(x, 0)

    return op


def test_zeros(registry):
    wrong = wrong_where(lambda x: x == 0)
    assert check_call(wrong, X, laws=[law for law in DEFAULT if law not in ("zeros", "round numbers", "wide ranges")])
    assert "where all inputs are 0: x = np.array([[0.0" in broken("zeros", wrong, X)


def test_zeros_that_make_nan(registry):
    @tg.primitive
    def length(x):
        """y = ‖x‖"""
        return np.sqrt(np.sum(x * x))

    length.vjp(x=lambda gy, y, x: gy * x / y)
    length.jvp(x=lambda dx, y, x: tg.sum(dx * x) / y)
    assert "analytic  nan" in broken("zeros", length, X)


def test_zeros_behind_a_mask():
    """where(x = 0, 1, sin(x)/x): 0·∞ in the branch that is not taken."""
    broken("zeros", lambda x: tg.where(numbers(x) == 0, 1.0, tg.sin(x) / x), X)
    safe = lambda x: tg.where(numbers(x) == 0, 1.0, tg.sin(x) / tg.where(numbers(x) == 0, 1.0, x))  # noqa: E731
    assert check_laws(safe, X, laws=["zeros"]).passed


def test_round_numbers(registry):
    message = broken("round numbers", wrong_where(lambda x: np.abs(x) == 1), X)
    assert "where all inputs are 1" in message or "at round numbers" in message


def test_round_numbers_of_two_that_are_equal(rule):
    rule("maximum", lambda g, y, a, b: g * (a >= b) + g * (a == b))
    assert "the slopes 0 and 1" in broken("round numbers", tg.maximum, X, X + 1)


def test_round_numbers_that_all_get_everything(rule):
    """Along each axis alone, 1 lies between 0 and 1; together they are 2 where the slope is 1."""
    rule("max", lambda gy, y, x, axis, keepdims: gy * (numbers(x) == numbers(x).max()))
    assert "by several numbers at once" in broken("round numbers", tg.max, X)


def test_round_numbers_of_what_is_bent_both_ways(registry):
    """|x₀| − |x₁| may rise along one axis, not fall along the other: any choice of the two is right."""

    @tg.primitive
    def saddle(x):
        """y = |x₀| − |x₁|"""
        return np.abs(x[0]) - np.abs(x[1])

    def slopes(x):
        return np.where(numbers(x) == 0, [0.5, 0.0], np.sign(numbers(x)) * [1, -1])

    saddle.vjp(x=lambda gy, y, x: gy * slopes(x))
    saddle.jvp(x=lambda dx, y, x: tg.sum(dx * slopes(x)))
    assert check_laws(saddle, np.array([0.7, -0.4]), laws=["zeros", "round numbers"]).passed


def test_any_of_several_equal_numbers_may_be_their_middle():
    for seed in range(20):  # which the third of five is, no move of one number shows
        assert check_laws(tg.sort, np.arange(5.0) - 2, laws=["zeros", "round numbers"], seed=seed).passed
    assert check_laws(tg.clip, X, X + 1, X + 2, laws=["zeros", "round numbers"]).passed


@pytest.mark.parametrize("at_zero", [0.0, 0.3, 0.5, 1.0])
def test_at_a_kink_any_slope_between_is_right(registry, at_zero):
    assert check_laws(kinked(at_zero), X).passed
    assert check_laws(lambda x: kinked(at_zero)(x) - 0.1 * kinked(at_zero)(-x), X).passed


@pytest.mark.parametrize("at_zero", [-0.5, 1.5, np.nan])
def test_at_a_kink_what_is_not_between_is_wrong(registry, at_zero):
    broken("zeros", kinked(at_zero), X)
    broken("zeros", lambda x: tg.sum(kinked(at_zero)(x) * 2), X)


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: tg.relu(x) - tg.relu(-x),  # x: the rules give 0 at 0
        lambda x: tg.max(x) + tg.min(x),
        lambda x: tg.sqrt(tg.sum(x * x)),  # a kink at 0, where 0·∞ is NaN
        tg.sqrt,
        lambda x: 1 / x,
        lambda x: tg.sin(1000 * x),
        lambda x: (x + 1e8) - 1e8,
        lambda x: tg.exp(x) / tg.sum(tg.exp(x)),
        lambda x: tg.clip(x, -1, 1),
        lambda x: tg.sort(x, axis=0),
        lambda x: tg.where(np.abs(numbers(x)) < 1, 0.5 * x * x, tg.abs(x) - 0.5),  # smooth-L1
    ],
)
def test_right_functions_are_right_at_the_edges(fn):
    assert check_laws(fn, X, laws=["zeros", "round numbers", "wide ranges", "one element", "aliasing", "rows"]).passed


@pytest.mark.parametrize("condition", [
    lambda x: np.abs(x) > 20, lambda x: np.abs(x) > 700, lambda x: np.abs(x) < 1e-2, lambda x: np.abs(x) < 1e-5,
])  # fmt: skip
def test_wide_ranges(registry, condition):
    wrong = wrong_where(condition, f=lambda x: 3 * x, slope=lambda x: 3.0 + 0 * x)
    assert "law 'wide ranges'" in broken("wide ranges", wrong, X)


def test_wide_ranges_where_a_rule_overflows(registry):
    @tg.elementwise(x=lambda y, x: tg.exp(x) / (1 + tg.exp(x)))
    def softplus(x):
        """y = log(1 + eˣ)"""
        return np.logaddexp(0, x)

    assert "analytic  nan" in broken("wide ranges", softplus, X)


def test_one_element(registry):
    @tg.primitive
    def centred(x):
        """y = x − mean(x) over the last axis"""
        return x - x.mean(axis=-1, keepdims=True)

    right = lambda g: g - tg.mean(g, axis=-1, keepdims=True)  # noqa: E731
    wrong = lambda g: g if g.shape[-1] == 1 else right(g)  # noqa: E731
    centred.vjp(x=lambda gy, y, x: wrong(gy))
    centred.jvp(x=lambda dx, y, x: right(dx))
    assert "where axes of 4 have one element" in broken("one element", centred, X)


# the same argument twice, one run beside another


def test_aliasing(registry):
    @tg.primitive
    def times(a, b):
        """y = a·b"""
        return a * b

    times.vjp(a=lambda gy, y, a, b: gy * b * (1 + (a is b)), b=lambda gy, y, a, b: gy * a * (1 + (a is b)))
    times.jvp(a=lambda da, y, a, b: da * b, b=lambda db, y, a, b: db * a)
    assert check_laws(times, X, X, laws=[law for law in DEFAULT if law != "aliasing"]).passed
    message = broken("aliasing", times, X, X + 1)
    assert "the gradient of a, which is b too," in message
    assert "ratio     2" in message


def test_side_by_side_in_one_scratch_array(registry):
    scratch = np.empty_like(X)

    def rule(gy, y, x):
        scratch[...] = numbers(gy) * (1 - numbers(y) ** 2)
        return scratch

    @tg.primitive
    def kept(x):
        """y = tanh(x)"""
        return np.tanh(x)

    kept.vjp(x=rule)
    kept.jvp(x=lambda dx, y, x: dx * (1 - y * y))
    broken("side by side", kept, X)


def test_side_by_side_with_what_the_last_forward_left(registry):
    last = {}

    @tg.primitive
    def left(x):
        """y = sin(x)"""
        last["slope"] = np.cos(x)
        return np.sin(x)

    left.vjp(x=lambda gy, y, x: gy * last["slope"])
    left.jvp(x=lambda dx, y, x: dx * tg.cos(x))
    assert "is kept from one call" in broken("side by side", left, X)


def test_stateless():
    seen = []

    def drifts(x):
        seen.append(float(numbers(x).sum()))
        return x * (1.0 if len(set(seen)) == 1 else 2.0)

    assert check_laws(drifts, X, laws=["deterministic"]).passed
    seen.clear()
    assert "something is kept from one call for the next" in broken("stateless", drifts, X)


def test_rows_whose_gradients_mix_unasked(rule):
    rule("tanh", lambda g, y, x: g * (1 - y * y) + 1e-3 * g.sum(axis=0))
    assert "the cotangent of row 0 alone" in broken("rows", tg.tanh, X)
    assert check_laws(lambda x: x - x.mean(axis=0), np.zeros((3, 2)), laws=["rows"]).passed  # its rows are to meet


# what compared nothing, and functions of one mode


@pytest.mark.parametrize(
    ("fn", "words"),
    [
        (lambda x: None, "is a return missing"),
        (lambda x: (), "no output is a Tensor of floats"),
        (lambda x: np.tanh(x.numpy()), "an output is not a Tensor"),
        (lambda x: float(numbers(x).sum()), "an output is not a Tensor"),
        (lambda x: (x * 2, x.numpy() * 3), "an output is not a Tensor"),
    ],
)
def test_what_compared_nothing_fails(fn, words):
    with pytest.raises(tg.GraphError, match=words):
        check_laws(fn, X)


def test_a_function_says_which_modes_it_has(registry):
    @tg.primitive
    def backwards(x):
        """y = tanh(x)"""
        return np.tanh(x)

    backwards.vjp(x=lambda gy, y, x: gy * (1 - y * y))

    def fn(x):
        return backwards(x)

    fn.modes = frozenset(("vjp",))
    assert "adjoint" not in check_laws(fn, X).laws
    assert len(check_call(fn, X)) == 2
    assert len(check_call(partial(fn), X)) == 2
    fn.modes = frozenset(("jvp",))
    assert check_laws(tg.tanh, X, laws=["zeros"]).passed


def test_numbers_that_have_lost_their_digits_are_not_told_apart():
    far = np.array(740.0)  # where the slopes of σ′ are below the smallest normal number
    assert check_laws(REGISTRY["logistic_slope"].public, far, laws=["adjoint"]).passed


@pytest.mark.parametrize(("a", "b"), [(6.0, 2.118), (5.0, 1.249)])
def test_a_staircase_whose_steps_agree_by_chance_is_no_alarm(a, b):
    """Near 0 the remainder has millions of jumps between two points at which three step sizes see the same slope."""
    assert check_laws(lambda x: tg.remainder(a, x), np.array(b), laws=["wide ranges"]).passed
