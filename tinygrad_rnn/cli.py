"""The command line: tinygrad-rnn demo | train | sample | draw | check.

Exit status: 0 done, 1 the run failed, 2 bad arguments or files (one line on stderr), 130 interrupted and saved.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

import tinygrad_rnn as tg
from tinygrad_rnn.errors import CheckpointError, DataError, GradientError, TinygradError
from tinygrad_rnn.optim import OPTIMIZERS
from tinygrad_rnn.train import CharModel, Corpus, Progress, Run, Settings, bits_per_char, evaluate, stream_sample
from tinygrad_rnn.train.charmodel import KINDS
from tinygrad_rnn.train.sample import check_options, sample

PROGRAM = "tinygrad-rnn"


class Parser(argparse.ArgumentParser):
    """argparse, saying what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):  # a pipe may be ASCII, and ŷ, ∇, σ are not
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    options = parser().parse_args(arguments)
    try:
        # products of one step are small: threads would spend longer waiting for each other than they save
        with threadpool_limits(limits=options.threads, user_api="blas"):
            return int(options.run(options) or 0)
    except TinygradError as error:
        print(f"{PROGRAM} {options.command}: {one_line(error)}", file=sys.stderr)
        return 2 if isinstance(error, DataError | CheckpointError) else 1
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def one_line(error: TinygradError) -> str:
    """
    >>> one_line(DataError("x.txt: not UTF-8 text", help="convert it"))
    'x.txt: not UTF-8 text (help: convert it)'
    """
    head, *facts = str(error).splitlines()
    said = "; ".join(": ".join(fact.split(None, 1)) for fact in facts)
    return f"{head} ({said})" if said else head


