"""How many slips of the pen in the derivative rules go unnoticed?  python -m tests.fuzz.mutants --help

Every operator of cosmic-ray at every place of tinygrad_rnn/ops/*.py, one at a time. A mutant is killed by a failing
test, a crash or running out of time; it survives where the tests pass, and is shown. A run that was broken off goes on
from what its folder remembers; survivors are tried again, since tests may have been added.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from tests.fuzz.mutations import Mutation, mutations, read
from tests.fuzz.trial import ROOT, killer, preload
from tests.fuzz.verdicts import Verdict, judge, remember, remembered

FILES = [
    "arithmetic", "choices", "pointwise", "bases", "trigonometric", "hyperbolic", "activations", "reduce", "ranking",
    "products", "softmaxes", "shape", "stacking", "splitting", "indexing", "linalg", "matrices",
]  # fmt: skip
LIMIT = 60  # seconds, and ten times what the source as it is takes


def chosen(options: argparse.Namespace) -> list[Mutation]:
    """What the command line asks for."""
    found = [m for name in options.files for m in mutations(source(name)) if meant(m, options.lines)]
    if options.sample is None or options.sample >= len(found):
        return found
    places = np.random.default_rng(options.seed).choice(len(found), options.sample, replace=False)
    return [found[k] for k in sorted(places)]


def meant(mutation: Mutation, parts: Sequence[str]) -> bool:
    return not parts or any(part in text(mutation) for part in parts)


def source(name: str) -> Path:
    return ROOT / "tinygrad_rnn" / "ops" / f"{name}.py"


def text(mutation: Mutation) -> str:
    """The line that it changes."""
    return read(mutation.path).splitlines()[mutation.line - 1]


def run(options: argparse.Namespace) -> Iterator[Verdict]:
    """Every verdict, as it is reached; first those that are remembered."""
    found = chosen(options)
    known = remembered(options.out) if options.out else {}
    done = [known[mutation.key] for mutation in found if mutation.key in known]
    yield from (verdict for verdict in done if verdict.killer != "")
    rest = [mutation for mutation in found if mutation.key not in known or known[mutation.key].killer == ""]
    with get_context("fork").Pool(options.jobs) as pool:
        took = pool.starmap(control, {(mutation.path, options.suite) for mutation in rest}, chunksize=1)
        limit = LIMIT + 10 * max(took, default=0)
        tasks = [pool.apply_async(judge, (mutation, limit, options.suite)) for mutation in rest]
        for task in tasks:
            verdict = task.get()
            if options.out:
                remember(verdict, options.out)
            yield verdict


def control(path: Path, suite: bool) -> int:
    """The seconds that the source as it is takes.

    Raises:
        RuntimeError: something noticed a mutation there.
    """
    start = time.perf_counter()
    found = killer(path, read(path), 0, 20 * LIMIT, suite)
    if found:
        raise RuntimeError(f"{path.name} as it is does not pass: {found}")
    return int(time.perf_counter() - start)


def report(verdicts: Sequence[Verdict]) -> None:
    """A row for each file, then what survived."""
    mutants = [verdict for verdict in verdicts if verdict.killer is not None]
    for name in [*dict.fromkeys(verdict.file for verdict in mutants), "all"]:
        own = [verdict for verdict in mutants if name in (verdict.file, "all")]
        killed = sum(bool(verdict.killer) for verdict in own)
        print(f"{name:<12}{len(own):5} mutants{killed:6} killed{killed / max(len(own), 1):9.2%}")
    for verdict in mutants:
        if not verdict.killer:
            print(f"\n{verdict.file}.py:{verdict.line}", *verdict.diff, sep="\n")


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    about = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.mutants", description=about[0], epilog=about[2])
    parser.add_argument("files", nargs="*", default=FILES, help="of tinygrad_rnn/ops, by name; all that have rules")
    parser.add_argument("--lines", nargs="+", default=(), metavar="TEXT", help="only lines with one of these in them")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where verdicts are remembered")
    parser.add_argument("--edges", dest="suite", action="store_false", help="the edge cases alone, without pytest")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="trials at a time")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    start, options = time.perf_counter(), arguments(words)
    preload()
    threadpool_limits(1)
    verdicts = []
    for verdict in run(options):
        verdicts.append(verdict)
        if len(verdicts) % 100 == 0:
            print(f"{len(verdicts)} trials, {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    report(verdicts)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
