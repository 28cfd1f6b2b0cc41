"""Each argument with a default of what trains, samples and judges does what it says, beside a call without it.

An argument without an entry in the table fails.
"""

import itertools
from collections import Counter
from functools import partial

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.fuzz.ignoring import of_functions
from tests.train.test_effects import PAIRS, TINY
from tinygrad_rnn import nn, train
from tinygrad_rnn.optim import SGD, Adam
from tinygrad_rnn.train import CharModel, Corpus, Recipe, Run, Settings, Translation, Translator

TEXT = "she sells sea shells by the sea shore. " * 4
IDS = Corpus(TEXT).ids
EFFECTS = {}
NAMES = [name for name, _ in of_functions() if name.startswith("train.")]


def of(name):
    return lambda effect: EFFECTS.setdefault(f"train.{name}", effect)


@pytest.mark.parametrize("name", NAMES)
def test_an_argument_has_an_effect(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    EFFECTS[name](monkeypatch)


def test_every_entry_is_of_an_argument():
    assert EFFECTS.keys() == set(NAMES)


def model(dropout=0.0):
    return CharModel("rnn", len(set(TEXT)), 4, 2, dropout, rng=0)


def refused(kind, call):
    with pytest.raises(kind) as said:
        call()
    return str(said.value)


def plans(patch, where, call):
    """How many plans are made, without and with eager=True."""
    made = []
    for options in ({}, {"eager": True}):
        count = []
        patch.setattr(f"{where}.compile_", lambda f, *, count=count, **_: count.append(f) or f)
        call(**options)
        made.append(len(count))
    return made


# a character model and its text


def carried(call):
    """A call in two halves with the state between them is a call on the whole, and without it is not."""
    net, ids = model(), IDS[:12, None]
    whole, _ = call(net, ids)
    first, state = call(net, ids[:6])
    second, _ = call(net, ids[6:], state)
    alone, _ = call(net, ids[6:])
    return whole, first, second, alone


@of("CharModel.forward state")
def _(patch):
    whole, _, second, alone = (y.numpy() for y in carried(lambda net, ids, *state: net.forward(ids, *state)))
    np.testing.assert_allclose(whole[6:], second, atol=1e-6)
    assert not np.allclose(second, alone, atol=1e-3)


@of("CharModel.loss state")
def _(patch):
    whole, first, second, alone = carried(lambda net, ids, *state: net.loss(ids, ids, *state))
    assert whole.item() == pytest.approx((first.item() + second.item()) / 2, rel=1e-6)
    assert abs(second.item() - alone.item()) > 1e-5


@of("CharModel.step_losses state")
def _(patch):
    whole, first, second, alone = carried(lambda net, ids, *state: net.step_losses(ids, ids, *state))
    assert whole.item() == pytest.approx(first.item() + second.item(), rel=1e-6)
    assert abs(second.item() - alone.item()) > 1e-5


def written(text=TEXT):
    with open("text.txt", "w", encoding="utf-8") as file:
        file.write(text)
    return "text.txt"


@of("Corpus.from_file vocabulary")
def _(patch):
    assert Corpus.from_file(written("abba")).vocabulary == "ab"
    assert Corpus.from_file("text.txt", "xbaz").vocabulary == "xbaz"
    assert Corpus.from_file("text.txt", "xbaz").ids.tolist() == [2, 1, 1, 2]


@of("Corpus.split fraction")
def _(patch):
    corpus = Corpus(TEXT[:100])
    for share, count in ((0.25, 25), (0.5, 50)):
        assert [len(part) for part in corpus.split(share)] == [count, 100 - count]


# training


def run(**settings):
    return Run(Settings(hidden=4, layers=1, batch=4, bptt=9, epochs=1, **settings), Corpus(TEXT))


class Half:
    """Two ranks, of which this is the first; the other one has seen the same."""

    rank, size = 0, 2

    def __init__(self):
        self.asked = Counter()

    def rows(self, count):
        self.asked["rows"] += 1
        return slice(0, count // 2)

    def check_same(self, parameters):
        self.asked["check_same"] += 1

    def sum(self, value):
        return 2 * value

    def add_gradients(self, parameters, share):
        self.asked[f"share {share}"] += 1


@of("Run.fit eager")
def _(patch):
    assert plans(patch, "tinygrad_rnn.train.loop", lambda **options: run().fit(**options)) == [1, 0]


@of("Run.fit parallel")
def _(patch):
    half, made = Half(), run()
    made.fit(eager=True, parallel=half)
    assert half.asked["check_same"] == 1
    assert half.asked["share 0.5"] == made.batches()[0]


@of("Run.load text")
def _(patch):
    run().save("run")
    assert len(Run.load("run").corpus) == 0
    assert Run.load("run", written()).corpus.text == TEXT


class Fitted:
    """What came of `fit` with these options, on chunks of 2 rows and 10 steps unless they say otherwise."""

    def __init__(self, **options):
        self.model, self.sizes = model(), []
        self.before = self.model.state_dict()
        self.optimizer = SGD(self.model.parameters(), lr=0.1)
        eager = train.loop.chunk_loss(self.model, eager=True)

        def loss(ids, targets, state):
            if self.model.training:
                self.sizes.append(ids.shape)
            return eager(ids, targets, state)

        chosen = {"epochs": 1, "batch": 2, "bptt": 10, "clip": None, "loss": loss} | options
        self.progress = train.fit(self.model, IDS[:81], IDS[:20], self.optimizer, **chosen)

    def moved(self):
        """How far the weights have gone."""
        return np.sqrt(sum(((w - self.before[name]) ** 2).sum() for name, w in self.model.state_dict().items()))


@of("fit batch")
def _(patch):
    assert Fitted(batch=4).sizes == [(10, 4)] * 2
    assert Fitted(batch=2).sizes == [(10, 2)] * 4


@of("fit bptt")
def _(patch):
    assert Fitted(bptt=20).sizes == [(20, 2)] * 2
    assert Fitted(bptt=25).sizes == [(25, 2), (15, 2)]


@of("fit clip")
def _(patch):
    one_step = {"batch": 2, "bptt": 40}
    assert Fitted(clip=0.01, **one_step).moved() == pytest.approx(0.1 * 0.01, rel=1e-3)
    assert Fitted(clip=None, **one_step).moved() > 0.02


@of("fit schedule")
def _(patch):
    one_step = {"batch": 2, "bptt": 40, "clip": 0.01}
    assert Fitted(schedule=lambda k: 0.7, **one_step).moved() == pytest.approx(0.7 * 0.01, rel=1e-3)
    rates = []
    Fitted(schedule=lambda k: rates.append(k) or 0.1, epochs=2)
    assert rates == [*range(8)]


@of("fit progress")
def _(patch):
    stands = train.Progress(epoch=1)
    fitted = Fitted(progress=stands, epochs=3)
    assert fitted.progress is stands
    assert len(fitted.sizes) == 8
    assert [row["epoch"] for row in stands.history] == [2, 3]


@of("fit on_chunk")
def _(patch):
    seen = []
    fitted = Fitted(on_chunk=lambda progress, loss: seen.append((progress.chunk, loss)))
    assert [chunk for chunk, _ in seen] == [1, 2, 3, 4]
    assert fitted.progress.history[0]["train"] == pytest.approx(np.mean([loss for _, loss in seen]))


@of("fit on_epoch")
def _(patch):
    seen = []
    Fitted(epochs=2, on_epoch=lambda progress: seen.append(progress.epoch))
    assert seen == [1, 2]


@of("fit loss")
def _(patch):
    weight = tg.tensor([2.0], requires_grad=True)
    (row,) = Fitted(loss=lambda ids, targets, state: ((weight * weight).sum(), None)).progress.history
    assert row["train"] == row["valid"] == 4.0
    assert weight.grad.item() == 4 * 2 * 2.0  # no step is told to forget it: it is not the optimiser's


@of("fit parallel")
def _(patch):
    half = Half()
    assert Fitted(batch=4, parallel=half).sizes == [(10, 2)] * 2
    assert half.asked["share 0.5"] == 2


@of("evaluate batch")
def _(patch):
    net, ids = model(), IDS[:21]
    rows = [net.loss(ids[k : k + 10, None], ids[k + 1 : k + 11, None])[0].item() for k in (0, 10)]
    assert train.evaluate(net, ids, batch=2) == pytest.approx(np.mean(rows), rel=1e-6)
    assert abs(train.evaluate(net, ids) - np.mean(rows)) > 1e-5


def constant(seen):
    return lambda x, y, state: seen.append(len(x)) or (tg.tensor(3.0), state)


@of("evaluate bptt")
def _(patch):
    seen = []
    train.evaluate(model(), IDS[:21], bptt=8, loss=constant(seen))
    assert seen == [8, 8, 4]


@of("evaluate loss")
def _(patch):
    assert train.evaluate(model(), IDS[:21], loss=constant([])) == 3.0


@of("progress_bar shown")
def _(patch):
    shown = []
    for choice in (True, False):
        with train.progress_bar(run(), choice) as show:
            (bar,) = (cell.cell_contents for cell in show.__closure__ if hasattr(cell.cell_contents, "disable"))
            shown.append(not bar.disable)
    assert shown == [True, False]


# a step


def stepped(values, **options):
    """The parameters after a step of descent with rate 1 on Σ p²/2, whose gradient is p."""
    p = tg.tensor(values, requires_grad=True)
    train.training_step((p * p).sum() / 2, SGD([p], lr=1.0), **options)
    return p.numpy()


@of("training_step max_norm")
def _(patch):
    np.testing.assert_allclose(stepped([3.0, 4.0], max_norm=1.0), [3 - 0.6, 4 - 0.8], rtol=1e-5)


@of("training_step max_value")
def _(patch):
    np.testing.assert_allclose(stepped([3.0, -40.0], max_value=4.0), [0, -36])


@of("training_step place")
def _(patch):
    assert "at epoch 3" in refused(tg.GradientError, lambda: stepped([np.inf], place="epoch 3"))


@of("training_step before")
def _(patch):
    assert "norm was 7.5 in" in refused(tg.GradientError, lambda: stepped([np.inf], before=7.5))


@of("training_step parallel")
def _(patch):
    half = Half()
    stepped([3.0], parallel=half, share=0.25)
    assert half.asked == {"share 0.25": 1}


@of("training_step share")
def _(patch):
    p = tg.tensor([2.0], requires_grad=True)
    value, _ = train.training_step((p * p).sum(), SGD([p], lr=0.0), parallel=Half(), share=0.25)
    assert value == 2 * 0.25 * 4


@of("clip_grad_norm_ norm_type")
def _(patch):
    p = tg.tensor([0.0, 0.0], requires_grad=True)
    for norm_type, norm in ((1.0, 7.0), ("inf", 4.0)):
        p.grad = [3.0, 4.0]
        assert train.clip_grad_norm_(p, 100.0, norm_type) == pytest.approx(norm)


@of("clip_grad_norm_ error_if_nonfinite")
def _(patch):
    p = tg.tensor([1.0], requires_grad=True)
    p.grad = [np.inf]
    assert train.clip_grad_norm_(p, 1.0) == np.inf
    assert "norm is inf" in refused(tg.GradientError, lambda: train.clip_grad_norm_(p, 1.0, error_if_nonfinite=True))


@of("truncated state")
def _(patch):
    layer, xs = nn.RNN(2, 3, rng=0), np.ones((4, 1, 2), np.float32)
    start = np.full((1, 1, 3), 0.5, np.float32)
    for state in (None, start):
        (chunk,) = train.truncated(layer, xs, state, k1=4)
        np.testing.assert_array_equal(chunk.output.numpy(), layer(xs, state)[0].numpy())


@of("truncated k2")
def _(patch):
    """A layer that adds its inputs up: the gradient of a step counts the steps that it reaches back."""
    weight = tg.tensor([1.0], requires_grad=True)

    def total(xs, state):
        sums = tg.cumsum(weight * xs, axis=0) + (0.0 if state is None else state)
        return sums, sums[-1]

    reached = []
    for chunk in train.truncated(total, np.ones((8, 1)), k1=2, k2=6):
        weight.grad = None
        chunk.output[-1].sum().backward()
        reached.append(weight.grad.item())
    assert reached == [2, 4, 6, 6]


# checkpoints


def moved(linear):
    optimizer = Adam(linear.parameters())
    train.training_step(linear(np.ones((1, 2), np.float32)).sum(), optimizer)
    return optimizer


def remembered(saved, loaded):
    """What an optimiser knows after a model and it were saved, or the model alone, and loaded, likewise."""
    linear = nn.Linear(2, 1, rng=0)
    before, after = moved(linear), Adam(linear.parameters())
    train.save_checkpoint("both", linear, *[before] * saved)
    train.load_checkpoint("both", linear, *[after] * loaded)
    return before.state_dict(), after.state_dict()


@of("save_checkpoint optimizer")
@of("load_checkpoint optimizer")
def _(patch):
    before, after = remembered(True, True)
    assert before.keys() == after.keys() != set()
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array)
    assert remembered(True, False)[1] == {}
    with pytest.raises(tg.CheckpointError, match="saved without an optimiser"):
        remembered(False, True)


# sampling


class Fixed(CharModel):
    """Whatever it reads, a writes b, c, d or a with these probabilities: the shares can be counted."""

    P = np.array([0.1, 0.5, 0.25, 0.15])

    def __init__(self):
        super().__init__("rnn", 4, 2, 1, rng=0)

    def forward(self, ids, state=None):
        return tg.tensor(np.broadcast_to(np.log(self.P), (*ids.shape, 4))), state


def shares(**options):
    """How often each of abcd was written in 900 characters; the deviation of a share is below 0.017."""
    written = itertools.islice(train.stream_sample(Fixed(), Corpus("abcd"), **{"rng": 0} | options), 900)
    count = Counter(written)
    return pytest.approx([count[c] / 900 for c in "abcd"], abs=0.06)


@of("stream_sample temperature")
def _(patch):
    assert shares() == [0.1, 0.5, 0.25, 0.15]
    assert shares(temperature=0.5) == list(Fixed.P**2 / sum(Fixed.P**2))
    assert shares(temperature=2) == list(Fixed.P**0.5 / sum(Fixed.P**0.5))


@of("stream_sample top_k")
def _(patch):
    assert shares(top_k=2) == [0, 2 / 3, 1 / 3, 0]


@of("stream_sample top_p")
def _(patch):
    assert shares(top_p=0.85) == [0, 5 / 9, 2.5 / 9, 1.5 / 9]


@of("stream_sample rng")
def _(patch):
    one, again, other = (train.sample(Fixed(), Corpus("abcd"), length=30, rng=seed) for seed in (1, 1, 2))
    assert one == again != other


class Reader(Fixed):
    """It remembers what it was given to read."""

    def forward(self, ids, state=None):
        vars(self).setdefault("read", []).extend(ids[:, 0].tolist())
        return super().forward(ids, state)


def read(write):
    """What the model reads before it writes anything."""
    reader = Reader()
    write(reader, Corpus("abcd"))
    return "".join("abcd"[k] for k in reader.read)


@of("stream_sample prompt")
def _(patch):
    assert read(lambda *of: next(train.stream_sample(*of, "cab"))) == "cab"
    assert read(lambda *of: next(train.stream_sample(*of))) == "a"


@of("sample prompt")
def _(patch):
    assert read(lambda *of: train.sample(*of, "cab", 1)) == "cab"
    assert read(lambda *of: train.sample(*of, length=1)) == "a"


@of("sample length")
def _(patch):
    assert [len(train.sample(Fixed(), Corpus("abcd"), length=length)) for length in (0, 7)] == [0, 7]


LOGITS = np.tile([0.0, 1.0, 2.0], (400, 1))


def drawn(**options):
    """How often each of three ids is drawn."""
    return np.bincount(train.sample_logits(LOGITS, **{"rng": 0} | options), minlength=3) / len(LOGITS)


@of("sample_logits temperature")
def _(patch):
    assert drawn(temperature=0).tolist() == [0, 0, 1]
    assert drawn(temperature=100.0) == pytest.approx([1 / 3] * 3, abs=0.1)  # the deviation of a share is 0.024


@of("sample_logits top_k")
def _(patch):
    assert (drawn(top_k=2) > 0).tolist() == [False, True, True]


@of("sample_logits top_p")
def _(patch):
    assert (drawn(top_p=0.5) > 0).tolist() == [False, False, True]


@of("sample_logits rng")
def _(patch):
    assert drawn(rng=1).tolist() == drawn(rng=1).tolist() != drawn(rng=2).tolist()


# pairs and translators


def translator(**recipe):
    return Translator(Recipe(**TINY | recipe), PAIRS)


@of("Translation.fit on_step")
def _(patch):
    seen = []
    next(Translation(translator(), PAIRS).fit(seen.append, eager=True))
    assert sorted(seen) == [2, 6, 6, 6]  # of 20 pairs


@of("train_translator on_step")
def _(patch):
    seen = []
    next(train.train_translator(translator(), PAIRS, seen.append, eager=True))
    assert sorted(seen) == [2, 6, 6, 6]


@of("Translation.fit eager")
def _(patch):
    fit = partial(Translation.fit, Translation(translator(epochs=1), PAIRS))
    assert plans(patch, "tinygrad_rnn.train.translation", lambda **options: list(fit(**options))) == [1, 0]


@of("train_translator eager")
def _(patch):
    fit = partial(train.train_translator, translator(epochs=1), PAIRS)
    assert plans(patch, "tinygrad_rnn.train.translation", lambda **options: list(fit(**options))) == [1, 0]


@of("Translator.translate beam")
def _(patch):
    made = next(t for t in (translator(seed=seed) for seed in range(100)) if likely(t, 1) < likely(t, 4))
    assert made.translate(["abc"]) != made.translate(["abc"], 4)


def likely(made, beam):
    """log p of what is written for one source, teacher forced: a beam finds what is likelier, where it differs."""
    b = made.alphabet.batch([("abc", made.translate(["abc"], beam)[0])])
    return -nn.sequence_loss(made.model(b.source, b.target, b.lengths), b.target, b.target_lengths, "sum").item()


def batches(judge, **options):
    """The number of pairs that are read side by side."""
    made, seen = translator(), []
    batch = made.alphabet.batch
    made.alphabet.batch = lambda pairs: seen.append(len(pairs)) or batch(pairs)
    judge(made, PAIRS, **options)
    return sorted(seen)


@of("exact_match batch")
def _(patch):
    assert batches(train.exact_match, batch=8) == [4, 8, 8]
    assert batches(train.exact_match) == [20]


@of("forced_match batch")
def _(patch):
    assert batches(train.forced_match, batch=8) == [4, 8, 8]


@of("exact_match beam")
def _(patch):
    made, asked = translator(), []
    made.translate = lambda sources, beam=1: asked.append(beam) or ["" for _ in sources]
    train.exact_match(made, PAIRS, 3)
    assert asked == [3]


@of("split_pairs seed")
def _(patch):
    one, again, other = (train.split_pairs(PAIRS, 5, seed) for seed in (1, 1, 2))
    assert one == again != other


@of("split_pairs key")
def _(patch):
    pairs = [(f"{a}{b}", "x") for a in "abcd" for b in "0123"]
    _, out = train.split_pairs(pairs, 3, key=lambda pair: pair[0][0])
    assert len({source[0] for source, _ in out}) == 1
    assert len(out) == 4
