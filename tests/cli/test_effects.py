"""Each option of the command line does what it says: by the file, the text or the weights that it leaves, beside a run
with another value. An option without an entry in the table fails; those of draw have theirs in test_draw.py.
"""

import csv
import io
import re
import sys
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import tinygrad_rnn
from tests.fuzz.ignoring import of_the_command_line
from tests.train.test_effects import ANOTHER, OTHER, SMALL, TINY, plain, written_out
from tinygrad_rnn.cli import COMMANDS, main, translate
from tinygrad_rnn.course import gallery, lesson
from tinygrad_rnn.data.addition import addition, operands
from tinygrad_rnn.data.dates import dates, day
from tinygrad_rnn.data.pairs import split_pairs
from tinygrad_rnn.errors import CheckpointError
from tinygrad_rnn.tasks import TASKS, Adding, Outcome, TrialConfig
from tinygrad_rnn.train import Corpus, Recipe, Run, Settings, Translation, Translator, read_pairs, sample
from tinygrad_rnn.train.config import options_of

TEXT = "she sells sea shells by the sea shore. " * 6
PAIRS = "".join(f"{w}\t{w[::-1]}\n" for w in map("".join, np.random.default_rng(0).choice(list("abc"), (30, 3))))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "pairs.tsv").write_text(PAIRS, encoding="utf-8")
    for name, source in translate.SOURCES.items():  # as many by default as a test has time for
        monkeypatch.setitem(translate.SOURCES, name, source._replace(examples=25))
    monkeypatch.setattr(translate, "HELD_OUT", 5)


