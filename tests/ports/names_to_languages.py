"""Names to languages in torch, with packed sequences."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from tests.ports import port

ours = port("names_to_languages")


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(len(ours.LETTERS), 32)
        self.head = nn.Linear(32, len(ours.LANGUAGES))

    def forward(self, ids, lengths):
        x = nn.functional.one_hot(ids, len(ours.LETTERS)).float()
        _, h_n = self.rnn(pack_padded_sequence(x, lengths, enforce_sorted=False))
        return self.head(h_n[0])


def train(state, steps) -> Iterator[float]:
    net = Classifier()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    ids, lengths, languages = (torch.from_numpy(part) for part in ours.batch(ours.split()[0]))
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.002, weight_decay=5.0)
    for _ in range(steps):
        loss = nn.functional.cross_entropy(net(ids, lengths), languages)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()
