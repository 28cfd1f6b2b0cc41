"""Training, saving, going on, sampling: on a text small enough to learn in a second."""

import dataclasses
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.compiled import Compiled
from tinygrad_rnn.saving.checkpoint import read, write
from tinygrad_rnn.train import (
    CharModel,
    Corpus,
    DataParallel,
    Run,
    Settings,
    evaluate,
    sample,
    stream_batches,
    stream_sample,
)
from tinygrad_rnn.train.choice import sample_logits

TEXT = "the quick brown fox jumps over the lazy dog. " * 30
SMALL = Settings(hidden=24, layers=1, batch=5, bptt=16, epochs=8, lr=0.02, warmup=0, dropout=0.0)


def test_a_model_learns_a_text_by_heart_and_writes_it():
    run = Run(SMALL, Corpus(TEXT))
    before = evaluate(run.model, run.corpus.split()[1])
    history = run.fit().history
    assert before == pytest.approx(math.log(28), abs=0.5)  # 28 characters, untrained: near to guessing
    assert history[-1]["valid"] < 0.2
    assert "quick brown fox" in sample(run.model, run.corpus, "the ", 60, temperature=0)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("embedding", [None, 0])
def test_the_loss_drawn_step_by_step_is_the_loss_trained(kind, embedding):
    model = CharModel(kind, 7, hidden=5, layers=2, embedding=embedding, dtype=np.float64, rng=0)
    ids = np.random.default_rng(0).integers(0, 7, (6, 3))
    gradients = []
    for loss in (model.loss(ids[:-1], ids[1:])[0], model.step_losses(ids[:-1], ids[1:])[0] / 5):
        model.zero_grad()
        loss.backward()
        gradients.append((loss.item(), [p.grad.numpy() for p in model.parameters()]))
    assert gradients[0][0] == pytest.approx(gradients[1][0], rel=1e-12)
    for a, b in zip(gradients[0][1], gradients[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14)  # float64, summed in another order


def test_evaluation_in_one_piece_or_in_chunks_is_the_same():
    model = CharModel("gru", 28, hidden=8, layers=2, dtype=np.float64, rng=0, dropout=0.5)
    ids = Corpus(TEXT).ids
    assert evaluate(model, ids, 4, 7) == pytest.approx(evaluate(model, ids, 4, 1000), rel=1e-12)
    assert model.training


def test_a_run_says_what_it_is_and_where_it_stands():
    run = Run(SMALL, Corpus(TEXT))
    assert repr(run) == "Run(lstm 1×24 on 1,350 characters, epoch 0 of 8)"
    seen = []

    def look(progress, loss):
        seen.append(repr(run))
        if progress.epoch == 2:
            raise StopError

    with pytest.raises(StopError):
        run.fit(on_chunk=look)
    assert seen[0] == "Run(lstm 1×24 on 1,350 characters, epoch 1 of 8)"
    assert seen[-1] == "Run(lstm 1×24 on 1,350 characters, epoch 3 of 8)"
    assert "state" not in repr(run.progress)


def test_a_run_is_compiled_unless_it_is_to_be_eager():
    for eager in (False, True):
        run = Run(dataclasses.replace(SMALL, epochs=1), Corpus(TEXT))
        run.fit(eager=eager)
        assert isinstance(run.loss, Compiled) != eager


def test_an_epoch_is_so_many_chunks_and_characters():
    run = Run(dataclasses.replace(SMALL, batch=3, bptt=20, fraction=0.9), Corpus(TEXT))
    # 1,215 of 1,350 characters: 404 steps in three rows, which are twenty chunks of 20 and one of 4
    assert run.batches() == (21, 1212)


def test_weight_decay_is_adamw_s_alone():
    for name, decay in (("adamw", 0.25), ("sgd", 0.0), ("adam", 0.0)):
        run = Run(dataclasses.replace(SMALL, optimizer=name, weight_decay=0.25), Corpus(TEXT))
        assert getattr(run.optimizer, "weight_decay", 0.0) == decay


def test_each_rank_has_its_rows_of_the_state_and_random_numbers_of_its_own(tmp_path):
    states, numbers = [], []
    for rank in range(2):
        run = Run(dataclasses.replace(SMALL, layers=2, dropout=0.2), Corpus(TEXT))
        state = np.arange(2 * 5 * 24.0).reshape(2, 5, 24).astype("float32")
        run.progress.state = (tg.tensor(state), tg.tensor(-state))
        whole = run._dropouts()[0].rng.bit_generator.state
        run._share(DataParallel(SimpleNamespace(
            Get_rank=lambda rank=rank: rank, Get_size=lambda: 2, Allreduce=None, allgather=lambda part: [part, part],
        )))  # fmt: skip
        states.append([part.numpy() for part in run.progress.state])
        run.progress.state = None
        assert run.save(tmp_path / str(rank)) == tmp_path / str(rank) / "checkpoint.json"
        assert (tmp_path / str(rank)).exists() == (rank == 0)
        numbers.append(run._dropouts()[0].rng.random())
        assert (run._dropouts()[0].rng.bit_generator.state == whole) is False
        other = np.random.default_rng()
        other.bit_generator.state = whole
        assert (numbers[rank] == other.random()) == (rank == 0)
    for k, sign in enumerate((1, -1)):
        assert np.array_equal(np.concatenate([parts[k] for parts in states], 1), sign * state)


def test_a_setting_of_a_checkpoint_that_is_out_of_range_is_damage(tmp_path):
    Run(SMALL, Corpus(TEXT)).save(tmp_path)
    change_fact(tmp_path, "settings.hidden", 0)
    with pytest.raises(tg.CheckpointError, match=r"damaged(.|\n)*hidden=0"):
        Run.load(tmp_path)


def change_fact(directory, place, value):
    """Write a fact of a checkpoint anew, as whoever knows the format could."""
    arrays, facts = read(directory)
    *up, last = place.split(".")
    at = facts
    for key in up:
        at = at[key]
    at[last] = value
    write(directory, arrays, facts)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("progress.chunk", "x"), ("progress.chunk", 10**6), ("progress.history", 1), ("progress.epoch", -5),
        ("progress.epoch", [[]]), ("progress.history", [{"valid": "low"}]), ("progress.total", None),
        ("settings.batch", 1.5), ("settings.clip", "8"), ("settings.warmup", "gru"), ("settings.fraction", None),
        ("vocabulary", list(range(28))), ("vocabulary", {"a": 1}), ("text", None), ("settings", None), ("dropout", [1]),
        ("progress", {}), ("settings.optimizer", "Adam"),
    ],
)  # fmt: skip
def test_a_fact_of_another_kind_is_damage(tmp_path, place, value):
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    Run(SMALL, Corpus(TEXT)).save(tmp_path / "run")
    change_fact(tmp_path / "run", place, value)
    with pytest.raises(tg.TinygradError):
        Run.load(tmp_path / "run", text)


