"""The command line: tinygrad-rnn COMMAND. A command is a file here, and a line of COMMANDS.

Exit status: 0 done, 1 the run failed, 2 bad arguments or files (one line on stderr), 130 interrupted (train
and translate save first).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

import tinygrad_rnn as tg
from tinygrad_rnn.cli import check, demo, draw, lesson, sample, task, train, translate
from tinygrad_rnn.cli.options import PROGRAM, Command, Parser, ranged
from tinygrad_rnn.errors import CheckpointError, DataError, OptionError, TinygradError

__all__ = ["COMMANDS", "Command", "main", "parser"]

COMMANDS = [
    demo.COMMAND,
    lesson.COMMAND,
    train.COMMAND,
    sample.COMMAND,
    draw.COMMAND,
    translate.COMMAND,
    task.COMMAND,
    check.COMMAND,
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status. One of several ranks that fails ends them all."""
    status = _main(arguments)
    mpi = sys.modules.get("mpi4py.MPI")
    if status not in (0, 130) and mpi is not None and mpi.COMM_WORLD.Get_size() > 1:
        print(f"{PROGRAM}: rank {mpi.COMM_WORLD.Get_rank()} failed, and with it all", file=sys.stderr, flush=True)
        time.sleep(1)  # the launcher forwards what was said, and then ends all
        mpi.COMM_WORLD.Abort(status)
    return status


def _main(arguments: Sequence[str] | None) -> int:
    for stream in (sys.stdout, sys.stderr):  # a pipe may be ASCII, and ŷ, ∇, σ are not
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    options = parser().parse_args(arguments)
    try:
        # products of one step are small: threads would spend longer waiting for each other than they save
        # and a loss that overflows is reported once, in words
        with threadpool_limits(limits=options.threads), np.errstate(all="ignore"):
            status = int(options.run(options) or 0)
            sys.stdout.flush()
            return status
    except TinygradError as error:
        print(f"{PROGRAM} {options.command}: {one_line(error)}", file=sys.stderr)
        return 2 if isinstance(error, DataError | CheckpointError | OptionError) else 1
    except train.StoppedError:  # what to do next has been said
        return 130
    except KeyboardInterrupt:
        print(f"{PROGRAM} {options.command}: interrupted", file=sys.stderr)
        return 130
    except MemoryError as error:
        print(f"{PROGRAM} {options.command}: too large for this machine: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # standard output is closed, or full: what is left in the buffer goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader has seen enough
            return 0
        print(f"{PROGRAM} {options.command}: {error}", file=sys.stderr)
        return 1


def one_line(error: TinygradError) -> str:
    """
    >>> one_line(DataError("x.txt: not UTF-8 text", help="convert it"))
    'x.txt: not UTF-8 text (help: convert it)'
    """
    head, *facts = str(error).splitlines()
    said = "; ".join(": ".join(fact.split(None, 1)) for fact in facts)
    return f"{head} ({said})" if said else head


def parser() -> Parser:
    """What can be said on the command line."""
    top = Parser(prog=PROGRAM, description="See how a recurrent network learns.")
    top.add_argument("--version", action="version", version=f"{PROGRAM} {tg.__version__}")
    words = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        fill = partial(_fill, command)
        words.add_parser(command.name, help=command.help, description=command.help, fill=fill)
    return top


def _fill(command: Command, to: Parser) -> None:
    to.set_defaults(run=command.run)
    to.add_argument(
        "--threads", type=ranged(int, least=1), default=1, metavar="N", help="threads for matrix products (%(default)s)"
    )
    command.options(to)
