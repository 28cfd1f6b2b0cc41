"""Laws of recurrences: what backpropagation through time has to satisfy, whatever the cell.

    whole    h₀ → f → f → f → f →        one call
    split    h₀ → f → f → | → f → f →    two calls, the state carried
    untied   h₀ → f₁→ f₂→ f₃→ f₄→        a copy of W for each step: their gradients add up to W's
    by hand  h₀ ← f ← f ← f ← f ←        the state's cotangent carried back, step by step

Each is a short function of the recurrence (recurrence.py); those of padded batches are in padding.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from tinygrad_rnn.diagnostics.ledger import gradient_ledger
from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.node import ancestors
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.ops import concatenate, flip, take
from tinygrad_rnn.testing.laws.linear_map import LinearMap, difference, run
from tinygrad_rnn.testing.laws.padding import pads, rows_alone
from tinygrad_rnn.testing.laws.recurrence import LIMIT, Recurrence, agree, mapped
from tinygrad_rnn.testing.laws.usage import hidden, idle, reached
from tinygrad_rnn.testing.oracles.case import Case
from tinygrad_rnn.testing.report.findings import Mismatch

Law = Callable[[Recurrence], Mismatch | None]


def of_whole(law: Callable[[LinearMap], Mismatch | None]) -> Law:
    """A law of any function, for the whole sequence as a function of parameters, sequence and state."""

    def of_net(net: Recurrence) -> Mismatch | None:
        return law(net.padded)

    return wraps(law)(of_net)


def of_nothing(law: Callable[[LinearMap], Mismatch | None]) -> Law:
    """The same, as a function of parameters and sequence: the first state is of the net's own making."""

    def of_net(net: Recurrence) -> Mismatch | None:
        return law(net.from_nothing)

    return wraps(law)(of_net)


def parameters_used(unused: Sequence[str] = ()) -> Law:
    """The law that lets these be unused."""

    def law(net: Recurrence) -> Mismatch | None:
        return hidden(net.whole) or idle((net.from_nothing, net.whole), unused)

    law.__name__, law.__doc__ = "parameters_used", "the output or the state depends on every parameter"
    return law


def state_used(net: Recurrence) -> Mismatch | None:
    """the output depends on the first state"""
    names = {net.whole.case.names[k] for k in net.whole.inputs} - {"x"}
    outputs = net.linear_map_of(lambda parameters, x, state: net(parameters, x, state)[0])
    if not names or names & reached(outputs):
        return None
    return Mismatch("not used", ", ".join(sorted(names)), hint="nothing recurs: is the state read?")


def by_hand(net: Recurrence) -> Mismatch | None:
    """the gradient is what each step's pullback gives, the state's cotangent carried back from T to 1"""
    pulls, state = [], net.h0
    for t in range(net.T):
        case = Case.of(net, (net.parameters, net.x[t : t + 1], state))
        pulls.append(run(case)[1])
        with no_grad():
            state = net(net.parameters, net.x[t : t + 1], state)[1]
    W, (u, *g_state) = len(net.parameters), net.whole.us
    g_weights, g_x = [np.zeros(g.shape) for g in net.whole.gs[:W]], []
    for t in reversed(range(net.T)):
        gs = pulls[t]([u[t : t + 1], *g_state])
        g_weights = [g + term for g, term in zip(g_weights, gs, strict=False)]
        g_x.append(gs[W])
        g_state = gs[W + 1 :]
    found = [*g_weights, np.concatenate(g_x[::-1]), *g_state]
    return difference(net.whole.gradient_names, net.whole.gs, found, net.whole.sizes, LIMIT)


def split(net: Recurrence) -> Mismatch | None:
    """cut in two anywhere, the state carried over, it is the whole"""

    def cut(k: int) -> Mismatch | None:
        def in_two(parameters: Any, x: Any, state: Any) -> tuple[Any, Any]:
            first, state = net(parameters, x[:k], state)
            second, state = net(parameters, x[k:], state)
            return concatenate([first, second]), state

        return agree(net.whole, in_two, f"cut after step {k}")

    return next(filter(None, map(cut, range(1, net.T))), None)


def detached(net: Recurrence) -> Mismatch | None:
    """with the state detached at a cut, the values stay and nothing reaches what came before"""
    return next(filter(None, (_cut_off(net, k) for k in range(1, net.T))), None)


def _cut_off(net: Recurrence, k: int) -> Mismatch | None:
    def second_part(parameters: Any, x: Any, state: Any) -> tuple[Any, Any]:
        _, state = net(parameters, x[:k], state)
        return net(parameters, x[k:], mapped(_cut, state))

    p, W = net.whole, len(net.parameters)
    ys, pull = run(net.linear_map_of(second_part).case)
    gs = pull([p.us[0][k:], *p.us[1:]])
    before = [gs[W][:k], *gs[W + 1 :]]
    names = [f"the gradient of x[:{k}]", *p.gradient_names[W + 1 :]]
    sizes = [1 + np.abs(y).sum() for y in p.ys]
    return difference(p.output_names, ys, [p.ys[0][k:], *p.ys[1:]], sizes, LIMIT) or difference(
        names, before, [np.zeros_like(g) for g in before]
    )


