"""How a command ends: its exit status, and one line where it failed."""

import os
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from io import BytesIO, TextIOWrapper
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tqdm import tqdm

import tinygrad_rnn as tg
import viz
from tests.tasks.test_trial import Last
from tinygrad_rnn import tasks
from tinygrad_rnn.cli import COMMANDS, Command, main
from tinygrad_rnn.cli.draw import Reading, put
from tinygrad_rnn.cli.sample import say
from tinygrad_rnn.cli.task import told
from tinygrad_rnn.cli.train import StoppedError, at_chunk_ends, epoch_line, fresh_directory, is_best
from tinygrad_rnn.cli.translate import report, train_and_save
from tinygrad_rnn.train import Corpus, DataParallel, Progress, Run, Settings, evaluate


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (tg.DataError("no text", got="x", help="one more"), 2, "no text (got: x; help: one more)"),
        (tg.CheckpointError("no model"), 2, "no model"),
        (tg.OptionError("no option"), 2, "no option"),
        (tg.GradientError("no number"), 1, "no number"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError("8 EiB"), 2, "too large for this machine: 8 EiB"),
    ],
)
def test_an_error_is_a_line_and_a_status(error, status, said, monkeypatch, capsys):
    def fail(options):
        raise error

    monkeypatch.setattr("tinygrad_rnn.cli.COMMANDS", [Command("fail", "fails", lambda to: None, fail)])
    assert main(["fail"]) == status
    assert capsys.readouterr() == ("", f"tinygrad-rnn fail: {said}\n")


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1), (130, 130)])
def test_the_status_is_what_a_command_returns(returned, status, monkeypatch):
    monkeypatch.setattr("tinygrad_rnn.cli.COMMANDS", [Command("go", "goes", lambda to: None, lambda _: returned)])
    assert main(["go"]) == status


def test_the_first_page_of_help_says_what_it_is_for_and_names_each_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert "\nSee how a recurrent network learns.\n" in said
    for command in COMMANDS:
        assert command.name in said
        assert command.help in " ".join(said.split())


@pytest.mark.parametrize(("status", "ends"), [(0, False), (130, False), (1, True), (2, True)])
def test_one_of_several_ranks_that_fails_ends_them_all(status, ends, monkeypatch, capsys):
    ended, waited = [], []
    world = SimpleNamespace(Get_size=lambda: 2, Get_rank=lambda: 1, Abort=ended.append)
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", SimpleNamespace(COMM_WORLD=world))
    monkeypatch.setattr("time.sleep", lambda seconds: waited.append((seconds, capsys.readouterr().err, ended[:])))
    monkeypatch.setattr("tinygrad_rnn.cli.COMMANDS", [Command("go", "goes", lambda to: None, lambda _: status)])
    assert main(["go"]) == status
    assert waited == [(1, "tinygrad-rnn: rank 1 failed, and with it all\n", [])] * ends  # time to forward it
    assert ended == [status] * ends
    world.Get_size = lambda: 1
    assert main(["go"]) == status
    assert ended == [status] * ends


def rows(*losses):
    return Progress(history=[{"valid": loss} for loss in losses])


def test_the_best_epoch_is_the_first_of_the_lowest():
    assert is_best(rows(2.0))
    assert is_best(rows(3.0, 2.0))
    assert not is_best(rows(2.0, 2.0))
    assert not is_best(rows(2.0, 1.0, 1.5))


