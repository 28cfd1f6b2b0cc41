"""Vanishing, healthy and exploding are three different sights; none, zero and NaN look like none of them."""

import math
from itertools import combinations, pairwise, product

import numpy as np
import pytest

from tests.viz.sight import SEEN, distance, ratio
from viz.paint.heat import EXPLODING, HEAT, backward_pen, backward_style, contrast, decades, heat, text_on

POWERS = range(-8, 5)
each_ground = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


@pytest.mark.parametrize("k", POWERS)
@each_ground
def test_each_decade_has_one_colour_from_its_first_norm_to_its_last(k, dark):
    fill, style = heat(float(f"1e{k}"), dark)
    assert style == ""
    assert heat(float(f"9.999e{k}"), dark) == (fill, style)
    if k < 4:
        assert heat(float(f"1e{k + 1}"), dark)[0] != fill


@each_ground
def test_what_is_beyond_the_scale_has_the_colour_of_its_end(dark):
    assert heat(1e-8, dark) == heat(5e-324, dark) == heat(1e-30, dark)
    assert heat(1e4, dark) == heat(1e300, dark)


def test_above_ten_there_is_a_second_hue_that_every_reader_sees():
    assert (heat(9.9)[0], heat(10.0)[0]) == (HEAT[-1], EXPLODING[0])
    for sight in ("normal", "protanopia", "deuteranopia"):
        assert min(distance(a, b, sight) for a, b in product(HEAT, EXPLODING)) > 40


@pytest.mark.parametrize("ramp", [HEAT, EXPLODING])
def test_larger_is_darker_and_on_a_dark_ground_lighter(ramp):
    assert all(ratio(a, "#FFFFFF") < ratio(b, "#FFFFFF") for a, b in pairwise(ramp))
    assert all(distance(a, b, sight) > 6 for a, b in pairwise(ramp) for sight in SEEN)
    norms = [10.0**k for k in ((-8, -7, -6, -5, -4, -3, -2, -1, 0) if ramp is HEAT else (1, 2, 3, 4))]
    assert [heat(norm)[0] for norm in norms] == list(ramp)
    assert [heat(norm, dark=True)[0] for norm in norms] == list(ramp)[::-1]


@each_ground
def test_none_zero_and_not_finite_look_like_nothing_else(dark):
    special = [heat(None, dark), heat(0.0, dark), heat(math.nan, dark)]
    assert heat(math.inf, dark) == heat(-math.inf, dark) == heat(np.float32("nan"), dark) == special[2]
    assert [style for _, style in special] == ["dashed", "diagonals", ""]
    assert (special[2][0], text_on(special[2][0])) == ("#000000", "#FFFFFF")
    for (a, a_style), (b, b_style) in combinations([*special, *(heat(10.0**k, dark) for k in POWERS)], 2):
        assert a_style != b_style or distance(a, b) > 6


def test_none_and_zero_are_as_the_page():
    assert [heat(norm, dark)[0] for norm in (None, 0.0) for dark in (False, True)] == ["#FFFFFF", "#16191D"] * 2


def test_a_legend_names_each_decade_that_is_there_once_and_in_order():
    norms = [math.nan, 3e5, 0.2, None, 3e-9, 0.0, 0.11, 40.0, math.inf, 2e-7, 1.0, 1e4]
    labels = ["–", "0", "< 1e-7", "1e-7", "1e-1", "1e0", "1e1", "≥ 1e4", "∞", "NaN"]
    for order in (norms, norms[::-1]):
        assert [label for label, *_ in decades(order)] == labels
    for dark in (False, True):
        rows = decades(norms, dark)
        assert ("1e0", *heat(1.0, dark), text_on(heat(1.0, dark)[0])) in rows
        assert all(contrast(ink, fill) >= 4.5 for _, fill, _, ink in rows)
    assert decades([]) == []


def test_a_backward_line_tells_vanishing_healthy_and_exploding_apart():
    pens = [backward_pen(10.0**k) for k in POWERS]
    assert pens[:9] == pytest.approx([0.8 + 4.2 * k / 8 for k in range(9)])
    assert pens[9:] == [6.5, 7.0, 7.5, 8.0]
    assert backward_pen(9.99) == 5.0
    assert backward_pen(0.0) == backward_pen(1e-300) == 0.8
    assert backward_pen(1e300) == backward_pen(math.nan) == backward_pen(math.inf) == 8.0
    assert [backward_style(norm) for norm in (0.0, 9.9, 10.0, math.inf, math.nan)] == [
        "dashed", "dashed", "solid", "dotted", "dotted"
    ]  # fmt: skip
