"""Settings: each has its name, type, default, range and one sentence of help in one place, the field of a dataclass.

hidden: int = setting(128, "hidden features H", letter="H", least=1)  ─┬─ checked when it is built, from Python too
                                                                       └─ --hidden H on the command line, and its help
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

import numpy as np

from tinygrad_rnn.errors import check_number, check_option

__all__ = ["Config", "Option", "options_of", "setting"]


@dataclass(frozen=True)
class Option:
    """What a setting may be, and how it is described.

    Attributes:
        help: what it is, in words.
        kind: int, float, bool or str.
        letter: what stands for its value in the help, such as H.
        choices: all that it may be, where they can be listed.
        bounds: of a number, as `check_number` takes them.
        optional: whether None may stand for no value.
        shown: the default in words, where the value alone does not say it.
    """

    help: str
    kind: type
    letter: str
    choices: Collection[object]
    bounds: Mapping[str, float]
    optional: bool
    shown: str

    def check(self, owner: str, name: str, value: object) -> None:
        """Raise OptionError for a value that it may not have."""
        if value is None and self.optional:
            return
        if self.choices:
            check_option(owner, name, value, self.choices)
        else:
            check_number(owner, name, value, whole=self.kind is int, **self.bounds)


def setting(
    default: Any = MISSING,
    help: str = "",
    *,
    kind: type | None = None,
    letter: str = "",
    choices: Collection[object] = (),
    optional: bool = False,
    shown: str = "",
    **bounds: float,
) -> Any:
    """A field of a Config; the arguments are those of `Option`, the kind is by default that of the default value."""
    kind = type(default) if kind is None else kind
    choices = (True, False) if kind is bool else choices
    words = {True: "yes", False: "no"} if kind is bool else {MISSING: ""}
    shown = shown or words.get(default, str(default))
    return field(default=default, metadata={"option": Option(help, kind, letter, choices, bounds, optional, shown)})


class Config:
    """Base of the frozen dataclasses that hold settings.

    >>> @dataclass(frozen=True)
    ... class Small(Config):
    ...     hidden: int = setting(8, "hidden features", least=1)
    >>> Small(hidden=0)
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: Small: hidden=0 is out of range
      expected  an integer of at least 1
    """

    def __post_init__(self) -> None:
        for name, option in options_of(type(self)).items():
            value = getattr(self, name)
            if isinstance(value, np.generic):  # one of a grid: a plain number can be written down as well
                value = value.item()
                object.__setattr__(self, name, value)
            option.check(type(self).__name__, name, value)


def options_of(config: type) -> dict[str, Option]:
    """The options of a Config, by the names of its fields."""
    found: tuple[Field[Any], ...] = fields(config)
    return {f.name: f.metadata["option"] for f in found if "option" in f.metadata}
