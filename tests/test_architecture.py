"""The shape of the house: imports point down, every public name is there and says what it is."""

import ast
import importlib
import inspect
from itertools import takewhile
from pathlib import Path

import pytest

import tinygrad_rnn as tg
import viz

ROOT = Path(__file__).parent.parent
ROOMS = [
    "vocabulary", "errors", "engine", "ops", "autodiff", "compiler", "diagnostics", "nn", "optim", "data", "saving",
    "exchange", "train", "tasks", "testing", "course", "pictures", "signposts", "cli",
]  # fmt: skip
INSIDE = {  # each file, and each room of viz, imports only what stands to its left
    "engine": "arrays context op hooks node tensor typed trees summary guard anomaly apply declare conform snapshot",
    "autodiff": "usable returned accumulate hooked backprop observed functions forward reverse higher remat",
    "compiler": """program signature guards interpret trace passes kernels formula derive resize memory places lines
        looped rows replay plan recorded running compiled""",
    "compiler.passes": "pack vector tidy enclose flatten narrow regroup spell rollup distribute",
    "ops": """logic indexing pointwise bases choices arithmetic rounding trigonometric hyperbolic activations shape
        stacking splitting matrices reduce ranking linalg products softmaxes aliases options operators numpy_calls""",
    "diagnostics": "jacobians ledger recorded flow",
    "optim": "vector groups optimizer sgd adagrad rmsprop adadelta adam nadam schedules plateau scipy",
    "data": "stream text padding batches pairs addition dates",
    "saving": "files arrays claim checkpoint",
    "exchange": "gates torch keras onnx",
    "exchange.onnx": """cells sizes graph recording operands pointwise formulas arrangement reductions contractions
        function rules scan recurrent topologies standin seq2seq export""",
    "train": "config metrics clip tbptt parallel step charmodel choice generate loop translator translation run bar",
    "tasks": "batch config task adding copying reber temporal_order trial clipping tables",
    "testing": "report draw oracles laws checks specs adapters strategies selfcheck",
    "testing.adapters": "adapted framework numpy jax torch autograd mygrad",
    "course": "exercise grading of_lessons catalogue",
    "cli": "options lesson check sketch draw sample task train demo translate",
    "nn": """options seeding tree init watch hooks state module ids functional linear embedding dropout layernorm
        weightnorm activations containers sequential masks losses likelihood cosine attention passages timeloop cell
        recurrent rnn lstm gru variants topologies seq2seq search segments online""",
    "viz": "scene layout paint views fit page drawing plots",
    "viz.page": "facts colours cuts slim contents document twins",
    "viz.plots": "numbers frame series flow training letters shades markup sheet coloured",
    "viz.scene": "model time lanes groups fold alike words usage text labels items edges elide roll legend",
    "viz.layout": "geometry step rows order tracks grid plans routes place captions",
    "viz.paint": "heat theme failures files fonts dot mermaid data render",
}
STUDY = ROOMS[: ROOMS.index("nn")]  # what a reader of the engine reads: no library but NumPy
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("tinygrad_rnn", "viz")
    for path in sorted((ROOT / package).rglob("*.py"))
}
PACKAGES = [name for name, path in FILES.items() if path.name == "__init__.py"]
each_file = pytest.mark.parametrize("name", [name for name in FILES if not name.endswith("__main__")])


def imported(name):
    """Every module that a file names in an import, wherever it stands: what only the type checker reads counts too."""
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in FILES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def ours(name):
    """The files of this project that one imports, without itself and the packages that it stands in."""
    return {m for m in imported(name) if m in FILES and m != name and not name.startswith(f"{m}.")}


@each_file
def test_rooms_import_only_rooms_below(name):
    room = [*name.split("."), ""][1]
    for module in imported(name):
        package, inner = [*module.split("."), ""][:2]
        if package == "tinygrad_rnn" and room and name.startswith("tinygrad_rnn") and inner:
            assert ROOMS.index(inner) <= ROOMS.index(room), f"{name} imports {module}"
        if name.startswith("tinygrad_rnn") and room not in ("cli", "pictures"):
            assert package != "viz", f"{name} imports {module}"
        if room in STUDY:
            assert package not in ("tqdm", "safetensors", "graphviz", "hypothesis"), f"{name} imports {module}"
        if name.startswith("viz") and package == "tinygrad_rnn":
            # the graph alone; and errors, which know nothing of what raises them
            assert module in ("tinygrad_rnn.engine.snapshot", "tinygrad_rnn.errors"), f"{name} imports {module}"


