# %% [markdown]
# # 1. One set of weights, used at every step
#
# *What does a recurrent network do at each step of a sequence, what changes from step to step, and what stays the
# same?*
#
# A sequence is a row of inputs, one after the other: the letters of a word, the temperatures of a week. A network
# that reads it one input at a time needs a memory. The memory is called the hidden *state*, h. At each step the
# network makes a new state from two things, the old state and the input of that step:
#
#     new_state = f_W(old_state, x_t)      or, with the usual letters,      h_t = f_W(h_{t−1}, x_t)
#
# t is the number of the step: 1, 2, 3 … T. W stands for all the numbers in f that are learnt, which are called the
# weights. f is the same function at every step, and W are the same numbers at every step. Only h changes. Before the
# first step nothing was read yet, so h_0 = 0.
#
# ## The smallest one, with a pencil
#
# Take one number for the state and one number for the input. Then f needs two weights: w for the old state and u for
# the input.
#
#     h_t = w · h_{t−1} + u · x_t,      w = 0.5,   u = 1,   h_0 = 0
#
# **Predict.** The inputs are x = 1, 0, 0. What are h_1, h_2 and h_3? Do it line by line: h_1 = 0.5 · 0 + 1 · 1 = … ,
# then put that h_1 into the line for h_2.

# %%
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-1-"))

w, u = 0.5, 1.0
h = 0.0
states = []
for x in [1.0, 0.0, 0.0]:
    h = w * h + u * x
    states.append(h)

print(f"The states are {states}.")
assert states == [1.0, 0.5, 0.25]

# %% [markdown]
# The input 1 was read at step 1 only, and the state at step 3 still has a trace of it: 0.25. That is the memory. At
# each step it is multiplied by the same w = 0.5.
#
# Look at the line `h = w * h + u * x` once more. It is all there is to a recurrent network: a loop, one line in it,
# and one variable that the line replaces. In `w * h` stands the old state, h_{t−1}; what is assigned is the new one,
# h_t.
#
# ## With tanh
#
# With w = 2 the state would grow at every step, without a bound. So f ends with a function that keeps it between −1
# and 1. It is called tanh, the hyperbolic tangent. It leaves a small z nearly as it is, tanh z ≈ z − z³/3. For a
# large z it is nearly 1, and for a large negative z nearly −1:
#
#     h_t = tanh(w · h_{t−1} + u · x_t)
#
# **Predict.** The same x, w and u. tanh 1 = 0.7616 is h_1. For h_2, first 0.5 · 0.7616 = 0.3808, and then 0.3808 −
# 0.3808³/3 ≈ … ? Then h_3 in the same way.

# %%
h = 0.0
states = []
for x in [1.0, 0.0, 0.0]:
    h = np.tanh(w * h + u * x)
    states.append(h)

print("With tanh they are " + ", ".join(f"{h:.4f}" for h in states) + ".")
assert np.allclose(states, [0.7616, 0.3634, 0.1797], atol=1e-4)

# %% [markdown]
# The short formula gives 0.362 and then 0.179. tanh itself gives 0.3634 and 0.1797.
#
# ## A number that is added at every step
#
# What does this network do when it reads nothing but zeros? Its state stays 0 for ever, as 0.5 · 0 + 1 · 0 = 0. A
# *bias* b changes that. It is one more weight, which is added at every step, whatever was read.
#
# **Predict.** Without tanh again, h_t = 0.5 · h_{t−1} + x_t + b. Let b = 1 and x = 0, 0, 0. What are the states?

# %%
b = 1.0
h = 0.0
states = []
for x in [0.0, 0.0, 0.0]:
    h = w * h + u * x + b
    states.append(h)

print(f"With a bias of 1, and zeros to read, they are {states}.")
assert states == [1.0, 1.5, 1.75]

# %% [markdown]
# 1, then 0.5 · 1 + 1, then 0.5 · 1.5 + 1. b is the same number at every step too.
#
# ## The picture
#
# Now the library does what the loop did, and writes down what it computes. `unroll` is the loop: it calls
# `f(x, state)` at every step and hands the state on. `Parameter` marks a number that is to be learnt. `label` only
# tells the picture what a value is.

