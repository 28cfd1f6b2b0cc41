"""Each setting does what it says: training is the loop below, which has every setting in it and no optimiser of ours.

The loop takes its gradients from the library, and everything else from a line of NumPy: batches, the rate, clipping,
AdamW, the mean that is printed. It keeps the weights in float64, the library in float32: they agree to about 1e-6.
"""

import math
from dataclasses import asdict

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.data.pairs import shuffled
from tinygrad_rnn.nn import sequence_loss
from tinygrad_rnn.train import CharModel, Corpus, Recipe, Run, Settings, Translation, Translator
from tinygrad_rnn.train.config import options_of

TEXT = "she sells sea shells by the sea shore. the shells she sells are sea shells, I am sure. " * 3
SMALL = {"hidden": 4, "layers": 2, "batch": 4, "bptt": 8, "epochs": 2, "warmup": 3, "dropout": 0.0, "clip": 1.0}
OTHER = {
    "model": "gru", "hidden": 5, "layers": 1, "embedding": 3, "dropout": 0.5, "batch": 3, "bptt": 11,
    "optimizer": "sgd", "lr": 0.05, "warmup": 0, "weight_decay": 3.0, "clip": 0.05, "epochs": 1, "forget_bias": 3.0,
    "recurrent_init": "uniform", "fraction": 0.5, "seed": 1,
}  # fmt: skip


def gradients(model, loss):
    for p in model.parameters():
        p.grad = None
    loss.backward()
    return [np.zeros(p.shape) if p.grad is None else p.grad.numpy().astype(np.float64) for p in model.parameters()]


class Descent:
    """AdamW, or plain gradient descent, at a rate that rises and then falls along a cosine, clipped before."""

    def __init__(self, model, steps, s):
        self.model, self.s, self.k = model, s, 0
        self.rise = min(s["warmup"], steps // 5)
        self.fall = steps - self.rise
        self.weights = [p.numpy().astype(np.float64) for p in model.parameters()]
        self.m, self.v = ([np.zeros(w.shape) for w in self.weights] for _ in range(2))

    def step(self, loss):
        s, k, grads = self.s, self.k, gradients(self.model, loss)
        norm = math.sqrt(sum((g * g).sum() for g in grads))
        if s["clip"] and norm > s["clip"]:
            grads = [g * s["clip"] / norm for g in grads]
        self.k = t = k + 1
        wave = (1 + math.cos(math.pi * (k - self.rise) / self.fall)) / 2
        lr = s["lr"] * (t / self.rise if k < self.rise else wave)
        for w, m, v, g, p in zip(self.weights, self.m, self.v, grads, self.model.parameters(), strict=True):
            if s.get("optimizer", "adamw") == "sgd":
                w -= lr * g
            else:
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                w -= lr * (m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8) + s["weight_decay"] * w)
            p.assign(w.astype(np.float32))


def plain(s, text=TEXT):
    """(the training loss of each epoch, the model): a run with these settings, written out."""
    vocabulary = sorted(set(text))
    ids = np.array([vocabulary.index(c) for c in text[: round(s["fraction"] * len(text))]])
    cell = {"forget_bias": s["forget_bias"]} if s["model"] == "lstm" else {}
    embedding = 0 if s["model"] == "gru" and s["embedding"] is None else s["embedding"]
    model = CharModel(s["model"], len(vocabulary), s["hidden"], s["layers"], s["dropout"], embedding, rng=s["seed"],
                      recurrent_init=s["recurrent_init"], **cell)  # fmt: skip
    B, T = s["batch"], s["bptt"]
    S = (len(ids) - 1) // B
    x, y = (ids[k : k + B * S].reshape(B, S).T for k in (0, 1))
    descent, printed = Descent(model, s["epochs"] * math.ceil(S / T), s), []
    for _ in range(s["epochs"]):
        state, nats = None, 0.0
        for k in range(0, S, T):
            loss, state = model.loss(x[k : k + T], y[k : k + T], state)
            descent.step(loss)
            nats += loss.item() * x[k : k + T].size
            state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
        printed.append(nats / (S * B))
    return printed, model


def weights(model):
    return {name: array.copy() for name, array in model.state_dict().items()}


def close(one, other):
    return one.keys() == other.keys() and all(
        a.shape == other[name].shape and np.allclose(a, other[name], rtol=0, atol=1e-4) for name, a in one.items()
    )


def run_with(**changed):
    run = Run(Settings(**SMALL | changed), Corpus(TEXT))
    run.fit(eager=True)
    return run


@pytest.fixture(scope="module")
def usual():
    return run_with()


