# %% [markdown]
# # 6. Vanishing: why the first step is hard to learn from
#
# *A network reads a hundred steps and is judged at the last. What arrives of that judgement at the first?*
#
# The gradient has to come back through every step between. At each of them it is multiplied by two things: by W_hh,
# the same each time, and by the slope of tanh.
#
# ## The slope of tanh
#
# Where h = tanh(a), the slope is 1 − h². **Predict, with a pencil**, the slope at h = 0, at h = 0.5 and at h = 0.9.

# %%
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-6-"))

for h in (0.0, 0.5, 0.9):
    slope = tg.grad(tg.tanh)(np.arctanh(h)).item()
    print(f"Where h = {h}, the slope of tanh is {slope:.2f} = 1 - {h}².")
    assert np.isclose(slope, 1 - h**2)

everywhere = tg.grad(lambda a: tg.tanh(a).sum())(np.linspace(-8, 8, 1001))  # the slopes at 1001 places
print(f"From a = -8 to 8 the slopes lie between {everywhere.data.min():.0e} and {everywhere.data.max():.0f}.")
assert np.all((everywhere.data > 0) & (everywhere.data <= 1))

# %% [markdown]
# 1, 0.75 and 0.19: never more than 1, never 0 or below, and small where h is near 1 or −1. So the slopes lie in (0,
# 1]. A product of such numbers never grows, and each factor below 1 makes it smaller. How fast? With a slope of 0.5
# at each of 20 steps it would be 0.5²⁰, about a millionth.
#
# ## One unit, twenty steps
#
# Let one unit be fed so that its state stays at h = 0.5, and let w = 1. Then one step multiplies the gradient by w ·
# (1 − 0.25) = 0.75. **Predict** what is left of it after 20 steps: 0.75² ≈ 0.56, 0.75⁴ ≈ 0.32, 0.75⁸ ≈ 0.10, 0.75¹⁶ ≈
# 0.010, and so 0.75²⁰ ≈ … ?

# %%
T, w = 20, 1.0
x = np.arctanh(0.5) - w * 0.5  # with it h_t = tanh(w · 0.5 + x) = 0.5, again and again


def last_state(h):
    for _ in range(T):
        h = tg.tanh(w * h + x)
    return h


left = tg.grad(last_state)(0.5).item()
print(f"Of a change of h_0, h_20 shows {left:.4f}; 0.010 · 0.32 = {0.010 * 0.32:.4f}.")
assert np.isclose(left, 0.75**20)

# %% [markdown]
# A third of a percent, although w = 1 shrinks nothing by itself.
#
# ## A network: the same with matrices
#
# With H units, h_t = tanh(a_t) and a_t = W_hh h_{t−1} + W_xh x_t + b. A change of h_{t−1} changes h_t by the
# *Jacobian*
#
#     J_t = ∂h_t/∂h_{t−1} = diag(1 − h_t²) · W_hh
#
# a matrix that holds the slope of each unit by each other. Over many steps these matrices are multiplied: what h_100
# has to do with h_1 is J_100 · J_99 · … · J_2.
#
# Here W_hh is orthogonal: it turns the state and leaves its length as it is. So only the slopes of tanh make the
# gradient smaller.
#
# The loss is the sum of the squares of h_100, so ∂L/∂h_100 = 2 h_100, and its norm is the first number that comes.
# **Predict** the order of the number at step 1. The slopes of tanh will be about 0.8 on average. 0.8¹⁰ ≈ 0.1, so ten
# steps leave a tenth. What do 99 leave?

# %%
steps, I, H = 100, 4, 16
xs = np.random.default_rng(0).standard_normal((steps, 1, I))


def network(stretch=1.0):
    rnn = tg.nn.RNN(I, H, recurrent_init="orthogonal", dtype=np.float64, rng=0)
    rnn.weight_hh_l0.assign(stretch * rnn.weight_hh_l0.data)
    return rnn