@pytest.mark.parametrize("shapes", [[(1, 5, 7)] * 2, [(2, 5, 24)] * 2, [(1, 5, 24)], [(1, 24)] * 2])
def test_a_carried_state_of_another_model_is_damage(tmp_path, shapes):
    run = Run(SMALL, Corpus(TEXT))
    run.progress.state = tuple(tg.tensor(np.zeros(shape, "f4")) for shape in shapes)
    run.save(tmp_path)
    with pytest.raises(tg.CheckpointError, match=r"a carried state of shapes \[\("):
        Run.load(tmp_path)


def test_settings_take_numbers_of_numpy_and_keep_plain_ones(tmp_path):
    run = Run(Settings(hidden=np.int64(4), layers=1, batch=2, epochs=1, lr=np.float32(0.01)), Corpus(TEXT[:400]))
    assert (type(run.settings.hidden), type(run.settings.lr)) == (int, float)
    run.save(tmp_path)
    assert Run.load(tmp_path).settings == run.settings


def test_the_validation_loss_does_not_depend_on_the_batch():
    losses = []
    for batch in (2, 7):
        run = Run(dataclasses.replace(SMALL, batch=batch, epochs=1, lr=0.0, weight_decay=0.0), Corpus(TEXT))
        run.fit()
        losses.append(run.progress.history[-1]["valid"])
    assert losses[0] == losses[1]


