"""A bar over the characters that a run has still to read, in a terminal or a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tinygrad_rnn.errors import check_type
from tinygrad_rnn.train.loop import Progress
from tinygrad_rnn.train.metrics import bits_per_char
from tinygrad_rnn.train.run import Run

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(run: Run, shown: bool | None = None) -> Iterator[Callable[[Progress, float], None]]:
    """What `fit` is to call after each chunk: it shows loss, rate and time left.

    Args:
        shown: None shows it in a terminal only; True in a notebook too.

    >>> from tinygrad_rnn.train import Corpus, Settings
    >>> run = Run(Settings(hidden=4, layers=1, batch=2, epochs=1), Corpus("hello, world. " * 20))
    >>> with progress_bar(run) as show:
    ...     progress = run.fit(on_chunk=show, eager=True)
    """
    from tqdm.auto import tqdm  # in a notebook it may have to say what is missing there: when a bar is asked for

    check_type("progress_bar", "run", run, Run, "a Run")
    check_type("progress_bar", "shown", shown, bool | None, "True, False or None")
    _, per_epoch = run.batches()
    total = per_epoch * run.settings.epochs
    done = per_epoch * run.progress.epoch + run.progress.characters
    disable = None if shown is None else not shown
    with tqdm(total=total, initial=done, unit="char", unit_scale=True, disable=disable, smoothing=0.05) as bar:

        def show(progress: Progress, loss: float) -> None:
            bar.set_postfix_str(f"loss {loss:.3f} nats/char, {bits_per_char(loss):.2f} bits/char", refresh=False)
            bar.update(per_epoch * progress.epoch + progress.characters - bar.n)

        yield show
