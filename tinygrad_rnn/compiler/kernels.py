"""Kernels: elementwise calls as one loop over the elements, compiled by numba.

    i = σ(p + q), g = tanh(r), c′ = f·c + i·g, …    →    for j: for k: …        one call a step instead of thirty

What is written is Python; numba compiles it once for each structure, not for each size, and keeps it on disk. Products
stay in NumPy's BLAS. exp, tanh and σ of float32 are polynomials that vectorise: at most 1.1, 2.5 and 2.6 units in the
last place from the exact value (measured over all ranges by tests/compiler/test_kernels.py); float64 takes the C
library's.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import uuid
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.program import Call, Value

__all__ = [
    "FLOATS",
    "MOST",
    "SCALAR",
    "Spot",
    "available",
    "can_fuse",
    "compiled_kernel",
    "pairs",
    "prelude",
    "scalar",
    "written",
]

FLOATS = ("float32", "float64")
SCALAR: dict[str, str] = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "divide": "{0} / {1}",
    "negative": "-{0}", "square": "{0} * {0}", "sqrt": "np.sqrt({0})", "exp": "exp_({0})", "log": "np.log({0})",
    "abs": "abs({0})", "tanh": "tanh_({0})", "sigmoid": "sigmoid_({0})", "identity": "{0}", "detached": "{0}",
    "relu": "{0} if {0} > 0 or {0} != {0} else f(0)",
    "maximum": "{0} if {0} >= {1} or {0} != {0} else {1}", "minimum": "{0} if {0} <= {1} or {0} != {0} else {1}",
    "logistic_slope": "slope_({0})",
    "where": "{1} if {0} else {2}",
    "equal": "{0} == {1}", "not_equal": "{0} != {1}", "less": "{0} < {1}", "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}", "greater_equal": "{0} >= {1}",
}  # fmt: skip
MOST = 126  # pairs of arrays that LLVM checks for overlap before it gives up on vector instructions; it stops at 128

PRELUDE = '''"""Written by tinygrad_rnn.compiler.kernels; may be deleted at any time."""
import numpy as np
from numba import njit, types
from numba.extending import intrinsic

f = np.{dtype}
INF, NAN = f(np.inf), f(np.nan)
FLAGS = {{"fastmath": {{"contract"}}, "error_model": "numpy", "inline": "always"}}
'''
FLOAT32 = '''
@intrinsic
def bits(typing, i):
    """The float32 whose bits are those of an int32."""

    def build(context, builder, signature, args):
        return builder.bitcast(args[0], context.get_value_type(types.float32))

    return types.float32(types.int32), build


ROUNDING = f(12582912.0)  # 1.5·2²³: adding and subtracting it rounds to a whole number


@njit(**FLAGS)
def reduced(x):
    """x = n·ln 2 + r with |r| ≤ ln 2 / 2, and eʳ − 1; the coefficients are those of Cephes (Moshier 1992), expf."""
    n = (x * f(1.44269504088896341) + ROUNDING) - ROUNDING
    r = x - n * f(0.693359375) + n * f(2.12194440e-4)
    p = f(1.9875691500e-4)
    p = p * r + f(1.3981999507e-3)
    p = p * r + f(8.3334519073e-3)
    p = p * r + f(4.1665795894e-2)
    p = p * r + f(1.6666665459e-1)
    p = p * r + f(5.0000001201e-1)
    return np.int32(n), p * (r * r) + r


@njit(**FLAGS)
def power(n):
    """2ⁿ, for −127 < n < 128."""
    return bits((n + np.int32(127)) << np.int32(23))


@njit(**FLAGS)
def exp_(x):
    """2ⁿ·eʳ, in two factors where 2ⁿ alone is no number."""
    x = f(-104.0) if x < f(-104.0) else (f(89.0) if x > f(89.0) else x)
    n, q = reduced(x)
    half = n >> np.int32(1)
    return (q + f(1.0)) * power(half) * power(n - half)


@njit(**FLAGS)
def sigmoid_(x):
    return f(1.0) / (f(1.0) + exp_(-x))


@njit(**FLAGS)
def tanh_(x):
    """m/(m + 2) with m = e²ᵃ − 1 = 2ⁿ·(eʳ − 1) + (2ⁿ − 1), which loses nothing near 0; a = |x|, and 1 from 10 on."""
    a = abs(x)
    a = f(10.0) if a > f(10.0) else a
    n, q = reduced(a + a)
    two = power(n)
    m = q * two + (two - f(1.0))
    return np.copysign(m / (m + f(2.0)), x)


@njit(**FLAGS)
def slope_(x):
    e = exp_(-abs(x))
    return e / ((f(1.0) + e) * (f(1.0) + e))
'''
FLOAT64 = """
@njit(**FLAGS)
def exp_(x):
    return np.exp(x)


