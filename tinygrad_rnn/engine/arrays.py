"""The door for numbers from outside: what becomes a plain array here, and what is refused in words.

numbers, nested lists, arrays, memory maps, tables of numbers   →  a plain array
text, dates, objects, masked arrays, matrices, sparse matrices  →  DTypeError      ragged lists  →  ShapeError
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from tinygrad_rnn.errors import DTypeError, ShapeError, TinygradError

KINDS = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}
REAL = "biuf"


def as_plain(x: Any, owner: str, kinds: str = REAL) -> Any:
    """x as an array of numbers, of its own memory where it has some.

    Args:
        x: anything.
        owner: what was called, for the message.
        kinds: of the dtypes that are allowed.
    Raises:
        DTypeError: it does not consist of numbers of these kinds, or means more than its numbers, as a masked array
            does. ShapeError: it is ragged.

    >>> as_plain(np.ma.masked_equal([1.0, 2.0], 2.0), "tensor")
    Traceback (most recent call last):
    tinygrad_rnn.errors.DTypeError: tensor: a MaskedArray is more than its numbers
      expected  a plain array
      got       MaskedArray
      help      np.asarray(x) takes its numbers alone, and x.filled(0) fills what is masked
    """
    _check_plain(x, owner)
    try:
        array = np.asarray(x)
    except TinygradError:
        raise
    except ValueError as error:
        raise ShapeError(f"{owner}: the values are not a rectangular array of numbers", got=str(error)) from None
    except Exception as error:  # what another library says when it is asked for its numbers
        raise DTypeError(
            f"{owner}: the numbers of a {_kind(x)} cannot be read",
            expected="an array in the memory of this process, without a graph of its own",
            got=str(error).partition("\n")[0],
            help=_help(x),
        ) from None
    if array.dtype.kind not in kinds:
        raise DTypeError(
            f"{owner}: values of dtype {array.dtype} are not an array of numbers",
            expected=", ".join(dict.fromkeys(KINDS[kind] for kind in kinds)),
            got=f"{_kind(x)} {x!r:.60}".partition("\n")[0],
        )
    return array


def _help(x: Any) -> str:
    while isinstance(x, list | tuple) and x:
        x = x[0]
    if type(x).__module__.partition(".")[0] == "torch":
        return "pass x.detach().numpy(); of bfloat16, for which NumPy has no dtype, x.detach().float().numpy()"
    return "convert it to a NumPy array first"


def _check_plain(x: Any, owner: str) -> None:
    """Refuse an array, alone or in a list, that means more than its numbers: its operators are not those of arrays."""
    if isinstance(x, list | tuple):
        for item in x:
            if isinstance(item, list | tuple | np.ndarray):
                _check_plain(item, owner)
    elif isinstance(x, np.ndarray) and (
        type(x).__mul__ is not np.ndarray.__mul__ or type(x).__array_ufunc__ is not np.ndarray.__array_ufunc__
    ):
        filled = ", and x.filled(0) fills what is masked" if isinstance(x, np.ma.MaskedArray) else ""
        raise DTypeError(
            f"{owner}: a {type(x).__name__} is more than its numbers",
            expected="a plain array",
            got=type(x).__name__,
            help=f"np.asarray(x) takes its numbers alone{filled}",
        )


def real_dtype(dtype: Any, owner: str) -> np.dtype[Any]:
    """The dtype of this name. Raises DTypeError for one that there is not, or that is not one of real numbers."""
    if hasattr(dtype, "__array__") and not isinstance(dtype, type):  # NumPy would take that of the array
        raise DTypeError(f"{owner}: an array is not a dtype", help="pass its dtype: dtype=x.dtype")
    try:
        found = np.dtype(dtype)
    except (TypeError, ValueError) as error:
        raise DTypeError(f"{owner}: there is no dtype {dtype!r:.60}", help=f"NumPy says: {error}") from None
    if found.kind not in REAL:
        raise DTypeError(f"{owner}: {found} is not a dtype of real numbers", expected="bool, int, float")
    return found


def _kind(x: Any) -> str:
    module = type(x).__module__.partition(".")[0]
    return type(x).__name__ if module == "builtins" else f"{module}.{type(x).__name__}"


def joined(parts: Sequence[np.ndarray]) -> np.ndarray | None:
    """The vector whose parts these arrays are, one after another; None where they lie in memory otherwise.

    >>> whole = np.arange(6.0)
    >>> joined([whole[1:3], whole[3:].reshape(3, 1)])
    array([1., 2., 3., 4., 5.])
    >>> joined([whole[3:], whole[:3]])
    """
    base = parts[0].base if parts else None
    if not isinstance(base, np.ndarray) or base.ndim != 1 or not base.flags.c_contiguous:
        return None
    start = end = parts[0].ctypes.data
    for part in parts:
        if part.base is not base or part.dtype != base.dtype or not part.flags.c_contiguous or part.ctypes.data != end:
            return None
        end += part.nbytes
    first = (start - base.ctypes.data) // base.itemsize
    return base[first : first + (end - start) // base.itemsize]


def parted(whole: np.ndarray, shapes: Iterable[tuple[int, ...]]) -> Iterator[np.ndarray]:
    """The parts of a vector, each of its shape."""
    at = 0
    for shape in shapes:
        size = prod(shape)
        yield whole[at : at + size].reshape(shape)
        at += size
