"""English to French with attention, as in torch's "Translation with a Sequence to Sequence Network and Attention".

A toy grammar writes the sentences: "she is not very tall" is "elle n' est pas très grande". The encoder makes a GRU's
output for each English word: ids (S, B) → embedding → (S, B, H). The decoder starts from the encoder's last state and
reads the true word before (teacher forcing); at every step it looks at the encoder's outputs, each weighted by how well
it fits, and gives logits (T, B, V) of the French words.

Watch where it looks: French splits "not" into two words, one before the verb and one behind it, and takes "grande" from
"tall" and "she". A quarter of the sentences is held out, and counted at the end.
"""

from collections.abc import Iterator
from itertools import chain, islice, product, repeat
from typing import Any

import numpy as np

import tinygrad_rnn as tg

STEPS = 300
SUBJECTS = [("i am", "je suis", 0), ("you are", "tu es", 0), ("he is", "il est", 0), ("she is", "elle est", 1),
            ("we are", "nous sommes", 2), ("they are", "ils sont", 2)]  # fmt: skip
DEGREES = [("", ""), ("very", "très"), ("too", "trop"), ("so", "si")]
ADJECTIVES = [("tall", "grand grande grands"), ("small", "petit petite petits"), ("old", "vieux vieille vieux"),
              ("tired", "fatigué fatiguée fatigués"), ("happy", "heureux heureuse heureux"),
              ("kind", "gentil gentille gentils"), ("strong", "fort forte forts"),
              ("ready", "prêt prête prêts")]  # fmt: skip


def sentences() -> list[tuple[list[str], list[str]]]:
    """Every sentence of the grammar as words: (English, French)."""
    pairs = []
    for subject, denied, degree, adjective in product(SUBJECTS, (False, True), DEGREES, ADJECTIVES):
        pronoun, verb = subject[1].split()
        if denied:
            verb = f"n' {verb} pas" if verb.startswith("e") else f"ne {verb} pas"
        english = f"{subject[0]} {'not' if denied else ''} {degree[0]} {adjective[0]}"
        french = f"{pronoun} {verb} {degree[1]} {adjective[1].split()[subject[2]]} <stop>"
        pairs.append((english.split(), french.split()))
    return pairs


ENGLISH = sorted({word for english, _ in sentences() for word in english})
FRENCH = ["<start>", *sorted({word for _, french in sentences() for word in french})]
PAIRS = [([ENGLISH.index(word) for word in en], [FRENCH.index(word) for word in fr]) for en, fr in sentences()]
ORDER = np.random.default_rng(0).permutation(len(PAIRS))
HELD_OUT, SHOWN = [PAIRS[k] for k in ORDER[:96]], [PAIRS[k] for k in ORDER[96:]]


def batches(steps: int) -> Iterator[tuple[Any, Any]]:
    """((source, lengths), (target, target_lengths)), one epoch after the other; 0 stands in the pads."""
    return islice(chain.from_iterable(repeat(tg.data.Batches(SHOWN, batch=32, rng=0))), steps)


def model() -> tg.nn.Seq2Seq:
    with tg.nn.seeded(0):
        encoder = tg.nn.Encoder(tg.nn.GRU(16, 16, bidirectional=True), tg.nn.Embedding(len(ENGLISH), 16))
        attention = tg.nn.AdditiveAttention(query_size=32, memory_size=32)
        decoder = tg.nn.Decoder(tg.nn.GRU(16, 32), tg.nn.Embedding(len(FRENCH), 16), attention)
    return tg.nn.Seq2Seq(encoder, decoder, start=FRENCH.index("<start>"), stop=FRENCH.index("<stop>"))


def train(net: tg.nn.Seq2Seq, steps: int) -> Iterator[float]:
    optimizer = tg.optim.Adam(net.parameters(), lr=0.01)
    for (source, lengths), (target, target_lengths) in batches(steps):
        loss = tg.nn.sequence_loss(net(source, target, lengths), target, target_lengths)
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        yield loss.item()


def translations(net: tg.nn.Seq2Seq) -> list[tg.nn.Written]:
    """What it writes for each of the sentences held out."""
    source, lengths = tg.data.pad_sequences([english for english, _ in HELD_OUT])
    return tg.nn.greedy_search(net, source, lengths, limit=8)


def quality(net: tg.nn.Seq2Seq) -> tuple[str, float]:
    right = [[*w.ids, net.stop] == french for w, (_, french) in zip(translations(net), HELD_OUT, strict=True)]
    return "sentences right", float(np.mean(right))


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 50 == 0:
            print(f"step {step:3}: {loss:.4f} nats a word")
    print("{}: {:.1%}".format(*quality(net)))
    for (english, _), written in list(zip(HELD_OUT, translations(net), strict=True))[:3]:
        print(" ".join(ENGLISH[k] for k in english))
        for word, look in zip(written.ids, written.attention, strict=False):
            print(f"    {FRENCH[word]:<10} looks most at {ENGLISH[english[look.argmax()]]}")


if __name__ == "__main__":
    main()
