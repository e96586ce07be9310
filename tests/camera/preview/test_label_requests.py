"""What the page ``/label`` asks for, on the wire: frames, changes, and who may change anything."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgefmnist.camera.events import CameraEvent, State
from edgefmnist.camera.pictures.finding import finding_fields
from edgefmnist.camera.preview import Preview, label_requests, open_preview
from edgefmnist.camera.preview.tokens import VARIABLE
from edgefmnist.records import LABELS, ModelInUse
from tests import own_classes
from tests.camera.labelling.conftest import keep, label_page, tree
from tests.camera.preview.conftest import (
    Answer,
    OpenPreview,
    ask,
    event,
    own_event,
    port_of,
    status,
)

SECRET = "correct-horse/battery+staple="
OURS = {"X_Edgefmnist": "label", "Content_Type": "application/json"}
READING = (
    *("/label", "/label.js", "/label_learn.js", "/label.css", "/label/frames"),
    *("/label/photo/x.jpg", "/label/learning"),
)
WRITING = (
    *("/label/set", "/label/throw", "/label/undo", "/label/keep"),
    *("/label/learn", "/label/stop", "/label/use", "/label/back"),
)

OpenLabelling = Callable[..., Preview]


@pytest.fixture
def kept() -> list[CameraEvent]:
    """Events that were to be kept."""
    return []


@pytest.fixture
def labelled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: list[CameraEvent]
) -> Iterator[OpenLabelling]:
    """Open previews with a page to label on, between frames/ and wardrobe/ of the test's folder."""
    previews: list[Preview] = []

    def start(token: str | None = None) -> Preview:
        monkeypatch.delenv(VARIABLE, raising=False)
        if token is not None:
            monkeypatch.setenv(VARIABLE, token)

        def keep_it(one: CameraEvent) -> bool:
            kept.append(one)
            return len(kept) < 3

        label = label_page(tmp_path / "frames", tmp_path / "wardrobe", keep_it)
        previews.append(
            open_preview("127.0.0.1:0", label, source="demo", model=ModelInUse(name="edge"))
        )
        return previews[-1]

    yield start
    for preview in previews:
        preview.close()


def send(preview: Preview, path: str, told: Any, **headers: str) -> Answer:
    """A change as our page asks for it."""
    return ask(preview, path, "POST", json.dumps(told), **{**OURS, **headers})


def frames_of(preview: Preview, query: str = "") -> dict[str, Any]:
    told: dict[str, Any] = json.loads(ask(preview, f"/label/frames{query}").body)
    return told


def test_without_the_option_nothing_of_it_is_there(asked: Preview) -> None:
    for path in READING:
        assert ask(asked, path).status == 404, path
    for path in WRITING:
        assert send(asked, path, {}).status == 404, path
    assert "labelling" in ask(asked, "/page.js").body


def test_classes_to_choose_from_are_those_of_the_model_in_use(labelled: OpenLabelling) -> None:
    preview = labelled()
    assert [one["name"] for one in frames_of(preview)["classes"]] == [*LABELS, "unknown"]
    preview.on_event(own_event(1))
    names = [one["name"] for one in frames_of(preview)["classes"]]
    assert names == [*own_classes.LABELS, "unknown"]


def test_frames_are_listed_labelled_and_brought_back(
    labelled: OpenLabelling, tmp_path: Path
) -> None:
    preview = labelled()
    doubtful, sure = (
        keep(tmp_path / "frames", 1, score=0.2),
        keep(tmp_path / "frames", 2, score=0.9),
    )
    told = frames_of(preview)
    assert [one["id"] for one in told["frames"]] == [doubtful, sure] and told["total"] == 2
    assert told["frames"][0]["top"][0] == ["Coat", 0.2] and len(told["frames"][0]["top"]) == 3
    assert [one["name"] for one in told["classes"]] == [*LABELS, "unknown"]
    assert frames_of(preview, f"?since={told['version']}") == {"version": told["version"]}
    assert len(frames_of(preview, "?limit=1")["frames"]) == 1
    for limit in ("-1", "x", "1e9", "9" * 30):
        assert len(frames_of(preview, f"?limit={limit}")["frames"]) == 2

    done = json.loads(send(preview, "/label/set", {"frames": [sure], "class": "Hut"}).body)
    assert done["moved"] == [sure] and (tmp_path / "wardrobe" / "Hut" / f"{sure}.jpg").exists()
    after = frames_of(preview)
    assert after["total"] == 1 and after["version"] != told["version"]
    assert after["classes"][-1] == {"name": "Hut", "pictures": 1, "own": True}
    assert send(preview, "/label/undo", {"action": done["action"]}).status == 200
    assert send(preview, "/label/undo", {"action": done["action"]}).status == 409
    assert frames_of(preview)["total"] == 2
    assert send(preview, "/label/throw", {"frames": [sure, doubtful]}).status == 200
    assert frames_of(preview)["total"] == 0