def words(settings):
    """What is typed for these settings."""
    for name, value in settings.items():
        flag = name.replace("_", "-")
        yield from [f"--{flag}"] * value or [f"--no-{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]


class Typed:
    """A user, with what a test may change for them."""

    def __init__(self, capsys, patch):
        self.capsys, self.patch = capsys, patch

    def says(self, *arguments, status=0):
        """What is printed."""
        self.capsys.readouterr()
        assert main([str(word) for word in arguments]) == status
        return self.capsys.readouterr().out

    def trains(self, *arguments, out="run", text="t.txt", **settings):
        """The run that is saved."""
        self.says("train", "--text", text, "--eager", "--out", out, *words(SMALL | settings), *arguments)
        return Run.load(out)

    def translates(self, *arguments, out="model", pairs="pairs.tsv", **recipe):
        """The translator that is saved."""
        source = ["--pairs", pairs] * bool(pairs)
        self.says("translate", *source, "--eager", "--out", out, *words(TINY | recipe), *arguments)
        return Translator.load(out)


def weights(trained):
    return getattr(trained, "model", trained).state_dict()


def same(one, other):
    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


EFFECTS = {}


def of(name):
    return lambda effect: EFFECTS.setdefault(name, effect)


NAMES = [name for name, _ in of_the_command_line() if not name.startswith("draw ") or name == "draw --threads"]


@pytest.mark.parametrize("name", NAMES)
def test_an_option_has_an_effect(name, capsys, monkeypatch):
    EFFECTS[name](Typed(capsys, monkeypatch))


def test_every_entry_is_of_an_option():
    assert EFFECTS.keys() == set(NAMES)


def printed(said):
    return [float(loss) for loss in re.findall(r"^epoch .* train +([\d.]+)", said, re.MULTILINE)]


def test_the_training_loss_that_is_printed_is_what_was_minimised(capsys, monkeypatch):
    user = Typed(capsys, monkeypatch)
    losses, _ = plain(asdict(Settings()) | SMALL, TEXT)
    said = user.says("train", "--text", "t.txt", *words(SMALL))
    assert printed(said) == pytest.approx(losses, abs=2e-4)  # four digits are printed
    train, held_out = split_pairs(read_pairs("pairs.tsv"), 3, 0)
    losses, _ = written_out(asdict(Recipe()) | TINY, train, train + held_out)
    said = user.says("translate", "--pairs", "pairs.tsv", *words(TINY))
    assert printed(said) == pytest.approx(losses, abs=2e-4)


# of all commands


@of("tinygrad-rnn --help")
def _(user):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert user.capsys.readouterr().out.startswith("usage: ")


@of("tinygrad-rnn --version")
def _(user):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert user.capsys.readouterr().out == f"tinygrad-rnn {tinygrad_rnn.__version__}\n"


def threads(command):
    needed = {"train": ["--text", "t.txt"], "sample": ["run"], "task": ["adding"]}.get(command.name, [])

    def effect(user):
        seen = []

        def look(options):
            seen.append({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})

        user.patch.setattr("tinygrad_rnn.cli.COMMANDS", [command._replace(run=look)])
        for asked in ([], ["--threads", "2"]):
            user.says(command.name, *needed, *asked)
        assert seen == [{1}, {2}]

    return effect


for command in COMMANDS:
    EFFECTS[f"{command.name} --threads"] = threads(command)


def plans(user, where, *arguments):
    """How many plans are made, with and without --eager."""
    made = []
    for more in ([], ["--eager"]):
        count = []
        user.patch.setattr(f"{where}.compile_", lambda f, *, count=count, **options: count.append(f) or f)
        user.says(*arguments, *more)
        made.append(len(count))
    return made


# demo


def short_demo(user):
    user.patch.setattr("tinygrad_rnn.cli.demo.python_topics", lambda: "The help. " * 400)
    user.patch.setattr("tinygrad_rnn.cli.demo.painted", lambda *_: b"a picture")


@of("demo --out")
def _(user):
    short_demo(user)
    user.says("demo", "--eager", "--out", "elsewhere")
    assert Run.load("elsewhere").text == Corpus("The help. " * 400).digest
    with pytest.raises(CheckpointError):
        Run.load("demo")


@of("demo --eager")
def _(user):
    short_demo(user)
    assert plans(user, "tinygrad_rnn.train.loop", "demo") == [1, 0]


# train


@of("train --text")
def _(user):
    with open("u.txt", "w", encoding="utf-8") as file:
        file.write("other words " * 20)
    for name, text in (("t.txt", TEXT), ("u.txt", "other words " * 20)):
        run = user.trains(out=name[0], text=name)
        assert (run.corpus.vocabulary, run.text) == ("".join(sorted(set(text))), Corpus(text).digest)


@of("train --out")
def _(user):
    user.trains(out="here")
    assert Run.load("here").progress.epoch == SMALL["epochs"]
    with pytest.raises(CheckpointError):
        Run.load("runs/lstm-1")


@of("train --resume")
def _(user):
    user.trains(out="part", epochs=1)
    user.trains("--resume", out="part", epochs=2)
    assert [row["epoch"] for row in Run.load("part").progress.history] == [1, 2]


@of("train --init-from")
def _(user):
    still = {"lr": 0, "weight_decay": 0}
    first = user.trains(out="first", lr=0.1)
    assert same(first, user.trains("--init-from", "first", out="second", **still))
    assert not same(first, user.trains(out="third", **still))


@of("train --csv")
def _(user):
    run = user.trains("--csv", "log.csv", epochs=2)
    with open("log.csv", encoding="utf-8") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    assert rows == run.progress.history


@of("train --tensorboard")
def _(user):
    written = []
    writer = SimpleNamespace(add_scalar=lambda *what: written.append(what), close=lambda: written.append("closed"))
    user.patch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=lambda folder: writer))
    (row,) = user.trains("--tensorboard", "board", epochs=1).progress.history
    assert written == [*((name, value, 1) for name, value in row.items() if name != "epoch"), "closed"]


@of("train --eager")
def _(user):
    assert plans(user, "tinygrad_rnn.train.loop", "train", "--text", "t.txt", *words(SMALL)) == [1, 0]


@cache
def learnt(**changed):
    """The run that the library makes with these settings."""
    run = Run(Settings(**SMALL | changed), Corpus(TEXT))
    run.fit(eager=True)
    return run


def setting(name):
    def effect(user):
        run = user.trains(**{name: OTHER[name]})
        assert same(run, learnt(**{name: OTHER[name]}))
        assert not same(run, learnt())

    return effect


for name in options_of(Settings):
    EFFECTS[f"train --{name.replace('_', '-')}"] = setting(name)


# sample


def saved(out="run", **settings):
    run = Run(Settings(**SMALL | settings), Corpus(TEXT))
    run.save(out)
    return run


@of("sample DIR")
def _(user):
    for out, seed in (("one", 1), ("two", 2)):
        run = saved(out, seed=seed)
        written = sample(run.model, run.corpus, "", 30, rng=0, temperature=0.8)
        assert user.says("sample", out, "--length", 30, "--seed", 0) == f"{written}\n"


def sampled(name, value):
    """An option of sampling, beside what the library writes with it."""

    def effect(user):
        run, written = saved(), {}
        for given in ({}, {name: value}):
            options = {"temperature": 0.8, "prompt": "", "length": 60, "seed": 3} | given
            seed, prompt = options.pop("seed"), options["prompt"]
            written[len(given)] = prompt + sample(run.model, run.corpus, rng=seed, **options) + "\n"
            assert user.says("sample", "run", *words({"length": 60, "seed": 3} | given)) == written[len(given)]
        assert written[0] != written[1]

    return effect


