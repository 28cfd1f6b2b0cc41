"""The picture as data says what its text for Graphviz says."""

import json
import math

import pytest

import viz
from tests.viz.reading import read
from tests.viz.topologies import TOPOLOGIES


@pytest.mark.parametrize(("name", "view"), [("lstm", "cell"), ("gru truncated", "gate"), ("square", "op")])
def test_shapes_arrows_and_frames_are_those_of_the_dot(name, view):
    drawing = viz.draw(TOPOLOGIES[name](), view=view, gradients=True)
    page, said = read(drawing.dot), json.loads(drawing.json())
    assert (said["format"], said["version"]) == ("tinygrad_rnn.picture", 1)
    assert (said["title"], said["description"]) == (drawing.title, drawing.description)
    assert {shape["id"] for shape in said["shapes"]} == {shape.id for shape in page.drawn}
    for shape in said["shapes"]:
        there = page.shapes[shape["id"]]
        assert (shape["label"], tuple(shape["nodes"])) == (there.label, there.nodes)
        assert (shape["x"], shape["y"]) == pytest.approx(there.centre, abs=0.11)
        assert shape["width"] >= there.size[0] - 0.1
        assert shape["height"] >= there.size[1] - 0.1
        assert shape["tooltip"] == (there.attributes["tooltip"] if shape["tooltip"] else "")
        assert there.kind.startswith(shape["kind"][:5])
    told = {(a["source"], a["target"], a["kind"], tuple(map(tuple, a["uses"]))) for a in said["arrows"]}
    lines = [line for line in page.lines if not line.in_legend]
    assert len(said["arrows"]) == len(lines)
    assert told == {(line.source, line.target, line.kind, line.uses) for line in lines}
    for arrow in said["arrows"]:
        assert len(arrow["points"]) >= 2
        assert (arrow["norm"] is not None) == (arrow["kind"] == "backward")
    assert [frame["label"] for frame in said["frames"]] == [
        frame.attributes["label"] for frame in page.framed if frame.name.startswith("cluster_c_")
    ]
    for frame in said["frames"]:
        assert frame["box"] == pytest.approx(page.frames[f"cluster_{frame['id']}"].box)
        assert set(frame["members"]) == {s.id for s in page.drawn if f"cluster_{frame['id']}" in s.frames}


def test_norms_are_numbers_and_what_is_not_finite_is_text():
    shapes = {shape["id"]: shape for shape in json.loads(
        viz.draw(TOPOLOGIES["not a number"](), gradients=True).json())["shapes"]}  # fmt: skip
    assert shapes["n_W"]["gradient"] == "nan"
    shapes = {shape["id"]: shape for shape in json.loads(
        viz.draw(TOPOLOGIES["rnn"](), gradients=True).json())["shapes"]}  # fmt: skip
    assert math.isfinite(shapes["n_h_1"]["gradient"])
    assert shapes["n_x_1"]["gradient"] is None
