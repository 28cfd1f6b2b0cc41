"""Cell: one step of a recurrence, with the one set of weights that every step shares."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, ClassVar, Self, TypedDict

import numpy as np

from tinygrad_rnn.engine.context import CONTEXT, step
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array, label
from tinygrad_rnn.errors import OptionError, ShapeError, check_flags, check_option, check_sizes
from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.layernorm import normalised
from tinygrad_rnn.nn.module import Module, Parameter, check_features, incoming
from tinygrad_rnn.nn.options import WholeSignature, float_dtype, generator
from tinygrad_rnn.nn.passages import next_step
from tinygrad_rnn.ops import broadcast_to, inner

__all__ = ["Cell"]

State = tuple[Tensor, ...]


class CellOptions(TypedDict, total=False):
    """What every cell takes by name; see Cell."""

    recurrent_init: str
    layer_norm: bool
    learn_initial: bool
    dtype: Any
    rng: init.Rng


class Cell(Module):
    """new_state = f_W(x, old_state). A cell of your own defines `step`, and `gates` and `states` where they differ:

        class Leaky(nn.Cell):                               class LeakyNet(nn.Recurrent):
            def step(self, x, state):                           cell_type = Leaky
                (h,) = state
                return (0.9 * h + 0.1 * tanh(self.project_input(x) + self.project_state(h)),)

    and has with that what RNN, LSTM and GRU have: layers, two directions, lengths, streaming, dropout, and the options.
    Those that concern W_ih x and W_hh h, layer_norm and recurrent_dropout, are in `project_input` and `project_state`.
    With lengths, `step` runs on the pads too, where x is 0: its values there are thrown away, but have to be finite.

    Args:
        input_size, hidden_size: I and H.
        bias: False leaves both biases out.
        recurrent_init: how each gate's block of W_hh begins: "uniform" U(±1/√H), "orthogonal" or "identity".
        layer_norm: normalise both products before the bias is added: γ ⊙ LN(W_ih x) + b_ih, likewise of h. The gains γ
            are `gain_ih` and `gain_hh`; all gates of a product are normalised together. Source: Ba et al. 2016,
            arXiv:1607.06450.
        learn_initial: the state before the first step is a parameter, `h_0` (and `c_0`), 0 at first.
    Attributes:
        gates: G, how many blocks of H rows W_ih (G·H, I) and W_hh (G·H, H) have.
        states: the names of the state's parts: ("h",) or ("h", "c"); the first is the output. `step` takes and returns
            a tuple of them; where their sizes are not H, a cell has `state_sizes` of its own.
        weight_ih, weight_hh, bias_ih, bias_hh: as in torch.nn, U(±1/√H) at first.

    What the rest of the library knows of a cell stands in its class as well; a cell of your own may leave it out:

        command         what the command line calls a layer of it: "lstm"
        gate_order      how the rows of the gates are stacked, here and in other libraries: {"here": "ifgo", …}
        operator        the operator of ONNX that computes this `step`; not inherited, as another step is another cell
        variants        by option: its plain value, and the class whose `step` knows every other value
    """

    gates: ClassVar[int] = 1
    states: ClassVar[tuple[str, ...]] = ("h",)
    command: ClassVar[str] = ""
    gate_order: ClassVar[Mapping[str, str]] = {}
    operator: ClassVar[str] = ""
    variants: ClassVar[Mapping[str, tuple[Any, type[Cell]]]] = {}
    _h_mask: Array | None = None
    __signature__ = WholeSignature()

    def __new__(cls, *_: Any, **options: Any) -> Self:
        """A cell of this class, or of the variant of it that the options ask for."""
        kind = cls.variant_for(options)
        return super().__new__(kind if issubclass(kind, cls) else cls)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        recurrent_init: str = "uniform",
        layer_norm: bool = False,
        learn_initial: bool = False,
        dtype: Any = np.float32,
        rng: init.Rng = None,
    ) -> None:
        name = type(self).__name__
        check_sizes(name, input_size=input_size, hidden_size=hidden_size)
        check_option(name, "recurrent_init", recurrent_init, ("uniform", "orthogonal", "identity"))
        check_flags(name, bias=bias, layer_norm=layer_norm, learn_initial=learn_initial)
        dtype, rng = float_dtype(name, dtype), generator(name, rng)
        self.input_size, self.hidden_size, self.learn_initial = input_size, hidden_size, learn_initial
        rows = self.gates * hidden_size
        self.weight_ih = self._uniform((rows, input_size), rng, dtype)
        self.weight_hh = Parameter(self._recurrent(recurrent_init, rng, dtype))
        self.bias_ih = self._uniform((rows,), rng, dtype) if bias else None
        self.bias_hh = self._uniform((rows,), rng, dtype) if bias else None
        self.gain_ih = Parameter(np.ones(rows, dtype)) if layer_norm else None
        self.gain_hh = Parameter(np.ones(rows, dtype)) if layer_norm else None
        if learn_initial:
            for name, size in zip(self.states, self.state_sizes, strict=True):
                setattr(self, f"{name}_0", Parameter(np.zeros(size, dtype)))

    @classmethod
    def variant_for(cls, options: Mapping[str, Any]) -> type[Cell]:
        """The class whose `step` knows these options: this one, if none differs from its plain value."""
        asked = (kind for option, (plain, kind) in cls.variants.items() if differs(options.get(option, plain), plain))
        return next(asked, cls)

    def check_variant(self, **options: Any) -> None:
        """Raise OptionError unless this class's `step` knows the options: a subclass's may not."""
        for option, (plain, kind) in self.variants.items():
            if differs(options[option], plain) and not isinstance(self, kind):
                raise OptionError(
                    f"{type(self).__name__}: its step does not know {option}={options[option]!r:.60}",
                    help=f"derive it from tinygrad_rnn.nn.variants.{kind.__name__}",
                )

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """How many features each part of the state has; the first is the output's."""
        return (self.hidden_size,) * len(self.states)

    def _uniform(self, shape: tuple[int, ...], rng: np.random.Generator, dtype: Any) -> Parameter:
        return Parameter(init.uniform(shape, 1 / np.sqrt(self.hidden_size), rng=rng, dtype=dtype))

    def _recurrent(self, kind: str, rng: np.random.Generator, dtype: Any) -> Array:
        block = (self.hidden_size, self.state_sizes[0])
        makers = {
            "uniform": lambda: init.uniform(block, 1 / np.sqrt(self.hidden_size), rng=rng, dtype=dtype),
            "orthogonal": lambda: init.orthogonal(block, rng=rng, dtype=dtype),
            "identity": lambda: init.identity(block, dtype=dtype),
        }
        return np.concatenate([makers[kind]() for _ in range(self.gates)])

    def step(self, x: Tensor, state: State) -> State:
        """One step of the recurrence. Every cell defines its own."""
        raise TypeError(f"{type(self).__name__} defines no step()")

    def advanced(self, x: Tensor, state: State) -> State:
        """What `step` gives, once it is seen to be all parts of the state, each labelled as what it is."""
        after = self.step(x, state)
        if not isinstance(after, tuple) or len(after) != len(self.states):
            got = f"{len(after)} parts" if isinstance(after, tuple) else type(after).__name__
            raise ShapeError(
                f"{type(self).__name__}.step: it has to return the parts of its new state",
                expected=f"a tuple ({', '.join(self.states)},)",
                got=got,
                where=str(CONTEXT.get()),
            )
        role = "hidden_state"
        for part, name in zip(after, self.states, strict=True):
            if isinstance(part, Tensor) and part.role is None:
                label(part, role, part.name or name)
            role = "cell_state"
        return after

    def project_input(self, x: Tensor) -> Tensor:
        """W_ih x + b_ih."""
        return _affine(x, self.weight_ih, self.gain_ih, self.bias_ih)

    def project_state(self, h: Tensor, rows: slice | None = None) -> Tensor:
        """W_hh h + b_hh, or some rows of it."""
        h = h if self._h_mask is None else h * self._h_mask
        of = (self.weight_hh, self.gain_hh, self.bias_hh)
        return _affine(h, *(of if rows is None else (None if p is None else p[rows] for p in of)))

    def dropping(self, mask: Array) -> Self:
        """This cell, the same parameters, with h multiplied by the mask on its way into W_hh."""
        cell = copy(self)
        cell._h_mask = mask
        return cell

    def initial_state(self, batch: tuple[int, ...] = ()) -> State:
        """h_0 = 0 (and c_0 = 0), or what was learnt: a node of the graph, labelled as such, at step 0."""
        with step(0):
            shapes = ((*batch, size) for size in self.state_sizes)
            parts = zip(self.states, shapes, strict=True)
            return tuple(label(self._first(name, shape), "initial_state", name) for name, shape in parts)

    def _first(self, name: str, shape: tuple[int, ...]) -> Tensor:
        if self.learn_initial:
            return broadcast_to(getattr(self, f"{name}_0"), shape)
        return from_array(np.zeros(shape, self.weight_hh.dtype), None)

    def given_state(self, state: Any, batch: tuple[int, ...] = ()) -> State:
        """A state that was handed in, as a tuple of Tensors of the right shape."""
        return self.carried(checked_state(state, [(*batch, size) for size in self.state_sizes], self))

    def carried(self, parts: Any) -> State:
        """The parts as the start of this sequence: a leaf is labelled, a computed value keeps its own label."""
        return tuple(_carried(part, name) for part, name in zip(parts, self.states, strict=True))

    def forward(self, x: Any, hx: Any = None) -> Any:
        """One step: x (B, I) or (I) with the state hx, the first one when None, to the next state: h, or (h, c)."""
        x = incoming(x, self.weight_ih.dtype)
        check_features(type(self).__name__, x, self.input_size, f"x (B, {self.input_size})")
        if x.ndim > 2:
            name = type(self).__name__
            sequences = name.removesuffix("Cell") if name.endswith("Cell") else "a Recurrent of it"
            raise ShapeError(
                f"{type(self).__name__}: x has {x.ndim} axes",
                expected="x (B, I) or (I)",
                got=f"x {x.shape}",
                help=f"a cell takes one step; {sequences} takes sequences",
            )
        batch = x.shape[:-1]
        with next_step(self, hx):
            before = self.initial_state(batch) if hx is None else self.given_state(hx, batch)
            after = self.advanced(label_input(x), before)
        return after[0] if len(after) == 1 else after


