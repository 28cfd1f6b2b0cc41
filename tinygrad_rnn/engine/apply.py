"""Calling an op: run its forward on the arrays, refuse in our words what NumPy refuses, record a node.

    arguments → arrays → forward → y         on arrays alone that is all: y is NumPy's
                                   y → Node → Tensor      where an argument requires grad

One argument, two, and one with options have a function of their own, since every step of every network runs through
them; `apply_any` is what all three are special cases of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import EllipsisType, NoneType
from typing import Any

import numpy as np

from tinygrad_rnn.engine.anomaly import check_finite
from tinygrad_rnn.engine.arrays import REAL, as_plain
from tinygrad_rnn.engine.context import CONTEXT, Context
from tinygrad_rnn.engine.node import Leaf, Node
from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.engine.tensor import Array, Tensor, cut_from, from_array
from tinygrad_rnn.errors import DTypeError, GraphError, OptionError, ShapeError, TinygradError, caller, unknown_option

REAL_OR_COMPLEX = REAL + "c"
_LEAKS = (ValueError, TypeError, IndexError, OverflowError)
_SCALARS = frozenset({int, float, bool, complex, np.float64, np.float32, np.int64, np.bool_})
_PLAIN = frozenset({int, bool, float, str, slice, NoneType, type, EllipsisType})
_NOTHING: Mapping[str, Any] = {}
_MISSING = object()  # None is a wrong argument, not a missing one
_ndarray = np.ndarray


def apply_one(op: Op, forward: Callable[..., Any]) -> Callable[..., Any]:
    def apply(x: Any) -> Any:
        try:
            value = x._array if isinstance(x, Tensor) else as_array(x, op.name)
            y = forward(value)
        except _LEAKS as error:
            raise refusal(op, error, (x,), _NOTHING) from None
        if not isinstance(x, Tensor):
            return y
        if type(y) is not _ndarray:
            y = np.asarray(y)
        now = CONTEXT.get()
        if now.anomaly:
            check_finite(op, y, now)
        node = x._node
        if node is None or not (node.requires_grad and now.recording and op.differentiable):
            return _unrecorded(op, (x,), (value,), _NOTHING, y, now)
        return from_array(y, _node(op, (node,), (value,), _NOTHING, y, now))

    return apply


def apply_two(op: Op, forward: Callable[..., Any], defers: bool = False) -> Callable[..., Any]:
    """With `defers`, as Python's operators do it: NotImplemented for what is unknown here, which may know us."""

    def apply(a: Any, b: Any) -> Any:
        try:
            u = a._array if isinstance(a, Tensor) else as_array(a, op.name)
            v = b._array if isinstance(b, Tensor) else as_array(b, op.name)
            y = forward(u, v)
        except _LEAKS as error:
            if defers and not (_is_known(a) and _is_known(b)):
                return NotImplemented
            raise refusal(op, error, (a, b), _NOTHING) from None
        if isinstance(a, Tensor):
            m, n = a._node, None
            if isinstance(b, Tensor):
                n = b._node
            else:
                check_numbers(op, v)
        elif isinstance(b, Tensor):
            m, n = None, b._node
            check_numbers(op, u)
        else:
            return y
        if type(y) is not _ndarray:
            y = np.asarray(y)
        now = CONTEXT.get()
        if now.anomaly:
            check_finite(op, y, now)
        if not now.recording or not op.differentiable:
            return _unrecorded(op, (a, b), (u, v), _NOTHING, y, now)
        if m is not None and n is not None:
            if m.requires_grad or n.requires_grad:
                return from_array(y, _node(op, (m, n), (u, v), _NOTHING, y, now))
        elif (m is not None and m.requires_grad) or (n is not None and n.requires_grad):
            if m is None:
                m, u = retained(a, u, now)
            else:
                n, v = retained(b, v, now)
            return from_array(y, _node(op, (m, n), (u, v), _NOTHING, y, now))
        return _unrecorded(op, (a, b), (u, v), _NOTHING, y, now)

    return apply


def apply_one_static(op: Op, forward: Callable[..., Any]) -> Callable[..., Any]:
    names = frozenset(op.static)
    first, defaults = op.static[0], op.defaults

    def apply(x: Any = _MISSING, *rest: Any, **static: Any) -> Any:
        if len(rest) == 1 and not static:
            static = {first: rest[0]}
        elif rest and not static and len(rest) <= len(op.static):
            static = dict(zip(op.static, rest, strict=False))
        elif rest or x is _MISSING or not static.keys() <= names:
            args = (x, *rest) if x is not _MISSING else rest
            if op.wider is not None and op.needs_wider(static):
                return op.wider(*args, **_by_our_names(op, static))
            (x,), static = _bind(op, args, static)
        if static.keys() != names:
            static = {**defaults, **static}
            if static.keys() != names:
                _bind(op, (x,), static)
        for name, value in static.items():
            if type(value) not in _PLAIN:
                static[name] = _frozen(value)
        try:
            value = x._array if isinstance(x, Tensor) else as_array(x, op.name)
            y = forward(value, **static)
        except _LEAKS as error:
            raise refusal(op, error, (x,), static) from None
        if not isinstance(x, Tensor):
            return y
        if type(y) is not _ndarray:
            y = np.asarray(y)
        now = CONTEXT.get()
        if now.anomaly:
            check_finite(op, y, now)
        node = x._node
        if node is None or not (node.requires_grad and now.recording and op.differentiable):
            return _unrecorded(op, (x,), (value,), static, y, now)
        return from_array(y, _node(op, (node,), (value,), static, y, now))

    return apply


