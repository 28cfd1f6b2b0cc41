"""Recurrent layers written by hand, layer(x, hx) → (output, h_n): first and last states, steps, directions, pads."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.fuzz.people.bug import recurrent
from tinygrad_rnn import nn
from tinygrad_rnn.testing import lengths, sequences

xs = sequences(I=2)
batch_first = sequences(T=st.integers(1, 3), B=st.integers(2, 4), I=2)  # (B, T, I), the first axis being the batch
padded = xs.flatmap(lambda x: st.tuples(st.just(x), st.none(), lengths(len(x), x.shape[1])))
H = 3


class Layer(nn.Module):
    """h′ = tanh(W x + U h + b) over time, x (T, B, I); what a lecture shows, taken apart where the slips are made."""

    def __init__(self, dtype=np.float64):
        super().__init__()
        rng = np.random.default_rng(0)
        self.W = nn.Parameter(rng.standard_normal((H, 2)).astype(dtype))
        self.U = nn.Parameter(rng.standard_normal((H, H)).astype(dtype) / 2)
        self.b = nn.Parameter(rng.standard_normal(H).astype(dtype))

    def cell(self, x, h):
        return tg.tanh(tg.inner(x, self.W) + tg.inner(h, self.U) + self.b)

    def first(self, x, hx):
        return tg.tensor(np.zeros((x.shape[1], H), self.W.dtype)) if hx is None else hx[0]

    def run(self, x, h):
        hs = []
        for x_t in x:
            h = self.cell(x_t, h)
            hs.append(h)
        return hs, h

    def forward(self, x, hx=None):
        hs, h = self.run(x, self.first(x, hx))
        return tg.stack(hs), tg.stack([h])


def plain_layer(p, x, h0=None):
    h = np.zeros((x.shape[1], H)) if h0 is None else h0[0]
    hs = []
    for x_t in x:
        h = np.tanh(x_t @ p["W"].T + h @ p["U"].T + p["b"])
        hs.append(h)
    return np.stack(hs), h[None]


# The first state and the last


@recurrent("the last state is kept on self, and the next call starts from it", xs)
def stateful(right):
    class Kept(Layer):
        h = None

        def first(self, x, hx):
            kept = hx is None and not right and self.h is not None and self.h.shape == (x.shape[1], H)
            return self.h if kept else super().first(x, hx)

        def run(self, x, h):
            hs, self.h = super().run(x, h)
            return hs, hs[-1]

    return Kept()


@recurrent("the first state that is handed in is not looked at", xs)
def first_state_ignored(right):
    class Ignoring(Layer):
        def first(self, x, hx):
            return super().first(x, hx if right else None)

    return Ignoring()


@recurrent("without a first state it starts from ones", xs)
def starts_from_ones(right):
    class Ones(Layer):
        def first(self, x, hx):
            start = np.zeros if right else np.ones
            return tg.tensor(start((x.shape[1], H))) if hx is None else hx[0]

    return Ones()


@recurrent("the first state is cut at the door, as in truncated training", xs)
def first_state_cut(right):
    class Cutting(Layer):
        def first(self, x, hx):
            h = super().first(x, hx)
            return h if right else h.detach()

    return Cutting()


@recurrent("a learnt first state is a parameter that nothing starts from", xs)
def learnt_start_not_used(right):
    class Learnt(Layer):
        def __init__(self):
            super().__init__()
            self.h_0 = nn.Parameter(np.zeros(H))

        def first(self, x, hx):
            if hx is None and right:
                return tg.broadcast_to(self.h_0, (x.shape[1], H))
            return super().first(x, hx)

    return Learnt()


@recurrent("zeros of float64 start a net of float32", sequences(I=2, dtype=np.float32))
def float64_start(right):
    class Wide(Layer):
        def first(self, x, hx):
            return super().first(x, hx) if right else tg.tensor(np.zeros((x.shape[1], H))) if hx is None else hx[0]

    return Wide(np.float32)


@recurrent("h_n is the state before the last step", xs)
def last_but_one(right):
    class Late(Layer):
        def run(self, x, h):
            hs, last = super().run(x, h)
            return hs, last if right else ([h, *hs])[-2]

    return Late()


class Memory(nn.Module):
    """An LSTM by hand: layer(x, (h_0, c_0)) → (output, (h_n, c_n))."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(2, H, rng=0)

    def first(self, x, hx):
        if hx is None:
            return tuple(tg.tensor(np.zeros((x.shape[1], H), x.dtype)) for _ in range(2))
        return hx[0][0], hx[1][0]

    def forward(self, x, hx=None):
        state, hs = self.first(x, hx), []
        for x_t in x:
            state = self.cell(x_t, state)
            hs.append(state[0])
        return tg.stack(hs), tuple(tg.stack([part]) for part in state)


