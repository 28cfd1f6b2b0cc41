"""Recurrent layers with one line wrong: in the gradient of a step, in the loop over time, in what lengths mean."""

import numpy as np

import tinygrad_rnn as tg
from tests.seeded import fused
from tests.seeded.fused import lstm_gradient
from tests.seeded.layers import GRU, LSTM, Layer


def variant(base, **members):
    """The layer with these members in the place of its own."""
    return type(base.__name__, (base,), members)


def lstm(gradient):
    return variant(LSTM, cell=staticmethod(fused.lstm_step(gradient)))


def gru(**rules):
    return variant(GRU, mix=staticmethod(fused.gru_mix(**rules)))


def affine(base=Layer, **rules):
    return variant(base, affine=staticmethod(fused.affine(**rules)))


def terms(**wrong):
    """The LSTM's gradient with the terms i, f, g, o, c that are given instead of its own."""

    def gradient(a):
        right = dict(zip("ifgoc", lstm_gradient(a), strict=True))
        return list({**right, **{name: rule(a) for name, rule in wrong.items()}}.values())

    return lstm(gradient)


def permuted(*order):
    return lstm(lambda a: [lstm_gradient(a)[k] for k in (*order, 4)])


def detached(state):
    return tuple(part.detach() if isinstance(part, tg.Tensor) else part for part in state)


def _c_detached(h, c):
    return (h, *detached((c,)))


def _centred(x):
    return x - tg.mean(x, axis=0)


def _first_call(kept={}):  # noqa: B006  (that it is kept is the bug)
    return lambda gy, y, x, weight, bias: gy @ kept.setdefault(weight.shape, np.array(weight))


class Counting(Layer):
    """Keeps the state of the last call in the layer."""

    def start(self, x, hx):
        found = getattr(self, "_last", None)
        return super().start(x, hx) if found is None or found[0].shape[0] != x.shape[1] or hx is not None else found

    def handed_back(self, state):
        self._last = detached(state)
        return super().handed_back(state)


class Copied(Layer):
    """Computes its second step with a copy of W that was made once."""

    def __init__(self, input_size, hidden_size, rng=None):
        super().__init__(input_size, hidden_size, rng)
        self._built = self.weight_hh.numpy()

    def step(self, t, x, state):
        if t != 1:
            return super().step(t, x, state)
        return (tg.tanh(self.affine(x, self.weight_ih, self.bias) + state[0] @ self._built.T),)


class Behind(Layer):
    def carried(self, t, state):
        self._states = [*(self._states if t else []), state]
        return state

    def handed_back(self, state):
        return super().handed_back(self._states[-2] if len(self._states) > 1 else state)


class Unmasked(Layer):
    def forward(self, x, hx=None, *, lengths=None):
        output, last = super().forward(x, hx)
        return (output if lengths is None else output * self._mask(len(output), lengths)), last

    def _mask(self, T, lengths):
        return (np.arange(T)[:, None] < np.asarray(lengths))[..., None] * 1.0


class WholeSequence(Layer):
    """Centres x over time before the loop."""

    def forward(self, x, hx=None, *, lengths=None):
        x = x if isinstance(x, tg.Tensor) else tg.tensor(x)
        return super().forward(x - tg.mean(x, axis=0, keepdims=True), hx, lengths=lengths)


