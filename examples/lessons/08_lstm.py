# %% [markdown]
# # 8. The LSTM: four gates and one road
#
# *How can a gradient get back over many steps, if each multiplication by W makes it vanish or explode?*
#
# By a way on which no W stands. Beside the hidden state h, the LSTM has a second one, the cell state c. From step to
# step it is only multiplied by a number between 0 and 1, and something is added to it (Hochreiter and Schmidhuber
# 1997; the forget gate is from Gers, Schmidhuber and Cummins 2000):
#
#     c_t = f · c_{t−1} + i · g        h_t = o · tanh(c_t)
#
# i, f, o and g are computed from x_t and h_{t−1}, each by matrices and a bias of its own: i = σ(W_xi x_t + W_hi
# h_{t−1} + b_i), f and o in the same way, and g with tanh in place of σ. They are called the four gates. Three of
# them are gates in the sense of the word: a sigmoid, σ(a) = 1/(1 + e^(−a)), brings them between 0 and 1, closed and
# open. g says what would come through.
#
# | gate | made by | decides |
# |---|---|---|
# | f, forget | sigmoid | how much of the old c is kept |
# | i, input | sigmoid | how much is written |
# | g | tanh | what is written, between −1 and 1 |
# | o, output | sigmoid | how much of c is shown as h |
#
# ## One step, by hand
#
# **Predict, with a pencil.** c_{t−1} = 2, f = 0.5, i = 1, g = −0.5, o = 1. What is c_t? And h_t? (tanh 0.5 ≈ 0.46.)
# Then close one gate and leave the others as they are: what is c_t with f = 0? With i = 0? What is h_t with o = 0?

# %%
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-8-"))


def step(c, i, f, g, o):
    c = f * c + i * g
    return c, o * tg.tanh(c)


c, h = step(2.0, i=1.0, f=0.5, g=-0.5, o=1.0)
print(f"c_t = {c}, h_t = {h:.2f}")
assert c == 0.5
assert np.isclose(h, np.tanh(0.5))

no_f, _ = step(2.0, i=1.0, f=0.0, g=-0.5, o=1.0)
no_i, _ = step(2.0, i=0.0, f=0.5, g=-0.5, o=1.0)
_, no_o = step(2.0, i=1.0, f=0.5, g=-0.5, o=0.0)
print(f"With f = 0, c_t = {no_f}; with i = 0, c_t = {no_i}; with o = 0, h_t = {no_o:.0f}.")
assert (no_f, no_i, no_o) == (-0.5, 1.0, 0.0)

# %% [markdown]
# 0.5 · 2 + 1 · (−0.5) = 0.5, and h shows tanh of it. With f = 0 the old c is gone and −0.5 is all; with i = 0 nothing
# is written, and 0.5 · 2 = 1 is kept; with o = 0 c is still 0.5, and nothing of it is shown.
#
# The library's cell does the same. Its matrices hold the rows of i, f, g and o, one below the other, and as in the
# RNN there are two biases, which are added:

# %%
cell = tg.nn.LSTMCell(3, 2, dtype=np.float64, rng=0)
x, h, c = (np.random.default_rng(k).standard_normal((1, size)) for k, size in enumerate((3, 2, 2)))
sums = x @ cell.weight_ih.data.T + cell.bias_ih.data + h @ cell.weight_hh.data.T + cell.bias_hh.data
i, f, g, o = np.split(sums, 4, axis=1)
by_hand = step(c, i=1 / (1 + np.exp(-i)), f=1 / (1 + np.exp(-f)), g=np.tanh(g), o=1 / (1 + np.exp(-o)))
new_h, new_c = cell(x, (h, c))
print(f"c by hand {by_hand[0].round(4)}, by the library's cell {new_c.data.round(4)}")
assert np.allclose(by_hand, (new_c.data, new_h.data))

# %% [markdown]
# ## The road
#
# ∂c_t/∂c_{t−1} along the first line is f, and nothing else. Over many steps that is a product of forget gates.
# **Predict.** If f = σ(1) = 0.731 at every step, what is left after 20? 0.731² ≈ 0.534, 0.731⁴ ≈ 0.286, 0.731⁸ ≈
# 0.082, 0.731¹⁶ ≈ 0.0066, so 0.731²⁰ ≈ … ? And with f = σ(3) = 0.953? By the same squares, 0.953² ≈ 0.908, 0.953⁴ ≈
# 0.825, 0.953⁸ ≈ 0.68, 0.953¹⁶ ≈ 0.46, so 0.953²⁰ ≈ … ?


