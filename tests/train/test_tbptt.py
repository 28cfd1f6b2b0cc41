"""truncated: the whole sequence's values, the window's gradient and no more, memory that does not grow."""

import gc
import tracemalloc
import weakref
from itertools import chain, repeat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.train import truncated

KINDS = [nn.RNN, nn.LSTM, nn.GRU]
CLOSE = {"rtol": 0, "atol": 1e-12}  # float64: sums of a few terms of size 1, in another order


def problem(kind, T, batch=2, seed=0):
    rng = np.random.default_rng(seed)
    layer = kind(2, 3, dtype=np.float64, rng=rng)
    return layer, rng.standard_normal((T, batch, 2)), rng.standard_normal((T, batch, 3))


def squares(output, y):
    return ((output - y) ** 2).sum()


def parts_of(state):
    return [part.data for part in (state if isinstance(state, tuple) else (state,))]


@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (3, 3), (2, 6), (2, 5), (4, 7), (11, 11), (20, 40)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_chunks_are_the_whole_sequence_to_the_bit(kind, k1, k2):
    layer, xs, _ = problem(kind, 11)
    whole, last = layer(xs)
    chunks = list(truncated(layer, iter(xs), k1=k1, k2=k2))
    np.testing.assert_array_equal(np.concatenate([chunk.output.data for chunk in chunks]), whole.data)
    assert [t for chunk in chunks for t in range(11)[chunk.steps]] == list(range(11))
    for a, b in zip(parts_of(chunks[-1].state), parts_of(last), strict=True):
        np.testing.assert_array_equal(a, b)


