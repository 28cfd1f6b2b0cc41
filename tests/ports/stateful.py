"""The stream in pieces, in torch: the state detached and handed on."""

from collections.abc import Iterator

import torch
from torch import nn

from tests.ports import port

ours = port("stateful")


class Switch(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 16)
        self.head = nn.Linear(16, 1)

    def forward(self, x, state=None):
        output, state = self.rnn(x, state)
        return self.head(output).squeeze(-1), state


def train(state, steps) -> Iterator[float]:
    net = Switch()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
    hidden = None
    for x, y in ours.pieces(steps, seed=0):
        logits, hidden = net(torch.from_numpy(x), hidden)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(y))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        hidden = hidden.detach()
        yield loss.item()
