"""Lines: a call written as Python that puts its result into an array that is there.

add(x, y)          add_(x, y, out)                       NumPy's own function, where it has one with an `out`
inner(x, W)        dot(W, x.T, out.T)                    as the arrays are stored
reshape(x)         no line, where it is a view of an array that does not move
anything else      out = op.forward(x)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.passes.pack import PACK
from tinygrad_rnn.compiler.passes.vector import is_product
from tinygrad_rnn.compiler.places import STRUCTURAL, Places, is_same_memory, part_of
from tinygrad_rnn.compiler.program import Argument, Call, Value
from tinygrad_rnn.engine.op import Op

__all__ = ["Lines", "Outer", "is_written", "ours", "ufunc_of"]

Static = np.ndarray


class Lines:
    """Writes calls as lines; where their values are is told by its subclasses."""

    def __init__(self, places: Places, lines: list[str]) -> None:
        self.places, self.lines = places, lines

    def text(self, arg: Argument) -> str:
        return self.places.text(arg)

    def write(self, call: Call, out: str, like: Static) -> None:
        """The line that writes the result of a call into an array that is there."""
        name, args = call.op.name, [self.text(arg) for arg in call.args]
        ufunc = ufunc_of(call.op)
        if call.op is PACK:
            raise AssertionError("a pack is written by its parts")
        if is_product(call.op) and _is_matrix(call):
            self.lines.append(_product(call, args, out, like))
        elif ufunc is not None:
            to = f"out={out}" if ufunc in (np.maximum, np.minimum) else out  # NumPy wants it said of these two
            self.lines.append(f"{self.places.name(ufunc, ufunc.__name__ + '_')}({', '.join([*args, to])})")
        elif name == "relu" and ours(call.op):
            self.lines.append(f"{self.places.name(np.maximum, 'maximum_')}({args[0]}, 0, out={out})")
        elif name == "sigmoid" and ours(call.op):
            for f, operands in (
                (np.negative, args[0]), (np.exp, out), (np.add, f"{out}, 1"), (np.reciprocal, out)
            ):  # fmt: skip
                self.lines.append(f"{self.places.name(f, f.__name__ + '_')}({operands}, {out})")
        elif name == "where" and ours(call.op):
            self.lines.append(f"copyto({out}, {args[2]})")
            self.lines.append(f"copyto({out}, {args[1]}, where={args[0]})")
        elif name == "sum" and ours(call.op):
            axis, keep = call.static["axis"], call.static["keepdims"]
            self.lines.append(f"add_reduce({args[0]}, axis={axis!r}, keepdims={keep!r}, out={out})")
        elif name in ("stack", "concatenate") and ours(call.op) and call.static["axis"] is not None:
            self.lines += [f"copyto({out}[{place}], {arg})" for place, arg in zip(_places(call), args, strict=True)]
        elif name in STRUCTURAL:
            self.lines.append(f"copyto({out}, {self.view(call, args)})")
        else:
            self.lines.append(f"{out}[...] = {self.plain(call, args)}")

    def plain(self, call: Call, args: Sequence[str]) -> str:
        """The call of the op's own forward."""
        options = [f"{key}={self._option(value)}" for key, value in call.static.items()]
        return f"{self.places.name(call.op.forward, call.op.name + '_')}({', '.join([*args, *options])})"

    def view(self, call: Call, args: Sequence[str]) -> str:
        """A view, as an expression."""
        return self.plain(call, args)

    def note_block(self, call: Call) -> None:
        """Note where a slice of an array of the moment is one of the blocks of a vector, as a gate's bias is."""
        x, index = call.args[0], call.static.get("index")
        last = index[-1] if isinstance(index, tuple) and index else index
        if call.op.name == "getitem" and x.ndim == 1 and type(last) is slice and last.step in (None, 1):
            start, _, _ = last.indices(x.shape[0])
            size = call.out.shape[0]
            if size and start % size == 0 and x.shape[0] % size == 0:
                self.places.blocks[call.out] = x, start // size, size

    def _option(self, value: Any) -> str:
        simple = type(value) in (int, bool, type(None)) or (
            isinstance(value, tuple) and all(type(item) is int for item in value)
        )
        return repr(value) if simple else self.places.name(value, "o")


