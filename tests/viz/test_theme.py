"""Colours: text on its fill keeps 4.5 : 1, a line 3 : 1, and no two kinds differ by colour alone, in both themes.

Which borders carry information: all that are painted. An elided step has no border, only its words.
"""

from dataclasses import FrozenInstanceError, replace
from itertools import combinations, product

import pytest

from tests.viz.sight import SEEN, distance, ratio
from tinygrad_rnn.errors import OptionError
from viz.layout.geometry import SHAPES
from viz.paint.heat import EXPLODING, HEAT, contrast, text_on
from viz.paint.theme import DARK, LIGHT, THEMES, Line, Look, Theme

NEAR = 8  # in L*a*b*: less is seen side by side only
WIDER = 1.5  # of two lines that differ by their width alone
each_theme = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


@each_theme
def test_text_reads_on_every_fill(theme):
    assert all(contrast(theme.ink, look.fill) >= 4.5 for look in theme.looks.values())
    grounds = [theme.page, theme.looks["box"].fill]
    assert all(ratio(text, ground) >= 4.5 for text, ground in product((theme.ink, theme.quiet), grounds))


@each_theme
def test_borders_stand_out_from_the_page_the_cell_and_their_own_fill(theme):
    painted = {kind: look for kind, look in theme.looks.items() if look.pen}
    assert set(theme.looks) - set(painted) == {"elided"}
    for look in painted.values():
        assert min(ratio(look.stroke, ground) for ground in (theme.page, theme.looks["box"].fill, look.fill)) >= 3


@each_theme
def test_lines_stand_out_from_the_page_and_the_cell(theme):
    for line in theme.lines.values():
        assert min(ratio(line.stroke, ground) for ground in (theme.page, theme.looks["box"].fill)) >= 3


@each_theme
def test_the_words_at_a_cut_read_in_its_own_colour(theme):
    assert ratio(theme.lines["cut"].stroke, theme.page) >= 4.5


def test_text_reads_on_every_heat():
    assert all(ratio(text_on(fill), fill) >= 4.5 for fill in HEAT + EXPLODING)


@each_theme
def test_every_shape_has_its_colours(theme):
    assert set(SHAPES) == set(theme.looks)


def is_wider(one, other):
    return max(one, other) >= WIDER * min(one, other)


@each_theme
@pytest.mark.parametrize("sight", SEEN)
def test_no_two_kinds_differ_by_nothing_but_a_colour_that_is_not_seen(theme, sight):
    """By the outline, how the border is drawn, its width, or a colour: at least one tells two kinds apart."""
    alike = []
    for (one, a), (other, b) in combinations(theme.looks.items(), 2):
        outlines = {SHAPES[kind].outline for kind in (one, other)}
        seen = max(distance(a.fill, b.fill, sight), distance(a.stroke, b.stroke, sight))
        if len(outlines) == 1 and a.style == b.style and not is_wider(a.pen, b.pen) and seen < NEAR:
            alike.append((one, other, round(seen, 1)))
    assert not alike


@each_theme
def test_borders_and_lines_are_drawn_as_in_the_table(theme):
    """Pens and styles are the same in every theme: what holds a value is thicker than what computes one."""
    assert {kind: (look.style, look.pen) for kind, look in theme.looks.items()} == {
        "parameter": ("filled", 1.3), "input": ("filled", 1.3), "initial": ("dashed,filled", 1.3),
        "op": ("filled", 0.8), "gate": ("rounded,filled", 1.3), "affine": ("filled", 0.8), "hidden": ("filled", 2.2),
        "cell": ("filled", 2.2), "output": ("filled", 1.3), "target": ("dotted,filled", 1.3), "loss": ("filled", 1.3),
        "total": ("filled", 1.3), "box": ("rounded,filled", 1.3), "part": ("filled", 1.3),
        "elided": ("", 0.0), "chunk": ("", 1.3),
    }  # fmt: skip
    assert {kind: (line.style, line.head, line.pen, line.arrow) for kind, line in theme.lines.items()} == {
        "data": ("solid", "normal", 1.1, 6.5), "weight": ("solid", "vee", 0.9, 6.5),
        "recurrent": ("solid", "normal", 2.6, 6.0), "cell": ("solid", "normal", 5.0, 5.0),
        "backward": ("dashed", "empty", 1.1, 7.0), "cut": ("dotted", "tee", 1.6, 9.0),
    }  # fmt: skip


@each_theme
def test_no_two_kinds_of_line_differ_by_colour_alone(theme):
    for a, b in combinations(theme.lines.values(), 2):
        assert a.style != b.style or a.head != b.head or is_wider(a.pen, b.pen)


