"""seeded: one generator for all that is built in a block, so that one line seeds a whole model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tinygrad_rnn.nn.options import SEEDED, Rng, generator

__all__ = ["seeded"]


@contextmanager
def seeded(rng: Rng) -> Iterator[np.random.Generator]:
    """In the block, what takes `rng=` and is given none draws from this generator, in the order in which it is built.

    The weights are those of layers that are each built with `rng=` this one generator. A seed given to a layer counts
    there; dropout goes on drawing from the generator after the block. Only what is built in the block sees it, in this
    thread and task.

    Why a block, and not a method that draws all parameters of a model anew: a module of your own has values that only
    its `__init__` knows how to draw, a Parameter of `nn.init.normal`, say; here they are seeded without a line more.

    Args:
        rng: a seed, or a Generator, which is drawn from where it stands.
    Raises:
        OptionError: it is neither.

    >>> from tinygrad_rnn import nn
    >>> class Tagger(nn.Module):
    ...     def __init__(self):
    ...         self.embedding, self.head = nn.Embedding(9, 4), nn.Linear(4, 2)
    ...         self.scale = nn.Parameter(nn.init.normal((2,)))
    >>> with nn.seeded(0):
    ...     one = Tagger()
    >>> with nn.seeded(0):
    ...     same = Tagger()
    >>> all((p.data == q.data).all() for p, q in zip(one.parameters(), same.parameters()))
    True
    """
    found = generator("seeded", rng)
    before = SEEDED.set(found)
    try:
        yield found
    finally:
        SEEDED.reset(before)