def test_a_frame_that_is_already_labelled_answers_409(
    labelled: OpenLabelling, tmp_path: Path
) -> None:
    preview = labelled()
    one, other = keep(tmp_path / "frames", 1), keep(tmp_path / "frames", 2)
    assert send(preview, "/label/set", {"frames": [one], "class": "Coat"}).status == 200
    answer = send(preview, "/label/set", {"frames": [one, other], "class": "Bag"})
    told = json.loads(answer.body)
    assert answer.status == 409 and (told["moved"], told["gone"]) == ([other], [one])
    assert "somebody else" in told["error"]


def test_many_browsers_at_once_lose_no_label(labelled: OpenLabelling, tmp_path: Path) -> None:
    preview = labelled()
    stems = [keep(tmp_path / "frames", number) for number in range(24)]
    answers: list[tuple[int, dict[str, Any]]] = []

    def label(name: str) -> None:
        for stem in stems:
            answer = send(preview, "/label/set", {"frames": [stem], "class": name})
            answers.append((answer.status, json.loads(answer.body)))

    threads = [threading.Thread(target=label, args=(name,)) for name in ("Coat", "Bag", "Hut")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moved = sorted(stem for _, told in answers for stem in told["moved"])
    assert moved == stems and {code for code, _ in answers} == {200, 409}
    names = [Path(name).name for name in tree(tmp_path / "wardrobe")]
    assert sorted(names) == sorted(
        f"{stem}.{suffix}" for stem in stems for suffix in ("jpg", "json")
    )


def test_pictures_show_the_outline_and_what_the_model_sees(
    labelled: OpenLabelling, tmp_path: Path
) -> None:
    preview = labelled()
    scene = np.full((480, 640, 3), 235, np.uint8)
    cv2.rectangle(scene, (200, 100), (440, 400), (40, 40, 40), -1)
    stem = keep(tmp_path / "frames", 1, pixels=scene)
    empty = keep(tmp_path / "frames", 2, pixels=np.full((480, 640, 3), 128, np.uint8))
    (tmp_path / "frames" / f"{keep(tmp_path / 'frames', 3)}.jpg").write_bytes(b"\xff\xd8\xffno")

    def raw(path: str) -> tuple[int, bytes]:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", port_of(preview), timeout=20)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()

    record = tmp_path / "frames" / f"{keep(tmp_path / 'frames', 4, pixels=scene)}.json"
    mask = np.zeros((480, 640), np.uint8)
    mask[20:60, 20:60] = 255  # as a camera may find by its background
    found = finding_fields(
        np.full((28, 28), 7, np.uint8), mask, record.with_suffix(".jpg").read_bytes()
    )
    record.write_text(json.dumps({**json.loads(record.read_text()), **found}))

    code, data = raw(f"/label/photo/{stem}.jpg")
    photo = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert code == 200 and photo is not None and photo.shape == (300, 400, 3)
    green = (photo[..., 1] > 150) & (photo[..., 2] < 130) & (photo[..., 0] < 140)
    assert 200 < green.sum() < 5000
    code, data = raw(f"/label/seen/{stem}.png")
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert code == 200 and seen is not None and seen.shape == (28, 28) and seen.max() > 100
    data = raw(f"/label/photo/{record.stem}.jpg")[1]
    photo = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    green = (photo[..., 1] > 150) & (photo[..., 2] < 130) & (photo[..., 0] < 140)
    assert green[:45, :45].sum() > 50 and green.sum() == green[:45, :45].sum()
    seen = cv2.imdecode(
        np.frombuffer(raw(f"/label/seen/{record.stem}.png")[1], np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert np.all(seen == 7)
    assert raw(f"/label/photo/{empty}.jpg")[0] == 200
    assert raw(f"/label/seen/{empty}.png")[0] == 404
    for path in (
        *("photo/edgefmnist-00000003-20260131T120003Z.jpg", "photo/x.jpg", "seen/x.png"),
        *(f"photo/{stem}.png", f"photo/..%2fframes%2f{stem}.jpg", "photo/%2e%2e.jpg", "photo/.jpg"),
    ):
        assert raw(f"/label/{path}")[0] == 404, path


def test_the_newest_frame_is_kept(labelled: OpenLabelling, kept: list[CameraEvent]) -> None:
    preview = labelled()
    assert send(preview, "/label/keep", {}).status == 409 and kept == []
    preview.on_status(status(State.LIVE))
    preview.on_event(event(7))
    assert json.loads(send(preview, "/label/keep", {}).body) == {"frame": 7}
    assert [one.frame for one in kept] == [7]
    assert send(preview, "/label/keep", {}).status == 200
    assert send(preview, "/label/keep", {}).status == 503  # the disk is too slow


FOREIGN = (
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:1"},  # another port of this machine is another site
    {"Origin": "file://"},
    {"Origin": "http://[::1"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "none"},
    {"Sec_Fetch_Site": "same-origin, cross-site"},
    {"X_Edgefmnist": ""},
    {"X_Edgefmnist": "Label"},
    {"X_Edgefmnist": "label, label"},
)


@pytest.mark.parametrize("path", WRITING)
@pytest.mark.parametrize("claim", FOREIGN)
def test_no_page_of_another_site_changes_anything(
    shared: Preview, path: str, claim: dict[str, str]
) -> None:
    answer = send(shared, path, {"frames": ["x"], "class": "Coat", "action": 1}, **claim)
    assert answer.status == 403 and "X-Edgefmnist" in json.loads(answer.body)["error"]
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    """One for tests that only ask it."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        label = label_page(folder / "frames", folder / "wardrobe")
        preview = open_preview("127.0.0.1:0", label, source="demo", model=ModelInUse(name="edge"))
    yield preview
    preview.close()


def test_our_own_page_and_a_program_may(shared: Preview) -> None:
    host = f"127.0.0.1:{port_of(shared)}"
    for claim in (
        {},
        {"Origin": f"http://{host}"},
        {"Origin": f"http://{host}", "Sec_Fetch_Site": "same-origin"},
    ):
        assert send(shared, "/label/undo", {"action": 1}, **claim).status == 409, claim
    # A form of another site can send neither the header nor this type, and a script there must ask.
    assert ask(shared, "/label/undo", "OPTIONS", Origin="http://evil.example").status == 405
    plain = {"X_Edgefmnist": "label", "Content_Type": "text/plain"}
    assert ask(shared, "/label/undo", "POST", '{"action": 1}', **plain).status == 415
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        for path in WRITING:
            assert ask(shared, path, method, "{}", **OURS).status == 405, (method, path)
    for path in WRITING:  # nor by a name that is made to point here
        assert send(shared, path, {}, Host="evil.example").status == 403


@pytest.mark.parametrize(
    ("path", "told", "code"),
    [
        *(("set", {}, 400), ("set", {"frames": "x", "class": "Coat"}, 400)),
        *(("set", {"frames": [], "class": "Coat"}, 400), ("set", [], 400), ("set", None, 400)),
        *(("set", {"frames": [1], "class": "Coat"}, 400), ("set", {"frames": ["x"]}, 400)),
        ("set", {"frames": ["x"] * 501, "class": "Coat"}, 400),
        ("set", {"frames": ["x" * 70_000], "class": "Coat"}, 413),
        *(("set", {"frames": ["x"], "class": ["Coat"]}, 400), ("throw", {"frames": {}}, 400)),
        *(("undo", {}, 400), ("undo", {"action": True}, 400), ("undo", {"action": "1"}, 400)),
        *(("undo", {"action": -1}, 409), ("undo", {"action": 10**300}, 409)),
        *(("set", {"frames": ["../x"], "class": "Coat"}, 409), ("throw", {"frames": ["x"]}, 409)),
    ],
)
def test_what_is_no_change_is_refused(shared: Preview, path: str, told: Any, code: int) -> None:
    assert send(shared, f"/label/{path}", told).status == code


def test_more_than_can_wait_are_sent_away(
    labelled: OpenLabelling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = labelled()
    stem = keep(tmp_path / "frames", 1)
    with monkeypatch.context() as patch:
        patch.setattr(label_requests, "_WAITING", 0)
        for path in ("/label/frames", f"/label/photo/{stem}.jpg", "/label/learning"):
            answer = ask(preview, path)
            assert answer.status == 503 and "try again" in json.loads(answer.body)["error"]
        assert send(preview, "/label/throw", {"frames": [stem]}).status == 503
        assert ask(preview, "/healthz").status in (200, 503) and ask(preview, "/").status == 200
    assert frames_of(preview)["total"] == 1


def test_photos_that_somebody_took_away_are_no_trouble(
    labelled: OpenLabelling, tmp_path: Path
) -> None:
    preview = labelled()
    stem = keep(tmp_path / "frames", 1)
    (tmp_path / "wardrobe").rmdir()
    assert frames_of(preview)["total"] == 1
    assert send(preview, "/label/set", {"frames": [stem], "class": "Coat"}).status == 200
    assert (tmp_path / "wardrobe" / "Coat" / f"{stem}.jpg").exists()
    (tmp_path / "wardrobe" / "file").write_text("")
    (tmp_path / "frames").rmdir()
    assert frames_of(preview)["total"] == 0


def test_nothing_was_learned_yet(shared: Preview) -> None:
    told = json.loads(ask(shared, "/label/learning").body)
    assert told["in_use"] is None and told["result"] is None and not told["running"]
    assert send(shared, "/label/back", {}).status == 409
    for name in ("learned-1", "../models/edge", "edge"):
        assert send(shared, "/label/use", {"model": name}).status == 409, name
    assert send(shared, "/label/use", {"model": None}).status == 400
    assert send(shared, "/label/stop", {}).status == 200


@pytest.mark.parametrize("body", ["", "{", "[" * 30_000, "\x00", '{"frames": NaN', "1" * 5000])
def test_a_body_may_be_anything(shared: Preview, body: str) -> None:
    answer = ask(shared, "/label/set", "POST", body, **OURS)
    assert answer.status == 400 and json.loads(answer.body)["error"].isprintable()


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "a\nb", "x" * 41, "\u202ex", "", "\ud800"])
def test_a_class_cannot_be_called_anything(
    labelled: OpenLabelling, tmp_path: Path, name: str
) -> None:
    preview = labelled()
    stem = keep(tmp_path / "frames", 1)
    answer = send(preview, "/label/set", {"frames": [stem], "class": name})
    assert answer.status == 400 and json.loads(answer.body)["error"].isprintable()
    assert (tmp_path / "frames" / f"{stem}.jpg").exists()
    assert list((tmp_path / "wardrobe").iterdir()) == []


def test_the_token_guards_all_of_it(labelled: OpenLabelling, opened: OpenPreview) -> None:
    preview = labelled(token=SECRET)
    for path in READING:
        assert ask(preview, path).status == 401, path
    for path in WRITING:
        assert send(preview, path, {}).status == 401, path
        assert send(preview, path, {}, Origin="http://127.0.0.1").status == 401, path
    bearer = {"Authorization": f"Bearer {SECRET}"}
    assert ask(preview, "/label", **bearer).status == 200
    assert send(preview, "/label/undo", {"action": 1}, **bearer).status == 409
    assert send(preview, "/label/undo", {"action": 1}, **bearer, Origin="null").status == 403
    without = opened(token=SECRET)
    assert ask(without, "/label", **bearer).status == 404


@pytest.mark.parametrize("path", [*READING, *WRITING])
def test_every_answer_keeps_browsers_in_bounds(shared: Preview, path: str) -> None:
    answer = ask(shared, path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    if path in ("/label", "/label.js", "/label_learn.js", "/label.css"):
        body = answer.body.replace("http://www.w3.org/2000/svg", "")  # a name, asked of nobody
        assert not any(word in body for word in ("http:", "https:", "innerHTML", "style="))
