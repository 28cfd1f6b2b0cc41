"""Batches: every item once, lengths right, pads never read, and one that was stopped is one that was not."""

import json
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.data import Batches, pad_sequences

ROWS = st.lists(st.lists(st.integers(1, 10**9), max_size=6), min_size=1, max_size=23)
OPTIONS = st.fixed_dictionaries(
    {"batch": st.integers(1, 7)},
    optional={
        "shuffle": st.booleans(), "rng": st.integers(0, 9), "window": st.integers(1, 4), "batch_first": st.booleans(),
    },
)  # fmt: skip


def unpadded(values, lengths, batch_first=False):
    """The rows again."""
    values = values if batch_first else np.moveaxis(values, 1, 0)
    return [row[:length].tolist() for row, length in zip(values, lengths, strict=True)]


def plain(batch):
    """A batch as it can be compared."""
    if isinstance(batch, dict):
        return {key: plain(part) for key, part in batch.items()}
    return [plain(part) for part in batch] if isinstance(batch, tuple) else np.asarray(batch).tolist()


@given(ROWS, OPTIONS, st.integers(1, 3))
def test_every_item_comes_once_in_each_epoch_with_its_own_length(rows, options, epochs):
    batches = Batches(rows, **options)
    for epoch in range(epochs):
        assert batches.epoch == epoch
        found, short = [], 0
        for k, (values, lengths) in enumerate(batches, 1):
            assert batches.step == k
            short += len(lengths) < options["batch"]
            assert values.shape[1 if options.get("batch_first") else 0] == max(lengths)
            found += unpadded(values, lengths, options.get("batch_first", False))
        assert k == len(batches)
        assert short == (len(rows) % options["batch"] > 0)
        assert sorted(found) == sorted(rows)
        if not options.get("shuffle", True):
            assert found == rows


@given(ROWS, OPTIONS, st.data())
def test_what_is_stopped_anywhere_and_goes_on_is_what_was_not(rows, options, data):
    def batches():
        return Batches([(row, k) for k, row in enumerate(rows)], **options)

    whole, stopped, expected, found = batches(), batches(), [], []
    if "rng" not in options:
        stopped.rng.bit_generator.state = whole.rng.bit_generator.state
    for _ in range(3):
        expected += [plain(batch) for batch in whole]
    stop, between = data.draw(st.sets(st.integers(0, len(expected)))), data.draw(st.booleans())

    def resumed():
        saved = json.loads(json.dumps(stopped.state_dict()))
        fresh = batches()
        fresh.load_state_dict(saved)
        return fresh

    while stopped.epoch < 3:
        for batch in stopped:
            found.append(plain(batch))
            if len(found) in stop:
                stop.remove(len(found))
                stopped = resumed()
                break
        else:
            stopped = resumed() if between else stopped
    assert found == expected
    assert stopped.state_dict() == whole.state_dict()


