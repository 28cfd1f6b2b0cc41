"""Every public name, and every public method and property of the public classes, answers help() in words."""

import inspect

import pytest

import tinygrad_rnn as tg
import viz

PACKAGES = (tg, tg.nn, tg.nn.init, tg.optim, tg.data, tg.train, tg.testing, tg.exchange, viz)


def ours(cls):
    return cls.__module__.split(".")[0] in ("tinygrad_rnn", "viz")


def made_in(module, value):
    return getattr(value, "__module__", "") == module.__name__


def members(cls):
    """Public methods, properties and class methods, its own and those it has from classes of ours."""
    for base in filter(ours, cls.__mro__):
        for name, value in vars(base).items():
            if not name.startswith("_") and (
                callable(value) or isinstance(value, property | classmethod | staticmethod)
            ):
                yield name, getattr(cls, name)


def public():
    """(name, value) of everything public; what stands in two packages, once."""
    found = {}
    for package in PACKAGES:
        made_here = {name for name, value in vars(package).items() if made_in(package, value) and name[0] != "_"}
        for name in sorted(made_here.union(getattr(package, "__all__", ()))):
            value = getattr(package, name)
            if isinstance(value, dict | list | tuple):
                continue  # a table has no docstring of its own
            found[id(value)] = (f"{package.__name__}.{name}", value)
            if inspect.isclass(value):
                found |= {(id(value), member): (f"{value.__name__}.{member}", v) for member, v in members(value)}
    return list(found.values())


@pytest.mark.parametrize(("name", "value"), public(), ids=lambda x: x if isinstance(x, str) else "")
def test_it_has_a_docstring(name, value):
    assert (inspect.getdoc(value) or "").strip(), f"{name} has no docstring"


def test_nothing_is_left_out():
    assert len(public()) > 600
