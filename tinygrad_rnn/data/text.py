"""Corpus: a text as integer ids, one per character, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import DataError, check_name, check_number, check_path, check_sequence, check_type, is_number

__all__ = ["Corpus"]


class Corpus:
    """A text and its vocabulary: the distinct characters, sorted; a character's id is its place there.

    Raises:
        DataError: the text is not a str, it is empty and no vocabulary is given, it has a character that is not in a
            given vocabulary, or the vocabulary has one twice.

    >>> corpus = Corpus("hello")
    >>> corpus
    Corpus(5 characters of 4 kinds)
    >>> corpus.vocabulary
    'ehlo'
    >>> corpus.decode(corpus.ids)
    'hello'
    """

    def __init__(self, text: str, vocabulary: str | None = None) -> None:
        if not isinstance(text, str):
            raise DataError(f"Corpus: the text is of type {type(text).__name__}", expected="a str",
                            help="Corpus.from_file(path) reads one from a file")  # fmt: skip
        if not text and vocabulary is None:
            raise DataError("Corpus: the text is empty", help="one sentence is enough to try it, a book to learn from")
        check_name("Corpus", "vocabulary", vocabulary)
        self.text = text
        self.vocabulary = "".join(sorted(set(text))) if vocabulary is None else vocabulary
        if len(set(self.vocabulary)) < len(self.vocabulary):
            raise DataError("Corpus: the vocabulary has a character twice", got=f"{self.vocabulary!r:.120}")
        self._ids = {character: k for k, character in enumerate(self.vocabulary)}
        self.ids = self.encode(text)

    @classmethod
    def from_file(cls, path: str | Path, vocabulary: str | None = None) -> Corpus:
        """The corpus in a UTF-8 file, line ends as they are.

        Raises:
            DataError: there is no such file, it is not UTF-8, or it is empty.
        """
        check_path("Corpus.from_file", path)
        try:
            return cls(Path(path).read_bytes().decode("utf-8-sig"), vocabulary)
        except OSError as error:
            raise DataError(f"{path}: {error.strerror or error}", expected="a text file, UTF-8") from None
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}: not UTF-8 text",
                got=f"byte 0x{error.object[error.start]:02x} at offset {error.start}",
                help="convert it first: iconv -f latin1 -t utf-8",
            ) from None

    @property
    def digest(self) -> str:
        """A short name that is the same for the same text only: the start of its SHA-256."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Corpus({len(self):,} characters of {len(self.vocabulary)} kinds)"

    def encode(self, text: str) -> Array:
        """The ids of a text. Raises DataError for characters outside the vocabulary."""
        check_type("Corpus.encode", "text", text, str, "a text")
        unknown = sorted(set(text) - self._ids.keys())
        if unknown:
            raise DataError(
                f"{len(unknown)} character{'s are' if len(unknown) > 1 else ' is'} not in the vocabulary",
                expected=f"only the {len(self.vocabulary)} that the model has seen: {self.vocabulary!r:.200}",
                got=", ".join(map(repr, unknown[:10])),
            )
        return np.fromiter((self._ids[character] for character in text), np.int64, len(text))

    def decode(self, ids: Iterable[int] | Array) -> str:
        """The text of some ids. Raises DataError for one that does not stand for a character."""
        check_sequence("Corpus.decode", "the ids", ids)
        numbers = list(ids)
        known = (is_number(k, whole=True) and 0 <= k < len(self.vocabulary) for k in numbers)
        strange = list(dict.fromkeys(f"{k!s:.60}" for k, right in zip(numbers, known, strict=True) if not right))
        if strange:
            raise DataError(
                f"Corpus.decode: {len(strange)} ids do not stand for a character",
                expected=f"0 … {len(self.vocabulary) - 1}",
                got=", ".join(strange[:5]),
            )
        return "".join(self.vocabulary[k] for k in numbers)

    def split(self, fraction: float = 0.95) -> tuple[Array, Array]:
        """(training ids, validation ids): the first `fraction` of the text, and the rest.

        Raises:
            OptionError: a fraction that is not between 0 and 1.
        """
        check_number("Corpus.split", "fraction", fraction, above=0, below=1)
        cut = int(len(self.ids) * fraction)
        return self.ids[:cut], self.ids[cut:]
