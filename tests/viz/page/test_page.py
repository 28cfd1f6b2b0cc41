"""The page in a browser: what is chosen lights up, the ledger adds up, the scissors cut, and all of it by keyboard."""

import numpy as np
import pytest

import tinygrad_rnn as tg
import viz
from tests.viz.page.nets import NETS, named_with
from tests.viz.page.test_replay import numbers, shown
from tinygrad_rnn import nn
from tinygrad_rnn.cli.sketch import Sketch
from tinygrad_rnn.engine.node import ancestors
from viz.paint.heat import heat, text_on

VIEWS = ["rolled", "cell", "gate", "op"]


def six_steps(cut=None):
    """The loss of an LSTM cell in a loop; `cut` names the state that goes detached into the next step: ("h", 2)."""
    rng = np.random.default_rng(0)
    cell = nn.LSTMCell(3, 4, rng=0, dtype=np.float64)
    states = {"h": [], "c": []}
    state, loss = None, 0.0
    for t, x in enumerate(rng.normal(size=(6, 1, 3)), 1):
        h, c = cell(x, state)
        states["h"].append(h)
        states["c"].append(c)
        loss = loss + (h * h).sum()
        state = tuple(s.detach() if cut == (name, t) else s for name, s in (("h", h), ("c", c)))
    return loss, cell, states


def chosen(page):
    """The classes of shapes and lines that are lit: {class: how many}."""
    return page.evaluate("""() => {
        const picture = document.querySelector(".stage .picture")
        const count = (what) => picture.querySelectorAll(what).length
        return {use: count(".edge.lit-use"), input: count(".edge.lit-input"), chosen: count(".node.chosen")}
    }""")


def find(page, words):
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type(words)


@pytest.mark.parametrize("T", [3, 5])
@pytest.mark.parametrize("view", VIEWS)
def test_find_lights_each_use_of_a_shared_weight(T, view, opened):
    page = opened(viz.draw(Sketch(steps=T).loss(), view=view).html())
    find(page, "W_hh")
    assert page.locator("header output").inner_text() == f"1 of 1, {T} uses"
    assert chosen(page) == {"use": 1 if view == "rolled" else T, "input": 0, "chosen": 1}


def test_a_choice_stays_in_every_view_and_is_the_same_uses(opened):
    page = opened(viz.draw(Sketch(steps=4).loss()).html())
    find(page, "W_hh")
    page.keyboard.press("Tab")
    for view, lines in zip("1234", (1, 4, 4, 4), strict=True):
        page.locator("header h1").click()
        page.keyboard.press(view)
        assert chosen(page) == {"use": lines, "input": 0, "chosen": 1}
        rows = page.locator(".ledger tbody tr")
        assert [rows.nth(k).locator("th").inner_text() for k in range(4)] == ["t = 1", "t = 2", "t = 3", "t = 4"]
    page.keyboard.press("Escape")
    assert chosen(page) == {"use": 0, "input": 0, "chosen": 0}


@pytest.mark.parametrize("name", NETS)
def test_the_ledger_is_that_of_the_library_and_adds_up(name, opened):
    loss, parameters = NETS[name]()
    graph = loss.graph(terms=True)
    page = opened(viz.draw(loss, view="op").html())
    ids = {node: id for id, node in enumerate(ancestors([loss.node])[::-1])}
    shared = [(p, graph.nodes[ids[p.node]]) for p in parameters if p.node in ids and len(graph.uses(ids[p.node])) > 1]
    assert shared
    for parameter, node in shared:
        terms = tg.gradient_ledger(loss, parameter)
        choose_node(page, node.id)
        rows = page.locator(".ledger tbody tr")
        assert rows.count() == len(terms)
        total = sum(entry.contribution for entry in terms)
        size = np.linalg.norm(total)
        for k, entry in enumerate(sorted(terms, key=lambda entry: entry.use)):
            row = rows.nth(k)
            assert row.get_attribute("data-use") == f"{entry.use[0]}.{entry.use[1]}"
            cells = [numbers(row.locator("td").nth(at).inner_text())[0] for at in (1, 2)]
            along = float((entry.contribution * total).sum() / size) if size else 0.0
            assert cells == pytest.approx([np.linalg.norm(entry.contribution), along], rel=6e-4, abs=1e-12)
        assert numbers(page.locator(".ledger .sum").inner_text())[0] == pytest.approx(shown(size), rel=1e-3)
        assert page.locator(".ledger .whole").inner_text().endswith("✓")


