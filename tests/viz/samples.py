"""Small recurrent nets written out by hand, recorded as the modules record them."""

import functools

import numpy as np

import tinygrad_rnn as tg

I, H, V, B = 3, 4, 5, 2
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}


def parameter(rng, name, *shape):
    return tg.label(tg.tensor(rng.normal(size=shape) * 0.5, requires_grad=True), "parameter", name)


def weights(rng, kind, k, size):
    n = GATES[kind] * H
    return [parameter(rng, f"weight_ih_l{k}", n, size), parameter(rng, f"weight_hh_l{k}", n, H),
            parameter(rng, f"bias_ih_l{k}", n), parameter(rng, f"bias_hh_l{k}", n)]  # fmt: skip


def parts(a, n):
    return [a[:, k * H : (k + 1) * H] for k in range(n)]


def rnn(x, state, W_ih, W_hh, b_ih, b_hh):
    (h,) = state
    return [tg.label(tg.tanh(tg.inner(x, W_ih) + b_ih + (tg.inner(h, W_hh) + b_hh)), "hidden_state", "h")]


def lstm(x, state, W_ih, W_hh, b_ih, b_hh):
    h, c = state
    i, f, g, o = parts(tg.inner(x, W_ih) + b_ih + (tg.inner(h, W_hh) + b_hh), 4)
    i, f, g, o = (
        tg.label(fn(a), "gate", n)
        for fn, a, n in zip((tg.sigmoid, tg.sigmoid, tg.tanh, tg.sigmoid), (i, f, g, o), "ifgo", strict=True)
    )
    c = tg.label(f * c + i * g, "cell_state", "c")
    return [tg.label(o * tg.tanh(c), "hidden_state", "h"), c]


def gru(x, state, W_ih, W_hh, b_ih, b_hh):
    (h,) = state
    xr, xz, xn = parts(tg.inner(x, W_ih) + b_ih, 3)
    hr, hz, hn = parts(tg.inner(h, W_hh) + b_hh, 3)
    r = tg.label(tg.sigmoid(xr + hr), "gate", "r")
    z = tg.label(tg.sigmoid(xz + hz), "gate", "z")
    n = tg.label(tg.tanh(xn + r * hn), "gate", "n")
    return [tg.label((1 - z) * n + z * h, "hidden_state", "h")]


def initial(names):
    with tg.step(0):
        return [tg.label(tg.tensor(np.zeros((B, H))), "initial_state", name) for name in names]


@functools.cache
def net(kind, steps=3, layers=1, head=True):
    """The total loss of `steps` steps of a net with `layers` layers; without a head, its last state."""
    rng = np.random.default_rng(0)
    cell = {"RNN": rnn, "LSTM": lstm, "GRU": gru}[kind]
    made = type(f"{kind}Cell", (), {})()  # whose class names the cell in a picture
    weights_of = [weights(rng, kind, k, H if k else I) for k in range(layers)]
    W, b = parameter(rng, "weight", V, H), parameter(rng, "bias", V)
    states = [initial(("h", "c")[: 2 if kind == "LSTM" else 1]) for _ in range(layers)]
    losses = []
    for t in range(1, steps + 1):
        with tg.scope("model"), tg.step(t, of=steps):
            out = tg.label(tg.tensor(rng.normal(size=(B, I))), "input", "x")
            for k in range(layers):
                with tg.scope("rnn"), tg.scope(f"l{k}", made):
                    states[k] = cell(out, states[k], *weights_of[k])
                out = states[k][0]
            if head:
                with tg.scope("head"):
                    y = tg.label(tg.inner(out, W) + b, "output", "y")
                target = tg.label(tg.tensor(rng.integers(V, size=(B, 1))), "target", "target")
                losses.append(tg.label(-tg.mean(tg.take_along_axis(tg.log_softmax(y), target, axis=-1)), "loss", "L"))
    return (
        tg.label(functools.reduce(lambda a, b: a + b, losses), "loss", "L") if len(losses) > 1 else (losses or [out])[0]
    )
