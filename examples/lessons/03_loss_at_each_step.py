# %% [markdown]
# # 3. A loss at each step, and a gradient through time
#
# *A weight is used at every step, and each step has a loss: what is the gradient of that weight?*
#
# To learn, a network needs to know in which direction to change its weights. A *loss* L is a number that says how far
# off the outputs are, and 0 is perfect. The gradient ∂L/∂w says how much L grows for each unit that w grows, as long
# as the change is small. So w is moved against it. But which use of w is meant, when w is used at every step?
#
# ## One loss, at the end
#
# The smallest network once more:
#
#     h_t = w · h_{t−1} + u · x_t,   h_0 = 0,   w = 0.5,   u = 1,   x = 1, 0, 0      so      h = 1, 0.5, 0.25
#
# As a first loss take the last state itself, L = h_3.
#
# Imagine that each step has a copy of w for itself, w_1, w_2 and w_3. Then
#
#     h_3 = w_3 · h_2 = w_3 · (w_2 · h_1) = w_3 · w_2 · (w_1 · h_0 + 1)
#
# **Predict.** Change one copy at a time, and leave the others at 0.5. What is ∂h_3/∂w_3, which is h_2? What is
# ∂h_3/∂w_2, which is w_3 · h_1? And what is ∂h_3/∂w_1, which is w_3 · w_2 · h_0?

# %%
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-3-"))
xs = [1.0, 0.0, 0.0]


def last_state(w_1, w_2, w_3):
    h = 0.0
    for w, x in zip((w_1, w_2, w_3), xs, strict=True):
        h = w * h + x
    return h


terms = tg.grad(last_state, argnums=(0, 1, 2))(0.5, 0.5, 0.5)  # one gradient for each of the three numbers
print("For the copies w_1, w_2 and w_3 the gradients are " + ", ".join(f"{g.item():g}" for g in terms) + ".")
assert np.allclose([g.item() for g in terms], [0, 0.5, 0.5])

# %% [markdown]
# In truth there is one w. To change it is to change all copies at once, and small changes add up. So the gradient of
# a shared weight is a *sum*, with one term for each use:
#
#     ∂L/∂w = Σ_t (gradient that arrives at h_t) · h_{t−1}
#
# **Predict.** Add the three terms. Then check it without copies: h_3 = w², so ∂h_3/∂w = 2 · w = … ?

# %%
shared = tg.grad(lambda w: last_state(w, w, w))(0.5).item()
print(f"With one w for all steps, it is {shared:g}.")
assert shared == sum(g.item() for g in terms) == 2 * 0.5

# %% [markdown]
# Why is the first term 0? At step 1 w is multiplied by h_0 = 0. Whatever w is, nothing comes of it there, so nothing
# is to be learnt from that use. The first use of W_hh adds 0 in every network that begins at 0.
#
# ## A loss at each step
#
# Now there is a target for each step. The network shall remember the 1 that it read: y = 1, 1, 1. The output is the
# state itself, and the loss of a step is the square of what is missing. The losses of all steps are summed:
#
#     L_t = (h_t − y_t)²        L = L_1 + L_2 + L_3
#
# **Predict.** h = 1, 0.5, 0.25. What are the three losses, and what is L?

# %%
w = tg.nn.Parameter(np.array(0.5), name="w")
u = tg.nn.Parameter(np.array(1.0), name="u")
ys = [1.0, 1.0, 1.0]


def f(given, h):
    x, y = given
    x = tg.label(tg.tensor(x), "input", "x")
    h = tg.label(w * h + u * x, "hidden_state", "h")
    return tg.label((h - y) ** 2, "loss", "L"), h


def run():
    with tg.step(0):
        h_0 = tg.label(tg.tensor(0.0), "initial_state", "h")
    losses, _ = tg.nn.unroll(f, list(zip(xs, ys, strict=True)), h_0)
    return losses, tg.label(sum(losses), "loss", "L")


losses, loss = run()
print("The losses are " + ", ".join(f"{each.item():g}" for each in losses) + f", and their sum is {loss.item():g}.")
assert [each.item() for each in losses] == [0, 0.25, 0.5625]
assert loss.item() == 0.25 + 0.5625

