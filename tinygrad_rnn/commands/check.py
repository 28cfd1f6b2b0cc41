"""tinygrad-rnn check: the gradients of every op and module against differences."""

from __future__ import annotations

import argparse


def check(options: argparse.Namespace) -> int:
    """Print a table of every op and module with its worst disagreement; 1 when one fails."""
    from tinygrad_rnn.testing.checks import check_everything

    failed = 0
    print("      what    which                    worst disagreement of reverse, forward and differences")
    for row in check_everything(seed=options.seed):
        failed += not row.passed
        verdict = "ok  " if row.passed else "FAIL"
        print(f"{verdict}  {row.kind:<7} {row.name:<18} {row.cases:>3} cases  {row.worst:.1e}  {row.note}".rstrip())
    print(f"{failed} failed" if failed else "all gradients agree")
    return 1 if failed else 0
