"""Attention against loops over places, and what must not matter: pads, and the order of the places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn
from tinygrad_rnn.testing import check_module

KINDS = [nn.DotAttention, nn.AdditiveAttention]
CLOSE = {"rtol": 1e-12, "atol": 1e-12}  # float64: the same terms in another order
RNG = np.random.default_rng(0)
QUERY, MEMORY = RNG.standard_normal((2, 3, 4)), RNG.standard_normal((6, 3, 5))  # T, B, Q and S, B, M
LENGTHS = np.array([6, 1, 4])


def by_loops(attention, query, memory, lengths):
    p = attention.state_dict()
    context, weights = np.zeros((2, 3, 5)), np.zeros((2, 3, 6))
    for t in range(2):
        for b in range(3):
            scores = []
            for m in memory[: lengths[b], b]:
                key = p["key.weight"] @ m
                if isinstance(attention, nn.DotAttention):
                    scores.append(query[t, b] @ key)
                else:
                    inside = p["query.weight"] @ query[t, b] + p["query.bias"] + key
                    scores.append(p["energy.weight"][0] @ np.tanh(inside))
            e = np.exp(scores)
            weights[t, b, : lengths[b]] = e / e.sum()
            context[t, b] = weights[t, b, : lengths[b]] @ memory[: lengths[b], b]
    return context, weights


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "padded"])
def test_context_and_weights_are_those_of_the_formula(kind, lengths):
    attention = kind(4, 5, rng=0, dtype=np.float64)
    context, weights = attention(QUERY, MEMORY, lengths)
    expected = by_loops(attention, QUERY, MEMORY, [6, 6, 6] if lengths is None else lengths)
    np.testing.assert_allclose(context.data, expected[0], **CLOSE)
    np.testing.assert_allclose(weights.data, expected[1], **CLOSE)
    one, _ = attention(QUERY[0], MEMORY, lengths)
    np.testing.assert_allclose(one.data, context.data[0], **CLOSE)


def test_the_scale_and_the_size_are_those_of_the_keys():
    plain, scaled = (nn.DotAttention(4, 5, scaled=s, rng=0, dtype=np.float64) for s in (False, True))
    q = QUERY[0] * 2  # √A = 2, with A of the query's 4 features and not the memory's 5
    np.testing.assert_allclose(scaled(q, MEMORY)[1].data, plain(QUERY[0], MEMORY)[1].data, **CLOSE)
    small = nn.AdditiveAttention(4, 5, 3, rng=0)
    assert small.remember(MEMORY).keys.shape == (3, 6, 3)
    assert small(QUERY, MEMORY)[0].shape == (2, 3, 5)


def test_scaled_with_keys_as_they_are_it_is_torchs():
    torch = require_torch()
    attention = nn.DotAttention(5, 5, scaled=True, dtype=np.float64)
    attention.load_state_dict({"key.weight": np.eye(5)})
    q, m = (np.swapaxes(a, 0, 1) for a in (RNG.standard_normal((2, 3, 5)), MEMORY))
    expected = torch.nn.functional.scaled_dot_product_attention(*map(torch.tensor, (q, m, m)))
    found, _ = attention(np.swapaxes(q, 0, 1), MEMORY)
    np.testing.assert_allclose(np.swapaxes(found.data, 0, 1), expected, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_nan_in_the_pads_changes_no_bit_of_values_and_gradients(kind):
    attention = kind(4, 5, rng=0, dtype=np.float64)
    own = np.arange(6)[:, None] < LENGTHS
    found = []
    for stuff in (0.0, np.nan, np.inf):
        memory = tg.tensor(np.where(own[..., None], MEMORY, stuff), requires_grad=True)
        query = tg.tensor(QUERY, requires_grad=True)
        attention.zero_grad()
        context, weights = attention(query, memory, LENGTHS)
        (context * context).sum().backward()
        assert not weights.data[..., ~own.T].any()
        assert not memory.grad.data[~own].any()
        # the bias of the query moves every score alike: its gradient is 0, and what is left of it rounding
        gs = [p.grad.data for p in (memory, query, *attention.parameters())]
        found.append([context.data, *gs])
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))


@pytest.mark.parametrize("kind", KINDS)
@given(st.permutations(range(6)))
def test_the_order_of_the_places_does_not_matter(kind, order):
    attention = kind(4, 5, rng=0, dtype=np.float64)
    context, weights = attention(QUERY, MEMORY)
    again, moved = attention(QUERY, MEMORY[order])
    np.testing.assert_allclose(again.data, context.data, **CLOSE)
    np.testing.assert_allclose(moved.data, weights.data[..., order], **CLOSE)
    np.testing.assert_allclose(weights.data.sum(-1), 1, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_in_both_modes(kind):
    check_module(kind(4, 5, rng=0), QUERY, MEMORY)
    check_module(kind(4, 5, rng=0), QUERY[0], MEMORY, LENGTHS)


def test_what_does_not_fit_is_said():
    attention = nn.DotAttention(4, 5, rng=0)
    with pytest.raises(tg.ShapeError, match="has 4 features"):
        attention(QUERY, MEMORY[..., :4])
    with pytest.raises(tg.ShapeError, match="has 3 features"):
        attention(QUERY[..., :3], MEMORY)
    with pytest.raises(tg.ShapeError, match="different batches"):
        attention(QUERY[:, :2], MEMORY)
    with pytest.raises(tg.ShapeError, match="row of length 0"):
        attention(QUERY, MEMORY, [6, 0, 1])
    with pytest.raises(tg.ShapeError, match="not in 0 … 6"):
        attention(QUERY, MEMORY, [6, 7, 1])
    with pytest.raises(tg.ShapeError, match="not a sequence"):
        attention(QUERY[0, 0], MEMORY[:, 0])
    with pytest.raises(TypeError, match="defines no score"):
        nn.Attention(4, 5)(QUERY, MEMORY)
