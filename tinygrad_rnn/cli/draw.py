"""tinygrad-rnn draw: draw the unrolled graph of a small network, or of a trained model that reads a text."""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.cli.options import PROGRAM, Command, Parser, add_settings, given, ranged
from tinygrad_rnn.cli.sketch import Sketch
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.snapshot import Graph, GraphNode
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.nn.module import evaluating
from tinygrad_rnn.ops import log_softmax
from tinygrad_rnn.train import Run


def add_options(to: Parser) -> None:
    from viz.drawing import FORMATS
    from viz.paint.theme import THEMES
    from viz.views import VIEWS

    add_settings(to, Sketch)
    to.add_argument("dir", type=Path, nargs="?", metavar="DIR", help="draw the model that train saved there instead")
    to.add_argument("--text", help="with DIR: what the model reads; at each character it predicts the next")
    views = "; ".join(map(str, VIEWS.values()))
    to.add_argument("--view", choices=list(VIEWS), default="cell", help=f"{views} (%(default)s)")
    to.add_argument("--gradients", action="store_true", help="show where the gradient goes, and how large it is")
    to.add_argument("--values", action="store_true", help="write its value on each shape")
    to.add_argument(
        "--show", type=step_range, metavar="FIRST-LAST",
        help="the steps to draw, such as 2-5 (all; of a long sequence its first three and its last two)",
    )  # fmt: skip
    to.add_argument(
        "--fold", action="append", default=[], metavar="PART",
        help="close a part of the model to one box, such as head; for several parts give it several times (nothing)",
    )  # fmt: skip
    to.add_argument("--no-legend", dest="legend", action="store_false", help="leave out the legend below the picture")
    to.add_argument("--theme", choices=list(THEMES), default="light", help="the colours (%(default)s)")
    to.add_argument(
        "--twins", action="store_true",
        help="write a page (.html) that shows RNN, LSTM and GRU beside each other, with a loss after the last step",
    )  # fmt: skip
    to.add_argument("--title", help="what stands above the picture (what the network is)")
    to.add_argument(
        "--width",
        type=ranged(float, least=50),
        metavar="POINTS",
        help="make a wider picture as narrow as this (any width)",
    )
    to.add_argument("--dpi", type=ranged(int, least=10, most=2400), metavar="N", help="pixels per inch of a .png (144)")
    to.add_argument(
        "-o", "--out", type=picture_file, default=Path("unrolled.svg"), metavar="FILE",
        help=f"where to write: a name that ends in {', '.join(FORMATS)}; - is standard output (%(default)s)",
    )  # fmt: skip
    to.add_argument("--format", choices=[suffix[1:] for suffix in FORMATS], help="with -o -: what to write there (svg)")


def step_range(text: str) -> tuple[int, int]:
    """
    >>> step_range("2-5"), step_range("3")
    ((2, 5), (3, 3))
    """
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if first > last:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not a range of steps, such as 2-5, or a step, such as 3")
    return first, last


def picture_file(text: str) -> Path | None:
    """The path of a picture; None stands for standard output."""
    from viz.drawing import FORMATS

    if text != "-" and Path(text).suffix.lower() not in FORMATS:
        *most, last = FORMATS
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not a name with {', '.join(most)} or {last} at its end")
    return None if text == "-" else Path(text)


def run(options: argparse.Namespace) -> None:
    """Draw a small network with random weights, or a trained one."""
    import viz

    check_together(options)
    if options.twins:
        write_twins(options)
        return
    title = options.title
    if options.dir is None:
        drawn: Any = Sketch(**given(options, Sketch)).loss()
    else:
        trained = Run.load(options.dir)
        drawn = Reading(trained, options.text, told=not options.values)
        title = reading_title(trained, options.text) if title is None else title
    picture = viz.draw(
        drawn,
        view=options.view,
        gradients=options.gradients,
        values=options.values,
        steps=options.show,
        fold=options.fold,
        legend=options.legend,
        theme=options.theme,
        title=title,
        width=options.width,
    )
    put(painted(picture, suffix_of(options), options.dpi), options.out)


def put(data: bytes, out: Path | None) -> None:
    """Write a picture to a file, and say so; or to standard output."""
    if out is None:
        sys.stdout.buffer.write(data)
    else:
        save(data, out)
        print(f"drawn: {out}")


def suffix_of(options: argparse.Namespace) -> str:
    return options.out.suffix.lower() if options.out else f".{options.format or 'svg'}"