# %%
w = tg.nn.Parameter(np.array(0.5), name="w")
u = tg.nn.Parameter(np.array(1.0), name="u")


def f(x, h):
    x = tg.label(x, "input", "x")
    h = tg.label(w * h + u * x, "hidden_state", "h")
    return h, h  # what this step puts out, and the state for the next step: here they are the same


with tg.step(0):  # before the first step
    h_0 = tg.label(tg.tensor(0.0), "initial_state", "h")
states, h_3 = tg.nn.unroll(f, tg.tensor([1.0, 0.0, 0.0]), h_0)
assert [h.item() for h in states] == [1.0, 0.5, 0.25]

unrolled = viz.draw(h_3, values=True, title="One f, one w, one u, and a state that changes")
print(f"picture: {unrolled.save(pictures / 'unrolled.svg')}")
rolled = viz.draw(h_3, view="rolled", title="The same network before it is unrolled")
print(f"picture: {rolled.save(pictures / 'rolled.svg')}")
unrolled

# %% [markdown]
# In the first picture time goes from left to right. Find the states 1, 0.5 and 0.25. Then find w: it stands there
# *once*, with an arrow to each of the three steps, and ×3 says that it is used three times. There are three boxes,
# and one f. In the second picture the same network has one box, and the state goes round, back into it. To unroll the
# loop is to draw it step after step, as in the first. The record can be asked too:

# %%
graph = tg.graph(h_3)
for weight in graph.parameters:
    steps = [graph.nodes[user].step for user, _ in graph.uses(weight)]
    print(f"{weight.name} is there once, and it is used in steps {steps}.")
    assert steps == [1, 2, 3]

# %% [markdown]
# ## With more than one unit: the vanilla cell
#
# One number cannot remember much. So the state is H numbers, one for each *unit*, and the input is I numbers. The
# weights become tables of numbers, matrices:
#
#     h_t = tanh(W_hh h_{t−1} + W_xh x_t + b)
#
#     x_t (I)     h_t (H)     W_hh (H, H)     W_xh (H, I)     b (H)
#
# This f is called the *vanilla* cell. Read the names from left to right: W_xh leads from x to h, and W_hh from h to
# h. In row i and column j of W_hh stands how much of the old unit j goes into the new unit i.
#
# **Predict.** H = 2 and I = 1. Unit 1 takes the input. Unit 2 takes what unit 1 was one step before:
#
#     W_hh = 0 0     W_xh = 1     b = 0
#            1 0            0         0
#
# The inputs are 1, 0, 0 again. What are h_1, h_2 and h_3? You need tanh 1 = 0.7616 and tanh 0.7616 = 0.6420.

# %%
W_hh = np.array([[0.0, 0.0], [1.0, 0.0]])
W_xh = np.array([[1.0], [0.0]])
b = np.zeros(2)

h = np.zeros(2)
states = []
for x in np.array([[1.0], [0.0], [0.0]]):
    h = np.tanh(W_hh @ h + W_xh @ x + b)
    states.append(h)
    print(f"h_{len(states)} = ({h[0]:.4f}, {h[1]:.4f})")

assert np.allclose(states, [[0.7616, 0], [0, 0.6420], [0, 0]], atol=1e-4)

# %% [markdown]
# The 1 moves from unit 1 to unit 2, and then it is gone: this network remembers one step, as nothing leads from unit
# 2 to anywhere. Which units remember what, and for how long, stands in W_hh. Nobody writes it by hand: it is learnt.
#
# The wrong way is `W_hh * h`. In NumPy * multiplies number by number. What is needed is the product of a matrix and a
# vector, @: each row of W_hh times h, added up. One look at the shape shows the mistake.

# %%
print(f"W_hh @ h has the shape {(W_hh @ h).shape}, and W_hh * h has {(W_hh * h).shape}.")
assert (W_hh @ h).shape == (2,)

# %% [markdown]
# ## How many numbers are learnt?
#
# **Predict.** Let I = 2 and H = 3. W_hh has H · H numbers, W_xh has H · I, and b has H. How many are that together?
# And how many are they when the sequence has not 5 steps, but 1,000?

