"""Several processes and one directory: nothing is lost, and nobody is told what is not so."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.saving import claimed
from tinygrad_rnn.train import load_checkpoint, save_checkpoint

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
SAVING = """
import sys, time
from tinygrad_rnn import nn
from tinygrad_rnn.train import save_checkpoint
model, until = nn.Linear(60, 60, rng=int(sys.argv[2])), time.monotonic() + float(sys.argv[3])
print("ready", flush=True)
while time.monotonic() < until:
    save_checkpoint(sys.argv[1], model, who=int(sys.argv[2]))
"""


def saver(directory, who, seconds):
    process = subprocess.Popen(
        [sys.executable, "-c", SAVING, str(directory), str(who), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_savers_and_a_reader_lose_nothing(tmp_path):
    model = nn.Linear(60, 60, rng=1)
    save_checkpoint(tmp_path, model, who=1)
    savers = [saver(tmp_path, who, 1.0) for who in (1, 2)]  # each ends by itself
    read = 0
    while any(process.poll() is None for process in savers):
        load_checkpoint(tmp_path, nn.Linear(60, 60))
        read += 1
    for process in savers:
        process.communicate()
    assert [process.returncode for process in savers] == [0, 0]
    assert read
    assert load_checkpoint(tmp_path, nn.Linear(60, 60))["who"] in (1, 2)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_saver_killed_at_any_moment_leaves_a_whole_checkpoint(tmp_path):
    save_checkpoint(tmp_path, nn.Linear(60, 60), who=0)
    for k in range(12):
        process = saver(tmp_path, k, 30)
        time.sleep(0.005 * k)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        load_checkpoint(tmp_path, nn.Linear(60, 60))
    save_checkpoint(tmp_path, nn.Linear(60, 60))
    assert len(list(tmp_path.iterdir())) == 2


HOLDING = """
import sys, time
from pathlib import Path
from tinygrad_rnn.saving import claimed
with claimed(Path(sys.argv[1]), "train"):
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_run_has_its_directory_until_it_ends_or_dies(tmp_path):
    with claimed(tmp_path, "train"):
        pass
    assert list(tmp_path.iterdir()) == []
    holder = subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "ready\n"
    with pytest.raises(tg.CheckpointError, match=f"train, process {holder.pid} on "), claimed(tmp_path, "train"):
        pass
    save_checkpoint(Path(tmp_path), nn.Linear(2, 2))  # a save of one's own is no run
    holder.kill()
    holder.communicate()
    with claimed(tmp_path, "train"):
        pass
