"""NumPy's further options, made of ops: the plain op does without them, and is as fast as it was.

    sum(x, dtype="f4")     astype, then sum          max(x, initial=0)      max, then maximum with it
    sum(x, where=mask)     where, then sum           out=None               taken; no Tensor is written to

Every option is passed by name. What is not chosen by `where` gets exactly 0, whatever stands there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate

import numpy as np

from tinygrad_rnn.engine.apply import array_of, as_array, shape_of
from tinygrad_rnn.engine.op import Primitive
from tinygrad_rnn.engine.tensor import Array, Axis, Bound, DType, Tensor
from tinygrad_rnn.engine.typed import Objects, P, Unary
from tinygrad_rnn.errors import DTypeError, OptionError
from tinygrad_rnn.ops import arithmetic, choices, indexing, logic, products, reduce
from tinygrad_rnn.ops.pointwise import sqrt
from tinygrad_rnn.ops.shape import astype, broadcast_to, check_no_out

__all__ = [
    "all_", "any_", "argsort", "clip", "cumprod", "cumsum", "max_", "mean", "min_", "prod", "sort", "std", "sum_",
    "var",
]  # fmt: skip

Mask = Any  # what NumPy broadcasts to an array of booleans, or a Tensor of them


def widens(op: Primitive) -> Callable[[Callable[Concatenate[Objects, P], Any]], Unary[P]]:
    """The op, with the options of a function made of ops, which is called where one of them is given."""

    def declare(f: Callable[Concatenate[Objects, P], Any]) -> Any:
        op.wider(f)
        return op

    return declare


# what the options have in common


def _cast(x: Any, dtype: DType | None) -> Any:
    return x if dtype is None else astype(x, dtype)


def _chosen(op: str, x: Any, mask: Mask, other: Any) -> Any:
    """x where the mask holds, elsewhere what changes nothing."""
    if mask is True:
        return x
    mask = mask if isinstance(mask, Tensor) else np.asarray(mask)
    if mask.dtype != bool:
        raise DTypeError(f"{op}: where={mask!r:.60} is not a mask", expected="booleans that broadcast to x")
    return choices.where(broadcast_to(mask, shape_of(x)), x, other)


def _mean(x: Any, mask: Mask, axis: Axis, keepdims: bool, ddof: float = 0) -> Any:
    """Σ x / (n − ddof), n the number of elements that the mask chose; the others are 0."""
    total: Any = reduce.sum_(x, axis=axis, keepdims=keepdims)
    n = np.sum(np.broadcast_to(as_array(mask), shape_of(x)), axis=axis, keepdims=keepdims)
    return total / np.maximum(n - ddof, 0).astype(total.dtype if total.dtype.kind == "f" else float)


def _start(op: str, initial: Any, like: Any) -> Any:
    """`initial` as a number of the dtype that it is combined with."""
    if shape_of(initial):
        raise OptionError(f"{op}: initial={initial!r:.60} is not a number", expected="one number")
    return (
        initial
        if isinstance(initial, Tensor)
        else np.asarray(initial).astype(like.dtype if isinstance(like, Tensor) else as_array(like).dtype)
    )


def _total(
    op: Any, join: Any, neutral: int, x: Any, axis: Axis, keepdims: bool, dtype: Any, out: Any, initial: Any, mask: Mask
) -> Any:
    check_no_out(op.__name__, out)
    y = op(_chosen(op.__name__, _cast(x, dtype), mask, neutral), axis=axis, keepdims=keepdims)
    return _cast(y if initial is None else join(y, _start(op.__name__, initial, y)), dtype)


def _extreme(op: Any, join: Any, x: Any, axis: Axis, keepdims: bool, out: Any, initial: Any, mask: Mask) -> Any:
    check_no_out(op.__name__, out)
    if initial is None:
        if mask is not True:
            raise OptionError(f"{op.__name__}: where= without initial=", help="say what stands where nothing is chosen")
        return op(x, axis=axis, keepdims=keepdims)
    x = array_of(x)
    start = _start(op.__name__, initial, x)
    x = _chosen(op.__name__, x, mask, start)
    if x.size == 0 and reduce.extent(x, axis) == 0:
        return reduce.sum_(x, axis=axis, keepdims=keepdims) + start
    return join(op(x, axis=axis, keepdims=keepdims), start)


# the ops


@widens(reduce.sum_)
def sum_(
    x: Array, axis: Axis = None, keepdims: bool = False, *, dtype: DType | None = None, out: None = None,
    initial: Bound = None, where: Mask = True,
) -> Array:  # fmt: skip
    return _total(reduce.sum_, arithmetic.add, 0, x, axis, keepdims, dtype, out, initial, where)


@widens(products.prod)
def prod(
    x: Array, axis: Axis = None, keepdims: bool = False, *, dtype: DType | None = None, out: None = None,
    initial: Bound = None, where: Mask = True,
) -> Array:  # fmt: skip
    return _total(products.prod, arithmetic.multiply, 1, x, axis, keepdims, dtype, out, initial, where)


@widens(reduce.max_)
def max_(
    x: Array, axis: Axis = None, keepdims: bool = False, *, out: None = None, initial: Bound = None,
    where: Mask = True,
) -> Array:  # fmt: skip
    return _extreme(reduce.max_, choices.maximum, x, axis, keepdims, out, initial, where)


@widens(reduce.min_)
def min_(
    x: Array, axis: Axis = None, keepdims: bool = False, *, out: None = None, initial: Bound = None,
    where: Mask = True,
) -> Array:  # fmt: skip
    return _extreme(reduce.min_, choices.minimum, x, axis, keepdims, out, initial, where)


@widens(logic.any_)
def any_(x: Array, axis: Axis = None, keepdims: bool = False, *, out: None = None, where: Mask = True) -> Array:
    check_no_out("any", out)
    return logic.any_(_chosen("any", x, where, False), axis, keepdims)


@widens(logic.all_)
def all_(x: Array, axis: Axis = None, keepdims: bool = False, *, out: None = None, where: Mask = True) -> Array:
    check_no_out("all", out)
    return logic.all_(_chosen("all", x, where, True), axis, keepdims)


@widens(reduce.mean)
def mean(
    x: Array, axis: Axis = None, keepdims: bool = False, *, dtype: DType | None = None, out: None = None,
    where: Mask = True,
) -> Array:  # fmt: skip
    check_no_out("mean", out)
    values: Any = _cast(x, dtype)
    if where is True:
        return _cast(reduce.mean(values, axis=axis, keepdims=keepdims), dtype)
    return _cast(_mean(_chosen("mean", values, where, 0), where, axis, keepdims), dtype)


@widens(reduce.var)
def var(
    x: Array, axis: Axis = None, ddof: float = 0, keepdims: bool = False, *, dtype: DType | None = None,
    out: None = None, where: Mask = True, mean: Any = None, correction: float | None = None,
) -> Array:  # fmt: skip
    check_no_out("var", out)
    return _variance("var", _cast(x, dtype), axis, ddof, keepdims, where, mean, correction)


@widens(reduce.std)
def std(
    x: Array, axis: Axis = None, ddof: float = 0, keepdims: bool = False, *, dtype: DType | None = None,
    out: None = None, where: Mask = True, mean: Any = None, correction: float | None = None,
) -> Array:  # fmt: skip
    check_no_out("std", out)
    y = _variance("std", _cast(x, dtype), axis, ddof, keepdims, where, mean, correction)
    return choices.where(y == 0, 0, sqrt(choices.where(y == 0, 1, y)))  # of a constant: slope 0, as std alone


def _variance(
    op: str, x: Any, axis: Axis, ddof: float, keepdims: bool, mask: Mask, centre: Any, correction: float | None
) -> Any:
    if correction is not None:
        if ddof != 0:
            raise OptionError(f"{op}: ddof and correction are one option", help="give one of them")
        ddof = correction
    if centre is None and mask is True:
        return reduce.var(x, axis=axis, ddof=ddof, keepdims=keepdims)
    x = _chosen(op, x, mask, 0)
    off = _chosen(op, x - (_mean(x, mask, axis, True) if centre is None else centre), mask, 0)
    return _mean(off * off, mask, axis, keepdims, ddof)


@widens(reduce.cumsum)
def cumsum(x: Array, axis: int | None = None, *, dtype: DType | None = None, out: None = None) -> Array:
    check_no_out("cumsum", out)
    return _cast(reduce.cumsum(_cast(x, dtype), axis=axis), dtype)


@widens(products.cumprod)
def cumprod(x: Array, axis: int | None = None, *, dtype: DType | None = None, out: None = None) -> Array:
    check_no_out("cumprod", out)
    return _cast(products.cumprod(_cast(x, dtype), axis=axis), dtype)


@widens(indexing.sort)
def sort(x: Array, axis: int | None = -1, *, kind: str | None = None, stable: bool | None = None) -> Array:
    return indexing.sort(x, axis)  # always stable, which every kind may be


@widens(indexing.argsort)
def argsort(x: Array, axis: int | None = -1, *, kind: str | None = None, stable: bool | None = None) -> Array:
    return indexing.argsort(x, axis)


@widens(choices.clip)
def clip(
    x: Array, a_min: Bound = None, a_max: Bound = None, *, min: Bound = None, max: Bound = None, out: None = None
) -> Array:
    check_no_out("clip", out)
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise OptionError("clip: a bound is given twice", help="min is a_min, and max is a_max")
    return choices.clip(x, a_min if min is None else min, a_max if max is None else max)
