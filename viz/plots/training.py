"""plot_training: what a training run wrote down: losses, norms of the gradient, learning rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_rnn.errors import DTypeError, OptionError, ShapeError, check_name, check_number, check_sequence
from viz.plots.frame import INK, Plot, canvas
from viz.plots.numbers import Array, column, norms, plain
from viz.plots.series import Entry, Series, draw, legend, time_axis

__all__ = ["plot_training"]

OWNER = "viz.plot_training"
TITLE = "How the training went"


@dataclass(frozen=True)
class Panel:
    """One pair of axes: the columns that it shows, what each is called, and what its axis says."""

    label: str
    columns: Mapping[str, str]
    log: bool = False
    shown: tuple[float, ...] = ()


LOSS = Panel("loss\n(nats per character)", {"train": "training", "loss": "loss", "valid": "validation"})
NORM = Panel("norm of the gradient\n(before clipping)", {"norm": "‖gradient‖"}, log=True)
RATE = Panel("learning rate", {"lr": "learning rate"}, shown=(0.0,))
TIME = ("step", "epoch")  # of these the first that there is stands below; the other is not drawn
UNSEEN = (*TIME, "chars_per_second")


def plot_training(history: Any, *, max_norm: float | None = None, title: str | None = None) -> Plot:
    """Losses, norms of the gradient and learning rates over the steps or the epochs, one below the other.

    Args:
        history: what `tg.train.fit` returned, or a `tg.train.Run`; or what a loop of one's own wrote down, as rows
            [{"step": 1, "train": 3.9, "norm": 7.2, "lr": 0.01}, …] or as columns {"train": [3.9, …], "norm": [7.2, …]}.
            `train`, `valid` in nats per character, `norm` before clipping, `lr`; every other column has axes of its
            own. `step` or `epoch` say when; without them the rows are counted. What a row does not have, or has as
            None, was not measured then. NaN and infinite values stand in a strip above the scale.
        max_norm: the norm above which the gradient was scaled down; the legend says how often that was.
        title: stands above.
    Raises:
        OptionError, ShapeError, DTypeError: there is nothing to plot, columns are not equally long or hold what is not
            a number; an option out of range. MissingError: matplotlib is not installed.

    >>> plot_training({"train": [3.9, 3.1], "valid": [3.5]})
    Traceback (most recent call last):
    tinygrad_rnn.errors.ShapeError: viz.plot_training: the columns are not equally long
      expected  a value for each row, None where there was none
      got       train 2, valid 1
    """
    check_name(OWNER, "title", title)
    if max_norm is not None:
        check_number(OWNER, "max_norm", max_norm, above=0)
    columns = _columns(history)
    unit, x = _time(columns)
    panels = _panels(columns)
    if max_norm is not None and NORM not in panels:
        raise OptionError(
            f"{OWNER}: max_norm={max_norm!r:.60} has nothing to be compared with",
            expected="a column 'norm'",
            got=", ".join(map(str, columns)),
        )
    heading = TITLE if title is None else title
    said = [plain(heading)]
    with canvas(OWNER, (9, 1 + 2.1 * len(panels)), rows=len(panels)) as every:
        for ax, panel in zip(every, panels, strict=True):
            lines = [_measured(name, panel, x, columns[name]) for name in panel.columns if name in columns]
            bound = max_norm if panel is NORM else None
            entries = draw(ax, lines, log=panel.log, shown=panel.shown if bound is None else (bound,), smooth=False)
            if bound is not None:
                entries.append(_bound(ax, lines[0].y, bound))
            ax.set_ylabel(plain(panel.label), parse_math=False)
            legend(ax, entries if len(entries) > 1 else [])
            said += [f"{line.name}: {line.y[0]:.3g} at first, {line.y[-1]:.3g} at last" for line in lines]
        every[-1].set_xlabel(unit)
        time_axis(every[-1], x.min(), x.max())
        every[0].set_title(plain(heading), parse_math=False)
        figure = every[0].get_figure(root=True)
    return Plot(figure, "\n".join(said))


def _columns(history: Any) -> dict[str, list[Any]]:
    """Column by column, whatever the history came as, and each equally long."""
    for owner in ("progress", "history"):  # a Run has a progress, and that its history
        history = getattr(history, owner, history)
    if isinstance(history, Mapping):
        columns = {name: _listed(f"the values of {name!r}", values) for name, values in history.items()}
    else:
        columns = _from_rows(_listed("the rows", history))
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ShapeError(
            f"{OWNER}: the columns are not equally long",
            expected="a value for each row, None where there was none",
            got=", ".join(f"{name} {n}" for name, n in lengths.items()),
        )
    if not any(lengths.values()):
        raise ShapeError(f"{OWNER}: there is nothing to plot", expected="a row at least, such as that of an epoch that "
                         "is finished")  # fmt: skip
    return columns


def _listed(what: str, values: Any) -> list[Any]:
    if callable(getattr(values, "numpy", None)):
        values = values.numpy()
    check_sequence(OWNER, what, values)
    return list(values)


def _from_rows(rows: list[Any]) -> dict[str, list[Any]]:
    if strange := [row for row in rows if not isinstance(row, Mapping)]:
        raise OptionError(f"{OWNER}: a row is not a mapping", expected='{"step": 1, "train": 3.9, …}',
                          got=f"{strange[0]!r:.60}")  # fmt: skip
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _time(columns: Mapping[str, list[Any]]) -> tuple[str, Array]:
    """What stands on the axis below, and where each row is on it."""
    for name in TIME:
        if name in columns:
            x = column(OWNER, f"the values of {name!r}", columns[name])
            if not np.isfinite(x).all():
                raise DTypeError(f"{OWNER}: the values of {name!r} are not all finite", got=f"{x[~np.isfinite(x)][0]}")
            return name, x
    return "step", np.arange(1.0, len(next(iter(columns.values()))) + 1)


def _panels(columns: Iterable[str]) -> list[Panel]:
    """Those that have something to show, in their order, and one for each column that none of them knows."""
    names = [name for name in columns if name not in UNSEEN]
    if not names:
        raise OptionError(f"{OWNER}: there is nothing to plot", expected="a column 'train', 'valid', 'norm' or 'lr'",
                          got=", ".join(map(str, columns)))  # fmt: skip
    known = [panel for panel in (LOSS, NORM, RATE) if any(name in panel.columns for name in names)]
    others = [name for name in names if not any(name in panel.columns for panel in known)]
    return [*known, *(Panel(str(name), {name: str(name)}) for name in others)]


def _measured(name: str, panel: Panel, x: Array, values: list[Any]) -> Series:
    """The line through what was measured."""
    rows = [k for k, value in enumerate(values) if value is not None]
    y = (norms if panel.log else column)(OWNER, f"the values of {name!r}", [values[k] for k in rows])
    if (huge := y[np.isfinite(y) & (np.abs(y) > 1e300)]).size:
        raise DTypeError(f"{OWNER}: the values of {name!r} are too large for an axis", got=f"{huge[0]}")
    return Series(panel.columns[name], x[rows], y)


def _bound(ax: Any, norms: Array, bound: float) -> Entry:
    """The line of `max_norm`, and how many steps were clipped: none of those whose norm is not finite."""
    clipped = int(np.sum(np.isfinite(norms) & (norms > bound)))
    line = ax.axhline(bound, color=INK, linestyle=(0, (1, 2)), linewidth=1.3)
    return line, f"clipped above {bound:g}: {clipped} of {len(norms)}"
