"""Scheduled sampling in torch: the loop over the words, a coin for each row and step."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from tests.ports import port

ours = port("scheduled_sampling")
START = ours.WORDS.index("<start>")  # 0: it stands in the pads too, and is never a target


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 16)
        self.rnn = nn.GRU(16, 48)

    def forward(self, source, lengths):
        _, h = self.rnn(pack_padded_sequence(self.embedding(source), lengths, enforce_sorted=False))
        return h


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(ours.WORDS), 16)
        self.rnn = nn.GRU(16, 48)
        self.head = nn.Linear(48, len(ours.WORDS))

    def forward(self, token, h):
        output, h = self.rnn(self.embedding(token).unsqueeze(0), h)
        return self.head(output.squeeze(0)), h


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, source, target, lengths, truth):
        h = self.encoder(source, lengths)
        token, logits = torch.full_like(target[0], START), []
        for true, coin in zip(target, truth, strict=True):
            step, h = self.decoder(token, h)
            logits.append(step)
            token = torch.where(coin, true, step.argmax(dim=-1))
        return torch.stack(logits)


def train(state, steps) -> Iterator[float]:
    net = Seq2Seq()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    rng = np.random.default_rng(0)
    for step, ((source, lengths), (target, _)) in enumerate(ours.batches(steps)):
        truth = torch.from_numpy(rng.random(target.shape) < ours.p_truth(step))
        source, target, lengths = map(torch.from_numpy, (source, target, lengths))
        logits = net(source, target, lengths, truth)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=START)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()
