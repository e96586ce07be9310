"""The page to label on, in a real Chromium: by mouse, keys and touch, on a desk and on a phone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("selenium", reason="needs selenium, which drives the browser")

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from edgefmnist.camera.labelling import LabelPage
from edgefmnist.camera.labelling.kept import KeptFrame
from edgefmnist.camera.labelling.labels import Labelling
from edgefmnist.camera.preview import Preview, open_preview
from edgefmnist.camera.preview.tokens import VARIABLE
from edgefmnist.records import LABELS, ModelInUse
from tests.camera.labelling.conftest import keep, label_page, stem_of, tree
from tests.camera.preview.browser import CHROMIUM, DRIVER, camera, chromium, emulate, text, wait_for
from tests.camera.preview.test_page import contrast, page, shot, shown, widths  # noqa: F401

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="needs chromium and chromedriver (apt install chromium-driver)",
)
SCENE = np.full((240, 320, 3), 225, np.uint8)
cv2.rectangle(SCENE, (100, 50), (220, 190), (60, 40, 30), -1)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with chromium() as driver:
        yield driver


@pytest.fixture
def label(tmp_path: Path) -> LabelPage:
    for number in range(8):
        label = LABELS[number]
        keep(tmp_path / "frames", number, label=label, score=0.2 + number / 20, pixels=SCENE)
    return label_page(tmp_path / "frames", tmp_path / "wardrobe")


@pytest.fixture
def labelling(label: LabelPage) -> Labelling:
    return label.labelling


@pytest.fixture
def served(label: LabelPage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Preview]:
    monkeypatch.delenv(VARIABLE, raising=False)
    preview = open_preview("127.0.0.1:0", label, source="demo", model=ModelInUse(name="edge"))
    yield preview
    preview.close()


def open_label(driver: webdriver.Chrome, preview: Preview, frames: int = 8) -> None:
    driver.get(f"{preview.url}label")
    driver.execute_script("sessionStorage.clear()")
    wait_for(lambda: len(cards(driver)) == frames, f"{frames} frames")


def cards(driver: webdriver.Chrome) -> list[str]:
    """The frames shown, in their order."""
    script = "return [...document.querySelectorAll('.frame')].map((card) => card.dataset.id)"
    return list(driver.execute_script(script))


def press(driver: webdriver.Chrome, *keys: str) -> None:
    ActionChains(driver).send_keys(*keys).perform()


def labels_in(photos: Path) -> dict[str, str]:
    """The folder of each photo, by its stem."""
    return {Path(name).stem: name.split("/")[0] for name in tree(photos) if name.endswith(".jpg")}


def click(driver: webdriver.Chrome, selector: str, word: str = "") -> None:
    for found in driver.find_elements(By.CSS_SELECTOR, selector):
        if word in found.text:
            found.click()
            return
    raise AssertionError(f"no {selector} with {word}")


def test_keys_label_one_frame_after_the_other(
    page: webdriver.Chrome,  # noqa: F811
    served: Preview,
    tmp_path: Path,
) -> None:
    open_label(page, served)
    assert cards(page) == [stem_of(number) for number in range(8)]
    assert text(page, "waiting") == "8 frames to label"
    press(page, "4")
    wait_for(lambda: len(cards(page)) == 7, "the first one is labelled")
    press(page, "u")
    wait_for(lambda: len(cards(page)) == 6, "the second one too")
    press(page, "x")
    wait_for(lambda: len(cards(page)) == 5, "the third one is discarded")
    assert labels_in(tmp_path / "wardrobe") == {stem_of(0): "Coat", stem_of(1): "unknown"}
    press(page, "z")
    wait_for(lambda: len(cards(page)) == 6, "it is back")
    page.find_element(By.ID, "undo").click()
    wait_for(lambda: len(cards(page)) == 7, "the second one is too")
    assert labels_in(tmp_path / "wardrobe") == {stem_of(0): "Coat"}
    assert text(page, "said") == "One frame is back."


def test_many_at_once_and_a_class_of_ones_own(
    page: webdriver.Chrome,  # noqa: F811
    served: Preview,
    tmp_path: Path,
) -> None:
    open_label(page, served)
    photos = page.find_elements(By.CSS_SELECTOR, ".frame .photo")
    photos[1].click()
    ActionChains(page).key_down(Keys.SHIFT).click(photos[3]).key_up(Keys.SHIFT).perform()
    assert text(page, "these") == "All 3 of these are …"
    click(page, "#classes button", "New class")
    page.find_element(By.ID, "name").send_keys("../x")
    press(page, Keys.ENTER)
    wait_for(lambda: "no slash" in text(page, "trouble"), "it is refused, and why")
    name = page.find_element(By.ID, "name")
    name.clear()
    name.send_keys("<b>Hüte</b>"[:8])
    press(page, Keys.ENTER)
    wait_for(lambda: len(cards(page)) == 5, "three are labelled")
    assert set(labels_in(tmp_path / "wardrobe").values()) == {"<b>Hüte<"}
    assert "<b>Hüte<" in text(page, "classes") and not shown(page, "trouble")
    page.find_element(By.ID, "all").click()
    assert text(page, "these") == "All 5 of these are …"
    shot(page, "label_all")
    click(page, "#classes button", "Bag")
    wait_for(lambda: shown(page, "none"), "nothing is left")
    page.find_element(By.ID, "undo").click()
    wait_for(lambda: len(cards(page)) == 5, "five are back")
    page.find_element(By.ID, "undo").click()
    wait_for(lambda: len(cards(page)) == 8, "all are back")


def test_a_phone_corrects_an_answer_in_one_touch(
    page: webdriver.Chrome,  # noqa: F811
    served: Preview,
    tmp_path: Path,
) -> None:
    for width in (390, 320):
        emulate(page, width=width)
        open_label(page, served)
        inside, window = widths(page)
        assert inside <= window == width
        assert not shown(page, "palette")
        small = "return [...document.querySelectorAll('button, nav a')].filter((one) => " + (
            "one.offsetHeight && one.offsetHeight < 44).length"
        )
        assert page.execute_script(small) == 0  # all can be hit by a finger
    press(page, "n")  # of a keyboard that is connected: it is typed into the field that opens
    page.switch_to.active_element.send_keys("x2")
    assert page.find_element(By.ID, "name").get_attribute("value") == "x2"
    press(page, Keys.ESCAPE)
    assert not shown(page, "palette") and len(cards(page)) == 8
    shot(page, "label_phone")
    first = page.find_element(By.CSS_SELECTOR, ".frame")
    other = first.find_elements(By.CSS_SELECTOR, ".guess")[1]
    wanted = other.find_element(By.CSS_SELECTOR, ".name").text
    page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", other)
    box = page.execute_script("return arguments[0].getBoundingClientRect().toJSON()", other)
    point = [{"x": box["x"] + 40, "y": box["y"] + 15}]
    for kind, points in (("touchStart", point), ("touchEnd", [])):
        page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    wait_for(lambda: len(cards(page)) == 7, "it is labelled")
    page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    (folder,) = labels_in(tmp_path / "wardrobe").values()
    assert folder == wanted.replace("/", "_")
    click(page, ".frame .other")
    assert shown(page, "palette")
    shot(page, "label_phone_palette")
    assert widths(page)[0] <= 320


def test_another_browser_was_first(
    page: webdriver.Chrome,  # noqa: F811
    served: Preview,
    labelling: Labelling,
    tmp_path: Path,
) -> None:
    open_label(page, served)
    page.execute_script("refresh = async () => {}")  # it has not heard of it yet
    labelling.label([stem_of(0)], "Dress", LABELS)
    press(page, "4")
    wait_for(lambda: "somebody else" in text(page, "said"), "it is told")
    assert stem_of(0) not in cards(page)
    assert labels_in(tmp_path / "wardrobe") == {stem_of(0): "Dress"}


def test_what_changes_elsewhere_is_seen(
    page: webdriver.Chrome,  # noqa: F811
    served: Preview,
    labelling: Labelling,
    tmp_path: Path,
) -> None:
    open_label(page, served)
    labelling.label([stem_of(3)], "Dress", LABELS)
    keep(tmp_path / "frames", 20, score=0.11, pixels=SCENE)
    wait_for(lambda: stem_of(3) not in cards(page), "one is gone")
    # A new one comes last, though it is the most informative: nothing moves under a finger.
    assert cards(page)[-1] == stem_of(20) and cards(page)[0] == stem_of(0)
    served.close()
    wait_for(lambda: shown(page, "trouble"), "the loss is told")


def test_a_camera_that_answers_late_is_waited_for(
    page: webdriver.Chrome,  # noqa: F811
    served: Preview,
    labelling: Labelling,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Later than the page would ask for the next time: asked at a pace, it never showed any."""
    frames = labelling.frames

    def late() -> list[KeptFrame]:
        time.sleep(6)
        return frames()

    monkeypatch.setattr(labelling, "frames", late)
    open_label(page, served)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes_can_be_read(
    page: webdriver.Chrome,  # noqa: F811
    served: Preview,
    scheme: str,
) -> None:
    emulate(page, scheme=scheme)
    open_label(page, served)
    loaded = "return [...document.images].every((one) => one.complete && one.naturalWidth)"
    wait_for(lambda: page.execute_script(loaded), "the pictures")
    shot(page, f"label_{scheme}")
    for selector in ("#waiting", ".said strong", ".said span", ".guess .name", ".guess .share"):
        assert contrast(page, selector) >= 4.5, selector
    for selector in (".more button", "#these", "#classes kbd", "#classes .discard", "nav a"):
        assert contrast(page, selector) >= 4.5, selector


def test_the_camera_keeps_a_frame_at_the_press_of_a_button(
    page: webdriver.Chrome,  # noqa: F811
    tmp_path: Path,
) -> None:
    frames, photos = tmp_path / "frames", tmp_path / "wardrobe"
    words = ("--save-uncertain", str(frames), "--adapt", str(photos), "--realtime")
    with camera(*words) as (url, _):
        page.get(url)
        wait_for(lambda: text(page, "state") == "live", "live")
        page.find_element(By.ID, "keep").click()
        wait_for(lambda: "waits for its label" in text(page, "kept"), "it is kept")
        number = int(text(page, "kept").split()[1])

        def kept() -> list[int]:
            told = [json.loads(path.read_text()) for path in frames.glob("edgefmnist-*.json")]
            return [one["frame"] for one in told if one["why"] == "kept"]

        wait_for(lambda: kept() == [number], "it is on the disk")
        page.find_element(By.CSS_SELECTOR, "#pages a").click()
        wait_for(lambda: cards(page), "it can be labelled")
        wait_for(lambda: page.find_elements(By.CSS_SELECTOR, ".asked"), "kept by you")
        press(page, "7")
        wait_for(lambda: list(photos.glob("Sneaker/*.jpg")), "its label is a file")
