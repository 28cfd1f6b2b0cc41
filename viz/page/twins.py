"""Several networks on one page: in rows, with one scrubber, one scale of colours, and their gradients over time below.

viz.twins({"RNN": loss, "LSTM": loss, "GRU": loss}).save("twins.html")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygrad_rnn.engine.snapshot import Graph
from tinygrad_rnn.errors import DTypeError, OptionError, check_option, check_type
from viz.page.contents import contents
from viz.page.document import Page, document
from viz.paint.theme import Theme
from viz.views import CELL, VIEWS

__all__ = ["twins"]

WHOLE = 60  # steps that are drawn one by one in the view of cells


def twins(
    losses: Mapping[str, Any], *, view: str = CELL.name, title: str | None = None, theme: str | Theme = "auto"
) -> Page:
    """A page that shows several networks beside each other: how far back does the gradient of each reach?

    Rows of pictures whose steps stand under each other; a step of the scrubber moves all of them; the norm of
    ∂L/∂h_t is drawn over t below them. Draw them on the same sequence, so that they can be compared.

    Args:
        losses: by the name of each network, the loss of one run of it, before `backward()`.
        view: the one that the page begins with, as for `viz.draw`.
        title: stands above; by default the names.
        theme: "auto" follows the reader's system; "light", "dark", or a `viz.Theme` of one's own.
    Raises:
        OptionError: fewer than two networks, or an unknown view or theme. DTypeError: what is neither a Tensor nor a
            Graph. GraphError: `backward()` has released the values. RenderError: there is no Graphviz on this machine.
    """
    check_type("viz.twins", "losses", losses, Mapping, "a dict of Tensors by name")
    if len(losses) < 2:
        raise OptionError("viz.twins: there are fewer than two networks", expected="two or more, by their names",
                          help="viz.draw(loss).page() makes the page of one")  # fmt: skip
    for name, loss in losses.items():
        if not (isinstance(loss, Graph) or callable(getattr(loss, "graph", None))):
            raise DTypeError(f"viz.twins: {name!r:.40} is of type {type(loss).__name__}",
                             expected="a Tensor, or the Graph that tg.graph(*tensors) makes")  # fmt: skip
    if not isinstance(theme, Theme) and theme not in ("auto", "light", "dark"):
        raise OptionError(f"viz.twins: unknown theme {theme!r:.40}", expected="auto, light, dark or a viz.Theme")
    check_option("viz.twins", "view", view, VIEWS)
    nets = [contents(loss, str(name), whole=WHOLE, alone=False) for name, loss in losses.items()]
    heading = f"{', '.join(net.name for net in nets)} on the same sequence" if title is None else title
    own = theme if isinstance(theme, Theme) else None
    return document(nets, title=heading, view=view, theme="own" if own else str(theme), own=own)
