"""What a torch or Keras user types works, or is answered by what to type instead; and every answer is true."""

import inspect
import re
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.kept import check_kept
from tinygrad_rnn import OptionError, TinygradError, UnknownNameError, nn
from tinygrad_rnn.vocabulary import KEYWORDS, WORDS, answer

GUIDE = Path(__file__).parents[1] / "examples" / "from-torch-and-keras.md"
CODE = re.compile(r"(.*?)\s*(?:#\s*(.*))?")
TITLES = {"tg": "On the library", "Tensor": "On a Tensor", "Module": "On a module", "Optimizer": "On an optimiser"}


@cache
def owners():
    y = tg.tensor([1.0])
    optimizer = tg.optim.SGD([nn.Parameter([1.0])], lr=1.0)
    return {"tg": tg, "Tensor": y, "Module": nn.Linear(1, 1), "Optimizer": optimizer} | {
        f"tg.{path}": module
        for path, module in {
            "nn": nn, "nn.init": nn.init, "nn.functional": nn.functional, "optim": tg.optim, "data": tg.data,
        }.items()
    }  # fmt: skip


@pytest.fixture
def names(tmp_path):
    """What the rows of the table speak of."""
    rng = np.random.default_rng(0)
    y, z = (tg.tensor(rng.standard_normal((5, 7)), requires_grad=True) for _ in range(2))
    model, path = nn.Linear(3, 4, rng=0), tmp_path / "weights.safetensors"
    tg.exchange.save_weights(model, path)
    params = list(model.parameters())
    model(np.ones((2, 3), np.float32)).sum().backward()
    return {
        "tg": tg, "np": np, "rng": rng, "y": y, "z": z, "w": rng.standard_normal((7, 2)), "bias": np.ones(2),
        "array": np.ones((5, 7)), "mask": y.data > 0, "p": nn.Parameter(np.ones((3, 4))), "params": params,
        "ids": np.array([0, 1, 2, 0, 4]), "x": np.ones((5, 2, 3), np.float32), "lstm": nn.LSTM(3, 4, rng=0),
        "a": tg.tensor(np.ones((2, 3, 4))), "b": tg.tensor(np.ones((2, 4, 5))), "f": lambda v: (v * v).sum(),
        "logits": y, "targets": np.array([0, 1, 2, 0, 6]), "target": y.data > 0, "signs": np.ones(5),
        "log_p": tg.log_softmax(y), "q": np.full((5, 7), 1 / 7), "pairs": [(1, 2), (3, 4), (5, 6)], "model": model,
        "path": path, "optimizer": tg.optim.Adam(params), "steps": np.ones((5, 2), bool), "comm": None,
        "loss_of": lambda: nn.mse_loss(model(np.ones((2, 3), np.float32)), np.zeros((2, 4))),
    }  # fmt: skip


ROWS = [(place, name) for place, words in WORDS.items() for name in words]
MORE = {"tg.optim LBFGS": "scipy", "tg.nn DataParallel": "mpi4py"}


@pytest.mark.parametrize(("place", "name"), ROWS, ids=map(" ".join, ROWS))
def test_a_name_is_not_there_and_what_to_type_instead_runs(place, name, names):
    row, owner = WORDS[place][name], owners()[place]
    assert name not in dir(owner)
    with pytest.raises(UnknownNameError, match=re.escape(repr(name))) as error:
        getattr(owner, name)
    assert str(error.value).endswith(f"  help      {answer(row)}")
    assert not hasattr(owner, name)
    if f"{place} {name}" in MORE:
        pytest.importorskip(MORE[f"{place} {name}"])
    code = CODE.fullmatch(row)[1]
    assert not code or eval(code, names) is not NotImplemented


def parameters():
    """Every keyword of what is public."""
    for owner in (tg, nn, tg.optim, tg.data, tg.train, nn.init):
        for name in owner.__all__:
            with suppress(ValueError, TypeError):  # what is no function
                yield from inspect.signature(getattr(owner, name)).parameters


@pytest.mark.parametrize("option", KEYWORDS)
def test_a_keyword_is_called_otherwise(option):
    known = set(parameters())
    name, named, _ = KEYWORDS[option].partition("=")
    if named and name.isidentifier():
        assert name in known
    assert option not in known - {"out"}  # which is taken where it is None


def table(rows):
    for name, row in rows.items():
        code, remark = CODE.fullmatch(row).groups()
        here = "; ".join(part for part in (f"`{code}`" if code else "", remark or "") if part)
        yield f"| `{name}` | {here.replace('|', chr(92) + '|')} |"


def test_the_guide_holds_the_table():
    text = GUIDE.read_text(encoding="utf-8")
    start = text.find("### ")
    head = text[: start if start >= 0 else None]
    parts = [(TITLES.get(place, f"`{place}`"), "there", words) for place, words in WORDS.items()]
    for title, there, words in [*parts, ("Keywords", "keyword", KEYWORDS)]:
        head += "\n".join([f"### {title}", "", f"| {there} | here |", "|---|---|", *table(words), "", ""])
    check_kept(GUIDE, head.rstrip("\n") + "\n")