@recurrent("c starts from h_0 as well: hx[0] for hx[1]", xs)
def memory_from_the_output(right):
    class Mixed(Memory):
        def first(self, x, hx):
            h, c = super().first(x, hx)
            return (h, c) if right else (h, h)

    return Mixed()


# Steps


@recurrent("the state is detached at every second step", xs)
def cut_every_second_step(right):
    class Truncated(Layer):
        def run(self, x, h):
            hs = []
            for t, x_t in enumerate(x):
                h = self.cell(x_t, h if right or t % 2 == 0 else h.detach())
                hs.append(h)
            return hs, h

    return Truncated()


@recurrent("the first step has nothing before it, whatever was handed in", xs)
def first_step_without_state(right):
    class Special(Layer):
        def run(self, x, h):
            if right:
                return super().run(x, h)
            hs = [tg.tanh(tg.inner(x[0], self.W) + self.b)]
            rest, h = super().run(x[1:], hs[0]) if len(x) > 1 else ([], hs[0])
            return hs + rest, h

    return Special()


@recurrent("range(1, T): the first input is skipped", xs)
def first_input_skipped(right):
    class Skipping(Layer):
        def run(self, x, h):
            if right:
                return super().run(x, h)
            hs, last = super().run(x[1:], h) if len(x) > 1 else ([], h)
            return [h, *hs], last

    return Skipping()


@recurrent("range(T − 1): the last output is the one before again", xs)
def last_step_skipped(right):
    class Stopping(Layer):
        def run(self, x, h):
            if right:
                return super().run(x, h)
            hs, last = super().run(x[:-1], h) if len(x) > 1 else ([], h)
            return [*hs, last], last

    return Stopping()


@recurrent("outputs are noted before the step", xs, reference=plain_layer)
def outputs_one_late(right):
    class Noted(Layer):
        def run(self, x, h):
            hs, last = super().run(x, h)
            return hs if right else [h, *hs[:-1]], last

    return Noted()


@recurrent("a gain for each step, of up to four", xs)
def gain_for_each_step(right):
    class Untied(Layer):
        def __init__(self):
            super().__init__()
            self.gains = nn.Parameter(np.array([1.0] if right else [1.0, 0.5, 0.25, 2.0]))

        def run(self, x, h):
            hs = []
            for t, x_t in enumerate(x):
                h = self.gains[0 if right else t] * self.cell(x_t, h)
                hs.append(h)
            return hs, h

    return Untied()


@recurrent("squeeze() of the outputs: a sequence of one step loses its axis", xs)
def squeezed_outputs(right):
    class Squeezed(Layer):
        def forward(self, x, hx=None):
            output, last = super().forward(x, hx)
            return output if right or len(x) > 1 else tg.squeeze(output, axis=0), last

    return Squeezed()


@recurrent("t/T as a feature: the end of the sequence is known from the start", xs)
def progress_as_a_feature(right):
    class Clocked(Layer):
        def run(self, x, h):
            hs = []
            for t, x_t in enumerate(x):
                h = self.cell(x_t + (0 if right else t / len(x)), h)
                hs.append(h)
            return hs, h

    return Clocked()


@recurrent("inputs are centred over the whole sequence", xs)
def centred_over_time(right):
    class Centred(Layer):
        def run(self, x, h):
            return super().run(x - tg.mean(x, axis=-1 if right else 0, keepdims=True), h)

    return Centred()


