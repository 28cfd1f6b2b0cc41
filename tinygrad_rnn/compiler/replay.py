"""Replay: a program as a flat list of NumPy calls that write into arrays allocated once.

program  →  a place for each value  →  Python source, a line a call  →  forward(inputs), backward(kept, cotangents)

The source can be read: `print(plan.source)`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from tinygrad_rnn.compiler.lines import Outer, is_written
from tinygrad_rnn.compiler.looped import Looped
from tinygrad_rnn.compiler.places import Places
from tinygrad_rnn.compiler.program import Argument, Call, Program, Step, Value
from tinygrad_rnn.compiler.rows import Rows, gathered

__all__ = ["Replay", "build"]


@dataclass
class Replay:
    """A program that is ready to run, with memory of its own.

    Attributes:
        source: what is run, as Python.
        forward: inputs → (outputs, kept).
        backward: kept, cotangents → gradients.
        bytes: of the arrays that were allocated.
    """

    source: str
    forward: Any
    backward: Any
    bytes: int


def build(program: Program, forward: int, outputs: int, cotangents: int, fast: bool = False) -> Replay:
    """Make a program ready to run.

    Args:
        program: its last inputs are the cotangents.
        forward: how many of its steps are the forward pass.
        outputs: how many of its outputs are the forward pass's.
        cotangents: how many of its inputs are the backward pass's.
        fast: whether the elementwise calls of a loop are made kernels, by numba.
    """
    places, steps = Places(program, fast), program.steps
    inputs = [_named(places, value, f"x{k}") for k, value in enumerate(program.inputs)]
    given = inputs[: len(inputs) - cotangents]
    parts = [gathered(part, places.wanted) if fast else part for part in (steps[:forward], steps[forward:])]
    dying = _dying(program, parts, outputs)
    ahead = _lines(places, parts[0], dying)
    returned = "".join(_copied(places, out) for out in program.outputs[:outputs])
    begin, names = _gradients(places, program.outputs[outputs:])
    places.memory.release(dying.pop(), places.static, places.lying)
    back = [*begin, *_lines(places, parts[1], dying)]
    back += [f"copyto({name}, {places.text(out)})" for name, out in names if places.names.get(out) != name]
    gradients = "".join(f"{name}, " for name, _ in names)
    text = "\n".join([*ahead, returned, *back, gradients])
    ahead, back = _read_again(ahead, text), _read_again(back, text)
    text = "\n".join([*back, gradients])
    made = [places.names[v] for step in steps[:forward] for v in step.writes() if v in places.names]
    kept = [name for name in dict.fromkeys([*given, *made]) if re.search(rf"\b{name}\b", text)]
    source = "\n".join(
        [
            f"def forward({', '.join(given)}):",
            *(f"    {line}" for line in ahead),
            f"    return ({returned}), ({''.join(f'{name}, ' for name in kept)})",
            "",
            f"def backward({', '.join([*kept, *inputs[len(given) :]])}):",
            *(f"    {line}" for line in back),
            f"    return ({gradients})",
        ]
    )
    exec(compile(source, "<plan>", "exec"), places.space)
    return Replay(source, places.space["forward"], places.space["backward"], places.memory.bytes)


def _named(places: Places, value: Value, name: str) -> str:
    places.names[value] = name
    return name


def _lines(places: Places, items: Sequence[Step | list[Call]], dying: list[set[Value]]) -> list[str]:
    """The lines of these steps; the memory of what dies with each is free for those that follow."""
    lines: list[str] = []
    for item in items:
        if isinstance(item, list):
            Rows(places, lines, item).run()
        elif isinstance(item, Call):
            Outer(places, lines).call(item)
        else:
            Looped(places, lines, item).run()
        places.memory.release(dying.pop(), places.static, places.lying)
    return lines


def _dying(program: Program, parts: Sequence[Sequence[Step | list[Call]]], outputs: int) -> list[set[Value]]:
    """What nothing reads after each item of the forward pass, its return, and each item of the backward pass; reversed.

    What the backward pass reads of the forward pass does not die.
    """
    ahead, back = parts
    items: list[Any] = [*ahead, [], *back]
    last: dict[Value, int] = {out: len(items) for out in program.outputs[outputs:] if isinstance(out, Value)}
    last |= {out: len(ahead) for out in program.outputs[:outputs] if isinstance(out, Value) and out not in last}
    for k in reversed(range(len(items))):
        for step in items[k] if isinstance(items[k], list) else [items[k]]:
            views = isinstance(step, Call) and not is_written(step)  # what comes out may be a view of what goes in
            until = max((last.get(out, k) for out in step.writes()), default=k) if views else k
            for x in step.reads():
                last[x] = max(last.get(x, 0), until)
    early = {out for item in ahead for step in (item if isinstance(item, list) else [item]) for out in step.writes()}
    dying: list[set[Value]] = [set() for _ in items]
    for value, k in last.items():
        if k < len(items) and not (value in early and k > len(ahead)):
            dying[k].add(value)
    return dying[::-1]


def _read_again(lines: list[str], text: str) -> list[str]:
    """The lines, without those that make a value that no line reads."""
    words = Counter(re.findall(r"\w+", text))
    return [line for line in lines if not ((name := re.match(r" *([vw]\d+) = ", line)) and words[name[1]] == 1)]


def _gradients(places: Places, outs: Sequence[Any]) -> tuple[list[str], list[tuple[str, Any]]]:
    """The lines that make one vector for all gradients, and what its parts are called."""
    begin: list[str] = []
    named: list[tuple[str, Any]] = []
    sizes = Counter[Any]()
    for out in outs:
        name, start = f"g{len(named)}", sizes[out.dtype]
        sizes[out.dtype] += prod(out.shape)
        begin.append(f"{name} = all_{out.dtype}[{start}:{sizes[out.dtype]}].reshape({out.shape})")
        named.append((name, out))
        places.asked.setdefault(out, name)
    made = [f"all_{dtype} = empty({size}, {places.name(dtype, 'n')})" for dtype, size in sizes.items()]
    return made + begin, named


def _copied(places: Places, out: Argument) -> str:
    return f"array({places.text(out)}), "
