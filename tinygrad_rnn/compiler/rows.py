"""Rows: what is done outside of loops to many rows at once, element by element or along each, as one kernel.

    y = z − max z;  p = eʸ / Σ eʸ;  …        →        for j: for k: top_k = max(top_k, z_jk)       one nest of loops
                                                      for j: for k: sum_k += exp(z_jk − top_k)     for each sum or
                                                      for j: for k: p_jk = …                       largest that is read

Arrays lie features first, (V, N): a row's numbers are far apart, and many rows are dealt with at once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from math import prod

import numpy as np

from tinygrad_rnn.compiler.kernels import FLOATS, MOST, SCALAR, compiled_kernel, pairs, prelude, scalar
from tinygrad_rnn.compiler.lines import Lines, Outer, ours
from tinygrad_rnn.compiler.passes.spell import has_rows
from tinygrad_rnn.compiler.places import STRUCTURAL, Places
from tinygrad_rnn.compiler.program import Call, Step, Value

__all__ = ["Rows", "gathered"]

REDUCED = {"sum": ("f(0)", "{0} + {1}"), "max": ("-INF", "{1} if {1} >= {0} or {1} != {1} else {0}")}
DEAR = frozenset({"exp", "tanh", "sigmoid", "log", "sqrt", "logistic_slope", "divide"})  # kept, not made again
FEW = 3  # calls, for which NumPy is as good


def gathered(steps: list[Step], wanted: dict[Value, str]) -> list[Step | list[Call]]:
    """The steps, those that can be one kernel together; what they read is wanted features first."""
    found: list[Step | list[Call]] = []
    stretch: list[Call] = []
    makers = {step.out: step for step in steps if isinstance(step, Call)}
    for step in [*steps, None]:
        if isinstance(step, Call):
            stretch.append(step)
            continue
        found += _grouped(stretch)
        stretch = []
        if step is not None:
            found.append(step)
    for group in found:
        for x in (x for call in group for x in call.reads()) if isinstance(group, list) else ():
            while x not in wanted and x.ndim > 1:
                wanted[x] = "F"
                maker = makers.get(x)
                x = maker.args[0] if maker is not None and maker.op.name in STRUCTURAL else x
    return found


def _grouped(calls: list[Call]) -> Iterator[Call | list[Call]]:
    """The calls in an order in which those that can be one kernel stand together."""
    left, makers, done = list(calls), {call.out for call in calls}, set[Value]()

    def ready(call: Call) -> bool:
        return all(x in done or x not in makers for x in call.reads())

    while left:
        single = next((call for call in left if ready(call) and not _rows(call)), None)
        first = next(call for call in left if ready(call)) if single is None else single
        group: list[Call] = []
        for call in left:
            if (call is first) if single else (_fits(call, _rows(first)) and ready(call)):
                group.append(call)
                done.add(call.out)
        left = [call for call in left if call not in group]
        kinds = {x.dtype for call in group for x in (*call.reads(), call.out) if x.dtype.kind == "f"}
        if len(group) >= FEW and len(kinds) == 1:
            yield group
        else:
            yield from group


def _whole(call: Call) -> tuple[int, ...] | None:
    """The shape of the rows that a call acts on, element by element or along each; None for what is neither."""
    if not ours(call.op):
        return None
    x = call.args[0] if call.args else None
    if call.op.name in REDUCED and isinstance(x, Value):
        along = call.static["axis"] in (-1, x.ndim - 1) and call.static["keepdims"]
        return x.shape if along and x.dtype.name in FLOATS and x.ndim > 1 else None
    numbers = all(isinstance(x, Value | int | float | np.floating | np.integer) for x in call.args)
    known = call.op.name in SCALAR and numbers and call.out.dtype.name in (*FLOATS, "bool")
    return call.out.shape if known and call.out.ndim > 1 else None


def _rows(call: Call) -> tuple[int, ...]:
    """The shape of the rows that a call acts on, where they are many; otherwise ()."""
    shape = _whole(call) or ()
    return shape if has_rows(shape) and _fits(call, shape) else ()


def _fits(call: Call, whole: tuple[int, ...]) -> bool:
    """Whether a call acts on these rows, or on one number of each, and all that it reads is of that size or less."""
    shape, one = _whole(call), (*whole[:-1], 1)
    if shape != whole and (shape != one or call.op.name in REDUCED):
        return False
    sizes = (whole, one, whole[-1:], (), (1,) * len(whole), (*(1,) * len(one[1:]), whole[-1]))
    if any(x.shape not in sizes for x in call.reads()):
        return False
    integers = any(x.dtype.kind not in "fb" for x in call.reads())
    return not integers or call.op.name == "equal"


class Rows(Lines):
    """Writes one such kernel, and the line that calls it."""

    def __init__(self, places: Places, lines: list[str], calls: list[Call]) -> None:
        super().__init__(places, lines)
        self.calls = calls
        self.makers = {call.out: call for call in calls}
        self.whole = next(shape for call in calls if (shape := _whole(call)) is not None and has_rows(shape))
        self.one = (*self.whole[:-1], 1)
        self.size, self.count = self.whole[-1], prod(self.whole[:-1])
        self.arrays: dict[Value, tuple[str, str]] = {}  # of each value that lies in memory: its array, and its element
        self.when: dict[Value, int] = {}  # the nest in which it is made; for one number a row, before which it is there

    def run(self) -> None:
        """Write it; where a nest has too many arrays for vector instructions, the calls one by one."""
        for call in self.calls:
            at = max((self.when.get(x, 0) for x in call.reads()), default=0)
            self.when[call.out] = at + (call.op.name in REDUCED)
        self.before, self.lines = self.lines, []
        for x in dict.fromkeys(x for call in self.calls for x in call.reads() if x not in self.makers):
            self._given(x)
        kept = self._kept()
        for call in self.calls:
            if call.out in kept:
                self._made(call.out)
        nests = range(1 + max(self.when.values()))
        loops = [loop for nest in nests for loop in (self._of_each_row(nest), self._of_each_element(nest)) if loop]
        if max(map(_pairs, loops)) > MOST:
            for call in self.calls:
                Outer(self.places, self.before).call(call)
            return
        dtype = next(x.dtype.name for call in self.calls for x in (*call.reads(), call.out) if x.dtype.kind == "f")
        names = {element.partition("[")[0]: array for array, element in self.arrays.values()}
        head = '@njit(cache=True, fastmath={"contract"}, error_model="numpy", nogil=True)'
        body = "\n".join(f"    {line}" for loop in loops for line in loop)
        source = f"{prelude(dtype)}{head}\ndef kernel(N, V, {', '.join(names)}):\n{body}\n"
        kernel = self.places.name(compiled_kernel(source), "kernel")
        self.before += [*self.lines, f"{kernel}({self.count}, {self.size}, {', '.join(names.values())})"]

    # where the values lie

    def _kept(self) -> set[Value]:
        """What lies in memory: what is read elsewhere, one number a row, and what a later nest should not repeat."""
        read = Counter(x for call in self.calls for x in call.reads())
        found: set[Value] = set()
        for call in self.calls:
            elsewhere = self.places.reads[call.out] > read[call.out] or call.out.shape == self.one
            readers = (other for other in self.calls if call.op.name in DEAR and call.out in other.args)
            nests = [self.when[other.out] - (other.op.name in REDUCED) for other in readers]
            if elsewhere or any(nest > self.when[call.out] for nest in nests):
                found.add(call.out)
        return found

    def _element(self, x: Value, array: str) -> None:
        index = {self.whole: "[j, k]", self.one: "[k]"}.get(x.shape, "[0]" if prod(x.shape) == 1 else "[j]")
        self.arrays[x] = array, f"A{len(self.arrays):02d}{index}"

    def _given(self, x: Value) -> None:
        """What comes from outside: where it lies, or a copy that lies as it should."""
        places, array = self.places, self.places.static.get(x)
        if array is not None and (flat := self._flat(x, array)) is not None:
            self._element(x, places.name(flat))
        elif x.shape == self.whole:
            held = places.allocate(x, "F")
            self.lines.append(f"copyto({places.name(held)}, {places.text(x)})")
            flat = self._flat(x, held)
            assert flat is not None
            self._element(x, places.name(flat))
        else:
            name = f"c{len(places.names)}_{len(self.before) + len(self.lines)}"
            self.lines.append(f"{name} = ascontiguousarray({places.text(x)}).reshape(-1)")
            self._element(x, name)

    def _flat(self, x: Value, array: np.ndarray) -> np.ndarray | None:
        """The array as (V, N), or with one axis; None where no view is that."""
        turned = np.moveaxis(array, -1, 0) if array.ndim else array
        shape = (self.size, self.count) if x.shape == self.whole else (-1,)
        return turned.reshape(shape) if turned.flags.c_contiguous else None

    def _made(self, out: Value) -> None:
        if out not in self.places.static:
            self.places.static[out] = self.places.allocate(out, "F")
        flat = self._flat(out, self.places.static[out])
        assert flat is not None
        self._element(out, self.places.name(flat))

    # the kernel

    def _of_each_row(self, nest: int) -> list[str]:
        """The loop over the rows before a nest: where sums start, and what is made of one number of each."""
        lines: list[str] = []
        local: dict[Value, str] = {}
        for call in self.calls:
            if call.op.name in REDUCED and self.when[call.out] == nest + 1:
                lines.append(f"{self.arrays[call.out][1]} = {REDUCED[call.op.name][0]}")
            elif call.op.name not in REDUCED and call.out.shape == self.one and self.when[call.out] == nest:
                self._value(call.out, self.one, nest, local, lines)
        return ["for k in range(N):", *(f"    {line}" for line in lines)] if lines else []

    def _of_each_element(self, nest: int) -> list[str]:
        lines: list[str] = []
        local: dict[Value, str] = {}
        for call in self.calls:
            if call.op.name in REDUCED and self.when[call.out] == nest + 1:
                x = self._value(call.args[0], self.whole, nest, local, lines)
                total = self.arrays[call.out][1]
                lines.append(f"{total} = {REDUCED[call.op.name][1].format(total, x)}")
            elif call.out in self.arrays and call.out.shape == self.whole and self.when[call.out] == nest:
                self._value(call.out, self.whole, nest, local, lines)
        over = ["for j in range(V):", "    for k in range(N):", *(f"        {line}" for line in lines)]
        return over if lines else []

    def _value(self, x: Value, shape: tuple[int, ...], nest: int, local: dict[Value, str], lines: list[str]) -> str:
        """The name of an element of x, in a loop over elements of this shape: made there, or read."""
        if x not in local:
            call, kept = self.makers.get(x), x in self.arrays
            made = call is not None and call.op.name not in REDUCED and x.shape == shape
            if call is not None and made and (not kept or self.when[x] == nest):
                for each in call.reads():
                    self._value(each, shape, nest, local, lines)
                local[x] = f"v{len(local)}"
                lines.append(f"{local[x]} = {scalar(call, local)}")
                if kept:
                    lines.append(f"{self.arrays[x][1]} = {local[x]}")
            else:
                local[x] = f"v{len(local)}"
                lines.append(f"{local[x]} = {self.arrays[x][1]}")
        return local[x]


def _pairs(loop: list[str]) -> int:
    """How many pairs of arrays a loop has of which one is written to."""
    written = {name for line in loop for name in re.findall(r"^ *(A\d+)\[.*\] = ", line)}
    every = {name for line in loop for name in re.findall(r"A\d+(?=\[)", line)}
    return pairs(len(every - written), len(written))
