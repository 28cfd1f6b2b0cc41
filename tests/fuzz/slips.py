"""How many slips of the pen go unnoticed?

    python -X warn_default_encoding -m tests.fuzz.slips train data saving tasks cli --sample 150

A comparison turned, a constant moved, a statement dropped, two arguments swapped, a keyword removed: one at a time, in
a few rooms (tests/fuzz/rooms.py). Then the room's tests run, what kills most in least time first. The sources stay as
they are: each trial is a fork with a copy of the package that has the slip in it.
"""

from __future__ import annotations

import argparse
import ast
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from tests.fuzz.rooms import ROOMS
from tests.fuzz.trial import ROOT, preload, tried

SLOW_LIMIT = 900  # seconds
KEPT = (ast.FunctionDef, ast.ClassDef, ast.AnnAssign, ast.Pass)
SAME = ("min", "max", "math.dist", "math.hypot")  # whatever the order of their arguments
TURNED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True)
class Slip:
    """One change at one place.

    Attributes:
        place: of the node among all nodes of the file.
        kind: comparison, constant, statement, arguments or keyword.
        which: of several that one node has.
    """

    path: Path
    place: int
    kind: str
    which: int = 0

    def source(self) -> tuple[str, str]:
        """The file with the slip in it, and where and what it is."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        nodes, parents = list(ast.walk(tree)), parents_of(tree)
        node = nodes[self.place]
        line = node
        while not isinstance(line, ast.stmt):
            line = parents[line]
        before = head(line)
        slip(node, self.kind, self.which, parents)
        after = "" if self.kind == "statement" else head(line)
        where = f"{self.path.as_posix().removeprefix(f'{ROOT.as_posix()}/')}:{getattr(node, 'lineno', line.lineno)}"
        return ast.unparse(tree), f"{where} {self.kind}\n{differing(before, after)}"


def parents_of(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def head(statement: ast.AST) -> str:
    """A statement without what is inside of it."""
    alone: Any = deepcopy(statement)
    if isinstance(alone, ast.ClassDef | ast.FunctionDef | ast.For | ast.While | ast.If | ast.With | ast.Try):
        alone.body, alone.orelse = [ast.Expr(ast.Constant(...))], []
    return ast.unparse(alone)


def differing(before: str, after: str) -> str:
    """Of two lines the parts around which they differ."""
    same = next((k for k, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = max(same - 50, 0)
    return f"  - {before[start : start + 110]!r}\n  + {after[start : start + 110]!r}"


def slips(path: Path) -> Iterator[Slip]:
    """Every slip in a file; annotations, docstrings, imports and asserts are no behaviour."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parents = parents_of(tree)
    for place, node in enumerate(ast.walk(tree)):
        if is_quiet(node, parents):
            continue
        if isinstance(node, ast.Compare):
            yield from (Slip(path, place, "comparison", k) for k in range(len(node.ops)))
        elif isinstance(node, ast.IfExp | ast.If | ast.While) or type(getattr(node, "op", None)) in (*TURNED, ast.Not):
            yield Slip(path, place, "comparison")
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
            yield Slip(path, place, "constant")
        if isinstance(node, ast.Call):
            words = [ast.unparse(each) for each in node.args] if ast.unparse(node.func) not in SAME else []
            yield from (Slip(path, place, "arguments", k) for k, pair in enumerate(pairwise(words)) if len({*pair}) > 1)
            yield from (Slip(path, place, "keyword", k) for k, word in enumerate(node.keywords)
                        if word.arg and not is_strict(word))  # fmt: skip
        if isinstance(node, ast.stmt) and not isinstance(node, KEPT):
            yield Slip(path, place, "statement")


def is_strict(node: ast.AST) -> bool:
    """Whether it is zip's `strict`, which asserts."""
    return isinstance(node, ast.keyword) and node.arg == "strict"


