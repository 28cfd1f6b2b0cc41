"""Cell: one step of a recurrence, with the one set of weights that every step shares."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.graph import MODE, label, step
from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.module import Module, Parameter, check_features, incoming
from tinygrad_rnn.ops import inner
from tinygrad_rnn.tensor import Tensor, wrap

State = tuple[Tensor, ...]


class Cell(Module):
    """new_state = f_W(x, old_state). A cell of your own defines `gates`, `states` and `step`.

    Attributes:
        gates: G, how many blocks of H rows W_ih (G·H, I) and W_hh (G·H, H) have.
        states: the names of the state's parts: ("h",) or ("h", "c"); the first is the output.
        weight_ih, weight_hh, bias_ih, bias_hh: as in torch.nn, U(±1/√H) at first.
    """

    gates: ClassVar[int] = 1
    states: ClassVar[tuple[str, ...]] = ("h",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        recurrent_init: str = "uniform",
        dtype: Any = np.float32,
        rng: init.Rng = None,
    ) -> None:
        if input_size < 1 or hidden_size < 1:
            raise ShapeError(f"{type(self).__name__}: sizes must be positive", got=f"{input_size}, {hidden_size}")
        rng = np.random.default_rng(rng)
        self.input_size, self.hidden_size = input_size, hidden_size
        H, rows = hidden_size, self.gates * hidden_size
        bound = 1 / np.sqrt(H)
        self.weight_ih = Parameter(init.uniform((rows, input_size), bound, rng=rng, dtype=dtype))
        self.weight_hh = Parameter(self._recurrent(recurrent_init, bound, rng, dtype))
        self.bias_ih = Parameter(init.uniform((rows,), bound, rng=rng, dtype=dtype)) if bias else None
        self.bias_hh = Parameter(init.uniform((rows,), bound, rng=rng, dtype=dtype)) if bias else None

    def _recurrent(self, kind: str, bound: float, rng: np.random.Generator, dtype: Any) -> Any:
        square = (self.hidden_size, self.hidden_size)
        makers = {
            "uniform": lambda: init.uniform(square, bound, rng=rng, dtype=dtype),
            "orthogonal": lambda: init.orthogonal(square, rng=rng, dtype=dtype),
            "identity": lambda: init.identity(square, dtype=dtype),
        }
        if kind not in makers:
            raise ValueError(f"recurrent_init={kind!r}: expected {', '.join(map(repr, makers))}")
        return np.concatenate([makers[kind]() for _ in range(self.gates)])

    def step(self, x: Tensor, state: State) -> State:
        """One step of the recurrence; subclasses say."""
        raise TypeError(f"{type(self).__name__} defines no step()")

    def project_input(self, x: Tensor) -> Tensor:
        """W_ih x + b_ih."""
        y: Tensor = inner(x, self.weight_ih)
        return y if self.bias_ih is None else y + self.bias_ih

    def project_state(self, h: Tensor) -> Tensor:
        """W_hh h + b_hh."""
        y: Tensor = inner(h, self.weight_hh)
        return y if self.bias_hh is None else y + self.bias_hh

    def initial_state(self, batch: tuple[int, ...] = ()) -> State:
        """h_0 = 0 (and c_0 = 0): a node of the graph, labelled as such, at step 0."""
        zeros = np.zeros((*batch, self.hidden_size), self.weight_hh.dtype)
        with step(0):
            return tuple(label(wrap(zeros, None), "initial_state", name) for name in self.states)

    def given_state(self, state: Any, batch: tuple[int, ...] = ()) -> State:
        """A state that was handed in, as a tuple of Tensors of the right shape, at step 0."""
        given = state if isinstance(state, tuple | list) else (state,)
        parts = [incoming(part, self.weight_hh.dtype) for part in given]
        expected = (*batch, self.hidden_size)
        shapes = [part.shape for part in parts]
        if shapes != [expected] * len(self.states):
            raise ShapeError(
                f"{type(self).__name__}: the state does not fit",
                expected=", ".join(f"{name} {expected}" for name in self.states),
                got=", ".join(map(str, shapes)),
                where=str(MODE.get()),
                help="pass None to start from zeros, or the state that the last call returned",
            )
        with step(0):
            return tuple(_carried(part, name) for part, name in zip(parts, self.states, strict=True))

    def forward(self, x: Any, state: Any = None) -> Any:
        """One step: x (B, I) or (I) with the state, zeros when None, to the next state: h, or (h, c)."""
        x = incoming(x, self.weight_ih.dtype)
        check_features(type(self).__name__, x, self.input_size, f"x (B, {self.input_size})")
        if x.ndim > 2:
            sequences = type(self).__name__.removesuffix("Cell")
            raise ShapeError(
                f"{type(self).__name__}: x has {x.ndim} axes",
                expected="x (B, I) or (I)",
                got=f"x {x.shape}",
                help=f"a cell takes one step; {sequences} takes sequences",
            )
        batch = x.shape[:-1]
        before = self.initial_state(batch) if state is None else self.given_state(state, batch)
        after = self.step(x, before)
        return after[0] if len(after) == 1 else after


def _carried(part: Tensor, name: str) -> Tensor:
    """The part as the start of this sequence: a leaf is labelled, a computed value keeps its own label."""
    return label(part, "initial_state", f"{name} carried") if part.is_leaf and part.name is None else part
