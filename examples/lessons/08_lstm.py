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
# i, f, o and g are computed from x_t and h_{t−1}, each by matrices of its own. Three of them are *gates*: a sigmoid
# brings them between 0 and 1, closed and open.
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

# %% [markdown]
# 0.5 · 2 + 1 · (−0.5) = 0.5, and h shows tanh of it.
#
# ## The road
#
# ∂c_t/∂c_{t−1} along the first line is f, and nothing else. Over many steps that is a product of forget gates.
# **Predict.** If f = σ(1) = 0.731 at every step, what is left after 20? 0.731² ≈ 0.534, 0.731⁴ ≈ 0.286, 0.731⁸ ≈
# 0.082, 0.731¹⁶ ≈ 0.0066. And with f = σ(3) = 0.953? One minus it is 0.047, and 20 times that is nearly 1, so …?


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
# 0.0066 · 0.286 ≈ 0.0019, and 0.38. Compare lesson 6, where W and the slope of tanh had to be multiplied too: here
# there is one factor a step, each unit has its own, and it is *learnt*. Where the network needs to remember, it can
# open f.
#
# ## The same in a network
#
# The bias of the forget gate says where f starts, before anything is learnt: `forget_bias`. We judge at step 100 and
# look what arrives at c_1.

# %%
steps, I, H = 100, 4, 16
xs = np.random.default_rng(0).standard_normal((steps, 1, I))


def arriving(layer):
    states, _ = layer.unrolled(xs)
    loss = (states[-1] ** 2).sum()
    f = np.mean([gate.data for gate in tg.labelled(loss, "f")])
    return tg.gradient_flow(loss, "c"), f  # the norm of ∂L/∂c_t, for each t


print("What arrives at c_t, step   100       50        1    f on average")
for bias in (0.0, 1.0, 3.0):
    flow, f = arriving(tg.nn.LSTM(I, H, forget_bias=bias, dtype=np.float64, rng=0))
    print(f"forget bias {bias:.0f}          " + "".join(f"{flow[t - 1]:9.1e}" for t in (100, 50, 1)) + f"    {f:.2f}")
    if bias == 0:
        assert flow[0] < 1e-15
    if bias == 3:
        assert flow[0] > 0.01 * flow[-1]

# %% [markdown]
# **No guarantee.** With a bias of 0 the forget gates are near one half, and 0.5⁹⁹ is about 10⁻³⁰. What arrives is
# larger than that, since the gates are not all 0.5: in some units they are above it again and again, and the largest
# of 16 products decides. It is nothing all the same: such an LSTM forgets like any other network. The road is there,
# but its gates are half closed. With a bias of 3 they are open, and as much arrives at step 1 as at step 100. That is
# why forget gates start open in practice (Jozefowicz, Zaremba and Sutskever 2015).
#
# ## A number, kept for 50 steps
#
# Let us set the gates by hand. One unit shall write its input at the first step, and then keep it. The input has two
# numbers: what is to be kept, and a mark that is 1 when it is to be written.
#
# **Predict.** The input gate is σ(20 · mark − 10), the forget gate σ(10 − 20 · mark): which are they with mark 1, and
# with mark 0? So what is c after 50 steps, when 0.8 was written at the first?

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
# 0.99995 and i = 0.00005: what was written stays, and 50 other inputs hardly touch it. An LSTM that learns to
# remember finds weights like these.
#
# ## The wrong way: to think that the road is all
#
# h_{t−1} goes into all four gates through matrices. So there is a second way back, through W and σ and tanh, and on
# it the gradient vanishes or explodes as ever. The road is one way that is better, not the only one.
#
# ## The picture
#
# One LSTM from the inside. Follow the thick line from c_0 to c_1, c_2: a × by f and a + are all that stands on it.

# %%
states, _ = tg.nn.LSTM(3, 4, rng=0).unrolled(np.random.default_rng(0).standard_normal((2, 1, 3)))
drawing = viz.draw((states[-1] ** 2).sum(), view="gate", title="Two steps of an LSTM: the road of the cell state")
print(f"picture: {drawing.save(pictures / 'the-road.svg')}")
drawing

# %% [markdown]
# **Exercise.** Write `lstm_step(c, i, f, g, o)`: the pair of the new c and the new h, from the old c and the gates as
# they come out of their sigmoid and tanh. Write `road(fs)`: ∂c_T/∂c_0 along the road, given the forget gates of all
# steps. Then judge them: `tinygrad-rnn lesson 8 --check FILE`.
#
# **Try.** Let the network of 60 steps from lesson 6 be an LSTM with `forget_bias=3.0`: does it learn now? Write a
# second number at step 25: what becomes of the first?
#
# **Next.** Lesson 9: the same idea with two gates and one state.
