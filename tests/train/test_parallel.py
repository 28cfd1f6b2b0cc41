"""Several processes that train one model: the same gradient, the same weights, one checkpoint."""

import importlib.util
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.train import DataParallel, Run
from tinygrad_rnn.train.parallel import world
from tinygrad_rnn.train.step import training_step

TEXT = "the quick brown fox jumps over the lazy dog.\n" * 60
TINY = ["--hidden", "6", "--layers", "2", "--dropout", "0", "--batch", "5", "--bptt", "20", "--eager"]


PATH = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])


def require_mpi():
    found = importlib.util.find_spec("mpi4py") is not None and shutil.which("mpiexec", path=PATH) is not None
    if not found:
        pytest.skip("several processes: pip install tinygrad-rnn[mpi]")


def ranks(count, *command, cwd, status=0):
    """What `mpiexec` prints of a command on so many processes."""
    require_mpi()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PATH": PATH}
    done = subprocess.run(
        ["mpiexec", "-n", str(count), sys.executable, *command], cwd=cwd, env=environment, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == (status == 0), done.stderr
    return done.stdout + done.stderr


class Two:
    """A communicator of which this is one rank, the others having had what is given."""

    def __init__(self, rank, size):
        self.rank, self.size = rank, size

    def Allreduce(self, how, array):
        """Nothing comes from the others."""

    def Get_rank(self):
        return self.rank

    def Get_size(self):
        return self.size


@pytest.mark.parametrize(("count", "size"), [(7, 2), (7, 3), (4, 4), (9, 1)])
def test_the_rows_are_shared_out(count, size):
    found = [DataParallel(Two(rank, size)).rows(count) for rank in range(size)]
    assert [k for rows in found for k in range(rows.start, rows.stop)] == list(range(count))
    sizes = [rows.stop - rows.start for rows in found]
    assert max(sizes) - min(sizes) <= 1
    assert repr(DataParallel(Two(0, 2))) == "DataParallel(rank 0 of 2)"


class Other(Two):
    """A communicator of two ranks, the second of which sends what is given, one after another."""

    def __init__(self, *sent):
        super().__init__(0, 2)
        self.sent = list(sent)

    def Allreduce(self, how, array):
        array += self.sent.pop(0)

    def allgather(self, part):
        return [part, self.sent.pop(0)]


@pytest.fixture
def without_mpi(monkeypatch):
    monkeypatch.setattr("tinygrad_rnn.train.parallel._mpi", lambda: SimpleNamespace(IN_PLACE=None))


def test_what_the_other_rank_sends_is_added(without_mpi):
    assert DataParallel(Other(2.5)).sum(1.0) == 3.5
    heard = [[DataParallel(Other(float(other))).any(own) for other in (False, True)] for own in (False, True)]
    assert heard == [[False, True], [True, True]]
    p, q, r, frozen = (tg.tensor([1.0, 2.0], dtype=d, requires_grad=True) for d in ("f8", "f8", "f4", "f8"))
    for k, each in enumerate((p, q, r)):
        each.grad = [8.0 + k, 4.0]
    DataParallel(Other(np.array([1.0, 2, 3, 4]), np.float32([5, 6]))).add_gradients([p, q, frozen, r], 0.25)
    assert [each.grad.data.tolist() for each in (p, q, r)] == [[3.0, 3.0], [5.25, 5.0], [7.5, 7.0]]
    assert (p.grad.dtype, r.grad.dtype, frozen.grad) == (np.float64, np.float32, None)


def test_parts_are_gathered_along_their_axis_and_unlike_weights_are_said():
    assert DataParallel(Other(np.ones((1, 3)))).gathered(np.zeros((1, 2)), 1).tolist() == [[0, 0, 1, 1, 1]]
    with pytest.raises(tg.GraphError, match=r"^DataParallel: the parameters are not the same on every rank\n"):
        DataParallel(Other("another digest")).check_same([tg.tensor([1.0])])


def test_the_loss_of_a_step_is_that_of_all_rows(without_mpi):
    p = tg.tensor([2.0], requires_grad=True)
    parallel = DataParallel(Other(1.0, np.array([10.0])))
    value, norm = training_step((p * p).sum(), tg.optim.SGD([p], lr=0.5), parallel=parallel, share=0.25)
    assert (value, norm, p.item()) == (0.25 * 4 + 1, 0.25 * 4 + 10, 2 - 0.5 * 11)


def test_a_batch_with_fewer_rows_than_ranks_is_refused():
    with pytest.raises(tg.OptionError, match="a batch of 3 rows for 4 ranks"):
        DataParallel(Two(0, 4)).rows(3)


def test_alone_there_is_no_world(monkeypatch):
    for name in ("PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tinygrad_rnn.train.parallel._mpi", lambda: 1 / 0)
    assert world() is None


@pytest.mark.parametrize("name", ["PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE"])
@pytest.mark.parametrize("size", [1, 2])
def test_where_several_were_started_they_are_the_world(monkeypatch, name, size):
    monkeypatch.setenv(name, "2")
    monkeypatch.setattr("tinygrad_rnn.train.parallel._mpi", lambda: SimpleNamespace(COMM_WORLD=Two(0, size)))
    assert repr(world()) == ("DataParallel(rank 0 of 2)" if size > 1 else "None")


GRADIENTS = """
import numpy as np
import tinygrad_rnn as tg
from tinygrad_rnn.train import DataParallel
parallel = DataParallel()
for dtype, close in ((np.float64, 1e-12), (np.float32, 1e-6)):
    net, head = tg.nn.LSTM(3, 5, rng=0, dtype=dtype), tg.nn.Linear(5, 4, rng=1, dtype=dtype)
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((6, 7, 3)).astype(dtype), rng.integers(0, 4, (6, 7))
    parameters = [*net.parameters(), *head.parameters()]
    loss = lambda rows: tg.nn.cross_entropy(head(net(x[:, rows])[0]), y[:, rows])
    loss(slice(None)).backward()
    whole = [p.grad.numpy() for p in parameters]
    for f in (loss, tg.compile(lambda x, y: tg.nn.cross_entropy(head(net(x)[0]), y))):
        for p in parameters:
            p.grad = None
        rows = parallel.rows(7)
        value = f(rows) if f is loss else f(x[:, rows], y[:, rows])
        value.backward()
        parallel.add_gradients(parameters, (rows.stop - rows.start) / 7)
        for p, g in zip(parameters, whole):
            assert p.grad.dtype == dtype
            np.testing.assert_allclose(p.grad.data, g, rtol=0, atol=close * max(1, np.abs(g).max()))
    assert abs(parallel.sum(value.item() * (rows.stop - rows.start) / 7) - loss(slice(None)).item()) < 10 * close
head.weight.assign(head.weight.data + (parallel.rank == 1))
try:
    parallel.check_same(parameters)
    told = False
except tg.GraphError:
    told = True
told = parallel.comm.gather(told)  # one process prints: lines of several may run into each other
if parallel.rank == 0:
    print("told", told)
"""


@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_gradient_is_that_of_all_rows(tmp_path, count):
    assert f"told {[True] * count}" in ranks(count, "-c", GRADIENTS, cwd=tmp_path)


STEPS = """
import hashlib
from tinygrad_rnn.train import Corpus, DataParallel, Run, Settings
parallel = DataParallel()
run = Run(Settings(hidden=6, layers=2, batch=5, bptt=10, epochs=8, dropout=0.3), Corpus(open("t.txt").read()))
steps = []
run.fit(eager=True, parallel=parallel, on_chunk=lambda progress, loss: steps.append(loss))
mine = hashlib.sha256(b"".join(p.data.tobytes() for p in run.model.parameters())).hexdigest(), steps
assert len(steps) > 200
assert parallel.comm.allgather(mine) == [mine] * parallel.size
if parallel.rank == 0:
    print("same")
"""


def test_after_200_steps_the_weights_are_the_same_to_the_bit(tmp_path):
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    assert "same" in ranks(2, "-c", STEPS, cwd=tmp_path)


def train(count, *options, cwd, status=0):
    return ranks(count, "-m", "tinygrad_rnn", "train", "--text", "t.txt", *TINY, *options, cwd=cwd, status=status)


def test_train_on_ranks_is_train_and_goes_on_with_another_number_of_them(tmp_path):
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    said = train(2, "--epochs", "3", "--out", "two", cwd=tmp_path)
    assert said.count("epoch 1/3") == 1
    assert "over 2 processes" in said
    train(1, "--epochs", "3", "--out", "one", cwd=tmp_path)
    one, two = Run.load(tmp_path / "one"), Run.load(tmp_path / "two")
    losses = [[row["valid"] for row in run.progress.history] for run in (one, two)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    for name, array in one.model.state_dict().items():
        np.testing.assert_allclose(array, two.model.state_dict()[name], atol=1e-4)
    assert sorted(path.name for path in (tmp_path / "two").iterdir() if path.suffix != ".safetensors") == [
        "best", "checkpoint.json",
    ]  # fmt: skip
    train(3, "--epochs", "4", "--out", "two", "--resume", cwd=tmp_path)
    assert Run.load(tmp_path / "two").progress.epoch == 4


DYING = """
import os, signal, sys
how = sys.argv.pop(1)
from tinygrad_rnn.cli import main
from tinygrad_rnn.train import DataParallel, Run
whole = Run.fit
def fit(self, **options):
    chunk = options["on_chunk"]
    def dying(progress, loss):
        if self.parallel.rank == 1 and progress.epoch == 2:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise MemoryError("no more")
        chunk(progress, loss)
    return whole(self, **{**options, "on_chunk": dying})
Run.fit = fit
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("how", "words"),
    [("failing", ["rank 1 failed, and with it all", "no more"]), ("killed", ["BAD TERMINATION"])],  # MPICH's own words
)
def test_a_rank_that_ends_ends_all_with_a_word_and_the_last_checkpoint_whole(tmp_path, how, words):
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    options = ["--text", "t.txt", *TINY, "--epochs", "9", "--out", "run"]
    said = ranks(2, "-c", DYING, how, "train", *options, cwd=tmp_path, status=1)
    assert all(word in said for word in words)
    assert Run.load(tmp_path / "run").progress.epoch == 2


def test_bad_settings_are_said_by_every_rank_and_none_waits(tmp_path):
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    assert "fewer processes" in train(6, "--epochs", "1", "--out", "run", cwd=tmp_path, status=1)
