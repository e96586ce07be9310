"""The page in a real Chromium: what a person sees, on a desk and on a phone."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("selenium", reason="needs selenium, which drives the browser")

from selenium import webdriver
from selenium.webdriver.common.by import By

from edgefmnist.camera.events import State
from edgefmnist.camera.preview import Preview
from edgefmnist.camera.preview.publisher import VIEWERS
from edgefmnist.records import LABELS, ModelInUse, Prediction
from tests import own_classes
from tests.camera.preview.browser import CHROMIUM, DRIVER, camera, chromium, emulate, text, wait_for
from tests.camera.preview.conftest import (
    OpenPreview,
    event,
    own_event,
    port_of,
    start_request,
    status,
)

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="needs chromium and chromedriver (apt install chromium-driver)",
)

NO_LABEL = "\N{EN DASH}"
PICTURES = Path(os.environ.get("EDGEFMNIST_TEST_PICTURES", "/nowhere"))
"""Where what the tests saw is saved, if it is there, to be looked at."""


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with chromium() as driver:
        yield driver


@pytest.fixture
def page(browser: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """The browser with nothing open, light and wide; and no complaint after the test."""
    emulate(browser)
    browser.get_log("browser")
    yield browser
    complaints = [
        entry["message"]
        for entry in browser.get_log("browser")
        if "net::ERR" not in entry["message"] and "status of" not in entry["message"]
    ]
    browser.get("about:blank")
    assert not complaints


@pytest.fixture
def fed(opened: OpenPreview) -> Iterator[tuple[Preview, threading.Event]]:
    """A live preview that is fed 20 frames a second, until the event is set."""
    preview, over = opened(), threading.Event()
    preview.on_status(status(State.LIVE))
    ground = np.full((240, 320, 3), 150, np.uint8)

    def feed() -> None:
        number = 0
        while not over.wait(0.05):
            preview.on_event(event(number, pixels=ground))
            number += 1

    thread = threading.Thread(target=feed)
    thread.start()
    yield preview, over
    over.set()
    thread.join()


@pytest.fixture
def lively(fed: tuple[Preview, threading.Event]) -> Preview:
    """The same, for a test that lets it live on."""
    return fed[0]


def shot(driver: webdriver.Chrome, name: str) -> np.ndarray:
    """What is on the screen, B, G, R."""
    png = driver.get_screenshot_as_png()
    if PICTURES.is_dir():
        (PICTURES / f"{name}.png").write_bytes(png)
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels)


def picture(driver: webdriver.Chrome) -> np.ndarray:
    """The camera's picture as it is shown."""
    png = driver.find_element(By.ID, "picture").screenshot_as_png
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels)


def open_page(driver: webdriver.Chrome, url: str, state: str = "live") -> None:
    driver.get(url)
    wait_for(lambda: text(driver, "state").startswith(state), f"the page says {state}")


def shown(driver: webdriver.Chrome, name: str) -> bool:
    return driver.find_element(By.ID, name).is_displayed()


def widths(driver: webdriver.Chrome) -> list[int]:
    return driver.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")


def test_the_demo_is_seen_to_live(page: webdriver.Chrome) -> None:
    with camera() as (url, process):
        open_page(page, url)
        labels, nothing = set(), {NO_LABEL, "unknown"}
        names = [line.text for line in page.find_elements(By.CSS_SELECTOR, ".name")]
        assert names == [*LABELS, "known"]
        pictures: list[np.ndarray] = []

        def changed() -> bool:
            labels.add(text(page, "label"))
            return len(labels - nothing) >= 2

        wait_for(changed, "two garments are announced", 60)
        assert labels <= {*nothing, *LABELS}
        for _ in range(3):
            pictures.append(picture(page))
            time.sleep(0.5)
        assert not np.array_equal(pictures[0], pictures[-1])
        assert all(frame.std() > 5 for frame in pictures)  # not one colour
        assert text(page, "source") == "source demo:0" and text(page, "model") == "model edge"
        assert float(text(page, "fps")) > 0 and text(page, "infer").endswith(" ms")
        assert int(text(page, "classified").replace(",", "")) > 10
        assert text(page, "temperature").endswith(("°C", "not told"))
        pixelated = "return getComputedStyle(document.getElementById('seen')).imageRendering"
        assert page.execute_script(pixelated) == "pixelated"
        shot(page, "light")
        # A process that hangs says nothing more; and one that ended neither.
        process.send_signal(signal.SIGSTOP)
        wait_for(lambda: text(page, "state") == "no connection", "silence is noticed")
        process.send_signal(signal.SIGCONT)
        wait_for(lambda: text(page, "state") == "live", "it is found again")
        process.terminate()
        wait_for(lambda: text(page, "state") == "no connection", "the end is noticed")
        assert shown(page, "trouble") and shown(page, "veil")


