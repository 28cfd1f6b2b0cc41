"""Addition as translation: "123+456" → "579", characters in, characters out, nothing said of numbers."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.data.pairs import Pair
from tinygrad_rnn.errors import check_number, check_seed


def addition(examples: int, seed: int = 0, digits: int = 3) -> list[Pair]:
    """`examples` different sums a+b with a, b uniform in 0 … 10^digits − 1; where fewer exist, all of them.

    >>> sorted(addition(4, digits=1) + addition(100, digits=1))[:2]
    [('0+0', '0'), ('0+1', '1')]
    """
    check_seed("addition", seed)
    check_number("addition", "examples", examples, whole=True, least=1)
    check_number("addition", "digits", digits, whole=True, least=1, most=9)
    n = 10**digits
    drawn = np.random.default_rng(seed).choice(n * n, min(examples, n * n), replace=False)
    return [(f"{a}+{b}", str(a + b)) for a, b in (divmod(int(k), n) for k in drawn)]


def operands(pair: Pair) -> tuple[str, ...]:
    """What is added, in either order: a model that was shown 12+3 should not be asked for 3+12.

    >>> operands(("3+12", "15")), operands(("12+3", "15"))
    (('12', '3'), ('12', '3'))
    """
    return tuple(sorted(pair[0].split("+")))