def choose_node(page, id):
    """Choose the shape that stands for a node alone."""
    shape = page.evaluate("""(id) => {
        const facts = JSON.parse(document.getElementById("facts").textContent)
        const {shapes} = facts.nets[0].sights.find(({view}) => view === "op")
        return shapes.find(({nodes}) => nodes.length === 1 && nodes[0] === id).id
    }""", id)  # fmt: skip
    page.locator(f".stage [data-shape='{shape}']").dispatch_event("click")


def test_scissors_show_what_a_detached_run_gives(opened):
    loss, cell, states = six_steps()
    page = opened(viz.draw(loss).html())
    options = page.locator(".scissors option")
    names = [options.nth(k).inner_text() for k in range(1, options.count())]
    assert sorted(names) == sorted(f"{s}{'₁₂₃₄₅'[t]} → step {t + 2}" for s in "hc" for t in range(5))
    graph = loss.graph(gradients=True)
    for name in names:
        state, t = name[0], "₁₂₃₄₅".index(name[1]) + 1
        page.locator(".scissors select").select_option(label=name)
        rows = page.evaluate("""() => [...document.querySelectorAll(".changed tbody tr")].map((row) =>
            [Number(row.dataset.node), row.cells[2].textContent])""")
        cut_loss, cut_cell, cut_states = six_steps(cut=(state, t))
        expected = norms_of(cut_loss, cut_cell, cut_states)
        before = norms_of(loss, cell, states)
        told = {
            graph.nodes[node].name.split()[0] + str(graph.nodes[node].step or ""): numbers(said)[0]
            for node, said in rows
        }
        for key, norm in expected.items():
            if abs(norm - before[key]) > 1e-12:
                assert told[key] == pytest.approx(norm, rel=6e-4, abs=1e-12), (name, key)
            else:
                assert key not in told or told[key] == pytest.approx(norm, rel=6e-4)


def test_what_a_cut_leaves_without_a_gradient_has_none(opened):
    loss = Sketch(model="rnn", topology="many-to-one", steps=3).loss()
    page = opened(viz.draw(loss).html())
    page.locator(".scissors select").select_option(label="h₂ → step 3")
    sentence = "with a cut at h₂ → step 3: the gradients are those of a run with detach() there."
    assert sentence in page.locator("footer .sentence").inner_text()
    state = page.locator(".stage [data-shape='n_h_1']")
    assert "heat_none" in state.get_attribute("class")
    assert "∇ –" in state.text_content()
    assert page.locator(".changed tbody tr", has_text="h₁").locator("td").all_inner_texts()[1] == "–"


def norms_of(loss, cell, states):
    """‖∂L/∂·‖ of each parameter and each state, by a backward pass of the run itself."""
    wanted = dict(cell.named_parameters())
    wanted |= {f"{name}{t}": s for name, line in states.items() for t, s in enumerate(line, 1)}
    graph = loss.graph(gradients=True)
    by_name = {}
    for node in graph.nodes:
        key = (
            (node.name or "").split(" ")[0] + str(node.step or "")
            if node.role in ("hidden_state", "cell_state")
            else node.name
        )
        if key in wanted:
            by_name[key] = node.gradient.norm if node.gradient else 0.0
    return {key: by_name.get(key, 0.0) for key in wanted}


def test_a_graph_without_steps_has_one_view_and_every_frame(opened):
    a = tg.tensor(3.0, requires_grad=True, name="a")
    page = opened(viz.draw(a * a + a).html())
    assert page.locator("header [aria-label=View] button").all_inner_texts() == ["op"]
    page.keyboard.press("/")
    page.keyboard.type("a")
    assert page.locator(".ledger tbody tr").count() == 3
    assert page.locator(".ledger .whole").inner_text() == "7 ✓"
    assert "nothing to cut" in page.locator(".scissors").inner_text()


