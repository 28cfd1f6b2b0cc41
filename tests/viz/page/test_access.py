"""The page for everybody: by keyboard alone, with a focus that is seen, without what axe-core finds wrong."""

import pytest

import viz
from tests.oracles import require_axe
from tinygrad_rnn.cli.sketch import Sketch

WHO = """() => {
    const at = document.activeElement
    if (at === document.body) return null
    const style = getComputedStyle(at)
    const shape = at.dataset?.shape != null
    const border = shape ? getComputedStyle(at.querySelector("path, polygon, ellipse")) : style
    return {
        name: at.getAttribute("aria-label") || at.textContent.trim() || at.closest("label")?.textContent || at.tagName,
        where: at.closest("header, .stage, aside, footer, details.table, dialog")?.className
            || at.closest("header, aside, footer")?.tagName || "",
        tag: at.tagName,
        seen: shape ? parseFloat(border.strokeWidth) >= 4
            : style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    }
}"""
CONTROLS = """() => [...document.querySelectorAll("button, input, select, summary, [tabindex='0']")]
    .filter((each) => each.checkVisibility() && !each.disabled && !each.closest("#pictures")).length"""


def tabbed(page):
    """Everything that Tab reaches, in its order."""
    found = []
    page.evaluate("document.body.tabIndex = -1, document.body.focus(), document.body.removeAttribute('tabindex')")
    while True:
        page.keyboard.press("Tab")
        at = page.evaluate(WHO)
        if at is None or len(found) > 300:
            return found
        found.append(at)


@pytest.mark.parametrize("width", [1280, 390])
def test_tab_reaches_every_control_in_reading_order_and_the_focus_is_seen(width, opened):
    page = opened(viz.draw(Sketch(steps=3).loss()).html(), width=width)
    for _ in range(2):  # with nothing chosen, and with a weight and its ledger
        found = tabbed(page)
        assert len(found) == page.evaluate(CONTROLS)
        assert [at["name"] for at in found if not at["seen"]] == []
        order = [at["where"] for at in found]
        firsts = list(dict.fromkeys(order))
        assert [order.index(where) for where in firsts] == sorted(order.index(where) for where in firsts)
        assert firsts[0] == "HEADER"
        assert firsts[-1] == "table"
        columns = [at["name"] for at in found if at["tag"] == "g"]
        assert columns == ["W_ih (64, 8) ×3", "h₀ = 0", "x₁", "x₂", "x₃"]  # the first thing of each column
        page.keyboard.press("/")
        page.keyboard.type("W_hh")


def test_everything_can_be_done_by_keys(opened):
    page = opened(viz.draw(Sketch(steps=3).loss()).html())

    def chosen():
        return page.locator("aside h2").inner_text()

    page.keyboard.press("/")
    page.keyboard.type("h\u2081")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert chosen() == "h\u2081"
    for key, then in (
        ("ArrowRight", "h\u2082"), ("ArrowRight", "h\u2083"), ("ArrowRight", "h\u2083"), ("ArrowLeft", "h\u2082"),
        ("ArrowDown", "c\u2082"), ("ArrowDown", "LSTM"), ("Escape", "Nothing is chosen"), ("Enter", "LSTM"),
        ("Enter", "Nothing is chosen"),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert chosen() == then
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    assert chosen() in ("h\u2082", "c\u2082")
    page.keyboard.press("x")
    assert page.locator(".changed tbody tr").count() > 3
    assert page.locator(".stage .picture:not([hidden]) .edge.cut").count() == 1
    page.keyboard.press("x")
    assert page.locator(".changed").count() == 0
    last = page.locator("footer .frame").inner_text()
    page.keyboard.press(",")
    assert page.locator("footer .frame").inner_text() != last
    page.keyboard.press(".")
    assert page.locator("footer .frame").inner_text() == last
    for key, view in zip("1234", ("rolled", "cell", "gate", "op"), strict=True):
        page.keyboard.press(key)
        assert page.locator(".stage .picture").get_attribute("data-view") == view
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    scale = "document.querySelector('.stage .viewport').getAttribute('transform')"
    before = page.evaluate(scale)
    page.keyboard.press("+")
    assert page.evaluate(scale) != before
    page.keyboard.press("0")
    assert page.evaluate(scale) == before


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(width, dark, opened):
    axe = require_axe()
    page = opened(viz.draw(Sketch(steps=3).loss()).html(), width=width, dark=dark)

    def check(state):
        found = axe.run(page).response["violations"]
        said = [
            (each["id"], node["html"][:160], node["failureSummary"][:300]) for each in found for node in each["nodes"]
        ]
        assert said == [], state

    check("as it opens")
    page.keyboard.press("/")
    page.keyboard.type("W_hh")
    page.keyboard.press("Enter")
    check("a weight is chosen")
    page.keyboard.press("Escape")
    page.locator("details.table summary").click()
    page.wait_for_selector("details.table tbody tr")
    page.locator(".scissors select").select_option(index=1)
    check("a table, and a cut")
    page.get_by_role("button", name="first frame").click()
    check("the first frame")
    page.get_by_role("button", name="Help: keys and signs").click()
    check("help")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_twins(dark, opened):
    axe = require_axe()
    losses = {kind: Sketch(model=kind, topology="many-to-one", steps=5).loss() for kind in ("rnn", "gru")}
    page = opened(viz.twins(losses).html(), dark=dark)
    assert axe.run(page).response["violations"] == []


def test_what_is_pressed_on_a_narrow_page_is_large_enough(opened):
    page = opened(viz.draw(Sketch(steps=3).loss()).html(), width=390, height=844)
    page.keyboard.press("/")
    page.keyboard.type("W_hh")
    sizes = page.evaluate("""() => [...document.querySelectorAll("button, select, input, summary")]
        .filter((each) => each.checkVisibility())
        .map((each) => [each, each.getBoundingClientRect()])
        .map(([each, {width, height}]) => [each.textContent || each.tagName, width, height])""")
    assert [size for size in sizes if min(size[1:]) < 44] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_narrow_page_shows_one_column_at_a_time(opened):
    page = opened(viz.draw(Sketch(steps=3).loss()).html(), width=390, height=844)
    names = []
    for _ in range(8):
        said = page.locator(".columns span").inner_text()
        names.append(said.partition(" (")[0])
        inside = page.evaluate("""(name) => {
            const frame = document.querySelector(".stage svg").getBoundingClientRect()
            const groups = [...document.querySelectorAll(".stage g[role=group]")]
            const group = groups.find((g) => g.getAttribute("aria-label") === name)
            const {left, right} = group.getBoundingClientRect()
            return left >= frame.left && right <= frame.right
        }""", names[-1])  # fmt: skip
        assert inside
        if page.get_by_role("button", name="column after").is_enabled():
            page.get_by_role("button", name="column after").click()
    assert len(dict.fromkeys(names)) > 3