rnn = network()
states, _ = rnn.unrolled(xs)  # h_1 … h_100, each recorded by itself, so that its gradient can be asked for
J_2 = tg.step_jacobians(states)[0]  # from h_1 to h_2
assert np.allclose(J_2, (1 - states[1].data[0] ** 2)[:, None] * rnn.weight_hh_l0.data)

loss = tg.label((states[-1] ** 2).sum(), "loss", "L")  # judged at the last step alone
flow = tg.gradient_flow(loss, states)  # the norm of ∂L/∂h_t, for each t
print(f"The slopes of tanh are {np.mean([1 - h.data**2 for h in states]):.2f} on average.")
print("What arrives at step   100       90       50        1")
print("W turns             " + "".join(f"{flow[t - 1]:9.1e}" for t in (100, 90, 50, 1)))
assert np.isclose(flow[-1], 2 * np.linalg.norm(states[-1].data))
assert flow[0] < 1e-6 * flow[-1]

# %% [markdown]
# Read the line from left to right: it is the way of the gradient. Each number is the norm of what arrives at that
# step; 7.6e-08 means 7.6 · 10⁻⁸. The first ten steps leave a tenth, as predicted, and the later ones somewhat more:
# after 99 steps back, one part in 45 million is left, as if each had been multiplied by 0.84.
#
# **Predict.** And if W_hh shrinks the state by half besides? Then 99 factors of 0.5 are in the number at step 1. 2¹⁰
# is about 1,000, so 2⁹⁹ is about 10³⁰: what is the order of that number, at most?

# %%
half = network(0.5)
states_half, _ = half.unrolled(xs)
flow_half = tg.gradient_flow((states_half[-1] ** 2).sum(), states_half)
print("W turns and halves  " + "".join(f"{flow_half[t - 1]:9.1e}" for t in (100, 90, 50, 1)))
assert flow_half[0] < 0.5**99 * flow_half[-1]

# %% [markdown]
# Below 10⁻³⁰. The gradient of W_hh is a sum over all steps (lesson 3). Beside the terms of the last steps, that of
# step 1 is as nothing: the sum does not say what step 1 has to do with the answer.
#
# ## The wrong way: push back with a larger W
#
# Could W not be larger, just so much that the shrinking is made up for? The shrinking is different at every step, as
# h is. With small inputs, h is near 0 and the slope is near 1. There a W that stretches by 1.5 has nothing to make up
# for. By how much a matrix stretches in the long run is its *spectral radius*, the largest size of its eigenvalues:
# `tg.spectral_radius(W)`. **Predict.** How many times as large is a change of h_1 after the 59 steps to h_60? 1.5⁶ ≈
# 11.4, and 11.4¹⁰ ≈ 3.7 · 10¹⁰ would be 60 steps.

# %%
loud = network(1.5)  # without biases, and with inputs near 0: so h stays near 0
for bias in (loud.bias_ih_l0, loud.bias_hh_l0):
    bias.assign(np.zeros(H))
print(f"The spectral radius of W is {tg.spectral_radius(loud.weight_hh_l0):.2f}.")
quiet_states, _ = loud.unrolled(1e-20 * xs[:60])
most = tg.state_influence(quiet_states)[0]  # how much longer h_60 can grow by a change of h_1
print(f"With quiet inputs a change of h_1 comes out at h_60 {most:.1e} times as large; 1.5⁵⁹ = {1.5**59:.1e}.")
assert np.isclose(most, 1.5**59, rtol=1e-6)

# %% [markdown]
# That is lesson 7. No W is right for every h.
#
# ## What it means for learning
#
# A small task shows it. Of a sequence of signs, 1 or −1, the network shall say at the end whether the first was 1.
# Nothing else matters. Are there weights that do it? One unit is enough: h_t = tanh(5 h_{t−1} + x_t). **Predict**,
# for x_1 = 1 and x_2 = −1: what is h_1 = tanh(1)? What is h_2 = tanh(5 h_1 − 1)? Has the sign of h turned?

