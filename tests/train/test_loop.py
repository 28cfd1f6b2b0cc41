"""The loop over a stream beside one written out by hand: the same parameters, the same figures."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.compiled import Compiled
from tinygrad_rnn.data import Corpus
from tinygrad_rnn.train import CharModel, DataParallel, Progress, Run, Settings, evaluate, fit, progress_bar, sample
from tinygrad_rnn.train.loop import chunk_loss, finish_epoch
from tinygrad_rnn.train.metrics import perplexity

IDS = np.random.default_rng(0).integers(0, 5, 97)
VALID = np.random.default_rng(1).integers(0, 5, 20)


def model():
    return CharModel("rnn", 5, hidden=4, layers=1, dtype=np.float64, rng=0)


def nats(net, ids):
    """−log p of each id after the first, the state carried from the first to the last."""
    logits = net(ids[:-1, None])[0].data[:, 0]
    return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(ids) - 1), ids[1:]]


def test_evaluation_is_the_mean_over_every_id_after_the_first():
    net = model()
    for bptt in (1, 7, 200):
        assert evaluate(net, IDS, bptt=bptt) == pytest.approx(nats(net, IDS).mean(), rel=1e-12)  # another order of sums
    three = [nats(net, IDS[k : k + 33]) for k in (0, 32, 64)]  # 96 steps in rows of 32
    assert evaluate(net, IDS, 3) == pytest.approx(np.mean(three), rel=1e-12)
    assert evaluate(net, IDS[:3], 50) == pytest.approx(
        nats(net, IDS[:3]).mean(), rel=1e-12
    )  # as many rows as there are


def by_hand(net, lr, clip, epochs, batch=3, bptt=5):
    """Losses and sizes of the chunks, epoch by epoch, of SGD written out."""
    steps, told = (len(IDS) - 1) // batch, []
    xs, ys = (IDS[k : k + steps * batch].reshape(batch, steps).T for k in (0, 1))
    for _ in range(epochs):
        state, losses = None, []
        for k in range(0, steps, bptt):
            for p in net.parameters():
                p.grad = None
            loss, state = net.loss(xs[k : k + bptt], ys[k : k + bptt], state)
            loss.backward()
            state = state.detach()
            grads = [p.grad.numpy() for p in net.parameters()]
            norm = np.sqrt(sum((g * g).sum() for g in grads))
            scale = min(1, clip / (norm + 1e-6)) if clip else 1
            for p, g in zip(net.parameters(), grads, strict=True):
                p.assign(p.numpy() - lr * scale * g)
            losses.append((loss.item(), xs[k : k + bptt].size))
        told.append(losses)
    return told


@pytest.mark.parametrize("clip", [None, 0.1])
def test_training_is_what_one_would_write_by_hand(clip):
    net, twin = model(), model()
    net.eval()
    told = by_hand(twin, 0.3, clip, 2)
    chunks, epochs, stands = [], [], []

    def on_chunk(progress, loss):
        chunks.append(loss)
        stands.append((progress.epoch, progress.chunk, progress.characters, progress.train_loss, progress.seconds > 0))

    progress = fit(
        net, IDS, VALID, tg.optim.SGD(net.parameters(), lr=0.3), epochs=2, batch=3, bptt=5, clip=clip,
        on_chunk=on_chunk, on_epoch=lambda progress: epochs.append(len(progress.history)),
    )  # fmt: skip
    for p, q in zip(net.parameters(), twin.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-9, atol=1e-12)  # float64, summed in another order
    np.testing.assert_allclose(chunks, [loss for losses in told for loss, _ in losses], rtol=1e-9)
    place = 0
    for epoch, losses in enumerate(told):
        for k in range(1, len(losses) + 1):
            values, sizes = zip(*losses[:k], strict=True)
            mean = np.average(values, weights=sizes)
            assert stands[place] == (epoch, k, sum(sizes), pytest.approx(mean, rel=1e-9), True)
            place += 1
        row = progress.history[epoch]
        assert row["train"] == pytest.approx(mean, rel=1e-9)
        assert (row["epoch"], row["lr"]) == (epoch + 1, 0.3)
        assert row["chars_per_second"] > 0
    assert progress.history[1]["valid"] == pytest.approx(nats(net, VALID).mean(), rel=1e-9)
    assert epochs == [1, 2]
    assert progress == Progress(epoch=2, history=progress.history)
    assert net.training


def test_each_rank_reads_its_own_rows(monkeypatch):
    monkeypatch.setattr("tinygrad_rnn.train.parallel._mpi", lambda: SimpleNamespace(IN_PLACE=None))
    net, read = model(), []
    comm = SimpleNamespace(Get_rank=lambda: 1, Get_size=lambda: 2, Allreduce=lambda how, array: None)

    def loss(ids, targets, state):
        read.append(ids)
        return net.loss(ids, targets)[0], state

    sgd = tg.optim.SGD(net.parameters(), lr=0.0)
    fit(net, IDS, VALID, sgd, epochs=1, batch=3, bptt=32, loss=loss, parallel=DataParallel(comm))
    assert read[0].tolist() == [[k] for k in IDS[64:96]]  # the first rank has the first two rows


@pytest.mark.parametrize(("seconds", "speed"), [(0.0, 0.0), (4.0, 7.5)])  # in no time: no speed
def test_an_epoch_is_told_with_its_losses_and_its_speed(seconds, speed):
    progress = Progress(epoch=1, characters=30, total=60.0, seconds=seconds)
    finish_epoch(progress, 1.5, 0.25)
    row = {"epoch": 2, "train": 2.0, "valid": 1.5, "chars_per_second": speed, "lr": 0.25}
    assert progress.history == [row]
    assert (progress.epoch, progress.chunk, progress.state) == (2, 0, None)


def test_a_loss_of_ones_own_is_what_is_learnt_by_and_judged_by():
    net, seen = model(), []

    def loss(ids, targets, state):
        seen.append(len(ids))
        return net.loss(ids, targets)[0] * 2, state

    progress = fit(net, IDS, VALID, tg.optim.SGD(net.parameters(), lr=0.0), epochs=1, batch=3, bptt=32, loss=loss)
    assert seen == [32, 19]
    assert progress.history[0]["valid"] == pytest.approx(2 * nats(net, VALID).mean(), rel=1e-9)
    # row by row from a state of 0, as this loss hands on the state that it was given
    rows = [nats(net, IDS[k : k + 33]).mean() for k in (0, 32, 64)]
    assert progress.history[0]["train"] == pytest.approx(2 * np.mean(rows), rel=1e-9)


def test_before_the_first_chunk_there_is_no_loss():
    assert np.isnan(Progress().train_loss)


def test_a_schedule_is_asked_for_each_step_of_the_whole_training():
    asked, net = [], model()
    optimizer = tg.optim.SGD(net.parameters(), lr=9.0)
    fit(net, IDS, VALID, optimizer, epochs=2, batch=3, bptt=8, schedule=lambda k: asked.append(k) or 0.25)
    assert asked == list(range(8))
    assert optimizer.lr == 0.25


def test_the_bar_counts_the_characters_and_shows_the_loss(capsys):
    run = Run(
        Settings(hidden=4, layers=1, batch=2, bptt=20, epochs=2, embedding=0), Corpus("to be or not to be. " * 20)
    )
    with progress_bar(run, shown=True) as show:
        run.fit(on_chunk=show, eager=True)
        said = capsys.readouterr().err
    with progress_bar(run, shown=True):
        pass
    again = capsys.readouterr().err
    assert "0.00/756 [00:00<?, ?char/s]" in said  # 95 % of 400, in two rows, less one: 378 an epoch
    assert "756/756 [" in said + again
    assert "100%" in again.partition("char")[0]
    assert re.search(r"loss \d\.\d{3} nats/char, \d\.\d\d bits/char]", said + again)
    with progress_bar(run, shown=False) as show:
        show(run.progress, 1.0)
    assert capsys.readouterr().err == ""


def test_the_bar_begins_where_the_run_stands(monkeypatch):
    seen, told = [], []

    class Bar:
        n = 378

        def __init__(self, **options):
            seen.append(options)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            seen.append("closed")

        def set_postfix_str(self, text, refresh):
            told.append((text, refresh))

        def update(self, n):
            told.append(n)

    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    run = Run(
        Settings(hidden=4, layers=1, batch=2, bptt=20, epochs=2, embedding=0), Corpus("to be or not to be. " * 20)
    )
    run.progress.epoch = 1
    for shown, disable in ((None, None), (True, False), (False, True)):
        seen.clear()
        with progress_bar(run, shown) as show:
            show(Progress(epoch=1, characters=40), 1.0)
        options = {"total": 756, "initial": 378, "unit": "char", "unit_scale": True, "smoothing": 0.05}
        assert seen == [{**options, "disable": disable}, "closed"]
    assert told[:2] == [("loss 1.000 nats/char, 1.44 bits/char", False), 40]


def test_a_long_text_is_written_by_a_plan_as_a_short_one_is(monkeypatch):
    net, corpus = CharModel("lstm", 5, hidden=6, layers=1, rng=0), Corpus("", "abcde")
    plain = sample(net, corpus, "ab", 40, rng=3)
    monkeypatch.setattr("tinygrad_rnn.train.generate.LONG", 5)
    assert sample(net, corpus, "ab", 40, rng=3) == plain


def test_a_model_that_reads_its_values_is_trained_and_sampled_as_it_is(monkeypatch):
    monkeypatch.setattr("tinygrad_rnn.train.generate.LONG", 5)

    class Reading(CharModel):
        def forward(self, ids, state=None):
            logits, state = super().forward(ids, state)
            return (logits if logits.data.max() < 1e9 else logits * 0), state

    written = []
    for kind in (CharModel, Reading):
        net = kind("rnn", 5, hidden=4, layers=1, dtype=np.float64, rng=0)
        fit(net, IDS, VALID, tg.optim.SGD(net.parameters(), lr=0.1), epochs=1, batch=3, bptt=32)
        written.append(sample(net, Corpus("", "abcde"), "ab", 20, rng=3))
    assert written[0] == written[1]


def test_the_losses_of_steps_are_drawn_with_the_names_of_formulas():
    loss, _ = model().step_losses(IDS[:3, None], IDS[1:4, None])
    names = [(node.role, node.name, node.step) for node in loss.graph().nodes]
    assert [name for name in names if name[0] == "output"] == [("output", "y", t) for t in (1, 2, 3)]
    assert names[loss.graph().outputs[0]] == ("loss", "L", None)


def test_without_a_prompt_it_starts_from_a_line_break_or_the_first_character():
    net = CharModel("lstm", 5, hidden=6, layers=1, rng=0)
    for vocabulary, start in (("abcde", "a"), ("ab\ncd", "\n")):
        corpus = Corpus("", vocabulary)
        assert sample(net, corpus, "", 30, rng=3) == sample(net, corpus, start, 30, rng=3)


def test_a_loss_too_large_for_a_number_is_infinitely_perplexing():
    assert np.isfinite(perplexity(709))
    assert perplexity(709.5) == np.inf


def test_a_chunk_s_loss_is_compiled_unless_it_is_to_be_eager():
    assert isinstance(chunk_loss(model()), Compiled)
    assert not isinstance(chunk_loss(model(), eager=True), Compiled)


@pytest.mark.parametrize("ids", [np.array(["a", "b"]), np.array([0.0, 1.0]), np.array([[0], [1]]), [0, 1]])
def test_what_is_no_array_of_ids_is_refused(ids):
    with pytest.raises(tg.DataError, match=r"evaluate: the ids are not an array \(N,\) of integers"):
        evaluate(model(), ids)


@pytest.mark.parametrize("ids", [[0], []])
def test_there_is_nothing_to_evaluate_without_two_ids(ids):
    with pytest.raises(tg.DataError):
        evaluate(model(), np.array(ids, int), batch=4)
