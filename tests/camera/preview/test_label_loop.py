"""The whole loop with real parts: a camera, labels set in a Chromium, Learn, Use it, Go back."""

from __future__ import annotations

import json
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("selenium", reason="needs selenium, which drives the browser")

from selenium import webdriver
from selenium.webdriver.common.by import By

from edgefmnist.dataset import load
from edgefmnist.records import LABELS
from tests.camera.preview.browser import CHROMIUM, DRIVER, camera, chromium, text, wait_for
from tests.conftest import needs_litert
from tests.wardrobe import photo

pytestmark = [
    pytest.mark.slow,
    needs_litert,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="needs chromium and chromedriver (apt install chromium-driver)",
    ),
]
OWN = "Flag"  # trousers laid across: what no garment of Fashion-MNIST looks like


def garments(label: str, count: int, start: int) -> list[np.ndarray]:
    test = load("test")
    rows = np.flatnonzero(test.labels == LABELS.index(label))[start : start + count]
    return [photo(test.images[row]) for row in rows.tolist()]


def flags(count: int, start: int) -> list[np.ndarray]:
    turned = (np.rot90(pixels) for pixels in garments("Trouser", count, start))
    return [np.ascontiguousarray(pixels) for pixels in turned]


def labelled_before(photos: Path) -> None:
    """Ten of each, each of another minute: groups to test with."""
    for name, pictures in ((OWN, flags(10, 0)), ("Coat", garments("Coat", 10, 0))):
        (photos / name).mkdir(parents=True)
        for minute, pixels in enumerate(pictures):
            cv2.imwrite(str(photos / name / f"IMG_20260131_12{minute:02}00.png"), pixels)


def before_the_camera(folder: Path) -> None:
    """What the camera sees, again and again: flags and coats; one flag is never labelled."""
    folder.mkdir()
    pairs = zip(garments("Coat", 7, 20), flags(7, 20), strict=True)
    for number, (coat, flag) in enumerate(pairs):
        cv2.imwrite(str(folder / f"{number}-coat.png"), coat)
        name = "next" if number == 6 else "flag"
        cv2.imwrite(str(folder / f"{number}-{name}.png"), flag)


def shows(frames: Path, stem: str) -> str:
    """Name of the file that a kept frame came from."""
    told = json.loads((frames / f"{stem}.json").read_text())
    return str(told["name"])


def answers(log: Path) -> list[str]:
    """What was announced for the flag that nobody labelled, so far."""
    rows = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    return [row["announced"] for row in rows if row.get("name") == "6-next.png"]


def label_what_was_kept(page: webdriver.Chrome, frames: Path) -> None:
    for kind, name in (("flag", OWN), ("coat", "Coat")):
        for card in page.find_elements(By.CSS_SELECTOR, ".frame"):
            if kind in shows(frames, str(card.get_attribute("data-id"))):
                page.execute_script(
                    "arguments[0].click()", card.find_element(By.CLASS_NAME, "photo")
                )
        for entry in page.find_elements(By.CSS_SELECTOR, "#classes button"):
            if entry.text.split() and entry.find_element(By.CLASS_NAME, "name").text == name:
                entry.click()
                break
        wait_for(
            lambda name=name: text(page, "said").endswith(f": {name}."), f"{name} is a label", 120
        )


def press(page: webdriver.Chrome, button: str, told: str) -> None:
    page.find_element(By.ID, button).click()
    wait_for(lambda: told in text(page, "learned"), f"{button}: {told}", 240)


def test_see_label_learn_use_it_go_back(tmp_path: Path) -> None:
    frames, photos, log = tmp_path / "frames", tmp_path / "wardrobe", tmp_path / "log.jsonl"
    labelled_before(photos)
    before_the_camera(tmp_path / "scene")
    words = ["--source", str(tmp_path / "scene"), "--loop", "--log", str(log)]
    words += ["--save-uncertain", str(frames), "--adapt", str(photos)]
    with camera(*words) as (url, process), chromium() as page:
        page.get(f"{url}label")
        wait_for(lambda: len(list(frames.glob("*.json"))) >= 12, "frames are kept")
        page.refresh()
        # The camera takes frame after frame as fast as it can, and leaves little to the browser.
        wait_for(lambda: len(page.find_elements(By.CSS_SELECTOR, ".frame")) >= 12, "and shown", 120)
        label_what_was_kept(page, frames)
        assert len(list((photos / OWN).iterdir())) > 10
        assert OWN not in answers(log)

        press(page, "learn", "is ready")
        press(page, "use", "In use: learned-1.")
        seen = len(answers(log))
        wait_for(lambda: len(answers(log)) > seen + 1, "the next one of that kind", 60)
        assert answers(log)[-1] == OWN

        press(page, "back", "learned-1 is ready")
        time.sleep(1)  # frames on their way
        seen = len(answers(log))
        wait_for(lambda: len(answers(log)) > seen + 1, "it is asked once more", 60)
        assert answers(log)[-1] != OWN
        assert process.poll() is None
