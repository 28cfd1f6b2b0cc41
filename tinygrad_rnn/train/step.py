"""The training step, one for every loop here: a character model, a translator and the classics learn by it.

zero_grad → loss.backward → clip → finite? → optimizer.step
"""

from __future__ import annotations

import math

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.optim import Optimizer
from tinygrad_rnn.train.clip import clip_grad_norm_, clip_grad_value_
from tinygrad_rnn.train.parallel import DataParallel

__all__ = ["rising", "training_step"]


def training_step(
    loss: Tensor,
    optimizer: Optimizer,
    *,
    max_norm: float | None = None,
    max_value: float | None = None,
    place: str = "",
    before: float | None = None,
    parallel: DataParallel | None = None,
    share: float = 1.0,
) -> tuple[float, float]:
    """Change the optimiser's parameters by the gradient of one loss.

    Args:
        loss: a single number.
        max_norm: the largest joint norm of the gradients, None for no such bound.
        max_value: the largest single number in them, cut off before the norm is taken; None for no such bound.
        place: where in the training this is, for the error: "epoch 1, chunk 3".
        before: the norm in the step before, for the error.
        parallel, share: where each rank has some of the rows, the ranks, and this one's part of the rows.
    Returns:
        (the loss, the norm of the gradients before they were scaled down).
    Raises:
        GradientError: the loss or the norm is not finite; the parameters are then those of the step before.

    >>> from tinygrad_rnn.optim import SGD
    >>> p = Tensor([3.0, 4.0], requires_grad=True)
    >>> training_step((p * p).sum() / 2, SGD([p], lr=0.5))
    (12.5, 5.0)
    >>> p
    tensor([1.5, 2. ], requires_grad=True)
    """
    value = float(loss.item())
    if parallel is not None:
        value = parallel.sum(share * value)
    _finite("loss", value, place, optimizer.lr, before)
    optimizer.zero_grad()
    loss.backward()
    if parallel is not None:
        parallel.add_gradients(optimizer.params, share)
    if max_value is not None:
        clip_grad_value_(optimizer.params, max_value)
    norm = clip_grad_norm_(optimizer.params, math.inf if max_norm is None else max_norm)
    _finite("gradient's norm", norm, place, optimizer.lr, before)
    optimizer.step()
    return value, norm


def rising(warmup: int, steps: int) -> int:
    """The steps of a warmup: at most a fifth of all, so that the highest rate is reached, and kept for a while."""
    return min(warmup, steps // 5)


def _finite(what: str, value: float, place: str, lr: float, before: float | None) -> None:
    if not math.isfinite(value):
        last = "" if before is None else f"; the gradient's norm was {before:.3g} in the step before"
        raise GradientError(
            f"the {what} is {value}{place and f' at {place}'}",
            got=f"learning rate {lr:.3g}{last}",
            help="a smaller learning rate, a longer warmup, or clipping at a smaller norm",
        )
