"""Recurrent graphs of every kind that people write, each by its name; and a strategy that draws more of them.

TOPOLOGIES["lstm two layers"]() → the loss, a Tensor whose graph has not been released

All are small: what is looked at is how they are connected. A graph is built anew by each call, always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from operator import add
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.viz.samples import net
from tinygrad_rnn import nn
from tinygrad_rnn.train import CharModel
from tinygrad_rnn.train.tbptt import truncated

I, H, V, B = 3, 4, 5, 2
KINDS = ("RNN", "LSTM", "GRU")
Build = Callable[[], tg.Tensor]
TOPOLOGIES: dict[str, Build] = {}


def topology(build: Build) -> Build:
    """Listed under its name, in words."""
    TOPOLOGIES[build.__name__.replace("_", " ")] = build
    return build


def xs(T: int = 3, features: int = I) -> np.ndarray:
    """A sequence (T, B, features)."""
    return np.random.default_rng(T).standard_normal((T, B, features)).astype(np.float32)


def ids(T: int = 3) -> np.ndarray:
    """A sequence of classes (T, B)."""
    return np.random.default_rng(T).integers(V, size=(T, B))


def layer(kind: str, size: int = I, layers: int = 1, **options: Any) -> nn.Recurrent:
    return getattr(nn, kind)(size, H, layers, rng=0, **options)


def cell(kind: str, size: int = I, **options: Any) -> nn.Cell:
    return getattr(nn, f"{kind}Cell")(size, H, rng=0, **options)


def squared(h: tg.Tensor) -> tg.Tensor:
    return tg.label((h * h).mean(), "loss", "L")


def total(losses: Sequence[tg.Tensor]) -> tg.Tensor:
    """L = Σ L_t."""
    return tg.label(reduce(add, losses), "loss", "L") if len(losses) > 1 else losses[0]


def output(state: Any) -> tg.Tensor:
    """h of a cell's state."""
    return state[0] if isinstance(state, tuple) else state


def ended(hs: Sequence[tg.Tensor], ending: str) -> tg.Tensor:
    """The loss on the outputs of a layer, in one of the ways in which people write it."""
    if ending == "each":
        return total(nn.unroll(lambda h, _: (squared(h), None), hs, None)[0])
    if ending == "head":
        head = nn.Linear(hs[0].shape[-1], V, rng=1)
        return tg.label(nn.cross_entropy(head(hs[-1]), ids(1)[0][: len(hs[-1])]), "loss", "L")
    if ending == "last":
        return tg.label((hs[-1] ** 2).sum(), "loss", "L")
    if ending == "mean":
        return tg.label(nn.mse_loss(tg.stack(list(hs)), np.zeros((len(hs), *hs[0].shape), np.float32)), "loss", "L")
    return tg.stack(list(hs)).sum()


ENDINGS = ("each", "head", "last", "mean", "sum")


def layer_net(
    kind: str, *, T: int = 3, ending: str = "each", lengths: Any = None, state: Any = None, **options: Any
) -> tg.Tensor:
    """A layer over a whole sequence."""
    hs, _ = layer(kind, **options).unrolled(xs(T), state, lengths=lengths)
    return ended(hs, ending)


def loop_net(kind: str, *, T: int = 3, ending: str = "each", **options: Any) -> tg.Tensor:
    """A cell in a plain Python loop; the losses stand where the loop computes them, outside of its steps."""
    f, state, hs = cell(kind, **options), None, []
    for x in xs(T):
        state = f(x, state)
        hs.append(output(state))
    return total([squared(h) for h in hs]) if ending == "each" else ended(hs, ending)


def stepped_net(kind: str, *, T: int = 3, **options: Any) -> tg.Tensor:
    """A cell in a loop that opens the steps itself, losses inside."""
    f, state, losses = cell(kind, **options), None, []
    for t, x in enumerate(xs(T), 1):
        with tg.step(t, of=T):
            state = f(x, state)
            losses.append(squared(output(state)))
    return total(losses)


