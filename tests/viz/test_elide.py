"""Steps that are left out: what stands for them, and what leads through it."""

import viz
from tests.viz.reading import read
from tests.viz.topologies import TOPOLOGIES, layer_net
from viz.scene.elide import kept_steps


def drawn(loss, **options):
    return read(viz.draw(loss, **options).dot)


def ellipses(page):
    return {shape.id: shape.label for shape in page.drawn if shape.kind == "elided"}


def test_twelve_steps_are_drawn_and_of_thirteen_the_first_three_and_the_last_two():
    assert kept_steps(tuple(range(1, 13))) == set(range(1, 13))
    assert kept_steps(tuple(range(1, 14))) == {1, 2, 3, 12, 13}


def test_what_is_left_out_says_how_many_steps_it_is():
    drawing = viz.draw(layer_net("LSTM", T=5), steps=(3, 4))
    assert ellipses(read(drawing.dot)).items() >= {
        (f"n_{letter}_elided_{t}", said) for letter in "hc" for t, said in ((1, "⋯ 2 steps ⋯"), (5, "⋯ 1 step ⋯"))
    }
    assert "Time runs from left to right; the picture shows the steps 3, 4." in drawing.description
    assert "Left out in between: ⋯ 2 steps ⋯. Left out in between: ⋯ 1 step ⋯." in drawing.description
    assert drawing.title == "LSTM, 5 steps: the same 4 weights at every step"


def test_states_lead_into_what_is_left_out_and_out_of_it_and_gradients_back():
    page = drawn(layer_net("RNN", T=15), gradients=True)
    ahead = {(line.source, line.target) for line in page.uses}
    assert {("n_h_3", "n_h_elided_4"), ("n_h_elided_4", "n_box_14")} <= ahead
    back = {(line.source, line.target) for line in page.backward}
    assert {("n_h_elided_4", "n_h_3"), ("n_box_14", "n_h_elided_4")} <= back
    assert {shape.label for shape in page.drawn if shape.kind == "box"} == {f"RNN\nt = {t}" for t in (1, 2, 3, 14, 15)}


def test_what_is_left_out_has_no_border_and_stands_between_its_neighbours():
    page = drawn(layer_net("RNN", T=15))
    for id in ellipses(page):
        assert page.shapes[id].attributes["shape"] == "plaintext"
        assert page.shapes[id].attributes["style"] == ""
        assert page.shapes["n_box_3"].centre[0] < page.shapes[id].centre[0] < page.shapes["n_box_14"].centre[0]


def test_a_picture_that_is_too_wide_leaves_out_its_middle_and_one_that_is_asked_for_does_not():
    loss = TOPOLOGIES["attention, lstm both ways"]()
    assert not ellipses(drawn(loss))
    wide = layer_net("LSTM", T=11, layers=2, peepholes=True, layer_norm=True)
    assert ellipses(drawn(wide, view="op", legend=False))
    assert not ellipses(drawn(wide, view="op", steps=(1, 11)))
    assert not ellipses(drawn(wide, view="rolled"))
