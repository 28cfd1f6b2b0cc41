"""draw(): what it refuses, and in which words."""

import dataclasses
import json
import re
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

import tinygrad_rnn as tg
import viz
from tests.viz.reading import read
from tests.viz.samples import net
from tests.viz.topologies import TOPOLOGIES, layer, squared, xs
from tinygrad_rnn.cli.sketch import Sketch
from tinygrad_rnn.errors import GraphError, OptionError, TinygradError
from viz.scene.model import Chunk, Edge, Item, Lane, Picture

RANGE = "expected  the first and the last step, as steps=(2, 5), or range(2, 6)"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"view": "cel"}, ["view='cel' is not an option", "expected  'rolled', 'cell', 'gate' or 'op'",
                           "help      did you mean 'cell'?"]),
        ({"view": None}, ["view=None is not an option", "expected  'rolled', 'cell', 'gate' or 'op'"]),
        ({"theme": "drak"}, ["theme='drak' is not an option", "expected  'light' or 'dark'",
                             "help      did you mean 'dark'?"]),
        ({"title": 3}, ["title=3 is not text", "expected  a str, or None for the usual title"]),
        ({"steps": 2}, ["steps=2 is not a range of steps", RANGE, "help      steps=(2, 2) draws step 2 alone"]),
        ({"steps": True}, ["steps=True is not a range of steps", RANGE]),
        ({"steps": (True, 2)}, ["steps=(True, 2) is not a range of steps", RANGE]),
        ({"steps": "12"}, ["steps='12' is not a range of steps", RANGE]),
        ({"steps": ()}, ["steps=() is not a range of steps", RANGE]),
        ({"steps": (1, 2, 3)}, ["steps=(1, 2, 3) is not a range of steps", RANGE]),
        ({"steps": (1.0, 2.0)}, ["steps=(1.0, 2.0) is not a range of steps", RANGE]),
        ({"steps": (3, 1)}, ["steps=(3, 1) is not a range of steps", RANGE]),
        ({"steps": range(2, 2)}, ["steps=range(2, 2) is not a range of steps", RANGE]),
        ({"steps": range(1, 4, 2)}, ["steps=range(1, 4, 2) is not a range of steps", RANGE]),
        ({"steps": (5, 9)}, ["steps=(5, 9) leaves nothing to draw", "expected  steps from 1 to 3"]),
    ],
    ids=str,
)  # fmt: skip
def test_an_option_out_of_range_is_refused_in_words(options, said):
    with pytest.raises(OptionError) as refused:
        viz.draw(net("RNN"), **options)
    head, *facts = str(refused.value).splitlines()
    assert [head.removeprefix("viz.draw: "), *map(str.strip, facts)] == said


@pytest.mark.parametrize(("x", "kind"), [(3, "int"), (np.ones(3), "ndarray"), (None, "NoneType")])
def test_what_cannot_be_drawn_is_said(x, kind):
    with pytest.raises(TypeError) as refused:
        viz.draw(x)
    assert str(refused.value).splitlines()[:2] == [
        f"viz.draw: cannot draw a value of type {kind}",
        "  expected  a Tensor, or the Graph that tg.graph(*tensors) makes",
    ]
    assert isinstance(refused.value, TinygradError)


def test_gradients_of_a_graph_that_was_made_without_are_refused():
    with pytest.raises(OptionError, match="this Graph has none"):
        viz.draw(net("RNN").graph(), gradients=True)
    assert viz.draw(net("RNN").graph(gradients=True), gradients=True).dot == viz.draw(net("RNN"), gradients=True).dot


@pytest.mark.parametrize("steps", [(2, 3), [2, 3], range(2, 4), (np.int64(2), np.int64(3))], ids=repr)
def test_steps_may_be_given_in_several_ways(steps):
    assert "the steps 2, 3." in viz.draw(net("RNN", 5), steps=steps).description


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"width": 49}, "viz.draw: width=49 is out of range\n  expected  a number of at least 50"),
        ({"width": "wide"}, "viz.draw: width='wide' is out of range"),
        ({"gradients": 1}, "viz.draw: gradients=1 is not a truth value\n  expected  True or False"),
        ({"values": None}, "viz.draw: values=None is not a truth value\n  expected  True or False"),
        ({"legend": "no"}, "viz.draw: legend='no' is not a truth value\n  expected  True or False"),
        ({"fold": "decoder"}, "viz.draw: fold='decoder' is not a part of this graph"),
    ],
    ids=str,
)
def test_other_options_are_refused_in_words_too(options, said):
    with pytest.raises(OptionError) as refused:
        viz.draw(net("RNN"), **options)
    assert said in str(refused.value)


def test_values_of_a_graph_that_was_made_without_are_refused_with_the_way_to_have_them():
    graph = net("RNN").graph()
    without = replace(graph, nodes=tuple(replace(node, value=None) for node in graph.nodes))
    for name in ("gradients", "values"):
        with pytest.raises(OptionError) as refused:
            viz.draw(without, **{name: True})
        assert str(refused.value).splitlines() == [
            f"viz.draw: {name}=True, but this Graph has none",
            f"  expected  a Graph that was made with {name}",
            f"  help      draw the Tensor itself, or make the Graph with x.graph({name}=True)",
        ]


