"""What a loss in nats means: perplexity and bits per character."""

from __future__ import annotations

import math

from tinygrad_rnn.errors import OptionError

__all__ = ["bits_per_char", "perplexity"]


def perplexity(nats: float) -> float:
    """e^loss: how many equally likely choices would be as hard.

    >>> round(perplexity(math.log(65)), 6)
    65.0
    """
    loss = _number("perplexity", nats)
    return math.inf if loss > 709 else math.exp(loss)


def bits_per_char(nats: float) -> float:
    """loss / log 2: the length in bits of a character in the code that the model implies.

    >>> bits_per_char(math.log(2))
    1.0
    """
    return _number("bits_per_char", nats) / math.log(2)


def _number(owner: str, nats: object) -> float:
    """A loss of any kind that is one number: a float, of NumPy or not, or a Tensor; NaN and ∞ too."""
    try:
        return float(nats)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, RuntimeError):  # torch has the last one
        raise OptionError(f"{owner}: nats={nats!r:.60} is not a number", expected="a loss in nats") from None
