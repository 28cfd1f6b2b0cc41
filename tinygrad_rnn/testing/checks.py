"""Three answers to one question, which must agree: ⟨u, J·dx⟩ along a random dx, weighed by a random u.

reverse      ⟨Jᵀu, dx⟩       from the vjp rules
forward      ⟨u, J·dx⟩       from the jvp rules
differences  ⟨u, (f(x + h·dx) − f(x − h·dx)) / 2h⟩, Richardson-extrapolated, no rule at all
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_rnn import nn
from tinygrad_rnn.forward import jvp
from tinygrad_rnn.ops import matmul, relu, tanh
from tinygrad_rnn.primitive import REGISTRY, Op
from tinygrad_rnn.reverse import vjp
from tinygrad_rnn.tensor import Array, Tensor
from tinygrad_rnn.testing.samples import calls, spread
from tinygrad_rnn.tree import flatten

LIMIT = 1e-7  # of Σ|terms|: the truncation h⁴ and the rounding eps/h of the differences both stay below
H = 1e-3
STRUCTURAL = {"checkpointed"}  # built by checkpoint(), not called with arrays of one's own


@dataclass(frozen=True)
class Row:
    """What checking one op or module showed: `worst` disagreement relative to the size of the terms."""

    kind: str
    name: str
    cases: int
    worst: float
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.worst <= LIMIT


def check_function(f: Callable[..., Any], xs: Sequence[Array], rng: np.random.Generator) -> float:
    """The worst disagreement of reverse mode, forward mode and differences for f at xs, relative to their terms.

    Args:
        f: takes float64 arrays or Tensors, returns Tensors in any nest.

    >>> check_function(lambda x: tanh(x).sum(), [np.array([0.3, -1.2])], np.random.default_rng(0)) < 1e-9
    True
    """

    def values(*points: Array) -> Array:
        leaves, _ = flatten(f(*(Tensor(x) for x in points)))
        return np.concatenate([np.ravel(leaf.data) for leaf in leaves])

    def central(h: float) -> Array:
        ahead = values(*(x + h * dx for x, dx in zip(xs, dxs, strict=True)))
        return (ahead - values(*(x - h * dx for x, dx in zip(xs, dxs, strict=True)))) / (2 * h)

    dxs = [rng.standard_normal(x.shape) for x in xs]
    y, pullback = vjp(f, *xs)
    outputs, build = flatten(y)
    u = [rng.standard_normal(leaf.shape) for leaf in outputs]
    flat_u = np.concatenate([np.ravel(part) for part in u])
    slope = (4 * central(H / 2) - central(H)) / 3
    tangent = np.concatenate([np.ravel(leaf.data) for leaf in flatten(jvp(f, xs, dxs)[1])[0]])
    terms = [gx.data * dx for gx, dx in zip(pullback(build(u)), dxs, strict=True)]

    reverse, size = sum(float(t.sum()) for t in terms), sum(float(np.abs(t).sum()) for t in terms)
    forward, numeric = float(flat_u @ tangent), float(flat_u @ slope)
    scale = max(size, float(np.abs(flat_u * slope).sum()), 1e-6)
    worst = max(abs(reverse - numeric), abs(forward - numeric), abs(reverse - forward)) / scale
    return worst if np.isfinite(worst) else float("inf")


def check_everything(seed: int = 0) -> Iterator[Row]:
    """A row for every registered op, then for every module and loss."""
    rng = np.random.default_rng(seed)
    for op in sorted(REGISTRY.values(), key=lambda op: op.name):
        if op.name not in STRUCTURAL:
            yield check_op(op, rng)
    for name, f, xs in networks(rng):
        yield Row("module", name, 1, check_function(f, xs, rng))


def check_op(op: Op, rng: np.random.Generator) -> Row:
    """The row of one op. An op without sample calls fails: add them to samples.TABLE."""
    if not op.differentiable:
        return Row("op", op.name, 0, 0.0, "no gradient: its values are piecewise constant")
    samples = calls(op, rng)
    if not samples:
        return Row("op", op.name, 0, float("inf"), "no sample calls in testing/samples.py")
    try:
        worst = max(_check_call(op, args, static, rng) for args, static in samples)
    except Exception as error:  # whatever a rule raises is a finding about that rule
        return Row("op", op.name, len(samples), float("inf"), f"{type(error).__name__}: {error}".splitlines()[0])
    return Row("op", op.name, len(samples), worst)


def _check_call(op: Op, args: tuple[Any, ...], static: dict[str, Any], rng: np.random.Generator) -> float:
    moving = [k for k, x in enumerate(args) if isinstance(x, np.ndarray) and x.dtype == np.float64]

    def f(*xs: Any) -> Any:
        full = list(args)
        for k, x in zip(moving, xs, strict=True):
            full[k] = x
        return op.public(*full, **static)

    return check_function(f, [args[k] for k in moving], rng)


def networks(rng: np.random.Generator) -> Iterator[tuple[str, Callable[..., Any], list[Array]]]:
    """(name, function of its input and its parameters, where to check it) for each module and loss."""
    x, batch = spread(rng, 2, 3), spread(rng, 4, 2, 3)
    ids = np.array([[0, 2], [2, 1]])
    yield _module("Linear", nn.Linear(3, 2, dtype=np.float64, rng=rng), x)
    yield _module("Embedding", nn.Embedding(4, 3, dtype=np.float64, rng=rng), ids)
    for kind in (nn.RNNCell, nn.LSTMCell, nn.GRUCell):
        yield _module(kind.__name__, kind(3, 2, dtype=np.float64, rng=rng), x)
    for layer in (nn.RNN, nn.LSTM, nn.GRU):
        yield _module(layer.__name__, layer(3, 2, 2, dtype=np.float64, rng=rng), batch)
    yield "cross_entropy", lambda logits: nn.cross_entropy(logits, [0, 2]), [x]
    yield "mse_loss", nn.mse_loss, [x, spread(rng, 2, 3)]
    yield "a small network", lambda a, b: relu(matmul(tanh(a), b)), [x, spread(rng, 3, 2)]


def _module(name: str, module: nn.Module, x: Array) -> tuple[str, Callable[..., Any], list[Array]]:
    """A module as a function of its input, where that is of floats, and of every parameter."""
    names = [name for name, _ in module.named_parameters()]
    start = [p.numpy() for p in module.parameters()]
    moving_input = x.dtype == np.float64

    def f(*xs: Any) -> Any:
        given = dict(zip(names, xs[-len(names) :], strict=True))
        return with_parameters(module, given)(xs[0] if moving_input else x)

    return name, f, [x, *start] if moving_input else start


def with_parameters(module: nn.Module, given: dict[str, Any]) -> Callable[..., Any]:
    """The module as a function that uses these Tensors in place of its parameters."""

    def run(*args: Any) -> Any:
        places = list(_places(module, given))
        try:
            for owner, name, value, _ in places:
                object.__setattr__(owner, name, value)
            return module(*args)
        finally:
            for owner, name, _, parameter in places:
                object.__setattr__(owner, name, parameter)

    return run


def _places(module: nn.Module, given: dict[str, Any]) -> Iterator[tuple[nn.Module, str, Any, Any]]:
    """(module, attribute, Tensor to put there, parameter that stands there)."""
    by_parameter = {id(p): given[name] for name, p in module.named_parameters()}
    for owner in module.modules():
        for name, value in vars(owner).items():
            if id(value) in by_parameter:
                yield owner, name, by_parameter[id(value)], value
