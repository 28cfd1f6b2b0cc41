"""Made pairs are right and repeatable; a translator learns them, and is asked what it was not shown."""

import hashlib
import json
import shutil
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.data import Corpus, split_pairs
from tinygrad_rnn.data.addition import addition, operands
from tinygrad_rnn.data.dates import FIRST, FORMATS, LAST, MONTHS, WEEKDAYS, dates, day, ordinal, year
from tinygrad_rnn.nn import greedy_search, sequence_loss
from tinygrad_rnn.train import Recipe, Translation, Translator, exact_match, forced_match, train_translator
from tinygrad_rnn.train.step import training_step
from tinygrad_rnn.train.translation import digest

COPIES = [(text, text[::-1]) for text in ("".join(w) for w in np.random.default_rng(0).choice(list("abcd"), (300, 3)))]


def test_sums_are_right_different_and_the_seeds():
    pairs = addition(5000, seed=3)
    assert all(sum(map(int, source.split("+"))) == int(target) for source, target in pairs)
    assert len(set(pairs)) == 5000
    assert all(int(n) < 1000 for source, _ in pairs for n in source.split("+"))
    assert pairs == addition(5000, seed=3) != addition(5000, seed=4)
    train, held_out = split_pairs(pairs, 500, key=operands)
    assert not set(map(operands, train)) & set(map(operands, held_out))
    assert len(addition(10**6, digits=1)) == 100


@given(st.integers(FIRST, LAST), st.sampled_from(FORMATS))
def test_every_format_names_the_month_the_day_and_the_year(number, write):
    d = date.fromordinal(number)
    text = write(d)
    assert MONTHS[d.month - 1][:3] in text or f".{d.month}." in text
    assert ordinal(d.day) in text or str(d.day) in text
    assert str(d.year) in text or year(d.year) in text
    assert [k for k, name in enumerate(WEEKDAYS) if name[:3] in text] in ([], [d.weekday()])


def test_no_two_days_are_written_alike():
    texts = {}
    for text, iso in dates(20_000):
        assert texts.setdefault(text, iso) == iso  # "3 may 1998" is written so in two formats
    days = [date.fromordinal(n) for n in range(FIRST, LAST + 1, 7)]
    for write in FORMATS:
        assert len({write(d) for d in days}) == len(days)


def test_a_day_that_is_asked_was_shown_in_no_format():
    train, held_out = split_pairs(dates(3000, seed=1), 300, key=day)
    assert not {iso for _, iso in train} & {iso for _, iso in held_out}
    assert dates(50, seed=1) == dates(50, seed=1) != dates(50, seed=2)


@pytest.mark.parametrize("attention", ["dot", "additive", "none"])
def test_it_learns_to_turn_words_round_and_its_figures_are_counted(attention):
    train, held_out = split_pairs(COPIES, 30)
    recipe = Recipe(
        model="gru", hidden=24, embedding=8, attention=attention, bidirectional=attention != "none", batch=32,
        epochs=30 if attention == "none" else 12, lr=1e-2, warmup=10,
    )  # fmt: skip
    translator = Translator(recipe, COPIES)
    chance = exact_match(translator, held_out)
    losses = [loss for _, loss, _ in train_translator(translator, train)]
    exact = exact_match(translator, held_out)
    assert losses[-1] < 0.2 * losses[0]
    assert exact > 0.5 > 0.2 > chance  # by guessing among the 64 words one in 64; here it got 0.87 and more
    written = translator.translate([source for source, _ in held_out])
    assert exact == np.mean([w == target for w, (_, target) in zip(written, held_out, strict=True)])
    assert exact_match(translator, held_out, beam=3) >= exact - 0.1
    characters, whole = forced_match(translator, held_out)
    assert whole <= characters <= 1
    assert whole >= exact  # right on its own, it is right when shown the same
    assert characters >= exact


def test_the_same_seed_learns_the_same():
    def run():
        translator = Translator(Recipe(hidden=8, embedding=4, epochs=1, teacher_forcing=0.5), COPIES)
        return next(train_translator(translator, COPIES))[1], translator.translate(["abc"])

    assert run() == run()