# %%
def along_the_road(c, f):
    for _ in range(20):
        c, _ = step(c, i=1.0, f=f, g=0.3, o=1.0)
    return c


for bias in (1.0, 3.0):
    f = tg.sigmoid(np.array(bias)).item()
    slope = tg.grad(along_the_road)(1.0, f).item()
    print(f"f = σ({bias:.0f}) = {f:.3f}: after 20 steps {slope:.4f} is left")
    assert np.isclose(slope, f**20)

# %% [markdown]
# 0.0066 · 0.286 ≈ 0.0019, and 0.46 · 0.825 ≈ 0.38. Compare lesson 6, where W and the slope of tanh had to be
# multiplied too: here there is one factor a step, each unit has its own, and it is *learnt*. Where the network needs
# to remember, it can open f.
#
# ## The same in a network
#
# The bias of the forget gate says where f starts, before anything is learnt: `forget_bias`. We judge at step 100 and
# look what arrives at c_1, in two ways: along the road alone, which is what arrives at c_100 times the product of all
# forget gates after step 1; and in all, as backpropagation finds it.
#
# **Predict** what the road alone leaves, if each f stays where its bias puts it, and about 0.5 arrives at c_100: with
# bias 3, 0.953⁹⁹ ≈ 0.0085; with bias 0, 0.5⁹⁹ ≈ 10⁻³⁰. Will more arrive in all, or less?

# %%
steps, I, H = 100, 4, 16
xs = np.random.default_rng(0).standard_normal((steps, 1, I))


def arriving(layer):
    states, _ = layer.unrolled(xs)
    loss = (states[-1] ** 2).sum()
    h, c, o, f = (np.array([v.data[0] for v in tg.labelled(loss, name)]) for name in "hcof")
    at_the_end = 2 * h[-1] * o[-1] * (1 - np.tanh(c[-1]) ** 2)  # ∂L/∂c_100, since L = Σ h² and h = o · tanh(c)
    road = np.linalg.norm(at_the_end * f[1:].prod(axis=0))
    flow = tg.gradient_flow(loss, "c")  # the norm of ∂L/∂c_t, for each t
    assert np.isclose(flow[-1], np.linalg.norm(at_the_end))
    return flow, road, f.mean(axis=0)  # the last: of each unit the average forget gate


print("forget bias   f on average   of the unit where it is largest   at c_100   at c_1: road alone    in all")
for bias in (0.0, 1.0, 3.0):
    flow, road, f = arriving(tg.nn.LSTM(I, H, forget_bias=bias, dtype=np.float64, rng=0))
    print(f"{bias:11.0f} {f.mean():14.2f} {f.max():33.2f} {flow[-1]:10.2f} {road:20.1e} {flow[0]:9.1e}")
    if bias == 0:
        assert road < flow[0] < 1e-15
    if bias == 3:
        assert 0.002 < road < 0.02 < flow[0]

# %% [markdown]
# With a bias of 3 the road alone leaves 0.53 · 0.0085 ≈ 0.0045 and a little, as predicted. In all, much more arrives.
# The rest came by other ways: h_{t−1} goes into all four gates, so there are ways back through W, σ and tanh too, and
# ways that change from one to the other. Nobody chose how much those let through: it depends on all the weights.
#
# **No guarantee.** With a bias of 0 the forget gates are near one half. The road leaves more than 0.5⁹⁹, since in one
# unit the gate is 0.59 on average, and 0.59⁹⁹ is about 10⁻²³. (With bias 1 it is 0.80 there, and 0.80⁹⁹ ≈ 10⁻¹⁰.) In
# all it is ten thousand times more again, and nothing all the same: the gradient of this LSTM vanishes like that of
# any other network. The road is there, but its gates are half closed. That is why it is advised to start with open
# forget gates, by a bias such as 1 or 2 (Jozefowicz, Zaremba and Sutskever 2015).
#
# ## A number, kept for 50 steps
#
# Let us set the gates by hand. One unit shall write its input at the first step, and then keep it. The input has two
# numbers: what is to be kept, and a mark that is 1 when it is to be written.
#
# **Predict.** The input gate is σ(20 · mark − 10), the forget gate σ(10 − 20 · mark): what are they with mark 1, and
# with mark 0, where σ(10) ≈ 0.99995? What is written is g, tanh of the number. So what is c after 50 more steps, when
# the number 0.8 came with the mark at the first? (tanh 0.8 ≈ 0.664.)

