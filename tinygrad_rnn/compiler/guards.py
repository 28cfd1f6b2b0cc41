"""What a recorded function took for granted: the values that it reaches from outside, and whether they still hold.

f  →  the globals and closures that its code names, the attributes of what it is bound to, and of what those call
   →  checks: is it the same object, the same number, the same length?

A number that changed from outside means that f is recorded again. What f changed itself is told apart: see `changed`.
"""

from __future__ import annotations

import inspect
import random
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor

__all__ = ["Guards", "guards_of"]

PLAIN = (int, float, complex, bool, str, bytes, type(None), np.generic, np.dtype, range, slice)
KNOWN = frozenset({"tinygrad_rnn", "numpy", *sys.stdlib_module_names})  # what these modules hold does not change
MOST = 20_000  # values that are looked at
_MISSING = object()


@dataclass
class Check:
    """One value, where it is found, and what it was.

    Attributes:
        name: as the user's code has it.
        read: finds it now.
        was: what it was.
        alike: whether an equal value will do.
    """

    name: str
    read: Callable[[], Any]
    was: Any
    alike: bool

    def holds(self) -> bool:
        """Whether it is what it was."""
        now = self.read()
        return now is self.was or (self.alike and type(now) is type(self.was) and _equal(now, self.was))


def _equal(a: Any, b: Any) -> bool:
    return a.hex() == b.hex() if type(a) is float else bool(a == b) or repr(a) == repr(b)  # −0 is not 0


@dataclass
class Guards:
    """All the checks of one function.

    Attributes:
        arrays: those that it can reach.
        generators: the random generators, by the name under which they were found.
        numbers: those that the user's own values are.
        code: of the functions that may run, for the lines in messages.
    """

    checks: list[Check] = field(default_factory=list)
    fast: list[tuple[Any, Any, Any, Check]] = field(default_factory=list)
    arrays: list[np.ndarray] = field(default_factory=list)
    contents: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    tensors: list[tuple[Tensor, bool]] = field(default_factory=list)
    generators: dict[str, np.random.Generator] = field(default_factory=dict)
    numbers: set[Any] = field(default_factory=set)
    code: list[CodeType] = field(default_factory=list)

    def hold(self) -> bool:
        """Whether everything is as it was."""
        for mapping, key, was, check in self.fast:
            if mapping.get(key, _MISSING) is not was and not check.holds():
                return False
        for check in self.checks:
            if check.read() is not check.was and not check.holds():
                return False
        for tensor, required in self.tensors:
            if (tensor._node is not None and tensor._node.requires_grad) is not required:
                return False
        return all(np.array_equal(array, was, equal_nan=was.dtype.kind == "f") for array, was in self.contents)

    def changed(self) -> list[str]:
        """The names of what is not as it was; from now on these are not checked."""
        names = [check.name for check in self.checks if not check.holds()]
        self.checks = [check for check in self.checks if check.holds()]
        names += [check.name for *_, check in self.fast if not check.holds()]
        self.fast = [(*place, check) for *place, check in self.fast if check.holds()]
        return names

    def line(self, name: str) -> str:
        """Where the code names it first."""
        for code in self.code:
            for _, _, line in code.co_lines():
                if line is not None and name in (*code.co_names, *code.co_freevars):
                    return f"{code.co_filename}:{code.co_firstlineno}: {code.co_name} reads {name}"
        return ""

    def reaches(self, array: np.ndarray) -> bool:
        """Whether the function finds this array, or one that it is a view of, when it begins."""
        known = {id(each) for each in self.arrays}
        base: Any = array
        while isinstance(base, np.ndarray):
            if id(base) in known:
                return True
            base = base.base
        return False


def random_states(guards: Guards) -> dict[str, Any]:
    """The states of every random generator that the function can reach."""
    found = {name: str(generator.bit_generator.state) for name, generator in guards.generators.items()}
    return {**found, "random": random.getstate(), "np.random": str(np.random.get_state(legacy=False))}  # noqa: NPY002


