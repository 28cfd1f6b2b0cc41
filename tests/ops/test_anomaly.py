"""detect_anomaly() names the op in which a value, or a gradient, is not finite: every op, at the edges of its spec.

forward    NaN in every argument       → the op's output is the first value that is not finite
backward   NaN in the output's gradient → what the op's rule makes of it is the first gradient that is not finite
"""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing.specs.library import LIBRARY

INSIDE = {"rematerialized"}  # it runs a function, whose own ops are named before it
HEALING = {"nan_to_num"}  # its output is finite, whatever comes in
DISCRETE = {name for name, op in REGISTRY.items() if not op.differentiable}  # no integer, mask or one-hot row is NaN
CALLS = [
    pytest.param(name, call, id=f"{name}-{k}")
    for name in sorted(set(REGISTRY) - INSIDE - DISCRETE)
    for k, (args, static) in enumerate(LIBRARY[name].edges)
    for call in [LIBRARY[name].call(*args, **static)]
    if call.arrays and all(x.size for x in call.arrays) and np.size(call.run())
]


def tensors(call, value=None):
    arrays = [x if value is None else np.full_like(x, value) for x in call.arrays]
    return [tg.tensor(x, requires_grad=True) for x in arrays]


def spoilt(call):
    """Whether NaN comes out where NaN goes in: not of x⁰, which is 1 of whatever."""
    with np.errstate(all="ignore"):
        return not np.isfinite(call.function(*(np.full_like(x, np.nan) for x in call.arrays))).all()


SPOILT = [p for p in CALLS if spoilt(p.values[1])]


def test_every_other_op_is_tried():
    assert {p.values[0] for p in SPOILT} | INSIDE | HEALING | DISCRETE == set(REGISTRY)


@pytest.mark.parametrize(("name", "call"), SPOILT)
def test_the_op_whose_output_is_not_finite_is_named(name, call):
    with tg.detect_anomaly(), np.errstate(all="ignore"), pytest.raises(tg.AnomalyError) as caught:
        call.function(*tensors(call, np.nan))
    assert str(caught.value).startswith(f"{name}: the output is not finite")


@pytest.mark.parametrize(("name", "call"), CALLS)
def test_the_op_whose_gradient_is_not_finite_is_named(name, call):
    with tg.detect_anomaly(), np.errstate(all="ignore"):
        y = call.function(*tensors(call))
        with pytest.raises(tg.AnomalyError) as caught:
            y.backward(np.full(y.shape, np.nan))
    assert str(caught.value).startswith(f"{name}: the gradient it passes back is not finite")


@pytest.mark.parametrize("name", sorted(DISCRETE))
def test_what_is_discrete_is_finite_whatever_comes_in(name):
    for args, static in LIBRARY[name].edges:
        call = LIBRARY[name].call(*args, **static)
        with tg.detect_anomaly(), np.errstate(all="ignore"):
            if name != "discretized":  # NaN as an integer is undefined, and NumPy warns
                call.function(*tensors(call, np.nan))
            assert np.isfinite(np.asarray(tg.tensor(call.run()).data)).all()


def test_inside_a_checkpoint_the_op_itself_is_named():
    f = tg.checkpoint(lambda x: tg.sqrt(x) * 2.0)
    with tg.detect_anomaly(), np.errstate(all="ignore"):
        with pytest.raises(tg.AnomalyError, match=r"^sqrt: the output is not finite"):
            f(tg.tensor([-1.0], requires_grad=True))
        y = f(tg.tensor([0.0], requires_grad=True))
        with pytest.raises(tg.AnomalyError, match=r"^sqrt: the gradient it passes back is not finite"):
            y.backward(np.ones(1))
