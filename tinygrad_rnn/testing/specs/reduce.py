"""Many to fewer: every form of axis, keepdims, ddof and ord."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.testing.draw.choices import any_size, axis, one_axis
from tinygrad_rnn.testing.draw.operands import ANY, FULL, Arguments, Pick, Rule, Shapes, dims, given
from tinygrad_rnn.testing.draw.source import Source, choose, flag


def _reduction(shapes: Shapes = ANY, domain: str = "real") -> Rule:
    def rule(source: Source, pick: Pick) -> Arguments:
        x = pick(shapes, domain)
        return given(x, axis=axis(source, x.ndim), keepdims=flag(source))

    return rule


def _spread(source: Source, pick: Pick) -> Arguments:
    """var, std: of at least two numbers, more of them than ddof."""
    x = pick(dims(1, side=2))
    along = axis(source, x.ndim) or None if x.ndim > 1 else None
    ddof = source.integer(0, 1)
    return (x,), given(axis=along, ddof=ddof, keepdims=flag(source))[1]


def _norm(source: Source, pick: Pick) -> Arguments:
    ord = choose(source, (None, 2, 1, np.inf))
    if ord is None:
        x = pick(FULL)
        return given(x, axis=axis(source, x.ndim), keepdims=flag(source))
    x = pick(dims(1))
    return given(x, ord=ord, axis=one_axis(source, x.ndim), keepdims=flag(source))


def _along(shapes: Shapes = ANY, domain: str = "real", keepdims: bool = False) -> Rule:
    """Along one axis, or all elements in a row when None."""

    def rule(source: Source, pick: Pick) -> Arguments:
        x = pick(shapes, domain)
        static: dict[str, Any] = {"axis": one_axis(source, x.ndim) if x.ndim and not flag(source, 4) else None}
        return (x,), {**static, **({"keepdims": True} if keepdims and flag(source) else {})}

    return rule


def _softmax(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1), any_size(source))
    return (x,), {"axis": axis(source, x.ndim)} if flag(source) else {}


RULES: dict[str, Rule] = {
    "sum": _reduction(),
    "prod": _reduction(domain="small"),
    **dict.fromkeys(["mean", "max", "min", "logsumexp"], _reduction(FULL)),
    **dict.fromkeys(["var", "std"], _spread),
    "norm": _norm,
    "cumprod": _along(domain="small"),
    **dict.fromkeys(["cumsum", "sort", "argsort"], _along()),
    **dict.fromkeys(["argmax", "argmin"], _along(FULL, keepdims=True)),
    **dict.fromkeys(["softmax", "log_softmax"], _softmax),
}
