"""The types that a user's checker sees: a Tensor in gives a Tensor, an array an array; a misspelt name is an error."""

import ast
import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_rnn import Tensor, ops
from tinygrad_rnn.engine import tensor

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FILES = {name: HERE / f"{name}.py" for name in ("reveals", "mistakes")}


def messages(checker):
    """What a checker says of both files: (file, line, whether it is an error, the text)."""
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: pip install -e '.[dev]'")
    files = [str(path) for path in FILES.values()]
    options = {
        "mypy": ["--follow-imports=silent", "--cache-dir", os.devnull, "--hide-error-context", "--no-pretty"],
        "pyright": ["--outputjson", "--pythonpath", sys.executable],
    }[checker]
    command = [sys.executable, "-m", checker, *options, *files]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False)
    if checker == "mypy":
        lines = re.findall(r"^(.+?):(\d+): (error|note): (.*)$", run.stdout, re.MULTILINE)
        found = [(Path(path).stem, int(line), kind == "error", text) for path, line, kind, text in lines]
    else:
        found = [
            (Path(m["file"]).stem, m["range"]["start"]["line"] + 1, m["severity"] == "error", m["message"])
            for m in json.loads(run.stdout)["generalDiagnostics"]
        ]
    assert found, run.stdout + run.stderr
    return found


def marked(name):
    """What stands behind the two spaces and the # of each line that has them."""
    lines = FILES[name].read_text(encoding="utf-8").splitlines()
    return {k: line.rpartition("  # ")[2] for k, line in enumerate(lines, 1) if "  # " in line}


def plain(revealed):
    """A type as the comments write it: without modules, and an Array under its name."""
    short = re.sub(r"\b\w+\.(?=\w)", "", revealed)
    return re.sub(r"ndarray\[(Any|tuple\[Any, \.\.\.\]), Any\]", "Array", short)


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_what_a_checker_makes_of_calls(checker):
    """One run for both files: a correct call has its type and no error, and every mistake is refused."""
    found = messages(checker)
    refused = [(file, line) for file, line, error, _ in found if error]
    revealed = {
        line: plain(re.search(r'(?:Revealed type is|Type of ".*" is) "(.*)"$', text)[1])
        for file, line, error, text in found
        if file == "reveals" and not error
    }
    assert revealed == marked("reveals")
    assert set(refused) == {("mistakes", line) for line in marked("mistakes")}


def declared():
    """The methods of Tensor whose bodies are left to `define`: their definitions, by name."""
    source = ast.parse(Path(tensor.__file__).read_text(encoding="utf-8"))
    (body,) = (node.body for node in source.body if isinstance(node, ast.ClassDef) and node.name == "Tensor")
    return {
        node.name: node
        for node in body
        if isinstance(node, ast.FunctionDef) and ast.unparse(node.body[-1]) == "..." and len(node.body) == 1
    }


@pytest.mark.parametrize("name", declared())
def test_what_tensor_declares_is_filled_in_and_answers_help(name):
    method = vars(Tensor)[name]
    method = method.fget if isinstance(method, property) else method
    assert inspect.getdoc(method)
    assert (method.__name__, method.__qualname__, method.__module__) == (name, f"Tensor.{name}", tensor.__name__)
    assert method.__wrapped__.__code__ is not method.__code__
    assert next(iter(inspect.signature(method).parameters)) == "self"


@pytest.mark.parametrize("name", sorted(declared().keys() & set(ops.__all__) - {"reshape", "transpose"}))
def test_a_method_has_the_options_of_its_op(name):
    _, *of_method = inspect.signature(getattr(Tensor, name)).parameters.values()
    _, *of_op = inspect.signature(getattr(ops, name)).parameters.values()
    wider = getattr(getattr(getattr(ops, name), "op", None), "wider", None)
    further = inspect.signature(wider).parameters.values() if wider else ()
    expected = [*of_op, *(p for p in further if p.kind is p.KEYWORD_ONLY and p.name != "out")]
    assert [(p.name, p.default) for p in of_method] == [(p.name, p.default) for p in expected]
