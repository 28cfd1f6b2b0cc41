"""A failed check as a line that runs, and the source of what the line needs.

    check_vjp(scaled, x, seed=0)                     the line: short values stand in it

    import numpy as np                               what it needs: what is long, what cannot be imported
    from tinygrad_rnn.testing import check_vjp
    x = np.frombuffer(…)
    def scaled(x): …

A function is imported where it stands in a module, and written with the names that it uses where it does not: a lambda,
a closure, whatever stands in a script. An object is made without its constructor, from its class and its attributes.
"""

from __future__ import annotations

import builtins
import copyreg
import re
import sys
import textwrap
import zlib
from base64 import b85encode
from functools import partial
from keyword import iskeyword
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.nn import Parameter
from tinygrad_rnn.testing.report.text import SHOWN, of_dtype, text
from tinygrad_rnn.testing.report.written import Unwritten, Written, written_class, written_function

WIDTH = 100  # of a line; a longer text of an array is given a name
SHORT = {"numpy": "np", "tinygrad_rnn": "tg"}
PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), np.generic)


class Again(NamedTuple):
    """A line that runs a check, and the source that it needs."""

    again: str
    needs: str


def rerun(check: str, fn: Any, *inputs: Any, **options: Any) -> Again:
    """The call of a check of tinygrad_rnn.testing, by its name, with these arguments.

    >>> print(*rerun("check_vjp", np.square, np.ones(2), seed=0), sep="; ")
    check_vjp(np.square, np.array([1.0, 1.0]), seed=0); import numpy as np
    from tinygrad_rnn.testing import check_vjp
    """
    script = Script()
    name = str(options.get("name", ""))
    if name.isidentifier():
        script.use(name, fn)
    line = script.call(check, fn, *inputs, **options)
    return Again(line, str(script))


