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


@pytest.mark.parametrize("name", NAMES)
def test_it_learns(name):
    job = port(name)
    net = job.model()
    before = job.quality(net)
    losses = list(job.train(net, min(job.STEPS, 150)))
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    assert job.quality(net)[0] == before[0]