@given(ROWS, st.integers(1, 5), st.integers(0, 5))
def test_nothing_that_stands_in_a_pad_is_read(rows, batch, seed):
    layer = nn.GRU(1, 3, rng=0, dtype=np.float64)
    items = [(np.array(row, float).reshape(-1, 1) / 1e9, np.array(row) % 3) for row in rows if row] or [([[1.0]], [0])]
    losses = []
    for padding in (0, np.nan):
        batches = Batches(items, batch, rng=seed, padding_value=0)
        for (x, lengths), (y, _) in batches:
            for b, length in enumerate(lengths):
                x[length:, b] = padding
                y[length:, b] = 0 if padding == 0 else 2
            losses.append(nn.sequence_loss(layer(x, lengths=lengths)[0], y, lengths).item())
    assert losses[: len(losses) // 2] == losses[len(losses) // 2 :]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(1, 8), st.integers(0, 5))
def test_a_window_over_everything_sorts_everything(lengths, batch, seed):
    def padded(window):
        batches = Batches([np.ones(n) for n in lengths], batch, rng=seed, window=window)
        return sum(values.size for values, _ in batches)

    ordered = sorted(lengths)
    whole = sum(max(ordered[k : k + batch]) * len(ordered[k : k + batch]) for k in range(0, len(ordered), batch))
    assert padded(len(lengths)) == whole


@given(st.integers(1, 20), st.integers(1, 6))
def test_what_does_not_fill_a_batch_may_be_left_out(count, batch):
    if count < batch:
        with pytest.raises(tg.DataError, match="at least"):
            Batches(np.ones((count, 2)), batch, drop_last=True)
        return
    batches = Batches(np.arange(count), batch, rng=0, drop_last=True)
    found = [x.tolist() for x in batches]
    assert [len(x) for x in found] == [batch] * (count // batch) == [batch] * len(batches)
    assert len({k for x in found for k in x}) == count // batch * batch


class Point(NamedTuple):
    x: list
    y: float


def test_items_keep_their_form():
    (batch,) = Batches(
        [{"a": ([1, 2], 3), "b": Point([1.5], 2.5)}, {"b": Point([], 4.5), "a": ([3], 4)}], 2, shuffle=False
    )
    (a, numbers), b = batch["a"], batch["b"]
    assert a.values.tolist() == [[1, 3], [2, 0]]
    assert a.lengths.tolist() == [2, 1]
    assert numbers.tolist() == [3, 4]
    assert b.x.lengths.tolist() == [1, 0]
    assert b.y.tolist() == [2.5, 4.5]
    assert (a.values.dtype, b.x.values.dtype) == (np.int64, np.float64)


def test_any_data_that_has_a_length_and_items_will_do():
    class Squares:
        asked = 0

        def __len__(self):
            return 5

        def __getitem__(self, k):
            Squares.asked += 1
            return np.full((k + 1, 2), k * k, np.float32), f"{k}"[0] == "3"

    batches = Batches(Squares(), 2, rng=0, lengths=[1, 2, 3, 4, 5], batch_first=True)
    found = list(batches)
    assert Squares.asked == 5  # each once: the lengths were known
    assert sorted(n for (_, lengths), _ in found for n in lengths) == [1, 2, 3, 4, 5]
    assert all(x.shape[2] == 2 and x.dtype == np.float32 for (x, _), _ in found)
    assert sum(flags.sum() for _, flags in found) == 1
    tensors = [tg.tensor([1.0, 2.0]), tg.tensor([3.0])]
    assert next(iter(Batches(tensors, 2, shuffle=False)))[0].tolist() == [[1, 3], [2, 0]]


def test_a_batch_may_be_made_by_a_function_of_ones_own():
    batches = Batches(["be", "or", "not"], 2, shuffle=False, collate=" ".join)
    assert list(batches) == ["be or", "not"]
    assert sorted(" ".join(Batches(["be", "or", "not"], 2, window=1, collate=" ".join)).split()) == ["be", "not", "or"]


def test_each_loop_begins_an_epoch_unless_a_state_was_loaded():
    batches = Batches([[k] for k in range(6)], 2, rng=0)
    next(iter(batches))  # a look
    assert len(list(batches)) == 3
    assert (batches.epoch, batches.step) == (1, 0)
    for _ in batches:
        break
    state = batches.state_dict()
    batches.load_state_dict(state)
    assert len(list(batches)) == 2
    assert len(list(batches)) == 3
    assert batches.epoch == 3


def test_epochs_differ_and_a_seed_tells_them_all():
    def epochs(seed):
        batches = Batches([[k] for k in range(30)], 4, rng=seed)
        return [[plain(batch) for batch in batches] for _ in range(3)]

    assert epochs(1) == epochs(1)
    assert epochs(1) != epochs(2)
    one, two, three = epochs(1)
    assert one != two != three != one


@pytest.mark.parametrize(
    "change",
    [
        {"items": 4}, {"batch": 2}, {"epoch": -1}, {"step": 9}, {"step": 1.5}, {"seed": "x"}, {"seed": -1},
        {"rng": None}, {"rng": {"bit_generator": "MT19937"}}, {"epoch": None},
    ],
    ids=str,
)  # fmt: skip
def test_the_state_of_other_data_is_refused_and_nothing_changes(change):
    batches = Batches([[1], [2], [3]], 1, rng=0)
    next(iter(batches))
    before = batches.state_dict()
    with pytest.raises(tg.CheckpointError, match="Batches: the saved state does not fit"):
        batches.load_state_dict(before | change)
    with pytest.raises(tg.CheckpointError, match="Batches: the saved state does not fit"):
        batches.load_state_dict({})
    assert batches.state_dict() == before


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: Batches([], 2), tg.DataError),
        (lambda: Batches(7, 2), tg.OptionError),
        (lambda: Batches({"a": 1}, 2), tg.OptionError),
        (lambda: Batches("text", 2), tg.OptionError),
        (lambda: Batches(np.array(3.0), 2), tg.OptionError),
        (lambda: Batches(iter([[1]]), 2), tg.OptionError),
        (lambda: Batches([[1]], 0), tg.OptionError),
        (lambda: Batches([[1]], 1, window=0), tg.OptionError),
        (lambda: Batches([[1]], 1, lengths=[1, 2]), tg.OptionError),
        (lambda: Batches([[1]], 1, lengths=["long"]), tg.OptionError),
        (lambda: Batches([[1]], 1, collate=3), tg.OptionError),
        (lambda: Batches([[1]], 1, padding_value="."), tg.OptionError),
        (lambda: list(Batches([([1], 2), ([1],)], 2)), tg.DataError),
        (lambda: list(Batches([{"a": 1}, {"b": 1}], 2)), tg.DataError),
        (lambda: list(Batches([[1], ([1], 2)], 2, shuffle=False)), tg.ShapeError),
        (lambda: list(Batches([[1], 2], 2)), tg.ShapeError),
        (lambda: list(Batches(["be", "not"], 2)), tg.DTypeError),
        (lambda: list(Batches([np.ones((2, 3)), np.ones((2, 4))], 2)), tg.ShapeError),
        (lambda: pad_sequences([]), tg.DataError),
        (lambda: pad_sequences([1, 2]), tg.ShapeError),
        (lambda: pad_sequences([[1], [2]], padding_value=0.5), tg.OptionError),
        (lambda: pad_sequences([[1], [2]], padding_value=np.nan), tg.OptionError),
        (lambda: pad_sequences([[1], [2]], batch_first=1), tg.OptionError),
        (lambda: pad_sequences(7), tg.OptionError),
    ],
)
def test_what_is_no_data_is_refused(make, kind):
    with pytest.raises(kind):
        make()


def test_pads_are_what_they_are_told_to_be():
    values, lengths = pad_sequences([[1, 2], [3]], padding_value=-100, batch_first=True)
    assert (values.tolist(), lengths.tolist()) == ([[1, 2], [3, -100]], [2, 1])
    values, _ = pad_sequences([[1.0, 2.0], [3.0]], padding_value=np.nan)
    assert np.isnan(values[1, 1])
    values, lengths = pad_sequences([[], np.ones((2, 3), np.float32), []])
    assert (values.shape, values.dtype, lengths.tolist()) == ((2, 3, 3), np.float32, [0, 2, 0])
    assert pad_sequences([[], []]).values.shape == (0, 2)


def test_a_window_of_one_batch_looks_at_no_item_before_its_turn():
    class Counted(list):
        def __getitem__(self, k):
            read.append(k)
            return super().__getitem__(k)

    read = []
    next(iter(Batches(Counted([1, 2, k] for k in range(20)), batch=2, window=1, rng=0)))
    assert len(read) == 2