SAMPLED = {"prompt": "she ", "length": 7, "temperature": 0.1, "top_k": 2, "top_p": 0.3, "seed": 4}
for name, value in SAMPLED.items():
    EFFECTS[f"sample --{name.replace('_', '-')}"] = sampled(name, value)


# translate


@of("translate --pairs")
def _(user):
    with open("others.tsv", "w", encoding="utf-8") as file:
        file.write("x\ty\nz\tx\nzz\tyy\n")
    alphabets = [user.translates(out=name[0], pairs=name).alphabet for name in ("pairs.tsv", "others.tsv")]
    assert [(a.source.vocabulary, a.target.vocabulary[2:]) for a in alphabets] == [("abc", "abc"), ("xz", "xy")]


def learnt_from(directory, made, held_out, key):
    """Raises CheckpointError unless the training was on these pairs."""
    assert Translation.load(directory, split_pairs(made, held_out, 0, key)[0]).epoch == TINY["epochs"]


@of("translate --task")
def _(user):
    few = ["--examples", 20, "--held-out", 5]
    for task, make, key in (("dates", dates, day), ("addition", addition, operands)):
        user.translates("--task", task, *few, pairs=None, out=task)
        learnt_from(task, make(25, 0), 5, key)


@of("translate --examples")
def _(user):
    for count in (20, 30):
        user.translates("--examples", count, "--held-out", 5, pairs=None, out=str(count))
        learnt_from(str(count), dates(count + 5, 0), 5, day)


@of("translate --held-out")
def _(user):
    user.translates("--held-out", 7)
    learnt_from("model", read_pairs("pairs.tsv"), 7, lambda pair: pair[0])


def undecided(path="model"):
    """A translator that writes otherwise when it keeps four sequences, and a word that it does so for."""
    for seed in range(100):
        made = Translator(Recipe(**TINY, seed=seed), [("abc", "abc")])
        if made.translate(["abc"]) != made.translate(["abc"], 4):
            made.save(path)
            return made
    raise AssertionError


@of("translate --load")
def _(user):
    for out, seed in (("one", 1), ("two", 2)):
        made = Translator(Recipe(**TINY, seed=seed), [("abc", "abc")])
        made.save(out)
        assert user.says("translate", "--load", out, "abc") == made.translate(["abc"])[0] + "\n"


@of("translate TEXT")
def _(user):
    user.patch.setattr("sys.stdin", io.StringIO(""))
    made, asked = undecided(), ["a", "abc", "ccb"]
    assert user.says("translate", "--load", "model", *asked).splitlines() == made.translate(asked)


@of("translate --beam")
def _(user):
    made = undecided()
    for more, beam in (([], 1), (["--beam", 4], 4)):
        assert user.says("translate", "--load", "model", "abc", *more) == made.translate(["abc"], beam)[0] + "\n"


@of("translate --out")
def _(user):
    user.translates(out="here")
    with pytest.raises(CheckpointError):
        Translator.load("runs/translate-1")


@of("translate --resume")
def _(user):
    user.translates(out="part", epochs=1)
    user.translates("--resume", out="part", epochs=3)
    train, _ = split_pairs(read_pairs("pairs.tsv"), 3, 0)
    assert Translation.load("part", train).epoch == 3


@of("translate --eager")
def _(user):
    asked = ["translate", "--pairs", "pairs.tsv", *words(TINY)]
    assert plans(user, "tinygrad_rnn.train.translation", *asked) == [1, 0]


