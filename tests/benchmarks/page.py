"""How large a page is, and how long it takes to make, to load and to move one frame in Chromium.

python -m tests.benchmarks.page

One LSTM with a loss at each step, 16 hidden features; a frame is timed from the key to the next picture on the screen.
"""

import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

import viz
from tests.viz.page.conftest import FLAGS, NAMES
from tinygrad_rnn.cli.sketch import Sketch

FRAMES = """async (key) => {
    const spent = []
    for (let k = 0; k < 60; k++) {
        const start = performance.now()
        document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}))
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
        spent.push(performance.now() - start)
    }
    return spent.sort((a, b) => a - b)
}"""


def main():
    program = next(filter(None, map(shutil.which, NAMES)))
    with sync_playwright() as drivers, tempfile.TemporaryDirectory() as folder:
        browser = drivers.chromium.launch(executable_path=program, args=FLAGS)
        for view in ("cell", "op"):
            for T in (3, 10, 100):
                start = time.perf_counter()
                html = viz.draw(Sketch(steps=T).loss(), view=view).html()
                made = time.perf_counter() - start
                path = Path(folder, "page.html")
                path.write_text(html, encoding="utf-8")
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                start = time.perf_counter()
                page.goto(path.as_uri())
                page.wait_for_selector("footer .sentence")
                loaded = time.perf_counter() - start
                spent = page.evaluate(FRAMES, ",")
                print(
                    f"{view:4}  T = {T:3}  {len(html.encode()) / 1e6:.2f} MB  made in {made:.1f} s  "
                    f"loaded in {loaded:.2f} s  a frame {spent[30]:.0f} ms, at most {spent[-1]:.0f} ms"
                )
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
