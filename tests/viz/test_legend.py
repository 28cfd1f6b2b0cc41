"""The legend explains what is in the picture, all of it, and nothing else."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
import viz
from tests.viz.reading import read
from tests.viz.topologies import TOPOLOGIES
from viz.scene.legend import LINES, SHAPES

PICTURES = [("lstm", "cell", False), ("lstm", "gate", True), ("gru truncated", "cell", True),
            ("attention", "op", False), ("diamonds", "op", True), ("rnn many to many", "rolled", False)]  # fmt: skip


def explained(page, sort):
    """The words of the legend's entries of one sort."""
    return [shape.label for shape in page.shapes.values() if f"legend-{sort}" in shape.words]


@pytest.mark.parametrize(("name", "view", "gradients"), PICTURES)
def test_an_entry_for_each_kind_that_is_drawn_and_for_no_other(name, view, gradients):
    page = read(viz.draw(TOPOLOGIES[name](), view=view, gradients=gradients).dot)
    kinds = {shape.kind.replace("param", "parameter") for shape in page.drawn} - {"elided"}
    shared = ["shared weight"] * any("shared" in shape.words for shape in page.drawn)
    assert sorted(explained(page, "shape")) == sorted([SHAPES[kind] for kind in kinds] + shared)
    lines = {line.kind for line in page.lines if line.kind}
    assert explained(page, "line") == [words for kind, words in LINES.items() if kind in lines]
    assert bool(explained(page, "heat")) == gradients


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_entry_looks_like_what_it_explains(theme):
    page = read(viz.draw(TOPOLOGIES["lstm"](), view="gate", theme=theme).dot)
    for shape in page.drawn:
        kind = "shared" if "shared" in shape.words else shape.kind.replace("param", "parameter")
        entry = page.shapes[f"legend_shape_{kind}"].attributes
        for key in ("shape", "style", "fillcolor", "color", "fontcolor", "penwidth", "peripheries"):
            assert entry.get(key) == shape.attributes.get(key), (kind, key)
    samples = {line.source: line.attributes for line in page.lines if line.in_legend}
    for line in page.uses:
        for key in ("color", "style", "arrowhead", "arrowsize"):
            assert samples[f"legend_line_{line.kind}_0"][key] == line.attributes[key], (line.kind, key)


def test_the_heats_that_are_there_are_named_and_filled_as_the_shapes_are():
    page = read(viz.draw(TOPOLOGIES["exploding"](), gradients=True).dot)
    fills = {shape.label: shape.attributes["fillcolor"] for shape in page.shapes.values()
             if "legend-heat" in shape.words}  # fmt: skip
    assert list(fills) == ["∇ ≥ 1e4"]
    page = read(viz.draw(TOPOLOGIES["rnn"](), gradients=True).dot)
    fills = {shape.label: shape.attributes["fillcolor"] for shape in page.shapes.values()
             if "legend-heat" in shape.words}  # fmt: skip
    assert next(iter(fills)) == "∇ –"
    assert list(fills)[-1] in ("∇ 1e-1", "∇ 1e0")
    heated = [shape for shape in page.drawn if shape.kind in ("param", "hidden", "initial")]
    assert {shape.attributes["fillcolor"] for shape in heated} == set(fills.values())


def test_a_legend_can_be_left_out():
    whole, without = (read(viz.draw(TOPOLOGIES["rnn"](), legend=legend).dot) for legend in (True, False))
    assert not [shape for shape in without.shapes.values() if shape.in_legend]
    assert not [line for line in without.lines if line.in_legend]
    assert "cluster_legend" not in without.frames
    assert [shape for shape in whole.shapes.values() if not shape.in_legend] == list(without.shapes.values())
    assert without.box[1] > whole.box[1]


def test_entries_stand_in_lines_below_the_picture_and_read_from_left_to_right():
    page = read(viz.draw(TOPOLOGIES["lstm"](), view="gate").dot)
    entries = [shape for shape in page.shapes.values() if shape.in_legend and shape.label]
    lowest = min(shape.centre[1] - shape.size[1] / 2 for shape in page.drawn)
    assert all(shape.centre[1] + shape.size[1] / 2 < lowest for shape in entries)
    places = [(-round(shape.centre[1]), shape.centre[0]) for shape in entries]
    assert places == sorted(places)
    assert all(shape.attributes["fontsize"] == "10" for shape in entries)


def test_decades_that_differ_in_a_sign_alone_have_ids_of_their_own():
    w = tg.tensor(1.0, requires_grad=True, name="w")
    ws = [tg.tensor(1.0, requires_grad=True, name=f"w{k}") for k in range(4)]
    total = sum((x * s for x, s in zip(ws, (1e-12, 2e-7, 3e4, np.inf), strict=True)), w * 1.0)
    ids = re.findall(r'\bid="(legend_heat_[^"]*)"', viz.draw(total, gradients=True).dot)
    assert sorted(ids) == sorted(set(ids))
    assert {"legend_heat_below_1e_7", "legend_heat_1e_7", "legend_heat_from_1e4", "legend_heat_infinite"} <= set(ids)
