"""Losses: numbers to make small, in nats or squared units."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.errors import DTypeError, ShapeError
from tinygrad_rnn.graph import MODE, label
from tinygrad_rnn.nn.module import incoming
from tinygrad_rnn.ops import log_softmax, squeeze, take_along_axis
from tinygrad_rnn.primitive import raw
from tinygrad_rnn.tensor import Tensor


def cross_entropy(logits: Tensor, targets: Any, reduction: str = "mean") -> Tensor:
    """L = −log softmax(logits)[target], in nats per token.

    Args:
        logits: (…, V), unnormalised; the classes are on the last axis.
        targets: (…) integer classes in 0 … V − 1.
        reduction: "mean" over the tokens, "sum", or "none".
    Raises:
        ShapeError: shapes that do not match, or a class outside 0 … V − 1. DTypeError: targets that are not integers.

    >>> cross_entropy(Tensor(np.zeros((5, 4))), [0, 1, 2, 3, 0]).item() == float(np.log(4))
    True
    """
    logits = incoming(logits, None)
    ids = np.asarray(raw(targets))
    if ids.dtype.kind not in "iu":
        raise DTypeError(
            f"cross_entropy: the targets are {ids.dtype}", expected="integer classes", where=str(MODE.get())
        )
    if logits.shape[:-1] != ids.shape or logits.ndim == 0:
        raise ShapeError(
            "cross_entropy: logits and targets do not match",
            expected="logits (…, V) and targets (…)",
            got=f"logits {logits.shape}, targets {ids.shape}",
            where=str(MODE.get()),
        )
    if ids.size and not 0 <= ids.min() <= ids.max() < logits.shape[-1]:
        raise ShapeError(
            "cross_entropy: a target is no class",
            expected=f"0 … {logits.shape[-1] - 1}",
            got=f"{ids.min()} … {ids.max()}",
            where=str(MODE.get()),
        )
    column = label(Tensor(ids[..., None]), "target", "target")
    picked = squeeze(take_along_axis(log_softmax(logits), column), axis=-1)
    return _reduced(-picked, reduction)


def mse_loss(prediction: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """L = (prediction − target)², averaged over every element.

    Args:
        reduction: "mean", "sum", or "none".
    Raises:
        ShapeError: the shapes differ; nothing is broadcast.
    """
    prediction = incoming(prediction, None)
    target = incoming(target, prediction.dtype)
    if prediction.shape != target.shape:
        raise ShapeError("mse_loss: the shapes differ", got=f"prediction {prediction.shape}, target {target.shape}",
                         where=str(MODE.get()))  # fmt: skip
    if target.is_leaf and target.name is None:
        label(target, "target", "target")
    return _reduced((prediction - target) ** 2, reduction)


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    """The losses as they are asked for, labelled as what they are, so that a picture shows them."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction={reduction!r}: expected 'mean', 'sum' or 'none'")
    return label(losses if reduction == "none" else getattr(losses, reduction)(), "loss", "L")
