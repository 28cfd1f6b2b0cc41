"""The book's pages, made when it is built: the lessons are run, the guides brought along, the reference listed.

examples/lessons/*.py   → jupytext → run by nbconvert → lessons/*.md with what they print and draw
examples/*.md           → guides/*.md, their links turned to where things are in the book
tinygrad_rnn, viz       → reference/*.md, one page for each package that users import
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import ExecutePreprocessor

import tinygrad_rnn as tg
import viz
from tinygrad_rnn.course import Lesson, lessons

EXAMPLES = Path(__file__).parents[1]
GUIDES = ["from-torch-and-keras", "testing-gradients", "adding-an-op", "adding-a-cell", "data-parallel"]
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
        {"Guides": [f"guides/{name}.md" for name in GUIDES]},
        {"Reference": [{title: f"reference/{name}.md"} for name, title in REFERENCE.items()]},
    ]
    return config


def lesson_pages() -> Iterator[tuple[str, str | bytes]]:
    """Each lesson with what it prints and draws."""
    for each in lessons():
        notebook = jupytext.read(each.path, fmt="py:percent")
        ExecutePreprocessor(timeout=600, kernel_name="python3").preprocess(notebook)
        text, resources = MarkdownExporter().from_notebook_node(notebook)
        for name, content in resources["outputs"].items():
            text = text.replace(f"({name})", f"({each.path.stem}-{name})")
            yield f"lessons/{each.path.stem}-{name}", content
        yield f"lessons/{each.path.stem}.md", without_paths(text) + exercises(each)


def without_paths(text: str) -> str:
    """What is printed, without the folder of this run."""
    return re.sub(r"(picture|page|curves): \S*/", r"\1: ", text)


def exercises(each: Lesson) -> str:
    """What is asked for, and how it is judged."""
    tasks = "\n".join(f"- `{exercise.name}`: {exercise.task}" for exercise in each.exercises)
    return f"\n\n## To be judged\n\n{tasks}\n\n```sh\ntinygrad-rnn lesson {each.number} --check FILE\n```\n"


def guide_pages() -> Iterator[tuple[str, str]]:
    """The guides; a file of the source that is no page here stands as its path."""
    for name in GUIDES:
        text = (EXAMPLES / f"{name}.md").read_text(encoding="utf-8")
        yield f"guides/{name}.md", re.sub(r"\[([^]]+)\]\((?!https?:|#)([^)]+)\)", link, text)


def link(found: re.Match[str]) -> str:
    text, target = found.groups()
    return found[0] if Path(target).stem in GUIDES else f"{text} (`examples/{target}`)"


def reference_pages() -> Iterator[tuple[str, str]]:
    """A page for each package: what is in its `__all__`."""
    seen: set[str] = set()
    for name, title in REFERENCE.items():
        module = viz if name == "viz" else tg if name == "tinygrad_rnn" else getattr(tg, name.partition(".")[2])
        own = set(getattr(module, "__all__", ())) - (set(tg.ops.__all__) if module is tg else set())
        members = [path for each in sorted(own, key=str.lower) if (path := path_of(getattr(module, each)))]
        members = [path for path in members if path not in seen]
        seen.update(members)
        yield f"reference/{name}.md", f"# {title}\n\n" + "\n".join(f"::: {path}\n" for path in members)


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
