"""Sine waves in torch: a cell in a loop."""

from collections.abc import Iterator

import torch
from torch import nn

from tests.ports import port

ours = port("sine_waves")


class Waves(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(1, 24)
        self.head = nn.Linear(24, 1)

    def forward(self, x, future=0):
        h = torch.zeros(x.size(1), 24)
        c = torch.zeros(x.size(1), 24)
        answers = []
        for x_t in x:
            h, c = self.cell(x_t, (h, c))
            answers.append(self.head(h))
        for _ in range(future):
            h, c = self.cell(answers[-1], (h, c))
            answers.append(self.head(h))
        return torch.stack(answers)


def train(state, steps) -> Iterator[float]:
    net = Waves()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    data = torch.from_numpy(ours.waves(100, ours.T + 1, seed=0))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(steps):
        loss = nn.functional.mse_loss(net(data[:-1]), data[1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()
