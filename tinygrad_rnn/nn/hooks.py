"""Hooks on a module: what is called before and after its forward, and with the gradients of what went in and came out.

         before          after
args ──→ forward ──→ result          gx ←── backward ←── gy                  (watch.py)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_rnn.engine.hooks import Handle, Hooks, check_hook
from tinygrad_rnn.errors import check_flags
from tinygrad_rnn.nn.options import Keywords
from tinygrad_rnn.nn.watch import Watch

__all__ = ["Hooked", "ModuleHooks"]


class ModuleHooks:
    """The hooks of one module; made when the first is registered."""

    def __init__(self) -> None:
        self.before, self.after, self.backward = Hooks(), Hooks(), Hooks()

    def register(self, kind: str, owner: str, hook: Any, with_kwargs: bool = False) -> Handle:
        """Add a hook of this kind; `owner` names the method in messages."""
        check_hook(owner, hook)
        check_flags(owner, with_kwargs=with_kwargs)
        return Handle(getattr(self, kind), (hook, with_kwargs))

    def call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """module.forward(*args, **kwargs), with all that is registered around it."""
        for hook, with_kwargs in list(self.before.values()):
            answer = hook(module, args, kwargs) if with_kwargs else hook(module, args)
            if with_kwargs and answer is not None:
                args, kwargs = answer
            elif answer is not None:
                args = answer if isinstance(answer, tuple) else (answer,)
        watch = Watch(module, [hook for hook, _ in self.backward.values()]) if self.backward else None
        result = module.forward(*(args if watch is None else watch.entering(args)), **kwargs)
        for hook, with_kwargs in list(self.after.values()):
            answer = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
            result = result if answer is None else answer
        return result if watch is None else watch.leaving(result)


class Hooked(Keywords):
    """Base of Module: what hooks can be registered. A module without hooks looks at `_hooks` once in a call."""

    _hooks: ModuleHooks | None = None

    def register_forward_pre_hook(self, hook: Callable[..., Any], *, with_kwargs: bool = False) -> Handle:
        """Call `hook(module, args)` before `forward`, whenever the module is called.

        Args:
            hook: what it returns replaces the arguments: a tuple, or one argument alone; None leaves them.
            with_kwargs: call `hook(module, args, kwargs)`, which returns (args, kwargs) or None.
        Returns:
            A handle: its `remove()` takes the hook back.
        """
        return self._hooked().register("before", "register_forward_pre_hook", hook, with_kwargs)

    def register_forward_hook(self, hook: Callable[..., Any], *, with_kwargs: bool = False) -> Handle:
        """Call `hook(module, args, output)` after `forward`, whenever the module is called.

        A layer runs the `step` of its cells and does not call them; and `layer.step` is no call of the layer. In a
        function that is compiled the hook runs when the function is recorded: what it computes is in the plan.

        Args:
            hook: what it returns replaces the output; None leaves it.
            with_kwargs: call `hook(module, args, kwargs, output)`.
        Returns:
            A handle: its `remove()` takes the hook back.

        >>> import numpy as np
        >>> from tinygrad_rnn import nn
        >>> layer = nn.Linear(3, 2, rng=0)
        >>> with layer.register_forward_hook(lambda module, args, output: print(output.shape)):
        ...     y = layer(np.ones((5, 3)))
        (5, 2)
        """
        return self._hooked().register("after", "register_forward_hook", hook, with_kwargs)

    def register_full_backward_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of a call's input and output are known.

        Both are tuples with one entry for each array among the positional arguments and the outputs, None for what
        does not require grad; zeros where nothing flows back. (h, c) counts as two.

        Args:
            hook: a tuple that it returns goes back in place of grad_input; None leaves it.
        Returns:
            A handle: its `remove()` takes the hook back.
        """
        return self._hooked().register("backward", "register_full_backward_hook", hook)

    def _hooked(self) -> ModuleHooks:
        if self._hooks is None:
            object.__setattr__(self, "_hooks", ModuleHooks())
        assert self._hooks is not None
        return self._hooks
