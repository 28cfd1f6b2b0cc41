"""What a loss in nats means: perplexity and bits per character."""

from __future__ import annotations

import math

__all__ = ["bits_per_char", "perplexity"]


def perplexity(nats: float) -> float:
    """e^loss: how many equally likely choices would be as hard.

    >>> round(perplexity(math.log(65)), 6)
    65.0
    """
    return math.inf if nats > 709 else math.exp(nats)


def bits_per_char(nats: float) -> float:
    """loss / log 2: the length in bits of a character in the code that the model implies.

    >>> bits_per_char(math.log(2))
    1.0
    """
    return nats / math.log(2)
