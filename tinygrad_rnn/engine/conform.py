"""Whether plain data that came from outside is of the types that a dataclass declares."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

__all__ = ["checked", "conforms"]


def checked(record: Any) -> None:
    """Raise TypeError where a field of a dataclass instance is not of its declared type, and name the field."""
    declared: Any = type(record)
    for name, kind in _hints(declared).items():
        if not conforms(getattr(record, name), kind):
            said = kind.__name__ if isinstance(kind, type) else kind
            raise TypeError(f"{name} is {getattr(record, name)!r:.60}, which is not of type {said}")


def conforms(value: Any, kind: Any) -> bool:
    """Whether a value is of a type, made of classes, unions, tuples and dataclasses.

    An int is a float too, as type checkers have it, and a bool is not an int.

    >>> conforms((1, None), tuple[int | None, ...]), conforms((1, 2), tuple[int]), conforms(True, int)
    (True, False, False)
    """
    if get_origin(kind) in (Union, UnionType):
        return any(conforms(value, each) for each in get_args(kind))
    if get_origin(kind) is tuple:
        inner, found = get_args(kind), value if isinstance(value, tuple) else None
        if found is None:
            return False
        inner = inner[:1] * len(found) if inner[-1] is ... else inner
        return len(inner) == len(found) and all(map(conforms, found, inner))
    if isinstance(kind, type) and is_dataclass(kind):
        return isinstance(value, kind) and all(conforms(getattr(value, n), each) for n, each in _hints(kind).items())
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return isinstance(value, NoneType if kind is None else kind)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    declared = get_type_hints(kind)
    return {each.name: declared[each.name] for each in fields(kind)}
