"""The character model in a hundred lines of NumPy by Karpathy ("min-char-rnn"), here without a backward pass.

One character a step, as a column of W_xh, into a vanilla cell of one row: h = tanh(W_xh x + W_hh h + b_h), and its
logits y = W_hy h + b_y (V,). The losses of 25 steps are added up; each gradient is clipped number by number to ±5, and
Adagrad takes the step. The state goes on to the next 25 characters, its gradient does not. In the original a page of
derivatives follows; here `loss.backward()` does. Watch what it writes: first letters, then words of the text.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

import tinygrad_rnn as tg

STEPS = 1000
LENGTH = 25
TEXT = (
    "the same function and the same weights at every step, only the state is new. what was read stands in the state. "
    "the loss of each step is added up, and the gradient goes back through every step to the first. "
)
CHARACTERS = sorted(set(TEXT))
V, H = len(CHARACTERS), 64


class CharRNN(tg.nn.Module):
    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        for name, shape in {"W_xh": (H, V), "W_hh": (H, H), "W_hy": (V, H)}.items():
            setattr(self, name, tg.nn.Parameter(0.05 * rng.standard_normal(shape)))
        self.b_h, self.b_y = tg.nn.Parameter(np.zeros(H)), tg.nn.Parameter(np.zeros(V))

    def forward(self, x: int, h: tg.Tensor | np.ndarray) -> tuple[tg.Tensor, tg.Tensor]:
        h = tg.tanh(self.W_xh[:, x] + self.W_hh @ h + self.b_h)
        return self.W_hy @ h + self.b_y, h


def model() -> CharRNN:
    return CharRNN()


def pieces(steps: int) -> Iterator[tuple[np.ndarray, bool]]:
    """(25 characters and the one behind them, whether the text began anew)."""
    ids, place = np.array([CHARACTERS.index(c) for c in TEXT]), 0
    for _ in range(steps):
        if place + LENGTH + 1 > len(ids):
            place = 0
        yield ids[place : place + LENGTH + 1], place == 0
        place += LENGTH


def train(net: CharRNN, steps: int) -> Iterator[float]:
    optimizer = tg.optim.Adagrad(net.parameters(), lr=0.03, eps=1e-8)
    for ids, anew in pieces(steps):
        h = np.zeros(H) if anew else h.detach()  # noqa: F821
        loss = 0.0
        for x, following in pairwise(ids):
            y, h = net(x, h)
            loss = loss + tg.nn.cross_entropy(y, following)
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_value_(net.parameters(), 5.0)
        optimizer.step()
        yield loss.item() / LENGTH


def write(net: CharRNN, length: int, temperature: float = 0.5) -> str:
    rng, x, h, written = np.random.default_rng(0), CHARACTERS.index(" "), np.zeros(H), []
    with tg.no_grad():
        for _ in range(length):
            y, h = net(x, h)
            x = int(tg.train.sample_logits(y, temperature=temperature, rng=rng))
            written.append(CHARACTERS[x])
    return "".join(written)


def quality(net: CharRNN) -> tuple[str, float]:
    known = set(TEXT.replace(".", "").replace(",", "").split())
    words = write(net, 500).replace(".", "").replace(",", "").split()
    return "words that are words of the text", float(np.mean([word in known for word in words]))


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 200 == 0:
            print(f"step {step:4}: {loss:.3f} nats a character: {write(net, 60)}")
    print("{}: {:.0%}".format(*quality(net)))
    print(write(net, 100))


if __name__ == "__main__":
    main()
