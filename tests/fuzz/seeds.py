"""The property suite under many seeds: python -m tests.fuzz.seeds [seeds=1000] [examples=2] [every=1] [first=0]

A test that passes under one seed and fails under another is a flake, or a bug that the first did not draw. Every
@given test of the modules below runs once for each seed, on `examples` examples each time, in two processes; with
`every` above 1, each seed takes its turn with one in so many of them.
"""

from __future__ import annotations

import importlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from itertools import product
from multiprocessing import Pool
from typing import Any

import hypothesis
from threadpoolctl import threadpool_limits

MODULES = ["tests.ops.test_rules", "tests.test_programs"]


def properties(module: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """(name, test) of every @given test of a module, once for each combination of its parameters."""
    for name, test in vars(importlib.import_module(module)).items():
        if name.startswith("test_") and getattr(test, "is_hypothesis_test", False):
            marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
            for chosen in product(*(_arguments(mark) for mark in marks)):
                given = {key: value for part in chosen for key, value in part.items()}
                yield f"{module}.{name}{list(map(str, given.values()))}", lambda t=test, g=given: t(**g)


def _arguments(mark: Any) -> list[dict[str, Any]]:
    names = [n.strip() for n in mark.args[0].split(",")] if isinstance(mark.args[0], str) else list(mark.args[0])
    rows = [getattr(row, "values", row) for row in mark.args[1]]
    return [dict(zip(names, row if len(names) > 1 or isinstance(row, tuple) else (row,), strict=True)) for row in rows]


def run(job: tuple[int, int, int]) -> list[str]:
    """What failed under one seed."""
    seed, examples, every = job
    hypothesis.settings.register_profile(
        "seeds",
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    hypothesis.settings.load_profile("seeds")
    failures = []
    with threadpool_limits(1):
        tests = [pair for module in MODULES for pair in properties(module)]
        for name, test in tests[seed % every :: every]:
            try:
                hypothesis.core.global_force_seed = seed  # what --hypothesis-seed sets
                test()
            except Exception:
                failures.append(f"seed {seed}: {name}\n{traceback.format_exc(limit=-3)}")
    return failures


def main(seeds: int = 1000, examples: int = 2, every: int = 1, first: int = 0) -> int:
    start, failures = time.perf_counter(), []
    jobs = [(seed, examples, every) for seed in range(first, first + seeds)]
    with Pool(2) as pool:
        for done, found in enumerate(pool.imap_unordered(run, jobs), 1):
            failures += found
            for text in found:
                print(text, flush=True)
            if done % 50 == 0:
                print(f"{done} seeds, {len(failures)} failures, {time.perf_counter() - start:.0f} s", flush=True)
    count = sum(1 for module in MODULES for _ in properties(module))
    print(f"{seeds} seeds × {count // every} of {count} properties × {examples} examples: {len(failures)} failures")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
