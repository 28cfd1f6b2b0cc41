"""Twelve mutants that any change of the tests must go on killing, and one that nothing can kill.

python -m tests.fuzz.dozen
"""

from __future__ import annotations

import sys
from multiprocessing import get_context

from tests.fuzz.mutants import LIMIT, source, text
from tests.fuzz.mutations import Mutation, mutations
from tests.fuzz.verdicts import Verdict, judge

DOZEN = [
    ("arithmetic", "divide.vjp(a=", "Delete_USub"),
    ("choices", "a=lambda y, a, b: (a > b) + 0.5", "Gt_Lt"),
    ("pointwise", "0.5 / y", "NumberReplacer"),
    ("pointwise", "x=lambda y, x: 1 / (1 + x)", "Add_Sub"),
    ("softmaxes", "return y * (g - sum_(g * y", "ReplaceTrueWithFalse"),
    ("products", "ahead = [d[0]]", "NumberReplacer"),
    ("shape", "stretched = tuple(k for k", "Eq_NotEq"),
    ("splitting", "before = (slice(None),) * axis", "Mul_Add"),
    ("indexing", "rows = (indices % lines", "Mod_FloorDiv"),
    ("indexing", "np.diff(rows, prepend=-1)", "USub_UAdd"),
    ("linalg", "order = kept + [left[", "Add_Sub"),
    ("linalg", "matmul(b, expand_dims(gy, -1))", "Delete_USub"),
]
SAME = ("pointwise", "np.copysign(x, -1)", "USub_Invert")  # ~1 is −2, and only the sign is copied


def mutation(file: str, part: str, operator: str) -> Mutation:
    """The first mutation by an operator in a line with this text.

    Raises:
        LookupError: there is none any more: choose another for the dozen.
    """
    for found in mutations(source(file), operator):
        if part in text(found):
            return found
    raise LookupError(f"{file}.py: no {operator} in a line with {part!r}")


def trial(file: str, part: str, operator: str) -> Verdict:
    return judge(mutation(file, part, operator), LIMIT)


def main() -> int:
    """Print how each was noticed; count those that were not as they should be."""
    with get_context("fork").Pool(2) as pool:
        *dozen, same = pool.starmap(trial, [*DOZEN, SAME], chunksize=1)
    for verdict in (*dozen, same):
        print(
            f"{verdict.file}.py:{verdict.line}",
            *verdict.diff,
            f"noticed by {(verdict.killer or 'nothing').splitlines()[0]}",
            sep="\n",
        )
    return sum(not verdict.killer for verdict in dozen) + (same.killer != "")


if __name__ == "__main__":
    sys.exit(main())