# %%
signs = np.random.default_rng(0).choice([-1.0, 1.0], (60, 1000))  # a thousand sequences of 60 signs
h = np.zeros(1000)
for x_t in signs:
    h = np.tanh(5 * h + x_t)
kept = np.mean((h > 0) == (signs[0] > 0))
print(f"After 60 steps h has the sign of x_1 in {kept:.0%} of the sequences.")
assert kept == 1

# %% [markdown]
# tanh(1) = 0.76, and tanh(5 · 0.76 − 1) = tanh(2.8) = 0.99: one sign against it cannot turn it, and so none can.
#
# So a network of 12 units could do it. Does it learn to, in 150 steps of training? **Guess.** Chance is right in half
# of all cases. What will it be with sequences of 5 signs, and of 60? We also measure, before training, which part of
# the gradient at the last state arrives at the first.


# %%
def share_right(length, steps=150):
    shares = []
    rng = np.random.default_rng(1)
    rnn, head = tg.nn.RNN(1, 12, rng=0), tg.nn.Linear(12, 1, rng=1)
    optimizer = tg.optim.Adam([*rnn.parameters(), *head.parameters()], lr=0.01)
    for _ in range(steps):
        signs = rng.choice([-1.0, 1.0], (length, 32, 1)).astype(np.float32)
        answer = head(rnn(signs)[0][-1])
        right = (answer.data > 0) == (signs[0] > 0)
        value = tg.nn.binary_cross_entropy_with_logits(answer, (signs[0] > 0).astype(np.float32))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        shares.append(right.mean())
    return np.mean(shares[-30:])


def part_arriving(length):
    inputs = np.random.default_rng(1).choice([-1.0, 1.0], (length, 32, 1)).astype(np.float32)
    states, _ = tg.nn.RNN(1, 12, rng=0).unrolled(inputs)
    flow = tg.gradient_flow(states[-1].sum(), states)
    return flow[0] / flow[-1]


for length in (5, 60):
    found, part = share_right(length), part_arriving(length)
    print(f"{length} signs: of the gradient {part:.0e} arrives at step 1; after training {found:.0%} is right")
    assert found > 0.95 if length == 5 else found < 0.65

# %% [markdown]
# With 5 signs a tenth arrives, and the task is learnt. With 60 it is about 10⁻¹³, and after 150 steps of training the
# network still guesses, although weights that do it are there. That is no proof that it never learns them: a weak
# signal is not none, and with ten times as many steps some random starts get there.
#
# ## The picture
#
# Six steps of a network whose W halves. Follow the dashed arrows from the loss to the left: in each state, beside ∇,
# stands the norm of what arrives. 3.5e-2 means 0.035. The picture's W_ih, from input to hidden, is the W_xh of the
# text.

# %%
short, _ = network(0.5).unrolled(xs[:6])
drawing = viz.draw(tg.label((short[-1] ** 2).sum(), "loss", "L"), gradients=True, title="W turns, and halves")
print(f"picture: {drawing.save(pictures / 'vanishing.svg')}")
drawing

# %% [markdown]
# **Exercise.** Write `slope_from_h(h)`: the slope of tanh, given its value h. Write `jacobian(W, h)`: ∂h_t/∂h_{t−1}
# of a vanilla cell, given W_hh and the new state h_t. Write `left_over(W, states)`: ∂h_T/∂h_1, given W_hh and the
# states h_1 … h_T as rows. Then judge them: `tinygrad-rnn lesson 6 --check FILE`.
#
# **Try.** Give the task 10, 20 and 30 signs: where does learning end? Give the one of 60 signs `steps=1500`, which
# takes a while. Give the RNN `nonlinearity="relu"`, whose slope is 0 or 1: what vanishes now, and what explodes?
#
# **Next.** Lesson 7: the same product, when its factors are larger than 1.
