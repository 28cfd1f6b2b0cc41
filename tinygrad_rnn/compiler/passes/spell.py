"""Spelling: a softmax of many rows as what it is made of, so that all that is done to a row can be one kernel.

y = log_softmax(x)        →        z = x − max x;  y = z − log Σ eᶻ
y = softmax(x)            →        e = eˣ⁻ᵐᵃˣ ˣ;  y = e / Σ e
y = x[i], one of a row    →        y = Σ_j (x_j where j = i, else 0);  backward, gx_j = gy where j = i, else 0
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.program import Argument, Call, Program, Step, Value
from tinygrad_rnn.engine.op import REGISTRY

__all__ = ["has_rows", "spelled"]

ALONG = {"axis": -1, "keepdims": True}
LEAST, LONGEST = 8, 2048  # rows; numbers in a row, which are added up one after the other
FEWEST = 512  # numbers, for which a kernel is worth its compilation


def has_rows(shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape has many rows, none of them too long."""
    return len(shape) > 1 and prod(shape[:-1]) >= LEAST and 1 < shape[-1] <= LONGEST and prod(shape) >= FEWEST


def spelled(program: Program) -> Program:
    """The program, with what stands outside of its loops taken apart."""
    constants, steps = dict(program.constants), list[Step]()
    makers = {step.out: step for step in program.steps if isinstance(step, Call)}
    for step in program.steps:
        if isinstance(step, Call) and _is_softmax(step):
            _softmax(step, steps)
        elif isinstance(step, Call) and (taken := _taken(step, makers, constants)) is not None:
            _taking(step, *taken, constants, steps)
        else:
            steps.append(step)
    return Program(program.inputs, constants, steps, program.outputs)


def _is_softmax(call: Call) -> bool:
    if call.op not in (REGISTRY["softmax"], REGISTRY["log_softmax"]) or not has_rows(call.out.shape):
        return False
    x = call.args[0]
    return isinstance(x, Value) and x.dtype == call.out.dtype and call.static["axis"] in (-1, call.out.ndim - 1)


def _softmax(call: Call, steps: list[Step]) -> None:
    whole, row = call.out.shape, (*call.out.shape[:-1], 1)

    def of(op: str, *args: Argument, shape: tuple[int, ...] = row, dtype: Any = call.out.dtype) -> Value:
        out = Value(shape, dtype)
        steps.append(Call(REGISTRY[op], args, ALONG if op in ("max", "sum") else {}, out))
        return out

    top = of("max", call.args[0])
    top = of("where", of("less", of("abs", top), np.inf, dtype=bool), top, 0.0)
    z = of("subtract", call.args[0], top, shape=whole)
    e = of("exp", z, shape=whole)
    total = of("sum", e)
    total = of("where", of("equal", total, 0.0, dtype=bool), 1.0, total)
    if call.op is REGISTRY["log_softmax"]:
        steps.append(Call(REGISTRY["subtract"], (z, of("log", total)), {}, call.out))
    else:
        steps.append(Call(REGISTRY["divide"], (e, total), {}, call.out))


def _taken(
    call: Call, makers: Mapping[Value, Step], constants: Mapping[Value, np.ndarray]
) -> tuple[Value, Value, Value] | None:
    """(x or gy, the array of rows, the indices) where one number is taken of each row, or given back to it."""
    if call.op is REGISTRY["take_along_axis"]:
        values = (call.args[0], call.args[0], call.args[1])
    elif call.op.name == "take_along_axis_rule_x" and len(call.args) == 4:
        values = (call.args[0], call.out, call.args[3])
    else:
        return None
    given, whole, indices = values
    if not all(isinstance(x, Value) for x in values) or not has_rows(whole.shape):
        return None
    one = (*whole.shape[:-1], 1)
    fits = indices.shape == one and one in (given.shape, call.out.shape) and given.dtype == call.out.dtype
    return values if fits and _is_within(indices, whole.shape[-1], makers, constants) else None


def _is_within(indices: Value, size: int, makers: Mapping[Value, Step], constants: Mapping[Value, np.ndarray]) -> bool:
    """Whether indices are 0 … size − 1, or were checked to be."""
    if indices in constants:
        return bool(((constants[indices] >= 0) & (constants[indices] < size)).all())
    while isinstance(call := makers.get(indices), Call) and call.op.name in ("expand_dims", "reshape"):
        indices = call.args[0]
    if not isinstance(call, Call) or call.op.name != "_within":
        return False
    return bool(call.static.get("least", -1) >= 0 and call.static.get("below", size + 1) <= size)


def _taking(
    call: Call, given: Value, whole: Value, indices: Value, constants: dict[Value, np.ndarray], steps: list[Step]
) -> None:
    columns = Value((whole.shape[-1],), indices.dtype)
    constants[columns] = np.arange(whole.shape[-1], dtype=indices.dtype)
    here, part = Value(whole.shape, bool), Value(whole.shape, whole.dtype)
    steps.append(Call(REGISTRY["equal"], (columns, indices), {}, here))
    if call.out.shape == whole.shape:
        steps.append(Call(REGISTRY["where"], (here, given, 0.0), {}, call.out))
        return
    steps.append(Call(REGISTRY["where"], (here, given, 0.0), {}, part))
    steps.append(Call(REGISTRY["sum"], (part,), ALONG, call.out))
