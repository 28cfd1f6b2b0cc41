"""Kernels: what they compute is what the ops compute, to the last place; what they are is Python, kept on disk."""

import threading
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.compiler.oracles import assert_close, require_numba
from tinygrad_rnn import nn, optim
from tinygrad_rnn.compiler.kernels import SCALAR, Spot, available, can_fuse, compiled_kernel, written
from tinygrad_rnn.compiler.program import Call, Value
from tinygrad_rnn.engine.op import REGISTRY

pytestmark = pytest.mark.usefixtures("by_kernels")

ROWS, COLUMNS = ("k", "j"), 16
LEAST = float(np.finfo(np.float32).tiny)  # below it numbers have fewer digits

# Units in the last place from the exact value, as measured over every 23rd float of every range on an x86 with FMA:
# exp 1.01, tanh 2.42 (at 0.0078), sigmoid 2.41 (at -16.6), its slope 4.01 (at 4.1). Above them a twentieth for others.
ULP = {"exp": 1.06, "tanh": 2.54, "sigmoid": 2.53, "logistic_slope": 4.21}
EXACT = {
    "exp": np.exp, "tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "logistic_slope": lambda x: np.exp(-abs(x)) / (1 + np.exp(-abs(x))) ** 2,
}  # fmt: skip


def kernel_of(calls, inputs):
    """A kernel of these calls on arrays (B, H), as a function of what it reads to all that it makes."""
    reads = {x: (f"in{k:02d}", Spot(None, ROWS)) for k, x in enumerate(inputs)}
    writes = {call.out: [(f"out{k:02d}", Spot(None, ROWS))] for k, call in enumerate(calls)}
    kernel = compiled_kernel(written(calls, calls[0].out.shape, reads, writes, rows_inside=False))

    def run(*arrays):
        made = [np.zeros(arrays[0].shape, call.out.dtype) for call in calls]
        kernel(0, arrays[0].shape[1], arrays[0].shape[0], *arrays, *made)
        return made

    return run


def value(dtype):
    return Value((2, COLUMNS), dtype)


def call_of(name, *args, dtype):
    return Call(REGISTRY[name], args, {}, value(dtype))


def floats(least, most, step=4001):
    """Every so many float32 from one to another, as a row."""
    ends = (int(np.float32(abs(end)).view(np.int32)) for end in (least, most))
    found = np.arange(*ends, step, dtype=np.int32).view(np.float32)
    return np.copysign(found, np.float32(most))[None]


def ulps(found, exact):
    """How many units in the last place of the exact number it is away."""
    return np.abs(found.astype(np.float64) - exact) / np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)


@pytest.fixture(params=ULP)
def of_float32(request):
    x = value("float32")
    run = kernel_of([call_of(request.param, x, dtype="float32")], [x])
    return request.param, lambda x: run(x)[0], EXACT[request.param]


RANGES = [(1e-45, 1e-30), (1e-30, 0.5), (0.5, 8), (8, 9.5), (9.5, 60), (60, 88.7), (88.72, 1e6)]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("least", "most"), RANGES)
def test_float32_is_right_to_the_last_places(of_float32, least, most, sign):
    name, f, exact = of_float32
    x = floats(least, most * sign)
    with np.errstate(over="ignore"):
        found, expected = f(x), exact(x.astype(np.float64))
    normal = (np.abs(expected) > LEAST) & (np.abs(expected) < np.finfo(np.float32).max)
    if name == "tanh":  # below, x · x has fewer digits than x
        normal &= np.abs(x) > 256 * LEAST
    assert ulps(found[normal], expected[normal]).max(initial=0) <= ULP[name]
    small = ~normal & (np.abs(expected) <= 256 * LEAST)
    assert np.abs(found[small] - expected[small]).max(initial=0) < LEAST  # σ(−88.8) is 0, not 2.7e-39
    assert (found[~normal & ~small] == np.inf).all()


