"""A module as text: its class and arguments, its parameters and buffers with their shapes, then its parts, indented."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import signature
from typing import Any

SIMPLE = (bool, int, float, str, tuple)


def tree(module: Any, path: str = "", first: dict[int, str] | None = None) -> Iterator[str]:
    """The lines of a module.

    Args:
        path: of the module, with a dot behind it.
        first: under what path each parameter or buffer was met first, by id: it is written again as that.
    """
    first = {} if first is None else first
    yield f"{type(module).__name__}({', '.join(arguments(module))}){counted(module)}"
    buffers = dict(module._own_buffers())
    own = {**dict(module._own_parameters()), **buffers}
    width = max(map(len, own), default=0)
    for name, tensor in own.items():
        known = first.setdefault(id(tensor), path + name)
        kind = "  buffer" if name in buffers else ""
        yield f"  {name:<{width}}  {tensor.shape}{kind}{'' if known == path + name else f'  is {known}'}"
    for name, part in module._parts():
        head, *rest = tree(part, f"{path}{name}.", first)
        yield f"  {name}: {head}"
        yield from (f"  {line}" for line in rest)


def counted(module: Any) -> str:
    """How many numbers it learns; nothing where it learns none."""
    count = sum(parameter.size for parameter in module.parameters())
    return f"  {count:,} parameter{'' if count == 1 else 's'}" if count else ""


def arguments(module: Any) -> Iterator[str]:
    """What to call its class with, as far as it is simple: the first arguments, and those that are not the default."""
    leading = True
    for k, (name, parameter) in enumerate(signature(type(module)).parameters.items()):
        value = module._argument(name)
        leading = leading and isinstance(value, SIMPLE) and (k == 0 or parameter.default is parameter.empty)
        if leading and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            yield repr(value)
        elif isinstance(value, SIMPLE) and value != parameter.default:
            yield f"{name}={value!r}"
