"""Networks, compiled: the loss and all gradients of every option of every layer are those of the network as it is."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.compiler.oracles import assert_close
from tinygrad_rnn import nn
from tinygrad_rnn.errors import CompileError

T, V, H = 6, 5, 4
# of the largest gradient: sums over T·B rows are made by one product instead of T, and the derivatives of tanh and σ
# are of y instead of x; in float32 kernels have exp and tanh of their own too
BOUND = {np.float64: 1e-11, np.float32: 1e-5}

COMMON = {
    "plain": {},
    "2 layers": {"num_layers": 2},
    "bidirectional": {"bidirectional": True},
    "2 bidirectional layers": {"num_layers": 2, "bidirectional": True},
    "batch first": {"batch_first": True},
    "no bias": {"bias": False},
    "layer norm": {"layer_norm": True},
    "learned start": {"learn_initial": True},
    "dropout": {"num_layers": 3, "dropout": 0.3},
    "variational": {"num_layers": 2, "dropout": 0.3, "variational": True},
    "recurrent dropout": {"num_layers": 2, "recurrent_dropout": 0.3},
    "all": {
        "num_layers": 2, "bidirectional": True, "layer_norm": True, "learn_initial": True, "dropout": 0.2,
        "recurrent_dropout": 0.2,
    },
}  # fmt: skip
OWN = {
    nn.RNN: {"relu": {"nonlinearity": "relu"}},
    nn.LSTM: {
        "projection": {"proj_size": 2}, "peepholes": {"peepholes": True}, "forget bias": {"forget_bias": 1.0},
        "both": {"proj_size": 2, "peepholes": True, "bidirectional": True},
    },
    nn.GRU: {"reset before": {"reset_after": False}},
}  # fmt: skip
LAYERS = [
    pytest.param(cls, options, id=f"{cls.__name__}, {name}")
    for cls in OWN
    for name, options in (COMMON | OWN[cls]).items()
]


class Net(nn.Module):
    """A layer and a head."""

    def __init__(self, cls, options, dtype=np.float64):
        self.rnn = cls(V, H, rng=1, dtype=dtype, **options)
        self.head = nn.Linear(self.rnn.output_size, V, rng=2, dtype=dtype)
        self.batch_first = self.rnn.batch_first

    def forward(self, x, y, lengths=None):
        logits = self.head(self.rnn(x, lengths=lengths)[0])
        if self.batch_first:
            logits, y = logits.swapaxes(0, 1), y.swapaxes(0, 1)
        return nn.sequence_loss(logits, y, lengths)


def batches(B, lengths, batch_first=False, dtype=np.float64):
    """Three: x, the targets and the lengths."""
    for k in range(3):
        rng = np.random.default_rng(k)
        x, y = rng.standard_normal((T, B, V)).astype(dtype), rng.integers(0, V, (T, B))
        if batch_first:
            x, y = x.swapaxes(0, 1), y.swapaxes(0, 1)
        yield (x, y, np.array([T, *rng.integers(0, T + 1, B - 1)])) if lengths else (x, y)


def assert_trained_alike(make, loss, batches, bound=BOUND[np.float64]):
    """Three steps of SGD, of one model compiled and of its twin as it is."""
    model, twin = make(), make()
    compiled = tg.compile(lambda *batch: loss(model, *batch))
    for batch in batches:
        found, expected = compiled(*batch), loss(twin, *batch)
        pairs = list(zip(model.parameters(), twin.parameters(), strict=True))
        for part in (model, twin):
            part.zero_grad()
        found.backward()
        expected.backward()
        assert [p.grad is None for p, _ in pairs] == [q.grad is None for _, q in pairs]
        moved = [(p, q) for p, q in pairs if q.grad is not None]
        assert_close([found.numpy()], [expected.numpy()], bound)
        scale = max(np.abs(q.grad.numpy()).max() for _, q in moved)
        for p, q in moved:
            assert p.grad.dtype == q.grad.dtype
            assert np.abs(p.grad.numpy() - q.grad.numpy()).max() <= bound * scale
            p.assign(p.data - 0.1 * p.grad.data)
            q.assign(q.data - 0.1 * q.grad.data)
    return compiled


def check_option(cls, options, lengths, B):
    given = batches(B, lengths, options.get("batch_first", False))
    assert_trained_alike(lambda: Net(cls, options), Net.__call__, given)


@pytest.mark.parametrize("B", [3, 9])  # 9 rows are stored features first
@pytest.mark.parametrize("lengths", [False, True], ids=["", "lengths"])
@pytest.mark.parametrize(("cls", "options"), LAYERS)
def test_every_option_trains_as_without(by_numpy, cls, options, lengths, B):
    check_option(cls, options, lengths, B)


@pytest.mark.parametrize(("lengths", "B"), [(False, 3), (True, 9)], ids=["3", "lengths-9"])  # each takes a compilation
@pytest.mark.parametrize(("cls", "options"), LAYERS)
def test_every_option_trains_as_without_by_kernels(by_kernels, cls, options, lengths, B):
    check_option(cls, options, lengths, B)


@pytest.mark.parametrize("B", [3, 9])
@pytest.mark.parametrize("cls", OWN)
def test_float32_trains_as_without(either, cls, B):
    given = batches(B, True, dtype=np.float32)
    options = {"num_layers": 2, "bidirectional": True}
    assert_trained_alike(lambda: Net(cls, options, np.float32), Net.__call__, given, BOUND[np.float32])


@pytest.mark.parametrize("cls", OWN)
def test_one_sequence_without_a_batch(either, cls):
    def loss(net, x, y):
        output, state = net.rnn(x)
        ends = state if isinstance(state, tuple) else (state,)
        return nn.cross_entropy(net.head(output), y) + sum((s * s).sum() for s in ends)

    given = [(x[:, 0], y[:, 0]) for x, y in batches(1, False)]
    assert_trained_alike(lambda: Net(cls, {}), loss, given)


@pytest.mark.parametrize("cls", OWN)
def test_a_state_that_goes_on(either, cls):
    def loss(net, x, y, state):
        output, state = net.rnn(x, state)
        return nn.cross_entropy(net.head(output), y), state

    model, twin = Net(cls, {"num_layers": 2}), Net(cls, {"num_layers": 2})
    compiled = tg.compile(lambda *batch: loss(model, *batch))
    state = other = None
    for x, y in batches(3, False):
        found, state = compiled(x, y, state)
        expected, other = loss(twin, x, y, other)
        for each, net in ((found, model), (expected, twin)):
            net.zero_grad()
            each.backward()
        state, other = tg.train.detach_state(state), tg.train.detach_state(other)
        for p, q in zip(model.parameters(), twin.parameters(), strict=True):
            assert_close([p.grad.numpy()], [q.grad.numpy()], BOUND[np.float64])


@pytest.mark.parametrize("cls", OWN)
def test_backpropagation_through_two_calls_in_a_row(either, cls):
    net = Net(cls, {})
    step, compiled = net.rnn, tg.compile(net.rnn)
    x = np.random.default_rng(0).standard_normal((T, 3, V))
    found = []
    for f in (step, compiled, compiled):
        net.zero_grad()
        output, state = f(x, None)
        for _ in range(3):
            output, state = f(x, state)
        (output * output).sum().backward()
        found.append([p.grad.numpy() for p in net.rnn.parameters()])
    assert_close(found[1], found[0], BOUND[np.float64])
    assert_close(found[2], found[0], BOUND[np.float64])


# other models


class Language(nn.Module):
    """A language model: ids, a dropped embedding, a layer, a head."""

    def __init__(self, wrap=lambda f: f):
        self.embedding = nn.Embedding(V, H, rng=0, dtype=np.float64)
        self.drop = nn.Dropout(0.2, rng=1)
        self.rnn = nn.LSTM(H, H, 2, rng=2, dtype=np.float64)
        self.head = nn.Linear(H, V, rng=3, dtype=np.float64)
        self.wrap = wrap

    def forward(self, ids):
        output, _ = self.wrap(self.rnn)(self.drop(self.embedding(ids[:-1])))
        return nn.cross_entropy(self.head(output), ids[1:])


def ids_of(k, *shape, low=0):
    return np.random.default_rng(k).integers(low, V, shape)


@pytest.mark.parametrize("B", [3, 9])
@pytest.mark.parametrize("wrap", [lambda f: f, tg.checkpoint], ids=["", "checkpointed"])
def test_a_language_model(either, wrap, B):
    given = [(ids_of(k, T + 1, B),) for k in range(3)]
    assert_trained_alike(lambda: Language(wrap), Language.__call__, given)


def test_a_layer_that_is_checkpointed_where_there_is_dropout_inside(either):
    """The eager checkpoint refuses it, since the second run draws other masks; a plan runs it once."""

    def loss(net, x, y):
        return nn.cross_entropy(net.head(tg.checkpoint(net.rnn)(x)[0]), y)

    given = list(batches(3, False))
    options = {"num_layers": 2, "layer_norm": True, "bidirectional": True}
    assert_trained_alike(lambda: Net(nn.GRU, options), loss, given)


def translator(attention=True, cls=nn.GRU):
    encoder = nn.Encoder(cls(4, 3, rng=0, bidirectional=True, dtype=np.float64), embedding(7, 1))
    look = nn.AdditiveAttention(6, 6, 5, rng=5, dtype=np.float64) if attention else None
    decoder = nn.Decoder(cls(4, 6, rng=2, dtype=np.float64), embedding(V, 3), look, dtype=np.float64, rng=4)
    return nn.Seq2Seq(encoder, decoder, start=0, stop=1)


def embedding(count, seed):
    return nn.Embedding(count, 4, rng=seed, dtype=np.float64)


def translations(B):
    for k in range(3):
        rng = np.random.default_rng(k)
        source, target = rng.integers(0, 7, (T, B)), rng.integers(2, V, (T + 1, B))
        yield source, target, np.array([T, *rng.integers(1, T + 1, B - 1)]), rng.integers(1, T + 2, B)


@pytest.mark.parametrize("B", [3, 9])
@pytest.mark.parametrize("attention", [False, True], ids=["", "attention"])
@pytest.mark.parametrize("forcing", [1.0, 0.0, 1, 0])
def test_a_translator(either, forcing, attention, B):
    def loss(model, source, target, lengths, target_lengths):
        logits = model(source, target, lengths, teacher_forcing=forcing)
        return nn.sequence_loss(logits, target, target_lengths)

    assert_trained_alike(lambda: translator(attention), loss, translations(B))


def coins_of(model, source, target, lengths, target_lengths, rng):
    logits = model(source, target, lengths, teacher_forcing=0.5, rng=rng)
    return nn.sequence_loss(logits, target, target_lengths)


def test_coins_from_a_generator_that_is_closed_over_are_refused(by_numpy):
    model, rng, batch = translator(), np.random.default_rng(0), list(translations(3))[2]
    with pytest.raises(CompileError, match="random numbers are drawn from rng"):
        tg.compile(lambda *batch: coins_of(model, *batch, rng))(*batch)
    compiled = tg.compile(lambda *batch: coins_of(model, *batch, rng), fallback="eager")
    assert len({compiled(*batch).item() for _ in range(4)}) > 1
    assert "random numbers are drawn from rng" in compiled.reason


def test_coins_of_no_seed_are_refused_at_the_second_call(by_numpy):
    model, batch = translator(), list(translations(3))[2]
    compiled = tg.compile(lambda *batch: coins_of(model, *batch, None))
    compiled(*batch)
    with pytest.raises(CompileError, match="did not do the same when it ran again"):
        compiled(*batch)


def test_coins_of_a_seed_are_the_same_at_each_call(either):
    def loss(model, *batch):
        return coins_of(model, *batch, 3)

    assert_trained_alike(translator, loss, translations(3))


def test_coins_from_a_generator_that_is_an_argument_are_refused(by_numpy):
    model, batch = translator(), list(translations(3))[2]
    compiled, rng = tg.compile(lambda rng, *batch: coins_of(model, *batch, rng)), np.random.default_rng(0)
    with pytest.raises(CompileError, match="random numbers are drawn"):
        compiled(rng, *batch)


# loops by hand


class Minimal(nn.Module):
    """A minimal gated unit of plain ops: f = σ(x W + h U), h ← (1 − f)·h + f·tanh(x V + (f·h) Z)."""

    def __init__(self, backwards=False):
        rng = np.random.default_rng(0)
        self.W, self.V = (nn.Parameter(rng.standard_normal((V, H)) * 0.5) for _ in range(2))
        self.U, self.Z = (nn.Parameter(rng.standard_normal((H, H)) * 0.5) for _ in range(2))
        self.head = nn.Linear(H, V, rng=1, dtype=np.float64)
        self.backwards = backwards

    def forward(self, x, y):
        h, hs = tg.tensor(np.zeros((x.shape[1], H))), []
        for x_t in x[::-1] if self.backwards else x:
            f = tg.sigmoid(x_t @ self.W + h @ self.U)
            h = (1 - f) * h + f * tg.tanh(x_t @ self.V + (f * h) @ self.Z)
            hs.append(h)
        return nn.cross_entropy(self.head(tg.stack(hs)), y)


@pytest.mark.parametrize("B", [3, 9])
@pytest.mark.parametrize("backwards", [False, True], ids=["", "backwards"])
def test_a_loop_over_time_by_hand(either, backwards, B):
    assert_trained_alike(lambda: Minimal(backwards), Minimal.__call__, batches(B, False))


class Skipping(nn.Module):
    """Two cells, one above the other; the second reads x too, and what it said two steps before."""

    def __init__(self):
        self.below = nn.GRUCell(V, H, rng=0, dtype=np.float64)
        self.above = nn.LSTMCell(H + V, H, rng=1, dtype=np.float64)
        self.head = nn.Linear(2 * H, V, rng=2, dtype=np.float64)

    def forward(self, x, y):
        B = x.shape[1]
        h, k, c, before = (tg.tensor(np.zeros((B, H))) for _ in range(4))
        outs = []
        for x_t in x:
            h = self.below(x_t, h)
            last, (k, c) = k, self.above(tg.concatenate([h, x_t], axis=-1), (k + before, c))
            before = last
            outs.append(tg.concatenate([h, k + h], axis=-1))
        return nn.cross_entropy(self.head(tg.stack(outs)), y)


@pytest.mark.parametrize("B", [3, 9])
def test_two_layers_with_connections_that_skip(either, B):
    assert_trained_alike(Skipping, Skipping.__call__, batches(B, False))


@pytest.mark.parametrize("B", [3, 9])
def test_only_the_last_state_and_a_mean_over_time(either, B):
    def loss(net, x, y):
        output, _ = net.rnn(x)
        return nn.cross_entropy(net.head(output[-1]), y[0]) + nn.cross_entropy(net.head(output.mean(axis=0)), y[1])

    assert_trained_alike(lambda: Net(nn.LSTM, {}), loss, batches(B, False))


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("cls", OWN)
def test_few_steps_with_and_without_a_loop(either, cls, steps):
    given = [(x[:steps], y[:steps]) for x, y in batches(3, False)]
    assert_trained_alike(lambda: Net(cls, {"num_layers": 2}), Net.__call__, given)
