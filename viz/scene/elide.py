"""A long sequence with its middle folded: the first steps, `⋯ 47 steps ⋯`, the last."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral

from tinygrad_rnn.errors import OptionError
from viz.scene.model import Edge, Item, Picture

WHOLE = 12  # columns that still fit a page
ENDS = (3, 2)


def kept_steps(steps: tuple[int, ...], wanted: object = None) -> set[int]:
    """The steps to draw: all up to twelve, else the first three and the last two; or those that were asked for.

    Raises:
        OptionError: `wanted` is not a first and a last step, or the graph has no step between them.

    >>> sorted(kept_steps((1, 2, 3, 4), (2, 3))), sorted(kept_steps((1, 2, 3, 4), range(1, 3)))
    ([2, 3], [1, 2])
    """
    if wanted is None:
        return set(steps) if len(steps) <= WHOLE else {*steps[: ENDS[0]], *steps[-ENDS[1] :]}
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
    runs = _runs(picture.steps, kept)
    if not runs:
        return picture
    gone = {item.id: item for item in picture.items if item.column in runs}
    folded: dict[str, Item] = {}
    edges: dict[Edge, int] = {}
    for edge in picture.edges:
        source, target = picture.by_id[edge.source], picture.by_id[edge.target]
        hub = (target if edge.kind == "backward" else source) if gone.keys() & {source.id, target.id} else None
        if hub is None:
            edges[edge] = edges.get(edge, 0) + 1
        elif source.column != target.column and None not in (source.column, target.column):
            run = runs[source.column] if source.id in gone else runs[target.column]  # type: ignore[index]
            fold = _fold(hub, run)
            ends = (fold.id if source.id in gone else source.id, fold.id if target.id in gone else target.id)
            if ends[0] != ends[1]:
                folded[fold.id] = fold
                edges.setdefault(replace(edge, source=ends[0], target=ends[1]), 1)
    items = [item for item in picture.items if item.id not in gone] + list(folded.values())
    repeated = [edge for edge, count in edges.items() for _ in range(count)]
    return replace(picture, items=tuple(items), edges=tuple(repeated), steps=tuple(sorted(kept)))


def _runs(steps: tuple[int, ...], kept: set[int]) -> dict[int, tuple[int, int]]:
    """For each step left out, the first step of its run and the run's length."""
    runs: dict[int, tuple[int, int]] = {}
    run: list[int] = []
    for t in [*steps, None]:
        if t is not None and t not in kept:
            run.append(t)
        else:
            runs.update(dict.fromkeys(run, (run[0], len(run)) if run else (0, 0)))
            run = []
    return runs


def _fold(item: Item, run: tuple[int, int]) -> Item:
    first, count = run
    text = f"⋯ {count} step{'s' if count > 1 else ''} ⋯"
    letters = item.id.rpartition("_")[0] or item.id
    return Item(
        f"{letters}_elided_{first}", item.key, "elided", text, first, item.layer, False, item.nodes[:1], 0, text
    )
