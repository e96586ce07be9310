"""The page ``/label`` of ``edgefmnist camera --adapt`` as the README shows it.

    python -m benchmarks.label_picture [FILE]

Runs the demo with a strict threshold, so that it is unsure of much, keeps frames, labels some of
them and selects two, in a headless Chromium, and saves what is seen, by default as
benchmarks/pictures/label.png. Needs chromium and chromedriver; takes about half a minute.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from selenium.webdriver.common.by import By

from tests.camera.preview.browser import camera, chromium, emulate, wait_for

PICTURE = Path(__file__).parent / "pictures" / "label.png"
_FRAMES = 12
_LOADED = """
return [...document.images].filter((one) => one.getBoundingClientRect().top < innerHeight)
  .every((one) => one.complete && one.naturalWidth);
"""


def main(target: Path, *, scheme: str = "light", width: int = 0) -> None:
    """Save the page as `target`, in a color scheme and, where given, of a phone's width."""
    with tempfile.TemporaryDirectory() as scratch:
        words = ["--source", "demo:12", "--realtime", "--unknown-threshold", "0.99"]
        words += ["--save-uncertain", f"{scratch}/frames", "--adapt", f"{scratch}/wardrobe"]
        with camera(*words) as (url, _), chromium() as driver:
            emulate(driver, scheme=scheme, width=width)
            driver.get(f"{url}label")

            def frames() -> int:
                return len(driver.find_elements(By.CSS_SELECTOR, ".frame"))

            wait_for(lambda: frames() >= _FRAMES, "frames are kept", 240)
            for guess in driver.find_elements(By.CSS_SELECTOR, ".guess:first-child")[-3:]:
                driver.execute_script("arguments[0].click()", guess)
                time.sleep(1)
            for photo in driver.find_elements(By.CSS_SELECTOR, ".frame .photo")[1:3]:
                driver.execute_script("arguments[0].click()", photo)
            driver.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
            wait_for(lambda: driver.execute_script(_LOADED), "the pictures")
            png = np.frombuffer(driver.get_screenshot_as_png(), np.uint8)
            smallest = [cv2.IMWRITE_PNG_COMPRESSION, 9]
            packed = cv2.imencode(".png", cv2.imdecode(png, cv2.IMREAD_COLOR), smallest)[1]
            target.write_bytes(packed.tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)
