"""tinygrad-rnn lesson: the course, lesson by lesson, and exercises that check themselves."""

from __future__ import annotations

import argparse
import runpy
import sys
import textwrap
from pathlib import Path

from tinygrad_rnn.cli.options import PROGRAM, Command, Parser, ranged
from tinygrad_rnn.errors import OptionError


def add_options(to: Parser) -> None:
    to.add_argument("number", type=ranged(int, least=0), nargs="?", metavar="N", help="the lesson to run (list them)")
    to.add_argument("--out", type=Path, metavar="DIR", help="where its pictures go (a new folder, which it names)")
    to.add_argument("--print", action="store_true", dest="show", help="print its text instead of running it")
    to.add_argument("--check", type=Path, metavar="FILE", help="judge your answers to its exercises, in a Python file")


def run(options: argparse.Namespace) -> int | None:
    """List, run, print or judge; 1 when an answer is wrong."""
    from tinygrad_rnn.course import gallery, grade_file, lesson, lessons

    if options.number is None:
        if options.check or options.out or options.show:
            raise OptionError("lesson: which one?", expected=f"{PROGRAM} lesson N")
        for each in lessons():
            print(f"{each.number:>3}  {each.title}")
            print(textwrap.fill(each.question, 96, initial_indent="     ", subsequent_indent="     "))
        print(f"\n{PROGRAM} lesson 1 runs a lesson, lesson 1 --print shows its text, and lesson 1 --check FILE judges")
        print(f"your answers to its exercises. The gallery of pictures is {gallery()}")
        return None
    chosen = lesson(options.number)
    if options.check is not None:
        verdicts = list(grade_file(chosen.exercises, options.check))
        for verdict in verdicts:
            print(f"{'right' if verdict.right else 'wrong'}  {verdict}")
        return int(not all(verdict.right for verdict in verdicts))
    if options.show:
        print(chosen.path.read_text(encoding="utf-8"), end="")
        return None
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    before, sys.argv = sys.argv, [str(chosen.path), *([str(options.out)] if options.out else [])]
    try:
        runpy.run_path(str(chosen.path), run_name="__main__")
    finally:
        sys.argv = before
    for exercise in chosen.exercises:
        print("\n" + textwrap.fill(f"Exercise: {exercise.name}. {exercise.task}", 100))
    print(f"Judge your answers with: {PROGRAM} lesson {chosen.number} --check FILE")
    return None


COMMAND = Command("lesson", "learn how a recurrent network works, lesson by lesson", add_options, run)
