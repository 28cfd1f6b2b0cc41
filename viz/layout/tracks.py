"""Channels between rows, and streets between columns: lines that share one keep to tracks of their own.

lines  ├──a──┤   ├─c─┤          track 1   ─a─  ─c─
          ├───b────┤      →     track 0     ──b──
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from heapq import heappop, heappush

Net = Hashable  # whose lines may lie on each other: those of one value, or to one


@dataclass
class Tracks:
    """The lines along one channel or street, by net: from where to where.

    Attributes:
        spans: the outermost ends of each net's lines, as places in order.
        of: the track of each net, from 0.
    """

    spans: dict[Net, tuple[tuple[float, float], tuple[float, float]]] = field(default_factory=dict)
    of: dict[Net, int] = field(default_factory=dict)

    def add(self, net: Net, *ends: tuple[float, float]) -> None:
        """One more line of a net."""
        low, high = self.spans.get(net, (min(ends), max(ends)))
        self.spans[net] = min(low, *ends), max(high, *ends)

    def settle(self) -> int:
        """Give every net the lowest track that is free along all of its span; how many that takes.

        >>> tracks = Tracks()
        >>> tracks.add("a", (0, 0), (2, 0)), tracks.add("b", (1, 0), (4, 0)), tracks.add("c", (3, 0), (5, 0))
        (None, None, None)
        >>> tracks.settle(), tracks.of
        (2, {'a': 0, 'b': 1, 'c': 0})
        """
        free: list[int] = []
        busy: list[tuple[tuple[float, float], int]] = []
        count = 0
        for net in sorted(self.spans, key=self.spans.__getitem__):
            low, high = self.spans[net]
            while busy and busy[0][0] < low:
                heappush(free, heappop(busy)[1])
            if not free:
                heappush(free, count)
                count += 1
            self.of[net] = heappop(free)
            heappush(busy, (high, self.of[net]))
        return count