def streaming_net(kind: str, *, T: int = 3, **options: Any) -> tg.Tensor:
    """A layer that is given one step at a time."""
    rnn, state, losses = layer(kind, **options), None, []
    for x in xs(T):
        h, state = rnn.step(x, state)
        losses.append(squared(h))
    return total(losses)


def stacked_cells(kind: str, *, T: int = 3, layers: int = 2) -> tg.Tensor:
    """Bare cells on one another, in one loop."""
    cells = [cell(kind, H if k else I) for k in range(layers)]
    states: list[Any] = [None] * layers
    losses = []
    for x in xs(T):
        below: Any = x
        for k, f in enumerate(cells):
            states[k] = f(below, states[k])
            below = output(states[k])
        losses.append(squared(below))
    return total(losses)


def chunked_net(kind: str, *, T: int = 6, every: int = 2, detached: bool = True) -> tg.Tensor:
    """One layer on pieces of a sequence, the state handed on, as it is or detached."""
    rnn, state, losses = layer(kind), None, []
    for start in range(0, T, every):
        out, state = rnn(xs(T)[start : start + every], state)
        losses.append(squared(out))
        state = tg.train.detach_state(state) if detached else state
    return total(losses)


# layers and their options

for kind in KINDS:
    name = kind.lower()
    TOPOLOGIES |= {
        f"{name}": partial(layer_net, kind),
        f"{name} one step": partial(layer_net, kind, T=1),
        f"{name} two layers": partial(layer_net, kind, layers=2),
        f"{name} three layers": partial(layer_net, kind, layers=3, T=2),
        f"{name} both ways": partial(layer_net, kind, bidirectional=True),
        f"{name} both ways, two layers": partial(layer_net, kind, bidirectional=True, layers=2),
        f"{name} lengths": partial(layer_net, kind, lengths=[3, 1]),
        f"{name} learnt start": partial(layer_net, kind, learn_initial=True),
        f"{name} thirty steps": partial(layer_net, kind, T=30),
        f"{name} cell in a loop": partial(loop_net, kind),
        f"{name} cell in steps": partial(stepped_net, kind),
        f"{name} streaming": partial(streaming_net, kind),
        f"{name} streaming, two layers": partial(streaming_net, kind, layers=2),
        f"{name} stacked cells": partial(stacked_cells, kind),
        f"{name} by hand": partial(net, kind),
        f"{name} by hand, two layers": partial(net, kind, 3, 2),
        f"{name} truncated": partial(chunked_net, kind),
        f"{name} in pieces": partial(chunked_net, kind, T=4, detached=False),
    }
TOPOLOGIES |= {f"lstm ending {ending}": partial(layer_net, "LSTM", ending=ending) for ending in ENDINGS}
TOPOLOGIES |= {f"gru cell in a loop, ending {end}": partial(loop_net, "GRU", ending=end) for end in ENDINGS}
TOPOLOGIES |= {
    "lstm projection": partial(layer_net, "LSTM", proj_size=2),
    "lstm peepholes": partial(layer_net, "LSTM", peepholes=True),
    "lstm layer norm": partial(layer_net, "LSTM", layer_norm=True),
    "lstm peepholes, layer norm and projection": partial(
        layer_net, "LSTM", peepholes=True, layer_norm=True, proj_size=2, T=2
    ),
    "gru reset before": partial(layer_net, "GRU", reset_after=False),
    "gru layer norm": partial(layer_net, "GRU", layer_norm=True),
    "rnn relu without bias": partial(layer_net, "RNN", nonlinearity="relu", bias=False),
    "lstm dropout between layers": partial(layer_net, "LSTM", layers=2, dropout=0.5),
    "lstm variational dropout": partial(layer_net, "LSTM", layers=2, dropout=0.5, variational=True),
    "gru recurrent dropout": partial(layer_net, "GRU", recurrent_dropout=0.5),
    "lstm both ways, lengths": partial(layer_net, "LSTM", bidirectional=True, lengths=[1, 3]),
    "gru both ways, learnt start": partial(layer_net, "GRU", bidirectional=True, learn_initial=True),
    "lstm two layers, learnt start, lengths": partial(layer_net, "LSTM", layers=2, learn_initial=True, lengths=[2, 3]),
    "gru three stacked cells": partial(stacked_cells, "GRU", layers=3, T=2),
    "lstm one length of nothing": partial(layer_net, "LSTM", lengths=[3, 0]),
    "rnn truncated, one step each": partial(chunked_net, "RNN", T=3, every=1),
}


