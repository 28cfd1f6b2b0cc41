"""tinygrad-rnn check: the gradients of every op and module against numerical differences."""

from __future__ import annotations

import argparse

from tinygrad_rnn.cli.options import Command, Parser, ranged


def add_options(to: Parser) -> None:
    to.add_argument(
        "--seed", type=ranged(int, least=0), default=0, metavar="N", help="decides what is drawn (%(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Print a table of every op and module with its worst disagreement; 1 when one fails."""
    from tinygrad_rnn.testing.selfcheck import check_library

    failed = 0
    print("      what    which                    worst |by the rules − by differences| / sum of the terms")
    for row in check_library(seed=options.seed):
        failed += row.failed
        verdict = "FAIL" if row.failed else "ok  "
        print(f"{verdict}  {row.kind:<7} {row.name:<18} {row.cases:>3} checks  {row.worst:.1e}  {row.note}".rstrip())
    print(f"{failed} failed" if failed else "all gradients agree")
    return int(failed > 0)


COMMAND = Command("check", "check the gradients of every op and module against differences", add_options, run)
