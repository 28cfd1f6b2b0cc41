"""TrialConfig: what a task is tried with: a network, how it starts, how it learns, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor, label
from tinygrad_rnn.errors import check_number, check_option
from tinygrad_rnn.nn import GRU, LSTM, Linear, Module, init
from tinygrad_rnn.nn.options import generator
from tinygrad_rnn.nn.recurrent import Recurrent
from tinygrad_rnn.ops import reshape, take
from tinygrad_rnn.optim import OPTIMIZERS, Optimizer
from tinygrad_rnn.tasks.batch import Batch
from tinygrad_rnn.train.charmodel import KINDS
from tinygrad_rnn.train.config import Config, setting

__all__ = ["Reader", "TrialConfig", "remember"]


class Reader(Module):
    """A recurrent layer over the sequences, and a linear head read where the batch asks."""

    def __init__(self, kind: str, inputs: int, hidden: int, outputs: int, *, rng: np.random.Generator) -> None:
        check_option("Reader", "kind", kind, KINDS)
        self.rnn: Recurrent = KINDS[kind](inputs, hidden, rng=rng)
        self.head = Linear(hidden, outputs, rng=rng)

    def forward(self, batch: Batch) -> Tensor:
        """y (N, O), an answer for each (step, row) of the batch."""
        outputs, _ = self.rnn(batch.x)
        T, B, H = outputs.shape
        asked = take(reshape(outputs, (T * B, H)), batch.steps * B + batch.rows, axis=0)
        return label(self.head(asked), "output", "y")


@dataclass(frozen=True)
class TrialConfig(Config):
    """Everything that is chosen and not part of the task's definition. A value out of range is an OptionError.

    Attributes:
        options: the optimiser's other arguments, by name.
    """

    model: str = setting(help="the recurrence", kind=str, choices=KINDS)
    hidden: int = setting(help="hidden features H", kind=int, least=1)
    optimizer: str = setting("adam", "how the parameters are changed", choices=OPTIMIZERS)
    lr: float = setting(1e-2, "learning rate", least=0)
    batch: int = setting(50, "sequences in a step", least=1)
    options: dict[str, Any] = field(default_factory=dict)
    clip_norm: float | None = setting(1.0, "largest joint norm of the gradients", optional=True, above=0)
    clip_value: float | None = setting(None, "largest single number of a gradient", kind=float, optional=True, above=0)
    memory: int = setting(0, "for up to how many steps the gates remember at first; 0 leaves them", least=0)
    spread: float | None = setting(
        None, "W ~ N(0, spread²) and biases 0 at first; None for torch's", kind=float, optional=True, least=0
    )
    budget: int = setting(200_000, "how many sequences it may see", least=1)
    quick: int = setting(75_000, "how many it may see when time is short", least=1)

    def network(self, inputs: int, outputs: int, rng: np.random.Generator) -> Reader:
        """The network as it is before the first step."""
        made = Reader(self.model, inputs, self.hidden, outputs, rng=rng)
        if self.memory:
            remember(made.rnn, self.memory, rng)
        if self.spread is not None:
            scatter(made, self.spread, rng)
        return made

    def learner(self, network: Reader) -> Optimizer:
        """The optimiser of the network's parameters."""
        return OPTIMIZERS[self.optimizer](network.parameters(), lr=self.lr, **self.options)

    def __str__(self) -> str:
        """
        >>> print(TrialConfig("lstm", 32, memory=100))
        LSTM, H = 32, Adam 0.01, batch 50, ‖g‖ ≤ 1, gates for up to 100 steps
        """
        names = {"sgd": "SGD", "adam": "Adam", "rmsprop": "RMSProp"}
        said = [
            f"{self.model.upper()}, H = {self.hidden}, {names.get(self.optimizer, self.optimizer)} {self.lr:g}",
            *(f"{name} {value:g}" for name, value in self.options.items()),
            f"batch {self.batch}",
            "" if self.clip_norm is None else f"‖g‖ ≤ {self.clip_norm:g}",
            "" if self.clip_value is None else f"|gᵢ| ≤ {self.clip_value:g}",
            "not clipped" if self.clip_norm is None and self.clip_value is None else "",
            f"gates for up to {self.memory} steps" if self.memory else "",
            f"W ~ N(0, {self.spread:g}²)" if self.spread is not None else "",
        ]
        return ", ".join(part for part in said if part)


def remember(rnn: Recurrent, longest: int, rng: np.random.Generator) -> None:
    """Biases with which unit k of an LSTM or GRU holds on for about τ_k ~ U[1, longest − 1] steps at first.

        LSTM  b_f ← b_f + log τ,  b_i ← b_i − log τ        GRU  b_z ← b_z + log τ

    A gate at σ(log τ) = τ/(τ + 1) forgets 1/(τ + 1) of the state a step. An RNN has no gates and stays as it is.

    Source: Tallec & Ollivier 2018, arXiv:1804.11188 (chrono initialisation); a closed input gate at the start is
        Hochreiter & Schmidhuber's.
    """
    rng = generator("remember", rng)
    check_number("remember", "longest", longest, least=2)
    if not isinstance(rnn, LSTM | GRU):
        return
    H = rnn.hidden_size
    log_tau = np.log(rng.uniform(1, longest - 1, H))
    bias = rnn.cells["l0"].bias_ih
    assert bias is not None
    values: Array = bias.numpy()
    values[H : 2 * H] += log_tau
    if isinstance(rnn, LSTM):
        values[:H] -= log_tau
    bias.assign(values)


def scatter(network: Module, spread: float, rng: np.random.Generator) -> None:
    """W ~ N(0, spread²) for every matrix, 0 for every bias."""
    for p in network.parameters():
        p.assign(init.normal(p.shape, spread, rng=rng) if p.ndim > 1 else init.zeros(p.shape))