@topology
def lstm_batch_first_ending_out_last():
    out, _ = layer("LSTM", batch_first=True)(np.swapaxes(xs(), 0, 1))
    return tg.label((out[:, -1] ** 2).mean(), "loss", "L")


@topology
def rnn_without_a_batch():
    out, _ = layer("RNN")(xs()[:, 0])
    return tg.label((out * out).mean(), "loss", "L")


@topology
def gru_out_last_into_a_head():
    out, _ = layer("GRU")(xs())
    return tg.label(nn.cross_entropy(nn.Linear(H, V, rng=1)(out[-1]), ids(1)[0]), "loss", "L")


@topology
def lstm_final_state_into_a_head():
    _, (h_n, c_n) = layer("LSTM", layers=2)(xs())
    return tg.label(nn.mse_loss(nn.Linear(H, 1, rng=1)(h_n[-1] + c_n[0]), np.zeros((B, 1), np.float32)), "loss", "L")


@topology
def lstm_some_of_the_steps():
    out, _ = layer("LSTM")(xs(4))
    return tg.label((out[1:3] ** 2).sum() + out[0, 0, 0], "loss", "L")


@topology
def lstm_loss_only_at_the_second_step():
    hs, _ = layer("LSTM").unrolled(xs())
    return squared(hs[1])


# first states


@topology
def first_state_of_ones():
    return layer_net("RNN", state=np.ones((1, B, H), np.float32))


@topology
def first_state_given_as_zeros():
    return layer_net("LSTM", state=(np.zeros((1, B, H), np.float32), np.ones((1, B, H), np.float32)))


@topology
def first_state_of_ones_by_hand():
    W = tg.tensor(np.eye(H) * 0.5, requires_grad=True, name="weight_hh")
    with tg.step(0):
        h = tg.label(tg.tensor(np.ones((1, H))), "initial_state", "h")
    for t in (1, 2):
        with tg.scope("rnn"), tg.step(t, of=2):
            h = tg.label(tg.tanh(tg.inner(h, W)), "hidden_state", "h")
    return squared(h)


@topology
def first_state_that_requires_grad():
    h0 = tg.tensor(np.zeros((1, B, H), np.float32), requires_grad=True)
    return layer_net("RNN", state=h0)


@topology
def first_state_of_a_cell_that_requires_grad():
    h = tg.tensor(np.ones((B, H), np.float32), requires_grad=True, name="start")
    f = cell("GRU")
    for x in xs():
        h = f(x, h)
    return squared(h)


@topology
def first_state_computed_from_an_image():
    image = np.ones((B, 6), np.float32)
    h0 = tg.tanh(nn.Linear(6, H, rng=1)(image))
    return layer_net("GRU", state=tg.expand_dims(h0, 0))


# cells and loops of one's own


class Leaky(nn.Cell):
    def step(self, x, state):
        (h,) = state
        return (0.9 * h + 0.1 * tg.tanh(self.project_input(x) + self.project_state(h)),)


class LeakyNet(nn.Recurrent):
    cell_type = Leaky


class Coupled(nn.Cell):
    """Two parts of a state, each from both."""

    gates, states = 2, ("h", "m")

    def step(self, x, state):
        h, m = state
        a, b = tg.split(self.project_input(x) + self.project_state(h), 2, axis=-1)
        m = m + tg.tanh(a) * h
        return tg.tanh(b + m), m


class CoupledNet(nn.Recurrent):
    cell_type = Coupled


class Beside(nn.Cell):
    """Two parts of a state, made side by side."""

    gates, states = 2, ("h", "m")

    def step(self, x, state):
        a, b = tg.split(self.project_input(x) + self.project_state(state[0] * state[1]), 2, axis=-1)
        return tg.tanh(a), tg.tanh(b)


