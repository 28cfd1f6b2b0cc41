"""What a check found: GradReport when it held, GradMismatch when it did not, Kink when there was nothing to hold.

GradMismatch: cube: the gradient of x is wrong
  argument  x[1], a (3,) float64
  analytic  4.0
  numeric   12.0  (complex step)
  ratio     0.3333
  rows      3 of 3 elements of y are wrong: y[0], y[1], y[2]
  node      power, encoder/lstm, step 3: the first whose own rule disagrees
  hint      a constant factor is missing
  again     check_vjp(cube, np.array([1.0, 2.0, 3.0]), seed=0)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from tinygrad_rnn.engine.snapshot import Graph
from tinygrad_rnn.errors import TinygradError

__all__ = ["GradMismatch", "GradReport", "Kink"]


@dataclass(frozen=True)
class Mismatch:
    """One disagreement, in the words of the message; what is empty is not known.

    Attributes:
        argument: which argument, at which index.
        analytic, numeric, ratio: the derivative by the rules, by the oracle, and the first over the second.
        rows: which elements of the output have a wrong derivative.
        node: the first node of the recorded graph whose own rule disagrees: op, scope and time step.
        hint: what such a ratio usually means.
        again: a line that runs the check again.
        needs: source of what the line needs: imports, large arrays, what was drawn.
    """

    what: str
    argument: str = ""
    analytic: str = ""
    numeric: str = ""
    ratio: str = ""
    rows: str = ""
    node: str = ""
    hint: str = ""
    again: str = ""
    needs: str = ""

    def __str__(self) -> str:
        facts = asdict(self)
        head, needs = facts.pop("what"), facts.pop("needs")
        lines = [head, *(f"  {name:<9} {text}" for name, text in facts.items() if text)]
        return "\n".join([*lines, "", needs] if needs else lines)


@dataclass(frozen=True)
class GradReport:
    """What was compared, and how well it agreed.

    Attributes:
        name: what was checked.
        oracle: the evidence: "complex step", "Richardson", "central differences", "float64", or several.
        order: of the highest derivative that was compared.
        directions: how many directional derivatives were compared.
        kinks: how many more were left out, because the function has no derivative there.
        worst: the largest |analytic − numeric| / S, where S = Σ|terms that were added up|.
        laws: the laws that were tried.
        mismatch: what disagreed, None when nothing did.
        graph: of a failed check, what was recorded: viz.draw(report.graph, view="op") shows it.
    """

    name: str
    oracle: str = ""
    order: int = 1
    directions: int = 0
    kinks: int = 0
    worst: float = 0.0
    laws: tuple[str, ...] = ()
    mismatch: Mismatch | None = None
    graph: Graph | None = None

    @property
    def passed(self) -> bool:
        """Whether the check found no mismatch."""
        return self.mismatch is None

    def __str__(self) -> str:
        if self.mismatch is not None:
            return f"{self.name}: {self.mismatch}"
        agree = "slope agrees" if self.directions == 1 else "slopes agree"
        parts = [f"{self.directions} {agree} with {self.oracle} to {self.worst:.1e}"] if self.directions else []
        parts += [f"{self.kinks} at kinks left out"] if self.kinks else []
        parts += [f"laws that hold: {', '.join(self.laws)}"] if self.laws else []
        return f"{self.name}: {'; '.join(parts)}"


class GradMismatch(TinygradError, AssertionError):  # noqa: N818  (the public name)
    """A derivative that is wrong, or a law of derivatives that is broken; `.report` holds the facts.

    The facts are looked for when they are first asked for: while Hypothesis shrinks, hundreds of examples fail whose
    message nobody reads.
    """

    def __init__(self, found: GradReport | Callable[[], GradReport]) -> None:
        Exception.__init__(self, found)
        self._found = found

    @property
    def report(self) -> GradReport:
        """The facts behind the message, looked for now if nobody has asked before."""
        if not isinstance(self._found, GradReport):
            self._found = self._found()
        return self._found

    def __str__(self) -> str:
        return str(self.report)

    def __reduce__(self) -> tuple[type[GradMismatch], tuple[GradReport]]:
        return GradMismatch, (self.report,)


class Kink(TinygradError, ArithmeticError):  # noqa: N818  (a point, not a mistake)
    """The function has no derivative here, so that no rule can be right or wrong."""
