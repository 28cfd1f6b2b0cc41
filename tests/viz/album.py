"""Every picture of a graph, each view with and without gradients and values, light and dark; what is wrong with it.

for picture in album("lstm", TOPOLOGIES["lstm"]):
    print(picture.options, picture.offences)
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import tinygrad_rnn as tg
import viz
from tests.viz.geometry import Offence, offences
from tests.viz.reading import Page, read
from tests.viz.truth import elided, lies
from viz.views import VIEWS

KEYWORDS = inspect.signature(viz.draw).parameters
ALL_STEPS = (1, 10**6)


@dataclass(frozen=True)
class Picture:
    """One way in which a graph was drawn, and what is wrong with it."""

    name: str
    options: dict[str, Any]
    offences: list[Offence]
    width: float = 0.0

    @property
    def told(self) -> str:
        """The options in words: those that are on."""
        words = [str(self.options["view"]), *(key for key in ("gradients", "values") if self.options.get(key))]
        words += ["dark"] if self.options.get("theme") == "dark" else []
        return " ".join([*words, *(["all steps"] if "steps" in self.options else [])])


def choices() -> list[dict[str, Any]]:
    """Every set of options that `draw` has: those that differ in colour alone stand next to one another."""
    switches = [key for key in ("gradients", "values") if key in KEYWORDS]
    return [
        {"view": view, **dict(zip(switches, on, strict=True)), "theme": theme}
        for view, on, theme in product(VIEWS, product((False, True), repeat=len(switches)), ("light", "dark"))
    ]


def album(name: str, build: Callable[[], Any], wanted: Callable[[dict[str, Any]], bool] = lambda _: True
          ) -> Iterator[Picture]:  # fmt: skip
    """All pictures of one graph; an exception is an offence too."""
    try:
        loss = build()
        graph = tg.graph(loss, values=True, gradients=True)
    except Exception as error:
        yield Picture(name, {"view": "none"}, [failure(error)])
        return
    before = ""  # the last text, without its colours
    for options in filter(wanted, choices()):
        try:
            dot = viz.draw(loss, **options).dot
            same, before = colourless(dot) == before, colourless(dot)
            if same:
                yield Picture(name, options, [])
                continue
            page = read(dot)
            yield Picture(name, options, judged(page, graph, options), page.width)
            if elided(page) and options["theme"] == "light":
                whole = read(viz.draw(loss, **options, steps=ALL_STEPS).dot)
                left_out = [Offence("nodes", "steps are left out, though all were asked for")] if elided(whole) else []
                told = options | {"steps": ALL_STEPS}
                yield Picture(name, told, judged(whole, graph, told) + left_out, whole.width)
        except Exception as error:
            yield Picture(name, options, [failure(error)])


def judged(page: Page, graph: tg.Graph, options: dict[str, Any]) -> list[Offence]:
    """All that is wrong with a page."""
    return offences(page) + lies(page, graph, options["view"], gradients=options.get("gradients", False))


def failure(error: Exception) -> Offence:
    """An exception, and the innermost line that it came from."""
    where, trace = "", error.__traceback__
    while trace:
        where, trace = f"{trace.tb_frame.f_code.co_filename.split('/')[-1]}:{trace.tb_lineno}", trace.tb_next
    return Offence("exception", f"{type(error).__name__} {str(error)[:100]!r} at {where}")


def colourless(dot: str) -> str:
    return re.sub(r'"#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?"', '""', dot)
