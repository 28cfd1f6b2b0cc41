"""In what context an op runs: whether it is recorded, in which part of the model, at which step of which passage.

    scope("encoder"), step(3)  →  Context(scope=(Scope("encoder"),), step=3)  ←  every Node made inside

A passage is one run of something through time: one `unroll`, one call of a layer in one direction. Its steps count from
1; where it goes on from a state that the same module made before, they go on counting. Step 0 is where its first state
stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import partial, wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from itertools import count
from typing import Any, NamedTuple, ParamSpec, TypeVar
from weakref import ref

from tinygrad_rnn.errors import GraphError, check_number, check_type

__all__ = ["detect_anomaly", "enable_grad", "no_grad", "scope", "step", "tracing"]

_numbers = count(1)


class Scope(NamedTuple):
    """One part of the model on the way to an op.

    Attributes:
        name: what the model calls it: "encoder", "l0".
        kind: the name of its class, None where the scope was opened by hand.
        module: whose it is, for as long as it lives.
    """

    name: str
    kind: str | None = None
    module: ref[Any] | None = None

    def is_of(self, module: object) -> bool:
        """Whether it is this module's."""
        return self.module is not None and self.module() is module


class Passage(NamedTuple):
    """One run of something through time: plain data that every node made in it shares.

    Attributes:
        number: tells passages apart.
        scope: where it was opened.
        runner: what runs, for as long as it lives: a module, or the function of a loop.
        start: the step before its first: 0, or the last step of the run that it goes on from.
        after: (passage number, step) in which its first state was made; None where it starts anew.
        reverse: whether it runs from the last step to the first.
    """

    number: int
    scope: tuple[Scope, ...]
    runner: ref[Any] | None
    start: int = 0
    after: tuple[int | None, int] | None = None
    reverse: bool = False

    def is_of(self, runner: object) -> bool:
        """Whether it is this one that runs."""
        return self.runner is not None and self.runner() is runner


P = ParamSpec("P")
Y = TypeVar("Y")


