"""How an op is declared: the forward in NumPy, then its derivative rules, in one block.

    @primitive                                                   y = f(x₁, x₂, …; static)
    def matmul(a, b): return np.matmul(a, b)
    matmul.vjp(a=lambda gy, y, a, b: gy @ mT(b), …)              gy → gx, one rule per argument
    matmul.jvp(a=lambda da, y, a, b: da @ b, …)                  dx → dy, terms that add up

    @elementwise(x=lambda y, x: …)     dy/dx, both modes follow; @elementwise("+", …) says its sign too
    @linear(transpose=…)               its jvp is itself
    @nondifferentiable                 integers or booleans come out

Parameters before "/" are arrays, all that are not keyword-only where there is no "/"; the others are static, passed by
position or by name as in NumPy. Called on arrays an op is the NumPy function; called on Tensors it also records a node.
Rules are written with ops, so run on arrays they are plain NumPy and run on Tensors they are recorded themselves: that
is all there is to higher orders.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from tinygrad_rnn.engine.apply import apply_any, apply_one, apply_one_static, apply_two
from tinygrad_rnn.engine.op import REGISTRY, Op, Primitive, Rule
from tinygrad_rnn.engine.typed import Declares, declares
from tinygrad_rnn.errors import strict

__all__ = ["elementwise", "linear", "nondifferentiable", "primitive"]


@declares
def primitive(forward: Callable[..., Any]) -> Any:
    """Declare an op by its NumPy forward; its rules follow with `.vjp(…)` and `.jvp(…)`."""
    return _declare(Op(forward))


@declares
def nondifferentiable(forward: Callable[..., Any]) -> Any:
    """Declare an op whose output is piecewise constant: it is computed, recorded nowhere, and passes no gradient."""
    return _declare(Op(forward, differentiable=False))


@declares
def composite(f: Callable[..., Any]) -> Any:
    """f, a function made of ops, typed as they are; arguments that do not fit are refused as theirs are."""
    return strict(f)


def elementwise(symbol: str = "", /, **derivatives: Rule | int) -> Declares:
    """Declare an op that acts on each element alone, by dy/dx for each argument: `f(y, *args)`, or the constant ±1.

    Args:
        symbol: the sign that a formula uses for it, its name where there is none.
        **derivatives: for each argument.
    """

    def declare(forward: Callable[..., Any]) -> Any:
        op = _declare(Op(forward))
        op.op.elementwise = True
        op.symbol(symbol or op.op.name)
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


def linear(*, transpose: Rule, symbol: str = "") -> Declares:
    """Declare an op y = A(static)·x by its transpose, `gx = transpose(gy, x, **static)`; its jvp is itself.

    Args:
        transpose: the rule of reverse mode.
        symbol: as for elementwise.
    """

    def declare(forward: Callable[..., Any]) -> Any:
        op = _declare(Op(forward))
        op.symbol(symbol or op.op.name)
        name = op.op.params[0]
        op.vjp(**{name: lambda gy, y, x, **static: transpose(gy, x, **static)})
        op.jvp(**{name: lambda dx, y, x, **static: op(dx, **static)})
        return op

    return declare


def _declare(op: Op) -> Primitive:
    plain = {1: apply_one, 2: apply_two} if not op.static else {1: apply_one_static}
    make = apply_any if op.variadic else plain.get(len(op.params), apply_any)
    apply = make(op, op.forward)
    public = cast("Primitive", wraps(op.forward)(apply))
    public.__name__ = op.name
    vars(public).update(
        op=op,
        vjp=lambda **rules: op.set_rules(op.vjps, rules),
        jvp=lambda **rules: op.set_rules(op.jvps, rules),
        together=lambda **rules: op.together.update(op.by_position(rules)),
        into=lambda rule: setattr(op, "into", rule),
        reads=lambda rule: setattr(op, "reads", rule),
        symbol=lambda sign: setattr(op, "symbol", sign),
        wider=lambda f: setattr(op, "wider", f),
    )
    op.public = public
    REGISTRY[op.name] = op
    return public
