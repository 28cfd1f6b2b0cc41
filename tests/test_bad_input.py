"""Bad input at a door in five, of each kind: `python -m tests.fuzz.bad_input` tries all of it."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.fuzz.bad_input import FAULTS, Ended, ended
from tests.fuzz.doors import Door, doors
from tests.fuzz.kinds import NOTHING, Bad, kinds
from tests.test_options import X

KINDS = ["nn options", "optim", "saving", "exchange", "train", "layers", "losses"]
DOORS = [door for door in doors() if door.kind in KINDS]


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_bad_options_are_refused_in_the_house_s_form(kind):
    """What is no number, and no array: the data of a call are the engine's to refuse."""
    faults = []
    for door in [door for door in DOORS if door.kind == kind][::5]:
        for argument, right in door.right.items():
            if right is None or isinstance(right, np.ndarray | tg.Tensor | list | tuple | dict):
                continue
            found = (Ended(door, argument, bad, *ended(door, argument, bad)) for bad in list(kinds(right))[::3])
            faults += [str(each) for each in found if each.end in FAULTS]
    assert not faults, "\n".join(faults)


def trial(call, value, meaning=NOTHING, reference=None):
    return ended(Door("of this test", "f", call, {"x": X}, reference), "x", Bad("a kind", value, meaning))[0]


def test_what_a_trial_finds():
    """The harness is tried on doors that are wrong in each of the ways that it looks for."""
    assert trial(lambda x: np.tanh(x) and None, "text") == "leak"
    assert trial(lambda x: tg.tensor(1.0), "text") == "silent"

    def tanh(x):  # NumPy's own takes no argument by this name
        return np.tanh(x)

    assert trial(tg.exp, X.data, X.data, tanh) == "silent"
    assert trial(tg.tanh, X.data, X.data, tanh) == "equal"
    assert trial(lambda x: tg.tensor(object()), "text") == "refused"

    def released(x):
        y = (X * 2).sum()
        z = y * 1
        y.backward()
        return z

    assert trial(released, X.data, X.data) == "surprise"
