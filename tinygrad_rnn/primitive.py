"""How an op is declared: the forward in NumPy, then its derivative rules, in one block.

    @primitive                                                   y = f(x₁, x₂, …; static)
    def matmul(a, b): return np.matmul(a, b)
    matmul.vjp(a=lambda gy, y, a, b: gy @ mT(b), …)              gy → gx, one rule per argument
    matmul.jvp(a=lambda da, y, a, b: da @ b, …)                  dx → dy, terms that add up

    @elementwise(x=lambda y, x: …)     dy/dx, both modes follow
    @linear(transpose=…)               its jvp is itself
    @nondifferentiable                 integers or booleans come out

Positional parameters are arrays; keyword-only ones are static, and may be passed by position as in NumPy. Called on
arrays an op is the NumPy function; called on Tensors it also records a node. Rules are written with ops, so run on
arrays they are plain NumPy and run on Tensors they are recorded themselves: that is all there is to higher orders.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from types import EllipsisType, NoneType
from typing import Any, Protocol, cast

import numpy as np

from tinygrad_rnn.errors import DTypeError, GraphError, ShapeError
from tinygrad_rnn.graph import MODE, Leaf, Mode, Node
from tinygrad_rnn.messages import caller, check_finite, refusal
from tinygrad_rnn.tensor import Array, Tensor, wrap

Rule = Callable[..., Any]
REGISTRY: dict[str, Op] = {}


class Op:
    """What the engine knows of an op.

    Attributes:
        params: the names of its array arguments; with `variadic`, the one name that stands for all of them.
        defaults, optional: the defaults of its static arguments, and of its array arguments.
        vjps, jvps: a rule per array argument, None where nothing flows. A variadic op has one joint rule.
        into: adds a cotangent of argument 0 to a buffer in place, where the cotangent is mostly zeros.
        together: by argument, one rule for many uses of the same value: all their cotangents in one computation.
        differentiable: False when the output is not a smooth function of anything.
    """

    def __init__(self, forward: Callable[..., Any], differentiable: bool = True) -> None:
        parameters = inspect.signature(forward).parameters.values()
        arrays = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
        self.name = forward.__name__.rstrip("_")
        self.forward = forward
        self.doc = forward.__doc__ or ""
        self.params = tuple(p.name for p in arrays)
        self.variadic = arrays[0].kind is inspect.Parameter.VAR_POSITIONAL
        self.static = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        self.defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is not p.empty}
        self.optional = {p.name: p.default for p in arrays if p.default is not p.empty}
        self.vjps: list[Rule | None] = [None] * len(self.params)
        self.jvps: list[Rule | None] = [None] * len(self.params)
        self.into: Rule | None = None
        self.together: dict[int, Rule] = {}
        self.differentiable = differentiable
        self.public: Primitive

    def by_position(self, rules: Mapping[str, Rule]) -> dict[int, Rule]:
        """Rules keyed by argument name, by the argument's position instead."""
        unknown = [name for name in rules if name not in self.params]
        if unknown:
            raise TypeError(f"{self.name} has no array argument {unknown[0]!r}: it takes {', '.join(self.params)}")
        return {self.params.index(name): rule for name, rule in rules.items()}

    def set_rules(self, table: list[Rule | None], rules: Mapping[str, Rule]) -> None:
        for k, rule in self.by_position(rules).items():
            table[k] = rule

    def __repr__(self) -> str:
        return f"<op {self.name}>"


class Primitive(Protocol):
    """A declared op: call it; add its rules with vjp, jvp, into and together."""

    op: Op
    __name__: str

    def __call__(self, *args: Any, **static: Any) -> Any: ...
    def vjp(self, **rules: Rule) -> None: ...
    def jvp(self, **rules: Rule) -> None: ...
    def into(self, rule: Rule) -> None: ...
    def together(self, **rules: Rule) -> None: ...


# declaring


def primitive(forward: Callable[..., Any]) -> Primitive:
    """Declare an op by its NumPy forward; its rules follow with `.vjp(…)` and `.jvp(…)`."""
    return _declare(Op(forward))


def nondifferentiable(forward: Callable[..., Any]) -> Primitive:
    """Declare an op whose output is piecewise constant: it is computed, recorded nowhere, and passes no gradient."""
    return _declare(Op(forward, differentiable=False))


def elementwise(**derivatives: Rule | int) -> Callable[[Callable[..., Any]], Primitive]:
    """Declare an op that acts on each element alone, by dy/dx for each argument: `f(y, *args)`, or the constant ±1."""

    def declare(forward: Callable[..., Any]) -> Primitive:
        op = primitive(forward)
        for name, derivative in derivatives.items():
            rule = _scale(derivative)
            op.vjp(**{name: rule})
            op.jvp(**{name: rule})
        return op

    return declare


