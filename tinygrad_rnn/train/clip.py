"""Taming gradients that explode: scale them all down, or cut each number off; and how often it was needed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_rnn.engine.arrays import joined, parted
from tinygrad_rnn.engine.summary import magnitude
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array
from tinygrad_rnn.errors import GradientError, OptionError, check_sequence, is_number, strict

__all__ = ["ClipStatistics", "clip_grad_norm_", "clip_grad_value_"]


@strict
def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float | str = 2.0,
    *,
    error_if_nonfinite: bool = False,
) -> float:
    """Scale the gradients so that their joint norm is at most `max_norm`: the direction stays.

        s = min(1, max_norm / (‖g‖ₚ + 1e-6)), ‖g‖ₚ = (Σ|gᵢ|ᵖ)^(1/p), ‖g‖_∞ = max |gᵢ|

    Args:
        parameters: any iterable, or one; shared ones count once, those without a gradient are skipped.
        max_norm: positive, in units of the gradient (nats per unit of parameter).
        norm_type: p, above 0; 2 is the length, math.inf or "inf" the largest number.
        error_if_nonfinite: raise when ‖g‖ is NaN or infinite; otherwise nothing is scaled then, and the norm tells.
    Returns:
        ‖g‖ₚ before clipping.
    Raises:
        OptionError: max_norm ≤ 0 or norm_type ≤ 0. GradientError: the norm is not finite and `error_if_nonfinite`.
    Source: Pascanu et al. 2013, arXiv:1211.5063.

    >>> p = Tensor([1.0, 1.0], requires_grad=True)
    >>> p.grad = [3.0, 4.0]
    >>> clip_grad_norm_([p], 1.0)
    5.0
    >>> round(clip_grad_norm_([p], 1.0), 5)
    1.0
    >>> round(clip_grad_norm_([p], 1.0, norm_type=math.inf), 5)
    0.8
    """
    _check_bound("clip_grad_norm_", "max_norm", max_norm)
    norm_type = math.inf if isinstance(norm_type, str) and norm_type == "inf" else norm_type
    _check_bound("clip_grad_norm_", "norm_type", norm_type)
    owners = _with_gradient("clip_grad_norm_", parameters)
    whole = joined([g for _, g in owners])
    norm = _joint_norm([g for _, g in owners] if whole is None else [whole], float(norm_type))
    if not math.isfinite(norm):
        if error_if_nonfinite:
            bad = [p.name or str(p.shape) for p, g in owners if not math.isfinite(magnitude(g))]
            raise GradientError(
                f"clip_grad_norm_: the gradient's norm is {norm}",
                got=", ".join(bad),
                help="find where it starts with detect_anomaly()",
            )
        return norm
    scale = float(max_norm) / (norm + 1e-6)  # a Python number leaves float32 as it is
    if scale < 1:
        scaled = (
            (g * scale for _, g in owners) if whole is None else parted(whole * scale, [p.shape for p, _ in owners])
        )
        for (p, _), g in zip(owners, scaled, strict=True):
            p.grad = from_array(np.asarray(g), None)
    return norm


@strict
def clip_grad_value_(parameters: Iterable[Tensor] | Tensor, clip_value: float) -> None:
    """Cut every number of every gradient off at ±clip_value: the direction changes, NaN stays NaN.

    Raises:
        OptionError: clip_value ≤ 0.
    """
    _check_bound("clip_grad_value_", "clip_value", clip_value)
    bound = float(clip_value)
    for p, g in _with_gradient("clip_grad_value_", parameters):
        p.grad = Tensor(np.clip(g, -bound, bound))


@dataclass
class ClipStatistics:
    """What clipping did over a run, to choose `max_norm` by: add each norm that `clip_grad_norm_` returns.

    Attributes:
        max_norm: the bound that the norms are held against.
        steps, clipped, nonfinite: how many norms there were, how many above the bound, how many NaN or infinite.
        mean, largest: of the finite norms.
    Source: Pascanu et al. 2013, section 3.2: half to ten times the mean norm is a good bound.

    >>> seen = ClipStatistics(max_norm=1.0)
    >>> for norm in (0.5, 3.0, math.inf):
    ...     seen.add(norm)
    >>> seen
    ClipStatistics(max_norm=1.0, steps=3, clipped=1, nonfinite=1, mean=1.75, largest=3.0)
    >>> round(seen.share, 3)
    0.333
    """

    max_norm: float
    steps: int = 0
    clipped: int = 0
    nonfinite: int = 0
    mean: float = 0.0
    largest: float = 0.0

    def __post_init__(self) -> None:
        _check_bound("ClipStatistics", "max_norm", self.max_norm)

    def add(self, norm: float) -> None:
        """One more step, whose gradient had this norm before clipping."""
        self.steps += 1
        if not math.isfinite(norm):
            self.nonfinite += 1
            return
        self.clipped += norm > self.max_norm
        self.mean += (norm - self.mean) / (self.steps - self.nonfinite)
        self.largest = max(self.largest, norm)

    @property
    def share(self) -> float:
        """The share of steps that were clipped; 0 before the first."""
        return self.clipped / self.steps if self.steps else 0.0


def _joint_norm(gradients: list[Array], p: float) -> float:
    """‖g‖ₚ of all of them, scaled by the largest where its powers would not fit."""
    if p == 2:
        return math.hypot(*map(magnitude, gradients))
    largest = float(np.max([np.max(np.abs(g), initial=0.0) for g in gradients], initial=0.0))
    if p == math.inf or largest == 0 or not math.isfinite(largest):
        return largest
    total = sum(float(np.sum((np.abs(g).astype(np.float64) / largest) ** p)) for g in gradients)
    return float(largest * total ** (1 / p))


def _check_bound(owner: str, option: str, bound: Any) -> None:
    """An infinite bound is one: it cuts nothing off."""
    if not (is_number(bound) and bound > 0):
        raise OptionError(f"{owner}: {option}={bound!r:.60} is out of range", expected="a positive number")


def _with_gradient(owner: str, parameters: Iterable[Tensor] | Tensor) -> list[tuple[Tensor, Array]]:
    """(parameter, gradient) for each that has one, once."""
    check_sequence(owner, "the parameters", parameters)
    every = {id(p): p for p in ([parameters] if isinstance(parameters, Tensor) else parameters)}.values()
    if strange := [type(p).__name__ for p in every if not isinstance(p, Tensor)]:
        raise OptionError(f"{owner}: a parameter is not a Tensor", expected="those of model.parameters()",
                          got=strange[0])  # fmt: skip
    return [(p, p.grad.data) for p in every if p.grad is not None]
