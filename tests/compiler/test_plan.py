"""A plan: what it prints, what it saves, and how many calls a replay makes."""

import gc
import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.compiler.oracles import assert_close
from tinygrad_rnn import nn
from tinygrad_rnn.errors import CompileError

T, B, H = 6, 2, 4


def network(cls=nn.LSTM, **options):
    """A compiled loss of a layer, and a sequence for it."""
    layer = cls(3, H, rng=0, dtype=np.float64, **options)
    return tg.compile(lambda x: (layer(x)[0] ** 2).sum()), np.random.default_rng(0).standard_normal((T, B, 3))


def parts(plan):
    """The lines of its forward and its backward."""
    forward, _, backward = plan.replay().source.partition("def backward")
    return forward.splitlines(), backward.splitlines()


def in_loops(lines):
    """For each loop the lines in it."""
    found = []
    for line in lines:
        if line.startswith("    for "):
            found.append([])
        elif line.startswith("        "):
            found[-1].append(line.strip())
    return found


def test_a_plan_is_printed_as_calls_and_loops():
    compiled, x = network()
    text = str(compiled.plan(x))
    assert text.startswith("inputs   weight_ih_l0.1 (16, 3), weight_hh_l0.2 (16, 4), bias_ih_l0.3 (16,)")
    assert re.search(r"^for t = 1 … T, T = 6:$", text, re.MULTILINE)
    assert re.search(r"^for t = T … 1, T = 6:$", text, re.MULTILINE)
    assert re.search(r"^  c\.\d+ = h\.\d+, then c\.\d+ of the step before$", text, re.MULTILINE)
    assert re.search(r"^  h\.\d+\[t\] = h\.\d+$", text, re.MULTILINE)
    assert text.splitlines()[-1].startswith("outputs  ")
    assert text == str(compiled.plan(x))


def test_every_name_of_a_printed_plan_is_made_before_it_is_read():
    compiled, x = network(num_layers=2, bidirectional=True, layer_norm=True)
    known = set()
    for line in str(compiled.plan(x)).splitlines():
        names = re.findall(r"\b[^\W\d]\w*[′']?\.\d+\b", line)
        if line.startswith("inputs") or "then" in line:
            known |= set(names)
        elif " = " in line and "for t" not in line:
            target, *read = names
            assert known.issuperset(read), line
            known.add(target)


def test_a_plan_is_asked_for_before_the_first_call_or_after_it(recordings):
    compiled, x = network()
    assert compiled.saved() == ""
    plan = compiled.plan(x)
    assert len(recordings) == 1
    assert compiled.plan(x) is plan
    compiled(x)
    assert len(recordings) == 1
    assert compiled.saved() == plan.saved()
    with tg.no_grad():
        assert compiled.plan(x) is not plan
    assert len(recordings) == 2


def test_a_plan_for_other_arguments_is_another(recordings):
    compiled = tg.compile(lambda x, by=1.0: tg.tanh(x) * by)
    one, two = np.ones(3), tg.tensor(np.ones(3), requires_grad=True)
    plans = [compiled.plan(one), compiled.plan(two), compiled.plan(one, 2.0), compiled.plan(one, by=2.0)]
    assert len(set(map(id, plans))) == len(recordings) == 4
    assert plans[0].reached == []
    assert plans[1].reached == [0]


def test_where_there_is_no_plan_it_says_why():
    branch = lambda x: x if x.sum() > 0 else -x  # noqa: E731
    with pytest.raises(CompileError, match="bool reads a value"):
        tg.compile(branch).plan(np.ones(3))
    compiled = tg.compile(branch, fallback="eager")
    with pytest.raises(CompileError, match=r"there is no plan for(.|\n)*bool reads a value"):
        compiled.plan(np.ones(3))
    assert compiled.saved() == ""


def test_a_compiled_function_says_what_became_of_it():
    def double(x):
        return x * 2

    def branch(x):
        return x if x.sum() > 0 else -x

    compiled, eager, layer = (
        tg.compile(double), tg.compile(branch, fallback="eager"), tg.compile(tg.nn.Linear(2, 2, rng=0))
    )  # fmt: skip
    name = "test_a_compiled_function_says_what_became_of_it.<locals>"
    assert repr(compiled) == f"compile({name}.double), 0 recordings"
    compiled(np.ones(2))
    assert repr(compiled) == f"compile({name}.double), 1 recording"
    compiled(np.ones((2, 2)))
    assert repr(compiled) == f"compile({name}.double), 2 recordings"
    eager(np.ones(2))
    assert repr(eager).startswith(f"compile({name}.branch), run as it is: compile: bool reads a value")
    assert "\n" not in repr(eager)
    assert repr(layer) == "compile(Linear), 0 recordings"


def test_a_plan_of_what_is_doubted_is_the_one_that_is_used(recordings):
    calls = []

    def f(x):
        calls.append(1)
        return tg.tanh(x) * 2

    compiled, x = tg.compile(f), np.ones(3)
    assert "tanh" in str(compiled.plan(x))
    for _ in range(3):
        assert compiled(x).tolist() == (tg.tanh(x) * 2).tolist()


