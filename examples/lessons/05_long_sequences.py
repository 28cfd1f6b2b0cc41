# %% [markdown]
# # 5. Long sequences, cut into chunks
#
# *A text has a million characters: how does one learn from it when the way back through time is a million steps
# long?*
#
# In lesson 3 the gradient went back over three steps. For that, every state had to be kept until the way back had
# passed it. And one learns nothing before the last step: first the whole text is read, and then w is moved, once.
#
# So the sequence is cut into *chunks*. After each chunk the gradient goes back, to the beginning of that chunk, and
# the weights are moved. Two things could cross the border between two chunks. One does:
#
# - the **state** is carried: the next chunk begins with the last state of this one, and not with 0;
# - the **gradient** is cut: it does not go back over the border.
#
# This is called truncated backpropagation through time (Williams and Peng, 1990, *An efficient gradient-based
# algorithm for on-line training of recurrent network trajectories*, Neural Computation 2).
#
# ## Four steps, two chunks
#
# The smallest network again, h_t = w · h_{t−1} + u · x_t. Let w = 1, u = 1 and all x_t = 1, so that it counts: h = 1,
# 2, 3, 4. The loss of each step is the state itself, L = h_1 + h_2 + h_3 + h_4.
#
# What is ∂L/∂u? Each loss has one term for each step that it can see: L_3 = h_3 = u · x_1 + u · x_2 + u · x_3 has
# three. As w = 1 and x = 1, each term is 1. So the gradient counts *pairs*, a loss and a step at or before it.
#
# **Predict.** How many pairs are there in 4 steps, 1 + 2 + 3 + 4? And how many in two chunks of 2 steps, when no loss
# sees over the border?

# %%
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-5-"))


class Straight(tg.nn.Cell):
    """A cell without tanh: the new state is w times the old one, and u times the input."""

    def step(self, x, state):
        (h,) = state
        return (self.project_state(h) + self.project_input(x),)


class StraightNet(tg.nn.Recurrent):
    """The layer that runs that cell over a sequence."""

    cell_type = Straight


def straight(w):
    net = StraightNet(1, 1, bias=False, dtype=np.float64)
    net.weight_hh_l0.assign(np.array([[w]]))
    net.weight_ih_l0.assign(np.array([[1.0]]))
    return net


net = straight(1.0)
xs = np.ones((4, 1, 1))  # (T, B, I): four steps
output, _ = net(xs)
output.sum().backward()
whole = net.weight_ih_l0.grad.item()

net.zero_grad()
state, losses = None, []  # None stands for 0
for chunk in (xs[:2], xs[2:]):
    output, state = net(chunk, state)
    losses.append(tg.label(output.sum(), "loss", "L"))
    state = tg.train.detach_state(state)  # the same values, without a past
total = tg.label(sum(losses), "loss", "L")
picture = viz.draw(total, values=True, gradients=True, title="Two chunks: the state is carried, the gradient is cut")
print(f"picture: {picture.save(pictures / 'two-chunks.svg')}")
picture

# %%
total.backward()
print(f"In one piece ∂L/∂u is {whole:g}, in two chunks {net.weight_ih_l0.grad.item():g}.")
print(f"The last state is {state.item():g}.")
assert whole == 10
assert net.weight_ih_l0.grad.item() == 6
assert state.item() == 4

# %% [markdown]
# 10 in one piece, and 3 + 3 in two. The four pairs that are missing are L_3 and L_4 with steps 1 and 2. The states
# are what they were, 1, 2, 3, 4: chunks change nothing on the way forward.
#
# In the picture find `detach()`. On the dotted line the value 2 goes on, and no gradient comes back: at "h₂ carried"
# it says ∇ –. Each chunk has one loss, 1 + 2 = 3 and 3 + 4 = 7. W_ih is u, and its gradient is the 6. W_hh is w: by
# lesson 3 its uses add g_t · h_{t−1}, which is 2 · 0 and 1 · 1 in the first chunk, 2 · 2 and 1 · 3 in the second, and
# 8 together.
#
# Both chunks are drawn at once here, so that one can compare them. When one trains, each has a graph of its own, and
# it is gone before the next one is read.
#
# ## Two wrong ways
#
# The first wrong way is to begin each chunk at 0. **Predict.** What are the four states then?

# %%
forgetful = [h.item() for chunk in (xs[:2], xs[2:]) for h in net(chunk)[0]]
print(f"When nothing is carried, the states are {forgetful}.")
assert forgetful == [1, 2, 1, 2]

