"""Distribution: only what needs the step before stays in a loop, the rest is made for all steps at once.

    for t:  p = x_t W;  h = tanh(p + h U)          P = X W                       one product over T·B rows
                                              →    for t:  h = tanh(P[t] + h U)
    backward, for t:  …; S += d_tᵀ h_t             D = …;  S = Dᵀ H              one product over T·B rows

Calls that need each other from step to step form a cycle; cycles and the calls between them have an order, and so fall
into stages, all steps of one before all steps of the next. Light calls (elementwise ones, views) stay in the loop that
reads what they make, where they cost no memory. Source: Allen & Kennedy 1987, "Automatic translation of Fortran
programs to vector form".
"""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.compiler.passes.tidy import draws
from tinygrad_rnn.compiler.passes.vector import Wide, can_widen, contract, is_contracted, is_light, widen
from tinygrad_rnn.compiler.program import Argument, Call, Carry, Loop, Program, Step, Value
from tinygrad_rnn.engine.op import REGISTRY

__all__ = ["distributed"]


def distributed(program: Program) -> Program:
    """The program, with less in its loops."""
    steps: list[Step] = []
    for step in program.steps:
        steps += _Distribution(step).steps() if isinstance(step, Loop) else [step]
    return Program(program.inputs, program.constants, steps, program.outputs)


