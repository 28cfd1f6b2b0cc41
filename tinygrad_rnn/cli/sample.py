"""tinygrad-rnn sample: let a trained model write."""

from __future__ import annotations

import argparse
import sys

from tinygrad_rnn.train import Run, stream_sample


def sample(options: argparse.Namespace) -> None:
    """Write a continuation as it is drawn."""
    run = Run.load(options.dir)
    characters = stream_sample(
        run.model,
        run.corpus,
        options.prompt,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        rng=options.seed,
    )
    sys.stdout.write(options.prompt)
    for _ in range(options.length):
        sys.stdout.write(next(characters))
        sys.stdout.flush()
    sys.stdout.write("\n")
