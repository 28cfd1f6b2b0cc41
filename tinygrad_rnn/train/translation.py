"""Translation: a translator in training, that can stop after any step and go on exactly there.

pairs, in an order of their own for each epoch → batches → loss → training_step
save(directory) → checkpoint → Translation.load(directory, pairs)         it is a Translator's checkpoint as well
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.compiled import compile_
from tinygrad_rnn.data.pairs import Pair, check_pairs, shuffled
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import CheckpointError, DataError, check_number, check_type
from tinygrad_rnn.nn.likelihood import sequence_loss
from tinygrad_rnn.optim import AdamW, cosine_decay
from tinygrad_rnn.saving.checkpoint import damaged, read, restore, state_of, write
from tinygrad_rnn.train.step import rising, training_step
from tinygrad_rnn.train.translator import Translator

__all__ = ["Translation", "train_translator"]

PLANS = 128  # lengths of source and target that a plan is kept for


class Translation:
    """A translator, the pairs it learns from, and how far it has come.

    Attributes:
        epoch, step: epochs finished, and steps finished in the present one.
        count, characters, total, seconds: of the present epoch: pairs, characters to write, the ends of texts among
            them, their summed loss in nats, time taken.
        coins: what decides, with teacher_forcing below 1, which characters are the model's own.

    Raises:
        DataError: there are no pairs.
    """

    def __init__(self, translator: Translator, pairs: Sequence[Pair]) -> None:
        check_type("Translation", "translator", translator, Translator, "a Translator")
        check_pairs("Translation", pairs)
        if not pairs:
            raise DataError("Translation: there are no pairs to train on")
        r = translator.recipe
        self.translator, self.pairs = translator, pairs
        self.optimizer = AdamW(list(translator.model.parameters()), lr=r.lr, weight_decay=r.weight_decay)
        self.coins = np.random.default_rng(r.seed)
        self.epoch = self.step = self.count = self.characters = 0
        self.total = self.seconds = 0.0

    def fit(self, on_step: Callable[[int], object] | None = None, *, eager: bool = False) -> Iterator[Any]:
        """Train to the last epoch; yields (epoch, its mean loss in nats per character, its seconds).

        Args:
            on_step: called after each step with the number of its pairs.
            eager: run the model as it is, without a plan; so it is where coins are thrown.
        Raises:
            GradientError: the loss or its gradient is not finite; the parameters are then those of the step before.
        """
        r, model = self.translator.recipe, self.translator.model
        per_epoch = -(-len(self.pairs) // r.batch)
        steps = r.epochs * per_epoch
        rate, norm = cosine_decay(r.lr, steps=steps, warmup=rising(r.warmup, steps)), None
        model.train()

        def judged(source: Any, target: Any, lengths: Any, target_lengths: Any) -> Tensor:
            logits = model(source, target, lengths, teacher_forcing=r.teacher_forcing, rng=self.coins)
            return sequence_loss(logits, target, target_lengths)

        loss_of = judged if eager or r.teacher_forcing < 1 else compile_(judged, fallback="eager", plans=PLANS)
        while self.epoch < r.epochs:
            order = np.random.default_rng([r.seed, self.epoch])
            for k, rows in enumerate(shuffled(self.pairs, r.batch, order)):
                if k < self.step:
                    continue
                began = time.perf_counter()
                self.optimizer.lr = rate(self.epoch * per_epoch + k)
                b = self.translator.alphabet.batch(rows)
                loss = loss_of(b.source, b.target, b.lengths, b.target_lengths)
                place = f"epoch {self.epoch + 1}, step {k + 1}"
                value, norm = training_step(loss, self.optimizer, max_norm=r.clip or None, place=place, before=norm)
                own = int(b.target_lengths.sum())
                self.step, self.count, self.characters = k + 1, self.count + len(rows), self.characters + own
                self.total += own * value
                self.seconds += time.perf_counter() - began
                if on_step is not None:
                    on_step(len(rows))
            row = self.epoch + 1, self.total / self.characters, self.seconds
            self.epoch, self.step, self.count, self.characters = self.epoch + 1, 0, 0, 0
            self.total = self.seconds = 0.0
            yield row

    def save(self, directory: str | Path) -> Path:
        """Write the translator, and how far it has come; returns the path of the JSON file."""
        facts = {
            **self.translator.facts(),
            "training": {
                "pairs": digest(self.pairs), "coins": self.coins.bit_generator.state, "epoch": self.epoch,
                "step": self.step, "count": self.count, "characters": self.characters, "total": self.total,
                "seconds": self.seconds,
            },
        }  # fmt: skip
        return write(directory, state_of(self.translator.model, self.optimizer), facts)

    @classmethod
    def load(cls, directory: str | Path, pairs: Sequence[Pair]) -> Translation:
        """The training that was saved in `directory`; it goes on as if it had not been interrupted, to the bit.

        Raises:
            CheckpointError: there is none, it is damaged, it is of a translator that only writes, or of other pairs.
        """
        found = cls(Translator.load(directory), pairs)
        arrays, facts = read(directory)
        if "training" not in facts:
            raise CheckpointError(f"{directory}: a translator, and no training to go on with")
        with damaged(directory):
            place = facts["training"]
            if place["pairs"] != digest(pairs):
                raise CheckpointError(f"{directory}: the training was started on other pairs")
            for name in ("epoch", "step", "count", "characters"):
                check_number("Translation", name, place[name], whole=True, least=0)
                setattr(found, name, place[name])
            found.total, found.seconds = float(place["total"]), float(place["seconds"])
            found.coins.bit_generator.state = place["coins"]
            restore(arrays, found.translator.model, found.optimizer)
        return found


def digest(pairs: Sequence[Pair]) -> str:
    """A short name that is the same for the same pairs in the same order."""
    return hashlib.sha256(json.dumps([list(pair) for pair in pairs]).encode()).hexdigest()[:16]


def train_translator(
    translator: Translator,
    pairs: Sequence[Pair],
    on_step: Callable[[int], object] | None = None,
    *,
    eager: bool = False,
) -> Iterator[tuple[int, float, float]]:
    """Train on the pairs; yields (epoch, its mean loss in nats per character, its seconds).

    Args:
        on_step: called after each step with the number of its pairs.
        eager: run the model as it is, without a plan; so it is where coins are thrown, with teacher_forcing below 1.
    Raises:
        GradientError: the loss or its gradient is not finite; the parameters are then those of the step before.
    """
    return Translation(translator, pairs).fit(on_step, eager=eager)
