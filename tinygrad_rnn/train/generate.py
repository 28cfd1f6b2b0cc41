"""Sampling: the model's own output becomes its next input.

prompt → state, logits → choose one → feed it back → …
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.compiled import compile_
from tinygrad_rnn.data.text import Corpus
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import DataError, check_number, check_type
from tinygrad_rnn.nn.module import evaluating
from tinygrad_rnn.nn.options import Rng, generator
from tinygrad_rnn.train.charmodel import CharModel
from tinygrad_rnn.train.choice import check_options, sample_logits

__all__ = ["sample", "stream_sample"]

LONG = 1000  # characters after which a plan, which takes a moment to make, has paid for itself


def stream_sample(
    model: CharModel,
    corpus: Corpus,
    prompt: str = "",
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    rng: Rng = None,
) -> Iterator[str]:
    """The model's continuation of `prompt`, a character at a time, without end.

    Args:
        corpus: its vocabulary is the model's.
        prompt: read first, not yielded; without one the model starts from a line break, or its first character.
        temperature, top_k, top_p: see `sample_logits`.
        rng: a seed or Generator.
    Raises:
        OptionError: an option out of range. DataError: a character that the model has not seen, or the corpus of
            another model. Both are raised by the call itself, before anything is read.
    """
    check_options("sample", temperature, top_k, top_p)
    check_type("sample", "model", model, CharModel, "a CharModel")
    check_type("sample", "corpus", corpus, Corpus, "a Corpus")
    check_type("sample", "prompt", prompt, str, "a text")
    if model.vocabulary_size != len(corpus.vocabulary):
        raise DataError(
            "sample: the corpus is not the model's",
            expected=f"one of {model.vocabulary_size} characters",
            got=f"one of {len(corpus.vocabulary)}",
        )
    start = prompt or ("\n" if "\n" in corpus.vocabulary else corpus.vocabulary[0])
    options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "rng": generator("sample", rng)}
    return _continued(model, corpus, corpus.encode(start), options)


def _continued(model: CharModel, corpus: Corpus, start: Array, options: dict[str, Any]) -> Iterator[str]:
    ids, state = start[:, None], None
    planned = compile_(model, fallback="eager")
    for written in count():
        with no_grad(), evaluating(model):
            logits, state = (model if written < LONG else planned)(ids, state)
        last = logits.data[-1, 0]
        if not np.isfinite(last).all():
            raise DataError("sample: the model's output is not finite",
                            help="it diverged in training: train it with a lower --lr or --clip")  # fmt: skip
        k = int(sample_logits(last, **options))
        yield corpus.vocabulary[k]
        ids = np.array([[k]])


def sample(model: CharModel, corpus: Corpus, prompt: str = "", length: int = 200, **options: Any) -> str:
    """`length` characters that the model writes after `prompt`; options as in `stream_sample`."""
    check_number("sample", "length", length, whole=True, least=0)
    characters = stream_sample(model, corpus, prompt, **options)
    return "".join(next(characters) for _ in range(length))
