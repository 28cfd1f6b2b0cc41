"""Regrouping: what is the same at each step is added up before the loop.

    for t:  z = (p + b) + (q + c)        →        d = b + c;  for t:  z = (p + q) + d

A gate's two biases are one then: a step reads one array less, and adds once less.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from tinygrad_rnn.compiler.program import Argument, Call, Loop, Program, Step, Value, read_by
from tinygrad_rnn.engine.op import REGISTRY

__all__ = ["regrouped"]


def regrouped(program: Program) -> Program:
    """The program, the sums in its loops begun by what changes."""
    for step in program.steps:
        if isinstance(step, Loop):
            step.body = _regrouped(step)
    return program


def _regrouped(loop: Loop) -> list[Step]:
    uses = Counter([*read_by(loop.body), *loop.stacks.values(), *loop.sums.values(), *(c.end for c in loop.carries)])
    changing = {*loop.slices, *(carry.start for carry in loop.carries)}
    sums: dict[Value, list[Argument]] = {}  # of each sum its terms
    body: list[Step] = []
    for step in loop.body:
        changing.update(step.writes())
        if isinstance(step, Call) and step.op.name == "add":
            terms = [term for x in step.args for term in _terms(x, step.out, sums, uses)]
            sums[step.out] = terms
            fixed = [x for x in terms if isinstance(x, Value) and x not in changing and x.dtype == step.out.dtype]
            moving = [x for x in terms if x not in fixed]
            if len(fixed) > 1 and moving:
                changed = _sum(moving, step.out.dtype, body)
                body.append(Call(step.op, (changed, _sum(fixed, step.out.dtype, body)), step.static, step.out))
                continue
        body.append(step)
    return body


def _terms(x: Argument, out: Value, sums: dict[Value, list[Argument]], uses: Counter[Value]) -> list[Argument]:
    """What is added up in x, where nothing else reads x and it has the size of the whole."""
    if isinstance(x, Value) and x in sums and uses[x] == 1 and (x.shape, x.dtype) == (out.shape, out.dtype):
        return sums[x]
    return [x]


def _sum(terms: list[Argument], dtype: np.dtype, body: list[Step]) -> Argument:
    total = terms[0]
    for term in terms[1:]:
        shape = np.broadcast_shapes(*(x.shape if isinstance(x, Value) else () for x in (total, term)))
        out = Value(shape, dtype)
        body.append(Call(REGISTRY["add"], (total, term), {}, out))
        total = out
    return total