def test_a_recorded_graph_shows_what_it_was_made_with(opened):
    graph = Sketch(steps=3).loss().graph()
    page = opened(viz.draw(tg.Graph.from_json(graph.to_json())).html())
    assert "recorded without its gradients" in page.locator("aside").inner_text()
    assert page.locator(".stage .edge-backward").count() == 0
    whole = Sketch(steps=3).loss().graph(values=True, terms=True)
    page = opened(viz.draw(tg.Graph.from_json(whole.to_json())).html())
    find(page, "W_hh")
    assert page.locator(".ledger .whole").inner_text().endswith("✓")
    assert "scissors need the loss itself" in page.locator(".scissors").inner_text()


def test_what_is_not_a_number_is_said_and_looks_like_nothing_else(opened):
    w = tg.tensor([[3e200]], requires_grad=True, name="w")
    h = tg.label(tg.tensor([[1.0]]), "initial_state", "h")
    with np.errstate(all="ignore"):
        for t in range(1, 4):
            with tg.step(t):
                h = tg.label(tg.multiply(h, w), "hidden_state", "h")
        html = viz.draw((h * 0.0).sum()).html()
    page = opened(html)
    classes = page.evaluate("[...document.querySelectorAll('.stage .node-hidden')].map((g) => g.getAttribute('class'))")
    assert [each.split()[-1] for each in classes] == ["heat_zero"] * 3
    assert page.evaluate("""() => {
        const shape = document.querySelector(".stage .node-hidden ellipse")
        const name = /url\\("?#(.*?)"?\\)/.exec(getComputedStyle(shape).fill)[1]
        return document.getElementById(name).tagName
    }""") == "pattern"  # fmt: skip
    find(page, "w")
    page.keyboard.press("Enter")
    assert page.locator(".stage .node.chosen").get_attribute("class").split()[-2] == "heat_nan"
    assert "NaN" in page.locator("aside").inner_text()


def test_what_backward_has_released_is_refused_in_words():
    loss = Sketch(steps=3).loss()
    drawing = viz.draw(loss)
    loss.backward()
    with pytest.raises(tg.GraphError, match="released by backward"):
        drawing.html()


def test_in_a_notebook_the_page_stands_in_a_frame_of_its_own(opened, browser):
    page = viz.draw(Sketch(steps=3).loss()).page()
    assert repr(page).startswith("<Page 'LSTM, 3 steps: the same 6 weights at every step', 0.")
    context = browser.new_context(offline=True)
    notebook = context.new_page()
    notebook.set_content(f"<p>In [1]:</p>{page._repr_html_()}")
    inside = notebook.frame_locator("iframe")
    inside.locator("footer .sentence").wait_for()
    inside.get_by_role("button", name="first frame").click()
    assert inside.locator("footer .frame").inner_text().startswith("0 / ")
    context.close()


def test_a_page_is_small():
    sizes = {T: len(viz.draw(Sketch(steps=T).loss()).html().encode()) for T in (3, 100)}
    assert sizes[3] < 1e6
    assert sizes[100] < 3e6