def test_a_fresh_directory_is_the_first_that_is_free(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [fresh_directory("gru") for _ in range(3)] == [Path("runs", f"gru-{k}") for k in (1, 2, 3)]
    Path("runs", "gru-2").rmdir()
    assert fresh_directory("gru") == Path("runs", "gru-2")
    (tmp_path / "file").write_text("")
    said = rf"^{re.escape(str(Path('runs', '../file/model-1')))}: cannot be made\n  got       Not a directory$"
    with pytest.raises(tg.DataError, match=said if os.name == "posix" else "cannot be made"):
        fresh_directory("../file/model")


def signals(*numbers, parallel=None):
    """What a loop meets that is sent these signals within a chunk, and then asks whether to stop."""
    with at_chunk_ends(Path("out"), parallel) as may_stop:
        for number in numbers:
            signal.raise_signal(number)
        may_stop()


def test_a_signal_stops_at_the_end_of_a_chunk_and_a_second_one_at_once(capsys):
    before = signal.getsignal(signal.SIGTERM)
    signals()
    with pytest.raises(StoppedError):
        signals(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        signals(signal.SIGINT, signal.SIGTERM)
    assert capsys.readouterr().err == "stopping after this step and saving to out …\n" * 2
    assert signal.getsignal(signal.SIGTERM) == before


def test_of_several_ranks_all_stop_when_one_is_asked(capsys):
    with pytest.raises(StoppedError):  # the launcher may send it more than once
        signals(signal.SIGINT, signal.SIGINT, parallel=SimpleNamespace(any=lambda asked: asked))
    with pytest.raises(StoppedError):
        signals(parallel=SimpleNamespace(any=lambda asked: not asked))


def test_a_picture_goes_to_a_file_or_to_standard_output(tmp_path, capsysbinary):
    put(b"picture", None)
    assert capsysbinary.readouterr().out == b"picture"
    put(b"picture", tmp_path / "new" / "a.svg")
    assert (tmp_path / "new" / "a.svg").read_bytes() == b"picture"
    assert capsysbinary.readouterr().out == f"drawn: {tmp_path / 'new' / 'a.svg'}\n".encode()
    (tmp_path / "file").write_text("")
    with pytest.raises(tg.DataError, match="cannot be written"):
        put(b"picture", tmp_path / "file" / "a.svg")


# the lines that tell figures


def test_a_line_for_an_epoch():
    row = {"train": 1.23456, "valid": float(np.log(2)), "chars_per_second": 12345.6}
    said = epoch_line(Progress(epoch=2, history=[{}, row]), 3)
    assert said == "epoch 2/3  train 1.2346  valid 0.6931 nats/char  1.000 bits/char  12,346 chars/s"


def test_a_line_for_a_trial(monkeypatch, capsys):
    bars = []

    class Bar(tqdm):
        def __init__(self, **options):
            bars.append(options)
            super().__init__(**options)

        def update(self):
            bars.append("a trial")

    monkeypatch.setattr("tinygrad_rnn.cli.task.tqdm", Bar)
    outcome = tasks.Outcome(tasks.Job(tasks.Adding, "gru", 3, 500), 450, True, False, 0.0123456, 2.0, 61.7)
    assert list(told(iter([outcome]), 1)) == [outcome]
    line = "adding, gru, seed 3: 450 sequences, mean square error on 10,000: 0.01235, 62 s"
    assert capsys.readouterr() == (f"{line}\n", "")
    assert bars == [{"total": 1, "unit": "trial", "disable": None}, "a trial"]


def test_the_figures_on_what_was_held_out(monkeypatch, capsys):
    pairs = [("a", "A"), ("bcd", "D"), ("c", "C")]
    translator = SimpleNamespace(translate=lambda sources, beam: [source.upper() for source in sources])
    monkeypatch.setattr("tinygrad_rnn.cli.translate.exact_match", lambda *given: 0.5 if len(given) > 2 else 0.25)
    monkeypatch.setattr("tinygrad_rnn.cli.translate.forced_match", lambda *given: (0.75, 0.125))
    report(translator, pairs, 3)
    said = capsys.readouterr().out.splitlines()
    figures = ["25.00%   each", "50.00%", "12.50%   each", "75.00%   the"]
    assert [line[31 : 31 + len(figure)] for line, figure in zip(said[1:5], figures, strict=True)] == figures
    assert said[-3:] == ["  a    →  A", "  bcd  →  BCD   wrong: it is D", "  c    →  C"]
    report(translator, pairs, 1)
    assert "beam" not in capsys.readouterr().out


def test_a_line_for_an_epoch_of_a_translator(tmp_path, monkeypatch, capsys):
    asked, saved = [], []
    monkeypatch.setattr("tinygrad_rnn.cli.translate.exact_match", lambda model, pairs: asked.append(pairs) or 0.125)
    training = SimpleNamespace(
        translator=SimpleNamespace(recipe=SimpleNamespace(epochs=4)), pairs=["pair"] * 300, epoch=0, count=0,
        fit=lambda on_step, eager: iter([(1, 1.25, 2.0), (2, 0.5, 0.1)]), save=saved.append,
    )  # fmt: skip
    train_and_save(training, list(range(501)), tmp_path)
    assert capsys.readouterr().out.splitlines() == [
        "epoch 1/4  train 1.2500 nats/char  held out: 12.5% exact  150 pairs/s",
        "epoch 2/4  train 0.5000 nats/char  held out: 12.5% exact  3,000 pairs/s",
    ]
    assert asked == [list(range(500))] * 2
    assert saved == [tmp_path] * 2


def test_the_demo_trains_and_writes_as_its_page_says(tmp_path, monkeypatch, capsys):
    asked = {}

    def made(settings, corpus):
        asked["settings"] = settings
        raise tg.DataError("seen")

    monkeypatch.setattr("tinygrad_rnn.cli.demo.Run", made)
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 2
    assert asked["settings"] == Settings(
        hidden=128, layers=1, batch=32, bptt=32, epochs=1, lr=0.01, warmup=20, fraction=0.98
    )


def test_the_demo_lets_its_model_write_and_draws_it_in_three_formats(tmp_path, monkeypatch, capsys):
    wrote = []

    def written(model, corpus, *arguments, **options):
        wrote.append((arguments, options))
        return "The\nend."

    monkeypatch.setattr("tinygrad_rnn.cli.demo.python_topics", lambda: "the quick brown fox helps. " * 120)
    monkeypatch.setattr("tinygrad_rnn.cli.demo.sample", written)
    monkeypatch.setattr("tinygrad_rnn.cli.demo.painted", lambda picture, suffix: f"{suffix} {picture.dot}".encode())
    assert main(["demo", "--eager", "--out", str(tmp_path)]) == 0
    assert wrote == [(("The ", 240), {"temperature": 0.7, "rng": 0})]
    said, made = capsys.readouterr().out, Run.load(tmp_path)
    assert "\nThe model writes:\n  | The\n  | end.\n" in said
    corpus = Corpus("the quick brown fox helps. " * 120)
    first = evaluate(Run(made.settings, corpus).model, corpus.split(0.98)[1])
    assert f"before  {first:.3f} nats/char  (guessing among {len(corpus.vocabulary)} characters costs 2.996)" in said
    assert f"after   {made.progress.history[0]['valid']:.3f} nats/char" in said
    title = "A trained LSTM reads 'hel': which character comes next?"
    drawn = viz.draw(Reading(made, "help"), gradients=True, title=title)
    for suffix in (".svg", ".png", ".html"):
        assert (tmp_path / f"unrolled{suffix}").read_text(encoding="utf-8") == f"{suffix} {drawn.dot}"


def test_models_that_a_task_is_tried_with_are_told(capsys):
    assert main(["task", "reber", "--model", "gru"]) == 2
    assert "reber is not tried with --model gru (expected: lstm or rnn)" in capsys.readouterr().err


def test_what_is_said_is_seen_at_once(monkeypatch):
    seen = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(seen, encoding="utf-8"))
    say("ŷ")
    assert seen.getvalue() == "ŷ".encode()


def test_a_character_that_cannot_be_written_is_said_with_what_to_do(monkeypatch):
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(BytesIO(), encoding="ascii"))
    with pytest.raises(tg.DataError) as said:
        say("ŷ")
    assert str(said.value).splitlines() == [
        "'\\u0177' cannot be written in ascii, which is what standard output takes",
        "  help      set PYTHONIOENCODING=utf-8",
    ]