def parser() -> Parser:
    """What can be said on the command line."""
    top = Parser(prog=PROGRAM, description="See how a recurrent network learns.")
    top.add_argument("--version", action="version", version=f"{PROGRAM} {tg.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[Any], int | None], help: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=help, description=help)
        found.set_defaults(run=run)
        found.add_argument("--threads", type=whole(1), default=1, metavar="N", help="threads for matrix products (1)")
        return found

    demo_ = command("demo", demo, "train an LSTM for half a minute and draw its unrolled graph")
    demo_.add_argument("--out", type=Path, default=Path("demo"), help="where to put model and pictures (demo)")

    train_ = command("train", train, "train a character model on a text")
    train_.add_argument("--text", type=Path, required=True, metavar="FILE", help="a UTF-8 text")
    train_.add_argument("--out", type=Path, metavar="DIR", help="where to save (runs/MODEL-1, -2, …)")
    train_.add_argument("--resume", action="store_true", help="go on with the run in --out")
    add_settings(train_)

    sample_ = command("sample", write, "let a trained model write")
    sample_.add_argument("dir", type=Path, metavar="DIR", help="where train saved")
    sample_.add_argument("--prompt", default="", help="text to go on from")
    sample_.add_argument("--length", type=whole(0), default=500, metavar="N", help="characters to write (500)")
    sample_.add_argument("--temperature", type=float, default=0.8, help="0 likeliest … 1 as learnt … wilder (0.8)")
    sample_.add_argument("--top-k", type=whole(1), metavar="K", help="choose among the K likeliest only")
    sample_.add_argument("--top-p", type=float, default=1.0, metavar="P", help="… among the nucleus of probability P")
    sample_.add_argument("--seed", type=whole(0), help="the same seed writes the same text")

    draw_ = command("draw", draw, "draw the unrolled graph of a small network")
    draw_.add_argument("--model", choices=KINDS, default="lstm")
    draw_.add_argument("--steps", type=whole(1), default=3, metavar="T", help="time steps (3)")
    draw_.add_argument("--layers", type=whole(1), default=1, metavar="L", help="layers (1)")
    draw_.add_argument("--hidden", type=whole(1), default=16, metavar="H", help="hidden features (16)")
    draw_.add_argument("--view", choices=("cell", "op"), default="cell", help="a box per step, or every op (cell)")
    draw_.add_argument("--gradients", action="store_true", help="show where the gradient goes")
    draw_.add_argument("--theme", choices=("light", "dark"), default="light")
    draw_.add_argument("-o", "--out", type=Path, default=Path("unrolled.svg"), help="a .svg, .png or .dot file")

    check_ = command("check", check, "check the gradients of every op and module against differences")
    check_.add_argument("--seed", type=whole(0), default=0)
    return top


def add_settings(to: argparse.ArgumentParser) -> None:
    """An option for every field of Settings; one that is not given is absent."""
    s = Settings()

    def option(name: str, help: str, **how: Any) -> None:
        shown = getattr(s, name.replace("-", "_"))
        to.add_argument(f"--{name}", default=argparse.SUPPRESS, help=f"{help} ({shown})", **how)

    option("model", "the recurrence", choices=KINDS)
    option("hidden", "hidden features H", type=whole(1), metavar="H")
    option("layers", "layers L", type=whole(1), metavar="L")
    option(
        "embedding", "features learnt per character; 0 for one-hot; hidden's when not given", type=whole(0), metavar="E"
    )
    option("dropout", "probability of dropping a value while training", type=number(0, 0.999), metavar="P")
    option("batch", "rows read side by side", type=whole(1), metavar="B")
    option("bptt", "steps backpropagated through", type=whole(1), metavar="T")
    option("optimizer", "how to step", choices=OPTIMIZERS)
    option("lr", "learning rate at its highest; it falls along a cosine to 0", type=number(0), metavar="RATE")
    option("warmup", "steps over which it rises first", type=whole(0), metavar="N")
    option("clip", "largest joint norm of the gradients, 0 for none", type=number(0), metavar="NORM")
    option("epochs", "times through the text", type=whole(1), metavar="N")
    option("forget-bias", "of an LSTM at first", type=number(), metavar="BIAS")
    option("recurrent-init", "of W_hh", choices=("orthogonal", "uniform", "identity"))
    option("fraction", "of the text to train on; the rest validates", type=number(0, 1), metavar="F")
    option("seed", "of every random number", type=whole(0), metavar="N")


def whole(least: int) -> Callable[[str], int]:
    """An argparse type: an integer of at least so much."""

    def parse(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    parse.__name__ = "integer"
    return parse


def number(least: float = -math.inf, most: float = math.inf) -> Callable[[str], float]:
    """An argparse type: a finite number in a range."""

    def parse(text: str) -> float:
        value = float(text)
        if not (math.isfinite(value) and least <= value <= most):
            raise argparse.ArgumentTypeError(f"{text} is not a number from {least} to {most}")
        return value

    parse.__name__ = "number"
    return parse


# train


def train(options: argparse.Namespace) -> int:
    """Train, saving after every epoch and when interrupted."""
    given = {f.name: getattr(options, f.name) for f in fields(Settings) if hasattr(options, f.name)}
    out = options.out or fresh_directory(given.get("model", Settings.model))
    run = resumed(out, options.text, given) if options.resume else started(out, options.text, given)
    print(describe(run))
    return train_run(run, out, options.text)


def fresh_directory(model: str) -> Path:
    """runs/lstm-1, or the first number that is free."""
    k = 1
    while Path("runs", f"{model}-{k}").exists():
        k += 1
    return Path("runs", f"{model}-{k}")


def started(out: Path, text: Path, given: dict[str, Any]) -> Run:
    if (out / "checkpoint.json").exists():
        raise CheckpointError(
            f"{out}: a run is saved here already", help="--resume goes on with it, or choose another --out"
        )
    run = Run(Settings(**given), Corpus.from_file(text))
    run.batches()
    return run


def resumed(out: Path, text: Path, given: dict[str, Any]) -> Run:
    """The run saved in `out`; the only setting that may change is the number of epochs."""
    run = Run.load(out, text)
    changed = {k: v for k, v in given.items() if k != "epochs" and v != getattr(run.settings, k)}
    if changed:
        saved = ", ".join(f"{k}={getattr(run.settings, k)}" for k in changed)
        raise CheckpointError(f"{out}: the run was started with {saved}", help="leave these out with --resume")
    run.settings = replace(run.settings, **given)
    return run


def describe(run: Run) -> str:
    s, count = run.settings, sum(p.size for p in run.model.parameters())
    return (
        f"{s.model} {s.layers}×{s.hidden}, {count:,} parameters, on {len(run.corpus):,} characters of "
        f"{len(run.corpus.vocabulary)} kinds; {s.optimizer} at {s.lr:g}, batch {s.batch}, {s.bptt} steps"
    )


def train_run(run: Run, out: Path, text: Path) -> int:
    """Train with a bar (where there is a terminal) and a line per epoch."""
    with progress_bar(run) as show, at_chunk_ends(out) as may_stop:

        def on_chunk(progress: Progress, loss: float) -> None:
            show(progress, loss)
            may_stop()

        def on_epoch(progress: Progress) -> None:
            tqdm.write(epoch_line(progress, run.settings.epochs))
            run.save(out)
            may_stop()

        try:
            run.fit(on_chunk=on_chunk, on_epoch=on_epoch)
        except KeyboardInterrupt:
            run.save(out)
            at = f"epoch {run.progress.epoch + 1}, chunk {run.progress.chunk}"
            tqdm.write(f"interrupted: saved to {out} at {at}", file=sys.stderr)
            tqdm.write(f"go on with: {PROGRAM} train --text {text} --out {out} --resume", file=sys.stderr)
            return 130
        except GradientError:
            if not run.progress.history:
                run.save(out)
            raise
    print(f"saved to {out}; let it write: {PROGRAM} sample {out}")
    return 0


def epoch_line(progress: Progress, epochs: int) -> str:
    row = progress.history[-1]
    return (
        f"epoch {progress.epoch}/{epochs}  train {row['train']:.4f}  valid {row['valid']:.4f} nats/char  "
        f"{bits_per_char(row['valid']):.3f} bits/char  {row['chars_per_second']:,.0f} chars/s"
    )


@contextmanager
def progress_bar(run: Run) -> Iterator[Callable[[Progress, float], None]]:
    """A bar over all the characters still to be read, with loss, rate and time left; silent without a terminal."""
    _, per_epoch = run.batches()
    total = per_epoch * run.settings.epochs
    done = per_epoch * run.progress.epoch + run.progress.characters
    with tqdm(total=total, initial=done, unit="char", unit_scale=True, disable=None, smoothing=0.05) as bar:

        def show(progress: Progress, loss: float) -> None:
            bar.set_postfix_str(f"loss {loss:.3f}, {bits_per_char(loss):.2f} bits/char", refresh=False)
            bar.update(per_epoch * progress.epoch + progress.characters - bar.n)

        yield show


@contextmanager
def at_chunk_ends(out: Path) -> Iterator[Callable[[], None]]:
    """Ctrl-C and SIGTERM take effect between chunks, where everything can be saved; a second one at once."""
    asked: list[int] = []

    def ask(number: int, frame: object) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt
        tqdm.write(f"stopping after this chunk and saving to {out} …", file=sys.stderr)

    def stop_if_asked() -> None:
        if asked:
            raise KeyboardInterrupt

    try:
        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: signals are somebody else's
        before = {}
    try:
        yield stop_if_asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# sample


def write(options: argparse.Namespace) -> None:
    """Write a continuation as it is drawn."""
    check_options(options.temperature, options.top_k, options.top_p)
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


# draw


def draw(options: argparse.Namespace) -> None:
    """Draw a network with random weights over a short sequence."""
    import viz

    if options.out.suffix not in (".svg", ".png", ".dot"):
        raise DataError(f"{options.out}: no picture format", expected="a name that ends in .svg, .png or .dot")
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


# demo


def demo(options: argparse.Namespace) -> None:
    """Train on the text that every Python ships, sample, and draw what was trained, with its gradient."""
    import viz

    corpus = Corpus(python_topics())
    settings = Settings(hidden=128, layers=1, batch=32, bptt=32, epochs=1, lr=1e-2, fraction=0.98)
    run = Run(settings, corpus)
    print(f"Python's own help texts as training data. {describe(run)}")
    valid = corpus.split(settings.fraction)[1]
    before = evaluate(run.model, valid, settings.batch, settings.bptt)
    kinds = len(corpus.vocabulary)
    print(f"before  {before:.3f} nats/char  (guessing among {kinds} characters costs {math.log(kinds):.3f})")
    began = time.perf_counter()
    with progress_bar(run) as show:
        run.fit(on_chunk=show)
    after = run.progress.history[-1]["valid"]
    print(
        f"after   {after:.3f} nats/char, {bits_per_char(after):.2f} bits/char, in {time.perf_counter() - began:.0f} s"
    )
    print("\nThe model writes:\n" + indent(sample(run.model, corpus, "The ", 240, temperature=0.7, rng=0)))

    run.save(options.out)
    ids = corpus.encode("help")[:, None]
    loss, _ = run.model.eval().step_losses(ids[:-1], ids[1:])
    picture = viz.draw(loss, gradients=True, title="The trained LSTM reads “hel”: the same weights at every step")
    for name in ("unrolled.svg", "unrolled.png"):
        save_picture(picture, options.out / name)
    print(f"""
In {options.out}:
  unrolled.svg, unrolled.png   the unrolled graph: h₀ = 0 at the left, the weights once, the gradient flowing back
  checkpoint.json              the trained model
Try next:
  {PROGRAM} sample {options.out} --prompt "def " --temperature 0.5
  {PROGRAM} draw --model gru --steps 4 --view op --gradients -o gru.svg
  {PROGRAM} train --text your.txt --model lstm --hidden 128 --layers 2""")


def python_topics() -> str:
    """The language reference that `help()` shows, as one text."""
    from pydoc_data.topics import topics

    return "\n\n".join(topics[name] for name in sorted(topics))


def indent(text: str) -> str:
    return "\n".join("  | " + line for line in text.splitlines())


# check


def check(options: argparse.Namespace) -> int:
    """Print a table of every op and module with its worst disagreement; 1 when one fails."""
    from tinygrad_rnn.testing.checks import check_everything

    failed = 0
    print("      what    which                    worst disagreement of reverse, forward and differences")
    for row in check_everything(seed=options.seed):
        failed += not row.passed
        verdict = "ok  " if row.passed else "FAIL"
        print(f"{verdict}  {row.kind:<7} {row.name:<18} {row.cases:>3} cases  {row.worst:.1e}  {row.note}".rstrip())
    print(f"{failed} failed" if failed else "all gradients agree")
    return 1 if failed else 0
