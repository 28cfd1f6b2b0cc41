"""Is a review kind or unkind? As in Keras's "LSTM on IMDB" and its guide to masking and padding.

Reviews are of 4 to 29 words: ids (T, B), padded, and their lengths (B,) → embedding (T, B, 16) → LSTM → the state after
each row's own last word (B, 32) → one logit (B,). `lengths=` is all it takes: what stands in the pads reaches nothing.

The reviews are made up here. "not" turns an opinion round, and of two the one after "but" counts, so that no
word decides alone; and a review may go on about the weather. Watch the loss: it stays near log 2 = 0.69, a coin's, for
about a hundred steps, until the network has found out about "not".
"""

from collections.abc import Iterator
from itertools import chain, islice, repeat
from typing import Any

import numpy as np

import tinygrad_rnn as tg

STEPS = 250
KIND = ["good", "great", "moving", "funny", "clever", "lovely"]
UNKIND = ["bad", "dull", "awful", "silly", "slow", "boring"]
THINGS = ["the film", "the plot", "the acting", "the music", "the end", "it all"]
DEGREES = ["", "very", "really", "rather", "not", "not very", "not really"]
ASIDES = ["", "", "i saw it on a rainy day", "my sister came along", "we went home by bus in the dark"]
SAMPLES = [
    "the plot was very clever",
    "the plot was not very clever",
    "the plot was not very clever but it all was moving",
    "the plot was not very clever but it all was moving we went home by bus in the dark",
]


def review(rng: np.random.Generator) -> tuple[str, int]:
    """A review, and 1 if it is kind or 0."""
    opinions = []
    for _ in range(rng.integers(1, 3)):
        kind, degree = rng.integers(2), rng.choice(DEGREES)
        opinions.append(f"{rng.choice(THINGS)} was {degree} {rng.choice(KIND if kind else UNKIND)}")
        label = int(kind) ^ degree.startswith("not")
    return f"{rng.choice(ASIDES)} {' but '.join(opinions)} {rng.choice(ASIDES)}", label


def reviews(count: int, seed: int) -> list[tuple[str, int]]:
    rng = np.random.default_rng(seed)
    return [review(rng) for _ in range(count)]


WORDS = sorted({word for text, _ in reviews(1000, seed=0) for word in text.split()})


def ids(text: str) -> list[int]:
    return [WORDS.index(word) for word in text.split()]


def batches(steps: int) -> Iterator[tuple[Any, Any]]:
    """((ids, lengths), labels), one epoch after the other."""
    items = [(ids(text), label) for text, label in reviews(1000, seed=0)]
    return islice(chain.from_iterable(repeat(tg.data.Batches(items, batch=32, rng=0))), steps)


class Sentiment(tg.nn.Module):
    def __init__(self) -> None:
        self.embedding = tg.nn.Embedding(len(WORDS), 16)
        self.rnn = tg.nn.LSTM(16, 32)
        self.head = tg.nn.Linear(32, 1)

    def forward(self, x: np.ndarray, lengths: np.ndarray) -> tg.Tensor:
        _, (h_n, _) = self.rnn(self.embedding(x), lengths=lengths)
        return self.head(h_n[-1])[:, 0]


def model() -> Sentiment:
    with tg.nn.seeded(0):
        return Sentiment()


def train(net: Sentiment, steps: int) -> Iterator[float]:
    optimizer = tg.optim.Adam(net.parameters(), lr=0.005)
    for (x, lengths), labels in batches(steps):
        loss = tg.nn.binary_cross_entropy_with_logits(net(x, lengths), labels)
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()


def quality(net: Sentiment) -> tuple[str, float]:
    texts, labels = zip(*reviews(500, seed=1), strict=True)
    with tg.no_grad():
        logits = net(*tg.data.pad_sequences([ids(text) for text in texts]))
    return "reviews right", float(np.mean((logits.data > 0) == labels))


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 50 == 0:
            print(f"step {step:3}: {loss:.4f} nats a review")
    print("{}: {:.1%}".format(*quality(net)))
    logits = net(*tg.data.pad_sequences([ids(text) for text in SAMPLES]))
    for text, p in zip(SAMPLES, tg.sigmoid(logits).tolist(), strict=True):
        print(f"    {p:4.0%} kind: {text}")


if __name__ == "__main__":
    main()
