"""Another T: without another recording where nothing in the function can know T, and with one where it can."""

from functools import reduce

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.compiler.oracles import assert_close
from tinygrad_rnn import nn

pytestmark = pytest.mark.usefixtures("by_numpy")

CLOSE = 1e-12  # of the largest: float64, the same terms in another order
B, I, H = 3, 5, 4
GRU = nn.GRU(I, H, rng=0, dtype=np.float64)
OPTIONS = {
    "plain": {}, "2 layers": {"num_layers": 2}, "2 bidirectional layers": {"num_layers": 2, "bidirectional": True},
    "batch first": {"batch_first": True}, "layer norm": {"layer_norm": True}, "no bias": {"bias": False},
    "learned start": {"learn_initial": True},
}  # fmt: skip


def sequence(T, *shape):
    return np.random.default_rng(T).standard_normal((T, *(shape or (B, I))))


def outcome(f, args, parameters=()):
    """What f gives, with the gradients of its sum; or the kind of error."""
    try:
        y = f(*args)
    except Exception as error:
        return type(error)
    for p in parameters:
        p.grad = None
    if y.requires_grad:
        y.sum().backward()
    return [y.numpy(), *(p.grad.numpy() for p in parameters if p.grad is not None)]


def assert_the_same(f, calls, parameters=()):
    """Compiled, f does in every call what it does as it is."""
    compiled = tg.compile(f)
    for args in calls:
        found, expected = outcome(compiled, args, parameters), outcome(f, args, parameters)
        if isinstance(expected, type) or isinstance(found, type):
            assert found is expected
        else:
            assert_close(found, expected, CLOSE)


