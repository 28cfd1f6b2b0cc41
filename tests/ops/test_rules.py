"""Every op of the registry, on every call of its spec: value, both rules, second order, dtype, memory, refusal."""

import functools

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.ops.specs import ELSEWHERE, SPECS, draw
from tests.oracle import FLOOR, RTOL, assert_close, directional, jacobians
from tinygrad_rnn.primitive import REGISTRY

ALL = [pytest.param(spec, call, id=f"{spec}-{call}") for spec in SPECS.values() for call in spec.calls]
SMOOTH = [p for p in ALL if p.values[0].differentiable]
every_call = pytest.mark.parametrize(("spec", "call"), ALL)
every_smooth_call = pytest.mark.parametrize(("spec", "call"), SMOOTH)
every_op = pytest.mark.parametrize("spec", SPECS.values(), ids=str)


def joined(parts):
    """The one output, or the several of split laid end to end."""
    return tg.concatenate([tg.reshape(part, (-1,)) for part in parts]) if isinstance(parts, list) else parts


def engine(spec, call):
    return lambda *active: joined(call.run(spec.op, active))


def plain(spec, call):
    return lambda *active: joined(call.run(spec.reference, active))


@functools.cache
def numeric(name, k):
    spec = SPECS[name]
    call = spec.calls[k]
    return jacobians(plain(spec, call), call.active)


def leaves(call):
    return [tg.tensor(x, requires_grad=True) for x in call.active]


def test_every_op_has_a_spec():
    missing = sorted((set(REGISTRY) | set(tg.ops.__all__)) - set(SPECS) - set(ELSEWHERE))
    assert not missing, f"no spec in tests/ops/specs.py for: {', '.join(missing)}"
    assert all(spec.calls for spec in SPECS.values())


@every_op
def test_docstring_states_the_formula_first(spec):
    doc = REGISTRY[spec.name].doc if spec.name in REGISTRY else getattr(tg, spec.name).__doc__
    assert doc
    assert doc.strip().splitlines()[0].endswith((".", "]", ":", "]", "reduction"))


@every_op
def test_refusal_is_ours(spec):
    with pytest.raises(spec.error) as caught:
        joined(spec.refused.run(spec.op, [tg.tensor(x, requires_grad=True) for x in spec.refused.active]))
    lines = str(caught.value).splitlines()
    # a composite may be refused by the op it is made of
    assert lines[0].split(":")[0] in {*REGISTRY, *tg.ops.__all__} or "argument" in lines[0]
    assert len(lines) > 1, "the message has more to say than its first line"
    assert all(line.startswith(("  expected  ", "  got       ", "  where     ", "  help      ")) for line in lines[1:])


@every_call
def test_value_is_numpys(spec, call):
    expected = plain(spec, call)(*call.active)
    on_arrays = engine(spec, call)(*call.active)
    on_tensors = engine(spec, call)(*(tg.tensor(x, requires_grad=True) for x in call.active))
    assert isinstance(on_arrays, np.ndarray | np.generic)
    if call.active:
        assert isinstance(on_tensors, tg.Tensor)
        assert on_tensors.requires_grad == spec.differentiable
    for got in (on_arrays, tg.tensor(on_tensors).data):
        assert got.shape == np.shape(expected)
        assert got.dtype == np.asarray(expected).dtype
        # the same ufuncs give the same bits; a formula written out may round its last digits differently
        np.testing.assert_allclose(got, expected, rtol=1e-13 if spec.formula else 0, atol=1e-14 if spec.formula else 0)


@every_smooth_call
def test_reverse_rule(spec, call):
    J = numeric(spec.name, spec.calls.index(call))
    y, pullback = tg.vjp(engine(spec, call), *call.active)
    u = draw(y.shape, spec.name, "u")
    for gx, x, j in zip(pullback(u), call.active, J, strict=True):
        assert gx.shape == x.shape
        assert_close(gx.data.ravel(), u.ravel() @ j, np.abs(u).ravel() @ np.abs(j))


@every_smooth_call
def test_forward_rule(spec, call):
    J = numeric(spec.name, spec.calls.index(call))
    dxs = [draw(x.shape, spec.name, k) for k, x in enumerate(call.active)]
    y, dy = tg.jvp(engine(spec, call), call.active, dxs)
    assert dy.shape == y.shape
    terms = [(j @ dx.ravel(), np.abs(j) @ np.abs(dx).ravel()) for j, dx in zip(J, dxs, strict=True)]
    assert_close(dy.data.ravel(), sum(t for t, _ in terms), sum(s for _, s in terms))


@every_smooth_call
def test_rules_are_adjoint(spec, call):
    """⟨u, J dx⟩ = ⟨Jᵀu, dx⟩, exact but for rounding: 1e-12 of the sum of sizes."""
    f = engine(spec, call)
    dxs = [draw(x.shape, spec.name, k) for k, x in enumerate(call.active)]
    y, dy = tg.jvp(f, call.active, dxs)
    u = draw(y.shape, spec.name, "u")
    left = u * dy.data
    right = [gx.data * dx for gx, dx in zip(tg.vjp(f, *call.active)[1](u), dxs, strict=True)]
    scale = np.abs(left).sum() + sum(np.abs(r).sum() for r in right)
    assert_close(left.sum(), sum(r.sum() for r in right), scale, rtol=1e-12, floor=1e-15)


