"""RNN, LSTM and GRU against torch.nn over every option that both have, drawn by Hypothesis, in float64."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn

CLOSE = {"rtol": 1e-9, "atol": 1e-9}  # float64: the same terms, summed in another order, over at most 6 steps


@st.composite
def problems(draw):
    """A kind, the arguments both libraries take, the sizes, and what is passed to forward."""
    kind = draw(st.sampled_from(["RNN", "LSTM", "GRU"]))
    H = draw(st.integers(1, 5))
    options = {
        "num_layers": draw(st.integers(1, 3)),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
    }
    if kind == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    if kind == "LSTM":
        options["proj_size"] = draw(st.integers(0, H - 1))
    T, B, I = draw(st.integers(1, 6)), draw(st.none() | st.integers(1, 4)), draw(st.integers(1, 4))
    lengths = draw(st.none() | st.lists(st.integers(1, T), min_size=B, max_size=B)) if B else None
    return kind, I, H, options, T, B, lengths, draw(st.booleans()), draw(st.integers(0, 2**32 - 1))


def runs(layer, x, states, lengths, pack):
    """(output, states, grads by name) of the sum of everything times fixed weights; `pack` is torch's way with pads."""
    hx = None if states is None else tuple(states) if len(states) > 1 else states[0]
    output, ends = pack(layer, x, hx) if lengths is not None else layer(x, hx)
    return output, list(ends) if isinstance(ends, tuple) else [ends]


def weighted(parts):
    """A loss in which every number of every part counts differently."""
    total = 0
    for k, part in enumerate(parts):
        weights = np.cos(np.arange(np.prod(part.shape, dtype=int)) + k).reshape(tuple(part.shape))
        total = total + (part * (weights if isinstance(part, tg.Tensor) else part.new_tensor(weights))).sum()
    return total


@given(problem=problems())
def test_outputs_states_and_all_gradients_equal_torchs(problem):
    torch = require_torch()
    kind, I, H, options, T, B, lengths, given_state, seed = problem
    rng = np.random.default_rng(seed)
    ours = getattr(nn, kind)(I, H, **options, dtype=np.float64, rng=rng)
    theirs = getattr(torch.nn, kind)(I, H, **options, dtype=torch.float64)
    theirs.load_state_dict({name: torch.tensor(value) for name, value in ours.state_dict().items()}, strict=True)
    assert [name for name, _ in theirs.named_parameters()] == [name for name, _ in ours.named_parameters()]
    x = rng.standard_normal((T, I) if B is None else (B, T, I) if options["batch_first"] else (T, B, I))
    rows = options["num_layers"] * (1 + options["bidirectional"])
    sizes = [options.get("proj_size") or H, H][: 2 if kind == "LSTM" else 1]
    states = (
        [rng.standard_normal((rows, *(() if B is None else (B,)), size)) for size in sizes] if given_state else None
    )

    def packed(layer, x, hx):
        pack, pad = torch.nn.utils.rnn.pack_padded_sequence, torch.nn.utils.rnn.pad_packed_sequence
        first = options["batch_first"]
        output, ends = layer(pack(x, torch.tensor(lengths), first, enforce_sorted=False), hx)
        return pad(output, first, total_length=T)[0], ends

    spoilt = x.copy()  # whatever stands in the pads reaches nothing; torch never sees it
    if lengths is not None:
        time_first = spoilt.swapaxes(0, 1) if options["batch_first"] else spoilt
        time_first[np.arange(T)[:, None] >= np.array(lengths)] = np.nan

    tx = tg.tensor(spoilt, requires_grad=True)
    ts = None if states is None else [tg.tensor(s, requires_grad=True) for s in states]
    output, ends = runs(ours, tx, ts, lengths, lambda layer, x, hx: layer(x, hx, lengths=lengths))
    weighted([output, *ends]).backward()
    qx = torch.tensor(x, requires_grad=True)
    qs = None if states is None else [torch.tensor(s, requires_grad=True) for s in states]
    q_output, q_ends = runs(theirs, qx, qs, lengths, packed)
    weighted([q_output, *q_ends]).backward()

    pairs = [(output, q_output), *zip(ends, q_ends, strict=True)]
    for mine, other in pairs:
        np.testing.assert_allclose(mine.data, other.detach(), **CLOSE)
    grads = [(tx, qx), *zip(ts or [], qs or [], strict=True), *zip(ours.parameters(), theirs.parameters(), strict=True)]
    for mine, other in grads:
        np.testing.assert_allclose(mine.grad.data, other.grad, **CLOSE)