# %%
I, H = 2, 3
shapes = {"W_hh": (H, H), "W_xh": (H, I), "b": (H,)}
numbers = {name: int(np.prod(shape)) for name, shape in shapes.items()}
print(" + ".join(f"{n} in {name}" for name, n in numbers.items()) + f" are {sum(numbers.values())}.")
assert sum(numbers.values()) == H * H + H * I + H == 18

# %% [markdown]
# 18, for 5 steps and for 1,000. T does not stand in the formula. If each step had weights of its own, 1,000 steps
# would need 18,000 numbers, and that network could not read step 1,001, as nobody would have learnt the weights for
# it. With one set of weights the model has the same size for any length.
#
# The library's layer is `tg.nn.RNN`. It calls W_xh `weight_ih`, from input to hidden, and it has two biases, as in
# PyTorch: `bias_ih` is added to W_xh x_t and `bias_hh` to W_hh h_{t−1}. Two numbers that are only added do what their
# sum does, so a second b changes nothing but the count.
#
# **Predict.** How many numbers does `RNN(2, 3)` learn? What is the shape (T, 1, H) of all its states for T = 1,000?

# %%
rnn = tg.nn.RNN(I, H, rng=0)
count = sum(p.size for p in rnn.parameters())
print(f"{type(rnn).__name__}({I}, {H}) learns {count} numbers.")
for T in (5, 1000):
    output, h_n = rnn(np.ones((T, 1, I), np.float32))
    print(f"It has read {T} steps. All its states: {output.shape}. The last one: {h_n.shape}.")
    assert output.shape == (T, 1, H)
assert count == 18 + H

# %% [markdown]
# 18 + 3 = 21. (5, 1, 3) is T steps, a batch of 1 and H units: layers read several sequences side by side, here one.
# In (1, 1, 3) the first 1 is the number of layers, as one can read the states of another.
#
# Is the layer the loop from above, with the vanilla cell, and with h_0 = 0 when no state is given? Take the numbers
# with which it begins, which are drawn at random, and do its three steps by hand:

# %%
xs = np.array([[[1.0, 0.0]], [[0.0, 1.0]], [[1.0, 1.0]]], np.float32)  # (3, 1, 2): three steps
output, h_n = rnn(xs)
W_xh, W_hh = rnn.weight_ih_l0.data, rnn.weight_hh_l0.data
b = rnn.bias_ih_l0.data + rnn.bias_hh_l0.data
h = np.zeros(H)
for x, of_layer in zip(xs[:, 0], output.data[:, 0], strict=True):
    h = np.tanh(W_hh @ h + W_xh @ x + b)
    assert np.allclose(h, of_layer, atol=1e-6)
for who, h_3 in (("by hand", h), ("layer", h_n.data.ravel())):
    print(f"h_3 {who:>7}: ({h_3[0]:.4f}, {h_3[1]:.4f}, {h_3[2]:.4f})")

inside = viz.draw(h_n, view="gate", title="Inside the vanilla cell")
print(f"picture: {inside.save(pictures / 'vanilla-cell.svg')}")
inside

# %% [markdown]
# In this picture the boxes are open, and W_ih is W_xh. `affine` is W_hh h_{t−1} + W_xh x_t with both biases added.
# tanh of it is the new state. `stack` puts the last states of all layers into one array, here of one layer.
#
# **Exercise.** Write `states(w, u, xs)`: h_1 … h_T for one unit with tanh, from h_0 = 0. Write
# `cell(W_hh, W_xh, b, h, x)`: one step of the vanilla cell. Write `count(I, H)`: how many numbers that cell learns.
# To hear whether they are right: `tinygrad-rnn lesson 1 --check FILE`.
#
# **Try.** With w = 1 and no tanh, what does the state count? With w = −0.5, what do the states look like? Put a 1
# into W_hh so that unit 2 keeps most of what it has: which of the four places is it?
#
# **Next.** Lesson 2: the same loop, and four ways to use what goes in and what comes out.
