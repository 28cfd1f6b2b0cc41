# %% [markdown]
# # 9. The GRU: between the two
#
# *Can a network have a road back through time with fewer gates, and without a second state?*
#
# The gated recurrent unit (Cho et al. 2014) has one state, h, and two gates, r and z:
#
#     n_t = tanh(W x_t + b + r · (U h_{t−1} + b'))        h_t = (1 − z) · n_t + z · h_{t−1}
#
# W and U are its matrices for the input and for the old state, W_xh and W_hh of the vanilla network. r and z are
# sigmoids of x_t and h_{t−1} with matrices and biases of their own, as in the LSTM.
#
# n is what the vanilla network would make of input and state, if r = 1; with r = 0 it is made of the input alone. z
# says how much of the old state stays, and 1 − z how much of n comes in its place: one gate does what f and i do in
# the LSTM.
#
# **Predict, with a pencil.** What is h_t if z = 1? And if z = 0 and r = 1? With h_{t−1} = 0.8, n = −0.4 and z = 0.75?

# %%
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-9-"))


def mix(h, n, z):
    return (1 - z) * n + z * h


for z in (1.0, 0.0, 0.75):
    print(f"z = {z}: the new state is {mix(0.8, -0.4, z):.1f}")
assert np.allclose([mix(0.8, -0.4, z) for z in (1.0, 0.0, 0.75)], [0.8, -0.4, 0.5])

# %% [markdown]
# With z = 1 everything is kept and nothing is read. With z = 0 and r = 1 it is the vanilla network. Between them the
# new state lies between n and the old one: 0.25 · (−0.4) + 0.75 · 0.8 = 0.5.
#
# ## Is it a vanilla network, then?
#
# Let us check that with the library's cells: a GRU whose gates are held at z = 0 and r = 1 by large biases, and an
# RNN with the same weights.

# %%
gru, rnn = (kind(3, 4, dtype=np.float64, rng=0) for kind in (tg.nn.GRUCell, tg.nn.RNNCell))
rnn.weight_ih.assign(gru.weight_ih.data[8:])  # the rows are those of r, z and n, four each
rnn.weight_hh.assign(gru.weight_hh.data[8:])
rnn.bias_ih.assign(np.zeros(4))
rnn.bias_hh.assign(np.zeros(4))
gru.bias_ih.assign(np.repeat([30.0, -30.0, 0.0], 4))  # r = σ(30 + …) ≈ 1 and z = σ(−30 + …) ≈ 0, to 12 digits
gru.bias_hh.assign(np.zeros(12))

x, h = np.random.default_rng(0).standard_normal((2, 3)), np.random.default_rng(1).standard_normal((2, 4))
apart = np.abs(gru(x, h).data - rnn(x, h).data).max()
print(f"A GRU with z = 0 and r = 1 and an RNN of the same weights differ by at most {apart:.0e}.")
assert apart < 1e-10

# %% [markdown]
# ## The road
#
# Along the second term, ∂h_t/∂h_{t−1} is z: again a number between 0 and 1 for each unit, and no W. **Predict.** With
# z = 0.9 at each step, what is left after 20? 0.9² = 0.81, 0.9⁴ ≈ 0.66, 0.9⁸ ≈ 0.43, 0.9¹⁶ ≈ 0.19, so 0.9²⁰ ≈ … ? And
# with z = 0.5, near which a GRU begins when its biases are small?


# %%
def along_the_road(h, z):
    for _ in range(20):
        h = mix(h, -0.3, z)
    return h


for z in (0.9, 0.5):
    left = tg.grad(along_the_road)(1.0, z).item()
    print(f"z = {z}: after 20 steps {left:.2g} is left")
    assert np.isclose(left, z**20)

# %% [markdown]
# 0.19 · 0.66 ≈ 0.12, and one millionth. As with the LSTM, what z is at first matters: the bias of z is the forget
# bias of a GRU. This is what arrives at step 1 of 100 when it is raised, beside an RNN and an LSTM:

# %%
xs = np.random.default_rng(0).standard_normal((100, 1, 4))
layers = {
    "RNN": tg.nn.RNN(4, 16, dtype=np.float64, rng=0),
    "GRU, bias of z 0": tg.nn.GRU(4, 16, dtype=np.float64, rng=0),
    "GRU, bias of z 3": tg.nn.GRU(4, 16, dtype=np.float64, rng=0),
    "LSTM, forget bias 3": tg.nn.LSTM(4, 16, forget_bias=3.0, dtype=np.float64, rng=0),
}
bias = layers["GRU, bias of z 3"].bias_ih_l0
bias.assign(bias.data + np.repeat([0.0, 3.0, 0.0], 16))  # they begin as small numbers around 0
print("What arrives at step    100       50        1")
flows = {}
for name, layer in layers.items():
    states, _ = layer.unrolled(xs)
    flow = flows[name] = tg.gradient_flow((states[-1] ** 2).sum(), states)
    print(f"{name:<20}" + "".join(f"{flow[t - 1]:9.1e}" for t in (100, 50, 1)))
