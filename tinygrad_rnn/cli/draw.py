"""tinygrad-rnn draw: draw the unrolled graph of a small network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.cli.options import Command, Parser, ranged
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.train.charmodel import KINDS, CharModel


def add_options(to: Parser) -> None:
    from viz.paint.theme import THEMES
    from viz.views import VIEWS

    to.add_argument("--model", choices=KINDS, default="lstm", help="the recurrence (%(default)s)")
    for name, default, letter, help in (
        ("--steps", 3, "T", "time steps"), ("--layers", 1, "L", "layers"), ("--hidden", 16, "H", "hidden features"),
    ):  # fmt: skip
        to.add_argument(name, type=ranged(int, least=1), default=default, metavar=letter, help=f"{help} (%(default)s)")
    views = "; ".join(map(str, VIEWS.values()))
    to.add_argument("--view", choices=list(VIEWS), default="cell", help=f"{views} (%(default)s)")
    to.add_argument("--gradients", action="store_true", help="show where the gradient goes")
    to.add_argument("--theme", choices=list(THEMES), default="light", help="the colours (%(default)s)")
    to.add_argument(
        "-o", "--out", type=Path, default=Path("unrolled.svg"), metavar="FILE",
        help="a .svg, .png or .dot file (%(default)s)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> None:
    """Draw a network with random weights over a short sequence."""
    import viz
    from viz.drawing import FORMATS

    if options.out.suffix not in FORMATS:
        raise DataError(
            f"{options.out}: this is not a kind of picture that can be written",
            expected=f"a name that ends in {' or '.join(FORMATS)}",
        )
    model = CharModel(options.model, 8, options.hidden, options.layers, embedding=0, rng=0)
    ids = np.arange(options.steps + 1)[:, None] % 8
    picture = viz.draw(
        model.step_losses(ids[:-1], ids[1:])[0],
        view=options.view,
        gradients=options.gradients,
        theme=options.theme,
        title=f"{options.model.upper()}, {options.steps} steps: one set of weights, used at every step",
    )
    save_picture(picture, options.out)
    print(f"drawn: {options.out}")


def save_picture(picture: Any, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written", got=str(error)) from None
    except RuntimeError as error:  # no Graphviz, or no font: viz says how to get one
        raise DataError(f"{path}: not drawn", got=str(error)) from None


COMMAND = Command("draw", "draw the unrolled graph of a small network", add_options, run)
