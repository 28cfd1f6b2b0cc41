"""tinygrad-rnn train: train a character model, with a bar and a line per epoch, and save it."""

from __future__ import annotations

import argparse
import csv
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tqdm import tqdm

from tinygrad_rnn.cli.options import PROGRAM, Command, Parser, add_eager, add_settings, given
from tinygrad_rnn.compiler.compiled import Compiled
from tinygrad_rnn.errors import CheckpointError, DataError, GradientError
from tinygrad_rnn.saving import claimed, write_file
from tinygrad_rnn.train import Corpus, DataParallel, Progress, Run, Settings, bits_per_char, progress_bar
from tinygrad_rnn.train.parallel import world

Log = Callable[[Progress], None]


def add_options(to: Parser) -> None:
    to.add_argument("--text", type=Path, required=True, metavar="FILE", help="a UTF-8 text to learn from")
    to.add_argument("--out", type=Path, metavar="DIR", help="where to save (runs/MODEL-1, or the next free number)")
    begun = to.add_mutually_exclusive_group()
    begun.add_argument("--resume", action="store_true", help="go on with the run in --out")
    begun.add_argument(
        "--init-from", type=Path, metavar="DIR", help="start from the weights of the model in DIR, on any text and rate"
    )
    to.add_argument("--csv", type=Path, metavar="FILE", help="write a row per epoch to FILE as well")
    to.add_argument("--tensorboard", type=Path, metavar="DIR", help="write the losses for TensorBoard as well")
    add_eager(to)
    add_settings(to, Settings)


def run(options: argparse.Namespace) -> None:
    """Train, saving after every epoch and when interrupted."""
    typed, parallel = given(options, Settings), world()
    if options.resume and options.out is None:
        raise DataError("--resume needs --out", help="the directory of the run to go on with")
    if parallel is not None and parallel.rank > 0:
        followed(options, typed, parallel)
        return
    if options.resume:
        with held(options.out, "train"):
            trained(resumed(options.out, options.text, typed), options.out, options, parallel)
        return
    found = started(options.text, typed, options.init_from)
    out = options.out or fresh_directory(found.settings.model)
    with held(out, "train"):
        if (out / "checkpoint.json").exists():
            raise CheckpointError(
                f"{out}: a run is saved here already", help="--resume goes on with it, or choose another --out"
            )
        trained(found, out, options, parallel)


def trained(found: Run, out: Path, options: argparse.Namespace, parallel: DataParallel | None) -> None:
    print(describe(found) + ("" if parallel is None else f", over {parallel.size} processes"))
    with logged(found, options.csv, options.tensorboard) as log:
        train_run(found, out, options.text, eager=options.eager, log=log, parallel=parallel)


def followed(options: argparse.Namespace, typed: dict[str, Any], parallel: DataParallel) -> None:
    """What the ranks after the first do: the same on rows of their own, unheard; `save` writes on the first alone."""
    if options.resume:
        found = resumed(options.out, options.text, typed)
    else:
        found = started(options.text, typed, options.init_from)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        train_run(found, Path(), options.text, eager=options.eager, parallel=parallel)


def fresh_directory(model: str) -> Path:
    """runs/lstm-1, or the first number that is free; it is ours once it is made."""
    k = 1
    while True:
        out = Path("runs", f"{model}-{k}")
        try:
            out.mkdir(parents=True)
        except FileExistsError:
            k += 1
        except OSError as error:
            raise DataError(f"{out}: cannot be made", got=error.strerror or str(error)) from None
        else:
            return out


def started(text: Path, typed: dict[str, Any], init_from: Path | None) -> Run:
    """A run of its own; its weights are those of another one where that is given."""
    if init_from is None:
        run = Run(Settings(**typed), Corpus.from_file(text))
    else:
        source = Run.load(init_from)
        shape = {name: getattr(source.settings, name) for name in ("model", "hidden", "layers", "embedding")}
        changed = [name for name, value in shape.items() if name in typed and typed[name] != value]
        if changed:
            was = ", ".join(f"--{name} {shape[name]}" for name in changed)
            raise CheckpointError(f"{init_from}: the model there has {was}", help="leave these out with --init-from")
        run = Run(Settings(**{**typed, **shape}), Corpus.from_file(text, source.corpus.vocabulary))
        run.model.load_state_dict(source.model.state_dict())
    run.batches()
    return run


@contextmanager
def held(out: Path, purpose: str) -> Iterator[None]:
    """Make the directory and keep it: that nothing can be saved there is better known before an epoch than after."""
    prepare(out)
    try:
        with claimed(out, purpose):
            yield
    finally:
        with suppress(OSError):
            out.rmdir()  # if nothing was saved in it


