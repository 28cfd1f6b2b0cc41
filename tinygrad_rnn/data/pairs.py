"""Pairs of texts, what to read and what to write, as batches of ids.

    ("12+3", "15")       source  1 2 + 3 · ·    lengths 4, 6       target  1 5 ■ ·    lengths 3, 4
    ("40+500", "540")            4 0 + 5 0 0                               5 4 0 ■

Rows of unequal lengths are padded (·), every target ends with STOP (■).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.data.batches import bucketed
from tinygrad_rnn.data.padding import pad_sequences
from tinygrad_rnn.data.text import Corpus, read_text
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import DataError, check_number, check_path, check_seed

__all__ = ["START", "STOP", "Alphabet", "Pair", "read_pairs", "shuffled", "split_pairs"]

Pair = tuple[str, str]
START, STOP = "\x02", "\x03"  # ASCII's own start and end of text: no text has them


class Batch(NamedTuple):
    """B pairs: ids (S, B) and (T, B), and how many of each row are its own."""

    source: Array
    lengths: Array
    target: Array
    target_lengths: Array


def read_pairs(path: str | Path) -> list[Pair]:
    """The pairs in a UTF-8 file: a line for each, a tab between source and target; empty lines are skipped.

    Raises:
        DataError: there is no such file, it is not a text, or a line has no tab, more than one, or nothing on one
            side of it.
    """
    check_path("read_pairs", path)
    lines = re.split("\r\n?|\n", read_text(path))  # splitlines() ends a line within a text, too, at U+2028
    pairs = [_pair(path, k, line) for k, line in enumerate(lines, 1) if line.strip()]
    if not pairs:
        raise DataError(f"{path}: {'no pairs in it' if lines[1:] or lines[0] else 'the file is empty'}",
                        expected="lines of source, tab, target")  # fmt: skip
    return pairs


def _pair(path: str | Path, k: int, line: str) -> Pair:
    source, *rest = line.split("\t")
    if len(rest) != 1:
        raise DataError(
            f"{path}, line {k}: {len(rest) or 'no'} tabs",
            expected="source, tab, target",
            got=f"{line!r:.60}",
            help=f"keep the first two columns: cut -f 1,2 {Path(path).name} > pairs.tsv" if rest else "",
        )
    if not source or not rest[0]:
        raise DataError(f"{path}, line {k}: nothing {'after' if source else 'before'} the tab", got=f"{line!r:.60}")
    if START in line or STOP in line:
        raise DataError(f"{path}, line {k}: a control character", expected="no \\x02 or \\x03", got=f"{line!r:.60}")
    return source, rest[0]


def check_pairs(owner: str, pairs: object) -> None:
    """Raise DataError unless each is two texts."""
    for pair in pairs if isinstance(pairs, Sequence) else [pairs]:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)):
            raise DataError(f"{owner}: a pair is not two texts", expected="(source, target)", got=f"{pair!r:.60}")


def split_pairs(
    pairs: Sequence[Pair], held_out: int, seed: int = 0, key: Callable[[Pair], Hashable] = lambda pair: pair[0]
) -> tuple[list[Pair], list[Pair]]:
    """(training pairs, held-out pairs): pairs of one key are never on both sides.

    Args:
        held_out: how many to hold out; the last key drawn may bring some more.
        key: of a pair, by default its source, so that nothing is asked for that was trained on.
    Raises:
        DataError: nothing would be left to train on. OptionError: a negative `held_out`.
    """
    check_pairs("split_pairs", pairs)
    check_seed("split_pairs", seed)
    check_number("split_pairs", "held_out", held_out, whole=True, least=0)
    groups: dict[Hashable, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(key(pair), []).append(pair)
    train: list[Pair] = []
    out: list[Pair] = []
    same = list(groups.values())
    for k in np.random.default_rng(seed).permutation(len(same)):
        (out if len(out) < held_out else train).extend(same[k])
    if not train:
        raise DataError(f"{len(pairs)} pairs, {held_out} of them held out: nothing is left to train on",
                        help="more pairs, or fewer held out")  # fmt: skip
    return train, out


class Alphabet:
    """Both sides' characters as ids.

    Args:
        pairs: whose characters they are.
        reverse: sources are read from their end to their start.
    """

    def __init__(self, pairs: Sequence[Pair], reverse: bool = False) -> None:
        self.source = Corpus("", "".join(sorted(set("".join(source for source, _ in pairs)))))
        self.target = Corpus("", START + STOP + "".join(sorted(set("".join(target for _, target in pairs)))))
        self.start, self.stop = self.target.encode(START + STOP).tolist()
        self.reverse = reverse

    def batch(self, pairs: Sequence[Pair]) -> Batch:
        """Raises DataError for a character that no pair had."""
        sources = [self.source.encode(source[::-1] if self.reverse else source) for source, _ in pairs]
        targets = [self.target.encode(target + STOP) for _, target in pairs]
        return Batch(*pad_sequences(sources), *pad_sequences(targets))

    def decode(self, ids: Sequence[int]) -> str:
        """The text of a target's ids."""
        return self.target.decode(ids)


def shuffled(pairs: Sequence[Pair], batch: int, rng: np.random.Generator, window: int = 16) -> Iterator[list[Pair]]:
    """Every pair once, in batches of pairs of about one length, so that little is padded.

    Args:
        window: batches that are sorted by length together; their order is random again.
    """
    lengths = [(len(source), len(target)) for source, target in pairs]
    return ([pairs[i] for i in rows] for rows in bucketed(lengths, batch, rng, window))
