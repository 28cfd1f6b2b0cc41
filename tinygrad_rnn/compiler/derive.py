"""The backward pass of a program, derived from it as `backprop` derives that of a graph, once for each call of a loop.

    calls        last first:   gy → rule of each argument → gx, recorded as calls themselves
    a loop       one body of derivatives that runs the other way; what it reads of each step is stacked,
                 a carry's gradient is carried back, the gradients of a weight are summed over the steps

The rules are run on Tensors that stand for values. A rule that reads numbers off them (which of the ties is largest)
cannot be recorded: it becomes one call of its own, which runs it on arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.returned import Returned
from tinygrad_rnn.compiler.program import Argument, Call, Carry, Loop, Step, Value, made_by
from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import using
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.op import REGISTRY, Op, Rule
from tinygrad_rnn.engine.tensor import Tensor, from_array
from tinygrad_rnn.errors import CompileError

__all__ = ["depending", "derive"]

Gradients = dict[Value, Value]
FASTER: Mapping[str, Rule] = {  # of y, which is kept anyway, where the rule computes from x: up to 1 ulp of 1 from it
    "tanh": lambda gy, y, x: gy * (1 - y * y),
    "sigmoid": lambda gy, y, x: gy * (y * (1 - y)),
    "take_along_axis": lambda gy, y, x, indices, *, axis: _put_along_axis(gy, y, x, indices, axis),
}


def _put_along_axis(gy: Any, y: Any, x: Any, indices: Any, axis: int | None) -> Any:
    """Where one element is taken of each line, none comes twice: written in its place, nothing is added up."""
    ids = as_array(indices)
    alone = axis is not None and ids.shape[axis] == 1 and gy.shape == ids.shape
    if axis is None or not alone or x.size != gy.size * x.shape[axis]:  # a line of x that broadcasts is read often
        rule: Any = REGISTRY["take_along_axis"].vjps[0]
        return rule(gy, y, x, ids, axis=axis)
    gx = np.zeros(x.shape, x.dtype)
    np.put_along_axis(gx, ids, as_array(gy), axis)
    return gx


def derive(
    steps: list[Step],
    moving: Sequence[Value],
    starts: Mapping[Value, Sequence[Value]],
    constants: dict[Value, np.ndarray],
) -> tuple[list[Step], Gradients]:
    """The steps that compute the gradients of `moving`, and those gradients.

    Args:
        steps: of the forward pass; loops are told to keep what is needed of each step.
        moving: the values to differentiate by.
        starts: the gradients of the outputs.
        constants: those that the rules make are added.
    """
    active = depending(steps, set(moving))
    arrived = _Arrived(constants)
    for value, gs in starts.items():
        for start in gs:
            arrived.add(value, start)
    for step in reversed(steps):
        if isinstance(step, Call):
            _call(step, active, arrived)
        else:
            _loop(step, active, arrived)
    found = {value: g for value in moving if (g := arrived.total(value)) is not None}
    return arrived.steps, found


def depending(steps: list[Step], active: set[Value]) -> set[Value]:
    """What depends on the active values, themselves included, through ops that have a gradient."""
    for step in steps:
        if isinstance(step, Call):
            if step.op.differentiable and step.out.dtype.kind == "f" and any(x in active for x in step.reads()):
                active.add(step.out)
            continue
        active |= {inside for inside, outside in step.slices.items() if outside in active}
        before = -1
        while len(active) != before:
            before = len(active)
            active |= {carry.start for carry in step.carries if carry.first in active or carry.end in active}
            depending(step.body, active)
        active |= {outside for outside, inside in (step.stacks | step.sums).items() if inside in active}
    return active


class _Arrived:
    """The gradients that have arrived at each value, and the steps that made them."""

    def __init__(self, constants: dict[Value, np.ndarray]) -> None:
        self.constants = constants
        self.steps: list[Step] = []
        self.parts: dict[Value, list[Value]] = {}

    def add(self, value: Value, g: Value) -> None:
        """One more of them."""
        self.parts.setdefault(value, []).append(g)

    def total(self, value: Value) -> Value | None:
        """Their sum."""
        parts = self.parts.get(value)
        if not parts:
            return None
        while len(parts) > 1:
            a, b = parts[0], parts[1]
            parts[:2] = [self.call("add", (a, b), {}, Value(a.shape, a.dtype))]
        return parts[0]

    def call(self, op: str, args: tuple[Argument, ...], static: Mapping[str, Any], out: Value) -> Value:
        """One more step."""
        self.steps.append(Call(REGISTRY[op], args, static, out))
        return out

    def zeros(self, like: Value) -> Value:
        """A constant of zeros."""
        array = np.zeros(like.shape, like.dtype)
        value = Value.like(array)
        self.constants[value] = array
        return value


def _call(call: Call, active: set[Value], arrived: _Arrived) -> None:
    gy = arrived.total(call.out) if call.out in active else None
    if gy is None:
        return
    op = call.op
    needed = [isinstance(x, Value) and x in active for x in call.args]
    if op.variadic:
        parts = _recorded(op, 0, call, gy, arrived, needed)
        for x, part in zip(call.args, parts, strict=True):
            if part is not None and isinstance(x, Value) and x in active:
                arrived.add(x, part)
        return
    for k, x in enumerate(call.args):
        if needed[k] and op.vjps[k] is not None:
            [g] = _recorded(op, k, call, gy, arrived, None)
            if g is not None:
                arrived.add(x, g)


def _recorded(
    op: Op, k: int, call: Call, gy: Value, arrived: _Arrived, needed: list[bool] | None
) -> list[Value | None]:
    """What the rule gives, recorded: for argument k, or for each of a variadic op's."""
    rule: Any = FASTER.get(op.name, op.vjps[k])
    static = dict(call.static) if needed is None else {**call.static, "needed": needed}
    targets = [call.args[k]] if needed is None else list(call.args)

    def joint(gy: Any, y: Any, *args: Any) -> list[Any]:
        parts = rule(gy, y, *args, **static)
        parts = [parts] if needed is None else list(parts)
        return [None if part is None else _fitted(op, k, part, x) for part, x in zip(parts, targets, strict=True)]

    values = (gy, call.out, *call.args)
    try:
        return record_rule(joint, values, arrived)
    except Exception:  # it reads numbers, or minds those that it was tried on
        return [_whole(op, k, joint, values, place, x, arrived) for place, x in enumerate(targets)]