BUGS = {
    "a step's gradient": {
        "LSTM: rows i, g, f, o": permuted(0, 2, 1, 3),
        "LSTM: rows f, i, g, o": permuted(1, 0, 2, 3),
        "LSTM: the forget gate gets nothing": terms(f=lambda a: 0 * a.f),
        "LSTM: f by the new c": terms(f=lambda a: a.through * a.s * a.f * (1 - a.f)),
        "LSTM: o by c, not tanh c": terms(o=lambda a: a.gh * a.s * a.o * (1 - a.o)),
        "LSTM: c only through h": terms(c=lambda a: (a.through - a.gc) * a.f),
        "LSTM: c by i for f": terms(c=lambda a: a.through * a.i),
        "LSTM: i without its slope": terms(i=lambda a: a.through * a.g),
        "LSTM: g by the slope of σ": terms(g=lambda a: a.through * a.i * a.g * (1 - a.g)),
        "LSTM: h does not reach c": lstm(lambda a: lstm_gradient(a._replace(gh=0 * a.gh))),
        "GRU: z and 1 − z exchanged for n": gru(n=lambda gy, y, z, n, h: gy * z),
        "GRU: z and 1 − z exchanged for h": gru(h=lambda gy, y, z, n, h: gy * (1 - z)),
        "GRU: the sign of z": gru(z=lambda gy, y, z, n, h: gy * (n - h)),
        "GRU: z without h": gru(z=lambda gy, y, z, n, h: -gy * n),
        "GRU: no road along h": gru(h=lambda gy, y, z, n, h: 0 * gy),
        "RNN: the bias counted twice": affine(bias=lambda gy, y, x, weight, bias: 2 * gy.sum(axis=0)),
        "RNN: the bias averaged": affine(bias=lambda gy, y, x, weight, bias: gy.mean(axis=0)),
        "RNN: W of the first call": affine(x=_first_call()),
        "LSTM: W's gradient of one row of the batch": affine(
            LSTM, weight=lambda gy, y, x, weight, bias: tg.outer(gy[0], x[0])
        ),
        "GRU: the rows of a batch mixed in W's gradient": affine(
            GRU, weight=lambda gy, y, x, weight, bias: gy.T @ tg.flip(x, 0)
        ),
        "RNN: x's gradient clipped": affine(x=lambda gy, y, x, weight, bias: tg.clip(gy, -0.2, 0.2) @ weight),
    },
    "the loop": {
        "RNN: the state detached at every step": variant(Layer, carried=lambda self, t, state: detached(state)),
        "LSTM: c detached at every step": variant(
            LSTM, carried=lambda self, t, state: (state[0], *detached(state[1:]))
        ),
        "GRU: the state detached at the second step": variant(
            GRU, carried=lambda self, t, state: detached(state) if t == 1 else state
        ),
        "LSTM: truncated every two steps": variant(
            LSTM, carried=lambda self, t, state: detached(state) if t % 2 else state
        ),
        "RNN: h_0 gets no gradient": variant(Layer, start=lambda self, x, hx: detached(Layer.start(self, x, hx))),
        "LSTM: c_0 gets no gradient": variant(LSTM, start=lambda self, x, hx: _c_detached(*LSTM.start(self, x, hx))),
        "RNN: W detached at the second step": variant(
            Layer,
            step=lambda self, t, x, state: (
                (tg.tanh(self.affine(x, self.weight_ih, self.bias) + state[0] @ self.weight_hh.detach().T),)
                if t == 1
                else Layer.step(self, t, x, state)
            ),
        ),
        "RNN: at the second step W as it was built": Copied,
        "RNN: backwards": variant(Layer, times=lambda self, T: range(T - 1, -1, -1)),
        "RNN: reads the next x": variant(
            Layer, read=lambda self, x, t, live: Layer.read(self, x, min(t + 1, len(x) - 1), live)
        ),
        "RNN: reads the first x at every second step": variant(
            Layer, read=lambda self, x, t, live: Layer.read(self, x, 0 if t % 2 else t, live)
        ),
        "GRU: halved from the third step on": variant(
            GRU, carried=lambda self, t, state: tuple(part * (1.0 if t < 2 else 0.5) for part in state)
        ),
        "LSTM: c and h handed back exchanged": variant(
            LSTM, handed_back=lambda self, state: LSTM.handed_back(self, state[::-1])
        ),
        "RNN: the last state but one handed back": Behind,
        "RNN: starts from ones": variant(
            Layer,
            start=lambda self, x, hx: (
                Layer.start(self, x, hx) if hx is not None else (np.ones((x.shape[1], self.hidden_size)),)
            ),
        ),
        "RNN: the batch centred": variant(Layer, read=lambda self, x, t, live: _centred(Layer.read(self, x, t, live))),
        "GRU: the neighbour's state": variant(
            GRU, carried=lambda self, t, state: tuple(tg.concatenate([part[1:], part[:1]]) for part in state)
        ),
        "RNN: x centred over time": WholeSequence,
        "RNN: the last state kept for the next call": Counting,
    },
    "lengths": {
        "RNN: one step too many": variant(Layer, live=lambda self, t, lengths: t <= lengths),
        "LSTM: one step too few": variant(LSTM, live=lambda self, t, lengths: t < lengths - 1),
        "GRU: the mask of the first step": variant(GRU, live=lambda self, t, lengths: lengths > 0),
        "LSTM: the mask of the longest row": variant(
            LSTM, live=lambda self, t, lengths: np.full(len(lengths), t < lengths.max())
        ),
        "RNN: h_n after the pads": Unmasked,
        "RNN: NaN times 0": variant(Layer, read=lambda self, x, t, live: x[t] if live is None else x[t] * (live * 1.0)),
        "GRU: x read unmasked": variant(
            GRU, read=lambda self, x, t, live: x[t], kept=lambda self, live, a, b: a * (live * 1.0) + b * (1.0 - live)
        ),
        "LSTM: the last output repeated in the pads": variant(LSTM, shown=lambda self, live, state: state[0]),
        "LSTM: the state runs on in the pads": variant(LSTM, kept=lambda self, live, after, before: after),
        "RNN: the state 0 after the end": variant(
            Layer, kept=lambda self, live, after, before: tg.where(live, after, 0.0)
        ),
        "GRU: lengths of the rows in another order": variant(GRU, live=lambda self, t, lengths: t < lengths[::-1]),
    },
}
