"""tinygrad-rnn sample: let a trained model write."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tinygrad_rnn.cli.options import Command, Parser, ranged
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.train import Run, stream_sample


def add_options(to: Parser) -> None:
    to.add_argument("dir", type=Path, metavar="DIR", help="where train saved the model")
    to.add_argument("--prompt", default="", help="text to go on from")
    to.add_argument(
        "--length", type=ranged(int, least=0), default=500, metavar="N", help="characters to write (%(default)s)"
    )
    to.add_argument(
        "--temperature", type=ranged(float, least=0), default=0.8, metavar="TAU",
        help="0 takes the likeliest character, 1 draws as learnt, more is wilder (%(default)s)",
    )  # fmt: skip
    to.add_argument(
        "--top-k", type=ranged(int, least=1), metavar="K", help="choose among the K likeliest characters only (all)"
    )
    to.add_argument(
        "--top-p", type=ranged(float, above=0, most=1), default=1.0, metavar="P",
        help="choose among the likeliest that together have the probability P (%(default)s)",
    )  # fmt: skip
    to.add_argument(
        "--seed", type=ranged(int, least=0), metavar="N", help="the same seed writes the same text (another each time)"
    )


def run(options: argparse.Namespace) -> None:
    """Write a continuation as it is drawn."""
    trained = Run.load(options.dir)
    characters = stream_sample(
        trained.model,
        trained.corpus,
        options.prompt,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        rng=options.seed,
    )
    say(options.prompt)
    for _ in range(options.length):
        say(next(characters))
    say("\n")


def say(text: str) -> None:
    """Write what a model wrote, at once. Raises DataError where the terminal or the pipe has no such character."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        sys.stdout.flush()
        raise DataError(
            f"{text[error.start]!a} cannot be written in {encoding}, which is what standard output takes",
            help="set PYTHONIOENCODING=utf-8",
        ) from None
    sys.stdout.write(text)
    sys.stdout.flush()


COMMAND = Command("sample", "let a trained model write", add_options, run)
