"""tinygrad-rnn demo: train, sample and draw in half a minute, with nothing to download."""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

from tinygrad_rnn.cli.draw import Reading, painted, reading_title, save
from tinygrad_rnn.cli.options import PROGRAM, Command, Parser, add_eager
from tinygrad_rnn.cli.train import describe, prepare, saved_by
from tinygrad_rnn.errors import CheckpointError, DataError
from tinygrad_rnn.train import Corpus, Run, Settings, bits_per_char, evaluate, progress_bar, sample


def add_options(to: Parser) -> None:
    to.add_argument("--out", type=Path, default=Path("demo"), help="where to put model and pictures (%(default)s)")
    add_eager(to)


def run(options: argparse.Namespace) -> None:
    """Train on the text that every Python ships, sample, and draw what was trained, with its gradient."""
    import viz

    if (options.out / "checkpoint.json").exists() and not is_demo(options.out):
        raise CheckpointError(f"{options.out}: another run is saved here", help="choose another --out")
    corpus = Corpus(python_topics())
    settings = Settings(layers=1, batch=32, bptt=32, epochs=1, warmup=20, fraction=0.98)
    made = Run(settings, corpus)
    prepare(options.out)
    print(f"Python's own help texts as training data. {describe(made)}")
    valid = corpus.split(settings.fraction)[1]
    before = evaluate(made.model, valid)
    kinds = len(corpus.vocabulary)
    print(f"before  {before:.3f} nats/char  (guessing among {kinds} characters costs {math.log(kinds):.3f})")
    began = time.perf_counter()
    with progress_bar(made) as show:
        made.fit(eager=options.eager, on_chunk=show)
    after = made.progress.history[-1]["valid"]
    seconds = time.perf_counter() - began
    print(f"after   {after:.3f} nats/char, {bits_per_char(after):.2f} bits/char, in {seconds:.0f} s")
    print(saved_by(made.loss), end="")
    print("\nThe model writes:\n" + indent(sample(made.model, corpus, "The ", 240, temperature=0.7, rng=0)))

    made.save(options.out)
    picture = viz.draw(Reading(made, "help"), gradients=True, title=reading_title(made, "help"))
    for name in ("unrolled.svg", "unrolled.png", "unrolled.html"):
        try:
            save(painted(picture, Path(name).suffix), options.out / name)
        except DataError as error:  # the model is trained and saved: a missing picture is said, not fatal
            print(error)
    print(f"""
In {options.out}:
  unrolled.svg, unrolled.png   the unrolled graph: h₀ = 0 at the left, the weights once, the gradient flowing back
  unrolled.html                the same to walk through, in a browser: every value forward, every gradient back
  checkpoint.json              the trained model
Try next:
  {PROGRAM} sample {options.out} --prompt "def " --temperature 0.5
  {PROGRAM} draw {options.out} --text "hello" --view gate -o hello.svg
  {PROGRAM} train --text your.txt --model lstm --hidden 128 --layers 2""")


def is_demo(out: Path) -> bool:
    """Whether what is saved in a directory was learnt from the text that is learnt from here."""
    try:
        return Run.load(out).text == Corpus(python_topics()).digest
    except CheckpointError:
        return False


def python_topics() -> str:
    """The language reference that `help()` shows, as one text."""
    from pydoc_data.topics import topics

    return "\n\n".join(topics[name] for name in sorted(topics))


def indent(text: str) -> str:
    return "\n".join("  | " + line for line in text.splitlines())


COMMAND = Command("demo", "train an LSTM for half a minute and draw its unrolled graph", add_options, run)
