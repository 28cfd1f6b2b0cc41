"""Small networks with random weights, to be drawn: one for each topology."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor, label
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.nn import Decoder, Embedding, Encoder, Linear, ManyToOne, OneToMany, Seq2Seq, cross_entropy
from tinygrad_rnn.nn.recurrent import Recurrent
from tinygrad_rnn.ops import one_hot
from tinygrad_rnn.train.charmodel import KINDS, CharModel
from tinygrad_rnn.train.config import Config, setting

__all__ = ["TOPOLOGIES", "Sketch"]

V = 8  # classes that are read and written


def many_to_many(s: Sketch) -> Tensor:
    """An answer, and a loss, at every step."""
    model = CharModel(s.model, V, s.hidden, s.layers, embedding=0, rng=0, bidirectional=s.bidirectional)
    ids = classes(s.steps + 1)
    return model.step_losses(ids[:-1], ids[1:])[0]


def many_to_one(s: Sketch) -> Tensor:
    """One answer, after the last step."""
    rnn = layer(s, s.hidden, s.bidirectional)
    y, _ = ManyToOne(rnn, Linear(rnn.output_size, V, rng=1))(one_hot(classes(s.steps), num_classes=V))
    return judged(y, classes(1)[0])


def one_to_many(s: Sketch) -> Tensor:
    """One input, and then each answer is the next input."""
    one_direction(s)
    model = OneToMany(layer(s, s.hidden), Linear(s.hidden, V, rng=1), feed="output")
    y, _ = model(one_hot(classes(1)[0], num_classes=V), s.steps)
    return judged(y, classes(s.steps))


def sequence_to_sequence(s: Sketch) -> Tensor:
    """One network reads all its steps, and another writes as many from the last state."""
    encoder = layer(s, s.hidden, s.bidirectional)
    decoder = Decoder(layer(s, encoder.output_size), Embedding(V, V, rng=1), rng=2)
    model = Seq2Seq(Encoder(encoder), decoder, start=0, stop=1)
    return judged(model(one_hot(classes(s.steps), num_classes=V), classes(s.steps)), classes(s.steps))


TOPOLOGIES: dict[str, Callable[[Sketch], Tensor]] = {
    "many-to-many": many_to_many,
    "many-to-one": many_to_one,
    "one-to-many": one_to_many,
    "seq2seq": sequence_to_sequence,
}


@dataclass(frozen=True)
class Sketch(Config):
    """What a small network is. A value out of range is an OptionError."""

    model: str = setting("lstm", "the recurrence", choices=KINDS)
    topology: str = setting("many-to-many", "which steps read, and which write", choices=TOPOLOGIES)
    steps: int = setting(3, "time steps", letter="T", least=1)
    layers: int = setting(1, "layers", letter="L", least=1)
    hidden: int = setting(16, "hidden features", letter="H", least=1)
    bidirectional: bool = setting(False, "read from the last step to the first as well")

    def loss(self) -> Tensor:
        """The loss of a run, recorded."""
        return TOPOLOGIES[self.topology](self)


def layer(s: Sketch, hidden: int, bidirectional: bool = False) -> Recurrent:
    return KINDS[s.model](V, hidden, s.layers, bidirectional=bidirectional, rng=0)


def one_direction(s: Sketch) -> None:
    if s.bidirectional:
        raise DataError(
            "--bidirectional: a network that writes cannot read from the last step",
            help=f"leave it out with --topology {s.topology}",
        )


def classes(steps: int) -> Array:
    """(T, 1) of 0, 1, 2, …"""
    return np.arange(steps)[:, None] % V


def judged(y: Tensor, targets: Array) -> Tensor:
    return label(cross_entropy(y, targets), "loss", "L")