def is_quiet(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether it is a part of what says nothing when the program runs."""
    while node in parents:
        above = parents[node]
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert) or is_strict(node) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ) or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__") or (
            node in (getattr(above, "annotation", None), getattr(above, "returns", None))
        ):  # fmt: skip
            return True
        node = above
    return False


def slip(node: Any, kind: str, which: int, parents: dict[ast.AST, ast.AST]) -> None:
    """Make it, in place."""
    if kind == "statement":
        above = parents[node]
        for name in ("body", "orelse", "finalbody"):
            block = getattr(above, name, [])
            if isinstance(block, list) and node in block:
                block[block.index(node)] = ast.copy_location(ast.Pass(), node)
    elif kind == "constant":
        node.value = moved(node.value)
    elif kind == "arguments":
        node.args[which], node.args[which + 1] = node.args[which + 1], node.args[which]
    elif kind == "keyword":
        del node.keywords[which]
    elif isinstance(node, ast.Compare):
        node.ops[which] = TURNED[type(node.ops[which])]()
    elif isinstance(node, ast.IfExp | ast.If | ast.While):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.UnaryOp):
        node.operand = ast.UnaryOp(ast.Not(), node.operand)
    else:
        node.op = TURNED[type(node.op)]()


def moved(value: Any) -> Any:
    """The other truth value, a text with one sign more, 0 and 1 for each other, other numbers half as large again."""
    if isinstance(value, str):
        return f"{value}x"
    return type(value)(1 - value if value in (0, 1) else value * 1.5)


def judge(trial: tuple[str, Slip], limits: Mapping[str, int], slow: bool = False) -> tuple[Slip, str, str, float]:
    """(the slip, where and what it is, what noticed it, seconds) of a slip in a room."""
    start, (name, one) = time.perf_counter(), trial
    room = ROOMS[name]
    source, said = one.source()
    killer = tried(one.path, source, limits[name], partial(room.noticed, one.path))
    if slow and not killer:
        killer = tried(one.path, source, SLOW_LIMIT, partial(room.noticed, one.path, slow=True))
    return one, said, killer, time.perf_counter() - start


def limit_of(name: str) -> int:
    """The seconds that a trial may take, from those that the source as it is takes.

    Raises:
        RuntimeError: something noticed a slip there.
    """
    start, room = time.perf_counter(), ROOMS[name]
    path = room.files()[-1]
    found = tried(path, path.read_text(encoding="utf-8"), SLOW_LIMIT, partial(room.noticed, path))
    if found:
        raise RuntimeError(f"{room.folder} as it is does not pass: {found}")
    return int(60 + 4 * (time.perf_counter() - start))


def chosen(options: argparse.Namespace) -> list[tuple[str, Slip]]:
    """Slips, each with its room."""
    found = [(name, one) for name in options.rooms for path in ROOMS[name].files() for one in slips(path)]
    found = [(name, one) for name, one in found if options.only in f"{one.path} {one.kind}"]
    places = np.random.default_rng(options.seed).permutation(len(found))[: options.sample]
    return [found[k] for k in sorted(places)]


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    about = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.slips", description=about[0], epilog=about[2].strip())
    parser.add_argument("rooms", nargs="+", choices=ROOMS, metavar="ROOM", help=", ".join(ROOMS))
    parser.add_argument("--only", default="", metavar="PART", help="only slips with this in their path or kind")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--slow", action="store_true", help="show what survives to the room's slow tests as well")
    parser.add_argument("--limit", type=int, metavar="SECONDS", help="of a trial; else the sources are tried first")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="trials at a time")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    start, options = time.perf_counter(), arguments(words)
    preload()
    trials = chosen(options)
    own: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    with ProcessPoolExecutor(options.jobs, get_context("fork")) as pool:  # unlike a Pool's its workers may start others
        measured = [] if options.limit else list(pool.map(limit_of, options.rooms))
        limits = dict(zip(options.rooms, measured or repeat(options.limit), strict=False))
        print(f"{len(trials)} slips; seconds that a trial may take: {limits}", flush=True)
        asked = [pool.submit(judge, trial, limits, options.slow) for trial in trials]
        for one, said, killer, seconds in (answer.result() for answer in as_completed(asked)):
            own[one.kind] += 1
            killed[one.kind] += bool(killer)
            print(f"{said}\n  {f'killed by {killer:.150}' if killer else 'SURVIVED'}, {seconds:.1f} s", flush=True)
    for kind in [*sorted(own), None]:
        of, gone = (counts[kind] if kind else counts.total() for counts in (own, killed))
        print(f"{kind or 'all':<12}{of:5} slips{gone:6} killed{gone / max(of, 1):9.1%}")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
