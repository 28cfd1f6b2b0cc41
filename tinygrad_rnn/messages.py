"""What an op says when it refuses, and where in the user's code it was called."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_rnn.errors import AnomalyError, DTypeError, ShapeError, TinygradError
from tinygrad_rnn.graph import MODE, Mode

if TYPE_CHECKING:
    from tinygrad_rnn.primitive import Op


def caller() -> str:
    """The line outside this package that is running, as "file:line: text"."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "tinygrad_rnn":
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    return f"{file}:{line}: {linecache.getline(file, line).strip()}".rstrip(": ")


def signature(names: tuple[str, ...], values: tuple[Any, ...]) -> str:
    """
    >>> signature(("a", "b"), (np.zeros((2, 3)), 1.5))
    'a (2, 3) float64, b 1.5'
    """
    if len(names) < len(values):
        names = tuple(f"{names[-1]}[{i}]" for i in range(len(values)))
    return ", ".join(
        f"{name} {value.shape} {value.dtype}" if isinstance(value, np.ndarray) else f"{name} {value!r}"
        for name, value in zip(names, values, strict=False)
    )


def refusal(op: Op, error: Exception, values: tuple[Any, ...], static: Mapping[str, Any]) -> Exception:
    """Our error for one that NumPy raised inside a forward."""
    if isinstance(error, TinygradError):
        return error
    kind = DTypeError if isinstance(error, TypeError) else ShapeError
    options = ", ".join(f"{name}={value!r:.60}" for name, value in static.items() if value is not None)
    shapes = " and ".join(str(v.shape) for v in values if isinstance(v, np.ndarray)) or "these arguments"
    types = " and ".join(str(v.dtype if isinstance(v, np.ndarray) else type(v).__name__) for v in values)
    what = f"no meaning for {types}" if kind is DTypeError else f"{shapes} do not fit"
    formula = next((line.strip() for line in op.doc.splitlines() if line.strip()), "")
    return kind(
        f"{op.name}: {what}" + (f" with {options}" if options else ""),
        expected=formula,
        got=signature(op.params, values),
        where=str(MODE.get()),
        help=f"NumPy says: {error}".splitlines()[0],
    )


def check_finite(op: Op, y: np.ndarray, now: Mode) -> None:
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise AnomalyError(
            f"{op.name}: the output is not finite",
            expected="finite values, inside detect_anomaly()",
            got=f"{np.count_nonzero(~np.isfinite(y))} of {y.size} values, the first {y[~np.isfinite(y)][0]}",
            where=", ".join(part for part in (str(now), caller()) if part),
        )
