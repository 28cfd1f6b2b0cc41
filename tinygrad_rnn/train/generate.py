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

__all__ = ["sample", "stream_sample"]

LONG = 1000  # characters after which a plan, which takes a moment to make, has paid for itself


def choose(
    logits: Array, rng: np.random.Generator, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0
) -> int:
    """Draw an id from softmax(logits / temperature), cut to the likeliest.

    Args:
        logits: (V,).
        temperature: below 1 the likely ones become likelier, above 1 less so; 0 takes the likeliest.
        top_k: only the k likeliest.
        top_p: only the likeliest that together reach this probability (the nucleus).
    Raises:
        OptionError: an option out of range. DataError: logits that are not finite.
    Source: Holtzman et al. 2020, arXiv:1904.09751, for the nucleus.

    >>> choose(np.array([0.0, 5.0, 1.0]), np.random.default_rng(0), temperature=0)
    1
    """
    check_options(temperature, top_k, top_p)
    if not np.isfinite(logits).all():
        raise DataError(
            "sample: the model's output is not finite",
            help="it diverged in training: train it with a lower --lr or --clip",
        )
    if temperature == 0:
        return int(np.argmax(logits))
    logits = logits.astype(np.float64)
    with np.errstate(over="ignore"):  # far below the likeliest is −∞: probability 0
        scaled = (logits - np.max(logits)) / temperature
    order = np.argsort(-scaled, kind="stable")[:top_k]
    p = np.exp(scaled[order])
    p /= p.sum()
    p = p[: int(np.searchsorted(np.cumsum(p), top_p)) + 1]
    return int(order[rng.choice(len(p), p=p / p.sum())])


def check_options(temperature: float, top_k: int | None, top_p: float) -> None:
    """Raises OptionError for options of sampling that are out of range."""
    check_number("sample", "temperature", temperature, least=0)
    if top_k is not None:
        check_number("sample", "top_k", top_k, whole=True, least=1)
    check_number("sample", "top_p", top_p, above=0, most=1)


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
        temperature, top_k, top_p: see `choose`.
        rng: a seed or Generator.
    Raises:
        OptionError: an option out of range. DataError: a character that the model has not seen, or the corpus of
            another model. Both are raised by the call itself, before anything is read.
    """
    check_options(temperature, top_k, top_p)
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
    options = (temperature, top_k, top_p)
    return _continued(model, corpus, corpus.encode(start), generator("sample", rng), options)


def _continued(
    model: CharModel, corpus: Corpus, start: Array, rng: np.random.Generator, options: tuple[Any, ...]
) -> Iterator[str]:
    ids, state = start[:, None], None
    planned = compile_(model, fallback="eager")
    for written in count():
        with no_grad(), evaluating(model):
            logits, state = (model if written < LONG else planned)(ids, state)
        k = choose(logits.data[-1, 0], rng, *options)
        yield corpus.vocabulary[k]
        ids = np.array([[k]])


def sample(model: CharModel, corpus: Corpus, prompt: str = "", length: int = 200, **options: Any) -> str:
    """`length` characters that the model writes after `prompt`; options as in `stream_sample`."""
    check_number("sample", "length", length, whole=True, least=0)
    characters = stream_sample(model, corpus, prompt, **options)
    return "".join(next(characters) for _ in range(length))
