"""Networks beside each other on one page: what its text says before a browser opens it."""

import json
import re

import pytest

import viz
from tinygrad_rnn.cli.sketch import Sketch


@pytest.fixture(scope="module")
def losses():
    return {name: Sketch(model=kind, steps=2).loss() for name, kind in (("A", "rnn"), ("B", "gru"))}


def test_a_page_begins_as_was_asked_for(losses):
    options = [("A, B on the same sequence", "cell", "auto", {}), ("mine", "gate", "dark", {"title": "mine"})]
    for title, view, theme, more in options:
        page = viz.twins(losses, view=view, theme=theme, **more)
        text = page.html()
        facts = json.loads(re.search('id="facts">(.*?)</script>', text)[1])
        assert (facts["title"], facts["view"], facts["theme"]) == (title, view, theme)
        assert page.title == title
        assert f"<title>{title}</title>" in text
        assert f'data-theme="{theme}"' in text
        shown = re.findall('class="picture" data-net="(.)" data-sight="." data-view="([a-z]+)">', text)
        assert shown == [("0", view), ("1", view)]


def test_the_usual_page_is_that_of_cells_in_the_colours_of_the_reader(losses):
    assert viz.twins(losses).html() == viz.twins(losses, view="cell", theme="auto").html()
