"""sample_logits: what it may draw and how often, row by row, against a loop over the definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.train import sample_logits

NEAR = st.lists(st.integers(-20, 20).map(lambda x: x / 10), min_size=4, max_size=4, unique=True)
ROWS = st.lists(st.floats(-20, 20).map(lambda x: round(x, 2)), min_size=4, max_size=4)


def probabilities(row, temperature, top_k, top_p):
    """The definition, one number at a time."""
    p = [math.exp((x - max(row)) / temperature) for x in row]
    order = sorted(range(len(row)), key=lambda i: -row[i])[: top_k or len(row)]
    total, kept, reached = sum(p[i] for i in order), [], 0.0
    for i in order:
        kept.append(i)
        reached += p[i] / total
        if reached >= top_p:
            break
    return [p[i] / sum(p[j] for j in kept) if i in kept else 0.0 for i in range(len(row))]


@given(NEAR, st.floats(0.3, 3), st.one_of(st.none(), st.integers(1, 6)), st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_it_draws_what_the_definition_says_as_often(row, temperature, top_k, top_p):
    drawn = sample_logits(np.tile(row, (2000, 1)), temperature=temperature, top_k=top_k, top_p=top_p, rng=0)
    share = np.bincount(drawn, minlength=4) / 2000
    # 2,000 draws: a share's standard deviation is at most 0.0112
    assert share == pytest.approx(probabilities(row, temperature, top_k, top_p), abs=0.06)


@given(st.lists(ROWS, min_size=1, max_size=5), st.integers(0, 9))
def test_rows_are_drawn_as_one_after_another(rows, seed):
    rng = np.random.default_rng(seed)
    alone = [int(sample_logits(row, top_k=3, top_p=0.9, rng=rng)) for row in rows]
    assert sample_logits([rows], top_k=3, top_p=0.9, rng=seed).tolist() == [alone]
    assert sample_logits(rows, temperature=0).tolist() == np.argmax(rows, axis=-1).tolist()


def test_it_takes_a_tensor_and_minus_infinity_is_never_drawn():
    logits = tg.tensor([[0.0, -np.inf, 1.0]] * 500, requires_grad=True)
    drawn = sample_logits(logits, rng=0)
    assert drawn.shape == (500,)
    assert drawn.dtype.kind == "i"
    assert set(drawn.tolist()) == {0, 2}


@pytest.mark.parametrize(
    ("logits", "options", "kind"),
    [
        ([0.0, np.nan], {}, tg.DataError),
        ([0.0, np.inf], {}, tg.DataError),
        ([-np.inf, -np.inf], {}, tg.DataError),
        ([], {}, tg.ShapeError),
        (3.0, {}, tg.ShapeError),
        ("text", {}, tg.DTypeError),
        ([0.0], {"temperature": -1}, tg.OptionError),
        ([0.0], {"top_k": 0}, tg.OptionError),
        ([0.0], {"top_p": 0}, tg.OptionError),
        ([0.0], {"rng": "x"}, tg.OptionError),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(logits, options, kind):
    with pytest.raises(kind, match=r"sample_logits|numbers"):
        sample_logits(logits, **options)
