# %% [markdown]
# # 10. Sequence to sequence: one reads, another writes
#
# *How does a network answer a sequence with a sequence of another length, as in translation?*
#
# By two networks. The *encoder* reads the source, many to one: its last state is all that goes on. The *decoder*
# starts from that state and writes, one to many: at each step it reads what it wrote before, until it writes a stop
# (Sutskever, Vinyals and Le 2014).
#
# The task here is translation on a small scale: numbers into words, "372" → "three seven two", but backwards, so that
# the decoder has to begin with what was read last: "372" → "two seven three". An answer has as many words as there
# are digits.
#
# **Predict.** Whoever knows only that one of ten words comes is right with each word in 1 of 10 cases. How often is a
# whole answer of three words right by chance? And what is the loss of a word then, −log(1/10), with log 10 ≈ 2.3?

# %%
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-10-"))
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
START, STOP = 10, 11
print(f"By chance a word is right in 10 %, three in a row in {0.1**3:.1%} of all cases; the loss is {np.log(10):.2f}.")


def pairs(rng, rows, digits):
    """Sources (T, B) of so many digits, and targets (T + 1, B): the digits backwards, and a stop."""
    source = rng.integers(0, 10, (digits, rows))
    return source, np.concatenate([source[::-1], np.full((1, rows), STOP)])


# %% [markdown]
# ## Without attention: one vector for everything


# %%
def build(attention):
    encoder = tg.nn.Encoder(tg.nn.GRU(16, 48), tg.nn.Embedding(12, 16))
    decoder = tg.nn.Decoder(tg.nn.GRU(16, 48), tg.nn.Embedding(12, 16), attention=attention)
    return tg.nn.Seq2Seq(encoder, decoder, start=START, stop=STOP)


def train(model, digits, steps=400):
    """The losses, in nats a word, on sources of so many digits, new ones at each step."""
    rng = np.random.default_rng(0)
    optimizer = tg.optim.Adam(model.parameters(), lr=0.01)

    def loss_of(source, target):
        return tg.nn.cross_entropy(model(source, target), target)  # it is shown the true word before: teacher forcing

    run, losses = tg.compile(loss_of), []  # recorded once and run again: the same numbers, in less time
    for _ in range(steps):
        loss = run(*pairs(rng, 64, digits))
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def share_right(model, digits):
    """Whole answers that are right, of 200 new sources; the decoder reads its own words now."""
    source, target = pairs(np.random.default_rng(1), 200, digits)
    written = tg.nn.greedy_search(model, source, limit=digits + 1)
    return np.mean([one.ids == list(right[:-1]) for one, right in zip(written, target.T, strict=True)])


with tg.nn.seeded(0):  # every weight that is drawn inside comes from this seed
    plain = build(attention=None)

source, target = pairs(np.random.default_rng(0), 1, 3)
_, state = plain.encoder(source)  # many to one: the last state
before, by_hand = np.array([START]), []
for right in target:  # one to many: it starts from that state, and is shown the true word before
    logits, state = plain.decoder(before, state)
    by_hand.append(logits.data)
    before = right
print(f"{len(source)} digits make one state, which makes {len(by_hand)} rows of {by_hand[0].size} logits.")
assert np.allclose(by_hand, plain(source, target).data)

losses = train(plain, digits=3)
short = share_right(plain, 3)
print(f"3 digits: loss {losses[0]:.2f} at first, {losses[-1]:.2f} at the end; {short:.0%} of the answers are right")
assert short > 0.9

# %% [markdown]
# The loop by hand is the whole network: `plain(source, target)` gives the same logits, one for each of the ten words,
# the start and the stop. At first the loss is near log 12 = 2.48: to a new network all twelve signs are about as
# likely. Then three digits fit into the 48 numbers of the state.
#
# **Guess.** And ten digits? Each has to be kept through the whole reading and writing, in the same 48 numbers. Will
# it be as good after as many steps?

# %%
with tg.nn.seeded(0):
    plain = build(attention=None)
train(plain, digits=10)
long = share_right(plain, 10)
print(f"10 digits through one vector: {long:.0%} of the answers are right")
assert long < 0.5

# %% [markdown]
# ## Attention: look again at what was read
#
# The encoder had a state for every digit. Why keep only the last? At each step the decoder can ask: its state q is
# compared with each state m_s of the encoder, which gives a score, and a softmax of the scores says how much it looks
# at each (Bahdanau, Cho and Bengio 2015; Luong, Pham and Manning 2015):
#
#     score_s = q · m_s        a_s = exp(score_s) / Σ exp(score)        context = Σ_s a_s m_s
#
# **Predict.** Three scores, 2, 0 and 0, with e² ≈ 7.4: what are the weights? If the three states are 1, 2 and 3, what
# is the context?