@pytest.mark.parametrize("recipe", [
    Recipe(hidden=8, embedding=4, epochs=1),
    Recipe("lstm", 6, 2, 3, "additive", reverse=True, epochs=1, seed=3),
    Recipe("rnn", 6, 1, 3, "none", bidirectional=False, epochs=1),
], ids=lambda recipe: recipe.model)  # fmt: skip
def test_what_is_loaded_writes_what_was_saved_to_the_bit(recipe, tmp_path):
    pairs = [(source + "é\t", target + "→") for source, target in COPIES]
    translator = Translator(recipe, pairs)
    list(train_translator(translator, pairs))
    assert translator.save(tmp_path / "made" / "for it").exists()
    loaded = Translator.load(tmp_path / "made" / "for it")
    assert (loaded.recipe, loaded.limit, vars(loaded.alphabet).keys()) == (recipe, 5, vars(translator.alphabet).keys())
    sources = [source for source, _ in pairs]
    for beam in (1, 3):
        assert loaded.translate(sources, beam) == translator.translate(sources, beam)
    batch, again = translator.alphabet.batch(pairs), loaded.alphabet.batch(pairs)
    for before, after in zip(batch, again, strict=True):
        np.testing.assert_array_equal(after, before)
    found = [greedy_search(t.model, batch.source, batch.lengths, limit=5) for t in (translator, loaded)]
    assert found[0] == found[1]  # the log-probabilities, too


def test_a_save_takes_the_place_of_the_one_before(tmp_path):
    translator = Translator(Recipe(hidden=8, embedding=4, epochs=1), COPIES)
    translator.save(tmp_path)
    list(train_translator(translator, COPIES))
    translator.save(tmp_path)
    loaded = Translator.load(tmp_path).model.state_dict()
    for name, array in translator.model.state_dict().items():
        np.testing.assert_array_equal(loaded[name], array)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("bidirectional", [True, False])
def test_recurrences_begin_orthogonal_and_of_the_sizes_of_the_recipe(bidirectional):
    recipe = Recipe("gru", 6, 2, 3, bidirectional=bidirectional, seed=5)
    model = Translator(recipe, COPIES).model
    shapes = {name: p.shape for name, p in model.named_parameters()}
    width = 12 if bidirectional else 6
    for name, p in model.named_parameters():
        if "weight_hh" in name:
            for block in np.split(p.data, 3):
                np.testing.assert_allclose(block @ block.T, np.eye(len(block)), atol=1e-5)  # float32
    assert {shape for name, shape in shapes.items() if "weight_hh" in name} == {(18, 6), (3 * width, width)}
    assert {shape for name, shape in shapes.items() if name.endswith("weight_ih_l0")} == {(18, 3), (3 * width, 3)}
    again, other = (Translator(Recipe("gru", 6, 2, 3, bidirectional=bidirectional, seed=k), COPIES) for k in (5, 6))
    same = [np.array_equal(p.data, q.data) for p, q in zip(model.parameters(), again.model.parameters(), strict=True)]
    assert all(same)
    assert not np.array_equal(other.model.state_dict()[name], model.state_dict()[name])


