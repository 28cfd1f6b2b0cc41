"""Pictures kept as text, byte for byte: whatever changes one of them is seen, and judged by who changed it.

python -m tests.viz.golden     draws them anew, and says which have changed and in how many lines

What computes runs on other machines with other last digits. So where numbers are written, the weights are small
eighths in double precision, and the two or three digits that are printed are the same everywhere.

Of many more pictures the measures alone are kept, in measures.txt: of a change one sees at once which pictures grow,
and where lines become longer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from functools import partial, reduce
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tg
import viz
from tests.viz.topologies import TOPOLOGIES, B, Build, CoupledNet, Leaky, ended, ids, sequence_to_sequence, squared
from tinygrad_rnn import nn

FOLDER = Path(__file__).parent
MEASURES = FOLDER / "measures.txt"


def exact(module: Any) -> Any:
    """The module with small eighths for weights."""
    for k, p in enumerate(module.parameters()):
        p.assign(((np.arange(p.size) * 5 + k) % 7 - 3.0).reshape(p.shape) / 8)
    return module


def inputs(T: int, size: int = 2) -> np.ndarray:
    """A sequence (T, B, size) of halves."""
    return ((np.arange(T * B * size) * 3) % 5 - 2.0).reshape(T, B, size) / 2


def layered(kind: Any, T: int = 2, *, ending: str = "each", **options: Any) -> tg.Tensor:
    """A layer over a sequence; each of its losses is a mean of squares."""
    rnn = exact(kind(2, 3, dtype=np.float64, rng=0, **options))
    return ended(rnn.unrolled(inputs(T))[0], ending)


def truncated(kind: Any, T: int = 4, every: int = 2) -> tg.Tensor:
    """A layer on pieces of a sequence, the state detached in between."""
    rnn, state, losses = exact(kind(2, 3, dtype=np.float64, rng=0)), None, []
    for start in range(0, T, every):
        out, state = rnn(inputs(T)[start : start + every], state)
        losses.append(squared(out))
        state = tg.train.detach_state(state)
    return tg.label(reduce(add, losses), "loss", "L")


def headed(T: int = 2) -> tg.Tensor:
    """Many to many: a head on each output."""
    rnn = exact(nn.GRU(2, 3, dtype=np.float64, rng=0))
    model = nn.ManyToMany(rnn, exact(nn.Linear(3, 4, dtype=np.float64, rng=1)))
    return tg.label(nn.cross_entropy(model(inputs(T))[0], ids(T) % 4), "loss", "L")


def averaged(T: int = 3) -> tg.Tensor:
    """The mean of the losses of a layer's steps."""
    rnn = exact(nn.RNN(2, 3, dtype=np.float64, rng=0))
    losses, _ = nn.unroll(lambda h, _: (squared(h), None), rnn.unrolled(inputs(T))[0], None)
    return tg.label(tg.stack(losses).mean(), "loss", "L")


def looped(T: int = 3) -> tg.Tensor:
    """A cell of one's own in a plain loop."""
    f, h = exact(Leaky(2, 3, dtype=np.float64, rng=0)), None
    for x in inputs(T):
        h = f(x, h)
    return squared(h)


def scaled(factor: float, T: int = 3) -> tg.Tensor:
    """h ← factor · h W by hand: the gradient vanishes, or explodes, by as much at each step."""
    W = tg.tensor(np.eye(2) * factor, requires_grad=True, name="W")
    h = tg.tensor(np.ones((1, 2)))
    for t in range(1, T + 1):
        with tg.step(t, of=T):
            h = tg.label(tg.inner(h, W), "hidden_state", "h")
    return tg.label(h.sum(), "loss", "L")


def arithmetic() -> tg.Tensor:
    """A graph without steps, some of it used twice, some without a gradient."""
    a, b = (tg.tensor(value, requires_grad=True, name=name) for name, value in (("a", 3.0), ("b", -0.5)))
    return tg.maximum(a * a, b) * b + a * tg.tensor([1.0, 2.0], name="x")


def terms(n: int = 70) -> tg.Tensor:
    """A sum of so many squares, each of a value of its own: a row of more shapes than are looked at one by one."""
    return reduce(add, [v * v for v in (tg.tensor(1.0, requires_grad=True, name=f"a{k}") for k in range(n))])


def ladder(n: int = 9) -> tg.Tensor:
    """One op on another, and a line from the first to the last that passes them all."""
    x = h = tg.tensor(0.5, requires_grad=True, name="x")
    for _ in range(n):
        h = tg.tanh(tg.sigmoid(h))
    return h * x + h