@recurrent("outputs are smoothed with the next one too", xs)
def smoothed_from_both_sides(right):
    class Smoothed(Layer):
        def run(self, x, h):
            hs, last = super().run(x, h)
            after = hs if right else [*hs[1:], hs[-1]]
            return [a + 0.5 * b for a, b in zip(hs, after, strict=True)], last

    return Smoothed()


@recurrent("it runs from the end, and says it runs from the start", xs)
def runs_backwards(right):
    class Backwards(Layer):
        def run(self, x, h):
            hs, last = super().run(x if right else tg.flip(x, axis=0), h)
            return hs if right else hs[::-1], last

    return Backwards()


def scan_op(rule):
    """h_t = a h_{t−1} + x_t for all t in one op; `rule(gh, h, a)` is the gradient by a."""

    def run(x, a):
        h = [x[0]]
        for x_t in x[1:]:
            h.append(a * h[-1] + x_t)
        return h

    def adjoint(gy, y, x, a):
        return tg.flip(tg.stack(run(tg.flip(gy, axis=0), a)), axis=0)

    @tg.primitive
    def scan(x, a):
        return np.stack(run(x, a))

    scan.vjp(x=lambda gy, y, x, a: rule(adjoint, gy, y, x, a)[0], a=lambda gy, y, x, a: rule(adjoint, gy, y, x, a)[1])
    scan.jvp(
        x=lambda dx, y, x, a: tg.stack(run(dx, a)),
        a=lambda da, y, x, a: tg.stack(run(tg.concatenate([0 * y[:1], da * y[:-1]]), a)),
    )
    return scan


def scanning(rule):
    scan = scan_op(rule)

    class Scanned(nn.Module):
        def __init__(self):
            super().__init__()
            rng = np.random.default_rng(0)
            self.W = nn.Parameter(rng.standard_normal((H, 2)))
            self.a = nn.Parameter(rng.random(H))

        def forward(self, x, hx=None):
            u = tg.inner(x, self.W)
            if hx is not None:
                u = tg.concatenate([u[:1] + self.a * hx, u[1:]])
            h = scan(u, self.a)
            return h, h[-1:]

    return Scanned()


@recurrent("a fused scan passes back what arrives at each step, and carries nothing on", xs)
def scan_without_carry(right):
    def rule(adjoint, gy, y, x, a):
        g = adjoint(gy, y, x, a)
        return g if right else gy, tg.sum(g[1:] * y[:-1], axis=0)

    return scanning(rule)


@recurrent("a fused scan multiplies with the state of the same step for the one before", xs)
def scan_one_step_off(right):
    def rule(adjoint, gy, y, x, a):
        g = adjoint(gy, y, x, a)
        return g, tg.sum(g[1:] * (y[:-1] if right else y[1:]), axis=0)

    return scanning(rule)


# Axes and rows


@recurrent("batch_first is said, and time is read along the first axis", batch_first)
def batch_first_in_name(right):
    class BatchFirst(Layer):
        batch_first = True

        def forward(self, x, hx=None):
            if not right:
                return super().forward(x, hx)
            output, last = super().forward(tg.swapaxes(x, 0, 1), hx)
            return tg.swapaxes(output, 0, 1), last

    return BatchFirst()


@recurrent("outputs are stacked along the batch", xs)
def outputs_stacked_on_batch(right):
    class Stacked(Layer):
        def forward(self, x, hx=None):
            hs, h = self.run(x, self.first(x, hx))
            return tg.stack(hs, axis=0 if right else 1), tg.stack([h])

    return Stacked()


@recurrent("a mask with a fixed seed for each row, in eval() too", xs)
def rows_masked_in_eval(right):
    class Masked(Layer):
        def run(self, x, h):
            if self.training or not right:
                x = x * (np.random.default_rng(1).random(x.shape[1:]) < 0.6)
            return super().run(x, h)

    return Masked().eval()


