"""Numbers in words, written by a decoder that is weaned from the truth: scheduled sampling, after Bengio et al. 2015.

"342" is "three hundred forty two": digits (S, B) → embedding → GRU → a state, from which a second GRU writes words:
logits (T, B, V). What does it read at each step? In training the true word before is at hand, later only its own, with
its mistakes. Torch's chatbot tutorial throws one coin for a batch, its `teacher_forcing_ratio`; here one is thrown for
each row and step, and the probability of the truth falls from 0.98 towards 0.

Watch p beside the loss, which goes on falling while the truth is taken away. A quarter of the numbers is held out, and
counted at the end.
"""

import math
from collections.abc import Iterator
from itertools import chain, islice, repeat
from typing import Any

import numpy as np

import tinygrad_rnn as tg

STEPS = 300
ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS = ["<start>", "<stop>", *ONES, *TENS, "hundred"]


def words(n: int) -> list[str]:
    if n >= 100:
        return [ONES[n // 100], "hundred", *(words(n % 100) if n % 100 else [])]
    if n >= 20:
        return [TENS[n // 10 - 2], *(words(n % 10) if n % 10 else [])]
    return [ONES[n]]


PAIRS = [([int(digit) for digit in str(n)], [WORDS.index(w) for w in [*words(n), "<stop>"]]) for n in range(1000)]
ORDER = np.random.default_rng(0).permutation(len(PAIRS))
HELD_OUT, SHOWN = [PAIRS[k] for k in ORDER[:250]], [PAIRS[k] for k in ORDER[250:]]


def batches(steps: int) -> Iterator[tuple[Any, Any]]:
    """((source, lengths), (target, target_lengths)), one epoch after the other; 0 stands in the pads."""
    return islice(chain.from_iterable(repeat(tg.data.Batches(SHOWN, batch=32, rng=0))), steps)


def p_truth(step: int, k: float = 40) -> float:
    """The probability that the decoder reads the true word before: 0.98 at first, 0.5 at k·log k = 148 steps."""
    return k / (k + math.exp(step / k))


def model() -> tg.nn.Seq2Seq:
    with tg.nn.seeded(0):
        encoder = tg.nn.Encoder(tg.nn.GRU(16, 48), tg.nn.Embedding(10, 16))
        decoder = tg.nn.Decoder(tg.nn.GRU(16, 48), tg.nn.Embedding(len(WORDS), 16))
    return tg.nn.Seq2Seq(encoder, decoder, start=WORDS.index("<start>"), stop=WORDS.index("<stop>"))


def train(net: tg.nn.Seq2Seq, steps: int) -> Iterator[float]:
    optimizer = tg.optim.Adam(net.parameters(), lr=0.01)
    coins = np.random.default_rng(0)
    for step, ((source, lengths), (target, target_lengths)) in enumerate(batches(steps)):
        logits = net(source, target, lengths, teacher_forcing=p_truth(step), rng=coins)
        loss = tg.nn.sequence_loss(logits, target, target_lengths)
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()


def quality(net: tg.nn.Seq2Seq) -> tuple[str, float]:
    source, lengths = tg.data.pad_sequences([digits for digits, _ in HELD_OUT])
    written = tg.nn.greedy_search(net, source, lengths, limit=6)
    right = [[*w.ids, net.stop] == target for w, (_, target) in zip(written, HELD_OUT, strict=True)]
    return "numbers right", float(np.mean(right))


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 50 == 0:
            print(f"step {step:3}: {loss:.4f} nats a word, p = {p_truth(step):.2f}")
    print("{}: {:.1%}".format(*quality(net)))
    for digits, _ in HELD_OUT[:5]:
        (written,) = tg.nn.greedy_search(net, np.array(digits)[:, None], limit=6)
        print("   ", *digits, "→", " ".join(WORDS[k] for k in written.ids))


if __name__ == "__main__":
    main()
