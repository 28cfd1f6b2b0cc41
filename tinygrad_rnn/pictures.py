"""tg.draw: the door to viz, which stands beside this package and is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from tinygrad_rnn.errors import ShadowedError

__all__ = ["draw"]


def draw(x: Any, **options: Any) -> Any:
    """A picture of the graph behind `x`: `viz.draw(x, **options)`, where the options are described.

    Raises:
        ShadowedError: another package or file called viz is found before ours.

    >>> import tinygrad_rnn as tg
    >>> a = tg.tensor(3.0, requires_grad=True, name="a")
    >>> draw(a * a).title
    '2 values, 2 uses'
    """
    viz: Any = import_module("viz")
    file = Path(viz.__file__ or "").resolve()
    if file.parent.parent != Path(__file__).resolve().parent.parent:
        raise ShadowedError(
            "draw: another package called viz is found before the one of tinygrad_rnn",
            expected=str(Path(__file__).resolve().parent.parent / "viz"),
            got=str(file),
            help="rename that file or folder, or start Python in another folder",
        )
    return viz.draw(x, **options)