def test_the_highest_rate_is_reached_in_a_short_run():
    rates = []
    run = Run(dataclasses.replace(SMALL, warmup=1000, epochs=2), Corpus(TEXT))
    run.fit(on_chunk=lambda progress, loss: rates.append(run.optimizer.lr))
    assert max(rates) == SMALL.lr
    assert rates[0] < SMALL.lr


def test_a_loss_that_explodes_is_said_with_the_norm_before(monkeypatch):
    run = Run(dataclasses.replace(SMALL, optimizer="sgd", lr=3e38, clip=0.0), Corpus(TEXT))
    with np.errstate(all="ignore"), pytest.raises(tg.GradientError) as said:
        run.fit(eager=True)
    assert re.search(r"at epoch 1, chunk \d+", str(said.value))
    assert re.search(r"learning rate 3e\+38; the gradient's norm was [\d.e+]+ in the step before", str(said.value))


def test_models_that_there_are_not_are_refused():
    with pytest.raises(tg.OptionError, match=r"CharModel: kind='lsmt'(.|\n)*did you mean 'lstm'"):
        CharModel("lsmt", 5)
    with pytest.raises(tg.OptionError, match="CharModel: embedding=-1"):
        CharModel("rnn", 5, embedding=-1)


def modes(model):
    return [module.training for module in model.modules()]


@pytest.mark.parametrize("use", [evaluate, sample])
def test_evaluating_and_sampling_leave_each_part_in_its_own_mode_also_when_they_fail(use, monkeypatch):
    model, corpus = CharModel("rnn", 28, hidden=4, layers=2, rng=0, dropout=0.5), Corpus(TEXT)
    model.embedding.eval()  # one part frozen, the others not
    before, seen = modes(model), []
    assert len(set(before)) == 2
    monkeypatch.setattr(model.head, "forward", lambda x: seen.append(modes(model)) or x @ model.head.weight.data.T)
    use(model, corpus.ids if use is evaluate else corpus)
    assert modes(model) == before
    assert not any(map(any, seen))
    monkeypatch.setattr(model.head, "forward", lambda x: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        use(model, corpus.ids if use is evaluate else corpus)
    assert modes(model) == before


class StopError(Exception):
    pass


@pytest.mark.parametrize(
    ("kind", "stop_at"), [("lstm", 1), ("lstm", 17), ("lstm", 30), ("lstm", 31), ("gru", 5), ("rnn", 5)]
)
def test_a_run_saved_anywhere_and_loaded_goes_on_to_the_bit(tmp_path, kind, stop_at):
    settings = Settings(hidden=8, layers=2, batch=5, bptt=16, epochs=3, dropout=0.2, model=kind, fraction=0.9)
    whole = Run(settings, Corpus(TEXT))
    whole.fit()

    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    first = Run(settings, Corpus(TEXT))
    seen = []

    def stop(progress, loss):
        seen.append(loss)
        if len(seen) == stop_at:
            raise StopError

    with pytest.raises(StopError):
        first.fit(on_chunk=stop)
    first.save(tmp_path / "run")
    second = Run.load(tmp_path / "run", text)
    second.fit()
    for name, values in whole.model.state_dict().items():
        assert np.array_equal(values, second.model.state_dict()[name]), name
    assert [row["valid"] for row in whole.progress.history] == [row["valid"] for row in second.progress.history]


def test_a_loss_that_is_not_finite_stops_the_run_in_words():
    run = Run(SMALL, Corpus(TEXT))
    run.model.head.weight.assign(np.full(run.model.head.weight.shape, np.nan))
    with pytest.raises(tg.GradientError, match="epoch 1, chunk 1"):
        run.fit()


def test_a_gradient_that_is_not_finite_never_reaches_the_parameters(monkeypatch):
    run = Run(SMALL, Corpus(TEXT))
    before = run.model.state_dict()
    monkeypatch.setattr("tinygrad_rnn.train.step.clip_grad_norm_", lambda *args: math.nan)
    with pytest.raises(tg.GradientError, match="norm is nan at epoch 1, chunk 1"):
        run.fit()
    assert all(np.array_equal(before[name], values) for name, values in run.model.state_dict().items())


def test_a_run_goes_on_only_with_its_own_text(tmp_path):
    Run(SMALL, Corpus(TEXT)).save(tmp_path)
    (tmp_path / "other.txt").write_text(TEXT + TEXT[:5])
    with pytest.raises(tg.CheckpointError, match="another text"):
        Run.load(tmp_path, tmp_path / "other.txt")
    with pytest.raises(tg.DataError, match="too short"):
        Run.load(tmp_path).fit()  # without its text it can write, not learn
    Run.load(tmp_path).save(tmp_path)
    (tmp_path / "same.txt").write_text(TEXT)
    assert len(Run.load(tmp_path, tmp_path / "same.txt").corpus) == len(TEXT)


def test_a_text_too_short_is_refused_before_training():
    with pytest.raises(tg.DataError, match="shorter than a batch"):
        Run(Settings(batch=50), Corpus("too short for fifty rows, this text, really")).batches()
    with pytest.raises(tg.DataError, match="too short to keep"):
        Run(Settings(batch=1), Corpus("0123456789")).batches()


# sampling


def test_choices_follow_the_probabilities():
    rng = np.random.default_rng(0)
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))

    def share(**options):
        drawn = sample_logits(np.tile(logits, (4000, 1)), rng=rng, **options)
        return np.bincount(drawn, minlength=4) / 4000

    # 4,000 draws: a share's standard deviation is below 0.008
    assert share() == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.04)
    assert share(temperature=0).tolist() == [1, 0, 0, 0]
    squared = np.array([0.25, 0.09, 0.0225, 0.0025]) / 0.365
    assert share(temperature=0.5) == pytest.approx(squared, abs=0.04)
    assert share(top_k=2) == pytest.approx([0.625, 0.375, 0, 0], abs=0.04)
    assert share(top_p=0.6) == pytest.approx([0.625, 0.375, 0, 0], abs=0.04)
    assert share(top_p=0.5).tolist() == [1, 0, 0, 0]
    assert share(temperature=1e-3, top_k=9).tolist() == [1, 0, 0, 0]
    assert share(temperature=1e-310).tolist() == [1, 0, 0, 0]


