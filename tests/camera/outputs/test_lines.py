"""JSON lines on stdout and in a file."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgefmnist import files
from edgefmnist.camera.events import State
from edgefmnist.camera.sinks.jsonl import JsonLines, event_fields
from edgefmnist.camera.sinks.lines import WholeLines
from edgefmnist.camera.sinks.log_file import RotatingFile, open_log
from edgefmnist.camera.sinks.log_repair import cut_unfinished
from edgefmnist.errors import CannotWrite, UsageError
from tests.camera.outputs.conftest import event, full_disk, rows, status
from tests.conftest import RunCli

ONE = '{"event": "label", "frame": 1}'
LIMIT = 40_000


def test_label_changes_by_default_and_all_frames_on_demand(run_cli: RunCli) -> None:
    words = ("camera", "--source", "demo:4", "--frames", "40", "--jsonl")
    changes = [json.loads(line) for line in run_cli(*words).stdout.splitlines()]
    every = [json.loads(line) for line in run_cli(*words, "--every-frame").stdout.splitlines()]
    labels = [row for row in changes if row["event"] == "label"]
    assert {row["event"] for row in changes} == {"state", "label"}
    assert {row["event"] for row in every} == {"state", "label", "frame"}
    assert [row["frame"] for row in every if row["event"] != "state"] == list(range(40))
    assert labels[0]["frame"] == 2  # the first that three frames agree on
    assert all(one["announced"] != two["announced"] for one, two in itertools.pairwise(labels))
    told = [(row["frame"], row["announced"]) for row in every if row["event"] == "label"]
    assert told == [(row["frame"], row["announced"]) for row in labels]
    state = next(row for row in changes if row["event"] == "state")
    assert set(state) == {"event", "time", "state", "fault", "detail", "restarts"}
    assert state["time"].endswith("Z")


def test_frame_fields() -> None:
    fields = json.loads(json.dumps(event_fields(event("Bag", frame=7, changed=True))))
    assert fields["event"] == "label" and fields["frame"] == 7 and fields["announced"] == "Bag"
    assert fields["label"] == "Bag" and fields["score"] == 0.95 and fields["unknown"] is False
    assert len(fields["top"]) == 10 and fields["box"] == [1, 2, 3, 4]
    assert "name" not in fields and "true_label" not in fields and "background_fits" not in fields


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_the_log_is_not_where_the_terminal_output_goes(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "edgefmnist", "camera", "--source", "demo", "--frames", "3"]
    with (tmp_path / "stdout").open("w") as out, (tmp_path / "stderr").open("w") as errors:
        done = subprocess.run(
            [*command, "--log", f"/dev/{name}"], stdout=out, stderr=errors, timeout=120
        )
    assert done.returncode == 2
    assert f"--log /dev/{name}: standard output or error" in (tmp_path / "stderr").read_text()


def test_half_written_line_is_finished_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("w") as stream:
        lines = WholeLines.of(stream)
        with full_disk(25):
            lines.write('"0123456789"')
            with pytest.raises(OSError):
                lines.write('"torn but kept"')
            assert path.stat().st_size == 25
            with pytest.raises(OSError):
                lines.write('"lost"')
        lines.write('"after"')
        assert lines.lost == 1
        with pytest.raises(OSError, match="1 line was lost"):
            lines.close()
    assert rows(path) == ["0123456789", "torn but kept", "after"]


def test_sink_fails_until_a_line_is_written_again(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stream:
        sink = JsonLines(WholeLines.of(stream), "stdout", every_frame=False)
        with full_disk(0), pytest.raises(OSError):
            sink.on_event(event(changed=True))
        with pytest.raises(OSError):
            sink.on_event(event())  # nothing to write, and nothing better known
        sink.on_status(status(State.STALE))
        sink.on_event(event())


def test_log_stays_within_its_limit_and_keeps_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "log"
    sink = open_log(path, LIMIT, every_frame=True)
    for frame in range(200):
        sink.on_event(event(frame=frame))
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= LIMIT
    sink.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log", "log.1"]
    frames = [row["frame"] for row in rows(tmp_path / "log.1") + rows(path)]
    assert frames == list(range(frames[0], 200)) and len(frames) > 20


def test_log_goes_on_where_an_earlier_run_ended(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "log"
    for frame in (1, 2):
        sink = open_log(path, LIMIT, every_frame=False)
        sink.on_event(event(frame=frame, changed=True))
        sink.on_event(event(frame=frame + 10))
        sink.close()
    sink = open_log(path, LIMIT, every_frame=False)
    sink.on_event(event(frame=3, changed=True))
    sink.close()
    assert [row["frame"] for row in rows(path)] == [1, 2, 3]


@pytest.mark.parametrize("name", ["log", "log.1"])
@pytest.mark.parametrize(
    "left",
    [b'{"killed', b'{"killed"}', bytes(5000), b'{"a": 1' + bytes(99) + b"}\n", b"\0\n" * 9],
    ids=["half", "no object", "nul", "nul within", "nul lines"],
)
def test_what_a_power_cut_left_at_the_end_of_a_log_is_cut_off(
    tmp_path: Path, name: str, left: bytes
) -> None:
    path, before = tmp_path / name, f"{ONE}\n\n{ONE}\n"
    path.write_bytes(before.encode() + left)
    sink = open_log(tmp_path / "log", LIMIT, every_frame=False)
    sink.on_event(event(frame=3, changed=True))
    sink.close()
    assert path.read_text().startswith(before)
    added = path.read_text()[len(before) :].splitlines()
    assert [json.loads(line)["frame"] for line in added] == [3] * (name == "log")


@pytest.mark.parametrize("name", ["log", "log.1"])
def test_a_last_line_that_lacks_its_end_only_gets_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(f"{ONE}\n{ONE}")
    sink = open_log(tmp_path / "log", LIMIT, every_frame=False)
    sink.on_event(event(frame=3, changed=True))
    sink.close()
    assert path.read_text().startswith(f"{ONE}\n{ONE}\n")
    assert len(rows(path)) == 2 + (name == "log")


def test_a_tail_of_zeros_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(f"{ONE}\n")
    os.truncate(path, 1 << 32)
    with path.open("r+b") as file:
        tracemalloc.start()
        cut_unfinished(file.fileno())
        most_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert path.read_text() == f"{ONE}\n" and most_bytes < 1 << 20


@pytest.mark.parametrize(
    "content",
    [
        b'{\n  "name": "project",\n  "list": [1, 2]\n}\n',
        b'{"name": "project"}',
        b'{"events": []}\n',
        b"{\\rtf1\\ansi A letter.}",
        b"\n\n# Notes\n",
    ],
    ids=["json", "one line", "like ours", "rtf", "text"],
)
@pytest.mark.parametrize("name", ["log", "log.1"])
def test_what_somebody_else_wrote_is_left(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CannotWrite):
        open_log(tmp_path / "log", LIMIT, every_frame=False)
    assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize("left", [b'{"eve', bytes(50_000)], ids=["half", "nul"])
def test_a_log_of_which_a_power_cut_left_nothing_begins_again(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(left)
    sink = open_log(path, LIMIT, every_frame=False)
    sink.on_event(event(frame=3, changed=True))
    sink.close()
    assert [row["frame"] for row in rows(path)] == [3]


def test_a_file_of_zeros_that_is_larger_than_a_log_is_left(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    disk.touch()
    os.truncate(disk, 1 << 27)
    with pytest.raises(CannotWrite, match="something else"):
        open_log(disk, LIMIT, every_frame=False)
    assert disk.stat().st_size == 1 << 27


def test_log_of_a_run_with_a_larger_limit_is_brought_down(tmp_path: Path) -> None:
    path = tmp_path / "log"
    (tmp_path / "log.1").write_text(f"{ONE}\n" * LIMIT)
    path.write_text("".join(f'{{"event": "label", "frame": {at}}}\n' for at in range(LIMIT)))
    sink = open_log(path, LIMIT, every_frame=True)
    sink.on_event(event(frame=3))
    sink.close()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= LIMIT
    assert [row["frame"] for row in rows(path)] == [3]
    kept = [row["frame"] for row in rows(tmp_path / "log.1")]
    assert kept == [*range(kept[0], LIMIT)] and len(kept) > 100  # the newest


def test_moved_log_and_deleted_folder_are_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    path = folder / "log"
    sink = open_log(path, LIMIT, every_frame=True)
    sink.on_event(event(frame=0))
    path.rename(folder / "log.old")  # logrotate
    sink.on_event(event(frame=1))
    assert [row["frame"] for row in rows(path)] == [1]
    assert [row["frame"] for row in rows(folder / "log.old")] == [0]
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    sink.on_event(event(frame=2))
    assert [row["frame"] for row in rows(path)] == [2]
    path.unlink()
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(OSError):
        sink.on_event(event(frame=3))
    folder.unlink()
    sink.on_event(event(frame=4))
    assert [row["frame"] for row in rows(path)] == [4]
    with pytest.raises(OSError, match="1 line was lost"):
        sink.close()


def test_full_disk_tears_no_line_of_the_log(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "log", LIMIT)
    with full_disk(20):
        file.write('"fits"')
        for _ in range(3):
            with pytest.raises(OSError):
                file.write('"0123456789 0123456789"')
    file.write('"after"')
    with pytest.raises(OSError, match="2 lines were lost"):
        file.close()
    assert rows(tmp_path / "log") == ["fits", "0123456789 0123456789", "after"]


def test_log_that_cannot_be_is_refused_at_once(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "log", Path("/dev/full"), tmp_path):
        with pytest.raises(CannotWrite):
            open_log(path, LIMIT, every_frame=False)
    with pytest.raises(UsageError, match="20KB or more"):
        open_log(tmp_path / "log", 10_000, every_frame=False)
    done = run_cli("camera", "--source", "demo", "--log", tmp_path / "file" / "log")
    assert done.returncode == 2 and done.stderr.count("\n") == 1


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A folder as /tmp is, with a link of another user's to a file of ours beside it."""
    if os.geteuid() != 0:
        pytest.skip("only root can play another user")
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    (tmp_path / "ours.conf").write_text("{important}\n" * 2000)
    plant(folder / "log", tmp_path / "ours.conf")
    yield folder
    assert (tmp_path / "ours.conf").read_text() == "{important}\n" * 2000
    assert not (tmp_path / "ours.conf.1").exists()


