"""The text: the same bytes every time, and names that stay text whatever they contain."""

import math
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

import tinygrad_rnn as tg
import viz
from tests.viz.reading import read
from tests.viz.samples import net
from tests.viz.topologies import TOPOLOGIES, layer_net
from viz.paint.heat import HEAT, backward_pen, backward_style, heat

HOSTILE = '<b>&amp;"{x|y}\\N\\ é'


@pytest.mark.parametrize("view", ["cell", "op"])
def test_same_graph_same_bytes_whatever_the_hash_seed(view):
    code = f"""
import sys, viz
from tests.viz.samples import net
sys.stdout.write(viz.draw(net('LSTM', 2, 2), view={view!r}).dot)
"""
    there = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={**there, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1")
    ]
    assert runs[0] == runs[1] == viz.draw(net("LSTM", 2, 2), view=view).dot.encode()


def test_hostile_names_come_out_as_text():
    w = tg.tensor([1.0], requires_grad=True, name=HOSTILE)
    drawing = viz.draw(w * w, title=HOSTILE)
    texts = ["".join(node.itertext()) for node in ET.fromstring(drawing.svg()).iter() if node.tag.endswith("}text")]
    assert HOSTILE in texts
    assert f"{HOSTILE} (1,) ×2" in texts


def test_every_shape_and_edge_has_an_id_a_class_and_a_tooltip():
    lines = [line for line in viz.draw(net("GRU"), view="op").dot.splitlines() if line.lstrip().startswith('"n_')]
    assert len(lines) > 100
    assert all(all(f" {key}=" in line or f"[{key}=" in line for key in ("id", "class", "tooltip")) for line in lines)


def test_a_shared_weight_is_marked():
    line = next(line for line in viz.draw(net("RNN")).dot.splitlines() if line.startswith('  "n_W_hh" ['))
    assert 'class="node-param shared"' in line
    assert 'peripheries="2"' in line
    assert 'label="W_hh (4, 4) ×3"' in line


def test_the_three_kinds_of_no_gradient_never_look_alike():
    looks = [heat(None), heat(0.0), heat(float("nan")), heat(1e-30)]
    assert len(set(looks)) == 4
    assert heat(float("inf")) == heat(float("nan"))
    assert looks[3][0] == HEAT[0]


# what a reader sees

KINDS = {  # outline, fill and border of each kind of shape
    "param": ("box", "#FFE3A8", "#8A5A00"), "input": ("ellipse", "#D6ECFA", "#005F95"),
    "initial": ("ellipse", "#FFFFFF", "#5F6368"), "op": ("ellipse", "#F1F3F4", "#5F6368"),
    "gate": ("box", "#FFF6C9", "#7A6A00"), "affine": ("box", "#F1F3F4", "#5F6368"),
    "hidden": ("ellipse", "#D5F0E6", "#00694D"), "cell": ("hexagon", "#B8E6D3", "#00694D"),
    "output": ("parallelogram", "#F5DDEA", "#9C3F73"), "target": ("ellipse", "#FFFFFF", "#005F95"),
    "loss": ("octagon", "#FBDDCB", "#A84300"), "total": ("doubleoctagon", "#FBDDCB", "#A84300"),
    "box": ("box", "#F3F6F8", "#858B93"), "part": ("folder", "#F3F6F8", "#5F6368"),
    "elided": ("plaintext", "#FFFFFF", "#FFFFFF"),
}  # fmt: skip
STROKES = {"data": "#3C4043", "weight": "#B57A00", "recurrent": "#00694D", "cell": "#00694D", "backward": "#A84300",
           "cut": "#A84300"}  # fmt: skip
HEADS = {"data": "normal", "weight": "vee", "recurrent": "normal", "cell": "normal", "backward": "empty", "cut": "tee"}
SEEN = [("lstm by hand", {"view": "gate"}), ("lstm thirty steps", {}), ("gru truncated", {"gradients": True}),
        ("sequence to sequence", {"fold": "encoder"}), ("lstm many to many", {"view": "op"})]  # fmt: skip


def drawn(loss, **options):
    return read(viz.draw(loss, **options).dot)


def test_each_kind_of_shape_has_its_outline_and_its_colours():
    seen = set()
    for name, options in SEEN:
        for shape in drawn(TOPOLOGIES[name](), **options).drawn:
            at = shape.attributes
            if not (options.get("gradients") and shape.kind in ("param", "initial", "hidden", "cell")):
                assert (at["shape"], at["fillcolor"], at["color"]) == KINDS[shape.kind], shape.id
            assert (at.get("peripheries") == "2") == ("shared" in shape.words)
            seen.add(shape.kind)
    assert seen == set(KINDS)


