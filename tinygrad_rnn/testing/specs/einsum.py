"""einsum: its operands, from the letters of its subscripts."""

from __future__ import annotations

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.testing.draw.operands import Arguments, Pick, Rule, Shapes, given
from tinygrad_rnn.testing.draw.source import Source, choose, flag

SUBSCRIPTS = (
    "ij,jk->ik",
    "ij,kj",
    "i,i",
    "ij->ji",
    "ij->",
    "ii->i",
    "ii",
    "iij,j->i",
    "iji->j",
    "ij,k->i",
    "i,j,k->kij",
    "ij,jk,kl->il",
    "ij,ij->ij",
    "i,->i",
    "tbi, hi -> tbh",
    "...i,ij->...j",
    "...i,...i->...",
    "b...,b...->b...",
    "...ii->...i",
    "...ij->...ji",
)


def _einsum(source: Source, pick: Pick) -> Arguments:
    subscripts = choose(source, SUBSCRIPTS)
    extra = "XY"[: source.integer(0, 1)]  # the axes that "..." stands for
    sizes: dict[str, int] = {}
    operands: list[Array] = []
    for term in subscripts.partition("->")[0].replace(" ", "").replace("...", extra).split(","):
        operands.append(pick(_named(term, sizes)))
        sizes.update({letter: n for letter, n in zip(term, operands[-1].shape, strict=True) if n != 1 or letter != "X"})
    return given(subscripts, *operands)


def _named(term: str, sizes: dict[str, int]) -> Shapes:
    """Those whose axes can have these letters: the same letter, the same size. X may be 1 anywhere: it broadcasts."""

    def fits(shape: tuple[int, ...]) -> bool:
        seen = dict(sizes)
        return len(shape) == len(term) and all(
            seen.setdefault(letter, n) == n or (letter == "X" and n == 1) for letter, n in zip(term, shape, strict=True)
        )

    def draw(source: Source) -> tuple[int, ...]:
        seen = dict(sizes)
        return tuple(
            1 if letter == "X" and flag(source, 4) else seen.setdefault(letter, source.integer(1, 3)) for letter in term
        )

    return Shapes(fits, draw)


RULES: dict[str, Rule] = {
    "einsum": _einsum,
}
