# %% [markdown]
# # 7. Exploding, and how clipping tames it
#
# *What does a gradient that was multiplied by the same number at every step do to a step of learning, and what is
# done about it?*
#
# The smallest recurrent network has one number for its state, one for its weight, and no tanh:
#
#     h_t = w · h_{t−1},   h_0 = 1,   so   h_T = w^T   and   ∂h_T/∂h_0 = w^T
#
# **Predict, with a pencil.** Let w = 1.5 and T = 20. Square again and again: 1.5² = 2.25, 1.5⁴ ≈ 5.06, 1.5⁸ ≈ 25.6,
# 1.5¹⁶ ≈ 657. So 1.5²⁰ = 1.5¹⁶ · 1.5⁴ ≈ … ?

# %%
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-7-"))
T = 20


def last_state(w, h):
    for _ in range(T):
        h = w * h
    return h


slope = tg.grad(last_state, argnums=1)(1.5, 1.0).item()
print(f"A change of h_0 comes out at h_20 {slope:.0f} times as large. 657 · 5.06 is {657 * 5.06:.0f}.")
assert np.isclose(slope, 1.5**20)

# %% [markdown]
# A change that is made larger by half at each step is 3,325 times as large after 20. With w = 0.5 it would be a
# millionth: that is lesson 6. The same W at every step is what makes a recurrent network, and it is what does this.
#
# ## What that does to a step of learning
#
# Now w is to be learnt: after 20 steps the state shall be 1, which w = 1 would do. The loss is L = (h_20 − 1)².
#
# **Predict.** We start at w = 1.2, where h_20 = 1.2²⁰ ≈ 38.3. By the chain rule
#
#     ∂L/∂w = 2 · (h_20 − 1) · 20 · w¹⁹ ≈ 2 · 37.3 · 20 · 31.9 ≈ 47,600
#
# With a learning rate of 0.01, where does one step of gradient descent put w?


# %%
def loss(w):
    return (last_state(w, 1.0) - 1.0) ** 2


w, rate = 1.2, 0.01
gradient = tg.grad(loss)(w).item()
print(f"At w = {w} the loss is {loss(w):.0f} and its gradient {gradient:.0f}.")
print(f"One step of gradient descent puts w at {w - rate * gradient:.0f}.")
assert np.isclose(gradient, 2 * (1.2**20 - 1) * 20 * 1.2**19)
assert w - rate * gradient < -400

# %% [markdown]
# w was 0.2 too large, and the step made it 476 too small. There the loss is about 476⁴⁰, a 1 with 107 zeros: nothing
# comes back from there. The direction was right, and the length was nonsense. This is what *exploding* looks like
# when one trains: the loss falls, and then, in one step, it is gone.
#
# ## Clipping
#
# So keep the direction, and bound the length. The length of a gradient is its norm, ‖g‖ = √(g₁² + g₂² + …), over all
# parameters together:
#
#     if ‖g‖ > most:   g ← g · most / ‖g‖
#
# **Predict.** g = (3, 4) and most = 1. What is ‖g‖, and what becomes of g?

# %%
p = tg.nn.Parameter(np.zeros(2))
p.grad = np.array([3.0, 4.0])
norm = tg.train.clip_grad_norm_([p], max_norm=1.0)
print(f"The norm of (3, 4) is {norm:.0f}, and clipped to 1 it is ({p.grad[0]:.1f}, {p.grad[1]:.1f}).")
assert np.allclose(p.grad.data, [0.6, 0.8])

# %% [markdown]
# √(9 + 16) = 5, so each number is divided by 5: (0.6, 0.8). It points where it did.
#
# Now the same start, w = 1.2, with the gradient clipped to norm 1. **Predict** the first step: the gradient becomes
# 1, so w becomes … ? And about how many such steps is it from 1.2 to 1?

