"""What was recorded: nodes, uses, roles, places in time; and the mode, which belongs to a thread and a task."""

import asyncio
import json
import random
import threading

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.saving.test_damage import mutated


def rnn_graph():
    W = tg.label(tg.tensor([[0.5]], requires_grad=True), "parameter", "W")
    h = tg.label(tg.tensor([[1.0]]), "initial_state", "h")
    for t in (1, 2):
        with tg.scope("rnn"), tg.step(t, of=2):
            h = tg.label(tg.tanh(h @ W), "hidden_state", "h")
    return tg.graph(tg.label(h.sum(), "loss", "L"))


def test_nodes_know_op_role_name_place_shape_and_dtype():
    nodes = rnn_graph().nodes
    assert [(n.op, n.role, n.name, n.scope, n.step) for n in nodes] == [
        (None, "parameter", "W", (), None),
        (None, "initial_state", "h", (), None),
        ("matmul", None, None, ("rnn",), 1),
        ("tanh", "hidden_state", "h", ("rnn",), 1),
        ("matmul", None, None, ("rnn",), 2),
        ("tanh", "hidden_state", "h", ("rnn",), 2),
        ("sum", "loss", "L", (), None),
    ]
    assert [n.id for n in nodes] == list(range(7))
    assert {(n.shape, n.dtype) for n in nodes[:6]} == {((1, 1), "float64")}
    assert [n.requires_grad for n in nodes] == [True, False, True, True, True, True, True]


def test_a_shared_weight_is_one_leaf_with_many_uses():
    g = rnn_graph()
    (W,) = g.parameters
    assert W.name == "W"
    assert g.uses(W) == g.uses(0) == ((2, 1), (4, 1))
    assert g.outputs == (6,)
    assert g.uses(6) == ()


def test_a_times_a_is_two_uses():
    a = tg.tensor(2.0, requires_grad=True)
    g = tg.graph(a * a)
    assert g.uses(0) == ((1, 0), (1, 1))


def test_two_outputs_share_their_nodes():
    a = tg.tensor(2.0, requires_grad=True)
    h = tg.exp(a)
    g = tg.graph(h * 2.0, h * 3.0)
    assert [n.op for n in g.nodes] == [None, "exp", "multiply", "multiply"]
    assert g.outputs == (2, 3)


def test_json_round_trip_is_plain_and_exact():
    g = rnn_graph()
    assert tg.Graph.from_json(g.to_json()) == g
    assert tg.Graph.from_json(g.to_json(indent=2)) == g
    document = json.loads(g.to_json())
    assert document["version"] == 2
    assert document["nodes"][2]["inputs"] == [[1, 0], [0, 1]]


def damage(change):
    """A graph that somebody edited."""
    document = json.loads(rnn_graph().to_json())
    del document["sha256"]
    change(document)
    return json.dumps(document)


def first(**fields):
    return damage(lambda document: document["nodes"][0].update(fields))


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "{}",
        damage(lambda d: d.update(version=3)),
        damage(lambda d: d["nodes"][0].update(colour="red")),
        damage(lambda d: d["nodes"][0].pop("op")),
        damage(lambda d: d["nodes"][2].update(inputs=[[5, 0]])),
        damage(lambda d: d["nodes"][2].update(inputs=[[-1, 0]])),
        damage(lambda d: d["nodes"].reverse()),
        damage(lambda d: d.update(outputs=[99])),
        damage(lambda d: d.update(output=[1])),
        damage(lambda d: d.update(passages=[{"number": 1, "scope": [], "classes": [], "reverse": "no"}])),
        "null",
        "[" * 100_000,
    ],
)
def test_other_json_is_refused(text):
    with pytest.raises(tg.GraphError, match="not a graph of this version"):
        tg.Graph.from_json(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shape", "abc"), ("shape", [-1]), ("shape", [1e400]), ("op", 3), ("id", 0.0), ("step", "x"), ("step", -3),
        ("scope", [1]), ("inputs", [[0]]), ("cotangents", 3), ("value", {"zero": 3}), ("passage", 99), ("role", "rule"),
        ("dtype", None), ("requires_grad", "no"), ("requires_grad", 1),
    ],
)  # fmt: skip
def test_a_field_of_another_kind_is_refused(field, value):
    assert tg.Graph.from_json(first()) == rnn_graph()
    with pytest.raises(tg.GraphError, match="not a graph of this version"):
        tg.Graph.from_json(first(**{field: value}))


