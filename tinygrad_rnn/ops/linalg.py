"""Sums of products over shared axes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from types import EllipsisType
from typing import Any, TypeAlias, overload

import numpy as np

from tinygrad_rnn.engine.apply import as_array, shape_of
from tinygrad_rnn.engine.declare import composite, primitive
from tinygrad_rnn.engine.tensor import Array, Numbers, Operand, Tensor
from tinygrad_rnn.errors import DTypeError, OptionError, ShapeError, is_number
from tinygrad_rnn.ops.indexing import diagonal
from tinygrad_rnn.ops.reduce import sum_
from tinygrad_rnn.ops.shape import expand_dims, reshape, swapaxes, transpose

__all__ = ["dot", "einsum", "inner", "matmul", "outer", "tensordot", "trace"]


@primitive
def matmul(a: Array, b: Array) -> Array:
    """y = a @ b: a (…, n, k) times b (…, k, m); 1-D a is a row, 1-D b a column.  ga = gy @ bᵀ, gb = aᵀ @ gy."""
    return np.matmul(a, b)


def _mT(x: Any) -> Any:
    return x.T if x.ndim == 2 else swapaxes(x, -1, -2)


def _matmul_vjp_a(gy: Any, y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return expand_dims(gy, -1) * b
    if a.ndim == 1:
        return matmul(b, expand_dims(gy, -1))[..., 0]
    return matmul(gy, _mT(b))


def _matmul_vjp_b(gy: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1:
        return gy * a if b.ndim == 1 else expand_dims(a, -1) * expand_dims(gy, -2)
    if b.ndim == 1:
        return matmul(_mT(a), expand_dims(gy, -1))[..., 0]
    if b.ndim == 2 and a.ndim > 2:  # one product over every leading axis, instead of a sum of products
        rows = prod(a.shape[:-1])
        return matmul(reshape(a, (rows, a.shape[-1])).T, reshape(gy, (rows, gy.shape[-1])))
    return matmul(_mT(a), gy)


matmul.vjp(a=_matmul_vjp_a, b=_matmul_vjp_b)
matmul.together(b=lambda gys, args: dot(np.concatenate([a for a, _ in args]).T, np.concatenate(gys)))
matmul.jvp(a=lambda da, y, a, b: matmul(da, b), b=lambda db, y, a, b: matmul(a, db))
matmul.symbol("@")


@primitive
def tensordot(a: Array, b: Array, /, axes: int | tuple[Places, Places] = 2) -> Array:
    """y = Σ a·b over pairs of axes: the last and first `axes` of them, or (axes of a, axes of b)."""
    return np.tensordot(a, b, axes)


def _tensordot_vjp_a(gy: Any, y: Any, a: Any, b: Any, *, axes: Any) -> Any:
    left, right = _axes(a, b, axes)
    kept = _free(a.ndim, left)
    found = tensordot(gy, b, axes=(list(range(len(kept), gy.ndim)), _free(np.ndim(b), right)))
    order = kept + [left[right.index(k)] for k in sorted(right)]  # the axis of a that each axis of `found` is
    return transpose(found, tuple(int(k) for k in np.argsort(order)))


def _tensordot_vjp_b(gy: Any, y: Any, a: Any, b: Any, *, axes: Any) -> Any:
    left, right = _axes(a, b, axes)
    kept = _free(b.ndim, right)
    found = tensordot(gy, a, axes=(list(range(gy.ndim - len(kept))), _free(np.ndim(a), left)))
    order = kept + [right[left.index(k)] for k in sorted(left)]
    return transpose(found, tuple(int(k) for k in np.argsort(order)))


def _axes(a: Any, b: Any, axes: Any) -> tuple[list[int], list[int]]:
    """The contracted axes of a and of b, as positive numbers."""
    if isinstance(axes, int | np.integer):
        axes = range(-int(axes), 0), range(int(axes))
    left, right = ([int(side)] if isinstance(side, int | np.integer) else list(side) for side in axes)
    return [k % np.ndim(a) for k in left], [k % np.ndim(b) for k in right]


Places: TypeAlias = int | Sequence[int]


def _free(ndim: int, axes: Sequence[int]) -> list[int]:
    return [k for k in range(ndim) if k not in axes]


tensordot.vjp(a=_tensordot_vjp_a, b=_tensordot_vjp_b)
tensordot.jvp(
    a=lambda da, y, a, b, *, axes: tensordot(da, b, axes=axes),
    b=lambda db, y, a, b, *, axes: tensordot(a, db, axes=axes),
)


@primitive
def dot(a: Array, b: Array) -> Array:
    """y = Σ over the last axis of a (…, k) and the last but one of b (…, k, m), or the only one of b (k)."""
    return np.dot(a, b)


def _dot_vjp_a(gy: Any, y: Any, a: Any, b: Any) -> Any:
    if _matrices(a, b):
        return dot(gy, b.T)
    if _scales(a, b):
        return gy * b
    return _tensordot_vjp_a(gy, y, a, b, axes=(-1, -2))  # of a vector, −2 is the only axis: they count modulo ndim


def _dot_vjp_b(gy: Any, y: Any, a: Any, b: Any) -> Any:
    if _matrices(a, b):
        return dot(a.T, gy)
    if _scales(a, b):
        return gy * a
    return _tensordot_vjp_b(gy, y, a, b, axes=(-1, -2))


def _matrices(a: Any, b: Any) -> bool:
    return np.ndim(a) == np.ndim(b) == 2


def _scales(a: Any, b: Any) -> bool:
    """Whether one of the two is a number, which multiplies the other."""
    return 0 in (np.ndim(a), np.ndim(b))


dot.vjp(a=_dot_vjp_a, b=_dot_vjp_b)
dot.jvp(a=lambda da, y, a, b: dot(da, b), b=lambda db, y, a, b: dot(a, db))
dot.symbol("@")


@primitive
def inner(a: Array, b: Array) -> Array:
    """y = Σ over the last axes of a (…, k) and b (…, k): x (B, I) with W (O, I) gives W applied to each row of x."""
    return np.inner(a, b)


def _inner_vjp_a(gy: Any, y: Any, a: Any, b: Any) -> Any:
    if _matrices(a, b):
        return dot(gy, b)
    if _scales(a, b):
        return gy * b
    return _tensordot_vjp_a(gy, y, a, b, axes=(-1, -1))


def _inner_vjp_b(gy: Any, y: Any, a: Any, b: Any) -> Any:
    if _matrices(a, b):
        return dot(gy.T, a)
    if _scales(a, b):
        return gy * a
    return _tensordot_vjp_b(gy, y, a, b, axes=(-1, -1))


inner.vjp(a=_inner_vjp_a, b=_inner_vjp_b)
inner.together(b=lambda gys, args: dot(np.concatenate(gys).T, np.concatenate([a for a, _ in args])))
inner.jvp(a=lambda da, y, a, b: inner(da, b), b=lambda db, y, a, b: inner(a, db))
inner.symbol("@")


@composite
def outer(a: Array, b: Array) -> Array:
    """y[i, j] = a[i]·b[j], both flattened."""
    return reshape(a, (-1, 1)) * reshape(b, (1, -1))


@composite
def trace(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """y = Σ a[…, i, …, i + offset, …]: the sum of a diagonal."""
    return sum_(diagonal(a, offset=offset, axis1=axis1, axis2=axis2), axis=-1)


def _letters(subscripts: str, ndims: Sequence[int]) -> tuple[list[str], str]:
    """Subscripts of the operands and of the output, with "…" spelt out and an implied output written down."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ShapeError(f"einsum: {subscripts!r} names {len(terms)} operands", got=f"{len(ndims)} operands")
    spare = [letter for letter in ascii_letters if letter not in text]
    widest = max([n - len(t.replace("...", "")) for t, n in zip(terms, ndims, strict=True) if "..." in t], default=0)
    broadcast = "".join(spare[:widest])
    full = []
    for term, ndim in zip(terms, ndims, strict=True):
        count = ndim - len(term.replace("...", ""))
        full.append(term.replace("...", broadcast[widest - count :] if count else ""))
        if len(full[-1]) != ndim:
            raise ShapeError(f"einsum: {term!r} does not name the axes of its operand", got=f"{ndim} axes")
    if not arrow:
        named = "".join(full)
        right = "..." + "".join(sorted(c for c in set(named) - set(broadcast) if named.count(c) == 1))
    return full, right.replace("...", broadcast)


