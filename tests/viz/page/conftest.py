"""A page opened in Chromium without a network: skipped with the reason where there is no browser."""

import shutil

import pytest

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser():
    program = next(filter(None, map(shutil.which, NAMES)), None)
    pytest.importorskip("playwright.sync_api", reason="it drives the browser: pip install tinygrad-rnn[dev]")
    if not program:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as drivers:
        running = drivers.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def opened(browser, tmp_path):
    """opened(html, width=1280, dark=False): a page in the browser; what it asks for, and each error, is a failure."""
    contexts, wrong = [], []

    def open_page(html, width=1280, height=900, dark=False):
        path = tmp_path / f"{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", offline=True
        )
        contexts.append(context)
        page = context.new_page()
        own = path.as_uri()
        page.on("request", lambda request: request.url == own or wrong.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(own)
        page.wait_for_selector("footer .sentence")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
