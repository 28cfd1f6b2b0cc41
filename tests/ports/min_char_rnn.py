"""min-char-rnn in torch, with autograd for the backward pass."""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import nn

from tests.ports import port

ours = port("min_char_rnn")


class CharRNN(nn.Module):
    def __init__(self):
        super().__init__()
        V, H = ours.V, ours.H
        self.W_xh = nn.Parameter(torch.empty(H, V, dtype=torch.float64))
        self.W_hh = nn.Parameter(torch.empty(H, H, dtype=torch.float64))
        self.W_hy = nn.Parameter(torch.empty(V, H, dtype=torch.float64))
        self.b_h = nn.Parameter(torch.empty(H, dtype=torch.float64))
        self.b_y = nn.Parameter(torch.empty(V, dtype=torch.float64))

    def forward(self, x, h):
        h = torch.tanh(self.W_xh[:, x] + self.W_hh @ h + self.b_h)
        return self.W_hy @ h + self.b_y, h


def train(state, steps) -> Iterator[float]:
    net = CharRNN()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    optimizer = torch.optim.Adagrad(net.parameters(), lr=0.03, eps=1e-8)
    for ids, anew in ours.pieces(steps):
        h = torch.zeros(ours.H, dtype=torch.float64) if anew else h.detach()  # noqa: F821
        loss = 0.0
        for x, following in pairwise(torch.from_numpy(ids)):
            y, h = net(x, h)
            loss = loss + nn.functional.cross_entropy(y, following)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(net.parameters(), 5.0)
        optimizer.step()
        yield loss.item() / ours.LENGTH