def _fitted(op: Op, k: int, g: Any, x: Argument) -> Any:
    """A gradient in the shape and dtype of what it belongs to."""
    if not isinstance(x, Value):
        return None
    by = Returned("vjp", Node(op, (), (), {}, np.zeros(0), _NOWHERE, False), k)
    if not isinstance(g, Tensor):
        g = by.array(g, False)
    if g.shape != x.shape:
        g = by.summed(g, x.shape)
    return g if g.dtype == x.dtype else by.cast(g, x.dtype)


def record_rule(rule: Callable[..., list[Any]], values: Sequence[Argument], arrived: _Arrived) -> list[Value | None]:
    """Run a rule on Tensors that stand for values: what it does becomes steps."""
    watch = _Placeholders()
    with using(tracing=True, recording=False, anomaly=False, frozen=watch), np.errstate(all="ignore"):
        inside = [watch.stand_in(x) for x in values]
        results = rule(*inside)
        ends = [x.node if isinstance(x, Tensor) else x for x in results]
    return _read(ends, {x.node: v for x, v in zip(inside, values, strict=True) if isinstance(v, Value)}, arrived)


class _Placeholders:
    """What stands in for values while a rule is recorded; none of its numbers may be read."""

    def __call__(self, tensor: Tensor, by: str) -> None:
        raise CompileError(f"compile: {by} reads a value in the rule of an op")

    def kept(self, copy: np.ndarray, original: Any) -> None:
        """An array became a constant."""

    def number(self, x: Any) -> None:
        """A number meets a value."""

    @staticmethod
    def stand_in(x: Argument) -> Any:
        """A Tensor for a value, a number as it is."""
        if not isinstance(x, Value):
            return x
        number = np.full((1,) * x.ndim, x.dtype.kind == "f", x.dtype)  # 0 as an index is there in every table
        return from_array(np.broadcast_to(number, x.shape), None)


def _read(ends: list[Any], known: dict[Node, Value], arrived: _Arrived) -> list[Value | None]:
    nodes = [end for end in ends if isinstance(end, Node)]
    seen, stack = set(nodes), [node for node in nodes if node not in known]
    while stack:
        for parent in stack.pop().inputs:
            if parent is not None and parent not in seen:
                seen.add(parent)
                if parent not in known:
                    stack.append(parent)
    for node in sorted(seen - known.keys(), key=lambda node: node.number):
        assert node.value is not None
        value = known[node] = Value(node.shape, node.dtype)
        if node.op is None:
            arrived.constants[value] = node.value
        else:
            args: Any = node.args
            arguments = tuple(x if p is None else known[p] for x, p in zip(args, node.inputs, strict=True))
            arrived.steps.append(Call(node.op, arguments, node.static, value))
    results: list[Value | None] = []
    for end in ends:
        if end is None or isinstance(end, Node):
            results.append(None if end is None else known[end])
        else:  # an array: the same whatever comes
            constant = Value.like(np.asarray(end))
            arrived.constants[constant] = np.asarray(end)
            results.append(constant)
    return results


