"""Kind or unkind, in torch: a packed sequence's last state."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from tests.ports import port

ours = port("many_to_one_with_lengths")


class Sentiment(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(ours.WORDS), 16)
        self.rnn = nn.LSTM(16, 32)
        self.head = nn.Linear(32, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, enforce_sorted=False)
        _, (h_n, _) = self.rnn(packed)
        return self.head(h_n[-1]).squeeze(-1)


def train(state, steps) -> Iterator[float]:
    net = Sentiment()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
    for (x, lengths), labels in ours.batches(steps):
        logits = net(torch.from_numpy(x), torch.from_numpy(lengths))
        loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(labels).float())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()
