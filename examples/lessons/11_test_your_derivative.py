# %% [markdown]
# # 11. Test the derivative that you wrote
#
# *How do you know that a gradient is right, if a wrong one has a shape and a value like any other, and the loss may
# fall all the same?*
#
# From runs of the function alone. Its slope is how far the result moves when the input does:
#
#     f′(x) ≈ (f(x + h) − f(x − h)) / 2h
#
# No rule is needed for that, so it is a second opinion about every rule.
#
# **Predict, with a pencil.** f(x) = x³ at x = 2, with h = 0.1: (2.1³ − 1.9³)/0.2 = (9.261 − 6.859)/0.2 = … ? And the
# rule, 3x²? The difference is h². What would it be with h = 0.001?

# %%
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz
from tinygrad_rnn.testing import GradMismatch, check_laws, check_module, check_vjp

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-11-"))


def difference(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def cube(x):
    return x**3


for h in (0.1, 0.001):
    found = difference(cube, 2.0, h)
    print(f"h = {h}: {found:.6f}, and the rule says 12; they differ by {found - 12:.0e}")
    assert np.isclose(found - 12, h**2, rtol=1e-3)

# %% [markdown]
# (x + h)³ − (x − h)³ = 6x²h + 2h³, and divided by 2h that is 3x² + h²: a hundred times smaller h, ten thousand times
# smaller error. So why not h = 1e-12?
#
# **Predict.** A computer holds about 16 digits. f(2) = 8, so f is rounded by about 1e-15. What becomes of that when
# it is divided by 2h = 2e-12?

# %%
for h in (1e-3, 1e-5, 1e-8, 1e-12):
    print(f"h = {h:.0e}: off by {abs(difference(cube, 2.0, h) - 12):.0e}")
assert abs(difference(cube, 2.0, 1e-5) - 12) < abs(difference(cube, 2.0, 1e-12) - 12)

# %% [markdown]
# A rounding of 1e-15 divided by 2e-12 is 5e-4: the smaller h, the larger that part. The best is between, near h =
# 1e-5, where both errors are near 1e-10. The library's checks take a step of another kind where they can: along the
# imaginary axis, Im f(x + ih)/h, in which nothing is subtracted; with it h may be 1e-20.
#
# ## An op of your own
#
# Here is y = exp(−x²) and its slope, dy/dx = −2x · y. `check_vjp` compares the rule with runs of the function.


# %%
@tg.elementwise(x=lambda y, x: -2 * x * y)
def bump(x):
    """y = exp(−x²)"""
    return np.exp(-x * x)


report = check_vjp(bump, np.array([0.5, -1.0, 2.0]))  # a slope for each of the three numbers
print(report)
assert report.worst < 1e-12

# %% [markdown]
# ## The wrong way
#
# Somebody forgot that x² holds x twice, and wrote −x · y. **Predict.** By which factor is that rule off, at every x?
# The report has a line *ratio*, the rule's slope divided by the true one.


# %%
@tg.elementwise(x=lambda y, x: -x * y)
def half_bump(x):
    """y = exp(−x²)"""
    return np.exp(-x * x)


try:
    check_vjp(half_bump, np.array([0.5, -1.0, 2.0]))
except GradMismatch as error:
    print(str(error).partition("\n\n")[0])
    found = error.report.mismatch
assert found is not None

# %% [markdown]
# It is found, with the element that shows it, both slopes, the ratio, a guess at the cause, and a line that runs the
# check again.
#
# Would training have noticed? Here a number is moved to where the bump is 0.5, by gradient descent on (bump(x) −
# 0.5)², with either rule. **Predict.** Half a gradient is a step half as long. Which of the two arrives?


# %%
def descend(f, steps=200):
    x = tg.tensor(1.5, requires_grad=True)
    for _ in range(steps):
        gradient = tg.grad(lambda x: (f(x) - 0.5) ** 2)(x)
        x.assign(x.data - 0.5 * gradient.data)
    return x.item()


right, wrong = descend(bump), descend(half_bump)
print(
    f"with the right rule x ends at {right:.4f}, with the wrong one at {wrong:.4f}; √(log 2) = {np.sqrt(np.log(2)):.4f}"
)
assert np.isclose(right, wrong, atol=1e-3)

# %% [markdown]
# Both arrive: exp(−x²) = 0.5 at x = √(log 2). The loss falls with a wrong gradient too, and this is why one tests.
#
# ## Laws
#
# Some faults show without any tolerance. A gradient is linear in what comes back: twice as much in, twice as much
# out. An op that is given zeros back returns zeros. An op leaves its inputs as they are. Here is an op that does not.


# %%
@tg.elementwise(x=lambda y, x: np.ones_like(x))
def careless(x):
    x += 1  # this writes into the array that it was given
    return x


try:
    check_laws(careless, np.array([1.0, 2.0]))
except (GradMismatch, ValueError) as error:
    print(str(error).splitlines()[0])
else:
    raise AssertionError("it was not found")

# %% [markdown]
# ## Where there is no slope
#
# relu(x) is 0 below 0 and x above. **Predict.** What does the difference give at x = 0, where the slope is 0 on one
# side and 1 on the other? And what should a check say there?

# %%
kink = difference(lambda x: max(x, 0.0), 0.0, 1e-3)
print(f"the difference at the kink of relu: {kink}")
assert kink == 0.5
report = check_vjp(tg.relu, np.array([-1.0, 0.0, 2.0]))
print(report)
assert report.kinks == 1

# %% [markdown]
# (0.001 − 0)/0.002 = 0.5, which is neither. A point without a slope is no mistake of the rule, and the check leaves
# it out.
#
# ## A whole network
#
# `check_module` does this for each parameter of a module and each input: for an LSTM over four steps that is every
# one of its weights, through time.

# %%
lstm = tg.nn.LSTM(2, 3, rng=0)
report = check_module(lstm, np.random.default_rng(0).standard_normal((4, 1, 2)))
print(f"LSTM: {sum(p.size for p in lstm.parameters())} weights and its inputs agree to {report.worst:.0e}")
assert report.worst < 1e-9

x = tg.tensor(np.array([0.5, -1.0]), requires_grad=True, name="x")
drawing = viz.draw(tg.label(bump(x).sum(), "loss", "L"), view="op", gradients=True, values=True)
print(f"picture: {drawing.save(pictures / 'an-op-of-your-own.svg')}")
drawing

# %% [markdown]
# The picture shows what was recorded of the op: its value, and the gradient that its rule sent back.
#
# With Hypothesis (`pip install 'tinygrad-rnn[test]'`) a test draws its inputs, hundreds of them, and shrinks what
# fails to the smallest: `examples/testing-gradients.md` in the source has the guide.
#
# **Exercise.** Write `softplus_slope(x)`: the slope of log(1 + eˣ), right for x = 1,000 and x = −1,000 too. Write
# `central(f, x, h)`: the difference above, for a function of one number. Then: `tinygrad-rnn lesson 11 --check FILE`.
#
# **Try.** Break a rule of your own in another way: a sign, a missing factor, a slope of the wrong argument. Does the
# hint of the report say what you did?
#
# **Next.** A derivative of your own, and a network that needs it.
