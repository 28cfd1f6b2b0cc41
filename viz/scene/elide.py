"""A long sequence with its middle folded: the first steps, `⋯ 47 steps ⋯`, the last."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral

from tinygrad_rnn.errors import OptionError
from viz.scene.model import Edge, Item, Picture, together

WHOLE = 12  # columns that still fit a page
ENDS = (3, 2)


def kept_steps(steps: tuple[int, ...], wanted: object = None, whole: int = WHOLE) -> set[int]:
    """The steps to draw: all where no more than `whole`, else the first three and the last two; or those asked for.

    Raises:
        OptionError: `wanted` is not a first and a last step, or the graph has no step between them.

    >>> sorted(kept_steps((1, 2, 3, 4), (2, 3))), sorted(kept_steps((1, 2, 3, 4), range(1, 3)))
    ([2, 3], [1, 2])
    """
    if wanted is None:
        return set(steps) if len(steps) <= whole else {*steps[: ENDS[0]], *steps[-ENDS[1] :]}
    first, last = _ends(wanted)
    found = {t for t in steps if first <= t <= last}
    if not found:
        raise OptionError(
            f"viz.draw: steps={wanted!r:.60} leaves nothing to draw",
            expected=f"steps from {steps[0]} to {steps[-1]}" if steps else "None: this graph has no time steps",
        )
    return found


def _ends(wanted: object) -> tuple[int, int]:
    if isinstance(wanted, range) and len(wanted) and wanted.step == 1:
        return wanted[0], wanted[-1]
    if isinstance(wanted, tuple | list) and len(wanted) == 2 and all(map(_is_whole, wanted)) and wanted[0] <= wanted[1]:
        return wanted[0], wanted[1]
    raise OptionError(
        f"viz.draw: steps={wanted!r:.60} is not a range of steps",
        expected="the first and the last step, as steps=(2, 5), or range(2, 6)",
        help=f"steps=({wanted}, {wanted}) draws step {wanted} alone" if _is_whole(wanted) else "",
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def elide(picture: Picture, kept: set[int]) -> Picture:
    """The picture without the steps that are not `kept`; every run of them becomes one column of ellipses.

    What flows into a run, through it or out of it flows through the ellipsis at the same height.
    """
    runs = _runs(picture, kept)
    if not runs:
        return picture
    end = max(picture.steps)  # what was made after all steps, as their total, stays
    after = {item.id for item in picture.items if item.column == end and item.nodes and item.nodes[0].step is None}
    gone = {item.id: runs[item.column] for item in picture.items if item.column in runs and item.id not in after}
    folds: dict[str, Item] = {}
    edges: dict[tuple[str, str, str], list[Edge]] = {}
    untouched: list[Edge] = []
    for edge in picture.edges:
        ends = picture.by_id[edge.source], picture.by_id[edge.target]
        if edge.source not in gone and edge.target not in gone:
            untouched.append(edge)
        elif ends[0].column != ends[1].column and None not in (ends[0].column, ends[1].column):
            hub = ends[1] if edge.kind == "backward" else ends[0]
            a, b = (_fold(hub, gone[end.id], folds).id if end.id in gone else end.id for end in ends)
            if a != b:
                edges.setdefault((a, b, edge.kind), []).append(edge)
    items = [item for item in picture.items if item.id not in gone] + list(folds.values())
    joined = (together(*ends, found) for ends, found in edges.items())
    return replace(picture, items=tuple(items), edges=(*untouched, *joined), steps=tuple(sorted(kept)))


Run = tuple[int, int]  # its first step, and its length


def _runs(picture: Picture, kept: set[int]) -> dict[float | None, Run]:
    """For each column left out, the run of steps that it belongs to."""
    runs: dict[float | None, Run] = {}
    run: list[int] = []
    for t in [*picture.steps, None]:
        if t is not None and t not in kept:
            run.append(t)
        elif run:
            runs |= dict.fromkeys(run, (run[0], len(run)))
            run = []
    for column in {item.column for item in picture.items}:
        if column is not None and column % 1 == 0.5:  # a first state goes with the step that it is for
            near = {runs[t] for t in (int(column), int(column) + 1) if t in runs}
            if near and not {int(column), int(column) + 1} & kept:
                runs[column] = near.pop()
    return runs


def _fold(item: Item, run: Run, folds: dict[str, Item]) -> Item:
    first, count = run
    words = f"⋯ {count} step{'s' if count > 1 else ''} ⋯"
    letters = item.id.rpartition("_")[0] or item.id
    id = f"{letters}_elided_{first}"
    return folds.setdefault(
        id,
        Item(id, item.key, "elided", words, first, item.slot, item.block, None, (), 0, words, item.starts),
    )
