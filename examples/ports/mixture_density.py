"""An LSTM that says what comes next as a mixture of Gaussians, as Graves's handwriting and Sketch-RNN do.

Points (T, B, 1) → LSTM (T, B, 32) → head (T, B, 3·K): of each of K Gaussians a logit, a mean and a log σ. The loss is
−log p(y) = −log Σ_k softmax(logits)_k N(y; μ_k, σ_k), taken over logs: a `logsumexp`.

The curve is a noisy wave that changes sides, at one step in five, so that the next point has two places to be; the mean
of both is where it never is. Watch the loss: one Gaussian (K = 1) comes to 1.2 nats a point, two come close to the 0.31
that coin and noise leave to who knows the wave. Then the network draws a curve of its own.
"""

import math
from collections.abc import Iterator

import numpy as np

import tinygrad_rnn as tg

STEPS = 300
K = 2
Mixture = tuple[tg.Tensor, tg.Tensor, tg.Tensor]


def curves(rng: np.random.Generator, rows: int = 32, steps: int = 41) -> np.ndarray:
    """(T, B, 1): waves of one frequency that begin anywhere, in a noise of σ = 0.2."""
    t = np.arange(steps)[:, None] + rng.uniform(0, 20, rows)
    side = np.cumprod(rng.choice([1, -1], (steps, rows), p=[0.8, 0.2]), axis=0)
    points = side * (1 + 0.5 * np.sin(2 * np.pi * t / 20)) + 0.2 * rng.standard_normal((steps, rows))
    return points[..., None].astype(np.float32)


class MixtureDensity(tg.nn.Module):
    def __init__(self) -> None:
        self.rnn = tg.nn.LSTM(1, 32)
        self.head = tg.nn.Linear(32, 3 * K)

    def forward(self, x: np.ndarray) -> Mixture:
        return self.mixture(self.rnn(x)[0])

    def mixture(self, h: tg.Tensor) -> Mixture:
        """(log weights, means, log σ), each (…, K)."""
        logits, mean, log_sigma = tg.split(self.head(h), 3, axis=-1)
        return tg.log_softmax(logits), mean, log_sigma


def log_p(mixture: Mixture, y: np.ndarray) -> tg.Tensor:
    log_weight, mean, log_sigma = mixture
    z = (y - mean) / tg.exp(log_sigma)
    return tg.logsumexp(log_weight - 0.5 * z**2 - log_sigma - 0.5 * math.log(2 * math.pi), axis=-1)


def model() -> MixtureDensity:
    with tg.nn.seeded(0):
        return MixtureDensity()


def train(net: MixtureDensity, steps: int) -> Iterator[float]:
    optimizer = tg.optim.Adam(net.parameters(), lr=0.01)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        points = curves(rng)
        loss = -log_p(net(points[:-1]), points[1:]).mean()
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()


def quality(net: MixtureDensity) -> tuple[str, float]:
    points = curves(np.random.default_rng(1), rows=200)
    with tg.no_grad():
        return "log p of a point, −0.31 at best", log_p(net(points[:-1]), points[1:]).mean().item()


def drawn(net: MixtureDensity, steps: int, rng: np.random.Generator) -> Iterator[float]:
    """A curve, each point drawn from the mixture after those before it."""
    y: np.ndarray = np.ones((1, 1))
    state = None
    for _ in range(steps):
        h, state = net.rnn.step(y, state)
        log_weight, mean, log_sigma = (part.data[0] for part in net.mixture(h))
        k = tg.train.sample_logits(log_weight, rng=rng)
        y = rng.normal(mean[k], np.exp(log_sigma[k]), (1, 1))
        yield y.item()


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 50 == 0:
            print(f"step {step:3}: {loss:.4f} nats a point")
    print("{}: {:.2f}".format(*quality(net)))
    for y in drawn(net, 25, np.random.default_rng(0)):
        print(" " * round(30 + 18 * y) + "•")


if __name__ == "__main__":
    main()