HOSTILE = {
    "script": "<script>document.title='ran'</script>",
    "end of script": "</script><img src=x onerror=\"document.title='ran'\">",
    "quotes": "\"'`&quot;<>",
    "braces": "${1+1} {{x}} {a|b}\\",
    "lines": "a\nb\r\nc\td",
    "nothing": "a\0b",
    "long": "x" * 10_000,
    "right to left": "שלום \u202e abc",
    "separators": "a\u2028b\u2029c",
    "half a pair": "a\ud800b",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_whatever_they_are(name, opened):
    text = HOSTILE[name]
    loss, _ = named_with(text)
    page = opened(viz.draw(loss, view="gate", title=text).html())
    assert page.title() != "ran"
    assert page.evaluate("document.querySelectorAll('img, script').length") == 2  # the facts, and the script
    page.keyboard.press(",")
    page.locator("details.table summary").click()
    page.wait_for_selector("details.table tbody tr")
    assert page.locator("details.table tbody tr").count() == len(loss.graph().nodes)
    visible = {"script": "<script>", "quotes": "\"'`&quot;<>", "right to left": "שלום"}.get(name)
    if visible:
        assert visible in page.locator("h1").inner_text()
        assert visible in page.locator("details.table tbody").inner_text()


def test_a_cell_opens_where_it_stands_and_closes(opened):
    page = opened(viz.draw(Sketch(steps=4).loss()).html())

    def drawn():
        return [page.locator(f".stage .{what}").count() for what in ("node-box", "cluster.cell", "node-gate")]

    assert drawn() == [4, 0, 0]
    find(page, "t = 2")
    page.keyboard.press("Enter")
    find(page, "LSTM")
    page.keyboard.press("Enter")  # the second of them
    page.get_by_role("button", name="Open the cell").click()
    assert drawn() == [3, 1, 4]
    assert chosen(page)["chosen"] > 4  # what was one box
    assert "t = 2" in page.locator(".stage .cluster.cell > text").text_content()
    page.keyboard.press("Escape")
    page.locator(".stage [data-shape='n_f_2']").click()
    page.get_by_role("button", name="Close the cell").click()
    assert drawn() == [4, 0, 0]


def test_shapes_have_the_colour_of_their_gradient_in_both_themes(opened):
    loss = Sketch(steps=3).loss()
    states = [node.gradient.norm for node in loss.graph(gradients=True).nodes if node.role == "hidden_state"]
    page = opened(viz.draw(loss).html())
    for theme in ("light", "dark"):
        page.get_by_role("button", name=theme).click()
        page.wait_for_timeout(200)  # colours fade in
        found = page.evaluate("""() => [...document.querySelectorAll(".stage .node-hidden ellipse")].map((shape) => {
            const text = shape.parentElement.querySelector("text")
            return [getComputedStyle(shape).fill, getComputedStyle(text).fill]
        })""")
        fills = [heat(norm, theme == "dark")[0] for norm in states]
        assert found == [[rgb(fill), rgb(text_on(fill))] for fill in fills]


def rgb(colour):
    return f"rgb({', '.join(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5))})"


def test_twins_share_their_steps_and_their_colours(opened):
    losses = {
        kind.upper(): Sketch(model=kind, topology="many-to-one", steps=8).loss() for kind in ("rnn", "lstm", "gru")
    }
    page = opened(viz.twins(losses).html())
    assert page.locator(".stage .picture").count() == 3
    columns = page.evaluate("""() => [...document.querySelectorAll(".stage .picture")].map((picture) =>
        [...picture.querySelectorAll("[role=group][aria-label^='t = ']")].map((g) => {
            const {x, width} = g.getBoundingClientRect()
            return x + width / 2
        }))""")
    for other in columns[1:]:  # under each other, apart from what the last column has beside its state
        assert np.abs(np.diff(columns[0][:-1]) - np.diff(other[:-1])).max() < 3
    lines = page.locator(".flow .net")
    for k, loss in enumerate(losses.values()):
        assert lines.nth(k).locator("circle").count() == 8
        flow = tg.gradient_flow(loss, "h")
        heats = page.evaluate("""(k) => [...document.querySelectorAll(`.stage .picture[data-net="${k}"] .node-hidden`)]
            .map((g) => /heat_(m?)(\\d+)/.exec(g.getAttribute("class")).slice(1))""", k)  # fmt: skip
        powers = sorted(int(power) * (-1 if minus else 1) for minus, power in heats)
        assert powers == sorted(max(int(np.floor(np.log10(norm))), -8) for norm in flow)
    moved = "[...document.querySelectorAll('.stage .viewport')].map((g) => g.getAttribute('transform'))"
    before = page.evaluate(moved)
    page.keyboard.press("+")
    assert all(now != then for now, then in zip(page.evaluate(moved), before, strict=True))
    page.keyboard.press(",")
    page.keyboard.press(",")
    assert [lines.nth(k).locator("circle").count() for k in range(3)] == [7, 7, 7]
