"""What the adapters of frameworks share: imported when called, and options that are checked."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.exchange.oracles import require
from tinygrad_rnn.testing import from_autograd, from_jax, from_mygrad, from_torch

ADAPTERS = {"jax": from_jax, "torch": from_torch, "autograd": from_autograd, "mygrad": from_mygrad}
each = pytest.mark.parametrize("library", ADAPTERS)


@each
def test_a_library_that_is_missing_is_asked_for_by_name(library, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError, match=f"^from_{library}: it needs .*: pip install {library}$") as caught:
        ADAPTERS[library](np.sin)
    assert caught.value.name.split(".")[0] == library


def test_none_is_imported_before_its_adapter_is_called():
    code = f"import sys, tinygrad_rnn.testing; assert not {set(ADAPTERS)} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)


@each
def test_what_is_not_a_function_is_refused(library):
    require(library)
    with pytest.raises(tg.OptionError, match=f"from_{library}: f=3 is not a function"):
        ADAPTERS[library](3)


@pytest.mark.parametrize("library", ["jax", "torch", "autograd"])
@pytest.mark.parametrize(
    "options", [{"modes": "vjp"}, {"modes": ()}, {"modes": ["grad"]}, {"modes": 1}, {"max_order": 0}]
)
def test_options_out_of_range_are_refused(library, options):
    require(library)
    with pytest.raises(tg.OptionError, match=f"from_{library}: "):
        ADAPTERS[library](np.sin, **options)


@each
def test_it_can_be_pickled(library):
    require(library)
    twin = pickle.loads(pickle.dumps(ADAPTERS[library](np.sin)))
    assert twin.f is np.sin
    assert repr(twin) == f"<sin, by from_{library}>"
