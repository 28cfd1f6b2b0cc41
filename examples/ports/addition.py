"""Sums as texts: Keras's "Sequence to sequence learning for performing number addition", "12+7" → "19".

A sum is read from its end to its start, as in the original, character by character: ids (T, B) → encoder GRU → one
vector for all of it → decoder GRU → logits (S, B, V), the characters of the answer and a stop. While training, the
decoder reads the true character before (teacher forcing); at the end it reads its own. Watch the share of sums that are
right in every character: the first digit is learnt long before the last. There are only 900 sums, and training goes
through all of them: the figure is how well they are known, not whether adding was understood.
"""

from collections.abc import Iterable, Iterator

import numpy as np

import tinygrad_rnn as tg

STEPS = 500
SIGNS = "0123456789+ "
START, STOP = len(SIGNS), len(SIGNS) + 1
MOST = 30
LONGEST = 5  # "29+29"


def ids(text: str, length: int) -> list[int]:
    """Filled up with spaces."""
    return [SIGNS.index(sign) for sign in text.ljust(length)]


def words(written: Iterable[int]) -> str:
    return "".join(SIGNS[k] for k in written if k < START).strip()


def sums(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(sources (5, B) from the end to the start, targets (3, B), two digits and a stop)."""
    pairs = np.random.default_rng(seed).integers(0, MOST, (rows, 2))
    source = [ids(f"{a}+{b}", LONGEST)[::-1] for a, b in pairs]
    target = [[*ids(str(a + b), 2), STOP] for a, b in pairs]
    return np.array(source).T, np.array(target).T


def model() -> tg.nn.Seq2Seq:
    with tg.nn.seeded(0):
        encoder = tg.nn.Encoder(tg.nn.GRU(16, 64), tg.nn.Embedding(STOP + 1, 16))
        decoder = tg.nn.Decoder(tg.nn.GRU(16, 64), tg.nn.Embedding(STOP + 1, 16))
        return tg.nn.Seq2Seq(encoder, decoder, start=START, stop=STOP)


def train(net: tg.nn.Seq2Seq, steps: int) -> Iterator[float]:
    optimizer = tg.optim.Adam(net.parameters(), lr=0.01)
    for k in range(steps):
        source, target = sums(64, seed=k)
        loss = tg.nn.cross_entropy(net(source, target), target)
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()


def quality(net: tg.nn.Seq2Seq) -> tuple[str, float]:
    source, target = sums(200, seed=10**6)
    written = tg.nn.greedy_search(net, source, limit=3)
    return "sums right, all seen in training", float(
        np.mean([one.ids == list(row[:-1]) for one, row in zip(written, target.T, strict=True)])
    )


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 100 == 0:
            print(f"step {step:3}: {loss:.3f} nats a character")
    print("{}: {:.0%}".format(*quality(net)))
    source, _ = sums(5, seed=7)
    for read, one in zip(source.T, tg.nn.greedy_search(net, source, limit=3), strict=True):
        print(words(read[::-1]), "=", words(one.ids))


if __name__ == "__main__":
    main()
