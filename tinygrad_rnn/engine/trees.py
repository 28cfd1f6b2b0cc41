"""Nested arguments: tuples, lists and dicts of Tensors, taken apart into a flat list and put together again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Build = Callable[[list[Any]], Any]


def flatten(nested: Any) -> tuple[list[Any], Build]:
    """The leaves from left to right, and a function that builds the same nest around as many others. None is no leaf.

    >>> leaves, build = flatten({"h": (1, 2), "c": [3]})
    >>> leaves
    [1, 2, 3]
    >>> build(["a", "b", "c"])
    {'h': ('a', 'b'), 'c': ['c']}
    >>> flatten({"weight": 1, "bias": None})[0]
    [1]
    """
    if nested is None:
        return [], lambda leaves: None
    if isinstance(nested, dict):
        keys, parts = list(nested), [flatten(part) for part in nested.values()]
        return _join(parts, lambda built: dict(zip(keys, built, strict=True)))
    if isinstance(nested, tuple | list):
        kind = type(nested)
        make = (lambda built: kind(*built)) if hasattr(nested, "_fields") else kind
        return _join([flatten(part) for part in nested], make)
    return [nested], lambda leaves: leaves[0]


def with_none(nested: Any) -> list[Any]:
    """The leaves from left to right, and None in its places.

    >>> with_none({"weight": 1, "bias": None})
    [1, None]
    """
    if isinstance(nested, dict):
        nested = tuple(nested.values())
    return [leaf for part in nested for leaf in with_none(part)] if isinstance(nested, tuple | list) else [nested]


def _join(parts: list[tuple[list[Any], Build]], make: Callable[[list[Any]], Any]) -> tuple[list[Any], Build]:
    sizes = [len(leaves) for leaves, _ in parts]

    def build(leaves: list[Any]) -> Any:
        built, at = [], 0
        for (_, part), size in zip(parts, sizes, strict=True):
            built.append(part(leaves[at : at + size]))
            at += size
        return make(built)

    return [leaf for leaves, _ in parts for leaf in leaves], build
