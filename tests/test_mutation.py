"""Writing to what the graph has saved, between forward and backward: the gradient stays right, or an error says so."""

import numpy as np
import pytest

import tinygrad_rnn as tg

VALUES = np.array([1.0, 2.0, 3.0])
OTHER = np.array([4.0, 5.0, 6.0])


class Scene:
    """loss = f(x) with ∂loss/∂x known, and the array that somebody will write to."""

    def __init__(self, build):
        self.own = VALUES.copy()
        self.x = tg.tensor(self.own, requires_grad=True, name="x")
        self.loss, self.alias, self.exact = build(self)


def overwrite(array):
    array[...] = 0 if array.dtype.kind in "biu" else -77.0


def given(array, use, exact):
    """The user's own array, passed to an op that saves it."""

    def build(scene):
        mine = np.array(array)
        return use(scene.x, mine), mine, exact

    return build


def of_x(alias, exact=2 * VALUES):
    """Some array that x, or the loss Σx², gives away."""
    return lambda scene: ((scene.x * scene.x).sum(), alias(scene), exact)


MASK = np.array([True, False, True])
MATRIX = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
WRITES = {
    "the array given to tensor()": of_x(lambda s: s.own),
    "a view of the array given to tensor()": of_x(lambda s: s.own[1:]),
    "numpy()": of_x(lambda s: s.x.numpy()),
    "__array__ of a constant": of_x(lambda s: np.asarray(s.x.detach())),
    "operand of x * a": given(OTHER, lambda x, a: (x * a).sum(), OTHER),
    "operand of a * x": given(OTHER, lambda x, a: (a * x).sum(), OTHER),
    "a view as operand": given(np.tile(OTHER, 2), lambda x, a: (x * a[:3]).sum(), OTHER),
    "0-d operand": given(4.0, lambda x, a: (x * a).sum(), [4, 4, 4]),
    "divisor": given(OTHER, lambda x, a: (x / a).sum(), 1 / OTHER),
    "exponent": given(OTHER, lambda x, a: (x**a).sum(), OTHER * VALUES ** (OTHER - 1)),
    "operand of @": given(MATRIX, lambda x, a: (x @ a).sum(), MATRIX.sum(1)),
    "operand of inner": given(MATRIX.T, lambda x, a: tg.inner(x, a).sum(), MATRIX.sum(1)),
    "operand of tensordot": given(MATRIX, lambda x, a: tg.tensordot(x, a, 1).sum(), MATRIX.sum(1)),
    "operand of einsum": given(MATRIX, lambda x, a: tg.einsum("i,ij->j", x, a).sum(), MATRIX.sum(1)),
    "operand of maximum": given([0.0, 5.0, 0.0], lambda x, a: tg.maximum(x, a).sum(), [1, 0, 1]),
    "a bound of clip": given([0.0, 5.0, 0.0], lambda x, a: tg.clip(x, a, 9.0).sum(), [1, 0, 1]),
    "condition of where": given(MASK, lambda x, a: tg.where(a, x, 0.0).sum(), MASK),
    "index": given([0, 0, 2], lambda x, a: x[a].sum(), [2, 0, 1]),
    "mask": given(MASK, lambda x, a: x[a].sum(), MASK),
    "index in a tuple": given([0, 2], lambda x, a: x.reshape(3, 1)[a, 0].sum(), [1, 0, 1]),
    "indices of take": given([1, 1], lambda x, a: tg.take(x, a).sum(), [0, 2, 0]),
    "indices of take_along_axis": given([1, 1], lambda x, a: tg.take_along_axis(x, a, axis=0).sum(), [0, 2, 0]),
    "index of index_add": given([1, 1], lambda x, a: (tg.index_add(np.zeros(3), a, x[:2]) * OTHER).sum(), [5, 5, 0]),
    "pad widths": given([[1, 0]], lambda x, a: (tg.pad(x, a) * np.arange(4.0)).sum(), [1, 2, 3]),
    "repeats": given([1, 0, 2], lambda x, a: tg.repeat(x, a).sum(), [1, 0, 2]),
    "places to split at": given([1], lambda x, a: (tg.split(x, a)[1] * 2.0).sum(), [0, 2, 2]),
    "an array concatenated": given(OTHER, lambda x, a: (tg.concatenate([x, a]) ** 2).sum(), 2 * VALUES),
    "an array closed over by a checkpoint": given(OTHER, lambda x, a: tg.checkpoint(lambda x: (x * a).sum())(x), OTHER),
    ".data": of_x(lambda s: s.x.data),
    ".data.base": of_x(lambda s: s.x.data.base),
    "a view of .data": of_x(lambda s: s.x.data[::2]),
    ".data of a detached twin": of_x(lambda s: s.x.detach().data),
    ".data of a reshaped Tensor": of_x(lambda s: s.x.reshape(3, 1).data),
    ".data.base of a reshaped Tensor": of_x(lambda s: s.x.reshape(3, 1).data.base),
    ".data of a transposed Tensor": of_x(lambda s: s.x.reshape(3, 1).T.data),
    ".data.base of a broadcast Tensor": of_x(lambda s: tg.broadcast_to(s.x, (2, 3)).data.base),
    ".data.base.base of a broadcast Tensor": of_x(lambda s: last_base(tg.broadcast_to(s.x, (2, 3)).data)),
    ".data.base of a diagonal": of_x(lambda s: last_base(tg.diagonal(tg.broadcast_to(s.x, (2, 3))).data)),
    ".data of a slice": of_x(lambda s: s.x[1:].data),
    ".data of the loss": of_x(lambda s: s.loss.data if hasattr(s, "loss") else s.x.data),
}


