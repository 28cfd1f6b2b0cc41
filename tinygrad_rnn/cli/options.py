"""What the commands share: the parser, what a command is, and options made from settings."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from tinygrad_rnn.errors import OptionError, check_number, range_in_words
from tinygrad_rnn.train.config import Option, options_of

__all__ = ["PROGRAM", "Command", "Parser", "add_eager", "add_settings", "given", "ranged"]

PROGRAM = "tinygrad-rnn"


class Parser(argparse.ArgumentParser):
    """argparse, saying what is wrong in one line. `fill` adds the options when they are needed, and not before."""

    def __init__(self, *args: Any, fill: Callable[[Parser], object] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fill = fill

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        fill, self.fill = self.fill, None
        if fill is not None:
            fill(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


class Command(NamedTuple):
    """A word after the program's name.

    Attributes:
        help: what it does, in a line.
        options: adds its options to its parser.
        run: does it, and returns the exit status; None is 0.
    """

    name: str
    help: str
    options: Callable[[Parser], None]
    run: Callable[[Namespace], int | None]


def add_eager(to: Parser) -> None:
    """`--eager`, for commands that train."""
    to.add_argument("--eager", action="store_true", help="run every op as the model says it, without a compiled plan")


def add_settings(to: Parser, config: type, shown: Mapping[str, str] | None = None) -> None:
    """An option for each setting of a Config, with its default in its help; one that is not given is absent.

    Args:
        shown: defaults in words, by name, where those of the Config do not hold.
    """
    for name, option in options_of(config).items():
        default = (shown or {}).get(name, option.shown)
        flag = f"--{name.replace('_', '-')}"
        to.add_argument(flag, default=argparse.SUPPRESS, help=f"{option.help} ({default})", **_reader(option))


def _reader(option: Option) -> dict[str, Any]:
    """How argparse reads a value of the option."""
    if option.kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if option.choices:
        return {"choices": option.choices}
    return {"type": ranged(option.kind, **option.bounds), "metavar": option.letter}


def given(options: Namespace, config: type) -> dict[str, Any]:
    """The settings that were typed."""
    return {name: getattr(options, name) for name in options_of(config) if hasattr(options, name)}


def ranged(kind: Callable[[str], Any], **bounds: float) -> Callable[[str], Any]:
    """An argparse type: a finite number within the bounds that `check_number` takes."""
    whole = kind is int

    def parse(text: str) -> Any:
        try:
            value = kind(text)
            check_number("", "", value, whole=whole, **bounds)
        except (OptionError, ValueError):
            raise argparse.ArgumentTypeError(f"{text!r:.60} is not {range_in_words(whole=whole, **bounds)}") from None
        return value

    return parse