# %%
parameter = tg.nn.Parameter(np.array(1.2))
optimizer = tg.optim.SGD([parameter], lr=0.01)
path = [1.2]
for _ in range(30):
    value = loss(parameter)
    optimizer.zero_grad()
    value.backward()
    tg.train.clip_grad_norm_([parameter], max_norm=1.0)
    optimizer.step()
    path.append(parameter.item())

print("w, step by step: " + ", ".join(f"{w:.2f}" for w in path[:4]) + f" … {path[20]:.2f} … {path[-1]:.2f}")
assert np.isclose(path[1], 1.19)
assert abs(path[-1] - 1) < 0.02

# %% [markdown]
# Each clipped step is 0.01 · 1 long. The way from 1.2 to 1 is 0.2, so twenty of them lead there.
#
# ## The wrong way: bounding each number by itself
#
# Could one not simply cut every number off at ±1? (3, 4) would become (1, 1). That is another direction.

# %%
g = np.array([3.0, 0.4])
scaled, cut = g / np.linalg.norm(g), np.clip(g, -1, 1)
cosine = cut @ g / np.linalg.norm(cut) / np.linalg.norm(g)
print(f"(3, 0.4) scaled to norm 1 is ({scaled[0]:.2f}, {scaled[1]:.2f}).")
print(f"Cut off at ±1 it is ({cut[0]:.1f}, {cut[1]:.1f}), ", end="")
print(f"which is {np.degrees(np.arccos(cosine)):.0f} degrees off the way downhill.")
assert np.allclose(np.cross([*g, 0], [*scaled, 0]), 0)
assert cosine < 0.99

# %% [markdown]
# ## In a network
#
# With a matrix W in place of w and tanh after it, the gradient is multiplied by diag(1 − h_t²) · W at every step. The
# slope of tanh, 1 − h², is at most 1, and near 1 where h is near 0. There a large W stretches, as w = 1.5 did. Here
# are two networks, whose W turns the state without stretching it, times 0.5 and times 1.5.

# %%
quiet = 1e-6 * np.random.default_rng(0).standard_normal((6, 1, 4))  # so small that every slope of tanh is 1


def judged_at_the_end(rho):
    rnn = tg.nn.RNN(4, 8, bias=False, recurrent_init="orthogonal", dtype=np.float64, rng=0)
    rnn.weight_hh_l0.assign(rho * rnn.weight_hh_l0.data)
    states, _ = rnn.unrolled(quiet)
    return tg.label(states[-1].sum(), "loss", "L"), states


for rho in (0.5, 1.5):
    total, states = judged_at_the_end(rho)
    flow = tg.gradient_flow(total, states)
    print(f"W times {rho}: from h_6 back to h_1 the gradient's norm goes from {flow[-1]:.2f} to {flow[0]:.3f}; "
          f"{rho}⁵ = {rho**5:.3f}")  # fmt: skip
    assert np.isclose(flow[0] / flow[-1], rho**5, rtol=1e-6)

drawing = viz.draw(total, gradients=True, title="W turns, and stretches by 1.5")
print(f"picture: {drawing.save(pictures / 'exploding.svg')}")
drawing

# %% [markdown]
# The first norm is √8 = 2.83, as the loss is the sum of 8 numbers, each of which has the gradient 1. Five steps back
# it was multiplied by 0.5⁵ or by 1.5⁵. The picture is of the second network: read it from right to left. The numbers
# beside ∇ are the norms of what arrives, and they grow from step to step.
#
# Clipping does not make the gradient right: it keeps a step from doing harm. And it does nothing for gradients that
# vanish; a small number, made larger, is as wrong as before.
#
# **Exercise.** Write `clip(g, most)`: g scaled to norm `most` where its norm is larger, and g as it is where not.
# Write `last_slope(w, T)`: ∂h_T/∂w for h_t = w · h_{t−1} and h_0 = 1. Then: `tinygrad-rnn lesson 7 --check FILE`.
#
# **Try.** Set `most` to 1,000 and to 0.001: what happens to the path of w? Start at w = 0.9: is clipping needed
# there?
#
# **Next.** Lesson 8: a road back through time on which no W stands.
