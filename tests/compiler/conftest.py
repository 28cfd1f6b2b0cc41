"""How often functions are recorded, and by what plans run: NumPy alone, or kernels by numba too."""

import pytest

from tests.compiler.oracles import require_numba
from tinygrad_rnn.compiler import compiled
from tinygrad_rnn.compiler.kernels import available


@pytest.fixture
def recordings(monkeypatch):
    """A list that grows by the function at each recording."""
    made, record = [], compiled.record

    def recorded(f, leaves, build):
        made.append(f)
        return record(f, leaves, build)

    monkeypatch.setattr(compiled, "record", recorded)
    return made


def _switched(monkeypatch, to):
    monkeypatch.setenv("TINYGRAD_RNN_FAST", to)
    available.cache_clear()
    yield to == "1"
    available.cache_clear()


@pytest.fixture
def by_numpy(monkeypatch):
    """Plans run by NumPy alone."""
    yield from _switched(monkeypatch, "0")


@pytest.fixture
def by_kernels(monkeypatch):
    """Plans run with kernels."""
    require_numba()
    yield from _switched(monkeypatch, "1")


@pytest.fixture(params=["0", "1"], ids=["numpy", "kernels"])
def either(request, monkeypatch):
    """Both, one after the other; whether it is kernels."""
    if request.param == "1":
        require_numba()
    yield from _switched(monkeypatch, request.param)
