"""A text in the colours of one unit: every character is there, on the colour of its number, and can be read."""

import os
import re
from html import unescape
from html.parser import HTMLParser
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
import viz
from tests.oracles import require_matplotlib
from tinygrad_rnn.errors import DTypeError, OptionError, ShapeError
from viz.plots import letters, shades, sheet
from viz.plots.frame import styled

LEVELS = range(-shades.LEVELS, shades.LEVELS + 1)


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    r, g, b = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


class Page(HTMLParser):
    """What a browser makes of it: (letters, ground, ink, underlined, tooltip) for each run of the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.runs, self.legend = [], [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "wbr", "br"):
            self.open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if any(tag == "figcaption" for tag, _ in self.open):
            self.legend += data
        elif any(tag == "pre" for tag, _ in self.open):
            tag, attributes = self.open[-1]
            style = dict(part.split(":") for part in attributes["style"].split(";"))
            ink = style.get("color", "#000000")
            self.runs.append((data, style["background"], ink, tag == "u", attributes["title"]))


def runs(*arguments, **options):
    return Page(viz.colour_text(*arguments, **options).html()).runs


# colours


def test_letters_can_be_read_on_every_colour():
    for level in LEVELS:
        assert (luminance(shades.shade(level)) + 0.05) / 0.05 >= 4.5  # black on it


def test_colours_grow_away_from_white_on_either_side_and_are_blue_below_and_red_above():
    light = [luminance(shades.shade(level)) for level in LEVELS]
    assert np.all(np.diff(light[: shades.LEVELS + 1]) > 0)
    assert np.all(np.diff(light[shades.LEVELS :]) < 0)
    for level in LEVELS:
        red, _, blue = (int(shades.shade(level)[k : k + 2], 16) for k in (1, 3, 5))
        assert np.sign(red - blue) == np.sign(level)


def simulated(colour, weights):
    """As somebody with one kind of cone less sees it, in linear light: Machado et al. 2009, severity 1."""
    linear = [(int(colour[k : k + 2], 16) / 255) ** 2.2 for k in (1, 3, 5)]
    return np.clip(np.array(weights) @ linear, 0, 1) ** (1 / 2.2)


PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]


@pytest.mark.parametrize("weights", [PROTAN, DEUTAN], ids=["protanopia", "deuteranopia"])
def test_the_two_sides_are_told_apart_without_red_or_green_cones(weights):
    for level in range(8, shades.LEVELS + 1):
        apart = simulated(shades.shade(level), weights) - simulated(shades.shade(-level), weights)
        assert np.abs(apart).max() > 0.1


# HTML


def test_each_character_stands_on_the_colour_of_its_number():
    found = runs("abcd", [0.0, 1.0, -1.0, 0.5])
    assert found == [
        ("a", "#FFFFFF", "#000000", False, "+0.00"),
        ("b", "#D6604D", "#000000", False, "+1.00"),
        ("c", "#4393C3", "#000000", True, "-1.00"),
        ("d", shades.shade(16), "#000000", False, "+0.50"),
    ]


def test_within_1_the_range_is_1_and_beyond_it_the_largest_number():
    small, large = viz.colour_text("ab", [0.1, -0.2]), viz.colour_text("ab", [1.0, -4.0])
    assert (small.limit, large.limit) == (1, 4)
    assert "−1" in Page(small.html()).legend
    assert "−4" in Page(large.html()).legend
    assert "+4" in Page(large.html()).legend
    assert Page(large.html()).runs[0][1] == shades.shade(8)


def test_what_is_not_finite_is_white_on_black_and_counted():
    coloured = viz.colour_text("abcd", [nan, inf, -inf, 0.0])
    page = Page(coloured.html())
    assert page.runs[0] == ("abc", "#000000", "#FFFFFF", False, "not finite")
    assert page.runs[1][0] == "d"
    assert "white on black: not finite (NaN or infinite), 3" in page.legend
    assert coloured.limit == 1


def test_only_what_is_there_stands_in_the_legend():
    assert "underlined" not in Page(viz.colour_text("a", [1.0]).html()).legend
    assert "space" not in Page(viz.colour_text("a", [1.0]).html()).legend
    legend = Page(viz.colour_text("a \n\t", [-1.0, 0, 0, 0]).html()).legend
    for words in ("underlined: below 0", "· space", "↵ end of line", "⇥ tab"):
        assert words in legend


@given(st.text(min_size=1), st.integers(0, 100))
def test_every_text_is_all_there_and_none_of_it_is_markup(text, seed):
    coloured = viz.colour_text(text, np.random.default_rng(seed).normal(size=len(text)))
    shown = "".join(map(letters.visible, text))
    assert "".join(run[0] for run in Page(coloured.html()).runs).replace("\n", "") == shown
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured.ansi()).rpartition("\n")[0].replace("\n", "") == shown
    coloured.html().encode()
    assert all(char.isprintable() for char in shown)


def test_a_title_is_text_too():
    text = viz.colour_text("a", [1.0], title="<script>&").html()
    assert "<script>" not in text
    assert "<b>&lt;script&gt;&amp;</b>" in text


def test_a_page_asks_for_nothing():
    text = viz.colour_text("http://example.com/a.png <img src=x>", np.zeros(36)).html()
    assert "default-src 'none'" in unescape(text)
    assert not re.search(r"<(img|link|script|iframe)|src=|href=|url\(", re.sub("<pre.*</pre>", "", text))


def test_a_notebook_shows_it_without_the_page_around_it():
    coloured = viz.colour_text("ab", [0.5, -0.5])
    assert coloured._repr_html_().startswith("<figure")
    assert coloured._repr_html_() in coloured.html()
    assert repr(coloured) == "<ColouredText 'ab', activations from −1 to +1>"


def test_a_long_text_takes_its_runs_together():
    text = "to be or not to be\n" * 5000
    coloured = viz.colour_text(text, np.ones(len(text)))
    assert len(coloured.html()) < 3 * len(text)


# lines


@given(st.text(alphabet="ab \n\t界", min_size=1), st.integers(2, 12))
def test_lines_hold_every_character_once_and_none_is_too_wide(text, most):
    widths = [letters.columns(letters.visible(char)) for char in text]
    every = list(letters.lines(text, widths, most))
    assert [k for line in every for k in line] == list(range(len(text)))
    for line, after in zip(every, [*every[1:], range(0)], strict=True):
        assert sum(widths[k] for k in line if text[k] != "\n") <= most
        assert "\n" not in text[line.start : line.stop - 1]
        inside = text[line.start : line.stop]
        if after and not inside.endswith(("\n", " ", "\t")):
            assert " " not in inside  # broken within a word only where the word alone is too wide
            assert "\t" not in inside


def test_what_follows_a_blank_may_need_a_line_of_its_own():
    assert list(letters.lines(" 界界", [1, 2, 2], 3)) == [range(1), range(1, 2), range(2, 3)]


def test_the_end_of_a_line_hangs_over():
    assert list(letters.lines("ab\ncd", [1] * 5, 2)) == [range(3), range(3, 5)]


def test_ansi_is_one_line_a_line_and_says_the_scale():
    *every, scale = viz.colour_text("to be\nor not", np.linspace(-1, 2, 12), columns=4).ansi().split("\n")
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in every]
    assert plain == ["to·", "be↵", "or·", "not"]
    assert scale == "from −2 (blue) to +2 (red); underlined: below 0; · space   ↵ end of line"
    assert every[0].startswith("\x1b[4;38;2;0;0;0;48;2;")
    assert all(line.endswith("\x1b[0m") for line in every)


def test_ansi_has_the_colours_of_the_page():
    grounds = re.findall(r"48;2;(\d+);(\d+);(\d+)m", viz.colour_text("abc", [-1.0, 0.5, nan]).ansi())
    assert ["#" + "".join(f"{int(part):02X}" for part in ground) for ground in grounds] == [
        run[1] for run in runs("abc", [-1.0, 0.5, nan])
    ]


# the sheet


def test_on_a_sheet_each_letter_stands_on_its_cell():
    mpl = require_matplotlib()
    values = [-1.0, 0.25, nan, 1.0, 1.0]
    (ax,) = viz.colour_text("ab cd", values, title="t").plot().figure.axes
    (boxes,) = ax.collections
    colours = [mpl.colors.to_hex(colour).upper() for colour in boxes.get_facecolors()]
    first = sheet.EDGE + 3 * sheet.LINE + sheet.LINE * 2  # below the title, the scale and three keys
    found = {
        round((path.vertices[:, 0].min() - sheet.EDGE) / sheet.ADVANCE, 6): colour
        for path, colour in zip(boxes.get_paths(), colours, strict=True)
        if path.vertices[:, 1].min() > first and np.ptp(path.vertices[:, 1]) > 2
    }
    assert found == {0: "#4393C3", 1: shades.shade(8), 2: "#000000", 3: "#D6604D"}
    black, white = [text for text in ax.texts if text.get_family() == [sheet.FONT]][-2:]
    assert (black.get_text(), black.get_color()) == ("ab cd", "#000000")
    assert (white.get_text(), white.get_color()) == ("  ·  ", "#FFFFFF")


def test_letters_are_as_wide_as_their_cells():
    require_matplotlib()
    text = "fi--W·◌\u0308↵" * 8
    plot = viz.colour_text(text, np.zeros(len(text))).plot()
    line = [t for t in plot.figure.axes[0].texts if t.get_family() == [sheet.FONT]][-1]
    with styled("the test"):  # as it is painted: letters are not moved onto pixels
        box = line.get_window_extent()
    assert box.width * 72 / plot.figure.dpi == pytest.approx(letters.cells(line.get_text()) * sheet.ADVANCE, rel=0.002)


def test_nothing_leaves_the_sheet():
    require_matplotlib()
    for columns in (1, 20, 80):
        text = "a wordthatislong\t\n" * 5
        plot = viz.colour_text(text, np.linspace(-1, nan, len(text)), columns=columns).plot()
        whole = plot.figure.bbox
        for shown in plot.figure.axes[0].texts:
            box = shown.get_window_extent()
            assert 0 <= box.x0 < box.x1 <= whole.x1
            assert 0 <= box.y0 < box.y1 <= whole.y1


def test_what_the_font_lacks_is_written_as_its_code_and_said():
    require_matplotlib()
    plot = viz.colour_text("a界\x00", [0.0, 0.0, 0.0]).plot()
    texts = [text.get_text() for text in plot.figure.axes[0].texts]
    assert r"a\u754c\x00" in texts
    assert "\\u…: 1 character that the font does not have" in texts
    plot.png()  # and matplotlib does not warn of it


def test_a_text_too_long_for_a_figure_is_refused_with_what_to_do():
    require_matplotlib()
    with pytest.raises(
        ShapeError, match=r"too long for one figure\n  expected  at most 1500 lines\n  got       1501"
    ) as e:
        viz.colour_text("\n" * 1501, np.zeros(1501)).plot()
    assert ".html()" in str(e.value)
    plot = viz.colour_text("\n" * 1500, np.zeros(1500)).plot()
    assert plot.figure.get_figheight() * 144 < 2**16


@pytest.mark.parametrize(
    ("suffix", "begin"), [(".html", b"<!DOCTYPE"), (".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
)
def test_save_writes_what_the_suffix_says(tmp_path, suffix, begin):
    if suffix != ".html":
        require_matplotlib()
    path = viz.colour_text("ab", [0.5, -0.5]).save(tmp_path / f"a{suffix}")
    assert path.read_bytes().startswith(begin)


def test_a_file_appears_whole_or_the_error_says_why_not(tmp_path, monkeypatch):
    coloured, path = viz.colour_text("ab", [0.5, -0.5]), tmp_path / "a.html"
    with pytest.raises(viz.WriteError, match=f"there is no folder {tmp_path / 'new'}"):
        coloured.save(tmp_path / "new" / "a.html")
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(viz.WriteError, match="No space left on device"):
        coloured.save(path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


# what it takes


def test_the_states_of_a_layer_are_activations():
    corpus = tg.train.Corpus("to be or not")
    model = tg.train.CharModel("gru", len(corpus.vocabulary), 4, 1, rng=0)
    states, _ = model.rnn(model.inputs(corpus.encode("to be")[:, None]))
    coloured = viz.colour_text("to be", states[:, 0, 2])
    assert coloured.activations.tolist() == states.numpy()[:, 0, 2].tolist()
    with pytest.raises(
        ShapeError, match=r"one number per step(.|\n)*help      choose one unit of one row: states\[:, 0, unit\]"
    ):
        viz.colour_text("to be", states)


@pytest.mark.parametrize(
    ("text", "activations", "error", "words"),
    [
        ("", [], OptionError, "the text is empty"),
        (b"ab", [1, 2], OptionError, "text=b'ab' is not a text"),
        (["a", "b"], [1, 2], OptionError, "is not a text"),
        (
            "ab",
            [1],
            ShapeError,
            "there is not one activation for each character\n  expected  2 numbers, .*\n  got       1$",
        ),
        ("ab", "ab", OptionError, "the activations are not a sequence"),
        ("ab", [1, "b"], OptionError, "the activations are not all numbers"),
        ("ab", np.ones(2) * 1j, DTypeError, "the activations are not real numbers"),
    ],
)
def test_other_arguments_are_refused(text, activations, error, words):
    with pytest.raises(error, match=words):
        viz.colour_text(text, activations)


@pytest.mark.parametrize("columns", [0, 1.5, None, 1001])
def test_columns_out_of_range_are_refused(columns):
    with pytest.raises(OptionError, match=r"^viz.colour_text: columns=.* is out of range"):
        viz.colour_text("ab", [1, 2], columns=columns)