def guards_of(f: Callable[..., Any], arguments: Iterable[Any] = ()) -> Guards:
    """What f takes for granted, of its own and of the objects among its arguments."""
    walk = _Walk()
    walk.visit(f, getattr(f, "__name__", type(f).__name__))
    for argument in arguments:
        if not isinstance(argument, Tensor | np.ndarray):
            walk.visit(argument, type(argument).__name__)
    walk.all()
    return walk.guards


class _Walk:
    def __init__(self) -> None:
        self.guards = Guards()
        self.seen: dict[int, Any] = {}
        self.names: set[str] = {"forward", "step", "__call__"}
        self.objects: list[tuple[Any, str]] = []
        self.spaces: dict[int, tuple[dict[str, Any], str]] = {}
        self.taken: set[tuple[int, str]] = set()

    def all(self) -> None:
        """Attributes count where some function that may run names them: again and again until no name is new."""
        before = -1
        while before != len(self.names) + len(self.objects):
            before = len(self.names) + len(self.objects)
            for value, name in list(self.objects):
                self._attributes(value, name)
            for space, name in list(self.spaces.values()):
                for key in self.names & space.keys():
                    self._entry(space, key, f"{name}.{key}" if name else key)

    def _entry(self, space: dict[Any, Any], key: Any, name: str, ours: bool = False) -> None:
        if (id(space), str(key)) in self.taken:
            return
        self.taken.add((id(space), str(key)))
        value = space[key]
        check = Check(name, lambda: space.get(key, _MISSING), value, isinstance(value, PLAIN))
        self.guards.fast.append((space, key, value, check))
        if not ours:
            self._number(value)
        self.visit(value, name)

    def _number(self, value: Any) -> None:
        if isinstance(value, int | float | np.number) and not isinstance(value, complex):
            self.guards.numbers.add(value.item() if isinstance(value, np.generic) else value)

    def visit(self, value: Any, name: str) -> None:
        """Look at a value that may be read."""
        if isinstance(value, PLAIN) or id(value) in self.seen or len(self.seen) > MOST:
            return
        self.seen[id(value)] = value
        if isinstance(value, Tensor):
            self.guards.tensors.append((value, value.requires_grad))
            _ = value.node  # one that is older than the recording: what was there before is read at each call
        elif isinstance(value, np.ndarray):
            self.guards.arrays.append(value)
        elif isinstance(value, np.random.Generator):
            self.guards.generators[name] = value
        elif isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, MethodType):
            self.visit(value.__func__, name)
            self.visit(value.__self__, "self")
        elif isinstance(value, partial):
            for part in (value.func, value.args, value.keywords):
                self.visit(part, name)
        elif isinstance(value, dict):
            self._length(value, name)
            for key in list(value):
                self._entry(value, key, f"{name}[{key!r:.30}]")
        elif isinstance(value, list | tuple | deque):
            self._items(value, name)
        elif isinstance(value, set | frozenset):
            self.guards.checks.append(Check(name, lambda: frozenset(value), frozenset(value), True))
            for item in list(value):
                self.visit(item, name)
        elif _root(type(value).__module__) in KNOWN and hasattr(value, "__wrapped__"):
            self.visit(value.__wrapped__, name)  # a compiled function: what it has recorded is its own affair
        elif isinstance(value, ModuleType):
            if _root(value.__name__) not in KNOWN:
                self.spaces[id(value)] = (vars(value), name)
        elif isinstance(value, type):
            if _root(value.__module__) not in KNOWN:
                self.objects.append((value, name))
        elif not isinstance(value, BuiltinFunctionType | CodeType | CellType) and (
            hasattr(value, "__dict__") or hasattr(type(value), "__slots__")
        ):
            self.objects.append((value, name))

    def _function(self, f: FunctionType) -> None:
        if _root(f.__module__ or "") in KNOWN:
            wrapped = getattr(f, "__wrapped__", None)  # a context manager of ours, around a function of the user's
            if wrapped is not None:
                self.visit(wrapped, f.__name__)
            for cell in f.__closure__ or ():
                content = _content(cell)
                if callable(content):
                    self.visit(content, f.__name__)
            return
        for code in _codes(f.__code__):
            self.guards.code.append(code)
            words = {const for const in code.co_consts if isinstance(const, str) and const.isidentifier()}
            self.names |= set(code.co_names) | words  # getattr(x, "name")
        for part in ("__code__", "__defaults__", "__kwdefaults__"):
            self.guards.checks.append(Check(f.__name__, partial(getattr, f, part), getattr(f, part), False))
        named = {name for code in _codes(f.__code__) for name in code.co_names}
        for key in named & f.__globals__.keys():
            self._entry(f.__globals__, key, key)
        for key, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            content = _content(cell)
            check = Check(key, partial(_content, cell), content, isinstance(content, PLAIN))
            self.guards.checks.append(check)
            self._number(content)
            self.visit(content, key)
        for default in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
            self._number(default)
            self.visit(default, f.__name__)

    def _length(self, value: Any, name: str) -> None:
        self.guards.checks.append(Check(name, lambda: len(value), len(value), True))

    def _items(self, value: Any, name: str) -> None:
        if not isinstance(value, tuple):
            self._length(value, name)
        for k, item in enumerate(value):
            self._number(item)
            if not isinstance(value, tuple):
                read = partial(_item, value, k)
                self.guards.checks.append(Check(f"{name}[{k}]", read, item, isinstance(item, PLAIN)))
            self.visit(item, f"{name}[{k}]")

    def _attributes(self, value: Any, name: str) -> None:
        kind = value if isinstance(value, type) else type(value)
        own = getattr(value, "__dict__", {})
        ours = _root(kind.__module__) in KNOWN
        if isinstance(own, dict):
            for key in list(own) if ours else self.names & own.keys():
                self._entry(own, key, f"{name}.{key}", ours)
        for base in kind.__mro__:
            known = _root(base.__module__) in KNOWN
            for key in vars(base).keys() if known else self.names & vars(base).keys():
                found = vars(base)[key]
                member = _bare(found) if not known else found
                if type(found).__name__ in ("member_descriptor", "getset_descriptor"):
                    if not known and not isinstance(value, type):
                        self._inherited(value, key, f"{name}.{key}")
                        self.visit(getattr(value, key, None), f"{name}.{key}")
                elif isinstance(member, PLAIN):
                    if not key.startswith("__"):
                        self._inherited(value, key, f"{name}.{key}")
                elif not known:
                    self._member(own, kind, base, key, f"{name}.{key}")
                    self.visit(inspect.unwrap(member) if callable(member) else member, key)

    def _member(self, own: Any, kind: type, base: type, key: str, name: str) -> None:
        """What stands in the class, and that nothing stands before it, in the object or in a class derived."""
        before = kind.__mro__[: kind.__mro__.index(base) + 1]
        spaces = [(id(own), own), *((id(each), vars(each)) for each in before)]
        for number, space in spaces:
            if (number, f"!{key}") not in self.taken and not (space is own and key in own):
                self.taken.add((number, f"!{key}"))
                self.guards.checks.append(
                    Check(name, partial(space.get, key, _MISSING), space.get(key, _MISSING), False)
                )

    def _inherited(self, value: Any, key: str, name: str) -> None:
        """A plain attribute of the class, which one of the object's own may come to stand before."""
        if (id(value), f".{key}") not in self.taken and key not in getattr(value, "__dict__", {}):
            self.taken.add((id(value), f".{key}"))
            read = partial(getattr, value, key, _MISSING)
            was = read()
            self.guards.checks.append(Check(name, read, was, isinstance(was, PLAIN)))
            self._number(was)


def _bare(member: Any) -> Any:
    """The function of a method of any kind."""
    if isinstance(member, property):
        return member.fget
    return member.__func__ if isinstance(member, classmethod | staticmethod) else member


def _root(module: str) -> str:
    return module.partition(".")[0]


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet filled
        return _MISSING


def _item(values: list[Any], k: int) -> Any:
    return values[k] if k < len(values) else _MISSING


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function and of those that are defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