@every_smooth_call
def test_second_order(spec, call):
    """The tangent and the gradient of the vjp, against differences of the vjp (which test_reverse_rule holds)."""
    xs = call.active
    f = engine(spec, call)
    u = draw(np.shape(plain(spec, call)(*xs)), spec.name, "u")
    dxs = [draw(x.shape, spec.name, k) for k, x in enumerate(xs)]
    ws = [draw(x.shape, spec.name, "w", k) for k, x in enumerate(xs)]

    def pulled(*xs):
        return tg.concatenate([tg.reshape(gx, (-1,)) for gx in tg.vjp(f, *xs)[1](u)])

    w = np.concatenate([w.ravel() for w in ws])
    expected = directional(lambda *xs: pulled(*xs).data, xs, dxs)
    forward = tg.jvp(pulled, xs, dxs)[1].data
    # rounding of the vjp, eps·|vjp|/h, instead of a sum of terms that is not known here
    scale = 1 + np.abs(expected).max(initial=0) + np.abs(pulled(*xs).data).max(initial=0)
    assert_close(forward, expected, scale)
    reverse = tg.grad(lambda *xs: tg.sum(pulled(*xs) * w), argnums=tuple(range(len(xs))))(*xs)
    terms = [g.data * dx for g, dx in zip(reverse, dxs, strict=True)]
    size = np.abs(w * expected).sum() + sum(np.abs(t).sum() for t in terms)
    assert_close(sum(t.sum() for t in terms), (w * expected).sum(), size + np.abs(w).sum() * scale)


@every_smooth_call
def test_float32_stays_float32(spec, call):
    """…through forward and backward, and agrees with float64 to 1e-4 of S (600 float32 roundings)."""
    J = numeric(spec.name, spec.calls.index(call))
    halves = [tg.tensor(x, dtype=np.float32, requires_grad=True) for x in call.active]
    y = engine(spec, call)(*halves)
    assert y.dtype == np.asarray(plain(spec, call)(*(x.astype(np.float32) for x in call.active))).dtype
    u = draw(y.shape, spec.name, "u")
    y.backward(u)
    for x, j in zip(halves, J, strict=True):
        assert x.grad.dtype == np.float32
        assert_close(x.grad.data.ravel(), u.ravel() @ j, np.abs(u).ravel() @ np.abs(j), rtol=1e-4, floor=1e-6)


@every_smooth_call
def test_gradients_own_their_memory(spec, call):
    xs = leaves(call)
    y = engine(spec, call)(*xs)
    u = draw(y.shape, spec.name, "u")
    y.backward(u)
    held = [u, y.data, *(x.data for x in xs), *(x.grad.data for x in xs)]
    for i, a in enumerate(held):
        assert type(a) is np.ndarray
        for b in held[i + 1 :]:
            # y may be a view of x: both are read-only
            assert not np.shares_memory(a, b) or (a is held[1] and any(b is x for x in held[2 : 2 + len(xs)]))


@every_smooth_call
def test_rules_write_to_nothing_they_are_given(spec, call):
    node = engine(spec, call)(*leaves(call)).node
    op, args, y = (
        node.op,
        tuple(np.array(x) if isinstance(x, np.ndarray) else x for x in node.args),
        np.array(node.value),
    )
    gy = draw(node.shape, spec.name, "u")
    dxs = [draw(np.shape(x), spec.name, k) for k, x in enumerate(args)]
    for array in (gy, y, *args, *dxs):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    with tg.no_grad():
        if op.variadic:
            op.vjps[0](gy, y, *args, needed=[True] * len(args), **node.static)
            op.jvps[0](dxs, y, *args, **node.static)
            return
        for vjp, jvp, parent, dx in zip(op.vjps, op.jvps, node.inputs, dxs, strict=True):
            if parent is not None and parent.requires_grad:
                assert vjp(gy, y, *args, **node.static) is not None
                assert jvp(dx, y, *args, **node.static) is not None
        if op.into is not None:
            buffer = np.zeros(args[0].shape)
            op.into(buffer, gy, *args[1:], **node.static)
            # the same sum in another order
            np.testing.assert_allclose(buffer, op.vjps[0](gy, y, *args, **node.static), rtol=1e-14, atol=1e-14)


@every_smooth_call
def test_inputs_in_any_layout(spec, call):
    """Reversed and Fortran-ordered arrays give the gradients that contiguous ones do, bit for bit or nearly."""
    f = engine(spec, call)

    def gradients(xs):
        y, pullback = tg.vjp(f, *xs)
        return pullback(draw(y.shape, spec.name, "u"))

    strange = [np.asfortranarray(np.flip(x)) if x.ndim else x for x in call.active]
    strange = [tg.flip(tg.tensor(x)) if x.ndim else tg.tensor(x) for x in strange]
    for a, b in zip(gradients(call.active), gradients(strange), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=RTOL, atol=FLOOR)  # BLAS may sum in another order
