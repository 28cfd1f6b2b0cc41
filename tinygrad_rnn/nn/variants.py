"""Variants of the textbook's cells, each with a step of its own; the textbook's cell makes one where an option asks it.

    LSTMCell(3, 5, peepholes=True)        →  ExtendedLSTMCell
    GRUCell(3, 5, reset_after=False)      →  ResetBeforeGRUCell

The layers know them by the same options: LSTM(3, 5, proj_size=2).
"""

from __future__ import annotations

from typing import Unpack

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor, label
from tinygrad_rnn.errors import ShapeError, check_flags, check_sizes, is_number
from tinygrad_rnn.nn.cell import CellOptions, State
from tinygrad_rnn.nn.gru import GRUCell
from tinygrad_rnn.nn.layernorm import normalised
from tinygrad_rnn.nn.lstm import LSTMCell
from tinygrad_rnn.nn.module import Parameter
from tinygrad_rnn.nn.options import generator
from tinygrad_rnn.ops import inner, sigmoid, split, tanh

__all__ = ["ExtendedLSTMCell", "ResetBeforeGRUCell"]


class ExtendedLSTMCell(LSTMCell):
    """The LSTM with peepholes, with layer normalisation, with a projection, or with several of them.

        i = σ(… + p_i ⊙ c),  f = σ(… + p_f ⊙ c),  o = σ(… + p_o ⊙ c′)       peepholes
        h′ = o ⊙ tanh(γ ⊙ LN(c′) + β)                                        layer_norm
        h′ = W_hr (o ⊙ tanh(c′))                                             proj_size

    Args:
        peepholes: the gates see the cell state too; `peephole` (3, H) has the rows i, f, o, U(±1/√H) at first.
        layer_norm: beside what it does in every cell, c′ is normalised; γ is `gain_c`, β is `bias_c`.
        proj_size: P > 0 hands on P < H features; W_hr (P, H) is `weight_hr`, and W_hh is (4H, P) then.
        options: those of LSTMCell.
    Source: peepholes are Gers & Schmidhuber 2000, layer normalisation Ba et al. 2016, arXiv:1607.06450, projections
        Sak et al. 2014, arXiv:1402.1128.

    >>> h, c = LSTMCell(3, 5, proj_size=2, peepholes=True, rng=0)(np.ones(3))
    >>> h.shape, c.shape
    ((2,), (5,))
    """

    operator = "LSTM"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        forget_bias: float = 0.0,
        proj_size: int = 0,
        peepholes: bool = False,
        **options: Unpack[CellOptions],
    ) -> None:
        name = type(self).__name__
        check_sizes(name, input_size=input_size, hidden_size=hidden_size)
        check_flags(name, peepholes=peepholes)
        if not (is_number(proj_size, whole=True) and (proj_size == 0 or 0 < proj_size < hidden_size)):
            raise ShapeError(f"{name}: proj_size={proj_size!r:.60} is out of range",
                             expected=f"0 for no projection, or 1 … {hidden_size - 1}: less than H")  # fmt: skip
        self.proj_size = proj_size
        rng = options["rng"] = generator(name, options.get("rng"))
        super().__init__(
            input_size, hidden_size, bias, forget_bias=forget_bias, proj_size=proj_size, peepholes=peepholes, **options
        )
        dtype, layer_norm = self.weight_ih.dtype, self.gain_ih is not None
        self.weight_hr = self._uniform((proj_size, hidden_size), rng, dtype) if proj_size else None
        self.peephole = self._uniform((3, hidden_size), rng, dtype) if peepholes else None
        self.gain_c = Parameter(np.ones(hidden_size, dtype)) if layer_norm else None
        self.bias_c = Parameter(np.zeros(hidden_size, dtype)) if layer_norm else None

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return self.proj_size or self.hidden_size, self.hidden_size

    def step(self, x: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = split(self.project_input(x) + self.project_state(h), 4, axis=-1)
        i = label(sigmoid(self.peep(i, 0, c)), "gate", "i")
        f = label(sigmoid(self.peep(f, 1, c)), "gate", "f")
        g = label(tanh(g), "gate", "g")
        c = f * c + i * g
        o = label(sigmoid(self.peep(o, 2, c)), "gate", "o")
        h = self.project(o * tanh(self.normalise(c)))
        return h, c

    def peep(self, gate: Tensor, row: int, c: Tensor) -> Tensor:
        """What a gate is squashed from: with peepholes, p ⊙ c is in it."""
        return gate if self.peephole is None else gate + self.peephole[row] * c

    def normalise(self, c: Tensor) -> Tensor:
        """What h′ sees of c′: with layer_norm, γ ⊙ LN(c′) + β."""
        return c if self.gain_c is None or self.bias_c is None else normalised(c) * self.gain_c + self.bias_c

    def project(self, h: Tensor) -> Tensor:
        """What is handed on as h′: with a projection, W_hr h."""
        return h if self.weight_hr is None else inner(h, self.weight_hr)


class ResetBeforeGRUCell(GRUCell):
    """h′ = (1 − z) ⊙ n + z ⊙ h, with h reset before it meets W_hn: the paper's GRU.

        n = tanh(W_in x + b_in + W_hn (r ⊙ h) + b_hn)

    W_hh is read in two parts, as the candidate's has to wait for r.

    Source: Cho et al. 2014, arXiv:1406.1078.

    >>> GRUCell(3, 5, reset_after=False, rng=0)(np.ones(3)).shape
    (5,)
    """

    operator = "GRU"

    def step(self, x: Tensor, state: State) -> State:
        (h,) = state
        H = self.hidden_size
        x_r, x_z, x_n = split(self.project_input(x), 3, axis=-1)
        h_r, h_z = split(self.project_state(h, slice(2 * H)), 2, axis=-1)
        r = label(sigmoid(x_r + h_r), "gate", "r")
        z = label(sigmoid(x_z + h_z), "gate", "z")
        n = label(tanh(x_n + self.project_state(r * h, slice(2 * H, None))), "gate", "n")
        h = (1 - z) * n + z * h
        return (h,)


LSTMCell.variants = {
    "proj_size": (0, ExtendedLSTMCell),
    "peepholes": (False, ExtendedLSTMCell),
    "layer_norm": (False, ExtendedLSTMCell),
}
GRUCell.variants = {"reset_after": (True, ResetBeforeGRUCell)}
