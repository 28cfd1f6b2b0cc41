"""For every op with options, how its operands and options are chosen; a file here for each file of ops.

rule(source, pick) → (args, static)        tg.sum      x = pick();  axis=None, 1, (0, -1), …;  keepdims
                                           tg.matmul   a = pick(dims(1));  b = pick(right_factors(a.shape))
"""

from tinygrad_rnn.testing.operands import Rule
from tinygrad_rnn.testing.rules import arithmetic, einsum, indexing, matmul, reduce, shape

RULES: dict[str, Rule] = {
    **arithmetic.RULES,
    **reduce.RULES,
    **shape.RULES,
    **indexing.RULES,
    **matmul.RULES,
    **einsum.RULES,
}
