from __future__ import annotations

import json
from pathlib import Path


def test_json_lists_the_four_verified_files(run_cli, data_folder: Path) -> None:
    done = run_cli("data", "--data", str(data_folder), "--json")

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["verified"] is True
    assert [file["count"] for file in answer["files"]] == [60_000, 60_000, 10_000, 10_000]
    assert {str(Path(file["path"]).parent) for file in answer["files"]} == {str(data_folder)}


def test_the_table_names_files_counts_and_folder(run_cli, data_folder: Path) -> None:
    done = run_cli("data", "--data", str(data_folder))

    assert done.returncode == 0, done.stderr
    for word in ("train-images-idx3", "60,000", "10,000", "ok", str(data_folder)):
        assert word in done.stdout


def test_fetch_downloads_what_is_missing(run_cli, empty_cache: Path, mirror) -> None:
    missing = run_cli("data")
    assert (missing.returncode, missing.stdout) == (4, "")
    assert missing.stderr.count("\n") == 1
    assert not empty_cache.exists()

    fetched = run_cli("data", "--fetch", "--json")
    assert fetched.returncode == 0, fetched.stderr
    assert {Path(f["path"]).parent for f in json.loads(fetched.stdout)["files"]} == {empty_cache}

    assert run_cli("data").returncode == 0


def test_failures_are_one_line_with_the_right_exit_code(
    run_cli, empty_cache: Path, copied_test_files: Path
) -> None:
    no_way = run_cli("data", "--fetch", "--json")
    incomplete = run_cli("data", "--data", str(copied_test_files), "--json")

    assert (no_way.returncode, no_way.stdout) == (4, "")
    assert "sudo apt install dataset-fashion-mnist" in no_way.stderr
    assert (incomplete.returncode, incomplete.stdout) == (5, "")
    assert "lacks train-images-idx3-ubyte.gz" in incomplete.stderr
    assert no_way.stderr.count("\n") == incomplete.stderr.count("\n") == 1
