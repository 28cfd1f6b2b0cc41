"""Fit: the training loop over a stream, one chunk a step, that can stop anywhere and go on exactly there.

for each epoch: for each chunk:  loss → training_step;  state detached and carried
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tinygrad_rnn.compiler.compiled import compile_
from tinygrad_rnn.data.stream import check_ids, chunks, detach_state, stream_batches
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.errors import check_number, check_type
from tinygrad_rnn.nn.module import evaluating
from tinygrad_rnn.optim import Optimizer
from tinygrad_rnn.optim.schedules import Schedule
from tinygrad_rnn.train.charmodel import CharModel
from tinygrad_rnn.train.parallel import DataParallel
from tinygrad_rnn.train.step import training_step

__all__ = ["Progress", "chunk_loss", "evaluate", "fit"]


@dataclass
class Progress:
    """Where a training run stands: all that is needed, beside the parameters, to go on from there.

    Attributes:
        epoch, chunk: epochs finished, and chunks finished in the present one.
        state: the recurrent state carried into the next chunk, None at the start of an epoch.
        total, characters, seconds: summed loss in nats, characters read and time taken, in the present epoch.
        history: a row per finished epoch: epoch, train and valid loss in nats per character, chars_per_second, lr.
    """

    epoch: int = 0
    chunk: int = 0
    state: Any = field(default=None, repr=False)
    total: float = 0.0
    characters: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("epoch", "chunk", "characters"):
            check_number("Progress", name, getattr(self, name), whole=True, least=0)
        for name in ("total", "seconds"):
            check_number("Progress", name, getattr(self, name))
        check_type("Progress", "history", self.history, list, "a list of rows")
        for row in self.history:
            check_type("Progress", "a row of its history", row, dict, "numbers by name")
            for name, value in row.items():
                check_type("Progress", f"{name} in its history", value, int | float, "a number")

    @property
    def train_loss(self) -> float:
        """The mean loss of the present epoch so far, in nats per character; NaN before its first chunk."""
        return self.total / self.characters if self.characters else float("nan")


ChunkLoss = Callable[[Array, Array, Any], tuple[Tensor, Any]]


def chunk_loss(model: CharModel, *, eager: bool = False) -> Any:
    """(ids, targets, state) → (loss, the state after, detached): compiled, or with `eager` as the model says it."""

    def loss(ids: Array, targets: Array, state: Any) -> tuple[Tensor, Any]:
        value, state = model.loss(ids, targets, state)
        return value, detach_state(state)

    return loss if eager else compile_(loss, fallback="eager")


def evaluate(model: CharModel, ids: Array, batch: int = 1, bptt: int = 200, *, loss: ChunkLoss | None = None) -> float:
    """Mean loss in nats per character over `ids`, dropout off, the state carried from 0 at the first to the last.

    Args:
        batch: rows to read side by side, which is faster and another figure: each row then starts from 0, and up to
            batch − 1 characters at the end, which do not fill a whole column, are left out.
        bptt: steps read at once; the figure is the same.
        loss: of a chunk; that of the model itself when None.
    """
    check_type("evaluate", "model", model, CharModel, "a CharModel")
    check_number("evaluate", "batch", batch, whole=True, least=1)
    check_ids("evaluate", ids)
    total, count, state = 0.0, 0, None
    of_chunk = chunk_loss(model, eager=True) if loss is None else loss
    with no_grad(), evaluating(model):
        for x, y in stream_batches(ids, min(batch, max(1, len(ids) // 2)), bptt):
            value, state = of_chunk(x, y, state)
            total, count = total + value.item() * x.size, count + x.size
    return total / count


def train_chunks(
    model: CharModel,
    ids: Array,
    optimizer: Optimizer,
    schedule: Schedule | None,
    progress: Progress,
    *,
    batch: int,
    bptt: int,
    clip: float | None,
    loss: ChunkLoss | None = None,
    parallel: DataParallel | None = None,
) -> Iterator[float]:
    """Train through the rest of the present epoch; yields each chunk's loss, with `progress` brought up to date.

    Raises:
        GradientError: the loss or its gradient is not finite; the parameters are still those of the step before.
    """
    per_epoch, of_chunk = chunks(ids, batch, bptt), chunk_loss(model) if loss is None else loss
    norm: float | None = None
    own = slice(None) if parallel is None else parallel.rows(batch)
    for k, (x, y) in enumerate(stream_batches(ids, batch, bptt)):
        if k < progress.chunk:
            continue
        began = time.perf_counter()
        mine = x[:, own]
        value, state = of_chunk(mine, y[:, own], progress.state)
        if schedule is not None:
            optimizer.lr = schedule(progress.epoch * per_epoch + k)
        place = f"epoch {progress.epoch + 1}, chunk {k + 1}"
        share = mine.shape[1] / x.shape[1]
        nats, norm = training_step(
            value, optimizer, max_norm=clip, place=place, before=norm, parallel=parallel, share=share
        )
        progress.state, progress.chunk = state, k + 1
        progress.total += nats * x.size
        progress.characters += x.size
        progress.seconds += time.perf_counter() - began
        yield nats


def fit(
    model: CharModel,
    train: Array,
    valid: Array,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch: int = 50,
    bptt: int = 50,
    clip: float | None = 5.0,
    schedule: Schedule | None = None,
    progress: Progress | None = None,
    on_chunk: Callable[[Progress, float], None] | None = None,
    on_epoch: Callable[[Progress], None] | None = None,
    loss: ChunkLoss | None = None,
    parallel: DataParallel | None = None,
) -> Progress:
    """Train until `epochs` epochs are done, from wherever `progress` stands.

    Args:
        train, valid: ids; the validation loss of an epoch is that of the whole of `valid`.
        clip: the largest joint norm of the gradients, None for no clipping.
        schedule: the learning rate by step, any function of it; when None it is the optimiser's own, which `on_epoch`
            may change: `on_epoch=lambda progress: plateau.step(progress.history[-1]["valid"])`.
        on_chunk, on_epoch: called after each chunk with its loss, and after each epoch.
        loss: (ids, targets, state) → (loss, state) of a chunk; `chunk_loss(model)`, which is compiled, when None.
        parallel: the ranks that share the rows of each batch; each has the state of its own rows.
    Returns:
        The progress, its history with a row per epoch. An interruption (KeyboardInterrupt) passes through, and the
        `progress` that was handed in stands at the last finished chunk.
    Raises:
        GradientError: the loss or its gradient is not finite. OptionError: an option out of range.
    """
    check_number("fit", "epochs", epochs, whole=True, least=0)
    check_type("fit", "model", model, CharModel, "a CharModel")
    check_type("fit", "optimizer", optimizer, Optimizer, "an optimiser")
    check_ids("fit", valid)
    progress = progress or Progress()
    check_type("fit", "progress", progress, Progress, "a Progress")
    check_type("fit", "schedule", schedule, Callable | None, "a function of the step, or None")
    loss = chunk_loss(model) if loss is None else loss
    model.train()
    while progress.epoch < epochs:
        steps = train_chunks(model, train, optimizer, schedule, progress, batch=batch, bptt=bptt, clip=clip,
                             loss=loss, parallel=parallel)  # fmt: skip
        for nats in steps:
            if on_chunk is not None:
                on_chunk(progress, nats)
        finish_epoch(progress, evaluate(model, valid, loss=loss), optimizer.lr)
        if on_epoch is not None:
            on_epoch(progress)
    return progress


def finish_epoch(progress: Progress, valid_loss: float, lr: float) -> None:
    """Write the epoch's row and stand at the start of the next."""
    progress.history.append(
        {
            "epoch": progress.epoch + 1,
            "train": progress.train_loss,
            "valid": valid_loss,
            "chars_per_second": progress.characters / progress.seconds if progress.seconds else 0.0,
            "lr": lr,
        }
    )
    progress.epoch += 1
    progress.chunk, progress.state = 0, None
    progress.total, progress.characters, progress.seconds = 0.0, 0, 0.0