def differs(value: Any, plain: Any) -> bool:
    """Whether an option is not its plain value; nothing of another kind is, and that is refused where it is used."""
    return not isinstance(value, int | str | np.bool_ | np.integer) or bool(value != plain)


def _carried(part: Tensor, name: str) -> Tensor:
    if not part.is_leaf or part.name is not None or part.role is not None or not CONTEXT.get().recording:
        return part
    with step(0):
        return label(part, "initial_state", f"{name} carried")


def label_input(x: Tensor) -> Tensor:
    """x as what a step reads; a value that has a name or a role keeps it."""
    return label(x, "input", "x") if x.name is None and x.role is None else x


def checked_state(state: Any, expected: list[tuple[int, ...]], cell: Cell, owner: str = "") -> list[Tensor]:
    """The parts of a state that was handed in, as Tensors of these shapes, or a ShapeError in the owner's name."""
    given = state if isinstance(state, tuple | list) else (state,)
    parts = [incoming(part, cell.weight_hh.dtype) for part in given]
    if [part.shape for part in parts] != expected:
        raise ShapeError(
            f"{owner or type(cell).__name__}: the initial state does not fit",
            expected=", ".join(f"{name} {shape}" for name, shape in zip(cell.states, expected, strict=True)),
            got=", ".join(str(part.shape) for part in parts),
            where=str(CONTEXT.get()),
            help="pass None to start from zeros, or the state that the last call returned",
        )
    return parts


def _affine(x: Tensor, weight: Tensor, gain: Tensor | None, bias: Tensor | None) -> Tensor:
    """W x + b, with layer normalisation between where there is a gain."""
    y: Tensor = inner(x, weight)
    y = y if gain is None else normalised(y) * gain
    return y if bias is None else y + bias