def test_tanh_of_float32_is_never_above_1():
    x = value("float32")
    [y] = kernel_of([call_of("tanh", x, dtype="float32")], [x])(floats(7, 12, 101))
    assert y.max() <= 1


def test_exp_of_float32_is_exact_where_it_can_be():
    x = value("float32")
    f = kernel_of([call_of("exp", x, dtype="float32")], [x])
    [y] = f(np.float32([[0.0, -0.0, np.inf, -np.inf, 200.0, -200.0, 88.8, -104.0, 1e-45, -1e-45]]))
    assert y.tolist() == [[1, 1, np.inf, 0, np.inf, 0, np.inf, 0, 1, 1]]


@pytest.mark.parametrize("name", ULP)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_numbers_have_the_values_that_they_have(name, dtype):
    x = value(dtype)
    given = np.array([[np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 1e-40, 3e38, -3e38]], dtype)
    [found] = kernel_of([call_of(name, x, dtype=dtype)], [x])(given)
    with np.errstate(all="ignore"):
        expected = REGISTRY[name].forward(given)
    # the limits to the last place of a float32 (tanh: 2); what is below the least normal number may be 0
    np.testing.assert_allclose(found, expected, rtol=3e-7 if dtype == "float32" else 1e-15, atol=LEAST)
    assert np.signbit(found[0, 4]) == np.signbit(expected[0, 4])


UNARY = [name for name, text in SCALAR.items() if "{1}" not in text and name != "detached"]
BINARY = [name for name, text in SCALAR.items() if "{1}" in text and "{2}" not in text]
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 2.5, 1e-40, -1e-40, 3e38, -3e38, 1e-30, 7.0, 88.0, -88.0]


def samples(dtype):
    """Pairs of all special numbers, random numbers of all sizes, and masks; (B, H) each."""
    rng = np.random.default_rng(0)
    a, b = (x.reshape(-1, COLUMNS) for x in np.meshgrid(SPECIAL, SPECIAL))
    more = rng.standard_normal((2, 64, COLUMNS)) * np.exp(rng.uniform(-5, 3, (2, 64, COLUMNS)))
    a, b = (np.ascontiguousarray(np.vstack([x, y]).astype(dtype)) for x, y in zip((a, b), more, strict=True))
    return a, b, rng.random(a.shape) < 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_op_computes_what_its_forward_does(dtype):
    a, b, mask = value(dtype), value(dtype), value("bool")
    asked = [(name, (a,)) for name in UNARY] + [(name, (a, b)) for name in BINARY]
    asked += [("where", (mask, a, b)), ("where", (a, a, b)), ("multiply", (a, mask)), ("add", (mask, a))]
    asked += [("where", (mask, a, x)) for x in (0, 1.5, np.inf, -np.inf, np.nan)]
    asked += [("maximum", (a, 0.5)), ("divide", (1, a)), ("multiply", (mask, mask)), ("equal", (mask, mask))]
    given = dict(zip((a, b, mask), samples(dtype), strict=True))
    calls, expected = [], []
    with np.errstate(all="ignore"):
        for name, args in asked:
            y = REGISTRY[name].forward(*(given.get(x, x) if isinstance(x, Value) else x for x in args))
            if y.dtype in (dtype, bool):
                calls.append(call_of(name, *args, dtype=y.dtype))
                expected.append(y)
        assert len(calls) == len(asked)
        found = kernel_of(calls, [a, b, mask])(*given.values())
    for call, y, exact in zip(calls, found, expected, strict=True):
        assert can_fuse(call) or not any(x.dtype.kind == "f" for x in (*call.reads(), call.out))
        name = call.op.name
        if name in EXACT:  # float32: as measured above; float64: the C library's against NumPy's, a place or two
            unit = ULP[name] + 1 if dtype == "float32" else 4
            np.testing.assert_allclose(y, exact, rtol=unit * np.finfo(dtype).eps, atol=LEAST, err_msg=name)
        elif name in ("log", "sqrt"):
            np.testing.assert_allclose(
                y, exact, rtol=2 * np.finfo(dtype).eps, err_msg=name
            )  # two places: other libraries
        else:
            np.testing.assert_array_equal(y, exact, err_msg=name)