class BesideNet(nn.Recurrent):
    cell_type = Beside


class Same(nn.Cell):
    """A cell that hands on a part of its state as it came."""

    states = ("h", "k")

    def step(self, x, state):
        h, k = state
        return tg.tanh(self.project_input(x) + self.project_state(h) * k), k


TOPOLOGIES |= {
    "leaky layer": lambda: ended(LeakyNet(I, H, rng=0).unrolled(xs())[0], "last"),
    "leaky layer both ways": lambda: ended(LeakyNet(I, H, bidirectional=True, rng=0).unrolled(xs())[0], "each"),
    "states side by side": lambda: ended(BesideNet(I, H, rng=0).unrolled(xs())[0], "each"),
    "coupled layer": lambda: ended(CoupledNet(I, H, 2, rng=0).unrolled(xs())[0], "each"),
}


@topology
def leaky_cell_in_a_loop():
    f, h, hs = Leaky(I, H, rng=0), None, []
    for x in xs():
        h = f(x, h)
        hs.append(h)
    return total([squared(h) for h in hs])


@topology
def coupled_cell_in_a_loop():
    f, state = Coupled(I, H, rng=0), None
    for x in xs():
        state = f(x, state)
    return squared(state[0] + state[1])


@topology
def cell_that_hands_on_a_part_of_its_state():
    f, state = Same(I, H, rng=0), None
    for x in xs():
        state = f(x, state)
    return squared(state[0])


def weights():
    rng = np.random.default_rng(0)
    return [tg.tensor(rng.standard_normal(size) * 0.5, requires_grad=True, name=name)
            for name, size in (("W", (H, I)), ("U", (H, H)), ("b", (H,)))]  # fmt: skip


@topology
def bare_loop():
    W, U, b = weights()
    h = tg.tensor(np.zeros((B, H)))
    for x in xs():
        h = tg.tanh(tg.inner(x, W) + tg.inner(h, U) + b)
    return (h * h).sum()


@topology
def bare_loop_with_losses():
    W, U, b = weights()
    h, L = tg.tensor(np.zeros((B, H))), 0.0
    for x in xs():
        h = tg.tanh(tg.inner(x, W) + tg.inner(h, U) + b)
        L = L + (h * h).mean()
    return L


@topology
def hand_loop_in_steps_without_labels():
    W, U, b = weights()
    h = tg.tensor(np.zeros((B, H)))
    for t, x in enumerate(xs(), 1):
        with tg.step(t, of=3):
            h = tg.tanh(tg.inner(x, W) + tg.inner(h, U) + b)
    return (h * h).sum()


@topology
def hand_loop_in_scopes_and_steps():
    W, U, b = weights()
    h, losses = tg.tensor(np.zeros((B, H))), []
    for t, x in enumerate(xs(), 1):
        with tg.scope("mine"), tg.step(t, of=3):
            h = tg.label(tg.tanh(tg.inner(x, W) + tg.inner(h, U) + b), "hidden_state", "h")
            losses.append(squared(h))
    return total(losses)


@topology
def hand_loop_by_unroll():
    W, U, b = weights()

    def f(x, h):
        h = tg.label(tg.tanh(tg.inner(x, W) + tg.inner(h, U) + b), "hidden_state", "h")
        return squared(h), h

    losses, _ = nn.unroll(f, list(xs()), tg.tensor(np.zeros((B, H))))
    return total(losses)


@topology
def hand_loop_with_a_skip_of_two_steps():
    W, U, b = weights()
    h = [tg.tensor(np.zeros((B, H)))] * 2
    for t, x in enumerate(xs(4), 1):
        with tg.step(t, of=4):
            h.append(tg.label(tg.tanh(tg.inner(x, W) + tg.inner(h[-1], U) + h[-2] + b), "hidden_state", "h"))
    return squared(h[-1])


@topology
def steps_from_the_last_to_the_first():
    f, h = cell("RNN"), None
    for t in (3, 2, 1):
        with tg.step(t, of=3):
            h = f(xs()[t - 1], h)
    return squared(h)


