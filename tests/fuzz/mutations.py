"""What one slip of the pen makes of a source: every operator of cosmic-ray, at every place where it applies.

    gy * b → gy / b, gy + b, …     x < y → x <= y, …     axis=-1 → axis=-0     if a: → if not a:     @linear(…) →

Annotations are left alone, which nothing evaluates, and the bare * of a signature, which is no operator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names


@dataclass(frozen=True)
class Mutation:
    """One operator at one of the places where it applies.

    Attributes:
        path: of the source.
        operator: its name in cosmic-ray.
        occurrence: which of the places.
        line: where that is.
        key: its name, which stays the same while the definition that it is in does.
    """

    path: Path
    operator: str
    occurrence: int
    line: int
    key: str

    def source(self) -> str | None:
        """The mutated source; None where it is no program any more."""
        text = mutate_code(read(self.path), get_operator(self.operator)(), self.occurrence)
        try:
            compile(text, str(self.path), "exec")
        except SyntaxError:
            return None
        return str(text)


@cache
def read(path: Path) -> str:
    """The source as it was when first asked for."""
    return path.read_text(encoding="utf-8")


def mutations(path: Path, operator: str = "") -> list[Mutation]:
    """Every mutation of a source, or every one by an operator, from its first line to its last."""
    tree = get_ast(read(path))
    found = [mutation for name in _operators(operator) for mutation in _by(name, path, tree)]
    return sorted(found, key=lambda mutation: mutation.line)


def _by(operator: str, path: Path, tree: Any) -> Iterator[Mutation]:
    """Those by one operator, where it applies to what the program does."""
    places = _Places(get_operator(operator)())
    places.walk(tree)
    seen: Counter[str] = Counter()
    for occurrence, (line, node) in enumerate(places.found):
        if _evaluated(node):
            key = f"{path.stem} {_digest(_definition(node))} {operator}"
            yield Mutation(path, operator, occurrence, line, f"{key} {seen[key]}")
            seen[key] += 1


def _operators(ending: str) -> list[str]:
    """Those that need nothing to be told, such as a variable's name."""
    names = (name for name in sorted(operator_names()) if name.endswith(ending))
    return [name for name in names if not get_operator(name).arguments()]


class _Places(Visitor):
    """Counts as cosmic-ray does when it mutates."""

    def __init__(self, operator: Any) -> None:
        self.operator = operator
        self.found: list[tuple[int, Any]] = []

    def visit(self, node: Any) -> Any:
        self.found += [(start[0], node) for start, _ in self.operator.mutation_positions(node)]
        return node


def _definition(node: Any) -> str:
    """The statement of the module that a node is in."""
    while node.parent.parent is not None:
        node = node.parent
    return str(node.get_code(include_prefix=False))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def _evaluated(node: Any) -> bool:
    if node.parent is not None and node.parent.type in ("parameters", "lambdef"):
        return node.type != "operator"
    while node.parent is not None:
        if node in _annotations(node.parent):
            return False
        node = node.parent
    return True


def _annotations(node: Any) -> list[Any]:
    if node.type == "funcdef":
        return [node.annotation]
    return {"tfpdef": node.children[2:], "annassign": node.children[1:2]}.get(node.type, [])
