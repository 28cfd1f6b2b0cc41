"""Losses: numbers to make small, in nats or squared units."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.tensor import Tensor, label
from tinygrad_rnn.errors import DTypeError, ShapeError, check_option
from tinygrad_rnn.nn.masks import valid_steps
from tinygrad_rnn.nn.module import incoming
from tinygrad_rnn.ops import log_sigmoid, log_softmax, squeeze, take_along_axis, where

__all__ = ["binary_cross_entropy_with_logits", "cross_entropy", "mse_loss", "sequence_loss"]


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
    ids = np.asarray(as_array(targets))
    if ids.dtype.kind not in "iu":
        raise DTypeError(
            f"cross_entropy: the targets are {ids.dtype}", expected="integer classes", where=str(CONTEXT.get())
        )
    if logits.shape[:-1] != ids.shape or logits.ndim == 0:
        raise ShapeError(
            "cross_entropy: logits and targets do not match",
            expected="logits (…, V) and targets (…)",
            got=f"logits {logits.shape}, targets {ids.shape}",
            where=str(CONTEXT.get()),
        )
    if ids.size and not 0 <= ids.min() <= ids.max() < logits.shape[-1]:
        raise ShapeError(
            "cross_entropy: a target is not one of the classes",
            expected=f"0 … {logits.shape[-1] - 1}",
            got=f"{ids.min()} … {ids.max()}",
            where=str(CONTEXT.get()),
        )
    column = label(Tensor(ids[..., None]), "target", "target")
    picked = squeeze(take_along_axis(log_softmax(logits), column), axis=-1)
    return _reduced("cross_entropy", -picked, reduction)


def sequence_loss(logits: Any, targets: Any, lengths: Any = None, reduction: str = "token") -> Tensor:
    """L_t = −log softmax(logits_t)[target_t] of each row's own steps, in nats.

    Args:
        logits: (T, B, V).
        targets: (T, B) integer classes; what stands after a row's own steps may be any integer.
        lengths: (B,), how many of the T steps are a row's own; all when None. Logits and targets after them, NaN too,
            reach nothing.
        reduction: "token", the mean over all the steps that count, Σ L / Σ lengths: long rows weigh more; "sequence",
            each row's sum, averaged over the B rows: −log p of a whole sequence; "sum"; or "none", (T, B) with 0 after
            a row's own steps.
    Raises:
        ShapeError, DTypeError: as cross_entropy; lengths that do not fit, or no steps at all to average.

    >>> logits = Tensor(np.zeros((3, 2, 4)))
    >>> sequence_loss(logits, np.zeros((3, 2), int), lengths=[3, 1], reduction="sum").item() == float(4 * np.log(4))
    True
    """
    check_option("sequence_loss", "reduction", reduction, ("token", "sequence", "sum", "none"))
    logits, targets = incoming(logits, None), np.asarray(as_array(targets))
    if logits.ndim != 3:
        raise ShapeError("sequence_loss: the logits are not a batch of sequences", expected="logits (T, B, V)",
                         got=f"logits {logits.shape}", where=str(CONTEXT.get()))  # fmt: skip
    T, B, _ = logits.shape
    own = valid_steps(np.full(B, T) if lengths is None else lengths, T, (B,), "sequence_loss")
    if targets.shape == (T, B) and not own.all():
        logits, targets = where(own, logits, 0), np.where(own[..., 0], targets, 0)
    losses = cross_entropy(logits, targets, "none")
    count = {"token": int(own.sum()), "sequence": B}.get(reduction, 1)
    if count == 0:
        raise ShapeError("sequence_loss: there is no step to average over", got=f"T = {T}, B = {B}")
    losses = losses if own.all() else where(own[..., 0], losses, 0)
    return label(losses if reduction == "none" else losses.sum() / count, "loss", "L")


def binary_cross_entropy_with_logits(
    logits: Any, target: Any, reduction: str = "mean", *, pos_weight: Any = None
) -> Tensor:
    """L = −[w·y·log σ(x) + (1 − y)·log(1 − σ(x))], from the logits x, so that no σ(x) rounds to 0 or 1.

    Args:
        logits: x, of any shape.
        target: y of the same shape, each in 0 … 1.
        reduction: "mean" over every element, "sum", or "none".
        pos_weight: w, broadcast against x: above 1 a missed positive costs more; 1 when None.
    Raises:
        ShapeError: the shapes differ; nothing but w is broadcast.

    >>> binary_cross_entropy_with_logits(Tensor([1000.0, -1000.0]), [1, 0]).item()
    0.0
    """
    logits = incoming(logits, None)
    target = incoming(target, logits.dtype)
    if logits.shape != target.shape:
        raise ShapeError("binary_cross_entropy_with_logits: the shapes differ",
                         got=f"logits {logits.shape}, target {target.shape}", where=str(CONTEXT.get()))  # fmt: skip
    if target.is_leaf and target.name is None:
        label(target, "target", "target")
    positive = target * log_sigmoid(logits)
    positive = positive if pos_weight is None else incoming(pos_weight, logits.dtype) * positive
    losses = -(positive + (1 - target) * log_sigmoid(-logits))
    return _reduced("binary_cross_entropy_with_logits", losses, reduction)


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
                         where=str(CONTEXT.get()))  # fmt: skip
    if target.is_leaf and target.name is None:
        label(target, "target", "target")
    return _reduced("mse_loss", (prediction - target) ** 2, reduction)


def _reduced(owner: str, losses: Tensor, reduction: str) -> Tensor:
    """The losses as they are asked for, labelled as what they are, so that a picture shows them."""
    check_option(owner, "reduction", reduction, ("mean", "sum", "none"))
    return label(losses if reduction == "none" else getattr(losses, reduction)(), "loss", "L")