# %%
scores, memory = np.array([2.0, 0.0, 0.0]), np.array([1.0, 2.0, 3.0])
a = tg.softmax(scores)
context = (a * memory).sum()
print(f"weights {', '.join(f'{share:.2f}' for share in a)}; context {context:.2f}")
assert np.isclose(context, (7.389 * 1 + 2 + 3) / 9.389, atol=1e-3)

# %% [markdown]
# 7.4 of 9.4 is 0.79, and 0.11 for each other: 0.79 · 1 + 0.11 · 2 + 0.11 · 3 = 1.32. A weighted mean: all of it can
# be differentiated, so where to look is learnt like everything else. From each step of the decoder one look reaches
# the state of any digit, however long ago it was read. (`DotAttention` multiplies m_s by a matrix first, which is
# learnt too: score_s = q · W m_s. The products W m_s are called *keys*.)

# %%
with tg.nn.seeded(0):
    looking = build(attention=tg.nn.DotAttention(48, 48))
train(looking, digits=10)
better = share_right(looking, 10)
print(f"10 digits with attention: {better:.0%} of the answers are right")
assert better > 0.5 > long

# %% [markdown]
# ## Where does it look?
#
# The answer is the source backwards. **Predict.** At its first word, which digit should the decoder look at? And at
# its last?

# %%
source, _ = pairs(np.random.default_rng(2), 1, 10)
(answer,) = tg.nn.greedy_search(looking, source, limit=11)
print("read:   ", " ".join(WORDS[k] for k in source[:, 0]))
print("written:", " ".join(WORDS[k] for k in answer.ids))
print("how much each word looks at each digit, in tenths (9: nine tenths or more, ·: next to nothing):")
print("          " + " ".join(map(str, source[:, 0])))
for k, row in zip(answer.ids, answer.attention, strict=False):
    print(f"{WORDS[k]:>8}  " + " ".join("·" if share < 0.05 else f"{min(int(10 * share), 9)}" for share in row))
looked = [row.argmax() for row in answer.attention[: len(answer.ids)]]  # where each word looks most
assert np.corrcoef(looked, range(len(looked)))[0, 1] < -0.8  # later words look to earlier digits

# %% [markdown]
# The large numbers lie on the other diagonal: the first words look to the end of the source and the last to its
# beginning. Nobody told the network to. Look closely: are they at the right digit? Most are one place further to the
# right, at the state that the encoder had one step later. That state still holds the digit before, so the answer is
# right all the same. Weights say which *states* were looked at, and a state is more than the digit just read. (Begun
# with other random numbers, most weights lie on the right digit.)
#
# ## The wrong way: to judge it by what it is shown
#
# While training, the decoder is shown the true word before, so one mistake does not lead to the next. When it writes
# on its own it reads its own words. A loss with teacher forcing is not how well it writes; that is why `share_right`
# lets it write.

# %%
source, target = pairs(np.random.default_rng(3), 200, 10)
shown = (plain(source, target).data.argmax(-1) == target)[:-1]
written = tg.nn.greedy_search(plain, source, limit=11)
alone = np.array([[k < len(one.ids) and one.ids[k] == right[k] for k in range(10)]
                  for one, right in zip(written, target.T, strict=True)])  # fmt: skip
print(f"without attention, words right: {shown.mean():.0%} when it is shown the word before, {alone.mean():.0%} alone")
assert shown.mean() >= alone.mean()

# %% [markdown]
# Both count single words. A whole answer is right only if all ten words are. As long as all were right, the decoder
# reads true words, so that is about 0.86¹⁰ ≈ 0.22 of the cases: near the 20 % above.
#
# ## The picture
#
# Two digits are read, and three signs are written: two words and the stop. The thick line hands the encoder's last
# state, h₂, to the decoder: on its left is many to one, on its right one to many. Above it, both states of the
# encoder go into `memory`, and from there to every `context`: those are the looks back. `keys` holds the products W
# m_s, `combine` puts state and context together, and `head` makes the logits ŷ of them. The small [ ] takes each
# digit's row out of the embedding.

# %%
with tg.nn.seeded(0):
    small = build(attention=tg.nn.DotAttention(48, 48))
source, target = pairs(np.random.default_rng(0), 1, 2)
loss = tg.label(tg.nn.cross_entropy(small(source, target), target), "loss", "L")
drawing = viz.draw(loss, title="An encoder reads two digits, a decoder with attention writes")
print(f"picture: {drawing.save(pictures / 'sequence-to-sequence.svg')}")
drawing

# %% [markdown]
# **Exercise.** Write `attend(q, memory)`: the pair of the context and the weights, with the score of each row m of
# `memory` being q · m. Write `first_inputs(target, start)`: what a decoder is shown while training, given the ids
# that it shall write. Then judge them: `tinygrad-rnn lesson 10 --check FILE`.
#
# **Try.** Answer in the order of reading instead of backwards: is one vector enough then? Ask the network that learnt
# ten digits for twelve. `tinygrad-rnn translate` trains such a network on dates, or on your own pairs.
#
# **Next.** Lesson 11: how to know that a derivative is right.
