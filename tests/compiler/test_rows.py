"""What is done to many rows at once is one kernel: beside the function as it is, and loops in plain NumPy."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.compiler.oracles import assert_close, derived
from tests.compiler.test_passes import assert_kept_by_every_pass, whole
from tinygrad_rnn import nn
from tinygrad_rnn.compiler.kernels import MOST
from tinygrad_rnn.compiler.passes.spell import has_rows, spelled
from tinygrad_rnn.compiler.passes.tidy import tidied

CLOSE = {"float64": 1e-12, "float32": 1e-5}


def source_of(f, *arrays):
    tensors = [tg.tensor(a, requires_grad=np.asarray(a).dtype.kind == "f") for a in arrays]
    return f.plan(*tensors).replay().source


def kernels_in(f, *arrays):
    return len(re.findall(r"kernel\d+\(", source_of(f, *arrays)))


def rows(shape=(40, 17), dtype="float64", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def step(rng, values, whole):
    """One more value, of one number or of all of a row."""
    x, y = (values[int(rng.integers(len(values)))] for _ in range(2))
    kind = int(rng.integers(9))
    if kind == 0:
        return x.sum(axis=-1, keepdims=True) / whole[-1]
    if kind == 1:
        return x.max(axis=-1, keepdims=True)
    if kind == 2:
        return tg.exp(-(x * x))
    if kind == 3:
        return tg.softmax(x * y + 0 * values[0], axis=-1)
    if kind == 4:
        return tg.log_softmax(x - y + 0 * values[0], axis=-1)
    if kind == 5:
        return tg.where(x > y, x, 0.5 * y)
    if kind == 6:
        return tg.maximum(x, y)
    return (x * y, x + y, x - 0.3 * y, tg.tanh(x))[int(rng.integers(4))]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("seed", range(12))
def test_a_random_chain_is_the_same(by_kernels, seed, dtype):
    rng = np.random.default_rng(seed)
    shape = [(40, 17), (5, 8, 20), (600, 2)][seed % 3]

    def f(x, y, b, r):
        rng = np.random.default_rng(seed)
        values = [x, y, b, r]
        for _ in range(9):
            values.append(step(rng, values, shape))
        return sum((v * v).mean() for v in values)

    arrays = [
        rows(shape, dtype, 1),
        rows(shape, dtype, 2),
        rows(shape[-1:], dtype, 3),
        rows((*shape[:-1], 1), dtype, 4),
    ]
    compiled = tg.compile(f)
    for _ in range(2):
        assert_close(derived(compiled, *arrays), derived(f, *arrays), CLOSE[dtype])
        arrays = [a + rng.standard_normal(a.shape).astype(dtype) for a in arrays]


def by_hand(z, ids):
    """The mean of −log softmax(z)[id], and its gradient, row by row."""
    total, gradient = 0.0, np.zeros_like(z)
    for n, (row, k) in enumerate(zip(z, ids, strict=True)):
        p = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        total -= np.log(p[k])
        p[k] -= 1
        gradient[n] = p / len(z)
    return [np.asarray(total / len(z)), gradient]


def test_a_cross_entropy_is_one_kernel_each_way(by_kernels):
    z, ids = rows((40, 17)), np.random.default_rng(1).integers(0, 17, 40)
    f = tg.compile(nn.cross_entropy)
    assert_close(derived(f, z, ids), by_hand(z, ids), 1e-12)
    assert kernels_in(f, z, ids) == 2
    assert "take_along" not in source_of(f, z, ids)
    with pytest.raises(tg.TinygradError, match="17"):
        f(tg.tensor(z), ids + 17)


@pytest.mark.parametrize("row", [[-np.inf] * 17, [np.inf] + [0.0] * 16, [np.nan] + [0.0] * 16, [3e4] * 17, [-3e4] * 17])
@pytest.mark.parametrize("of", [tg.softmax, tg.log_softmax, lambda x, axis: x.max(axis=axis, keepdims=True)])
def test_a_row_of_any_numbers_is_as_it_is(by_kernels, row, of):
    x = rows((40, 17), "float32")
    x[7] = row
    f = lambda x: tg.where(x > 1, 2.0, of(1.0 * x, axis=-1) * 0.5) + 1  # noqa: E731
    with np.errstate(all="ignore"):
        found, expected = tg.compile(f)(tg.tensor(x)).numpy(), f(tg.tensor(x)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_a_sum_of_one_number_is_that_number(by_kernels):
    def f(x):
        top = (x * x).max(axis=-1, keepdims=True)
        return (top.sum(axis=-1, keepdims=True) * x).sum()

    x = rows((40, 17))
    assert_close(derived(tg.compile(f), x), derived(f, x), 1e-12)


@pytest.mark.parametrize("way", ["by_numpy", "by_kernels"])
def test_numbers_read_one_by_one_are_those_of_each_call(request, way):
    request.getfixturevalue(way)

    def f(x):
        return sum((v * v).mean() for v in (x * 0.5, x * x, x - 0.3 * x, x + x, tg.tanh(x), tg.maximum(x, 0.1)))

    compiled = tg.compile(f)
    for seed in range(3):
        x = rows((2, 3), seed=seed)
        assert_close(derived(compiled, x), derived(f, x), 1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: tg.log_softmax(x, axis=0).mean(),
        lambda x: (tg.softmax(x.T, axis=0) ** 2).sum(),
        lambda x: (x - x.max(axis=-1)[:, None] * x.sum(axis=0)).sum(),
        lambda x: (x.sum(axis=-1, keepdims=True) * x[:, ::-1] * x[:1]).sum(),
        lambda x: (tg.take_along_axis(x, np.full((40, 1), -1), axis=-1) * x * x * x).sum(),
        lambda x: ((x * x + x) * 2 + x[:20].sum()).sum(),
    ],
)
def test_what_is_not_done_to_rows_is_right(by_kernels, f):
    x = rows((40, 17))
    assert_close(derived(tg.compile(f), x), derived(f, x), 1e-12)


def test_a_chain_of_many_arrays_runs_without_a_kernel(by_kernels):
    count = MOST // 4

    def f(*xs):
        kept = [tg.exp(x) for x in xs]
        return sum((k * k * x).sum() for k, x in zip(kept, xs, strict=True))

    arrays = [rows((20, 30), seed=k) for k in range(count)]
    compiled = tg.compile(f)
    assert_close(derived(compiled, *arrays), derived(f, *arrays), 1e-12)


def test_few_numbers_are_left_to_numpy(by_kernels):
    f = tg.compile(lambda x: (tg.log_softmax(x, axis=-1) * x).sum())
    for shape, many in (((40, 17), True), ((8, 9), False), ((4, 300), False), ((10, 3000), False)):
        assert has_rows(shape) == many
        assert (kernels_in(f, rows(shape)) > 0) == many


def test_spelled_is_kept_by_every_pass_and_leaves_no_softmax():
    ids = np.random.default_rng(1).integers(0, 17, (8, 5))

    def f(z, w, ids):
        h = tg.softmax(z, axis=-1) * w
        return nn.cross_entropy(h + z, ids) + tg.log_softmax(h, axis=-1)[:, 0].sum()

    arrays = [rows((8, 5, 17)), rows((17,), seed=2), ids]
    assert_kept_by_every_pass(f, *arrays)
    names = {step.op.name for step in tidied(spelled(whole(f, *arrays))).steps}
    assert not names & {"softmax", "log_softmax", "take_along_axis", "take_along_axis_rule_x"}
