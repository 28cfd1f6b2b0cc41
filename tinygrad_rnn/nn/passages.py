"""Which step comes next: a state knows in which passage and at which step it was made.

h₀ ─ f ─ h₁ ─ f ─ h₂  │  cell(x, h₂)               the step after h₂'s, in the same passage
                      │  layer(x, h₂)              a passage of its own that goes on counting: 3, 4
                      │  decoder(x, h₂)            another module: a passage of its own that begins with 1, behind it
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tinygrad_rnn.engine.context import CONTEXT, Passage, Scope, passage, using
from tinygrad_rnn.engine.node import Leaf, Node
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.engine.trees import flatten

__all__ = ["Made", "begin", "made_at", "made_in", "next_step"]


class Made(NamedTuple):
    """Where a value was made: at a step, and in a passage unless the steps were the program's own."""

    passage: Passage | None
    step: int
    scope: tuple[Scope, ...] | None = None


def made_at(node: Node) -> Made | None:
    """The step that a recorded value stands in; of a detached one, that of the value it was cut from."""
    if isinstance(node, Leaf):
        return Made(node.cut.passage, node.cut.step) if node.cut and node.cut.step else None
    where = node.context
    return Made(where.passage, where.step, where.scope) if where.step else None


def made_in(state: Any, runner: object = None) -> Made | None:
    """The step in which a state was made: the latest behind it, that of a passage of `runner` first.

    What was computed from a state outside any step, such as h_n put together or h scaled, is looked through.
    """
    nodes = [x._node for x in flatten(state)[0] if isinstance(x, Tensor) and x._node is not None]
    found = [made for node in nodes for made in _made(node)]
    if not found or found.count(found[0]) == len(found):
        return found[0] if found else None
    return max(found, key=lambda made: (_is_of(made, runner), made.passage.number if made.passage else 0, made.step))


def _made(node: Node) -> list[Made]:
    """Where a node was made, or where what it was made from was, if it was made outside any step."""
    stack, seen, found = [node], {node}, []
    while stack:
        node = stack.pop()
        made = made_at(node)
        if made is not None:
            found.append(made)
            continue
        for parent in node.inputs:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return found


def _is_of(made: Made, runner: object) -> bool:
    """Whether `runner` made it; in steps of the program's own, whether it was made inside it, as far as is known."""
    if made.passage is not None:
        return made.passage.is_of(runner)
    return made.scope is None or any(part.is_of(runner) for part in made.scope)


def begin(runner: object, state: Any, *, reverse: bool = False) -> Passage:
    """A new passage of `runner` from this state; where it made the state itself, its steps go on counting."""
    made = made_in(state, runner)
    if made is None:
        return passage(runner, reverse=reverse)
    own = _is_of(made, runner)
    after = made.passage.number if made.passage else None, made.step
    return passage(runner, made.step if own else 0, after, reverse=reverse)


def next_step(runner: object, state: Any) -> using:
    """The step after the one in which `state` was made; where a step is open already, that one."""
    now = CONTEXT.get()
    if now.step or not (now.recording or now.tracing):
        return using()
    made = made_in(state, runner)
    if made is not None and _is_of(made, runner):
        return using(passage=made.passage, step=made.step + 1, steps=None)
    return using(passage=begin(runner, state), step=1, steps=None)