# what is typed


TYPED = """
    tg.cat((y, z), 1)                      tg.concatenate((y, z), dim=1)       tg.softmax(y, dim=-1)
    tg.stack([y, z], dim=0)                y.sum(dim=1)                        y.argmax(dim=1)
    y.sum(axis=1, keepdim=True)            y.view(-1)                          y.size()
    y.size(0)                              y.split(2)                          y.masked_fill(mask, 0)
    y.add_(1)                              setattr(y, "data", y)               y.cpu()
    bool(y > 0)                            y.item()                            nn.functional.relu(y)
    nn.functional.cross_entropy(y, y)      nn.relu(y)                          tg.cross_entropy(y, y)
    tg.LSTM(3, 4)                          nn.dropout(y)                       nn.linear(y, y)
    nn.CrossEntropyLoss()(y, y)            nn.LSTM(3)                          nn.LSTM(4, return_sequences=True)
    nn.LSTM(units=4)                       nn.LSTM(3, 4, 1, True, 5, 6, 7, 8)  nn.Linear(3)
    nn.Linear(3, 4, 5, 6, 7, 8, 9, 10)     nn.Linear(3, 4, use_bias=True)      nn.GRU(3, 4, stateful=True)
    nn.Embedding(5)                        tg.optim.RMSprop(params)            tg.optim.Adam(params, learning_rate=1)
    tg.optim.Adam()                        tg.optim.LBFGS(params)              lstm.to("cpu")
    lstm(x, mask=np.ones((5, 2)))          tg.Adam(params)                     nn.utils.clip_grad_norm_(params, 1)
    tg.concatenate()                       tg.gelu(y, 1, 2, 3)                 nn.Dropout(0.5, inplace=True)
    tg.data.Batches([1], batch_size=2)     nn.mse_loss(y)                      nn.init.orthogonal(3, 4)
    tg.optim.cosine_decay(0.1, 100)        nn.cross_entropy(y, y, dim=1)       tg.data.pad_sequences([1], value=1)
    tg.train.clip_grad_norm_(params)       tg.train.sample_logits(y, top_q=2)  nn.cross_entropy()
    tg.sample(model)                       nn.cross_entropy(y, y, reduce=True)  tg.tril(y, diagonal=1)
"""


@pytest.mark.parametrize("typed", re.split(r"\s{2,}", TYPED.strip()))
def test_what_is_typed_is_refused_in_the_house_s_form(typed, names):
    with pytest.raises(TinygradError) as error:
        eval(typed, {**names, "nn": nn})
    assert re.match(r"[^\n]+(\n  (expected|got|where|help) +\S.*)+$", str(error.value))


def test_in_place_on_the_values_of_a_tensor_changes_nothing():
    y = tg.tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        y.data += 1
    assert y.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("typed", "help"),
    {
        "tg.optim.RMSprop": "tg.optim.RMSProp", "nn.functional.sigmoid": "tg.sigmoid", "nn.tanh": "tg.tanh",
        "tg.mse_loss": "tg.nn.mse_loss", "tg.DataParallel": "tg.train.DataParallel", "nn.dropout(y)": "tg.nn.Dropout",
    }.items(),
)  # fmt: skip
def test_names_that_are_elsewhere(typed, help, names):
    with pytest.raises(TinygradError, match=rf"  help      {re.escape(help)}$"):
        eval(typed, {**names, "nn": nn})


@pytest.mark.parametrize("place", owners())
def test_other_names_are_missed_as_python_has_it(place):
    owner = owners()[place]
    with pytest.raises(AttributeError, match="shpae") as error:
        owner.shpae
    assert type(error.value) is AttributeError
    assert (error.value.name, error.value.obj) == ("shpae", owner)


def test_an_error_inside_a_property_is_its_own():
    class Net(nn.Module):
        @property
        def to(self):
            return self.shpae

    with pytest.raises(AttributeError, match="no attribute 'shpae'"):
        Net().to


def test_a_property_is_asked_no_more_than_twice():
    asked = count()

    class Net(nn.Module):
        @property
        def view(self):
            next(asked)
            raise AttributeError("not yet")

    with pytest.raises(AttributeError, match="not yet"):
        Net().view
    assert next(asked) <= 2


def test_a_misfit_inside_is_not_that_of_the_call():
    class Net(nn.Module):
        def __init__(self, size):
            self.layer = [size].index()

    with pytest.raises(TypeError, match=r"index expected") as error:
        Net(3)
    assert not isinstance(error.value, OptionError)
    with pytest.raises(OptionError, match=r"Net: missing 1 required positional argument: 'size'\n  expected  size"):
        Net()


def test_the_number_of_elements_is_a_number():
    size = tg.tensor(np.ones((2, 3))).size
    assert size == 6
    assert f"{size} {size!r} {size / 2}" == "6 6 3.0"
    assert np.ones(size).shape == (6,)
