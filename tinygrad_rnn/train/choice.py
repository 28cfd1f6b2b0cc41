"""sample_logits: one of V by what a model says of each.

logits → / temperature → the k likeliest → the nucleus → softmax → draw
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import DataError, ShapeError, check_number, strict
from tinygrad_rnn.nn.options import Rng, generator

__all__ = ["check_options", "sample_logits"]


@strict
def sample_logits(
    logits: Any, *, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0, rng: Rng = None
) -> Array:
    """Draw an id from softmax(logits / temperature), cut to the likeliest; one for each row.

    Args:
        logits: (…, V), a Tensor or an array. −∞ is a probability of 0.
        temperature: below 1 the likely ones become likelier, above 1 less so; 0 takes the likeliest.
        top_k: only the k likeliest.
        top_p: only the likeliest that together reach this probability (the nucleus), after top_k.
        rng: a seed, which draws the same each time, or a Generator.
    Returns:
        (…) integers, 0 … V − 1.
    Raises:
        OptionError: an option out of range. ShapeError: no axis of logits. DataError: NaN, +∞, or nothing above −∞.
    Source: Holtzman et al. 2020, arXiv:1904.09751, for the nucleus.

    >>> int(sample_logits([0.0, 5.0, 1.0], temperature=0))
    1
    >>> sample_logits([[0.0, 5.0, 4.0]] * 6, top_k=2, rng=0).tolist()
    [1, 1, 1, 1, 2, 2]
    """
    check_options("sample_logits", temperature, top_k, top_p)
    rng = generator("sample_logits", rng)
    x = np.asarray(as_array(logits))
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ShapeError("sample_logits: there is nothing to draw from", expected="logits (…, V)", got=f"{x.shape}")
    x = x.astype(np.float64)
    highest = x.max(axis=-1, keepdims=True)
    if not np.isfinite(highest).all():
        raise DataError("sample_logits: the logits are not finite", expected="numbers, of which some may be −∞",
                        got=f"a row whose highest is {highest[~np.isfinite(highest)][0]}")  # fmt: skip
    if temperature == 0:
        return np.asarray(x.argmax(axis=-1))
    with np.errstate(over="ignore"):  # far below the likeliest is −∞: probability 0
        scaled = (x - highest) / temperature
    order = np.argsort(-scaled, kind="stable")[..., :top_k]
    p = np.exp(np.take_along_axis(scaled, order, axis=-1))
    p /= p.sum(axis=-1, keepdims=True)
    before = np.cumsum(p, axis=-1)[..., :-1]  # what the likelier ones reach together
    p[..., 1:][before >= top_p] = 0
    reached = np.cumsum(p, axis=-1)
    reached /= reached[..., -1:]
    drawn = (reached <= rng.random(x.shape[:-1])[..., None]).sum(axis=-1)
    return np.take_along_axis(order, drawn[..., None], axis=-1)[..., 0]


@strict
def check_options(owner: str, temperature: float, top_k: int | None, top_p: float) -> None:
    """Raise OptionError for options of sampling that are out of range."""
    check_number(owner, "temperature", temperature, least=0)
    if top_k is not None:
        check_number(owner, "top_k", top_k, whole=True, least=1)
    check_number(owner, "top_p", top_p, above=0, most=1)
