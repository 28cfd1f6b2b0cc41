"""Colours: text on its fill keeps 4.5 : 1 and a stroke on the page 3 : 1, in both themes."""

import pytest

from viz.layout.geometry import SHAPES
from viz.paint.heat import HEAT, contrast, text_on
from viz.paint.theme import THEMES


@pytest.mark.parametrize("name", THEMES)
def test_text_reads_on_every_fill(name):
    theme = THEMES[name]
    assert all(contrast(theme.ink, look.fill) >= 4.5 for look in theme.looks.values())
    assert min(contrast(theme.quiet, fill) for fill in (theme.page, theme.looks["box"].fill)) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_strokes_stand_out_from_the_page(name):
    theme = THEMES[name]
    faint = {kind for kind, look in theme.looks.items() if contrast(look.stroke, theme.page) < 3}
    assert faint <= {"box", "elided"}  # a box is a background; its label says what it is
    assert all(contrast(line.stroke, theme.page) >= 3 for line in theme.lines.values())


def test_text_reads_on_every_heat():
    assert all(contrast(text_on(fill), fill) >= 4.5 for fill in HEAT)


@pytest.mark.parametrize("name", THEMES)
def test_every_shape_has_its_colours(name):
    assert list(THEMES[name].looks) == list(SHAPES)


@pytest.mark.parametrize("name", THEMES)
def test_kinds_that_share_a_fill_differ_in_shape_or_stroke(name):
    looks = [(SHAPES[kind].outline, look.style, look.stroke) for kind, look in THEMES[name].looks.items()]
    assert len(set(looks)) == len(looks)