@topology
def a_cell_called_twice_in_each_step():
    f, h = cell("GRU"), None
    for t, x in enumerate(xs(), 1):
        with tg.step(t, of=3):
            h = f(x, f(x, h))
    return squared(h)


# which inputs and outputs are used

for kind in KINDS:
    head = partial(nn.Linear, H, rng=1)
    TOPOLOGIES |= {
        f"{kind.lower()} many to many": lambda kind=kind, head=head: tg.label(
            nn.cross_entropy(nn.ManyToMany(layer(kind), head(V))(xs())[0], ids()), "loss", "L"
        ),
        f"{kind.lower()} many to one": lambda kind=kind, head=head: tg.label(
            nn.cross_entropy(nn.ManyToOne(layer(kind), head(V))(xs())[0], ids(1)[0]), "loss", "L"
        ),
        f"{kind.lower()} one to many, fed zeros": lambda kind=kind, head=head: tg.label(
            nn.cross_entropy(nn.OneToMany(layer(kind), head(V))(xs()[0], 3)[0], ids()), "loss", "L"
        ),
        f"{kind.lower()} one to many, fed its output": lambda kind=kind, head=head: squared(
            nn.OneToMany(layer(kind), head(I), feed="output")(xs()[0], 3)[0]
        ),
    }


@topology
def many_to_many_of_a_cell_with_lengths():
    y, _ = nn.ManyToMany(cell("LSTM"), nn.Linear(H, V, rng=1))(xs(), lengths=[2, 3])
    return tg.label(nn.sequence_loss(y, ids(), [2, 3]), "loss", "L")


@topology
def many_to_one_both_ways_two_layers():
    y, _ = nn.ManyToOne(layer("LSTM", layers=2, bidirectional=True), nn.Linear(2 * H, V, rng=1))(xs())
    return tg.label(nn.cross_entropy(y, ids(1)[0]), "loss", "L")


@topology
def many_to_one_with_lengths():
    y, _ = nn.ManyToOne(layer("GRU"), nn.Linear(H, V, rng=1))(xs(), lengths=[1, 3])
    return tg.label(nn.cross_entropy(y, ids(1)[0]), "loss", "L")


@topology
def one_to_many_of_a_cell():
    y, _ = nn.OneToMany(cell("RNN"), nn.Linear(H, I, rng=1), feed="output")(xs()[0], 4)
    return total([squared(y[t]) for t in range(4)])


def sequence_to_sequence(kind="GRU", layers=1, attention=None, forced=1.0, bidirectional=False, lengths=None):
    size = 2 * H if bidirectional else H
    encoder = nn.Encoder(layer(kind, layers=layers, bidirectional=bidirectional), nn.Embedding(V, I, rng=1))
    decoder = nn.Decoder(getattr(nn, kind)(I, size, layers, rng=2), nn.Embedding(V, I, rng=3),
                         attention and attention(size, size, rng=5), rng=4)  # fmt: skip
    model = nn.Seq2Seq(encoder, decoder, start=0, stop=1)
    logits = model(ids(3), ids(2), lengths, teacher_forcing=forced, rng=0)
    return tg.label(nn.sequence_loss(logits, ids(2), [2, 2]), "loss", "L")


TOPOLOGIES |= {
    "sequence to sequence": sequence_to_sequence,
    "sequence to sequence, lstm": partial(sequence_to_sequence, "LSTM"),
    "sequence to sequence, two layers": partial(sequence_to_sequence, layers=2),
    "sequence to sequence, its own tokens": partial(sequence_to_sequence, forced=0.0),
    "sequence to sequence, both ways": partial(sequence_to_sequence, bidirectional=True, lengths=[3, 2]),
    "attention": partial(sequence_to_sequence, attention=nn.DotAttention),
    "attention, additive": partial(sequence_to_sequence, "RNN", attention=nn.AdditiveAttention),
    "attention, lstm both ways": partial(
        sequence_to_sequence, "LSTM", attention=nn.DotAttention, bidirectional=True, lengths=[3, 2]
    ),
}


# one layer, or one weight, in several places


