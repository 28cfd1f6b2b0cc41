"""Sine waves that go on: torch's "Time sequence prediction" example, with a cell in a loop.

100 waves of one frequency, each begun elsewhere, and so are the new ones at the end: x (T, B, 1) → LSTM cell → the
next number of each wave, (T, B, 1). While training it reads the true number at each step; at the end it reads 60 of
them and then its own last answer, 40 times. Watch the figure at the end: an error at one step is read at the next, so
it grows where the network has not understood the wave, and stays small where it has.
"""

from collections.abc import Iterator

import numpy as np

import tinygrad_rnn as tg

STEPS = 200
T = 60


def waves(rows: int, steps: int, seed: int) -> np.ndarray:
    """(steps, rows, 1): sin of t/10 from a random place on."""
    starts = np.random.default_rng(seed).uniform(0, 2 * np.pi, rows)
    return np.sin(starts + np.arange(steps)[:, None] / 10)[..., None].astype(np.float32)


class Waves(tg.nn.Module):
    def __init__(self) -> None:
        self.cell = tg.nn.LSTMCell(1, 24)
        self.head = tg.nn.Linear(24, 1)

    def forward(self, x: np.ndarray, future: int = 0) -> tg.Tensor:
        state, answers = None, []
        for t in range(len(x) + future):
            state = self.cell(x[t] if t < len(x) else answers[-1], state)
            answers.append(self.head(state[0]))
        return tg.stack(answers)


def model() -> Waves:
    with tg.nn.seeded(0):
        return Waves()


def train(net: Waves, steps: int) -> Iterator[float]:
    data = waves(100, T + 1, seed=0)
    optimizer = tg.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(steps):
        loss = tg.nn.mse_loss(net(data[:-1]), data[1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


def quality(net: Waves) -> tuple[str, float]:
    data = waves(20, T + 40, seed=1)
    with tg.no_grad():
        answers = net(data[:T], future=39).data
    return "root mean square error, 40 steps on its own", float(np.sqrt(np.mean((answers[T - 1 :] - data[T:]) ** 2)))


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 25 == 0:
            print(f"step {step:3}: {loss:.5f}")
    print("{}: {:.3f}".format(*quality(net)))


if __name__ == "__main__":
    main()
