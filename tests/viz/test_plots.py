"""Plots show the numbers that they were given, read back from their axes, and each of those that a scale lacks."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from math import inf, nan

import numpy as np
import pytest

import tinygrad_rnn as tg
import viz
from tests.oracles import require_matplotlib
from tinygrad_rnn.errors import DTypeError, OptionError, ShapeError
from viz.plots import series

mpl = require_matplotlib()
FLOW = {"RNN": [0.0, 1e-5, 0.1, 1.0], "LSTM": [nan, 0.5, inf, 2.0]}


def lines(ax):
    """Label in the legend → the line that it stands for."""
    box = ax.get_legend()
    named = zip(box.get_texts(), box.legend_handles, strict=True)
    looks = {
        text.get_text(): (h.get_color(), h.get_linestyle(), h.get_marker())
        for text, h in named
        if hasattr(h, "get_marker")
    }
    return {name: next(l for l in ax.lines if (l.get_color(), l.get_linestyle(), l.get_marker()) == look)
            for name, look in looks.items()}  # fmt: skip


def says(plot, k=0):
    return [text.get_text() for text in plot.figure.axes[k].get_legend().get_texts()]


# gradient flow


def test_the_line_of_a_net_is_what_was_measured():
    states, _ = tg.nn.RNN(2, 3, dtype=np.float64, rng=0).unrolled(np.ones((5, 1, 2)))
    flow = tg.gradient_flow((states[-1] ** 2).sum(), states)
    (ax,) = viz.plot_gradient_flow({"RNN": flow}).figure.axes
    assert ax.get_yscale() == "log"
    line = lines(ax)["RNN"]
    assert line.get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert line.get_ydata().tolist() == flow.tolist()


def test_zero_nan_and_infinity_are_marked_where_they_are_and_counted():
    plot = viz.plot_gradient_flow(FLOW, healthy=None)
    (ax,) = plot.figure.axes
    found = lines(ax)
    marks = {name: line.get_xdata().tolist() for name, line in found.items() if ":" in name}
    assert marks == {
        "RNN: exactly 0, 1 of 4": [1.0],
        "LSTM: infinite, 1 of 4": [3.0],
        "LSTM: not a number (NaN), 1 of 4": [1.0],
    }
    assert np.isnan(found["RNN"].get_ydata()).tolist() == [True, False, False, False]
    assert np.isnan(found["LSTM"].get_ydata()).tolist() == [True, False, True, False]


def test_the_strips_are_at_the_edges_and_no_line_runs_into_them():
    plot = viz.plot_gradient_flow(FLOW, healthy=None)
    (ax,) = plot.figure.axes
    found = lines(ax)
    place = {name: ax.transAxes.inverted().transform(line.get_transform().transform((1, line.get_ydata()[0])))[1]
             for name, line in found.items() if ":" in name}  # fmt: skip
    heights = [ax.transAxes.inverted().transform(ax.transData.transform((1, y)))[1] for y in (1e-5, 2.0)]
    assert 0 < place["RNN: exactly 0, 1 of 4"] < series.ROW < heights[0]
    assert (
        heights[1]
        < 1 - 2 * series.ROW
        < place["LSTM: not a number (NaN), 1 of 4"]
        < place["LSTM: infinite, 1 of 4"]
        < 1
    )


def test_a_strip_has_a_border_that_is_seen_in_grey_and_without_a_row_there_is_none():
    (ax,) = viz.plot_gradient_flow({"RNN": [0.0, 1.0]}).figure.axes
    below, above = ax.patches[:2]
    assert (below.get_linewidth() > 0, above.get_linewidth()) == (True, 0)
    assert contrast(below.get_edgecolor(), below.get_facecolor()) >= 3


def test_numbers_on_the_axis_stand_beside_lines_and_not_beside_strips():
    (ax,) = viz.plot_gradient_flow({str(k): [0, 1e-9, inf, nan, 1e9] for k in range(9)}).figure.axes
    inside = ax.transAxes.inverted().transform(ax.transData.transform([(1, tick) for tick in ax.get_yticks()]))[:, 1]
    assert len(inside) >= 4
    assert 0.3 < inside.min() < inside.max() < 0.7


def test_every_number_is_shown_once():
    every = {str(k): np.random.default_rng(k).choice([0, 1e-300, 5e-324, 1, 1.7e308, inf, nan], 50) for k in range(8)}
    (ax,) = viz.plot_gradient_flow(every).figure.axes
    shown = sum(int(np.isfinite(line.get_ydata()).sum()) for line in ax.lines)
    assert shown == 8 * 50
    bottom, top = ax.get_ylim()
    assert bottom <= 5e-324
    assert top >= 1.7e308


def test_what_stands_alone_between_gaps_has_a_marker():
    (ax,) = viz.plot_gradient_flow({"RNN": [0.0, 1.0, 0.0] * 50}).figure.axes
    alone = [3 * k + 1 for k in range(50)]
    assert set(alone) <= set(lines(ax)["RNN"].get_markevery())


def test_nets_differ_in_more_than_colour():
    (ax,) = viz.plot_gradient_flow({str(k): [1.0, k + 1] for k in range(30)}, healthy=None).figure.axes
    looks = [(line.get_linestyle(), line._unscaled_dash_pattern, line.get_marker()) for line in ax.lines]
    assert len({str(look) for look in looks}) == 30
    assert len({str((line.get_color(), look)) for line, look in zip(ax.lines, looks, strict=True)}) == 30


def luminance(colour):
    r, g, b = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in mpl.colors.to_rgb(colour))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_lines_can_be_seen_on_every_ground():
    from viz.plots.flow import EXPLODING, VANISHING

    for ground in ("#FFFFFF", series.STRIP, EXPLODING, VANISHING):
        assert min(contrast(colour, ground) for colour in series.COLOURS) >= 3


def test_bands_end_where_healthy_does():
    plot = viz.plot_gradient_flow([0.1, 1.0], healthy=(0.01, 100))
    (ax,) = plot.figure.axes
    assert says(plot) == ["exploding: above 100", "vanishing: below 0.01"]
    above, below = (patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches[-2:])
    assert (above.y0, below.y1) == pytest.approx((100, 0.01))
    assert (above.y1, below.y0) == pytest.approx(ax.get_ylim()[::-1])
    assert viz.plot_gradient_flow([0.1, 1.0], healthy=None).figure.axes[0].get_legend() is None


def test_one_array_is_a_net_without_a_name():
    plot = viz.plot_gradient_flow([0.0, 1.0])
    assert says(plot)[0] == "exactly 0, 1 of 2"
    assert plot.description.splitlines()[1] == "norm: 0 at step 1, 1 at step 2"


def test_axes_of_ones_own_are_drawn_in_and_returned_with_their_figure():
    figure = mpl.figure.Figure()
    left, right = figure.subplots(1, 2)
    plot = viz.plot_gradient_flow(FLOW, ax=right, title="mine")
    assert plot.figure is figure
    assert not left.lines
    assert right.get_title(loc="left") + right.get_title() == "mine"
    assert tuple(figure.get_size_inches()) == (6.4, 4.8)


def test_names_are_text_and_never_formulas():
    plot = viz.plot_gradient_flow({"_a": [1.0], "$x_1$ \x00": [2.0]}, title="5 $ or 6 $", healthy=None)
    assert says(plot) == ["_a", r"$x_1$ \x00"]
    (ax,) = plot.figure.axes
    assert not any(text.get_parse_math() for text in (ax._left_title, *ax.get_legend().get_texts()))
    text = plot.svg()
    ET.fromstring(text)
    assert "<!-- 5 $ or 6 $ -->" in text
    assert r"<!-- $x_1$ \x00 -->" in text


@pytest.mark.parametrize(
    ("flows", "error", "words"),
    [
        ([], ShapeError, "the norms are empty"),
        ({}, OptionError, "there are no nets to plot"),
        (np.ones((2, 3)), ShapeError, r"the norms are not one number per step\n  expected  shape \(T,\)\n.*\(2, 3\)"),
        ({"RNN": "text"}, OptionError, "the norms of 'RNN' are not a sequence"),
        ({"RNN": [1.0, "a"]}, OptionError, "the norms of 'RNN' are not all numbers"),
        ({"RNN": [1.0, -2.0]}, DTypeError, "the norms of 'RNN' are not all norms\n.*\n  got       -2.0, number 2 of 2"),
        (np.ones(3) * 1j, DTypeError, "the norms are not real numbers\n  got       dtype complex128"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), DTypeError, "the norms are a masked array"),
        (list(np.ma.masked_array([1.0, 2.0], [False, True])), OptionError, "the norms are not all numbers"),
        ({3: [1.0]}, OptionError, "the name of a net is not a text\n  got       3"),
        ([True], OptionError, "the norms are not all numbers"),
    ],
)
def test_other_flows_are_refused(flows, error, words):
    with pytest.raises(error, match=f"^viz.plot_gradient_flow: {words}"):
        viz.plot_gradient_flow(flows)


@pytest.mark.parametrize("healthy", [(3, 1), (0, 1), 5, (1,), (1, inf), ("a", "b"), (-1, 2)])
def test_bounds_out_of_order_are_refused(healthy):
    with pytest.raises(OptionError, match=r"healthy=.* is out of range"):
        viz.plot_gradient_flow([1.0], healthy=healthy)


def test_tensors_are_taken_for_their_numbers():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    for flows in (x, [x.sum() / 3, np.float32(2)], (v for v in [1.0, 2.0])):
        (ax,) = viz.plot_gradient_flow(flows).figure.axes
        assert ax.lines[0].get_ydata().tolist() == [1, 2]


# training


ROWS = [
    {"step": 10, "train": 3.0, "norm": 7.0, "lr": 0.1},
    {"step": 20, "train": 2.0, "norm": 0.0, "lr": 0.05, "valid": 2.5},
    {"step": 30, "train": nan, "norm": inf, "lr": 0.0},
]


def test_rows_become_lines_over_their_steps():
    plot = viz.plot_training(ROWS, max_norm=5, title="mine")
    loss, norm, rate = plot.figure.axes
    assert loss.get_title(loc="left") + loss.get_title() == plot.description.splitlines()[0] == "mine"
    found = lines(loss)
    assert found["training"].get_xydata()[:2].tolist() == [[10, 3], [20, 2]]
    assert found["validation"].get_xydata().tolist() == [[20, 2.5]]
    assert found["training: not a number (NaN), 1 of 3"].get_xdata().tolist() == [30]
    assert [*says(plot, 1)] == [
        "‖gradient‖", "‖gradient‖: exactly 0, 1 of 3", "‖gradient‖: infinite, 1 of 3", "clipped above 5: 1 of 3",
    ]  # fmt: skip
    assert norm.lines[-1].get_ydata() == [5, 5]
    assert rate.lines[0].get_xydata().tolist() == [[10, 0.1], [20, 0.05], [30, 0]]
    assert [ax.get_yscale() for ax in (loss, norm, rate)] == ["linear", "log", "linear"]


def test_every_axis_says_its_unit():
    plot = viz.plot_training(ROWS)
    labels = [ax.get_ylabel().replace("\n", " ") for ax in plot.figure.axes]
    assert labels == ["loss (nats per character)", "norm of the gradient (before clipping)", "learning rate"]
    assert plot.figure.axes[-1].get_xlabel() == "step"


def test_numbers_below_are_those_of_steps_that_there_are():
    (ax,) = viz.plot_gradient_flow(np.ones(100)).figure.axes
    assert ax.get_xticks().tolist() == [20, 40, 60, 80, 100]
    (ax,) = viz.plot_training({"epoch": [0.25, 0.5, 0.75], "train": [3, 2, 1]}).figure.axes
    assert len(ax.get_xticks()) >= 3


def test_where_there_are_steps_and_epochs_steps_stand_below():
    (ax,) = viz.plot_training({"epoch": [1, 1], "step": [5, 6], "train": [2, 1]}).figure.axes
    assert ax.get_xlabel() == "step"
    assert ax.lines[0].get_xdata().tolist() == [5, 6]


def test_columns_and_rows_are_one_plot():
    columns = {name: [row.get(name) for row in ROWS] for name in ("step", "train", "valid", "norm", "lr")}
    assert viz.plot_training(columns, max_norm=5).svg() == viz.plot_training(ROWS, max_norm=5).svg()


def test_what_fit_returns_and_a_run_are_histories():
    corpus = tg.train.Corpus("to be or not to be " * 20)
    run = tg.train.Run(tg.train.Settings(hidden=4, layers=1, epochs=3, batch=2, bptt=10), corpus)
    run.fit()
    history = run.progress.history
    for given in (run, run.progress, history):
        plot = viz.plot_training(given)
        loss, rate = plot.figure.axes
        assert lines(loss)["training"].get_xydata().tolist() == [[k + 1, row["train"]] for k, row in enumerate(history)]
        assert lines(loss)["validation"].get_ydata().tolist() == [row["valid"] for row in history]
        assert rate.lines[0].get_ydata().tolist() == [row["lr"] for row in history]
        assert rate.get_xlabel() == "epoch"


def test_a_column_of_ones_own_has_axes_of_its_own():
    plot = viz.plot_training({"train": [3.0, 2.0], "accuracy": [0.1, 0.5]})
    assert [ax.get_ylabel() for ax in plot.figure.axes] == ["loss\n(nats per character)", "accuracy"]
    assert plot.figure.axes[1].lines[0].get_xydata().tolist() == [[1, 0.1], [2, 0.5]]


def test_a_noisy_line_has_no_markers_that_look_like_outliers():
    few, many = (viz.plot_training({"train": [1.0] * n}).figure.axes[0].lines[0] for n in (40, 41))
    assert len(few.get_markevery()) == 40
    assert many.get_marker() == "none"


def test_the_axis_of_the_learning_rate_begins_at_0():
    (ax,) = viz.plot_training({"lr": [0.5, 0.4]}).figure.axes
    assert ax.get_ylim()[0] < 0 < min(t for t in ax.get_yticks() if t > 0)
    assert 0 in ax.get_yticks()


@pytest.mark.parametrize(
    ("history", "error", "words"),
    [
        ([], ShapeError, "there is nothing to plot"),
        (tg.train.Progress(), ShapeError, "there is nothing to plot"),
        ({"step": [1, 2]}, OptionError, "there is nothing to plot"),
        ([3], OptionError, "a row is not a mapping"),
        ("text", OptionError, "the rows are not a sequence"),
        ({"train": 3.0}, OptionError, "the values of 'train' are not a sequence"),
        ({"train": ["a"]}, OptionError, "the values of 'train' are not all numbers"),
        ({"train": [1, 2], "norm": [1]}, ShapeError, "the columns are not equally long"),
        ({"train": [1, 2], "valid": [None, None]}, ShapeError, "the values of 'valid' are empty"),
        ({"norm": [1, -1]}, DTypeError, "the values of 'norm' are not all norms"),
        ({"step": [1, nan], "train": [1, 2]}, DTypeError, "the values of 'step' are not all finite"),
        ({"train": [1.0, 1e308]}, DTypeError, "the values of 'train' are too large for an axis"),
    ],
)
def test_other_histories_are_refused(history, error, words):
    with pytest.raises(error, match=f"^viz.plot_training: {words}"):
        viz.plot_training(history)


def test_a_bound_without_norms_is_refused():
    with pytest.raises(OptionError, match="max_norm=5 has nothing to be compared with"):
        viz.plot_training({"train": [1.0]}, max_norm=5)


# files


def plots():
    return [
        viz.plot_gradient_flow(FLOW),
        viz.plot_training(ROWS, max_norm=5),
        viz.colour_text("to\tbe", [0.1, -1, 1, nan, 0]).plot(),
    ]


@pytest.mark.parametrize("plot", plots(), ids=["flow", "training", "text"])
def test_a_file_is_the_same_each_time(plot, tmp_path):
    for suffix, begin in ((".svg", b"<?xml"), (".png", b"\x89PNG"), (".PDF", b"%PDF")):
        one, two = (plot.save(tmp_path / f"{k}{suffix}").read_bytes() for k in "ab")
        assert one == two
        assert one.startswith(begin)
    assert "<dc:date>" not in plot.svg()


WRITE = """
import viz, sys
from tests.viz.test_plots import plots
sys.stdout.write("".join(plot.svg() for plot in plots()))
"""


def run(code, **environment):
    import os

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env={**os.environ, **environment},
                          capture_output=True, encoding="utf-8", check=True)  # fmt: skip
    return done.stdout


def test_two_processes_write_the_same_bytes():
    one, two = (run(WRITE, PYTHONHASHSEED=seed, PYTHONIOENCODING="utf-8") for seed in "12")
    assert one == two
    assert one.count("<svg") == 3


def test_pyplot_and_the_readers_settings_are_left_alone():
    code = """
