"""No shape on another, no line through one, no label outside: every topology in every view, and wrongs that are found.

The reader is tried first on texts written by hand, and its outlines and letters against Graphviz and the font.
"""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import viz
from tests.viz.album import album, choices
from tests.viz.geometry import offences
from tests.viz.outlines import UNIT, Bands, Outlines, outline
from tests.viz.reading import Shape, read
from tests.viz.samples import net
from tests.viz.topologies import TOPOLOGIES, networks
from tests.viz.typeface import boxes, width
from viz.layout import geometry, order, place
from viz.layout.grid import Grid
from viz.layout.step import Step
from viz.layout.tracks import Tracks

GOOD = """digraph unrolled {
  graph [bb="0,0,300,130", label="a < b", lp="150,120", fontsize="10"];
  node [fontsize="12", fixedsize="true"];
  subgraph "cluster_step" {
    graph [bb="80,10,190,90", label="t = 1", lp="105,80", fontsize="11"];
    "h" [class="node-hidden", label="h", pos="110,30", width="0.5", height="0.4", shape="ellipse"];
    "f" [class="node-op", label="tanh", pos="160,30", width="0.6", height="0.4", shape="box"];
  }
  "W" [class="node-param shared", label="W", pos="30,30", width="0.5", height="0.4", shape="box", peripheries="2"];
  "y" [class="node-output", label="y", pos="250,30", width="0.8", height="0.4", shape="parallelogram"];
  "W" -> "h" [class="edge-weight", pos="e,92,30 52,30 60,30 70,30 82,30", penwidth="0.9"];
  "h" -> "f" [class="edge-data", pos="e,138.4,30 128,30 130,30 132,30 134,30", penwidth="1.1"];
  "f" -> "y" [class="edge-data", pos="e,225,30 181.6,30 190,30 200,30 215,30", penwidth="1.1"];
}"""
# above f, three tenths of a point from it
ALONG = "e,92,30 52,30 52,60 190,60 190,44.7 170,44.7 150,44.7 130,44.7 110,44.7 92,40 92,30"
WRONG = {
    "a shape on another": (('pos="110,30"', 'pos="150,30"'), "overlap: h and f, by 28.7 pt"),
    "a shape on the second border": (('"f" [class="node-op", label="tanh", pos="160,30"', '"f" [label="", pos="50,42"'),
                                     "overlap: f and W"),
    "a line through a shape": (('e,225,30 181.6,30 190,30 200,30 215,30', 'e,225,30 92,30 100,30 150,30 215,30'),
                               "through: f → y (data) through h"),
    "a curve through a shape": (("e,225,30 181.6,30 190,30 200,30 215,30", "e,225,30 181.6,30 -60,60 0,30 215,30"),
                                "through: f → y (data) through h"),
    "a line along a border": (("e,92,30 52,30 60,30 70,30 82,30", ALONG),
                              "through: W → h (weight) through f"),
    "a line that begins nowhere": (("e,92,30 52,30", "e,92,30 60,30"), "end: W → h (weight) begins 8.0 pt from"),
    "a line that ends within": (("e,225,30 181.6", "e,240,30 181.6"), "end: f → y (data) ends"),
    "a long label": (('label="tanh"', 'label="tanh of it"'), "label: 'tanh of it' leaves f"),
    "a label of three lines": (('label="h"', 'label="h\\nh\\nh"'), "label: 'h\\nh\\nh' leaves h"),
    "a shape that leaves the picture": (('pos="250,30"', 'pos="280,30"'), "outside: y"),
    "a line that leaves the picture": (("e,225,30 181.6,30 190,30 200,30", "e,225,30 181.6,30 190,-90 200,-90"),
                                       "outside: f → y (data)"),
    "a shape that leaves its frame": (('bb="80,10,190,90"', 'bb="80,10,170,90"'), "frame: f leaves cluster_step"),
    "a shape in a frame that is not its own": (('bb="80,10,190,90"', 'bb="20,10,190,90"'),
                                               "frame: W lies on cluster_step"),
    "a frame's text that leaves it": (('lp="105,80"', 'lp="185,80"'), "label: the text of cluster_step leaves"),
    "a frame's text on a shape": (('lp="105,80"', 'lp="110,40"'), "label: the text of cluster_step lies on h"),
    "a title that leaves the picture": (('label="a < b"', f'label="{"a < b" * 20}"'), "label: the title leaves"),
}  # fmt: skip


