"""Roll-up: where the recording repeats itself, the part that repeats is kept once.

    x₁ W + h₀ U → tanh → h₁                    for t = 1 … T:
    x₂ W + h₁ U → tanh → h₂          →             h = tanh(X[t] W + h U)
    x₃ W + h₂ U → tanh → h₃                        H[t] = h

What repeats is found by comparing records: the same ops with the same shapes, over and over, a period apart. Then each
argument of each op in the body has to follow one rule from step to step:

    the same value at each step                         it stands outside
    what this step made                                 it stands in the body
    what the step before made                           a carry, from what stood there at the first step
    element t of what an earlier loop made              a slice
    anything else, of one shape                         a slice of all of them, stacked
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.program import Argument, Call, Carry, Loop, Program, Step, Value
from tinygrad_rnn.engine.op import REGISTRY

__all__ = ["rolled"]

LEAST = 4  # repetitions: fewer are not worth a loop
INDEX = "getitem"


def rolled(program: Program) -> Program:
    """The same program, with loops for what repeats."""
    return _Roll(program).program()


class _Roll:
    def __init__(self, program: Program) -> None:
        self.source = program
        self.calls: list[Call] = [step for step in program.steps if isinstance(step, Call)]
        self.steps: list[Step] = []
        self.at: dict[Value, tuple[Loop, Value, int]] = {}  # what a loop made: it, what in its body, at which step
        self.fixed = False  # whether a step is read that is neither the first nor the last: of another T, which?
        self.found: dict[Value, Value] = {}  # one step's value, read from what the loop stacked

    def program(self) -> Program:
        kinds: dict[Any, int] = {}
        shared = _shared(self.calls)
        marks = np.array([kinds.setdefault(_kind(call, shared), len(kinds)) for call in self.calls])
        i = 0
        while i < len(self.calls):
            loop = None
            for period, count in _repetitions(marks, i):
                loop = self._loop(i, period, count)
                if loop is not None:
                    i += period * count
                    break
            if loop is None:
                self._plain(self.calls[i])
                i += 1
        outputs = [self._read(out) for out in self.source.outputs]
        return Program(self.source.inputs, self.source.constants, self.steps, outputs, self.fixed)

    # what stands outside of loops

    def _plain(self, call: Call) -> None:
        if call.op.name == "stack":
            whole = self._whole(call.args)
            if whole is not None:
                axis = call.static["axis"] % call.out.ndim
                self._add("moveaxis", (whole,), {"source": 0, "destination": axis}, call.out)
                return
        self.steps.append(call.renamed(self._read))

    def _whole(self, values: tuple[Argument, ...]) -> Value | None:
        """The stack of these values, where they are all that a loop made of one, in order."""
        places = [self.at.get(value) for value in values]
        if not places or places[0] is None:
            return None
        loop, inside, _ = places[0]
        return loop.stacked(inside) if places == [(loop, inside, t) for t in range(loop.count)] else None

    def _read(self, value: Argument) -> Argument:
        """A value as what stands outside of loops reads it."""
        if not isinstance(value, Value) or value not in self.at:
            return value
        if value not in self.found:
            loop, inside, t = self.at[value]
            index = -1 if t == loop.count - 1 else t  # the last one, however many there are
            self.fixed = self.fixed or 0 < t < loop.count - 1
            out = Value(value.shape, value.dtype, value.name)  # value itself may stand for all steps in the loop
            self.found[value] = self._add(INDEX, (loop.stacked(inside),), {"index": index}, out)
        return self.found[value]

    def _add(self, op: str, args: tuple[Argument, ...], static: Mapping[str, Any], out: Value) -> Value:
        self.steps.append(Call(REGISTRY[op], args, static, out))
        return out

    # a loop

    def _loop(self, i: int, period: int, count: int) -> Loop | None:
        """The loop over `count` repetitions of the `period` calls from i on, None where they do not follow a rule."""
        turns = [self.calls[i + n * period : i + (n + 1) * period] for n in range(count)]
        made = [{call.out: q for q, call in enumerate(turn)} for turn in turns]
        loop, kept, found = Loop(count), len(self.steps), dict(self.found)
        bodies: list[Value] = [call.out for call in turns[0]]
        carried: dict[tuple[int, Value], Value] = {}
        sliced: dict[tuple[Value, ...], Value] = {}
        for q in range(period):
            column = [turn[q] for turn in turns]
            static = _static(column)
            if static is None:
                if column[0].op.name == INDEX and self._indexed(loop, column):
                    continue
                self._leave(kept, found)
                return None
            args: list[Argument] = []
            for k in range(len(column[0].args)):
                values = [call.args[k] for call in column]
                arg = self._argument(loop, values, made, bodies, carried, sliced)
                if arg is _NONE:
                    self._leave(kept, found)
                    return None
                args.append(arg)
            loop.body.append(Call(column[0].op, tuple(args), static, column[0].out))
        for n, turn in enumerate(turns):
            for q, call in enumerate(turn):
                self.at[call.out] = loop, bodies[q], n
        self.steps.append(loop)
        return loop

    def _leave(self, kept: int, found: dict[Value, Value]) -> None:
        """Take back what was begun for a loop that there is not."""
        del self.steps[kept:]
        self.found = found

    def _argument(
        self,
        loop: Loop,
        values: list[Argument],
        made: list[dict[Value, int]],
        bodies: list[Value],
        carried: dict[tuple[int, Value], Value],
        sliced: dict[tuple[Value, ...], Value],
    ) -> Argument:
        first = values[0]
        if not isinstance(first, Value):
            return first if all(_same(first, value) for value in values) else _NONE
        if not all(isinstance(v, Value) and (v.shape, v.dtype) == (first.shape, first.dtype) for v in values):
            return _NONE
        if all(value is first for value in values):
            return _NONE if first in made[0] else self._read(first)
        here = made[0].get(first)
        if here is not None:
            return bodies[here] if all(made[n].get(v) == here for n, v in enumerate(values)) else _NONE
        before = made[0].get(values[1])
        if before is not None:  # what the step before made
            if not all(made[n].get(v) == before for n, v in enumerate(values[1:])):
                return _NONE
            key = before, first
            if key not in carried:
                start = Value(first.shape, first.dtype, bodies[before].name)
                carried[key] = start
                loop.carries.append(Carry(start, self._read(first), bodies[before]))
            return carried[key]
        if any(value in turn for value in values for turn in made):
            return _NONE
        key_ = tuple(values)
        if key_ not in sliced:
            whole = self._sequence(values)
            if whole in loop.slices.values():
                return next(inside for inside, outside in loop.slices.items() if outside is whole)
            sliced[key_] = Value(first.shape, first.dtype, first.name)
            loop.slices[sliced[key_]] = whole
        return sliced[key_]

    def _sequence(self, values: list[Any]) -> Value:
        """Values of all the steps as one (T, …): what an earlier loop stacked, where it made them, in any direction."""
        places = [self.at[value] for value in values if value in self.at]
        shape = (len(values), *values[0].shape)
        out = Value(shape, values[0].dtype, values[0].name)
        if len(places) == len(values) and all(place[:2] == places[0][:2] for place in places):
            loop, inside, at = places[0]
            order = [place[2] for place in places]
            for step in (1, -1):
                if order == list(range(at, at + step * len(values), step)):
                    whole = loop.stacked(inside)
                    taken = _stretch(at, step, len(values), loop.count)
                    if taken == slice(None):
                        return whole
                    return self._add(INDEX, (whole,), {"index": taken}, out)
        return self._add("stack", tuple(map(self._read, values)), {"axis": 0}, out)

    def _indexed(self, loop: Loop, column: list[Call]) -> bool:
        """Whether the column reads x[a], x[a ± 1], … of one x from outside: then it is a slice."""
        x, first = column[0].args[0], column[0].static["index"]
        index = [call.static["index"] for call in column]
        if not isinstance(x, Value) or any(call.args[0] is not x for call in column):
            return False
        if any(type(k) is not int for k in index) or x.shape[0] == 0:
            return False
        order = [k % x.shape[0] for k in index]
        for step in (1, -1):
            at = first % x.shape[0]
            if order == list(range(at, at + step * len(order), step)):
                source, taken = self._read(x), _stretch(at, step, len(order), x.shape[0])
                if taken != slice(None):
                    part = Value((len(order), *column[0].out.shape), column[0].out.dtype, x.name)
                    source = self._add(INDEX, (source,), {"index": taken}, part)
                assert isinstance(source, Value)
                loop.slices[column[0].out] = source
                return True
        return False


_NONE: Any = object()


def _stretch(at: int, step: int, count: int, total: int) -> slice:
    """Elements at, at + step, … of `total`, so many of them; an end that is the sequence's own is None."""
    stop = at + step * count
    if step == 1:  # an end that is not the sequence's own is counted from it: all steps but the last
        return slice(at or None, None if stop == total else stop - total)
    return slice(None if at == total - 1 else at - total, stop if stop >= 0 else None, -1)


