"""torch, matplotlib and axe-core, where there are: skipped with the reason on a user's machine."""

import pytest


def require_torch():
    return pytest.importorskip("torch", reason="torch is the oracle here: pip install tinygrad-rnn[bench]")


def require_axe():
    """axe-core, which looks for what keeps people out of a page."""
    pytest.importorskip("axe_playwright_python", reason="it looks for barriers: pip install tinygrad-rnn[dev]")
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


def require_matplotlib():
    return pytest.importorskip("matplotlib", reason="it draws the plots: pip install tinygrad-rnn[plots]")
