"""Tidying: nothing is computed in vain, nothing twice, and nothing in a loop that is the same at each step.

dead        a call whose output nobody reads
constants   a call of constants alone is a constant
common      two calls of one op on the same values are one
invariant   a call in a loop that reads nothing of the loop is made before it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.program import Argument, Call, Loop, Program, Step, Value

__all__ = ["fold_constants", "hoist_invariants", "merge_common", "remove_dead", "tidied"]

DRAWS = "draw"  # the op whose output is another one each time: it is neither merged nor moved


def tidied(program: Program) -> Program:
    """The program after all of it."""
    for once in (fold_constants, hoist_invariants, merge_common, remove_dead):
        program = once(program)
    return program


def remove_dead(program: Program) -> Program:
    """Without what no output depends on."""
    alive = {out for out in program.outputs if isinstance(out, Value)}
    steps = _alive(program.steps, alive)
    constants = {value: array for value, array in program.constants.items() if value in alive}
    return Program(program.inputs, constants, steps, program.outputs)


def _alive(steps: list[Step], alive: set[Value]) -> list[Step]:
    kept: list[Step] = []
    for step in reversed(steps):
        if not any(out in alive for out in step.writes()) and not draws(step):
            continue
        if isinstance(step, Loop):
            step = _alive_loop(step, alive)
        alive.update(step.reads())
        kept.append(step)
    return kept[::-1]


def _alive_loop(loop: Loop, alive: set[Value]) -> Loop:
    stacks = {outside: inside for outside, inside in loop.stacks.items() if outside in alive}
    sums = {outside: inside for outside, inside in loop.sums.items() if outside in alive}
    inner = {*stacks.values(), *sums.values()}
    carries: list[Any] = []
    while True:
        needed = set(inner)
        body = _alive(loop.body, needed)
        more = [carry for carry in loop.carries if carry.start in needed and carry not in carries]
        if not more:
            break
        carries += more
        inner |= {carry.end for carry in more}
    slices = {inside: outside for inside, outside in loop.slices.items() if inside in needed}
    return Loop(loop.count, loop.backwards, body, slices, carries, stacks, sums)


def draws(step: Step) -> bool:
    """Whether a random number is drawn in it."""
    return step.op.name == DRAWS if isinstance(step, Call) else any(map(draws, step.body))


def fold_constants(program: Program) -> Program:
    """Calls of constants alone are made now."""
    constants = dict(program.constants)
    steps: list[Step] = []
    for step in program.steps:
        if isinstance(step, Call) and not draws(step) and all(x in constants for x in step.reads()):
            args = [constants[arg] if isinstance(arg, Value) else arg for arg in step.args]
            constants[step.out] = np.asarray(step.op.forward(*args, **step.static))
        else:
            steps.append(step)
    return Program(program.inputs, constants, steps, program.outputs)


def hoist_invariants(program: Program) -> Program:
    """Calls in a loop that read nothing of it stand before it."""
    steps: list[Step] = []
    for step in program.steps:
        if isinstance(step, Loop) and step.count > 1:
            moved = _invariant(step)
            steps += moved
            body = [call for call in step.body if call not in moved]
            step = Loop(step.count, step.backwards, body, step.slices, step.carries, step.stacks, step.sums)
        steps.append(step)
    return Program(program.inputs, program.constants, steps, program.outputs)


def _invariant(loop: Loop) -> list[Step]:
    changing = {*loop.slices, *(carry.start for carry in loop.carries)}
    kept = {*loop.stacks.values(), *loop.sums.values(), *(carry.end for carry in loop.carries)}
    moved: list[Step] = []
    for step in loop.body:
        if draws(step) or any(x in changing for x in step.reads()) or any(y in kept for y in step.writes()):
            changing.update(step.writes())
        else:
            moved.append(step)
    return moved


def merge_common(program: Program) -> Program:
    """One call for those that are equal, none for those that change nothing."""
    twin: dict[Value, Value] = {}
    known = {_content(array): value for value, array in reversed(program.constants.items())}
    for value, array in program.constants.items():
        first = known[_content(array)]
        if first is not value:
            twin[value] = first
    steps = _merged(program.steps, {}, twin)
    return Program(program.inputs, program.constants, steps, [_of(twin, out) for out in program.outputs])


def _content(array: np.ndarray) -> Any:
    return array.shape, array.dtype, array.tobytes() if array.size <= 4096 else id(array)


def _of(twin: dict[Value, Value], x: Argument) -> Argument:
    return twin.get(x, x) if isinstance(x, Value) else x


def _merged(steps: list[Step], known: dict[Any, Value], twin: dict[Value, Value]) -> list[Step]:
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, Loop):
            kept.append(_merged_loop(step, known, twin))
            continue
        call = step.renamed(lambda x: _of(twin, x))
        if _changes_nothing(call):
            twin[call.out] = call.args[0]
            continue
        key = None if draws(call) else _key(call)
        if key is not None and key in known:
            twin[call.out] = known[key]
            continue
        if key is not None:
            known[key] = call.out
        kept.append(call)
    return kept


def _changes_nothing(call: Call) -> bool:
    """Whether what comes out is what went in."""
    x = call.args[0] if call.args else None
    if not isinstance(x, Value) or (x.shape, x.dtype) != (call.out.shape, call.out.dtype):
        return False
    name, static = call.op.name, call.static
    if name in ("reshape", "broadcast_to", "identity", "detached", "expand_dims", "squeeze", "astype"):
        return True
    if name == "moveaxis":
        return bool(static["source"] == static["destination"])
    if name == "transpose":
        return static["axes"] is not None and tuple(static["axes"]) == tuple(range(x.ndim))
    return False


def _merged_loop(loop: Loop, known: dict[Any, Value], twin: dict[Value, Value]) -> Loop:
    of: Callable[[Any], Any] = lambda x: _of(twin, x)  # noqa: E731
    slices: dict[Value, Value] = {}
    by_source: dict[Value, Value] = {}
    for inside, outside in loop.slices.items():
        source = of(outside)
        if source in by_source:
            twin[inside] = by_source[source]
        else:
            by_source[source] = inside
            slices[inside] = source
    for carry in loop.carries:
        carry.first = of(carry.first)
    body = _merged(loop.body, dict(known), twin)
    for carry in loop.carries:
        carry.end = of(carry.end)
    stacks: dict[Value, Value] = {}
    by_inside: dict[Value, Value] = {}
    for outside, inside in loop.stacks.items():
        source = of(inside)
        if source in by_inside:
            twin[outside] = by_inside[source]
        else:
            by_inside[source] = outside
            stacks[outside] = source
    sums = {outside: of(inside) for outside, inside in loop.sums.items()}
    return Loop(loop.count, loop.backwards, body, slices, loop.carries, stacks, sums)


def _key(call: Call) -> Any:
    args = tuple(x if isinstance(x, Value) else (type(x), repr(x)) for x in call.args)
    try:
        static = frozen(call.static)
        hash(static)
    except TypeError:
        return None
    return call.op, args, static


def frozen(static: Any) -> Any:
    """A static argument as something to compare by."""
    if isinstance(static, Mapping):
        return tuple((name, frozen(value)) for name, value in static.items())
    if isinstance(static, tuple | list):
        return tuple(map(frozen, static))
    if isinstance(static, slice):
        return "slice", static.start, static.stop, static.step
    if isinstance(static, np.ndarray):
        return static.shape, static.dtype.str, static.tobytes()
    return type(static), repr(static) if isinstance(static, float) else static
