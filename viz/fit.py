"""A picture laid out so that it fits: the middle of a long sequence, or of one that is too wide, is left out."""

from __future__ import annotations

from viz.layout.place import Layout, layout
from viz.scene.elide import ENDS, elide, kept_steps
from viz.scene.model import Picture

__all__ = ["fitted"]

WIDEST = 4000.0  # points: a picture that is wider is drawn without its middle, unless steps are asked for


def fitted(whole: Picture, steps: object = None) -> Layout:
    """The picture laid out, its middle left out where that was asked for, or where it would be too wide.

    Raises:
        OptionError: the steps are not a range, or the graph does not have them.
    """
    if whole.rolled:
        return layout(whole)
    kept = kept_steps(whole.steps, steps)
    plan = layout(elide(whole, kept))
    left, _, right, _ = plan.extent
    if steps is None and right - left > WIDEST and len(kept) > sum(ENDS):
        return layout(elide(whole, kept_steps(whole.steps, whole=sum(ENDS))))
    return plan
