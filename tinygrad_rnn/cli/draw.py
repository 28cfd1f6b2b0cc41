"""tinygrad-rnn draw: draw the unrolled graph of a small network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.errors import DataError
from tinygrad_rnn.train import CharModel


def draw(options: argparse.Namespace) -> None:
    """Draw a network with random weights over a short sequence."""
    import viz
    from viz.drawing import FORMATS

    if options.out.suffix not in FORMATS:
        expected = f"a name that ends in {' or '.join(FORMATS)}"
        raise DataError(f"{options.out}: no picture format", expected=expected)
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
