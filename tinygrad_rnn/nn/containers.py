"""Lists and dicts of modules, as modules: their parts are found, named and saved.

    self.layers = ModuleList([Linear(3, 3), Linear(3, 3)])        layers.0.weight, layers.1.weight, …
    self.heads = ModuleDict({"tag": Linear(3, 9)})                heads.tag.weight, …

They compute nothing: go through them in a forward of your own. A plain list or dict of modules, as an attribute, is
found as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, overload

from tinygrad_rnn.errors import OptionError, ShapeError, check_number, check_sequence, check_type
from tinygrad_rnn.nn.module import Module

__all__ = ["ModuleDict", "ModuleList"]


class ModuleList(Module):
    """Modules by number; the k-th is named "k".

    Args:
        modules: in order.

    >>> from tinygrad_rnn import nn
    >>> layers = ModuleList([nn.Linear(3, 3, bias=False) for _ in range(2)])
    >>> layers.append(nn.Linear(3, 1, bias=False))
    ModuleList()  21 parameters
      0: Linear(3, 3)  9 parameters
        weight  (3, 3)
      1: Linear(3, 3)  9 parameters
        weight  (3, 3)
      2: Linear(3, 1)  3 parameters
        weight  (1, 3)
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        check_sequence(type(self).__name__, "the modules", modules)
        self._modules: list[Module] = []
        self.extend(modules)

    def _members(self) -> Iterator[tuple[str, Any]]:
        yield from ((str(k), module) for k, module in enumerate(self._modules))
        yield from super()._members()

    def _part(self, value: Any) -> Module:
        """What stands in the list for a value that is put into it."""
        check_type(type(self).__name__, "module", value, Module, "a Module")
        module: Module = value
        return module

    def _named(self, name: str) -> None:
        super()._named(name)
        self._name_parts()

    def _name_parts(self) -> None:
        """The parts of a list that is `layers` are layers.0, layers.1, … in pictures and messages."""
        for k, module in enumerate(self._modules):
            if self.scope_name:
                module._named(f"{self.scope_name}.{k}")

    def append(self, module: Module) -> Self:
        """Put a module behind the last one; returns self."""
        return self.extend([module])

    def extend(self, modules: Iterable[Module]) -> Self:
        """Put modules behind the last one; returns self."""
        check_sequence(type(self).__name__, "the modules", modules)
        self._modules.extend([self._part(module) for module in modules])
        self._name_parts()
        return self

    def insert(self, index: int, module: Module) -> None:
        """Put a module in front of the one of this number."""
        check_number(type(self).__name__, "index", index, whole=True)
        self._modules.insert(index, self._part(module))
        self._name_parts()

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    @overload
    def __getitem__(self, k: int) -> Module: ...
    @overload
    def __getitem__(self, k: slice) -> Self: ...
    def __getitem__(self, k: int | slice) -> Module | Self:
        if not isinstance(k, slice):
            return self._modules[self._place(k)]
        part = type(self).__new__(type(self))
        ModuleList.__init__(part, self._modules[k])
        return part

    def __setitem__(self, k: int, module: Module) -> None:
        self._modules[self._place(k)] = self._part(module)
        self._name_parts()

    def __delitem__(self, k: int) -> None:
        del self._modules[self._place(k)]

    def _place(self, k: Any) -> int:
        n = len(self)
        check_number(type(self).__name__, "index", k, whole=True)
        if not -n <= k < n:
            raise ShapeError(f"{type(self).__name__}: there is no module {k}", expected=f"−{n} … {n - 1}" if n else "",
                             got=f"{n} modules")  # fmt: skip
        return int(k)


class ModuleDict(Module):
    """Modules by name.

    Args:
        modules: by name, in order; a name is a text without a dot.

    >>> from tinygrad_rnn import nn
    >>> heads = ModuleDict({"tag": nn.Linear(3, 9, rng=0), "chunk": nn.Linear(3, 5, rng=1)})
    >>> [name for name, _ in heads.named_parameters()]
    ['tag.weight', 'tag.bias', 'chunk.weight', 'chunk.bias']
    >>> heads["tag"]([[1.0, 2.0, 3.0]]).shape
    (1, 9)
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        self._modules: dict[str, Module] = {}
        self.update({} if modules is None else modules)

    def _members(self) -> Iterator[tuple[str, Any]]:
        yield from self._modules.items()
        yield from super()._members()

    def _named(self, name: str) -> None:
        super()._named(name)
        for key, module in self._modules.items():
            module._named(f"{self.scope_name}.{key}")

    def update(self, modules: Mapping[str, Module]) -> None:
        """Take these modules too; one of a name that is there takes its place."""
        check_type("ModuleDict", "modules", modules, Mapping | ModuleDict, "a mapping of names to modules")
        for name in modules:
            self[name] = modules[name]

    def __setitem__(self, name: str, module: Module) -> None:
        check_type("ModuleDict", "name", name, str, "a text")
        check_type("ModuleDict", name, module, Module, "a Module")
        if "." in name or not name:
            raise OptionError(f"ModuleDict: a module cannot be called {name!r}", expected="a text without a dot")
        self._modules[name] = module
        if self.scope_name:
            module._named(f"{self.scope_name}.{name}")

    def __getitem__(self, name: str) -> Module:
        if name not in self._modules:
            raise OptionError(f"ModuleDict: there is no module {name!r:.60}", expected=", ".join(self._modules))
        return self._modules[name]

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def pop(self, name: str) -> Module:
        """Take the module of this name out; returns it."""
        module = self[name]
        del self._modules[name]
        return module

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """(name, module) of each."""
        return self._modules.items()
