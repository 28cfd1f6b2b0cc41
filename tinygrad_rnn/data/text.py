"""Corpus: a text as integer ids, one per character, and back.

bytes of a file → read_text → text → ids            a file that is no UTF-8 is refused, with what it may be
"""

from __future__ import annotations

import codecs
import hashlib
import os
import select
import stat
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
        self._table = np.zeros(max(map(ord, self.vocabulary), default=0) + 1, np.int64)
        self._table[codes(self.vocabulary)] = np.arange(len(self.vocabulary))
        self.ids = self.encode(text)

    @classmethod
    def from_file(cls, path: str | Path, vocabulary: str | None = None) -> Corpus:
        """The corpus in a UTF-8 file, line ends as they are.

        Raises:
            DataError: there is no such file, it is not UTF-8, or it is empty.
        """
        check_path("Corpus.from_file", path)
        return cls(read_text(path), vocabulary)

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
        ids = np.empty(len(text), np.int64)
        for k in range(0, len(text), BLOCK):
            ids[k : k + BLOCK] = self._table[codes(text[k : k + BLOCK])]
        return ids

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


def codes(text: str) -> Array:
    """The number of each character in Unicode."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def read_text(path: str | Path) -> str:
    """The text in a UTF-8 file, line ends as they are.

    Raises:
        DataError: there is no such file, nobody writes to it where it is a pipe, or it is not UTF-8; it says what it is
            instead, where that can be told.
    """
    try:
        return _content(Path(path)).decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}", expected="a text file, UTF-8") from None
    except UnicodeDecodeError as error:
        got, help = _encoding(error.object, error)
        raise DataError(f"{path}: not UTF-8 text", got=got, help=help) from None


def _content(path: Path) -> bytes:
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        return path.read_bytes()
    if not stat.S_ISFIFO(mode):
        raise DataError(f"{path}: not a file", expected="a text file, UTF-8")
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as pipe:  # does not wait for somebody to open it
        if not select.select([pipe], [], [], PATIENCE)[0]:
            raise DataError(f"{path}: nobody writes to this pipe", expected="a text file, UTF-8")
        os.set_blocking(pipe.fileno(), True)
        return pipe.read()


MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16",
}  # fmt: skip
BLOCK = 2**22  # characters that are looked up at a time
PATIENCE = 2.0  # seconds for a pipe to be written to


def _encoding(content: bytes, error: UnicodeDecodeError) -> tuple[str, str]:
    """(what stands there, what to do about it) for bytes that are not UTF-8."""
    at = f"byte 0x{content[error.start]:02x} at offset {error.start:,}"
    for mark, name in MARKS.items():
        if content.startswith(mark):
            return f"{name}, as its first bytes say", f"convert it: iconv -f {name} -t UTF-8"
    if error.reason == "unexpected end of data":
        return f"{at}, where a character begins that is cut off", "copy the file again: its end is missing"
    start = content[:4096]
    if start.count(0) > len(start) // 8:
        return f"{at}, and bytes that are 0: UTF-16 without its mark, or no text", "convert it with iconv -t UTF-8"
    high = np.frombuffer(content, np.uint8) > 127
    alone = 1 - (high[1:] & high[:-1]).sum() / high.sum()  # in the scripts of Western Europe letters beyond ASCII are
    if alone > 0.8 and any(0x80 <= byte <= 0x9F for byte in content) and _is_cp1252(content):
        return f"{at}; it looks like Windows-1252", "convert it: iconv -f WINDOWS-1252 -t UTF-8"
    return at, "find out in which encoding it was written, and convert it from that one with iconv -t UTF-8"


def _is_cp1252(content: bytes) -> bool:
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True