def apply_any(op: Op, forward: Callable[..., Any]) -> Callable[..., Any]:
    arity = len(op.params)

    def apply(*args: Any, **static: Any) -> Any:
        if not op.variadic and len(args) != arity:
            if op.wider is not None and op.needs_wider(static):
                return op.wider(*args, **_by_our_names(op, static))
            args, static = _bind(op, args, static)
        static = {**op.defaults, **{name: _frozen(value) for name, value in static.items()}}
        if static.keys() != set(op.static):
            _bind(op, args, static)
        try:
            values = tuple(
                x._array if isinstance(x, Tensor) else None if x is None and op.optional else as_array(x, op.name)
                for x in args
            )
            y = forward(*values, **static)
        except _LEAKS as error:
            raise refusal(op, error, args, static) from None
        if not any(isinstance(x, Tensor) for x in args):
            return y
        for value in values:
            check_numbers(op, value)
        if type(y) is not _ndarray:
            y = np.asarray(y)
        now = CONTEXT.get()
        if now.anomaly:
            check_finite(op, y, now)
        if not (now.recording and op.differentiable and any(isinstance(x, Tensor) and x.requires_grad for x in args)):
            return _unrecorded(op, args, values, static, y, now)
        inputs, values = zip(*(retained(x, value, now) for x, value in zip(args, values, strict=True)), strict=True)
        return from_array(y, _node(op, inputs, values, static, y, now))

    return apply


