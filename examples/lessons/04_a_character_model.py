# %% [markdown]
# # 4. A character model, from noise to words
#
# *How does a recurrent network learn to write, when all that it is ever asked is: which character comes next?*
#
# A text gives its own answers. After each character, the next one is known. So the network reads a character at each
# step, and at each step it says for every character of its vocabulary how likely that one is to come next: many to
# many.
#
# It gives a number z_k for each of the V characters, a *logit*. Softmax makes probabilities of them:
#
#     p_k = exp(z_k) / Σ_j exp(z_j)
#
# The loss of one step is −log p of the character that did come. It is 0 where the network was sure and right, and
# large where it was sure and wrong. This is the *cross-entropy*, in nats, as the logarithm is the natural one.
#
# **Predict.** A network that knows nothing gives every one of V = 26 characters the same probability, 1/26. What is
# its loss? And what is it for logits (2, 1, 0), if the first character comes? (e² ≈ 7.39, e ≈ 2.72.)

# %%
import codecs
import contextlib
import io
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-4-"))

ignorant = tg.nn.cross_entropy(np.zeros(26), 0).item()
print(f"Of 26 equal probabilities the loss is log 26 = {ignorant:.2f}.")
assert np.isclose(ignorant, np.log(26))

p = tg.softmax(np.array([2.0, 1.0, 0.0]))
loss = tg.nn.cross_entropy(np.array([2.0, 1.0, 0.0]), 0).item()
print(f"The logits (2, 1, 0) are the probabilities ({p[0]:.2f}, {p[1]:.2f}, {p[2]:.2f}); -log {p[0]:.3f} = {loss:.2f}.")
assert np.isclose(loss, np.log(7.389 + 2.718 + 1) - 2, atol=1e-3)

# %% [markdown]
# 7.39 + 2.72 + 1 = 11.11, and 7.39/11.11 = 0.67: its negative logarithm is 0.41.
#
# ## What the gradient says
#
# **Predict.** How would the loss change with each logit? The rule is short, and worth knowing by heart:
#
#     ∂L/∂z_k = p_k − 1 where k is what came, and p_k elsewhere
#
# So for (2, 1, 0) and the first: (0.67 − 1, 0.24, 0.09).

# %%
slope = tg.grad(lambda z: tg.nn.cross_entropy(z, 0))(np.array([2.0, 1.0, 0.0]))
print(f"The gradient is ({slope[0].item():.2f}, {slope[1].item():.2f}, {slope[2].item():.2f}).")
assert np.allclose(slope.data, p - np.array([1.0, 0.0, 0.0]))
assert np.isclose(slope.data.sum(), 0)

# %% [markdown]
# What came is pushed up, all others are pushed down, and the three add up to 0.
#
# ## A text
#
# The text is the Zen of Python, by Tim Peters, which comes with Python. The network is a small LSTM. It reads 5 rows
# of the text side by side, 20 characters at a time, and takes one step of its optimiser after each.

# %%
with contextlib.redirect_stdout(io.StringIO()):  # to import it prints it
    import this

text = codecs.decode(this.s, "rot13")
corpus = tg.train.Corpus(text)
V = len(corpus.vocabulary)
print(
    f"{len(text)} characters, {V} different ones: a network that knows nothing has the loss log {V} = {np.log(V):.2f}."
)

# %% [markdown]
# **Predict.** Before it has learnt anything, the logits of the network are near 0. What will the first loss be? And
# if it only knew how often each character occurs, and nothing of what stands before it? That is the *entropy* of the
# counts, −Σ_k q_k log q_k, and we can compute it without any network.

# %%
counts = np.bincount(corpus.encode(text), minlength=V)
q = counts / counts.sum()
entropy = -(q[q > 0] * np.log(q[q > 0])).sum()
print(f"By how often each character occurs alone: {entropy:.2f}.")

model = tg.train.CharModel("lstm", V, hidden=64, layers=1, rng=0)
optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
losses, written = [], {}


def write(temperature, length=60):
    """What the model writes after the end of a line; what a temperature is stands below."""
    line = tg.train.sample(model, corpus, length=length, prompt="\n", temperature=temperature, rng=1)
    return line.strip().replace("\n", " ")


