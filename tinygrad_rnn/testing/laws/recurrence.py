"""Recurrence: a recurrent layer, or a cell, as a function of its parameters, its sequence and its first state.

net(parameters, x, state)  →  (output, last state)      x (T, B, I), output (T, B, H), everything in float64

Laws of recurrences say that two ways to compute the same have the same values and the same gradients: `agree`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.arrays import as_plain
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import GraphError, ShapeError
from tinygrad_rnn.nn import Cell, Module, functional_call, unroll
from tinygrad_rnn.ops import concatenate, stack, swapaxes, take
from tinygrad_rnn.testing.laws.linear_map import LinearMap, difference, run
from tinygrad_rnn.testing.oracles.case import Case
from tinygrad_rnn.testing.report.again import Again
from tinygrad_rnn.testing.report.findings import Mismatch

LIMIT = 1e-10  # of S: the same products summed in another order, then carried through every step
Run = Callable[..., tuple[Any, Any]]


@dataclass(frozen=True)
class Recurrence:
    """A layer `layer(x, hx) → (output, h_n)` or a cell `cell(x_t, state) → state`, at one point.

    Attributes:
        parameters: its values by name.
        x: (T, B, I) or (T, I), whatever layout the layer takes.
        h0: the state before the first step, in the layer's own nest.
        lengths: how many steps of each row are data, None where all are.
        is_cell: whether it takes one step at a time.
        again: how to check it once more.
    """

    layer: Module
    parameters: dict[str, Array]
    x: Array
    h0: Any
    lengths: Array | None
    seed: int
    is_cell: bool = False
    again: Callable[[], Again] = lambda: Again("", "")

    @classmethod
    def of(
        cls,
        layer: Module,
        x: Any,
        h0: Any,
        lengths: Any,
        seed: int,
        cell: bool | None = None,
        again: Callable[[], Again] = lambda: Again("", ""),
    ) -> Recurrence:
        """The layer in float64. Without h0 it starts from a state that it made itself, on other inputs.

        Raises:
            ShapeError: fewer than two steps, or other lengths than rows. GraphError: it does not take lengths.
        """
        x = np.array(x.data if isinstance(x, Tensor) else as_plain(x, "check_recurrent"), np.float64)
        if x.ndim == 3 and getattr(layer, "batch_first", False):
            x = x.swapaxes(0, 1)
        lengths = _checked(layer, x, lengths)
        noise = np.random.default_rng(seed).standard_normal(x.shape)
        if lengths is not None:  # what stands in the pads is not the user's to choose
            x = np.where(valid(lengths, x), x, noise)
        parameters = {name: _float64(value.data) for name, value in layer.named_parameters()}
        net = cls(layer, parameters, x, None, lengths, seed, again=again)
        trial = replace(net, layer=_copied(layer))
        if cell is None:
            cell = isinstance(layer, Cell) or _is_cell(trial, h0)
        trial = replace(trial, is_cell=cell)
        with no_grad():
            return replace(net, is_cell=cell, h0=mapped(_float64, trial(parameters, noise)[1] if h0 is None else h0))

    def __call__(self, parameters: Any, x: Any, state: Any = None, lengths: Any = None) -> tuple[Any, Any]:
        x = x if isinstance(x, Tensor) else Tensor(x)
        states = () if state is None else (state,)
        if self.is_cell:
            return self._steps(parameters, x, state)
        swapped = x.ndim == 3 and getattr(self.layer, "batch_first", False)
        options = {} if lengths is None else {"lengths": lengths}
        output, last = functional_call(self.layer, parameters, swapaxes(x, 0, 1) if swapped else x, *states, **options)
        return (swapaxes(output, 0, 1) if swapped else output), last

    def _steps(self, parameters: Any, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        def advance(x_t: Tensor, state: Any) -> tuple[Tensor, Any]:
            state = functional_call(self.layer, parameters, x_t, *(() if state is None else (state,)))
            return flatten(state)[0][0], state

        outputs, state = unroll(advance, x, state)
        return stack(outputs), state

    @property
    def name(self) -> str:
        """What a report calls it: its class."""
        return type(self.layer).__name__

    @property
    def T(self) -> int:
        """How many steps."""
        return len(self.x)

    @cached_property
    def whole(self) -> LinearMap:
        """The whole sequence at once, every step of it data."""
        return self.linear_map_of(self)

    @cached_property
    def from_nothing(self) -> LinearMap:
        """The whole sequence at once, with no first state given."""
        return self.linear_map_of(self, self.parameters, self.x)

    @cached_property
    def padded(self) -> LinearMap:
        """The whole batch at once, each row with its length where it has one."""
        if self.lengths is None:
            return self.whole
        return self.linear_map_of(partial(self, lengths=self.lengths))

    def linear_map_of(self, fn: Callable[..., Any], *inputs: Any) -> LinearMap:
        """The derivative of `fn` at these inputs, at the point itself when there are none."""
        inputs = inputs or (self.parameters, self.x, self.h0)
        return LinearMap(Case.of(fn, inputs, name=self.name), self.seed)

    @cached_property
    def batch_axes(self) -> list[int | None]:
        """The batch axis of each part of the state: the one that is twice as long for twice the rows."""
        once, twice = (self._state_shapes(np.concatenate([self.x] * n, axis=1)) for n in (1, 2))
        pairs = [enumerate(zip(a, b, strict=True)) for a, b in zip(once, twice, strict=True)]
        return [next((k for k, (m, n) in pair if m != n), None) for pair in pairs]

    def _state_shapes(self, x: Array) -> list[tuple[int, ...]]:
        with no_grad():
            return [np.shape(as_array(part)) for part in flatten(self(self.parameters, x)[1])[0]]

    def rows(self, state: Any, rows: Sequence[int] | Array) -> Any:
        """These rows of a state, in this order."""
        parts, build = flatten(state)
        picked = zip(parts, self.batch_axes, strict=True)
        return build([part if axis is None else take(part, np.asarray(rows), axis=axis) for part, axis in picked])

    def joined(self, states: Sequence[Any]) -> Any:
        """The states of several rows as the state of a batch."""
        parts = zip(*(flatten(state)[0] for state in states), strict=True)
        joint = zip(parts, self.batch_axes, strict=True)
        return flatten(states[0])[1]([some[0] if axis is None else concatenate(some, axis) for some, axis in joint])


def agree(point: LinearMap, other: Run, where: str = "") -> Mismatch | None:
    """None when `other` gives the point's values and, for the same cotangents, its gradients."""
    ys, pullback = run(replace(point.case, fn=other))
    sizes = [1 + np.abs(y).sum() for y in point.ys]
    found = difference(point.output_names, ys, point.ys, sizes, LIMIT)
    found = found or difference(point.gradient_names, pullback(point.us), point.gs, point.sizes, LIMIT)
    return found and replace(found, hint=where)