@pytest.mark.parametrize("name", ["nothing", *options_of(Settings)])
def test_a_run_is_the_loop_written_out_and_its_training_loss_is_what_was_minimised(name, usual):
    changed = {} if name == "nothing" else {name: OTHER[name]}
    run = run_with(**changed)
    printed, model = plain(asdict(Settings()) | SMALL | changed)
    assert close(weights(run.model), weights(model))
    assert [row["train"] for row in run.progress.history] == pytest.approx(printed, rel=1e-4)
    assert close(weights(run.model), weights(usual.model)) == (name == "nothing")


def test_the_chunks_were_of_unequal_length():
    steps = (round(0.95 * len(TEXT)) - 1) // SMALL["batch"]
    assert steps % SMALL["bptt"]


class StopError(Exception):
    pass


@pytest.mark.parametrize("stop", [1, 7, 9])
def test_the_training_loss_of_a_run_that_was_stopped_is_that_of_all_its_chunks(stop, tmp_path):
    settings = {**SMALL, "dropout": 0.5, "batch": 3}
    path, seen = tmp_path / "text.txt", []
    path.write_text(TEXT)

    def stopping(progress, loss):
        seen.append(loss)
        if len(seen) == stop:
            raise StopError

    first = Run(Settings(**settings), Corpus(TEXT))
    with pytest.raises(StopError):
        first.fit(eager=True, on_chunk=stopping)
    first.save(tmp_path)
    again = Run.load(tmp_path, path)
    again.fit(eager=True)
    printed, model = plain(asdict(Settings()) | settings)
    assert [row["train"] for row in again.progress.history] == pytest.approx(printed, rel=1e-4)
    assert close(weights(again.model), weights(model))


# what a model is before its first step


GATES = {"rnn": 1, "lstm": 4, "gru": 3}


@pytest.mark.parametrize(("model", "gates"), GATES.items())
def test_the_sizes_are_those_of_the_settings(model, gates):
    V = len(set(TEXT))
    for embedding, features in ((None, V if model == "gru" else 5), (0, V), (3, 3)):
        made = Run(Settings(model=model, hidden=5, layers=3, embedding=embedding), Corpus(TEXT)).model.state_dict()
        learnt = [array.shape for name, array in made.items() if name.startswith("embedding")]
        assert learnt == ([] if features == V else [(V, features)])
        into = [array.shape for name, array in made.items() if "weight_ih" in name]
        assert into == [(gates * 5, features), (gates * 5, 5), (gates * 5, 5)]
        assert [array.shape for name, array in made.items() if "weight_hh" in name] == [(gates * 5, 5)] * 3


def start(**changed):
    return Run(Settings(**{"model": "lstm", "hidden": 6, "layers": 1} | changed), Corpus(TEXT)).model.state_dict()


def named(part, state):
    (found,) = (array for name, array in state.items() if part in name)
    return found


def test_the_forget_gate_is_open_by_as_much_as_was_asked_for_and_the_others_are_as_they_were():
    more = named("bias_ih", start(forget_bias=3.0)) - named("bias_ih", start(forget_bias=0.5))
    np.testing.assert_allclose(more, np.repeat([0, 2.5, 0, 0], 6), atol=1e-6)


def test_the_recurrent_weights_begin_as_was_asked_for():
    for gate in np.split(named("weight_hh", start(recurrent_init="orthogonal")), 4):
        np.testing.assert_allclose(gate @ gate.T, np.eye(6), atol=1e-6)
        assert not np.allclose(gate, np.eye(6))
    for gate in np.split(named("weight_hh", start(recurrent_init="identity")), 4):
        np.testing.assert_array_equal(gate, np.eye(6))
    uniform = named("weight_hh", start(recurrent_init="uniform"))
    assert abs(uniform).max() <= 1 / math.sqrt(6)
    assert abs(np.sum(uniform[:6] ** 2, axis=1) - 1).min() > 0.1


def test_the_seed_decides_the_weights():
    one, again, other = (start(seed=seed) for seed in (3, 3, 4))
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert not np.array_equal(named("weight_hh", one), named("weight_hh", other))


@pytest.mark.parametrize("p", [0.0, 0.6])
def test_so_many_values_are_dropped_between_layers(p):
    run = Run(Settings(hidden=4, layers=2, dropout=p), Corpus(TEXT))
    assert run.model.rnn.dropout == p
    between = next(part for part in run.model.modules() if isinstance(part, tg.nn.Dropout))
    dropped = between(tg.tensor(np.ones(4000))).numpy() == 0
    assert dropped.mean() == pytest.approx(p, abs=0.04)  # its deviation is 0.008
    run.model.eval()
    ids = np.arange(8)[:, None]
    assert run.model.loss(ids, ids)[0].item() == run.model.loss(ids, ids)[0].item()


# a translator


PAIRS = [("".join(word), "".join(word[::-1])[: 1 + k % 3])
         for k, word in enumerate(np.random.default_rng(0).choice(list("abc"), (20, 3)))]  # fmt: skip
