"""Losses of numbers against numbers, element by element: what is to be made small.

    d = prediction − target        l1  |d|       mse  d²       smooth_l1, huber  d² near 0, |d| further out
    x the logit of a probability   binary_cross_entropy_with_logits
    x a log of a probability       kl_div

Those of classes are next door: likelihood.py.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.tensor import Operand, Tensor, label
from tinygrad_rnn.errors import ShapeError, check_flags, check_number, check_option, strict
from tinygrad_rnn.nn.module import incoming
from tinygrad_rnn.ops import abs, exp, log, log_sigmoid, where

__all__ = ["binary_cross_entropy_with_logits", "huber_loss", "kl_div", "l1_loss", "mse_loss", "smooth_l1_loss"]

Reduction: TypeAlias = Literal["mean", "sum", "none"]


@strict
def mse_loss(prediction: Operand, target: Operand, reduction: Reduction = "mean") -> Tensor:
    """L = (prediction − target)², averaged over every element.

    Args:
        reduction: "mean", "sum", or "none".
    Raises:
        ShapeError: the shapes differ; nothing is broadcast.
    """
    prediction, target = pair("mse_loss", prediction, target)
    return reduced("mse_loss", (prediction - target) ** 2, reduction)


@strict
def l1_loss(prediction: Operand, target: Operand, reduction: Reduction = "mean") -> Tensor:
    """L = |prediction − target|, averaged over every element.

    Args:
        reduction: "mean", "sum", or "none".
    Raises:
        ShapeError: the shapes differ; nothing is broadcast.

    >>> l1_loss(Tensor([1.0, 4.0]), [0.0, 0.0]).item()
    2.5
    """
    prediction, target = pair("l1_loss", prediction, target)
    return reduced("l1_loss", abs(prediction - target), reduction)


@strict
def smooth_l1_loss(prediction: Operand, target: Operand, reduction: Reduction = "mean", *, beta: float = 1.0) -> Tensor:
    """L = ½ d²/β where |d| < β, else |d| − ½ β, of d = prediction − target: the slope is never above 1.

    Args:
        reduction: "mean" over every element, "sum", or "none".
        beta: β ≥ 0; at 0 it is l1_loss.
    Raises:
        ShapeError: the shapes differ; nothing is broadcast.
    Source: Girshick 2015, arXiv:1504.08083.

    >>> smooth_l1_loss(Tensor([0.5, 3.0]), [0.0, 0.0], "none").tolist()
    [0.125, 2.5]
    """
    check_number("smooth_l1_loss", "beta", beta, least=0)
    prediction, target = pair("smooth_l1_loss", prediction, target)
    losses = abs(prediction - target) if beta == 0 else _huber(prediction - target, beta) / beta
    return reduced("smooth_l1_loss", losses, reduction)


@strict
def huber_loss(prediction: Operand, target: Operand, reduction: Reduction = "mean", *, delta: float = 1.0) -> Tensor:
    """L = ½ d² where |d| < δ, else δ (|d| − ½ δ), of d = prediction − target: the slope is never above δ.

    Args:
        reduction: "mean" over every element, "sum", or "none".
        delta: δ > 0.
    Raises:
        ShapeError: the shapes differ; nothing is broadcast.
    Source: Huber 1964.

    >>> huber_loss(Tensor([0.5, 3.0]), [0.0, 0.0], "none", delta=2.0).tolist()
    [0.125, 4.0]
    """
    check_number("huber_loss", "delta", delta, above=0)
    prediction, target = pair("huber_loss", prediction, target)
    return reduced("huber_loss", _huber(prediction - target, delta), reduction)


def _huber(d: Tensor, delta: float) -> Tensor:
    size = abs(d)
    losses: Tensor = where(size < delta, 0.5 * d * d, delta * (size - 0.5 * delta))
    return losses


@strict
def kl_div(
    log_p: Operand,
    target: Operand,
    reduction: Literal["mean", "sum", "none", "batchmean"] = "mean",
    *,
    log_target: bool = False,
) -> Tensor:
    """L = q (log q − log p), of each element: their sum over a distribution is KL(q ‖ p), in nats.

    Args:
        log_p: logs of probabilities, as log_softmax gives them.
        target: q of the same shape, 0 log 0 being 0; or log q with `log_target`.
        reduction: "mean" over every element, as in torch, which is not the mean of the divergences; "batchmean", the
            sum over the first axis's length, which is; "sum", or "none".
        log_target: whether the target is log q.
    Raises:
        ShapeError: the shapes differ; nothing is broadcast.
    Source: Kullback & Leibler 1951.

    >>> import numpy as np
    >>> round(kl_div(Tensor(np.log([[0.5, 0.5]])), [[1.0, 0.0]], "batchmean").item(), 4)  # log 2
    0.6931
    """
    check_option("kl_div", "reduction", reduction, ("mean", "sum", "none", "batchmean"))
    check_flags("kl_div", log_target=log_target)
    log_p, target = pair("kl_div", log_p, target)
    if log_target:
        losses = exp(target) * (target - log_p)
    else:
        there = target > 0
        losses = where(there, target * (log(where(there, target, 1)) - log_p), 0)
    if reduction == "batchmean":
        if not losses.ndim or not len(losses):
            raise ShapeError("kl_div: there are no rows to average over", got=f"log_p {losses.shape}")
        return label(losses.sum() / len(losses), "loss", "L")
    return reduced("kl_div", losses, reduction)


@strict
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
    logits, target = pair("binary_cross_entropy_with_logits", logits, target, "logits")
    positive = target * log_sigmoid(logits)
    positive = positive if pos_weight is None else incoming(pos_weight, logits.dtype) * positive
    losses = -(positive + (1 - target) * log_sigmoid(-logits))
    return reduced("binary_cross_entropy_with_logits", losses, reduction)


def pair(owner: str, prediction: Any, target: Any, name: str = "prediction") -> tuple[Tensor, Tensor]:
    """Both as Tensors of one shape, the target labelled as what it is."""
    prediction = incoming(prediction, None)
    target = incoming(target, prediction.dtype)
    if prediction.shape != target.shape:
        raise ShapeError(f"{owner}: the shapes differ", got=f"{name} {prediction.shape}, target {target.shape}",
                         where=str(CONTEXT.get()))  # fmt: skip
    if target.is_leaf and target.name is None:
        label(target, "target", "target")
    return prediction, target


def reduced(owner: str, losses: Tensor, reduction: str) -> Tensor:
    """The losses as they are asked for, labelled as what they are, so that a picture shows them."""
    check_option(owner, "reduction", reduction, ("mean", "sum", "none"))
    return label(losses if reduction == "none" else getattr(losses, reduction)(), "loss", "L")