def _scale(derivative: Rule | int) -> Rule:
    if derivative == 1:
        return lambda g, y, *args: g
    if derivative == -1:
        return lambda g, y, *args: -g
    slope = cast("Rule", derivative)
    return lambda g, y, *args: g * slope(y, *args)


def linear(*, transpose: Rule) -> Callable[[Callable[..., Any]], Primitive]:
    """Declare an op y = A(static)·x by its transpose, `gx = transpose(gy, x, **static)`; its jvp is itself."""

    def declare(forward: Callable[..., Any]) -> Primitive:
        op = primitive(forward)
        name = op.op.params[0]
        op.vjp(**{name: lambda gy, y, x, **static: transpose(gy, x, **static)})
        op.jvp(**{name: lambda dx, y, x, **static: op(dx, **static)})
        return op

    return declare


def _declare(op: Op) -> Primitive:
    plain = {1: _apply_one, 2: _apply_two} if not op.static else {1: _apply_one_static}
    make = _apply_any if op.variadic else plain.get(len(op.params), _apply_any)
    apply = make(op, op.forward)
    public = cast("Primitive", wraps(op.forward)(apply))
    public.op = op
    public.vjp = lambda **rules: op.set_rules(op.vjps, rules)  # type: ignore[method-assign]
    public.jvp = lambda **rules: op.set_rules(op.jvps, rules)  # type: ignore[method-assign]
    public.together = lambda **rules: op.together.update(op.by_position(rules))  # type: ignore[method-assign]
    public.into = lambda rule: setattr(op, "into", rule)  # type: ignore[method-assign]
    op.public = public
    REGISTRY[op.name] = op
    return public


# calling: the first three are the last, specialised, because every step of every network runs through them

_LEAKS = (ValueError, TypeError, IndexError, OverflowError)
_RAW = (np.ndarray, int, float, complex, np.generic, NoneType)
_PLAIN = frozenset({int, bool, float, str, slice, NoneType, type, EllipsisType})
_NOTHING: Mapping[str, Any] = {}
_ndarray = np.ndarray


def _apply_one(op: Op, forward: Callable[..., Any]) -> Callable[..., Any]:
    def apply(x: Any) -> Any:
        if not isinstance(x, Tensor):
            x = raw(x)
            try:
                return forward(x)
            except _LEAKS as error:
                raise refusal(op, error, (x,), _NOTHING) from None
        value = x._array
        try:
            y = forward(value)
        except _LEAKS as error:
            raise refusal(op, error, (value,), _NOTHING) from None
        if type(y) is not _ndarray:
            y = np.asarray(y)
        now = MODE.get()
        if now.anomaly:
            check_finite(op, y, now)
        node = x._node
        if node is None or not (node.requires_grad and now.recording and op.differentiable):
            return wrap(y, None)
        return wrap(y, _node(op, (node,), (value,), _NOTHING, y, now))

    return apply


def _apply_two(op: Op, forward: Callable[..., Any]) -> Callable[..., Any]:
    def apply(a: Any, b: Any) -> Any:
        u = a._array if isinstance(a, Tensor) else raw(a)
        v = b._array if isinstance(b, Tensor) else raw(b)
        try:
            y = forward(u, v)
        except _LEAKS as error:
            raise refusal(op, error, (u, v), _NOTHING) from None
        if isinstance(a, Tensor):
            m = a._node
            n = b._node if isinstance(b, Tensor) else None
        elif isinstance(b, Tensor):
            m = None
            n = b._node
        else:
            return y
        if type(y) is not _ndarray:
            y = np.asarray(y)
        now = MODE.get()
        if now.anomaly:
            check_finite(op, y, now)
        if not now.recording or not op.differentiable:
            return wrap(y, None)
        if m is not None and n is not None:
            if m.requires_grad or n.requires_grad:
                return wrap(y, _node(op, (m, n), (u, v), _NOTHING, y, now))
        elif (m is not None and m.requires_grad) or (n is not None and n.requires_grad):
            (m, u), (n, v) = _held(a, u, now), _held(b, v, now)
            return wrap(y, _node(op, (m, n), (u, v), _NOTHING, y, now))
        return wrap(y, None)

    return apply