TINY = {"hidden": 4, "embedding": 3, "batch": 6, "epochs": 2, "warmup": 2, "lr": 0.02, "weight_decay": 0.1}
ANOTHER = {
    "model": "rnn", "hidden": 5, "layers": 2, "embedding": 4, "attention": "additive", "bidirectional": False,
    "reverse": True, "teacher_forcing": 0.3, "batch": 7, "epochs": 1, "lr": 0.05, "warmup": 0, "weight_decay": 3.0,
    "clip": 0.1, "seed": 1,
}  # fmt: skip


def written_out(r, pairs=PAIRS, known=PAIRS):
    """(the training loss of each epoch, the model): a training of a translator with this recipe."""
    made = Translator(Recipe(**r), known)
    steps = r["epochs"] * math.ceil(len(pairs) / r["batch"])
    descent, coins, printed = Descent(made.model, steps, r), np.random.default_rng(r["seed"]), []
    for epoch in range(r["epochs"]):
        nats = characters = 0.0
        for rows in shuffled(pairs, r["batch"], np.random.default_rng([r["seed"], epoch])):
            b = made.alphabet.batch(rows)
            logits = made.model(b.source, b.target, b.lengths, teacher_forcing=r["teacher_forcing"], rng=coins)
            loss = sequence_loss(logits, b.target, b.target_lengths)
            descent.step(loss)
            own = sum(len(target) + 1 for _, target in rows)  # one to stop
            nats, characters = nats + own * loss.item(), characters + own
        printed.append(nats / characters)
    return printed, made.model


def learnt(**changed):
    training = Translation(Translator(Recipe(**TINY | changed), PAIRS), PAIRS)
    return [loss for _, loss, _ in training.fit(eager=True)], training.translator


@pytest.mark.parametrize("name", ["nothing", *options_of(Recipe)])
def test_a_translator_learns_as_written_out_and_its_training_loss_is_what_was_minimised(name):
    changed = {} if name == "nothing" else {name: ANOTHER[name]}
    losses, made = learnt(**changed)
    printed, model = written_out(asdict(Recipe()) | TINY | changed)
    assert close(weights(made.model), weights(model))
    assert losses == pytest.approx(printed, rel=1e-4)
    assert close(weights(made.model), weights(learnt()[1].model)) == (name == "nothing")


def test_the_training_loss_of_a_translator_that_was_stopped_is_that_of_all_its_steps(tmp_path):
    first, count = Translation(Translator(Recipe(**TINY), PAIRS), PAIRS), []

    def stopping(pairs):
        count.append(pairs)
        if len(count) == 2:
            raise StopError

    with pytest.raises(StopError):
        list(first.fit(stopping, eager=True))
    first.save(tmp_path)
    again = [loss for _, loss, _ in Translation.load(tmp_path, PAIRS).fit(eager=True)]
    assert again == pytest.approx(written_out(asdict(Recipe()) | TINY)[0], rel=1e-4)


@pytest.mark.parametrize(("model", "gates"), GATES.items())
@pytest.mark.parametrize("both", [True, False])
def test_the_sizes_of_a_translator_are_those_of_the_recipe(model, gates, both):
    recipe = Recipe(model=model, hidden=5, layers=2, embedding=4, bidirectional=both, attention="none")
    made = Translator(recipe, PAIRS).model.state_dict()
    found = {name: array.shape for name, array in made.items() if "weight_hh" in name}
    H = 5 * (1 + both)
    assert sorted(found.values()) == sorted([(gates * 5, 5)] * 2 * (1 + both) + [(gates * H, H)] * 2)
    assert sorted({array.shape[1] for name, array in made.items() if "weight_ih_l0" in name}) == [4]


LEARNT = {
    "none": [], "dot": ["key.weight"],
    "additive": ["key.weight", "query.weight", "query.bias", "energy.weight"],
}  # fmt: skip


@pytest.mark.parametrize(("attention", "learnt"), LEARNT.items())
def test_attention_is_by_products_by_a_layer_or_not_at_all(attention, learnt):
    names = Translator(Recipe(attention=attention, hidden=4), PAIRS).model.state_dict()
    assert [name.partition("attention.")[2] for name in names if "attention." in name] == learnt


def test_a_source_that_is_read_backwards_is_the_word_turned_round():
    forwards, backwards = (Translator(Recipe(**TINY, reverse=reverse), PAIRS) for reverse in (False, True))
    sources = ["abc", "aab", "cb", "b", "ccab"]
    written = forwards.translate([source[::-1] for source in sources])
    assert backwards.translate(sources) == written
    assert forwards.alphabet.batch([("abc", "a")]).source[:, 0].tolist() == [0, 1, 2]
    assert backwards.alphabet.batch([("abc", "a")]).source[:, 0].tolist() == [2, 1, 0]
