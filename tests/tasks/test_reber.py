"""The embedded Reber grammar, against an automaton that is written another way: a regular expression."""

import re
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.tasks import Reber
from tinygrad_rnn.tasks.reber import SYMBOLS, embedded_reber_string, predict_next, reber_string

AFTER_X = "(?:XT*VP)*(?:XT*VV|S)E"  # from the state that X leads to from the upper loop
REBER = f"B(?:TS*X{AFTER_X}|PT*V(?:P{AFTER_X}|VE))"
EMBEDDED = re.compile(f"B(?:T{REBER}T|P{REBER}P)E")

seeds = st.integers(0, 2**32)


@given(seeds)
def test_every_string_is_of_the_language(seed):
    rng = np.random.default_rng(seed)
    assert re.fullmatch(REBER, reber_string(rng)[0])
    assert EMBEDDED.fullmatch(embedded_reber_string(rng)[0])


def endings():
    """A way from every prefix to the end, were it of the language: the shortest few Reber strings."""
    for head in ("", "T", "P"):
        for middle in ("", "S", "X", "V", "E", "VE", "VVE", "XSE", "SE", "PSE", "BPVVE", "TVVE", "XTVVE", "XXVVE"):
            for tail in ("", "TE", "PE", "E"):
                yield head + middle + tail


ENDINGS = list(endings())


@given(seeds)
def test_legal_is_exactly_what_the_language_allows_next(seed):
    """A symbol is legal after a prefix when some ending makes a string of the language of it."""
    text, legal = embedded_reber_string(np.random.default_rng(seed))
    for t, allowed in enumerate(legal):
        possible = {s for s in SYMBOLS if any(EMBEDDED.fullmatch(text[:t] + s + end) for end in ENDINGS)}
        assert possible == set(allowed)


@given(st.lists(seeds, min_size=1, max_size=5))
def test_a_batch_says_the_strings(found):
    strings = [embedded_reber_string(np.random.default_rng(seed)) for seed in found]
    batch, legal = predict_next(strings)
    assert len(batch.x) == max(len(text) for text, _ in strings) - 1
    for row, (text, options) in enumerate(strings):
        mine = batch.rows == row
        assert "".join(SYMBOLS[k] for k in batch.x[: len(text) - 1, row].argmax(axis=-1)) == text[:-1]
        assert not batch.x[len(text) - 1 :, row].any()
        assert "".join(SYMBOLS[k] for k in batch.target[mine]) == text[1:]
        assert batch.steps[mine].tolist() == list(range(len(text) - 1))
        assert ["".join(s for s, ok in zip(SYMBOLS, row, strict=True) if ok) for row in legal[mine]] == [
            "".join(sorted(o, key=SYMBOLS.index)) for o in options[1:]
        ]


def test_each_of_two_choices_is_as_likely_as_the_other():
    rng = np.random.default_rng(0)
    taken = Counter()
    for _ in range(2000):
        text, legal = embedded_reber_string(rng)
        taken.update((options, symbol) for symbol, options in zip(text, legal, strict=True) if len(options) == 2)
    assert {options for options, _ in taken} == {"TP", "SX", "XS", "TV", "PV"}
    for options, symbol in taken:
        n = sum(taken[options, s] for s in options)
        assert abs(taken[options, symbol] - n / 2) < 4 * n**0.5 / 2  # n coins: four times their spread


class Oracle:
    """Answers what is legal, read off the task itself, at each step in another range; `confused` makes one wrong."""

    def __init__(self, legal, confused=None):
        self.data = legal.astype(float) + np.arange(len(legal))[:, None]
        if confused is not None:
            self.data[confused] = 0.5

    def __call__(self, batch):
        return self


def test_one_illegal_symbol_as_active_as_a_legal_one_is_a_wrong_string():
    task = Reber(np.random.default_rng(0))
    batch, legal = task.both
    assert len(set(batch.rows)) == 512
    assert task.solved(Oracle(legal), None)
    where = np.flatnonzero(batch.rows == 300)[2]
    assert not task.solved(Oracle(legal, where), None)
    assert np.flatnonzero(task.wrong(Oracle(legal, where))).tolist() == [300]
    assert task.score(Oracle(legal, where)) == 1
    assert task.score(Oracle(legal, np.flatnonzero(batch.rows == 200)[2])) == 0  # a training string