def test_what_cannot_be_fused_is_not():
    x, ids, half, cube = value("float32"), value("int64"), value("float16"), Value((2, 3, 4), "float32")
    assert can_fuse(call_of("add", x, 1.0, dtype="float32"))
    assert not can_fuse(call_of("add", x, value("float64"), dtype="float64"))  # two kinds
    assert not can_fuse(call_of("add", ids, ids, dtype="int64"))
    assert not can_fuse(call_of("add", half, half, dtype="float16"))
    assert not can_fuse(
        call_of("arctan", x, dtype="float32") if "arctan" in REGISTRY else call_of("sin", x, dtype="float32")
    )
    assert not can_fuse(Call(REGISTRY["add"], (cube, cube), {}, cube))
    assert not can_fuse(call_of("add", x, 1j, dtype="complex64"))


def test_an_op_of_the_users_that_has_the_name_of_one_is_not_fused(registry):
    del registry["tanh"]

    @tg.primitive
    def tanh(x):
        return x * 2.0

    assert not can_fuse(Call(tanh.op, (value("float32"),), {}, value("float32")))


def test_a_kernel_is_python_that_says_what_it_does():
    f, c, i, g = (value("float64") for _ in range(4))
    kept = call_of("multiply", f, c, dtype="float64")
    new = call_of("multiply", i, g, dtype="float64")
    both = call_of("add", kept.out, new.out, dtype="float64")
    shown = call_of("tanh", both.out, dtype="float64")
    reads = {x: (name, Spot(None, ROWS)) for name, x in zip("fcig", (f, c, i, g), strict=True)}
    writes = {both.out: [("c", Spot(None, ROWS))], shown.out: [("hs", Spot(None, (("t", 1), "j", "k")))]}
    source = written([kept, new, both, shown], (2, COLUMNS), reads, writes, rows_inside=True)
    assert source.partition("def kernel")[2].splitlines() == [
        "(t, H, B, c, f, g, hs, i):",
        "    for j in range(H):",
        "        for k in range(B):",
        "            v0 = f[k, j]",
        "            v1 = c[k, j]",
        "            v2 = i[k, j]",
        "            v3 = g[k, j]",
        "            v4 = v0 * v1",
        "            v5 = v2 * v3",
        "            v6 = v4 + v5",
        "            c[k, j] = v6",
        "            v7 = tanh_(v6)",
        "            hs[t + 1, j, k] = v7",
    ]
    compile(source, "kernel", "exec")


# on disk

TRIVIAL = "kernel = len  # {}\n"


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Where kernels are kept, empty at first."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tinygrad_rnn" / "kernels"


def test_a_kernel_on_disk_is_used_again(folder):
    source = written([call_of("negative", x := value("float64"), dtype="float64")], (2, COLUMNS),
                     {x: ("a", Spot(None, ROWS))}, {}, rows_inside=False)  # fmt: skip
    source += f"# {folder}\n"  # no other test has made it
    first = compiled_kernel.__wrapped__(source)
    first(0, 2, 2, np.zeros((2, 2)))
    assert (sum(first.stats.cache_hits.values()), sum(first.stats.cache_misses.values())) == (0, 1)
    [path] = folder.glob("*.py")
    assert path.read_text(encoding="utf-8") == source
    before = path.stat().st_mtime_ns
    again = compiled_kernel.__wrapped__(source)
    again(0, 2, 2, np.zeros((2, 2)))
    assert (sum(again.stats.cache_hits.values()), sum(again.stats.cache_misses.values())) == (1, 0)
    assert path.stat().st_mtime_ns == before
    assert compiled_kernel(source) is compiled_kernel(source)


