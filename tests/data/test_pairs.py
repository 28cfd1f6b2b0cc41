"""Pairs: files read as they are or refused by line, no question on both sides of a split, batches that come back."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.data import START, STOP, Alphabet, read_pairs, shuffled, split_pairs
from tinygrad_rnn.data.addition import addition
from tinygrad_rnn.data.dates import dates

TEXTS = st.text(st.characters(exclude_characters=START + STOP, exclude_categories=["Cs"]), min_size=1)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8)


def written(tmp_path, content):
    path = tmp_path / "pairs.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_line_is_a_pair_and_empty_lines_are_none(tmp_path):
    path = written(tmp_path, "\ufeffhéllo\tbonjour\r\n\n  \t x\n")
    assert read_pairs(path) == [("héllo", "bonjour"), ("  ", " x")]


def test_a_line_ends_where_files_end_lines_and_not_at_unicodes_separators(tmp_path):
    content = "a\u2028b\tc\nd\te\x85f\rg\x0ch\ti\n"
    assert read_pairs(written(tmp_path, content)) == [("a\u2028b", "c"), ("d", "e\x85f"), ("g\x0ch", "i")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a\tb\nno tab here\n", "line 2: no tabs"),
        ("a\tb\tc\n", "line 1: 2 tabs"),
        ("a\t\n", "line 1: nothing after the tab"),
        ("\n\n\tb\n", "line 3: nothing before the tab"),
        ("a\tb\x03\n", "line 1: a control character"),
        ("\x02a\tb\n", "line 1: a control character"),
        ("\n\n", "no pairs in it"),
        ("", "is empty"),
        (b"\xff\tb\n", "not UTF-8"),
    ],
)
def test_what_is_no_pair_is_refused_by_its_line(tmp_path, content, said):
    with pytest.raises(tg.DataError, match=said):
        read_pairs(written(tmp_path, content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(tg.DataError, match="missing"):
        read_pairs(tmp_path / "missing.tsv")


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.text(max_size=2)), min_size=2), st.integers(1, 5))
def test_no_question_stands_on_both_sides_of_a_split(pairs, held_out):
    try:
        train, out = split_pairs(pairs, held_out)
    except tg.DataError:
        return
    assert sorted(train + out) == sorted(pairs)
    assert not {source for source, _ in train} & {source for source, _ in out}
    assert train
    assert held_out <= len(out)
    assert (train, out) == split_pairs(pairs, held_out)


def test_a_split_that_leaves_nothing_is_refused():
    with pytest.raises(tg.DataError, match="nothing is left"):
        split_pairs([("a", "b"), ("a", "c")], 1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: split_pairs([("a", "b")] * 2, -1), "split_pairs: held_out=-1"),
        (lambda: addition(0), "addition: examples=0"),
        (lambda: addition(1, digits=10), "addition: digits=10"),
        (lambda: dates(1.5), "dates: examples=1.5"),
    ],
)
def test_numbers_out_of_range_are_refused(make, said):
    with pytest.raises(tg.OptionError, match=said):
        make()


@given(PAIRS, st.booleans())
def test_a_batch_holds_every_row_ended_and_padded(pairs, reverse):
    alphabet = Alphabet(pairs, reverse)
    batch = alphabet.batch(pairs)
    for b, (source, target) in enumerate(pairs):
        n, m = batch.lengths[b], batch.target_lengths[b]
        assert alphabet.source.decode(batch.source[:n, b]) == (source[::-1] if reverse else source)
        assert alphabet.decode(batch.target[:m, b]) == target + STOP
        assert not batch.source[n:, b].any()
        assert not batch.target[m:, b].any()


def test_a_character_that_no_pair_had_is_named():
    with pytest.raises(tg.DataError, match="'x'"):
        Alphabet([("a", "b")]).batch([("x", "b")])


@given(PAIRS, st.integers(1, 4))
def test_every_pair_comes_once_in_batches_of_one_length_or_nearly(pairs, size):
    batches = list(shuffled(pairs, size, np.random.default_rng(0), window=100))
    assert sorted(pair for rows in batches for pair in rows) == sorted(pairs)
    assert all(len(rows) <= size for rows in batches)
    sizes = [[(len(source), len(target)) for source, target in rows] for rows in batches]
    spans = sorted((min(found), max(found)) for found in sizes)
    assert all(longest <= shortest for (_, longest), (shortest, _) in pairwise(spans))


def test_the_batches_come_in_no_order_of_length():
    pairs = [("a" * n, "b") for n in range(1, 17)]
    lengths = [len(rows[0][0]) for rows in shuffled(pairs, 1, np.random.default_rng(0))]
    assert sorted(lengths) == list(range(1, 17)) != lengths


def test_what_is_longer_than_a_window_comes_whole_too_each_window_sorted_for_itself():
    pairs = [("a" * n, "b") for n in range(1, 101)]
    batches = list(shuffled(pairs, 2, np.random.default_rng(0), window=5))
    assert sorted(pair for rows in batches for pair in rows) == pairs
    assert len(batches) == 50
    for k in range(0, 50, 5):  # what comes together is a window: sorted, its batches follow each other
        lengths = sorted(sorted(len(source) for source, _ in rows) for rows in batches[k : k + 5])
        assert [n for rows in lengths for n in rows] == sorted(n for rows in lengths for n in rows)
