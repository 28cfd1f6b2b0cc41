"""In what context an op runs: whether it is recorded, in which part of the model, at which time step.

scope("encoder"), step(3)  →  Context(scope=("encoder",), step=3)  ←  every Node made inside
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

from tinygrad_rnn.errors import GraphError

__all__ = ["detect_anomaly", "enable_grad", "no_grad", "scope", "step"]

P = ParamSpec("P")
Y = TypeVar("Y")


class Context(NamedTuple):
    """How ops run at this moment in this thread or task: one value, swapped whole and shared by the nodes."""

    recording: bool = True
    anomaly: bool = False
    scope: tuple[str, ...] = ()
    step: int | None = None
    steps: int | None = None

    def __str__(self) -> str:
        """
        >>> print(Context(scope=("encoder", "lstm"), step=3, steps=20))
        encoder/lstm, step 3 of 20
        """
        of = "" if self.steps is None else f" of {self.steps}"
        time = "" if self.step is None else f"step {self.step}{of}"
        return ", ".join(part for part in ("/".join(self.scope), time) if part)


CONTEXT: ContextVar[Context] = ContextVar("tinygrad_rnn.context", default=Context())  # noqa: B039  (a tuple: safe to share)


class using:  # noqa: N801  (a context manager, named as a function)
    """Run the block, or the function it decorates, in the present context with these fields changed."""

    __slots__ = ("changes", "tokens")

    def __init__(self, **changes: Any) -> None:
        self.changes = changes
        self.tokens: Any = None  # one for each time it is entered, the latest first

    def __enter__(self) -> None:
        self.tokens = CONTEXT.set(CONTEXT.get()._replace(**self.changes)), self.tokens

    def __exit__(self, *error: object) -> None:
        token, self.tokens = self.tokens
        CONTEXT.reset(token)

    def __call__(self, f: Callable[P, Y]) -> Callable[P, Y]:
        @wraps(f)
        def changed(*args: P.args, **kwargs: P.kwargs) -> Y:
            with using(**self.changes):
                return f(*args, **kwargs)

        return changed


def scope(name: str) -> using:
    """Ops in the block belong to the part of the model called `name`; scopes nest.

    >>> with scope("encoder"), scope("lstm"):
    ...     print(CONTEXT.get())
    encoder/lstm
    """
    return using(scope=(*CONTEXT.get().scope, name))


def step(t: int, of: int | None = None) -> using:
    """Ops in the block belong to time step `t`, counted from 1; 0 is where the initial state stands.

    >>> with step(3, of=20):
    ...     print(CONTEXT.get())
    step 3 of 20
    """
    if t < 0:
        raise GraphError(f"step: {t} is before the initial state", expected="t = 0 for the initial state, then 1, 2, …")
    return using(step=t, steps=of)


def no_grad() -> using:
    """Ops in the block are computed and not recorded: results do not require grad."""
    return using(recording=False)


def enable_grad() -> using:
    """Ops in the block are recorded again, inside a `no_grad()`."""
    return using(recording=True)


def detect_anomaly() -> using:
    """The first value in the block that is not finite, forward or backward, raises AnomalyError.

    The message names the op, its scope and time step, and the line of your code that called it. Slow: for debugging.
    """
    return using(anomaly=True)