def test_nothing_is_wrong_with_a_good_page():
    assert offences(read(GOOD)) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found_and_named(wrong):
    (right, planted), said = WRONG[wrong]
    assert right in GOOD
    found = [str(offence) for offence in offences(read(GOOD.replace(right, planted, 1)))]
    assert any(offence.startswith(said) for offence in found), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("graph g {\n}", "does not begin as a graph"),
        ("digraph g {\n  a -> b;\n}", "not a statement that is known"),
        ('digraph g {\n  "a" [pos="0,0"];', "ends before its last brace"),
        ('digraph g {\n  "a" [pos="0,0"];\n  "a" [pos="0,0"];\n}', "two shapes are called 'a'"),
        ('digraph g {\n  "a" [pos="0,0"];\n  "a" -> "b" [pos="0,0"];\n}', "lines end at what is not drawn"),
    ],
)
def test_a_text_that_is_not_understood_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        read(text)


def graphviz_says(dot):
    """The picture as Graphviz paints it."""
    try:
        return subprocess.run(["neato", "-n2", "-Tsvg"], input=dot, capture_output=True, check=True, text=True).stdout
    except OSError:
        return pytest.skip("there is no Graphviz on this machine")


@pytest.mark.parametrize("borders", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(set(UNIT) - {"doublecircle", "point", "note", "underline", "plain", "folder"}))
def test_the_outlines_are_those_that_graphviz_draws(name, borders):
    if borders == 1 and name.startswith("double"):
        return
    given = {"shape": name, "pos": "0,0", "width": "1.2", "height": "0.5", "peripheries": str(borders)}
    words = ",".join(f'{key}="{value}"' for key, value in given.items())
    svg = graphviz_says(f'digraph {{ node [fixedsize=true,label="",style=filled]; a [{words}]; }}')
    body = svg[svg.index("<title>a</title>") :]
    drawn = [np.array([p.split(",") for p in points.split()], float)
             for points in re.findall(r'<polygon[^>]* points="([^"]*)"', body)]  # fmt: skip
    drawn += [np.array([[cx + rx, cy + ry], [cx - rx, cy - ry]]) for cx, cy, rx, ry in
              (map(float, e) for e in re.findall(r'cx="(.*?)" cy="(.*?)" rx="(.*?)" ry="(.*?)"', body))]  # fmt: skip
    corners = max(drawn, key=np.ptp)
    corners = (corners - (corners.max(0) + corners.min(0)) / 2) * (1, -1)
    ours = outline(Shape("a", given))
    if name in ("none", "plaintext") and borders == 1:  # they have no border to be seen
        assert ours.max(0) == pytest.approx([43.2, 18])
        return
    if len(corners) == 2:
        assert ours.max(0) == pytest.approx(corners.max(0), abs=0.3)
        return
    apart = np.hypot(*np.moveaxis(ours[:, None] - corners[None], -1, 0))
    assert apart.min(0).max() < 0.5
    assert apart.min(1).max() < 0.5


def test_letters_are_as_wide_as_the_font_says():
    fonts = pytest.importorskip("PIL.ImageFont")
    found = pytest.importorskip("matplotlib").get_data_path()
    font = fonts.truetype(str(Path(found, "fonts/ttf/DejaVuSans.ttf")), 1000)
    for text in ("W_hh (16, 16) ×3", "h₀ = 0", "L = Σ Lₜ", "∇ 1.2e-3", "ŷ₁", "tanh", "0.26 … 0.83", "t = 12"):
        assert width(text, 1000) == pytest.approx(font.getlength(text, features=["-kern"]), rel=0.01)