def _whole(
    op: Op, k: int, joint: Any, values: Sequence[Argument], place: int, x: Argument, arrived: _Arrived
) -> Value | None:
    """The rule as one call of its own, on arrays."""
    if not isinstance(x, Value):
        return None

    def forward(*args: Any) -> Any:
        return joint(*args)[place]

    forward.__name__ = f"{op.name}_rule_{op.params[min(k, len(op.params) - 1)]}"
    rule = Op(forward, differentiable=False)
    out = Value(x.shape, x.dtype)
    arrived.steps.append(Call(rule, tuple(values), {}, out))
    return out


def _loop(loop: Loop, active: set[Value], arrived: _Arrived) -> None:
    """The loop that runs the other way."""
    given = {outside: g for outside in loop.stacks if outside in active and (g := arrived.total(outside)) is not None}
    if not given:
        return
    back = Loop(loop.count, not loop.backwards)
    inner = _Arrived(arrived.constants)
    for outside, g in given.items():
        inside = Value(loop.stacks[outside].shape, g.dtype)
        back.slices[inside] = g
        inner.add(loop.stacks[outside], inside)
    reached = _reached(loop, {loop.stacks[outside] for outside in given}, active)
    carried = [carry for carry in loop.carries if carry.start in reached]
    arriving: dict[int, Value] = {}
    for k, carry in enumerate(carried):  # what a later step says of the state that this one made
        arriving[k] = Value(carry.start.shape, carry.start.dtype)
        inner.add(carry.end, arriving[k])
    for step in reversed(loop.body):
        assert isinstance(step, Call)
        _call(step, active, inner)
    own = {*back.slices, *arriving.values(), *made_by(inner.steps)}
    for k, carry in enumerate(carried):
        g = inner.total(carry.start)
        assert g is not None
        back.carries.append(Carry(arriving[k], arrived.zeros(carry.start), g))
    inside_of = {*loop.slices, *(carry.start for carry in loop.carries), *made_by(loop.body)}
    inputs = [x for x in dict.fromkeys(_read_in(loop)) if x in active and x not in inside_of]
    totals = {x: g for x in inputs if (g := inner.total(x)) is not None}
    sliced = {x: g for x in loop.slices if x in active and (g := inner.total(x)) is not None}
    back.body = inner.steps
    _stack_reads(loop, back, own, inside_of)
    for x, g in totals.items():
        out = Value(g.shape, g.dtype)
        back.sums[out] = g
        arrived.add(x, out)
    for x, g in sliced.items():
        arrived.add(loop.slices[x], back.stacked(g))
    arrived.steps.append(back)
    at = loop.count - 1 if loop.backwards else 0
    for carry, behind in zip(carried, back.carries, strict=True):
        if carry.first in active:
            out = Value(carry.first.shape, carry.first.dtype)
            arrived.add(carry.first, arrived.call("getitem", (back.stacked(behind.end),), {"index": at}, out))


def _reached(loop: Loop, ends: set[Value], active: set[Value]) -> set[Value]:
    """The values in a loop that a gradient comes back to from these, over any number of steps."""
    found, before = set(ends), -1
    while len(found) != before:
        before = len(found)
        for step in reversed(loop.body):
            if isinstance(step, Call) and step.out in found and step.out in active:
                rules = step.op.vjps * len(step.args) if step.op.variadic else step.op.vjps
                found |= {
                    x for x, rule in zip(step.args, rules, strict=True)
                    if isinstance(x, Value) and x in active and rule is not None
                }  # fmt: skip
        found |= {carry.end for carry in loop.carries if carry.start in found}
    return found & active


def _read_in(loop: Loop) -> list[Value]:
    ends = [*(carry.end for carry in loop.carries), *loop.stacks.values()]  # what is the same at each step may be kept
    return [x for step in loop.body for x in step.reads()] + ends


def _stack_reads(loop: Loop, back: Loop, own: set[Value], inside: set[Value]) -> None:
    """What the derivatives read of each step is kept by the loop, and read from there."""
    taken: dict[Value, Value] = {}

    def read(x: Argument) -> Argument:
        if not isinstance(x, Value) or x in own or x not in inside:
            return x
        if x not in taken:
            taken[x] = Value(x.shape, x.dtype, x.name)
            back.slices[taken[x]] = loop.stacked(x)
        return taken[x]

    back.body = [step.renamed(read) for step in back.body if isinstance(step, Call)]
    for carry in back.carries:
        end = read(carry.end)
        assert isinstance(end, Value)
        carry.end = end


_NOWHERE: Any = None
