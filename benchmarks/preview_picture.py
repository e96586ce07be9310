"""The page of ``edgefmnist camera --preview`` as the README shows it.

    python -m benchmarks.preview_picture [FILE]

Runs the demo, opens its page in a headless Chromium and saves what is seen at the first moment at
which a sneaker is announced rightly, by default as benchmarks/pictures/preview.png. Needs chromium
and chromedriver; takes about 20 seconds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.camera.preview.browser import camera, chromium, emulate, text, wait_for

PICTURE = Path(__file__).parent / "pictures" / "preview.png"


def main(target: Path, *, scheme: str = "light", width: int = 0) -> None:
    """Save the page as `target`, in a colour scheme and, where given, of a phone's width."""
    with camera("--source", "demo:4", "--realtime") as (url, _), chromium() as driver:
        emulate(driver, scheme=scheme, width=width)
        driver.get(url)

        def right() -> bool:
            announced = text(driver, "label")
            best = driver.execute_script(
                "return document.querySelector('.best .name')?.textContent || ''"
            )
            told = best, announced, text(driver, "truth")
            return told == ("Sneaker", "Sneaker", "truth: Sneaker")

        while not right():
            wait_for(right, "a sneaker announced rightly", 60)
            time.sleep(0.4)  # the bars move
        driver.save_screenshot(str(target))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)