def _cut(part: Any) -> Any:
    return part.detach() if isinstance(part, Tensor) else part


def untied(net: Recurrence) -> Mismatch | None:
    """the gradient of a shared weight is the sum of the gradients of T copies, one for each step"""
    W = len(net.parameters)
    total = [np.sum(terms, axis=0) for terms in zip(*_copies(net), strict=True)]
    return difference(net.whole.gradient_names[:W], net.whole.gs[:W], total, net.whole.sizes[:W], LIMIT)


def _copies(net: Recurrence) -> list[list[Array]]:
    """The gradients of the parameters of each step, were they its own."""

    def with_copies(copies: Any, x: Any, state: Any) -> tuple[Any, Any]:
        outputs = []
        for t in range(net.T):
            output, state = net(copies[t], x[t : t + 1], state)
            outputs.append(output)
        return concatenate(outputs), state

    case = Case.of(with_copies, ([net.parameters] * net.T, net.x, net.h0))
    gs = run(case)[1](net.whole.us)
    W = len(net.parameters)
    return [gs[t * W : (t + 1) * W] for t in range(net.T)]


def ledger(net: Recurrence) -> Mismatch | None:
    """gradient_ledger's terms add up to the gradient, and those of one step to the gradient of that step's copy"""
    leaves, loss = net.whole.recorded()
    if loss is None:
        return None
    used = {parent for node in ancestors([loss.node]) for parent in node.inputs}
    copies = _copies(net)
    for k, leaf in enumerate(leaves[: len(net.parameters)]):
        if leaf.node not in used:
            continue
        entries = gradient_ledger(loss, leaf)
        by_step: dict[int | None, Array] = {None: np.zeros(leaf.shape)}
        for entry in entries:
            by_step[entry.step] = by_step.get(entry.step, 0) + entry.contribution
        name, size = net.whole.gradient_names[k], net.whole.sizes[k]
        found = difference([name], [np.sum(list(by_step.values()), axis=0)], [net.whole.gs[k]], [size], LIMIT)
        if found is None and all(entry.step for entry in entries):  # without steps, only the sum is known
            steps = [by_step.get(t + 1, by_step[None]) for t in range(net.T)]
            names = [f"{name} in step {t + 1}" for t in range(net.T)]
            found = difference(names, steps, [terms[k] for terms in copies], [size] * net.T, LIMIT)
        if found is not None:
            return found
    return None


def causal(net: Recurrence) -> Mismatch | None:
    """∂output_t/∂x_s = 0 for s > t"""
    p, W = net.whole, len(net.parameters)
    _, pull = run(p.case)
    for t in range(net.T - 1):
        us = [np.zeros_like(u) for u in p.us]
        us[0][t] = p.us[0][t]
        later = pull(us)[W][t + 1 :]
        found = difference([f"∂output[{t}]/∂x[{t + 1}:]"], [later], [np.zeros_like(later)])
        if found is not None:
            return found
    return None


def zero_start(net: Recurrence) -> Mismatch | None:
    """no first state is a first state of zeros"""

    def from_zeros(parameters: Any, x: Any) -> tuple[Any, Any]:
        return net(parameters, x, zeros)

    with no_grad():
        zeros = mapped(lambda part: np.zeros_like(as_array(part)), net(net.parameters, net.x)[1])
    return agree(net.from_nothing, from_zeros)


def batch_permutation(net: Recurrence) -> Mismatch | None:
    """rows in another order give the same rows in that order, and the same gradient of the parameters"""
    order = np.roll(np.arange(net.x.shape[1]), 1)
    back = np.argsort(order)

    def permuted(parameters: Any, x: Any, state: Any) -> tuple[Any, Any]:
        output, state = net(parameters, take(x, order, axis=1), net.rows(state, order))
        return take(output, back, axis=1), net.rows(state, back)

    return agree(net.whole, permuted)


def reversal(net: Recurrence) -> Mismatch | None:
    """the reversed sequence is the steps fed from the last to the first"""

    def at_once(parameters: Any, x: Any, state: Any) -> tuple[Any, Any]:
        return net(parameters, flip(x, axis=0), state)

    def one_by_one(parameters: Any, x: Any, state: Any) -> tuple[Any, Any]:
        outputs = []
        for t in reversed(range(net.T)):
            output, state = net(parameters, x[t : t + 1], state)
            outputs.append(output)
        return concatenate(outputs), state

    return agree(net.linear_map_of(at_once), one_by_one)


STARTED: tuple[Law, ...] = (state_used, zero_start)
BATCHED: tuple[Law, ...] = (batch_permutation, rows_alone)
ONE_WAY: tuple[Law, ...] = (by_hand, split, detached, untied, ledger, causal, reversal)
PADDED: tuple[Law, ...] = (pads,)
