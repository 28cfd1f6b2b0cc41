"""compile: the same function, the same values and gradients, recorded once and run again from a plan.

call 1      f runs as it is, and is recorded
call 2 …    the plan runs: y is one node of the graph, whose backward is the plan's

A plan holds for one kind of arguments and as long as what f reaches from outside is what it was; otherwise f is
recorded again. Where f cannot be recorded, the error names the line; `fallback="eager"` runs f as it is instead.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import update_wrapper
from types import MethodType
from typing import Any, Generic, Literal, ParamSpec, TypeVar

import numpy as np

from tinygrad_rnn.autodiff.functions import check_function
from tinygrad_rnn.compiler.guards import guards_of, random_states
from tinygrad_rnn.compiler.plan import Plan
from tinygrad_rnn.compiler.recorded import (
    Recorded,
    calls_of,
    refusal_of_doubt,
    refusal_of_draws,
    same_recording,
    settled,
    strange,
)
from tinygrad_rnn.compiler.running import replayed
from tinygrad_rnn.compiler.signature import describe
from tinygrad_rnn.compiler.trace import record
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import CompileError, check_number, check_option

__all__ = ["Compiled", "compile_"]

P = ParamSpec("P")
Y = TypeVar("Y")
PLANS = 32
OFTEN = 4  # times as many recordings as plans that are kept: what is always another one is not worth recording


def compile_(f: Callable[P, Y], *, fallback: Literal["raise", "eager"] = "raise", plans: int = PLANS) -> Compiled[P, Y]:
    """f, recorded at its first call and run from a plan at the next: the same values and gradients, faster.

    For each kind of arguments (shapes, dtypes, what requires grad, numbers, words; with or without `no_grad`) f is
    recorded once. What it closes over is read at each call: parameters may be assigned, a Dropout draws anew from its
    generator, and where a number or an object that f reaches is another one, f is recorded again.

    Args:
        f: made of ops of this library. Arrays among its arguments come to it as Tensors.
        fallback: what happens where f cannot be recorded, since it reads a value off (`if x > 0`, `x.item()`), draws
            random numbers of its own, or writes to a Tensor: "raise", or "eager" to run it as it is.
        plans: how many are kept, the latest used.
    Raises:
        CompileError: f cannot be recorded; the message has the line.

    >>> import tinygrad_rnn as tg
    >>> square = tg.compile(lambda x: (x * x).sum())
    >>> for start in ([1.0, 2.0], [3.0, 4.0]):
    ...     x = tg.tensor(start, requires_grad=True)
    ...     square(x).backward()
    ...     print(x.grad)
    tensor([2., 4.])
    tensor([6., 8.])
    """
    check_function("compile", f)
    check_option("compile", "fallback", fallback, ("raise", "eager"))
    check_number("compile", "plans", plans, whole=True, least=1)
    return Compiled(f, fallback, plans)


class Compiled(Generic[P, Y]):
    """A function that `compile` made. Call it as the function itself; `plan(*args)` is how it is run."""

    def __init__(self, f: Callable[P, Y], fallback: str, plans: int) -> None:
        self.f, self.fallback, self.most = f, fallback, plans
        self.recorded: OrderedDict[Any, list[Recorded]] = OrderedDict()
        self.reason, self.count = "", 0
        update_wrapper(self, f, updated=())

    def __repr__(self) -> str:
        name = getattr(self.f, "__qualname__", type(self.f).__name__)
        made = sum(map(len, self.recorded.values()))
        kept = f"{made} recording{'s' * (made != 1)}"
        return f"compile({name}), {f'run as it is: {self.reason.splitlines()[0]}' if self.reason else kept}"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Y:
        now = CONTEXT.get()
        if now.frozen is not None or now.tracing or now.anomaly:
            return self.f(*args, **kwargs)
        leaves: list[Any] = []
        key = now.recording, describe((args, kwargs), leaves)
        found = self.recorded.get(key)
        if found is not None:
            for each in found:
                if not each.doubt and each.guards.hold():
                    self.recorded.move_to_end(key)
                    return replayed(self.f, each, leaves, args, kwargs, now.recording)
        fitting = self._of_another_length(key, leaves)
        if fitting is not None:
            return replayed(self.f, fitting, leaves, args, kwargs, now.recording)
        return self._record(key, args, kwargs)

    def _of_another_length(self, key: Any, leaves: list[Any]) -> Recorded | None:
        """A recording made for sequences of another length, worked out for this one."""
        kind = _kind(key)
        for other, those in list(self.recorded.items()):
            if other != key and _kind(other) == kind:
                for each in those:
                    found = each.for_shapes(leaves)
                    if found is not None:
                        self._keep(key, found)
                        return found
        return None

    def _keep(self, key: Any, recorded: Recorded) -> None:
        self.recorded.setdefault(key, []).insert(0, recorded)
        self.recorded.move_to_end(key)
        while sum(map(len, self.recorded.values())) > self.most:
            oldest = next(iter(self.recorded))
            self.recorded[oldest].pop()
            if not self.recorded[oldest]:
                del self.recorded[oldest]

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """As a function in the body of a class: the method of an object."""
        return self if owner is None else MethodType(self, owner)

    def plan(self, *args: P.args, **kwargs: P.kwargs) -> Plan:
        """How it is run with such arguments: print it. Records f where it has not been."""
        leaves: list[Any] = []
        key = CONTEXT.get().recording, describe((args, kwargs), leaves)
        if not any(each.guards.hold() for each in self.recorded.get(key, ())):
            self._record(key, args, kwargs)
        found = [each for each in self.recorded.get(key, ()) if each.guards.hold()]
        if not found:
            raise CompileError(f"compile: there is no plan for {self.f!r:.60}", got=self.reason)
        return found[0].plan

    def saved(self) -> str:
        """What the plan that has most to do saves, of those with gradients where there are any; empty for none."""
        plans = [each.plan for those in self.recorded.values() for each in those if not each.doubt]
        return max(plans, key=lambda plan: (bool(plan.flowing), plan.recorded)).saved() if plans else ""

    def _record(self, key: Any, args: Any, kwargs: Any) -> Any:
        """Run f as it is, and keep the recording."""
        if self.fallback == "eager" and (self.reason or self.count > OFTEN * self.most):
            return self.f(*args, **kwargs)
        self.count += 1
        leaves, build = flatten((args, kwargs))
        guards = guards_of(self.f, leaves)
        before = random_states(guards)
        positions = {id(rng): rng.bit_generator.state for rng in guards.generators.values()}
        try:
            result, trace = record(self.f, leaves, build)
        except Exception as error:
            return self._refused(error, args, kwargs)
        drawn = [name for name, state in random_states(guards).items() if state != before[name]]
        ours = {id(call.static.get("rng")) for call in calls_of(trace)}
        drawn = [name for name in drawn if name not in guards.generators or id(guards.generators[name]) not in ours]
        if drawn:
            line = guards.line(drawn[0].partition(".")[0])
            return self._undone(refusal_of_draws(drawn[0], line), result)
        refused = strange(trace, guards)
        if refused is not None:
            return self._undone(refused, result)
        try:
            made = settled(trace, guards, leaves)
        except CompileError as error:
            return self._undone(error, result)
        changed = guards.changed()
        doubt = f"{changed[0]} is changed by the function itself" if changed else made
        found = self.recorded.get(key, [])
        for each in found:
            if each.doubt and each.guards.hold():
                if not same_recording(each.trace, trace):
                    found.remove(each)
                    return self._undone(refusal_of_doubt(each.doubt, trace), result)
                each.doubt = ""
                return self._by_plan(each, positions, args, kwargs)
        recorded = Recorded(trace, guards, doubt, leaves=leaves)
        self._keep(key, recorded)
        if doubt:
            return result
        del result  # and with it all that was computed on the way: the plan has memory of its own
        return self._by_plan(recorded, positions, args, kwargs)

    def _by_plan(self, recorded: Recorded, positions: Mapping[int, Any], args: Any, kwargs: Any) -> Any:
        """What was just recorded, run from its plan: then the first call gives the same bits as every other."""
        for rng in recorded.generators:
            rng.bit_generator.state = positions[id(rng)]
        leaves: list[Any] = []
        describe((args, kwargs), leaves)
        return replayed(self.f, recorded, leaves, args, kwargs, CONTEXT.get().recording)

    def _undone(self, error: CompileError, result: Any) -> Any:
        if self.fallback == "eager":
            self.reason = str(error)
            return result
        raise error

    def _refused(self, error: Exception, args: Any, kwargs: Any) -> Any:
        """f failed while it was recorded: as it does anyway, or since it cannot be."""
        if self.fallback == "eager":
            result = self.f(*args, **kwargs)  # raises what f itself raises
            self.reason = str(error)
            return result
        if isinstance(error, CompileError):
            raise error
        if not any(isinstance(leaf, np.ndarray) for leaf in flatten((args, kwargs))[0]):
            raise error
        self.f(*args, **kwargs)
        raise CompileError(
            f"compile: arrays come to the function as Tensors, and it cannot do with them: {error}".splitlines()[0],
            help='pass fallback="eager", or what it needs of the array as an argument of its own',
        ) from error


def _kind(key: Any) -> Any:
    """A key without the sizes of axes."""
    if isinstance(key, tuple) and len(key) in (2, 3) and isinstance(key[0], tuple) and isinstance(key[1], np.dtype):
        return (len(key[0]), *key[1:])
    return tuple(map(_kind, key)) if isinstance(key, tuple) else key
