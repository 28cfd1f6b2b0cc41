"""How do you know that a gradient is right?

Not by running it: a wrong gradient has a shape and a value like any other, and the loss may even fall. But a derivative
can be had without any rule, from runs of the function alone. So: write a rule, and let a machine look for the smallest
input on which the two disagree.

    python examples/testing/step_by_step.py [FOLDER]         the pictures go into it, or into a new one

It needs Hypothesis: pip install 'tinygrad-rnn[test]'.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from hypothesis import given, settings

import tinygrad_rnn as tg
import viz
from tinygrad_rnn.testing import (
    GradMismatch,
    Kink,
    check_laws,
    check_module,
    check_recurrent,
    check_vjp,
    programs,
    shapes,
    values,
)

pictures = Path(sys.argv[1] if sys.argv[1:] else mkdtemp(prefix="lesson-"))
rng = np.random.default_rng(0)

# An op of your own: the forward in NumPy, and dy/dx. The two modes of differentiation follow from that.


@tg.elementwise(x=lambda y, x: -2 * x * y)
def bump(x):
    """y = exp(−x²)"""
    return np.exp(-x * x)


print(check_vjp(bump, np.array([0.5, -1.0, 2.0])))

# What was compared: at each of three points, the rule's slope with one from runs of `bump` alone: its values a tiny
# step away along the imaginary axis, which has no rounding error, confirmed by values on both sides (Richardson).
#
# Three points are three points. The recipe is five lines, and tries a hundred arrays of all shapes:


@settings(derandomize=True, deadline=None)  # the same arrays each time; leave this line out to look further every day
@given(values(shapes()))
def test_bump(x):
    check_vjp(bump, x)


test_bump()
print("bump: a hundred arrays, nothing found")

# Now the same op by somebody who forgot that x² uses x twice.


@tg.elementwise(x=lambda y, x: -x * y)
def half_bump(x):
    """y = exp(−x²)"""
    return np.exp(-x * x)


@settings(derandomize=True, deadline=None)
@given(values(shapes()))
def test_half_bump(x):
    check_vjp(half_bump, x)


try:
    test_half_bump()
except GradMismatch as error:
    found = error.report.mismatch
    print(f"\n{error}\n")

# Read it from the top. `argument`: which number was moved; Hypothesis has shrunk the array until nothing could go, to
# one number near 0 (not 0 itself: there both rules give 0, and the wrong one is right). `analytic` by the rule and
# `numeric` without it; their `ratio`, and what such a ratio usually means. `node`: the op that is guilty. `again`: a
# line to paste.

assert found.argument == "x, of shape ()"
assert found.ratio == "0.5"
assert found.hint.startswith("1/2 of it: two uses of one value")
assert found.node.startswith("half_bump")

# Where there is no derivative, no rule can be wrong. relu has a corner at 0: that is a Kink, not a mismatch. Within a
# Hypothesis test such a point is dropped and another one drawn. What the library chooses there, of all the slopes that
# lie between the two sides the smallest, is a law of its own.

try:
    check_vjp(tg.relu, np.zeros(1))
except Kink as kink:
    print(f"{kink}\n")
print(check_laws(tg.relu, np.zeros(1), laws=["ties"]))

# A rule can be right and its own derivative wrong. This one computes with x.data, which nothing records: the slope is
# the right number, but to the next derivative it is a constant.


@tg.elementwise(x=lambda y, x: -2 * tg.tensor(x).data * y)
def flat_bump(x):
    """y = exp(−x²)"""
    return np.exp(-x * x)


print(check_vjp(flat_bump, np.array([0.5])))
try:
    check_vjp(flat_bump, np.array([0.5]), order=2)
except GradMismatch as error:
    found = error.report.mismatch
    print(f"flat_bump: {found.what}\n")

assert found.what == "the derivative of order 2 by the vjp rules is wrong"

# In a model the wrong number comes out far from where it went wrong. The check walks back through what was recorded,
# and tries each op alone on the values that it had: `node` is the first that fails, with its place and time step.

W = tg.nn.Parameter(0.5 * rng.standard_normal((2, 2)), name="weight_hh")


def f(x, h):
    x = tg.label(x, "input", "x")
    h = half_bump(tg.tanh(x + tg.inner(h, W)))  # the wrong op, at every step
    return h, tg.label(h, "hidden_state", "h")


def model(x):
    with tg.scope("encoder"):
        with tg.step(0):
            h_0 = tg.label(tg.tensor(np.zeros(2)), "initial_state", "h")
        return tg.nn.unroll(f, x, h_0)[1]


try:
    check_vjp(model, rng.standard_normal((3, 2)).round(1))
except GradMismatch as error:
    failed = error.report
    print(f"{failed}\n")

assert failed.mismatch.node.startswith("half_bump → h, encoder, step 1 of 3")
assert failed.mismatch.ratio == "0.125"  # half of it three times over: once for each step

# The report keeps what was recorded. Follow the green line from h₀: half_bump stands in it at every step.

drawing = viz.draw(failed.graph, view="op", title="What the failed check had recorded")
print(f"picture: {drawing.save(pictures / 'wrong-op-in-a-model.svg')}\n")

# One that no test of an op can find: it keeps x for the backward pass in a place of its own. Alone it is right. Used
# twice, the second call has overwritten what the first one kept. So draw whole graphs, of this op among others:

kept = {}


@tg.primitive
def forgetful(x):
    """y = exp(−x²)"""
    kept["x"] = x
    return np.exp(-x * x)


forgetful.vjp(x=lambda gy, y, x: gy * -2 * kept["x"] * y)
forgetful.jvp(x=lambda dx, y, x: dx * -2 * kept["x"] * y)

print(check_vjp(forgetful, np.array([0.5, -1.0, 2.0])))
tried = []


@settings(derandomize=True, deadline=None)
@given(programs(ops=["tanh", "forgetful"], max_nodes=4))
def test_programs(program):
    tried.append(program)
    check_vjp(program, *program.inputs)


try:
    test_programs()
except GradMismatch as error:
    failed, smallest = error.report, tried[-1]  # what Hypothesis tries last is the smallest
    print(f"\n{failed}\n")  # with the source of the program

assert smallest.ops == ["forgetful", "forgetful"]
assert failed.mismatch.node.startswith("each recorded op agrees by itself")
drawing = viz.draw(failed.graph, view="op", title="The smallest program that fails")
print(f"picture: {drawing.save(pictures / 'smallest-failing-program.svg')}\n")

# Whole modules are checked by their inputs and by every parameter; the float32 gradient is held against the same code
# in float64.

print(check_module(tg.nn.Linear(3, 2, rng=0), rng.standard_normal((4, 3))))

# And a recurrent layer by what every recurrence has to satisfy: backpropagation through time is the steps done by hand,
# cut anywhere and carried on it is the whole, a shared weight's gradient is the sum over copies, one for each step.

lstm = tg.nn.LSTM(2, 3, rng=0)
report = check_recurrent(lstm, rng.standard_normal((4, 2, 2)))
print(report)
assert {"by hand", "split", "untied", "causal"} <= set(report.laws)

# The way to break one that is in every second piece of code: a detach in the time loop. The values stay, and so does
# the gradient of the last step; the past is gone.


class ForgetfulCell(tg.nn.RNNCell):
    def step(self, x, state):
        return super().step(x, tuple(part.detach() for part in state))


try:
    check_recurrent(ForgetfulCell(2, 3, rng=0), rng.standard_normal((4, 2, 2)))
except GradMismatch as error:
    print("\n" + "\n".join(line[:110] for line in str(error).splitlines()))
else:
    raise AssertionError("the detach was not found")

# Try: break a rule of your own, by a sign, a factor, a sum over the wrong axis, and read what the report makes of it.
# Next: examples/testing-gradients.md, everything there is to check with; tests/user_package/, a project that does.
