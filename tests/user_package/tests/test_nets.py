"""The module, the cell and the layer."""

from gated_decay import Decay, DecayCell, DecayRNN
from hypothesis import Phase, given, settings

import tinygrad_rnn as tg
from tinygrad_rnn.testing import check_module, check_recurrent, sequences, values

# a hundred runs of the whole sequence for each; a smaller one would tell no more than the report does
few = settings(max_examples=4, phases=[Phase.generate])


@few
@given(values((2, 3)), values((2, 1), domain="positive"))
def test_the_module(x, t):
    check_module(Decay(3, rng=0), x, t)


@few
@given(sequences(T=4, B=2, I=3))
def test_the_cell(x):
    check_recurrent(DecayCell(3, 2, rng=0), x)


@few
@given(sequences(T=3, B=2, I=2))
def test_two_layers(x):
    check_recurrent(DecayRNN(2, 2, num_layers=2, rng=0), x)


def test_the_rate_is_a_parameter_and_learns():
    layer = DecayRNN(2, 3, rng=0)
    output, _ = layer(tg.tensor([[[1.0, 2.0]], [[0.5, -1.0]]]))
    output.sum().backward()
    assert layer.rate_l0.grad.shape == (3,)
    assert tg.norm(layer.rate_l0.grad).item() > 0
