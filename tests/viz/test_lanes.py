"""Floors and parts: a layer stands above what it reads in the same step, beside nothing that runs at the same time."""

import pytest

import tinygrad_rnn as tg
from tests.viz.topologies import TOPOLOGIES
from viz.scene.lanes import places
from viz.views import picture


@pytest.mark.parametrize(
    ("name", "floors"),
    [
        ("lstm", [(0, 0)]),
        ("lstm two layers", [(0, 0), (2, 0)]),
        ("lstm three layers", [(0, 0), (2, 0), (4, 0)]),
        ("gru three stacked cells", [(0, 0), (2, 0), (4, 0)]),
        ("rnn both ways", [(0, 0), (2, 0)]),
        ("a layer called twice carried", [(0, 0)]),
        ("a layer called twice apart", [(0, 0), (2, 0)]),
        ("a layer on another layers output", [(0, 0), (2, 0)]),
        ("sequence to sequence", [(0, 0), (0, 1)]),
        ("sequence to sequence, two layers", [(0, 0), (2, 0), (0, 1), (2, 1)]),
        ("square", []),
    ],
)
def test_every_layer_has_a_floor_and_a_part(name, floors):
    assert [(lane.slot, lane.block) for lane in places(tg.graph(TOPOLOGIES[name]())).lanes] == floors


def test_what_is_made_of_one_layer_alone_stands_above_it():
    x = [[[1.0, 0.5]], [[0.25, -1.0]]]
    below, above = (tg.nn.RNN(2, 3, rng=seed, dtype=float)(x)[0] for seed in (0, 1))
    own = [tg.label((h * h).sum(), "loss", "L") for h in (below, above)]
    assert [item.slot for item in picture(tg.graph(*own)).items if item.kind == "loss"] == [1, 3]
    both = picture(tg.graph(tg.label(own[0] + own[1], "loss", "L")))
    assert [item.slot for item in both.items if item.kind == "total"] == [3]


def test_layers_that_read_each_other_stand_in_the_order_in_which_they_began():
    cells = [tg.nn.RNNCell(2, 2, rng=seed, dtype=float) for seed in (0, 1)]
    a = b = None
    for t in (1, 2):
        with tg.step(t, of=2):
            with tg.scope("one"):
                a = cells[0]([[1.0, 0.0]] if b is None else b, a)
            with tg.scope("other"):
                b = cells[1](a, b)
    assert [lane.slot for lane in places(tg.graph((b * b).sum())).lanes] == [0, 2]