def _places(call: Call) -> Iterator[str]:
    """Where each argument of a stack or a concatenation lies in what it makes."""
    axis, at = call.static["axis"] % call.out.ndim, 0
    for x in call.args:
        size = 1 if call.op.name == "stack" else np.shape(x)[axis] if not isinstance(x, Value) else x.shape[axis]
        yield ":, " * axis + (f"{at}, ..." if call.op.name == "stack" else f"{at}:{at + size}")
        at += size


def _product(call: Call, args: Sequence[str], out: str, like: Static) -> str:
    """A product of two matrices into an array, as it is stored."""
    a, b = args
    if call.op.name == "inner":
        b = f"{b}.T"
    if like.flags.c_contiguous:
        return f"dot({a}, {b}, {out})"
    if like.T.flags.c_contiguous:
        return f"dot({b}.T, {a}.T, {out}.T)".replace(".T.T", "")
    return f"matmul({b}.T, {a}.T, {out}.T)".replace(".T.T", "")


def _is_matrix(call: Call) -> bool:
    return all(isinstance(x, Value) and x.ndim == 2 for x in call.args)


def is_written(call: Call) -> bool:
    """Whether there is a line that writes what the call makes into an array, and makes no view of what it reads."""
    if call.op.name in ("relu", "sigmoid", "where", "sum", "stack", "concatenate"):
        return ours(call.op)
    return call.op is PACK or ufunc_of(call.op) is not None or (is_product(call.op) and _is_matrix(call))


def ours(op: Op) -> bool:
    """Whether it is one of the library's ops, not a user's of the same name."""
    return str(getattr(op.forward, "__module__", "")).startswith("tinygrad_rnn.ops")


def ufunc_of(op: Op) -> Any:
    """NumPy's function that an op is, where it is one that writes into an array."""
    found = getattr(np, op.name, None)
    return found if isinstance(found, np.ufunc) and ours(op) else None


class Outer(Lines):
    """Calls outside of loops."""

    def call(self, call: Call) -> None:
        places, static = self.places, self.places.static
        operands = [static.get(x) if isinstance(x, Value) else x for x in call.args]
        out = call.out
        if call.op is PACK:
            self._pack(call)
            return
        if call.op.name in STRUCTURAL:
            source = operands[0]
            if isinstance(source, np.ndarray):
                view = call.op.forward(*operands, **call.static)
                if np.may_share_memory(view, source):
                    static[out] = view
                    return
            else:
                text = self.view(call, [self.text(x) for x in call.args])
                self.lines.append(f"{places.running(out)} = {text}")
                self.note_block(call)
                return
        part = places.part(out)
        if part is not None and (view := part_of(*part)).shape == out.shape:
            static[out] = view
        writable = is_written(call) or call.op.name in STRUCTURAL
        if out in places.asked and out in places.plain and writable:
            places.names[out] = places.asked[out]
            self.write(call, places.names[out], np.empty(out.shape, out.dtype))
            return
        if out not in static and not writable:
            self.lines.append(f"{places.running(out)} = {self.plain(call, [self.text(x) for x in call.args])}")
            return
        if out not in static:
            static[out] = places.allocate(out, places.order(call, operands))
        self.write(call, places.text(out), static[out])

    def _pack(self, call: Call) -> None:
        whole = self.places.whole(call.out)
        for x, place in zip(call.args, call.static["places"], strict=True):
            view = part_of(whole, place)
            held = self.places.static.get(x)
            if held is None or not is_same_memory(held, view):
                self.lines.append(f"copyto({self.places.name(view)}, {self.text(x)})")
