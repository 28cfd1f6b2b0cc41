"""seeded: one line seeds a whole model, equal to what one generator handed to each layer gives."""

import threading

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn


class Own(nn.Module):
    """A model of one's own: layers, a cell of one's own, a dropout, and a parameter of its own."""

    def __init__(self, rng=None):
        self.embedding = nn.Embedding(7, 4, rng=rng)
        self.rnn = nn.LSTM(4, 5, num_layers=2, bidirectional=True, dropout=0.5, recurrent_init="orthogonal", rng=rng)
        self.cells = [nn.GRUCell(10, 3, rng=rng), nn.Dropout(0.5, rng=rng)]
        self.scale = nn.Parameter(nn.init.normal((3,), rng=rng))
        self.head = nn.Linear(3, 2, rng=rng)

    def forward(self, ids):
        h, drop = self.cells
        return self.head(drop(h(self.rnn(self.embedding(ids))[0][-1])) * self.scale)


IDS = np.arange(14).reshape(7, 2) % 7


def values(model):
    return {name: array.tolist() for name, array in model.state_dict().items()}


def made(seed):
    with nn.seeded(seed):
        return Own()


def test_a_seed_is_a_model():
    assert values(made(0)) == values(made(0))
    assert all(a != b for a, b in zip(values(made(0)).values(), values(made(1)).values(), strict=True))


def test_it_is_what_one_generator_handed_to_each_layer_gives():
    one, other = made(3), Own(np.random.default_rng(3))
    assert values(one) == values(other)
    for _ in range(2):  # dropout goes on drawing from it
        assert one(IDS).tolist() == other(IDS).tolist()


def test_a_generator_goes_on_from_where_it_stands():
    rng = np.random.default_rng(5)
    with nn.seeded(rng) as given:
        first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    assert given is rng
    again = np.random.default_rng(5)
    assert [values(nn.Linear(2, 2, rng=again)) for _ in range(2)] == [values(first), values(second)]


def test_a_seed_of_its_own_counts():
    with nn.seeded(0):
        layer, after = nn.Linear(2, 2, rng=9), nn.Linear(2, 2)
    assert values(layer) == values(nn.Linear(2, 2, rng=9))
    assert values(after) == values(nn.Linear(2, 2, rng=0))


def test_blocks_nest_and_nothing_outlives_them():
    with nn.seeded(0):
        nn.Linear(2, 2)
        with nn.seeded(1):
            inner = nn.Linear(2, 2)
        outer = nn.Linear(2, 2)
        with pytest.raises(ArithmeticError), nn.seeded(2):
            raise ArithmeticError
        last = nn.Linear(2, 2)
    assert values(inner) == values(nn.Linear(2, 2, rng=1))
    rng = np.random.default_rng(0)
    assert [values(outer), values(last)] == [values(nn.Linear(2, 2, rng=rng)) for _ in range(3)][1:]
    assert values(nn.Linear(2, 2)) != values(nn.Linear(2, 2))


def test_another_thread_does_not_draw_from_it():
    found = []
    with nn.seeded(0):
        thread = threading.Thread(target=lambda: found.append(nn.Linear(2, 2)))
        thread.start()
        thread.join()
        own = nn.Linear(2, 2)
    assert values(own) == values(nn.Linear(2, 2, rng=0))
    assert values(found[0]) != values(own)


def test_NumPys_own_generator_is_not_touched():
    np.random.seed(0)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    made(1)
    assert np.random.random() == expected  # noqa: NPY002


@pytest.mark.parametrize("wrong", [-1, 1.5, "0", [1]])
def test_what_is_no_seed_is_refused(wrong):
    with pytest.raises(tg.OptionError, match=r"^seeded: rng="), nn.seeded(wrong):
        pass


def test_batches_and_samples_draw_from_it_too():
    with nn.seeded(4) as rng:
        order = [x.tolist() for x, _ in tg.data.Batches([[k] for k in range(20)], 2)]
        drawn = tg.train.sample_logits(np.zeros((9, 5)))
    again = np.random.default_rng(4)
    assert order == [x.tolist() for x, _ in tg.data.Batches([[k] for k in range(20)], 2, rng=again)]
    assert drawn.tolist() == tg.train.sample_logits(np.zeros((9, 5)), rng=again).tolist()
    assert rng.bit_generator.state == again.bit_generator.state