@given(st.sampled_from(KINDS), st.integers(1, 8), st.integers(1, 4), st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_the_gradient_is_that_of_the_losses_of_a_chunk_by_the_uses_in_its_window(kind, T, k1, more, seed):
    layer, xs, ys = problem(kind, T, seed=seed)
    outputs, _ = layer.unrolled(xs)  # whole, for the ledger
    for chunk in truncated(layer, xs, k1=k1, k2=k1 + more):
        layer.zero_grad()
        squares(chunk.output, ys[chunk.steps]).backward()
        loss = sum(squares(outputs[t], ys[t]) for t in range(T)[chunk.steps])
        first = max(0, chunk.steps.start - more)  # k2 steps from the end of a chunk of k1
        for name, parameter in layer.named_parameters():
            terms = [entry.contribution for entry in tg.gradient_ledger(loss, parameter) if entry.step > first]
            np.testing.assert_allclose(parameter.grad.data, sum(terms), err_msg=name, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_updates_in_between_reach_the_next_window(kind):
    layer, xs, ys = problem(kind, 12)
    optimizer = tg.optim.SGD(layer.parameters(), lr=0.05)
    for chunk in truncated(layer, xs, k1=3, k2=9):
        optimizer.zero_grad()
        squares(chunk.output, ys[chunk.steps]).backward()
        optimizer.step()


def test_with_k2_equal_to_k1_it_is_the_loop_written_by_hand():
    losses = []
    for by_hand in (True, False):
        layer, xs, ys = problem(nn.LSTM, 12)
        optimizer, found = tg.optim.Adam(layer.parameters(), lr=0.01), []

        def update(output, y, optimizer=optimizer, found=found):
            loss = squares(output, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())

        if by_hand:
            state = None
            for k in range(0, 12, 4):
                output, state = layer(xs[k : k + 4], state)
                state = tg.train.detach_state(state)
                update(output, ys[k : k + 4])
        else:
            for chunk in truncated(layer, xs, k1=4):
                update(chunk.output, ys[chunk.steps])
        losses.append(found)
    assert losses[0] == losses[1]


def test_a_given_state_is_where_it_starts_and_gets_no_gradient():
    layer, xs, _ = problem(nn.LSTM, 6)
    h = tg.tensor(np.ones((1, 2, 3)), requires_grad=True)
    (chunk,) = truncated(layer, xs, (h, h * 2), k1=6)
    np.testing.assert_array_equal(chunk.output.data, layer(xs, (h, h * 2))[0].data)
    chunk.output.sum().backward()
    assert h.grad is None
    assert not any(part.requires_grad for part in chunk.state)


def test_inputs_and_states_may_be_nested_and_the_layer_any_function():
    layer, _, ys = problem(nn.GRU, 7)
    embedding = nn.Embedding(5, 2, dtype=np.float64, rng=0)
    ids = np.arange(14).reshape(7, 2) % 5

    def loss_of(batch, state):
        h, seen = state or (None, 0)
        output, h = layer(embedding(batch["ids"]), h)
        return squares(output, batch["y"]), (h, seen + len(batch["y"]))

    steps = ({"ids": i, "y": y} for i, y in zip(ids, ys, strict=True))
    chunks = list(truncated(loss_of, steps, k1=3, k2=3))
    assert [chunk.state[1] for chunk in chunks] == [3, 6, 7]
    chunks[0].output.backward()
    assert embedding.weight.grad is not None
    as_tuples = truncated(lambda batch, state: (batch[1], batch[0].sum()), zip(ids, ys, strict=True), k1=3)
    for chunk in as_tuples:
        np.testing.assert_array_equal(chunk.output, ys[chunk.steps])
        assert chunk.state == ids[chunk.steps].sum()


def test_memory_does_not_grow_with_the_sequence():
    layer, nodes, sizes = nn.RNN(2, 8, rng=0), [], []
    tracemalloc.start()
    for k, chunk in enumerate(truncated(layer, repeat(np.ones((1, 2), np.float32), 400), k1=10, k2=20)):
        chunk.output.sum().backward()
        if k % 10 == 9:
            gc.collect()  # empties Python's own lists of free objects, which fill up slowly
            nodes.append(sum(issubclass(type(found), Node) for found in gc.get_objects()))
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert len(set(nodes)) == 1
    # 200 steps of over 2 kB each lie between; Python's own free tuples, of one origin or another, shift by a few kB
    assert sizes[-1] - sizes[1] < 20_000


def test_a_chunk_that_is_let_go_of_is_gone_before_the_next_is_computed():
    layer, xs, _ = problem(nn.GRU, 6)
    before, gone = [], []

    def watched(x, state):
        gone.append(all(output() is None for output in before))
        return layer(x, state)

    chunks = truncated(watched, xs, k1=2)
    while len(before) < 3:
        before.append(weakref.ref(next(chunks).output))
    assert gone == [True] * 3


def test_no_more_is_read_than_is_needed():
    layer, xs, _ = problem(nn.RNN, 6)
    unreadable = (1 / 0 for _ in range(1))
    chunks = truncated(layer, chain(xs, unreadable), k1=3)
    next(chunks), next(chunks)
    with pytest.raises(ZeroDivisionError):
        next(chunks)
    assert list(truncated(layer, [], k1=3)) == []


@pytest.mark.parametrize(("k1", "k2"), [(0, None), (0, 0), (3, 2), (-1, 5)])
def test_windows_that_are_none(k1, k2):
    with pytest.raises(tg.OptionError, match=rf"k1={k1}(.|\n)*1 ≤ k1 ≤ k2"):
        truncated(nn.RNN(2, 3), [], k1=k1, k2=k2)


def test_layers_and_inputs_that_it_would_misread():
    with pytest.raises(tg.DataError, match="batch_first"):
        truncated(nn.RNN(2, 3, batch_first=True), [], k1=1)
    with pytest.raises(tg.DataError, match=r"bidirectional(.|\n)*starts at the last step"):
        truncated(nn.RNN(2, 3, bidirectional=True), [], k1=1)
    embedded = nn.Embedding(5, 2)(np.ones((4, 1), int))
    with pytest.raises(tg.DataError, match=r"require grad(.|\n)*embedding\(ids\)"):
        next(truncated(nn.RNN(2, 3), embedded, k1=2))
    with pytest.raises(tg.ShapeError, match=r"differ in shape(.|\n)*got +\(1, 2\), \(1, 3\)"):
        next(truncated(nn.RNN(2, 3), [np.ones((1, 2)), np.ones((1, 3))], k1=2))


def test_lists_are_arrays():
    layer = nn.RNN(2, 3, rng=0)
    (chunk,) = truncated(layer, [[1.0, 2.0], [3.0, 4.0]], k1=2)
    np.testing.assert_array_equal(chunk.output.data, layer([[1.0, 2.0], [3.0, 4.0]])[0].data)