def test_of_characters_that_are_as_likely_as_each_other_the_first_are_chosen_among():
    assert {*sample_logits(np.zeros((60, 300)), top_k=3, rng=0).tolist()} == {0, 1, 2}


def test_the_same_seed_writes_the_same_and_the_model_is_left_as_it_was():
    model, corpus = CharModel("rnn", 28, hidden=8, rng=0, dropout=0.5), Corpus(TEXT)
    assert sample(model, corpus, "the", 40, rng=1) == sample(model, corpus, "the", 40, rng=1)
    assert sample(model, corpus, "the", 40, rng=1) != sample(model, corpus, "the", 40, rng=2)
    assert len(sample(model, corpus, "", 10, rng=0)) == 10
    assert model.training


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -1},
        {"temperature": math.nan},
        {"top_k": 0},
        {"top_p": 0},
        {"top_p": 1.5},
        {"length": -1},
        {"temperature": "hot"},
        {"top_k": 1.5},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(tg.OptionError, match=next(iter(options))):
        sample(CharModel("rnn", 28, hidden=4), Corpus(TEXT), **options)


def test_a_prompt_is_judged_before_anything_is_written():
    with pytest.raises(tg.DataError, match="'日'"):
        stream_sample(CharModel("rnn", 28, hidden=4), Corpus(TEXT), "日")


def test_a_diverged_model_says_so():
    with pytest.raises(tg.DataError, match="not finite"):
        sample_logits([0.0, np.nan])


def test_streams_carry_the_state_and_cut_the_graph():
    model = CharModel("lstm", 28, hidden=4, rng=0)
    state = None
    for x, y in stream_batches(Corpus(TEXT).ids, 3, 20):
        loss, state = model.loss(x, y, state)
        loss.backward()
        state = tg.train.detach_state(state)
        assert not any(part.requires_grad for part in state)


def test_the_corpus_of_another_model_is_refused():
    with pytest.raises(tg.DataError, match=r"not the model's(.|\n)*of 90 characters(.|\n)*one of 3"):
        sample(CharModel("rnn", 90, 4, rng=0), Corpus("abc"), "a", 30)
