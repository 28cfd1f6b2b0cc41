"""One recording, and how far it may be trusted.

guards     what f reads from outside is what it was        → the plan is run
doubt      f changed something itself, or made a number    → the next call runs f again, and the two are compared
neither    a random draw, an object that f returns          → refused: each call would have the same one
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.guards import PLAIN, Guards
from tinygrad_rnn.compiler.kernels import available
from tinygrad_rnn.compiler.passes import rolled
from tinygrad_rnn.compiler.passes.tidy import frozen
from tinygrad_rnn.compiler.plan import Plan
from tinygrad_rnn.compiler.program import Call, Loop, Program, Value
from tinygrad_rnn.compiler.resize import is_general, resized
from tinygrad_rnn.compiler.trace import COMPUTED, Trace
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import CompileError

__all__ = ["Recorded", "calls_of", "refusal_of_doubt", "refusal_of_draws", "same_recording", "settled", "strange"]


class Recorded:
    """One recording: its plan, and what it takes for granted.

    Attributes:
        leaves: the shapes of arrays among the arguments, and the other arguments themselves, which are alive with it.
        doubt: what f changed itself while it ran, or made out of nothing: the next call runs f again, and only if that
            gives the same recording is the plan used.
    """

    def __init__(
        self, trace: Trace, guards: Guards, doubt: str, program: Program | None = None, leaves: Sequence[Any] = ()
    ) -> None:
        self.trace, self.guards, self.doubt = trace, guards, doubt
        self.leaves = [np.shape(_values(x)) if isinstance(x, Tensor | np.ndarray) else x for x in leaves]
        self.program = rolled(trace.program) if program is None else program
        self._plan: Plan | None = None
        self.generators = list(
            {id(rng): rng for call in calls_of(trace) if (rng := call.static.get("rng")) is not None}.values()
        )

    @property
    def plan(self) -> Plan:
        """The plan, made when it is first used."""
        if self._plan is None:
            self._plan = Plan(self.trace, self.program, available())
        return self._plan

    def for_shapes(self, leaves: list[Any]) -> Recorded | None:
        """The same for arguments of other lengths, without another recording; None where that cannot be known."""
        counts = {step.count for step in self.program.steps if isinstance(step, Loop) and step.slices}
        numbers = self.guards.numbers | {int(x) for x in leaves if isinstance(x, int | np.integer)}
        if (
            self.doubt
            or self.program.fixed
            or self.guards.contents
            or not is_general(self.guards.code, numbers, counts)
        ):
            return None
        if not self.guards.hold():
            return None
        read = {given.argument for given in self.trace.given}
        for k, (x, was) in enumerate(zip(leaves, self.leaves, strict=True)):
            if isinstance(x, Tensor | np.ndarray) and k not in read and np.shape(_values(x)) != was:
                return None  # its numbers are not read, but perhaps its length was
        shapes = []
        for x, given in zip(self.program.inputs, self.trace.given, strict=True):
            shape = x.shape if given.argument is None else np.shape(_values(leaves[given.argument]))
            if len(shape) != x.ndim or any(
                m != n and (m not in counts or n == 1) for m, n in zip(x.shape, shape, strict=True)
            ):  # an axis of 1 would fit anything
                return None
            shapes.append(shape)
        try:
            program = resized(self.program, shapes)
            return Recorded(self.trace, self.guards, "", program, leaves)
        except Exception:  # a constant or an option that belongs to the old lengths: recorded again
            return None


def _values(leaf: Any) -> Any:
    return leaf._array if isinstance(leaf, Tensor) else leaf


def calls_of(trace: Trace) -> list[Call]:
    """What was recorded, before anything was rolled up."""
    return [step for step in trace.program.steps if isinstance(step, Call)]


def refusal_of_draws(name: str, line: str) -> CompileError:
    """The error for random numbers that are not a Dropout's."""
    return CompileError(
        f"compile: random numbers are drawn from {name}, and the plan would have the same ones each time",
        expected="nn.Dropout, or random numbers that are passed in",
        where=line,
        help='tg.compile(f, fallback="eager") runs such a function as it is',
    )


def refusal_of_doubt(doubt: str, trace: Trace) -> CompileError:
    """The error for a second run that came to something else."""
    return CompileError(
        f"compile: the function did not do the same when it ran again: {doubt}",
        expected="a function of its arguments",
        where=next((line for _, line in trace.made if line), ""),
        help='pass what changes as an argument, or tg.compile(f, fallback="eager")',
    )


