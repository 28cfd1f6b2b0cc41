"""The picture as Mermaid text."""

import re

import pytest

import tinygrad_rnn as tg
import viz
from tests.viz.topologies import TOPOLOGIES
from viz.paint.theme import DARK, LIGHT


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_shape_and_every_line_is_there_with_its_colours(theme):
    drawing = viz.draw(TOPOLOGIES["lstm"](), theme=theme, gradients=True)
    lines = drawing.mermaid().splitlines()
    assert lines[:4] == ["---", f'title: "{drawing.title}"', "---", "flowchart LR"]
    assert sum(bool(re.match(r"  n_\w+[\[({]", line)) for line in lines) == drawing.shapes
    assert sum(bool(re.match(r"  n_\w+ (-->|==>|-.->|-. ).* n_\w+$", line)) for line in lines) == drawing.arrows
    for kind in ("parameter", "input", "initial", "box", "hidden", "cell", "loss", "total"):
        look = theme.looks[kind]
        assert f"  classDef {kind} fill:{look.fill},stroke:{look.stroke},color:{theme.ink}" in lines
    assert "  class n_c_1,n_c_2,n_c_3 cell" in lines


def test_kinds_have_outlines_and_lines_of_their_own():
    text = viz.draw(TOPOLOGIES["gru truncated"](), view="gate", gradients=True).mermaid()
    text += viz.draw(TOPOLOGIES["lstm many to many"](), view="op").mermaid()
    text += viz.draw(TOPOLOGIES["sequence to sequence"](), fold="encoder").mermaid()
    for said in ('n_W_hh["W_hh', 'n_h_1(["', 'n_c_1{{"', 'n_x_1(["x₁"])', 'n_multiply_1(("×"))', '[/"', '[["', '"]]',
                 "n_h_2 -. detach() .-x n_h_carried_2", "==>", "-->", "-.->"):  # fmt: skip
        assert said in text, said
    boxes = viz.draw(TOPOLOGIES["rnn"]()).mermaid()
    assert 'n_box_1("RNN<br/>t = 1")' in boxes
    assert "n_h_0 ==> n_box_1" in boxes
    assert "n_x_1 --> n_box_1" in boxes


def test_what_a_name_says_is_text():
    w = tg.tensor(1.0, requires_grad=True, name='a"b<c>&`\\#1')
    text = viz.draw(w * w).mermaid()
    assert 'a#quot;b#lt;c#gt;#amp;#96;#92;#35;1 ×2"' in text
