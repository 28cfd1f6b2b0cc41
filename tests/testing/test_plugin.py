"""The pytest plugin, as a project beside this one meets it: each test here runs pytest in a process of its own."""

import re
import sys

import pytest

pytest.importorskip("hypothesis")

START = """
import numpy as np
from hypothesis import given, settings, strategies as st
import tinygrad_rnn as tg
from tinygrad_rnn.testing import OpSpec, check_vjp, register
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs pytest on a file with this text; it sees what is installed, and none of this project's settings."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("CI", raising=False)  # Hypothesis chooses another profile there

    def runs(text, *options):
        pytester.makepyfile(test_it=START + text)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)

    return runs


IDLE = """
import pytest
from hypothesis import given, strategies as st

@pytest.fixture(params=[1, 2])
def op_spec(request): return request.param

def test_a_fixture(op_spec): assert op_spec in (1, 2)

@pytest.mark.parametrize("op_spec", ["mine"])
def test_an_argument(op_spec): assert op_spec == "mine"

@given(st.integers())
def test_drawn(n): assert n == n

def test_that_fails(): assert not "what is reported, too"
"""
MODULES = "import sys\ndef pytest_unconfigure(): print('\\nmodules:', *sorted(sys.modules))"


def test_a_project_that_does_not_use_it_imports_one_file_and_keeps_its_names(pytester, monkeypatch):
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeconftest(MODULES)
    pytester.makepyfile(test_it=IDLE)
    loaded = []
    for options in ((), ("-p", "no:tinygrad_rnn")):
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)
        result.assert_outcomes(passed=4, failed=1)
        assert "gradients checked" not in result.stdout.str()
        (line,) = (line for line in result.outlines if line.startswith("modules:"))
        loaded.append(set(line.split()))
    with_it, without = loaded
    assert with_it - without == {"_tinygrad_rnn_pytest"}
    assert "numpy" not in with_it


def test_a_profile_goes_before_what_the_project_chose_and_nothing_changes_without(run, pytester):
    pytester.makeconftest(
        "from hypothesis import settings; settings.register_profile('mine', max_examples=7);"
        "settings.load_profile('mine')"
    )
    text = "def test_it(): assert (settings.default.max_examples, settings.default.derandomize) == {}"
    alone = run(text.format((7, False)))
    alone.assert_outcomes(passed=1)
    assert "gradients checked" not in alone.stdout.str()
    run(text.format((100, True)), "--tg-profile=ci").assert_outcomes(passed=1)


def test_there_is_no_other_profile(run):
    result = run("def test_it(): pass", "--tg-profile=quick")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--tg-profile: invalid choice: 'quick'*dev*ci*fuzz*"])


SPECS = """
x = st.just(np.array([0.5]))
register(OpSpec("tanh", tg.tanh, inputs=x, reference=np.tanh))
register(OpSpec("square", lambda x: x * x.detach(), inputs=x))

def test_op(tg_op_spec): tg_op_spec.run()
"""


def test_op_spec_is_every_registered_op(run):
    result = run(SPECS, "-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*test_op?tanh? PASSED*", "*test_op?square? FAILED*"])
    result.stdout.fnmatch_lines(["*GradMismatch: square: the derivative by the vjp rules is wrong*"])


KINKS = """
@given(st.sampled_from([0.0, 1.0, 2.0]))
def test_a_third(x): check_vjp(tg.relu, x)

@given(st.sampled_from([0.0, -0.0, 2.0]))
def test_two_thirds(x): check_vjp(tg.relu, x)

def test_no_strategy(): check_vjp(tg.relu, 0.0)

def test_no_strategy_and_expected():
    for _ in range(3):
        try: check_vjp(tg.relu, 0.0)
        except ArithmeticError: pass
"""


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_rejected_points_are_counted_and_more_than_half_is_too_many(run, options):
    if options:
        pytest.importorskip("xdist")
    result = run(KINKS, "-rA", *options)
    result.assert_outcomes(passed=2, failed=2)
    passed = [line for line in result.outlines if line.startswith("PASSED")]
    assert [line.partition("::")[2] for line in sorted(passed)] == ["test_a_third", "test_no_strategy_and_expected"]
    words = result.stdout.str()
    assert re.search(r"Kink: \d of \d points have no derivative: this test checks too little", words)
    assert re.search(r"help +draw values away from the kinks: values\(shape, away_from=\(0,\)\)", words)
    assert re.search(r"gradients checked at \d+ points, [1-9]\d\.\d\d% of them rejected as kinks", words)


def test_a_failed_check_leaves_a_drawing(run, pytester):
    text = """
def test_half(): check_vjp(lambda x: tg.tanh(x) * x.detach(), np.array([1.0]))

def test_other(): assert 1 == 2
"""
    result = run(text, "--tg-drawings=pictures/here")
    result.assert_outcomes(failed=2)
    (drawing,) = (pytester.path / "pictures" / "here").iterdir()
    assert drawing.name == "test_half.svg"
    assert "tanh" in drawing.read_text(encoding="utf-8")
    result.stdout.fnmatch_lines(["*what was recorded*", "drawn in *test_half.svg"])


WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "hypothesis":
            raise ModuleNotFoundError("No module named 'hypothesis'", name="hypothesis")

sys.meta_path.insert(0, Missing())
import numpy as np
import tinygrad_rnn as tg
from tinygrad_rnn.testing import check_jvp, check_laws, check_vjp

for check in (check_vjp, check_jvp, check_laws):
    assert check(tg.tanh, np.array([0.5])).passed
for ask in ("tg.testing.shapes()", "tg.testing.programs(['tanh'])", "tg.testing.values((2,), dtype=np.float32)"):
    try:
        eval(ask)
    except ImportError as error:
        print(error)
"""


def test_without_hypothesis_the_checks_run_and_the_strategies_say_what_to_install(pytester):
    result = pytester.run(sys.executable, "-c", WITHOUT)
    assert result.ret == 0, result.stderr.str()
    assert result.stdout.str().count("tinygrad-rnn[test]") == 3, result.stdout.str()
