"""What may stand in the place of a right argument: every kind of bad input, and what it means in plain NumPy.

right [[1., 2.]]   →   ("pandas", DataFrame([[1., 2.]]), [[1., 2.]])      it means an array: taken, it must act as it
                       ("text", [["1.0", "2.0"]], NOTHING)                it means no numbers
right 0            →   ("axes", 99, 99)                                   an option: it means itself
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import date
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

import tinygrad_rnn as tg

NOTHING = object()


class Bad(NamedTuple):
    """A value in the place of a right argument, and the plain value that it stands for."""

    kind: str
    value: Any
    meaning: Any


def plain(x: Any) -> Any:
    """The same with arrays in the place of Tensors."""
    if isinstance(x, list | tuple):
        return type(x)(map(plain, x))
    return x.data if isinstance(x, tg.Tensor) else x


def is_data(right: Any) -> bool:
    """Whether an argument is numbers to compute with, and not an option."""
    return isinstance(right, tg.Tensor | np.ndarray) or (isinstance(right, list | tuple) and any(map(is_data, right)))


def kinds(right: Any) -> Iterator[Bad]:
    """Everything that may stand in the place of a right argument."""
    for kind, value in MEANINGLESS.items():
        yield from (Bad(kind, each, NOTHING) for each in value())
    if isinstance(right, list | tuple) and is_data(right) and not isinstance(right[0], list | tuple):
        first, *rest = right
        for bad in of_array(np.asarray(plain(first))):
            meaning = NOTHING if bad.meaning is NOTHING else type(right)([bad.meaning, *plain(rest)])
            yield Bad(bad.kind, type(right)([bad.value, *rest]), meaning)
        yield Bad("sizes", right[:0], plain(right[:0]))
        yield Bad("sizes", [*right, right[0]], plain([*right, right[0]]))
    elif isinstance(right, tg.Tensor | np.ndarray):
        yield from of_array(np.asarray(plain(right)))
    elif isinstance(right, dict) and right:
        name, value = next(iter(right.items()))
        rest = {key: each for key, each in right.items() if key != name}
        for bad in of_array(np.asarray(plain(value))):
            yield Bad(
                bad.kind, {name: bad.value, **rest}, NOTHING if bad.meaning is NOTHING else {name: bad.meaning, **rest}
            )
        yield from (Bad("sizes", each, NOTHING) for each in (rest, {**right, "other": value}, {**right, 7: value}))
    else:
        yield from of_option()


def some(*values: Any) -> Callable[[], list[Any]]:
    return lambda: list(values)


# what means no array of numbers, in the place of whatever argument; made anew for each, as a generator is used up
MEANINGLESS: dict[str, Callable[[], list[Any]]] = {
    "None": some(None),
    "text": lambda: ["text", "", b"bytes", ["a", "b"], np.array("text"), np.array(["1.0"]), np.array([b"1"])],
    "ragged": lambda: [[[1.0], [2.0, 3.0]], [1.0, [2.0]], [[1, 2, 3], [4, 5, 6], [7, 8]]],
    "object": lambda: [
        object(), {}, {"x": 1.0}, {1.0, 2.0}, len, int, (k for k in range(3)), iter([1.0]), slice(None), ..., np,
        NotImplemented, np.array(None), np.array([None, 1.0]), np.array({}), [object()], [None], Lying(), 10**400,
    ],
    "complex": lambda: [1j, np.complex64(1j), np.array(1j), [1j, 2.0]],
    "dates": lambda: [date(2000, 1, 1), np.datetime64("2000-01-01"), np.timedelta64(1, "D"), [np.datetime64("NaT")],
                      np.array(["2000-01-01"], "M8[s]")],
    "structured": lambda: [np.zeros((), [("a", float)]), np.void(b"ab"), np.zeros(3, [("a", int), ("b", float)])],
}  # fmt: skip


class Lying:
    """It says that it is an array, and is not when it is asked."""

    shape, dtype, ndim = (3, 3), np.dtype(float), 2

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("there is no array after all")


def of_array(a: Any) -> Iterator[Bad]:
    """An array in other forms, of other kinds, shapes and values."""
    yield from (Bad("text", each, NOTHING) for each in (a.astype(str), a.astype(bytes)))
    yield from (Bad("object", each, NOTHING) for each in (a.astype(object), [a, None]))
    yield from (Bad("complex", each, NOTHING) for each in (a + 0j, (a + 0j).astype(np.complex64), (a + 1j).tolist()))
    yield from (Bad("dates", np.zeros(a.shape, dtype), NOTHING) for dtype in ("M8[D]", "m8[s]"))
    yield Bad("structured", np.zeros(a.shape, [("a", float)]), NOTHING)
    yield Bad("masked", np.ma.masked_array(a, mask=np.arange(a.size).reshape(a.shape) % 2 == 0), NOTHING)
    yield Bad("masked", np.ma.masked_array(a), NOTHING)
    if a.ndim == 2:
        with warnings.catch_warnings(action="ignore"):
            yield Bad("matrix", np.matrix(a), NOTHING)
    yield from (Bad("foreign", value, meaning) for value, meaning in of_frameworks(a))
    yield from (Bad("pandas", value, meaning) for value, meaning in of_pandas(a))
    yield from (Bad("sparse", value, NOTHING) for value in of_scipy(a))
    axes = [a[None], a[..., None], a.ravel(), np.zeros((1,) * 9, a.dtype), a.ravel()[0], a.ravel()[:1].reshape(1, 1)]
    yield from (Bad("ndim", each, each) for each in axes)
    sides = [np.zeros(0, a.dtype), *(np.concatenate([a, a], axis=k) for k in range(a.ndim))]
    sides += [a.take(range(n), axis=k) for k in range(a.ndim) for n in {0, 1, a.shape[k] - 1}]
    yield from (Bad("sizes", each, each) for each in sides)
    dtypes = [bool, np.int8, np.uint8, np.float16, np.float32, np.longdouble, ">f8", ">i4"]
    with np.errstate(all="ignore"):
        yield from (Bad("dtype", a.astype(dtype), a.astype(dtype)) for dtype in dtypes)
    floats = a.astype(float)
    values = [floats + 0.5, floats * np.nan, floats + np.inf, floats * 0, -1 - 1 * a, a + 1000, floats]
    yield from (Bad("values", each, each) for each in values)
    frozen, memory = a.copy(), a.copy().view(np.memmap)
    frozen.flags.writeable = False
    forms = [a.tolist(), frozen, memory, np.asfortranarray(a), a[::-1][::-1] if a.ndim else a, tg.tensor(a)]
    yield from (Bad("layout", each, a) for each in forms)


def of_frameworks(a: Any) -> Iterator[tuple[Any, Any]]:
    """(the array in torch and JAX, the numbers that it has there)."""
    if find_spec("torch"):
        import torch

        t = torch.tensor(a)
        yield t, a
        if a.dtype.kind == "f":
            yield t.to(torch.bfloat16), NOTHING
            yield t.requires_grad_(), NOTHING
            yield torch.nn.Parameter(t.detach()), NOTHING
            yield t.detach().to(torch.complex64), NOTHING
            yield t.detach().to("meta"), NOTHING
        yield torch.tensor(a).to_sparse() if a.ndim else t.detach(), NOTHING if a.ndim else a
    if find_spec("jax"):
        import jax.numpy as jnp

        yield jnp.asarray(a), np.asarray(jnp.asarray(a))
        yield jnp.asarray(a, jnp.bfloat16), NOTHING


def of_pandas(a: Any) -> Iterator[tuple[Any, Any]]:
    """(the array in pandas, the numbers that it has there)."""
    if not find_spec("pandas") or a.ndim not in (1, 2) or not a.size:
        return
    import pandas as pd

    with warnings.catch_warnings(action="ignore"):
        make = pd.Series if a.ndim == 1 else pd.DataFrame
        yield make(a), a
        yield make(a).astype(object), NOTHING
        yield make(a).astype(str), NOTHING
        gaps = make(np.arange(a.size).reshape(a.shape)).astype("Int64")
        gaps.iloc[0] = pd.NA
        yield gaps, gaps.to_numpy(float, na_value=np.nan)
        if a.ndim == 1:
            yield pd.Series(pd.Categorical(a)), a
            yield pd.Index(a), a
            yield pd.date_range("2000-01-01", periods=a.size), NOTHING
            yield pd.arrays.SparseArray(a), a


def of_scipy(a: Any) -> Iterator[Any]:
    if find_spec("scipy") and a.ndim == 2 and a.dtype.kind in "fi":
        from scipy import sparse

        yield from (make(a) for make in (sparse.csr_matrix, sparse.csr_array, sparse.coo_array, sparse.dia_matrix))


def of_option() -> Iterator[Bad]:
    """What may stand in the place of an axis, a size, a number, a flag, a name."""
    axes = [
        99,
        -99,
        (0, 0),
        (0, 1),
        (0, 99),
        [0],
        [0, 1],
        "0",
        True,
        np.int64(1),
        np.array(0),
        np.array([0, 1]),
        ((0,),),
    ]
    sizes = [-1, 0, 10**20, -(10**20), (3, -1), (-1, -1), (10**20,), (), [], (3.0, 3.0), [1, [2]], ((1, 2), (3, 4))]
    numbers = [1.5, -1.5, float("nan"), float("inf"), 1e400, np.float32(0.5), np.array(0.5), np.array([0.5, 0.5])]
    yield from (Bad("axes", each, each) for each in axes)
    yield from (Bad("sizes", each, each) for each in sizes)
    yield from (Bad("values", each, each) for each in numbers)
    yield Bad("masked", np.ma.masked_array([0, 1], mask=[True, False]), NOTHING)
    yield Bad("masked", np.ma.masked, NOTHING)
    with warnings.catch_warnings(action="ignore"):
        yield Bad("matrix", np.matrix([[0, 1]]), NOTHING)
    for each in (0, 0.5, True, [0, 1]):
        yield Bad("layout", tg.tensor(each), each)
        means = each if np.ndim(each) == 0 else np.array(each)  # a number of another library is that number
        for value, meaning in of_frameworks(np.array(each)):
            yield Bad("foreign", value, NOTHING if meaning is NOTHING else means)
    for ids in (np.array([0, 1]), np.array([[0, 1]])):
        yield from (Bad("pandas", value, meaning) for value, meaning in of_pandas(ids))
        yield from (Bad("sparse", value, NOTHING) for value in of_scipy(ids))
