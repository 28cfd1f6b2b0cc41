"""Translation with attention, in torch: Bahdanau's score, Luong's place for the context."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.ports import port

ours = port("translation_with_attention")
START = ours.FRENCH.index("<start>")  # 0: it stands in the pads too, and is never a target


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(ours.ENGLISH), 16)
        self.rnn = nn.GRU(16, 16, bidirectional=True)

    def forward(self, source, lengths):
        packed = pack_padded_sequence(self.embedding(source), lengths, enforce_sorted=False)
        output, h = self.rnn(packed)
        output, _ = pad_packed_sequence(output)
        return output, torch.cat([h[0], h[1]], dim=-1).unsqueeze(0)


class AdditiveAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.key = nn.Linear(32, 32, bias=False)
        self.query = nn.Linear(32, 32)
        self.energy = nn.Linear(32, 1, bias=False)

    def forward(self, query, memory, mask):
        energy = torch.tanh(self.query(query).unsqueeze(1) + self.key(memory))
        scores = self.energy(energy).squeeze(-1).masked_fill(~mask, -torch.inf)
        weights = scores.softmax(dim=-1)
        return torch.bmm(weights.unsqueeze(1), memory).squeeze(1)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(ours.FRENCH), 16)
        self.rnn = nn.GRU(16, 32)
        self.attention = AdditiveAttention()
        self.combine = nn.Linear(64, 32)
        self.head = nn.Linear(32, len(ours.FRENCH))

    def forward(self, token, h, memory, mask):
        output, h = self.rnn(self.embedding(token).unsqueeze(0), h)
        output = output.squeeze(0)
        context = self.attention(output, memory, mask)
        return self.head(torch.tanh(self.combine(torch.cat([context, output], dim=-1)))), h


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, source, target, lengths):
        memory, h = self.encoder(source, lengths)
        memory = memory.transpose(0, 1)
        mask = torch.arange(len(source)) < lengths.unsqueeze(1)
        token, logits = torch.full_like(target[0], START), []
        for true in target:
            step, h = self.decoder(token, h, memory, mask)
            logits.append(step)
            token = true
        return torch.stack(logits)


def train(state, steps) -> Iterator[float]:
    net = Seq2Seq()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for (source, lengths), (target, _) in ours.batches(steps):
        source, target, lengths = map(torch.from_numpy, (source, target, lengths))
        logits = net(source, target, lengths)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=START)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        yield loss.item()
