"""Bug: a piece of somebody's code with a slip in it, and how its author would have tested it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from typing import Any

from hypothesis import given

from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing import OpSpec, check_module, check_recurrent

BUGS: dict[str, Bug] = {}


@dataclass(frozen=True)
class Bug:
    """One piece.

    Attributes:
        kind: the file it stands in.
        how: what the slip is.
        build: the piece, `build(right=False)` with the slip.
        inputs: a strategy for what it is called with: one array, or a tuple.
        options: what its author tells the check besides, such as a reference.
    """

    name: str
    kind: str
    how: str
    build: Callable[[bool], Any]
    inputs: Any
    check: Callable[..., None]
    options: dict[str, Any]

    def run(self, right: bool = False) -> None:
        """The check that its author would have written, under whatever Hypothesis profile is loaded."""
        with forgotten_afterwards():
            self.check(self, self.build(right))


@contextmanager
def forgotten_afterwards() -> Any:
    """The ops declared in the block are not among the library's afterwards."""
    before = dict(REGISTRY)
    try:
        yield
    finally:
        REGISTRY.clear()
        REGISTRY.update(before)


def entry(check: Callable[..., None]) -> Callable[..., Any]:
    """A decorator that enters a piece into the table, to be tested by `check`."""

    def described(how: str, inputs: Any, **options: Any) -> Callable[[Callable[[bool], Any]], Bug]:
        def enter(build: Callable[[bool], Any]) -> Bug:
            name, kind = build.__name__, build.__module__.rpartition(".")[2]
            if name in BUGS:
                raise ValueError(f"two pieces are called {name}")
            BUGS[name] = Bug(name, kind, how, build, inputs, check, options)
            return BUGS[name]

        return enter

    return described


def as_tuple(args: Any) -> tuple[Any, ...]:
    return args if isinstance(args, tuple) else (args,)


@entry
def op(bug: Bug, fn: Any) -> None:
    OpSpec(bug.name, fn, inputs=bug.inputs, **bug.options).run()


@entry
def module(bug: Bug, made: Any) -> None:
    @given(bug.inputs)
    def test(args: Any) -> None:
        check_module(made, *as_tuple(args), **taken(check_module, bug.options))

    test()


@entry
def recurrent(bug: Bug, made: Any) -> None:
    """Inputs: x, or (x, h0), or (x, h0, lengths)."""

    @given(bug.inputs)
    def test(args: Any) -> None:
        check_recurrent(made, *as_tuple(args), **taken(check_recurrent, bug.options))

    test()


def taken(check: Callable[..., Any], options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that the check knows by now."""
    return {name: value for name, value in options.items() if name in signature(check).parameters}