def _copied(layer: Module) -> Module:
    """Another such layer, so that the layer's own first call is one that is compared; itself where it has no copy."""
    with suppress(Exception):
        return deepcopy(layer)
    return layer


def _is_cell(net: Recurrence, h0: Any) -> bool:
    """Whether it takes a step and gives a state, and does not take a sequence and give a layer's pair."""
    with no_grad(), suppress(Exception):  # a cell says what it likes of a whole sequence
        if _gives_pairs(net, h0):
            return False
    with no_grad(), suppress(Exception):
        return bool(replace(net, is_cell=True)(net.parameters, net.x[:1], h0))
    return False


def _gives_pairs(net: Recurrence, h0: Any) -> bool:
    """Whether, of the whole and of all but a step, it gives an output of so many steps and a state of the same size."""
    shapes = []
    for T in (net.T, net.T - 1):
        output, state = net(net.parameters, net.x[:T], h0)
        if output.shape[: net.x.ndim - 1] != (T, *net.x.shape[1:-1]):
            return False
        shapes.append([np.shape(as_array(part)) for part in flatten(state)[0]])
    return shapes[0] == shapes[1]


def takes_lengths(layer: Module) -> bool:
    """Whether its forward has the option."""
    kinds = inspect.signature(layer.forward).parameters
    return "lengths" in kinds or any(p.kind is p.VAR_KEYWORD for p in kinds.values())


def _checked(layer: Module, x: Array, lengths: Any) -> Array | None:
    name = type(layer).__name__
    if x.ndim < 2:
        raise ShapeError(f"check_recurrent: x has {x.ndim} axes", expected="x (T, B, I) or (T, I)", got=f"x {x.shape}")
    if len(x) < 2:
        raise ShapeError(f"check_recurrent: {name} gets {len(x)} steps", expected="T ≥ 2: something has to recur",
                         got=f"x {x.shape}")  # fmt: skip
    if lengths is None:
        return None
    if not takes_lengths(layer):
        raise GraphError(f"check_recurrent: {name} takes no lengths", expected="forward(x, hx=None, *, lengths=None)",
                         got=f"forward{inspect.signature(layer.forward)}")  # fmt: skip
    lengths = as_plain(lengths, "check_recurrent", "iu")
    if x.ndim != 3 or lengths.shape != x.shape[1:2] or lengths.min() < 0 or lengths.max() > len(x):
        raise ShapeError("check_recurrent: the lengths do not fit", expected="one from 0 to T for each row of x",
                         got=f"{lengths.tolist()}, x (T, B, I) {x.shape}")  # fmt: skip
    return lengths


def valid(lengths: Array, x: Array) -> Array:
    """(T, B, 1): True where x is data, False in the pads."""
    return (np.arange(len(x))[:, None] < lengths)[..., None]


def mapped(f: Callable[[Any], Any], nested: Any) -> Any:
    """f of every part of a state."""
    leaves, build = flatten(nested)
    return build([f(leaf) for leaf in leaves])


def _float64(x: Any) -> Array:
    """A copy of the values; what counts or selects stays as it is."""
    array = np.array(as_array(x))
    return array.astype(np.float64) if array.dtype.kind == "f" else array
