"""The ports learn, and from the same start their losses are torch's."""

from itertools import islice

import numpy as np
import pytest

from tests.oracles import require_torch
from tests.ports import NAMES, port, twin


@pytest.mark.parametrize("name", NAMES)
def test_the_first_losses_are_torch_s(name):
    require_torch()
    job = port(name)
    net = job.model()
    state = {key: value.copy() for key, value in net.state_dict().items()}
    ours = list(islice(job.train(net, 100), 100))
    theirs = list(islice(twin(name).train(state, 100), 100))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


LESS_IS_BETTER = {"generating_names", "sine_waves", "word_language_model"}


@pytest.mark.parametrize("name", NAMES)
def test_it_learns(name):
    """The loss falls, and what counts in the end is better than before by more than chance would make it."""
    job = port(name)
    net = job.model()
    what, before = job.quality(net)
    losses = list(job.train(net, job.STEPS))
    after = job.quality(net)
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])
    assert after[0] == what
    assert after[1] < 0.8 * before if name in LESS_IS_BETTER else after[1] > before + 0.25
