"""A real Chromium and a real ``edgefmnist camera --preview``, for tests and for the README."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By

DRIVER = shutil.which("chromedriver")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-first-run", "--hide-scrollbars", "--window-size=1280,900"),
)


@contextlib.contextmanager
def chromium(*flags: str, profile: Path | None = None) -> Iterator[webdriver.Chrome]:
    """A headless browser with a profile of its own; console messages are kept."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM or ""
        for flag in (*_FLAGS, f"--user-data-dir={profile or scratch}", *flags):
            options.add_argument(flag)
        options.page_load_strategy = "none"  # a page with a stream in it never ends loading
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(executable_path=DRIVER)
        driver = webdriver.Chrome(options=options, service=service)
        try:
            yield driver
        finally:
            driver.quit()


@contextlib.contextmanager
def camera(*words: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``edgefmnist camera --source demo --preview 127.0.0.1:0``; yields its url and process."""
    command = [sys.executable, "-m", "edgefmnist", "camera", "--source", "demo", "--jsonl"]
    process = subprocess.Popen(
        [*command, "--preview", "127.0.0.1:0", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    assert process.stderr is not None
    try:
        told = []
        for line in process.stderr:
            told.append(line)
            if found := re.match(r"preview: (http://\S+)", line):
                break
        else:
            raise AssertionError(f"no preview: {''.join(told)}")
        # Read on: a full pipe would stop it.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield found[1], process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Come back when `condition` holds; fail after a time that only a defect takes."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def text(driver: webdriver.Chrome, name: str) -> str:
    """What stands in the element of that id, shown or not; empty before the page is there."""
    found = driver.find_elements(By.ID, name)
    return (found[0].get_attribute("textContent") or "") if found else ""


def emulate(driver: webdriver.Chrome, *, scheme: str = "light", width: int = 0) -> None:
    """The colour scheme that the user chose, the width of a phone, and bars that do not glide."""
    features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    told = [{"name": name, "value": value} for name, value in features.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": told})
    if width:
        phone = {"width": width, "height": 844, "deviceScaleFactor": 2, "mobile": True}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    else:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