def prepare(out: Path) -> None:
    """Make the directory, and see that it can be written to."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise DataError(f"{out}: cannot be written to", got=error.strerror or str(error)) from None


def resumed(out: Path, text: Path, typed: dict[str, Any]) -> Run:
    """The run saved in `out`; the only setting that may change is the number of epochs."""
    run = Run.load(out, text)
    changed = {k: v for k, v in typed.items() if k != "epochs" and v != getattr(run.settings, k)}
    if changed:
        saved = ", ".join(f"{k}={getattr(run.settings, k)}" for k in changed)
        raise CheckpointError(f"{out}: the run was started with {saved}", help="leave these out with --resume")
    run.settings = replace(run.settings, **typed)
    return run


def describe(run: Run) -> str:
    s, count = run.settings, sum(p.size for p in run.model.parameters())
    return (
        f"{s.model} {s.layers}×{s.hidden}, {count:,} parameters, on {len(run.corpus):,} characters of "
        f"{len(run.corpus.vocabulary)} kinds; {s.optimizer} at {s.lr:g}, batch {s.batch}, {s.bptt} steps"
    )


def train_run(
    run: Run,
    out: Path,
    text: Path,
    *,
    eager: bool = False,
    log: Log = lambda progress: None,
    parallel: DataParallel | None = None,
) -> None:
    """Train with a bar (where there is a terminal) and a line per epoch; the best epoch is kept in out/best as well.

    Raises:
        StoppedError: somebody asked to stop; all is saved, and said.
    """
    with progress_bar(run) as show, at_chunk_ends(out, parallel) as may_stop:

        def on_chunk(progress: Progress, loss: float) -> None:
            show(progress, loss)
            may_stop()

        def on_epoch(progress: Progress) -> None:
            tqdm.write(epoch_line(progress, run.settings.epochs))
            run.save(out)
            if is_best(progress):
                run.save(out / "best")
            log(progress)
            may_stop()

        try:
            run.fit(eager=eager, parallel=parallel, on_chunk=on_chunk, on_epoch=on_epoch)
        except StoppedError:
            run.save(out)
            at = f"epoch {run.progress.epoch + 1}, chunk {run.progress.chunk}"
            tqdm.write(f"interrupted: saved to {out} at {at}", file=sys.stderr)
            tqdm.write(f"go on with: {PROGRAM} train --text {text} --out {out} --resume", file=sys.stderr)
            raise
        except GradientError:
            if not run.progress.history:
                run.save(out)
            raise
    print(saved_by(run.loss), end="")
    print(f"saved to {out}; let it write: {PROGRAM} sample {out}")
    if not is_best(run.progress):
        best = min(run.progress.history, key=lambda row: row["valid"])
        print(f"the validation loss was lowest after epoch {best['epoch']}, {best['valid']:.4f}: {out / 'best'}")


def is_best(progress: Progress) -> bool:
    """Whether no epoch before the last had as low a validation loss."""
    *before, last = (row["valid"] for row in progress.history)
    return all(last < valid for valid in before)


@contextmanager
def logged(run: Run, csv_file: Path | None, tensorboard: Path | None) -> Iterator[Log]:
    """What is to be called after each epoch: it writes the rows so far to a CSV file, and the last to TensorBoard."""
    if tensorboard is not None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise DataError("--tensorboard: its writer is not here", help="pip install 'tinygrad-rnn[logs]'") from None
    writer = None if tensorboard is None else SummaryWriter(str(tensorboard))

    def log(progress: Progress) -> None:
        row = progress.history[-1]
        if csv_file is not None:
            text = StringIO()
            table = csv.DictWriter(text, list(row))
            table.writeheader()
            table.writerows(progress.history)
            write_file(csv_file, text.getvalue().encode())
        for name, value in row.items():
            if writer is not None and name != "epoch":
                writer.add_scalar(name, value, int(row["epoch"]))

    try:
        yield log
    finally:
        if writer is not None:
            writer.close()


def saved_by(loss: Any) -> str:
    """A line on what a plan saved, where there was one."""
    return f"compiled: {loss.saved()}\n" if isinstance(loss, Compiled) and loss.saved() else ""


def epoch_line(progress: Progress, epochs: int) -> str:
    row = progress.history[-1]
    return (
        f"epoch {progress.epoch}/{epochs}  train {row['train']:.4f}  valid {row['valid']:.4f} nats/char  "
        f"{bits_per_char(row['valid']):.3f} bits/char  {row['chars_per_second']:,.0f} chars/s"
    )


STOPPING = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


class StoppedError(Exception):
    """Somebody asked to stop, and here everything is whole. Not KeyboardInterrupt, which may come amid a step."""


@contextmanager
def at_chunk_ends(out: Path, parallel: DataParallel | None = None) -> Iterator[Callable[[], None]]:
    """Ctrl-C, SIGTERM and SIGHUP take effect between steps, where all can be saved; a second one at once, unsaved."""
    asked: list[int] = []

    def ask(number: int, frame: object) -> None:
        asked.append(number)
        if len(asked) > 1 and parallel is None:
            raise KeyboardInterrupt
        tqdm.write(f"stopping after this step and saving to {out} …", file=sys.stderr)

    def stop_if_asked() -> None:
        if asked if parallel is None else parallel.any(bool(asked)):  # all ranks stop at the same step
            raise StoppedError

    try:
        before = {number: signal.signal(number, ask) for number in STOPPING}
    except ValueError:  # not the main thread: signals are somebody else's
        before = {}
    try:
        yield stop_if_asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


COMMAND = Command("train", "train a character model on a text", add_options, run)
