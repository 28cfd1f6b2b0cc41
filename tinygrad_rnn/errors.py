"""Errors, in one format: what is wrong, what was expected, what came, where, and what to do.

ShapeError: LSTMCell: x has 12 features, the cell takes 10
  expected  x (B, 10)
  got       x (32, 12), h (32, 64)
  where     encoder/lstm, step 3 of 20
  help      build LSTMCell(input_size=12, …) or slice x[:, :10]
"""

__all__ = [
    "AnomalyError", "CheckpointError", "DTypeError", "DataError", "GradientError", "GraphError", "ShapeError",
    "TinygradError",
]  # fmt: skip


class TinygradError(Exception):
    """Base of every error below: a first line, then the lines that are known.

    >>> print(ShapeError("add: (2,) and (3,) do not broadcast", got="a (2,), b (3,)"))
    add: (2,) and (3,) do not broadcast
      got       a (2,), b (3,)
    """

    def __init__(self, head: str, *, expected: str = "", got: str = "", where: str = "", help: str = "") -> None:
        facts = {"expected": expected, "got": got, "where": where, "help": help}
        super().__init__("\n".join([head, *(f"  {name:<9} {text}" for name, text in facts.items() if text)]))


class ShapeError(TinygradError, ValueError, IndexError):
    """Sizes, axes or indices that do not fit."""


class DTypeError(TinygradError, TypeError):
    """A kind of number that the operation has no meaning for."""


class GraphError(TinygradError, RuntimeError):
    """The recorded graph cannot give what was asked: it was released, changed, or never recorded."""


class GradientError(TinygradError, ArithmeticError):
    """A gradient that is not finite where it has to be."""


class AnomalyError(GradientError):
    """`detect_anomaly()` met the first value that is not finite."""


class CheckpointError(TinygradError, ValueError):
    """A saved state that is damaged, or made for another model."""


class DataError(TinygradError, ValueError):
    """A text or data set that cannot be used as it is."""