# %%
cell = tg.nn.LSTMCell(2, 1, dtype=np.float64, rng=0)
for p in cell.parameters():
    p.assign(np.zeros(p.shape))
# the rows are i, f, g, o; the columns of weight_ih are the number and the mark
cell.weight_ih.assign([[0.0, 20.0], [0.0, -20.0], [1.0, 0.0], [0.0, 0.0]])
cell.bias_ih.assign([-10.0, 10.0, 0.0, 10.0])

rng = np.random.default_rng(0)
state = None
for t in range(51):
    number, mark = (0.8, 1.0) if t == 0 else (rng.standard_normal(), 0.0)
    state = cell(np.array([[number, mark]]), state)
h, c = state
print(f"Written was tanh(0.8) = {np.tanh(0.8):.4f}; after 50 more inputs c = {c.item():.4f}")
assert abs(c.item() - np.tanh(0.8)) < 0.01

# %% [markdown]
# With the mark, i = σ(10) ≈ 1 and f = σ(−10) ≈ 0: the old is forgotten, the new is written. Without it, f = σ(10) =
# 0.99995 and i = 0.00005: what was written stays, and 50 other inputs hardly touch it. 0.99995⁵⁰ = 0.9977, which is
# the little that was lost.
#
# ## The wrong way: to think that the road is all
#
# One reads that the gradient of an LSTM is a product of forget gates. That is the road alone, and the table above
# shows how far it is from all that arrives. Through the other ways the gradient can vanish, and explode, as ever:
# LSTMs are clipped too, those of the first translators among them (Sutskever, Vinyals and Le 2014).
#
# ## The picture
#
# The first picture is one LSTM from the inside. Follow the thick line from c_0 to c_1, c_2: a × by f and a + are all
# that stands on it. The + is drawn together with the c that it makes, and the × of o and tanh with its h. The box
# `affine` is W x + b for all four gates at once, so its matrices have 4 · 4 = 16 rows. The other ways back lead
# through it, along the line of h.
#
# The second is the LSTM of the table whose forget bias is 0: its first and last steps, with the norm of what arrives
# beside ∇. Follow the road from right to left, from c_100 to c_1: 4.9e-1 means 0.49, and 2.9e-20 is 2.9 · 10⁻²⁰.

# %%
states, _ = tg.nn.LSTM(3, 4, rng=0).unrolled(np.random.default_rng(0).standard_normal((2, 1, 3)))
loss = tg.label((states[-1] ** 2).sum(), "loss", "L")
drawing = viz.draw(loss, view="gate", title="Two steps of an LSTM: the road of the cell state")
print(f"picture: {drawing.save(pictures / 'the-road.svg')}")

states, _ = tg.nn.LSTM(I, H, forget_bias=0.0, dtype=np.float64, rng=0).unrolled(xs)
loss = tg.label((states[-1] ** 2).sum(), "loss", "L")
vanished = viz.draw(loss, gradients=True, title="An LSTM whose gradient vanishes all the same")
print(f"picture: {vanished.save(pictures / 'no-guarantee.svg')}")
drawing

# %% [markdown]
# **Exercise.** Write `lstm_step(c, i, f, g, o)`: the pair of the new c and the new h, from the old c and the gates as
# they come out of their sigmoid and tanh. Write `road(fs)`: ∂c_T/∂c_0 along the road, given the forget gates of all
# steps. Then judge them: `tinygrad-rnn lesson 8 --check FILE`.
#
# **Try.** Let the network of 60 signs from lesson 6 be an LSTM with `forget_bias=3.0`, built with `rng=0` and with
# `rng=1`: do both learn? Here too, an open road is no guarantee. Write a second number at step 25: what becomes of
# the first?
#
# **Next.** Lesson 9: the same idea with two gates and one state.