@njit(**FLAGS)
def tanh_(x):
    return np.tanh(x)


@njit(**FLAGS)
def sigmoid_(x):
    return f(1.0) / (f(1.0) + np.exp(-x))


@njit(**FLAGS)
def slope_(x):
    e = np.exp(-abs(x))
    return e / ((f(1.0) + e) * (f(1.0) + e))
"""


@cache
def available() -> bool:
    """Whether numba is installed, and not switched off by TINYGRAD_RNN_FAST=0."""
    return os.environ.get("TINYGRAD_RNN_FAST", "1") != "0" and importlib.util.find_spec("numba") is not None


class Spot:
    """Where a value lies: an array in C order, and what stands in each place of its index.

    Attributes:
        array: it, or the name of one that is there when the kernel is called.
        index: for each axis "j" (features), "k" (rows), ("t", shift), or a number.
    """

    __slots__ = ("array", "index")

    def __init__(self, array: Any, index: tuple[Any, ...]) -> None:
        self.array, self.index = array, index

    def view(self, t: int) -> np.ndarray:
        """The value of step t, its rows before its features."""
        place = tuple(
            slice(None) if part in ("j", "k") else part if isinstance(part, int) else t + part[1] for part in self.index
        )
        letters = [part for part in self.index if part in ("j", "k")]
        found: np.ndarray = self.array[(*place, ...)]
        return found.T if letters == ["j", "k"] else found

    def block(self, start: int, size: int) -> Spot | None:
        """Where some of its features lie; None where they are not one of several parts of equal size."""
        at = self.index.index("j")
        if isinstance(self.array, str) or self.array.shape[at] % size or start % size:
            return None
        shape = (*self.array.shape[:at], self.array.shape[at] // size, size, *self.array.shape[at + 1 :])
        return Spot(self.array.reshape(shape), (*self.index[:at], start // size, *self.index[at:]))

    @property
    def varies(self) -> bool:
        """Whether it lies elsewhere at each step."""
        return any(isinstance(part, tuple) for part in self.index)

    def text(self, name: str) -> str:
        """Its element, in a kernel."""
        parts = [
            str(p) if not isinstance(p, tuple) else "t" if p[1] == 0 else f"t + {p[1]}" for p in self.index
        ]  # fmt: skip
        return f"{name}[{', '.join(parts)}]"


def can_fuse(call: Call) -> bool:
    """Whether a call can stand in a kernel: an elementwise op that is known, on floats of one kind and booleans."""
    if call.op.name not in SCALAR or not str(getattr(call.op.forward, "__module__", "")).startswith("tinygrad_rnn"):
        return False
    kinds = {x.dtype.name for x in (*call.reads(), call.out)} - {"bool"}
    numbers = all(isinstance(x, Value | int | float | np.floating | np.integer) for x in call.args)
    return len(kinds) <= 1 and kinds <= set(FLOATS) and numbers and call.out.ndim in (1, 2)


def written(
    calls: Sequence[Call],
    shape: tuple[int, ...],
    reads: dict[Value, tuple[str, Spot]],
    writes: dict[Value, list[tuple[str, Spot]]],
    rows_inside: bool,
) -> str:
    """The source of a kernel.

    Args:
        calls: in order.
        shape: of what they make.
        reads: for each value that comes from outside the name of its array, and where in it.
        writes: for each that is kept the same, one or several times.
        rows_inside: whether the rows are the inner loop, as they are where features come first in memory.
    """
    floats = (x.dtype.name for call in calls for x in (call.out, *call.reads()) if x.dtype.kind == "f")
    dtype = next(floats, "float32")
    names = sorted({name for name, _ in reads.values()} | {name for each in writes.values() for name, _ in each})
    outer, inner = ("j", "k") if rows_inside else ("k", "j")
    held: list[str] = []
    inside: list[str] = []
    local: dict[Value, str] = {}
    for value, (name, spot) in reads.items():
        local[value] = f"v{len(local)}"
        fixed = inner not in spot.index
        (held if fixed else inside).append(f"{local[value]} = {spot.text(name)}")
    for call in calls:
        local[call.out] = f"v{len(local)}"
        inside.append(f"{local[call.out]} = {scalar(call, local)}")
        for name, spot in writes.get(call.out, ()):
            inside.append(f"{spot.text(name)} = {local[call.out]}")
    ranges = {"j": "H", "k": "B"}
    body = [f"for {outer} in range({ranges[outer]}):", *(f"    {line}" for line in held)]
    body += [f"    for {inner} in range({ranges[inner]}):", *(f"        {line}" for line in inside)]
    return "\n".join(
        [
            prelude(dtype),
            '@njit(cache=True, fastmath={"contract"}, error_model="numpy", nogil=True)',
            f"def kernel(t, H, B, {', '.join(names)}):",
            *(f"    {line}" for line in body),
            "",
        ]
    )


def prelude(dtype: str) -> str:
    """What stands before a kernel for floats of this kind."""
    return PRELUDE.format(dtype=dtype) + (FLOAT32 if dtype == "float32" else FLOAT64) + "\n"


def scalar(call: Call, local: dict[Value, str]) -> str:
    """One element of what a call makes, of those of its arguments."""
    chooses = call.op.name == "where"

    def text(k: int, arg: Any) -> str:
        if not isinstance(arg, Value):
            return (
                f"f({float(arg)!r})"
                if np.isfinite(float(arg))
                else {"inf": "INF", "-inf": "-INF"}.get(str(float(arg)), "NAN")
            )
        is_mask = arg.dtype == bool
        return f"f({local[arg]})" if is_mask and not (chooses and k == 0) else local[arg]

    return SCALAR[call.op.name].format(*(text(k, arg) for k, arg in enumerate(call.args)))


def _stored(cache: Path, name: str, source: str) -> Path:
    """The file of a kernel, written whole."""
    folder = cache / "tinygrad_rnn" / "kernels"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != source:
        fresh = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
        fresh.write_text(source, encoding="utf-8")
        fresh.replace(path)
    return path


def pairs(reads: int, writes: int) -> int:
    """How many pairs of places LLVM has to know apart."""
    return writes * reads + writes * (writes - 1) // 2


@cache
def compiled_kernel(source: str) -> Callable[..., None]:
    """The kernel of this source, from disk where it was compiled before."""
    name = "kernel_" + hashlib.sha256(source.encode()).hexdigest()[:24]
    try:
        path = _stored(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"), name, source)
    except OSError:  # nothing can be kept there: compiled again in the next process
        path = _stored(Path(tempfile.mkdtemp(prefix="tinygrad_rnn_")), name, source)
    spec = importlib.util.spec_from_file_location(f"tinygrad_rnn_kernels.{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    kernel: Callable[..., None] = module.kernel
    return kernel