def plant(link: Path, target: Path) -> None:
    link.symlink_to(target)
    os.chown(link, 65534, 65534, follow_symlinks=False)


def test_link_of_another_user_is_never_followed(shared: Path, run_cli: RunCli) -> None:
    with pytest.raises(CannotWrite, match="link that another user made"):
        open_log(shared / "log", LIMIT, every_frame=True)
    plant(shared / "folder", shared.parent)
    for path in (shared / "folder" / "ours.conf", shared / "folder" / ".." / "log"):
        with pytest.raises(CannotWrite, match="link that another user made"):
            open_log(path, LIMIT, every_frame=True)
    plant(shared / "picture.npz", shared.parent / "ours.conf")
    with pytest.raises(CannotWrite, match="another user"):
        files.write_text(shared / "picture.npz", "x")  # every output: backgrounds, plots, bundles
    done = run_cli("camera", "--source", "demo", "--frames", "1", "--log", shared / "log")
    assert done.returncode == 2 and "another user" in done.stderr


def test_link_that_is_planted_later_is_not_followed_either(shared: Path) -> None:
    sink = open_log(shared / "new", LIMIT, every_frame=True)
    sink.on_event(event())
    (shared / "new").unlink()
    plant(shared / "new", shared.parent / "ours.conf")
    for _ in range(100):
        with pytest.raises(OSError):
            sink.on_event(event())
    with pytest.raises(OSError, match="lost"):
        sink.close()