@topology
def a_layer_called_twice_carried():
    rnn = layer("LSTM")
    y1, state = rnn(xs())
    y2, _ = rnn(xs(), state)
    return total([squared(y1), squared(y2)])


@topology
def a_layer_called_twice_apart():
    rnn = layer("GRU")
    return total([squared(rnn(xs())[0]), squared(rnn(xs(2))[0])])


@topology
def siamese_runs():
    rnn = layer("LSTM")
    (_, (a, _)), (_, (b, _)) = rnn(xs()), rnn(xs(2))
    return tg.label(((a - b) ** 2).sum(), "loss", "L")


@topology
def a_layer_as_encoder_and_decoder():
    rnn, head = layer("GRU", V), nn.Linear(H, V, rng=1)
    _, state = rnn(xs(3, V))
    x, losses = np.zeros((B, V), np.float32), []
    for target in ids(2):
        h, state = rnn.step(x, state)
        x = head(h)
        losses.append(tg.label(nn.cross_entropy(x, target), "loss", "L"))
    return total(losses)


@topology
def an_encoder_and_a_decoder_of_cells():
    f, g, head, state = cell("LSTM"), cell("LSTM"), nn.Linear(H, I, rng=1), None
    for x in xs():
        state = f(x, state)
    y, losses = np.zeros((B, I), np.float32), []
    for _ in range(2):
        state = g(y, state)
        y = head(state[0])
        losses.append(squared(y))
    return total(losses)


@topology
def a_layer_on_another_layers_output():
    hs, _ = layer("GRU").unrolled(xs())
    out, _ = layer("LSTM", H)(tg.stack(hs))
    return squared(out[-1])


@topology
def two_layers_side_by_side():
    a, _ = layer("RNN")(xs())
    b, _ = layer("GRU")(xs())
    return squared(tg.concatenate([a, b], axis=-1))


@topology
def tied_embedding():
    embedding, rnn = nn.Embedding(V, I, rng=1), layer("RNN")
    out, _ = rnn(embedding(ids()))
    logits = tg.inner(nn.Linear(H, I, rng=2)(out), embedding.weight)
    return tg.label(nn.cross_entropy(logits, ids()), "loss", "L")


@topology
def tied_gates():
    W, U, b = weights()
    h = tg.tensor(np.zeros((B, H)))
    for t, x in enumerate(xs(), 1):
        with tg.scope("cell"), tg.step(t, of=3):
            z = tg.label(tg.sigmoid(tg.inner(x, W) + tg.inner(h, U) + b), "gate", "z")
            h = tg.label(z * h + (1 - z) * tg.tanh(tg.inner(h, U)), "hidden_state", "h")
    return squared(h)


# where the gradient stops


@topology
def detached_in_a_loop_in_steps():
    f, h, losses = cell("RNN"), None, []
    for t in range(1, 5):
        with tg.step(t, of=4):
            h = f(np.ones((1, I), np.float32), h.detach() if t == 3 else h)
            losses.append(squared(h))
    return total(losses)


@topology
def detached_in_a_plain_loop():
    f, state, losses = cell("LSTM"), None, []
    for t, x in enumerate(xs(4)):
        state = f(x, tg.train.detach_state(state) if t == 2 else state)
        losses.append(squared(state[0]))
    return total(losses)


@topology
def detached_while_streaming():
    rnn, state, losses = layer("GRU", layers=2), None, []
    for t, x in enumerate(xs(4)):
        h, state = rnn.step(x, tg.train.detach_state(state) if t == 2 else state)
        losses.append(squared(h))
    return total(losses)


@topology
def detached_and_scaled():
    rnn = layer("GRU")
    y, h = rnn(xs(2))
    z, _ = rnn(xs(2), 0.5 * h.detach())
    return total([squared(y), squared(z)])


@topology
def detached_output():
    hs, _ = layer("RNN").unrolled(xs())
    return total([squared(hs[0] * hs[1].detach()), squared(hs[2])])


@topology
def no_gradient_through_the_gate():
    f, h = cell("GRU"), None
    for t, x in enumerate(xs(), 1):
        with tg.step(t, of=3):
            h = f(x, h)
            h = tg.label(h * 0.0, "hidden_state", "h") if t == 1 else h
    return squared(h)