Path: TypeAlias = bool | str | Sequence[Any]
Labels: TypeAlias = Sequence[int | EllipsisType]


@primitive
def einsum_(*xs: Array, subscripts: str) -> Array:
    """y = Σ over every axis letter that the output does not name: "tbi,hi->tbh"."""
    return np.einsum(subscripts, *xs)


def _einsum_vjp(gy: Any, y: Any, *xs: Any, needed: Sequence[bool], subscripts: str) -> list[Any]:
    terms, output = _letters(subscripts, [x.ndim for x in xs])
    return [_einsum_vjp_of(k, gy, xs, terms, output) if wanted else None for k, wanted in enumerate(needed)]


def _einsum_vjp_of(k: int, gy: Any, xs: Sequence[Any], terms: list[str], output: str) -> Any:
    factors = [(output, gy)] + [(term, x) for j, (term, x) in enumerate(zip(terms, xs, strict=True)) if j != k]
    spare = [letter for letter in ascii_letters if letter not in "".join([*terms, output])]
    target = ""
    for letter, size in zip(terms[k], xs[k].shape, strict=True):
        if letter in target:  # a diagonal was read: write to it through an identity matrix
            fresh = spare.pop()
            factors.append((letter + fresh, np.eye(size, dtype=xs[k].dtype)))
            letter = fresh
        elif size not in _sizes(letter, factors):  # as long here alone, and summed: every element gets the same
            factors.append((letter, np.ones(size, dtype=xs[k].dtype)))
        target += letter
    return einsum(",".join(term for term, _ in factors) + "->" + target, *(x for _, x in factors))


