"""What a call in a loop becomes when it is made for all steps at once: the same op with an axis of T in front.

x_t W for each t      →   X W, one product over T·B rows
Σ_t  d_tᵀ h_t          →   Dᵀ H, one product over T·B rows instead of T products and their sum
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from tinygrad_rnn.compiler.passes.pack import PACK
from tinygrad_rnn.compiler.program import Argument, Call, Step, Value
from tinygrad_rnn.engine.op import REGISTRY, Op

__all__ = ["Wide", "is_elementwise", "is_light", "is_product", "widen"]

NAMED = frozenset({
    "divide", "where", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "isnan", "isinf",
    "isfinite", "logical_not", "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor",
    "invert", "astype_", "discretized", "round_", "identity", "detached",
})  # fmt: skip
VIEWS = frozenset({
    "getitem", "reshape", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "broadcast_to",
    "concatenate",
})  # fmt: skip
REDUCED = frozenset({
    "sum", "mean", "max", "min", "prod", "var", "std", "euclidean_norm", "logsumexp", "any", "all",
})  # fmt: skip
ALONG = frozenset({
    "softmax", "log_softmax", "cumsum", "cumprod", "sort", "argsort", "take_along_axis",
})  # fmt: skip
PRODUCTS = frozenset({
    "inner", "dot", "matmul",
})  # fmt: skip


def is_elementwise(op: Op) -> bool:
    """Whether it acts on each element alone."""
    return op.elementwise or op.name in NAMED or op.name.rstrip("_") in NAMED


def is_product(op: Op) -> bool:
    """Whether it is a product of matrices."""
    return op.name in PRODUCTS


def is_light(op: Op) -> bool:
    """Whether a call costs so little that it had better stay with those that read what it makes."""
    return is_elementwise(op) or op.name in VIEWS or op is PACK


@dataclass
class Wide:
    """The values of a loop's body that are there for all steps: each one's stack."""

    count: int
    stacks: dict[Value, Value]
    steps: list[Step] = field(default_factory=list)

    def call(
        self, op: str | Op, args: tuple[Argument, ...], static: Mapping[str, Any], shape: Any, dtype: Any
    ) -> Value:
        """One more call outside."""
        out = Value(tuple(shape), dtype)
        self.steps.append(Call(REGISTRY[op] if isinstance(op, str) else op, args, static, out))
        return out

    def reshape(self, x: Value, shape: tuple[int, ...]) -> Value:
        """The same numbers in another shape."""
        return x if x.shape == shape else self.call("reshape", (x,), {"shape": shape}, shape, x.dtype)

    def aligned(self, x: Argument, ndim: int) -> Argument:
        """A stack to broadcast against stacks of `ndim` axes a step; what is the same at each step as it is."""
        if not isinstance(x, Value) or x not in self.stacks:
            return x
        wide = self.stacks[x]
        missing = ndim - x.ndim
        return self.reshape(wide, (self.count, *(1,) * missing, *x.shape)) if missing > 0 else wide


Rule = Callable[[Wide, Call], Value | None]


def widen(wide: Wide, call: Call) -> Value | None:
    """The stack of what the call makes, None where this is not known for its op."""
    op = call.op
    if not any(x in wide.stacks for x in call.reads()):
        return None
    rule = (
        _elementwise
        if is_elementwise(op)
        else _packed
        if op is PACK
        else _along
        if op.name in ALONG
        else _reduced
        if op.name in REDUCED
        else _RULES.get(op.name)
    )
    return None if rule is None else rule(wide, call)


def can_widen(call: Call, stacked: set[Value]) -> bool:
    """Whether `widen` knows it."""
    trial = Wide(2, {x: Value((2, *x.shape), x.dtype) for x in call.reads() if x in stacked})
    return widen(trial, call) is not None


def _elementwise(wide: Wide, call: Call) -> Value | None:
    ndim = call.out.ndim
    if any(isinstance(x, Value) and x not in wide.stacks and x.ndim > ndim for x in call.args):
        return None
    args = tuple(wide.aligned(x, ndim) for x in call.args)
    return wide.call(call.op, args, call.static, (wide.count, *call.out.shape), call.out.dtype)


def _packed(wide: Wide, call: Call) -> Value | None:
    if any(x not in wide.stacks for x in call.args):
        return None
    places = tuple((slice(None), *(p if isinstance(p, tuple) else (p,))) for p in call.static["places"])
    shape = (wide.count, *call.out.shape)
    static = {**call.static, "places": places, "shape": shape}
    return wide.call(PACK, tuple(wide.stacks[x] for x in call.args), static, shape, call.out.dtype)


def _along(wide: Wide, call: Call) -> Value | None:
    axis, ndim = call.static.get("axis"), call.out.ndim
    if axis is None or type(axis) is not int:
        return None
    x = call.args[0]
    if not isinstance(x, Value) or x not in wide.stacks or any(y not in wide.stacks for y in call.reads()):
        return None
    static = {**call.static, "axis": axis % ndim + 1}
    args = tuple(wide.aligned(x, ndim) for x in call.args)
    return wide.call(call.op, args, static, (wide.count, *call.out.shape), call.out.dtype)


def _reduced(wide: Wide, call: Call) -> Value | None:
    x = call.args[0]
    if not isinstance(x, Value):
        return None
    axis = call.static["axis"]
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    moved = tuple(a % x.ndim + 1 for a in axes)
    if not moved:
        return None
    static = {**call.static, "axis": moved}
    return wide.call(call.op, (wide.stacks[x],), static, (wide.count, *call.out.shape), call.out.dtype)


def _getitem(wide: Wide, call: Call) -> Value | None:
    index = call.static["index"]
    parts = index if isinstance(index, tuple) else (index,)
    if not all(type(part) in (int, slice, type(None), type(Ellipsis)) for part in parts):
        return None
    static = {"index": (slice(None), *parts)}
    return wide.call("getitem", (wide.stacks[call.args[0]],), static, (wide.count, *call.out.shape), call.out.dtype)


def _reshaped(wide: Wide, call: Call) -> Value | None:
    return wide.reshape(wide.stacks[call.args[0]], (wide.count, *call.out.shape))


def _transposed(wide: Wide, call: Call) -> Value | None:
    ndim = call.out.ndim
    given = call.static["axes"]
    axes = tuple(reversed(range(ndim))) if given is None else tuple(a % ndim for a in given)
    static = {"axes": (0, *(a + 1 for a in axes))}
    shape = (wide.count, *call.out.shape)
    return wide.call("transpose", (wide.stacks[call.args[0]],), static, shape, call.out.dtype)


def _moved(wide: Wide, call: Call) -> Value | None:
    x = call.args[0]

    def places(axes: Any) -> Any:
        return tuple(a % x.ndim + 1 for a in ((axes,) if isinstance(axes, int) else axes))

    static = {name: places(axes) for name, axes in call.static.items()}
    if call.op.name == "swapaxes":
        static = {name: axes[0] for name, axes in static.items()}
    return wide.call(call.op, (wide.stacks[x],), static, (wide.count, *call.out.shape), call.out.dtype)


def _broadcast(wide: Wide, call: Call) -> Value | None:
    shape = (wide.count, *call.out.shape)
    return wide.call("broadcast_to", (wide.aligned(call.args[0], call.out.ndim),), {"shape": shape}, shape,
                     call.out.dtype)  # fmt: skip


def _concatenated(wide: Wide, call: Call) -> Value | None:
    axis = call.static["axis"]
    if axis is None or any(x not in wide.stacks for x in call.args):
        return None
    args = tuple(wide.stacks[x] for x in call.args)
    static = {"axis": axis % call.out.ndim + 1}
    return wide.call(call.op, args, static, (wide.count, *call.out.shape), call.out.dtype)


def _taken(wide: Wide, call: Call) -> Value | None:
    x, indices = call.args
    if x in wide.stacks or indices not in wide.stacks or call.static["axis"] not in (0, None):
        return None
    return wide.call("take", (x, wide.stacks[indices]), call.static, (wide.count, *call.out.shape), call.out.dtype)


def _product(wide: Wide, call: Call) -> Value | None:
    """x_t (…, k) by a matrix that is the same at each step: one product over all rows."""
    x, w = call.args
    if x not in wide.stacks or w in wide.stacks or not isinstance(w, Value) or w.ndim != 2 or x.ndim not in (1, 2):
        return None
    rows = wide.reshape(wide.stacks[x], (wide.count * prod(x.shape[:-1]), x.shape[-1]))
    flat = wide.call(call.op, (rows, w), call.static, (rows.shape[0], call.out.shape[-1]), call.out.dtype)
    return wide.reshape(flat, (wide.count, *call.out.shape))


_RULES: dict[str, Rule] = {
    "getitem": _getitem,
    "reshape": _reshaped,
    "expand_dims": _reshaped,
    "squeeze": _reshaped,
    "transpose": _transposed,
    "swapaxes": _moved,
    "moveaxis": _moved,
    "broadcast_to": _broadcast,
    "concatenate": _concatenated,
    "take": _taken,
    "inner": _product,
    "dot": _product,
    "matmul": _product,
}


def is_contracted(call: Call, changing: set[Value] | dict[Value, Value]) -> bool:
    """Whether the sum over the steps of what it makes can be made at once."""
    if call.op.name == "sum":
        return not call.static["keepdims"]
    return call.op.name in ("dot", "matmul") and all(x in changing and x.ndim == 2 for x in call.args)


def contract(wide: Wide, call: Call, out: Value) -> None:
    """Σ over the steps of what the call makes, into `out`: of products one product over all their rows."""
    if call.op.name == "sum":
        x = call.args[0]
        axis = call.static["axis"]
        axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        static = {"axis": (0, *(a % x.ndim + 1 for a in axes)), "keepdims": False}
        wide.steps.append(Call(call.op, (wide.stacks[x],), static, out))
        return
    a, b = call.args
    left, right = wide.stacks[a], wide.stacks[b]
    m, k = a.shape
    n = b.shape[1]
    columns = wide.call("transpose", (left,), {"axes": (1, 0, 2)}, (m, wide.count, k), left.dtype)
    flat = wide.reshape(columns, (m, wide.count * k))
    rows = wide.reshape(right, (wide.count * k, n))
    wide.steps.append(Call(REGISTRY["dot"], (flat, rows), {}, out))
