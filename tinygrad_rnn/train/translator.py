"""Translator: a Seq2Seq over characters, trained on pairs of texts and asked to write on its own.

pairs → Alphabet → batches → Seq2Seq → sequence_loss → training_step                     (translation.py)
                                ↓    ↘ save(directory) → checkpoint → Translator.load(directory)
"123+456" ──────────────→ greedy or beam ──→ "579" = ?                                   (exact_match)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.data.pairs import START, STOP, Alphabet, Pair, check_pairs, shuffled
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.errors import CheckpointError, DataError, check_number, check_type
from tinygrad_rnn.nn import Embedding
from tinygrad_rnn.nn.attention import AdditiveAttention, DotAttention
from tinygrad_rnn.nn.module import evaluating
from tinygrad_rnn.nn.search import beam_search, greedy_search
from tinygrad_rnn.nn.seq2seq import Decoder, Encoder, Seq2Seq
from tinygrad_rnn.saving.checkpoint import damaged, read, restore, state_of, write
from tinygrad_rnn.train.charmodel import KINDS
from tinygrad_rnn.train.config import Config, setting

__all__ = ["ATTENTIONS", "Recipe", "Translator", "exact_match", "forced_match"]

ATTENTIONS = {"dot": DotAttention, "additive": AdditiveAttention, "none": None}


@dataclass(frozen=True)
class Recipe(Config):
    """How a translator is built and trained. A value out of range is an OptionError."""

    model: str = setting("gru", "the recurrence of encoder and decoder", choices=KINDS)
    hidden: int = setting(64, "hidden features H of each direction", letter="H", least=1)
    layers: int = setting(1, "layers L of encoder and decoder", letter="L", least=1)
    embedding: int = setting(32, "features learnt per character", letter="E", least=1)
    attention: str = setting("dot", "how the decoder looks at the encoder's outputs", choices=ATTENTIONS)
    bidirectional: bool = setting(True, "read the source in both directions; the decoder then has 2·H features")
    reverse: bool = setting(False, "read the source from its end to its start")
    teacher_forcing: float = setting(
        1.0, "probability of reading the true character before, while training", letter="P", least=0, most=1
    )
    batch: int = setting(64, "pairs in a step", letter="B", least=1)
    epochs: int = setting(20, "times through the pairs", letter="N", least=1)
    lr: float = setting(5e-3, "highest learning rate; it then falls along a cosine to 0", letter="RATE", least=0)
    warmup: int = setting(
        100, "steps over which the learning rate rises first, at most a fifth of all", letter="N", least=0
    )
    weight_decay: float = setting(0.0, "weight decay of AdamW", letter="RATE", least=0)
    clip: float = setting(1.0, "largest joint norm of the gradients; 0 for no bound", letter="NORM", least=0)
    seed: int = setting(0, "decides every random number", letter="N", least=0)


class Translator:
    """A model, and the characters it knows.

    Args:
        pairs: every pair that it is trained on or asked for.

    >>> Translator(Recipe(), [("12+3", "15")])
    Translator(gru 1×64, attention dot, 4 → 2 characters)
    """

    def __init__(self, recipe: Recipe, pairs: Sequence[Pair]) -> None:
        check_type("Translator", "recipe", recipe, Recipe, "a Recipe")
        check_pairs("Translator", pairs)
        if not pairs:
            raise DataError("Translator: there are no pairs", expected="every pair that it is trained on or asked for")
        self.recipe, self.alphabet = recipe, Alphabet(pairs, recipe.reverse)
        self.limit = 1 + max(len(target) for _, target in pairs)
        self.model = build(recipe, len(self.alphabet.source.vocabulary), self.alphabet)

    def __repr__(self) -> str:
        r, known = self.recipe, self.alphabet
        read, written = len(known.source.vocabulary), len(known.target.vocabulary.removeprefix(START + STOP))
        return f"Translator({r.model} {r.layers}×{r.hidden}, attention {r.attention}, {read} → {written} characters)"

    def translate(self, sources: Sequence[str], beam: int = 1) -> list[str]:
        """What the model writes for each source, on its own. Raises DataError for a character it was never shown."""
        check_type("Translator.translate", "sources", sources, Sequence, "a list of texts")
        check_number("Translator.translate", "beam", beam, whole=True, least=1)
        if not sources:
            return []
        for source in sources:
            check_type("Translator.translate", "source", source, str, "a text")
            if strange := sorted(set(source) - set(known := self.alphabet.source.vocabulary)):
                raise DataError(f"{source!r:.60}: characters that the model was never shown",
                                expected=f"only {known!r:.120}", got=", ".join(map(repr, strange[:10])))  # fmt: skip
        batch = self.alphabet.batch([(source, "") for source in sources])
        if beam == 1:
            found = greedy_search(self.model, batch.source, batch.lengths, limit=self.limit)
        else:
            beams = beam_search(self.model, batch.source, batch.lengths, limit=self.limit, beam=beam)
            found = [best[0] for best in beams]
        return [self.alphabet.decode(written.ids) for written in found]

    def save(self, directory: str | Path) -> Path:
        """Write recipe, alphabets and weights to `directory`; returns the path of its JSON file."""
        return write(directory, state_of(self.model), self.facts())

    def facts(self) -> dict[str, Any]:
        """What a translator is, beside its weights."""
        source, target = self.alphabet.source.vocabulary, self.alphabet.target.vocabulary.removeprefix(START + STOP)
        return {"recipe": asdict(self.recipe), "source": source, "target": target, "limit": self.limit}

    @classmethod
    def load(cls, directory: str | Path) -> Translator:
        """The translator that was saved in `directory`: it writes what it wrote, to the bit.

        Raises:
            CheckpointError: there is none, it is damaged, or it is another kind of model.
        """
        arrays, facts = read(directory)
        with damaged(directory):
            if "recipe" not in facts:
                raise CheckpointError(f"{directory}: this is not a translator", got=f"a model with {', '.join(facts)}",
                                      help="let it write: tinygrad-rnn sample DIR")  # fmt: skip
            # one pair that has every character makes the same alphabet as all of them
            translator = cls(Recipe(**facts["recipe"]), [(facts["source"], facts["target"])])
            translator.limit = int(facts["limit"])
            if translator.limit < 1:
                raise ValueError(f"limit {translator.limit}")
            restore(arrays, translator.model)
        return translator


def build(recipe: Recipe, source_size: int, alphabet: Alphabet) -> Seq2Seq:
    """The network of a recipe."""
    r, rng = recipe, np.random.default_rng(recipe.seed)
    directions = 2 if r.bidirectional else 1
    kind, width = KINDS[r.model], r.hidden * directions
    reads = kind(r.embedding, r.hidden, r.layers, bidirectional=r.bidirectional, recurrent_init="orthogonal", rng=rng)
    writes = kind(r.embedding, width, r.layers, recurrent_init="orthogonal", rng=rng)
    look = ATTENTIONS[r.attention]
    attention = None if look is None else look(width, width, rng=rng)
    encoder = Encoder(reads, Embedding(source_size, r.embedding, rng=rng))
    table = Embedding(len(alphabet.target.vocabulary), r.embedding, rng=rng)
    decoder = Decoder(writes, table, attention, rng=rng)
    return Seq2Seq(encoder, decoder, start=alphabet.start, stop=alphabet.stop)


def exact_match(translator: Translator, pairs: Sequence[Pair], beam: int = 1, batch: int = 256) -> float:
    """The share of the pairs that the model writes to the last character, on its own: the figure that counts."""
    _check_asked("exact_match", translator, pairs, batch)
    if not pairs:
        raise DataError("exact_match: there are no pairs to ask for")
    right = 0
    for rows in shuffled(pairs, batch, np.random.default_rng(0)):
        written = translator.translate([source for source, _ in rows], beam)
        right += sum(text == target for text, (_, target) in zip(written, rows, strict=True))
    return right / len(pairs)


def forced_match(translator: Translator, pairs: Sequence[Pair], batch: int = 256) -> tuple[float, float]:
    """(characters right, whole targets right) where each step is shown the true characters before it.

    The share of characters is the figure often published. It flatters: a mistake is corrected before the next step.
    """
    _check_asked("forced_match", translator, pairs, batch)
    if not pairs:
        raise DataError("forced_match: there are no pairs to ask for")
    characters = total = whole = 0
    with no_grad(), evaluating(translator.model):
        for rows in shuffled(pairs, batch, np.random.default_rng(0)):
            b = translator.alphabet.batch(rows)
            likeliest = np.argmax(translator.model(b.source, b.target, b.lengths).data, axis=-1)
            own = np.arange(len(b.target))[:, None] < b.target_lengths
            right = (likeliest == b.target) | ~own
            characters, total = characters + int((right & own).sum()), total + int(own.sum())
            whole += int(right.all(axis=0).sum())
    return characters / total, whole / len(pairs)


def _check_asked(owner: str, translator: Translator, pairs: Sequence[Pair], batch: int) -> None:
    check_type(owner, "translator", translator, Translator, "a Translator")
    check_pairs(owner, pairs)
    check_number(owner, "batch", batch, whole=True, least=1)
