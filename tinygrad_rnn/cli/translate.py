"""tinygrad-rnn translate: train a sequence-to-sequence network on pairs of texts, save it, and ask it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from tinygrad_rnn.cli.options import PROGRAM, Command, Parser, add_eager, add_settings, given, ranged
from tinygrad_rnn.cli.sample import say
from tinygrad_rnn.cli.train import StoppedError, at_chunk_ends, fresh_directory, held
from tinygrad_rnn.data.addition import addition, operands
from tinygrad_rnn.data.dates import dates, day
from tinygrad_rnn.data.pairs import Pair, read_pairs, split_pairs
from tinygrad_rnn.errors import CheckpointError, DataError
from tinygrad_rnn.train.config import options_of
from tinygrad_rnn.train.translation import Translation
from tinygrad_rnn.train.translator import Recipe, Translator, exact_match, forced_match


class PairSource(NamedTuple):
    """Pairs made by a seed, what makes two of them the same question, and how much of them is learnt from."""

    make: Callable[[int, int], list[Pair]]
    key: Callable[[Pair], Hashable]
    examples: int
    epochs: int


HELD_OUT = 2000
SOURCES = {
    "dates": PairSource(dates, day, 30_000, 2),
    "addition": PairSource(addition, operands, 100_000, 5),
}


def add_options(to: Parser) -> None:
    asked = to.add_mutually_exclusive_group()
    asked.add_argument("--pairs", type=Path, metavar="FILE", help="UTF-8 lines of source, tab, target")
    asked.add_argument(
        "--task", choices=SOURCES, default="dates", help="a problem whose pairs are made from --seed (%(default)s)"
    )
    asked.add_argument("--load", type=Path, metavar="DIR", help="train nothing: ask the model that was saved there")
    to.add_argument("text", nargs="*", metavar="TEXT", help="with --load: what to translate (each line of stdin)")
    to.add_argument("--out", type=Path, metavar="DIR", help="where to save (runs/translate-1, or the next free number)")
    to.add_argument("--resume", action="store_true", help="go on with the training in --out, on the same pairs")
    examples = "; ".join(f"{name}: {made.examples:,}" for name, made in SOURCES.items())
    epochs = "; ".join(f"{name}: {made.epochs}" for name, made in SOURCES.items())
    to.add_argument(
        "--examples", type=ranged(int, least=1), metavar="N", help=f"pairs of a task to train on ({examples})"
    )
    to.add_argument(
        "--held-out", type=ranged(int, least=1), metavar="N",
        help=f"pairs to test on, never trained on (a task: {HELD_OUT:,}; a file: a tenth)",
    )  # fmt: skip
    to.add_argument(
        "--beam", type=ranged(int, least=1), default=1, metavar="K", help="sequences kept while writing (%(default)s)"
    )
    add_eager(to)
    add_settings(to, Recipe, {"epochs": f"{epochs}; a file: {Recipe.epochs}"})


def run(options: argparse.Namespace) -> None:
    """Ask a saved model, or train one, save it, and ask it for what was held out."""
    if options.load:
        ask(options)
        return
    if options.text:
        raise DataError(
            f"{options.text[0]!r:.60}: there is no model to ask", help="--load DIR names one that was saved"
        )
    typed = given(options, Recipe)
    if options.resume:
        if options.out is None:
            raise DataError("--resume needs --out", help="the directory of the training to go on with")
        with held(options.out, "translate"):
            recipe = recipe_of(options.out, typed)
            train, held_out = data(options, recipe.seed)
            training = Translation.load(options.out, train)
            training.translator.recipe = recipe
            trained(training, held_out, options.out, options)
        return
    if not options.pairs:
        typed = {"epochs": SOURCES[options.task].epochs, **typed}
    recipe = Recipe(**typed)
    train, held_out = data(options, recipe.seed)
    training = Translation(Translator(recipe, train + held_out), train)
    out = options.out or fresh_directory("translate")
    with held(out, "translate"):
        if (out / "checkpoint.json").exists():
            raise CheckpointError(
                f"{out}: a model is saved here already",
                help="--load asks it, --resume goes on training it; or choose another --out",
            )
        trained(training, held_out, out, options)


def recipe_of(out: Path, typed: dict[str, Any]) -> Recipe:
    """The recipe that a training was started with; only the number of epochs may be another."""
    recipe = Translator.load(out).recipe
    changed = [name for name, value in typed.items() if name != "epochs" and value != getattr(recipe, name)]
    if changed:
        saved = ", ".join(f"{name}={getattr(recipe, name)}" for name in changed)
        raise CheckpointError(f"{out}: the training was started with {saved}", help="leave these out with --resume")
    return replace(recipe, **typed)


def trained(training: Translation, held_out: Sequence[Pair], out: Path, options: argparse.Namespace) -> None:
    translator = training.translator
    print(describe(translator, training.pairs, held_out, options))
    began = time.perf_counter()
    try:
        train_and_save(training, held_out, out, eager=options.eager)
    except StoppedError:
        training.save(out)
        print(f"interrupted: saved to {out}; ask it: {PROGRAM} translate --load {out} TEXT", file=sys.stderr)
        print(f"go on with the same command, --out {out} and --resume", file=sys.stderr)
        raise
    print(f"trained in {time.perf_counter() - began:.0f} s, saved to {out}\n")
    report(translator, held_out, options.beam)
    print(f"\nask it: {PROGRAM} translate --load {out} TEXT")


def ask(options: argparse.Namespace) -> None:
    """A translation a line, of the texts given or of the lines of standard input; an empty line for an empty one."""
    training = [*options_of(Recipe), "examples", "held_out", "out"]
    beside = [f"--{name.replace('_', '-')}" for name in training if getattr(options, name, None) is not None]
    if beside:
        raise DataError(f"{', '.join(beside)}: for training only", help="leave it out with --load")
    translator = Translator.load(options.load)
    if hasattr(sys.stdin, "reconfigure"):  # what is not UTF-8 becomes a character that no model knows
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace", newline=None)
    for line in options.text or sys.stdin:
        text = line.rstrip("\n")
        say((translator.translate([text], options.beam)[0] if text else "") + "\n")


def train_and_save(training: Translation, held_out: Sequence[Pair], out: Path, *, eager: bool = False) -> None:
    """Train with a bar and a line per epoch, saving after each. Raises StoppedError after a step, on Ctrl-C."""
    translator, train = training.translator, training.pairs
    epochs, done = translator.recipe.epochs, training.epoch * len(train) + training.count
    bar = tqdm(total=epochs * len(train), initial=done, unit="pair", unit_scale=True, disable=None, smoothing=0.05)
    with bar, at_chunk_ends(out) as may_stop:

        def on_step(count: int) -> None:
            bar.update(count)
            may_stop()

        for epoch, loss, seconds in training.fit(on_step, eager=eager):
            training.save(out)
            exact = exact_match(translator, held_out[:500])
            tqdm.write(f"epoch {epoch}/{epochs}  train {loss:.4f} nats/char  held out: {exact:.1%} exact  "
                       f"{len(train) / seconds:,.0f} pairs/s")  # fmt: skip
            may_stop()


def data(options: argparse.Namespace, seed: int) -> tuple[list[Pair], list[Pair]]:
    """(training pairs, held-out pairs) of the file or the task that was asked for."""
    if options.pairs:
        if options.examples:
            raise DataError(
                "--examples is for the tasks",
                help="every pair of a file is used; --held-out says how many of them to test on",
            )
        pairs = read_pairs(options.pairs)
        return split_pairs(pairs, options.held_out or max(1, len(pairs) // 10), seed)
    source = SOURCES[options.task]
    held_out = options.held_out or HELD_OUT
    wanted = (options.examples or source.examples) + held_out
    return split_pairs(source.make(wanted, seed), held_out, seed, source.key)


def describe(
    translator: Translator, train: Sequence[Pair], held_out: Sequence[Pair], options: argparse.Namespace
) -> str:
    r, count = translator.recipe, sum(p.size for p in translator.model.parameters())
    first, other = ("backwards", "forwards") if r.reverse else ("forwards", "backwards")
    directions = f"{first}, and {other} too" if r.bidirectional else first
    source, target = map(short, train[0])
    return (
        f"{options.pairs or options.task}: {counted(train)} to train on, such as {source!r} → {target!r}; "
        f"{len(held_out):,} held out\n"
        f"{r.model} {r.layers}×{r.hidden}, the source read {directions}, attention {r.attention}, {count:,} "
        f"parameters; AdamW at {r.lr:g}, batch {r.batch}, teacher forcing {r.teacher_forcing:g}"
    )


def counted(pairs: Sequence[Pair]) -> str:
    """How many they are: 1 pair, 2,000 pairs."""
    return f"{len(pairs):,} pair{'s' * (len(pairs) != 1)}"


def short(text: str, most: int = 60) -> str:
    """Of a longer text as much as a line has room for."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def report(translator: Translator, held_out: Sequence[Pair], beam: int) -> None:
    """The figures on what was held out, and some of it."""
    exact = exact_match(translator, held_out)
    characters, whole = forced_match(translator, held_out)
    print(f"held out, {counted(held_out)} never shown in training:")
    print(f"  exact match, free-running    {exact:.2%}   each character follows the model's own")
    if beam > 1:
        print(f"  exact match, beam of {beam:<7} {exact_match(translator, held_out, beam):.2%}")
    print(f"  exact match, teacher-forced  {whole:.2%}   each character follows the true ones")
    print(f"  characters, teacher-forced   {characters:.2%}   the figure often published")
    shown = held_out[:: -(-len(held_out) // 8)]
    written = translator.translate([source for source, _ in shown], beam)
    width = max(len(short(source)) for source, _ in shown)
    print("\nfor example:")
    for (source, target), text in zip(shown, written, strict=True):
        print(f"  {short(source):<{width}}  →  {text}" + ("" if text == target else f"   wrong: it is {target}"))


COMMAND = Command("translate", "train sequence to sequence on pairs of texts, and ask it", add_options, run)
