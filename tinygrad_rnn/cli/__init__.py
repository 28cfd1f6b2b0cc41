"""The command line: tinygrad-rnn demo | train | translate | sample | draw | check.

Exit status: 0 done, 1 the run failed, 2 bad arguments or files (one line on stderr), 130 interrupted (train,
translate save).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import tinygrad_rnn as tg
from tinygrad_rnn.cli import check, demo, draw, sample, task, train, translate
from tinygrad_rnn.cli.options import PROGRAM, Parser, number, options_for, whole
from tinygrad_rnn.errors import CheckpointError, DataError, TinygradError
from tinygrad_rnn.optim import OPTIMIZERS
from tinygrad_rnn.train import Settings
from tinygrad_rnn.train.charmodel import KINDS
from tinygrad_rnn.train.translator import ATTENTIONS, Recipe
from viz.paint.theme import THEMES
from viz.views import VIEWS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):  # a pipe may be ASCII, and ŷ, ∇, σ are not
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    options = parser().parse_args(arguments)
    try:
        # products of one step are small: threads would spend longer waiting for each other than they save
        # and a loss that overflows is reported once, in words
        with threadpool_limits(limits=options.threads, user_api="blas"), np.errstate(all="ignore"):
            status = int(options.run(options) or 0)
            sys.stdout.flush()
            return status
    except TinygradError as error:
        print(f"{PROGRAM} {options.command}: {one_line(error)}", file=sys.stderr)
        return 2 if isinstance(error, DataError | CheckpointError) else 1
    except KeyboardInterrupt:
        print(f"{PROGRAM} {options.command}: interrupted", file=sys.stderr)
        return 130
    except MemoryError as error:
        print(f"{PROGRAM} {options.command}: too large for this machine: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has seen enough; what is left in the buffer goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
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

    demo_ = command("demo", demo.demo, "train an LSTM for half a minute and draw its unrolled graph")
    demo_.add_argument("--out", type=Path, default=Path("demo"), help="where to put model and pictures (demo)")

    train_ = command("train", train.train, "train a character model on a text")
    train_.add_argument("--text", type=Path, required=True, metavar="FILE", help="a UTF-8 text")
    train_.add_argument("--out", type=Path, metavar="DIR", help="where to save (runs/MODEL-1, -2, …)")
    train_.add_argument("--resume", action="store_true", help="go on with the run in --out")
    add_settings(train_)

    sample_ = command("sample", sample.sample, "let a trained model write")
    sample_.add_argument("dir", type=Path, metavar="DIR", help="where train saved")
    sample_.add_argument("--prompt", default="", help="text to go on from")
    sample_.add_argument("--length", type=whole(0), default=500, metavar="N", help="characters to write (500)")
    sample_.add_argument("--temperature", type=float, default=0.8, help="0 likeliest … 1 as learnt … wilder (0.8)")
    sample_.add_argument("--top-k", type=whole(1), metavar="K", help="choose among the K likeliest only")
    sample_.add_argument("--top-p", type=float, default=1.0, metavar="P", help="… among the nucleus of probability P")
    sample_.add_argument("--seed", type=whole(0), help="the same seed writes the same text")

    draw_ = command("draw", draw.draw, "draw the unrolled graph of a small network")
    draw_.add_argument("--model", choices=KINDS, default="lstm")
    draw_.add_argument("--steps", type=whole(1), default=3, metavar="T", help="time steps (3)")
    draw_.add_argument("--layers", type=whole(1), default=1, metavar="L", help="layers (1)")
    draw_.add_argument("--hidden", type=whole(1), default=16, metavar="H", help="hidden features (16)")
    draw_.add_argument("--view", choices=VIEWS, default="cell", help="; ".join(map(str, VIEWS.values())) + " (cell)")
    draw_.add_argument("--gradients", action="store_true", help="show where the gradient goes")
    draw_.add_argument("--theme", choices=THEMES, default="light", help="the colours (light)")
    draw_.add_argument("-o", "--out", type=Path, default=Path("unrolled.svg"), help="a .svg, .png or .dot file")

    translate_ = command("translate", translate.translate, "train sequence to sequence on pairs of texts, and ask it")
    asked = translate_.add_mutually_exclusive_group()
    asked.add_argument("--pairs", type=Path, metavar="FILE", help="UTF-8 lines of source, tab, target")
    asked.add_argument("--task", choices=translate.TASKS, default="dates", help="pairs made by the seed (dates)")
    asked.add_argument("--load", type=Path, metavar="DIR", help="train nothing: ask the model that was saved there")
    translate_.add_argument("text", nargs="*", metavar="TEXT", help="for --load: what to translate (or stdin's lines)")
    translate_.add_argument("--out", type=Path, metavar="DIR", help="where to save (runs/translate-1, -2, …)")
    examples = ", ".join(f"{name} {made.examples:,}" for name, made in translate.TASKS.items())
    translate_.add_argument("--examples", type=whole(1), metavar="N", help=f"a task's pairs to train on ({examples})")
    translate_.add_argument("--held-out", type=whole(1), metavar="N", help="pairs to ask for (2000; a tenth of a file)")
    translate_.add_argument("--beam", type=whole(1), default=1, metavar="K", help="sequences kept while writing (1)")
    add_recipe(translate_)

    task_ = command("task", task.task, "try a classic problem over several seeds, beside the published figures")
    task_.add_argument("name", choices=(*task.TASKS, "all"), metavar="NAME", help=", ".join((*task.TASKS, "all")))
    task_.add_argument("--model", choices=KINDS, help="only this recurrence")
    task_.add_argument("--seeds", type=whole(1), default=5, metavar="N", help="seeds 0 … N − 1 (5)")
    task_.add_argument("--quick", action="store_true", help="fewer sequences before a trial is given up")
    task_.add_argument("--processes", type=whole(1), default=2, metavar="N", help="trials side by side (2)")

    check_ = command("check", check.check, "check the gradients of every op and module against differences")
    check_.add_argument("--seed", type=whole(0), default=0)
    return top


def add_settings(to: argparse.ArgumentParser) -> None:
    """An option for every field of Settings."""
    option = options_for(Settings(), to)

    option("model", "the recurrence", choices=KINDS)
    option("hidden", "hidden features H", type=whole(1), metavar="H")
    option("layers", "layers L", type=whole(1), metavar="L")
    option(
        "embedding",
        "features learnt per character; 0 for one-hot; by default one-hot for a GRU, else hidden's",
        type=whole(0),
        metavar="E",
    )
    option("dropout", "probability of dropping a value while training", type=number(0, 0.999), metavar="P")
    option("batch", "rows read side by side", type=whole(1), metavar="B")
    option("bptt", "steps backpropagated through", type=whole(1), metavar="T")
    option("optimizer", "how to step", choices=OPTIMIZERS)
    option("lr", "learning rate at its highest; it falls along a cosine to 0", type=number(0), metavar="RATE")
    option("warmup", "steps over which it rises first", type=whole(0), metavar="N")
    option("weight-decay", "of adamw", type=number(0), metavar="RATE")
    option("clip", "largest joint norm of the gradients, 0 for none", type=number(0), metavar="NORM")
    option("epochs", "times through the text", type=whole(1), metavar="N")
    option("forget-bias", "of an LSTM at first", type=number(), metavar="BIAS")
    option("recurrent-init", "of W_hh", choices=("orthogonal", "uniform", "identity"))
    option("fraction", "of the text to train on; the rest validates", type=number(0, 1), metavar="F")
    option("seed", "of every random number", type=whole(0), metavar="N")


def add_recipe(to: argparse.ArgumentParser) -> None:
    """An option for every field of Recipe; what is not given is what suits the task."""
    option = options_for(Recipe(), to)

    option("model", "the recurrence of encoder and decoder", choices=KINDS)
    option("hidden", "hidden features H of each direction", type=whole(1), metavar="H")
    option("layers", "layers L of each", type=whole(1), metavar="L")
    option("embedding", "features learnt per character", type=whole(1), metavar="E")
    option("attention", "over the encoder's outputs", choices=ATTENTIONS)
    option("bidirectional", "whether the source is read in both directions", action=argparse.BooleanOptionalAction)
    option("reverse", "whether the source is read from its end", action=argparse.BooleanOptionalAction)
    option("teacher-forcing", "probability of reading the true character before", type=number(0, 1), metavar="P")
    option("batch", "pairs in a step", type=whole(1), metavar="B")
    option("epochs", "times through the pairs; dates 2, addition 5", type=whole(1), metavar="N")
    option("lr", "learning rate at its highest; it falls along a cosine to 0", type=number(0), metavar="RATE")
    option("warmup", "steps over which it rises first", type=whole(0), metavar="N")
    option("weight-decay", "of AdamW", type=number(0), metavar="RATE")
    option("clip", "largest joint norm of the gradients, 0 for none", type=number(0), metavar="NORM")
    option("seed", "of every random number", type=whole(0), metavar="N")
