"""Greedy and beam search against each other, against all sequences there are, and against the model's own p."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.nn.test_seq2seq import LENGTHS, SOURCE, build
from tinygrad_rnn import nn, no_grad, tensor
from tinygrad_rnn.ops import log_softmax

V, STOP, LIMIT = 6, 1, 3


def sharpened(seed, attention=nn.DotAttention):
    """A model whose choices differ by row and step, as an untrained one's hardly do."""
    model = build("LSTM", attention, layers=2)
    rng = np.random.default_rng(seed)
    for p in model.parameters():
        p.assign(rng.standard_normal(p.shape))
    return model


def log_p(model, ids, row, length):
    """Σ log p of a sequence, stop included, by teacher forcing, for one row."""
    with no_grad():
        logits = model(SOURCE[:length, [row]], np.array(ids)[:, None]).data[:, 0]
    return log_softmax(logits)[np.arange(len(ids)), ids].sum()


@given(st.integers(0, 10**6), st.sampled_from([None, nn.DotAttention, nn.AdditiveAttention]), st.floats(0, 2))
def test_a_beam_of_one_is_greedy(seed, attention, power):
    model = sharpened(seed, attention)
    greedy = nn.greedy_search(model, SOURCE, LENGTHS, limit=8)
    beams = nn.beam_search(model, SOURCE, LENGTHS, limit=8, beam=1, length_power=power)
    assert [w.ids for w in greedy] == [found[0].ids for found in beams]
    assert [w.stopped for w in greedy] == [found[0].stopped for found in beams]
    # the same numbers added in the same order, of products over batches of the same size
    assert [w.log_p for w in greedy] == [found[0].log_p for found in beams]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("power", [0.0, 1.0])
def test_a_beam_that_holds_everything_finds_the_best_there_is(seed, power):
    model = sharpened(seed)
    ended = [(*ids, STOP) for n in range(LIMIT) for ids in product([0, 2, 3, 4, 5], repeat=n)]
    cut = list(product([0, 2, 3, 4, 5], repeat=LIMIT))
    found = nn.beam_search(model, SOURCE, LENGTHS, limit=LIMIT, beam=V**LIMIT, length_power=power)
    for row, length in enumerate(LENGTHS):
        scores = sorted((log_p(model, ids, row, length) / len(ids) ** power for ids in ended + cut), reverse=True)
        written = [(*w.ids, STOP) if w.stopped else tuple(w.ids) for w in found[row]]
        assert sorted(written) == sorted(ended + cut)
        ours = [w.log_p / len(ids) ** power for w, ids in zip(found[row], written, strict=True)]
        np.testing.assert_allclose(ours, scores, rtol=1e-9)  # float64 products over batches of another size


@given(st.integers(0, 10**6), st.integers(2, 5))
def test_what_is_written_is_as_likely_as_is_said_and_rows_do_not_meet(seed, beam):
    model = sharpened(seed)
    found = nn.beam_search(model, SOURCE, LENGTHS, limit=5, beam=beam)
    for row, length in enumerate(LENGTHS):
        assert len(found[row]) == beam
        assert len({(tuple(w.ids), w.stopped) for w in found[row]}) == beam
        alone = nn.beam_search(model, SOURCE[:length, [row]], limit=5, beam=beam)[0]
        for w, other in zip(found[row], alone, strict=True):
            ids = [*w.ids, STOP] if w.stopped else w.ids
            assert STOP not in w.ids
            assert w.ids == other.ids
            np.testing.assert_allclose(w.log_p, log_p(model, ids, row, length), rtol=1e-9)  # as above
        means = [w.log_p / (len(w.ids) + w.stopped) for w in found[row]]
        assert means == sorted(means, reverse=True)


def test_by_power_zero_the_sum_decides_and_by_one_the_mean():
    """After the start: stop with p = 0.4, or a (0.6); after a: stop with 0.5, else b: then stop for certain."""
    model = build("RNN", None)
    for p in model.parameters():
        p.assign(np.zeros(p.shape))
    logits = {0: {1: 0.4, 2: 0.6}, 2: {1: 0.5, 3: 0.5}, 3: {1: 1.0}}
    table = np.full((V, V), -1e9)
    for token, following in logits.items():
        for then, p in following.items():
            table[token, then] = np.log(p)
    model.decoder.forward = lambda token, state, memory=None: (tensor(table[token]), state)
    best = {power: nn.beam_search(model, SOURCE, limit=5, beam=9, length_power=power)[0][0] for power in (0.0, 1.0)}
    assert best[0.0].ids == []  # 0.4 against 0.3 and 0.3
    assert best[1.0].ids == [2, 3]  # log 0.3 over three tokens


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_cells_write_what_layers_write(kind):
    whole, cells = build(kind, nn.DotAttention), build(kind, nn.DotAttention, cell=True)
    rng = np.random.default_rng(0)
    for p in whole.parameters():
        p.assign(rng.standard_normal(p.shape))
    cells.load_state_dict({name.replace("_l0", ""): v for name, v in whole.state_dict().items()})
    found = [nn.beam_search(model, SOURCE, LENGTHS, limit=5, beam=3) for model in (whole, cells)]
    assert [[w.ids for w in row] for row in found[0]] == [[w.ids for w in row] for row in found[1]]


def test_log_p_is_summed_in_float64():
    model = build("GRU", None, dtype=np.float32)
    (found,) = nn.beam_search(model, SOURCE[:, :1], limit=1, beam=V)
    # the p of all there is to write add up to 1, as the logits of float32 say them in float64
    assert sum(np.exp(w.log_p) for w in found) == pytest.approx(1, rel=0, abs=1e-14)


