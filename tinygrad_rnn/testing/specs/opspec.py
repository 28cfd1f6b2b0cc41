"""OpSpec: all there is to know to test an op, and the table of those that other packages registered.

name, fn        what it is               inputs      how it is called: a strategy, or a rule that picks operands
reference       the same in NumPy        edges       calls that are always tried
kinks           where it has no derivative
errors          what it must refuse
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tinygrad_rnn import ops
from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import OptionError, check_type
from tinygrad_rnn.testing.checks.complete import check_call
from tinygrad_rnn.testing.checks.laws import DEFAULT
from tinygrad_rnn.testing.checks.refusals import check_errors
from tinygrad_rnn.testing.draw.call import Call, public
from tinygrad_rnn.testing.draw.operands import Arguments, Fresh, Pick
from tinygrad_rnn.testing.draw.source import Source
from tinygrad_rnn.testing.laws.edges import SCALES
from tinygrad_rnn.testing.laws.linear_map import quiet
from tinygrad_rnn.testing.oracles.case import Case, joined
from tinygrad_rnn.testing.oracles.values import check_values
from tinygrad_rnn.testing.report.again import Again, Script
from tinygrad_rnn.testing.report.counts import count, reject
from tinygrad_rnn.testing.report.findings import GradMismatch, GradReport, Kink, Mismatch
from tinygrad_rnn.testing.report.text import source

__all__ = ["OpSpec", "register"]

REGISTERED: dict[str, OpSpec] = {}
NEAR = 1e-2  # a kink nearer than this spoils the differences


@runtime_checkable
class Draws(Protocol):
    """A source that draws from strategies too."""

    def draw(self, strategy: Any) -> Any: ...


@dataclass(frozen=True, eq=False)
class OpSpec:
    """An op with what it is to be tested on.

    Attributes:
        name: what to call it.
        fn: takes Tensors (or arrays, and then gives arrays).
        inputs: a strategy for its arguments: tuples, or single arrays; or a rule(source, pick) that gives arguments and
            options; None where only `edges` are called.
        reference: a function of arrays that gives the same values, in NumPy.
        kinks: where fn has no derivative: numbers that no argument may be near, or a function of the arguments that
            gives the distance to the nearest.
        errors: cases for check_errors: (arguments, error) or (arguments, error, pattern).
        edges: calls that are always tried: (arguments, options).
        rtol: how far values may be from the reference's: 0 asks for the same bits.
    """

    name: str
    fn: Callable[..., Any]
    inputs: Any
    reference: Callable[..., Any] | None = None
    kinks: Callable[..., Any] | Sequence[float] | None = None
    errors: Any = ()
    edges: Sequence[Arguments] = ()
    rtol: float = 1e-13

    @property
    def differentiable(self) -> bool:
        """Whether it has derivatives: not so an op of the library that says it has none."""
        return self.name not in REGISTRY or REGISTRY[self.name].differentiable

    @property
    def picks(self) -> bool:
        """Whether its inputs are a rule, which lets others find the operands."""
        return callable(self.inputs)

    def call(self, *args: Any, **static: Any) -> Call:
        """A call of it, to be run and written down: as the op of its name where it is that."""
        known = self.name in REGISTRY or self.name in ops.__all__
        return Call(self.name, args, static, None if known and public(self.name) is self.fn else self.fn)

    def choose(self, source: Source, pick: Pick) -> Call:
        """A call of it whose operands `pick` finds; those of a strategy are drawn."""
        if self.picks:
            args, static = self.inputs(source, pick)
            return self.call(*args, **static)
        if not isinstance(source, Draws):
            raise TypeError(
                f"{self.name}: its inputs are a Hypothesis strategy, and {type(source).__name__} draws none"
            )
        drawn = source.draw(self.inputs)
        return self.call(*(drawn if isinstance(drawn, tuple) else (drawn,)))

    def check(self, *args: Any, **static: Any) -> list[GradReport]:
        """Every check at one point: its values, both modes to the second order, the laws.

        Raises:
            GradMismatch: the first that does not hold. Kink: too near to one.
        """
        if self.distance(*args, **static) < NEAR:
            count(points=1)
            reject(Kink(f"{self.name}: no derivative here: nearer than {NEAR} to a kink"))
        self.check_value(*args, **static)
        call = self.call(*args, **static)
        if not (self.differentiable and call.arrays):
            return []
        laws = [law for law in DEFAULT if law != "float32" or call.keeps_float32]
        return check_call(partial(self.fn, **static) if static else self.fn, *args, laws=laws, name=self.name)

    def run(self) -> None:
        """Every check at every edge, at every point that Hypothesis draws from `inputs`, then what must be refused."""
        from tinygrad_rnn.testing.draw.shrinking import chosen, for_each  # Hypothesis is needed only here

        for args, static in self.edges:
            self.check(*args, **static)
        if self.inputs is not None:
            calls = chosen(lambda source: self.choose(source, Fresh(source, empty=True)))
            for_each(calls, lambda call: self.check(*call.args, **call.static))
        check_errors(self.fn, self.errors)

    def check_value(self, *args: Any, **static: Any) -> None:
        """Raise GradMismatch unless fn gives the values, shapes and dtypes of `reference`, up to rtol."""
        if self.reference is None:
            return
        leaves, build = flatten(args)
        got, expected = self.fn(*args, **static), self.reference(*build(list(map(_plain, leaves))), **static)
        check_values(
            self.name,
            got,
            expected,
            self.rtol,
            lambda y, exact: y.dtype == exact.dtype,
            partial(self._again, *args, **static),
        )
        for scale in SCALES:
            self._check_finite(scale, build([_scaled(leaf, scale) for leaf in leaves]), static)

    def _check_finite(self, scale: float, args: tuple[Any, ...], static: Any) -> None:
        """Raise GradMismatch where fn is not finite and the reference is: that is no end of its domain."""
        with quiet():
            try:
                expected = [np.asarray(y) for y in flatten(self.reference(*args, **static))[0]]  # type: ignore[misc]
                got = [np.asarray(as_array(y)) for y in flatten(self.fn(*args, **static))[0]]
            except Exception:  # whatever either says outside of its domain
                return
        if _finite(expected) and not _finite(got):
            shown = ", ".join(map(source, args))
            words = Mismatch("the values are not finite, and the reference's are", f"at {scale:g}·x: {shown}",
                             f"{got!r:.200}", f"{expected!r:.200}")  # fmt: skip
            raise GradMismatch(GradReport(self.name, "reference", mismatch=words))

    def _again(self, *args: Any, **static: Any) -> Again:
        script = Script()
        spec = script.call("OpSpec", self.name, self.fn, None, reference=self.reference, rtol=self.rtol)
        given = [script.argument(x, "x") for x in args]
        given += [f"{name}={script.argument(value, name)}" for name, value in static.items()]
        return Again(f"{spec}.check_value({', '.join(given)})", str(script))

    def distance(self, *args: Any, **static: Any) -> float:
        """How far the arguments are from the nearest kink; infinite where none was declared."""
        if self.kinks is None:
            return float("inf")
        if callable(self.kinks):
            found = np.asarray(self.kinks(*args, **static), dtype=float)
        else:
            x = joined(Case.of(self.fn, args).xs)
            found = np.abs(np.subtract.outer(x, np.asarray(list(self.kinks), dtype=float)))
        return float(found.min(initial=np.inf))

    def __str__(self) -> str:
        return self.name


def _scaled(x: Any, scale: float) -> Any:
    x = _plain(x)
    return x * scale if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def _finite(ys: Sequence[Array]) -> bool:
    return all(np.isfinite(y).all() for y in ys if y.dtype.kind == "f")


def _plain(x: Any) -> Array | Any:
    return x.data if isinstance(x, Tensor) else x


def register(spec: OpSpec) -> OpSpec:
    """Add an op to the table: a test with an argument `tg_op_spec` runs once for each, and `programs()` may use it.

    Raises:
        OptionError: another spec has this name.

    >>> from tinygrad_rnn.ops import tanh
    >>> spec = OpSpec("double tanh", lambda x: 2 * tanh(x), inputs=None, reference=lambda x: 2 * np.tanh(x))
    >>> [report.passed for report in spec.check(np.array([0.5, -1.0]))]
    [True, True, True]
    """
    check_type("register", "spec", spec, OpSpec, "an OpSpec")
    if REGISTERED.setdefault(spec.name, spec) is not spec:
        raise OptionError(f"register: there is a spec of the name {spec.name!r} already", help="give it another name")
    return spec
