"""``/metrics`` as Prometheus reads it, and the machine's state behind it."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from edgefmnist.camera.events import State
from edgefmnist.camera.preview import Preview
from edgefmnist.camera.preview.machine import Watch
from edgefmnist.camera.preview.metrics import Metrics
from edgefmnist.environment.source import Source
from edgefmnist.records import LABELS, ModelInUse
from tests import own_classes
from tests.camera.preview.browser import wait_for
from tests.camera.preview.conftest import OpenPreview, ask, empty_event, event, own_event, status

FIVE_SECONDS = 5


def scrape(preview: Preview) -> dict[str, Metric]:
    answer = ask(preview, "/metrics")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(answer.body)}
    return families


def value(families: dict[str, Metric], sample_name: str, **labels: str) -> float:
    (found,) = (
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == sample_name and sample.labels == labels
    )
    return float(found)


def test_the_run_is_told_in_base_units(preview: Preview) -> None:
    for number in range(1, 4):
        preview.on_event(event(number))
    preview.on_event(dataclasses.replace(empty_event(4), capture_ns=700_000_000))
    preview.on_status(status(State.LIVE, restarts=2))
    told = scrape(preview)
    assert value(told, "edgefmnist_frames_classified_total") == 5
    assert value(told, "edgefmnist_frames_dropped_total") == 2
    assert value(told, "edgefmnist_capture_restarts_total") == 2
    age = time.time() - value(told, "edgefmnist_last_frame_timestamp_seconds")
    assert -0.01 < age < FIVE_SECONDS
    assert value(told, "edgefmnist_announced", label="unknown") == 1
    assert sum(sample.value for sample in told["edgefmnist_announced"].samples) == 1
    stage = "edgefmnist_stage_duration_seconds"
    assert value(told, f"{stage}_count", stage="infer") == 4
    assert value(told, f"{stage}_sum", stage="infer") == pytest.approx(4 * 0.0004)
    assert value(told, f"{stage}_count", stage="preprocess") == 5
    assert value(told, f"{stage}_sum", stage="capture") == pytest.approx(0.712)
    assert value(told, f"{stage}_bucket", stage="capture", le="0.005") == 4
    assert value(told, f"{stage}_bucket", stage="capture", le="0.5") == 4
    assert value(told, f"{stage}_bucket", stage="capture", le="1.0") == 5
    assert value(told, f"{stage}_bucket", stage="capture", le="+Inf") == 5
    assert value(told, "process_open_fds") > 3


def test_labels_are_those_of_the_model_in_use(preview: Preview) -> None:
    def labels() -> dict[str, float]:
        samples = scrape(preview)["edgefmnist_announced"].samples
        return {sample.labels["label"]: sample.value for sample in samples}

    assert labels() == {**dict.fromkeys(LABELS, 0), "Coat": 1, "unknown": 0}
    preview.on_event(own_event(1))
    assert labels() == {**dict.fromkeys(own_classes.LABELS, 0), "<b>x</b>": 1, "unknown": 0}
    (build,) = scrape(preview)["edgefmnist_build_info"].samples
    assert build.labels["model"] == "own"
    quoted = dataclasses.replace(
        own_event(2), model=ModelInUse(name="own", labels=('say "hi"', "back\\slash"))
    )
    preview.on_event(quoted)
    assert set(labels()) == {'say "hi"', "back\\slash", "unknown"}


@pytest.mark.parametrize("state", list(State))
def test_exactly_one_state_is_on(opened: OpenPreview, state: State) -> None:
    preview = opened()
    preview.on_event(event())
    preview.on_status(status(state))
    samples = scrape(preview)["edgefmnist_camera_state"].samples
    assert {sample.labels["state"] for sample in samples} == {state.value for state in State}
    assert [sample.labels["state"] for sample in samples if sample.value] == [state.value]


def test_before_the_first_frame_nothing_is_made_up(opened: OpenPreview) -> None:
    told = scrape(opened())
    assert "edgefmnist_last_frame_timestamp_seconds" not in told
    assert "edgefmnist_announced" not in told
    assert value(told, "edgefmnist_frames_classified_total") == 0


def test_counters_only_grow(preview: Preview) -> None:
    def counters() -> dict[tuple[str, ...], float]:
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in scrape(preview).values()
            if family.type in ("counter", "histogram") and family.name.startswith("edgefmnist")
            for sample in family.samples
        }

    before = counters()
    preview.on_status(status(State.LIVE, restarts=0))
    preview.on_event(dataclasses.replace(event(1), dropped=0, capture_ns=-9))
    after = counters()
    assert before.keys() == after.keys()
    assert all(after[name] >= before[name] for name in before)


def test_names_and_texts_follow_the_conventions(preview: Preview, tmp_path: Path) -> None:
    """The rules of promtool's linter that concern us; the linter itself where it is installed."""
    told = scrape(preview)
    units = ("_milliseconds", "_ms", "_us", "_ns", "_percent", "_minutes")
    for family in told.values():
        assert family.documentation, family.name
        assert not family.name.endswith(units)
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name
            assert all(name.islower() for name in sample.labels)
    if shutil.which("promtool") is not None:
        text = ask(preview, "/metrics").body
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_openmetrics_is_spoken_where_it_is_asked_for(preview: Preview) -> None:
    answer = ask(preview, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    names = {family.name for family in openmetrics(answer.body)}
    assert {"edgefmnist_frames_classified", "edgefmnist_camera_state"} <= names


def test_the_librarys_global_registry_stays_as_it_was(opened: OpenPreview) -> None:
    before = {metric.name for metric in REGISTRY.collect()}
    first, second = opened(), opened()
    first.on_event(event())
    assert value(scrape(second), "edgefmnist_frames_classified_total") == 0
    assert {metric.name for metric in REGISTRY.collect()} == before


def test_a_pi_tells_temperature_and_throttling(tmp_path: Path, preview: Preview) -> None:
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("81230\n")
    asked: list[str] = []

    def vcgencmd(words: str) -> str:
        asked.append(words)
        return "throttled=0x50005"

    watch = Watch(Source(root=tmp_path, vcgencmd=vcgencmd))
    wait_for(lambda: watch.now.temperature_c is not None, "a first look")
    watch.close()
    assert watch.now.temperature_c == 81.2
    assert watch.now.throttled == "under-voltage, throttled"
    assert asked == ["get_throttled"]
    text, _ = Metrics(preview._board, watch).text("")
    assert "edgefmnist_temperature_celsius 81.2\n" in text.decode()


def test_a_machine_that_tells_nothing_is_not_made_up(tmp_path: Path, preview: Preview) -> None:
    watch = Watch(Source(root=tmp_path, vcgencmd=lambda _: ""))
    watch.close()
    watch._thread.join(20)  # it looks once, whenever it is closed
    assert watch.now.temperature_c is None and watch.now.throttled is None
    assert b"temperature" not in Metrics(preview._board, watch).text("")[0]