def test_all_that_is_told_is_seen(page: webdriver.Chrome, lively: Preview) -> None:
    open_page(page, lively.url)
    wait_for(lambda: text(page, "label") == "Coat", "the label")
    assert page.title.startswith("Coat")
    best = page.find_elements(By.CSS_SELECTOR, "#bars .best")
    assert [line.text.split() for line in best] == [["Coat", "91.0%"]]
    assert page.find_element(By.CSS_SELECTOR, "#bars .known").text.split() == ["known", "97.0%"]
    told = {name: text(page, name) for name in ("capture", "preprocess", "infer", "dropped")}
    assert told == {
        **{"capture": "3.00 ms", "preprocess": "12.00 ms", "infer": "0.40 ms", "dropped": "2"}
    }
    script = "return [...document.getElementById('seen').getContext('2d')" + (
        ".getImageData(0, 0, 28, 28).data].filter((_, at) => at % 4 == 0)"
    )
    expected = event().picture
    assert expected is not None
    assert page.execute_script(script) == expected.ravel().tolist()
    assert page.find_element(By.ID, "label").get_attribute("aria-live") == "polite"


def test_classes_of_ones_own_are_text_and_nothing_else(
    page: webdriver.Chrome, preview: Preview
) -> None:
    open_page(page, preview.url)
    preview.on_event(own_event(1))
    wait_for(lambda: text(page, "label") == "<b>x</b>", "the label of another model")
    names = [line.text for line in page.find_elements(By.CSS_SELECTOR, ".name")]
    assert names == [*own_classes.LABELS, "known"] and text(page, "model") == "model own"
    best = page.find_elements(By.CSS_SELECTOR, "#bars .best")
    assert [line.text.split() for line in best] == [["<b>x</b>", "70.0%"]]
    assert not page.find_elements(By.TAG_NAME, "b")
    long = tuple(f"{number} {'long ' * 7}name"[:40] for number in range(40))
    many = ModelInUse(name="many", labels=long)
    top = tuple((label, 1 / 40) for label in long)
    answer = Prediction.named(label_index=0, known=0.9, top=top, latency_ns=1)
    preview.on_event(
        dataclasses.replace(event(2), announced=long[0], model=many, prediction=answer)
    )
    wait_for(lambda: text(page, "label") == long[0], "a long label")
    across, window = widths(page)
    assert across <= window
    shot(page, "own-classes")


def test_a_stale_camera_is_seen_to_be_stale(
    page: webdriver.Chrome, fed: tuple[Preview, threading.Event]
) -> None:
    preview, over = fed
    open_page(page, preview.url)
    wait_for(lambda: picture(page).mean() > 100, "a bright picture")
    assert not shown(page, "veil")
    over.set()
    preview.on_status(status(State.STALE, fault="no-frame", detail="no frame came in time"))
    wait_for(lambda: text(page, "state").startswith("stale"), "stale is told")
    wait_for(lambda: picture(page).mean() < 60, "the picture is dimmed")
    assert shown(page, "veil") and "no frame came in time" in text(page, "veil")
    assert text(page, "announced") == "Last announced"
    assert page.title.startswith("not live")
    wait_for(lambda: "for 2 s" in text(page, "veil"), "it tells for how long")
    shot(page, "stale")
    preview.on_status(status(State.LIVE, restarts=1))
    preview.on_event(event(label="Bag", pixels=np.full((240, 320, 3), 150, np.uint8)))
    wait_for(lambda: text(page, "state") == "live", "live again")
    wait_for(lambda: picture(page).mean() > 100, "bright again")
    assert text(page, "restarts") == "1" and text(page, "label") == "Bag"


def test_a_phone_needs_no_sideways_scrolling(page: webdriver.Chrome, lively: Preview) -> None:
    for width in (390, 320):
        emulate(page, width=width)
        open_page(page, lively.url)
        wait_for(lambda: text(page, "label") == "Coat", "the label")
        inside, window = widths(page)
        assert inside <= window == width
        shot(page, f"phone_{width}")
        lively.on_status(status(State.RESTARTING, fault="unavailable", detail="/dev/" + "x" * 90))
        wait_for(lambda: text(page, "state").startswith("restarting"), "restarting")
        assert widths(page)[0] <= width
        lively.on_status(status(State.LIVE))
        lively.on_event(event(1))