@recurrent("rows are sorted by their first number and not put back", xs)
def rows_not_put_back(right):
    class Sorting(Layer):
        def forward(self, x, hx=None):
            values = x.numpy() if isinstance(x, tg.Tensor) else x
            order = np.argsort(values[0, :, 0])
            back = np.argsort(order) if right else slice(None)
            h = self.first(x, hx)
            hs, h = self.run(x[:, order], h[order])
            return tg.stack(hs)[:, back], tg.stack([h[back]])

    return Sorting()


# Stacks and directions


class TwoLayers(nn.Module):
    """Two layers by hand: layer(x, hx) → (output, h_n), h_n (2, B, H)."""

    def __init__(self, n_in=2):
        super().__init__()
        self.cells = [nn.RNNCell(n_in, H, rng=0), nn.RNNCell(H, H, rng=1)]

    def forward(self, x, hx=None):
        zero = np.zeros((x.shape[1], H), self.cells[0].weight_hh.dtype)
        h1, h2 = (tg.tensor(zero), tg.tensor(zero)) if hx is None else (hx[0], hx[1])
        hs = []
        for x_t in x:
            h1 = self.cells[0](x_t, h1)
            h2 = self.cells[1](self.between(x_t, h1), h2)
            hs.append(h2)
        return tg.stack(hs), tg.stack(self.last(h1, h2))

    def between(self, x, h):
        return h

    def last(self, h1, h2):
        return [h1, h2]


@recurrent("h_n has the upper layer's state for both", xs)
def upper_state_twice(right):
    class Stack(TwoLayers):
        def last(self, h1, h2):
            return [h1 if right else h2, h2]

    return Stack()


def plain_stack(p, x, h0=None):
    h = list(np.zeros((2, x.shape[1], H)) if h0 is None else h0)
    hs = []
    for x_t in x:
        below = x_t
        for k in range(2):
            name = f"cells.{k}."
            a = below @ p[f"{name}weight_ih"].T + p[f"{name}bias_ih"]
            below = h[k] = np.tanh(a + h[k] @ p[f"{name}weight_hh"].T + p[f"{name}bias_hh"])
        hs.append(below)
    return np.stack(hs), np.stack(h)


@recurrent("the second layer reads x, and not the first layer", sequences(I=H), reference=plain_stack)
def second_layer_reads_x(right):
    class Stack(TwoLayers):
        def between(self, x, h):
            return h if right else x + 0 * h

    return Stack(H)


@recurrent("what goes up to the second layer is detached", xs)
def layers_detached(right):
    class Stack(TwoLayers):
        def between(self, x, h):
            return h if right else h.detach()

    return Stack()


class BothWays(nn.Module):
    """Two directions by hand, h_n (2, B, H); with lengths, each row backwards from its own last step."""

    bidirectional = True

    def __init__(self):
        super().__init__()
        self.there, self.back = nn.RNNCell(2, H, rng=0), nn.RNNCell(2, H, rng=1)

    def run(self, cell, x, h, order, mask):
        hs = {}
        for t in order:
            h = tg.where(mask[t], cell(x[t], h), h)
            hs[t] = tg.where(mask[t], h, 0)
        return hs, h

    def backwards(self):
        return self.back

    def back_in_order(self, hs, T):
        return [hs[t] for t in range(T)]

    def valid(self, T, n):
        return (np.arange(T)[:, None] < n)[..., None]

    def forward(self, x, hx=None, *, lengths=None):
        T, B = x.shape[:2]
        mask = self.valid(T, np.full(B, T) if lengths is None else np.asarray(lengths))
        x = tg.where(mask, x, 0)
        zero = np.zeros((2, B, H), self.there.weight_hh.dtype)
        first = tg.tensor(zero) if hx is None else hx
        one, h = self.run(self.there, x, first[0], range(T), mask)
        two, g = self.run(self.backwards(), x, first[1], reversed(range(T)), self.mask_back(mask))
        pairs = zip(self.back_in_order(one, T), self.turned(two, T), strict=True)
        return tg.stack([tg.concatenate(pair, axis=-1) for pair in pairs]), tg.stack([h, g])

    def mask_back(self, mask):
        return mask

    def turned(self, hs, T):
        return self.back_in_order(hs, T)


