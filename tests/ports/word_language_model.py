"""The word model in torch: tied weights, the state detached and handed on."""

from collections.abc import Iterator

import torch
from torch import nn

from tests.ports import port

ours = port("word_language_model")


class WordModel(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embedding = nn.Embedding(words, 32)
        self.rnn = nn.GRU(32, 32)
        self.head = nn.Linear(32, words)
        self.head.weight = self.embedding.weight

    def forward(self, ids, state=None):
        output, state = self.rnn(self.embedding(ids), state)
        return self.head(output), state


def train(state, steps) -> Iterator[float]:
    net = WordModel(len(ours.WORDS))
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()}, strict=False)
    ids = torch.from_numpy(ours.text(10 * 20 * steps + 1, seed=0))
    rows = (len(ids) - 1) // 10
    x = ids[: rows * 10].view(10, rows).t().contiguous()
    y = ids[1 : rows * 10 + 1].view(10, rows).t().contiguous()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    hidden = None
    for k in range(0, rows, 20):
        logits, hidden = net(x[k : k + 20], hidden)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y[k : k + 20].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        hidden = hidden.detach()
        yield loss.item()