def test_a_model_that_has_not_run_is_said_to_have_no_graph():
    with pytest.raises(TypeError) as refused:
        viz.draw(tg.nn.RNN(2, 3))
    assert "cannot draw a value of type RNN" in str(refused.value)
    assert "help      run it first, and draw what comes out: viz.draw(loss)" in str(refused.value)
    with pytest.raises(TypeError) as refused:
        viz.draw("W" * 1000 + "\n")
    assert "help" not in str(refused.value)
    assert str(refused.value).splitlines()[-1].strip() == "got       '" + "W" * 59


def test_gradients_after_backward_are_refused_or_as_they_were():
    def loss():
        a = tg.tensor(3.0, requires_grad=True, name="a")
        return a * a

    before, kept, released = loss(), loss(), loss()
    kept.backward(retain_graph=True)
    released.backward()
    assert viz.draw(kept, gradients=True) == viz.draw(before, gradients=True)
    with pytest.raises(GraphError) as refused:
        viz.draw(released, gradients=True)
    assert "gradients=True, but backward() has released what they are made from" in str(refused.value)
    assert "help      draw before backward(), or call backward(retain_graph=True)" in str(refused.value)
    assert viz.draw(released).shapes == 2


def test_a_drawing_tells_its_size_and_what_is_in_it():
    drawing = viz.draw(net("RNN"))
    page = read(drawing.dot)
    left, bottom, right, top = page.box
    pad = 144 * float(page.attributes["pad"])
    assert drawing.size == (pytest.approx(right - left + pad, abs=1), pytest.approx(top - bottom + pad, abs=1))
    assert drawing.shapes == len(page.drawn)
    assert drawing.arrows == len([line for line in page.lines if line.kind])
    width, height = drawing.size
    assert repr(drawing) == (
        "<Drawing 'RNN, 3 steps: the same 6 weights at every step', "
        f"{width} × {height} pt, {drawing.shapes} shapes, {drawing.arrows} arrows>"
    )
    assert viz.draw(net("RNN"), title="").title == ""
    with pytest.raises(FrozenInstanceError):
        drawing.title = "another"


def test_the_description_names_steps_states_shared_weights_and_gradients():
    plain, full = viz.draw(net("LSTM", head=False)), viz.draw(net("LSTM", head=False), gradients=True)
    assert plain.description == (
        f"{plain.shapes} shapes, {plain.arrows} arrows. Time runs from left to right; the picture shows the steps "
        "1, 2, 3. States: h₀ = 0, c₀ = 0, c₁, h₁, c₂, h₂, c₃, h₃. Shared weights, one of each: W_ih (16, 3) ×3, "
        "W_hh (16, 4) ×3, b_ih (16,) ×3, b_hh (16,) ×3."
    )
    assert full.description.endswith(
        " Arrows that go back show the gradient, thicker where its norm ∇ is larger; colours show its power of ten."
    )


@pytest.mark.parametrize(
    ("suffix", "starts"),
    [
        (".svg", b"<svg "),
        (".png", b"\x89PNG"),
        (".pdf", b"%PDF"),
        (".dot", b"digraph "),
        (".json", b"{"),
        (".mmd", b"---\ntitle: "),
    ],
)
def test_it_is_saved_in_the_format_that_the_suffix_names_in_any_case(tmp_path, suffix, starts):
    drawing = viz.draw(net("RNN", 1))
    for name in (f"a{suffix}", f"B{suffix.upper()}"):
        path = drawing.save(str(tmp_path / name))
        assert path == tmp_path / name
        assert path.read_bytes().startswith(starts)


def test_another_suffix_is_refused_with_those_there_are(tmp_path):
    for name in ("a.gif", "svg", "a"):
        with pytest.raises(OptionError) as refused:
            viz.draw(net("RNN", 1)).save(tmp_path / name)
        assert str(refused.value) == (
            f"Drawing.save: cannot write '{name}'\n"
            "  expected  a name that ends in .svg or .png or .pdf or .html or .dot or .json or .mmd"
        )
    assert not list(tmp_path.iterdir())


def test_dots_per_inch_have_bounds():
    drawing = viz.draw(net("RNN", 1))
    assert drawing.png() == drawing.png(144) != drawing.png(72)
    for dpi in (9, 2401, "72"):
        with pytest.raises(OptionError, match=r"Drawing.png: dpi=.* is out of range\n  expected  .* 10 .* 2,?400"):
            drawing.png(dpi)


def test_a_notebook_shows_the_picture_or_says_why_there_is_none(monkeypatch):
    drawing = viz.draw(net("RNN", 1))
    bundle = drawing._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"image/svg+xml": drawing.svg(), "text/plain": f"{drawing.title}\n{drawing.description}"}

    def fail(*_):
        raise RuntimeError("no Graphviz here")

    monkeypatch.setattr("viz.paint.render._run", fail)
    assert drawing._repr_mimebundle_() == {
        "text/plain": f"{drawing.title}\n{drawing.description}\n(not drawn: no Graphviz here)"
    }


