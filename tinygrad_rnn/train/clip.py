"""Taming gradients that explode: scale them all down, or cut each number off."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.tensor import Array, Tensor


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor, max_norm: float, *, error_if_nonfinite: bool = False
) -> float:
    """Scale the gradients so that their joint L2 norm is at most `max_norm`: the direction stays.

        s = min(1, max_norm / (‖g‖₂ + 1e-6))

    Args:
        parameters: any iterable, or one; shared ones count once, those without a gradient are skipped.
        max_norm: positive, in units of the gradient (nats per unit of parameter).
        error_if_nonfinite: raise when ‖g‖ is NaN or infinite; otherwise nothing is scaled then, and the norm tells.
    Returns:
        ‖g‖₂ before clipping.
    Raises:
        ValueError: max_norm ≤ 0. GradientError: the norm is not finite and `error_if_nonfinite`.
    Source: Pascanu et al. 2013, arXiv:1211.5063.

    >>> p = Tensor([1.0, 1.0], requires_grad=True)
    >>> p.grad = [3.0, 4.0]
    >>> clip_grad_norm_([p], 1.0)
    5.0
    >>> round(clip_grad_norm_([p], 1.0), 5)
    1.0
    """
    if not max_norm > 0:
        raise ValueError(f"clip_grad_norm_: max_norm={max_norm}: expected a positive number")
    owners = _with_gradient(parameters)
    norms = [_norm(g) for _, g in owners]
    norm = math.hypot(*norms)
    if not math.isfinite(norm):
        if error_if_nonfinite:
            bad = [p.name or str(p.shape) for (p, _), n in zip(owners, norms, strict=True) if not math.isfinite(n)]
            raise GradientError(
                f"clip_grad_norm_: the gradient's norm is {norm}",
                got=", ".join(bad),
                help="find where it starts with detect_anomaly()",
            )
        return norm
    scale = float(max_norm) / (norm + 1e-6)  # a Python number leaves float32 as it is
    if scale < 1:
        for p, g in owners:
            p.grad = Tensor(g * scale)
    return norm


def clip_grad_value_(parameters: Iterable[Tensor] | Tensor, clip_value: float) -> None:
    """Cut every number of every gradient off at ±clip_value: the direction changes, NaN stays NaN.

    Raises:
        ValueError: clip_value ≤ 0.
    """
    if not clip_value > 0:
        raise ValueError(f"clip_grad_value_: clip_value={clip_value}: expected a positive number")
    bound = float(clip_value)
    for p, g in _with_gradient(parameters):
        p.grad = Tensor(np.clip(g, -bound, bound))


def _with_gradient(parameters: Iterable[Tensor] | Tensor) -> list[tuple[Tensor, Array]]:
    """(parameter, gradient) for each that has one, once."""
    every = [parameters] if isinstance(parameters, Tensor) else parameters
    return [(p, p.grad.data) for p in {id(p): p for p in every}.values() if p.grad is not None]


def _norm(g: Array) -> float:
    """‖g‖₂ in float64, where the squares of float32's 1e20 still fit, and scaled, so that 1e200's do too."""
    g = g.astype(np.float64).ravel()
    scale = float(np.max(np.abs(g), initial=0.0))
    if not (math.isfinite(scale) and scale > 0):
        return scale
    return scale * math.sqrt(float(np.dot(g / scale, g / scale)))
