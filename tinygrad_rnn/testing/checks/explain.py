"""From a wrong number to where it comes from: argument, index, rows, the first op whose own rule is wrong.

wrong slope  →  which element of which argument, which rows of the output
             →  the recorded graph, op by op, oldest first: each checked on the values it had
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.functions import record_function
from tinygrad_rnn.autodiff.observed import graph
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.tensor import Array, Tensor, label
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.nn import Module
from tinygrad_rnn.testing.laws.linear_map import same
from tinygrad_rnn.testing.laws.nodes import local
from tinygrad_rnn.testing.laws.recurrence import Recurrence
from tinygrad_rnn.testing.oracles.case import Case, parted, title
from tinygrad_rnn.testing.oracles.compare import Comparison, Mode, compare, cotangent
from tinygrad_rnn.testing.oracles.slopes import slope
from tinygrad_rnn.testing.report.again import Again, rerun
from tinygrad_rnn.testing.report.findings import GradReport, Kink, Mismatch
from tinygrad_rnn.testing.report.text import SHOWN

SEARCHED = 2048  # so many elements are looked through for the one that is wrong
USUAL = {"order": 1, "oracle": "auto", "reference": None}  # what a check is not told in so many words


@dataclass(frozen=True)
class Check:
    """What was asked: is this mode's derivative of this case right, up to this order?"""

    case: Case
    kind: str
    mode: Mode
    order: int
    oracle: str
    reference: Callable[..., Any] | None
    seed: int

    @cached_property
    def again(self) -> Again:
        """How to ask again."""
        fn, case = self.case.fn, self.case
        net = getattr(fn, "func", fn)  # with lengths, a partial of it
        if isinstance(net, Recurrence):
            return net.again()
        inputs = case.build(_as_given(case))
        options = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("case", "kind", "mode")}
        options = {name: value for name, value in options.items() if value != USUAL.get(name)}
        options |= case.limits.given
        if isinstance(module := getattr(fn, "module", None), Module):
            return rerun("check_module", module, *inputs[1:], **options)
        if case.moving != Case.of(fn, inputs).moving:
            options["wrt"] = tuple(k for k, x in enumerate(inputs) if _moves(case, inputs[:k], x))
        if case.name != title(fn):
            options["name"] = case.name
        return rerun(f"check_{self.kind}", fn, *inputs, **options)


def _as_given(case: Case) -> list[Any]:
    """The leaves of its arguments: an array that was written to since then as it was."""
    leaves = list(case.leaves)
    for k, x in zip(case.moving, case.xs, strict=True):
        kept = isinstance(leaves[k], float) or (isinstance(leaves[k], np.ndarray) and same(leaves[k], x))
        leaves[k] = leaves[k] if kept else x
    return leaves


def _moves(case: Case, before: Sequence[Any], argument: Any) -> bool:
    """Whether one of an argument's leaves is differentiated."""
    start = len(flatten(list(before))[0])
    return any(start <= k < start + len(flatten(argument)[0]) for k in case.moving)


def explained(check: Check, case: Case, found: Comparison, order: int) -> GradReport:
    """The report of a comparison that failed at this order of the case."""
    with np.errstate(all="ignore"):  # what is wrong may well divide by 0 once more
        return _explained(check, case, found, order)


def _explained(check: Check, case: Case, found: Comparison, order: int) -> GradReport:
    found = _single(check, case, found)
    outputs, wrong = _wrong_rows(check.mode, case, found, order)
    shown = wrong[0][1] if wrong else found
    recorded, node = _recorded(check)
    text = Mismatch(
        what=f"the derivative{'' if order == 1 else f' of order {order}'} by the {check.kind} rules is wrong",
        argument=_argument(case, found.dx),
        analytic=f"{shown.analytic:.12g}  = ∂{wrong[0][0] if wrong else '⟨u, y⟩'}/∂{_moved(case, found.dx)}",
        numeric=f"{shown.expected:.12g}  ({shown.numeric.oracle})",
        ratio=f"{shown.analytic / shown.expected:.6g}" if shown.expected and shown.analytic else "",
        rows=_listed([name for name, _ in wrong], outputs),
        node=node,
        hint=hint(shown.analytic, shown.expected),
        **check.again._asdict(),
    )
    return GradReport(case.name, found.numeric.oracle, order, worst=found.error, mismatch=text, graph=recorded)


def hint(analytic: float, numeric: float) -> str:
    """What such a pair of numbers usually means.

    >>> hint(-2.0, 2.0)
    'a sign'
    >>> hint(1.0, 3.0)
    '1/3 of it: three uses of one value, of which one is counted, or a constant factor'
    """
    if not np.isfinite(analytic):
        return "not finite: a rule divides by 0 or takes the logarithm of it"
    if analytic == 0:
        return "nothing arrives: a missing rule, a detach(), or a value read with .data"
    if numeric == 0:
        return "the function does not depend on it here"
    ratio = analytic / numeric
    if np.isclose(ratio, -1, rtol=1e-6):
        return "a sign"
    words = ("", "one", "two", "three", "four")
    for n in (2, 3, 4):
        if np.isclose(ratio, n, rtol=1e-6):
            return f"{n} times it: one use counted {words[n]} times, or a constant factor"
        if np.isclose(ratio, 1 / n, rtol=1e-6):
            return f"1/{n} of it: {words[n]} uses of one value, of which one is counted, or a constant factor"
    return ""


