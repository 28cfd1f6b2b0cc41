"""Functions, ops, modules and cells with a wrong derivative, where anybody can import them."""

from functools import wraps

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.op import REGISTRY

DECLARED = dict(REGISTRY)


def half(x):
    return x * x.detach()


def scaled(x, k, power=2):
    return k * x ** (power - 1) * x.detach()


def mixed(x, w):
    """A right function of one argument, a wrong one of the other."""
    return tg.tanh(x) * w + w.detach() * x.sum()


def of_nest(parameters, x, picked):
    return [parameters["w"] * x[picked], (parameters["b"][0] * parameters["w"].detach(),)]


@tg.primitive
def wrong_square(x):
    return x * x


wrong_square.vjp(x=lambda gy, y, x: gy * x)
wrong_square.jvp(x=lambda dx, y, x: dx * x)


@tg.primitive
def wrong_later(x):
    """Right once, wrong twice: the rule is not recorded."""
    return x * x * x


wrong_later.vjp(x=lambda gy, y, x: gy * 3 * x * (x.detach() if isinstance(x, tg.Tensor) else x))
wrong_later.jvp(x=lambda dx, y, x: dx * 3 * x * (x.detach() if isinstance(x, tg.Tensor) else x))


def op_of(name, vjp, jvp=lambda dx, y, x: dx * 2 * x):
    """x² by a name of its own, with these rules."""

    def square(x):
        return x * x

    square.__name__ = name
    op = tg.primitive(square)
    op.vjp(x=vjp)
    op.jvp(x=jvp)
    return op


bent = op_of("bent_square", lambda gy, y, x: gy * gy * x)
offset = op_of("offset", lambda gy, y, x: gy * 2 * x + 1)
one_sided = op_of("one_sided", lambda gy, y, x: gy * x)


@tg.elementwise(x=lambda y, x: 1.0 * (x >= 0))
def steep_relu(x):
    return np.maximum(x, 0)


def drifting(x):
    """Right in float64; in float32 it adds what only float64 can hold, and takes it away again."""
    return tg.sin((x + 4096.0) - 4096.0 + x)


def doubled(f):
    @wraps(f)
    def twice(x):
        return 2 * f(x) + x.detach() * x

    return twice


@doubled
def decorated(x):
    return tg.sin(x)


class Scale:
    def __init__(self, k):
        self.k = k

    def __call__(self, x):
        return self.k * x * x.detach()

    def method(self, x):
        return tg.exp(self.k * x.detach()) * x


class HalfLinear(nn.Module):
    def __init__(self, rng, dtype=np.float64):
        self.inner = nn.Linear(3, 2, rng=rng, dtype=dtype)
        self.gains = [nn.Parameter(np.linspace(0.5, 1.5, 2).astype(dtype))]

    def forward(self, x):
        return self.inner(x) * self.gains[0] * self.gains[0].detach()


class Tied(nn.Module):
    """One weight under two names."""

    def __init__(self, rng):
        self.first = nn.Linear(3, 3, rng=rng)
        self.second = nn.Linear(3, 3, rng=rng)
        self.second.weight = self.first.weight

    def forward(self, x):
        return tg.tanh(self.second(tg.tanh(self.first(x)).detach()) + self.first(x))


class CutCell(nn.Cell):
    def step(self, x, state):
        (h,) = state
        return (tg.tanh(self.project_input(x) + self.project_state(h.detach())),)


class CutNet(nn.Recurrent):
    cell_type = CutCell


class LateNet(nn.GRU):
    """Right values and right gradients, but of another sequence where lengths are given."""

    def forward(self, x, hx=None, *, lengths=None):
        output, last = super().forward(x, hx, lengths=lengths)
        return (output, last) if lengths is None else (output + 0.1 * tg.sum(output, axis=0), last)


class Summed(nn.Module):
    """A layer that lets the batch's rows see each other."""

    def __init__(self, rng):
        self.rnn = nn.RNN(2, 3, rng=rng)

    def forward(self, x, hx=None):
        output, last = self.rnn(x, hx)
        return output + tg.sum(output, axis=1, keepdims=True), last


REGISTRY.clear()  # what is wrong here is not for the tests of every op
REGISTRY.update(DECLARED)
