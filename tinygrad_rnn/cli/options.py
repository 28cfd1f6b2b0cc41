"""What the options of all commands have in common: how they are parsed, and what their help shows."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["PROGRAM", "Parser", "number", "options_for", "whole"]

PROGRAM = "tinygrad-rnn"


class Parser(argparse.ArgumentParser):
    """argparse, saying what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def options_for(defaults: Any, to: argparse.ArgumentParser) -> Callable[..., None]:
    """`option(name, help, …)` adds an option for a field: its help shows the default; what is not given is absent."""

    def option(name: str, help: str, **how: Any) -> None:
        shown = getattr(defaults, name.replace("-", "_"))
        to.add_argument(f"--{name}", default=argparse.SUPPRESS, help=f"{help} ({shown})", **how)

    return option


def whole(least: int) -> Callable[[str], int]:
    """An argparse type: an integer of at least so much."""

    def parse(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    parse.__name__ = "integer"
    return parse


def number(least: float = -math.inf, most: float = math.inf) -> Callable[[str], float]:
    """An argparse type: a finite number in a range."""

    def parse(text: str) -> float:
        value = float(text)
        if not (math.isfinite(value) and least <= value <= most):
            raise argparse.ArgumentTypeError(f"{text} is not a number from {least} to {most}")
        return value

    parse.__name__ = "number"
    return parse
