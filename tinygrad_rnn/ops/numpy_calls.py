"""NumPy's functions, called on Tensors: which op each of them is.

np.tanh(t)               t.__array_ufunc__(np.tanh, …)            →  tg.tanh(t)
np.sum(t, axis=0)        t.__array_function__(np.sum, …)          →  tg.sum(t, axis=0)
array + t                the ufunc np.add                         →  tg.add(array, t)
np.allclose(t, array)    a question about the values, no op       →  np.allclose of the values
np.ptp(t)                there is no such op                      →  DTypeError
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor, define
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import DTypeError
from tinygrad_rnn.ops import reduce, shape

OPS: dict[Any, Callable[..., Any]] = {}  # by the function of NumPy's
QUESTIONS = frozenset(
    {
        np.allclose, np.array2string, np.array_equal, np.array_equiv, np.array_repr, np.array_str, np.can_cast,
        np.count_nonzero, np.empty_like, np.full_like, np.iscomplexobj, np.isclose, np.isrealobj, np.may_share_memory,
        np.ndim, np.ones_like, np.result_type, np.save, np.savetxt, np.savez, np.savez_compressed, np.shape,
        np.shares_memory, np.size, np.zeros_like,
    }
)  # fmt: skip


def _ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """NumPy's ufunc on Tensors: the op of the same name."""
    if options or method != "__call__" or ufunc not in OPS:
        raise _refused(ufunc, method, options)
    return OPS[ufunc](*inputs)


def _refused(ufunc: Any, method: str, options: Mapping[str, Any]) -> DTypeError:
    if ufunc not in OPS or method != "__call__":
        return _no_op(ufunc.__name__ + ("" if method == "__call__" else f".{method}"))
    return DTypeError(
        f"np.{ufunc.__name__}: of a Tensor it takes no options",
        got=", ".join(options),
        help="array += t would lose the graph of t: write array + t" if "out" in options else "use the ops",
    )


def _function(
    self: Tensor, function: Any, types: Sequence[type], args: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """NumPy's function on Tensors: the op of the same name, or the answer for the values where no op is asked for."""
    if function in OPS:
        return OPS[function](*args, **options)
    if function in QUESTIONS:
        leaves, build = flatten([list(args), dict(options)])
        given, named = build([x._array if isinstance(x, Tensor) else x for x in leaves])
        return function(*given, **named)
    raise _no_op(function.__name__)


def _no_op(name: str) -> DTypeError:
    return DTypeError(
        f"np.{name}: there is no op of this name that records",
        expected="an op of this library",
        help=f"np.{name}(x.numpy()) computes with the values alone, and no gradient passes",
    )


def bind(ops: Mapping[str, Callable[..., Any]]) -> None:
    """Have NumPy's functions of these names, called on Tensors, be these ops."""
    OPS.update((getattr(np, name), op) for name, op in ops.items() if hasattr(np, name))
    OPS.update({np.amax: reduce.max_, np.amin: reduce.min_, np.linalg.norm: reduce.norm})
    OPS[np.ravel] = lambda a: shape.reshape(a, (-1,))
    define("__array_ufunc__", _ufunc)
    define("__array_function__", _function)
