"""from_mygrad: a function of MyGrad's tensors, differentiated by their backward()."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.testing.adapters.adapted import Values
from tinygrad_rnn.testing.adapters.framework import Flat, Framework, needed

__all__ = ["from_mygrad"]


def from_mygrad(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, a function of MyGrad's tensors, as a function that the checks take.

        y = f(x)        (gy·y).sum().backward(); gx = x.grad

    MyGrad has reverse mode alone, and no derivatives of derivatives: check_vjp at order 1, and the laws of reverse
    mode.

    Args:
        f: takes and returns tensors, nested in tuples, lists and dicts as you like. What is not an array is passed on
            as it is.
    Returns:
        f on Tensors, and on NumPy's arrays.
    Raises:
        ModuleNotFoundError: MyGrad is not installed. OptionError: f is not a function.

    >>> check_vjp(from_mygrad(mygrad.tanh), np.array([0.5, -1.0])).passed  # doctest: +SKIP
    True
    """
    return MyGrad(f)


class MyGrad(Framework):
    """f of MyGrad."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.mygrad = needed("from_mygrad", "mygrad", "MyGrad")
        super().__init__(partial(from_mygrad), f, ("vjp",), 1)

    def given(self, x: Any) -> Any:
        return self.mygrad.tensor(x) if isinstance(x, np.ndarray | np.generic) else x

    def taken(self, y: Any) -> Any:
        return np.array(y.data) if isinstance(y, self.mygrad.Tensor) else super().taken(y)

    def pull(self, F: Flat, gys: Values, xs: Values) -> Values:
        terms = [(gy.data * y).sum() for y, gy in zip(F(xs), gys, strict=True)]
        sum(terms[1:], terms[0]).backward()
        return [np.zeros_like(x.data) if x.grad is None else x.grad for x in xs]
