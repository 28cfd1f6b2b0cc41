"""plot_gradient_flow: what of the loss's gradient arrives at each step, for several nets on one scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.errors import OptionError, check_name, is_number
from viz.plots.frame import Plot, canvas
from viz.plots.numbers import norms, plain
from viz.plots.series import Entry, Series, draw, legend, time_axis

__all__ = ["plot_gradient_flow"]

OWNER = "viz.plot_gradient_flow"
TITLE = "How much of the loss's gradient arrives at each step"
LABEL = r"$\|\partial\,\mathrm{loss}\,/\,\partial\,\mathrm{state}_t\|$"
HEIGHT = 4.5  # in inches; more where the legend needs it
VANISHING, EXPLODING = "#EAE6F3", "#FBDDCB"


def plot_gradient_flow(
    flows: Any, *, ax: Any = None, healthy: tuple[float, float] | None = (1e-3, 10.0), title: str | None = None
) -> Plot:
    """‖∂loss/∂state_t‖ over t on a logarithmic scale, a line for each net.

    A number that a logarithm does not have is never left out: exactly 0 stands in a strip below the scale, infinite and
    NaN in one above it, and the legend counts them.

    Args:
        flows: what `tg.gradient_flow` returned, (T,); or several by name: {"RNN": …, "LSTM": …}, not all as long.
        ax: axes of matplotlib to draw in, in their style; by default a new figure, of which pyplot does not know.
        healthy: between these the background is white; below, the gradient is called vanishing, above, exploding. A
            rule of thumb: what is small depends on the scale of the loss. None for no such bounds.
        title: stands above; by default it says what is measured.
    Raises:
        OptionError, ShapeError, DTypeError: flows that are empty, negative, or not one number per step; an option out
            of range. MissingError: matplotlib is not installed.

    >>> plot_gradient_flow({"RNN": [0.1, -1.0]})
    Traceback (most recent call last):
    tinygrad_rnn.errors.DTypeError: viz.plot_gradient_flow: the norms of 'RNN' are not all norms
      expected  numbers of at least 0, NaN or infinite
      got       -1.0, number 2 of 2
    """
    nets = _nets(flows)
    check_name(OWNER, "title", title)
    _check_healthy(healthy)
    heading = TITLE if title is None else title
    with canvas(OWNER, (9, HEIGHT), ax) as (axes, *_):
        entries = draw(axes, nets, log=True, shown=() if healthy is None else (healthy[0] / 10, healthy[1] * 10))
        if healthy is not None:
            entries += _bands(axes, *healthy)
        time_axis(axes, 1, max(len(net.y) for net in nets))
        axes.set(xlabel="step t  (the gradient travels ← from the last step to the first)", ylabel=LABEL)
        axes.set_title(plain(heading), parse_math=False)
        legend(axes, entries if isinstance(flows, Mapping) else entries[1:])
        if ax is None:
            axes.figure.set_figheight(max(HEIGHT, 1 + 0.22 * len(entries)))
    return Plot(axes.get_figure(root=True), "\n".join([plain(heading), *map(_in_words, nets)]))


def _nets(flows: Any) -> list[Series]:
    """A line for each net; one array is a net without a name."""
    if not isinstance(flows, Mapping):
        return [_net("", flows)]
    if not flows:
        raise OptionError(f"{OWNER}: there are no nets to plot", expected='{"RNN": tg.gradient_flow(loss, "h"), …}',
                          got="an empty mapping")  # fmt: skip
    if strange := [name for name in flows if not isinstance(name, str)]:
        raise OptionError(f"{OWNER}: the name of a net is not a text", got=f"{strange[0]!r:.60}")
    return [_net(name, flow) for name, flow in flows.items()]


def _net(name: str, flow: Any) -> Series:
    y = norms(OWNER, f"the norms of {name!r}" if name else "the norms", flow)
    return Series(name, np.arange(1.0, len(y) + 1), y)


def _check_healthy(healthy: Any) -> None:
    if healthy is None:
        return
    pair = isinstance(healthy, tuple | list) and len(healthy) == 2 and all(map(is_number, healthy))
    if not (pair and 1e-300 < healthy[0] < healthy[1] < 1e300):
        raise OptionError(f"{OWNER}: healthy={healthy!r:.60} is out of range",
                          expected="(least, largest), two positive numbers, or None")  # fmt: skip


def _bands(ax: Any, least: float, largest: float) -> list[Entry]:
    """What is too large and what too small, behind the lines."""
    bottom, top = ax.get_ylim()
    return [
        (ax.axhspan(largest, top, color=EXPLODING, lw=0, zorder=0), f"exploding: above {largest:g}"),
        (ax.axhspan(bottom, least, color=VANISHING, lw=0, zorder=0), f"vanishing: below {least:g}"),
    ]


def _in_words(net: Series) -> str:
    """One sentence, for who cannot see the line."""
    first, last = net.y[0], net.y[-1]
    return f"{plain(net.name) or 'norm'}: {first:.2g} at step 1, {last:.2g} at step {len(net.y)}"
