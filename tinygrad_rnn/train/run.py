"""Run: a training run as one thing that can be saved to a directory, loaded, and gone on with.

Settings ─┐
Corpus ───┼─ Run ─ save(directory) → checkpoint → Run.load(directory)
Progress ─┘
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tinygrad_rnn.data.stream import chunks, rows
from tinygrad_rnn.data.text import Corpus
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import CheckpointError, DataError, check_type
from tinygrad_rnn.nn import Dropout
from tinygrad_rnn.optim import OPTIMIZERS, cosine_decay
from tinygrad_rnn.saving.checkpoint import damaged, read, restore, state_of, under, write
from tinygrad_rnn.train.charmodel import KINDS, CharModel
from tinygrad_rnn.train.config import Config, setting
from tinygrad_rnn.train.loop import Progress, chunk_loss, fit
from tinygrad_rnn.train.parallel import DataParallel
from tinygrad_rnn.train.step import rising

__all__ = ["Run", "Settings"]


@dataclass(frozen=True)
class Settings(Config):
    """What a training run is, apart from its text. A value out of range is an OptionError."""

    model: str = setting("lstm", "the recurrence", choices=KINDS)
    hidden: int = setting(128, "hidden features H", letter="H", least=1)
    layers: int = setting(2, "layers L", letter="L", least=1)
    embedding: int | None = setting(
        None, "features learnt per character; 0 for one-hot vectors", kind=int, letter="E", least=0, optional=True,
        shown="one-hot for a gru, otherwise as many as --hidden",
    )  # fmt: skip
    dropout: float = setting(0.1, "probability of dropping a value while training", letter="P", least=0, below=1)
    batch: int = setting(50, "rows that are read side by side", letter="B", least=1)
    bptt: int = setting(50, "steps that the gradient goes back", letter="T", least=1)
    optimizer: str = setting("adamw", "how the parameters are changed", choices=OPTIMIZERS)
    lr: float = setting(1e-2, "highest learning rate; it then falls along a cosine to 0", letter="RATE", least=0)
    warmup: int = setting(
        100, "steps over which the learning rate rises first, at most a fifth of all", letter="N", least=0
    )
    weight_decay: float = setting(0.05, "weight decay of adamw; the others do without", letter="RATE", least=0)
    clip: float = setting(5.0, "largest joint norm of the gradients; 0 for no bound", letter="NORM", least=0)
    epochs: int = setting(10, "times through the text", letter="N", least=1)
    forget_bias: float = setting(1.0, "added to the bias of an lstm's forget gate at first", letter="BIAS")
    recurrent_init: str = setting("orthogonal", "what W_hh is at first", choices=("orthogonal", "uniform", "identity"))
    fraction: float = setting(0.95, "part of the text to train on; the rest validates", letter="F", above=0, below=1)
    seed: int = setting(0, "decides every random number", letter="N", least=0)


class Run:
    """A model, its optimiser and its progress over a corpus.

    >>> Run(Settings(hidden=8), Corpus("some text"))
    Run(lstm 2×8 on 9 characters, epoch 0 of 10)
    """

    def __init__(self, settings: Settings, corpus: Corpus) -> None:
        check_type("Run", "settings", settings, Settings, "a Settings")
        check_type("Run", "corpus", corpus, Corpus, "a Corpus")
        self.settings, self.corpus = settings, corpus
        cell: dict[str, Any] = {"recurrent_init": settings.recurrent_init}
        if settings.model == "lstm":
            cell["forget_bias"] = settings.forget_bias
        self.model = CharModel(
            settings.model,
            len(corpus.vocabulary),
            settings.hidden,
            settings.layers,
            settings.dropout,
            0 if settings.embedding is None and settings.model == "gru" else settings.embedding,
            rng=settings.seed,
            **cell,
        )
        decay = {"weight_decay": settings.weight_decay} if settings.optimizer == "adamw" else {}
        self.optimizer = OPTIMIZERS[settings.optimizer](self.model.parameters(), lr=settings.lr, **decay)
        self.progress, self.loss = Progress(), None
        self.parallel: DataParallel | None = None
        self.text = corpus.digest

    def __repr__(self) -> str:
        s, p = self.settings, self.progress
        return (
            f"Run({s.model} {s.layers}×{s.hidden} on {len(self.corpus):,} characters, "
            f"epoch {p.epoch + (p.chunk > 0)} of {s.epochs})"
        )

    def batches(self) -> tuple[int, int]:
        """(chunks of an epoch, characters of an epoch). Raises DataError for a text too short to train on."""
        s = self.settings
        train, valid = self.corpus.split(s.fraction)
        if len(valid) < 2:
            raise DataError(
                f"the text is too short to keep {1 - s.fraction:.0%} for validation: {len(self.corpus)} characters",
                expected="at least 2 characters to validate on",
            )
        return chunks(train, s.batch, s.bptt), rows(train, s.batch, s.bptt)[0].size

    def fit(
        self, *, eager: bool = False, parallel: DataParallel | None = None, **callbacks: Callable[..., None] | None
    ) -> Progress:
        """Train from where the run stands to its last epoch; see `fit` for the callbacks and the errors.

        Args:
            eager: run the model as it is, without a plan. `self.loss` is what was run.
            parallel: the ranks that share the rows of each batch; each of them calls this, and `save` alike.
        """
        if parallel is not None:
            self._share(parallel)
        s = self.settings
        train, valid = self.corpus.split(s.fraction)
        steps = s.epochs * self.batches()[0]
        self.loss = chunk_loss(self.model, eager=eager)
        return fit(
            self.model,
            train,
            valid,
            self.optimizer,
            epochs=s.epochs,
            batch=s.batch,
            bptt=s.bptt,
            clip=s.clip or None,
            schedule=cosine_decay(s.lr, steps=steps, warmup=rising(s.warmup, steps)),
            progress=self.progress,
            loss=self.loss,
            parallel=parallel,
            **callbacks,
        )

    def _share(self, parallel: DataParallel) -> None:
        """Take this rank's rows of the carried state, and random numbers of its own."""
        own = parallel.rows(self.settings.batch)
        parallel.check_same(self.model.parameters())
        parts, build = flatten(self.progress.state)
        self.progress.state = build([p[:, own].detach() if isinstance(p, Tensor) else p for p in parts])
        for module in self._dropouts() if parallel.rank else ():
            bits: Any = module.rng.bit_generator
            bits.state = bits.jumped(parallel.rank).state
        self.parallel = parallel

    def _carried(self) -> list[Array]:
        """The recurrent state of all rows."""
        parts = [part.numpy() for part in flatten(self.progress.state)[0] if isinstance(part, Tensor)]
        return parts if self.parallel is None else [self.parallel.gathered(part, 1) for part in parts]

    def save(self, directory: str | Path) -> Path:
        """Write a checkpoint to `directory`; returns the path of its JSON file. Of several ranks the first writes."""
        arrays: dict[str, Array] = {
            **state_of(self.model, self.optimizer),
            **{f"carried.{k}": part for k, part in enumerate(self._carried())},
        }
        if self.parallel is not None and self.parallel.rank > 0:
            return Path(directory, "checkpoint.json")
        progress = {f.name: getattr(self.progress, f.name) for f in fields(Progress) if f.name != "state"}
        facts = {
            "settings": asdict(self.settings),
            "text": self.text,
            "vocabulary": self.corpus.vocabulary,
            "progress": progress,
            "dropout": [m.rng.bit_generator.state for m in self._dropouts()],
        }
        return write(directory, arrays, facts)

    @classmethod
    def load(cls, directory: str | Path, text: Path | None = None) -> Run:
        """The run that was saved in `directory`.

        Args:
            text: the file it trains on, needed only to go on training; it must hold what it held the first time.
        Raises:
            CheckpointError: there is no whole checkpoint there, or it was trained on another text.
        """
        arrays, facts = read(directory)
        if "recipe" in facts:
            raise CheckpointError(f"{directory}: this is a translator, not a character model",
                                  help="ask it: tinygrad-rnn translate --load DIR TEXT")  # fmt: skip
        with damaged(directory):
            vocabulary = facts["vocabulary"]
            corpus = Corpus("", vocabulary) if text is None else Corpus.from_file(text, vocabulary)
            run = cls(Settings(**facts["settings"]), corpus)
            if text is not None and run.text != facts["text"]:
                raise CheckpointError(f"{directory}: the run was started on another text", got=str(text))
            run.text = facts["text"]
            restore(arrays, run.model, run.optimizer)
            carried = [Tensor(a) for _, a in sorted(under("carried", arrays).items())]
            run.progress = Progress(
                **{f.name: facts["progress"][f.name] for f in fields(Progress) if f.name != "state"}
            )
            run.progress.state = None if not carried else carried[0] if len(carried) == 1 else tuple(carried)
            run._check_place(carried, exact=text is not None)
            for module, state in zip(run._dropouts(), facts["dropout"], strict=True):
                module.rng.bit_generator.state = state
        return run

    def _check_place(self, carried: list[Tensor], *, exact: bool) -> None:
        """Raise ValueError for a place in the text that there is not, or a state that is none of this model's."""
        s, p = self.settings, self.progress
        if exact and p.chunk > self.batches()[0]:
            raise ValueError(f"chunk {p.chunk} of {self.batches()[0]}")
        shapes = [(part.shape[0], part.shape[-1]) for part in carried if part.ndim == 3]
        if len(carried) not in (0, 2 if s.model == "lstm" else 1) or shapes != [(s.layers, s.hidden)] * len(carried):
            raise ValueError(f"a carried state of shapes {[part.shape for part in carried]}")

    def _dropouts(self) -> list[Dropout]:
        """Every dropout with a generator of its own."""
        found = [module for module in self.model.modules() if isinstance(module, Dropout)]
        return list({id(module.rng): module for module in found}.values())
