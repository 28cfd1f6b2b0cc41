"""Hooks: functions of the user's that are called where something passes, until their handle takes them back.

handle = h.register_hook(print)   →  every gradient that reaches h is printed   →  handle.remove()
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any
from weakref import ref

from tinygrad_rnn.errors import OptionError

__all__ = ["Handle", "Hooks"]

_numbers = count()


class Hooks(dict[int, Any]):
    """The hooks of one place, in the order in which they were registered."""

    __slots__ = ("__weakref__",)


class Handle:
    """What registering a hook returns. `remove()` takes the hook back; as a context manager, at the end of the block.

    It does not keep alive what the hook is on.
    """

    __slots__ = ("hooks", "number")

    def __init__(self, hooks: Hooks, entry: Any) -> None:
        self.hooks, self.number = ref(hooks), next(_numbers)
        hooks[self.number] = entry

    def remove(self) -> None:
        """Take the hook back; a second time does nothing."""
        hooks = self.hooks()
        if hooks is not None:
            hooks.pop(self.number, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def check_hook(owner: str, hook: object) -> None:
    """Raise OptionError unless the hook can be called."""
    if not isinstance(hook, Callable):  # type: ignore[arg-type]
        raise OptionError(f"{owner}: hook={hook!r:.60} is not a function", got=type(hook).__name__)
