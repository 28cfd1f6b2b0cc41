"""Every listed topology in every view: what is wrong with the pictures?  python -m tests.fuzz.pictures

A line for each thing that is wrong, then how many there are of each kind. A name or a part of one chooses topologies:
`python -m tests.fuzz.pictures lstm "in a loop" --views cell --light --only through overlap`. Nothing stops it.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import get_context
from typing import Any

from hypothesis import Phase, given, settings
from threadpoolctl import threadpool_limits

from tests.viz.album import Picture, album
from tests.viz.topologies import TOPOLOGIES, networks


def chosen(parts: Sequence[str]) -> list[str]:
    """The topologies that have one of the parts in their names; all where none is given."""
    exact = [name for name in parts if name in TOPOLOGIES]
    return exact if exact and len(exact) == len(parts) else [
        name for name in TOPOLOGIES if not parts or any(part in name for part in parts)
    ]  # fmt: skip


def wanted(options: argparse.Namespace, drawing: dict[str, Any]) -> bool:
    return (
        (not options.views or drawing["view"] in options.views)
        and not (options.light and drawing["theme"] == "dark")
        and not (options.plain and (drawing.get("gradients") or drawing.get("values")))
    )


def listed(name: str, options: argparse.Namespace) -> list[Picture]:
    return list(album(name, TOPOLOGIES[name], partial(wanted, options)))


def drawn(examples: int, options: argparse.Namespace) -> Iterator[list[Picture]]:
    """Networks that Hypothesis draws; none is shrunk, since none stops it."""
    found: list[list[Picture]] = []

    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate])
    @given(networks())
    def collect(network: tuple[str, Callable[[], Any]]) -> None:
        found.append(list(album(*network, partial(wanted, options))))

    collect()
    yield from found


def run(options: argparse.Namespace) -> Iterator[list[Picture]]:
    names = chosen(options.names)
    if options.drawn:
        yield from drawn(options.drawn, options)
    elif options.jobs > 1:
        with get_context("fork").Pool(options.jobs) as pool:
            yield from pool.imap(partial(listed, options=options), names, chunksize=4)
    else:
        yield from (listed(name, options) for name in names)


def report(pictures: Sequence[Picture], seconds: float) -> None:
    counts = Counter(offence.what for picture in pictures for offence in picture.offences)
    hurt = Counter(what for picture in pictures for what in {offence.what for offence in picture.offences})
    wrong = sum(bool(picture.offences) for picture in pictures)
    graphs = len({picture.name for picture in pictures})
    print(f"\n{graphs} graphs, {len(pictures)} pictures, {wrong} with something wrong, {seconds:.0f} s")
    for what in KINDS:
        print(f"{what:<12}{counts[what]:7} in {hurt[what]:5} pictures")


KINDS = ("exception", "overlap", "through", "end", "label", "frame", "outside",
         "nodes", "uses", "gradient", "cut", "count", "zero")  # fmt: skip


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    about = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.pictures", description=about[0], epilog=about[2])
    parser.add_argument("names", nargs="*", help="topologies, by a part of their name; all when none is given")
    parser.add_argument("--views", nargs="+", default=(), metavar="VIEW", help="only these views")
    parser.add_argument("--light", action="store_true", help="the light theme alone")
    parser.add_argument("--plain", action="store_true", help="without gradients and values alone")
    parser.add_argument("--only", nargs="+", default=KINDS, choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--each", type=int, default=3, metavar="N", help="lines for each kind in a picture")
    parser.add_argument("--drawn", type=int, default=0, metavar="N", help="so many drawn networks in their place")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes at a time")
    parser.add_argument("--list", action="store_true", help="print the names and nothing else")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    start, options = time.perf_counter(), arguments(words)
    threadpool_limits(1)
    if options.list:
        print("\n".join(chosen(options.names)))
        return
    pictures: list[Picture] = []
    for found in run(options):
        pictures += found
        for picture in found:
            said: Counter[str] = Counter()
            for offence in picture.offences:
                said[offence.what] += 1
                if offence.what in options.only and said[offence.what] <= options.each:
                    print(f"{picture.name} | {picture.told} | {offence}", flush=True)
            for what, times in said.items():
                if what in options.only and times > options.each:
                    print(f"{picture.name} | {picture.told} | {what}: and {times - options.each} more", flush=True)
    report(pictures, time.perf_counter() - start)


if __name__ == "__main__":
    main()