def test_a_translator_that_writes_nothing_is_loaded_too(tmp_path):
    translator = Translator(Recipe(hidden=2, embedding=2), [("a", "")])
    translator.save(tmp_path)
    assert Translator.load(tmp_path).limit == translator.limit == 1


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    directory = tmp_path_factory.mktemp("saved")
    Translator(Recipe(hidden=4, embedding=2), [("ab", "ba")]).save(directory)
    return directory


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recipe", None),
        ("recipe", {"hidden": 5}),
        ("recipe", {"hidden": "many"}),
        ("recipe", {"hidden": -1}),
        ("recipe", {"model": "transformer"}),
        ("recipe", {"heads": 8}),
        ("source", "abc"),
        ("source", 3),
        ("target", None),
        ("limit", "long"),
        ("limit", 0),
    ],
)
def test_damage_is_a_checkpoint_error(name, value, saved, tmp_path):
    directory = shutil.copytree(saved, tmp_path / "copy")
    path = directory / "checkpoint.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    facts = document["facts"]
    facts[name] = {**facts[name], **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(tg.CheckpointError, match=r"damaged|does not fit"):
        Translator.load(directory)


@pytest.mark.parametrize("facts", [None, [], {}])
def test_facts_that_are_none_are_a_checkpoint_error(facts, saved, tmp_path):
    directory = shutil.copytree(saved, tmp_path / "copy")
    path = directory / "checkpoint.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "facts": facts}), encoding="utf-8")
    with pytest.raises(tg.CheckpointError, match=r"damaged|not a translator"):
        Translator.load(directory)


def test_a_directory_of_something_else_is_a_checkpoint_error(saved, tmp_path):
    with pytest.raises(tg.CheckpointError, match="no checkpoint here"):
        Translator.load(tmp_path)
    tg.train.Run(tg.train.Settings(hidden=4, layers=1), tg.train.Corpus("some text")).save(tmp_path / "run")
    with pytest.raises(tg.CheckpointError, match=r"not a translator(.|\n)*settings(.|\n)*sample"):
        Translator.load(tmp_path / "run")
    with pytest.raises(tg.CheckpointError, match="a translator, not a character model"):
        tg.train.Run.load(saved)
    half = shutil.copytree(saved, tmp_path / "half")
    arrays = next(half.glob("arrays-*"))
    arrays.write_bytes(arrays.read_bytes()[:-9])
    with pytest.raises(tg.CheckpointError, match="damaged"):
        Translator.load(half)


def test_a_character_that_it_was_never_shown_is_named_and_so_is_the_text():
    translator = Translator(Recipe(hidden=4, embedding=2), [("ab", "ba")])
    with pytest.raises(tg.DataError, match=r"'abX'(.|\n)*only 'ab'(.|\n)*'X'"):
        translator.translate(["ab", "abX"])


UNEQUAL = [("a", "b"), ("ab", "abba"), ("bbab", "a"), ("bba", "bab")]


def test_what_stands_in_pads_is_neither_learnt_nor_read_nor_counted():
    translator = Translator(Recipe(hidden=16, embedding=8, batch=4, epochs=80, lr=2e-2, warmup=0), UNEQUAL)
    model, batches = translator.model, [translator.alphabet.batch([pair]) for pair in UNEQUAL]
    nats = sum(sequence_loss(model(b.source, b.target), b.target, reduction="sum").item() for b in batches)
    losses = [loss for _, loss, _ in train_translator(translator, UNEQUAL)]
    # float32: the mean of 13 characters, rows side by side or one by one
    assert losses[0] == pytest.approx(nats / sum(len(target) + 1 for _, target in UNEQUAL), rel=1e-5)
    assert losses[-1] < 0.05
    assert forced_match(translator, UNEQUAL) == (1, 1)
    sources = [source for source, _ in UNEQUAL]
    for beam in (1, 3):
        assert translator.translate(sources, beam) == [translator.translate([source], beam)[0] for source in sources]
        assert exact_match(translator, UNEQUAL, beam) == 1
    assert translator.translate([]) == []


def test_the_rate_rises_first_over_a_fifth_of_the_steps_at_most():
    translator = Translator(Recipe(hidden=8, embedding=4, epochs=20, batch=32, lr=0.01, warmup=10**9), COPIES)
    training, rates = Translation(translator, COPIES), []
    list(training.fit(lambda count: rates.append(training.optimizer.lr)))
    rising = len(rates) // 5
    np.testing.assert_allclose(rates[:rising], 0.01 * np.arange(1, rising + 1) / rising)
    assert max(rates) == 0.01


@pytest.mark.parametrize("teacher_forcing", [1.0, 0.5])
@pytest.mark.parametrize("at", [1, 4, 5, 7])
def test_a_training_goes_on_where_it_was_saved_to_the_bit(tmp_path, teacher_forcing, at):
    recipe = Recipe(hidden=6, embedding=4, epochs=2, batch=24, teacher_forcing=teacher_forcing, warmup=2)
    whole = Translation(Translator(recipe, COPIES), COPIES)
    rows = [row[:2] for row in whole.fit(eager=True)]
    part, seen, steps = Translation(Translator(recipe, COPIES), COPIES), [], 0

    def step(count):
        nonlocal steps
        steps += 1
        if steps == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seen.extend(row[:2] for row in part.fit(step, eager=True))
    part.save(tmp_path)
    later = Translation.load(tmp_path, COPIES)
    assert seen + [row[:2] for row in later.fit(eager=True)] == rows
    for name, array in whole.translator.model.state_dict().items():
        assert np.array_equal(array, later.translator.model.state_dict()[name])


def test_pairs_and_texts_are_known_by_the_names_that_checkpoints_have_of_them():
    pairs = [("12+3", "15"), ("é", "→")]
    said = '[["12+3", "15"], ["\\u00e9", "\\u2192"]]'
    assert digest(pairs) == hashlib.sha256(said.encode()).hexdigest()[:16]
    assert Corpus("é→").digest == hashlib.sha256("é→".encode()).hexdigest()[:16]


def test_a_training_of_other_pairs_is_refused(tmp_path):
    translator = Translator(Recipe(hidden=4, embedding=4), COPIES)
    Translation(translator, COPIES).save(tmp_path)
    with pytest.raises(tg.CheckpointError, match="other pairs"):
        Translation.load(tmp_path, COPIES[1:])
    translator.save(tmp_path)
    with pytest.raises(tg.CheckpointError, match="no training to go on with"):
        Translation.load(tmp_path, COPIES)


def test_an_epoch_is_told_with_its_mean_loss_and_its_time():
    translator = Translator(Recipe(hidden=4, embedding=3, epochs=2, batch=64, lr=0.0, teacher_forcing=1.0), COPIES)
    steps = []
    rows = list(train_translator(translator, COPIES, steps.append, eager=True))
    assert [row[0] for row in rows] == [1, 2]
    assert sorted(steps) == sorted([64, 64, 64, 64, 44] * 2)
    # at a rate of 0 every epoch costs what the untrained model does: four characters a pair, so a mean over pairs
    b = translator.alphabet.batch(COPIES)
    nats = sequence_loss(translator.model(b.source, b.target, b.lengths), b.target, b.target_lengths).item()
    assert [row[1] for row in rows] == pytest.approx([nats, nats], rel=1e-5)
    assert all(0 < row[2] < 60 for row in rows)


def test_a_model_that_reads_its_values_is_trained_as_it_is(monkeypatch):
    translators = [Translator(Recipe(hidden=4, embedding=3, epochs=1, teacher_forcing=1.0), COPIES) for _ in range(2)]
    reading = translators[1].model
    forward = reading.forward

    def read(*args, **kwargs):
        logits = forward(*args, **kwargs)
        return logits if logits.data.max() < 1e9 else logits * 0

    monkeypatch.setattr(reading, "forward", read)
    losses = [row[1] for each in translators for row in train_translator(each, COPIES)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)  # by a plan, and without


def test_a_loss_that_is_not_finite_stops_it():
    translator = Translator(Recipe(hidden=8, embedding=4, epochs=3, lr=1e6, warmup=0, clip=0), COPIES)
    translator.model.decoder.head.weight.assign(np.full(translator.model.decoder.head.weight.shape, np.inf))
    with np.errstate(all="ignore"), pytest.raises(tg.GradientError, match="loss is nan"):
        list(train_translator(translator, COPIES))


def test_each_step_knows_its_place_and_the_norm_of_the_one_before(monkeypatch):
    seen = []

    def step(loss, optimizer, **options):
        value, norm = training_step(loss, optimizer, **options)
        assert translator.model.training
        seen.append((options, norm))
        return value, norm

    monkeypatch.setattr("tinygrad_rnn.train.translation.training_step", step)
    translator = Translator(Recipe(hidden=4, embedding=3, epochs=2, batch=128, clip=0.5), COPIES)
    translator.model.eval()
    list(train_translator(translator, COPIES, eager=True))
    norms = [norm for _, norm in seen]
    places = [f"epoch {epoch}, step {k}" for epoch in (1, 2) for k in (1, 2, 3)]
    assert [options for options, _ in seen] == [
        {"max_norm": 0.5, "place": place, "before": before}
        for place, before in zip(places, [None, *norms[:-1]], strict=True)
    ]


def test_a_gradient_that_is_not_finite_never_reaches_the_parameters(monkeypatch):
    translator = Translator(Recipe(hidden=8, embedding=4), COPIES)
    before = translator.model.state_dict()
    monkeypatch.setattr("tinygrad_rnn.train.step.clip_grad_norm_", lambda *args: float("nan"))
    with pytest.raises(tg.GradientError, match="norm is nan at epoch 1, step 1"):
        list(train_translator(translator, COPIES))
    assert all(np.array_equal(before[name], values) for name, values in translator.model.state_dict().items())


def test_without_pairs_nothing_is_learnt_or_counted():
    translator = Translator(Recipe(hidden=4, embedding=2), COPIES)
    for use in (lambda: next(train_translator(translator, [])), lambda: exact_match(translator, []),
                lambda: forced_match(translator, [])):  # fmt: skip
        with pytest.raises(tg.DataError, match="there are no pairs"):
            use()
