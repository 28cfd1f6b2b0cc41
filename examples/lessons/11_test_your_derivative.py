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
# rule, 3x²? By how much do they differ? That is h² here: by how much will they differ with h = 0.001?

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
# 2.402/0.2 = 12.01, and the rule says 12; 1e-02 in the output means 10⁻², 0.01. (x + h)³ − (x − h)³ = 6x²h + 2h³, and
# divided by 2h that is 3x² + h²: a hundred times smaller h, ten thousand times smaller error. So why not h = 1e-12?
#
# **Predict.** A computer holds about 16 digits. f(2) = 8, so f is rounded by about 1e-15. What becomes of that when
# it is divided by 2h = 2e-12?

# %%
for h in (1e-3, 1e-5, 1e-8, 1e-12):
    print(f"h = {h:.0e}: off by {abs(difference(cube, 2.0, h) - 12):.0e}")
assert abs(difference(cube, 2.0, 1e-5) - 12) < abs(difference(cube, 2.0, 1e-12) - 12)

# %% [markdown]
# A rounding of 1e-15 divided by 2e-12 is 5e-4: the smaller h, the larger that part. The output has 1e-03, as more
# than one number is rounded. The best is between, near h = 1e-5, where both errors are near 1e-10.
#
# The library's checks take a step of another kind where they can, the *complex step*, along the imaginary axis. For a
# small h, f(x + ih) ≈ f(x) + ih · f′(x), so the imaginary part divided by h is f′(x). Nothing is subtracted there,
# and h may be 1e-20.
#
# ## An op of your own
#
# Here is y = exp(−x²) and its slope, dy/dx = −2x · y. `@tg.elementwise` makes an op of a NumPy function that treats
# each number by itself; the rule for x is given to it as a function of y and x. On the way back an op multiplies the
# gradient that comes to it by its slope; that product is called a *vjp*, a vector-Jacobian product. `check_vjp`
# compares the rule with runs of the function.


# %%
@tg.elementwise(x=lambda y, x: -2 * x * y)
def bump(x):
    """y = exp(−x²)"""
    return np.exp(-x * x)


report = check_vjp(bump, np.array([0.5, -1.0, 2.0]))  # a slope for each of the three numbers
print(report)
assert report.worst < 1e-12

# %% [markdown]
# The slopes agree to the last digit: 0.0e+00 is the largest difference.
#
# ## The wrong way
#
# Somebody forgot that x² holds x twice, and wrote −x · y. **Predict.** By which factor is that rule off, at every x?
# The report has a line *ratio*, the rule's slope divided by the true one.


# %%
@tg.elementwise(x=lambda y, x: -x * y)
def half_bump(x):
    """y = exp(−x²)"""
    return np.exp(-x * x)


found = None
try:
    check_vjp(half_bump, np.array([0.5, -1.0, 2.0]))
except GradMismatch as error:
    print(str(error).partition("\n\n")[0])
    found = error.report.mismatch
assert found is not None
assert found.ratio == "0.5"

# %% [markdown]
# It is found at the first input, x[0] = 0.5: *analytic* is the slope by the rule, −0.5 · e^(−0.25) = −0.39, *numeric*
# the one by runs of the function, and the rule's is half of it. Of the three outputs only y[0] depends on x[0], so
# one *row* of three is wrong. Then follow the op, a guess at the cause, and a line that runs the check again.
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
assert np.allclose([right, wrong], np.sqrt(np.log(2)), atol=1e-3)

# %% [markdown]
# Both arrive: exp(−x²) = 0.5 at x = √(log 2). The loss falls with a wrong gradient too, and this is why one tests.
#
# ## Laws
#
# Some faults show without a second opinion about the slope. What comes back to an op is multiplied by the slope, so
# twice as much of it gives twice as much, and zeros give zeros. And an op leaves its inputs as they are. Those are
# laws that hold for every op. Here is an op that breaks the last one.


# %%
@tg.elementwise(x=lambda y, x: np.ones_like(x))
def careless(x):
    x += 1  # this writes into the array that it was given
    return x


found = None
try:
    check_laws(careless, np.array([1.0, 2.0]))
except GradMismatch as error:
    print(str(error).splitlines()[0])
    found = error.report.mismatch
assert found is not None
assert "inputs kept" in found.what

# %% [markdown]
# *Cotangents* are the gradients that come back to an op.
#
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
# (0.001 − 0)/0.002 = 0.5, which is neither 0 nor 1. A point without a slope is no mistake of the rule. The check
# calls it a *kink* and leaves it out: two slopes are compared, and one is not.
#
# ## A whole network
#
# `check_module` does this for each parameter of a module and each input. We give it an LSTM of I = 2 inputs and H = 3
# units, and a sequence of four steps; every weight is used at each of them. **Predict** how many weights it has, by
# lesson 9: 4 · (H·I + H·H + 2·H).

# %%
lstm = tg.nn.LSTM(2, 3, rng=0)
report = check_module(lstm, np.random.default_rng(0).standard_normal((4, 1, 2)))
print(f"LSTM: {sum(p.size for p in lstm.parameters())} weights and its inputs agree to {report.worst:.0e}")
assert sum(p.size for p in lstm.parameters()) == 4 * (3 * 2 + 3 * 3 + 2 * 3) == 84
assert report.worst < 1e-9

x = tg.tensor(np.array([0.5, -1.0]), requires_grad=True, name="x")
drawing = viz.draw(tg.label(bump(x).sum(), "loss", "L"), view="op", gradients=True, values=True,
                   title="y = exp(−x²), and the gradient that its rule sends back")  # fmt: skip
print(f"picture: {drawing.save(pictures / 'an-op-of-your-own.svg')}")
drawing

# %% [markdown]
# 4 · (6 + 9 + 6) = 84. The picture is of your op at x = (0.5, −1). Follow the solid arrows up: of the two numbers
# that `bump` makes the smallest and the largest are given, and L is their sum, 1.15. Follow the dashed arrows down:
# the rule sends −2x·y back, (−0.78, 0.74), and beside ∇ stands its norm, 1.1. The box of x has the shape of a weight,
# since a gradient is asked for it.
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