# which element, which rows


def _single(check: Check, case: Case, found: Comparison) -> Comparison:
    """Of a failed random direction, the element that is wrong most, where there are not too many to try."""
    size = found.dx.size
    if np.count_nonzero(found.dx) == 1 or size > SEARCHED:
        return found
    y = case.vector(case.xs)
    analytic = check.mode(case, found.u)
    worst, excess = found, 0.0
    for k in range(size):
        dx = np.zeros(size)
        dx[k] = 1
        try:
            numeric = slope(case.vector, case.xs, parted(dx, case.xs), y, found.numeric.oracle, case.limits)
        except Kink:
            continue
        one = Comparison(dx, found.u, analytic(dx), numeric, found.tolerance)
        if abs(one.analytic - one.expected) > excess:
            worst, excess = one, abs(one.analytic - one.expected)
    return worst


def _argument(case: Case, dx: Array) -> str:
    """What a direction moves: which argument, at which index, of which shape."""
    if np.count_nonzero(dx) != 1:
        return "several at once, dx, along a random direction"
    k = next(k for k, part in enumerate(parted(dx, case.xs)) if part.any())
    return f"{_moved(case, dx)}, of shape {case.xs[k].shape}"


def _moved(case: Case, dx: Array) -> str:
    if np.count_nonzero(dx) != 1:
        return "dx"
    k = next(k for k, part in enumerate(parted(dx, case.xs)) if part.any())
    (index,) = np.argwhere(parted(dx, case.xs)[k])
    return case.names[k] + _brackets(index.tolist())


def _brackets(index: Sequence[int]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _wrong_rows(mode: Mode, case: Case, found: Comparison, order: int) -> tuple[int, list[tuple[str, Comparison]]]:
    """How many elements the output has, and those whose derivative along dx is wrong, while there are few to try."""
    size = found.u.size
    if size > SHOWN:
        return size, []
    share = found.tolerance / float(np.abs(found.u).sum())
    rows = (Comparison(found.dx, u, mode(case, u)(found.dx), found.numeric, share) for u in np.eye(size))
    return size, [(name, row) for name, row in zip(_elements(case, order), rows, strict=True) if row.wrong]


def _elements(case: Case, order: int) -> list[str]:
    """What to call each element of the output: y[0, 1], or y0[…], y1[…]; beyond the first order gx[…], the gradient."""
    shapes = [y.shape for y in case(*(Tensor(x) for x in case.xs))]
    stems = [f"y{j}" if len(shapes) > 1 else "y" for j in range(len(shapes))]
    stems = stems if order == 1 else [f"g{name}" for name in case.names[: len(shapes)]]
    return [stem + _brackets(index) for stem, shape in zip(stems, shapes, strict=True) for index in np.ndindex(shape)]


def _listed(names: list[str], size: int) -> str:
    if not names or size == 1:
        return ""
    return f"{len(names)} of {size} are wrong: {', '.join(names[:6])}{', …' if len(names) > 6 else ''}"


# which op


def _recorded(check: Check) -> tuple[Any, str]:
    """A snapshot of what the function recorded, and the first op in it that is wrong by itself."""
    case = check.case
    moved, made, _ = record_function(case, [x.astype(np.float64) for x in case.xs])
    for x, name in zip(moved, case.names, strict=True):
        label(x, "parameter" if name.startswith("parameters[") else "input", name)
    ys = [y for y in made if y.requires_grad]
    if not ys:
        return None, ""
    nodes = [node for node in reversed(ancestors([y.node for y in ys], grad_only=True)) if node.op is not None]
    guilty = next((node for node in nodes if disagrees(check, node)), None)
    if guilty is None:
        words = "each recorded op agrees by itself: look at what is done between them (detach, .data, a kept value)"
    else:
        place = f", {guilty.context}" if str(guilty.context) else ""
        words = f"{guilty.title}{place}: the first whose own rule disagrees"
        words = words if guilty.op is None or guilty.title == guilty.op.name else f"{guilty.op.name} → {words}"
    return graph(*ys), words


def disagrees(check: Check, node: Node) -> bool:
    """Whether an op's own derivatives are wrong at the values it had."""
    case = replace(local(node), limits=check.case.limits)
    try:
        for order in range(1, check.order + 1):
            y = case.vector(case.xs)
            u = cotangent(y.size, order)
            found = compare(case, y, u, check.mode, check.oracle, check.seed)
            if any(isinstance(c, Comparison) and c.wrong for c in found):
                return True
            case = case.derivative(u)
    except Exception:  # a rule that raises is wrong too
        return True
    return False