def test_one_that_was_damaged_is_written_anew(folder):
    source = TRIVIAL.format("damaged")
    assert compiled_kernel.__wrapped__(source) is len
    [path] = folder.glob("*.py")
    path.write_text("kernel = None", encoding="utf-8")
    assert compiled_kernel.__wrapped__(source) is len
    assert path.read_text(encoding="utf-8") == source
    assert not list(folder.glob("*.tmp"))


def test_without_an_XDG_folder_it_is_that_of_the_user(monkeypatch, tmp_path):
    for given in (None, ""):
        monkeypatch.setenv("XDG_CACHE_HOME", "") if given == "" else monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setattr(Path, "home", lambda: tmp_path)
        compiled_kernel.__wrapped__(TRIVIAL.format(f"at home {given}"))
    assert len(list((tmp_path / ".cache" / "tinygrad_rnn" / "kernels").glob("*.py"))) == 2


def test_threads_may_write_one_kernel_at_the_same_time(folder, monkeypatch):
    gate, wrong = threading.Barrier(2), []
    write = Path.write_text

    def slowly(self, *args, **options):
        written = write(self, *args, **options)
        gate.wait(5)  # both have written before either moves its file
        return written

    monkeypatch.setattr(Path, "write_text", slowly)

    def work():
        try:
            compiled_kernel(TRIVIAL.format("threads"))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("what", ["a compiled function", "an optimiser"])
def test_where_nothing_can_be_written_it_runs_all_the_same(monkeypatch, tmp_path, what):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    compiled_kernel.cache_clear()
    layer = nn.RNN(2, 3, rng=0)
    f = tg.compile(lambda x: layer(x)[0].sum()) if what == "a compiled function" else lambda x: layer(x)[0].sum()
    f(np.ones((5, 2, 2), np.float32)).backward()
    optim.SGD(layer.parameters()).step()


def test_kernels_may_be_switched_off(monkeypatch):
    require_numba()
    for to, on in (("0", False), ("1", True), ("", True)):
        monkeypatch.setenv("TINYGRAD_RNN_FAST", to)
        available.cache_clear()
        assert available() is on


# in a loop


def test_a_loop_of_masks_alone(by_numpy):
    assert_masks_alike()


def test_a_loop_of_masks_alone_by_kernels():
    assert_masks_alike()


def assert_masks_alike():
    def f(x, masks):
        m, seen = masks[0], []
        for t in range(6):
            m = tg.not_equal(m, masks[t])
            m = tg.equal(m, masks[t])
            seen.append(m)
        return tg.where(tg.stack(seen), x, 0.0)

    compiled, rng = tg.compile(f), np.random.default_rng(0)
    for B in (3, 9, 3):
        x, masks = rng.standard_normal((6, B, 2)), rng.random((6, B, 2)) < 0.5
        assert compiled(x, masks).tolist() == f(x, masks).tolist()


@pytest.mark.parametrize("name", ["maximum", "minimum", "relu", "add", "divide", "sqrt", "abs", "where", "sigmoid"])
@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "kernels"])
def test_an_op_alone_gives_no_warning_of_its_own(monkeypatch, name, fast):
    monkeypatch.setenv("TINYGRAD_RNN_FAST", "1" if fast else "0")
    available.cache_clear()
    op = getattr(tg, name)
    count = {"where": 3}.get(name, 1 if name in UNARY else 2)
    arrays = [np.abs(a) + 0.1 for a in np.random.default_rng(0).standard_normal((count, 4, 3))]
    if name == "where":
        arrays[0] = arrays[0] > 0.5
    compiled = tg.compile(lambda x, *xs: op(x, *xs) * 2)
    moving = [tg.tensor(a, requires_grad=a.dtype == np.float64) for a in arrays]
    for _ in range(2):
        assert_close([compiled(*moving).numpy()], [(op(*moving) * 2).numpy()], 1e-15)  # one place of exp
        compiled(*moving).sum().backward()
