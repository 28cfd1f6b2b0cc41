"""The book's pages, made when it is built: the lessons are run, the guides brought along, the reference listed.

examples/lessons/*.py   → jupytext → run by nbconvert → lessons/*.md with what they print and draw
examples/*.md           → guides/*.md, their links turned to where things are in the book
tinygrad_rnn, viz       → reference/*.md, one page for each package that users import
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import ExecutePreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_output

import tinygrad_rnn as tg
import viz
from tinygrad_rnn.course import Lesson, lessons

EXAMPLES = Path(__file__).parents[1]
GUIDES = {
    "from-torch-and-keras.md": "From torch and Keras",
    "testing-gradients.md": "Testing gradients",
    "testing/numpy.md": "… of NumPy by hand",
    "testing/torch.md": "… of torch",
    "testing/jax.md": "… of JAX",
    "testing/autograd.md": "… of autograd",
    "testing/mygrad.md": "… of MyGrad",
    "adding-an-op.md": "Adding an op",
    "adding-a-cell.md": "Adding a cell",
    "adding-a-view.md": "Adding a view",
    "compiling.md": "Compiling",
    "data-parallel.md": "Data-parallel training",
    "ports/README.md": "Thirteen known jobs",
    "gallery/README.md": "Gallery",
}
WRITTEN = re.compile(r"(picture|page): (\S*/)(\S+)")
REFERENCE = {
    "tinygrad_rnn": "The engine",
    "tinygrad_rnn.ops": "Ops",
    "tinygrad_rnn.nn": "Networks",
    "tinygrad_rnn.optim": "Optimisers",
    "tinygrad_rnn.data": "Data",
    "tinygrad_rnn.train": "Training",
    "tinygrad_rnn.testing": "Testing gradients",
    "tinygrad_rnn.exchange": "To and from others",
    "viz": "Pictures",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every page that is made."""
    for made in [*lesson_pages(), *guide_pages(), *reference_pages(), *live_pages()]:
        path, content = made
        files.append(File.generated(config, path, content=content))
    return files


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """What stands in the navigation: it follows from what there is."""
    config.nav = [
        {"Home": "index.md"},
        {"Lessons": [{f"{each.number}. {each.title}": f"lessons/{each.path.stem}.md"} for each in lessons()]},
        {"What an RNN is": "statements.md"},
        {"Live": "live.md"},
        {"Guides": [{title: f"guides/{path}"} for path, title in GUIDES.items()]},
        {"Reference": [{title: f"reference/{name}.md"} for name, title in REFERENCE.items()]},
    ]
    return config


def lesson_pages() -> Iterator[tuple[str, str | bytes]]:
    """Each lesson with what it prints and draws."""
    for each in lessons():
        notebook = jupytext.read(each.path, fmt="py:percent")
        ExecutePreprocessor(timeout=600, kernel_name="python3").preprocess(notebook)
        for cell in notebook.cells:
            for path in drawn(cell):
                name = f"{each.number:02}-{path.name}"
                shown = f"![{path.stem}]({name})" if path.suffix == ".svg" else f"[Open {path.name}]({name})"
                cell.outputs.append(new_output("display_data", {"text/markdown": shown}))
                yield f"lessons/{name}", path.read_bytes()
        text, _ = MarkdownExporter().from_notebook_node(notebook)
        yield f"lessons/{each.path.stem}.md", WRITTEN.sub(r"\1: \3", text) + exercises(each)


def drawn(cell: NotebookNode) -> list[Path]:
    """The files that a cell says it has written; what it shows itself is one of them."""
    cell.outputs = [output for output in cell.get("outputs", ()) if output.output_type == "stream"]
    return [Path(found[2], found[3]) for output in cell.outputs for found in WRITTEN.finditer(output.text)]


def exercises(each: Lesson) -> str:
    """What is asked for, and how it is judged."""
    tasks = "\n".join(f"- `{exercise.name}`: {exercise.task}" for exercise in each.exercises)
    return f"\n\n## To be judged\n\n{tasks}\n\n```sh\ntinygrad-rnn lesson {each.number} --check FILE\n```\n"


def guide_pages() -> Iterator[tuple[str, str | bytes]]:
    """The guides and their pictures, as they lie beside each other; a file that is no page here stands as its path."""
    for path in GUIDES:
        text = (EXAMPLES / path).read_text(encoding="utf-8")
        yield f"guides/{path}", re.sub(r"\[([^]]+)\]\((?!https?:|#)([^)]+)\)", partial(link, path), text)
    for picture in EXAMPLES.glob("gallery/*.svg"):
        yield f"guides/gallery/{picture.name}", picture.read_bytes()


def link(page: str, found: re.Match[str]) -> str:
    text, target = found.groups()
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
    if path in GUIDES or path.endswith(".svg"):
        return found[0]
    return text if posixpath.basename(path) in text else f"{text} (`examples/{path}`)"


def reference_pages() -> Iterator[tuple[str, str]]:
    """A page for each package: what is in its `__all__`, under the names by which it is called."""
    seen: set[str] = set()
    for name, title in REFERENCE.items():
        module = viz if name == "viz" else tg if name == "tinygrad_rnn" else getattr(tg, name.partition(".")[2])
        own = set(getattr(module, "__all__", ())) - (set(tg.ops.__all__) if module is tg else set())
        public = {"tinygrad_rnn": "tg.", "tinygrad_rnn.ops": "tg.", "viz": "viz."}.get(name, f"tg.{name[13:]}.")
        called: dict[str, list[str]] = {}
        for each in sorted(own, key=str.lower):
            if (path := path_of(getattr(module, each))) and path not in seen:
                called.setdefault(path, []).append(f"{public}{each}")
        seen.update(called)
        yield f"reference/{name}.md", f"# {title}\n\n" + "\n".join(entry(*found) for found in called.items())


def entry(path: str, names: list[str]) -> str:
    """What mkdocstrings is asked for: the docstring at a path, under its public names."""
    return f"::: {path}\n    options:\n      heading: {', '.join(names)}\n      toc_label: {', '.join(names)}\n"


def path_of(value: Any) -> str:
    """Where a function or class is defined: that is where its docstring is found. Nothing of a module or a number."""
    home, name = getattr(value, "__module__", None), getattr(value, "__name__", "")
    if not callable(value) or not isinstance(home, str) or home.split(".")[0] not in ("tinygrad_rnn", "viz"):
        return ""
    names = vars(import_module(home))
    return next((f"{home}.{own}" for own in (name, f"{name}_") if names.get(own) is value), "")


def live_pages() -> Iterator[tuple[str, str]]:
    """Pages to walk through: forward and backward, step by step."""
    for kind in (tg.nn.RNN, tg.nn.LSTM, tg.nn.GRU):
        states, _ = kind(4, 8, rng=0).unrolled(np.random.default_rng(0).standard_normal((3, 1, 4)))
        loss = tg.label((states[-1] ** 2).sum(), "loss", "L")
        yield f"live/{kind.__name__.lower()}.html", viz.draw(loss).html()
