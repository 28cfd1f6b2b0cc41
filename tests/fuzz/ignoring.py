"""A program that ignores one of its options: whatever is given, it does what it does by default.

    train --clip          of the command line      put back in what was parsed, before the command sees it
    Settings.clip         of a Config              put back where the library reads it, true where it is told or saved
    train.fit clip        of a public function     put back before the function is entered
    viz.FORMATS .png      a format                 is written as the first one is

What has no default keeps the value that it was given first. The lists are made from the parsers, the dataclasses, the
signatures and the registry themselves.
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial, wraps
from types import FrameType
from typing import Any

import tinygrad_rnn as tg
import viz
from tinygrad_rnn import cli
from tinygrad_rnn.cli.options import Parser
from tinygrad_rnn.train.config import Config, options_of
from viz.drawing import FORMATS

__all__ = ["HOOK", "VARIABLE", "begin", "options"]

VARIABLE = "TINYGRAD_RNN_IGNORED"
HOOK = f"import os\nfrom tests.fuzz.ignoring import begin\nbegin(os.environ[{VARIABLE!r}])\n"  # a sitecustomize.py
PACKAGES = {"train": tg.train, "viz": viz}
Begin = Callable[[], None]


def begin(name: str) -> None:
    """Ignore that option from here on, in this process and in those that it starts with the hook on their path."""
    os.environ[VARIABLE] = name
    options()[name]()


def options() -> dict[str, Begin]:
    """For each option, what makes this process ignore it."""
    return dict([*of_the_command_line(), *of_configs(), *of_functions(), *of_formats()])


# the command line


def of_the_command_line() -> Iterator[tuple[str, Begin]]:
    for action in cli.parser()._actions:
        if action.option_strings:
            yield f"tinygrad-rnn {action.option_strings[-1]}", partial(forget_action, type(action))
    for command in cli.COMMANDS:
        to = Parser()
        cli._fill(command, to)
        for action in to._actions:
            if action.dest != "help":
                said = action.option_strings[-1] if action.option_strings else action.metavar
                yield f"{command.name} {said}", partial(forget_option, command.name, action)


def forget_action(kind: Any) -> None:
    """For what acts while the words are read, as --version does."""
    kind.__call__ = lambda *_: None


def forget_option(command: str, action: argparse.Action) -> None:
    """What a test parses for itself stays as it was typed: the program is what forgets."""
    parse, first = Parser.parse_args, First()
    default = [] if action.nargs == "*" and action.default is None else action.default

    def parse_args(self: Any, *given: Any) -> Any:
        found = parse(self, *given)
        if calling().f_globals["__name__"] != "tinygrad_rnn.cli" or found.command != command:
            return found
        if default is not argparse.SUPPRESS:
            needed = action.required and default is None
            setattr(found, action.dest, first(getattr(found, action.dest)) if needed else default)
        elif hasattr(found, action.dest):
            delattr(found, action.dest)
        return found

    Parser.parse_args = parse_args  # type: ignore[method-assign]


class First:
    """Answers whatever it is given with what it was given first."""

    def __call__(self, value: Any) -> Any:
        return vars(self).setdefault("value", value)


def calling() -> FrameType:
    """Who called the function that asks."""
    return sys._getframe(2)


# settings


def of_configs() -> Iterator[tuple[str, Begin]]:
    for config in sorted(Config.__subclasses__(), key=lambda config: config.__name__):
        if config.__module__.startswith("tinygrad_rnn."):
            for name in options_of(config):
                yield f"{config.__name__}.{name}", partial(forget_field, config, name)


def forget_field(config: type, name: str) -> None:
    setattr(config, name, Field(name, getattr(config, name, None)))


TELLS = {"__repr__", "__str__", "describe", "reading_title"}  # what a run is called by those who then do otherwise
COMPARE = {"tinygrad_rnn.train.config", "tinygrad_rnn.cli.train", "tinygrad_rnn.cli.translate"}


class Field:
    """A field of a frozen dataclass: the library reads its default, whoever else asks what was given."""

    def __init__(self, name: str, default: Any) -> None:
        self.name, self.default, self.first = name, default, First()

    def __get__(self, config: Any, owner: Any = None) -> Any:
        if config is None:
            return self.default
        module, function = calling().f_globals["__name__"], calling().f_code.co_name
        value = vars(config)[self.name]
        if not module.startswith("tinygrad_rnn.") or module in COMPARE or function in TELLS:
            return value
        return self.first(value) if self.is_needed(config) else self.default

    def __set__(self, config: Any, value: Any) -> None:
        vars(config)[self.name] = value

    def is_needed(self, config: Any) -> bool:
        return self.default is None and not options_of(type(config))[self.name].optional


# functions


def of_functions() -> Iterator[tuple[str, Begin]]:
    for package, module in PACKAGES.items():
        for name in module.__all__:
            for path, owner, function in called(module, name):
                for p in inspect.signature(function).parameters.values():
                    if p.default is not p.empty:
                        yield f"{package}.{path} {p.name}", partial(forget_argument, owner, function, p.name)


def called(module: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """(its name, the class it is of, itself): a function, or the methods of a class; not what only holds values."""
    found = getattr(module, name)
    if inspect.isfunction(found):
        yield name, None, found
    elif inspect.isclass(found):
        for key, method in vars(found).items():
            function = getattr(method, "__func__", method)
            if inspect.isfunction(function) and not key.startswith("_"):
                yield f"{name}.{key}", found, function


def forget_argument(owner: Any, function: Any, name: str) -> None:
    """Put another function in its place wherever the library has it by a name."""
    signature = inspect.signature(function)

    @wraps(function)
    def forgetful(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.arguments.pop(name, None)
        return function(*bound.args, **bound.kwargs)

    holders = (
        [owner] if owner else [m for n, m in sys.modules.items() if n.partition(".")[0] in ("tinygrad_rnn", "viz")]
    )
    for holder in holders:
        for key, value in list(vars(holder).items()):
            if value is function:
                setattr(holder, key, forgetful)
            elif getattr(value, "__func__", None) is function:
                setattr(holder, key, type(value)(forgetful))


# formats


def of_formats() -> Iterator[tuple[str, Begin]]:
    first, *others = FORMATS
    for suffix in others:
        yield f"viz.FORMATS {suffix}", partial(FORMATS.__setitem__, suffix, FORMATS[first])
