"""Places: where each value of a program lies, and what a line calls it.

    static     its array is allocated when the program is built, and views of it with it: a line writes into it
    running    it is there when its line has run: an input, and what an op without an `out` returns

Memory is laid out features first: a batch of states (B, H) is stored as (H, B), all steps of it as (H, T, B) or
(T, H, B). So the four gates of an LSTM are four blocks, and a product over all T·B rows is one of two plain matrices.
Small batches are stored as NumPy does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import permutations
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.kernels import Spot
from tinygrad_rnn.compiler.memory import Memory
from tinygrad_rnn.compiler.passes.pack import PACK, is_filled
from tinygrad_rnn.compiler.passes.vector import is_product
from tinygrad_rnn.compiler.program import Argument, Call, Loop, Program, Step, Value

__all__ = ["STRUCTURAL", "Places", "features_first", "is_same_memory", "part_of", "spot_of"]

Static = np.ndarray
BATCH = 8  # rows; with fewer, rows first is as good
STRUCTURAL = frozenset({
    "getitem", "reshape", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "broadcast_to", "diagonal",
})  # fmt: skip


class Places:
    """The place of each value.

    Attributes:
        static: the arrays that are allocated when the program is built.
        spots: of stacks that loops made, where one step of them lies.
        names: of what is there when its line has run.
        asked: names of arrays that the caller gets, of the moment: for values that nothing else reads.
        parts: of each value that is packed into another: into which, and where.
        packs: what the calls outside of loops pack.
        reads: how often each value is read, outputs among it.
        read_outside: what calls outside of loops read, more than a single step of it.
        space: what the names in the lines stand for.
        memory: where the static arrays lie.
    """

    def __init__(self, program: Program, fast: bool) -> None:
        self.program, self.fast = program, fast
        self.space: dict[str, Any] = {
            "copyto": np.copyto, "dot": np.dot, "matmul": np.matmul, "array": np.array, "zip": zip, "range": range,
            "empty": np.empty, "add_reduce": np.add.reduce, "add_": np.add, "ascontiguousarray": np.ascontiguousarray,
        }  # fmt: skip
        self.static: dict[Value, Static] = dict(program.constants)
        self.spots: dict[Value, Spot] = {}
        self.names: dict[Value, str] = {}
        self.blocks: dict[
            Value, tuple[Value, int, int]
        ] = {}  # of a block of an array of the moment: which, of what size
        self.asked: dict[Value, str] = {}
        self.held: dict[int, str] = {}  # the names of arrays and functions, by their id
        self.memory = Memory()
        self.lying: dict[Value, np.ndarray] = {}  # the array of each of `spots`
        self.plain = self._plain()
        self.parts = self._parts(program.steps)
        self.reads = Counter(x for step in program.steps for x in step.reads())
        self.reads.update(out for out in program.outputs if isinstance(out, Value))
        outer = [step for step in program.steps if isinstance(step, Call) and not _is_one_step(step)]
        self.read_outside = {x for step in outer for x in step.reads()}
        self.packs = {step.out: step for step in program.steps if isinstance(step, Call) and step.op is PACK}
        self.wanted = self._wanted()

    def _plain(self) -> set[Value]:
        """Values that nothing but the caller reads: stored as NumPy stores them."""
        read = {x for step in self.program.steps for x in step.reads()}
        found = {out for out in self.program.outputs if isinstance(out, Value) and out not in read}
        for step in reversed(self.program.steps):
            if isinstance(step, Call) and step.op.name in STRUCTURAL and step.out in found:
                found.update(step.reads())
        return found

    def _wanted(self) -> dict[Value, str]:
        """How stacks, and what they are made of, are best stored: so that a step is read in the order of its loop."""
        found: dict[Value, str] = {}
        for step in reversed(self.program.steps):
            if isinstance(step, Loop):
                found |= {xs: "F" if features_first(x) else "C" for x, xs in step.slices.items()}
            elif step.op.name in STRUCTURAL and step.out in found:
                found |= dict.fromkeys(step.reads(), found[step.out])
        return found

    def _parts(self, steps: list[Step]) -> dict[Value, tuple[Value, Any]]:
        """Of each value that is packed into one other: where."""
        found: dict[Value, tuple[Value, Any]] = {}
        for step in steps:
            if isinstance(step, Loop):
                found |= self._parts(step.body)
            elif step.op is PACK:
                for x, place in zip(step.args, step.static["places"], strict=True):
                    found.setdefault(x, (step.out, place))
        return found

    def spot(self, value: Value) -> Spot | None:
        """Where one step of a stack lies, or a value that is the same at each step; None where no index says it."""
        if value in self.spots:
            return self.spots[value]
        array = self.static.get(value)
        return None if array is None else spot_of(array)

    def allocate(self, value: Value, order: str, *, zero: bool = False) -> Static:
        """An array for the value, features first where the order is "F"; see Memory for `zero`."""
        shape = value.shape
        if order == "C" or len(shape) < 2:
            return self.memory.array(shape, value.dtype, zero=zero)
        stored = self.memory.array((shape[-1], *shape[:-1]), value.dtype, zero=zero)
        return np.moveaxis(stored, 0, -1)

    def part(self, value: Value) -> tuple[Static, Any] | None:
        """The array of the pack that a value is part of, outside of loops, and where in it."""
        whole, place = self.parts.get(value, (None, None))
        if whole is None or whole in self.parts or whole not in self.packs or value in self.static:
            return None
        return self.whole(whole), place

    def whole(self, pack: Value) -> Static:
        """The array of a pack."""
        if pack not in self.static:
            order = "C" if pack in self.plain else "F"
            self.static[pack] = self.allocate(pack, order, zero=not is_filled(self.packs[pack]))
        return self.static[pack]

    def name(self, thing: Any, kind: str = "a") -> str:
        """What a line calls an array, a function or an option."""
        if id(thing) not in self.held:
            self.held[id(thing)] = f"{kind}{len(self.held)}"
            self.space[self.held[id(thing)]] = thing
        return self.held[id(thing)]

    def text(self, arg: Argument) -> str:
        """An argument, as a line has it."""
        if not isinstance(arg, Value):
            if isinstance(arg, int | bool) and type(arg) in (int, bool):
                return repr(arg)
            return self.name(arg, "n")
        if arg in self.static:
            return self.name(self.static[arg])
        return self.names[arg]

    def running(self, value: Value) -> str:
        """A name for a value that is there when its line has run."""
        self.names[value] = f"v{len(self.names)}"
        return self.names[value]

    def order(self, call: Call, operands: Iterable[Any]) -> str:
        """How the result of a call is stored: as what it is made of."""
        if call.out in self.plain:
            return "C"
        if is_product(call.op):
            first = next(iter(operands), None)
            plain = isinstance(first, np.ndarray) and first.flags.c_contiguous and not first.T.flags.c_contiguous
            return self.wanted.get(call.out, "C" if plain else "F")
        for x in operands:
            if isinstance(x, np.ndarray) and x.shape == call.out.shape:
                return "C" if x.flags.c_contiguous else "F"
        return "C"


def _is_one_step(call: Call) -> bool:
    index = call.static.get("index")
    return call.op.name == "getitem" and type(index[0] if isinstance(index, tuple) and index else index) is int


def features_first(value: Value) -> bool:
    """Whether a value of a loop is stored features first: a batch, unless it is so small that rows are as good."""
    return value.ndim == 2 and value.shape[0] >= BATCH


def spot_of(array: np.ndarray) -> Spot | None:
    """The index of one step of a stack (T, B, F) or (T, F), in the order in which it is stored."""
    names: dict[int, tuple[Any, ...]] = {2: (("t", 0), "j"), 3: (("t", 0), "k", "j")}
    if array.ndim not in names:
        return None
    for axes in permutations(range(array.ndim)):
        stored = array.transpose(axes)
        if stored.flags.c_contiguous:
            return Spot(stored, tuple(names[array.ndim][axis] for axis in axes))
    return None


def part_of(array: np.ndarray, place: Any) -> np.ndarray:
    """A view, of a single element too."""
    parts = place if isinstance(place, tuple) else (place,)
    return array[parts if Ellipsis in parts else (*parts, ...)]


def is_same_memory(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.strides == b.strides and a.ctypes.data == b.ctypes.data
