"""A real headless Chromium for the tests of pages: Debian's, driven by Playwright, without a network.

Playwright's own loop keeps running in the thread that started it, where no asynchronous test could run any more; so it
has a thread of its own, and what a test wants of a page is done there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

MISSING: Final = "Chromium is not on this machine: `make browser` installs it (Debian: apt-get install chromium)"
DESKTOP: Final = 1280
TELEPHONE: Final = 375
_ARGUMENTS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--force-color-profile=srgb", "--font-render-hinting=none",
)  # fmt: skip
_COMPARE: Final = """async ([one, other, apart]) => {
  const drawn = await Promise.all([one, other].map(async (png) => {
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    return [image.width, image.height, pen.getImageData(0, 0, image.width, image.height).data];
  }));
  const [[width, height, here], [otherWidth, otherHeight, there]] = drawn;
  if (width !== otherWidth || height !== otherHeight) return 1;
  let differ = 0;
  for (let at = 0; at < here.length; at += 4) {
    if ([0, 1, 2].some((of) => Math.abs(here[at + of] - there[at + of]) > apart)) differ += 1;
  }
  return differ / (width * height);
}"""


@dataclass(slots=True)
class Visit:
    """What a page did while it was open.

    Attributes:
        requests: Whatever it asked for but itself.
        complaints: Warnings and errors of the console, and errors of scripts.
        result: What the test's function gave.
    """

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    result: Any = None


class Chromium:
    """One browser, a fresh context for each visit."""

    def __init__(self, folder: Path) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._file = folder / "page.html"
        self._thread.submit(self._start).result()

    def _start(self) -> None:
        program = os.environ.get("CHARGELAKE_TEST_CHROMIUM") or shutil.which("chromium")
        if program is None:
            raise FileNotFoundError(MISSING)
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))

    def close(self) -> None:
        def close() -> None:
            self._browser.close()
            self._playwright.stop()

        self._thread.submit(close).result()
        self._thread.shutdown()

    def visit(
        self, html: str, todo: Callable[[Page], Any] = lambda page: page.title(), *, width: int = DESKTOP,
        scripts: bool = True,
    ) -> Visit:  # fmt: skip
        """Open the page from a file, do this with it, and tell what happened."""
        return self._thread.submit(self._visit, html, todo, width, scripts).result()

    def _visit(self, html: str, todo: Callable[[Page], Any], width: int, scripts: bool) -> Visit:  # noqa: FBT001 (ours)
        self._file.write_text(html, "utf-8")
        context = self._browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
        visit, page = Visit(), context.new_page()
        page.set_default_timeout(30_000)
        page.on("request", lambda request: visit.requests.append(request.url))
        page.on("console", lambda said: visit.complaints.append(said.text))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.goto(self._file.as_uri())
        visit.result = todo(page)
        context.close()
        visit.requests.remove(self._file.as_uri())
        return visit

    def differing(self, one: str, other: str, apart: int = 48) -> float:
        """The share of pixels of two PNG pictures (base64) that are further apart than this in a colour; 1: in size."""
        return float(self.visit("", lambda page: page.evaluate(_COMPARE, [one, other, apart])).result)