# %% [markdown]
# Now the way back. It begins at the last step. ∂L_t/∂h_t = 2 · (h_t − y_t), which is 0 at step 1, −1 at step 2 and
# −1.5 at step 3. But h_2 matters twice: for its own loss, and for h_3 = w · h_2, which changes w times as much as
# h_2. So what arrives at a state comes from above, from its own loss, and from the right, from the state after it:
#
#     g_t = 2 · (h_t − y_t) + w · g_{t+1}
#
# **Predict.** g_3 = −1.5. What is g_2 = −1 + 0.5 · (−1.5)? Each use of w adds the term g_t · h_{t−1}: what are the
# terms of step 3, of step 2 and of step 1? And their sum, ∂L/∂w? At the end try u: each of its uses adds g_t · x_t.

# %%
terms = {entry.step: float(entry.contribution) for entry in tg.gradient_ledger(loss, w)}
for step, term in terms.items():
    print(f"Step {step} adds {term + 0:g}.")  # + 0 makes a 0 of −0
assert np.allclose([terms[t] for t in (1, 2, 3)], [0, -1.75, -0.75])

drawing = viz.draw(loss, values=True, gradients=True, title="The gradient on its way back, through time")
print(f"picture: {drawing.save(pictures / 'through-time.svg')}")
print(f"page: {drawing.save(pictures / 'through-time.html')}")
drawing

# %%
loss.backward()
print(f"Together they are {sum(terms.values()):g}, and w.grad is {w.grad.item():g}. u.grad is {u.grad.item():g}.")
assert w.grad.item() == sum(terms.values()) == -2.5
assert u.grad.item() == 0.5 * -1.75

# %% [markdown]
# This is backpropagation through time. A ledger is a book in which each entry of a sum is written down; here it has
# one entry for each use of w.
#
# u is multiplied by x, which is 1 at step 1 and 0 after it. So ∂L/∂u is g_1 = 0 + 0.5 · (−1.75) = −0.875.
#
# In the picture follow the dashed arrows. They go from the losses down to the states, from right to left along the
# states, and then to the weights: from steps 3 and 2 to w, and from step 1 to u. ∇ is the size of what arrives,
# without its sign, to two digits: 1.8e0 stands for 1.75, and 8.8e-1 for 0.875, as e-1 divides by 10. No dashed arrow
# leads from L_1 to h_1: that loss is 0 and cannot be made smaller.
#
# The page shows the same, one operation at a time. Open it in a browser. It shows the end: press |◀, and move the
# slider to the right. First the values appear, and then the gradients. Then click on w: beside it stands its ledger,
# with the sizes 0, 1.75 and 0.75.
#
# The gradient is negative: a larger w makes the loss smaller. **Predict.** With a learning rate of 0.1, what does one
# step of gradient descent, w − 0.1 · ∂L/∂w, make of w? Which w would be perfect?

# %%
w.assign(w.data - 0.1 * w.grad.data)
_, after = run()
print(f"w is now {w.item():g}, and the loss went from {loss.item():g} to {after.item():.4f}.")
assert np.isclose(w.item(), 0.75)
assert after.item() < loss.item()

# %% [markdown]
# 0.5 + 0.25 = 0.75. The states are now 1, 0.75 and 0.5625, so the losses are 0, 0.0625 and 0.1914. With w = 1 the 1
# would stay for ever.
#
# ## The wrong way: each loss for its own step alone
#
# Could one not treat the old state as a number that is given, and let each loss teach its own step only? Then nothing
# would have to come from the right.
#
# **Predict.** Back at w = 0.5: the terms become −1.5 · h_2 and −1 · h_1. What is their sum, and what is missing?

# %%
w.assign(np.array(0.5))
h, total = tg.tensor(0.0), 0.0
for x, y in zip(xs, ys, strict=True):
    h = w * h.detach() + x  # detach: from here on it is a number without a past
    total = total + (h - y) ** 2
alone = [float(entry.contribution) + 0 for entry in tg.gradient_ledger(total, w)]
print(f"Each loss for its own step: {alone[0]:g}, {alone[1]:g} and {alone[2]:g}, together {sum(alone):g}, not -2.5.")
assert np.allclose(alone, [0, -1, -0.75])

