"""Functions and classes as the text that they were written in, with the values of the names in it.

def scaled(k):                           scaled(3)  →  Written("lambda x: k * x", "", {"k": 3})
    return lambda x: k * x
"""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, NamedTuple


class Unwritten(Exception):  # noqa: N818  (no mistake of anybody's)
    """A value that no text is known for."""


class Written(NamedTuple):
    """The text of a function or class without its decorators, what it is called there, and the names that it uses."""

    text: str
    name: str
    uses: dict[str, Any]
    annotated: bool = False


@lru_cache(maxsize=32)
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


def written_function(f: FunctionType) -> Written:
    """A function's text, as it stands in its file.

    Raises:
        Unwritten: there is no file, or it cannot be told which of its functions this is.
    """
    code = f.__code__
    source = "".join(linecache.getlines(code.co_filename, f.__globals__))
    found: list[Any] = []
    with suppress(SyntaxError, ValueError):
        found = [node for node in ast.walk(_parsed(source)) if _is_of(node, code)]
    if not found or "__class__" in code.co_freevars:
        raise Unwritten(f.__qualname__)
    node = max(found, key=lambda node: (node.lineno, node.col_offset))  # the innermost
    text = textwrap.dedent(ast.get_source_segment(source, node, padded=True) or "")
    known = {**f.__globals__, **_closure(f)}
    text, defaults = _with_defaults(f, node, text, known)
    body = node.body if isinstance(node.body, list) else [node.body]
    local = {*code.co_varnames, *code.co_cellvars}
    loaded = _loaded([*body, *node.args.defaults, *filter(None, node.args.kw_defaults)])
    uses = {name: known[name] for name in loaded if name in known and name not in local}
    return Written(text, getattr(node, "name", ""), uses | defaults, _is_annotated(node))


def _is_of(node: Any, code: CodeType) -> bool:
    """Whether this is the function that was compiled to `code`."""
    if isinstance(node, ast.Lambda):
        if code.co_name != "<lambda>" or node.lineno != code.co_firstlineno:
            return False
        start, end = (node.body.lineno, node.body.col_offset), (node.body.end_lineno, node.body.end_col_offset)
        spans = [span for span in code.co_positions() if None not in span and span[2] != span[3]]
        return all(start <= (a, c) and (b, d) <= end for a, b, c, d in spans)
    if not isinstance(node, ast.FunctionDef):
        return False
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return node.name == code.co_name and first == code.co_firstlineno


def _closure(f: Any) -> dict[str, Any]:
    found = {}
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        with suppress(ValueError):  # not filled yet
            found[name] = cell.cell_contents
    return found


def _with_defaults(f: FunctionType, node: Any, text: str, known: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text with names in place of defaults that only the scope around it could compute, and their values."""
    arguments, values = node.args, f.__defaults__ or ()
    positional = [*arguments.posonlyargs, *arguments.args][-len(values) :] if values else []
    named = {a.arg: v for a, v in zip(positional, values, strict=True)} | (f.__kwdefaults__ or {})
    twin = deepcopy(node)
    twin.decorator_list = []
    args = twin.args
    places = [(args.defaults, k, a.arg) for k, a in enumerate(positional)]
    places += [(args.kw_defaults, k, a.arg) for k, a in enumerate(args.kwonlyargs) if args.kw_defaults[k]]
    given = {}
    for defaults, k, name in places:
        if not {*_loaded([defaults[k]])} <= {*known, *vars(builtins)}:
            given[f"default_{name}"] = named[name]
            defaults[k] = ast.Name(f"default_{name}", ast.Load())
    return (ast.unparse(twin) if given else text), given


def written_class(cls: type) -> Written:
    """A class's text, with the names that its body and its methods use.

    Raises:
        Unwritten: there is no file that it stands in.
    """
    try:
        text = textwrap.dedent(inspect.getsource(cls))
        (node,) = ast.parse(text).body
    except (OSError, TypeError, SyntaxError, ValueError) as error:
        raise Unwritten(cls.__qualname__) from error
    known = dict(vars(sys.modules.get(cls.__module__, ast)))
    for method in _functions(vars(cls).values()):
        known.update(_closure(method))
    known.update(_in_the_body(cls, node))
    uses = {name: known[name] for name in _loaded([node]) if name in known and known[name] is not cls}
    uses.pop("__class__", None)
    if not {*_loaded([node])} <= {*uses, *vars(builtins), *_stored(node), cls.__name__}:
        raise Unwritten(cls.__qualname__)
    return Written(text, cls.__name__, uses, _is_annotated(node))


def _in_the_body(cls: type, node: Any) -> dict[str, Any]:
    """The values of names that only the scope around a class knew: its bases, what its attributes are."""
    named: list[tuple[Any, Any]] = list(zip(node.bases, cls.__bases__, strict=False))
    named += [(part.value, vars(cls).get(getattr(part.targets[0], "id", "")))
              for part in node.body if isinstance(part, ast.Assign)]  # fmt: skip
    return {part.id: value for part, value in named if isinstance(part, ast.Name)}


def _stored(node: ast.AST) -> set[str]:
    """The names that are given a value in there."""
    fields = ("id", "arg", "name", "asname")
    parts = [part for part in ast.walk(node) if not isinstance(getattr(part, "ctx", None), ast.Load)]
    return {str(getattr(part, field)).partition(".")[0] for part in parts for field in fields if hasattr(part, field)}


def _functions(values: Iterable[Any]) -> Iterator[Callable[..., Any]]:
    for value in values:
        for f in (value, *(getattr(value, name, None) for name in ("__func__", "fget", "fset", "func"))):
            if isinstance(f, FunctionType):
                yield f


def _loaded(parts: Iterable[ast.AST]) -> list[str]:
    """The names that are read there, annotations apart."""
    found: dict[str, None] = {}
    waiting = list(parts)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found[node.id] = None
        for field, value in ast.iter_fields(node):
            if field not in ("annotation", "returns"):
                waiting += [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, ast.AST)]
    return list(found)


def _is_annotated(node: ast.AST) -> bool:
    return any(getattr(part, field, None) for part in ast.walk(node) for field in ("annotation", "returns"))
