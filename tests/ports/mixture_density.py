"""The mixture density network in torch, whose distributions know the density of a mixture."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical, MixtureSameFamily, Normal

from tests.ports import port

ours = port("mixture_density")


class MixtureDensity(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 32)
        self.head = nn.Linear(32, 3 * ours.K)

    def forward(self, x):
        output, _ = self.rnn(x)
        logits, mean, log_sigma = self.head(output).chunk(3, dim=-1)
        return MixtureSameFamily(Categorical(logits=logits), Normal(mean, log_sigma.exp()))


def train(state, steps) -> Iterator[float]:
    net = MixtureDensity()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        points = torch.from_numpy(ours.curves(rng))
        loss = -net(points[:-1]).log_prob(points[1:].squeeze(-1)).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()
