"""RTRL: the gradient so far is that of backprop through time over the steps so far, at every step."""

from itertools import count, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import nn

CELLS = [nn.RNNCell, nn.LSTMCell, nn.GRUCell]
CLOSE = {"rtol": 0, "atol": 1e-10}  # float64 and gradients of size 1: Jacobians multiplied from the other end


def squares(h, y):
    return ((h - y) ** 2).sum()


def through_time(cell, xs, ys, state):
    """The losses and the gradient by backward."""
    cell.zero_grad()
    losses = []
    for x, y in zip(xs, ys, strict=True):
        state = cell(x, state)
        losses.append(squares(state[0] if isinstance(state, tuple) else state, y))
    sum(losses).backward()
    return [loss.item() for loss in losses], {name: p.grad.data for name, p in cell.named_parameters()}


def problem(kind, T, H, batch, seed, **options):
    rng = np.random.default_rng(seed)
    cell = kind(2, H, dtype=np.float64, rng=rng, **options)
    states = [rng.standard_normal((*batch, H)) for _ in cell.states]
    h0 = tuple(states) if len(states) > 1 else states[0]
    return cell, rng.standard_normal((T, *batch, 2)), rng.standard_normal((T, *batch, H)), h0


@given(
    st.sampled_from(CELLS),
    st.integers(1, 8),
    st.integers(1, 3),
    st.sampled_from([(), (1,), (2,)]),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_it_equals_backprop_through_time_at_every_step(kind, T, H, batch, started, bias, seed):
    cell, xs, ys, h0 = problem(kind, T, H, batch, seed, bias=bias)
    h0 = h0 if started else None
    online = list(nn.rtrl(cell, squares, xs, h0, targets=ys))
    for t in {1, (T + 1) // 2, T}:
        losses, gradient = through_time(cell, xs[:t], ys[:t], h0)
        assert online[t - 1].loss == pytest.approx(losses[-1], rel=1e-12)
        assert online[t - 1].gradient.keys() == gradient.keys()
        for name, g in gradient.items():
            np.testing.assert_allclose(online[t - 1].gradient[name], g, err_msg=name, **CLOSE)


@pytest.mark.parametrize("kind", CELLS)
def test_a_first_state_that_is_learnt_has_its_gradient(kind):
    cell, xs, ys, _ = problem(kind, 4, 3, (2,), 0, learn_initial=True)
    for part in cell.states:
        getattr(cell, f"{part}_0").assign(np.array([1.0, -1.0, 0.5]))
    *_, last = nn.rtrl(cell, squares, xs, targets=ys)
    losses, gradient = through_time(cell, xs, ys, None)
    assert last.loss == pytest.approx(losses[-1], rel=1e-12)
    for name, g in gradient.items():
        np.testing.assert_allclose(last.gradient[name], g, err_msg=name, **CLOSE)


def test_a_sequence_without_end_is_read_as_it_comes():
    cell = nn.GRUCell(1, 2, rng=0)
    steps = list(islice(nn.rtrl(cell, lambda h: (h * h).sum(), ([float(t % 3)] for t in count())), 5))
    assert len(steps) == 5
    assert steps[-1].gradient["weight_hh"].dtype == np.float32
    assert all(parameter.grad is None for parameter in cell.parameters())


def test_a_cell_of_ones_own_with_a_nested_state():
    class Leaky(nn.Module):
        def __init__(self):
            self.w = nn.Parameter([0.5, -0.25])

        def forward(self, x, state=None):
            h, slow = state or (tg.tensor([0.0, 0.0]), {"m": tg.tensor([0.0, 0.0])})
            h = tg.tanh(self.w * h + x + slow["m"])
            return h, {"m": 0.9 * slow["m"] + self.w * h}

    cell, xs = Leaky(), np.random.default_rng(0).standard_normal((6, 2))
    *_, last = nn.rtrl(cell, lambda h: (h * h).sum(), xs)
    state, loss = None, 0.0
    for x in xs:
        state = cell(x, state)
        loss = loss + (state[0] * state[0]).sum()
    loss.backward()
    np.testing.assert_allclose(last.gradient["w"], cell.w.grad.data, **CLOSE)


def test_the_gradients_handed_out_are_not_added_to_later():
    cell, xs, ys, h0 = problem(nn.RNNCell, 3, 2, (), 0)
    steps = nn.rtrl(cell, squares, xs, h0, targets=ys)
    first = next(steps).gradient["weight_hh"]
    before = first.copy()
    list(steps)
    np.testing.assert_array_equal(first, before)


def test_parameters_may_be_updated_in_between():
    cell, xs, ys, h0 = problem(nn.RNNCell, 60, 3, (), 0)
    losses, optimizer = [], tg.optim.SGD(cell.parameters(), lr=0.02)
    for _ in range(8):
        before = 0
        for loss, gradient in nn.rtrl(cell, squares, xs, h0, targets=ys * 0 + 0.3):
            for name, parameter in cell.named_parameters():
                parameter.grad = gradient[name] - (before[name] if before else 0)
            before = gradient
            optimizer.step()
            losses.append(loss)
    assert np.mean(losses[-60:]) < 0.25 * np.mean(losses[:60])  # learnt online, an update at every step


def test_an_error_says_the_step():
    with pytest.raises(tg.ShapeError, match=r"has 3 features(.|\n)*step 2"):
        list(nn.rtrl(nn.RNNCell(2, 3), lambda h: h.sum(), [np.ones(2), np.ones(3)]))


def test_one_target_for_each_step():
    cell, xs, ys, h0 = problem(nn.RNNCell, 3, 2, (), 0)
    with pytest.raises(ValueError, match="shorter"):
        list(nn.rtrl(cell, squares, xs, h0, targets=ys[:2]))
