"""gradient_ledger: one term for each use, which add up to the gradient."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.op import REGISTRY

RNG = np.random.default_rng(0)
W = RNG.standard_normal((3, 3))
X = RNG.standard_normal((4, 3))
CLOSE = {"rtol": 0, "atol": 1e-12}  # sums of a few float64 terms of size 1 to 10, in another order


def checked(loss, w):
    """The ledger, after: its uses are the graph's, its terms add up to the gradient, and the graph was kept."""
    entries = tg.gradient_ledger(loss, w)
    found = tg.graph(loss)
    leaf = next(node for node in found.nodes if node.name == "w")
    assert [entry.use for entry in entries] == list(found.uses(leaf))
    assert [entry.step for entry in entries] == [found.nodes[id].step for id, _ in found.uses(leaf)]
    w.grad = None
    loss.backward()
    np.testing.assert_allclose(sum(e.contribution for e in entries), w.grad.data, **CLOSE)
    for entry in entries:
        assert entry.contribution.shape == w.shape
        assert entry.contribution.dtype == w.dtype
        assert not entry.contribution.flags.writeable
    return entries


PROGRAMS = {
    "one op, twice": lambda w: (w * w).sum(),
    "the loss itself": lambda w: w.sum(),
    "products": lambda w: tg.tanh(tg.tanh(X @ w) @ w).sum(),
    "inner": lambda w: tg.inner(tg.inner(X, w), w).sum(),
    "rows taken": lambda w: (w[0] * w[1] + w[np.array([0, 2, 0])].sum(axis=0)).sum(),
    "variadic": lambda w: (tg.stack([w, 2 * w, w]) ** 2).sum() + tg.concatenate([w, w], axis=1)[:, :4].sum(),
    "einsum": lambda w: tg.einsum("ij,jk,kl->il", w, w, w).sum(),
    "broadcast": lambda w: (w[0] + X * w[1:2]).sum() + (np.ones((2, 3, 3)) * w).sum(),
    "a use that nothing flows to": lambda w: (w * 2).sum() + tg.where(w, X[:3], 1.0).sum(),
    "checkpointed": lambda w: tg.checkpoint(lambda x: tg.tanh(x @ w) @ w)(tg.tensor(X) * w[0, 0]).sum() + (w**2).sum(),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_terms_add_up(name):
    w = tg.tensor(W, requires_grad=True, name="w")
    checked(PROGRAMS[name](w), w)


def test_two_arguments_of_one_op_are_two_uses():
    w, v = tg.tensor(3.0, requires_grad=True, name="w"), 5.0
    first, second = checked(tg.multiply(w * v, w), w)
    assert (first.contribution, second.contribution) == (15.0, 15.0)
    assert [use[1] for use in (first.use, second.use)] == [0, 1]


def test_float32_stays_float32_where_the_loss_is_float64():
    w = tg.tensor(W.astype(np.float32), requires_grad=True, name="w")
    loss = (X @ w).sum() + (w * w).sum()
    entries = tg.gradient_ledger(loss, w)
    loss.backward()
    # float32 rounds each term: 6e-8 of values near 5
    np.testing.assert_allclose(sum(e.contribution for e in entries), w.grad.data, rtol=0, atol=1e-5)
    assert {entry.contribution.dtype for entry in entries} == {np.dtype(np.float32)}


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_shared_weight_has_a_term_for_each_step(kind):
    layer = kind(3, 4, dtype=np.float64, rng=0)
    loss = (layer(RNG.standard_normal((6, 2, 3)))[0] ** 2).sum()
    loss.backward(retain_graph=True)
    for name, parameter in layer.named_parameters():
        entries = tg.gradient_ledger(loss, parameter)
        assert [entry.step for entry in entries] == [1, 2, 3, 4, 5, 6]
        np.testing.assert_allclose(sum(e.contribution for e in entries), parameter.grad.data, err_msg=name, **CLOSE)


@given(
    st.sampled_from([nn.RNN, nn.LSTM, nn.GRU]),
    st.integers(1, 2),
    st.integers(1, 12),
    st.integers(1, 4),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_the_terms_of_any_recurrence_add_up(kind, layers, T, H, both_ways, seed):
    rng = np.random.default_rng(seed)
    layer = kind(2, H, layers, bidirectional=both_ways, dtype=np.float64, rng=rng)
    lengths = rng.integers(0, T + 1, 3)
    loss = (layer(rng.standard_normal((T, 3, 2)), lengths=lengths)[0] ** 2).mean()
    terms = {name: tg.gradient_ledger(loss, p) for name, p in layer.named_parameters() if used(loss, p)}
    loss.backward()
    for name, entries in terms.items():
        total = sum(entry.contribution for entry in entries)
        np.testing.assert_allclose(total, getattr(layer, name).grad.data, err_msg=name, **CLOSE)


def used(loss, parameter):
    return loss.requires_grad and any(leaf.name == parameter.name for leaf in tg.graph(loss).parameters)


def test_a_step_without_influence_contributes_nothing():
    layer = nn.RNN(3, 4, dtype=np.float64, rng=0)
    loss = layer(X)[0][1].sum()
    entries = tg.gradient_ledger(loss, layer.weight_hh_l0)
    assert [entry.step for entry in entries] == [1, 2, 3, 4]
    # in step 1 the weight meets h_0 = 0, and steps 3 and 4 come after the output that the loss looks at
    assert [bool(entry.contribution.any()) for entry in entries] == [False, True, False, False]


def test_every_term_can_come_from_ops_without_an_array_rule():
    assert REGISTRY["where"].vjps[0] is None  # what the program "a use that nothing flows to" stands on


def test_what_has_no_ledger():
    w, v = (tg.tensor(W, requires_grad=True, name=name) for name in "wv")
    loss = (w * w).sum()
    with pytest.raises(tg.GraphError, match=r"the loss is not a scalar(.|\n)*sum\(\) or its mean\(\)"):
        tg.gradient_ledger(w * w, w)
    with pytest.raises(tg.GraphError, match="the loss was not recorded"):
        tg.gradient_ledger(tg.tensor(1.0), w)
    with pytest.raises(tg.GraphError, match=r"was not computed from v(.|\n)*expected  w"):
        tg.gradient_ledger(loss, v)
    with pytest.raises(tg.GraphError, match="not a leaf"):
        tg.gradient_ledger(loss, w * w)
    loss.backward()
    with pytest.raises(tg.GraphError, match="was released"):
        tg.gradient_ledger(loss, w)


def test_a_parameter_that_was_assigned_since():
    w = tg.tensor(W, requires_grad=True, name="w")
    loss = (w * w).sum()
    w.assign(2 * W)
    with pytest.raises(tg.GraphError, match="assigned"):
        tg.gradient_ledger(loss, w)
