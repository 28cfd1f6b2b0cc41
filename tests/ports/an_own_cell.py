"""The minimal gated unit in torch: a loop over layers and steps, written out."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn.functional import linear, mse_loss

from tests.ports import port

ours = port("an_own_cell")


class MGU(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers):
        super().__init__()
        self.hidden_size, self.num_layers = hidden_size, num_layers
        for k in range(num_layers):
            self.register_parameter(f"weight_ih_l{k}", nn.Parameter(torch.empty(2 * hidden_size, input_size)))
            self.register_parameter(f"weight_hh_l{k}", nn.Parameter(torch.empty(2 * hidden_size, hidden_size)))
            self.register_parameter(f"bias_ih_l{k}", nn.Parameter(torch.empty(2 * hidden_size)))
            self.register_parameter(f"bias_hh_l{k}", nn.Parameter(torch.empty(2 * hidden_size)))
            input_size = hidden_size

    def forward(self, x):
        for k in range(self.num_layers):
            w_ih, b_ih = getattr(self, f"weight_ih_l{k}"), getattr(self, f"bias_ih_l{k}")
            u_f, u_n = getattr(self, f"weight_hh_l{k}").chunk(2)
            b_f, b_n = getattr(self, f"bias_hh_l{k}").chunk(2)
            h = x.new_zeros(x.shape[1], self.hidden_size)
            outputs = []
            for x_f, x_n in (step.chunk(2, dim=-1) for step in linear(x, w_ih, b_ih)):
                f = torch.sigmoid(x_f + linear(h, u_f, b_f))
                n = torch.tanh(x_n + linear(f * h, u_n, b_n))
                h = (1 - f) * h + f * n
                outputs.append(h)
            x = torch.stack(outputs)
        return x


class Adder(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = MGU(2, 32, num_layers=2)
        self.head = nn.Linear(32, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[-1]).squeeze(-1)


def train(state, steps) -> Iterator[float]:
    net = Adder()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        x, y = map(torch.from_numpy, ours.batch(rng))
        loss = mse_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()
