"""minimize: a loss by the methods of scipy.optimize, which see one vector, its value and its gradient.

parameters → x → SciPy's method → x′ → parameters → closure() → loss → backward → (value, gradient as one vector) → …
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from itertools import accumulate
from numbers import Real
from typing import Any

import numpy as np

from tinygrad_rnn.engine.arrays import parted
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.errors import DataError, GradientError, OptionError, check_type
from tinygrad_rnn.optim.groups import leaves

__all__ = ["minimize"]

VALUES_ONLY = ("nelder-mead", "powell", "cobyla", "cobyqa")
CURVED = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")  # they ask for the curvature along a direction


def minimize(
    closure: Callable[[], Tensor],
    parameters: Iterable[Tensor] | Tensor,
    method: str = "L-BFGS-B",
    *,
    tol: float | None = None,
    callback: Callable[[], object] | None = None,
    **options: Any,
) -> Any:
    """Bring a loss to a minimum over all its data at once; for losses that do not change from call to call.

    Args:
        closure: gives the loss, of the same data each time and without dropout; it may call backward() itself.
        parameters: leaf Tensors; those that are frozen are left alone, and without a gradient it is 0.
        method: one of `scipy.optimize.minimize`: "L-BFGS-B", "CG", "BFGS", "TNC", "SLSQP"; "Newton-CG", "trust-ncg",
            "trust-krylov" and "trust-constr", which ask for H·v; "Nelder-Mead", "Powell", which ask for values alone.
        tol: when to stop, as the method understands it.
        callback: called after each iteration, when the parameters have their new values.
        options: those of the method: maxiter, gtol, maxcor, ….
    Returns:
        SciPy's OptimizeResult: fun, nit, nfev, success, message, …. The parameters have the values of its x; after an
        error, those of the least loss that was seen.
    Raises:
        DataError: SciPy is not installed. OptionError: a method or an option that there is not. GradientError: the loss
        or its gradient is NaN.
    Source: Nocedal & Wright 2006, "Numerical Optimization".

    SciPy computes in float64. Parameters of float32 are rounded for each value of the loss, which may end the search
    early; build the model with dtype=np.float64 where every digit counts.
    """
    check_type("minimize", "closure", closure, Callable, "a function that gives the loss")
    check_type("minimize", "method", method, str, "the name of a method")
    check_type("minimize", "callback", callback, Callable | None, "a function, or None")
    for name, value in {"tol": tol, **options}.items():
        check_type("minimize", name, value, Real | str | np.ndarray | None, "a number, a text, an array or None")
    given = leaves("minimize", parameters)
    learning = [p for p in given if p.requires_grad]
    if not learning:
        raise OptionError(f"minimize: none of the {len(given)} parameters requires grad")
    search = _Search(closure, learning)

    def told(x: Array, *_: Any) -> None:
        if callback is not None:
            search.put(x)
            callback()

    asked: dict[str, Any] = {"jac": None if method.lower() in VALUES_ONLY else True, "callback": told}
    asked |= {"hessp": search.curvature} if method.lower() in CURVED else {}
    value = search.value if asked["jac"] is None else search.value_and_gradient
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Unknown solver options")
            found = _scipy().minimize(value, search.start, method=method, tol=tol, options=options, **asked)
    except (Warning, ValueError, TypeError, KeyError) as error:
        search.put(search.best[1])
        if not _of_scipy(error):
            raise
        raise OptionError(f"minimize: SciPy refuses method={method!r} with these options", got=str(error)) from None
    except BaseException:
        search.put(search.best[1])
        raise
    search.put(found.x)
    return found


class _Search:
    """The loss as a function of one vector.

    Attributes:
        start: the parameters as they were.
        best: the least value that was seen, and where.
    """

    def __init__(self, closure: Callable[[], Tensor], params: list[Tensor]) -> None:
        self.closure, self.params = closure, params
        self.start = _flat([p.data for p in params])
        self.best = (math.inf, self.start)

    def put(self, x: Array) -> None:
        """Give the parameters the values of x."""
        for p, part in zip(self.params, parted(np.asarray(x), [p.shape for p in self.params]), strict=True):
            p.assign(part.astype(p.dtype))

    def loss(self, x: Array) -> Tensor:
        """The loss at x, recorded; whatever gradients there were are forgotten."""
        self.put(x)
        for p in self.params:
            p.grad = None
        loss = self.closure()
        if not (isinstance(loss, Tensor) and loss.size == 1):
            raise OptionError("minimize: closure() is not a loss", expected="a Tensor of one number",
                              got=str(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__)  # fmt: skip
        value = float(loss.item())
        if math.isnan(value):
            raise GradientError("minimize: the loss is NaN", help="find where it starts with detect_anomaly()")
        if value < self.best[0]:
            self.best = (value, np.array(x))
        return loss

    def value(self, x: Array) -> float:
        return float(self.loss(x).item())

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        loss = self.loss(x)
        if all(p.grad is None for p in self.params):
            loss.backward()
        return float(loss.item()), self.gradient()

    def gradient(self) -> Array:
        """The gradients as one vector: 0 where there is none."""
        found = _flat([np.zeros(p.shape) if p.grad is None else p.grad.data for p in self.params])
        if np.isnan(found).any():
            ends = accumulate(p.size for p in self.params)
            first = int(np.argmax(np.isnan(found)))
            p = next(p for p, end in zip(self.params, ends, strict=True) if first < end)
            raise GradientError("minimize: the gradient is NaN", got=p.name or f"a parameter of shape {p.shape}",
                                help="find where it starts with detect_anomaly()")  # fmt: skip
        return found

    def curvature(self, x: Array, v: Array) -> Array:
        """H·v, the gradient of ⟨gradient, v⟩."""
        loss = self.loss(x)
        if any(p.grad is not None for p in self.params):
            raise OptionError("minimize: this method needs a closure() that does not call backward()")
        loss.backward(create_graph=True)
        gradients = [p.grad for p in self.params]
        parts = parted(np.asarray(v), [p.shape for p in self.params])
        along = [(g * part.astype(p.dtype)).sum()
                 for p, g, part in zip(self.params, gradients, parts, strict=True) if g is not None]  # fmt: skip
        for p in self.params:
            p.grad = None
        slope = sum(along[1:], along[0])
        if slope.requires_grad:  # of a loss that is linear it is a constant
            slope.backward()
        return self.gradient()


def _flat(arrays: list[Array]) -> Array:
    return np.concatenate([np.asarray(a, np.float64).ravel() for a in arrays])


def _of_scipy(error: BaseException) -> bool:
    """Whether SciPy raised it, and not the closure."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith("scipy")


def _scipy() -> Any:
    try:
        from scipy import optimize
    except ImportError as error:
        raise DataError("minimize: SciPy is not installed", got=str(error),
                        help="pip install 'tinygrad-rnn[scipy]'") from None  # fmt: skip
    return optimize