@pytest.mark.parametrize("cls", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("rows", [2, 9])  # 9 are stored features first
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_step_is_one_dot_forward_and_one_backward(either, cls, rows, bidirectional):
    compiled, _ = network(cls, bidirectional=bidirectional)
    plan = compiled.plan(np.ones((T, rows, 3)))
    for lines in parts(plan):
        loops = [loop for loop in in_loops(lines) if any("dot(" in line for line in loop)]
        assert len(loops) == 1 + bidirectional
        for loop in loops:
            assert sum("dot(" in line for line in loop) == 1
            assert not any(re.search(r"matmul|inner|array\(", line) for line in loop)


@pytest.mark.parametrize("cls", [nn.RNN, nn.LSTM])
def test_by_kernels_a_step_is_a_dot_and_a_kernel(by_kernels, cls):
    compiled, x = network(cls)
    for lines in parts(compiled.plan(x)):
        [loop] = in_loops(lines)
        assert sorted(re.split(r"\d*\(", line)[0] for line in loop) == ["dot", "kernel"]


def test_products_of_all_steps_stand_outside_of_the_loops(either):
    compiled, x = network()
    forward, backward = parts(compiled.plan(x))
    outside = [[line for line in lines if re.match(r" {4}dot\(", line)] for lines in (forward, backward)]
    assert [len(lines) for lines in outside] == [1, 2]  # X W; then the gradients of W and of U


def test_calls_are_the_lines_that_run_each_as_often_as_it_does(either):
    compiled, x = network()
    plan = compiled.plan(x)
    expected = 0
    for lines in parts(plan):
        expected += sum(len(loop) for loop in in_loops(lines)) * T
        expected += sum(bool(re.match(r" {4}(?!for |return )\S", line)) for line in lines)
    assert plan.calls == expected
    assert plan.calls < (100 if either else 400)


def test_calls_grow_with_T_and_lines_do_not(either):
    compiled, _ = network()
    plans = {n: compiled.plan(np.ones((n, B, 3))) for n in (10, 20, 40)}
    assert len({len(plan.replay().source.splitlines()) for plan in plans.values()}) == 1
    assert plans[40].calls - plans[20].calls == 2 * (plans[20].calls - plans[10].calls) > 0


def test_recorded_counts_the_ops_of_the_function_step_by_step():
    compiled = tg.compile(lambda x: (tg.tanh(x) * 2).sum())
    assert compiled.plan(np.ones(3)).recorded == 3
    compiled, x = network(nn.RNN)
    before = compiled.plan(x).recorded
    assert compiled.plan(np.ones((2 * T, B, 3))).recorded - before == 6 * T  # two products, three sums and a tanh


def test_what_it_saves_is_said_in_a_line(either):
    compiled, x = network()
    plan = compiled.plan(x)
    by = "NumPy and kernels by numba" if either else "NumPy alone; pip install tinygrad-rnn[fast] adds kernels"
    said = f"{plan.recorded:,} ops of the forward pass, and their gradients, are {plan.calls:,} calls ({by})"
    assert plan.saved() == compiled.saved() == said


def test_what_is_saved_is_said_of_the_plan_that_has_most_to_do():
    compiled, _ = network(nn.RNN)
    for n in (5, 20, 10):
        compiled(np.ones((n, B, 3)))
    assert compiled.saved() == compiled.plan(np.ones((20, B, 3))).saved()


def test_memory_goes_back_when_a_graph_is_gone_and_is_used_again():
    compiled, x = network()
    plan = compiled.plan(x)
    for _ in range(3):
        compiled(x).backward()
        gc.collect()
    assert len(plan.free) == 1
    kept = [compiled(x * k) for k in range(3)]
    assert len(plan.free) == 0
    assert len({id(y) for y in kept}) == 3
    del kept
    gc.collect()
    assert len(plan.free) == 3
    with tg.no_grad():
        compiled(x)
    assert len(compiled.plan(x).free) == 3


def test_asking_for_the_calls_does_not_disturb_a_run(either):
    compiled, x = network()
    plan = compiled.plan(x)
    y = compiled(x)
    calls = plan.calls
    first = y.item()
    compiled(x * 2)
    assert plan.calls == calls
    y.backward()
    assert_close([np.array(y.item())], [np.array(first)], 0)


def test_the_source_of_a_plan_is_python(either):
    compiled, x = network(nn.GRU, num_layers=2, layer_norm=True)
    source = compiled.plan(x).replay().source
    compile(source, "<plan>", "exec")
    assert source.startswith("def forward(x0")
    assert source.count("def ") == 2


@pytest.mark.parametrize("join", [tg.stack, lambda xs: tg.stack([tg.stack(xs), tg.stack(xs[::-1])], axis=-1),
                                  lambda xs: tg.concatenate([tg.stack(xs), tg.stack(xs)[:1]])])  # fmt: skip
def test_numbers_are_stacked_as_arrays_are(either, join):
    f = lambda a, b: tg.exp(join([a * b, a + b]))  # noqa: E731
    a, b = (tg.tensor(x) for x in (0.5, -1.5))
    assert np.allclose(tg.compile(f)(a, b).data, f(a, b).data, rtol=1e-15)