def test_a_dotted_target_and_a_dashed_first_state_are_told_apart_in_grey():
    """The test above would see it if they were drawn alike: their colours are too near in grey."""
    initial, target = LIGHT.looks["initial"], LIGHT.looks["target"]
    assert distance(initial.stroke, target.stroke, "grey") < NEAR < distance(initial.stroke, target.stroke)
    assert initial.style != target.style


def test_a_simulation_keeps_greys_and_brings_red_and_green_together():
    assert all(distance("#777777", "#777777", sight) == 0 for sight in SEEN)
    assert distance("#C00000", "#606000", "protanopia") < distance("#C00000", "#606000") / 3
    assert distance("#000000", "#FFFFFF", "grey") == pytest.approx(100, abs=0.1)


# a theme of one's own


def test_a_theme_takes_what_it_is_not_given_from_the_light_or_the_dark_one():
    look, line = Look("#DDE3FF", "#22338A", pen=2.2), Line("#22338A")
    paper = Theme(page="#FFF8E7", looks={"hidden": look}, lines={"data": line})
    assert (paper.ink, paper.quiet, paper.is_dark) == (LIGHT.ink, LIGHT.quiet, False)
    assert paper.looks == LIGHT.looks | {"hidden": look, **{
        kind: replace(LIGHT.looks[kind], fill="#FFF8E7") for kind in ("initial", "target", "chunk")
    }, "elided": replace(LIGHT.looks["elided"], fill="#FFF8E7", stroke="#FFF8E7")}  # fmt: skip
    assert paper.lines == LIGHT.lines | {"data": line}
    night = Theme(page="#000000", ink="#FFFFFF")
    assert (night.ink, night.quiet, night.is_dark) == ("#FFFFFF", DARK.quiet, True)
    assert night.looks["hidden"] == DARK.looks["hidden"]


def test_a_look_and_a_line_have_the_usual_pen_and_cannot_be_changed():
    look, line, theme = Look("#FFFFFF", "#000000"), Line("#000000"), Theme()
    assert (look.style, look.pen) == ("filled", 1.3)
    assert (line.style, line.head, line.pen, line.scale) == ("solid", "normal", 1.1, 0.65)
    assert theme == LIGHT
    for thing, name in ((look, "pen"), (line, "pen"), (theme, "ink")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, 2)
    assert Look("#FFFFFF", "#000000", pen=0).pen == Line("#FFFFFF", pen=0, scale=0).scale == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Theme(page="white"), "Theme: page='white' is not a colour\n  expected  # and six hexadecimal digits"),
        (lambda: Theme(page="#FFF"), "Theme: page='#FFF' is not a colour"),
        (lambda: Theme(page=None), "Theme: page=None is not a colour"),
        (lambda: Theme(ink='#000000"'), "Theme: ink='#000000\"' is not a colour"),
        (lambda: Theme(quiet=7), "Theme: quiet=7 is not a colour"),
        (lambda: Theme(ink=None), "Theme: ink=None is not a colour"),
        (lambda: Theme(quiet="grey"), "Theme: quiet='grey' is not a colour"),
        (lambda: Theme(looks={"hiden": LIGHT.looks["hidden"]}), "help      did you mean 'hidden'?"),
        (lambda: Theme(looks={"hidden": "#FFFFFF"}), "Theme: looks['hidden']='#FFFFFF' is not a Look"),
        (lambda: Theme(lines=[1]), "Theme: lines=[1] is not a dict of Lines"),
        (lambda: Look("#FFFFFF", "#00000"), "Look: stroke='#00000' is not a colour"),
        (lambda: Line("red"), "Line: stroke='red' is not a colour"),
        (lambda: Look("#FFFFFF", "#000000", style=None), "Look: style=None is not a text"),
        (lambda: Look("#FFFFFF", "#000000", style="filled,dased"), "help      did you mean 'dashed'?"),
        (lambda: Line("#FFFFFF", style="doted"), "help      did you mean 'dotted'?"),
        (lambda: Line("#FFFFFF", pen=float("nan")), "Line: pen=nan is out of range"),
        (lambda: Look("#FFFFFF", "#000000", pen=-1), "Look: pen=-1 is out of range"),
        (lambda: Line("#FFFFFF", scale="big"), "Line: scale='big' is out of range"),
        (lambda: Line("#FFFFFF", head=1), "Line: head=1 is not an option"),
    ],
)
def test_a_theme_that_cannot_be_painted_is_refused_in_words(wrong, said):
    with pytest.raises(OptionError) as refused:
        wrong()
    assert said in str(refused.value)