class Script:
    """Source that defines values, and expressions for them that use its names.

    >>> script = Script()
    >>> script.expression([np.ones(2), None])
    '[np.array([1.0, 1.0]), None]'
    >>> print(script)
    import numpy as np
    """

    def __init__(self) -> None:
        self.imports: dict[str, None] = {}
        self.lines: list[str] = []
        self._bound: dict[str, Any] = {short: sys.modules[name] for name, short in SHORT.items()}
        self._names: dict[int, str] = {}  # the names of functions and objects, by id

    def __str__(self) -> str:
        imports = sorted(self.imports, key=lambda line: ("__future__" not in line, not line.startswith("import"), line))
        return "\n".join([*imports, *[""][: bool(imports and self.lines)], *self.lines])

    def call(self, function: str, *values: Any, **options: Any) -> str:
        """A call of a function of tinygrad_rnn.testing."""
        given = [self.argument(value, called(value)) for value in values]
        given += [f"{name}={self.argument(value, name)}" for name, value in options.items()]
        self.imports[f"from tinygrad_rnn.testing import {function}"] = None
        return f"{function}({', '.join(given)})"

    def argument(self, value: Any, name: str) -> str:
        """An expression for the value; where none is known, a name, and a comment that says what it stands for."""
        before = dict(self.imports), list(self.lines), dict(self._bound), dict(self._names)
        try:
            return self.expression(value, name)
        except Exception:  # whatever somebody's object does when it is taken apart: a report has to come out
            self.imports, self.lines, self._bound, self._names = before
            name = self._free(name)
            what = f"{type(value).__name__} {getattr(value, '__qualname__', '')}".rstrip()
            self.lines.append(f"# {name}: your own {what}, of which no text is known")
            return self._bind(name, value)

    def expression(self, x: Any, name: str = "x") -> str:
        """Text that is this value, in the scope of the script; what needs a name is given this one or one like it."""
        known = self._names.get(id(x))
        if known is not None:
            return known
        if isinstance(x, PLAIN):
            return self._with_numpy(text(x))
        if type(x) is np.ndarray and x.dtype.kind in "biufc":
            return self._array(x, name)
        if isinstance(x, Tensor):
            return self._tensor(x, name)
        if type(x) in (list, tuple, set):
            parts = ", ".join(self.expression(part, name) for part in x)
            parts += "," * (type(x) is tuple and len(x) == 1)
            return f"[{parts}]" if type(x) is list else f"({parts})" if type(x) is tuple else f"set([{parts}])"
        if type(x) is dict:
            pairs = (f"{self.expression(key)}: {self.expression(part, f'{key}')}" for key, part in x.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(x, slice):
            return f"slice({', '.join(self.expression(part) for part in (x.start, x.stop, x.step))})"
        if hasattr(type(x), "source_in"):  # it knows best
            return str(x.source_in(self))
        if isinstance(x, ModuleType):
            return self._module(x, name)
        if isinstance(x, np.dtype):
            return self._with_numpy(f"np.{x!r}")
        if isinstance(x, np.random.Generator):
            return self._generator(x, name)
        if isinstance(x, partial):
            self.imports["from functools import partial"] = None
            given = [self.expression(x.func, "fn"), *(self.expression(arg) for arg in x.args)]
            given += [f"{key}={self.expression(arg, key)}" for key, arg in x.keywords.items()]
            return f"partial({', '.join(given)})"
        if isinstance(x, MethodType):
            return f"{self.expression(x.__self__, type(x.__self__).__name__.lower())}.{x.__name__}"
        return self._defined(x, name)

    # values

    def _with_numpy(self, words: str) -> str:
        if "np." in words:
            self.imports["import numpy as np"] = None
        return words

    def _array(self, x: Array, name: str) -> str:
        words = self._numbers(x)
        return words if len(words) <= WIDTH else self._define(name, words, x)

    def _numbers(self, x: Array) -> str:
        """Text of an array: its numbers while they are few, one for all of them, or what is shorter, they or a pack."""
        self.imports["import numpy as np"] = None
        if x.size <= SHOWN:
            return text(x)
        words = min(_packed(x), text(x), key=len)
        self.imports |= {"import base64": None, "import zlib": None} if "base64" in words else {}
        return words

    def _tensor(self, x: Tensor, name: str) -> str:
        self.imports["import tinygrad_rnn as tg"] = None
        options = f", name={x.name!r}" if x.name is not None else ""
        if isinstance(x, Parameter):
            return self._define(x.name or name, f"tg.nn.Parameter({self._numbers(x.numpy())}{options})", x)
        options += ", requires_grad=True" if x.requires_grad else ""
        return self._define(x.name or name, f"tg.tensor({self._numbers(x.numpy())}{options})", x)

    def _generator(self, x: np.random.Generator, name: str) -> str:
        kind = type(x.bit_generator).__name__
        mine = self._define(name, self._with_numpy(f"np.random.Generator(np.random.{kind}())"), x)
        self.lines.append(f"{mine}.bit_generator.state = {self.expression(x.bit_generator.state)}")
        return mine

    # what is imported

    def _module(self, module: ModuleType, name: str = "") -> str:
        short = SHORT.get(module.__name__) or (name if self._bound.get(name, module) is module else self._free(name))
        self.imports[f"import {module.__name__}" + (f" as {short}" if short != module.__name__ else "")] = None
        self._bound[short] = module
        return short

    def _imported(self, x: Any) -> str | None:
        """How a function or class is called where it is imported, None where that is not possible."""
        name = x.__name__ if isinstance(x, np.ufunc) else x.__qualname__  # before NumPy 2.3 a ufunc has none
        module = sys.modules.get(getattr(x, "__module__", None) or "")
        for package in ("tinygrad_rnn", "tinygrad_rnn.nn", "numpy"):
            if "." not in name and getattr(sys.modules[package], name or "?", None) is x:
                within = self._module(sys.modules[package.partition(".")[0]])
                return ".".join([within, *package.split(".")[1:], name])
        if module is None or module.__name__ == "__main__":
            return None
        first, *rest = name.split(".")
        found: Any = module
        for part in (first, *rest):
            found = getattr(found, part, None)
        if found is not x:  # it may have another name there
            first, rest = next((key for key, value in vars(module).items() if value is x), ""), []
        if not first:
            return None
        if module is builtins:
            return name
        top = getattr(module, first)
        short = first if self._bound.get(first, top) is top and first not in SHORT.values() else self._free(first)
        self.imports[f"from {module.__name__} import {first}" + (f" as {short}" if short != first else "")] = None
        self._bind(short, top)
        return ".".join([short, *rest])

    # what is defined

    def _defined(self, x: Any, name: str) -> str:
        """The name of a function, class or object, once it has one."""
        if (isinstance(x, np.ufunc) or hasattr(x, "__qualname__")) and (imported := self._imported(x)):
            return imported
        if isinstance(getattr(x, "op", None), Op):
            return self._op(x, x.op)
        if isinstance(x, FunctionType):
            return self._function(x, x, name)
        if isinstance(x, type):
            return self._source(x, written_class(x), name)
        return self._object(x, name)

    def _source(self, x: Any, found: Written, name: str) -> str:
        """A function or class by its text; inside another function where a name in it stands for something else."""
        if found.annotated:
            self.imports["from __future__ import annotations"] = None
        itself = [use for use, value in found.uses.items() if value is x]
        wanted = found.name or (itself or [name])[0]
        mine = self._bind(self._free(wanted), x)
        uses = {use: value for use, value in found.uses.items() if value is not x}
        words = {use: self.expression(value, use) for use, value in uses.items()}
        if mine == wanted and all(self._bound.get(use, value) is value for use, value in uses.items()):
            for use, value in uses.items():
                if words[use] != use:
                    self._rename(use, words[use], value)
            self.lines.append(found.text.rstrip() if found.name else f"{mine} = {_within_brackets(found.text)}")
            return mine
        body = f"{found.text.rstrip()}\nreturn {found.name}" if found.name else f"return {_within_brackets(found.text)}"
        self.lines.append(f"def make({', '.join(uses)}):\n{textwrap.indent(body, '    ')}")
        self.lines.append(f"{mine} = make({', '.join(f'{use}={words[use]}' for use in uses)})")
        return mine

    def _rename(self, name: str, words: str, value: Any) -> None:
        """Make this very name stand for the value."""
        self.lines.append(f"{name} = {words}")
        self._bound[name] = value

    def _function(self, x: Any, f: Any, name: str) -> str:
        """The text of f, and the name and docstring that it was given later, for x."""
        written = written_function(f)
        found = self._source(x, written, name)
        self.lines += [f"{found}.__name__ = {f.__name__!r}"] * (f.__name__ != (written.name or "<lambda>"))
        self.lines += [f"{found}.__doc__ = {f.__doc__!r}"] * (f.__doc__ not in (None, *f.__code__.co_consts))
        return found

    def _op(self, x: Any, op: Op) -> str:
        """A declared op: its forward, then its rules."""
        self.imports["import tinygrad_rnn as tg"] = None
        forward = self._function(x, op.forward, op.name)
        self.lines.append(f"{forward} = tg.{'primitive' if op.differentiable else 'nondifferentiable'}({forward})")
        for kind, rules in (("vjp", op.vjps), ("jvp", op.jvps), ("together", op.together)):
            by_number = rules.items() if isinstance(rules, dict) else enumerate(rules)
            for k, rule in by_number:
                if rule is not None:
                    words = self.expression(rule, f"{kind}_{op.params[k]}")
                    self.lines.append(f"{forward}.{kind}({op.params[k]}={words})")
        if op.into is not None:
            self.lines.append(f"{forward}.into({self.expression(op.into, 'into')})")
        return forward

    def _object(self, x: Any, name: str) -> str:
        """An object as pickle takes it apart: what makes it, of what, and its attributes."""
        reduced = x.__reduce_ex__(2)
        if isinstance(reduced, str):
            raise Unwritten(reduced)
        make, args, state, items, pairs = (*reduced, *[None] * 5)[:5]
        if items is not None or pairs is not None:
            raise Unwritten(type(x).__name__)
        if make is copyreg.__newobj__:  # type: ignore[attr-defined]
            words = f"{self.expression(args[0])}.__new__"
        else:
            words = self.expression(make)
        mine = self._define(name, f"{words}({', '.join(self.expression(arg) for arg in args)})", x)
        attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
        if hasattr(x, "__setstate__"):
            self.lines.append(f"{mine}.__setstate__({self.expression(state)})")
        elif attributes:
            parts = {key: self.expression(value, key) for key, value in attributes.items()}
            given = [f"{key}={part}" if key.isidentifier() else f"**{{{key!r}: {part}}}" for key, part in parts.items()]
            apart = sum(map(len, given)) > WIDTH
            self.lines.append(f"vars({mine}).update({', '.join(given) if not apart else _one_a_line(given)})")
        for key, value in (slots or {}).items():
            self.lines.append(f"object.__setattr__({mine}, {key!r}, {self.expression(value, key)})")
        return mine

    # names

    def use(self, name: str, value: Any) -> None:
        """Make this very name stand for the value."""
        words = self.argument(value, name)
        if words != name and self._bound.get(name) is not value:
            self._rename(name, words, value)
            self._names[id(value)] = name

    def input(self, name: str, x: Array) -> None:
        """An array under this very name."""
        self.lines.append(f"{name} = {self._with_numpy(text(x))}")
        self._bind(name, x)

    def _define(self, name: str, words: str, value: Any) -> str:
        name = self._free(name)
        self.lines.append(f"{name} = {words}")
        return self._bind(name, value)

    def _bind(self, name: str, value: Any) -> str:
        self._bound[name] = value
        self._names[id(value)] = name
        return name

    def _free(self, name: str) -> str:
        """This name, or one like it that stands for nothing yet."""
        stem = re.sub(r"\W+", "_", name).strip("_") or "x"
        stem = f"x{stem}" if stem[0].isdigit() or iskeyword(stem) else stem
        taken = {*self._bound, *SHORT.values(), *vars(builtins)}
        return next(n for n in (f"{stem}{k or ''}" for k in range(len(taken) + 1)) if n not in taken)


def _packed(x: Array) -> str:
    """Many numbers: one for all of them, or all in a pack, in the order in which they lie in memory."""
    axes = sorted(range(x.ndim), key=lambda k: -abs(x.strides[k]))
    turned = "" if axes == sorted(axes) else f".transpose({', '.join(map(str, np.argsort(axes)))})"
    x = x.transpose(axes)
    data = x.tobytes()
    if data == data[: x.itemsize] * x.size:
        return f"np.full({x.shape}, {text(x.ravel()[:1].tolist()[0])}{of_dtype(x)}){turned}"
    pack = b85encode(zlib.compress(data, 9)).decode()
    words = "\n".join(f"    {pack[k : k + WIDTH]!r}" for k in range(0, len(pack), WIDTH))
    loaded = f"np.frombuffer(zlib.decompress(base64.b85decode(\n{words}\n)), {x.dtype.str!r})"
    return f"{loaded}.reshape({x.shape}).copy(){turned}"


def _within_brackets(words: str) -> str:
    words = words.strip()
    return f"({words})" if "\n" in words else words


def _one_a_line(given: list[str]) -> str:
    return "".join(f"\n    {words}," for words in given) + "\n"


def called(value: Any) -> str:
    """A name to give what is checked, or checked at."""
    if not callable(value):
        return "x"
    name = str(getattr(value, "__name__", type(value).__name__.lower()))
    return name if name.isidentifier() else "f"
