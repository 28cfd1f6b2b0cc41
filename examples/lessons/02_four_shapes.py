# %% [markdown]
# # 2. Four shapes of one loop
#
# *How does one and the same loop tag every word, judge a whole sentence, write a text, and translate?*
#
# Lesson 1 had one loop: h_t = f_W(h_{t−1}, x_t), from h_0 = 0. That loop is never changed. What differs from task to
# task is which steps are given an input, and of which steps the output is used:
#
#     many to many          many to one           one to many           sequence to sequence
#
#     y₁  y₂  y₃                    y             y₁  y₂  y₃                          y₁  y₂
#     ↑   ↑   ↑                     ↑             ↑   ↑   ↑                           ↑   ↑
#     f → f → f             f → f → f             f → f → f             f → f → f  →  g → g
#     ↑   ↑   ↑             ↑   ↑   ↑             ↑                     ↑   ↑   ↑
#     x₁  x₂  x₃            x₁  x₂  x₃            x                     x₁  x₂  x₃
#
# g is a second loop, with weights of its own. The output y_t is made from the state h_t by a layer that is called the
# *head*. It is the same head at every step. We take the smallest network again, and a head that multiplies by v:
#
#     h_t = w · h_{t−1} + u · x_t,   y_t = v · h_t        with w = 0.5, u = 1, v = 2
#
# ## Many to many: an output at every step
#
# **Predict.** The inputs are 1, 0, 0. The states are 1, 0.5 and 0.25, as in lesson 1. What are the outputs?

# %%
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-2-"))


class Straight(tg.nn.Cell):
    """A cell without tanh: the new state is w times the old one, and u times the input."""

    def step(self, x, state):
        (h,) = state  # a state may have several parts; this one has one
        return (self.project_state(h) + self.project_input(x),)  # W_hh h + W_xh x


def straight(w):
    cell = Straight(1, 1, bias=False, dtype=np.float64)  # one input, one unit
    cell.weight_hh.assign(np.array([[w]]))
    cell.weight_ih.assign(np.array([[1.0]]))
    return cell


cell = straight(0.5)
head = tg.nn.Linear(1, 1, bias=False, dtype=np.float64)
head.weight.assign(np.array([[2.0]]))


def show(name, y, title):
    drawing = viz.draw(y, values=True, title=title)
    print(f"picture: {drawing.save(pictures / f'{name}.svg')}")
    return drawing


x = np.array([1.0, 0.0, 0.0]).reshape(3, 1, 1)  # (T, B, I): three steps, a batch of one, one number
y, h_n = tg.nn.ManyToMany(cell, head)(x)
print(f"Many to many: {x.shape} goes in and {y.shape} comes out, {y.data.ravel().tolist()}.")
assert np.allclose(y.data.ravel(), [2, 1, 0.5])
show("many-to-many", y, "Many to many: an output at every step")

# %% [markdown]
# Many to many keeps every state, and the head makes an output of each. Inputs have the shape (T, B, I): steps,
# sequences side by side, numbers in each input. Outputs have (T, B, O), with O numbers in each output. In the picture
# W_hh is w, W_ih is u, and head.W is v: each stands there once. An output has a hat, ŷ, as it is what the network
# says and not what is true. The grey `stack` at the end puts the three of them into one array; on it stand the
# smallest and the largest of them, to two digits.
#
# Such a network tags each word of a sentence, as a noun, a verb and so on, or says after each letter which letter
# comes next.
#
# ## Many to one: the last state, for the whole sequence
#
# A network that says of a review whether it is kind has one answer, not one for each word. The last state is the only
# one that has read everything, so it makes the answer.
#
# **Predict.** The same inputs. What is the one output, and what is its shape?

# %%
y, h_n = tg.nn.ManyToOne(cell, head)(x)
print(f"Many to one: {x.shape} goes in and {y.shape} comes out, {y.item()}.")
assert y.shape == (1, 1)
assert np.isclose(y.item(), 2 * 0.25)
show("many-to-one", y, "Many to one: the last state makes the answer")

# %% [markdown]
# (B, O): T is gone. Now two sequences side by side, and one of them is shorter: 1, 0, 0 and 1 alone. An array has
# rows of one length, so the short one is filled up with zeros, which are called pads.
#
# **Predict.** What is the last state of each? What does the wrong way give, to take row 3 of the states for both? The
# code uses no head this time, so the states themselves come out.