# %% [markdown]
# What is missing is w · g_3 · h_1 = 0.5 · (−1.5) · 1 = −0.75: what the loss of step 3 has to say about step 2. That
# is how a network learns to keep something *now* because it will be needed *later*. Without it no memory is learnt,
# except by chance.
#
# ## Terms have a direction
#
# With more units, W_hh is a matrix, and each term is a matrix too: g_t times h_{t−1}, every number of the one with
# every number of the other. How large is a matrix? Its norm is the square root of the sum of the squares of its
# numbers. Do the norms of the terms add up to the norm of the gradient?
#
# Take two units, no tanh, and h_t = W_hh h_{t−1} + x_t with a W_hh that is still all 0, so that nothing comes from
# the right. x_1 = x_2 = (1, 0) and x_3 = (0, 0), so h_1 = h_2 = (1, 0). The loss is 3 times unit 1 at step 2, and 4
# times unit 2 at step 3:
#
#     step 2: g_2 = (3, 0)   term = 3 0     step 3: g_3 = (0, 4)   term = 0 0
#                                   0 0                                   4 0
#
# **Predict.** The norms of the terms are 3 and 4. Add the two matrices: what is the norm of their sum?

# %%
W_hh = tg.nn.Parameter(np.zeros((2, 2)), name="W_hh")


def two_units(x, h):
    h = tg.label(W_hh @ h + tg.label(x, "input", "x"), "hidden_state", "h")
    return h, h


with tg.step(0):
    h_0 = tg.label(tg.tensor(np.zeros(2)), "initial_state", "h")
(_, h_2, h_3), _ = tg.nn.unroll(two_units, tg.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]), h_0)
loss = tg.label(3 * h_2[0] + 4 * h_3[1], "loss", "L")
terms = [entry.contribution for entry in tg.gradient_ledger(loss, W_hh)]
norms = [np.linalg.norm(term) for term in terms]
print("The norms of the terms are " + ", ".join(f"{n:g}" for n in norms), end="")
print(f". The norm of their sum is {np.linalg.norm(sum(terms)):g}.")
assert np.allclose(norms, [0, 3, 4])
assert np.isclose(np.linalg.norm(sum(terms)), 5)

drawing = viz.draw(loss, gradients=True, title="3 and 4 arrive, and together they are 5")
print(f"picture: {drawing.save(pictures / 'norms.svg')}")
drawing

# %% [markdown]
# √(3² + 4²) = 5, not 7: the way 3 to the east and 4 to the north ends 5 away. In the picture 3 arrives at h₂, 4 at
# h₃, and W_hh has 5. (At step 1 nothing arrives, and h_0 = 0: that term is 0.) Terms that point in opposite
# directions even cancel: 3 and −3 give 0. So a small gradient does not mean that no step has anything to say. It may
# be that the steps do not agree.
#
# ## A loss for classes
#
# Where the outputs are classes, as the letters in lesson 2, the loss of a step is −ln p, with p the probability that
# the network gives to the right class. It is called the cross-entropy. p = 1 costs 0, and a small p costs much.
#
# **Predict.** A network that knows nothing yet gives each of 27 characters the same probability, 1/27. ln 27 = 3.296.
# What is the loss of one step, and what is the sum over 3 steps?

# %%
logits = np.zeros((3, 1, 27))  # (T, B, V): all alike
targets = np.array([[7], [4], [24]])  # the ids of the right characters, any three
each = [tg.nn.cross_entropy(z, y).item() for z, y in zip(logits, targets, strict=True)]
print(f"One step costs {each[0]:.2f}, and three cost {sum(each):.2f}.")
assert np.allclose(each, np.log(27))
assert np.isclose(sum(each), 3 * np.log(27))

# %% [markdown]
# When you train a network on characters, look at its first loss for one step. If it is far above ln V, something is
# wrong before learning has begun.
#
# A sum over more steps is larger. To compare sequences of different lengths, divide it by T. This divides the
# gradient by T as well, and changes no direction.
#
# **Exercise.** Write `terms(w, xs, ys)`: what each step adds to ∂L/∂w, for the losses (h_t − y_t)². Write
# `norm_of_sum(terms)`: how large the gradient is that some terms make together. To hear whether they are right:
# `tinygrad-rnn lesson 3 --check FILE`.
#
# **Try.** Begin with h_0 = 1: is the first term still 0? Which targets make two terms cancel? On the page, click on
# w, and under Scissors cut h₂ → step 3: which number of this lesson is then the gradient of w?
#
# **Next.** Lesson 4: a network that learns to write, when all that it is asked is which character comes next.
