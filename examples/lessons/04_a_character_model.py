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
# large where it was sure and wrong. This is the *cross-entropy* of lesson 3. log is the natural logarithm, which was
# called ln there.
#
# **Predict.** A network that knows nothing gives every one of V = 26 characters the same probability, 1/26. What is
# its loss, −log(1/26) = log 26? (log 2 ≈ 0.69, log 13 ≈ 2.56.) And what is it for logits (2, 1, 0), if the first
# character comes? (e² ≈ 7.39, e ≈ 2.72, e⁰ = 1, and log 1.5 ≈ 0.41.)

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
# 0.69 + 2.56 = 3.25, which is 3.26 with more digits. 7.39 + 2.72 + 1 = 11.11, so p = 7.39/11.11, and −log p =
# log(11.11/7.39) = log 1.5 = 0.41.
#
# ## What the gradient says
#
# How does the loss change with each logit? The rule is short, and worth knowing by heart:
#
#     ∂L/∂z_k = p_k − 1 where k is what came, and p_k elsewhere
#
# **Predict.** What is the gradient for (2, 1, 0), if the first character comes? And what do the three add up to?

# %%
slope = tg.grad(lambda z: tg.nn.cross_entropy(z, 0))(np.array([2.0, 1.0, 0.0]))
print(f"The gradient is ({slope[0].item():.2f}, {slope[1].item():.2f}, {slope[2].item():.2f}).")
assert np.allclose(slope.data, p - np.array([1.0, 0.0, 0.0]))
assert np.isclose(slope.data.sum(), 0)

# %% [markdown]
# 0.67 − 1 = −0.33, and the other two are the probabilities themselves. Logits are moved against their gradient. So
# what came is pushed up, all others are pushed down, and the three add up to 0.
#
# ## A text
#
# The text is the Zen of Python, by Tim Peters, which comes with Python. It is cut into 5 rows, which are read side by
# side, 20 characters at a time. What is asked for is the same row, one character later.

# %%
with contextlib.redirect_stdout(io.StringIO()):  # to import it prints it
    import this

text = codecs.decode(this.s, "rot13")
corpus = tg.train.Corpus(text)
V = len(corpus.vocabulary)
print(f"{len(text)} characters, {V} different ones.")

ids, following = next(tg.train.stream_batches(corpus.encode(text), batch=5, bptt=20))  # (T, B): 20 steps, 5 rows
print(f"The first row reads     {corpus.decode(ids[:, 0])!r}")
print(f"and it is asked for     {corpus.decode(following[:, 0])!r}.")
assert np.array_equal(ids[1:], following[:-1])

# %% [markdown]
# The network is an LSTM with 64 units, an f that remembers better than the vanilla cell; lesson 8 opens it. After
# each 20 characters its weights are moved once, by Adam: that is gradient descent which chooses for each weight how
# far.
#
# **Predict.** Before it has learnt anything, the logits of the network are near 0. What will the first loss be,
# about, with V = 45? (log 5 ≈ 1.61, log 9 ≈ 2.20.) And if it only knew how often each character occurs, and nothing
# of what stands before it, is the loss larger or smaller? With q_k for the share of character k in the text, it is
# −Σ_k q_k log q_k, the *entropy*. We can compute it without any network.

# %%
counts = np.bincount(corpus.encode(text), minlength=V)
q = counts / counts.sum()
entropy = -(q[q > 0] * np.log(q[q > 0])).sum()
print(f"Nothing known: log {V} = {np.log(V):.2f}. By how often each character occurs alone: {entropy:.2f}.")

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
        tg.train.clip_grad_norm_(model.parameters(), 5.0)  # a gradient that is too large is scaled: lesson 7
        optimizer.step()
        state = tg.train.detach_state(state)  # the state goes on, the gradient does not: lesson 5
        losses.append(value.item())
        if len(losses) in (5, 15, 40, 100, 250):
            written[len(losses)] = write(0.5)
        if len(losses) == 40:
            likeliest = write(0, length=100)

for step, line in written.items():
    print(f"after {step:>3} steps, loss {losses[max(step - 1, 0)]:.2f}: {line}")
assert logits.shape == (*ids.shape, V)
assert np.isclose(losses[0], np.log(V), atol=0.15)
assert losses[20] < entropy
assert np.mean(losses[-20:]) < 0.5

# %% [markdown]
# Look at what it writes. At first it is noise: every character is about as likely as any other, and the loss is near
# 1.61 + 2.20 = 3.81. After 5 steps frequent letters and spaces come, and the loss is near the entropy, 3.11. Then
# come pieces of words, then words. exp(0.85) = 2.3, so with a loss of 0.85 the network is as unsure as if it had to
# choose between 2.3 characters that are equally likely. At first there were 45.
#
# It has seen these 856 characters again and again, and knows much of them by heart. A network that is to write
# anything else needs much more text, and text that is held back to judge it: `tinygrad-rnn train` does that.
#
# ## How to draw the next character
#
# The next character is drawn: each one is taken with its probability. Then it is read, and so on. The *temperature* τ
# divides the logits before softmax. At τ = 1 the model writes as it has learnt. At τ near 0 it always takes the
# likeliest character; a large τ makes all alike.
#
# **Predict.** With τ = 0.5 the logits (2, 1, 0) become (4, 2, 0). With e⁴ ≈ 54.6 and e² ≈ 7.39, what is the
# probability of the first? And with τ = 100, about?

# %%
cold, hot = (tg.softmax(np.array([2.0, 1.0, 0.0]) / tau) for tau in (0.5, 100))
print(f"The first has the probability {cold[0]:.2f} at temperature 0.5, {p[0]:.2f} at 1, and {hot[0]:.2f} at 100.")
assert np.isclose(cold[0], 54.6 / (54.6 + 7.39 + 1), atol=1e-3)
assert np.allclose(hot, 1 / 3, atol=0.01)

# %% [markdown]
# 54.6/62.99 = 0.87. At 100 the logits are nearly 0, and the three are nearly alike.
#
# ## The wrong way: always the likeliest
#
# To take the likeliest character each time looks safe. But then the text is the same each time, and it can run into a
# circle: from the same state the same character follows, which leads to nearly the same state. This is what the
# network of 40 steps wrote in that way.

# %%
print(f"always the likeliest: {likeliest}")
assert max(likeliest.count(likeliest[k : k + 12]) for k in range(60)) >= 3  # 12 characters that come three times

# %% [markdown]
# ## The picture
#
# Three steps of such a model, with a vanilla cell of 8 units in place of the LSTM, so that it can be drawn. A
# character is read as 45 numbers, a 1 at the place of its id and 0 elsewhere, which is called *one-hot*. `Linear` is
# the head, and its 45 logits are ŷ_t. Each step has a loss, the losses are added up, and the weights are the same at
# each step.

# %%
cell, head = tg.nn.RNNCell(V, 8, rng=0), tg.nn.Linear(8, V, rng=1)
one_hot = tg.nn.OneHot(V)


def f(pair, h):
    x, following = pair
    h = cell(one_hot(np.array([x])), h)
    logits = tg.label(head(h), "output", "y")
    return tg.label(tg.nn.cross_entropy(logits, np.array([following])), "loss", "L"), h


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