def test_file_that_another_user_prepared_is_not_written_to(shared: Path) -> None:
    (shared / "theirs").write_text("")
    os.chown(shared / "theirs", 65534, 65534)
    (shared / "hard").hardlink_to(shared.parent / "ours.conf")
    for name in ("theirs", "hard"):
        with pytest.raises(CannotWrite):
            open_log(shared / name, LIMIT, every_frame=True)
    assert (shared / "theirs").read_text() == ""
    (shared / "hard").unlink()


def test_own_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "log").symlink_to(tmp_path / "disk" / "camera.jsonl")
    sink = open_log(tmp_path / "log", LIMIT, every_frame=True)
    for frame in range(100):
        sink.on_event(event(frame=frame))
    sink.close()
    assert (tmp_path / "log").is_symlink()
    assert sorted(file.name for file in (tmp_path / "disk").iterdir()) == [
        "camera.jsonl",
        "camera.jsonl.1",
    ]


@pytest.mark.parametrize("name", ["log", "log.1"])
def test_files_that_are_no_logs_stay_as_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("notes of mine\n" * LIMIT)
    with pytest.raises(CannotWrite, match=re.escape(name)):
        open_log(tmp_path / "log", LIMIT, every_frame=True)
    assert (tmp_path / name).read_text() == "notes of mine\n" * LIMIT


def test_older_file_that_is_none_of_ours_is_not_replaced_at_a_rotation(tmp_path: Path) -> None:
    sink = open_log(tmp_path / "log", LIMIT, every_frame=True)
    (tmp_path / "log.1").write_text("notes of mine")
    with pytest.raises(OSError, match="no log of ours"):
        for frame in range(100):
            sink.on_event(event(frame=frame))
    assert (tmp_path / "log.1").read_text() == "notes of mine"
    (tmp_path / "log.1").unlink()
    sink.on_event(event(frame=101))
    assert (tmp_path / "log.1").exists()