@topology
def truncated_by_the_library():
    *_, chunk = truncated(nn.LSTM(2, 3, rng=0), np.ones((9, 1, 2), np.float32), k1=3, k2=6)
    return tg.label((chunk.output**2).mean(), "loss", "L")


@topology
def truncated_by_the_library_k1_is_k2():
    chunks = truncated(nn.GRU(2, 3, rng=0), np.ones((6, 1, 2), np.float32), k1=2)
    return total([tg.label((chunk.output**2).mean(), "loss", "L") for chunk in chunks])


# language models


def language(kind, *, each=False, **options):
    model = CharModel(kind, V, H, rng=0, **options)
    judge = model.step_losses if each else model.loss
    return tg.label(judge(ids(), ids())[0], "loss", "L")


for kind in ("rnn", "lstm", "gru"):
    TOPOLOGIES |= {
        f"character model, {kind}": partial(language, kind, layers=2),
        f"character model, {kind}, step by step": partial(language, kind, each=True, layers=1, embedding=0),
    }
TOPOLOGIES |= {
    "character model, dropout": partial(language, "lstm", each=True, layers=2, dropout=0.5),
    "character model, embedded, step by step": partial(language, "gru", each=True, layers=2),
}


@topology
def after_backward():
    loss = layer_net("RNN")
    loss.backward(retain_graph=True)
    return loss


@topology
def checkpointed_layer():
    out, _ = nn.checkpointed(layer("GRU"), xs(4), segments=2)
    return squared(out)


@topology
def a_model_of_layers_dropout_and_norm():
    rnn = layer("LSTM", layers=2)
    head = nn.Sequential(nn.LayerNorm(H), nn.Dropout(0.5, rng=2), nn.Linear(H, V, rng=1))
    out, _ = rnn(xs())
    return tg.label(nn.cross_entropy(head(out), ids()), "loss", "L")


# graphs without steps


@topology
def square():
    a = tg.tensor(3.0, requires_grad=True, name="a")
    return a * a


@topology
def diamonds():
    x = tg.tensor(0.5, requires_grad=True, name="x")
    for _ in range(4):
        x = tg.tanh(x) * x + x
    return x


@topology
def long_chain(ops=40):
    x = tg.tensor(1.0, requires_grad=True, name="x")
    for _ in range(ops):
        x = x * 1.0001
    return x


@topology
def longer_chain():
    return long_chain(1000)


@topology
def sum_of_many_terms():
    a = [tg.tensor(float(k), requires_grad=True, name=f"a{k}") for k in range(12)]
    return reduce(add, [v * v for v in a])


@topology
def dense_graph():
    xs = [tg.tensor(1.0, requires_grad=True, name="x")]
    for _ in range(8):
        xs.append(tg.tanh(reduce(add, xs)))
    return xs[-1]


@topology
def one_leaf_labelled_a_loss():
    return tg.label(tg.tensor(1.0, requires_grad=True), "loss", "L") * 1.0


@topology
def feed_forward_network():
    model = nn.Sequential(nn.Linear(I, H, rng=0), nn.LayerNorm(H), nn.Linear(H, V, rng=1))
    return tg.label(nn.cross_entropy(model(xs()[0]), ids()[0]), "loss", "L")


@topology
def names_that_look_like_markup():
    a = tg.tensor(np.ones(2), requires_grad=True, name='<b> & {x|y} "quoted" \\N')
    return (a * tg.tensor(np.ones(2), name="second\nline")).sum()


@topology
def names_in_other_scripts():
    W = tg.tensor(np.eye(H), requires_grad=True, name="权重")
    h = tg.tensor(np.ones((1, H)))
    for t in (1, 2):
        with tg.step(t, of=2):
            h = tg.label(tg.tanh(tg.inner(h, W)), "hidden_state", "état")
    return tg.label((h * h).sum(), "loss", "потеря")