ROWS = {"rtol": 1e-9, "atol": 1e-9}  # float64: a product of B rows at once sums in another order than one of a row
KINDS = {
    "RNN": (nn.RNN, {}),
    "relu": (nn.RNN, {"nonlinearity": "relu"}),
    "LSTM": (nn.LSTM, {}),
    "projected": (nn.LSTM, {"proj_size": 2}),
    "peepholes": (nn.LSTM, {"peepholes": True}),
    "normalised": (nn.LSTM, {"layer_norm": True}),
    "GRU": (nn.GRU, {}),
    "paper": (nn.GRU, {"reset_after": False}),
    "learned": (nn.GRU, {"learn_initial": True}),
}


@given(
    kind=st.sampled_from(list(KINDS)),
    layers=st.integers(1, 2),
    both=st.booleans(),
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    beyond=st.integers(0, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_row_of_a_padded_batch_is_that_row_alone(kind, layers, both, lengths, beyond, seed):
    T, B = max(1, *lengths) + beyond, len(lengths)
    rng = np.random.default_rng(seed)
    make, options = KINDS[kind]
    layer = make(2, 3, layers, bidirectional=both, dtype=np.float64, rng=rng, **options)
    for parameter in layer.parameters():  # learnt initial states start at 0, gains at 1: move them
        parameter.assign(parameter.data + 0.3 * rng.standard_normal(parameter.shape))
    x = rng.standard_normal((T, B, 2))
    x[np.arange(T)[:, None] >= np.array(lengths)] = np.nan
    tx = tg.tensor(x, requires_grad=True)
    output, ends = layer(tx, lengths=lengths)
    ends = ends if isinstance(ends, tuple) else (ends,)
    weights = rng.standard_normal(output.shape)
    ((output * weights).sum() + sum((end * end).sum() for end in ends)).backward()
    joint = {name: 0 if p.grad is None else p.grad.numpy() for name, p in layer.named_parameters()}
    layer.zero_grad()
    for b, n in enumerate(lengths):
        assert not output.data[n:, b].any()
        assert not tx.grad.data[n:, b].any()
        row = tg.tensor(x[:n, b], requires_grad=True)
        y, last = alone(layer, row)
        for end, single in zip(ends, last, strict=True):
            np.testing.assert_allclose(end.data[:, b], single.data, **ROWS)
        loss = sum((end * end).sum() for end in last)
        if n:
            np.testing.assert_allclose(output.data[:n, b], y.data, **ROWS)
            loss = loss + (y * weights[:n, b]).sum()
        if loss.requires_grad:
            loss.backward()
            np.testing.assert_allclose(tx.grad.data[:n, b], 0 if row.grad is None else row.grad.data, **ROWS)
    for name, p in layer.named_parameters():
        np.testing.assert_allclose(joint[name], 0 if p.grad is None else p.grad.data, err_msg=name, **ROWS)


def alone(layer, row):
    """A row by itself: (output, states). One without a step keeps the first states."""
    if len(row):
        output, last = layer(row)
        return output, last if isinstance(last, tuple) else (last,)
    firsts = [cell.initial_state() for cell in layer.cells.values()]
    return None, tuple(tg.stack(list(parts)) for parts in zip(*firsts, strict=True))
