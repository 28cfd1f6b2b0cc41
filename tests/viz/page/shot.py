"""The screenshot of a page that the README shows: the gradient of an LSTM half way back, W_hh chosen.

python -m tests.viz.page.shot          examples/page.png
"""

import shutil
import tempfile
from pathlib import Path

import viz
from tests.viz.page.conftest import FLAGS, NAMES
from tinygrad_rnn.cli.sketch import Sketch

FILE = Path(__file__).parents[3] / "examples" / "page.png"
BACK = 32  # frames before the last


def main():
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, NAMES)))
    with sync_playwright() as drivers, tempfile.TemporaryDirectory() as folder:
        browser = drivers.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 860}, color_scheme="light")
        page.goto(viz.draw(Sketch(steps=3).loss()).save(Path(folder, "page.html")).as_uri())
        page.keyboard.press("/")
        page.keyboard.type("W_hh")
        page.keyboard.press("Tab")
        for _ in range(BACK):
            page.keyboard.press(",")
        page.screenshot(path=FILE)
        browser.close()


if __name__ == "__main__":
    main()