@pytest.mark.parametrize("cls", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_layer_is_recorded_once_for_every_T(recordings, cls, options):
    layer = cls(I, H, rng=0, dtype=np.float64, **options)
    head = nn.Linear(layer.output_size, 5, rng=1, dtype=np.float64)

    def f(x, y):
        return nn.cross_entropy(head(layer(x)[0]), y)

    calls = []
    for T in (11, 40, 7, 11, 23, 4):
        x, y = sequence(T), np.random.default_rng(T).integers(0, 5, (T, B))
        calls.append((x.swapaxes(0, 1), y.swapaxes(0, 1)) if layer.batch_first else (x, y))
    assert_the_same(f, calls, [*layer.parameters(), *head.parameters()])
    assert len(recordings) == 1


def test_dropout_between_layers_draws_for_every_T_as_it_would(recordings):
    def made():
        layer = nn.LSTM(I, H, 3, rng=0, dtype=np.float64, dropout=0.3, recurrent_dropout=0.2)
        return lambda x: (layer(x)[0] ** 2).sum()

    f, compiled = made(), tg.compile(made())
    for T in (11, 40, 7, 11, 40):
        assert_close([compiled(sequence(T)).numpy()], [f(sequence(T)).numpy()], CLOSE)
    assert len(recordings) == 1


GENERAL = {
    "outputs": lambda x: GRU(x)[0],
    "the last": lambda x: GRU(x)[0][-1],
    "the final state": lambda x: GRU(x)[1],
    "a mean": lambda x: GRU(x)[0].mean(),
    "a mean over time": lambda x: GRU(x)[0].mean(axis=0),
    "a maximum over time": lambda x: tg.max(GRU(x)[0], axis=0),
    "a variance over time": lambda x: tg.var(GRU(x)[0], axis=0),
    "a softmax over time": lambda x: tg.softmax(GRU(x)[0], axis=0),
    "a cumulative sum": lambda x: tg.cumsum(GRU(x)[0], axis=0),
    "the last three": lambda x: GRU(x)[0][-3:],
    "from the end": lambda x: GRU(x[::-1])[0],
    "the second": lambda x: GRU(x)[0][1],
    "flat": lambda x: GRU(x)[0].reshape(-1),
    "rows": lambda x: GRU(x)[0].reshape(-1, H),
    "rows before steps": lambda x: GRU(x)[0].swapaxes(0, 1).reshape(B, -1),
    "two layers by hand": lambda x: GRU(tg.concatenate([GRU(x)[0], x[..., :1]], axis=-1))[0],
}


@pytest.mark.parametrize("f", GENERAL.values(), ids=GENERAL)
def test_what_holds_for_every_T_is_recorded_once(recordings, f):
    assert_the_same(f, [(sequence(T),) for T in (11, 40, 7, 11, 23)], list(GRU.parameters()))
    assert len(recordings) == 1


def by_range(x):
    h = tg.tensor(np.zeros((B, I)))
    for t in range(11):
        h = tg.tanh(x[t] + h)
    return h


def by_for(x):
    h = tg.tensor(np.zeros((B, I)))
    for x_t in x:
        h = tg.tanh(x_t + h)
    return h


def by_while(x):
    h, t = tg.tensor(np.zeros((B, I))), 0
    while t < x.shape[0]:
        h, t = tg.tanh(x[t] + h), t + 1
    return h


def by_unpacking(x):
    first, *_, before, last = GRU(x)[0]
    return first + before * last


class ByHand(nn.Module):
    """Its length divides what it gives."""

    def forward(self, x):
        return by_for(x) / len(x)


HAND = ByHand()
LENGTHS, ELEVEN, TABLE = np.array([11, 5, 3]), 11, np.random.default_rng(0).standard_normal((11, 1, 1))
KNOWING = {
    "a range": by_range,
    "a for": by_for,
    "a while": by_while,
    "all but the first": lambda x: GRU(x[1:])[0],
    "every other": lambda x: GRU(x[::2])[0],
    "reduce": lambda x: reduce(lambda h, x_t: tg.tanh(h + x_t), x) * tg.tensor(1.0),
    "a module of one's own": HAND,
    "len": lambda x: GRU(x)[0] / len(x),
    "shape": lambda x: GRU(x)[0] / x.shape[0],
    "size": lambda x: GRU(x)[0].sum() / x.size,
    "np.shape": lambda x: GRU(x)[0] / np.shape(x)[0],
    "a word of it": lambda x: GRU(x)[0][:11] * 2,
    "the place of the last": lambda x: GRU(x)[0][10],
    "lengths that are closed over": lambda x: GRU(x, lengths=LENGTHS)[0],
    "lengths in words": lambda x: GRU(x, lengths=[11, 11, 11])[0],
    "a global": lambda x: GRU(x)[0][: ELEVEN - 2],
    "a table": lambda x: GRU(x)[0] * TABLE,
    "an array made inside": lambda x: GRU(x)[0] + np.arange(11.0).reshape(11, 1, 1),
    "zeros made inside": lambda x: GRU(x)[0] + np.zeros((11, 1, 1)),
    "a shape in words": lambda x: GRU(x)[0].reshape(11 * B, H),
    "broadcast": lambda x: tg.broadcast_to(GRU(x)[0][-1:], (11, B, H)) * GRU(x)[0],
    "a comprehension": lambda x: sum(h * (t + 1) for t, h in enumerate(GRU(x)[0])),
}


@pytest.mark.parametrize("f", KNOWING.values(), ids=KNOWING)
def test_what_knows_T_is_as_it_is_without(f):
    assert_the_same(f, [(sequence(T),) for T in (11, 40, 7, 11, 1, 2)])


def ends(first, *others):
    return first + others[-1]


SEEN = {
    "starred arguments": lambda x: ends(*GRU(x)[0]),
    "getattr": lambda x: GRU(x)[0] / getattr(x, "sha" + "pe")[0],
}


@pytest.mark.parametrize("f", SEEN.values(), ids=SEEN)
def test_what_comes_to_know_T_in_other_ways_is_as_it_is_without(f):
    assert_the_same(f, [(sequence(T),) for T in (11, 40)])


def test_a_module_that_is_an_argument_and_knows_T_is_as_it_is_without():
    assert_the_same(lambda module, x: module(x), [(HAND, sequence(T)) for T in (11, 40)])


def test_lengths_that_are_an_argument():
    rng = np.random.default_rng(0)
    calls = [(sequence(T), rng.integers(1, T + 1, B)) for T in (11, 40, 7, 11, 40, 5)]
    assert_the_same(lambda x, n: GRU(x, lengths=n)[0], calls, list(GRU.parameters()))
    assert_the_same(lambda x, n: GRU(x, lengths=n)[0], [(sequence(T, I), 7) for T in (11, 40, 7, 5)])


SHORT = {
    "an argument": lambda x, n: GRU(x, lengths=n)[0],
    "in words": lambda x, n: GRU(x, lengths=[1, 1, 1])[0],
}


@pytest.mark.parametrize("f", SHORT.values(), ids=SHORT)
def test_lengths_and_a_sequence_of_one(f):
    assert_the_same(f, [(sequence(T), np.ones(B, int)) for T in (11, 11, 11, 1)])


@pytest.mark.parametrize("f", [*GENERAL.values(), *KNOWING.values()], ids=[*GENERAL, *KNOWING])
def test_sequences_of_few_steps_after_longer_ones(f):
    assert_the_same(f, [(sequence(T),) for T in (6, 6, 3, 2, 1, 4, 1)], list(GRU.parameters()))


def test_two_sequences_of_lengths_of_their_own(recordings):
    def f(x, y):
        return GRU(x)[0].sum(axis=0) + GRU(y)[0].mean(axis=0)

    pairs = [(5, 6), (6, 6), (6, 5), (5, 5), (9, 4), (12, 11)]
    assert_the_same(f, [(sequence(T), sequence(S)) for T, S in pairs], list(GRU.parameters()))
    assert len(recordings) == 1


def test_a_state_and_a_sequence(recordings):
    f = lambda x, h: GRU(x, h)[0]  # noqa: E731
    assert_the_same(f, [(sequence(T), np.full((1, B, H), 0.3)) for T in (11, 40, 5)], list(GRU.parameters()))
    assert len(recordings) == 1


def test_another_batch_is_another_recording(recordings):
    calls = [(sequence(T, rows, I),) for T, rows in ((11, 3), (11, 4), (40, 4), (40, 3), (11, 3))]
    assert_the_same(lambda x: GRU(x)[0], calls)
    assert len(recordings) == 2


def test_a_batch_that_is_as_large_as_T():
    assert_the_same(lambda x: GRU(x)[0], [(sequence(5, 5, I),), (sequence(7, 5, I),), (sequence(5, 7, I),)])
    assert_the_same(lambda x: GRU(x)[0], [(sequence(5, 5, I),), (sequence(1, 5, I),), (sequence(5, 2, I),)])


def test_a_batch_of_one_after_one_that_is_as_large_as_T():
    assert_the_same(lambda x: GRU(x)[0], [(sequence(5, 5, I),), (sequence(5, 1, I),)])


def test_features_that_are_as_many_as_T_are_refused_as_ever():
    assert_the_same(lambda x: GRU(x)[0], [(sequence(I),), (sequence(I, B, 7),), (sequence(I, B, 1),), (sequence(7),)])


def dropped_outputs(T):
    """The outputs of a compiled layer with a dropout after it, and of its twin as it is; of T one after another."""
    a, b = nn.Dropout(0.5, rng=0), nn.Dropout(0.5, rng=0)
    compiled = tg.compile(lambda x: a(GRU(x)[0]))
    return [(compiled(sequence(t)).numpy(), b(GRU(sequence(t))[0]).numpy()) for t in T]


def test_dropout_of_all_steps_at_once_is_recorded_again():
    for found, expected in dropped_outputs([11, 7, 40, 11, 1]):
        assert_close([found], [expected], CLOSE)


def translator():
    encoder = nn.Encoder(nn.GRU(4, 5, rng=0, dtype=np.float64), nn.Embedding(7, 4, rng=1, dtype=np.float64))
    table = nn.Embedding(6, 4, rng=3, dtype=np.float64)
    decoder = nn.Decoder(nn.GRU(4, 5, rng=2, dtype=np.float64), table, rng=4, dtype=np.float64)
    return nn.Seq2Seq(encoder, decoder, start=0, stop=1)


def ids(S, T):
    rng = np.random.default_rng([S, T])
    return rng.integers(0, 7, (S, B)), rng.integers(0, 6, (T, B))


@pytest.mark.parametrize("sizes", [[(7, 5), (7, 9), (9, 9), (5, 9), (7, 5), (1, 1)], [(5, 5), (9, 5), (8, 5)]])
@pytest.mark.parametrize("forcing", [1, 0])
def test_a_translator_of_every_length(forcing, sizes):
    model = translator()
    f = lambda source, target: model(source, target, teacher_forcing=forcing)  # noqa: E731
    assert_the_same(f, [ids(*pair) for pair in sizes], list(model.parameters()))


def test_a_translator_that_reads_its_own_words_for_as_long_as_the_target():
    model = translator()
    f = lambda source, target: model(source, target, teacher_forcing=0)  # noqa: E731
    assert_the_same(f, [ids(5, 5), ids(5, 9)])


def test_what_is_changed_between_two_lengths_is_read_again():
    layer = nn.GRU(I, H, rng=0, dtype=np.float64)
    f = lambda x: layer(x)[0] * by  # noqa: E731
    compiled, by = tg.compile(f), 2.0
    for T, by in ((11, 2.0), (40, 3.0), (11, 3.0), (7, 2.0), (40, 2.0)):  # noqa: B007
        assert_close([compiled(sequence(T)).numpy()], [f(sequence(T)).numpy()], CLOSE)
        layer.weight_ih_l0.assign(layer.weight_ih_l0.data * 1.1)
    layer.weight_ih_l0.requires_grad = False
    compiled(sequence(9)).sum().backward()
    assert layer.weight_ih_l0.grad is None
