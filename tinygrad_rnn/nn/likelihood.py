"""Losses of classes: −log of the probability that a model gives to what is true, in nats.

logits ─→ log_softmax ─→ log p ─→ −log p[target]        nll_loss from log p on, cross_entropy from the logits on
                                                        sequence_loss the same, for rows of unequal lengths
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.tensor import Array, Operand, Tensor, label
from tinygrad_rnn.errors import (
    OptionError,
    ShapeError,
    check_flags,
    check_number,
    check_option,
    check_probability,
    strict,
)
from tinygrad_rnn.nn.ids import integers, within
from tinygrad_rnn.nn.losses import Reduction, reduced
from tinygrad_rnn.nn.masks import all_valid, valid_steps
from tinygrad_rnn.nn.module import incoming
from tinygrad_rnn.ops import expand_dims, log_softmax, not_equal, squeeze, sum, swapaxes, take, take_along_axis, where

__all__ = ["cross_entropy", "nll_loss", "sequence_loss"]


@strict
def nll_loss(
    log_p: Operand,
    targets: Operand,
    reduction: Reduction = "mean",
    *,
    weight: Operand | None = None,
    ignore_index: int | None = None,
) -> Tensor:
    """L = −w[y] log p[y] of the target y of each token; their mean is Σ L / Σ w[y].

    Args:
        log_p: (…, V), logs of probabilities, as log_softmax gives them; the classes are on the last axis.
        targets, reduction, weight, ignore_index: as in cross_entropy.
    Raises:
        ShapeError, DTypeError, OptionError: as cross_entropy.

    >>> round(nll_loss(Tensor(np.log([[0.5, 0.5], [0.2, 0.8]])), [0, 1], "sum").item(), 4)  # −log 0.4
    0.9163
    """
    log_p = incoming(log_p, None)
    return _of_classes("nll_loss", log_p, targets, reduction, weight, ignore_index)


@strict
def cross_entropy(
    logits: Operand,
    targets: Operand,
    reduction: Reduction = "mean",
    *,
    weight: Operand | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """L = −log softmax(logits)[target], in nats per token.

        with weight w            L = −w[y] log p[y],  mean = Σ L / Σ w[y]
        with label_smoothing ε   L = −(1 − ε) w[y] log p[y] − ε/V Σ_v w[v] log p[v],  mean as above
        of class probabilities q L = −Σ_v w[v] q′[v] log p[v] with q′ = (1 − ε) q + ε/V,  mean = Σ L / tokens

    Args:
        logits: (…, V), unnormalised; the classes are on the last axis.
        targets: (…) integer classes in 0 … V − 1; or (…, V) floats, the probabilities of the classes.
        reduction: "mean" over the tokens, "sum", or "none".
        weight: (V,), what each class counts; 1 when None.
        ignore_index: a target that does not count: its loss and gradient are 0, and the mean leaves it out. torch
            takes −100 for it unasked; here it has to be said.
        label_smoothing: ε in 0 … 1.
    Raises:
        ShapeError: shapes that do not match, a class outside 0 … V − 1, or a mean where every target is ignored, which
            is NaN in torch. DTypeError: targets of another kind. OptionError: an option out of range, or ignore_index
            with class probabilities.
    Source: label smoothing is Szegedy et al. 2016, arXiv:1512.00567.

    >>> cross_entropy(Tensor(np.zeros((5, 4))), [0, 1, 2, 3, 0]).item() == float(np.log(4))
    True
    >>> cross_entropy(Tensor(np.zeros((2, 4))), [1, -1], "none", ignore_index=-1).tolist() == [float(np.log(4)), 0.0]
    True
    """
    check_probability("cross_entropy", "label_smoothing", label_smoothing)
    logits = incoming(logits, None)
    targets = targets if isinstance(targets, Tensor) else np.asarray(as_array(targets))
    if targets.dtype.kind == "f" and targets.shape == logits.shape and logits.ndim:
        if ignore_index is not None:
            raise OptionError(
                "cross_entropy: ignore_index with class probabilities",
                expected="integer targets",
                got=f"targets {targets.shape} {targets.dtype}",
                help="give a token that is not to count probabilities that are all 0",
            )
        return _of_probabilities(logits, targets, reduction, weight, label_smoothing)
    return _of_classes("cross_entropy", logits, targets, reduction, weight, ignore_index, label_smoothing)


def _of_classes(
    owner: str,
    scores: Tensor,
    targets: Any,
    reduction: Reduction,
    weight: Operand | None,
    ignore_index: int | None,
    smoothing: float = 0.0,
) -> Tensor:
    """The loss of integer targets; of logits for cross_entropy, of log p for nll_loss."""
    check_option(owner, "reduction", reduction, ("mean", "sum", "none"))
    ids = integers(targets, f"{owner}: the targets")
    if scores.shape[:-1] != ids.shape or scores.ndim == 0:
        name = "logits" if owner == "cross_entropy" else "log_p"
        raise ShapeError(
            f"{owner}: {name} and targets do not match",
            expected=f"{name} (…, V) and targets (…)",
            got=f"{name} {scores.shape}, targets {ids.shape}",
            where=str(CONTEXT.get()),
            help=_hint(scores.shape, ids.shape),
        )
    counts = None
    if ignore_index is not None:
        check_number(owner, "ignore_index", ignore_index, whole=True)
        counts = not_equal(ids, ignore_index)
        ids = where(counts, ids, 0)
    ids = within(ids, 0, scores.shape[-1], _no_class)
    column = expand_dims(ids, -1)
    column = label(column if isinstance(column, Tensor) else Tensor(column), "target", "target")
    log_p = log_softmax(scores) if owner == "cross_entropy" else scores
    losses = -squeeze(take_along_axis(log_p, column, axis=-1), axis=-1)
    w = None if weight is None else _weight(owner, weight, scores)
    shares = None if w is None else take(w, ids, axis=0)
    losses = losses if shares is None else losses * shares
    if smoothing:
        smooth = -sum(log_p if w is None else log_p * w, axis=-1)
        losses = (1 - smoothing) * losses + (smoothing / scores.shape[-1]) * smooth
    if counts is not None:
        losses = where(counts, losses, 0)
        shares = shares if shares is None else where(counts, shares, 0)
    if reduction != "mean" or (shares is None and counts is None):
        return reduced(owner, losses, reduction)
    count = losses.size if counts is None else within(sum(counts), 1, losses.size + 1, _nothing)
    total = _divisor(count, losses) if shares is None else where(count > 0, shares.sum(), 1)
    return label(losses.sum() / total, "loss", "L")


def _divisor(count: Any, losses: Tensor) -> Any:
    """A number of steps, to divide losses by in their own dtype."""
    return count.astype(losses.dtype) if isinstance(count, Tensor) else int(count)


def _of_probabilities(
    logits: Tensor, targets: Any, reduction: Reduction, weight: Operand | None, smoothing: float
) -> Tensor:
    check_option("cross_entropy", "reduction", reduction, ("mean", "sum", "none"))
    q = label(incoming(targets, logits.dtype), "target", "target")
    q = (1 - smoothing) * q + smoothing / logits.shape[-1] if smoothing else q
    log_p = log_softmax(logits)
    log_p = log_p if weight is None else log_p * _weight("cross_entropy", weight, logits)
    return reduced("cross_entropy", -sum(q * log_p, axis=-1), reduction)


def _weight(owner: str, weight: Any, scores: Tensor) -> Tensor:
    w = incoming(weight, scores.dtype)
    if w.shape != scores.shape[-1:]:
        raise ShapeError(f"{owner}: the weight is not one number for each class", expected=f"({scores.shape[-1]},)",
                         got=f"weight {w.shape}")  # fmt: skip
    return w


def _hint(scores: tuple[int, ...], ids: tuple[int, ...]) -> str:
    if len(scores) == len(ids) + 1 and len(scores) > 2 and (scores[0], *scores[2:]) == ids:
        return "torch has the classes on axis 1; here they are last: moveaxis(logits, 1, -1)"
    return "class probabilities are floats" if scores == ids else ""


def _no_class(ids: Array, least: int, below: int) -> ShapeError:
    return ShapeError(
        "cross_entropy: a target is not one of the classes",
        expected=f"{least} … {below - 1}",
        got=f"{ids.min()} … {ids.max()}",
        where=str(CONTEXT.get()),
        help="ignore_index=-100 leaves such targets out" if ids.min() == -100 else "",
    )


def _nothing(count: Array, least: int, below: int) -> ShapeError:
    return ShapeError("cross_entropy: every target is ignored, and there is nothing to average over",
                      where=str(CONTEXT.get()), help="reduction='sum', or leave such a batch out")  # fmt: skip


@strict
def sequence_loss(
    logits: Operand,
    targets: Operand,
    lengths: Any = None,
    reduction: Literal["token", "sequence", "sum", "none"] = "token",
    *,
    batch_first: bool = False,
) -> Tensor:
    """L_t = −log softmax(logits_t)[target_t] of each row's own steps, in nats.

    Args:
        logits: (T, B, V), or (B, T, V) with batch_first.
        targets: (T, B) integer classes; what stands after a row's own steps may be any integer.
        lengths: (B,), how many of the T steps are a row's own; all when None. Logits and targets after them, NaN too,
            reach nothing.
        reduction: "token", the mean over all the steps that count, Σ L / Σ lengths: long rows weigh more; "sequence",
            each row's sum, averaged over the B rows: −log p of a whole sequence; "sum"; or "none", (T, B) with 0 after
            a row's own steps.
        batch_first: logits are (B, T, V), targets and the losses of "none" (B, T).
    Raises:
        ShapeError, DTypeError: as cross_entropy; lengths that do not fit, or no steps at all to average; logits whose
            record says that their steps are on the other axis.

    >>> logits = Tensor(np.zeros((3, 2, 4)))
    >>> sequence_loss(logits, np.zeros((3, 2), int), lengths=[3, 1], reduction="sum").item() == float(4 * np.log(4))
    True
    """
    check_option("sequence_loss", "reduction", reduction, ("token", "sequence", "sum", "none"))
    check_flags("sequence_loss", batch_first=batch_first)
    logits = incoming(logits, None)
    targets = targets if isinstance(targets, Tensor) else np.asarray(as_array(targets))
    if logits.ndim != 3:
        raise ShapeError("sequence_loss: the logits are not a batch of sequences", expected="logits (T, B, V)",
                         got=f"logits {logits.shape}", where=str(CONTEXT.get()))  # fmt: skip
    if _time_axis(logits) == (0 if batch_first else 1):
        forms = ("(T, B, V)", "(B, T, V)")
        raise ShapeError(
            f"sequence_loss: the logits are {forms[not batch_first]}: their record says so",
            expected=f"logits {forms[batch_first]}",
            got=f"logits {logits.shape}, batch_first={batch_first}",
            where=str(CONTEXT.get()),
            help=f"sequence_loss(…, batch_first={not batch_first})",
        )
    if batch_first:
        targets = swapaxes(targets, 0, 1) if targets.ndim == 2 else targets
        losses = sequence_loss(swapaxes(logits, 0, 1), targets, lengths, reduction)
        return label(swapaxes(losses, 0, 1), "loss", "L") if reduction == "none" else losses
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
    return label(losses.sum() / _divisor(count, losses), "loss", "L")


def _time_axis(x: Tensor) -> int | None:
    """Which axis the steps stand on that x was put together from, as the record has it; None where it does not say."""
    node: Node | None = x._node
    while node is not None and node.op is not None:
        if node.op.name == "stack":
            steps = [part is not None and part.context.step is not None for part in node.inputs]
            return node.static["axis"] % x.ndim if all(steps) and "axis" in node.static else None
        if not (node.op.elementwise or node.op.name == "inner"):
            return None
        node = next((part for part in node.inputs if part is not None and part.shape[:2] == x.shape[:2]), None)
    return None
