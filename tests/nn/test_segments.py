"""checkpointed: the same values to the bit, the same gradients, a fraction of the memory."""

import tracemalloc

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.testing import check_jvp, check_vjp

CLOSE = {"rtol": 1e-10, "atol": 1e-12}  # float64: a weight's terms are summed segment by segment
KINDS = [nn.RNN, nn.LSTM, nn.GRU]


def gradients(run, layer, x, hx, **options):
    """Output, last states, and every gradient of a loss that looks at all of them."""
    x = tg.tensor(x, requires_grad=True)
    hx = None if hx is None else tuple(tg.tensor(part, requires_grad=True) for part in hx)
    layer.zero_grad()
    start = hx[0] if hx is not None and len(hx) == 1 else hx
    output, last = run(x, start, **options)
    last = last if isinstance(last, tuple) else (last,)
    loss = (output * output).sum() + sum(tg.sin(part).sum() for part in last)
    loss.backward()
    leaves = [x, *(hx or ()), *layer.parameters()]
    return [output.data, *(part.data for part in last)], [leaf.grad.data for leaf in leaves]


def the_same(layer, x, hx=None, segments=None, **options):
    ys, gs = gradients(layer, layer, x, hx, **options)
    found, found_gs = gradients(
        lambda x, hx, **o: nn.checkpointed(layer, x, hx, segments=segments, **o), layer, x, hx, **options
    )
    for a, b in zip(found, ys, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(found_gs, gs, strict=True):
        np.testing.assert_allclose(a, b, **CLOSE)


@pytest.mark.parametrize("segments", [None, 1, 2, 11])
@pytest.mark.parametrize("kind", KINDS)
def test_values_to_the_bit_and_gradients(kind, segments):
    rng = np.random.default_rng(0)
    layer = kind(3, 4, 2, dtype=np.float64, rng=0)
    hx = [rng.standard_normal((2, 2, 4)) for _ in kind.cell_type.states]
    the_same(layer, rng.standard_normal((11, 2, 3)), hx, segments)


@pytest.mark.parametrize("kind", KINDS)
def test_both_modes_against_differences(kind):
    rng = np.random.default_rng(0)
    layer, x = kind(2, 3, dtype=np.float64, rng=0), rng.standard_normal((5, 2, 2))
    start = [rng.standard_normal((1, 2, 3)) for _ in kind.cell_type.states]
    hx = tuple(start) if len(start) > 1 else start[0]
    check_vjp(lambda x, hx: nn.checkpointed(layer, x, hx), x, hx)
    check_jvp(lambda x, hx: nn.checkpointed(layer, x, hx), x, hx)


def test_layouts_and_lengths():
    rng = np.random.default_rng(0)
    the_same(nn.GRU(3, 4, dtype=np.float64, rng=0, batch_first=True), rng.standard_normal((2, 9, 3)))
    the_same(nn.LSTM(3, 4, dtype=np.float64, rng=0, batch_first=True), rng.standard_normal((9, 3)))
    the_same(nn.LSTM(3, 4, 2, dtype=np.float64, rng=0), rng.standard_normal((9, 4, 3)), lengths=[9, 0, 4, 1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_run_in_chunks_is_the_whole_to_the_bit(kind):
    rng = np.random.default_rng(0)
    layer, x = kind(3, 16, 2, rng=0), rng.standard_normal((50, 4, 3)).astype(np.float32)
    whole, last = layer(x)
    for cuts in ([25], [1, 2, 49], range(1, 50)):
        state, outputs = None, []
        for part in np.split(x, list(cuts)):
            output, state = layer(part, state)
            outputs.append(output.data)
        np.testing.assert_array_equal(np.concatenate(outputs), whole.data)
        for a, b in zip(state if kind is nn.LSTM else [state], last if kind is nn.LSTM else [last], strict=True):
            np.testing.assert_array_equal(a.data, b.data)


def test_dropout_draws_the_same_again_and_what_others_draw_next_stays():
    rng = np.random.Generator(np.random.MT19937(0))  # whose state is an array
    x = np.random.default_rng(1).standard_normal((9, 2, 3))
    layer = nn.RNN(3, 4, 2, dropout=0.5, dtype=np.float64, rng=rng)
    before = rng.bit_generator.state
    ys, gs = gradients(layer, layer, x, None)
    after = rng.bit_generator.state
    rng.bit_generator.state = before
    found, found_gs = gradients(lambda x, hx: nn.checkpointed(layer, x, hx), layer, x, None)
    np.testing.assert_equal(rng.bit_generator.state, after)
    np.testing.assert_array_equal(found[0], ys[0])
    for a, b in zip(found_gs, gs, strict=True):
        np.testing.assert_allclose(a, b, **CLOSE)


def peak(run):
    tracemalloc.start()
    run()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_the_peak_is_a_fraction():
    layer, x = nn.LSTM(8, 32, rng=0), np.ones((400, 4, 8), np.float32)
    plain = peak(lambda: layer(x)[0].sum().backward())
    segmented = peak(lambda: nn.checkpointed(layer, x)[0].sum().backward())
    assert segmented < plain / 4  # √400 = 20 of 400 steps' insides, and x and the output, which both keep


def test_without_recording_nothing_is_kept():
    layer, x = nn.GRU(3, 4, rng=0), np.ones((9, 2, 3))
    with tg.no_grad():
        output, _ = nn.checkpointed(layer, x)
    assert not output.requires_grad
    np.testing.assert_array_equal(output.data, layer(x)[0].data)


def test_an_input_that_is_written_to_afterwards_changes_nothing():
    layer, x = nn.RNN(3, 4, dtype=np.float64, rng=0), np.ones((9, 2, 3))
    loss = nn.checkpointed(layer, x)[0].sum()
    x[:] = 5.0
    loss.backward()
    found = layer.weight_ih_l0.grad.data
    layer.zero_grad()
    layer(np.ones((9, 2, 3)))[0].sum().backward()
    np.testing.assert_allclose(found, layer.weight_ih_l0.grad.data, **CLOSE)


def test_what_cannot_be_segmented():
    x = np.ones((4, 2, 3))
    for segments in (0, 5):
        with pytest.raises(tg.ShapeError, match=f"{segments} segments of 4 steps"):
            nn.checkpointed(nn.RNN(3, 4), x, segments=segments)
    with pytest.raises(tg.ShapeError, match="segments of 0 steps"):
        nn.checkpointed(nn.RNN(3, 4), x[:0])
    for lengths in ([5, 1], [-1, 1]):
        with pytest.raises(tg.ShapeError, match="GRU: a length is not in 0 … 4"):
            nn.checkpointed(nn.GRU(3, 4), x, lengths=lengths)
    with pytest.raises(tg.ShapeError, match="do not match the batch"):
        nn.checkpointed(nn.GRU(3, 4), x, lengths=[4, 1, 2])
    with pytest.raises(tg.GraphError, match="bidirectional"):
        nn.checkpointed(nn.RNN(3, 4, bidirectional=True), x)
    lasting = [nn.RNN(3, 4, 2, dropout=0.5, variational=True), nn.RNN(3, 4, recurrent_dropout=0.5)]
    for layer in lasting:
        with pytest.raises(tg.GraphError, match="lasts a sequence"):
            nn.checkpointed(layer, x)
        nn.checkpointed(layer.eval(), x)
