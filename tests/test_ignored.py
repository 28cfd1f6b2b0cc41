"""A program that ignores an option is made, in a process that is started too: the tool of tests/fuzz/ignored.py."""

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.fuzz.ignored import judge
from tests.fuzz.ignoring import HOOK, VARIABLE, options
from tests.fuzz.trial import ROOT
from tinygrad_rnn.train import Settings
from tinygrad_rnn.train.config import options_of

DO = {
    "check --seed": ("from tinygrad_rnn.testing import selfcheck; from tinygrad_rnn.cli import main, parser; "
                     "selfcheck.check_library = lambda seed: print(seed) or []; words = ['check', '--seed', '5']; "
                     "print(parser().parse_args(words).seed); main(words)", ["5", "0"]),
    "sample DIR": ("from tinygrad_rnn.cli import main; main(['sample', 'this']); main(['sample', 'that'])",
                   ["this:", "this:"]),
    "Settings.hidden": ("from tinygrad_rnn.train import *; run = Run(Settings(hidden=3, embedding=0), Corpus('abc')); "
                        "print(run.settings.hidden, run.model.head.weight.shape[1])", ["3", "128"]),
    "train.sample length": ("from tinygrad_rnn.train import *; model = CharModel('rnn', 3, 2, rng=0); "
                            "print(len(sample(model, Corpus('abc'), length=4)))", ["200"]),
    "viz.FORMATS .dot": ("import viz, tinygrad_rnn as tg; a = tg.tensor(3.0, requires_grad=True); "
                         "print(open(viz.draw(a * a).save('a.dot')).read()[:4])", ["<svg"]),
}  # fmt: skip


@pytest.mark.parametrize("name", DO)
def test_an_option_is_ignored_where_it_is_used_and_not_where_it_is_told(name, tmp_path):
    code, said = DO[name]
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    path = os.pathsep.join([str(tmp_path), str(ROOT), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path, VARIABLE: name}, cwd=tmp_path,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    heard = (done.stdout + done.stderr).split()
    assert [word for word in heard if word in said] == said


def test_the_options_are_those_of_the_program():
    names = options()
    assert {f"Settings.{name}" for name in options_of(Settings)} <= names.keys()
    assert {"train --clip", "translate TEXT", "train.fit clip", "train.Run.load text", "viz.draw width"} <= names.keys()
    assert len(names) >= 223


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a trial is a fork of the process")
def test_an_option_that_is_ignored_is_noticed_by_its_own_test():
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:  # what forks may hold no threads, of JAX for one
        _, killer, _ = alone.submit(judge, "sample --top-k", ()).result()
    assert killer == "tests/cli/test_effects.py::test_an_option_has_an_effect[sample --top-k]"
