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

from tinygrad_rnn.compiler.lines import Outer
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
    ahead = _lines(places, steps[:forward])
    returned = "".join(_copied(places, out) for out in program.outputs[:outputs])
    begin, names = _gradients(places, program.outputs[outputs:])
    back = [*begin, *_lines(places, steps[forward:])]
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
    return Replay(source, places.space["forward"], places.space["backward"], places.bytes)


def _named(places: Places, value: Value, name: str) -> str:
    places.names[value] = name
    return name


def _lines(places: Places, steps: list[Step]) -> list[str]:
    lines: list[str] = []
    for step in gathered(steps, places.wanted) if places.fast else steps:
        if isinstance(step, list):
            Rows(places, lines, step).run()
        elif isinstance(step, Call):
            Outer(places, lines).call(step)
        else:
            Looped(places, lines, step).run()
    return lines


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
