"""Which options can be ignored, and no test fails?  python -m tests.fuzz.ignored [NAME …]

Each option of the command line, each setting, each argument with a default of what trains, samples and draws: one at a
time, in a fork, also in the processes that its tests start. The tests of effects come first, then what else is near.
"""

from __future__ import annotations

import argparse
import os
import re
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fuzz.ignoring import HOOK, begin, options
from tests.fuzz.killers import FirstFailure
from tests.fuzz.trial import ROOT, in_a_child

CLI = ("tests/cli/test_effects.py", "tests/cli")
TRAINING = ("tests/train/test_effects.py", "tests/train", "tests/cli")
PICTURES = ("tests/cli/test_draw.py", "tests/viz/test_drawing.py", "tests/viz")
PLOTS = ("tests/viz/test_plots.py", "tests/viz/test_plots_text.py")
NEAR = {
    "draw": ("tests/cli/test_draw.py", *CLI),
    "task": (*CLI, "tests/tasks"),
    "Sketch": ("tests/cli/test_draw.py",),
    "TrialConfig": ("tests/tasks/test_effects.py", "tests/tasks", "tests/cli/test_task.py"),
    "Settings": TRAINING,
    "Recipe": TRAINING,
    "train.": ("tests/train/test_arguments.py", "tests/train", "tests/data"),
    "viz.plot": PLOTS,
    "viz.Plot": PLOTS,
    "viz.colour": PLOTS,
    "viz.twins": ("tests/viz/test_twins.py",),
    "viz.": PICTURES,
}
LIMIT = 900  # seconds


def near(name: str) -> list[str]:
    """The tests that may notice, those that know it best first."""
    return list(next((tests for start, tests in NEAR.items() if name.startswith(start)), CLI))


def noticed(name: str, tests: Sequence[str]) -> str:
    """The test that fails first where the option is ignored; nothing, if none does. Without a name, none is."""
    if name:
        begin(name)
    asked = ["-x", "-p", "no:cacheprovider", f"--rootdir={ROOT}", "--hypothesis-seed=0"]
    asked += ["-W", "ignore::pytest.PytestAssertRewriteWarning", "-k", "not imports_the_pictures"]  # the hook does
    for test in tests:
        seen = FirstFailure()
        code = pytest.main([*asked, f"{ROOT}/{test}"], plugins=[seen, NamedFirst(name)])
        if code != pytest.ExitCode.OK:
            return seen.name or f"pytest: {code!r}"
    return ""


class NamedFirst:
    """The tests that are named after the option come before the others."""

    def __init__(self, name: str) -> None:
        self.names = name, name.rpartition(" ")[2], name.rpartition(".")[2]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: not any(f"[{name}]" in item.nodeid for name in self.names))


def judge(name: str, without: Sequence[str]) -> tuple[str, str, float]:
    start = time.perf_counter()
    tests = [test for test in near(name) if test not in without]
    return name, in_a_child(partial(noticed, name, tests), LIMIT), time.perf_counter() - start


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    about = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.ignored", description=about[0], epilog=about[2])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only options whose name begins so (all)")
    parser.add_argument("--without", nargs="+", default=(), metavar="FILE", help="without these tests")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="trials at a time")
    parser.add_argument("--list", action="store_true", help="say which options there are")
    return parser.parse_args(words)


def kind(name: str) -> str:
    """Where it is given: train, of the command line; Settings., a Config; train., the functions of a package."""
    return re.split(r" |(?<=\.)", name)[0]


def main(words: Sequence[str] | None = None) -> None:
    start, asked = time.perf_counter(), arguments(words)
    names = [name for name in options() if name.startswith(tuple(asked.names) or "")]
    if asked.list:
        print("\n".join(names))
        return
    own: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    with TemporaryDirectory() as hook, get_context("fork").Pool(asked.jobs, maxtasksperchild=20) as pool:
        Path(hook, "sitecustomize.py").write_text(HOOK, encoding="utf-8")
        os.environ["PYTHONPATH"] = os.pathsep.join([hook, str(ROOT)])
        for name, killer, seconds in pool.imap_unordered(partial(judge, without=asked.without), names):
            own[kind(name)] += 1
            gone[kind(name)] += bool(killer)
            print(f"{name:<40} {killer or 'IGNORED UNNOTICED':.150}, {seconds:.1f} s", flush=True)
    for each in [*own, None]:
        of, seen = (counts[each] if each else counts.total() for counts in (own, gone))
        print(f"{each or 'all':<32}{of:5} options{seen:6} noticed{seen / max(of, 1):9.1%}")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
