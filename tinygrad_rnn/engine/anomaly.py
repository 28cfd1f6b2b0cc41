"""The first value that is not finite: which op, which step, which line of the user's code."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.context import Context
from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.errors import AnomalyError, caller


def check_finite(op: Op, y: np.ndarray, now: Context) -> None:
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise AnomalyError(
            f"{op.name}: the output is not finite",
            expected="finite values, inside detect_anomaly()",
            got=f"{np.count_nonzero(~np.isfinite(y))} of {y.size} values, the first {y[~np.isfinite(y)][0]}",
            where=", ".join(part for part in (str(now), caller()) if part),
        )