assert max(flows["RNN"][0], flows["GRU, bias of z 0"][0]) < 1e-15
assert flows["GRU, bias of z 3"][0] > 1e-3

# %% [markdown]
# Each number is the norm of the gradient that arrives at the state h of that step. At step 100 that is 2 · ‖h_100‖,
# as the loss is the sum of its squares; so compare along a line, not between lines. After 50 steps hardly anything is
# left of the RNN's, and of that of the GRU whose z starts near one half: having a road does not help while it is half
# closed. With a bias of 3, z starts near σ(3) = 0.953, and 0.953⁹⁹ ≈ 0.0085; what arrives at step 1 is of that order.
# It is not exactly that: as in lesson 8, the road is not the only way back.
#
# ## What it costs
#
# **Predict.** For I inputs and H units a vanilla layer learns H·I + H·H + 2·H numbers, with the two biases that this
# library has, as torch. A GRU has that three times (r, z, n), an LSTM four times (i, f, g, o). Count them for I = 4,
# H = 16.

# %%
counts = [sum(p.size for p in layers[name].parameters()) for name in ("RNN", "GRU, bias of z 0", "LSTM, forget bias 3")]
print("RNN {}, GRU {}, LSTM {}".format(*counts))
assert counts == [k * (16 * 4 + 16 * 16 + 2 * 16) for k in (1, 3, 4)]

# %% [markdown]
# 16·4 + 16·16 + 2·16 = 64 + 256 + 32 = 352, and 3 · 352 = 1056, 4 · 352 = 1408: the GRU lies between the two. So it
# does in its parts:
#
# | compared | RNN | GRU | LSTM |
# |---|---|---|---|
# | states | h | h | h and c |
# | gates | none | r, z | i, f, o |
# | on the road stands | W and tanh | z | f |
# | numbers | 1× | 3× | 4× |
# | can count up | no | no: h is a mixture, between −1 and 1 | yes: c is added to |
#
# ## The wrong way: to put r elsewhere
#
# In the first paper r multiplies h before the matrix: U(r · h). In the form above, which torch has, it multiplies
# after it: r · (U h + b'). Weights of the one give other numbers in the other. Whoever moves weights between two
# libraries has to know which one it is; here `reset_after=False` chooses the first.

# %%
h_after = tg.nn.GRU(3, 4, dtype=np.float64, rng=0)(np.ones((5, 1, 3)))[0][-1]
before = tg.nn.GRUCell(3, 4, reset_after=False, dtype=np.float64, rng=0)
state = None
for _ in range(5):
    state = before(np.ones((1, 3)), state)
apart = np.abs(h_after.data - state.data).max()
print(f"The same weights, r before or after the matrix: the states differ by up to {apart:.3f}.")
assert apart > 1e-3

# %% [markdown]
# ## The picture
#
# Two steps of a GRU from the inside. Follow the thick line from h_0 along the top: one × by z and one + stand on the
# way to h_1, and the + is drawn together with the h that it makes. The − makes 1 − z. The box `affine` holds the
# matrices of r, z and n together, so they have 3 · 4 = 12 rows.

# %%
states, _ = tg.nn.GRU(3, 4, rng=0).unrolled(np.random.default_rng(0).standard_normal((2, 1, 3)))
loss = tg.label((states[-1] ** 2).sum(), "loss", "L")
drawing = viz.draw(loss, view="gate", title="Two steps of a GRU: its state is its road")
print(f"picture: {drawing.save(pictures / 'gru.svg')}")
drawing

# %% [markdown]
# **Exercise.** Write `gru_mix(h, n, z)`: the new state from the old one, n and the gate. Write `count(kind, I, H)`:
# how many numbers a layer learns, kind being "RNN", "GRU" or "LSTM". Then judge them:
# `tinygrad-rnn lesson 9 --check FILE`.
#
# **Try.** Give the GRU the task of lesson 6, the first of 60 signs, with the bias of z at 0 and at 3, and 400 steps
# of training: which of the two learns it?
#
# **Next.** Lesson 10: one network reads, another writes.
