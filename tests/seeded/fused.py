"""Whole cells as one op with a gradient by hand, where the mistakes are made: the right one, and wrong variants of it.

lstm_step(z, c) → h′ and c′ side by side, z the gates before their nonlinearities     gru_mix(z, n, h) → (1 − z)n + zh
affine(x, W, b) → x Wᵀ + b
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.engine.op import REGISTRY


class Gates(NamedTuple):
    """What the backward pass of an LSTM step sees: gh, gc the cotangents of h′ and c′, c the old state, s = c′."""

    gh: Any
    gc: Any
    i: Any
    f: Any
    g: Any
    o: Any
    c: Any
    s: Any

    @property
    def through(self) -> Any:
        """The whole cotangent of c′: from c′ itself, and from h′ = o·tanh c′."""
        return self.gc + self.gh * self.o * (1 - tg.tanh(self.s) ** 2)


def lstm_gradient(a: Gates) -> list[Any]:
    """The cotangents of i, f, g, o before their nonlinearities, and of the old c."""
    d = a.through
    return [
        d * a.g * a.i * (1 - a.i),
        d * a.c * a.f * (1 - a.f),
        d * a.i * (1 - a.g * a.g),
        a.gh * tg.tanh(a.s) * a.o * (1 - a.o),
        d * a.f,
    ]


def _lstm(z: Any, c: Any) -> tuple[Any, ...]:
    i, f, g, o = tg.split(z, 4, axis=-1)
    i, f, g, o = tg.sigmoid(i), tg.sigmoid(f), tg.tanh(g), tg.sigmoid(o)
    s = f * c + i * g
    return i, f, g, o, s


def lstm_step(gradient: Callable[[Gates], list[Any]] = lstm_gradient) -> Any:
    @tg.primitive
    def seeded_lstm_step(z, c):
        """h′ and c′ of an LSTM step, side by side."""
        _, _, _, o, s = _lstm(z, c)
        return np.concatenate([o * np.tanh(s), s], axis=-1)

    def back(gy: Any, z: Any, c: Any) -> list[Any]:
        gh, gc = tg.split(gy, 2, axis=-1)
        i, f, g, o, s = _lstm(z, c)
        return gradient(Gates(gh, gc, i, f, g, o, c, s))

    def ahead(dz: Any, dc: Any, z: Any, c: Any) -> Any:
        i, f, g, o, s = _lstm(z, c)
        di, df, dg, do = tg.split(dz, 4, axis=-1)
        ds = di * i * (1 - i) * g + df * f * (1 - f) * c + dg * (1 - g * g) * i + dc * f
        return tg.concatenate([do * o * (1 - o) * tg.tanh(s) + ds * o * (1 - tg.tanh(s) ** 2), ds], axis=-1)

    return _declared(
        seeded_lstm_step,
        vjp={
            "z": lambda gy, y, z, c: tg.concatenate(back(gy, z, c)[:4], axis=-1),
            "c": lambda gy, y, z, c: back(gy, z, c)[4],
        },
        jvp={
            "z": lambda dz, y, z, c: ahead(dz, 0 * c, z, c),
            "c": lambda dc, y, z, c: ahead(0 * z, dc, z, c),
        },
    )


def gru_mix(z: Any = None, n: Any = None, h: Any = None) -> Any:
    """(1 − z)·n + z·h, with other cotangents for the arguments that are given."""

    @tg.primitive
    def seeded_gru_mix(z, n, h):
        """y = (1 − z)·n + z·h."""
        return (1 - z) * n + z * h

    return _declared(
        seeded_gru_mix,
        vjp={
            "z": z or (lambda gy, y, z, n, h: gy * (h - n)),
            "n": n or (lambda gy, y, z, n, h: gy * (1 - z)),
            "h": h or (lambda gy, y, z, n, h: gy * z),
        },
        jvp={
            "z": lambda d, y, z, n, h: d * (h - n),
            "n": lambda d, y, z, n, h: d * (1 - z),
            "h": lambda d, y, z, n, h: d * z,
        },
    )


def affine(x: Any = None, weight: Any = None, bias: Any = None) -> Any:
    """x Wᵀ + b for x (B, I), with other cotangents for the arguments that are given."""

    @tg.primitive
    def seeded_affine(x, weight, bias):
        """y = x Wᵀ + b."""
        return x @ weight.T + bias

    return _declared(
        seeded_affine,
        vjp={
            "x": x or (lambda gy, y, x, weight, bias: gy @ weight),
            "weight": weight or (lambda gy, y, x, weight, bias: gy.T @ x),
            "bias": bias or (lambda gy, y, x, weight, bias: gy.sum(axis=0)),
        },
        jvp={
            "x": lambda d, y, x, weight, bias: d @ weight.T,
            "weight": lambda d, y, x, weight, bias: x @ d.T,
            "bias": lambda d, y, x, weight, bias: d + 0 * y,
        },
    )


def _declared(op: Any, vjp: dict[str, Any], jvp: dict[str, Any]) -> Any:
    """The op with its rules, and out of the registry: the library's tests are not to find it."""
    del REGISTRY[op.op.name]
    op.vjp(**vjp)
    op.jvp(**jvp)
    return op