def test_a_text_of_two_lines_stands_around_its_middle():
    first, second = boxes("W\nab", 10, 50, 20)
    assert first[0] == pytest.approx(50 - width("W", 10) / 2)
    assert first[3] > 20 > second[3] > second[1]


def test_boxes_are_found_as_if_each_were_compared_with_each():
    rng = np.random.default_rng(0)
    for _ in range(20):
        low = rng.uniform(-300, 300, (2, 60, 2))
        sets = [np.concatenate([at, at + rng.exponential(30, (60, 2))], axis=1) for at in low]
        a, b = sets
        meet = ((a[:, None, :2] <= b[None, :, 2:]) & (b[None, :, :2] <= a[:, None, 2:])).all(-1)
        assert set(zip(*Bands(b).meeting(a), strict=True)) == set(zip(*np.nonzero(meet), strict=True))


def test_depths_distances_and_overlaps_of_two_boxes():
    given = {"shape": "box", "width": "1", "height": "1"}
    two = Outlines(np.stack([outline(Shape(at, given | {"pos": at})) for at in ("0,0", "70,0")]))
    first, second, centre = np.array([0]), np.array([1]), np.array([[0.0, 0.0]])
    assert two.overlap(first, second) == pytest.approx([2])
    assert two.depth(first, centre) == pytest.approx([36])
    assert two.distance(second, centre, centre) == pytest.approx([34])
    assert two.pierced(second, centre, np.array([[40.0, 0.0]]), 0.5).all()
    assert not two.pierced(second, centre, np.array([[40.0, 0.0]]), 7).any()


# every picture


def told(pictures):
    return [f"{picture.told} | {offence}" for picture in pictures for offence in picture.offences]


def plain_or_full(options):
    """With neither or both of gradients and values, then dark too; tests/fuzz/pictures.py has every choice."""
    on = {options.get(key, False) for key in ("gradients", "values")}
    return len(on) == 1 and (options["theme"] == "light" or on == {True})


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_every_picture_of_a_topology_is_clear_and_true(name):
    pictures = list(album(name, TOPOLOGIES[name], plain_or_full))
    assert told(pictures) == []
    assert len(pictures) >= len(list(filter(plain_or_full, choices())))


@settings(max_examples=20)
@given(networks(), st.lists(st.sampled_from(choices()), min_size=1, max_size=4))
def test_pictures_of_drawn_networks_are_clear_and_true(network, some):
    assert told(album(*network, some.__contains__)) == []


# wrongs planted in a picture


def attribute(line, key):
    return re.search(rf'\b{key}="([^"]*)"', line)[1]


def statements(dot, words):
    """The numbers of the lines that have one of these classes."""
    found = [k for k, line in enumerate(dot.splitlines()) if f'class="{words}' in line]
    assert found, words
    return found


def changed(dot, k, key, value):
    lines = dot.splitlines()
    lines[k] = re.sub(rf'\b{key}="[^"]*"', f'{key}="{value}"', lines[k], count=1)
    return "\n".join(lines)


def moved(dot):
    """A state by 30 points onto its box."""
    k, page = statements(dot, "node-hidden")[0], read(dot)
    x, y = page.shapes[attribute(dot.splitlines()[k], "id")].centre
    return changed(dot, k, "pos", f"{x - 30:.1f},{y:.1f}")


def bent(dot):
    """A data line through the middle of a box that it does not touch."""
    page, lines = read(dot), dot.splitlines()
    k = statements(dot, "edge-data")[0]
    ends = re.findall(r'"(\w+)"', lines[k])[:2]
    ((x, y),) = [shape.centre for shape in page.drawn if shape.kind == "box" and shape.id not in ends][-1:]
    (ax, ay), _, (bx, by) = next(line for line in page.lines if [line.source, line.target] == ends).course
    middle = f"{ax},{ay} {ax},{ay} {x},{y} {x},{y} {x},{y} {bx},{by} {bx},{by}"
    return changed(dot, k, "pos", f"e,{bx},{by} {middle}")