written[0] = write(0.5)
while len(losses) < 250:
    state = None  # h_0 = 0 where a row begins
    for ids, following in tg.train.stream_batches(corpus.encode(text), batch=5, bptt=20):
        logits, state = model(ids, state)
        value = tg.nn.cross_entropy(logits, following)
        optimizer.zero_grad()
        value.backward()
        tg.train.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        state = tg.train.detach_state(state)  # the state goes on, the gradient does not: lesson 5
        losses.append(value.item())
        if len(losses) in (5, 15, 40, 100, 250):
            written[len(losses)] = write(0.5)
        if len(losses) == 40:
            likeliest = write(0, length=100)

for step, line in written.items():
    print(f"after {step:>3} steps, loss {losses[max(step - 1, 0)]:.2f}: {line}")
assert np.isclose(losses[0], np.log(V), atol=0.15)
assert losses[20] < entropy
assert np.mean(losses[-20:]) < 0.5

# %% [markdown]
# Look at what it writes. At first it is noise: every character is as likely as any other. After 5 steps frequent
# letters and spaces come, and the loss is near that of the counts. Then come pieces of words, then words. A loss of
# 0.85 means that of the next character the network is as unsure as of exp(0.85) = 2.3 equal ones; at first it was
# exp(3.81) = 45.
#
# It has seen these 856 characters again and again, and knows much of them by heart. A network that shall write what
# it has not read needs much more text, and text that is held back to judge it: `tinygrad-rnn train` does that.
#
# ## How to draw the next character
#
# The *temperature* τ divides the logits before softmax: p_k ∝ exp(z_k/τ). At τ = 1 the model writes as it has learnt.
# At τ near 0 it always takes the likeliest character; a large τ makes all alike.
#
# **Predict.** For logits (2, 1, 0) and τ = 0.5 the logits become (4, 2, 0). With e⁴ ≈ 54.6 and e² ≈ 7.39, what is the
# probability of the first?

# %%
cold = tg.softmax(np.array([2.0, 1.0, 0.0]) / 0.5)
print(f"At temperature 0.5 the first has the probability {cold[0]:.2f}, at 1 it had {p[0]:.2f}.")
assert np.isclose(cold[0], 54.6 / (54.6 + 7.39 + 1), atol=1e-3)

# %% [markdown]
# ## The wrong way: always the likeliest
#
# To take the likeliest character each time looks safe. But then the text is the same each time, and it can run into a
# circle: from the same state the same character follows, which leads to nearly the same state. This is what the
# network of 40 steps wrote in that way.

# %%
print(f"always the likeliest: {likeliest}")
assert max(likeliest.count(likeliest[k : k + 12]) for k in range(60)) >= 3

# %% [markdown]
# ## The picture
#
# Three steps of such a model. Each reads a character, says what it expects, and has a loss; the losses are added up,
# and the weights are the same at each step.

# %%
cell, head = tg.nn.RNNCell(V, 8, rng=0), tg.nn.Linear(8, V, rng=1)
one_hot = tg.nn.OneHot(V)


def f(pair, h):
    x, following = pair
    h = cell(one_hot(np.array([x])), h)
    return tg.label(tg.nn.cross_entropy(head(h), np.array([following])), "loss", "L"), h


each, _ = tg.nn.unroll(f, list(zip(corpus.encode("Zen"), corpus.encode("en "), strict=True)), None)
total = tg.label(each[0] + each[1] + each[2], "loss", "L")
drawing = viz.draw(total, title="It reads Z, e, n, and is asked for e, n and a space")
print(f"picture: {drawing.save(pictures / 'a-character-model.svg')}")
drawing

# %% [markdown]
# **Exercise.** Write `cross_entropy(z, k)`: −log of the probability that softmax of the logits z gives to class k,
# right for logits as large as 1,000 too. Write `slope(z, k)`: its gradient with respect to z. Write `temper(z, tau)`:
# the probabilities at temperature tau. Then: `tinygrad-rnn lesson 4 --check FILE`.
#
# **Try.** Draw at temperature 2. Give it another prompt. Train with `bptt=5`: does it learn words?
#
# **Next.** Lesson 5: what `detach_state` cut off, and why one does that.
