"""tinygrad-rnn translate: train a sequence-to-sequence network on pairs of texts, and see what it writes alone."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields

from tqdm import tqdm

from tinygrad_rnn.errors import DataError
from tinygrad_rnn.train.addition import addition, operands
from tinygrad_rnn.train.dates import dates, day
from tinygrad_rnn.train.pairs import Pair, read_pairs, split_pairs
from tinygrad_rnn.train.translate import Recipe, Translator, exact_match, forced_match, train_translator


@dataclass(frozen=True)
class Task:
    """Pairs made by a seed, what makes two of them the same question, and how much of them is learnt from."""

    make: Callable[[int, int], list[Pair]]
    key: Callable[[Pair], Hashable]
    examples: int
    epochs: int


TASKS = {
    "dates": Task(dates, day, 30_000, 2),
    "addition": Task(addition, operands, 100_000, 5),
}


def translate(options: argparse.Namespace) -> int:
    """Train, then ask for what was held out: free-running, beside the figure of teacher forcing."""
    given = {f.name: getattr(options, f.name) for f in fields(Recipe) if hasattr(options, f.name)}
    if not options.pairs:
        given = {"epochs": TASKS[options.task].epochs, **given}
    recipe = Recipe(**given)
    train, held_out = data(options, recipe.seed)
    translator = Translator(recipe, train + held_out)
    print(describe(translator, train, held_out, options))
    began = time.perf_counter()
    with tqdm(total=recipe.epochs * len(train), unit="pair", unit_scale=True, disable=None, smoothing=0.05) as bar:
        for epoch, loss, seconds in train_translator(translator, train, on_step=bar.update):
            exact = exact_match(translator, held_out[:500])
            tqdm.write(f"epoch {epoch}/{recipe.epochs}  train {loss:.4f} nats/char  held out: {exact:.1%} exact  "
                       f"{len(train) / seconds:,.0f} pairs/s")  # fmt: skip
    print(f"trained in {time.perf_counter() - began:.0f} s\n")
    report(translator, held_out, options.beam)
    return 0


def data(options: argparse.Namespace, seed: int) -> tuple[list[Pair], list[Pair]]:
    """(training pairs, held-out pairs) of the file or the task that was asked for."""
    if options.pairs:
        if options.examples:
            raise DataError(
                "--examples is for the tasks", help="of a file every pair is used; --held-out says how many are asked"
            )
        pairs = read_pairs(options.pairs)
        return split_pairs(pairs, options.held_out or max(1, len(pairs) // 10), seed)
    task = TASKS[options.task]
    held_out = options.held_out or 2000
    wanted = (options.examples or task.examples) + held_out
    return split_pairs(task.make(wanted, seed), held_out, seed, task.key)


def describe(
    translator: Translator, train: Sequence[Pair], held_out: Sequence[Pair], options: argparse.Namespace
) -> str:
    r, count = translator.recipe, sum(p.size for p in translator.model.parameters())
    directions = "both directions" if r.bidirectional else "backwards" if r.reverse else "forwards"
    source, target = train[0]
    return (
        f"{options.pairs or options.task}: {len(train):,} pairs to train on, such as {source!r} → {target!r}; "
        f"{len(held_out):,} held out\n"
        f"{r.model} {r.layers}×{r.hidden}, the source read {directions}, attention {r.attention}, {count:,} "
        f"parameters; AdamW at {r.lr:g}, batch {r.batch}, teacher forcing {r.teacher_forcing:g}"
    )


def report(translator: Translator, held_out: Sequence[Pair], beam: int) -> None:
    """The figures on what was held out, and some of it."""
    exact = exact_match(translator, held_out)
    characters, whole = forced_match(translator, held_out)
    print(f"held out, {len(held_out):,} pairs never shown in training:")
    print(f"  exact match, free-running    {exact:.2%}   each character follows the model's own")
    if beam > 1:
        print(f"  exact match, beam of {beam:<7} {exact_match(translator, held_out, beam):.2%}")
    print(f"  exact match, teacher-forced  {whole:.2%}   each character follows the true ones")
    print(f"  characters, teacher-forced   {characters:.2%}   the figure often published")
    shown = held_out[:: -(-len(held_out) // 8)]
    written = translator.translate([source for source, _ in shown], beam)
    width = max(len(source) for source, _ in shown)
    print("\nfor example:")
    for (source, target), text in zip(shown, written, strict=True):
        print(f"  {source:<{width}}  →  {text}" + ("" if text == target else f"   wrong: it is {target}"))
