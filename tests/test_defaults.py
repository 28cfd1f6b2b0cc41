"""What holds where nothing is said: each default, setting and fixed number of what the library offers; in defaults.txt.

After a change that is meant, what holds now stands in defaults.txt.new: look at the difference, and put it in place.
"""

import inspect
import re
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from tests.kept import check_kept
from tinygrad_rnn.train.config import Config, options_of

KEPT = Path(__file__).with_name("defaults.txt")
PLAIN = (bool, int, float, str, bytes, tuple, list, set, frozenset, dict, re.Pattern)
LONG = 300  # characters; what is longer is a table, and has tests of its own
PACKAGES = ("tinygrad_rnn", "viz")


def modules():
    """(modules, names of those that need what is not installed here)"""
    found, missing = [], []
    for package in map(import_module, PACKAGES):
        found.append(package)
        for each in walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda name: None):
            if each.name.endswith("__main__"):
                continue
            try:
                found.append(import_module(each.name))
            except ModuleNotFoundError:
                missing.append(each.name)
    return found, missing


def plain(value):
    """A value in words that are the same in each run; nothing where there are none."""
    if isinstance(value, dict):
        words = [f"{plain(key)}: {plain(each)}" for key, each in value.items()]
        return f"{{{', '.join(words)}}}" if all(map(plain, [*value, *value.values()])) else ""
    if isinstance(value, set | frozenset | list | tuple):
        words = [plain(each) for each in value]
        return f"({', '.join(sorted(words) if isinstance(value, set | frozenset) else words)})" if all(words) else ""
    if isinstance(value, Enum):  # a signal: not every system has it
        return ""
    if isinstance(value, Config):
        return repr(value)
    if isinstance(value, re.Pattern):
        return f"{value.pattern!r} {value.flags}"
    return repr(value) if value is None or isinstance(value, PLAIN) else ""


def of_call(name, call):
    """The defaults of a function or a class."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return
    said = {p.name: plain(p.default) for p in parameters if p.default is not p.empty}
    if any(said.values()):
        yield f"{name}({', '.join(f'{key}={value}' for key, value in said.items() if value)})"


def of_class(name, kind):
    """What holds for every object of a class; a field of a dataclass stands among its defaults."""
    for key, value in vars(kind).items():
        if isinstance(value, float):
            value = float(f"{value:.12g}")  # of a logarithm the last digit is the machine's
        if plain(value) and not key.startswith("_") and key not in getattr(kind, "__dataclass_fields__", {}):
            yield f"{name}.{key} = {plain(value)}"


def of_settings(name, config):
    """What each setting of a Config may be, and how it is described."""
    if issubclass(config, Config) and config is not Config:
        for setting, option in options_of(config).items():
            facts = {**vars(option), "kind": option.kind.__name__, "choices": (*option.choices,)}
            yield f"{name}.{setting} {plain({key: fact for key, fact in facts.items() if fact})}"


def lines(modules):
    for module in modules:
        for name, value in vars(module).items():
            full = f"{module.__name__}.{name}"
            if name.isupper() and isinstance(value, PLAIN) and 0 < len(plain(value)) < LONG:
                yield f"{full} = {plain(value)}"
            if getattr(value, "__module__", None) != module.__name__ or not callable(value) or name.startswith("_"):
                continue
            yield from of_call(full, value)
            if inspect.isclass(value):
                yield from of_settings(full, value)
                yield from of_class(full, value)
                for method, f in vars(value).items():
                    own = getattr(f, "__qualname__", "") == f"{value.__name__}.{method}"
                    if inspect.isfunction(f) and own and not method.startswith("_"):
                        yield from of_call(f"{full}.{method}", f)


def test_the_defaults_are_those_that_are_kept():
    found, missing = modules()
    now = {*lines(found)}
    now |= {line for line in KEPT.read_text(encoding="utf-8").splitlines() if line.startswith(tuple(missing))}
    check_kept(KEPT, "\n".join(sorted(now)) + "\n")
