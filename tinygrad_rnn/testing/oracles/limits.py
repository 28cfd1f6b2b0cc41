"""Limits: how far two numbers may lie apart and still agree, and how far apart the runs of a difference are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from tinygrad_rnn.errors import check_number, unknown_option

EPS = float(np.finfo(np.float64).eps)


class Tolerances(TypedDict, total=False):
    """The options that every check of derivatives takes: fields of Limits."""

    rtol: float | None
    atol: float
    step: float | None
    nondeterminism: float


@dataclass(frozen=True)
class Limits:
    """What the caller of a check allows.

    Attributes:
        rtol: how far a derivative may be off, as a share of S = Σ|terms added up|; by the oracle and the precision
            when None.
        atol: how far besides.
        step: of the differences; found by trying when None.
        nondeterminism: how far the values of two runs may differ.
        eps: the rounding of the coarsest dtype on the way from the inputs to the outputs; no option, but found.
    """

    rtol: float | None = None
    atol: float = 0.0
    step: float | None = None
    nondeterminism: float = 0.0
    eps: float = EPS

    @classmethod
    def of(cls, owner: str, options: Any) -> Limits:
        """From the options of a call.

        >>> Limits.of("check_vjp", {"step": 0})
        Traceback (most recent call last):
        tinygrad_rnn.errors.OptionError: check_vjp: step=0 is out of range
          expected  a number above 0
        """
        for option, value in options.items():
            if option not in Tolerances.__annotations__:
                raise unknown_option(owner, option, Tolerances.__annotations__)
            if value is None and getattr(cls, option) is None:
                continue
            if option == "step":
                check_number(owner, option, value, above=0)
            else:
                check_number(owner, option, value, least=0)
        floats: Any = {option: None if value is None else float(value) for option, value in options.items()}
        return cls(**floats)

    @property
    def given(self) -> dict[str, float]:
        """The options that are not as they are by default."""
        return {
            name: value
            for name in Tolerances.__annotations__
            if (value := getattr(self, name)) != getattr(Limits, name)
        }


EXACT = Limits()  # what the oracles themselves leave
