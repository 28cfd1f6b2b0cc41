"""The angle between vectors: how alike they are, however long; and a loss that draws them together or apart."""

from __future__ import annotations

from tinygrad_rnn.engine.tensor import Operand, Tensor
from tinygrad_rnn.errors import ShapeError, check_number, strict
from tinygrad_rnn.nn.losses import Reduction, reduced
from tinygrad_rnn.nn.module import incoming
from tinygrad_rnn.ops import greater, maximum, norm, relu, sum, where

__all__ = ["cosine_embedding_loss", "cosine_similarity"]


@strict
def cosine_similarity(x1: Operand, x2: Operand, axis: int = -1, eps: float = 1e-8) -> Tensor:
    """cos = x₁·x₂ / (max(‖x₁‖, ε) · max(‖x₂‖, ε)), along an axis; the two broadcast.

    Args:
        axis: of the features: the last one here, axis 1 in torch.
        eps: ε > 0, keeps a vector of zeros finite.

    >>> cosine_similarity(Tensor([[3.0, 4.0], [1.0, 0.0]]), [[6.0, 8.0], [0.0, 2.0]]).tolist()
    [1.0, 0.0]
    """
    check_number("cosine_similarity", "eps", eps, above=0)
    check_number("cosine_similarity", "axis", axis, whole=True)
    x1 = incoming(x1, None)
    x2 = incoming(x2, x1.dtype)
    lengths = maximum(norm(x1, axis=axis), eps) * maximum(norm(x2, axis=axis), eps)
    cosines: Tensor = sum(x1 * x2, axis=axis) / lengths
    return cosines


@strict
def cosine_embedding_loss(
    x1: Operand, x2: Operand, target: Operand, reduction: Reduction = "mean", *, margin: float = 0.0
) -> Tensor:
    """L = 1 − cos where the target is 1, max(0, cos − margin) where it is −1.

    Args:
        x1, x2: (…, H).
        target: (…), 1 for two that belong together, −1 for two that do not.
        reduction: "mean", "sum", or "none".
        margin: in −1 … 1: two that do not belong together may be this much alike.
    Raises:
        ShapeError: the shapes do not match.

    >>> cosine_embedding_loss(Tensor([[1.0, 0.0]] * 2), [[0.0, 1.0]] * 2, [1, -1], "none").tolist()
    [1.0, 0.0]
    """
    check_number("cosine_embedding_loss", "margin", margin, least=-1, most=1)
    cosines = cosine_similarity(x1, x2)
    target = incoming(target, cosines.dtype)
    if target.shape != cosines.shape:
        raise ShapeError("cosine_embedding_loss: the target does not match", expected=f"target {cosines.shape}",
                         got=f"target {target.shape}")  # fmt: skip
    losses: Tensor = where(greater(target, 0), 1 - cosines, relu(cosines - margin))
    return reduced("cosine_embedding_loss", losses, reduction)