def _shared(calls: list[Call]) -> set[Value]:
    """What no call makes and many calls of one kind read: the weights, by which two layers are told apart."""
    made = {call.out for call in calls}
    uses = ((x, call.op, k, call.out.shape) for call in calls for k, x in enumerate(call.args) if isinstance(x, Value))
    counts = Counter(use for use in uses if use[0] not in made)
    return {use[0] for use, count in counts.items() if count >= LEAST}


def _kind(call: Call, shared: set[Value]) -> Any:
    """What two calls have in common that may be one call of a loop's body."""
    args = tuple(x if x in shared else (x.shape, x.dtype) if isinstance(x, Value) else type(x) for x in call.args)
    return call.op, call.out.shape, call.out.dtype, args, _shape_of(call.static)


def _shape_of(static: Any) -> Any:
    """A static argument without its numbers."""
    if isinstance(static, Mapping):
        return tuple((name, _shape_of(value)) for name, value in static.items())
    if isinstance(static, tuple | list):
        return tuple(map(_shape_of, static))
    return type(static)


def _static(column: list[Call]) -> Mapping[str, Any] | None:
    """The static arguments, where they are the same in every call."""
    first = column[0].static
    return first if all(_same(first, call.static) for call in column[1:]) else None


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(_same(value, b[name]) for name, value in a.items())
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return bool(a == b) if not isinstance(a, float) else a.hex() == b.hex()


def _repetitions(marks: np.ndarray, i: int) -> list[tuple[int, int]]:
    """(period, count) of what repeats from i on, the longest stretch first, of one length the shortest period."""
    again = np.flatnonzero(marks[i + 1 :] == marks[i]) + 1
    found = []
    for period in again[: max(1, len(marks))].tolist():
        if i + period * LEAST > len(marks):
            break
        unequal = np.flatnonzero(marks[i : len(marks) - period] != marks[i + period :])
        length = int(unequal[0]) if len(unequal) else len(marks) - period - i
        count = length // period + 1
        if count >= LEAST:
            found.append((period, count))
    best: dict[int, tuple[int, int]] = {}
    for period, count in found:
        best.setdefault(period * count, (period, count))
    return [best[length] for length in sorted(best, reverse=True)][:8]