def contrast(driver: webdriver.Chrome, selector: str) -> float:
    """WCAG 2.1's contrast ratio between an element's text and the ground behind it."""
    script = """
    const element = document.querySelector(arguments[0]);
    const ink = getComputedStyle(element).color;
    let behind = element;
    while (/, 0\\)$/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    return [ink, getComputedStyle(behind).backgroundColor];
    """
    luminances = []
    for colour in driver.execute_script(script, selector):
        levels = np.array([float(x) for x in colour.strip("rgba()").split(",")[:3]]) / 255
        linear = np.where(levels <= 0.03928, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
        luminances.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes_can_be_read(page: webdriver.Chrome, lively: Preview, scheme: str) -> None:
    emulate(page, scheme=scheme)
    open_page(page, lively.url)
    wait_for(lambda: text(page, "label") == "Coat", "the label")
    corner = shot(page, scheme)[:20, :20].mean()
    assert corner > 220 if scheme == "light" else corner < 40
    for selector in ("#label", "#source", "#state", "dt", "dd", ".share", "h2", "figcaption"):
        assert contrast(page, selector) >= 4.5, selector
    lively.on_status(status(State.FAILED, fault="unavailable", detail="gone"))
    wait_for(lambda: text(page, "state").startswith("failed"), "failed")
    for selector in ("#state", "#label", "#announced"):
        assert contrast(page, selector) >= 4.5, selector


def test_a_browser_logs_in_once(page: webdriver.Chrome, opened: OpenPreview) -> None:
    secret = "correct-horse-battery-staple"
    preview = opened(token=secret)
    preview.on_status(status(State.LIVE))
    preview.on_event(event())
    page.get(preview.url)
    wait_for(lambda: page.find_elements(By.NAME, "token"), "it asks for the token")
    shot(page, "token")
    page.find_element(By.NAME, "token").send_keys(secret)
    page.find_element(By.TAG_NAME, "button").click()
    wait_for(lambda: text(page, "state") == "live", "it is let in")
    assert "token" not in page.current_url
    assert secret not in page.execute_script("return document.cookie")
    open_page(page, preview.url)


def test_who_finds_no_place_is_told_so_and_gets_the_next(
    page: webdriver.Chrome, lively: Preview
) -> None:
    viewers = [
        start_request(lively, path) for _ in range(VIEWERS) for path in ("/events", "/stream.mjpg")
    ]
    page.get(lively.url)
    wait_for(lambda: "As many viewers" in text(page, "trouble"), "it is told")
    assert shown(page, "trouble")
    for viewer in viewers:
        viewer.close()
    wait_for(lambda: text(page, "state") == "live", "it gets a place")
    wait_for(lambda: picture(page).mean() > 60, "and the picture")
    assert not shown(page, "trouble")


def break_off(preview: Preview) -> None:
    """Cut the page's picture stream as a network does."""
    server = preview._server
    for connection in list(server._server.server_state.connections):
        if connection.cycle and connection.cycle.scope["path"] == "/stream.mjpg":
            connection.transport.abort()
    wait_for(lambda: not server._publisher.pictures.viewers, "the stream broke off")


def test_a_picture_that_broke_off_is_asked_for_again(
    page: webdriver.Chrome, lively: Preview
) -> None:
    open_page(page, lively.url)
    wait_for(lambda: picture(page).mean() > 60, "the picture")
    break_off(lively)
    pictures = lively._server._publisher.pictures
    wait_for(lambda: pictures.viewers == 1, "the page asks again")
    wait_for(lambda: not shown(page, "veil"), "the picture is live again")


def test_a_picture_that_stands_still_is_not_shown_as_live(
    page: webdriver.Chrome, lively: Preview
) -> None:
    open_page(page, lively.url)
    wait_for(lambda: picture(page).mean() > 60, "the picture")
    bright = picture(page).mean()
    break_off(lively)
    places = [start_request(lively, "/stream.mjpg") for _ in range(VIEWERS)]
    wait_for(lambda: shown(page, "veil"), "it is told")
    assert "no picture" in text(page, "veil") and text(page, "state") == "live"
    assert picture(page).mean() < 0.8 * bright
    for place in places:
        place.close()
    wait_for(lambda: not shown(page, "veil"), "a place is free")


def test_a_preview_that_ended_and_came_back_is_found_again(
    page: webdriver.Chrome, lively: Preview, opened: OpenPreview
) -> None:
    open_page(page, lively.url)
    lively.close()
    wait_for(lambda: text(page, "state") == "no connection", "the loss is told")
    assert shown(page, "trouble")
    again = opened(f"127.0.0.1:{port_of(lively)}")
    again.on_status(status(State.LIVE))
    again.on_event(event(label="Dress"))
    wait_for(lambda: text(page, "label") == "Dress", "the new run is seen")
    wait_for(lambda: picture(page).mean() > 60, "and its picture")
    assert text(page, "state") == "live"