def _bind(op: Op, args: tuple[Any, ...], static: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Sort what was passed into array arguments and static ones, as Python would for a NumPy signature."""
    static = _by_our_names(op, static)
    names = (*op.params, *op.static)
    given = {**op.optional, **dict(zip(names, args, strict=False)), **static}
    if op.variadic:
        given, names = static, op.static
    known = {**dict.fromkeys(op.params if not op.variadic else ()), **given}
    missing = [name for name in names if name not in given and name not in op.defaults]
    unknown = [name for name in known if name not in names]
    twice = [name for name in names[: len(args)] if name in static] if not op.variadic else []
    if unknown:
        raise unknown_option(op.name, unknown[0], names)
    if missing or twice or len(args) > len(names):
        fault = (
            f"{missing[0]} is missing" if missing else f"{twice[0]} is given twice" if twice else "too many arguments"
        )
        raise OptionError(
            f"{op.name}: {fault}", expected=f"{op.name}({', '.join(names)})", got=f"{len(args)} arguments"
        )
    return tuple(given[name] for name in op.params), {name: given[name] for name in op.static if name in given}


def _by_our_names(op: Op, static: dict[str, Any]) -> dict[str, Any]:
    return {op.aliases.get(name, name): value for name, value in static.items()}


def as_array(x: Any, owner: str = "an op") -> Any:
    """The array of an argument; a Python number stays one, so that NumPy's weak promotion applies."""
    kind = type(x)
    if kind is _ndarray or kind in _SCALARS:
        return x
    if isinstance(x, Tensor):
        return x._taken(owner)
    return as_plain(x, owner, REAL_OR_COMPLEX)  # complex: NumPy's, as long as nothing is recorded


def array_of(x: Any, owner: str = "an op") -> Any:
    """What has a shape: a Tensor itself, the array of anything else."""
    return x if isinstance(x, Tensor) else np.asarray(as_array(x, owner))


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an argument; of a Tensor nothing else is looked at."""
    return x.shape if isinstance(x, Tensor) else np.shape(as_array(x))


def check_numbers(op: Op, value: Any) -> None:
    """Raise DTypeError for what does not consist of numbers, of real ones while ops are recorded: a Tensor meets it."""
    kind = value.dtype.kind if type(value) is _ndarray else "c" if type(value) is complex else "f"
    if kind == "c" and CONTEXT.get().recording:
        raise DTypeError(
            f"{op.name}: a Tensor meets complex numbers, and a gradient is a matter of real numbers",
            expected="bool, int, float",
            got=f"{value!r:.60}",
            help=_PARTS,
        )
    if kind not in REAL_OR_COMPLEX:
        as_plain(value, op.name)


def _is_known(x: Any) -> bool:
    """Whether it is for us to say that an operand does not fit."""
    return isinstance(x, Tensor | np.generic | int | float | complex | list | tuple) or hasattr(type(x), "__array__")


def _frozen(value: Any) -> Any:
    """A static argument as the record may keep it: Tensors by value, arrays copied, containers rebuilt."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, _ndarray):
        array = as_plain(value, "an option", REAL_OR_COMPLEX)
        return array.copy() if array.ndim else array.item()
    if isinstance(value, Tensor):
        if value.requires_grad and CONTEXT.get().recording:
            raise GraphError(
                "an option requires grad, but no gradient can reach an option",
                got=repr(value.node.title),
                help="pass its detach()",
            )
        return _frozen(as_array(value))
    if isinstance(value, tuple | list):
        if isinstance(value, tuple) and _PLAIN.issuperset(map(type, value)):
            return value
        return type(value)(_frozen(item) for item in value)
    if hasattr(type(value), "__array__") and not isinstance(value, np.generic):  # another library's array
        return _frozen(as_plain(value, "an option", REAL_OR_COMPLEX))
    return int(value) if isinstance(value, np.generic) and value.dtype.kind in "iu" else value


def retained(x: Any, value: Any, now: Context) -> tuple[Node | None, Any]:
    """The node and the array that a record may keep of an argument: the user's own arrays are copied."""
    if isinstance(x, Tensor):
        return x.node, value
    if isinstance(value, _ndarray):
        value, given = value.copy(), value
        if now.frozen is not None:
            now.frozen.kept(value, given)
        return Leaf(value, now, False, 0, _nobody), value
    if now.frozen is not None and x is not None:
        now.frozen.number(x)
    return None, value


def _unrecorded(
    op: Op, args: tuple[Any, ...], values: tuple[Any, ...], static: Mapping[str, Any], y: Array, now: Context
) -> Tensor:
    """y, through which no gradient will flow: recorded all the same under tracing.

    Outside any step, what is made of a detached value is still cut from where that one was.
    """
    if y.dtype.kind not in REAL_OR_COMPLEX:
        raise _not_numbers(op, values, y)
    if now.tracing:
        inputs, kept = zip(*(retained(x, value, now) for x, value in zip(args, values, strict=True)), strict=True)
        return from_array(y, Node(op, inputs, kept, static, y, now, False))
    if now.recording and now.step is None:
        for x in args:
            if isinstance(x, Tensor) and isinstance(x._node, Leaf) and x._node.cut and not x._node.requires_grad:
                return cut_from(x, y)
    return from_array(y, None)


def _nobody() -> None:
    return None


def _node(
    op: Op, inputs: tuple[Node | None, ...], args: tuple[Any, ...], static: Mapping[str, Any], y: Array, now: Context
) -> Node:
    node = Node(op, inputs, args, static, y, now, True)
    if node.dtype.kind != "f":
        raise _not_numbers(op, args, y)
    if now.anomaly:
        node.source = caller()
    return node


def _not_numbers(op: Op, values: tuple[Any, ...], y: Array) -> DTypeError:
    """The error for an output that no gradient can pass through, or that does not consist of numbers at all."""
    return DTypeError(
        f"{op.name}: the output is {y.dtype}, and a gradient is a matter of real numbers",
        expected="float16, float32 or float64",
        got=signature(op.params, values),
        where=str(CONTEXT.get()),
        help=_PARTS
        if y.dtype.kind == "c"
        else "declare an op of integers with @nondifferentiable"
        if y.dtype.kind in REAL
        else "does the forward return?",
    )


_PARTS = "compute with the real and the imaginary part, each a Tensor of its own"


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


def _formula(op: Op) -> str:
    """What an op computes, as its docstring begins: "y = x²", without the derivative, which follows two spaces."""
    return op.doc.strip().splitlines()[0].partition(".  ")[0].rstrip(".") if op.doc.strip() else ""


def _seen(x: Any) -> Any:
    """An argument as the forward saw it, for a message."""
    try:
        return as_array(x)
    except TinygradError:
        return x


def refusal(op: Op, error: Exception, values: tuple[Any, ...], static: Mapping[str, Any]) -> Exception:
    """Our error for one that NumPy raised inside a forward."""
    if isinstance(error, TinygradError):
        return error
    kind = DTypeError if isinstance(error, TypeError) else ShapeError
    options = ", ".join(f"{name}={value!r:.60}" for name, value in static.items() if value is not None)
    values = tuple(map(_seen, values))
    shapes = [str(v.shape) for v in values if isinstance(v, np.ndarray)]
    types = " and ".join(str(v.dtype if isinstance(v, np.ndarray) else type(v).__name__) for v in values)
    fit = "does not fit" if len(shapes) == 1 else "do not fit"
    what = f"{types} cannot be used" if kind is DTypeError else f"{' and '.join(shapes) or 'these arguments'} {fit}"
    return kind(
        f"{op.name}: {what}" + (f" with {options}" if options else ""),
        expected=_formula(op),
        got=signature(op.params, values),
        where=str(CONTEXT.get()),
        help=f"NumPy says: {error}".splitlines()[0],
    )
