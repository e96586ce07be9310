"""Ways in, in a real Chromium: the form, and a link on another site."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="needs selenium, which drives the browser")

from selenium import webdriver
from selenium.webdriver.common.by import By

from edgefmnist.camera.events import State
from edgefmnist.camera.preview import Preview
from tests.camera.preview.browser import CHROMIUM, DRIVER, chromium, text, wait_for
from tests.camera.preview.conftest import OpenPreview, event, port_of, status

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="needs chromium and chromedriver (apt install chromium-driver)",
)

SECRET = "correct-horse-battery-staple"
NAMES = "--host-resolver-rules=MAP *.test 127.0.0.1"


@pytest.fixture
def locked(opened: OpenPreview) -> Preview:
    preview = opened(token=SECRET)
    preview.on_status(status(State.LIVE))
    preview.on_event(event())
    return preview


@pytest.fixture
def dashboard(locked: Preview) -> Iterator[str]:
    """Another site, with links to the camera."""
    camera = f"http://camera.test:{port_of(locked)}/"
    page = (
        f"<!doctype html><title>dashboard</title><a id=plain href={camera}>camera</a>"
        f"<a id=keyed href={camera}?token={SECRET}>camera</a>"
        f"<img id=stolen src={camera}stream.mjpg>"
    ).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://dashboard.test:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def log_in(driver: webdriver.Chrome, token: str) -> None:
    wait_for(lambda: driver.find_elements(By.ID, "token"), "it asks for the token")
    driver.find_element(By.ID, "token").send_keys(token)
    driver.find_element(By.TAG_NAME, "button").click()


def click(driver: webdriver.Chrome, site: str, link: str) -> None:
    driver.get(site)
    wait_for(lambda: driver.find_elements(By.ID, link), "the other site is there")
    driver.find_element(By.ID, link).click()


def test_the_token_typed_into_the_form_is_in_no_history(locked: Preview, tmp_path: Path) -> None:
    with chromium(NAMES, profile=tmp_path) as driver:
        driver.get(f"http://camera.test:{port_of(locked)}/")
        log_in(driver, "a-token-that-is-wrong")
        wait_for(lambda: "not the right one" in driver.page_source, "it says that it is wrong")
        log_in(driver, SECRET)
        wait_for(lambda: text(driver, "source"), "it is let in")
        assert driver.current_url == f"http://camera.test:{port_of(locked)}/"
        assert driver.execute_script("return document.cookie + document.referrer") == ""
    visited = sqlite3.connect(tmp_path / "Default" / "History").execute("SELECT url FROM urls")
    assert {url for (url,) in visited} == {f"http://camera.test:{port_of(locked)}/"}
    held = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in held if SECRET.encode() in file.read_bytes()]


def test_a_link_on_another_site_leads_in(locked: Preview, dashboard: str) -> None:
    with chromium(NAMES) as driver:
        click(driver, dashboard, "plain")
        wait_for(lambda: driver.find_elements(By.ID, "token"), "without a token it asks")
        click(driver, dashboard, "keyed")
        wait_for(lambda: text(driver, "source"), "with the right one it leads in")
        assert driver.current_url == f"http://camera.test:{port_of(locked)}/"
        assert driver.execute_script("return document.referrer") == ""
        click(driver, dashboard, "plain")  # and from then on without
        wait_for(lambda: text(driver, "source"), "who holds the cookie is let in")
        # What the other site embeds is not let in with it.
        driver.get(dashboard)
        size = "const image = document.getElementById('stolen'); return [image.complete, "
        size += "image.naturalWidth]"
        wait_for(lambda: driver.execute_script(size)[0], "the picture was asked for")
        assert driver.execute_script(size)[1] == 0