# %% [markdown]
# The count begins anew. No error is raised, and the loss may even fall, but the network never sees more than one
# chunk.
#
# The second wrong way is to carry the state and forget to cut. Then the second chunk's way back leads into the first
# chunk's graph, which `backward` has released to save memory. The library says so, and says what is missing:

# %%
state = None
try:
    for chunk in (xs[:2], xs[2:]):
        output, state = net(chunk, state)
        output.sum().backward()
except tg.GraphError as error:
    words = str(error).splitlines()
    print(words[0], words[-1].strip(), sep="\n")
    assert "detach" in words[-1]
else:
    raise AssertionError("the second backward should have been refused")

# %% [markdown]
# With `retain_graph=True` every graph would be kept, and that would be the whole sequence again.
#
# ## What it saves
#
# **Predict.** How many states are kept for the way back over 1,000 steps? And with chunks of 20? Then for a text of a
# million characters, with 128 units and 4 bytes for each number: how many bytes is that, and how many with chunks of
# 100 steps?

# %%
states_of = {T: net(np.ones((T, 1, 1)))[0].sum() for T in (1000, 20)}
kept = {T: sum(node.role == "hidden_state" for node in tg.graph(end).nodes) for T, end in states_of.items()}
print(f"{kept[1000]} states in one piece, {kept[20]} in a chunk of 20.")
print(f"{1_000_000 * 128 * 4:,} bytes in one piece, {100 * 128 * 4:,} in a chunk of 100.")
assert kept == {1000: 1000, 20: 20}

# %% [markdown]
# Half a gigabyte for the states of one text, and most networks keep more than their states. With chunks the memory
# depends on the length of a chunk only, and no longer on T.
#
# ## What it throws away
#
# Now w = 0.9, which forgets a tenth at each step. x_t = 1, u = 1, T = 200, and one loss, at the end: L = h_200. What
# the input of i steps before the end adds to ∂L/∂u is 0.9^i. The terms are 1, 0.9, 0.81 …, and their sum is nearly
#
#     1 + 0.9 + 0.9² + 0.9³ + … = 1 / (1 − 0.9) = 10
#
# Cut k steps back, only the first k terms are left. Those that are missing are 0.9^k times the whole sum, since each
# is a term of the whole sum times 0.9^k:
#
#     0.9^k + 0.9^{k+1} + … = 0.9^k · (1 + 0.9 + …)            the share that is missing is 0.9^k
#
# **Predict.** Which share is missing with k = 10? 0.9² = 0.81, 0.9⁴ ≈ 0.656, 0.9⁸ ≈ 0.430, so 0.9¹⁰ ≈ 0.430 · 0.81 =
# … ? And with k = 20, its square?

# %%
T = 200


def last_state(u, k):
    h = tg.tensor(0.0)
    for t in range(T):
        if t == T - k:
            h = tg.train.detach_state(h)  # k steps before the end
        h = 0.9 * h + u * 1.0
    return h


whole = tg.grad(last_state)(1.0, T).item()
print(f"The whole gradient is {whole:.4f}.")
for k in (1, 10, 20, 44):
    cut = tg.grad(last_state)(1.0, k).item()
    print(f"Cut {k} steps back it is {cut:.4f}: {1 - cut / whole:.1%} is missing, and 0.9^{k} = {0.9**k:.1%}.")
    assert np.isclose(1 - cut / whole, 0.9**k, atol=1e-8)

# %% [markdown]
# A third is missing with 10 steps, an eighth with 20, and a hundredth with 44. Could one have known 44? 0.9^k = 0.01
# for k = ln 0.01 / ln 0.9 = 43.7. So a chunk has to be as long as the memory that is to be learnt. If w were 0.99,
# the same would take 458 steps, by the same formula. If it were 0.5, 7 would be enough.
#
# One thing is easily mistaken. The *state* does cross the border, with all that is in it. The network can use what it
# read a thousand steps ago, if it still has it. But it is not taught to keep something for longer than a chunk, since
# no gradient says so.
#
# ## Looking back further than one chunk
#
# The loss of the first step in a chunk sees one step only, its own. With `k1` and `k2` the two lengths are set apart:
# after every k1 steps the weights are moved, and the gradient reaches k2 steps back from there.
#
#     k1 = 2, k2 = 6        steps 1 2 3 4 5 6 7 8
#                                 └──────[5 6]           the losses of 5 and 6 see steps 1 to 6
#                                     └──────[7 8]       the losses of 7 and 8 see steps 3 to 8
#
# **Predict.** Count pairs again, with w = 1 and 20 steps. In one piece they are 20 · 21 / 2 = 210. How many are they
# in 4 chunks of 5 steps?