@each_file
def test_files_of_a_room_import_only_files_below(name):
    for module in ours(name):
        mine, theirs = name.split("."), module.split(".")
        room = [a for a, b in takewhile(lambda pair: pair[0] == pair[1], zip(mine, theirs, strict=False))]
        order = INSIDE.get(".".join(room).removeprefix("tinygrad_rnn."), "").split()
        if order and mine != room:
            k = len(room)
            assert order.index(theirs[k]) < order.index(mine[k]), f"{name} imports {module}"


def test_no_imports_run_in_a_circle():
    waiting = {name: ours(name) for name in FILES}
    while free := [name for name, needed in waiting.items() if not needed & waiting.keys()]:
        for name in free:
            del waiting[name]
    assert not waiting, " ↔ ".join(sorted(waiting))


@each_file
def test_nothing_of_ours_is_imported_for_the_type_checker_alone(name):
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            modules = [n.module or "" for n in ast.walk(node) if isinstance(n, ast.ImportFrom)]
            assert not [m for m in modules if m.split(".")[0] in ("tinygrad_rnn", "viz")]


@pytest.mark.parametrize("name", FILES)
def test_no_module_is_hidden_by_a_name_beside_it(name):
    package, _, file = name.rpartition(".")
    if package and not name.endswith("__main__"):
        importlib.import_module(name)
        assert inspect.ismodule(getattr(importlib.import_module(package), file)), f"{package}.{file} is not the module"


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_hands_on_its_files_call_public(package):
    """Each file that a package takes names from has an `__all__`, and they are in it."""
    for node in ast.parse(FILES[package].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module in FILES and FILES[node.module].name != "__init__.py":
            public = getattr(importlib.import_module(node.module), "__all__", None)
            assert public is not None, f"{node.module} has no __all__"
            names = {alias.name for alias in node.names} - {"*"}
            assert names <= set(public), f"{node.module}: {', '.join(sorted(names - set(public)))} not in its __all__"


CONTRACT = {
    tg: """tensor Tensor graph Graph scope step label grad value_and_grad jacobian hessian hvp vjp jvp checkpoint
        no_grad enable_grad detect_anomaly gradient_ledger gradient_flow labelled
        step_jacobians state_influence spectral_radius tracing draw nn optim train
        add subtract multiply divide negative power square sqrt exp expm1 log log1p abs sign sin cos tanh sigmoid
        softplus log_sigmoid relu maximum minimum clip where logaddexp
        sum mean prod max min var std cumsum cumprod norm logsumexp softmax log_softmax
        reshape transpose swapaxes moveaxis broadcast_to expand_dims squeeze concatenate stack split flip pad tile
        repeat matmul dot tensordot einsum outer trace diagonal getitem take take_along_axis index_add one_hot
        sort argmax argmin ShapeError DTypeError GraphError CheckpointError AnomalyError""",
    tg.nn: """Module Parameter Linear Embedding Dropout RNNCell LSTMCell GRUCell RNN LSTM GRU cross_entropy mse_loss
        functional_call init checkpointed rtrl ManyToMany ManyToOne OneToMany Encoder Decoder Seq2Seq Attention
        DotAttention AdditiveAttention greedy_search beam_search sequence_loss binary_cross_entropy_with_logits""",
    tg.optim: """SGD Adagrad RMSProp Adadelta Adam AdamW NAdam minimize one_cycle chained sequential
        ReduceLROnPlateau""",
    tg.data: "Batches pad_sequences",
    tg.train: """Corpus stream_batches detach_state clip_grad_norm_ clip_grad_value_ sample sample_logits
        save_checkpoint load_checkpoint fit perplexity bits_per_char truncated ClipStatistics
        Recipe Translator train_translator exact_match forced_match read_pairs split_pairs""",
    tg.exchange: "save_weights load_weights export_onnx from_keras rule",
    tg.testing: """check_vjp check_jvp check_module check_laws check_recurrent check_errors OpSpec register GradReport
        GradMismatch Kink shapes broadcast_shapes matmul_shapes axes indices dtypes values layouts sequences lengths
        programs""",
    viz: "draw colour_text plot_gradient_flow plot_training",
}


@pytest.mark.parametrize("module", CONTRACT, ids=lambda m: m.__name__)
def test_every_public_name_is_there_with_a_docstring(module):
    for name in CONTRACT[module].split():
        value = getattr(module, name)
        assert (inspect.getdoc(value) or "").strip(), f"{module.__name__}.{name} has no docstring"


def test_a_name_of_a_package_is_in_its_all():
    for module in (tg, tg.nn, tg.train, tg.testing):
        assert set(CONTRACT[module].split()) <= set(module.__all__)


def test_no_file_is_a_drawer_for_everything():
    assert not [path for path in FILES.values() if path.stem in ("utils", "helpers", "misc", "common")]