def _apply_one_static(op: Op, forward: Callable[..., Any]) -> Callable[..., Any]:
    names = frozenset(op.static)
    defaults = op.defaults

    def apply(x: Any = None, *rest: Any, **static: Any) -> Any:
        if rest and not static and len(rest) <= len(op.static):
            static = dict(zip(op.static, rest, strict=False))
        elif rest or x is None or not static.keys() <= names:
            (x,), static = _bind(op, (x, *rest) if x is not None else rest, static)
        if static.keys() != names:
            static = {**defaults, **static}
            if static.keys() != names:
                _bind(op, (x,), static)
        for name, value in static.items():
            if type(value) not in _PLAIN:
                static[name] = _frozen(value)
        value = x._array if isinstance(x, Tensor) else raw(x)
        try:
            y = forward(value, **static)
        except _LEAKS as error:
            raise refusal(op, error, (value,), static) from None
        if not isinstance(x, Tensor):
            return y
        if type(y) is not _ndarray:
            y = np.asarray(y)
        now = MODE.get()
        if now.anomaly:
            check_finite(op, y, now)
        node = x._node
        if node is None or not (node.requires_grad and now.recording and op.differentiable):
            return wrap(y, None)
        return wrap(y, _node(op, (node,), (value,), static, y, now))

    return apply


def _apply_any(op: Op, forward: Callable[..., Any]) -> Callable[..., Any]:
    arity = len(op.params)

    def apply(*args: Any, **static: Any) -> Any:
        if not op.variadic and len(args) != arity:
            args, static = _bind(op, args, static)
        static = {**op.defaults, **{name: _frozen(value) for name, value in static.items()}}
        if static.keys() != set(op.static):
            _bind(op, args, static)
        values = tuple(x._array if isinstance(x, Tensor) else raw(x) for x in args)
        try:
            y = forward(*values, **static)
        except _LEAKS as error:
            raise refusal(op, error, values, static) from None
        if not any(isinstance(x, Tensor) for x in args):
            return y
        if type(y) is not _ndarray:
            y = np.asarray(y)
        now = MODE.get()
        if now.anomaly:
            check_finite(op, y, now)
        if not (now.recording and op.differentiable and any(isinstance(x, Tensor) and x.requires_grad for x in args)):
            return wrap(y, None)
        inputs, values = zip(*(_held(x, value, now) for x, value in zip(args, values, strict=True)), strict=True)
        return wrap(y, _node(op, inputs, values, static, y, now))

    return apply


def _bind(op: Op, args: tuple[Any, ...], static: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Sort what was passed into array arguments and static ones, as Python would for a NumPy signature."""
    names = (*op.params, *op.static)
    given = {**op.optional, **dict(zip(names, args, strict=False)), **static}
    if op.variadic:
        given, names = static, op.static
    known = {**dict.fromkeys(op.params if not op.variadic else ()), **given}
    missing = [name for name in names if name not in given and name not in op.defaults]
    unknown = [name for name in known if name not in names]
    twice = [name for name in names[: len(args)] if name in static] if not op.variadic else []
    if len(args) > len(names) or missing or unknown or twice:
        raise TypeError(
            f"{op.name}{inspect.signature(op.forward)}: "
            + (f"missing {', '.join(missing)}" if missing else f"unexpected {', '.join(unknown) or 'extra arguments'}")
        )
    return tuple(given[name] for name in op.params), {name: given[name] for name in op.static if name in given}


def raw(x: Any) -> Any:
    """The array of an argument; a Python number stays one, so that NumPy's weak promotion applies."""
    if isinstance(x, _RAW):
        return x
    if isinstance(x, Tensor):
        return x._array
    try:
        array = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise ShapeError("the argument is not a rectangular array of numbers", got=str(error)) from None
    if array.dtype.kind not in "biufc":
        raise DTypeError(f"an argument of {type(x).__name__} is no array of numbers", got=f"{x!r:.60}")
    return array


def _frozen(value: Any) -> Any:
    """A static argument as the record may keep it: Tensors by value, arrays copied, containers rebuilt."""
    if isinstance(value, _ndarray):
        return value.copy()
    if isinstance(value, Tensor):
        if value.requires_grad and MODE.get().recording:
            raise GraphError(
                "a static argument requires grad, and no gradient would reach it",
                got=repr(value.node.title),
                help="pass detach() of it",
            )
        return value._array
    if isinstance(value, tuple | list):
        if isinstance(value, tuple) and _PLAIN.issuperset(map(type, value)):
            return value
        return type(value)(_frozen(item) for item in value)
    return value


def _held(x: Any, value: Any, now: Mode) -> tuple[Node | None, Any]:
    """The node and the array that a record may keep of an argument: the user's own arrays are copied."""
    if isinstance(x, Tensor):
        return x.node, value
    if isinstance(value, _ndarray):
        value = value.copy()
        return Leaf(value, now, False, 0, _nobody), value
    return None, value


def _nobody() -> None:
    return None


def _node(
    op: Op, inputs: tuple[Node | None, ...], args: tuple[Any, ...], static: Mapping[str, Any], y: Array, now: Mode
) -> Node:
    node = Node(op, inputs, args, static, y, now, True)
    if now.anomaly:
        node.source = caller()
    return node