class _Distribution:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.calls: list[Call] = [step for step in loop.body if isinstance(step, Call)]
        self.maker = {call.out: k for k, call in enumerate(self.calls)}
        self.carry = {carry.start: carry for carry in loop.carries}
        self.summed: dict[Value, list[Value]] = {}
        for outside, inside in loop.sums.items():
            self.summed.setdefault(inside, []).append(outside)
        self.needs = [self._needed(call) for call in self.calls]
        self.groups = _cycles(self.needs)
        self.group = {k: g for g, members in enumerate(self.groups) for k in members}
        self.stage = self._stages()

    def _needed(self, call: Call) -> set[int]:
        """The calls whose outputs it reads, of this step or of the one before."""
        found = set()
        for x in call.reads():
            seen = set()
            while x in self.carry and x not in seen:
                seen.add(x)
                x = self.carry[x].end
            if x in self.maker:
                found.add(self.maker[x])
        return found

    def _stages(self) -> list[int]:
        """For each group its stage: even ones are made for all steps at once, odd ones are loops."""
        inside = [len(members) > 1 or members[0] in self.needs[members[0]] for members in self.groups]
        changing = {*self.loop.slices, *self.maker, *self.carry}
        light = []
        for g, members in enumerate(self.groups):
            call = self.calls[members[0]]
            at_once = can_widen(call, changing) or (self._only_summed(call.out) and is_contracted(call, changing))
            inside[g] = inside[g] or draws(call) or not at_once
            light.append(not inside[g] and is_light(call.op))
        before: list[set[int]] = [
            {self.group[j] for k in members for j in self.needs[k]} - {g} for g, members in enumerate(self.groups)
        ]
        stage: list[int] = []
        for g in range(len(self.groups)):
            least = max((stage[b] for b in before[g]), default=0)
            stage.append(least if light[g] else least + (least % 2 == 0) if inside[g] else least + least % 2)
        after: list[list[int]] = [[] for _ in self.groups]
        for g, those in enumerate(before):
            for b in those:
                after[b].append(g)
        for g in reversed(range(len(self.groups))):
            if light[g] and after[g]:
                stage[g] = min(stage[a] for a in after[g])
        return stage

    def steps(self) -> list[Step]:
        stages = sorted(set(self.stage))
        if stages == [1] or not self.calls:
            return [self.loop]
        wide = Wide(self.loop.count, dict(self.loop.slices))
        for stage in stages:
            members = [k for g, those in enumerate(self.groups) if self.stage[g] == stage for k in those]
            if stage % 2:
                self._loop(wide, sorted(members))
            else:
                for k in members:
                    self._widened(wide, self.calls[k])
        self._finish(wide)
        return wide.steps

    def _only_summed(self, value: Value) -> bool:
        """Whether all that is asked of it is its sum over the steps."""
        return value in self.summed and not (
            value in self.loop.stacks.values()
            or any(carry.end is value for carry in self.loop.carries)
            or any(x is value for call in self.calls for x in call.reads())
        )

    def _widened(self, wide: Wide, call: Call) -> None:
        for x in call.reads():
            if x in self.carry and x not in wide.stacks:
                wide.stacks[x] = self._shifted(wide, self.carry[x])
        if self._only_summed(call.out) and is_contracted(call, wide.stacks):
            out, *others = self.summed.pop(call.out)
            contract(wide, call, out)
            wide.steps += [_call("reshape", (out,), {"shape": out.shape}, other) for other in others]
            return
        made = widen(wide, call)
        assert made is not None
        made.name = call.out.name
        wide.stacks[call.out] = made

    def _shifted(self, wide: Wide, carry: Carry) -> Value:
        """Of each step what the step before made, which is there for all steps already."""
        whole = wide.stacks.get(carry.end)
        if whole is None:
            return self._handed_on(wide, carry)
        first = wide.reshape(carry.first, (1, *carry.first.shape))
        rest = slice(1, None) if self.loop.backwards else slice(None, -1)
        shape = (self.loop.count - 1, *whole.shape[1:])
        others = wide.call("getitem", (whole,), {"index": rest}, shape, whole.dtype)
        parts = (others, first) if self.loop.backwards else (first, others)
        return wide.call("concatenate", parts, {"axis": 0}, whole.shape, whole.dtype)

    def _handed_on(self, wide: Wide, carry: Carry) -> Value:
        """The same of what no call makes: another state, or what is the same at each step."""
        loop = Loop(self.loop.count, self.loop.backwards)
        held = {carry.start: carry}
        while more := {c.end: self.carry[c.end] for c in held.values() if c.end in self.carry and c.end not in held}:
            held |= more
        for each in held.values():
            end = each.end
            if end in wide.stacks and end not in held:
                end = Value(end.shape, end.dtype, end.name)
                loop.slices[end] = wide.stacks[each.end]
            loop.carries.append(Carry(each.start, each.first, end))
        wide.steps.append(loop)
        return loop.stacked(carry.start)

    def _loop(self, wide: Wide, members: list[int]) -> None:
        """A loop of these calls alone; what the rest reads of them is stacked."""
        loop = Loop(self.loop.count, self.loop.backwards)
        own = {self.calls[k].out for k in members}
        starts: dict[Value, Value] = {}
        taken: dict[Value, Value] = {}

        def read(x: Argument) -> Argument:
            if not isinstance(x, Value) or x in own:
                return x
            if x in self.carry and x not in wide.stacks:
                if x not in starts:
                    starts[x] = x
                    carry = self.carry[x]
                    end = read(carry.end)
                    assert isinstance(end, Value)
                    loop.carries.append(Carry(x, carry.first, end))
                return x
            if x in wide.stacks:
                if x not in taken:
                    taken[x] = Value(x.shape, x.dtype, x.name)
                    loop.slices[taken[x]] = wide.stacks[x]
                return taken[x]
            return x

        loop.body = [self.calls[k].renamed(read) for k in members]
        later = self._read_later(members)
        for x in (*own, *starts):
            if x in later:
                wide.stacks[x] = loop.stacked(x)
        for x in own:
            for outside in self.summed.pop(x, []):
                loop.sums[outside] = x
        wide.steps.append(loop)

    def _read_later(self, members: list[int]) -> set[Value]:
        """What is read by calls that are not in this loop, or from outside."""
        found: set[Value] = set(self.loop.stacks.values())
        for k, call in enumerate(self.calls):
            if k not in members:
                found.update(call.reads())
        reached = True
        while reached:  # a carry that is read later starts from an end that is
            more = {self.carry[x].end for x in found if x in self.carry} - found
            found |= more
            reached = bool(more)
        return found

    def _finish(self, wide: Wide) -> None:
        for outside, inside in self.loop.stacks.items():
            if inside in self.carry and inside not in wide.stacks:
                wide.stacks[inside] = self._shifted(wide, self.carry[inside])
            made = wide.stacks.get(inside)
            if made is None:  # it stands outside the loop: the same at each step
                wide.steps.append(_call("broadcast_to", (inside,), {"shape": outside.shape}, outside))
            elif made is not outside:
                wide.steps.append(_call("reshape", (made,), {"shape": outside.shape}, outside))
        for inside, sums in self.summed.items():
            for outside in sums:
                wide.steps.append(_call("sum", (wide.stacks[inside],), {"axis": 0, "keepdims": False}, outside))


def _call(op: str, args: tuple[Argument, ...], static: dict[str, Any], out: Value) -> Call:
    return Call(REGISTRY[op], args, static, out)


def _cycles(needs: list[set[int]]) -> list[list[int]]:
    """The strongly connected components of who needs whom, each after what it needs; members in order.

    Source: Tarjan 1972, with a stack of its own.
    """
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    held: list[int] = []
    inside: set[int] = set()
    found: list[list[int]] = []
    for root in range(len(needs)):
        work = [(root, iter(sorted(needs[root])))] if root not in index else []
        if work:
            index[root] = low[root] = len(index)
            held.append(root)
            inside.add(root)
        while work:
            node, others = work[-1]
            for other in others:
                if other not in index:
                    index[other] = low[other] = len(index)
                    held.append(other)
                    inside.add(other)
                    work.append((other, iter(sorted(needs[other]))))
                    break
                if other in inside:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    members = []
                    while True:
                        member = held.pop()
                        inside.discard(member)
                        members.append(member)
                        if member == node:
                            break
                    found.append(sorted(members))
    return found