def last_base(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


@pytest.mark.parametrize("name", WRITES)
def test_write_between_forward_and_backward(name):
    scene = Scene(WRITES[name])
    try:
        overwrite(scene.alias)
    except ValueError as error:
        assert "read-only" in str(error)  # noqa: PT017  (either outcome is right)
    try:
        scene.loss.backward()
    except tg.GraphError as error:
        assert "checkpoint" in str(error)  # noqa: PT017  (what it closed over is noticed, not kept)
        return
    np.testing.assert_allclose(scene.x.grad.data, scene.exact, rtol=1e-15)  # one rounding


@pytest.mark.parametrize("name", [name for name in WRITES if name.startswith(".data")])
def test_data_is_read_only_to_its_base(name):
    with pytest.raises(ValueError, match="read-only"):
        overwrite(Scene(WRITES[name]).alias)


def test_the_gradient_is_read_only_too():
    x = tg.tensor(VALUES, requires_grad=True)
    for create_graph in (False, True):
        x.grad = None
        (x * x).sum().backward(create_graph=create_graph)
        with pytest.raises(ValueError, match="read-only"):
            x.grad.data[...] = 0


def test_augmented_assignment_makes_a_new_tensor():
    x = tg.tensor(VALUES, requires_grad=True)
    h = x * 1.0
    loss = (h * h).sum()
    h += 5.0
    h *= 0.0
    loss.backward()
    assert x.grad.tolist() == (2 * VALUES).tolist()


def test_item_assignment_is_refused_with_a_way_out():
    x = tg.tensor(VALUES)
    with pytest.raises(tg.GraphError, match="index_add"):
        x[0] = 1.0


def test_an_array_cannot_swallow_a_tensor_in_place():
    with pytest.raises(TypeError):
        VALUES.copy().__iadd__(tg.tensor(VALUES, requires_grad=True))


# assign


def assigned(target):
    """(loss, assign): a product of a parameter and an input, and a write to one of them."""
    w = tg.tensor(VALUES, requires_grad=True, name="w")
    x = tg.tensor(OTHER, name="x")
    with tg.scope("cell"), tg.step(3, of=7):
        y = w * x
    leaf = {"w": w, "x": x}[target]
    return y.sum(), leaf


@pytest.mark.parametrize("target", ["w", "x"])
def test_assign_is_noticed(target):
    loss, leaf = assigned(target)
    leaf.assign(np.zeros(3))
    leaf.assign(np.ones(3))
    with pytest.raises(tg.GraphError) as caught:
        loss.backward()
    first, *lines = str(caught.value).splitlines()
    assert first == f"multiply: its argument {'a' if target == 'w' else 'b'} ({target}) was assigned after it was used"
    assert lines[0] == "  expected  version 0, as when the op ran"
    assert lines[1] == "  got       version 2"
    assert lines[2] == "  where     cell, step 3 of 7"


def test_assign_is_noticed_by_every_derivative():
    w = tg.tensor(VALUES, requires_grad=True)

    def f(x):
        y = (w * x).sum()
        w.assign(w.data + 1)
        return y

    for derivative in (tg.grad(f), lambda x: tg.vjp(f, x)[1](1.0), lambda x: tg.jvp(f, (x,), (x,))):
        with pytest.raises(tg.GraphError, match="assigned"):
            derivative(OTHER)


def test_an_update_between_two_graphs_is_fine():
    w = tg.tensor(VALUES, requires_grad=True)
    for _ in range(3):
        w.grad = None
        (w * w).sum().backward()
        w.assign(w.data - 0.25 * w.grad.data)
    np.testing.assert_allclose(w.data, VALUES / 8, rtol=1e-15)  # exact: halvings


def test_assign_after_backward_leaves_the_gradient():
    w = tg.tensor(VALUES, requires_grad=True)
    (w * w).sum().backward()
    w.assign(OTHER)
    assert w.grad.tolist() == (2 * VALUES).tolist()


def test_assign_copies_what_it_is_given():
    w = tg.tensor(VALUES, requires_grad=True)
    mine = OTHER.copy()
    w.assign(mine)
    mine[:] = 0
    assert w.tolist() == OTHER.tolist()


def test_assign_leaves_detached_twins_and_views_alone():
    w = tg.tensor(VALUES, requires_grad=True)
    twin, data, view = w.detach(), w.data, w.reshape(3, 1).data
    w.assign(OTHER)
    assert twin.tolist() == data.tolist() == view.ravel().tolist() == VALUES.tolist()


def test_requires_grad_set_again_does_not_hide_an_assign():
    w = tg.tensor(VALUES, requires_grad=True)
    loss = (w * w).sum()
    w.requires_grad = True
    w.assign(OTHER)
    with pytest.raises(tg.GraphError, match="assigned"):
        loss.backward()


@pytest.mark.parametrize(
    ("values", "error"),
    [(np.ones(2), tg.ShapeError), (1.0, tg.ShapeError), (np.ones(3) * 1j, tg.DTypeError)],
)
def test_assign_keeps_shape_and_kind(values, error):
    w = tg.tensor(VALUES, requires_grad=True)
    with pytest.raises(error, match="assign"):
        w.assign(values)
    assert w.tolist() == VALUES.tolist()


def test_assign_to_a_result_is_refused():
    with pytest.raises(tg.GraphError, match="result of an op"):
        (tg.tensor(VALUES, requires_grad=True) * 2).assign(VALUES)
