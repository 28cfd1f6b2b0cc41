"""The training step, one for every loop here: a character model, a translator and the classics learn by it.

zero_grad → loss.backward → clip → finite? → optimizer.step
"""

from __future__ import annotations

import math

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.optim import Optimizer
from tinygrad_rnn.train.clip import clip_grad_norm_, clip_grad_value_

__all__ = ["training_step"]


def training_step(
    loss: Tensor,
    optimizer: Optimizer,
    *,
    max_norm: float | None = None,
    max_value: float | None = None,
    place: str = "",
) -> tuple[float, float]:
    """Change the optimiser's parameters by the gradient of one loss.

    Args:
        loss: a single number.
        max_norm: the largest joint norm of the gradients, None for no such bound.
        max_value: the largest single number in them, cut off before the norm is taken; None for no such bound.
        place: where in the training this is, for the error: "epoch 1, chunk 3".
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
    _finite("loss", value, place)
    optimizer.zero_grad()
    loss.backward()
    if max_value is not None:
        clip_grad_value_(optimizer.params, max_value)
    norm = clip_grad_norm_(optimizer.params, math.inf if max_norm is None else max_norm)
    _finite("gradient's norm", norm, place)
    optimizer.step()
    return value, norm


def _finite(what: str, value: float, place: str) -> None:
    if not math.isfinite(value):
        raise GradientError(
            f"the {what} is {value}{place and f' at {place}'}",
            help="a smaller learning rate, or clipping at a smaller norm",
        )
