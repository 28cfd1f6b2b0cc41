"""compile: the same function, the same values and gradients, recorded once and run again from a plan.

call 1      f runs as it is, and is recorded
call 2 …    the plan runs: y is one node of the graph, whose backward is the plan's

A plan holds for one kind of arguments and as long as what f reaches from outside is what it was; otherwise f is
recorded again. Where f cannot be recorded, the error names the line; `fallback="eager"` runs f as it is instead.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper
from math import prod
from types import MethodType
from typing import Any, Generic, Literal, ParamSpec, TypeVar

import numpy as np

from tinygrad_rnn.autodiff.backprop import backprop
from tinygrad_rnn.autodiff.forward import propagate_tangents
from tinygrad_rnn.autodiff.functions import check_function, identity
from tinygrad_rnn.autodiff.usable import check_usable
from tinygrad_rnn.compiler.guards import PLAIN, Guards, guards_of, random_states
from tinygrad_rnn.compiler.kernels import available
from tinygrad_rnn.compiler.passes import rolled
from tinygrad_rnn.compiler.passes.tidy import frozen
from tinygrad_rnn.compiler.plan import Plan
from tinygrad_rnn.compiler.program import Call, Loop, Program, Value
from tinygrad_rnn.compiler.replay import Replay
from tinygrad_rnn.compiler.resize import is_general, resized
from tinygrad_rnn.compiler.signature import describe
from tinygrad_rnn.compiler.trace import COMPUTED, Given, Trace, record
from tinygrad_rnn.engine.context import CONTEXT, enable_grad
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.engine.tensor import Tensor, from_array
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import CompileError, GraphError, check_number, check_option
from tinygrad_rnn.ops.indexing import getitem
from tinygrad_rnn.ops.shape import astype, concatenate, reshape

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
            {id(rng): rng for call in _calls(trace) if (rng := call.static.get("rng")) is not None}.values()
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


def _calls(trace: Trace) -> list[Call]:
    return [step for step in trace.program.steps if isinstance(step, Call)]


class Compiled(Generic[P, Y]):
    """A function that `compile` made. Call it as the function itself; `plan(*args)` is how it is run."""

    def __init__(self, f: Callable[P, Y], fallback: str, plans: int) -> None:
        self.f, self.fallback, self.most = f, fallback, plans
        self.recorded: OrderedDict[Any, list[Recorded]] = OrderedDict()
        self.reason, self.count = "", 0
        update_wrapper(self, f, updated=())

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
                    return _replayed(self.f, each, leaves, args, kwargs, now.recording)
        fitting = self._of_another_length(key, leaves)
        if fitting is not None:
            return _replayed(self.f, fitting, leaves, args, kwargs, now.recording)
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
        """What the plan that has most to do saves, in a line; empty where there is none."""
        plans = [each.plan for those in self.recorded.values() for each in those if not each.doubt]
        return max(plans, key=lambda plan: plan.recorded).saved() if plans else ""

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
        ours = {id(call.static.get("rng")) for call in _calls(trace)}
        drawn = [name for name in drawn if name not in guards.generators or id(guards.generators[name]) not in ours]
        if drawn:
            line = guards.line(drawn[0].partition(".")[0])
            return self._undone(_draws(drawn[0], line), result)
        strange = _strange(trace, guards)
        if strange is not None:
            return self._undone(strange, result)
        try:
            made = _settled(trace, guards, leaves)
        except CompileError as error:
            return self._undone(error, result)
        changed = guards.changed()
        doubt = f"{changed[0]} is changed by the function itself" if changed else made
        found = self.recorded.get(key, [])
        for each in found:
            if each.doubt and each.guards.hold():
                if not _same_recording(each.trace, trace):
                    found.remove(each)
                    return self._undone(_differs(each.doubt, trace), result)
                each.doubt = ""
                return self._by_plan(each, positions, args, kwargs)
        recorded = Recorded(trace, guards, doubt, leaves=leaves)
        self._keep(key, recorded)
        return result if doubt else self._by_plan(recorded, positions, args, kwargs)

    def _by_plan(self, recorded: Recorded, positions: Mapping[int, Any], args: Any, kwargs: Any) -> Any:
        """What was just recorded, run from its plan: then the first call gives the same bits as every other."""
        for rng in recorded.generators:
            rng.bit_generator.state = positions[id(rng)]
        leaves: list[Any] = []
        describe((args, kwargs), leaves)
        return _replayed(self.f, recorded, leaves, args, kwargs, CONTEXT.get().recording)

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


def _draws(name: str, line: str) -> CompileError:
    return CompileError(
        f"compile: random numbers are drawn from {name}, and the plan would have the same ones each time",
        expected="nn.Dropout, or random numbers that are passed in",
        where=line,
        help='tg.compile(f, fallback="eager") runs such a function as it is',
    )


def _differs(doubt: str, trace: Trace) -> CompileError:
    return CompileError(
        f"compile: the function did not do the same when it ran again: {doubt}",
        expected="a function of its arguments",
        where=next((line for _, line in trace.made if line), ""),
        help='pass what changes as an argument, or tg.compile(f, fallback="eager")',
    )


def _strange(trace: Trace, guards: Guards) -> CompileError | None:
    """Why a recording cannot be run again at all, where it cannot."""
    for leaf in trace.returned:
        if leaf is not COMPUTED and not isinstance(leaf, (*PLAIN, np.ndarray, type)):
            return CompileError(
                f"compile: the function returns a {type(leaf).__name__}, and each call would return the same one",
                expected="Tensors, arrays and numbers, in tuples, lists and dicts",
            )
    known = {id(rng) for rng in guards.generators.values()}
    if any(id(rng) not in known for call in _calls(trace) if (rng := call.static.get("rng")) is not None):
        return CompileError(
            "compile: a random generator is made inside the function",
            expected="a generator, or a module that has one, from outside it",
        )
    return None


def _settled(trace: Trace, guards: Guards, leaves: Sequence[Any]) -> str:
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


def _same_recording(a: Trace, b: Trace) -> bool:
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
        (call.op, tuple(map(of, call.args)), repr(frozen(call.static)), of(call.out)) for call in _calls(trace)
    ]  # fmt: skip
    return constants, calls, [of(x) for x in trace.program.outputs]


def _kind(key: Any) -> Any:
    """A key without the sizes of axes."""
    if isinstance(key, tuple) and len(key) in (2, 3) and isinstance(key[0], tuple) and isinstance(key[1], np.dtype):
        return (len(key[0]), *key[1:])
    return tuple(map(_kind, key)) if isinstance(key, tuple) else key


# running a plan


class Pending:
    """A call whose backward is still to come; the memory that it holds goes back to the plan with it."""

    __slots__ = ("again", "kept", "plan", "replay", "states")

    def __init__(self, plan: Plan, replay: Replay, kept: Any, again: Any) -> None:
        self.plan, self.replay, self.kept, self.again = plan, replay, kept, again

    def __del__(self) -> None:
        self.kept = None
        self.plan.free.append(self.replay)


def _replayed(f: Callable[..., Any], each: Recorded, leaves: list[Any], args: Any, kwargs: Any, recording: bool) -> Any:
    plan, trace = each.plan, each.trace
    moving = recording and bool(plan.flowing)
    arrays = [_array(given, leaves, moving) for given in trace.given]
    states = [rng.bit_generator.state for rng in each.generators] if each.generators else []
    replay = plan.replay()
    try:
        outputs, kept = replay.forward(*arrays)
    except Exception:
        f(*args, **kwargs)  # what is wrong with the arguments is said best by f itself
        raise
    if not moving:
        plan.free.append(replay)
        return _returned(trace, leaves, [from_array(y, None) for y in outputs])
    again = _Again(f, args, kwargs, each, plan, states, arrays)
    pending = Pending(plan, replay, kept, again)
    return _returned(trace, leaves, _recorded_outputs(plan, trace, leaves, outputs, pending))


def _array(given: Given, leaves: list[Any], moving: bool) -> np.ndarray:
    if given.argument is not None:
        leaf = leaves[given.argument]
        return leaf._array if isinstance(leaf, Tensor) else leaf.copy() if moving else leaf
    if given.tensor is not None:
        return given.tensor._array
    if given.array is not None:
        return np.array(given.array, dtype=given.dtype)
    assert given.node is not None
    check_usable([given.node])
    assert given.node.value is not None
    return given.node.value


def _node(given: Given, leaves: list[Any]) -> Node:
    if given.argument is not None:
        node: Node = leaves[given.argument].node
        return node
    if given.tensor is not None:
        return given.tensor.node
    assert given.node is not None
    return given.node


def _recorded_outputs(
    plan: Plan, trace: Trace, leaves: list[Any], outputs: Sequence[np.ndarray], pending: Pending
) -> list[Tensor]:
    """The outputs as Tensors: one node for all those that gradients flow back from."""
    parents = tuple(_node(trace.given[k], leaves) for k in plan.reached)
    args = tuple(parent.value for parent in parents)
    now, static = CONTEXT.get(), {"call": pending}
    ys = [outputs[k] for k in plan.flowing]
    made = [from_array(y, None) for y in outputs]
    if len(ys) == 1:
        made[plan.flowing[0]] = from_array(ys[0], Node(COMPILED, parents, args, static, ys[0], now, True))
        return made
    whole = np.concatenate([y.ravel() for y in ys])
    packed, at = from_array(whole, Node(COMPILED, parents, args, static, whole, now, True)), 0
    for k, y in zip(plan.flowing, ys, strict=True):
        part = reshape(getitem(packed, index=slice(at, at + y.size)), y.shape)
        made[k] = part if part.dtype == y.dtype else astype(part, dtype=y.dtype)
        at += y.size
    return made


def _returned(trace: Trace, leaves: list[Any], made: list[Tensor]) -> Any:
    """What f returned the first time, with these Tensors in it."""
    given = dict(zip(trace.program.inputs, trace.given, strict=True))
    values, parts = iter(zip(trace.program.outputs, made, strict=True)), []
    for leaf in trace.returned:
        if leaf is not COMPUTED:
            parts.append(leaf.copy() if isinstance(leaf, np.ndarray) else leaf)
            continue
        value, tensor = next(values)
        source = given.get(value)
        if source is not None and source.argument is not None and isinstance(leaves[source.argument], Tensor):
            tensor = leaves[source.argument]
        elif source is not None and source.tensor is not None:
            tensor = source.tensor
        parts.append(tensor)
    return trace.build(parts)


class _Again:
    """f once more, as it is: what a derivative of the derivative is taken through."""

    def __init__(
        self, f: Any, args: Any, kwargs: Any, each: Recorded, plan: Plan, states: list[Any], arrays: list[np.ndarray]
    ) -> None:
        self.f, self.args, self.kwargs, self.guards = f, args, kwargs, each.guards
        self.trace, self.plan, self.generators, self.states = each.trace, plan, each.generators, states
        given = zip(each.trace.given, arrays, strict=True)
        self.live = [(source.array, array) for source, array in given if source.array is not None]

    def run(self, xs: Sequence[Any]) -> tuple[list[Node], Tensor]:
        """The nodes of what `xs` stand for in this run, and the packed outputs."""
        now = all(np.array_equal(array, was, equal_nan=was.dtype.kind == "f") for array, was in self.live)
        if not (now and self.guards.hold()):
            raise GraphError(
                "compile: what the function reads from outside has changed since it was called",
                expected="the same, for a derivative that is to be differentiated: the function runs again for it",
            )
        leaves, build = flatten((self.args, self.kwargs))
        nodes: list[Node] = []
        for k, x in zip(self.plan.reached, xs, strict=True):
            source = self.trace.given[k]
            if source.argument is not None:
                fresh = identity(x) if isinstance(x, Tensor) else _fresh(x)
                leaves[source.argument] = fresh
                nodes.append(fresh.node)
            else:
                nodes.append(_node(source, leaves))
        with enable_grad():
            args, kwargs = build(leaves)
            present = [rng.bit_generator.state for rng in self.generators]
            _set(self.generators, self.states)
            returned, _ = flatten(self.f(*args, **kwargs))
            _set(self.generators, present)
            ys = [y for y in returned if isinstance(y, Tensor)]
            ends = [ys[k] for k in self.plan.flowing]
            packed = ends[0] if len(ends) == 1 else concatenate([reshape(y, (-1,)) for y in ends])
        return nodes, packed


def _set(generators: list[Any], states: list[Any]) -> None:
    for rng, state in zip(generators, states, strict=True):
        rng.bit_generator.state = state


def _fresh(array: np.ndarray) -> Tensor:
    x = from_array(array, None)
    x.requires_grad = True
    return x


def compiled(*xs: np.ndarray, call: Pending) -> np.ndarray:
    """y = f(xs), by a plan."""
    return np.asarray(call.again.run(list(xs))[1]._array)


def _vjp(gy: Any, y: Any, *xs: Any, needed: Sequence[bool], call: Pending) -> list[Any]:
    if isinstance(gy, Tensor):
        nodes, packed = call.again.run(xs)
        found = backprop([packed.node], [gy], nodes, record=True, stop=True)
        return [found.get(node) for node in nodes]
    plan = call.plan
    if len(plan.flowing) == 1:
        parts = [gy]
    else:
        parts, at = [], 0
        for k in plan.flowing:
            size = int(np.prod(plan.shapes[k], dtype=int))
            parts.append(gy[at : at + size].reshape(plan.shapes[k]).astype(plan.dtypes[k], copy=False))
            at += size
    return list(call.replay.backward(*call.kept, *parts))


def _jvp(dxs: Sequence[Any], y: Any, *xs: Any, call: Pending) -> Any:
    nodes, packed = call.again.run(xs)
    moving = {node: dx for node, dx in zip(nodes, dxs, strict=True) if dx is not None}
    record = any(isinstance(dx, Tensor) for dx in moving.values())
    return propagate_tangents([packed.node], list(moving), list(moving.values()), record=record)[packed.node]


COMPILED = Op(compiled)
COMPILED.vjps = [_vjp]
COMPILED.jvps = [_jvp]
