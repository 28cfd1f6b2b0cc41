"""Recurrent: cells stacked in layers and unrolled over a sequence, in one direction or in both.

layer 1   h₀ → f → h₁ → f → h₂ → …     the outputs of a layer are the inputs of the next
               ↑        ↑
layer 0   h₀ → f → h₁ → f → h₂ → …     a second direction has weights of its own and runs from the last step
               ↑        ↑              to the first; the outputs of both stand side by side
               x₁       x₂
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from tinygrad_rnn.engine.context import CONTEXT, Passage, scope, step, using
from tinygrad_rnn.engine.tensor import Array, Tensor, cut_from, label
from tinygrad_rnn.errors import (
    GraphError,
    OptionError,
    ShapeError,
    check_flags,
    check_probability,
    check_sizes,
    unknown_option,
    warn_user,
)
from tinygrad_rnn.nn.cell import Cell, CellOptions, State, checked_state, label_input
from tinygrad_rnn.nn.dropout import Dropout
from tinygrad_rnn.nn.init import Rng
from tinygrad_rnn.nn.masks import all_valid, own_steps, valid_steps
from tinygrad_rnn.nn.module import Module, Parameter, check_features, incoming
from tinygrad_rnn.nn.options import WholeSignature, generator, options_of
from tinygrad_rnn.nn.passages import begin, next_step
from tinygrad_rnn.nn.timeloop import unroll
from tinygrad_rnn.ops import concatenate, stack, swapaxes, where

__all__ = ["Recurrent"]

LAYERS: dict[str, type[Recurrent]] = {}  # by the `command` of their cells; each enters itself when it is defined


class SequenceOptions(CellOptions, total=False):
    """What every layer takes by name alone; see Recurrent."""

    variational: bool
    recurrent_dropout: float


class LayerOptions(SequenceOptions, total=False):
    """What every layer takes beside its sizes."""

    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool


class LayerParameters(Module):
    """The parameters of two layers and both directions, by the names by which type checkers are to know them.

    A deeper layer's are `layer.cells["l2"].weight_ih`.
    """

    weight_ih_l0: Parameter
    weight_hh_l0: Parameter
    bias_ih_l0: Parameter
    bias_hh_l0: Parameter
    weight_ih_l0_reverse: Parameter
    weight_hh_l0_reverse: Parameter
    bias_ih_l0_reverse: Parameter
    bias_hh_l0_reverse: Parameter
    weight_ih_l1: Parameter
    weight_hh_l1: Parameter
    bias_ih_l1: Parameter
    bias_hh_l1: Parameter
    weight_ih_l1_reverse: Parameter
    weight_hh_l1_reverse: Parameter
    bias_ih_l1_reverse: Parameter
    bias_hh_l1_reverse: Parameter


class Recurrent(LayerParameters):
    """A stack of cells over a sequence: the base of RNN, LSTM, GRU, and of networks of your own cells.

    Args:
        input_size, hidden_size: I and H.
        num_layers: L; layer k's parameters are weight_ih_l{k}, weight_hh_l{k}, bias_ih_l{k}, bias_hh_l{k}.
        bias: False leaves both biases out.
        batch_first: x and output are (B, T, …) instead of (T, B, …); states stay (L·D, B, H).
        dropout: probability of dropping an output on its way to the next layer, while training; the last has no next.
        bidirectional: D = 2 directions instead of one; the second's parameters end in _reverse.
        variational: `dropout` drops the same places at every step of a sequence instead of others at each.
        recurrent_dropout: probability of dropping a part of h on its way into W_hh, while training: the same parts at
            every step of a sequence.
        dtype: of the parameters. An array is cast to it; a Tensor of floats keeps its own, and the result promotes.
        rng: a seed or Generator, of the first values and of dropout.
        cell: options of the cell: recurrent_init, layer_norm, learn_initial, and those of its own.
    Attributes:
        output_size: features of the output, D·H, or D·P of a projection.
    Source: both kinds of dropout that last a sequence are Gal & Ghahramani 2016, arXiv:1512.05287; the second direction
        is Schuster & Paliwal 1997.
    """

    cell_type: ClassVar[type[Cell]]
    __signature__ = WholeSignature()

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        variational: bool = False,
        recurrent_dropout: float = 0.0,
        dtype: Any = np.float32,
        rng: Rng = None,
        **cell: Any,
    ) -> None:
        name = type(self).__name__
        check_sizes(name, num_layers=num_layers)
        check_flags(name, batch_first=batch_first, bidirectional=bidirectional, variational=variational)
        rng = generator(name, rng)
        self._between, self._lasting = Dropout(0, rng=rng), Dropout(0, rng=rng)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.batch_first, self.bidirectional, self.variational = batch_first, bidirectional, variational
        self.dropout, self.recurrent_dropout = dropout, recurrent_dropout
        self._cells: dict[str, Cell] = {}
        size = input_size
        for k in range(num_layers):
            for end in self._directions:
                made = self._made(size, hidden_size, bias, {**cell, "dtype": dtype, "rng": rng})
                self._cells[f"l{k}{end}"] = made
            size = made.state_sizes[0] * len(self._directions)
        self.output_size = size
        for at, layer in self._cells.items():
            for name, weight in list(layer.named_parameters()):
                label(weight, "parameter", f"{name}_{at}")
                setattr(self, f"{name}_{at}", weight)
            for name, buffer in list(layer.named_buffers()):
                self.register_buffer(f"{name}_{at}", buffer, layer._buffers.get(name, True))

    def _made(self, input_size: int, hidden_size: int, bias: bool, options: Mapping[str, Any]) -> Cell:
        """A cell. If it does not know an option, the error names the layer, which is what the caller built."""
        try:
            return self.cell_type(input_size, hidden_size, bias, **options)
        except OptionError as error:
            known = options_of(type(self))
            for option in options:
                if option not in known and repr(option) in str(error):
                    raise unknown_option(type(self).__name__, option, known) from None
            raise

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        command = vars(cls).get("cell_type", Cell).command
        known = LAYERS.get(command, cls)
        if command and (known.__module__, known.__qualname__) == (cls.__module__, cls.__qualname__):
            LAYERS[command] = cls  # a notebook may define it again; another layer of a known cell does not replace it

    @classmethod
    def constructors(cls) -> Iterable[Callable[..., None]]:
        """Each `__init__` that the options pass through: at last the cell's."""
        yield from (init for init in super().constructors() if init is not Module.__init__)
        yield from getattr(cls, "cell_type", Cell).constructors()

    @property
    def cells(self) -> dict[str, Cell]:
        """Each layer's and direction's cell, as parameters are named: {"l0": …, "l0_reverse": …, "l1": …}."""
        return dict(self._cells)

    @property
    def dtype(self) -> Any:
        """That of the parameters."""
        return self._cells["l0"].weight_ih.dtype

    @property
    def dropout(self) -> float:
        """Probability of dropping an output on its way to the next layer, while training; it may be set."""
        return self._between.p

    @dropout.setter
    def dropout(self, p: float) -> None:
        check_probability(type(self).__name__, "dropout", p, below_one=True)
        if p > 0 and self.num_layers == 1:
            warn_user(
                f"{type(self).__name__}: dropout={p} does nothing with num_layers=1: it acts between a layer and the "
                "next; recurrent_dropout, or an nn.Dropout behind the layer, is what may be meant"
            )
        self._between.p = p

    @property
    def recurrent_dropout(self) -> float:
        """Probability of dropping a part of h on its way into W_hh, while training; it may be set."""
        return self._lasting.p

    @recurrent_dropout.setter
    def recurrent_dropout(self, p: float) -> None:
        check_probability(type(self).__name__, "recurrent_dropout", p, below_one=True)
        self._lasting.p = p

    @property
    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def __setattr__(self, name: str, value: Any) -> None:
        weight, _, k = name.rpartition("_l")
        cell = vars(self).get("_cells", {}).get(f"l{k}")
        if cell is not None and weight in vars(cell):  # it computes with it: it has to know
            setattr(cell, weight, value)
        super().__setattr__(name, value)

    def _named_modules(self, prefix: str) -> Iterator[tuple[str, Module]]:
        """This module, its dropouts, and the cells with what is in them."""
        yield from super()._named_modules(prefix)
        inside = {"dropout": self._between, "recurrent_dropout": self._lasting}
        cells = {f"cells.{at}": cell for at, cell in self._cells.items()}
        for name, module in {**inside, **cells}.items():
            yield from module._named_modules(f"{prefix}.{name}" if prefix else name)

    def _argument(self, name: str) -> Any:
        """That of the layer, or of its cells."""
        return getattr(self, name, getattr(getattr(self, "_cells", {}).get("l0"), name, None))

    def forward(self, x: Any, hx: Any = None, *, lengths: Any = None, mask: Any = None) -> tuple[Tensor, Any]:
        """Run the whole sequence.

        Args:
            x: (T, B, I), (B, T, I) with batch_first, or (T, I) without a batch.
            hx: the states before the first step, each (L·D, B, H), or (L·D, H) without a batch; when None zeros, or
                what was learnt. An LSTM takes (h_0, c_0).
            lengths: (B,) integers in 0 … T, in any order, or one number without a batch: how many steps of each row are
                its own. What stands behind them, NaN too, reaches no output, state or gradient.
            mask: instead of lengths, (T, B), or (B, T) with batch_first, or (T,): True where a step is one of its row's
                own. Padding may stand anywhere, in front as Keras has it, or between; a step that is none is skipped.
        Returns:
            (output, h_n): every step's h of the last layer, (T, B, D·H), 0 in the pads; and the states after each
            row's last step, shaped like `hx`. A second direction starts at a row's last step and ends at its first. A
            row of length 0 keeps its first state.
        Raises:
            ShapeError: x, hx, lengths or the mask does not fit. DTypeError: lengths that are not integers, or a mask of
                other numbers than 0 and 1. OptionError: both lengths and a mask.
        """
        outputs, last = self.unrolled(x, hx, lengths=lengths, mask=mask)
        return stack(outputs, axis=1 if self.batch_first and outputs[0].ndim == 2 else 0), last

    def unrolled(self, x: Any, hx: Any = None, *, lengths: Any = None, mask: Any = None) -> tuple[list[Tensor], Any]:
        """The same, with the last layer's h of every step on its own: ([h_1 … h_T], h_n)."""
        x = self._time_first(x)
        batch = x.shape[1:-1]
        mask = self._own_steps(lengths, mask, len(x), batch)
        with self.opened():
            passages = {end: begin(self, hx, reverse=bool(end)) for end in self._directions}
            with using(passage=passages[""], step=0):
                states = self._states(hx, batch, passages)
                xs: Any = x if mask is None or all_valid(mask) else where(mask, x, 0)
            with using(passage=passages[""], step=None):
                with scope("l0", self._cells["l0"]):
                    xs = _each(label_input, xs)
                for k in range(self.num_layers):
                    if k > 0 and self._between.active:
                        xs = _each(self._drop(xs[0]), xs)
                    ways = [self._pass(f"l{k}{end}", xs, states, mask, passages[end]) for end in self._directions]
                    xs = ways[0] if len(ways) == 1 else _each(_side_by_side, list(zip(*ways, strict=True)))
                with step(passages[""].start + len(x)):
                    return xs, self._joined(states)

    def _own_steps(self, lengths: Any, mask: Any, T: int, batch: tuple[int, ...]) -> Any:
        name = type(self).__name__
        if lengths is not None and mask is not None:
            raise OptionError(f"{name}: lengths and a mask", expected="one of them")
        if mask is not None:
            return own_steps(mask, T, batch, self.batch_first, name)
        return None if lengths is None else valid_steps(lengths, T, batch, name)

    def step(self, x: Any, state: Any = None) -> tuple[Tensor, Any]:
        """One step of a sequence as it comes: `h_t, state = layer.step(x_t, state)`, equal to the whole.

        Args:
            x: (B, I) or (I).
            state: what the last call returned; None before the first.
        Returns:
            (h_t of the last layer, (B, H) or (B, P), and the states, shaped like `hx`).
        Raises:
            GraphError: the layer is bidirectional, or is training with a dropout that lasts a sequence: a step does not
                know the others. ShapeError: x or the state does not fit.
        """
        if self.bidirectional:
            raise GraphError(
                f"{type(self).__name__}.step: the second direction starts at the last step",
                expected="one direction",
                help="call the layer with the whole sequence",
            )
        if self._lasting.active or (self.variational and self._between.active):
            raise GraphError(
                f"{type(self).__name__}.step: its dropout drops the same all through a sequence",
                expected="the whole sequence, or no training",
                help="call the layer with the whole sequence, or eval() it",
            )
        x = self._checked(x, 1, "(B, I)", "(I)")
        with self.opened(), next_step(self, state):
            states = self._states(state, x.shape[:-1])
            for k, at in enumerate(states):
                if k > 0 and self._between.active:
                    x = self._between(x)
                with scope(at, self._cells[at]):
                    x, states[at] = self._advance(at, x.shape[:-1])(label_input(x), states[at])
            return x, self._joined(states)

    def _pass(
        self, at: str, xs: list[Tensor], states: dict[str, State], mask: Array | None, passage: Passage
    ) -> list[Tensor]:
        """One layer in one direction: its outputs, in the order of the inputs; its last state replaces its first."""
        advance = self._advance(at, xs[0].shape[:-1])
        with scope(at, self._cells[at]), using(passage=passage):
            ys, states[at] = unroll(advance, xs, states[at], reverse=passage.reverse, mask=mask)
        return ys

    def _advance(self, at: str, batch: tuple[int, ...]) -> Callable[[Tensor, State], tuple[Tensor, State]]:
        cell = self._cells[at]
        if self._lasting.active:
            cell = cell.dropping(self._lasting.mask((*batch, cell.state_sizes[0]), cell.weight_hh.dtype))

        def advance(x: Tensor, state: State) -> tuple[Tensor, State]:
            state = cell.advanced(x, state)
            return state[0], state

        return advance

    def _drop(self, like: Tensor) -> Callable[[Tensor], Tensor]:
        """The dropout between layers: a mask for each step, or one for all."""
        if not self.variational:
            return self._between
        mask = self._between.mask(like.shape, like.dtype)
        return lambda x: x * mask

    def _time_first(self, x: Any) -> Tensor:
        x = self._checked(x, 2, "(B, T, I)" if self.batch_first else "(T, B, I)", "(T, I)")
        if self.batch_first and x.ndim == 3:
            x = swapaxes(x, 0, 1)
        if len(x) == 0:
            raise ShapeError(f"{type(self).__name__}: a sequence of no steps", expected="T ≥ 1", got=f"x {x.shape}")
        return x

    def _checked(self, x: Any, axes: int, batched: str, alone: str) -> Tensor:
        """x as a Tensor of `axes` axes, or of one more for a batch, and I features."""
        name = type(self).__name__
        x = incoming(x, self.dtype)
        if x.ndim not in (axes, axes + 1):
            raise ShapeError(f"{name}: x has {x.ndim} axes", expected=f"x {batched} or {alone}", got=f"x {x.shape}")
        check_features(name, x, self.input_size, f"x {batched} with I = {self.input_size}")
        return x

    def _states(
        self, hx: Any, batch: tuple[int, ...], passages: Mapping[str, Passage] | None = None
    ) -> dict[str, State]:
        """Each layer's and direction's state before the first step; a second direction's in its own passage."""
        first = self._cells["l0"]
        parts: State = ()
        if hx is not None:
            shapes = [(len(self._cells), *batch, size) for size in first.state_sizes]
            parts = first.carried(checked_state(hx, shapes, first, type(self).__name__))
        states: dict[str, State] = {}
        for k, (at, cell) in enumerate(self._cells.items()):
            with using(passage=passages["_reverse"]) if passages and at.endswith("_reverse") else using():
                given = [_layer_of(part, k) for part in parts]
                states[at] = cell.carried(given) if given else cell.initial_state(batch)
        return states

    def _joined(self, states: dict[str, State]) -> Any:
        """The states of all layers and directions, as the caller sees them: h_n (L·D, B, H), or (h_n, c_n)."""
        parts = zip(self._cells["l0"].states, *states.values(), strict=True)
        last = tuple(label(stack(each), None, f"{name}_n") for name, *each in parts)
        return last[0] if len(last) == 1 else last


def _each(f: Callable[[Any], Tensor], xs: Any) -> list[Tensor]:
    """f of every step's x."""
    return unroll(lambda x, state: (f(x), state), xs, None)[0]


def _layer_of(part: Tensor, k: int) -> Tensor:
    """Layer k's share of a state; of one that was cut from its graph, still cut."""
    recorded = part._node is None or part.requires_grad or CONTEXT.get().tracing
    return part[k] if recorded else cut_from(part, part._array[k])


def _side_by_side(both: tuple[Tensor, Tensor]) -> Tensor:
    """Both directions' h of one step."""
    return concatenate(both, axis=-1)