# %%
both = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])[:, :, None]  # (3, 2, 1): a column for each sequence
right, _ = tg.nn.ManyToOne(cell)(both, lengths=[3, 1])
states, _ = tg.nn.ManyToMany(cell)(both)
print(f"At its own last step each has {right.data.ravel().tolist()}.")
print(f"In row 3 stands {states.data[-1].ravel().tolist()}.")
assert right.data.ravel().tolist() == [0.25, 1.0]
assert states.data[:, 0].ravel().tolist() == [1.0, 0.5, 0.25]  # many to many keeps every state
assert states.data[-1].ravel().tolist() == [0.25, 0.25]

# %% [markdown]
# The network went on reading pads as if they were inputs, and forgot on the way. The last step of a sequence is its
# own: `lengths` says where it is.
#
# ## One to many: one input, and then?
#
# A network that is given a topic and writes a melody has one input and many outputs. But f wants an input at every
# step. There are two ways to feed it: zeros, or the output of the step before.
#
# **Predict.** The one input is 1, and three outputs are wanted. What comes when the other two steps read 0? You have
# seen those numbers. Then let each step read the output before: x_2 = y_1 = 2, so h_2 = 0.5 · 1 + 1 · 2 = … , and y_2
# = … , and y_3 = … ?

# %%
for feed in ("zeros", "output"):
    y, h_n = tg.nn.OneToMany(cell, head, feed=feed)(x[0], 3)
    print(f"One to many, fed {feed}: {x[0].shape} goes in and {y.shape} comes out, {y.data.ravel().tolist()}.")
    assert np.allclose(y.data.ravel(), [2, 1, 0.5] if feed == "zeros" else [2, 5, 12.5])
    show(f"one-to-many-fed-{feed}", y, f"One to many, the other steps read: {feed}")

# %% [markdown]
# Fed zeros, it is many to many with the inputs 1, 0, 0. Fed its output, each state is w · h + u · v · h = 2.5 · h:
# the output has a second way into the next state. In the second picture follow the thin line from ŷ₁ into the box of
# step 2.
#
# What is the difference good for? When a network writes a text, its output says how likely each letter is, and then
# one letter is chosen, perhaps by throwing a die. Fed zeros, the next step does not know which letter was chosen, so
# it cannot write one that goes well after it. Fed the choice, it knows. The price is that a wrong choice is read too,
# and everything after it goes on from there.
#
# When the output is fed, it has to fit as an input: O = I.
#
# ## Sequence to sequence: many to one into one to many
#
# A translation is not as long as its source, and its first word may need the last word of the source. So one network
# reads everything first, which is many to one. It is called the *encoder*, and its one output is its last state. A
# second network with weights of its own begins with that state in place of 0 and writes, which is one to many. It is
# called the *decoder*.
#
# **Predict.** The encoder, w = 0.5, reads 1 and 0. The decoder has w = 2, u = 1, the head v = 2, and is fed zeros.
# What is the state between them, and what are the decoder's two outputs?

# %%
_, state = tg.nn.Encoder(cell)(x[:2])
y, _ = tg.nn.OneToMany(straight(2.0), head)(np.zeros((1, 1)), 2, state)
print(f"Sequence to sequence: the state between is {state.item()}, and out come {y.data.ravel().tolist()}.")
assert state.item() == tg.nn.ManyToOne(cell)(x[:2])[0].item() == 0.5  # the encoder is many to one
assert np.allclose(y.data.ravel(), [2, 4])
show("sequence-to-sequence", y, "Sequence to sequence: the state is all that goes across")

# %% [markdown]
# The states of the decoder are 2 · 0.5 = 1 and 2 · 1 = 2, and the outputs twice that. One arrow leads from the
# encoder to the decoder: whatever the source said, the decoder knows of it only that state.
#
# **Predict.** Give the encoder 0 and 0.5 in place of 1 and 0. Can the decoder tell the two sources apart?

# %%
_, other = tg.nn.Encoder(cell)(np.array([0.0, 0.5]).reshape(2, 1, 1))
print(f"1 and 0 lead to the state {state.item()}, and 0 and 0.5 lead to {other.item()}.")
assert state.item() == other.item()

