"""The shape of the house: imports point down, every public name is there and says what it is."""

import ast
import inspect
from pathlib import Path

import pytest

import tinygrad_rnn as tg
import viz

ROOT = Path(__file__).parent.parent
ORDER = [
    "errors", "graph", "messages", "tensor", "primitive", "ops", "tree", "pull", "reverse", "forward", "derivatives",
    "ledger", "labelled", "flow", "influence", "nn", "optim", "exchange", "train", "tasks", "testing", "commands",
    "cli",
]  # fmt: skip
ENGINE = ORDER[: ORDER.index("nn")]
FILES = sorted((ROOT / "tinygrad_rnn").rglob("*.py"))


def imported(path):
    """Every module that a file imports when it runs; what only the type checker reads does not count."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def layer(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "tinygrad_rnn" and len(parts) > 1 and parts[1] in ORDER else None


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path):
    part = path.relative_to(ROOT / "tinygrad_rnn").with_suffix("").parts[0]
    if part in ("__init__", "__main__"):
        return
    for module in imported(path):
        below = layer(module)
        if below is not None:
            assert ORDER.index(below) <= ORDER.index(part), f"{part} imports {module}"
        if part not in ("commands", "cli") and path.name != "plugin.py":  # nobody imports these
            assert module.split(".")[0] != "viz", f"{part} imports viz"
        if part in ENGINE:
            assert module.split(".")[0] not in ("tqdm", "safetensors", "graphviz", "hypothesis")


@pytest.mark.parametrize("path", sorted((ROOT / "viz").rglob("*.py")), ids=lambda p: p.name)
def test_viz_sees_only_the_graph(path):
    for module in imported(path):
        if module.startswith("tinygrad_rnn"):
            assert module.startswith("tinygrad_rnn.graph"), f"{path.name} imports {module}"


CONTRACT = {
    tg: """tensor Tensor graph Graph scope step label grad value_and_grad jacobian hessian hvp vjp jvp checkpoint
        no_grad enable_grad detect_anomaly gradient_ledger gradient_flow labelled
        step_jacobians state_influence spectral_radius nn optim train
        add subtract multiply divide negative power square sqrt exp expm1 log log1p abs sign sin cos tanh sigmoid
        softplus log_sigmoid relu maximum minimum clip where logaddexp
        sum mean prod max min var std cumsum cumprod norm logsumexp softmax log_softmax
        reshape transpose swapaxes moveaxis broadcast_to expand_dims squeeze concatenate stack split flip pad tile
        repeat matmul dot tensordot einsum outer trace diagonal getitem take take_along_axis index_add one_hot
        sort argmax argmin ShapeError DTypeError GraphError CheckpointError AnomalyError""",
    tg.nn: """Module Parameter Linear Embedding Dropout RNNCell LSTMCell GRUCell RNN LSTM GRU cross_entropy mse_loss
        functional_call init checkpointed rtrl ManyToMany ManyToOne OneToMany Encoder Decoder Seq2Seq Attention
        DotAttention AdditiveAttention greedy_search beam_search sequence_loss binary_cross_entropy_with_logits""",
    tg.optim: "SGD Adagrad RMSProp Adam AdamW",
    tg.train: """Corpus stream_batches detach_state clip_grad_norm_ clip_grad_value_ sample save_checkpoint
        load_checkpoint fit perplexity bits_per_char truncated ClipStatistics
        Recipe Translator train_translator exact_match forced_match read_pairs split_pairs""",
    tg.exchange: "save_weights load_weights export_onnx from_keras rule",
    tg.testing: """check_vjp check_jvp check_module check_laws check_recurrent check_errors OpSpec register GradReport
        GradMismatch Kink shapes broadcast_shapes matmul_shapes axes indices dtypes values layouts sequences lengths
        programs""",
    viz: "draw",
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
    assert not [path for path in FILES if path.stem in ("utils", "helpers", "misc", "common")]