Kept = tuple[Build, dict[str, Any]]  # what is drawn, and how
BOTH: dict[str, Any] = {"gradients": True, "values": True}
KEPT: dict[str, Kept] = {
    "rnn": (TOPOLOGIES["rnn"], {}),
    "rnn, all ops": (partial(layered, nn.RNN), {"view": "op", **BOTH}),
    "rnn both ways": (partial(layered, nn.RNN, bidirectional=True), {"view": "gate", "gradients": True}),
    "rnn both ways, rolled": (TOPOLOGIES["rnn both ways, two layers"], {"view": "rolled"}),
    "rnn in pieces": (TOPOLOGIES["rnn in pieces"], {"title": "Two calls\nof one layer"}),
    "lstm": (partial(layered, nn.LSTM, 3), BOTH),
    "lstm, gates": (partial(layered, nn.LSTM), {"view": "gate", "gradients": True, "theme": "dark"}),
    "lstm, rolled": (partial(layered, nn.LSTM, 3), {"view": "rolled", **BOTH}),
    "lstm, fifteen steps": (partial(layered, nn.LSTM, 15), {"gradients": True}),
    "lstm, two layers": (TOPOLOGIES["lstm two layers"], {"legend": False, "theme": "dark"}),
    "lstm peepholes": (TOPOLOGIES["lstm peepholes"], {"view": "gate", "steps": (2, 3), "legend": False}),
    "gru, gates": (partial(layered, nn.GRU, ending="last"), {"view": "gate", "values": True}),
    "gru truncated": (partial(truncated, nn.GRU), {"gradients": True, "theme": "dark"}),
    "gru learnt start": (TOPOLOGIES["gru learnt start"], {"view": "op", "steps": (1, 1), "legend": False}),
    "gru with a head": (headed, {"fold": "head", **BOTH}),
    "attention": (partial(sequence_to_sequence, attention=nn.DotAttention), {}),
    "attention, gates": (partial(sequence_to_sequence, attention=nn.DotAttention),
                         {"view": "gate", "fold": ["encoder"], "legend": False}),
    "sequence to sequence, rolled": (TOPOLOGIES["sequence to sequence"], {"view": "rolled"}),
    "one to many": (TOPOLOGIES["rnn one to many, fed its output"], {"view": "cell"}),
    "one to many, fed zeros": (TOPOLOGIES["lstm one to many, fed zeros"], {"width": 500}),
    "own cell": (looped, {"view": "gate", **BOTH}),
    "own layer": (lambda: ended(CoupledNet(2, 3, 2, rng=0).unrolled(inputs(2))[0], "each"), {}),
    "states side by side": (TOPOLOGIES["states side by side"], {"view": "gate", "legend": False}),
    "bare loop": (TOPOLOGIES["bare loop with losses"], {"view": "gate"}),
    "skips": (TOPOLOGIES["hand loop with a skip of two steps"], {"view": "op", "legend": False}),
    "cuts": (TOPOLOGIES["detached in a loop in steps"], {"view": "gate"}),
    "lengths": (TOPOLOGIES["lstm lengths"], {"view": "gate", "legend": False}),
    "vanishing": (partial(scaled, 2.0**-10), {"gradients": True}),
    "exploding": (partial(scaled, 2.0**6), {"gradients": True, "theme": "dark"}),
    "not a number": (TOPOLOGIES["not a number"], {"gradients": True}),
    "arithmetic": (arithmetic, BOTH),
    "long chain": (TOPOLOGIES["long chain"], {}),
    "mean of losses": (averaged, {"values": True}),
    "detached output": (TOPOLOGIES["detached output"], {"legend": False}),
    "state handed on": (TOPOLOGIES["cell that hands on a part of its state"], {}),
    "first chunk": (partial(truncated, nn.RNN, 6), {"steps": (1, 2)}),
    "many terms": (terms, {}),
    "ladder": (ladder, {"gradients": True, "legend": False}),
    "names that look like markup": (TOPOLOGIES["names that look like markup"], {}),
    "dense graph": (TOPOLOGIES["dense graph"], {"legend": False}),
}  # fmt: skip


def drawn() -> Iterator[tuple[Path, Callable[[], str]]]:
    """Each picture's file, and how its text is made."""
    for name, (build, options) in KEPT.items():
        yield FOLDER / f"{name.replace(',', '').replace(' ', '-')}.dot", partial(text, build, options)


def text(build: Build, options: dict[str, Any]) -> str:
    """The picture as Graphviz reads it."""
    return viz.draw(build(), **options).dot


MEASURED = [name for name in TOPOLOGIES if not name.startswith(("rnn", "gru")) and "thirty" not in name]


def measures(name: str) -> list[str]:
    """Of one listed topology how large it is drawn, and how long all lines are together, in three views."""
    loss, found = TOPOLOGIES[name](), []
    for view in ("cell", "gate", "op"):
        drawing = viz.draw(loss, view=view, gradients=view == "gate", legend=False)
        lines = [arrow["points"] for arrow in json.loads(drawing.json())["arrows"]]
        length = sum(math.dist(a, b) for points in lines for a, b in pairwise(points))
        across, up = drawing.size
        counts = f"{drawing.shapes} shapes, {drawing.arrows} arrows, {length:.0f} pt of lines"
        found.append(f"{name}, {view}: {across} × {up} pt, {counts}")
    return found
