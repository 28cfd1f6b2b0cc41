"""A block changes the context of what runs inside it and of nothing else: not of what runs while it waits."""

import asyncio
import threading

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.context import CONTEXT, Context

W = tg.tensor([1.0, 2.0], requires_grad=True)
BLOCKS = {
    "no_grad": (tg.no_grad, lambda y: not y.requires_grad),
    "scope": (lambda: tg.scope("encoder"), lambda y: y.node.context.path == ("encoder",)),
    "step": (lambda: tg.step(3), lambda y: y.node.context.step == 3),
}
each_block = pytest.mark.parametrize(("block", "holds"), BLOCKS.values(), ids=BLOCKS)


def outside():
    y = W * 2
    return y.requires_grad and y.node.context.path == () and y.node.context.step is None


@pytest.fixture(autouse=True)
def the_context_is_as_it_was():
    assert CONTEXT.get() == Context()
    yield
    assert CONTEXT.get() == Context()


@each_block
def test_a_function(block, holds):
    @block()
    def f():
        return W * 2

    assert holds(f())
    assert outside()


@each_block
def test_a_generator_runs_inside_and_waits_outside(block, holds):
    @block()
    def f():
        sent = yield W * 2
        try:
            yield sent, W * 3
        except KeyError:
            yield W * 4
        return W * 5

    def told():
        return (yield from f())

    body = told()
    assert holds(next(body))
    assert outside()
    sent, y = body.send("sent")
    assert sent == "sent"
    assert holds(y)
    assert holds(body.throw(KeyError))
    assert outside()
    with pytest.raises(StopIteration) as end:
        next(body)
    assert holds(end.value.value)


def test_a_closed_generator_cleans_up_inside():
    seen = []

    @tg.no_grad()
    def f():
        try:
            yield
        finally:
            seen.append((W * 2).requires_grad)

    body = f()
    next(body)
    body.close()
    assert seen == [False]


@each_block
def test_a_coroutine(block, holds):
    @block()
    async def f():
        await asyncio.sleep(0)
        return W * 2

    async def both():
        return await asyncio.gather(f(), other())

    async def other():
        await asyncio.sleep(0)
        return outside()

    y, unchanged = asyncio.run(both())
    assert holds(y)
    assert unchanged


@each_block
def test_an_asynchronous_generator(block, holds):
    closed = []

    @block()
    async def f():
        try:
            sent = yield W * 2
            await asyncio.sleep(0)
            yield sent, W * 3
        finally:
            closed.append((W * 4).requires_grad)

    async def run():
        body = f()
        assert holds(await anext(body))
        assert outside()
        sent, y = await body.asend("sent")
        assert (sent, holds(y), outside()) == ("sent", True, True)
        await body.aclose()
        return [y async for y in f()]

    assert len(asyncio.run(run())) == 2
    assert len(closed) == 2


def test_an_asynchronous_generator_under_no_grad_closes_under_it():
    closed = []

    @tg.no_grad()
    async def f():
        try:
            yield
        finally:
            closed.append((W * 2).requires_grad)

    async def run():
        body = f()
        await anext(body)
        await body.aclose()

    asyncio.run(run())
    assert closed == [False]


def inside(block):
    with block:
        yield


def test_generators_that_take_turns_leave_in_any_order():
    a, b, c = inside(tg.no_grad()), inside(tg.scope("b")), inside(tg.scope("c"))
    for each in (a, b, c):
        next(each)
    a.close()
    y = W * 2
    assert y.requires_grad  # it was a that said no_grad
    assert y.node.context.path == ("b", "c")
    c.close()
    assert (W * 2).node.context.path == ("b",)
    b.close()
    assert outside()


def test_one_block_may_be_entered_again_inside_itself():
    block = tg.no_grad()
    with block, block:
        assert not (W * 2).requires_grad
    assert outside()


def test_what_was_opened_in_one_thread_may_be_closed_in_another():
    body = inside(tg.no_grad())
    thread = threading.Thread(target=lambda: next(body))
    thread.start()
    thread.join()
    assert outside()
    body.close()
    assert outside()


def test_gradients_of_several_threads_all_arrive():
    w = tg.tensor(np.zeros(50_000), requires_grad=True)  # a sum this large lets other threads run meanwhile
    w.grad = np.zeros(50_000)

    def run():
        for _ in range(25):
            w.sum().backward()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert w.grad.data[0] == 100