def test_each_kind_of_line_has_its_colour_and_its_arrowhead():
    lines = [line for name, options in SEEN for line in drawn(TOPOLOGIES[name](), **options).lines if line.kind]
    assert {line.kind: line.attributes["color"] for line in lines} == STROKES
    assert {line.kind: line.attributes["arrowhead"] for line in lines} == HEADS
    dashes = {(line.kind, line.attributes["style"]) for line in lines if line.kind != "backward"}
    assert dashes == {(kind, "dotted" if kind == "cut" else "solid") for kind in STROKES if kind != "backward"}
    pens = {kind: {line.pen for line in lines if line.kind == kind} for kind in ("data", "weight", "recurrent", "cell")}
    assert pens == {"data": {1.1}, "weight": {0.9}, "recurrent": {2.6}, "cell": {5.0}}


def test_the_roads_of_the_states_lie_on_top_and_gradients_on_all():
    lines = drawn(TOPOLOGIES["gru truncated"](), gradients=True).lines
    kinds = list(dict.fromkeys(line.kind for line in lines if line.kind))
    assert kinds == ["weight", "data", "recurrent", "cut", "backward"]
    assert drawn(TOPOLOGIES["lstm"](), legend=False).lines[-1].kind == "cell"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["rnn", "exploding", "vanishing", "not a number", "no gradient through the gate"])
def test_shapes_are_filled_and_lines_as_thick_as_their_gradient_is_large(name, theme):
    loss = TOPOLOGIES[name]()
    graph = loss.graph(gradients=True)
    page, plain = (drawn(loss, gradients=on, theme=theme, view="op") for on in (True, False))
    for shape in page.drawn:
        if shape.kind not in ("param", "hidden", "cell", "initial"):
            assert shape.attributes["fillcolor"] == plain.shapes[shape.id].attributes["fillcolor"]
            continue
        (node,) = shape.nodes
        norm = graph.nodes[node].gradient and graph.nodes[node].gradient.norm
        fill, extra = heat(norm, theme == "dark")
        assert shape.attributes["fillcolor"] == (page.attributes["bgcolor"] if norm in (None, 0) else fill)
        assert shape.attributes["style"] == f"filled,{extra}".strip(",")
        assert shape.label.splitlines()[-1].startswith("∇ ")
    came = norms(graph)
    for line in page.backward:
        (use,) = line.uses
        assert line.pen == pytest.approx(backward_pen(came[use]), abs=0.006)
        assert line.attributes["style"] == backward_style(came[use])
        assert line.attributes["tooltip"].split(" · ")[-1].startswith("∇ ")
    assert all("∇" not in shape.label for shape in plain.drawn)


def norms(graph):
    """Of the gradient that came back through each use."""
    return {(node.id, at): norm for node in graph.nodes
            for (_, at), norm in zip(node.inputs, node.cotangents, strict=False)}  # fmt: skip


def test_several_uses_in_one_line_are_counted_and_their_gradients_taken_together():
    loss = TOPOLOGIES["rnn"]()
    page, came = drawn(loss, gradients=True), norms(loss.graph(gradients=True))
    several = [line for line in page.lines if len(line.uses) > 1]
    assert several
    assert all(f" ×{len(line.uses)}" in line.attributes["tooltip"] for line in several)
    assert not any(" ×1" in line.attributes["tooltip"] for line in page.lines if line.kind)
    for line in page.backward:
        assert line.pen == pytest.approx(backward_pen(math.hypot(*(came[use] for use in line.uses))), abs=0.006)


def test_a_cut_is_said_in_words_where_it_is():
    page = drawn(TOPOLOGIES["gru truncated"]())
    assert len(page.cuts) == 2
    for line in page.cuts:
        assert line.attributes["label"] == "detach()"
        (ax, ay), _, (bx, by) = line.course
        x, y = map(float, line.attributes["lp"].split(","))
        assert ax < x < bx
        assert max(ay, by) < y < max(ay, by) + 15
    assert all("label" not in line.attributes for line in page.lines if line.kind != "cut")


def brackets(page):
    return [shape for shape in page.shapes.values() if "chunk" in shape.words]


