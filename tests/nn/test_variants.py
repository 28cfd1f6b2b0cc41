"""The textbook's cells are the textbook; what changes their step is another class. Their numbers: test_layers.py."""

import copy
import inspect
import pickle

import numpy as np
import pytest

from tinygrad_rnn import nn
from tinygrad_rnn.errors import OptionError

ASKED = [
    (nn.LSTMCell, {"proj_size": 2}, nn.variants.ExtendedLSTMCell),
    (nn.LSTMCell, {"peepholes": True}, nn.variants.ExtendedLSTMCell),
    (nn.LSTMCell, {"layer_norm": True}, nn.variants.ExtendedLSTMCell),
    (nn.GRUCell, {"reset_after": False}, nn.variants.ResetBeforeGRUCell),
]
each_variant = pytest.mark.parametrize(("textbook", "options", "variant"), ASKED, ids=str)


@each_variant
def test_an_option_chooses_the_variant(textbook, options, variant):
    cell = textbook(3, 4, rng=0, **options)
    assert type(cell) is variant
    assert isinstance(cell, textbook)
    assert type(variant(3, 4, **options)) is variant


@pytest.mark.parametrize("textbook", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_without_one_it_is_the_textbooks(textbook):
    plain = {option: value for option, (value, _) in textbook.variants.items()}
    assert type(textbook(3, 4)) is type(textbook(3, 4, **plain)) is textbook
    lines = inspect.getsource(textbook.step).splitlines()[1:]
    assert len(lines) <= 9  # so that they fit on one slide
    assert not [line for line in lines if "self.peep" in line or "None" in line]


@each_variant
def test_a_copy_and_a_pickle_are_the_variant_too(textbook, options, variant):
    cell, x = textbook(3, 4, rng=0, **options), np.ones((2, 3), np.float32)
    for twin in (copy.copy(cell), copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):
        assert type(twin) is variant
        for mine, its in zip(cell(x), twin(x), strict=True):
            np.testing.assert_array_equal(mine.data, its.data)


@each_variant
def test_a_step_of_ones_own_does_not_know_the_variants(textbook, options, variant):
    class Mine(textbook):
        """Another step, or the same."""

    class MineToo(variant):
        """The variant's step."""

    with pytest.raises(OptionError, match=rf"Mine: its step does not know(.|\n)*variants\.{variant.__name__}"):
        Mine(3, 4, **options)
    assert type(Mine(3, 4)) is Mine
    assert type(MineToo(3, 4, **options)) is MineToo


def test_peepholes_projection_and_normalisation_go_together():
    cell = nn.LSTMCell(3, 5, proj_size=2, peepholes=True, layer_norm=True, rng=0)
    names = ["weight_hr", "peephole", "gain_c", "bias_c"]
    assert [name for name, _ in cell.named_parameters()][-4:] == names
    h, c = cell(np.ones((2, 3), np.float32))
    (h.sum() + c.sum()).backward()
    assert all(parameter.grad is not None for parameter in cell.parameters())