class Context(NamedTuple):
    """How ops run at this moment in this thread or task: one value, swapped whole and shared by the nodes."""

    recording: bool = True
    anomaly: bool = False
    tracing: bool = False
    scope: tuple[Scope, ...] = ()
    passage: Passage | None = None
    step: int | None = None
    steps: int | None = None
    reads: list[str] | None = None  # of a function that is being differentiated: where values were read off
    frozen: Any = None  # of one that is being compiled: the Watch, which is told of every value that is read off it
    entered: Entered | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The names of the scopes."""
        return tuple(part.name for part in self.scope)

    def __str__(self) -> str:
        """
        >>> print(Context(scope=(Scope("encoder"), Scope("lstm")), step=3, steps=20))
        encoder/lstm, step 3 of 20
        """
        of = "" if self.steps is None else f" of {self.steps}"
        time = "" if self.step is None else f"step {self.step}{of}"
        return ", ".join(part for part in ("/".join(self.path), time) if part)


class Entered(NamedTuple):
    """The innermost block that is open: which one, what it changes, and the context around it."""

    key: object
    block: using
    around: Context


_PLACES = {name: place for place, name in enumerate(Context._fields)}
CONTEXT: ContextVar[Context] = ContextVar("tinygrad_rnn.context", default=Context())  # noqa: B039  (a tuple: safe to share)


class using:  # noqa: N801  (a context manager, named as a function)
    """Run the block, or the function it decorates, in the present context with these fields changed.

    A generator or a coroutine that it decorates runs so whenever it runs, and leaves the context of others alone while
    it waits.
    """

    __slots__ = ("changes", "keys")

    def __init__(self, **changes: Any) -> None:
        self.changes = changes
        self.keys: list[object] = []  # one for each time it is entered

    def __enter__(self) -> None:
        now, key = CONTEXT.get(), object()
        self.keys.append(key)
        CONTEXT.set(self.changed(now, Entered(key, self, now)))

    def __exit__(self, *error: object) -> None:
        now, key = CONTEXT.get(), self.keys.pop()
        entered = now.entered
        CONTEXT.set(entered.around if entered and entered.key is key else _left(now, key))

    def changed(self, now: Context, entered: Entered) -> Context:
        """The context inside the block, where `now` is the one around it."""
        return _with(now, self.changes, entered)

    def again(self) -> using:
        """One of its own for each call, which may be in another thread."""
        return using(**self.changes)

    def __call__(self, f: Callable[P, Y]) -> Callable[P, Y]:
        wrap = next((wrap for is_one, wrap in _KINDS if is_one(f)), _function)
        return wraps(f)(wrap(self, f))


def _function(block: using, f: Callable[..., Any]) -> Any:
    def inside(*args: Any, **kwargs: Any) -> Any:
        with block.again():
            return f(*args, **kwargs)

    return inside


def _generator(block: using, f: Callable[..., Any]) -> Any:
    def inside(*args: Any, **kwargs: Any) -> Any:
        body = f(*args, **kwargs)
        resume = partial(next, body)
        while True:
            try:
                with block.again():
                    value = resume()
            except StopIteration as end:
                return end.value
            try:
                resume = partial(body.send, (yield value))
            except GeneratorExit:
                with block.again():
                    body.close()
                raise
            except BaseException as error:
                resume = partial(body.throw, error)

    return inside


def _coroutine(block: using, f: Callable[..., Any]) -> Any:
    async def inside(*args: Any, **kwargs: Any) -> Any:
        with block.again():
            return await f(*args, **kwargs)

    return inside


def _async_generator(block: using, f: Callable[..., Any]) -> Any:
    async def inside(*args: Any, **kwargs: Any) -> Any:
        body, sent = f(*args, **kwargs), None
        try:
            while True:
                with block.again():
                    value = await body.asend(sent)
                sent = yield value
        except StopAsyncIteration:
            return
        finally:
            with block.again():
                await body.aclose()

    return inside


def _with(now: Context, changes: Mapping[str, Any], entered: Entered) -> Context:
    fields = list(now)  # three times as fast as _replace, and every step of every network opens blocks
    for name, value in changes.items():
        fields[_PLACES[name]] = value
    fields[-1] = entered
    return Context._make(fields)


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[..., Any]], ...] = (
    (isgeneratorfunction, _generator), (iscoroutinefunction, _coroutine), (isasyncgenfunction, _async_generator),
)  # fmt: skip


def _left(now: Context, key: object) -> Context:
    """`now` without the block of this key, which others have been opened in since: generators take turns."""
    entered = now.entered
    if entered is None:  # it was opened in another thread or task: nothing of it is here
        return now
    if entered.key is key:
        return entered.around
    around = _left(entered.around, key)
    return entered.block.changed(around, entered._replace(around=around))


class _nested(using):  # noqa: N801
    """Run the block one scope further inside, wherever that is."""

    __slots__ = ("part",)

    def __init__(self, part: Scope) -> None:
        super().__init__()
        self.part = part

    def changed(self, now: Context, entered: Entered) -> Context:
        return _with(now, {"scope": (*now.scope, self.part)}, entered)

    def again(self) -> using:
        return _nested(self.part)


def scope(name: str, module: object = None) -> using:
    """Ops in the block belong to the part of the model called `name`; scopes nest.

    Args:
        name: as messages and pictures have it.
        module: whose part it is: the record keeps the name of its class.

    >>> with scope("encoder"), scope("lstm"):
    ...     print(CONTEXT.get())
    encoder/lstm
    """
    check_type("scope", "name", name, str, "a text")
    return _nested(Scope(name) if module is None else Scope(name, type(module).__name__, ref(module)))


def passage(
    runner: object, start: int = 0, after: tuple[int | None, int] | None = None, *, reverse: bool = False
) -> Passage:
    """A new passage, opened in the present scope."""
    try:
        running = ref(runner)
    except TypeError:  # a callable that nobody can refer to weakly is told apart from nothing
        running = None
    return Passage(next(_numbers), CONTEXT.get().scope, running, start, after, reverse)


def step(t: int, of: int | None = None) -> using:
    """Ops in the block belong to time step `t`, counted from 1; 0 is where the initial state stands.

    >>> with step(3, of=20):
    ...     print(CONTEXT.get())
    step 3 of 20
    """
    if type(t) is not int:
        check_number("step", "t", t, whole=True)
    if of is not None and type(of) is not int:
        check_number("step", "of", of, whole=True)
    if t < 0:
        raise GraphError(f"step: {t} is before the initial state", expected="t = 0 for the initial state, then 1, 2, …")
    return using(step=int(t), steps=None if of is None else int(of))


def no_grad() -> using:
    """Ops in the block are computed and not recorded: results do not require grad."""
    return using(recording=False)


def enable_grad() -> using:
    """Ops in the block are recorded again, inside a `no_grad()`."""
    return using(recording=True)


def tracing() -> using:
    """Every op in the block that meets a Tensor is recorded, integers, masks and constants too.

    By default only what requires grad is. What does not require grad still gets no gradient.

    >>> import tinygrad_rnn as tg
    >>> with tracing():
    ...     ids = tg.argmax(tg.tensor([1.0, 3.0, 2.0]))
    >>> [node.op for node in tg.graph(ids).nodes]
    [None, 'argmax']
    """
    return using(tracing=True)


def detect_anomaly() -> using:
    """The first value in the block that is not finite, forward or backward, raises AnomalyError.

    The message names the op, its scope and time step, and the line of your code that called it. Slow: for debugging.
    """
    return using(anomaly=True)