def check_together(options: argparse.Namespace) -> None:
    """Refuse an option that another one leaves without a meaning."""
    from viz.views import VIEWS

    typed = [f"--{name}" for name in given(options, Sketch)]
    if options.dir is None and options.text is not None:
        raise DataError("--text: there is no model to read it", help="name the DIR where train saved one")
    if options.dir is not None and options.text is None:
        raise DataError(f"{options.dir}: --text is missing", help="it says what the model reads")
    if options.dir is not None and typed:
        raise DataError(f"{', '.join(typed)}: a trained model has its own", help="leave it out with DIR")
    if options.format and options.out:
        raise DataError("--format: the name of the file says it already", help="leave it out, or write to -o -")
    if options.dpi and suffix_of(options) != ".png":
        raise DataError(f"--dpi: a {suffix_of(options)} has no pixels", help="leave it out, or write a .png")
    if options.twins and (options.dir is not None or "model" in given(options, Sketch)):
        raise DataError(
            "--twins draws one network of each kind", help="leave out " + ("DIR" if options.dir else "--model")
        )
    if options.twins and suffix_of(options) != ".html":
        raise DataError("--twins writes a page", help="give it a name that ends in .html, as in -o twins.html")
    for name, chosen in (("--show", options.show), ("--fold", options.fold)):
        if options.twins and chosen:
            raise DataError(f"{name}: the twins are drawn whole", help="leave it out with --twins")
    if options.show and VIEWS[options.view].rolled:
        raise DataError(f"--show: the view {options.view} draws all steps as one", help="leave one of them out")


# a trained model that reads a text


class Reading:
    """A trained model that has read a text; its graph has the characters in the names of the nodes.

    x₁ 'h'   ŷ₁ 'e' 62%, the likeliest next character and its probability   target₁ 'e'   L₁ = 0.48

    Args:
        told: whether the loss of a step stands in its name too.
    Raises:
        DataError: fewer than two characters, or one that the model has not seen.
    """

    def __init__(self, run: Run, text: str, *, told: bool = True) -> None:
        if len(text) < 2:
            raise DataError(
                "--text is too short",
                expected="two characters or more: each is predicted from those before it",
                got=repr(text),
            )
        ids = run.corpus.encode(text)[:, None]
        with evaluating(run.model):
            self.loss, _ = run.model.step_losses(ids[:-1], ids[1:])
            with no_grad():
                logits, _ = run.model(ids[:-1])
        log_p = log_softmax(logits.data[:, 0])
        best = zip(run.corpus.decode(log_p.argmax(-1)), np.exp(log_p.max(-1)), strict=True)
        self.names = {
            "input": [f"x {read!r}" for read in text[:-1]],
            "output": [f"ŷ {likely!r} {p:.0%}" for likely, p in best],
            "target": [f"target {after!r}" for after in text[1:]],
            "loss": [f"L = {-log_p[t, k]:.3g}" if told else "L" for t, k in enumerate(ids[1:, 0])],
        }

    def graph(self, **options: Any) -> Graph:
        """The graph of the loss, as `Tensor.graph` makes it."""
        graph: Graph = self.loss.graph(**options)
        return replace(graph, nodes=tuple(map(self._named, graph.nodes)))

    def _named(self, node: GraphNode) -> GraphNode:
        known = self.names.get(node.role or "")
        return node if known is None or node.step is None else replace(node, name=known[node.step - 1])


def reading_title(run: Run, text: str) -> str:
    """What the picture of a Reading shows; of a long text its first characters."""
    read = text[:-1] if len(text) <= 40 else f"{text[:39]}…"
    return f"A trained {run.settings.model.upper()} reads {read!r}: which character comes next?"


# RNN, LSTM and GRU beside each other


def write_twins(options: argparse.Namespace) -> None:
    """One network of each kind on the same sequence; the loss stands after the last step, so that it has far to go."""
    import viz

    chosen: dict[str, Any] = {"topology": "many-to-one", "steps": 12} | given(options, Sketch)
    losses = {name: Sketch(**chosen | {"model": kind}).loss() for name, kind in TWINS.items()}
    theme = "auto" if options.theme == "light" else options.theme
    with refused_by_graphviz():
        page = viz.twins(losses, view=options.view, title=options.title, theme=theme)
    put(page.html().encode(), options.out)


TWINS = {"RNN": "rnn", "LSTM": "lstm", "GRU": "gru"}


# from a picture to a file


@contextmanager
def refused_by_graphviz() -> Iterator[None]:
    """What viz cannot paint on this machine as an error of the command: it says what to do."""
    try:
        yield
    except RuntimeError as error:
        raise DataError(str(error)) from None


def painted(picture: Any, suffix: str, dpi: int | None = None) -> bytes:
    """The picture in a format; what no font has is said on stderr.

    Raises:
        DataError: this machine cannot paint it.
    """
    from viz.drawing import FORMATS
    from viz.paint.failures import MissingGlyphs

    with refused_by_graphviz(), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", MissingGlyphs)
        data: bytes = picture.png(dpi) if dpi else FORMATS[suffix](picture)
    for warning in warned:
        print(f"{PROGRAM}: {warning.message}", file=sys.stderr)
    return data


def save(data: bytes, path: Path) -> None:
    """Write a file, whole, and its folder where that is missing. Raises DataError where it cannot be written."""
    from viz.paint.failures import WriteError
    from viz.paint.files import write

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, data)
    except WriteError as error:
        raise DataError(str(error)) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be written", got=error.strerror or str(error)) from None


COMMAND = Command("draw", "draw the unrolled graph of a network: a small one, or one that train made", add_options, run)