def test_calls_that_go_on_from_each_other_have_brackets_over_their_steps():
    page = drawn(TOPOLOGIES["gru truncated"]())
    assert [shape.label for shape in brackets(page)] == [f"chunk {k}: t = {2 * k - 1} … {2 * k}" for k in (1, 2, 3)]
    lowest = min(shape.centre[1] - shape.size[1] / 2 for shape in page.drawn)
    for k, shape in enumerate(brackets(page)):
        left, right = (shape.centre[0] + side * shape.size[0] / 2 for side in (-1, 1))
        inside = [page.shapes[f"n_box_{2 * k + t}"].centre[0] for t in (1, 2)]
        assert left < inside[0] < inside[1] < right
        assert shape.centre[1] + shape.size[1] / 2 < lowest
        assert shape.attributes["shape"] == "underline"
    assert not brackets(drawn(TOPOLOGIES["gru"]()))
    some = drawn(TOPOLOGIES["gru truncated"](), steps=(1, 3))
    assert [shape.label for shape in brackets(some)] == ["chunk 1: t = 1 … 2", "chunk 2: t = 3 … 4"]
    one = drawn(TOPOLOGIES["rnn truncated, one step each"]())
    assert [shape.label for shape in brackets(one)] == ["chunk 1: t = 1", "chunk 2: t = 2", "chunk 3: t = 3"]


def test_frames_say_the_layer_and_the_step():
    page = drawn(TOPOLOGIES["lstm two layers"](), view="gate")
    assert [frame.attributes["label"] for frame in page.framed] == [f"LSTM l{k}  t = {t}" for k in (0, 1)
                                                                    for t in (1, 2, 3)]  # fmt: skip
    assert not drawn(TOPOLOGIES["lstm two layers"]()).framed
    for frame in page.framed:
        assert frame.attributes["class"] == "cell"
        left, _, right, top = frame.box
        x, y = map(float, frame.attributes["lp"].split(","))
        assert left < x < right
        assert top - 20 < y < top


def test_a_picture_is_made_smaller_to_be_as_wide_as_asked_and_never_larger():
    usual = viz.draw(net("LSTM"))
    assert "size" not in read(usual.dot).attributes
    half = viz.draw(net("LSTM"), width=usual.size[0] / 2)
    assert half.size == pytest.approx((usual.size[0] / 2, usual.size[1] / 2), abs=1)
    across, up = map(float, read(half.dot).attributes["size"].split(","))
    assert (72 * across, 72 * up) == pytest.approx((usual.size[0] / 2, usual.size[1] / 2), abs=1)
    assert viz.draw(net("LSTM"), width=10_000) == usual
    assert read(half.dot).shapes == read(usual.dot).shapes


@pytest.mark.parametrize("title", ["short", "a title\nof two lines", "long " * 60])
def test_the_title_stands_above_all_and_inside_of_the_picture(title):
    page = drawn(net("RNN"), title=title)
    left, _, right, top = page.box
    x, y = map(float, page.attributes["lp"].split(","))
    assert page.attributes["label"] == title
    assert x == pytest.approx((left + right) / 2, abs=0.1)
    highest = max(shape.centre[1] + shape.size[1] / 2 for shape in page.drawn)
    tall = 17.5 * len(title.splitlines()) / 2
    assert highest < y - tall < y + tall <= top
    assert len(title) < 100 or right - left > 5 * len(title)


def test_the_page_and_the_text_have_the_colours_of_the_theme():
    light, dark = (drawn(net("RNN"), theme=theme) for theme in ("light", "dark"))
    assert (light.attributes["bgcolor"], dark.attributes["bgcolor"]) == ("#FFFFFF", "#16191D")
    assert {shape.attributes["fontcolor"] for shape in light.drawn} == {"#1B1D1F"}
    assert {shape.attributes["fontcolor"] for shape in dark.drawn} == {"#F1F3F4"}


def test_the_tooltip_of_a_shape_tells_what_is_known_of_it():
    page = drawn(layer_net("LSTM"), view="gate", gradients=True)
    assert (
        page.shapes["n_h_2"]
        .attributes["tooltip"]
        .startswith("h (hidden_state) · op multiply · scope LSTM/l0 · step 2 · shape (2, 4) · float32 · ")
    )
    assert (
        page.shapes["n_W_hh"]
        .attributes["tooltip"]
        .startswith("weight_hh_l0 (parameter) · leaf · shape (16, 4) · float32 · 3 uses · ∇ ")
    )
    box = drawn(layer_net("RNN")).shapes["n_box_2"]
    assert box.attributes["tooltip"] == "RNN/l0 · step 2 · 5 ops: @ ×2, + ×3"


def test_lines_that_join_the_same_shapes_have_ids_of_their_own():
    page = drawn(TOPOLOGIES["square"](), gradients=True)
    assert [line.attributes["id"] for line in page.lines if line.kind] == [
        "e_n_a__n_multiply", "e_n_a__n_multiply_2", "e_n_multiply__n_a_backward", "e_n_multiply__n_a_backward_2"
    ]  # fmt: skip