@cache
def translator(**changed):
    """The translator that the library makes with this recipe."""
    recipe, pairs = Recipe(**TINY | changed), [tuple(line.split("\t")) for line in PAIRS.splitlines()]
    train, held_out = split_pairs(pairs, len(pairs) // 10, recipe.seed)
    made = Translator(recipe, train + held_out)
    list(Translation(made, train).fit(eager=True))
    return made


def ingredient(name):
    def effect(user):
        made = user.translates(**{name: ANOTHER[name]})
        assert same(made, translator(**{name: ANOTHER[name]}))
        assert not same(made, translator())

    return effect


for name in options_of(Recipe):
    flag = name.replace("_", "-")
    EFFECTS[f"translate --{'no-' * (options_of(Recipe)[name].kind is bool)}{flag}"] = ingredient(name)


# task


class Sums(Adding):
    """A task with two networks of its own, none of which is ever made."""

    name, title = "sums", "sums"
    configs = {
        "small": TrialConfig("rnn", 4, budget=400, quick=100),
        "gated": TrialConfig("gru", 4, budget=300, quick=50),
    }


def trials(user, *arguments):
    """(the jobs, processes and executor of the trials that are made), their outcomes at once."""
    seen = []

    def attempts(jobs, processes, executor):
        seen.append((jobs, processes, executor))
        return (Outcome(job, job.budget, False, False, 0.5, 1.0, 0.0) for job in jobs)

    user.patch.setitem(TASKS, "sums", Sums)
    user.patch.setattr("tinygrad_rnn.cli.task.attempts", attempts)
    said = user.says("task", *arguments)
    ((jobs, processes, executor),) = seen
    return SimpleNamespace(jobs=jobs, processes=processes, executor=executor, said=said)


@of("task NAME")
def _(user):
    for name in ("sums", "adding"):
        assert {job.task for job in trials(user, name).jobs} == {TASKS[name]}
    assert {job.task for job in trials(user, "all").jobs} == set(TASKS.values())


@of("task --model")
def _(user):
    for model, config in (("rnn", "small"), ("gru", "gated")):
        assert {job.config for job in trials(user, "sums", "--model", model).jobs} == {config}
    assert {job.config for job in trials(user, "sums").jobs} == {"small", "gated"}


@of("task --seeds")
def _(user):
    for options, count in (([], 5), (["--seeds", 3], 3)):
        assert [job.seed for job in trials(user, "sums", "--model", "rnn", *options).jobs] == [*range(count)]


@of("task --eager")
def _(user):
    for options in ([], ["--eager"]):
        assert {job.eager for job in trials(user, "sums", *options).jobs} == {bool(options)}


@of("task --quick")
def _(user):
    for options, budgets in (([], {400, 300}), (["--quick"], {100, 50})):
        assert {job.budget for job in trials(user, "sums", *options).jobs} == budgets


@of("task --processes")
def _(user):
    for options, count in (([], 2), (["--processes", 3], 3)):
        assert trials(user, "sums", *options).processes == count


@of("task --executor")
def _(user):
    mine = Executor()
    user.patch.setitem(sys.modules["tinygrad_rnn.cli.task"].EXECUTORS, "mine", lambda options: nullcontext(mine))
    assert trials(user, "sums").executor is None
    assert trials(user, "sums", "--executor", "mine").executor is mine


@of("task --keep")
def _(user):
    first = trials(user, "sums", "--seeds", 1, "--keep", "kept.json")
    assert len(first.jobs) == 2
    assert [job.seed for job in trials(user, "sums", "--seeds", 2, "--keep", "kept.json").jobs] == [1, 1]


@of("task --scheduler")
def _(user):
    asked = []

    def client(address, **options):
        asked.append((address, options))
        return nullcontext(SimpleNamespace(get_executor=Executor))

    user.patch.setitem(sys.modules, "distributed", SimpleNamespace(Client=client))
    for options in (["--processes", 3], ["--scheduler", "tcp://there:8786"]):
        trials(user, "sums", "--executor", "dask", *options)
    assert asked == [(None, {"n_workers": 3, "threads_per_worker": 1}), ("tcp://there:8786", {})]


# check


@of("check --seed")
def _(user):
    drawn = []
    user.patch.setattr("tinygrad_rnn.testing.selfcheck.check_library", lambda *, seed: drawn.append(seed) or [])
    user.says("check")
    user.says("check", "--seed", 5)
    assert drawn == [0, 5]


# lesson


@of("lesson N")
def _(user):
    assert "Exploding" in user.says("lesson")
    assert gallery().read_text(encoding="utf-8").startswith("# Gallery")
    assert str(gallery()) in user.says("lesson")
    assert user.says("lesson", 7, "--print").startswith("# %% [markdown]\n# # 7. ")


@of("lesson --print")
def _(user):
    assert user.says("lesson", 7, "--print") == lesson(7).path.read_text(encoding="utf-8")


@of("lesson --out")
def _(user):
    Path("pictures").mkdir()  # one that is there already will do, and one that is missing is made
    before = list(sys.argv)
    said = user.says("lesson", 7, "--out", "pictures")
    assert sys.argv == before
    assert {f"picture: {path}" for path in Path("pictures").iterdir()} == set(re.findall("picture: .+", said))


@of("lesson --check")
def _(user):
    Path("mine.py").write_text("def clip(g, most): return g", encoding="utf-8")
    assert "wrong  clip: " in user.says("lesson", 7, "--check", "mine.py", status=1)