# %%
net, xs = straight(1.0), np.ones((20, 1, 1))
for k2 in (5, 15, 20):
    net.zero_grad()
    for chunk in tg.train.truncated(net, xs, k1=5, k2=k2):
        chunk.output.sum().backward()
    print(f"With k1 = 5 and k2 = {k2}, {net.weight_ih_l0.grad.item():g} pairs are seen.")
    assert net.weight_ih_l0.grad.item() == {5: 4 * 15, 15: 15 + 40 + 65 + 65, 20: 210}[k2]

# %% [markdown]
# 4 · (1 + 2 + 3 + 4 + 5) = 60. With k2 = 15 the four chunks see 15, 40, 65 and 65: losses 6 to 10 see that many steps
# each, 6 + 7 + 8 + 9 + 10 = 40, and the last two chunks 11 + 12 + 13 + 14 + 15 = 65. The price is time: the steps
# before a chunk are computed again, as the weights have been moved since. That is k2/k1 = 3 times the work.
#
# ## Learning, chunk by chunk
#
# `truncated` is the loop: it runs the layer on one chunk, hands it out, carries the state and cuts. A network with w
# = 0.9 has made the targets. Ours begins with w = 0.5, and its loss is the mean of the squares of what is missing.
# `SGD` is the gradient descent of lesson 3. **Predict** where w ends, and how often it is moved in 1,000 steps with
# chunks of 10.

# %%
xs = np.random.default_rng(0).standard_normal((1000, 1, 1))
ys = straight(0.9)(xs)[0].data
net = straight(0.5)
optimizer = tg.optim.SGD([net.weight_hh_l0], lr=0.005)
path = [0.5]
for chunk in tg.train.truncated(net, xs, k1=10):
    loss = tg.nn.mse_loss(chunk.output, ys[chunk.steps])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    path.append(net.weight_hh_l0.item())

print(f"w was moved {len(path) - 1} times, from {path[0]} to {path[-1]:.3f}.")
assert len(path) == 101
assert abs(path[-1] - 0.9) < 0.01

# %% [markdown]
# A hundred times, where the whole sequence would have moved it once. The state that is carried was made by the
# weights as they were before; as each move is small, that does little harm.
#
# ## What recurrent networks are good for, and what not
#
# For them:
#
# - They read a sequence of any length, and have the same size for all of them (lesson 1).
# - What they keep while they read is one state, not the whole past.
# - That state can hold information from many steps back.
#
# Against them:
#
# - They are slow to train: step t needs h_{t−1}, so it waits for step t − 1. A thousand processors do not compute one
#   sequence a thousand times faster.
# - Old information is hard to reach, unless w is very near 1.
#
# **Predict.** How much of an input is left in the state after 100 steps, with w = 1, and with w = 0.9? 0.9¹⁰ is 0.35,
# and 0.35¹⁰ = … ? In h_t = w · h_{t−1} + u · x_t one product and one sum wait for h_{t−1}. How many ops, one after
# the other, does h_1000 wait for?

# %%
only_first = np.zeros((101, 1, 1))
only_first[0] = 1.0
for w in (1.0, 0.9):
    left = straight(w)(only_first)[1].item()
    print(f"With w = {w}, {left:.2g} of it is left after 100 steps.")
    assert np.isclose(left, w**100)

waiting_for = {}  # for each value, how many ops have to be done one after the other until it is there
for node in tg.graph(straight(0.9)(np.ones((1000, 1, 1)))[0]).nodes:
    waiting_for[node.id] = max((waiting_for[each] + 1 for each, _ in node.inputs), default=0)
    if node.role == "hidden_state":
        last = node
print(f"h_{last.step} waits for {waiting_for[last.id]} ops, one after the other.")
assert waiting_for[last.id] == 2 * last.step == 2000

# %% [markdown]
# 1,000 · 2 = 2,000, and no processor changes that: in the picture above too, every step has an arrow from the step
# before it. With w = 1 all of it is left. 2.7e-5 is 0.000027. The gradient on its way back is multiplied by the same
# numbers, so it has the same difficulty. Lesson 6 is about that.
#
# **Exercise.** Write `missing(w, T, k)`: the share of ∂h_T/∂u that is missing when it is cut k steps back. Write
# `pairs(T, k)`: how many pairs chunks of k steps see. Write `first_states(w, xs, k)`: the state that each chunk
# begins with. To hear whether they are right: `tinygrad-rnn lesson 5 --check FILE`.
#
# **Try.** Where w is learnt, carry nothing: give each chunk to `net` without a state. Does w come to rest at 0.9, and
# why not? How long must chunks be when w = 0.99 and no more than a tenth shall be missing?
#
# **Next.** Lesson 6: why gradients vanish on their way back.
