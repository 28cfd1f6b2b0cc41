"""Parts of speech in torch: packed sequences take the place of lengths."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.ports import port

ours = port("tagging")


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(ours.WORDS), 16)
        self.rnn = nn.LSTM(16, 16, bidirectional=True)
        self.head = nn.Linear(32, len(ours.TAGS))

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embedding(ids), lengths, enforce_sorted=False)
        output, _ = pad_packed_sequence(self.rnn(packed)[0])
        return self.head(output)


def train(state, steps) -> Iterator[float]:
    net = Tagger()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    ids, tags, lengths = (torch.from_numpy(part) for part in ours.batch(ours.SENTENCES))
    tags = tags.masked_fill(torch.arange(len(ids))[:, None] >= lengths, -100)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(steps):
        loss = nn.functional.cross_entropy(net(ids, lengths).flatten(0, 1), tags.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()
