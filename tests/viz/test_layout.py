"""Where things go: time to the right, nothing overlaps, every label fits its shape."""

import itertools
from itertools import pairwise

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.viz.samples import net
from viz.layout.geometry import text_size
from viz.layout.place import layout
from viz.views import picture

CASES = [(k, layers, T, view, g) for k in ("RNN", "LSTM", "GRU") for layers in (1, 2) for T in (1, 2, 3, 6)
         for view in ("cell", "op") for g in (False, True)]  # fmt: skip


def planned(kind, layers, T, view, gradients=False):
    return layout(picture(net(kind, T, layers).graph(gradients=gradients), view, gradients=gradients))


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize(("kind", "layers", "T", "view", "gradients"), CASES)
def test_shapes_keep_apart_and_hold_their_labels(kind, layers, T, view, gradients):
    places = list(planned(kind, layers, T, view, gradients).places.values())
    clashes = [(a.item.id, b.item.id) for k, a in enumerate(places) for b in places[:k] if overlap(a.box, b.box)]
    assert not clashes
    assert all(text_size(p.item.label)[0] <= p.w and text_size(p.item.label)[1] <= p.h for p in places)


@pytest.mark.parametrize("view", ["cell", "op"])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_time_runs_to_the_right_in_a_regular_grid(kind, view):
    plan = planned(kind, 2, 6, view)
    steps = {}
    for place in plan.places.values():
        if place.item.column and place.item.kind != "total":
            steps.setdefault(place.item.key, []).append((place.item.column, place.x, place.y))
    pitches = {round(b[1] - a[1], 6) for row in steps.values() for a, b in itertools.pairwise(row)}
    heights = {max(y for *_, y in row) - min(y for *_, y in row) for row in steps.values()}
    assert len(pitches) == 1
    assert pitches.pop() > 0
    assert heights == {0}


def crossed(plan, edge):
    """The shapes that an edge runs through, its own ends apart."""
    others = [p for p in plan.places.values() if p.item.id not in (edge.source, edge.target)]
    for (ax, ay), (bx, by) in pairwise(plan.lines[plan.picture.edges.index(edge)]):
        for k in range(101):
            x, y = ax + (bx - ax) * k / 100, ay + (by - ay) * k / 100
            yield from (p.item.id for p in others if abs(x - p.x) < p.w / 2 and abs(y - p.y) < p.h / 2)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("view", ["cell", "op"])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_no_edge_runs_through_a_shape(kind, view, layers):
    plan = planned(kind, layers, 3, view)
    assert not {(edge.source, edge.target, id) for edge in plan.picture.edges for id in crossed(plan, edge)}


@pytest.mark.parametrize("options", [{"bidirectional": True}, {"learn_initial": True}], ids=lambda o: next(iter(o)))
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_two_directions_and_learnt_first_states_are_laid_out_as_clearly(kind, options):
    output, _ = getattr(tg.nn, kind)(3, 4, rng=0, **options)(np.ones((3, 3), np.float32))
    plan = layout(picture(tg.graph(output.sum())))
    places = list(plan.places.values())
    assert not [1 for k, a in enumerate(places) for b in places[:k] if overlap(a.box, b.box)]
    assert not {(edge.source, edge.target, id) for edge in plan.picture.edges for id in crossed(plan, edge)}


def test_frames_of_two_steps_keep_apart_and_out_of_the_gutter():
    plan = planned("LSTM", 1, 3, "op")
    assert [frame.label for frame in plan.frames] == ["LSTM  t = 1", "LSTM  t = 2", "LSTM  t = 3"]
    states = [p.box for p in plan.places.values() if p.item.kind in ("hidden", "cell", "initial")]
    assert not any(overlap(frame.box, box) for frame in plan.frames for box in states)
    assert all(a.box[2] < b.box[0] for a, b in zip(plan.frames, plan.frames[1:], strict=False))


def test_the_cell_state_runs_level_along_the_top():
    plan = planned("LSTM", 1, 3, "op")
    road = {plan.places[end].y for e in plan.picture.edges if e.kind == "cell" for end in (e.source, e.target)}
    inside = [p.y for p in plan.places.values() if p.item.lane is not None]
    assert road == {max(inside)}


def test_a_graph_without_steps_is_laid_out_too():
    a, b = (tg.tensor(2.0, requires_grad=True, name=name) for name in "ab")
    plan = layout(picture(tg.graph(tg.tanh(a * a + b) * b)))
    assert len({(p.x, p.y) for p in plan.places.values()}) == len(plan.places)


@pytest.mark.parametrize("view", ["cell", "op"])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_cell_called_in_a_plain_loop_is_laid_out_too(kind, view):
    cell, state = getattr(tg.nn, f"{kind}Cell")(3, 4, rng=0), None
    for _ in range(3):
        state = cell(np.ones((1, 3), np.float32), state)
    plan = layout(picture(tg.graph(state[0] if isinstance(state, tuple) else state), view))
    assert all(len(line) > 1 for line in plan.lines)
    starts = [p for p in plan.places.values() if p.item.kind == "initial"]
    assert max(p.x for p in starts) < min(
        p.x for p in plan.places.values() if p not in starts and p.item.column is not None
    )
