# %% [markdown]
# # 7. Exploding, and how clipping tames it
#
# *What does a gradient that was multiplied by the same number at every step do to a step of learning, and what is
# done about it?*
#
# The smallest recurrent network has one number for its state, one for its weight, no input and no tanh. It starts at
# 1, since from h_0 = 0 it would stay at 0:
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
# A change that is made larger by half at each step is 3,325 times as large after 20. With w = 0.5 a millionth of it
# would be left: that is lesson 6. A recurrent network has the same weight at every step, and this is what follows
# from it.
#
# ## What that does to a step of learning
#
# Now w is to be learnt: after 20 steps the state shall be 1, which w = 1 would do. The loss is L = (h_20 − 1)².
#
# **Predict.** We start at w = 1.2, where h_20 = 1.2²⁰ ≈ 38.3. By the chain rule
#
#     ∂L/∂w = 2 · (h_20 − 1) · 20 · w¹⁹ ≈ 2 · 37.3 · 20 · 31.9 ≈ 47,600
#
# With a learning rate of 0.01, where does one step of gradient descent put w, which is w − 0.01 · ∂L/∂w?


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
# 1.2 − 477 ≈ −476. w was 0.2 too large, and the step made it 477 too small. There the loss is about 476⁴⁰, a number
# of 108 digits, and no further step leads back. The direction was right, and the length was nonsense. This is what
# *exploding* looks like when one trains: the loss falls for a while, and then one step throws it far up.
#
# ## Clipping
#
# So keep the direction, and bound the length. The length of a gradient is its norm, ‖g‖ = √(g₁² + g₂² + …), over all
# parameters together:
#
#     if ‖g‖ > most:   g ← g · most / ‖g‖
#
# In the library `most` is `max_norm`. **Predict.** g = (3, 4) and most = 1. What is ‖g‖, and what becomes of g?

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
assert all(abs(w - 1) < 0.011 for w in path[20:])

dots = "".join(f'<circle cx="{60 + 18 * k}" cy="{300 - 1000 * (w - 1):.1f}" r="4"/>' for k, w in enumerate(path))
svg = f"""<svg xmlns="http://www.w3.org/2000/svg" role="img" width="680" height="420" font-family="sans-serif">
<title>w after each step: clipped it walks to 1, and not clipped its first step leaves the picture</title>
<rect width="680" height="420" fill="white"/>
<path d="M60 300 H630" stroke="gray"/> <text x="635" y="305">w = 1</text> <text x="0" y="105">w = 1.2</text>
<g fill="#00694d">{dots}</g> <text x="250" y="180" fill="#00694d">clipped: each step is at most 0.01 long</text>
<path d="M60 100 L78 415" stroke="#a84300" stroke-width="3" stroke-dasharray="8 4"/>
<text x="90" y="400" fill="#a84300">not clipped: the first step goes to w = {w - rate * gradient:.0f}</text>
</svg>"""
(pictures / "clipping.svg").write_text(svg, encoding="utf-8")
print(f"picture: {pictures / 'clipping.svg'}")

# %% [markdown]
# Each clipped step is 0.01 · 1 long. The way from 1.2 to 1 is 0.2, so twenty of them lead there. From then on w stays
# within 0.01 of 1, now a little above it, now a little below. The picture has a dot for w after each step, from left
# to right, and the dashed line is the step that was not clipped.
#
# ## The wrong way: bounding each number by itself
#
# Could one not cut every number off at ±1 instead? (3, 0.4) would become (1, 0.4). That is another direction.

# %%
g = np.array([3.0, 0.4])
scaled, cut = g / np.linalg.norm(g), np.clip(g, -1, 1)


def degrees_between(a, b):
    return np.degrees(np.arccos(min(1.0, a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


print(f"(3, 0.4) scaled to norm 1 is ({scaled[0]:.2f}, {scaled[1]:.2f}).")
print(f"Cut off at ±1 it is ({cut[0]:.1f}, {cut[1]:.1f}), {degrees_between(cut, g):.0f} degrees off the way of g.")
assert degrees_between(scaled, g) < 1e-3
assert degrees_between(cut, g) > 10

# %% [markdown]
# ## In a network
#
# With a matrix W in place of w and tanh after it, the gradient is multiplied by diag(1 − h_t²) · W at every step. The
# slope of tanh, 1 − h², is at most 1, and near 1 where h is near 0. There a large W stretches, as w = 1.5 did.
#
# Here are two networks of 8 units. We take an orthogonal W, which turns the state and leaves its length as it is, and
# multiply it by 0.5 in the one and by 1.5 in the other. The loss is the sum of the 8 numbers of h_6, so each of them
# has the gradient 1, and the norm at h_6 is √8 ≈ 2.83. **Predict** the norm at h_1, five steps back: 0.5⁵ ≈ 0.031 and
# 1.5⁵ ≈ 7.6.

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
# 2.83 · 0.031 ≈ 0.088, and 2.83 · 7.6 ≈ 21.5: the same W, again and again, makes the gradient vanish or explode. The
# picture is of the second network: read it from right to left. The numbers beside ∇ are the norms of what arrives,
# and in the states they grow from step to step; 2.1e1 means 21. At the two weights they are small, since each term of
# a weight's gradient is multiplied by an input or a state, and we made those as small as a millionth.
#
# Clipping does not make the gradient right: it keeps a step from doing harm. And it does nothing for gradients that
# vanish; a small number, made larger, is as wrong as before.
#
# **Exercise.** Write `clip(g, most)`: g scaled to norm `most` where its norm is larger, and g as it is where not.
# Write `last_slope(w, T)`: ∂h_T/∂w for h_t = w · h_{t−1} and h_0 = 1. Then: `tinygrad-rnn lesson 7 --check FILE`.
#
# **Try.** Set `max_norm` to 1,000 and to 0.001: what happens to the path of w? Start at w = 0.9: is clipping needed
# there?
#
# **Next.** Lesson 8: a road back through time on which no W stands.