# %% [markdown]
# It cannot: 0.5 · 1 + 0 and 0.5 · 0 + 0.5 are the same. One number holds little. With more units more sources can be
# told apart, but the state has H numbers for a source of any length.
#
# ## Outputs that are classes
#
# Letters and words are not numbers. So there is a list of V *classes*, say 26 letters, and each is called by its
# place in the list, its *id*. The head gives V numbers, one for each class, the *logits*. The larger a logit, the
# likelier that class. `softmax` makes probabilities of them: e to the power of each, divided by the sum of all of
# them.
#
# **Predict.** V = 3, and the head multiplies the state by 2, 0 and −2. The state is h_2 = 0.5. What are the logits?
# With e¹ = 2.72, e⁰ = 1 and e⁻¹ = 0.37, which together are 4.09: what are the probabilities?

# %%
classes = tg.nn.Linear(1, 3, bias=False, dtype=np.float64)
classes.weight.assign(np.array([[2.0], [0.0], [-2.0]]))
logits, _ = tg.nn.ManyToMany(cell, classes)(x)
likely = tg.softmax(logits, axis=-1)
print(f"The logits at step 2 are {logits.data[1, 0].tolist()}, ", end="")
print("the probabilities " + ", ".join(f"{p:.2f}" for p in likely.data[1, 0]) + ".")
assert np.allclose(logits.data[1, 0], [1, 0, -1])
assert np.allclose(likely.data[1, 0], [0.67, 0.24, 0.09], atol=0.01)

# %% [markdown]
# The dimensions, which are good to know by heart: one row of V logits for each answer.
#
#     many to many (T, B, V)     many to one (B, V)     one to many (T, B, V)     sequence to sequence (T, B, V)
#
# The targets are ids, whole numbers from 0 to V − 1. They have the same shape without the V.
#
# **Predict.** Inputs have 4 steps, 2 of them stand side by side, and there are 6 classes. What are the shapes of the
# logits for many to many and for many to one? For one to many, with 3 outputs? `Seq2Seq` puts an encoder and a
# decoder together: what is the shape of its logits, when sources have 4 steps and targets 3?

# %%
xs, six = np.zeros((4, 2, 1)), tg.nn.Linear(1, 6, rng=0)
shapes = {
    "Many to many": tg.nn.ManyToMany(cell, six)(xs)[0].shape,
    "Many to one": tg.nn.ManyToOne(cell, six)(xs)[0].shape,
    "One to many": tg.nn.OneToMany(cell, six, feed="zeros")(xs[0], 3)[0].shape,
}
print("; ".join(f"{kind} {shape}" for kind, shape in shapes.items()) + ".")
assert list(shapes.values()) == [(4, 2, 6), (2, 6), (3, 2, 6)]

ids = np.random.default_rng(0)
source, target = ids.integers(6, size=(4, 2)), ids.integers(6, size=(3, 2))
encoder = tg.nn.Encoder(tg.nn.RNN(5, 8, rng=0), tg.nn.Embedding(6, 5, rng=1))
decoder = tg.nn.Decoder(tg.nn.RNN(5, 8, rng=2), tg.nn.Embedding(6, 5, rng=3), rng=4)
model = tg.nn.Seq2Seq(encoder, decoder, start=0, stop=1)
logits = model(source, target)
print(f"Sources {source.shape} and targets {target.shape} give logits {logits.shape}.")
assert logits.shape == (*target.shape, 6) == (3, 2, 6)

# %% [markdown]
# In the last one 3 is the number of steps of the target. How long the source was shows nowhere. An `Embedding` has a
# row of numbers for each id, which are learnt as well; that row is the input x_t, here of 5 numbers. The states have
# 8, which shows nowhere either.
#
# A decoder is fed what was written before. At its first step nothing was, so it reads the class `start`; and when it
# writes the class `stop`, it has come to its end. Why is the target given to the model? While a decoder is learning,
# each step reads the *right* class of the step before, even if its own was wrong. So one mistake does not spoil the
# rest of the exercise. This is called teacher forcing. When nobody knows the right one, it reads its own.
#
# **Exercise.** Write `one_to_many(w, u, v, x, T, feed)`: the T outputs of the small network. Write
# `last_states(w, u, xs, lengths)`: each sequence's state at its own last step. Write
# `logits_shape(kind, S, T, B, V)`: S steps are read, and T are written. To hear whether they are right:
# `tinygrad-rnn lesson 2 --check FILE`.
#
# **Try.** For which v do the outputs stay the same from step to step when they are fed? Let the decoder have w = 0.5
# as well: is it then the same as one longer network? Give `ManyToOne` the shorter sequence with the pads *before* it
# and no lengths: is the state right now, and why?
#
# **Next.** Lesson 3: a loss at each step, and where the gradient of a weight comes from that is used at every one.
