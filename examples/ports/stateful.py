"""A stream without end, read in pieces: what Keras does by `stateful=True`, and torch's word language model by hand.

Each of 64 rows is a noisy line on which a switch is thrown now and then, +1 for on, −1 for off, at one step in 20. At
every step the network says whether it is on: x (T, B, 1) → GRU → logits (T, B). A piece has 10 steps, so that in most
of them nothing is thrown: the answer stands in the state alone.

No layer keeps a state. What is left after a piece is handed to the next, `output, state = rnn(x, state)`, and detached:
the values go on, the graph ends, and a gradient reaches back to the start of its own piece. Watch the two figures at
the end: with the state handed on, and with zeros at the start of each piece.
"""

from collections.abc import Iterator

import numpy as np

import tinygrad_rnn as tg

STEPS = 300
ROWS = 64


def pieces(count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(x, whether it is on): each row goes on where it stood in the piece before, and begins switched off."""
    rng = np.random.default_rng(seed)
    on = np.zeros(ROWS)
    for _ in range(count):
        throws = rng.choice([0, 1, -1], (10, ROWS), p=[0.95, 0.025, 0.025])
        y = np.empty_like(throws)
        for t, thrown in enumerate(throws):
            y[t] = on = np.where(thrown == 0, on, thrown > 0)
        x = throws + 0.1 * rng.standard_normal(throws.shape)
        yield x[..., None].astype(np.float32), y.astype(np.float32)


class Switch(tg.nn.Module):
    def __init__(self) -> None:
        self.rnn = tg.nn.GRU(1, 16)
        self.head = tg.nn.Linear(16, 1)

    def forward(self, x: np.ndarray, state: tg.Tensor | None = None) -> tuple[tg.Tensor, tg.Tensor]:
        output, state = self.rnn(x, state)
        return self.head(output)[..., 0], state


def model() -> Switch:
    with tg.nn.seeded(0):
        return Switch()


def train(net: Switch, steps: int) -> Iterator[float]:
    optimizer = tg.optim.Adam(net.parameters(), lr=0.005)
    state = None
    for x, y in pieces(steps, seed=0):
        logits, state = net(x, state)
        loss = tg.nn.binary_cross_entropy_with_logits(logits, y)
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        state = tg.train.detach_state(state)
        yield loss.item()


def right(net: Switch, handed_on: bool) -> float:
    """The share of right answers in a new stream."""
    state, answers = None, []
    with tg.no_grad():
        for x, y in pieces(200, seed=1):
            logits, state = net(x, state if handed_on else None)
            answers.append((logits.data > 0) == y)
    return float(np.mean(answers))


def quality(net: Switch) -> tuple[str, float]:
    return "steps right", right(net, handed_on=True)


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 50 == 0:
            print(f"step {step:3}: {loss:.4f} nats a step")
    print("{}: {:.1%}".format(*quality(net)))
    print(f"from zeros in each piece: {right(net, handed_on=False):.1%}")


if __name__ == "__main__":
    main()