def longer(dot):
    k = statements(dot, "node-hidden")[0]
    return changed(dot, k, "label", "a label that is far too long for it")


def narrower(dot):
    k = statements(dot, "node-box")[0]
    return changed(dot, k, "width", "0.2")


def cropped(dot):
    left, bottom, right, top = read(dot).box
    return changed(dot, 1, "bb", f"{left},{bottom},{(left + right) / 2},{top}")


def short(dot):
    """A line whose arrow ends halfway."""
    k = statements(dot, "edge-recurrent")[0]
    tip, start = re.search(r'pos="e,(\S+) (\S+) ', dot.splitlines()[k]).groups()
    half = ",".join(f"{(float(a) + float(b)) / 2:.1f}" for a, b in zip(tip.split(","), start.split(","), strict=True))
    return changed(dot, k, "pos", f"e,{half} {start} {start} {half} {half}")


PLANTED = {moved: {"overlap", "end"}, bent: {"through"}, longer: {"label"}, narrower: {"label", "end"},
           cropped: {"outside"}, short: {"end"}}  # fmt: skip


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_wrongs_planted_in_a_picture_are_found(plant):
    dot = viz.draw(net("RNN")).dot
    assert offences(read(dot)) == []
    assert {offence.what for offence in offences(read(plant(dot)))} >= PLANTED[plant]


# wrongs planted in the layout


def tracks_all_one(patch):
    """Lines, and rails, that share a channel lie on one another."""

    def settle(tracks):
        tracks.of = dict.fromkeys(tracks.spans, 0)
        return 1

    patch.setattr(Tracks, "settle", settle)


def always_clear(patch):
    """Whatever stands between two shapes, the line goes straight on."""
    for name in ("clear_between", "clear_upright"):
        patch.setattr(Grid, name, lambda *_: True)


def no_vias(patch):
    """Lines have no places on the rows that they pass."""
    patch.setattr(Step, "vias", lambda *_: [])


def rails_swapped(patch):
    """The lines of each weight begin where another one stands."""
    height = place._Board._y

    def swapped(board, y):
        others = dict(zip(board.rail, reversed(board.rail.values()), strict=True))
        return others[y[1]] if y[0] == "rail" else height(board, y)

    patch.setattr(place._Board, "_y", swapped)


def states_in_the_frame(patch):
    """The gutter reaches into the frame of its step."""
    patch.setattr(order, "GUTTER", 0.0)


def columns_without_streets(patch):
    """A column begins before the one at its left has ended."""
    lined_up = place._Board._line_up_columns

    def narrow(board):
        lined_up(board)
        board.column = [0.9 * x for x in board.column]

    patch.setattr(place._Board, "_line_up_columns", narrow)


def frames_without_room(patch):
    """A frame's label has no room above what is inside."""
    patch.setattr(place, "FRAME", (12.0, 10.0, 10.0, 0.0))


def letters_too_narrow(patch):
    """A text is taken for half as wide as it is."""
    patch.setattr(geometry, "_width", lambda _: 0.3)


LAYOUTS = {
    tracks_all_one: {"overlap", "through"}, always_clear: {"through"}, no_vias: {"through"},
    rails_swapped: {"through", "end"}, states_in_the_frame: {"frame"}, columns_without_streets: {"overlap", "through"},
    frames_without_room: {"label"}, letters_too_narrow: {"label"},
}  # fmt: skip


@pytest.mark.parametrize("plant", LAYOUTS, ids=lambda plant: plant.__name__)
def test_wrongs_planted_in_the_layout_are_found_on_listed_topologies(plant, monkeypatch):
    def plain(options):
        return options["theme"] == "light" and not options["gradients"] and not options["values"]

    def found():
        pictures = (picture for name in ("lstm", "gru two layers", "attention", "rnn both ways")
                    for picture in album(name, TOPOLOGIES[name], plain))  # fmt: skip
        return {offence.what for picture in pictures for offence in picture.offences}

    assert found() == set()
    plant(monkeypatch)
    assert found() >= LAYOUTS[plant]
