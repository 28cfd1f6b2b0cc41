"""A cell of one's own, as torch's "Custom RNN cells" and Keras's "Working with RNNs" write one: a minimal gated unit.

One gate both forgets and resets (Zhou et al. 2016):

    f = σ(W_f x + U_f h),  n = tanh(W_n x + U_n (f ⊙ h)),  h′ = (1 − f) ⊙ h + f ⊙ n

`step` is all that has to be said. What `tg.nn.Recurrent` makes of it has layers, a second direction, lengths, streaming
and a picture, as LSTM and GRU have.

Two layers of it learn to add (Hochreiter & Schmidhuber 1997): x (T, B, 2), at each step a number in 0 … 1 and a mark,
which is 1 at two of the 20 steps → the last h (B, 32) → the sum of the marked numbers (B,). Watch the loss leave 1/6,
the variance of such a sum: until then the network answers 1, whatever it reads.
"""

from collections.abc import Iterator

import numpy as np

import tinygrad_rnn as tg

STEPS = 300


class MinimalGated(tg.nn.Cell):
    gates = 2

    def step(self, x: tg.Tensor, state: tuple[tg.Tensor, ...]) -> tuple[tg.Tensor, ...]:
        (h,) = state
        H = self.hidden_size
        x_f, x_n = tg.split(self.project_input(x), 2, axis=-1)
        f = tg.sigmoid(x_f + self.project_state(h, slice(H)))
        n = tg.tanh(x_n + self.project_state(f * h, slice(H, None)))
        return ((1 - f) * h + f * n,)


class MGU(tg.nn.Recurrent):
    cell_type = MinimalGated


class Adder(tg.nn.Module):
    def __init__(self) -> None:
        self.rnn = MGU(2, 32, num_layers=2)
        self.head = tg.nn.Linear(32, 1)

    def forward(self, x: np.ndarray) -> tg.Tensor:
        output, _ = self.rnn(x)
        return self.head(output[-1])[:, 0]


def batch(rng: np.random.Generator, rows: int = 64, steps: int = 20) -> tuple[np.ndarray, np.ndarray]:
    numbers = rng.random((steps, rows))
    marked = rng.permuted(np.arange(steps)[:, None].repeat(rows, 1) < 2, axis=0)
    return np.stack([numbers, marked], axis=-1).astype(np.float32), (numbers * marked).sum(0).astype(np.float32)


def model() -> Adder:
    with tg.nn.seeded(0):
        return Adder()


def train(net: Adder, steps: int) -> Iterator[float]:
    optimizer = tg.optim.Adam(net.parameters(), lr=0.01)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        x, y = batch(rng)
        loss = tg.nn.mse_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()


def quality(net: Adder) -> tuple[str, float]:
    x, y = batch(np.random.default_rng(1), rows=500)
    with tg.no_grad():
        return "sums right to 0.1", float(np.mean(np.abs(net(x).data - y) < 0.1))


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 50 == 0:
            print(f"step {step:3}: {loss:.4f}")
    print("{}: {:.1%}".format(*quality(net)))


if __name__ == "__main__":
    main()
