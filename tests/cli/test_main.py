"""How a command ends: its exit status, and one line where it failed."""

import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.cli import Command, main
from tinygrad_rnn.cli.draw import put
from tinygrad_rnn.cli.train import StoppedError, at_chunk_ends, fresh_directory, is_best
from tinygrad_rnn.train import Progress


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


@pytest.mark.parametrize(("status", "ends"), [(0, False), (130, False), (1, True), (2, True)])
def test_one_of_several_ranks_that_fails_ends_them_all(status, ends, monkeypatch, capsys):
    ended = []
    world = SimpleNamespace(Get_size=lambda: 2, Get_rank=lambda: 1, Abort=ended.append)
    monkeypatch.setitem(__import__("sys").modules, "mpi4py.MPI", SimpleNamespace(COMM_WORLD=world))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("tinygrad_rnn.cli.COMMANDS", [Command("go", "goes", lambda to: None, lambda _: status)])
    assert main(["go"]) == status
    assert ended == [status] * ends
    assert capsys.readouterr().err == "tinygrad-rnn: rank 1 failed, and with it all\n" * ends
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
