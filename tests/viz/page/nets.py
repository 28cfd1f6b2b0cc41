"""Networks whose pages are read: every kind of recurrence, small, in float64: the loss, and its parameters."""

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import nn

T, B, I, H, V = 4, 1, 3, 3, 4


def many_to_many(kind):
    """ŷ at each step, and the losses summed."""
    rnn = getattr(nn, kind)(I, H, rng=0, dtype=np.float64)
    head = nn.Linear(H, V, rng=1, dtype=np.float64)
    x = np.random.default_rng(2).normal(size=(T, B, I))
    targets = np.arange(T)[:, None] % V
    model = nn.ManyToMany(rnn, head)
    y, _ = model(x)
    return nn.sequence_loss(y, targets), list(model.parameters())


def sequence_to_sequence():
    encoder = nn.GRU(I, H, rng=0, dtype=np.float64)
    decoder = nn.Decoder(nn.GRU(V, H, rng=1, dtype=np.float64), nn.Embedding(V, V, rng=2, dtype=np.float64), rng=3,
                         dtype=np.float64)  # fmt: skip
    model = nn.Seq2Seq(nn.Encoder(encoder), decoder, start=0, stop=1)
    x = np.random.default_rng(4).normal(size=(3, B, I))
    targets = np.array([[2], [3], [1]])
    y = model(x, targets)
    return tg.label(nn.cross_entropy(y, targets), "loss", "L"), list(model.parameters())


def hand_loop():
    """A loop that anyone would write: no layer, no cell, no names."""
    rng = np.random.default_rng(0)
    W = tg.tensor(rng.normal(size=(H, H)), requires_grad=True, name="W")
    U = tg.tensor(rng.normal(size=(I, H)), requires_grad=True, name="U")
    h, loss = tg.tensor(np.zeros((B, H))), 0.0
    for x in rng.normal(size=(T, B, I)):
        h = tg.tanh(h @ W + tg.tensor(x) @ U)
        loss = loss + (h * h).sum()
    return loss, [W, U]


def named_with(text):
    """A loop whose scopes, parameters and values are called `text`."""
    w = tg.tensor(np.eye(H), requires_grad=True, name=text)
    h = tg.label(tg.tensor(np.ones((B, H))), "initial_state", text)
    for t in range(1, T + 1):
        with tg.scope(text), tg.step(t):
            h = tg.label(tg.tanh(h @ w), "hidden_state", text)
    return tg.label((h * h).sum(), "loss", text), [w]


NETS = {
    "rnn": lambda: many_to_many("RNN"),
    "lstm": lambda: many_to_many("LSTM"),
    "gru": lambda: many_to_many("GRU"),
    "sequence to sequence": sequence_to_sequence,
    "hand loop": hand_loop,
}