def test_all_of_a_title_s_words():
    titles = {
        "rnn": "RNN, 3 steps: the same 4 weights at every step",
        "lstm two layers": "LSTM, 2 layers, 3 steps: the same 8 weights at every step",
        "rnn one step": "RNN, 1 step",
        "a layer called twice apart": "GRU, 2 runs, 3 steps: the same 4 weights at every step",
        "a layer on another layers output": "LSTM over GRU, 2 layers, 3 steps: the same 8 weights at every step",
        "dense graph": "37 values, 64 uses",
        "sequence to sequence": "GRU encoder, GRU decoder, 5 steps: in each the same weights at every step",
    }
    assert {name: viz.draw(TOPOLOGIES[name]()).title for name in titles} == titles


@pytest.mark.parametrize("view", ["cell", "gate", "rolled"])
@pytest.mark.parametrize(
    ("own", "said"),
    [(0, ": the same 2 weights at every step"), (1, ": the same weight at every step"), (2, "")],
)
def test_a_title_counts_the_weights_that_are_used_at_every_step_and_no_others(own, said, view):
    shared = [tg.tensor(np.eye(2), requires_grad=True, name=f"W{k}") for k in range(2 - own)]
    h = tg.label(tg.tensor(np.ones((1, 2))), "initial_state", "h")
    for t in (1, 2, 3):
        weights = shared + [tg.tensor(np.eye(2), requires_grad=True, name=f"V{k}{t}") for k in range(own)]
        with tg.scope("rnn"), tg.step(t, of=3):
            h = tg.label(tg.tanh(tg.add(*(tg.inner(h, W) for W in weights))), "hidden_state", "h")
    assert viz.draw(squared(h), view=view).title.endswith(f"3 steps{said}")


def test_a_mean_is_told_from_a_sum_however_it_is_written():
    def total(mean):
        hs, _ = layer("RNN").unrolled(xs())
        losses, _ = tg.nn.unroll(lambda h, _: (squared(h), None), hs, None)
        return tg.label(mean(losses), "loss", "L")

    def said(mean):
        return next(shape.label for shape in read(viz.draw(total(mean)).dot).drawn if shape.kind == "total")

    assert said(lambda losses: losses[0] + losses[1] + losses[2]) == "L = Σ Lₜ"
    assert said(lambda losses: tg.stack(losses).sum()) == "L = Σ Lₜ"
    assert said(lambda losses: tg.stack(losses).mean()) == "L = mean Lₜ"
    assert said(lambda losses: (losses[0] + losses[1] + losses[2]) / 3.0) == "L = mean Lₜ"
    assert said(lambda losses: (losses[0] + losses[1] + losses[2]) * (1 / 3)) == "L = mean Lₜ"
    assert said(lambda losses: tg.exp(losses[0] + losses[1] + losses[2])) == "L"


def test_layers_in_scopes_of_unlike_depth_are_named_too():
    rnn, h, x = tg.nn.RNN(2, 2, rng=0), tg.tensor(np.zeros((1, 2))), np.ones((2, 1, 2), np.float32)
    W = tg.tensor(np.eye(2), requires_grad=True, name="W")
    with tg.scope("outer"):
        out = rnn(x)[0]
    for t in (1, 2):
        with tg.scope("mine"), tg.step(t, of=2):
            h = tg.label(tg.tanh(tg.inner(h, W)), "hidden_state", "h")
    assert "RNN" in viz.draw((out[-1] + h).sum()).title


def test_a_page_has_what_was_asked_of_its_drawing():
    """What it does is tried in a browser, tests/viz/page; this is what it is made with."""
    own = viz.Theme(page="#FFF8E7")
    html = viz.draw(Sketch(steps=3).loss(), view="gate", fold="head", theme=own, title="<mine>", legend=False).html()
    facts = json.loads(re.search(r'id="facts">(.*?)</script>', html)[1])
    assert (facts["title"], facts["view"], facts["theme"], facts["own"]) == ("<mine>", "gate", "own", True)
    assert '<html lang="en" data-theme="own">' in html
    assert "--page: #FFF8E7" in html
    assert '<div class="legend"' not in html
    kinds = {shape["kind"] for sight in facts["nets"][0]["sights"] for shape in sight["shapes"]}
    assert "part" in kinds
    dark = viz.draw(Sketch(steps=3).loss(), theme="dark").html()
    assert '<html lang="en" data-theme="dark">' in dark
    assert '<div class="legend"' in dark


def test_the_description_is_one_line_whatever_the_labels_are():
    assert "\n" not in viz.draw(Sketch(steps=3).loss(), values=True, gradients=True).description


@pytest.mark.parametrize("kind", [Item, Edge, Lane, Chunk, Picture])
def test_what_a_picture_consists_of_does_not_change(kind):
    made = kind(*[()] * sum(f.default is dataclasses.MISSING for f in dataclasses.fields(kind)))
    with pytest.raises(FrozenInstanceError):
        setattr(made, dataclasses.fields(kind)[0].name, "other")
