"""Losses: numbers to make small, in nats or squared units."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.tensor import Array, Operand, Tensor, label
from tinygrad_rnn.errors import ShapeError, check_option
from tinygrad_rnn.nn.ids import integers, within
from tinygrad_rnn.nn.masks import all_valid, valid_steps
from tinygrad_rnn.nn.module import incoming
from tinygrad_rnn.ops import expand_dims, log_sigmoid, log_softmax, squeeze, take_along_axis, where

__all__ = ["binary_cross_entropy_with_logits", "cross_entropy", "mse_loss", "sequence_loss"]

Reduction: TypeAlias = Literal["mean", "sum", "none"]


def cross_entropy(logits: Operand, targets: Operand, reduction: Reduction = "mean") -> Tensor:
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
    ids = integers(targets, "cross_entropy: the targets")
    if logits.shape[:-1] != ids.shape or logits.ndim == 0:
        raise ShapeError(
            "cross_entropy: logits and targets do not match",
            expected="logits (…, V) and targets (…)",
            got=f"logits {logits.shape}, targets {ids.shape}",
            where=str(CONTEXT.get()),
        )
    ids = expand_dims(within(ids, 0, logits.shape[-1], _no_class), -1)
    column = label(ids if isinstance(ids, Tensor) else Tensor(ids), "target", "target")
    picked = squeeze(take_along_axis(log_softmax(logits), column), axis=-1)
    return _reduced("cross_entropy", -picked, reduction)


def _no_class(ids: Array, least: int, below: int) -> ShapeError:
    return ShapeError(
        "cross_entropy: a target is not one of the classes",
        expected=f"{least} … {below - 1}",
        got=f"{ids.min()} … {ids.max()}",
        where=str(CONTEXT.get()),
    )


def sequence_loss(
    logits: Operand,
    targets: Operand,
    lengths: Any = None,
    reduction: Literal["token", "sequence", "sum", "none"] = "token",
) -> Tensor:
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
    logits = incoming(logits, None)
    targets = targets if isinstance(targets, Tensor) else np.asarray(as_array(targets))
    if logits.ndim != 3:
        raise ShapeError("sequence_loss: the logits are not a batch of sequences", expected="logits (T, B, V)",
                         got=f"logits {logits.shape}", where=str(CONTEXT.get()))  # fmt: skip
    T, B, _ = logits.shape
    own = valid_steps(np.full(B, T) if lengths is None else lengths, T, (B,), "sequence_loss")
    padded = not all_valid(own)
    if targets.shape == (T, B) and padded:
        logits, targets = where(own, logits, 0), where(own[..., 0], targets, 0)
    losses = cross_entropy(logits, targets, "none")
    losses = where(own[..., 0], losses, 0) if padded else losses
    if reduction in ("none", "sum"):
        return label(losses if reduction == "none" else losses.sum(), "loss", "L")
    if not padded and reduction == "token" and losses.size:
        return label(losses.mean(), "loss", "L")
    count: Any = B if reduction == "sequence" else own.sum()
    if not isinstance(own, Tensor) and count == 0:
        raise ShapeError("sequence_loss: there is no step to average over", got=f"T = {T}, B = {B}")
    return label(losses.sum() / (count.astype(losses.dtype) if isinstance(count, Tensor) else int(count)), "loss", "L")


def binary_cross_entropy_with_logits(
    logits: Operand, target: Operand, reduction: Reduction = "mean", *, pos_weight: Operand | None = None
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


def mse_loss(prediction: Operand, target: Operand, reduction: Reduction = "mean") -> Tensor:
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


def _reduced(owner: str, losses: Tensor, reduction: Reduction) -> Tensor:
    """The losses as they are asked for, labelled as what they are, so that a picture shows them."""
    check_option(owner, "reduction", reduction, ("mean", "sum", "none"))
    return label(losses if reduction == "none" else getattr(losses, reduction)(), "loss", "L")