def strange(trace: Trace, guards: Guards) -> CompileError | None:
    """Why a recording cannot be run again at all, where it cannot."""
    for leaf in trace.returned:
        if leaf is not COMPUTED and not isinstance(leaf, (*PLAIN, np.ndarray, type)):
            return CompileError(
                f"compile: the function returns a {type(leaf).__name__}, and each call would return the same one",
                expected="Tensors, arrays and numbers, in tuples, lists and dicts",
            )
    known = {id(rng) for rng in guards.generators.values()}
    if any(id(rng) not in known for call in calls_of(trace) if (rng := call.static.get("rng")) is not None):
        return CompileError(
            "compile: a random generator is made inside the function",
            expected="a generator, or a module that has one, from outside it",
        )
    return None


def settled(trace: Trace, guards: Guards, leaves: Sequence[Any]) -> str:
    """Arrays that f reaches from outside are read at each call, those that it makes itself are constants.

    Returns why the constants may not be the same at the next call; empty where there is no such reason.
    """
    program, kept, given, doubt = trace.program, [], [], ""
    own: list[str] = []  # where f made something itself, perhaps of what an array held
    moving = {program.inputs[k] for k in trace.moving}
    said, named = set(guards.numbers), {name for code in guards.code for name in code.co_names}
    if named & {"shape", "size", "ndim", "len"}:
        said |= {n for x in program.inputs for n in (*x.shape, x.ndim, prod(x.shape))}
    if "sum" in named:
        said.add(0)  # what Python's sum begins with
    said |= {x.item() if isinstance(x, np.generic) else x for x in leaves if isinstance(x, int | float | np.number)}
    live: set[int] = set()
    for value, source in zip(program.inputs, trace.given, strict=True):
        array = source.array
        if array is None or guards.reaches(array):
            if array is not None and source.was is not None and _differs_now(array, source.was):
                raise CompileError("compile: the function writes to an array that it reads from outside",
                                   help='tg.compile(f, fallback="eager") runs such a function as it is')  # fmt: skip
            kept.append(value)
            given.append(source)
            live.add(id(array))
            continue
        constant = np.array(array if source.was is None else source.was, dtype=source.dtype)
        program.constants[value] = constant
        line = next((line for made, line in trace.made if made is value), "")
        own.append(line)
        first = constant.flat[0].item() if constant.size else 0
        if (constant != first).any() or not _is_said(first, said | {0, 1}, guards):
            doubt = f"an array is made at {line}"
    for number, line in trace.numbers:
        if not _is_said(number, said, guards):
            doubt = doubt or f"a number is made at {line}"
            own.append(line)
    program.inputs, trace.given = kept, given
    trace.moving = [k for k, x in enumerate(kept) if x in moving]
    guards.contents = [(array, array.copy()) for array in guards.arrays if own or id(array) not in live]
    return doubt


def _differs_now(array: np.ndarray, was: np.ndarray) -> bool:
    return not np.array_equal(array.astype(was.dtype), was, equal_nan=was.dtype.kind == "f")


def _is_said(number: Any, said: set[Any], guards: Guards) -> bool:
    """Whether a number stands in the code, or is one that the code reads from outside, which is looked at each time."""
    value = number.item() if isinstance(number, np.generic) else number
    return value in said or -value in said or any(_stands(value, code.co_consts) for code in guards.code)


def _stands(value: Any, constants: tuple[Any, ...]) -> bool:
    return any(
        _stands(value, each) if isinstance(each, tuple) else isinstance(each, int | float) and each in (value, -value)
        for each in constants
    )


def same_recording(a: Trace, b: Trace) -> bool:
    """Whether two runs of f came to the same program."""
    return _text(a) == _text(b)


def _text(trace: Trace) -> Any:
    number: dict[Value, Any] = {
        x: (g.argument, id(g.tensor), id(g.array), id(g.node))
        for x, g in zip(trace.program.inputs, trace.given, strict=True)
    }

    def of(x: Any) -> Any:
        return number.setdefault(x, len(number)) if isinstance(x, Value) else (type(x), repr(x))

    constants = [(of(x), a.shape, a.dtype, a.tobytes()) for x, a in trace.program.constants.items()]
    calls = [
        (call.op, tuple(map(of, call.args)), repr(frozen(call.static)), of(call.out)) for call in calls_of(trace)
    ]  # fmt: skip
    return constants, calls, [of(x) for x in trace.program.outputs]