import matplotlib, sys
from tests.viz.test_plots import plots
assert "matplotlib.pyplot" not in sys.modules
matplotlib.rcParams["lines.linewidth"] = 7
settings = lambda: {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}
before = settings()
for plot in plots():
    plot.svg(), plot.png(), plot.pdf()
assert "matplotlib.pyplot" not in sys.modules
assert settings() == before
print(matplotlib.get_backend(auto_select=False))
"""
    assert run(code) == "None\n"


def test_a_readers_style_does_not_change_ours():
    plain = viz.plot_gradient_flow(FLOW).svg()
    with mpl.rc_context({"lines.linewidth": 9, "axes.facecolor": "red", "font.size": 30, "svg.hashsalt": "x"}):
        assert viz.plot_gradient_flow(FLOW).svg() == plain


def test_an_svg_says_what_it_shows():
    root = ET.fromstring(viz.plot_gradient_flow(FLOW).svg())
    assert root.get("role") == "img"
    assert root.get("aria-label").splitlines() == [
        "How much of the loss's gradient arrives at each step", "RNN: 0 at step 1, 1 at step 4",
        "LSTM: nan at step 1, 2 at step 4",
    ]  # fmt: skip


def test_a_notebook_shows_the_plot():
    plot = viz.plot_training(ROWS)
    bundle = plot._repr_mimebundle_()
    assert bundle["image/svg+xml"] == plot.svg()
    assert bundle["text/plain"].startswith("How the training went\ntraining: 3 at first, nan at last")
    assert repr(plot) == "<Plot: How the training went>"


def test_a_png_has_the_pixels_that_were_asked_for():
    plot = viz.plot_training({"train": [1.0, 2.0]})
    width = [int.from_bytes(plot.png(dpi)[16:20], "big") for dpi in (100, 200)]
    assert width == [900, 1800]
    with pytest.raises(OptionError, match="dpi=0 is out of range"):
        plot.png(dpi=0)


def test_another_suffix_is_refused_and_an_old_file_survives_a_failure(tmp_path, monkeypatch):
    plot = viz.plot_training({"train": [1.0, 2.0]})
    with pytest.raises(
        OptionError, match=r"cannot write 'a\.gif'\n  expected  a name that ends in \.svg or \.png or \.pdf"
    ):
        plot.save(tmp_path / "a.gif")
    old = tmp_path / "a.png"
    old.write_text("old")
    monkeypatch.setattr(type(plot.figure), "savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        plot.save(old)
    assert old.read_text() == "old"


def test_a_file_appears_whole_or_the_error_says_why_not(tmp_path, monkeypatch):
    plot, path = viz.plot_training({"train": [1.0, 2.0]}), tmp_path / "a.svg"
    with pytest.raises(viz.WriteError, match=f"there is no folder {tmp_path / 'new'}"):
        plot.save(tmp_path / "new" / "a.svg")
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(viz.WriteError, match="No space left on device"):
        plot.save(path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_without_matplotlib_the_error_says_how_to_get_it():
    code = """
import sys
sys.modules["matplotlib"] = None
import tinygrad_rnn as tg, viz
print(viz.colour_text("ab", [0, 1]).html()[:15])
flow, training = lambda: viz.plot_gradient_flow([1.0]), lambda: viz.plot_training({"train": [1]})
for call in (flow, training, viz.colour_text("a", [1]).plot):
    try:
        call()
    except ModuleNotFoundError as error:
        assert isinstance(error, tg.TinygradError)
        print(error)
"""
    words = run(code)
    assert words.startswith("<!DOCTYPE html>\n")
    assert re.findall(r"(\S+): it needs matplotlib\n  help      pip install 'tinygrad-rnn\[plots\]'\n", words) == [
        "viz.plot_gradient_flow", "viz.plot_training", "ColouredText.plot",
    ]  # fmt: skip
