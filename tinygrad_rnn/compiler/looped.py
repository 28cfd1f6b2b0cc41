"""A loop, written as lines: where its values lie at each step, and which calls are one kernel.

a value of a loop lies in            its spots: one that is read, and more that it is written to as well
    one array for all steps          what no other step needs
    a stack, step by step (T, F, B)  what is kept; for a product over all T·B rows, it is turned once after the loop
                                     into (F, T, B): a step that wrote there would touch F pages of memory
a state lies where the step before wrote it: in the same array, or one place back in the stack
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.compiler.kernels import MOST, Spot, can_fuse, compiled_kernel, pairs, written
from tinygrad_rnn.compiler.lines import Lines
from tinygrad_rnn.compiler.passes.pack import PACK, is_filled
from tinygrad_rnn.compiler.passes.tidy import draws
from tinygrad_rnn.compiler.passes.vector import is_product
from tinygrad_rnn.compiler.places import STRUCTURAL, Places, features_first, is_same_memory, part_of, spot_of
from tinygrad_rnn.compiler.program import Argument, Call, Loop, Value

__all__ = ["Looped"]

Item = Call | list[Call]  # a call of its own, or those of a kernel
Row = list[np.ndarray]
MANY = 16  # steps, from which on it pays to turn a weight first


class Looped(Lines):
    """Writes one loop."""

    def __init__(self, places: Places, lines: list[str], loop: Loop) -> None:
        super().__init__(places, lines)
        self.loop = loop
        self.times = list(range(loop.count))[:: -1 if loop.backwards else 1]
        self.calls = [step for step in loop.body if isinstance(step, Call)]
        self.makers = {call.out: call for call in self.calls}
        self.spots: dict[Value, list[Spot]] = {}
        self.rows: dict[Value, Row] = {}  # of what no spot says: an array for each step, in the order of the steps
        self.streams: dict[str, str] = {}  # names that run over an array of the moment, and it
        self.running: dict[Value, str] = {}
        self.varying: dict[str, Row] = {}
        self.brought: dict[str, str] = {}  # the names of arrays of the moment that were made to be in one piece
        self.begin: list[str] = []  # at the beginning of each step
        self.shared: set[Value] = set()  # stacks of states, which are those of what they become
        self.handed: list[tuple[Spot, Value]] = []  # copied at its end: ends of carries that no call makes
        self.after: list[str] = []  # after the loop

    def run(self) -> None:
        """Write it."""
        self.items: list[Item] = _grouped(self.calls) if self.places.fast else list(self.calls)
        self.fused = {call.out for item in self.items if isinstance(item, list) for call in item}
        self.before = self.lines
        self._slices()
        self._stacks()
        self._carries()
        self._packs()
        for call in self.calls:
            if call.op is not PACK and not self._is_view(call) and call.out not in self.spots:
                self._needed(call.out)
        self.lines = []
        sums = [self._sum(outside, inside) for outside, inside in self.loop.sums.items()]
        for item in self.items:
            if isinstance(item, list):
                self._kernel(item)
            else:
                self._call(item)
        for total, inside in sums:
            self.lines.append(f"add_({total}, {self.text(inside)}, {total})")
            self.before.append(f"{total}.fill(0)")
        self._copies()
        self._header(self.before)

    # where the values lie

    def _slices(self) -> None:
        for inside, outside in self.loop.slices.items():
            spot = self.places.spot(outside)
            whole = self.places.static.get(outside)
            if spot is not None:
                self.spots[inside] = [spot]
            elif whole is not None:
                self.rows[inside] = [whole[t, ...] for t in self.times]
            else:
                name = f"s{len(self.places.names)}"
                self.places.names[inside] = self.running[inside] = name
                self.streams[name] = f"{self.places.text(outside)}{'[::-1]' if self.loop.backwards else ''}"
        for inside in self.loop.slices:  # a kernel reads what lies in a place of its own
            if inside not in self.spots and self._in_kernel(inside):
                self._brought(inside)

    def _in_kernel(self, value: Value) -> bool:
        return any(value in call.args for item in self.items if isinstance(item, list) for call in item)

    def _brought(self, inside: Value) -> None:
        """All steps of an array of the moment, copied to where a kernel can read them."""
        stack = self._stack(inside, self.loop.count)
        view = _all(stack, self.loop.count)
        outside = self.loop.slices[inside]
        self.lines.append(f"copyto({self.places.name(view)}, {self.places.text(outside)})")
        self.spots[inside] = [stack]
        self.rows.pop(inside, None)
        if inside in self.running:
            self.streams.pop(self.running.pop(inside))

    def _stack(self, value: Value, count: int, *, together: bool = False) -> Spot:
        """A new stack of so many steps of a value."""
        places, t = self.places, ("t", 0)
        if not features_first(value):
            shape, index = (count, *value.shape), (t, *("k", "j")[2 - value.ndim :]) if value.ndim in (1, 2) else (t,)
        elif together:
            shape, index = (value.shape[1], count, value.shape[0]), ("j", t, "k")
        else:
            shape, index = (count, value.shape[1], value.shape[0]), (t, "j", "k")
        return Spot(places.memory.array(shape, value.dtype, zero=self._has_gaps(value)), index)

    def _has_gaps(self, value: Value) -> bool:
        return self._op_of(value) is PACK and not is_filled(self.makers[value])

    def _stacks(self) -> None:
        """A stack for each value that is kept; a state and what it becomes share one that is longer by a step."""
        places, loop = self.places, self.loop
        outside_of = {inside: outside for outside, inside in loop.stacks.items()}
        starts = {carry.start: carry for carry in loop.carries}
        back = loop.backwards
        for outside, inside in loop.stacks.items():
            if inside not in starts or starts[inside].end not in self.makers or self._is_view_of(starts[inside].end):
                continue
            carry = starts[inside]
            end = outside_of.get(carry.end)
            if end in places.static:
                continue  # two states that become the same value
            longer = self._stack(inside, loop.count + 1)
            now, before = _shifted(longer, 0 if back else 1), _shifted(longer, 1 if back else 0)
            self.spots.setdefault(carry.end, []).append(now)
            self.spots[inside] = [before]
            self.shared.add(outside)
            turned = longer
            if features_first(inside) and not places.read_outside.isdisjoint((outside, end)):
                turned = self._turned_stack(longer, self._stack(inside, loop.count + 1, together=True), loop.count + 1)
            self._kept(outside, before, _shifted(turned, 1 if back else 0))
            if end is not None:
                self._kept(end, now, _shifted(turned, 0 if back else 1))
            first = longer.view(loop.count if back else 0)
            self.lines.append(f"copyto({places.name(first)}, {places.text(carry.first)})")
        for outside, inside in sorted(loop.stacks.items(), key=lambda pair: self._op_of(pair[1]) is not PACK):
            if outside in places.static:
                continue
            part = self._part(outside)
            spot = next((spot for spot in self.spots.get(inside, ()) if spot.varies), None)
            if spot is None:
                spot = part if part is not None and not features_first(inside) else self._stack(inside, loop.count)
                if inside in self.makers:
                    self.spots.setdefault(inside, []).append(spot)
                    self._spread_pack(inside)
            turned = spot
            if features_first(inside) and (part is not None or outside in places.read_outside):
                turned = part or self._stack(inside, loop.count, together=True)
                self._turned_stack(spot, turned, loop.count)
            elif part is not None and part is not spot:
                turned = self._turned_stack(spot, part, loop.count)
            self._kept(outside, spot, turned)

    def _op_of(self, value: Value) -> Any:
        return self.makers[value].op if value in self.makers else None

    def _turned_stack(self, spot: Spot, to: Spot, count: int) -> Spot:
        """Where a stack lies in another order after the loop."""
        source, target = _all(spot, count), _all(to, count)
        self.after.append(f"copyto({self.places.name(target)}, {self.places.name(source)})")
        return to

    def _part(self, outside: Value) -> Spot | None:
        """The place of a stack that is one of several blocks of a pack outside."""
        part = self.places.part(outside)
        if part is None or outside.ndim != 3:
            return None
        whole = spot_of(part[0])
        found = None if whole is None else _block(whole, part[1], outside.ndim)
        return found if found is not None and _all(found, self.loop.count).shape == outside.shape else None

    def _kept(self, outside: Value, spot: Spot, turned: Spot) -> None:
        """Note where the steps of a stack lie, and where all of it does."""
        self.places.static[outside] = _all(turned, self.loop.count)
        self.places.spots[outside], self.places.lying[outside] = spot, spot.array

    def _carries(self) -> None:
        places, loop = self.places, self.loop
        order = {
            call.out: n for n, item in enumerate(self.items) for call in (item if isinstance(item, list) else [item])
        }
        for carry in loop.carries:
            if carry.start in self.spots:
                continue
            made = carry.end in self.makers and not self._is_view_of(carry.end)
            if made and self._in_place(carry.start, carry.end, order):
                if not any(not spot.varies for spot in self.spots.get(carry.end, ())):
                    self.spots.setdefault(carry.end, []).insert(0, self._alone(carry.end))
                spot = next(spot for spot in self.spots[carry.end] if not spot.varies)
                if any(c is not carry and c.end is carry.end for c in loop.carries):
                    spot = self._handed_on(carry.start, carry.end)
                first = spot.view(self.times[0] if spot.varies else 0)
            else:
                spot = self._handed_on(carry.start, carry.end)
                first = spot.view(self.times[0])
            self.spots[carry.start] = [spot]
            self.lines.append(f"copyto({places.name(first)}, {places.text(carry.first)})")

    def _handed_on(self, start: Value, end: Value) -> Spot:
        """A stack of its own for a state that is copied from where the end of the step before lies."""
        longer = self._stack(start, self.loop.count + 1, together=False)
        back = self.loop.backwards
        self.handed.append((_shifted(longer, 0 if back else 1), end))
        return _shifted(longer, 1 if back else 0)

    def _in_place(self, start: Value, end: Value, order: dict[Value, int]) -> bool:
        """Whether a state may be overwritten by what it becomes: all that read it have run by then."""
        made = order[end]
        for n, item in enumerate(self.items):
            for call in _calls(item):
                if start in call.args and (n > made or (n == made and not isinstance(item, list))):
                    return False
                if start in call.args and self._is_view(call):
                    return False
        kept = [*self.loop.sums.values(), *(carry.end for carry in self.loop.carries)]
        return start not in kept

    def _alone(self, value: Value) -> Spot:
        """One array for all steps."""
        if features_first(value):
            shape: tuple[int, ...] = value.shape[::-1]
            index: tuple[Any, ...] = ("j", "k")
        else:
            shape = value.shape
            index = ("k", "j")[2 - value.ndim :] if value.ndim in (1, 2) else ()
        return Spot(self.places.memory.array(shape, value.dtype, zero=self._has_gaps(value)), index)

    def _packs(self) -> None:
        """A pack lies somewhere, and its parts in it."""
        for call in reversed(self.calls):
            if call.op is PACK:
                self._needed(call.out)
                self._spread_pack(call.out)

    def _spread_pack(self, pack: Value) -> None:
        """Its parts lie in each place of a pack."""
        if self._op_of(pack) is not PACK:
            return
        call = self.makers[pack]
        for x, place in zip(call.args, call.static["places"], strict=True):
            if x not in self.makers or self._is_view_of(x) or self._op_of(x) is PACK:
                continue
            blocks = [_block(spot, place, pack.ndim) for spot in self.spots[pack]]
            if all(block is not None for block in blocks):
                known = self.spots.setdefault(x, [])
                known.extend(b for b in blocks if b is not None and not any(_is_same(b, spot) for spot in known))

    def _needed(self, value: Value) -> None:
        """Give a value an array for all steps, unless all who read it can do with the stacks that it is in."""
        spots = self.spots.setdefault(value, [])
        whole = self._read_whole(value)
        somewhere = any(map(_in_one_piece, spots)) or (bool(spots) and not whole)
        if not somewhere and (value not in self.fused or whole or self._leaves_kernel(value)):
            spots.insert(0, self._alone(value))
        spots.sort(key=lambda spot: not _in_one_piece(spot))

    def _read_whole(self, value: Value) -> bool:
        """Whether a call that is no part of a kernel reads it or writes it."""
        singles = [item for item in self.items if isinstance(item, Call)]
        return any(value in call.args or call.out is value for call in singles)

    def _leaves_kernel(self, value: Value) -> bool:
        """Whether a call outside of the kernel that makes it reads it."""
        for item in self.items:
            if isinstance(item, list) and any(call.out is value for call in item):
                readers = [call for other in self.items if other is not item for call in _calls(other)]
                ends = [carry.end for carry in self.loop.carries]
                kept = [*self.loop.sums.values(), *self.loop.stacks.values(), *ends]
                return any(value in call.args for call in readers) or value in kept
        return True

    def _is_view(self, call: Call) -> bool:
        return call.op.name in STRUCTURAL

    def _is_view_of(self, value: Value) -> bool:
        return value in self.makers and self._is_view(self.makers[value])

    # lines

    def row(self, value: Argument) -> Row | None:
        """The array of a value at each step, in the order of the steps; None for what only a name stands for."""
        if not isinstance(value, Value):
            return None
        if value in self.rows:
            return self.rows[value]
        if self.spots.get(value):
            row = self._row_of(self.spots[value][0])
        elif value in self.places.static:
            row = [self.places.static[value]] * len(self.times)
        else:
            return None
        self.rows[value] = row
        return row

    def _row_of(self, spot: Spot) -> Row:
        return [spot.view(t) for t in self.times] if spot.varies else [spot.view(0)] * len(self.times)

    def text(self, arg: Argument) -> str:
        if isinstance(arg, Value) and arg in self.running:
            return self.running[arg]
        row = self.row(arg)
        return self.places.text(arg) if row is None else self._varying(row)

    def _varying(self, row: Row) -> str:
        if all(array is row[0] for array in row):
            return self.places.name(row[0])
        for name, known in self.varying.items():
            if known is row:
                return name
        name = f"r{len(self.varying)}"
        self.varying[name] = row
        return name

    def _call(self, call: Call) -> None:
        places, out = self.places, call.out
        if call.op is PACK:
            self._pack(call)
            return
        if self._is_view(call) and not self.spots.get(out):
            row = self.row(call.args[0])
            if row is None:
                name = f"w{len(places.names)}"
                places.names[out] = self.running[out] = name
                self.lines.append(f"{name} = {self.view(call, [self.text(x) for x in call.args])}")
                self.note_block(call)
                return
            views = [call.op.forward(array, **call.static) for array in _once(row)]
            if np.may_share_memory(views[0], row[0]):
                self.rows[out] = _spread(row, views)
                source = self.spots.get(call.args[0])
                block = None if not source else _slice(source[0], call)
                if block is not None:
                    self.spots[out] = [block]
                return
        if not self.spots.get(out):
            self.spots[out] = [self._alone(out)]
        row = self.row(out)
        assert row is not None
        if is_product(call.op) and call.op.name != "inner" and features_first(out):
            self._turned(call.args[1])
        self.write(call, self.text(out), row[0])
        for spot in self.spots[out][1:]:
            self._copy(spot, out)

    def _turned(self, weight: Argument) -> None:
        """Turn a weight once, before the loop, where its steps would each multiply by it turned."""
        own = weight in self.running or weight in self.places.static
        if isinstance(weight, Value) and not own and weight.ndim == 2 and self.loop.count >= MANY:
            self.running[weight] = self._contiguous(weight, ".T") + ".T"

    def _pack(self, call: Call) -> None:
        for spot in self.spots[call.out]:
            whole = self._row_of(spot)
            for x, place in zip(call.args, call.static["places"], strict=True):
                views = _spread(whole, [part_of(array, place) for array in _once(whole)])
                if not self._is_there(x, views):
                    self.lines.append(f"copyto({self._varying(views)}, {self.text(x)})")

    def _is_there(self, value: Argument, row: Row) -> bool:
        """Whether a value is written to these arrays anyway."""
        if not isinstance(value, Value):
            return False
        for spot in self.spots.get(value, ()):
            if is_same_memory(spot.view(self.times[0]), row[0]) and is_same_memory(spot.view(self.times[-1]), row[-1]):
                return True
        held = self.row(value)
        return held is not None and all(map(is_same_memory, held, row))

    def _sum(self, outside: Value, inside: Value) -> tuple[str, Value]:
        self.places.static[outside] = self.places.allocate(outside, "C")
        return self.places.name(self.places.static[outside]), inside

    def _copies(self) -> None:
        """What no call makes is copied to where it is kept, the ends of states to where the next step reads them."""
        for outside, inside in self.loop.stacks.items():
            if outside not in self.shared and (inside not in self.makers or not self.spots.get(inside)):
                self._copy(self.places.spots[outside], inside)
        for spot, end in self.handed:
            self._copy(spot, end)

    def _copy(self, spot: Spot, value: Value) -> None:
        row = self._row_of(spot)
        held = self.row(value)
        if held is not None and all(map(is_same_memory, held, row)):
            return
        line = f"copyto({self._varying(row)}, {self.text(value)})"
        (self.begin if any(carry.start is value for carry in self.loop.carries) else self.lines).append(line)

    def _header(self, before: list[str]) -> None:
        """The line of the loop, and what runs in it."""
        body = [*self.begin, *self.lines] or ["pass"]
        names, sources = list(self.streams), list(self.streams.values())
        if any("(t, " in line for line in body):
            names.append("t")
            sources.append(f"range({self.loop.count})" + ("[::-1]" if self.loop.backwards else ""))
        if self.varying:
            names.append("(" + "".join(f"{name}, " for name in self.varying) + ")")
            sources.append(self.places.name(list(zip(*self.varying.values(), strict=True)), "rows"))
        if not names:
            names, sources = ["_"], [f"range({self.loop.count})"]
        over = sources[0] if len(sources) == 1 else f"zip({', '.join(sources)})"
        before.append(f"for {', '.join(names)} in {over}:  # {self.loop.count} times")
        before += [f"    {line}" for line in body]
        before += self.after

    # kernels

    def _kernel(self, calls: list[Call]) -> None:
        """The line that calls a kernel."""
        own = {call.out for call in calls}
        shape = calls[0].out.shape
        reads: dict[Value, tuple[str, Spot]] = {}
        arrays: dict[str, Any] = {}
        start = len(self.lines)
        for x in dict.fromkeys(x for call in calls for x in call.reads() if x not in own):
            spot = self._read(x, shape)
            reads[x] = self._named(spot, arrays), spot
        writes: dict[Value, list[tuple[str, Spot]]] = {}
        extra: list[tuple[Spot, Value]] = []
        for call in calls:
            spots = self.spots.get(call.out) or []
            writes[call.out] = [(self._named(spot, arrays), spot) for spot in spots]
        stored = [spot for each in writes.values() for _, spot in each]
        inner = "k" if len(shape) == 2 and shape[0] >= 2 and any(map(_rows_inside, stored)) else "j"
        while pairs(sum(inner in s.index for _, s in reads.values()), sum(map(len, writes.values()))) > MOST:
            value = next((v for v, each in writes.items() if len(each) > 1), None)
            if value is None:
                if self._can_part(calls):
                    del self.lines[start:]
                    self._in_two(calls)
                    return
                break
            extra.append((writes[value].pop()[1], value))
        used = {name for name, _ in reads.values()} | {name for each in writes.values() for name, _ in each}
        source = written(calls, shape, reads, writes, inner == "k")
        kernel = compiled_kernel(source)
        rows = shape[0] if len(shape) == 2 else 1
        given = [arrays[name] for name in sorted(used)]
        args = ", ".join(array if isinstance(array, str) else self.places.name(array) for array in given)
        self.lines.append(f"{self.places.name(kernel, 'kernel')}(t, {shape[-1]}, {rows}, {args})")
        for spot, value in extra:
            self._copy(spot, value)

    def _can_part(self, calls: list[Call]) -> bool:
        """Whether a kernel may be two: the first half overwrites no state that the second one reads."""
        half = len(calls) // 2
        made = {call.out for call in calls[:half]}
        lost = {carry.start for carry in self.loop.carries if carry.end in made}
        return half > 0 and not any(x in lost for call in calls[half:] for x in call.reads())

    def _in_two(self, calls: list[Call]) -> None:
        """Two kernels, with places for what the second reads of the first."""
        half = len(calls) // 2
        later = {x for call in calls[half:] for x in call.reads()}
        for call in calls[:half]:
            if call.out in later and not self.spots.get(call.out):
                self.spots[call.out] = [self._alone(call.out)]
        self._kernel(calls[:half])
        self._kernel(calls[half:])

    @staticmethod
    def _named(spot: Spot, arrays: dict[str, Any]) -> str:
        for name, known in arrays.items():
            if isinstance(known, str) and isinstance(spot.array, str) and known == spot.array:
                return name
            if (
                isinstance(known, np.ndarray)
                and isinstance(spot.array, np.ndarray)
                and is_same_memory(known, spot.array)
            ):
                return name
        name = f"A{len(arrays):02d}"
        arrays[name] = spot.array
        return name

    def _read(self, x: Value, shape: tuple[int, ...]) -> Spot:
        """Where a kernel reads a value."""
        if self.spots.get(x):
            return _broadcast(self.spots[x][0], x, shape)
        row = self.rows.get(x)
        if row is None and x in self.places.static:
            row = [self.places.static[x]]
        if row is not None and all(array is row[0] for array in row):
            array = row[0]
            if array.ndim <= 2 and array.flags.c_contiguous:
                return _broadcast(Spot(array, ("k", "j")[2 - array.ndim :]), x, shape)
            if array.ndim == 2 and array.T.flags.c_contiguous:
                return _broadcast(Spot(array.T, ("j", "k")), x, shape)
        if row is not None:  # views that no index says: copied at each step
            spot = self._alone(x)
            self.lines.append(f"copyto({self.places.name(spot.view(0))}, {self.text(x)})")
            return _broadcast(spot, x, shape)
        if x in self.running and x not in self.places.blocks:
            spot = self._alone(x)
            self.lines.append(f"copyto({self.places.name(spot.view(0))}, {self.running[x]})")
            return _broadcast(spot, x, shape)
        if x in self.places.blocks:
            source, k, size = self.places.blocks[x]
            name = self._contiguous(source, f".reshape(-1, {size})")
            return _broadcast(Spot(name, (k, "j")), x, shape)
        return _broadcast(Spot(self._contiguous(x), ("k", "j")[2 - x.ndim :]), x, shape)

    def _contiguous(self, x: Value, view: str = "") -> str:
        """The name of a view of an array of the moment, in one piece."""
        text = f"ascontiguousarray({self.places.text(x)}{view})"
        if text not in self.brought:
            self.brought[text] = f"c{len(self.places.names)}_{len(self.before)}"
            self.before.append(f"{self.brought[text]} = {text}")
        return self.brought[text]


def _broadcast(spot: Spot, x: Value, shape: tuple[int, ...]) -> Spot:
    """The same, where an axis of size 1 stands for all of another size."""
    index = list(spot.index)
    if x.ndim and x.shape[-1] == 1 != shape[-1] and "j" in index:
        index[index.index("j")] = 0
    if x.ndim == 2 and x.shape[0] == 1 and "k" in index and (len(shape) < 2 or shape[0] != 1):
        index[index.index("k")] = 0
    return Spot(spot.array, tuple(index))


def _rows_inside(spot: Spot) -> bool:
    """Whether the rows of a batch lie one beside the other."""
    return spot.index[-1:] == ("k",)


def _all(spot: Spot, count: int) -> np.ndarray:
    """Every step of a stack, (T, B, F)."""
    shift = next(part[1] for part in spot.index if isinstance(part, tuple))
    places = [part if isinstance(part, int) else slice(shift, shift + count) if isinstance(part, tuple) else slice(None)
              for part in spot.index]  # fmt: skip
    array = spot.array[(*places, ...)]
    letters = ["t" if isinstance(part, tuple) else part for part in spot.index if not isinstance(part, int)]
    wanted = [letter for letter in ("t", "k", "j") if letter in letters]
    rest = range(len(letters), array.ndim)
    return array.transpose([*(letters.index(letter) for letter in wanted), *rest])


def _shifted(spot: Spot, by: int) -> Spot:
    return Spot(spot.array, tuple(("t", part[1] + by) if isinstance(part, tuple) else part for part in spot.index))


def _is_same(a: Spot, b: Spot) -> bool:
    return a.index == b.index and is_same_memory(a.array, b.array)


def _in_one_piece(spot: Spot) -> bool:
    """Whether a step of it is one piece of memory."""
    seen = False
    for part in spot.index:
        if part in ("j", "k"):
            seen = True
        elif seen:
            return False
    return True


def _slice(spot: Spot, call: Call) -> Spot | None:
    """Where some features lie, for a slice of the last axis."""
    if call.op.name != "getitem":
        return None
    return _block(spot, call.static["index"], call.args[0].ndim)


def _block(spot: Spot, place: Any, ndim: int) -> Spot | None:
    parts = list(place) if isinstance(place, tuple) else [place]
    if Ellipsis not in parts and len(parts) != ndim:
        return None
    *before, last = parts
    if not all(part is Ellipsis or part == slice(None) for part in before) or type(last) is not slice:
        return None
    if isinstance(spot.array, str) or "j" not in spot.index or last.step not in (None, 1):
        return None
    size = sum(1 for _ in range(*last.indices(_features(spot))))
    return spot.block(last.indices(_features(spot))[0], size) if size else None


def _features(spot: Spot) -> int:
    return int(spot.array.shape[spot.index.index("j")])


def _once(row: Row) -> Row:
    """The arrays of a row, one where all are the same."""
    return row[:1] if all(array is row[0] for array in row) else row


def _spread(row: Row, views: Row) -> Row:
    return views * len(row) if len(views) == 1 < len(row) else views


def _calls(item: Item) -> list[Call]:
    return item if isinstance(item, list) else [item]


def _grouped(calls: list[Call]) -> list[Item]:
    """The calls in an order in which those that can be one kernel stand together."""
    makers = {call.out for call in calls}
    left, items = list(calls), list[Item]()
    done: set[Value] = set()

    def ready(call: Call, also: set[Value]) -> bool:
        return all(x in done or x in also or x not in makers for x in call.reads())

    while left:
        single = next((c for c in left if not can_fuse(c) and c.op is not PACK and ready(c, set())), None)
        if single is not None:
            first_draw = next((c for c in left if draws(c)), None)
            single = first_draw if first_draw is not None and draws(single) else single
            items.append(single)
            left.remove(single)
            done.add(single.out)
            continue
        group: list[Call] = []
        shape = next((c.out.shape for c in left if can_fuse(c) and ready(c, set())), None)
        also: set[Value] = set()
        for call in left:
            fits = shape is not None and can_fuse(call) and call.out.shape == shape
            if fits and ready(call, also) and _one_kind(group, call):
                group.append(call)
                also.add(call.out)
        if group:
            items.append(group)
        else:
            call = next(c for c in left if ready(c, set()))
            group = [call]
            items.append(call)
        for call in group:
            left.remove(call)
            done.add(call.out)
    return items


def _one_kind(group: list[Call], call: Call) -> bool:
    kinds = {x.dtype for each in [*group, call] for x in (*each.reads(), each.out) if x.dtype.kind == "f"}
    return len(kinds) <= 1
