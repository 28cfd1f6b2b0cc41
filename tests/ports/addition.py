"""Sums as texts in torch: an encoder, and a decoder that reads the true character before."""

from collections.abc import Iterator

import torch
from torch import nn

from tests.ports import port

ours = port("addition")
V = ours.STOP + 1


class Half(nn.Module):
    def __init__(self, head):
        super().__init__()
        self.embedding = nn.Embedding(V, 16)
        self.rnn = nn.GRU(16, 64)
        if head:
            self.head = nn.Linear(64, V)

    def forward(self, ids, hidden=None):
        return self.rnn(self.embedding(ids), hidden)


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Half(head=False)
        self.decoder = Half(head=True)

    def forward(self, source, target):
        _, hidden = self.encoder(source)
        start = torch.full_like(target[:1], ours.START)
        output, _ = self.decoder(torch.cat([start, target[:-1]]), hidden)
        return self.decoder.head(output)


def train(state, steps) -> Iterator[float]:
    net = Seq2Seq()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for k in range(steps):
        source, target = (torch.from_numpy(part) for part in ours.sums(64, seed=k))
        loss = nn.functional.cross_entropy(net(source, target).flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()