# on several ranks


def communicator(rank):
    """Of two ranks, this one of which hears itself twice."""
    return SimpleNamespace(
        Get_rank=lambda: rank,
        Get_size=lambda: 2,
        Allreduce=lambda how, array: None,
        allgather=lambda part: [part, part],
    )


@pytest.mark.parametrize("rank", [0, 1])
def test_the_first_rank_alone_speaks_and_saves(rank, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.txt").write_text("to be or not to be. " * 40)
    monkeypatch.setattr("tinygrad_rnn.train.parallel._mpi", lambda: SimpleNamespace(IN_PLACE=None))
    monkeypatch.setattr("tinygrad_rnn.cli.train.world", lambda: DataParallel(communicator(rank)))
    small = ["--hidden", "4", "--layers", "1", "--batch", "4", "--bptt", "20", "--epochs", "2", "--eager"]
    for more in ([], ["--resume"]):
        if rank == 0 or not more:
            assert main(["train", "--text", "t.txt", "--out", "run", *(more or small)]) == 0
    out, error = capsys.readouterr()
    assert error == ""
    assert out.count(", over 2 processes\n") == 2 * (rank == 0)
    assert out.count("epoch 2/2") == (rank == 0)
    assert (tmp_path / "run" / "checkpoint.json").exists() == (rank == 0)
    assert rank == 0 or out == ""
    assert {path.name for path in tmp_path.iterdir()} == {"t.txt", *["run"] * (rank == 0)}


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor(1)])
def test_trials_are_made_by_the_other_ranks(executor, monkeypatch, capsys):
    ranks = SimpleNamespace(MPICommExecutor=lambda: nullcontext(executor))
    monkeypatch.setitem(sys.modules, "mpi4py.futures", ranks)
    monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace(futures=ranks))
    monkeypatch.setattr("tinygrad_rnn.cli.task.world", lambda: DataParallel(communicator(1 if executor is None else 0)))
    monkeypatch.setitem(tasks.TASKS, "last", Last)
    monkeypatch.setattr(Last, "configs", {"rnn": tasks.TrialConfig("rnn", 4, quick=100)})
    words = ["task", "last", "--quick", "--seeds", "2", "--executor", "mpi"]
    assert main(words) == 0
    assert ("2 of 2 trials in" in capsys.readouterr().out) == (executor is not None)
    monkeypatch.setattr("tinygrad_rnn.cli.task.world", lambda: None)
    assert main(words) == 2
    assert (
        "--executor mpi: there is one process only (help: mpiexec -n N tinygrad-rnn task …)" in capsys.readouterr().err
    )
    monkeypatch.setitem(sys.modules, "mpi4py.futures", None)
    assert main(words) == 2
    assert "--executor mpi: mpi4py is not here (help: pip install 'tinygrad-rnn[mpi]')" in capsys.readouterr().err