def test_a_part_that_is_evaluating_already_goes_on_so():
    model = build("GRU", None, layers=2)
    model.encoder.eval()
    nn.greedy_search(model, SOURCE, LENGTHS, limit=2)
    assert not any(module.training for module in model.encoder.modules())
    assert all(module.training for module in model.decoder.modules())


def test_dropout_is_off_while_it_writes_and_nothing_is_recorded():
    model = build("GRU", None, layers=2)
    model.encoder.rnn.dropout = model.decoder.rnn.dropout = 0.9
    drop = dict(model.decoder.rnn.named_modules())["dropout"]
    before = drop.rng.bit_generator.state
    first = nn.greedy_search(model, SOURCE, LENGTHS, limit=4)
    assert model.training
    assert drop.rng.bit_generator.state == before
    assert first == nn.greedy_search(model.eval(), SOURCE, LENGTHS, limit=4)
    nn.beam_search(model, SOURCE, LENGTHS, limit=4)
    assert not model.training


@pytest.mark.parametrize("options", [{"beam": 0}, {"limit": 0}, {"length_power": -1.0}])
def test_an_option_out_of_range_is_said(options):
    with pytest.raises(ValueError, match="expected"):
        nn.beam_search(build("GRU"), SOURCE, **{"limit": 3, **options})
    with pytest.raises(ValueError, match="limit=0"):
        nn.greedy_search(build("GRU"), SOURCE, limit=0)


def weights_by_hand(model, row, length, ids):
    """(tokens, S): the attention's weights of each step, by teacher forcing, for one row."""
    seen = []
    with no_grad(), model.decoder.attention.register_forward_hook(lambda m, args, out: seen.append(out[1].data[0])):
        model(SOURCE[:length, [row]], np.array(ids)[:, None])
    return np.array(seen)


@pytest.mark.parametrize("attention", [nn.DotAttention, nn.AdditiveAttention])
@pytest.mark.parametrize("seed", range(2))
def test_every_search_says_where_each_token_looked(attention, seed):
    model = sharpened(seed, attention)
    searches = {
        "greedy": nn.greedy_search(model, SOURCE, LENGTHS, limit=6),
        "sample": nn.sample_search(model, SOURCE, LENGTHS, limit=6, rng=seed),
    }
    beams = nn.beam_search(model, SOURCE, LENGTHS, limit=6, beam=4)
    for k in range(4):
        searches[f"beam {k}"] = [found[k] for found in beams]
    for name, found in searches.items():
        for row, (w, length) in enumerate(zip(found, LENGTHS, strict=True)):
            ids = [*w.ids, STOP] if w.stopped else w.ids
            assert isinstance(w, nn.Written)
            assert w.attention.shape == (len(ids), len(SOURCE))
            expected = weights_by_hand(model, row, length, ids)
            np.testing.assert_allclose(w.attention[:, :length], expected, rtol=1e-9, atol=1e-300, err_msg=name)
            assert not w.attention[:, length:].any()
    for w in nn.greedy_search(sharpened(0, None), SOURCE, limit=3):
        assert w.attention is None
    for w in nn.beam_search(sharpened(0, None), SOURCE, limit=3)[0]:
        assert w.attention is None
    assert model.decoder.attention._hooks.after == {}


def test_what_is_written_is_compared_by_what_it_says():
    model = sharpened(0)
    once, again = (nn.greedy_search(model, SOURCE, LENGTHS, limit=4) for _ in range(2))
    assert once == again
    assert "attention" not in repr(once[0])


def test_samples_are_drawn_as_often_as_the_model_says():
    model = sharpened(1, None)
    B = 4000
    source = np.repeat(SOURCE[:, :1], B, axis=1)
    for temperature in (1.0, 2.0):
        found = nn.sample_search(model, source, limit=1, temperature=temperature, rng=0)
        with no_grad():
            log_p = log_softmax(model(SOURCE[:, :1], np.zeros((1, 1), int)).data[0, 0])
        p = np.exp(log_softmax(log_p / temperature))
        counts = np.bincount([STOP if w.stopped else w.ids[0] for w in found], minlength=V)
        assert (abs(counts / B - p) < 5 * np.sqrt(p * (1 - p) / B) + 1e-9).all()  # five standard deviations
        for w in found[:10]:
            assert w.log_p == pytest.approx(log_p[STOP if w.stopped else w.ids[0]])  # the model's own p


def test_a_sample_is_the_generators_and_without_temperature_it_is_greedy():
    model = sharpened(2)
    greedy = nn.greedy_search(model, SOURCE, LENGTHS, limit=6)
    assert nn.sample_search(model, SOURCE, LENGTHS, limit=6, temperature=0) == greedy
    assert nn.sample_search(model, SOURCE, LENGTHS, limit=6, choose=np.argmax) == greedy
    once, again, other = (nn.sample_search(model, SOURCE, LENGTHS, limit=6, rng=seed) for seed in (1, 1, 2))
    assert once == again
    assert once != other
    least = nn.sample_search(model, SOURCE, LENGTHS, limit=1, choose=lambda logits: int(np.argmin(logits)))
    assert all(w.log_p < g.log_p for w, g in zip(least, nn.greedy_search(model, SOURCE, LENGTHS, limit=1), strict=True))


@pytest.mark.parametrize(
    "options", [{"limit": 0}, {"temperature": -1}, {"choose": 3}, {"rng": "a"}, {"choose": lambda logits: 99}]
)
def test_an_option_of_sampling_out_of_range_is_said(options):
    with pytest.raises(ValueError, match="sample_search"):
        nn.sample_search(build("GRU"), SOURCE, **{"limit": 3, **options})
