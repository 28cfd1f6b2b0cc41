"""Where a name is looked for that is not there, a signpost stands: from `vocabulary`, or to where that name is.

    tg.cat        →  UnknownNameError   help  tg.concatenate([y, z], axis=0)
    tg.nn.relu    →  UnknownNameError   help  tg.relu
    y.shpae       →  AttributeError     as Python has it, which asks "Did you mean: 'shape'?"

They are put up from outside, so that to a type checker a misspelt name stays one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from tinygrad_rnn.errors import OptionError, UnknownNameError
from tinygrad_rnn.vocabulary import WORDS, answer

__all__ = ["at_classes", "at_modules"]


def at_modules(modules: Mapping[str, ModuleType]) -> None:
    """Put one up at each of these modules, given by the names that users call them."""
    public = {
        plain(name): f"{place}.{name}"
        for place, module in reversed([*modules.items()])  # the first that has it is the answer
        for name in getattr(module, "__all__", ())
        if not isinstance(getattr(module, name), ModuleType)
    }
    for place, module in modules.items():
        words = public | {plain(name): answer(row) for name, row in WORDS.get(place, {}).items()}
        kind = Called if plain(place.rpartition(".")[2]) in words else Signposted
        module.__class__ = type(kind.__name__, (kind,), {"place": place, "words": words})


def plain(name: str) -> str:
    """How names are compared: RMSprop is RMSProp, and log_softmax LogSoftmax.

    >>> plain("log_softmax")
    'logsoftmax'
    """
    return name if name.startswith("_") else name.replace("_", "").lower()


class Signposted(ModuleType):
    """A module that answers for names that it does not have."""

    place: str
    words: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        if help := self.words.get(plain(name)):
            raise UnknownNameError(f"{self.place}: there is no {name!r}", help=help)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self)


class Called(Signposted):
    """A file that is called as if it were what it holds: tg.nn.dropout(y)."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        help = self.words[plain(self.place.rpartition(".")[2])]
        raise OptionError(f"{self.place} is a module, and cannot be called", help=help)


def at_classes(classes: Mapping[str, type]) -> None:
    """Put one up at each of these classes, for what its objects do not have."""
    for place, kind in classes.items():
        kind.__getattr__ = attribute_of(WORDS[place])  # type: ignore[attr-defined]


def attribute_of(words: Mapping[str, str]) -> Any:
    """A class's `__getattr__`."""

    def missing(self: Any, name: str) -> Any:
        if name in words and not hasattr(type(self), name):
            raise UnknownNameError(f"{type(self).__name__}: there is no {name!r}", help=answer(words[name]))
        return object.__getattribute__(self, name)  # raises what it raised: a property's own error, too

    return missing