def plain_both_ways(p, x, h0=None):
    h0 = np.zeros((2, x.shape[1], H)) if h0 is None else h0

    def run(name, h, steps):
        hs = {}
        for t in steps:
            a = x[t] @ p[f"{name}.weight_ih"].T + p[f"{name}.bias_ih"] + p[f"{name}.bias_hh"]
            hs[t] = h = np.tanh(a + h @ p[f"{name}.weight_hh"].T)
        return [hs[t] for t in range(len(x))], h

    (one, h), (two, g) = run("there", h0[0], range(len(x))), run("back", h0[1], reversed(range(len(x))))
    return np.concatenate([np.stack(one), np.stack(two)], axis=-1), np.stack([h, g])


@recurrent("the outputs of the way back stand in the order they were made", xs, reference=plain_both_ways)
def way_back_not_turned(right):
    class Turned(BothWays):
        def turned(self, hs, T):
            return super().turned(hs, T) if right else super().turned(hs, T)[::-1]

    return Turned()


@recurrent("both directions run in the first one's cell", xs)
def one_cell_both_ways(right):
    class Shared(BothWays):
        def backwards(self):
            return self.back if right else self.there

    return Shared()


# Pads


@recurrent("the way back starts in the pads", padded)
def way_back_from_the_pads(right):
    class Padded(BothWays):
        def mask_back(self, mask):
            return mask if right else np.ones_like(mask)

    return Padded()


class Padded(Layer):
    """The layer above with lengths: pads are 0 in the output, and h_n is the last valid state."""

    def forward(self, x, hx=None, *, lengths=None):
        T, B = x.shape[:2]
        n = np.full(B, T) if lengths is None else np.asarray(lengths)
        mask = (np.arange(T)[:, None] < n)[..., None]
        h, hs = self.first(x, hx), []
        x = self.clean(x, mask)
        for t in range(T):
            h = self.held(self.cell(x[t], h), h, mask[t])
            hs.append(h)
        output = self.cleared(tg.stack(hs), mask)
        return output, self.last(hs, n)

    def clean(self, x, mask):
        return tg.where(mask, x, 0)

    def held(self, new, old, mask):
        return tg.where(mask, new, old)

    def cleared(self, output, mask):
        return tg.where(mask, output, 0)

    def last(self, hs, n):
        return tg.stack(hs[-1:])


@recurrent("h_n is the state at T for all, and steps in the pads count", padded)
def pads_counted(right):
    class Counting(Padded):
        def held(self, new, old, mask):
            return super().held(new, old, mask) if right else new

    return Counting()


@recurrent("h_n is taken at index `length`, not length − 1", padded)
def last_state_one_off(right):
    class Off(Padded):
        def held(self, new, old, mask):
            return new

        def last(self, hs, n):
            at = n - 1 if right else np.minimum(n, len(hs) - 1)
            return tg.stack([tg.stack([hs[t][row] for row, t in enumerate(at)])])

    return Off()


@recurrent("x·mask: NaN in a pad stays NaN", padded)
def pads_multiplied_away(right):
    class Multiplied(Padded):
        def clean(self, x, mask):
            return super().clean(x, mask) if right else x * mask

    return Multiplied()


@recurrent("the states in the pads are left in the output", padded)
def pads_left_in_output(right):
    class Left(Padded):
        def cleared(self, output, mask):
            return super().cleared(output, mask) if right else output

    return Left()


@recurrent("lengths are taken and not looked at", padded)
def lengths_ignored(right):
    class Deaf(Padded):
        def forward(self, x, hx=None, *, lengths=None):
            return super().forward(x, hx, lengths=lengths if right else None)

    return Deaf()


@recurrent("only the longest row's length is looked at", padded)
def longest_for_all(right):
    class Longest(Padded):
        def forward(self, x, hx=None, *, lengths=None):
            if lengths is not None and not right:
                lengths = np.full(x.shape[1], np.max(lengths))
            return super().forward(x, hx, lengths=lengths)

    return Longest()