@topology
def names_that_no_xml_may_hold():
    names = ("a\x1bb", "a\x0b\x0c\u2028b", "a\0b", "a\ufffeb", "a\ud800b", "字" * 6000, "", " ", "\u202eabc")
    return reduce(add, [tg.tensor(1.0, requires_grad=True, name=name) ** 2 for name in names])


@topology
def a_name_of_sixty_letters():
    W = tg.tensor(np.eye(H), requires_grad=True, name="weight_of_the_connection_from_the_memory_to_the_output_gate_")
    h = tg.tensor(np.ones((1, H)))
    for t in (1, 2):
        with tg.step(t, of=2):
            h = tg.label(tg.tanh(tg.inner(h, W)), "hidden_state", "h")
    return squared(h)


# extremes


@topology
def vanishing():
    return layer_net("RNN", T=8, ending="last", recurrent_init="orthogonal") * 1e-12


@topology
def exploding():
    W = tg.tensor(np.eye(H) * 50.0, requires_grad=True, name="W")
    h = tg.tensor(np.ones((1, H)))
    for t in range(1, 6):
        with tg.step(t, of=5):
            h = tg.label(tg.inner(h, W), "hidden_state", "h")
    return squared(h)


@topology
def not_a_number():
    W = tg.tensor(np.eye(H), requires_grad=True, name="W")
    h = tg.tensor(np.full((1, H), np.nan))
    for t in range(1, 4):
        with tg.step(t, of=3):
            h = tg.label(tg.inner(h, W), "hidden_state", "h")
    return h.sum()


# drawn


def named(name: str, build: Callable[..., tg.Tensor], **options: Any) -> tuple[str, Build]:
    """A network with the words that say which; the words run as they are."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in options.items())})", partial(build, **options)


@st.composite
def networks(draw: st.DrawFn) -> tuple[str, Build]:
    """(what was drawn, how it is built): one of the families above, with sizes and options of its own."""
    T, kind = draw(st.integers(1, 6)), draw(st.sampled_from(KINDS))
    family = draw(st.sampled_from(("layer", "loop", "stepped", "streaming", "stacked", "chunked", "sequence")))
    some: Mapping[str, Any] = draw(_cell_options(kind))
    ending = draw(st.sampled_from(ENDINGS))
    layers = draw(st.integers(1, 3 if T < 4 else 2))
    if family == "layer":
        lengths = draw(st.none() | st.lists(st.integers(0, T), min_size=B, max_size=B))
        return named(
            "layer_net", layer_net, kind=kind, T=T, ending=ending, layers=layers, lengths=lengths,
            bidirectional=draw(st.booleans()),
            dropout=draw(st.sampled_from((0.0, 0.5) if layers > 1 else (0.0,))), **some,
        )  # fmt: skip
    if family == "loop":
        return named("loop_net", loop_net, kind=kind, T=T, ending=ending, **some)
    if family == "stepped":
        return named("stepped_net", stepped_net, kind=kind, T=T, **some)
    if family == "streaming":
        return named("streaming_net", streaming_net, kind=kind, T=T, layers=layers, **some)
    if family == "stacked":
        return named("stacked_cells", stacked_cells, kind=kind, T=T, layers=layers)
    if family == "chunked":
        every, detached = draw(st.integers(1, T)), draw(st.booleans())
        return named("chunked_net", chunked_net, kind=kind, T=T, every=every, detached=detached)
    attention = draw(st.sampled_from((None, nn.DotAttention, nn.AdditiveAttention)))
    return named("sequence_to_sequence", sequence_to_sequence, kind=kind, layers=min(layers, 2), attention=attention,
                 bidirectional=draw(st.booleans()), forced=draw(st.sampled_from((0.0, 1.0))))  # fmt: skip


def _cell_options(kind: str) -> st.SearchStrategy[Mapping[str, Any]]:
    every = {"bias": st.booleans(), "learn_initial": st.booleans(), "layer_norm": st.booleans()}
    own = {"LSTM": {"peepholes": st.booleans(), "proj_size": st.sampled_from((0, 2))},
           "GRU": {"reset_after": st.booleans()}, "RNN": {}}[kind]  # fmt: skip
    return st.fixed_dictionaries({}, optional=every | own)