def test_a_graph_with_anything_changed_is_refused_or_the_same():
    graph = rnn_graph()
    whole, rng, refused = graph.to_json().encode(), random.Random(0), 0
    for _ in range(400):
        try:
            assert tg.Graph.from_json(mutated(rng, whole).decode(errors="replace")) == graph
        except tg.GraphError:
            refused += 1
    assert refused > 350


def test_a_snapshot_is_read_only():
    g = rnn_graph()
    with pytest.raises(AttributeError):
        g.nodes[0].name = "other"


def test_structure_outlives_backward():
    a = tg.tensor([3.0, 4.0], requires_grad=True, name="a")
    loss = (a * a).sum() * 0.5
    g = loss.graph(gradients=True)
    assert g.nodes[0].gradient.norm == 5
    assert g.nodes[-1].gradient.norm == 1
    loss.backward()
    assert [n.op for n in loss.graph().nodes] == [n.op for n in g.nodes]
    assert loss.graph().nodes[0].gradient is None


def test_graph_of_nothing_is_refused():
    with pytest.raises(tg.GraphError, match="output 1 was not recorded"):
        tg.graph(tg.tensor(1.0, requires_grad=True) * 2, np.ones(3))


def test_labels_and_steps_are_checked():
    with pytest.raises(tg.GraphError, match="expected  parameter, input"):
        tg.label(tg.tensor(1.0), "no such role")
    with pytest.raises(tg.GraphError, match="before the initial state"):
        tg.step(-1)


def here():
    """The node of a value that is made now, which tells where."""
    return tg.graph(tg.tensor(1.0, requires_grad=True)).nodes[0]


def test_scopes_nest_and_close():
    with tg.scope("a"):
        with tg.scope("b"), tg.step(0):
            assert (here().scope, here().step) == (("a", "b"), 0)
        assert (here().scope, here().step) == (("a",), None)
    assert here().scope == ()


def records():
    return (tg.tensor(1.0, requires_grad=True) * 2).requires_grad


def test_mode_is_local_to_the_thread():
    inside, leave = threading.Event(), threading.Event()

    def off():
        with tg.no_grad(), tg.scope("other"):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=off)
    thread.start()
    inside.wait(10)
    found = records(), here().scope
    leave.set()
    thread.join()
    assert found == (True, ())


def test_mode_is_local_to_the_task():
    async def main():
        first_is_in, second_is_done = asyncio.Event(), asyncio.Event()

        async def off():
            with tg.no_grad(), tg.scope("other"):
                first_is_in.set()
                await second_is_done.wait()
                return records(), here().scope

        async def on():
            await first_is_in.wait()
            found = records(), here().scope
            second_is_done.set()
            return found

        return await asyncio.gather(off(), on())

    assert asyncio.run(main()) == [(False, ("other",)), (True, ())]


def test_threads_backward_side_by_side():
    results = {}

    def work(k):
        x = tg.tensor(np.full(3, float(k)), requires_grad=True)
        for _ in range(50):
            x.grad = None
            (x * x).sum().backward()
        results[k] = x.grad.tolist()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: [2.0 * k] * 3 for k in range(4)}


def test_a_mode_can_be_entered_again_inside_itself():
    off = tg.no_grad()
    with off, off:
        assert not records()
    with off:
        assert not records()
    assert records()


def test_a_label_on_an_array_lets_it_pass_as_ops_do():
    x = np.ones(3)
    assert tg.label(x, "input", "x") is x
    assert tg.label(tg.sum(x), "loss") == 3.0


def norms(loss):
    return [node.gradient and node.gradient.norm for node in loss.graph(gradients=True).nodes]


def test_gradients_before_a_backward_are_everywhere_and_after_it_on_the_leaves():
    w = tg.tensor([3.0, 4.0], requires_grad=True, name="w")
    loss = (w * w).sum()
    assert norms(loss) == [10.0, 2**0.5, 1.0]
    loss.backward()
    assert norms(loss) == [10.0, None, None]


def test_a_mode_decorates_a_function():
    @tg.no_grad()
    def double(x):
        return x * 2

    x = tg.tensor(1.0, requires_grad=True)
    assert not double(x).requires_grad
    assert (x * 2).requires_grad
