"""Pictures and messages: the newest, made once for all, and never pretending."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from edgefmnist.camera.events import State
from edgefmnist.camera.preview import Preview, pictures
from edgefmnist.camera.preview.publisher import VIEWERS
from edgefmnist.records import LABELS
from tests import own_classes
from tests.camera.conftest import number_of, numbered
from tests.camera.preview.browser import wait_for
from tests.camera.preview.conftest import (
    OpenPreview,
    ask,
    event,
    next_message,
    next_picture,
    own_event,
    start_request,
    status,
)


@pytest.fixture
def running(opened: OpenPreview) -> Iterator[Preview]:
    """One that is fed numbered frames, 50 a second."""
    preview, over = opened(), threading.Event()
    preview.on_status(status(State.LIVE))
    preview.on_event(event(0, pixels=numbered(0)))

    def feed() -> None:
        number = 1
        while not over.wait(0.02):
            preview.on_event(event(number, pixels=numbered(number % 4096)))
            number += 1

    thread = threading.Thread(target=feed)
    thread.start()
    yield preview
    over.set()
    thread.join()


def test_pictures_are_the_frames_in_order(running: Preview) -> None:
    response = start_request(running, "/stream.mjpg")
    assert response.headers["content-type"].startswith("multipart/x-mixed-replace; boundary=")
    numbers = [number_of(next_picture(response)) for _ in range(8)]
    assert numbers == sorted(set(numbers))
    response.close()


def test_opencv_reads_the_stream_as_it_reads_a_network_camera(running: Preview) -> None:
    capture = cv2.VideoCapture(f"{running.url}stream.mjpg")
    numbers = []
    for _ in range(5):
        read, pixels = capture.read()
        assert read
        numbers.append(number_of(np.asarray(pixels, np.uint8)))
    capture.release()
    assert numbers == sorted(set(numbers))


def test_messages_tell_the_whole_frame(preview: Preview) -> None:
    response = start_request(preview, "/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    about = next_message(response, "about")
    assert (about["source"], about["model"]) == ("demo:0", "edge")
    told = next_message(response)
    assert told["state"] == "live" and told["live"] is True and told["dropped"] == 2
    frame = told["frame"]
    assert isinstance(frame, dict)
    assert frame["announced"] == "Coat" and frame["scores"][4] == 0.91
    assert len(frame["scores"]) == len(about["labels"]) == 10  # type: ignore[arg-type]
    assert base64.b64decode(frame["picture"]) == event().picture.tobytes()  # type: ignore[union-attr]
    assert (frame["capture_ms"], frame["infer_ms"], frame["fps"]) == (3.0, 0.4, 30.0)
    response.close()


def test_without_news_both_are_repeated(preview: Preview) -> None:
    shown, told = start_request(preview, "/stream.mjpg"), start_request(preview, "/events")
    assert np.array_equal(next_picture(shown), next_picture(shown))
    ages = [next_message(told)["frame_age_s"] for _ in range(3)]
    assert ages == sorted(ages)
    shown.close()
    told.close()


def test_a_camera_that_is_not_live_shows_in_picture_and_message(preview: Preview) -> None:
    shown, told = start_request(preview, "/stream.mjpg"), start_request(preview, "/events")
    before = next_picture(shown)
    assert next_message(told)["live"] is True
    preview.on_status(status(State.STALE, fault="no-frame", detail="no frame for 2 s"))
    wait_for(lambda: next_message(told)["state"] == "stale", "stale is told")
    message = next_message(told)
    assert message["live"] is False and message["detail"] == "no frame for 2 s"
    after = next_picture(shown)
    while np.array_equal(after, before):
        after = next_picture(shown)
    ground = np.s_[:60, 110:]  # beside box and words
    assert after[ground].mean() < 0.6 * before[ground].mean()
    assert after[100:].max() > 200  # the words
    preview.on_status(status(State.LIVE, restarts=1))
    preview.on_event(event(1))
    wait_for(lambda: np.array_equal(next_picture(shown), before), "the picture is bright again")
    shown.close()
    told.close()


def test_before_the_first_frame_there_is_a_picture_that_says_so(opened: OpenPreview) -> None:
    preview = opened()
    preview.on_status(status(State.STARTING))
    response = start_request(preview, "/stream.mjpg")
    assert next_picture(response).shape == (480, 640, 3)
    response.close()
    message = next_message(start_request(preview, "/events"))
    assert message["state"] == "starting" and message["frame"] is None


def test_pictures_are_made_once_for_all_and_only_while_somebody_looks(
    running: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    whole = pictures.draw

    def draw(shown: object, mark: str) -> bytes:
        drawn.append(threading.get_ident())
        return whole(shown, mark)  # type: ignore[arg-type]

    monkeypatch.setattr(pictures, "draw", draw)
    time.sleep(0.5)
    assert not drawn
    viewers = [start_request(running, "/stream.mjpg") for _ in range(3)]
    seen = [[number_of(next_picture(viewer)) for _ in range(6)] for viewer in viewers]
    for viewer in viewers:
        viewer.close()
    assert len(drawn) < sum(map(len, seen))
    assert threading.get_ident() not in drawn and len(set(drawn)) == 1
    wait_for(lambda: not running._server._publisher.pictures.viewers, "they are gone")
    time.sleep(0.3)
    quiet = len(drawn)
    time.sleep(0.5)
    assert len(drawn) == quiet


def test_who_comes_later_is_not_shown_what_the_last_viewer_saw(running: Preview) -> None:
    first = start_request(running, "/stream.mjpg")
    last = number_of(next_picture(first))
    first.close()
    wait_for(lambda: not running._server._publisher.pictures.viewers, "the first is gone")
    time.sleep(1)
    assert number_of(next_picture(start_request(running, "/stream.mjpg"))) > last + 10


@pytest.mark.parametrize("path", ["/stream.mjpg", "/events"])
def test_more_viewers_than_places_are_sent_away_until_one_leaves(
    preview: Preview, path: str
) -> None:
    viewers = [start_request(preview, path) for _ in range(VIEWERS)]
    assert all(viewer.status == 200 for viewer in viewers)
    refused = ask(preview, path)
    assert refused.status == 503 and int(refused.headers["retry-after"]) > 0
    assert ask(preview, path, method="HEAD").status == 503
    assert ask(preview, "/healthz").status == 200
    viewers.pop().close()
    wait_for(lambda: ask(preview, path, method="HEAD").status == 200, "a place is free")
    assert start_request(preview, path).status == 200


def test_a_page_is_told_of_another_models_classes_before_its_scores(preview: Preview) -> None:
    response = start_request(preview, "/events")
    first = next_message(response, "about")
    assert (first["model"], first["labels"]) == ("edge", list(LABELS))
    assert len(next_message(response)["frame"]["scores"]) == 10  # type: ignore[index]
    preview.on_event(own_event(1))
    # Nothing is skipped here: the very next message of either kind that differs is the new one.
    while (line := response.readline().strip()) != b"event: about":
        if line.startswith(b"data:"):
            assert json.loads(line[5:])["frame"]["number"] == 0
    told = json.loads(response.readline().partition(b":")[2])
    assert (told["model"], told["labels"]) == ("own", list(own_classes.LABELS))
    frame = next_message(response)["frame"]
    assert frame["announced"] == "<b>x</b>"  # type: ignore[index]
    assert frame["scores"] == [0.06, 0.2, 0.7, 0.04]  # type: ignore[index]
    response.close()
    late = start_request(preview, "/events")
    assert next_message(late, "about")["labels"] == list(own_classes.LABELS)
    late.close()


def test_healthz_is_503_unless_live_and_tells_no_more_than_the_state(opened: OpenPreview) -> None:
    preview = opened()
    assert ask(preview, "/healthz").status == 503
    preview.on_status(status(State.LIVE))
    assert ask(preview, "/healthz").status == 503
    preview.on_event(event())
    assert ask(preview, "/healthz").status == 200
    preview.on_status(status(State.RESTARTING, fault="black", detail="secret place"))
    answer = ask(preview, "/healthz")
    assert answer.status == 503 and '"restarting"' in answer.body and '"black"' in answer.body
    assert "secret" not in answer.body


def test_large_frames_are_sent_small_with_the_box_where_it_was() -> None:
    pixels = np.full((2160, 3840, 3), 128, np.uint8)
    shown = event(pixels=pixels)
    object.__setattr__(shown, "box", (1200, 600, 900, 900))
    jpeg = pictures.draw(shown, "")
    small = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert small is not None and small.shape == (360, 640, 3) and len(jpeg) < 100_000
    green = (small[..., 1] > 180) & (small[..., 2] < 140)
    rows, columns = np.nonzero(green)
    edges = (columns.min(), rows.min(), columns.max(), rows.max())
    assert np.abs(np.subtract(edges, (200, 100, 349, 249))).max() <= 3
    assert np.array_equal(pixels, np.full_like(pixels, 128))  # drawn on a copy


def test_grey_odd_and_tiny_frames_are_drawn_too() -> None:
    for shape in ((1, 1, 3), (7, 9, 3), (480, 641, 3), (3000, 20, 3), (2, 5000, 3)):
        shown = event(pixels=np.zeros(shape, np.uint8))
        for mark in ("", "stale"):
            assert pictures.draw(shown, mark).startswith(b"\xff\xd8")
