"""Op: what is known of an op, as plain data; and the signatures that its rules have.

    y = f(x₁, x₂, …; static)                          forward(x₁, x₂, …, **static) → y
    vjps[k]                 gy → gxₖ                  rule(gy, y, x₁, x₂, …, **static) → gxₖ
    jvps[k]                 dxₖ → a term of dy        rule(dxₖ, y, x₁, x₂, …, **static) → dy
    vjps[0], variadic       gy → all gx               rule(gy, y, *xs, needed=[…], **static) → [gx₁, None, …]
    jvps[0], variadic       all dx → dy               rule([dx₁, None, …], y, *xs, **static) → dy
    into                    gy → added to a buffer    rule(buffer, gy, *others, **static)
    reads                   what it took of x₁        rule(shape of x₁, x₂, …, **static) → positions for each axis
    together[k]             many gy → one gxₖ         rule([gy, …], [args, …]) → the sum of their gxₖ

`into` and `together` are fast ways to compute what `vjps` says (autodiff/accumulate.py); an op needs neither.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from tinygrad_rnn.errors import GraphError

Rule = Callable[..., Any]
REGISTRY: dict[str, Op] = {}


class Op:
    """What the engine knows of an op.

    Attributes:
        params: the names of its array arguments; with `variadic`, the one name that stands for all of them.
        defaults, optional: the defaults of its static arguments, and of its array arguments.
        vjps, jvps: a rule per array argument, None where nothing flows; one that is missing raises when it is needed.
            A variadic op has one joint rule.
        into: adds a cotangent of argument 0 to a buffer in place, where the cotangent is mostly zeros.
        together: by argument, one rule for many uses of the same value: all their cotangents in one computation.
        differentiable: False when the output is not a smooth function of anything.
        elementwise: whether it acts on each element alone, its arguments broadcast together.
        fresh: whether what its rules return is new each time: arrays that nobody else has or keeps.
        reads: which elements of its first argument the op takes, for ops that pick some.
        symbol: the sign that a formula uses for it, its name where there is none.
        aliases: what NumPy calls its arguments, where that is another name, and what they are called here.
        wider: what is called instead where an option is given that is not the op's own.
        public: the function that users call.
    """

    def __init__(self, forward: Callable[..., Any], differentiable: bool = True) -> None:
        parameters = list(inspect.signature(forward).parameters.values())
        first = [p for p in parameters if p.kind is p.POSITIONAL_ONLY]
        arrays = first or [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
        options = parameters[len(arrays) :]
        self.name = forward.__name__.rstrip("_")
        self.symbol = self.name
        self.forward = forward
        self.doc = forward.__doc__ or ""
        self.params = tuple(p.name for p in arrays)
        self.variadic = bool(arrays) and arrays[0].kind is inspect.Parameter.VAR_POSITIONAL
        self.static = tuple(p.name for p in options)
        self.defaults = {p.name: p.default for p in options if p.default is not p.empty}
        self.optional = {p.name: p.default for p in arrays if p.default is not p.empty}
        self.vjps: list[Rule | None] = [_missing(self.name, "vjp", name) for name in self.params]
        self.jvps: list[Rule | None] = [_missing(self.name, "jvp", name) for name in self.params]
        self.into: Rule | None = None
        self.reads: Rule | None = None
        self.together: dict[int, Rule] = {}
        self.aliases = _numpy_names(self.name, self.params)
        self.wider: Callable[..., Any] | None = None
        self.differentiable = differentiable
        self.elementwise = False
        self.fresh = False
        self.public: Primitive

    def by_position(self, rules: Mapping[str, Rule | None]) -> dict[int, Any]:
        """Rules keyed by argument name, by the argument's position instead."""
        unknown = [name for name in rules if name not in self.params]
        if unknown:
            raise TypeError(f"{self.name} has no array argument {unknown[0]!r}: it takes {', '.join(self.params)}")
        return {self.params.index(name): rule for name, rule in rules.items()}

    def set_rules(self, table: list[Rule | None], rules: Mapping[str, Rule | None]) -> None:
        """Put rules keyed by argument name into `vjps` or `jvps`; None says that nothing flows."""
        for k, rule in self.by_position(rules).items():
            table[k] = rule

    def needs_wider(self, options: Mapping[str, Any]) -> bool:
        """Whether one of these options is known to `wider` alone, and none is unknown to both."""
        own = {*self.params, *self.static, *self.aliases}
        known = inspect.signature(self.wider).parameters.keys() if self.wider else own
        return not options.keys() <= own and options.keys() <= own | known

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def _missing(op: str, mode: str, argument: str) -> Rule:
    """The rule that stands where none was given: 0 would be a wrong derivative that nobody notices."""

    def rule(*_: Any, **__: Any) -> Any:
        raise GraphError(
            f"{op}: the {mode} rule of its argument {argument} is missing",
            expected=f"{op}.{mode}({argument}=…)",
            help=f"where nothing flows through {argument}, say {op}.{mode}({argument}=None)",
        )

    return rule


def _numpy_names(op: str, params: tuple[str, ...]) -> dict[str, str]:
    """What NumPy's function of that name calls the same arguments: of `sum`, a is our x."""
    try:
        parameters = inspect.signature(getattr(np, op)).parameters.values()
    except (AttributeError, TypeError, ValueError):  # NumPy has none, or does not tell
        return {}
    theirs = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    return {name: ours for name, ours in zip(theirs, params, strict=False) if name not in params}


class Primitive(Protocol):
    """A declared op: call it; add its rules with vjp, jvp, into and together, its sign with symbol.

    `wider(f)` has f called where the op is given options of NumPy's that are not its own: f is made of ops.
    """

    op: Op
    __name__: str

    def __call__(self, *args: Any, **static: Any) -> Any: ...
    def vjp(self, **rules: Rule | None) -> None: ...
    def jvp(self, **rules: Rule | None) -> None: ...
    def into(self, rule: Rule) -> None: ...
    def together(self, **rules: Rule) -> None: ...
    def reads(self, rule: Rule) -> None: ...
    def symbol(self, sign: str) -> None: ...
    def wider(self, f: Callable[..., Any]) -> None: ...
