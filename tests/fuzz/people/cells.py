"""Cells: nn.Cell with a step of its own. Gates mixed up, states cut or lost, rows of a batch mixed, memory on self."""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tg
from tests.fuzz.people.bug import recurrent
from tinygrad_rnn import nn
from tinygrad_rnn.testing import sequences

xs = sequences(I=2)
H = 3


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def reference(step, parts=1):
    """(parameters, x, h0) → (output, last state) of `step(p, x, *state) → state`, in NumPy."""

    def run(p, x, h0=None):
        if h0 is None:
            h0 = (np.zeros((x.shape[1], H)),) * parts
        state = h0 if isinstance(h0, tuple) else (h0,)
        outputs = []
        for x_t in x:
            state = step(p, x_t, *state)
            outputs.append(state[0])
        return np.stack(outputs), state if parts > 1 else state[0]

    return run


def rnn_step(p, x, h):
    return (np.tanh(x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]),)


def lstm_step(p, x, h, c):
    a = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, g, o = np.split(a, 4, axis=-1)
    o = o + p["peep"] * (sigmoid(f) * c + sigmoid(i) * np.tanh(g)) if "peep" in p else o
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(p, x, h):
    x_r, x_z, x_n = np.split(x @ p["weight_ih"].T + p["bias_ih"], 3, axis=-1)
    h_r, h_z, h_n = np.split(h @ p["weight_hh"].T + p["bias_hh"], 3, axis=-1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    return ((1 - z) * np.tanh(x_n + r * h_n) + z * h,)


rnn, lstm, gru = reference(rnn_step), reference(lstm_step, 2), reference(gru_step)


class RNNLike(nn.Cell):
    """h′ = tanh(W_ih x + b_ih + W_hh h + b_hh), taken apart where the slips are made."""

    def before(self, h):
        return h

    def after(self, h, new):
        return new

    def step(self, x, state):
        (h,) = state
        return (self.after(h, tg.tanh(self.project_input(x) + self.project_state(self.before(h)))),)


class LSTMLike(nn.Cell):
    """The LSTM, taken apart likewise."""

    gates = 4
    states = ("h", "c")

    def projected(self, x, h):
        return tg.split(self.project_input(x) + self.project_state(h), 4, axis=-1)

    def step(self, x, state):
        h, c = state
        i, f, g, o = self.projected(x, h)
        c = tg.sigmoid(f) * c + tg.sigmoid(i) * tg.tanh(g)
        return tg.sigmoid(o) * tg.tanh(c), c


class GRULike(nn.Cell):
    """The GRU, taken apart likewise."""

    gates = 3

    def step(self, x, state):
        (h,) = state
        x_r, x_z, x_n = tg.split(self.project_input(x), 3, axis=-1)
        h_r, h_z, h_n = tg.split(self.project_state(h), 3, axis=-1)
        r, z = tg.sigmoid(x_r + h_r), tg.sigmoid(x_z + h_z)
        return (self.mixed(z, self.candidate(x_n, r, h_n, h), h),)

    def candidate(self, x_n, r, h_n, h):
        return tg.tanh(x_n + r * h_n)

    def mixed(self, z, n, h):
        return (1 - z) * n + z * h


# The state: cut, lost, shared by the batch


@recurrent("c is detached on its way to the next step", xs)
def cell_state_cut(right):
    class LongCell(LSTMLike):
        def step(self, x, state):
            h, c = state
            return super().step(x, (h, c if right else c.detach()))

    return LongCell(2, H, rng=0)


@recurrent("h is added as it is: W_hh is never used", xs)
def no_recurrent_weight(right):
    class AddingCell(RNNLike):
        def step(self, x, state):
            (h,) = state
            return super().step(x, state) if right else (tg.tanh(self.project_input(x) + h),)

    return AddingCell(2, H, rng=0)


@recurrent("the input is read once by mistake in place of h: no recurrence at all", xs)
def state_not_read(right):
    class ForgettingCell(nn.Cell):
        def step(self, x, state):
            (h,) = state
            a = self.project_input(x)
            return (tg.tanh(a + self.project_state(h if right else tg.tanh(a))),)

    return ForgettingCell(2, H, rng=0)


@recurrent("the state is normalised over the batch", xs)
def batch_mixed_in_state(right):
    class NormedCell(RNNLike):
        def before(self, h):
            return h - tg.mean(h, axis=-1 if right else 0, keepdims=True)

    return NormedCell(2, H, rng=0)


@recurrent("[:1]: every row goes on from the first row's state", xs)
def first_row_for_all(right):
    class BroadcastCell(RNNLike):
        def before(self, h):
            return h if right else tg.broadcast_to(h[:1], h.shape)

    return BroadcastCell(2, H, rng=0)


@recurrent("reshape for transpose, to bring the batch to the end and back: rows are mixed", xs)
def reshaped_for_transposed(right):
    class TurningCell(RNNLike):
        def before(self, h):
            turned = h.T if right else tg.reshape(h, h.shape[::-1])
            return 0.9 * turned.T

    return TurningCell(2, H, rng=0)


@recurrent("the state that was handed in is written to", xs)
def state_overwritten(right):
    class DecayingCell(RNNLike):
        def before(self, h):
            if right:
                return 0.9 * h
            with tg.no_grad():
                h *= 0.9
            return h

    return DecayingCell(2, H, rng=0)


# Memory on self


@recurrent("the momentum of the state is kept on self, and is there at the next call", xs)
def velocity_on_self(right):
    class MomentumCell(RNNLike):
        velocity = None

        def after(self, h, new):
            if right:
                return h + 0.9 * (new - h)
            old = self.velocity
            fits = old is not None and old.shape == h.shape
            self.velocity = (0.5 * old if fits else 0) + (new - h)
            return h + self.velocity

    return MomentumCell(2, H, rng=0)


@recurrent("the first step is known by a counter that nobody sets back", xs)
def first_step_by_counter(right):
    class CountingCell(RNNLike):
        t = 0

        def before(self, h):
            self.t += 1
            return h if right or self.t > 1 else h + 1

    return CountingCell(2, H, rng=0)


@recurrent("the projection of x is cached by the id of x", xs)
def input_cached_by_id(right):
    class CachingCell(nn.Cell):
        def __init__(self, *sizes, **options):
            super().__init__(*sizes, **options)
            self.cache = {}

        def step(self, x, state):
            (h,) = state
            if right:
                a = self.project_input(x)
            else:
                a = self.cache.setdefault(id(x), self.project_input(x))
            return (tg.tanh(a + self.project_state(h)),)

    return CachingCell(2, H, rng=0)


@recurrent("dropout of h draws at every step, in eval() too", xs)
def dropout_at_every_step(right):
    class DroppingCell(RNNLike):
        rng = np.random.default_rng(0)

        def before(self, h):
            return h * (self.rng.random(h.shape) < 0.7) if self.training or not right else h

    return DroppingCell(2, H, rng=0).eval()


# Gradients of gates


@recurrent("the gate is detached", xs)
def gate_detached(right):
    class GatedCell(nn.Cell):
        gates = 2

        def step(self, x, state):
            (h,) = state
            z, n = tg.split(self.project_input(x) + self.project_state(h), 2, axis=-1)
            z = tg.sigmoid(z)
            return ((z if right else z.detach()) * h + (1 - z) * tg.tanh(n),)

    return GatedCell(2, H, rng=0)


@recurrent("coupled gates: 1 − f is computed in NumPy", xs)
def coupled_gate_in_numpy(right):
    class CoupledCell(nn.Cell):
        gates = 3
        states = ("h", "c")

        def step(self, x, state):
            h, c = state
            f, g, o = tg.split(self.project_input(x) + self.project_state(h), 3, axis=-1)
            f = tg.sigmoid(f)
            c = f * c + (1 - (f if right else f.numpy())) * tg.tanh(g)
            return tg.sigmoid(o) * tg.tanh(c), c

    return CoupledCell(2, H, rng=0)


def fused_state(order):
    """c′ = σ(f)·c + σ(i)·tanh(g) as one op of a = (i, f, g) and c; its rule puts the gates' gradients in `order`."""

    def slopes(a, c):
        i, f, g = tg.split(a, 3, axis=-1)
        i, f, g = tg.sigmoid(i), tg.sigmoid(f), tg.tanh(g)
        return {"i": i * (1 - i) * g, "f": f * (1 - f) * c, "g": i * (1 - g * g)}

    @tg.primitive
    def fused(a, c):
        i, f, g = np.split(a, 3, axis=-1)
        return sigmoid(f) * c + sigmoid(i) * np.tanh(g)

    fused.vjp(
        a=lambda gy, y, a, c: tg.concatenate([gy * slopes(a, c)[gate] for gate in order], axis=-1),
        c=lambda gy, y, a, c: gy * tg.sigmoid(tg.split(a, 3, axis=-1)[1]),
    )
    fused.jvp(
        a=lambda da, y, a, c: sum(d * slopes(a, c)[k] for d, k in zip(tg.split(da, 3, axis=-1), "ifg", strict=True)),
        c=lambda dc, y, a, c: dc * tg.sigmoid(tg.split(a, 3, axis=-1)[1]),
    )
    return fused


@recurrent("a fused step whose rule has the gates in another order", xs)
def fused_gates_mixed(right):
    fused = fused_state("ifg" if right else "fig")

    class FusedCell(LSTMLike):
        def step(self, x, state):
            h, c = state
            a = self.project_input(x) + self.project_state(h)
            c = fused(a[..., : 3 * H], c)
            return tg.sigmoid(a[..., 3 * H :]) * tg.tanh(c), c

    return FusedCell(2, H, rng=0)


@recurrent("a hard sigmoid with slope 1/6 forwards and 0.2 backwards", xs)
def hard_gate(right):
    @tg.elementwise(x=lambda y, x: (y > 0) * (y < 1) * (1 / 6 if right else 0.2))
    def hard_sigmoid(x):
        return np.clip(x / 6 + 0.5, 0, 1)

    class HardCell(GRULike):
        def mixed(self, z, n, h):
            z = hard_sigmoid(z)
            return (1 - z) * n + z * h

    return HardCell(2, H, rng=0)


@recurrent("the state's gradient is clamped in the cell, as Graves did", xs)
def state_gradient_clamped(right):
    @tg.primitive
    def clamped(x):
        return x.copy()

    clamped.vjp(x=lambda gy, y, x: gy if right else tg.clip(gy, -0.1, 0.1))
    clamped.jvp(x=lambda dx, y, x: dx)

    class ClampedCell(RNNLike):
        def before(self, h):
            return clamped(h)

    return ClampedCell(2, H, rng=0)


# Another cell than its name says


@recurrent("the rows of i and f are taken for each other", xs, reference=lstm)
def lstm_gates_mixed(right):
    class LongCell(LSTMLike):
        def projected(self, x, h):
            i, f, g, o = super().projected(x, h)
            return (i, f, g, o) if right else (f, i, g, o)

    return LongCell(2, H, rng=0)


@recurrent("h = o·c, the tanh is forgotten", xs, reference=lstm)
def lstm_without_tanh(right):
    class LongCell(LSTMLike):
        def step(self, x, state):
            h, c = state
            i, f, g, o = self.projected(x, h)
            c = tg.sigmoid(f) * c + tg.sigmoid(i) * tg.tanh(g)
            return tg.sigmoid(o) * (tg.tanh(c) if right else c), c

    return LongCell(2, H, rng=0)


@recurrent("the candidate goes through σ as the gates do", xs, reference=lstm)
def lstm_candidate_squashed_wrongly(right):
    class LongCell(LSTMLike):
        def step(self, x, state):
            h, c = state
            i, f, g, o = self.projected(x, h)
            c = tg.sigmoid(f) * c + tg.sigmoid(i) * (tg.tanh if right else tg.sigmoid)(g)
            return tg.sigmoid(o) * tg.tanh(c), c

    return LongCell(2, H, rng=0)


@recurrent("the forget bias of the start is added at every step", xs, reference=lstm)
def forget_bias_at_every_step(right):
    class LongCell(LSTMLike):
        def projected(self, x, h):
            i, f, g, o = super().projected(x, h)
            return i, f if right else f + 1, g, o

    return LongCell(2, H, rng=0)


@recurrent("the output gate's peephole sees the old c", xs, reference=lstm)
def peephole_at_old_state(right):
    class PeepCell(LSTMLike):
        def __init__(self, *sizes, **options):
            super().__init__(*sizes, **options)
            self.peep = nn.Parameter([0.5, -1.0, 2.0])

        def step(self, x, state):
            h, c = state
            i, f, g, o = self.projected(x, h)
            new = tg.sigmoid(f) * c + tg.sigmoid(i) * tg.tanh(g)
            return tg.sigmoid(o + self.peep * (new if right else c)) * tg.tanh(new), new

    return PeepCell(2, H, rng=0, dtype=np.float64)


@recurrent("(c, h) is returned for (h, c)", xs, reference=lstm)
def lstm_states_swapped(right):
    class LongCell(LSTMLike):
        def step(self, x, state):
            h, c = super().step(x, state)
            return (h, c) if right else (c, h)

    return LongCell(2, H, rng=0)


@recurrent("b_hn stands outside the reset gate", xs, reference=gru)
def gru_bias_outside_reset(right):
    class UpdateCell(GRULike):
        def candidate(self, x_n, r, h_n, h):
            b = self.bias_hh[2 * H :]
            return tg.tanh(x_n + (r * h_n if right else r * (h_n - b) + b))

    return UpdateCell(2, H, rng=0)


@recurrent("z and 1 − z are exchanged", xs, reference=gru)
def gru_update_turned_round(right):
    class UpdateCell(GRULike):
        def mixed(self, z, n, h):
            return (1 - z) * n + z * h if right else z * n + (1 - z) * h

    return UpdateCell(2, H, rng=0)


@recurrent("h is reset before W_hn, as in the paper and not in torch", xs, reference=gru)
def gru_reset_before(right):
    class UpdateCell(GRULike):
        def candidate(self, x_n, r, h_n, h):
            return tg.tanh(x_n + (r * h_n if right else self.project_state(r * h, slice(2 * H, 3 * H))))

    return UpdateCell(2, H, rng=0)


@recurrent("the reset gate is computed and not used", xs)
def gru_reset_not_used(right):
    class UpdateCell(GRULike):
        def candidate(self, x_n, r, h_n, h):
            return tg.tanh(x_n + (r * h_n if right else h_n))

    return UpdateCell(2, H, rng=0)


@recurrent("h W_hh for W_hh h", xs, reference=rnn)
def recurrent_weight_transposed(right):
    class ElmanCell(nn.Cell):
        def step(self, x, state):
            (h,) = state
            W = self.weight_hh.T if right else self.weight_hh
            return (tg.tanh(self.project_input(x) + h @ W + self.bias_hh),)

    return ElmanCell(2, H, rng=0)


@recurrent("both biases are the input's", xs, reference=rnn)
def bias_of_the_input_twice(right):
    class ElmanCell(nn.Cell):
        def step(self, x, state):
            (h,) = state
            b = self.bias_hh if right else self.bias_ih
            return (tg.tanh(self.project_input(x) + tg.inner(h, self.weight_hh) + b),)

    return ElmanCell(2, H, rng=0)