def _sizes(letter: str, factors: Sequence[tuple[str, Any]]) -> set[int]:
    """How long the axis of this letter is in the factors that have it: 1 is broadcast."""
    return {x.shape[term.index(letter)] for term, x in factors if letter in term}


def _einsum_jvp(dxs: Sequence[Any], y: Any, *xs: Any, subscripts: str) -> Any:
    total = None
    for k, dx in enumerate(dxs):
        if dx is not None:
            term = einsum(subscripts, *xs[:k], dx, *xs[k + 1 :])
            total = term if total is None else total + term
    return total


einsum_.vjp(xs=_einsum_vjp)
einsum_.jvp(xs=_einsum_jvp)


def _along_a_path(terms: list[str], output: str, operands: Sequence[Any], optimize: Any) -> Any:
    """Two factors at a time, in the order that NumPy finds cheapest."""
    try:
        path = np.einsum_path(",".join(terms) + "->" + output, *map(as_array, operands), optimize=optimize)[0]
    except (TypeError, KeyError) as error:
        raise OptionError(f"einsum: optimize={optimize!r:.60} is not a way to find a path", expected='True, False, '
                          '"greedy", "optimal" or a path', help=f"NumPy says: {error}") from None  # fmt: skip
    left = list(zip(terms, operands, strict=True))
    for places in path[1:]:
        taken = [left[k] for k in places]
        left = [factor for k, factor in enumerate(left) if k not in places]
        named = "".join(term for term, _ in taken)
        needed = output + "".join(term for term, _ in left)
        target = "".join(letter for letter in dict.fromkeys(named) if letter in needed) if left else output
        subscripts = ",".join(term for term, _ in taken) + "->" + target
        left.append((target, einsum_(*(x for _, x in taken), subscripts=subscripts)))
    return left[0][1]


def _spelt(given: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """NumPy's other form, a, [0, 1], b, [1, 2], [0, 2], in letters: ABC… for 0, 1, 2, …"""
    operands, lists = tuple(given[: len(given) // 2 * 2 : 2]), list(given[1::2])
    output = [given[-1]] if len(given) % 2 else []
    if not lists or not all(isinstance(axes, list | tuple) for axes in lists + output):
        raise DTypeError("einsum: the subscripts come first, as text, or as a list behind each operand",
                         expected='einsum("ij,j->i", a, b), or einsum(a, [0, 1], b, [1], [0])',
                         got=", ".join(type(x).__name__ for x in given))  # fmt: skip
    return "->".join([",".join(map(_term, lists)), *map(_term, output)]), operands


def _term(axes: Sequence[Any]) -> str:
    letters = ascii_uppercase + ascii_lowercase
    if not all(axis is Ellipsis or (is_number(axis, whole=True) and 0 <= axis < len(letters)) for axis in axes):
        raise DTypeError(f"einsum: {axes!r:.60} does not consist of labels", expected=f"0 … {len(letters) - 1}, or …")
    return "".join("..." if axis is Ellipsis else letters[axis] for axis in axes)


@overload
def einsum(subscripts: str, *operands: Numbers, optimize: Path = ...) -> Array: ...  # type: ignore[overload-overlap]  # without a Tensor
@overload
def einsum(subscripts: str, *operands: Operand, optimize: Path = ...) -> Tensor: ...
@overload
def einsum(subscripts: Tensor, operands: Labels, /, *more: Any, optimize: Path = ...) -> Tensor: ...
@overload
def einsum(subscripts: Array, operands: Labels, /, *more: Any, optimize: Path = ...) -> Any: ...
def einsum(subscripts: Any, *operands: Any, optimize: Path = False) -> Any:
    """y = Σ over every axis letter that the output does not name, as numpy.einsum reads `subscripts`.

    Args:
        subscripts: the letters of each operand's axes, and of the output's; or the first operand, and behind each one
            a list of numbers for its axes, the output's last.
        operands: as many as that.
        optimize: several operands are multiplied two at a time, along the path that numpy.einsum_path finds so.

    >>> einsum("ij,j->i", np.eye(2), np.array([3.0, 4.0]))
    array([3., 4.])
    >>> einsum(np.eye(2), [0, 1], np.array([3.0, 4.0]), [1], [0])
    array([3., 4.])
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _spelt([subscripts, *operands])
    if operands:
        terms, output = _letters(subscripts, [len(shape_of(x)) for x in operands])
        if optimize is not False:
            return _along_a_path(terms, output, operands, optimize)
    return einsum_(*operands, subscripts=subscripts)
