"""``edgefmnist camera`` and ``edgefmnist predict`` as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.records import LABELS
from tests.camera.conftest import MjpegServer, numbered

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


def parsed(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def frames_of(text: str) -> list[dict[str, Any]]:
    """What came of frames, without the changes of the camera's state."""
    return [row for row in parsed(text) if row["event"] != "state"]


def without_times(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    varying = ("time", "capture_us", "preprocess_us", "infer_us", "fps")
    return [{key: row[key] for key in row if key not in varying} for row in rows]


def garment_files(folder: Path, count: int) -> list[Path]:
    """Different garments of the demo as picture files."""
    source, paths, last = open_demo("demo:3"), [], -1
    while len(paths) < count:
        frame = source.read()
        assert frame is not None
        if frame.true_label != last and frame.true_label != -1:
            paths.append(folder / f"{len(paths)}.png")
            cv2.imwrite(str(paths[-1]), frame.pixels)
        last = frame.true_label
    return paths


# camera


def test_every_frame_gives_a_line_a_frame_with_the_truth(
    small_model: Path, run_cli: RunCli
) -> None:
    words = ("camera", "--model", str(small_model), "--source", "demo:2", "--jsonl")
    words = (*words, "--every-frame")
    done = run_cli(*words, "--frames", "20")
    assert done.returncode == 0
    rows = frames_of(done.stdout)
    assert [row["frame"] for row in rows] == list(range(20))
    assert {row["true_label"] for row in rows} <= {*LABELS, "none"}
    assert {"none"} < {row["true_label"] for row in rows}
    for row in rows:
        assert row["announced"] in {*LABELS, "unknown"} or row["frame"] < 2
        assert row["dropped"] == 0 and row["capture_us"] > 0 and row["preprocess_us"] > 0
        assert len(row["top"]) in (0, 10)
    shown = [row for row in rows if row["true_label"] != "none"]
    right = [row for row in shown if row["label"] == row["true_label"] and not row["unknown"]]
    empty = [row for row in rows if row["true_label"] == "none"]
    refused = [row for row in empty if row["unknown"]]
    words_told = " ".join(done.stderr.split())
    assert "20 classified" in words_told
    assert f"garments {len(right)} of {len(shown)} right" in words_told
    assert f"empty {len(refused)} of {len(empty)} refused" in words_told
    assert all(word in words_told for word in ("capture", "preprocess", "infer"))
    again = run_cli(*words, "--frames", "20")
    assert without_times(frames_of(again.stdout)) == without_times(rows)


def test_without_a_terminal_lines_come_at_changes_only(small_model: Path, run_cli: RunCli) -> None:
    done = run_cli("camera", "--model", str(small_model), "--source", "demo", "--frames", "15")
    assert done.returncode == 0 and done.stderr == ""
    changes = [line for line in done.stdout.splitlines() if line.startswith("frame ")]
    assert 1 <= len(changes) <= 5
    assert "\x1b" not in done.stdout and "15 classified" in done.stdout


def test_source_and_model_come_from_the_environment(small_model: Path, run_cli: RunCli) -> None:
    environment = {"EDGEFMNIST_SOURCE": "demo:9", "EDGEFMNIST_MODEL": str(small_model)}
    done = run_cli("camera", "--frames", "2", env={**os.environ, **environment})
    assert done.returncode == 0 and "demo:9" in done.stdout


def test_video_and_folder_are_classified_to_their_end(
    small_model: Path, run_cli: RunCli, video_file: Callable[..., Path], tmp_path: Path
) -> None:
    video = video_file("a.avi", "MJPG", frames=7)
    folder = tmp_path / "pictures"
    folder.mkdir()
    garment_files(folder, 3)
    for source, count in ((video, 7), (folder, 3)):
        words = ("camera", "--model", str(small_model), "--jsonl", "--source", str(source))
        done = run_cli(*words, "--every-frame")
        assert done.returncode == 0
        rows = frames_of(done.stdout)
        assert len(rows) == count and "true_label" not in rows[0]
    assert [row["name"] for row in rows] == ["0.png", "1.png", "2.png"]


def labels_of(stdout: str) -> list[dict[str, Any]]:
    return [row for row in parsed(stdout) if row["event"] == "label"]


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_run_of_few_frames_announces_once_at_its_last(
    small_model: Path, run_cli: RunCli, video_file: Callable[..., Path], frames: int
) -> None:
    words = ("camera", "--model", str(small_model), "--jsonl", "--every-frame")
    done = run_cli(*words, "--source", "demo", "--frames", str(frames))
    rows = frames_of(done.stdout)
    assert [row["announced"] is None for row in rows] == [True] * (frames - 1) + [False]
    assert [row["event"] for row in rows] == ["frame"] * (frames - 1) + ["label"]
    # Of a file nobody knows beforehand that it ends.
    video = video_file("short.avi", "MJPG", frames=frames)
    told = labels_of(run_cli(*words, "--source", str(video)).stdout)
    assert len(told) == 1 and told[0]["announced"] in {*LABELS, "unknown"}


def test_each_picture_of_a_folder_is_announced_for_itself(
    small_model: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    garment_files(tmp_path, 4)
    done = run_cli(
        "camera", "--model", small_model, "--source", tmp_path, "--jsonl", "--every-frame"
    )
    rows = frames_of(done.stdout)
    assert len(rows) == 4 and all(row["announced"] == row["label"] for row in rows)


def test_a_model_without_answers(bad_numbers_model: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """Its pictures are refused one by one; a camera counts them as unknown, and says so once."""
    paths = garment_files(tmp_path, 2)
    done = run_cli("predict", "--model", bad_numbers_model, "--jsonl", *paths)
    assert done.returncode == 5 and done.stdout == "" and done.stderr.count("finite") == 2
    words = ("camera", "--model", str(bad_numbers_model), "--source", "demo", "--frames", "9")
    done = run_cli(*words, "--jsonl", "--every-frame")
    assert done.returncode == 0 and done.stderr.count("finite") == 1
    rows = frames_of(done.stdout)
    assert len(rows) == 9 and {row["label"] for row in rows} == {"unknown"}
    assert run_cli("evaluate", bad_numbers_model, "--json").returncode == 5


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--source", "nonsense"), 2),
        (("--source", "demo:x"), 2),
        (("--source", "demo", "--frames", "0"), 2),
        (("--source", "demo", "--unknown-threshold", "2"), 2),
        (("--source", "/dev/video987"), 6),
        (("--source", "http://127.0.0.1:9/"), 6),
        (("--source", "nowhere/clip.mp4"), 5),
    ],
)
def test_what_cannot_run_is_told_in_one_line(
    small_model: Path, run_cli: RunCli, words: tuple[str, ...], code: int
) -> None:
    done = run_cli("camera", "--model", str(small_model), *words)
    assert done.returncode == code
    assert done.stdout == "" and done.stderr.count("\n") == 1


def started(small_model: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edgefmnist", "camera", "--model", str(small_model), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_cleanly_with_a_summary(small_model: Path, number: int) -> None:
    with started(small_model, "--source", "demo", "--jsonl") as process:
        assert process.stdout is not None
        for _ in range(3):
            json.loads(process.stdout.readline())
        process.send_signal(number)
        rest, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert rest == "" or rest.endswith("}\n")  # the last line is whole
    assert all("label" in row or row["event"] == "state" for row in parsed(rest))
    assert "classified" in errors and "Traceback" not in errors


def is_running(pid: int) -> bool:
    """Whether there is such a process, and more of it than its exit code."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_signal_stops_a_live_source_whose_child_goes_too(
    small_model: Path, rpicam: Callable[[str], Path]
) -> None:
    pid_file = rpicam("ok")
    with started(small_model, "--source", "auto", "--jsonl") as process:
        assert process.stdout is not None
        json.loads(process.stdout.readline())
        child = int(pid_file.read_text())
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0 and "classified" in errors
    deadline = time.monotonic() + 60  # who inherited it may take a while to look
    while is_running(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_reader_that_goes_away_ends_the_run(small_model: Path) -> None:
    with started(small_model, "--source", "demo", "--jsonl") as process:
        assert process.stdout is not None and process.stderr is not None
        json.loads(process.stdout.readline())
        process.stdout.close()
        assert process.wait(timeout=30) == 0
        assert "Traceback" not in process.stderr.read()


def test_stream_that_ends_is_a_camera_lost(
    small_model: Path, run_cli: RunCli, mjpeg_server: Callable[..., MjpegServer]
) -> None:
    server = mjpeg_server(stop_after=45)
    words = ("camera", "--model", str(small_model), "--jsonl", "--source", server.url)
    done = run_cli(*words, "--frames", "60", "--give-up-after", "60")
    assert done.returncode == 0  # the server serves again, from the start
    states = [row["state"] for row in parsed(done.stdout) if row["event"] == "state"]
    assert states[:5] == ["starting", "live", "stale", "restarting", "live"]
    assert "camera stale" in done.stderr and "ended" in done.stderr


# predict


def test_predict_answers_pictures_and_folders_with_paths_as_given(
    small_model: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    paths = garment_files(tmp_path, 2)
    given = f"{tmp_path}/./"
    done = run_cli("predict", "--model", str(small_model), "--jsonl", str(paths[1]), given)
    assert done.returncode == 0 and done.stderr == ""
    rows = parsed(done.stdout)
    assert [row["path"] for row in rows] == [
        str(paths[1]),
        f"{tmp_path}/./0.png",
        f"{tmp_path}/./1.png",
    ]
    for row in rows:
        assert {"label", "label_index", "score", "unknown", "top", "infer_us"} <= row.keys()
        if not row["unknown"]:
            assert row["top"][0] == {"label": row["label"], "score": row["score"]}
    assert rows[0]["top"] == rows[2]["top"]


def test_bad_picture_among_others_does_not_stop_them(
    small_model: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    good = garment_files(tmp_path, 2)
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    words = (str(good[0]), str(bad), str(good[1]))
    done = run_cli("predict", "--model", str(small_model), "--jsonl", *words)
    assert done.returncode == 5
    assert [row["path"] for row in parsed(done.stdout)] == [str(good[0]), str(good[1])]
    assert done.stderr.count("\n") == 1 and "bad.jpg" in done.stderr
    table = run_cli("predict", "--model", str(small_model), *words)
    assert table.returncode == 5 and str(good[1]) in table.stdout


def test_predict_of_an_empty_folder_or_nothing(
    small_model: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    done = run_cli("predict", "--model", str(small_model), str(tmp_path))
    assert done.returncode == 5 and "no pictures in" in done.stderr
    assert run_cli("predict").returncode == 2


def test_off_answers_every_picture(small_model: Path, run_cli: RunCli, tmp_path: Path) -> None:
    path = tmp_path / "plain.png"
    cv2.imwrite(str(path), numbered(0) + 128)
    words = ("predict", "--model", str(small_model), "--jsonl", str(path))
    assert parsed(run_cli(*words).stdout)[0]["unknown"] is True
    off = parsed(run_cli(*words, "--unknown-threshold", "off").stdout)[0]
    assert off["unknown"] is False and off["label"] in LABELS


def test_password_in_the_words_is_warned_of_and_never_shown(run_cli: RunCli) -> None:
    uri = "rtsp://me:hunter2@127.0.0.1:9/live"
    done = run_cli("camera", "--source", uri)
    note, error = done.stderr.splitlines()
    assert "EDGEFMNIST_SOURCE" in note and done.returncode == 6 and error.startswith("edgefmnist: ")
    hidden = run_cli("camera", env={"EDGEFMNIST_SOURCE": uri})
    assert hidden.returncode == 6 and len(hidden.stderr.splitlines()) == 1
    odd = run_cli("camera", "--source", "me:hunter2@127.0.0.1/live.mp4")
    for one in (done, hidden, odd):
        assert "hunter2" not in one.stderr + one.stdout
